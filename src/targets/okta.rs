//! Memberships of Okta groups: the identity provider's layer. A group, named by its immutable id, opens whatever
//! apps it is assigned to; its members are people, so what a grant adds is shared with everything else that makes
//! the same person a member.
//!
//! Okta answers a change before all of its parts have seen it, so one read proves little: what is taken to be there
//! or gone is what several reads in a row agree on.

mod answers;
mod api;
mod credentials;
mod health;
mod jwt;
mod limits;
mod membership;
mod settings;
mod trouble;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde_json::{Value, json};

use self::answers::{GroupId, UserId};
use self::api::{Client, Errand};
use self::settings::Settings;
use self::trouble::Trouble;
use super::keys::Keys;
use super::{Adapter, Call, Declaration, Held};
use crate::finding::Finding;
use crate::ids::{EntitlementKey, RequestId};
use crate::lifecycle::{Evidence, Outcome};
use crate::policy::{Binding, Layer, ParamIssue, Parsed, Subject};
use crate::time::{Span, Timestamp};

/// Grants whose user is remembered, and groups that are listed and checked.
const GRANTS_REMEMBERED: usize = 10_000;
const GROUPS_REMEMBERED: usize = 500;

/// One Okta org.
#[derive(Debug)]
struct OktaGroups {
    settings: Settings,
    client: Client,
    /// Who a grant's person was at Okta when the grant was made: a login may be given to another user meanwhile,
    /// or change.
    users: Mutex<BTreeMap<RequestId, UserId>>,
    /// The groups that the policies name.
    groups: Mutex<BTreeSet<GroupId>>,
}

/// Makes the adapter from its table: `base_url`, `auth`, `login`, `users`, `end_sessions`, `read_backs`,
/// `read_pause` and `call_time_out`.
pub(super) fn build(table: &Value) -> Result<Box<dyn Adapter>, Vec<ParamIssue>> {
    let settings = Settings::parse(table)?;
    let client = Client::new(&settings);
    Ok(Box::new(OktaGroups { settings, client, users: Mutex::default(), groups: Mutex::default() }))
}

#[async_trait]
impl Adapter for OktaGroups {
    fn declaration(&self) -> Declaration {
        Declaration { layer: Layer::Idp, readable: true, native_expiry: false, cannot_end: self.cannot_end() }
    }

    fn parse(&self, params: &Value) -> Result<Parsed, Vec<ParamIssue>> {
        let (group, name) = parse_step(params)?;
        let label = words::membership_of(&group, name.as_deref());
        let mut params = json!({ "group": { "id": group.as_str() } });
        if let (Some(name), Some(table)) = (name, params.get_mut("group").and_then(Value::as_object_mut)) {
            table.insert("name".to_owned(), json!(name));
        }
        let mut groups = self.groups();
        if groups.len() < GROUPS_REMEMBERED {
            groups.insert(group);
        }
        let cannot_end = self.cannot_end();
        Ok(Parsed { params, label, issues_credential: false, readable: true, cannot_end })
    }

    fn bind(&self, params: &Value, subject: &Subject<'_>) -> Result<Binding, String> {
        let group = group_of(params).ok_or_else(|| words::not_our_step("the step"))?;
        if !self.settings.users.contains_key(subject.person) {
            let login = self.settings.login.login(subject.person);
            // Okta finds no login with a slash (says its API), and `me` is whoever asks.
            if matches!(login.as_str(), "." | ".." | "me") || login.contains('/') {
                return Err(words::odd_login(&login));
            }
        }
        Ok(Binding {
            key: EntitlementKey::new(&format!("group/{group}")).map_err(|error| error.to_string())?,
            shared: true,
            login: None,
            used_at: None,
        })
    }

    async fn snapshot(&self, call: &Call<'_>) -> Outcome {
        settle(self.look_before(call).await)
    }

    async fn grant(&self, call: &Call<'_>) -> Outcome {
        settle(self.add(call).await)
    }

    async fn verify(&self, call: &Call<'_>) -> Outcome {
        settle(self.look_after(call).await)
    }

    async fn extend(&self, call: &Call<'_>) -> Outcome {
        let method = call.step.label.clone();
        Outcome::Already(Evidence { method, answer: words::NOTHING_TO_MOVE.to_owned(), at: call.now })
    }

    async fn revoke(&self, call: &Call<'_>) -> Outcome {
        settle(self.remove(call).await)
    }

    async fn verify_gone(&self, call: &Call<'_>) -> Outcome {
        settle(self.look_gone(call).await)
    }

    async fn list(&self, now: Timestamp) -> Result<Vec<Held>, String> {
        let errand = Errand { now, is_revocation: false };
        let groups = self.groups().clone();
        let mut held = Vec::new();
        for group in groups {
            let members = self.client.members(errand, &group).await.map_err(|trouble| trouble.to_string())?;
            held.extend(members.into_iter().flatten().map(|member| Held {
                name: format!("group/{group} has {}", words::user(&member)),
                request: None,
            }));
        }
        Ok(held)
    }

    async fn check(&self, now: Timestamp) -> Vec<Finding> {
        let groups = self.groups().clone();
        health::check(&self.client, &self.settings, &groups, now).await
    }
}

impl OktaGroups {
    fn cannot_end(&self) -> Vec<String> {
        let okta = (!self.settings.end_sessions).then_some(words::OKTA_SESSIONS);
        okta.into_iter().chain([words::APP_SESSIONS]).map(str::to_owned).collect()
    }

    fn groups(&self) -> MutexGuard<'_, BTreeSet<GroupId>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who the grant's person was at Okta, if we saw it.
    fn remembered(&self, request: RequestId) -> Option<UserId> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner).get(&request).cloned()
    }

    fn remember(&self, request: RequestId, user: &UserId) {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        users.insert(request, user.clone());
        if users.len() > GRANTS_REMEMBERED {
            users.pop_first();
        }
    }
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
struct Failure {
    error: String,
    is_passing: bool,
    may_have_landed: bool,
    after: Option<Span>,
}

impl Failure {
    const fn fatal(error: String) -> Self {
        Self { error, is_passing: false, may_have_landed: false, after: None }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self {
            error: trouble.to_string(),
            is_passing: trouble.is_passing(),
            may_have_landed: trouble.may_have_landed(),
            after: trouble.wait(),
        }
    }
}

fn settle(result: Result<Outcome, Failure>) -> Outcome {
    match result {
        Ok(outcome) => outcome,
        Err(Failure { error, is_passing: true, may_have_landed, after }) => {
            Outcome::Retry { error, after, may_have_landed }
        }
        Err(Failure { error, is_passing: false, .. }) => Outcome::Fatal { error },
    }
}

/// `group = { id = "00g…", name = "…" }`: the group, and how people call it.
fn parse_step(params: &Value) -> Result<(GroupId, Option<String>), Vec<ParamIssue>> {
    const SHAPE: &str = "group = { id = \"00g1abcDEF2345678901\" }";
    const ID_LIMIT: usize = 100;
    const NAME_LIMIT: usize = 255;
    let mut keys = Keys::of(params, SHAPE);
    keys.require("group", &format!("write `{SHAPE}`"));
    let mut group = None;
    let mut name = None;
    if let Some(mut inner) = keys.table("group", SHAPE) {
        inner.require("id", "write the group's id; it is in the address of its page in Okta's console");
        name = inner.text("name", NAME_LIMIT).map(str::to_owned);
        group = inner.text("id", ID_LIMIT).and_then(|text| {
            let id = GroupId::new(text);
            if id.is_none() {
                inner.note("id", "is no group's id: that begins with `00g` and has letters and digits, such as `00g1abcDEF2345678901`");
            }
            id
        });
        keys.close(inner);
    }
    let issues = keys.finish();
    match group {
        Some(group) if issues.is_empty() => Ok((group, name)),
        Some(_) | None => Err(issues),
    }
}

/// The group of a step that was parsed.
fn group_of(params: &Value) -> Option<GroupId> {
    params.get("group")?.get("id")?.as_str().and_then(GroupId::new)
}
