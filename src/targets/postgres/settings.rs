//! A PostgreSQL server's table in the configuration, understood.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use serde_json::Value;

use super::names::{Name, is_prefix};
use crate::ids::PersonId;
use crate::policy::ParamIssue;
use crate::targets::keys::Keys;
use crate::time::Span;

const PATH_LIMIT: usize = 4000;
const TEXT_LIMIT: usize = 500;
const USUAL_PORT: u32 = 5432;
const USUAL_CONNECTIONS: u32 = 4;
const USUAL_PREFIX: &str = "jit_";
const CONNECT_TIME_OUT: Span = Span::secs(5);
const NAMED_LOGINS_MOST: usize = 10_000;

/// One server, with all its databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    /// A name, an address, or the folder of a Unix socket.
    pub(super) host: String,
    pub(super) port: u16,
    /// Where roles are managed from, and what is told to the requester. Roles belong to the whole server.
    pub(super) database: Name,
    /// Our account.
    pub(super) user: Name,
    pub(super) password_file: PathBuf,
    pub(super) tls: Tls,
    /// Who gets what a login leaves behind.
    pub(super) owner: Name,
    pub(super) used_at: String,
    /// How many connections a login may have at a time.
    pub(super) connections: u32,
    pub(super) connect_time_out: Span,
    /// How logins of grants begin.
    pub(super) login_prefix: String,
    /// Whose login is which, for memberships.
    pub(super) logins: Logins,
    /// Whether the end of a membership ends the sessions of the login that had it.
    pub(super) end_sessions: bool,
}

/// How the way to the server is kept private.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tls {
    /// With a certificate that these authorities signed, for this host.
    Required { ca_file: PathBuf },
    /// Not at all: the way does not leave this machine.
    Off,
}

/// Whose login is which.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Logins {
    rule: Option<Rule>,
    named: BTreeMap<PersonId, Name>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    /// The person's id itself.
    Id,
    /// What stands before the `@` of people of this domain.
    NameIn(String),
}

impl Settings {
    /// Understands the table.
    pub(super) fn parse(table: &Value) -> Result<Self, Vec<ParamIssue>> {
        let mut keys = Keys::of(table, "[targets.name]");
        for (key, what) in [
            ("host", "write the server's name: `host = \"db.example.com\"`"),
            ("database", "write one database that Jitney may connect to: `database = \"billing\"`"),
            ("user", "write the role that Jitney logs in as: `user = \"jitney\"`"),
            ("password_file", "write the file that holds that role's password and nothing else"),
            ("owner", "write the role that gets what a login leaves behind: `owner = \"jitney_leftovers\"`"),
        ] {
            keys.require(key, what);
        }
        let host = keys.text("host", TEXT_LIMIT).unwrap_or_default().to_owned();
        let port = keys.whole("port", 1..=65_535).unwrap_or(USUAL_PORT);
        let port = u16::try_from(port).unwrap_or_default();
        let [database, user, owner] = ["database", "user", "owner"].map(|key| name(&mut keys, key));
        let password_file = file(&mut keys, "password_file");
        let tls = tls(&mut keys, &host);
        let used_at = keys.text("used_at", TEXT_LIMIT).map(str::to_owned);
        let connections = keys.whole("connections", 1..=1000).unwrap_or(USUAL_CONNECTIONS);
        let connect_time_out = keys.span("connect_time_out", Span::secs(1)..=Span::mins(1));
        let login_prefix = keys.text("login_prefix", 40).unwrap_or(USUAL_PREFIX).to_owned();
        if !is_prefix(&login_prefix) {
            keys.note(
                "login_prefix",
                "must be at most 32 of a-z, 0-9 and `_`, ending with `_` and beginning with neither a digit nor `pg_`",
            );
        }
        let logins = Logins::parse(&mut keys);
        let end_sessions = keys.flag("end_sessions").unwrap_or(true);
        if owner.is_some() && owner == user {
            keys.note(
                "owner",
                "must not be Jitney's own role; make one that can't log in and may nothing else",
            );
        }
        let issues = keys.finish();
        match (database, user, owner, password_file, tls) {
            (Some(database), Some(user), Some(owner), Some(password_file), Some(tls))
                if issues.is_empty() =>
            {
                Ok(Self {
                    used_at: used_at.unwrap_or_else(|| format!("{host}:{port}, database {database}")),
                    host,
                    port,
                    database,
                    user,
                    password_file,
                    tls,
                    owner,
                    connections,
                    connect_time_out: connect_time_out.unwrap_or(CONNECT_TIME_OUT),
                    login_prefix,
                    logins,
                    end_sessions,
                })
            }
            _ => Err(issues),
        }
    }

    /// As evidence names it: `db.example.com:5432`.
    pub(super) fn server(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl Logins {
    fn parse(keys: &mut Keys<'_>) -> Self {
        let domain = keys.text("logins_domain", TEXT_LIMIT).map(str::to_lowercase);
        let rule = match (keys.text("logins", 40), domain) {
            (None, None) => None,
            (Some("{id}"), None) => Some(Rule::Id),
            (Some("{name}"), Some(domain)) if !domain.contains('@') => Some(Rule::NameIn(domain)),
            (Some("{name}"), Some(_)) => {
                keys.note(
                    "logins_domain",
                    "must be what stands behind the `@`: `logins_domain = \"example.com\"`",
                );
                None
            }
            (Some("{name}"), None) => {
                keys.note(
                    "logins",
                    "needs `logins_domain = \"example.com\"` beside it: the same name elsewhere is somebody else",
                );
                None
            }
            (Some("{id}") | None, Some(_)) => {
                keys.note("logins_domain", "goes with `logins = \"{name}\"` only");
                None
            }
            (Some(_), _) => {
                keys.note(
                    "logins",
                    "must be `{name}` (what stands before the @) or `{id}`; single people go into `logins_of`",
                );
                None
            }
        };
        Self { rule, named: named(keys) }
    }

    /// The person's login.
    ///
    /// # Errors
    /// Says why there is none.
    pub(super) fn of(&self, person: &PersonId) -> Result<Name, String> {
        if let Some(login) = self.named.get(person) {
            return Ok(login.clone());
        }
        let id = person.as_str();
        let text = match &self.rule {
            None => {
                return Err("no login on this server is known for you; it goes into `logins_of`".to_owned());
            }
            Some(Rule::Id) => id,
            Some(Rule::NameIn(domain)) => match id.rsplit_once('@') {
                Some((name, of)) if of == domain => name,
                Some(_) | None => {
                    return Err(format!("logins on this server are for people of {domain} only"));
                }
            },
        };
        let login = Name::parse(text).map_err(|error| format!("your login on this server {error}"))?;
        match self.named.values().any(|other| *other == login) {
            true => Err(format!("the login {login} on this server is somebody else's")),
            false => Ok(login),
        }
    }
}

fn named(keys: &mut Keys<'_>) -> BTreeMap<PersonId, Name> {
    let mut named = BTreeMap::new();
    for (person, login) in keys.named_texts("logins_of", TEXT_LIMIT, NAMED_LOGINS_MOST).unwrap_or_default() {
        match (PersonId::new(person), Name::parse(login)) {
            (Ok(person), Ok(login)) if named.values().any(|other| *other == login) => {
                keys.note("logins_of", format!("gives `{login}` to {person} and to somebody else"));
            }
            (Ok(person), Ok(login)) => {
                named.insert(person, login);
            }
            (Err(error), _) => keys.note("logins_of", error.to_string()),
            (_, Err(error)) => keys.note("logins_of", format!("has a login for {person} that {error}")),
        }
    }
    named
}

fn name(keys: &mut Keys<'_>, key: &'static str) -> Option<Name> {
    let text = keys.text(key, TEXT_LIMIT)?;
    Name::parse(text).map_err(|message| keys.note(key, message)).ok()
}

fn file(keys: &mut Keys<'_>, key: &'static str) -> Option<PathBuf> {
    let path = PathBuf::from(keys.text(key, PATH_LIMIT)?);
    if path.is_absolute() && path.file_name().is_some() {
        return Some(path);
    }
    keys.note(key, "must be the absolute path of a file");
    None
}

fn tls(keys: &mut Keys<'_>, host: &str) -> Option<Tls> {
    let ca_file = file(keys, "ca_file");
    match keys.text("tls", 40).unwrap_or("require") {
        "require" if host.starts_with('/') => {
            keys.note("tls", "must be `disable` on a Unix socket");
            None
        }
        "require" => {
            keys.require("ca_file", "write the file with the certificates (PEM) of who signs the server's");
            ca_file.map(|ca_file| Tls::Required { ca_file })
        }
        "disable" if is_on_this_machine(host) => {
            if ca_file.is_some() {
                keys.note("ca_file", "goes with `tls = \"require\"` only");
            }
            Some(Tls::Off)
        }
        "disable" => {
            keys.note(
                "tls",
                "may be `disable` only where the way does not leave this machine (loopback, a Unix socket)",
            );
            None
        }
        _ => {
            keys.note("tls", "must be `require` or `disable`");
            None
        }
    }
}

fn is_on_this_machine(host: &str) -> bool {
    host.starts_with('/')
        || host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
