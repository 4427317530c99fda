//! An Okta org's table in the configuration, understood.

use std::collections::BTreeMap;
use std::path::PathBuf;

use reqwest::Url;
use serde_json::Value;

use super::answers::UserId;
use super::credentials::{AppAuth, Auth};
use crate::ids::PersonId;
use crate::policy::ParamIssue;
use crate::targets::keys::Keys;
use crate::time::Span;

const ADDRESS_LIMIT: usize = 500;
const PATH_LIMIT: usize = 4000;
const ID_LIMIT: usize = 200;
const USERS_MOST: usize = 10_000;
const LOGIN_LIMIT: usize = 254;
const READ_BACKS: std::ops::RangeInclusive<u32> = 1..=5;
const USUAL_READ_BACKS: u32 = 3;
/// Five reads with the longest pauses fit into a target's usual time-out.
const READ_PAUSES: std::ops::RangeInclusive<Span> = Span::ZERO..=Span::secs(5);
const USUAL_READ_PAUSE: Span = Span::secs(1);
/// For one call, its answer included.
const CALL_TIME_OUTS: std::ops::RangeInclusive<Span> = Span::secs(1)..=Span::mins(1);
const USUAL_CALL_TIME_OUT: Span = Span::secs(10);
/// To read users and their groups, to change memberships, and to end sessions.
pub(super) const MANAGE_GROUPS: &str = "okta.groups.manage";
pub(super) const READ_USERS: &str = "okta.users.read";
pub(super) const MANAGE_USERS: &str = "okta.users.manage";

/// One Okta org.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    /// `https://example.okta.com/`.
    pub(super) base_url: Url,
    /// How we show who we are.
    pub(super) auth: Auth,
    /// How a person's id becomes a login at Okta.
    pub(super) login: LoginPattern,
    /// Those whose login is another.
    pub(super) users: BTreeMap<PersonId, UserId>,
    /// Whether the end of a grant signs the user out of Okta.
    pub(super) end_sessions: bool,
    /// How many reads in a row must agree before something is taken to be there or gone.
    pub(super) read_backs: u32,
    /// Between two of them.
    pub(super) read_pause: Span,
    /// After which one call is given up: it may have landed.
    pub(super) call_time_out: Span,
}

impl Settings {
    /// Understands the table.
    pub(super) fn parse(table: &Value) -> Result<Self, Vec<ParamIssue>> {
        let mut keys = Keys::of(table, "[targets.name]");
        keys.require(
            "base_url",
            "write the org's address, such as `base_url = \"https://example.okta.com\"`",
        );
        let base_url = keys.text("base_url", ADDRESS_LIMIT).and_then(|text| {
            let url = org_address(text);
            if url.is_none() {
                keys.note("base_url", "must be an address such as `https://example.okta.com`, without a path (http:// only to 127.0.0.1, [::1] or localhost: a token goes there)");
            }
            url
        });
        let end_sessions = keys.flag("end_sessions").unwrap_or(true);
        let auth = auth(&mut keys, end_sessions);
        let login = login(&mut keys);
        let users = users(&mut keys);
        let read_backs = keys.whole("read_backs", READ_BACKS).unwrap_or(USUAL_READ_BACKS);
        let read_pause = keys.span("read_pause", READ_PAUSES).unwrap_or(USUAL_READ_PAUSE);
        let call_time_out = keys.span("call_time_out", CALL_TIME_OUTS).unwrap_or(USUAL_CALL_TIME_OUT);
        let issues = keys.finish();
        match (base_url, auth) {
            (Some(base_url), Some(auth)) if issues.is_empty() => {
                Ok(Self { base_url, auth, login, users, end_sessions, read_backs, read_pause, call_time_out })
            }
            (Some(_) | None, Some(_) | None) => Err(issues),
        }
    }
}

fn org_address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.path() == "/";
    let is_this_machine = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_this_machine);
    (is_bare && is_safe).then_some(url)
}

fn auth(keys: &mut Keys<'_>, end_sessions: bool) -> Option<Auth> {
    const SHAPE: &str = "auth = { token_file = \"/etc/jitney/okta.token\" }` or `auth = { client_id = \"0oa…\", key_file = \"/etc/jitney/okta.pem\" }";
    keys.require("auth", &format!("write `{SHAPE}`"));
    let mut inner = keys.table("auth", SHAPE)?;
    let token_file = file(&mut inner, "token_file");
    let client_id = inner.text("client_id", ID_LIMIT).map(str::to_owned);
    let key_file = file(&mut inner, "key_file");
    let key_id = inner.text("key_id", ID_LIMIT).map(str::to_owned);
    let scopes = inner.texts("scopes", ID_LIMIT, 20);
    let auth = match (token_file, client_id, key_file) {
        (Some(token_file), None, None) if key_id.is_none() && scopes.is_none() => {
            Some(Auth::ApiToken { token_file })
        }
        (None, Some(client_id), Some(key_file)) => {
            let usual = [MANAGE_GROUPS, READ_USERS].into_iter().chain(end_sessions.then_some(MANAGE_USERS));
            let scopes = scopes.unwrap_or_else(|| usual.collect()).into_iter().map(str::to_owned).collect();
            Some(Auth::App(AppAuth { client_id, key_file, key_id, scopes }))
        }
        (Some(_) | None, Some(_) | None, Some(_) | None) => None,
    };
    let is_fine = keys.close(inner);
    if auth.is_none() && is_fine {
        keys.note("auth", format!("must be one of the two, and whole: write `{SHAPE}`"));
    }
    auth.filter(|_| is_fine)
}

fn file(keys: &mut Keys<'_>, key: &'static str) -> Option<PathBuf> {
    let path = PathBuf::from(keys.text(key, PATH_LIMIT)?);
    if !path.is_absolute() || path.file_name().is_none() {
        keys.note(key, "must be the absolute path of a file, such as `/etc/jitney/okta.token`");
    }
    Some(path)
}

fn login(keys: &mut Keys<'_>) -> LoginPattern {
    let pattern = keys.text("login", LOGIN_LIMIT).map(LoginPattern::parse);
    if let Some(None) = pattern {
        keys.note("login", "must hold `{id}` (the person's id) or `{name}` (what stands before its @) once, such as `{name}@corp.example.com`");
    }
    pattern.flatten().unwrap_or_default()
}

fn users(keys: &mut Keys<'_>) -> BTreeMap<PersonId, UserId> {
    let mut users = BTreeMap::new();
    for (person, user) in keys.named_texts("users", ID_LIMIT, USERS_MOST).unwrap_or_default() {
        let name = || person.chars().take(80).collect::<String>();
        match (PersonId::new(person), UserId::new(user)) {
            (Ok(id), Some(user)) => {
                if users.insert(id, user).is_some() {
                    keys.note("users", format!("`{}` stands there twice, in other letters", name()));
                }
            }
            (Err(error), _) => keys.note("users", format!("`{}`: {error}", name())),
            (Ok(_), None) => {
                let message = format!(
                    "`{}` needs a user's id, such as `00u1abcDEF2345678901` (it is in the address of the user's page in Okta's console)",
                    name()
                );
                keys.note("users", message);
            }
        }
    }
    users
}

/// How a person's id becomes a login: text around one placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LoginPattern {
    before: String,
    is_name_only: bool,
    after: String,
}

impl Default for LoginPattern {
    /// The person's id, which is their work e-mail address, usually.
    fn default() -> Self {
        Self { before: String::new(), is_name_only: false, after: String::new() }
    }
}

impl LoginPattern {
    fn parse(text: &str) -> Option<Self> {
        let (placeholder, is_name_only) =
            if text.contains("{name}") { ("{name}", true) } else { ("{id}", false) };
        let (before, after) = text.split_once(placeholder)?;
        let is_plain = |text: &str| !text.contains(['{', '}']);
        (is_plain(before) && is_plain(after)).then(|| Self {
            before: before.to_owned(),
            is_name_only,
            after: after.to_owned(),
        })
    }

    /// A person's login.
    pub(super) fn login(&self, person: &PersonId) -> String {
        let id = person.as_str();
        let part = match id.rsplit_once('@') {
            Some((name, _)) if self.is_name_only => name,
            Some(_) | None => id,
        };
        format!("{}{part}{}", self.before, self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_made_of_an_id() {
        for (pattern, person, login) in [
            ("{id}", "ann@example.com", "ann@example.com"),
            ("{name}@corp.example", "ann@example.com", "ann@corp.example"),
            ("x-{name}", "a@b@c", "x-a@b"),
            ("{name}@corp.example", "ann", "ann@corp.example"),
            ("{id}", "{name}", "{name}"),
        ] {
            let pattern = LoginPattern::parse(pattern).unwrap();
            assert_eq!(pattern.login(&PersonId::new(person).unwrap()), login);
        }
        for pattern in ["", "ann", "{login}", "{id}{id}", "{id}{name}", "{id"] {
            assert_eq!(LoginPattern::parse(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn a_token_goes_nowhere_in_the_clear() {
        for (address, is_taken) in [
            ("https://example.okta.com", true),
            ("https://login.example.com/", true),
            ("http://127.0.0.1:14000", true),
            ("http://example.okta.com", false),
            ("https://user@example.okta.com", false),
            ("https://example.okta.com/api/v1", false),
            ("https://example.okta.com?x=1", false),
            ("ftp://example.okta.com", false),
            ("example.okta.com", false),
            ("http://127.0.0.1.example.com", false),
        ] {
            assert_eq!(org_address(address).is_some(), is_taken, "{address}");
        }
    }
}
