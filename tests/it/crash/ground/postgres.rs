//! A billing database on a real PostgreSQL: each grant has a login of its own, with two roles.

use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_postgres::Client;

use super::Ground;
use crate::servers::postgres::Version;
use crate::targets::contract::World as _;
use crate::targets::postgres::world::{BOT_PASSWORD, Billing, ROLES};

/// Roles that an end must have taken away, memberships of them, and sessions.
const OURS: &str = "SELECT coalesce(string_agg(line, E'\\n'), '') FROM (\
    SELECT 'role ' || rolname AS line FROM pg_roles WHERE rolname LIKE 'jit\\_%' \
    UNION ALL SELECT 'membership of ' || pg_get_userbyid(member) || ' in ' || pg_get_userbyid(roleid) \
        FROM pg_auth_members WHERE pg_get_userbyid(member) LIKE 'jit\\_%' OR pg_get_userbyid(roleid) LIKE 'jit\\_%' \
    UNION ALL SELECT 'session of ' || coalesce(usename, usesysid::text) FROM pg_stat_activity \
        WHERE usename LIKE 'jit\\_%' OR (usesysid IS NOT NULL AND usename IS NULL)) lines";

pub(super) struct Database {
    billing: Billing,
    at_first: Vec<u8>,
    sessions: Mutex<Vec<Client>>,
}

impl Database {
    /// None where this version is not installed.
    pub(super) async fn start(version: Version, _folder: &Path) -> Option<Self> {
        let billing = Billing::new(version, json!({ "login": { "roles": ROLES } }))?;
        let at_first = billing.foreign().await;
        Some(Self { billing, at_first, sessions: Mutex::default() })
    }
}

#[async_trait]
impl Ground for Database {
    fn name(&self) -> &'static str {
        "billing"
    }

    fn table(&self) -> String {
        let mut settings = self.billing.settings.clone();
        // Nobody is a member here but by a login of a grant.
        settings.as_object_mut().unwrap().retain(|_, value| *value != Value::Null);
        toml::to_string(&settings).unwrap()
    }

    fn step(&self) -> String {
        format!("login = {{ roles = [\"{}\"] }}", ROLES.join("\", \""))
    }

    fn secrets(&self) -> Vec<String> {
        vec![BOT_PASSWORD.to_owned()]
    }

    fn writes_down(&self) -> String {
        self.billing.server.log()
    }

    async fn enter(&self, login: &str, password: &str) -> bool {
        let Ok(session) = self.billing.server.session(login, password, "billing").await else { return false };
        // Something of its own, which the end must hand over before the login can go.
        let may = session.batch_execute(&format!("SELECT 1; CREATE TABLE app.notes_{login} (id int)")).await;
        self.sessions.lock().unwrap().push(session);
        may.is_ok()
    }

    async fn ours(&self) -> Vec<String> {
        let found = self.billing.server.ask("postgres", OURS).await;
        let open = self.sessions.lock().unwrap().iter().filter(|session| !session.is_closed()).count();
        let open = (open > 0).then(|| format!("{open} sessions are open at their other end"));
        found.lines().map(str::to_owned).chain(open).collect()
    }

    async fn disturbed(&self) -> Vec<String> {
        let now = self.billing.foreign().await;
        // What logins left behind belongs to the role that is there for it.
        let others = |text: &[u8]| -> Vec<String> {
            let lines = String::from_utf8_lossy(text).into_owned();
            lines.lines().filter(|line| !line.contains("notes_jit_")).map(str::to_owned).collect()
        };
        let (before, after) = (others(&self.at_first), others(&now));
        let gone = before.iter().filter(|line| !after.contains(line)).map(|line| format!("gone: {line}"));
        let new = after.iter().filter(|line| !before.contains(line)).map(|line| format!("new: {line}"));
        gone.chain(new).collect()
    }
}
