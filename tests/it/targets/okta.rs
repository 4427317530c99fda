//! Okta groups: the emulator, behind Prism where Okta's own description of its API is at hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use jitney::ids::{PersonId, RequestId, TargetId};
use jitney::lifecycle::Outcome;
use jitney::policy::Subject;
use jitney::targets::{Adapter, Targets};
use serde_json::{Value, json};

use super::contract::{Grant, World, word_of};
use super::scratch::Scratch;
use crate::servers::okta::{Front, Org, TOKEN, user_id};

/// A group of its own in the org that all tests share.
pub(crate) struct OktaWorld {
    pub(crate) org: &'static Org,
    pub(crate) front: Front,
    pub(crate) adapter: Arc<dyn Adapter>,
    pub(crate) group: String,
    foreign_group: String,
    table: Value,
    pub(crate) scratch: Scratch,
}

/// For the contract; none where the emulator is not installed.
pub(crate) fn groups() -> Option<Box<dyn World>> {
    Some(Box::new(OktaWorld::new(json!({}))?))
}

impl OktaWorld {
    /// `settings` are added to the usual ones.
    pub(crate) fn new(settings: Value) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let org = Org::shared()?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let front = org.front();
        let scratch = Scratch::new();
        let token = secret(&scratch, "okta.token", TOKEN);
        let mut table = json!({
            "base_url": front.url(),
            "auth": { "token_file": token },
            "read_pause": "0s",
            "users": hostile_users(),
        });
        for (key, value) in settings.as_object().unwrap() {
            table[key] = value.clone();
        }
        let foreign_group = org.make_group(&format!("foreign {number}"));
        for login in ["ann@example.com", "bob@example.com"] {
            let path = format!("/api/v1/groups/{foreign_group}/users/{}", user_id(login));
            assert_eq!(org.admin("PUT", &path, None).0, 204);
        }
        let group = org.make_group(&format!("ours {number}"));
        let adapter = adapter(table.clone());
        Some(Self { org, front, adapter, group, foreign_group, table, scratch })
    }

    /// The same target after a restart, which forgets who was who; with these settings besides.
    pub(crate) fn restarted(&self, settings: Value) -> Arc<dyn Adapter> {
        let mut table = self.table.clone();
        for (key, value) in settings.as_object().unwrap() {
            table[key] = value.clone();
        }
        adapter(table)
    }

    /// A grant of this world's group by an adapter.
    pub(crate) fn grant_by(&self, adapter: Arc<dyn Adapter>, person: &str) -> Grant {
        Grant::of(adapter, &self.params(), 1042, person)
    }

    pub(crate) fn grant(&self) -> Grant {
        Grant::new(self, 1042, "ann@example.com")
    }

    pub(crate) fn has(&self, login: &str) -> bool {
        self.org.members(&self.group).contains(login)
    }
}

impl Drop for OktaWorld {
    /// What was said to Okta, and what the emulator answered, is as Okta describes it.
    fn drop(&mut self) {
        let violations = self.front.violations();
        assert!(violations.is_empty() || std::thread::panicking(), "{}", violations.join("\n"));
    }
}

#[async_trait]
impl World for OktaWorld {
    fn adapter(&self) -> Arc<dyn Adapter> {
        Arc::clone(&self.adapter)
    }

    fn params(&self) -> Value {
        json!({ "group": { "id": self.group } })
    }

    async fn foreign(&self) -> Vec<u8> {
        let (_, group) = self.org.admin("GET", &format!("/api/v1/groups/{}", self.group), None);
        format!("{:?} {group}", self.org.members(&self.foreign_group)).into_bytes()
    }

    /// Okta lists nobody's sessions.
    async fn open_session(&self, _grant: &Grant) -> bool {
        false
    }

    async fn sessions(&self, _grant: &Grant) -> usize {
        0
    }

    async fn leave_half_a_change(&self) {}
}

/// An adapter for `[targets.okta]` with these settings.
pub(crate) fn adapter(mut settings: Value) -> Arc<dyn Adapter> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    settings["adapter"] = json!("okta_group");
    let id = TargetId::new("okta").unwrap();
    let targets = Targets::from_settings(&[(id.clone(), settings)].into()).unwrap();
    Arc::clone(&targets.get(&id).unwrap().adapter)
}

/// A file that holds a secret.
pub(crate) fn secret(scratch: &Scratch, name: &str, text: &str) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = scratch.write(name, text);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// Names that are no logins: the target's table says who they are.
fn hostile_users() -> Value {
    let names = [
        "*)(uid=*",
        "';--",
        "$(id)",
        "-rf",
        "`x`",
        "a:b",
        "../../etc/passwd",
        "{login}",
        "%00",
        "\u{202e}nna",
    ];
    let users = names.iter().enumerate();
    users.map(|(n, name)| ((*name).to_owned(), json!(user_id(&format!("hostile{n}@example.com"))))).collect()
}

#[tokio::test]
async fn what_is_said_to_okta_is_what_okta_describes() {
    let Some(world) = OktaWorld::new(json!({})) else { return };
    if !world.org.is_held_to_spec() {
        return;
    }
    world.grant().expect("grant", "done").await;
    assert!(world.front.violations().is_empty());
    // Prism does mind what is not so.
    let url =
        format!("{}/api/v1/users/{}/sessions?oauthTokens=yes", world.front.url(), user_id("ann@example.com"));
    let authorization = format!("SSWS {TOKEN}");
    crate::servers::http_proxy::ask("DELETE", &url, &[("authorization", &authorization)], None);
    assert_eq!(world.front.violations().len(), 1);
    world.front.forget();
}

#[tokio::test]
async fn a_revocation_takes_the_membership_and_then_the_sessions() {
    let Some(world) = OktaWorld::new(json!({})) else { return };
    let grant = world.grant();
    grant.expect("grant", "done").await;
    let before = world.org.signed_out(&user_id("ann@example.com"));
    world.front.forget();
    grant.expect("revoke", "done").await;
    let user = user_id("ann@example.com");
    let group = &world.group;
    assert_eq!(
        world.front.seen(),
        [
            format!("GET /api/v1/users/{user}/groups: 200"),
            format!("DELETE /api/v1/groups/{group}/users/{user}: 204"),
            format!("DELETE /api/v1/users/{user}/sessions?oauthTokens=true&forgetDevices=false: 204"),
        ]
    );
    assert!(world.org.signed_out(&user) > before);
}

#[tokio::test]
async fn evidence_says_who_was_looked_at_and_what_was_seen() {
    let Some(world) = OktaWorld::new(json!({})) else { return };
    let params = json!({ "group": { "id": world.group, "name": "Billing" } });
    let grant = Grant::of(world.adapter(), &params, 1042, "carol@example.com");
    let mut told =
        vec![grant.step.label.clone(), grant.step.key.to_string(), grant.step.cannot_end.join("; ")];
    for op in
        ["snapshot", "grant", "grant", "verify", "extend", "verify_gone", "revoke", "revoke", "verify_gone"]
    {
        let outcome = grant.does(op).await;
        let (Outcome::Done(seen) | Outcome::Already(seen) | Outcome::Found(seen) | Outcome::NotFound(seen)) =
            &outcome
        else {
            panic!("{op}: {outcome:?}");
        };
        told.push(format!("{op}: {} | {} | {}", word_of(&outcome), seen.method, seen.answer));
    }
    insta::assert_snapshot!("okta_evidence", told.join("\n").replace(&world.group, "00g[group]"));
}

#[test]
fn each_mistake_in_an_org_s_table_is_told_with_what_to_write() {
    let whole =
        json!({ "base_url": "https://example.okta.com", "auth": { "token_file": "/etc/jitney/okta.token" } });
    let with = |key: &str, value: Value| {
        let mut table = whole.clone();
        table[key] = value;
        table
    };
    let mut told = Vec::new();
    for mut table in [
        json!({}),
        with("base_url", json!("http://example.okta.com")),
        with("base_url", json!("https://example.okta.com/api/v1")),
        with("auth", json!("token")),
        with("auth", json!({})),
        with("auth", json!({ "token": "00secret" })),
        with("auth", json!({ "token_file": "okta.token" })),
        with("auth", json!({ "token_file": "/etc/t", "client_id": "0oa1", "key_file": "/etc/k" })),
        with("auth", json!({ "client_id": "0oa1" })),
        with("auth", json!({ "token_file": "/etc/t", "scopes": ["okta.groups.manage"] })),
        with("login", json!("{person}@example.com")),
        with(
            "users",
            json!({ "ann@example.com": "ann", "a b": "00u1abcDEF2345678901", "bob@example.com": 7 }),
        ),
        with("users", json!({ "ann@example.com": "ann", "a b": "00u1abcDEF2345678901" })),
        with("end_sessions", json!("yes")),
        with("read_backs", json!(0)),
        with("read_pause", json!("1m")),
        with("call_time_out", json!("0s")),
        with("grup", json!("00g1abcDEF2345678901")),
    ] {
        told.push(format!("{table}"));
        table["adapter"] = json!("okta_group");
        let issues = Targets::from_settings(&[(TargetId::new("okta").unwrap(), table)].into()).unwrap_err();
        told.extend(issues.iter().map(|issue| format!("    {}: {}", issue.path.join("."), issue.message)));
    }
    insta::assert_snapshot!("okta_table_issues", told.join("\n"));
}

#[test]
fn each_mistake_in_a_membership_is_told_with_what_to_write() {
    let settings = json!({ "base_url": "https://example.okta.com", "auth": { "token_file": "/etc/t" } });
    let adapter = adapter(settings);
    let mut told = Vec::new();
    for step in [
        json!({ "group": "Billing" }),
        json!({ "group": {} }),
        json!({ "group": { "id": "Billing", "nmae": "Billing" } }),
        json!({ "group": { "id": "00u1abcDEF2345678901", "name": "" } }),
        json!({ "grup": { "id": "00g1abcDEF2345678901" } }),
    ] {
        told.push(format!("{step}"));
        let issues = adapter.parse(&step).unwrap_err();
        told.extend(issues.iter().map(|issue| format!("    {}: {}", issue.path.join("."), issue.message)));
    }
    let params = json!({ "group": { "id": "00g1abcDEF2345678901" } });
    for person in ["..", ".", "me", "a/b@example.com"] {
        let person = PersonId::new(person).unwrap();
        let subject = Subject { person: &person, request: RequestId::from_number(1042) };
        told.push(format!("{person}: {}", adapter.bind(&params, &subject).unwrap_err()));
    }
    insta::assert_snapshot!("okta_step_issues", told.join("\n"));
}
