//! How we show Okta who we are: an API token from a file, or an app's access tokens (OAuth 2.0 client credentials),
//! fetched when needed and again shortly before they end. Files are read again once Okta refuses what was in them,
//! so a changed token or key needs no restart.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::api::{Client, Errand};
use super::jwt::{Key, KeyError};
use super::trouble::Trouble;
use crate::secret_file::{SecretFileError, read_secret_file};

/// A token is not used in its last minute: it must not end on the way.
const SPARE: Duration = Duration::from_secs(60);
/// When Okta does not say how long a token lives: its shortest choice.
const USUAL_LIFE: Duration = Duration::from_secs(300);

/// How we show who we are, as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Auth {
    /// `SSWS`, as the admin's whose token it is.
    ApiToken {
        /// Holds the token.
        token_file: PathBuf,
    },
    /// As an app with scopes and an admin role of its own.
    App(AppAuth),
}

/// An app at Okta.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AppAuth {
    /// `0oa…`.
    pub(super) client_id: String,
    /// Holds its private key: PEM or JSON Web Key.
    pub(super) key_file: PathBuf,
    /// Which of its keys that is, where a PEM can't say.
    pub(super) key_id: Option<String>,
    /// What is asked for.
    pub(super) scopes: Vec<String>,
}

/// Why there is nothing to show.
#[derive(Debug, Error)]
pub(super) enum CredentialError {
    #[error(transparent)]
    File(#[from] SecretFileError),
    #[error("the key in {path} can't be used: {error}")]
    Key { path: String, error: KeyError },
}

/// Something to show.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// The `Authorization` header.
    pub(super) header: SecretString,
    /// What an app was given; empty for an API token, whose rights are its admin's.
    pub(super) scopes: Vec<String>,
}

#[derive(Debug)]
struct Held {
    shown: Arc<Shown>,
    /// When it is time for another; never for an API token.
    until: Option<Instant>,
}

/// The one place where credentials are in memory.
#[derive(Debug)]
pub(super) struct Credentials {
    auth: Auth,
    held: Mutex<Option<Held>>,
}

/// What the token endpoint answers (RFC 6749, 5.1).
#[derive(Deserialize)]
pub(super) struct Granted {
    access_token: String,
    expires_in: Option<u64>,
    #[serde(default)]
    scope: String,
}

impl Credentials {
    pub(super) fn new(auth: Auth) -> Self {
        Self { auth, held: Mutex::default() }
    }

    /// What to show now. `refused` is what Okta did not take a moment ago: it is not shown again.
    pub(super) async fn shown(
        &self,
        client: &Client,
        errand: Errand,
        refused: Option<&Arc<Shown>>,
    ) -> Result<Arc<Shown>, Trouble> {
        // One at a time: those who wait get the token that the first one fetched.
        let mut held = self.held.lock().await;
        if let Some(Held { shown, until }) = &*held
            && refused.is_none_or(|refused| !Arc::ptr_eq(refused, shown))
            && until.is_none_or(|until| Instant::now() < until)
        {
            return Ok(Arc::clone(shown));
        }
        *held = None;
        let fresh = match &self.auth {
            Auth::ApiToken { token_file } => {
                let token = read_secret_file(token_file).map_err(CredentialError::from)?;
                let header = SecretString::from(format!("SSWS {}", token.expose_secret()));
                Held { shown: Arc::new(Shown { header, scopes: Vec::new() }), until: None }
            }
            Auth::App(app) => fetch(app, client, errand).await?,
        };
        let shown = Arc::clone(&fresh.shown);
        *held = Some(fresh);
        Ok(shown)
    }
}

async fn fetch(app: &AppAuth, client: &Client, errand: Errand) -> Result<Held, Trouble> {
    let key_error = |error| CredentialError::Key { path: app.key_file.display().to_string(), error };
    let text = read_secret_file(&app.key_file).map_err(CredentialError::from)?;
    let key = Key::parse(&text).map_err(key_error)?;
    let endpoint = client.url(&["oauth2", "v1", "token"], &[]);
    let assertion = key
        .assertion(&app.client_id, app.key_id.as_deref(), endpoint.as_str(), errand.now)
        .map_err(key_error)?;
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("scope", &app.scopes.join(" "))
        .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        .append_pair("client_assertion", assertion.expose_secret())
        .finish();
    let asked = Instant::now();
    let granted: Granted = client.token(errand, endpoint, form).await?;
    let life = granted.expires_in.map_or(USUAL_LIFE, Duration::from_secs);
    let token = Zeroizing::new(granted.access_token);
    let header = SecretString::from(format!("Bearer {}", token.as_str()));
    let scopes = granted.scope.split_whitespace().map(str::to_owned).collect();
    let until = asked.checked_add(life.saturating_sub(SPARE.min(life / 2)));
    Ok(Held { shown: Arc::new(Shown { header, scopes }), until })
}
