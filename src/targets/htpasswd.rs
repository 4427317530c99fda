//! Logins in a password file, as web servers read it for HTTP basic authentication: the legacy app with no other
//! way in. Each grant has a login of its own (`jit-r1042`), so no person's line is ever touched.
//!
//! The app asks for the password at every request, so a removed line keeps everybody out at once; what the app
//! itself keeps (a cookie, a worker) is reached by two hook commands of the operator's.

mod check;
mod file;
mod lines;
mod settings;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use self::file::FileError;
use self::lines::{Lines, Login};
use self::settings::{COSTS, Sessions, Settings};
use super::hook::{HookError, Ran};
use super::keys::Keys;
use super::{Adapter, Call, Declaration, Held, words};
use crate::finding::Finding;
use crate::ids::EntitlementKey;
use crate::lifecycle::{Evidence, Outcome};
use crate::policy::{Binding, Layer, ParamIssue, Parsed, Subject};
use crate::time::Timestamp;

/// One password file.
#[derive(Debug)]
struct Htpasswd {
    settings: Settings,
    /// One change at a time, so that ours do not wait for each other at the lock file. It is carried into the
    /// blocking work: a caller who gives up does not let the next one in too early.
    turn: Arc<Mutex<()>>,
}

/// Makes the adapter from its table: `file`, `used_at`, `cost` and `sessions`.
pub(super) fn build(table: &Value) -> Result<Box<dyn Adapter>, Vec<ParamIssue>> {
    let settings = Settings::parse(table)?;
    Ok(Box::new(Htpasswd { settings, turn: Arc::default() }))
}

#[async_trait]
impl Adapter for Htpasswd {
    fn declaration(&self) -> Declaration {
        Declaration {
            layer: Layer::Application,
            readable: true,
            native_expiry: false,
            cannot_end: self.cannot_end(),
        }
    }

    fn parse(&self, params: &Value) -> Result<Parsed, Vec<ParamIssue>> {
        const SHAPE: &str = "login = {}";
        let mut keys = Keys::of(params, SHAPE);
        keys.require("login", &format!("write `{SHAPE}`: each grant gets a login of its own"));
        if let Some(login) = keys.table("login", SHAPE) {
            keys.close(login);
        }
        let issues = keys.finish();
        if !issues.is_empty() {
            return Err(issues);
        }
        Ok(Parsed {
            params: json!({ "login": {} }),
            label: words::login_in(&self.settings.file),
            issues_credential: true,
            readable: true,
            cannot_end: self.cannot_end(),
        })
    }

    fn bind(&self, _params: &Value, subject: &Subject<'_>) -> Result<Binding, String> {
        let login = Login::of(subject.request);
        Ok(Binding {
            key: EntitlementKey::new(&login.key()).map_err(|error| error.to_string())?,
            shared: false,
            login: Some(login.to_string()),
            used_at: self.settings.used_at.clone(),
        })
    }

    async fn snapshot(&self, call: &Call<'_>) -> Outcome {
        settle(self.look(call).await)
    }

    async fn grant(&self, call: &Call<'_>) -> Outcome {
        settle(self.add(call).await)
    }

    async fn verify(&self, call: &Call<'_>) -> Outcome {
        settle(self.look(call).await)
    }

    async fn extend(&self, call: &Call<'_>) -> Outcome {
        Outcome::Already(self.seen(call, words::NOTHING_TO_MOVE.to_owned()))
    }

    async fn revoke(&self, call: &Call<'_>) -> Outcome {
        settle(self.take(call).await)
    }

    async fn verify_gone(&self, call: &Call<'_>) -> Outcome {
        settle(self.look_gone(call).await)
    }

    async fn list(&self, _now: Timestamp) -> Result<Vec<Held>, String> {
        let lines = self.read().await.map_err(|failure| failure.to_string())?;
        let held = lines.held().into_iter();
        Ok(held.map(|login| Held { name: login.to_string(), request: Some(login.request()) }).collect())
    }

    async fn check(&self, _now: Timestamp) -> Vec<Finding> {
        let settings = self.settings.clone();
        blocking(move || check::check(&settings))
            .await
            .unwrap_or_else(|failure| vec![Finding::of_error(&failure)])
    }
}

impl Htpasswd {
    fn cannot_end(&self) -> Vec<String> {
        match self.settings.sessions {
            Some(_) => Vec::new(),
            None => vec![words::SESSIONS_STAY.to_owned()],
        }
    }

    /// Whether the login's line is there.
    async fn look(&self, call: &Call<'_>) -> Result<Outcome, Failure> {
        let login = login_of(call)?;
        let lines = self.read().await?;
        Ok(self.found(call, &lines, login).unwrap_or_else(|| {
            Outcome::NotFound(self.seen(call, words::line_gone(&login.to_string(), lines.logins(), None)))
        }))
    }

    /// Whether the login's line and its sessions are gone.
    async fn look_gone(&self, call: &Call<'_>) -> Result<Outcome, Failure> {
        let login = login_of(call)?;
        let lines = self.read().await?;
        if let Some(found) = self.found(call, &lines, login) {
            return Ok(found);
        }
        let name = login.to_string();
        let sessions = match &self.settings.sessions {
            Some(Sessions { count, .. }) => {
                let counted = count.count(&name).await;
                Some(counted.map_err(|error| {
                    Failure::hook(&error, words::sessions_unknown(&name, &error.to_string()))
                })?)
            }
            None => None,
        };
        let seen = self.seen(call, words::line_gone(&name, lines.logins(), sessions));
        Ok(if sessions.is_some_and(|sessions| sessions > 0) {
            Outcome::Found(seen)
        } else {
            Outcome::NotFound(seen)
        })
    }

    /// Gives the login its line with this password.
    async fn add(&self, call: &Call<'_>) -> Result<Outcome, Failure> {
        let login = login_of(call)?;
        let secret = call.secret.ok_or_else(|| Failure::fatal(words::ERASED))?;
        let name = login.to_string();
        if has_password(self.read().await?, login, secret.clone()).await? {
            return Ok(Outcome::Already(self.seen(call, words::line_stands(&name))));
        }
        let cost = self.settings.cost;
        let hash = hash(secret.clone(), cost).await?;
        self.update(move |lines| lines.set(login, &hash)).await?;
        Ok(Outcome::Done(self.wrote(call, words::line_added(&name, cost))))
    }

    /// Takes the login's line first, so that nobody comes in any more, and then ends its sessions.
    async fn take(&self, call: &Call<'_>) -> Result<Outcome, Failure> {
        let login = login_of(call)?;
        let removed = self.update(move |lines| lines.remove(login)).await?;
        let name = login.to_string();
        let ended = match &self.settings.sessions {
            Some(Sessions { end, .. }) => {
                let ran = end.run(&name).await;
                let ran = ran.map_err(|error| {
                    Failure::hook(&error, words::sessions_remain(&name, &error.to_string()))
                })?;
                Some(match ran {
                    Ran::Ok(_) => true,
                    Ran::NoneThere => false,
                })
            }
            None => None,
        };
        let answer = words::line_removed(&name, removed, ended);
        Ok(if removed > 0 {
            Outcome::Done(self.wrote(call, answer))
        } else if ended == Some(true) {
            Outcome::Done(self.seen(call, answer))
        } else {
            Outcome::Already(self.seen(call, answer))
        })
    }

    fn found(&self, call: &Call<'_>, lines: &Lines, login: Login) -> Option<Outcome> {
        let answer = || words::line_found(&login.to_string(), lines.logins());
        (!lines.hashes(login).is_empty()).then(|| Outcome::Found(self.seen(call, answer())))
    }

    async fn read(&self) -> Result<Lines, Failure> {
        let path = self.settings.file.clone();
        Ok(blocking(move || file::read(&path)).await??)
    }

    async fn update<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Lines) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let path = self.settings.file.clone();
        let work = move || {
            let answer = file::update(&path, change);
            drop(turn);
            answer
        };
        Ok(blocking(work).await??)
    }

    fn seen(&self, call: &Call<'_>, answer: String) -> Evidence {
        evidence(words::read, &self.settings.file, answer, call.now)
    }

    fn wrote(&self, call: &Call<'_>, answer: String) -> Evidence {
        evidence(words::wrote, &self.settings.file, answer, call.now)
    }
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
struct Failure {
    error: String,
    is_passing: bool,
    may_have_landed: bool,
}

impl Failure {
    fn fatal(error: impl Into<String>) -> Self {
        Self { error: error.into(), is_passing: false, may_have_landed: false }
    }

    fn hook(error: &HookError, told: String) -> Self {
        Self { error: told, is_passing: error.is_passing(), may_have_landed: true }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let (is_passing, may_have_landed) = (error.is_passing(), error.may_have_landed());
        Self { error: error.to_string(), is_passing, may_have_landed }
    }
}

fn settle(result: Result<Outcome, Failure>) -> Outcome {
    match result {
        Ok(outcome) => outcome,
        Err(Failure { error, is_passing: true, may_have_landed }) => {
            Outcome::Retry { error, after: None, may_have_landed }
        }
        Err(Failure { error, is_passing: false, .. }) => Outcome::Fatal { error },
    }
}

/// The login that the step was bound to: the stored key decides, not what an id would be made into today.
fn login_of(call: &Call<'_>) -> Result<Login, Failure> {
    Login::from_key(&call.step.key).ok_or_else(|| Failure::fatal(words::not_our_key(call.step.key.as_str())))
}

fn evidence(how: fn(&Path) -> String, file: &Path, answer: String, at: Timestamp) -> Evidence {
    Evidence { method: how(file), answer, at }
}

/// Whether the login has one line, and its hash is of this password.
async fn has_password(lines: Lines, login: Login, secret: SecretString) -> Result<bool, Failure> {
    let check = move || match lines.hashes(login).as_slice() {
        [hash] => std::str::from_utf8(hash).is_ok_and(|hash| is_hash_of(hash, &secret)),
        _ => false,
    };
    blocking(check).await
}

fn is_hash_of(hash: &str, secret: &SecretString) -> bool {
    // A hash that somebody put there with a huge cost would keep us busy for hours.
    let cost = hash.parse::<bcrypt::HashParts>().map(|parts| parts.get_cost());
    cost.is_ok_and(|cost| COSTS.contains(&cost))
        && bcrypt::verify(secret.expose_secret(), hash).unwrap_or(false)
}

/// A bcrypt hash in the `$2y$` form that `htpasswd -B` writes and that Apache and nginx (by crypt) read.
async fn hash(secret: SecretString, cost: u32) -> Result<String, Failure> {
    let hashed =
        blocking(move || bcrypt::non_truncating_hash_with_result(secret.expose_secret(), cost)).await?;
    let parts = hashed.map_err(|error| Failure::fatal(words::not_hashed(&error.to_string())))?;
    Ok(parts.format_for_version(bcrypt::Version::TwoY))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    spawn_blocking(work).await.map_err(|_| Failure {
        error: words::BROKE_OFF.to_owned(),
        is_passing: true,
        may_have_landed: true,
    })
}
