//! One connection to a server, for one call: as our account, on the primary, with time-outs of its own.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_postgres::config::SslMode;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::{Doing, Failure};
use super::names::Name;
use super::settings::{Settings, Tls};
use super::words;
use crate::secret_file::read_secret_file;

/// What every session is set to. Other people's functions and operators are not found by name; a lock that somebody
/// keeps does not keep us.
const OPTIONS: &str = "-c search_path=pg_catalog -c standard_conforming_strings=on -c lock_timeout=5s \
    -c statement_timeout=20s -c idle_in_transaction_session_timeout=60s";
/// `pg_terminate_backend` and the roles that we name are there from 14 on, the oldest that is still maintained.
const OLDEST: i32 = 140_000;
/// From 16 on a membership belongs to its grantor, and CREATEROLE reaches no further than its ADMIN options
/// (release notes of PostgreSQL 16).
const GRANTORS_COUNT: i32 = 160_000;
const CERTIFICATES_MOST: usize = 1000;

/// A connection. Dropped, it is closed, whatever is under way.
#[derive(Debug)]
pub(super) struct Session {
    client: Client,
    driver: JoinHandle<()>,
    version: i32,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Session {
    /// Connects. The password is read each time, so that it can be changed while Jitney runs.
    pub(super) async fn open(settings: &Settings, database: &Name) -> Result<Self, Failure> {
        let limit = settings.connect_time_out;
        match tokio::time::timeout(limit.duration(), Self::enter(settings, database)).await {
            Ok(session) => session,
            Err(_) => Err(Failure::passing(words::no_connection(&settings.server(), limit))),
        }
    }

    async fn enter(settings: &Settings, database: &Name) -> Result<Self, Failure> {
        let (password, tls) = keys(settings).await?;
        let mut config = Config::new();
        config
            .host(&settings.host)
            .port(settings.port)
            .dbname(database.as_str())
            .user(settings.user.as_str())
            .password(password.expose_secret())
            .application_name("jitney")
            .options(OPTIONS);
        let entering = |error: tokio_postgres::Error| Failure::of(&error, Doing::Entering);
        let (client, driver) = match tls {
            Some(tls) => {
                config.ssl_mode(SslMode::Require);
                let (client, connection) = config.connect(tls).await.map_err(entering)?;
                (client, tokio::spawn(async move { drop(connection.await) }))
            }
            None => {
                config.ssl_mode(SslMode::Disable);
                let (client, connection) = config.connect(NoTls).await.map_err(entering)?;
                (client, tokio::spawn(async move { drop(connection.await) }))
            }
        };
        let mut session = Self { client, driver, version: 0 };
        session.version = session.look_around(settings).await?;
        Ok(session)
    }

    /// The server's version. A standby shows what was, so it is refused.
    async fn look_around(&self, settings: &Settings) -> Result<i32, Failure> {
        let row = self.row("SELECT pg_is_in_recovery(), current_setting('server_version_num')::int4", &[]);
        let row = row.await?;
        let (is_standby, version): (bool, i32) = (cell(&row, 0)?, cell(&row, 1)?);
        if is_standby {
            return Err(Failure::passing(words::standby(&settings.server())));
        }
        if version < OLDEST {
            return Err(Failure::lasting(words::too_old(version / 10_000)));
        }
        Ok(version)
    }

    /// The server's major version.
    pub(super) const fn major(&self) -> i32 {
        self.version / 10_000
    }

    /// Whether a membership belongs to its grantor here.
    pub(super) const fn grantors_count(&self) -> bool {
        self.version >= GRANTORS_COUNT
    }

    /// Reads rows.
    pub(super) async fn rows(
        &self,
        sql: &str,
        values: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, Failure> {
        self.client.query_typed(sql, values).await.map_err(|error| Failure::of(&error, Doing::Reading))
    }

    /// Reads the one row that there is.
    pub(super) async fn row(
        &self,
        sql: &str,
        values: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Row, Failure> {
        let first = self.rows(sql, values).await?.into_iter().next();
        first.ok_or_else(|| Failure::lasting(words::ODD_ANSWER))
    }

    /// Runs statements that change something: all of them, or none.
    pub(super) async fn run(&self, statements: &str) -> Result<(), Failure> {
        self.client.batch_execute(statements).await.map_err(|error| Failure::of(&error, Doing::Writing))
    }
}

/// A column of a row.
pub(super) fn cell<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a Row,
    column: usize,
) -> Result<T, Failure> {
    row.try_get(column).map_err(|_| Failure::lasting(words::ODD_ANSWER))
}

async fn keys(settings: &Settings) -> Result<(SecretString, Option<MakeRustlsConnect>), Failure> {
    let password_file = settings.password_file.clone();
    let ca_file = match &settings.tls {
        Tls::Required { ca_file } => Some(ca_file.clone()),
        Tls::Off => None,
    };
    let read = move || {
        let password = read_secret_file(&password_file).map_err(|error| error.to_string())?;
        let tls = ca_file.map(trusting).transpose()?;
        Ok((password, tls))
    };
    match spawn_blocking(read).await {
        Ok(keys) => keys.map_err(|error: String| Failure::lasting(error)),
        Err(_) => Err(Failure::passing(words::NOT_READ)),
    }
}

/// TLS that trusts the certificates of a file and no others, and wants the server's name in them.
fn trusting(ca_file: PathBuf) -> Result<MakeRustlsConnect, String> {
    let bad = |error: String| words::bad_ca_file(&ca_file, &error);
    let mut roots = rustls::RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(&ca_file).map_err(|error| bad(error.to_string()))?;
    for certificate in certificates.take(CERTIFICATES_MOST) {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        roots.add(certificate).map_err(|error| bad(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(bad("it holds no certificate".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| bad(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
