//! What a policy's step means on a server, and what it came to for one grant.

use serde_json::{Value, json};

use super::failure::Failure;
use super::names::{self, Name};
use super::settings::Settings;
use super::words;
use crate::ids::EntitlementKey;
use crate::policy::{Binding, ParamIssue, Parsed, Subject};
use crate::targets::Call;
use crate::targets::keys::Keys;

const SHAPE: &str = "login = { roles = [\"billing_ro\"] }";
const MEMBER_SHAPE: &str = "member = { role = \"billing_ro\" }";
const NAME_LIMIT: usize = 200;
const ROLES_MOST: usize = 50;
const LOGIN_KEY: &str = "login/";
const MEMBER_KEY: &str = "member/";

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A login of the grant's own, in these roles.
    Login { roles: Vec<Name> },
    /// The person's own login becomes a member of this role.
    Member { role: Name },
}

/// A step that is bound to a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entitlement {
    /// A login of the grant's own, in these roles.
    Login { login: Name, roles: Vec<Name> },
    /// The person's own login, and the role that it is a member of.
    Member { login: Name, role: Name },
}

impl Step {
    /// Understands a step's table.
    pub(super) fn parse(params: &Value) -> Result<Self, Vec<ParamIssue>> {
        let mut keys = Keys::of(params, SHAPE);
        let login = keys.table("login", SHAPE).map(|mut inner| {
            inner.require("roles", &format!("write `{SHAPE}`"));
            let roles = inner.texts("roles", NAME_LIMIT, ROLES_MOST);
            let roles = roles.and_then(|roles| all_names(&mut inner, "roles", &roles));
            keys.close(inner);
            roles
        });
        let member = keys.table("member", MEMBER_SHAPE).map(|mut inner| {
            inner.require("role", &format!("write `{MEMBER_SHAPE}`"));
            let role = inner.text("role", NAME_LIMIT);
            let role = role.and_then(|role| all_names(&mut inner, "role", &[role]));
            let role = role.and_then(|names| names.into_iter().next());
            keys.close(inner);
            role
        });
        match (&login, &member) {
            (None, None) => keys.note("login", format!("is missing: write `{SHAPE}` or `{MEMBER_SHAPE}`")),
            (Some(_), Some(_)) => {
                keys.note("member", "and `login` are two steps; write each in a table of its own")
            }
            (Some(_), None) | (None, Some(_)) => {}
        }
        let issues = keys.finish();
        match (login.flatten(), member.flatten()) {
            (Some(roles), None) if issues.is_empty() => Ok(Self::Login { roles }),
            (None, Some(role)) if issues.is_empty() => Ok(Self::Member { role }),
            _ => Err(issues),
        }
    }

    /// As policies see it.
    pub(super) fn parsed(&self, settings: &Settings) -> Parsed {
        let (params, label) = match self {
            Self::Login { roles } => {
                let names: Vec<&str> = roles.iter().map(Name::as_str).collect();
                (json!({ "login": { "roles": names } }), words::login_in(&names, &settings.host))
            }
            Self::Member { role } => (
                json!({ "member": { "role": role.as_str() } }),
                words::member_of(role.as_str(), &settings.host),
            ),
        };
        let issues_credential = matches!(self, Self::Login { .. });
        Parsed { params, label, issues_credential, readable: true, cannot_end: self.cannot_end(settings) }
    }

    fn cannot_end(&self, settings: &Settings) -> Vec<String> {
        match self {
            Self::Member { .. } if !settings.end_sessions => vec![words::SET_ROLE_STAYS.to_owned()],
            Self::Member { .. } | Self::Login { .. } => Vec::new(),
        }
    }

    /// What it comes to for one grant.
    pub(super) fn bind(&self, settings: &Settings, subject: &Subject<'_>) -> Result<Binding, String> {
        let (key, login) = match self {
            Self::Login { .. } => {
                let login = names::login_of(&settings.login_prefix, subject.request)?;
                (format!("{LOGIN_KEY}{login}"), Some(login.to_string()))
            }
            Self::Member { role } => {
                let login = settings.logins.of(subject.person)?;
                if login == settings.user || login == settings.owner || login == *role {
                    return Err(format!("the role {login} on this server is no person's login"));
                }
                (format!("{MEMBER_KEY}{role}/{login}"), None)
            }
        };
        Ok(Binding {
            key: EntitlementKey::new(&key).map_err(|error| error.to_string())?,
            shared: login.is_none(),
            login,
            used_at: Some(settings.used_at.clone()),
        })
    }
}

impl Entitlement {
    /// What a call is about: the stored key decides, not what a person would be bound to today.
    pub(super) fn of(call: &Call<'_>) -> Result<Self, Failure> {
        let key = call.step.key.as_str();
        let odd = || Failure::lasting(words::not_our_key(key));
        match Step::parse(&call.step.params).map_err(|_| odd())? {
            Step::Login { roles } => {
                let login = key.strip_prefix(LOGIN_KEY).filter(|name| names::is_login_of(name, call.request));
                let login = login.and_then(|name| Name::parse(name).ok()).ok_or_else(odd)?;
                Ok(Self::Login { login, roles })
            }
            Step::Member { role } => {
                let login = key.strip_prefix(&format!("{MEMBER_KEY}{role}/"));
                let login = login.and_then(|name| Name::parse(name).ok()).ok_or_else(odd)?;
                Ok(Self::Member { login, role })
            }
        }
    }
}

fn all_names(keys: &mut Keys<'_>, key: &str, texts: &[&str]) -> Option<Vec<Name>> {
    if texts.is_empty() {
        keys.note(key, "is empty: name one role at least");
        return None;
    }
    let mut names = Vec::with_capacity(texts.len());
    for text in texts {
        match Name::parse(text) {
            Ok(name) if names.contains(&name) => {
                keys.note(key, format!("names `{name}` twice"));
                return None;
            }
            Ok(name) => names.push(name),
            Err(message) => {
                keys.note(key, message);
                return None;
            }
        }
    }
    Some(names)
}
