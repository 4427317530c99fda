//! A real server with a billing database, its people, and an account for Jitney that was made by the very SQL that
//! `jitney doctor` prints.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex, RwLock};

use async_trait::async_trait;
use jitney::finding::Finding;
use jitney::ids::TargetId;
use jitney::lifecycle::Outcome;
use jitney::policy::{Binding, ParamIssue, Parsed, Subject};
use jitney::targets::{Adapter, Call, Declaration, Held, Targets};
use jitney::time::Timestamp;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::servers::postgres::{Postgres, Version, blocking};
use crate::targets::contract::{Grant, PASSWORD, World};
use crate::targets::scratch::Scratch;

pub(crate) const BOT_PASSWORD: &str = "bot-9fJq2xLm";
pub(crate) const PERSON_PASSWORD: &str = "own-Vb7Nw3";
pub(crate) const ROLES: [&str; 2] = ["billing_ro", "billing_rw"];

/// People of the contract: each has a login of their id.
const PEOPLE: [&str; 12] = [
    "ann@example.com",
    "bob@example.com",
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

/// A server, and the adapter that reaches it.
pub(crate) struct Billing {
    pub(crate) server: Postgres,
    pub(crate) adapter: Arc<Restartable>,
    pub(crate) settings: Value,
    params: Value,
    sessions: Mutex<Vec<Client>>,
    scratch: Scratch,
}

pub(crate) fn logins(version: Version) -> Option<Box<dyn World>> {
    Some(Box::new(Billing::new(version, json!({ "login": { "roles": ROLES } }))?))
}

pub(crate) fn memberships(version: Version) -> Option<Box<dyn World>> {
    Some(Box::new(Billing::new(version, json!({ "member": { "role": "billing_ro" } }))?))
}

impl Billing {
    /// None where the server is not installed.
    pub(crate) fn new(version: Version, params: Value) -> Option<Self> {
        let setup = furniture();
        let setup: Vec<_> = setup.iter().map(|(database, sql)| (*database, sql.as_str())).collect();
        let server = Postgres::start(version, &setup)?;
        let scratch = Scratch::new();
        let password_file = scratch.write("password", BOT_PASSWORD);
        fs::set_permissions(&password_file, fs::Permissions::from_mode(0o600)).unwrap();
        let mut settings = json!({
            "adapter": "postgres",
            "host": "127.0.0.1",
            "port": server.port,
            "database": "billing",
            "user": "jitney",
            "password_file": password_file,
            "owner": "jitney_leftovers",
            "logins": "{id}",
        });
        // One of them through TLS, the other plain.
        match version {
            Version::V15 => settings["tls"] = json!("disable"),
            Version::V18 => settings["ca_file"] = json!(server.ca_file()),
        }
        let adapter = Arc::new(Restartable::new(&settings));
        let world = Self { server, adapter, settings, params, sessions: Mutex::default(), scratch };
        blocking(world.open_account());
        Some(world)
    }

    /// Writes a file that goes away with the world.
    pub(crate) fn write(&self, name: &str, content: &str) -> std::path::PathBuf {
        let path = self.scratch.write(name, content);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// An adapter with other settings besides.
    pub(crate) fn adapter_with(&self, more: Value) -> Arc<dyn Adapter> {
        let mut settings = self.settings.clone();
        for (key, value) in more.as_object().unwrap() {
            settings[key] = value.clone();
            if value.is_null() {
                settings.as_object_mut().unwrap().remove(key);
            }
        }
        adapter(&settings)
    }

    /// A grant of any step.
    pub(crate) fn grant(&self, params: &Value, number: u64, person: &str) -> Grant {
        Grant::of(Arc::clone(&self.adapter) as Arc<dyn Adapter>, params, number, person)
    }

    /// Makes our account by what a check says.
    async fn open_account(&self) {
        let rights = self.rights().await;
        let password = format!("ALTER ROLE jitney PASSWORD '{BOT_PASSWORD}'");
        self.server.run("billing", &format!("{rights} {password}")).await;
    }

    /// The SQL that a check prints, with its statement for each role said for ours.
    pub(crate) async fn rights(&self) -> String {
        let found = self.adapter.check(Timestamp::default()).await;
        let mend = found.iter().find_map(|finding| finding.mend.clone()).unwrap();
        let mut sql = mend.split('`').skip(1).step_by(2);
        let (account, each) = (sql.next().unwrap().to_owned(), sql.next().unwrap());
        if !self.server.version.grantors_count() {
            return account;
        }
        let given = ROLES.iter().map(|role| each.replace("that role", role));
        [account].into_iter().chain(given).collect::<Vec<_>>().join("\n")
    }

    async fn has_role(&self, name: &str) -> bool {
        let sql = format!("SELECT count(*) FROM pg_roles WHERE rolname = '{}'", name.replace('\'', "''"));
        self.server.ask("billing", &sql).await == "1"
    }

    async fn open(&self, user: &str, password: &str, sql: &str) {
        let client = self.server.session(user, password, "billing").await.unwrap();
        client.batch_execute(sql).await.unwrap();
        self.sessions.lock().unwrap().push(client);
    }

    async fn open_as_login(&self, login: &str) {
        // The contract's time is 1970, when every login is long over.
        let (before, after) = match self.has_role(login).await {
            true => (format!("ALTER ROLE {login} VALID UNTIL 'infinity'"), String::new()),
            // Somebody got in, and the login was dropped under the session.
            false => {
                (format!("CREATE ROLE {login} LOGIN PASSWORD '{PASSWORD}'"), format!("DROP ROLE {login}"))
            }
        };
        self.server.run("billing", &before).await;
        self.open(login, PASSWORD, "SELECT 1").await;
        self.server.run("billing", &after).await;
    }

    async fn open_as_member(&self, login: &str) {
        let name = quoted(login);
        let sql = format!("SELECT pg_has_role('{}', 'billing_ro', 'MEMBER')", login.replace('\'', "''"));
        if self.server.ask("billing", &sql).await == "t" {
            return self.open(login, PERSON_PASSWORD, "SET ROLE billing_ro").await;
        }
        // A session from before the end, met by a Jitney that was started after it.
        self.server.run("billing", &format!("GRANT billing_ro TO {name}")).await;
        self.open(login, PERSON_PASSWORD, "SET ROLE billing_ro").await;
        self.server.run("billing", &format!("REVOKE billing_ro FROM {name}")).await;
        self.adapter.restart(&self.settings);
    }
}

#[async_trait]
impl World for Billing {
    fn adapter(&self) -> Arc<dyn Adapter> {
        Arc::clone(&self.adapter) as Arc<dyn Adapter>
    }
    fn params(&self) -> Value {
        self.params.clone()
    }
    async fn foreign(&self) -> Vec<u8> {
        const SQL: &str = "SELECT string_agg(line, E'\\n' ORDER BY line) FROM (\
            SELECT 'role ' || to_jsonb(r)::text || COALESCE(shobj_description(r.oid, 'pg_authid'), '') AS line \
                FROM pg_authid r WHERE rolname NOT LIKE 'jit\\_%' \
            UNION ALL SELECT 'member ' || to_jsonb(m)::text FROM pg_auth_members m \
                WHERE pg_get_userbyid(grantor) <> 'jitney' \
                AND pg_get_userbyid(roleid) NOT LIKE 'jit\\_%' AND pg_get_userbyid(member) NOT LIKE 'jit\\_%' \
            UNION ALL SELECT 'database ' || to_jsonb(d)::text FROM (SELECT datname, datacl, datdba FROM pg_database) d \
            UNION ALL SELECT 'class ' || to_jsonb(c)::text FROM (SELECT relname, relacl, relowner FROM pg_class) c \
            UNION ALL SELECT 'row ' || id FROM app.invoices) lines";
        self.server.ask("billing", SQL).await.into_bytes()
    }
    async fn open_session(&self, grant: &Grant) -> bool {
        match &grant.step.login {
            Some(login) => self.open_as_login(login).await,
            None => self.open_as_member(grant.person.as_str()).await,
        }
        true
    }
    async fn sessions(&self, grant: &Grant) -> usize {
        let name = grant.step.login.as_deref().unwrap_or(grant.person.as_str());
        let sql = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{name}'");
        self.server.ask("billing", &sql).await.parse().unwrap()
    }
    async fn leave_half_a_change(&self) {
        let client = self.server.session("jitney", BOT_PASSWORD, "billing").await.unwrap();
        let change = match self.params.get("login") {
            Some(_) if self.has_role("jit_r1042").await => "ALTER ROLE jit_r1042 NOLOGIN",
            Some(_) => "CREATE ROLE jit_r1042 LOGIN",
            None => "GRANT billing_ro TO \"ann@example.com\"",
        };
        client.batch_execute(&format!("BEGIN; {change}")).await.unwrap();
    }
}

/// An adapter whose process ends and starts again.
#[derive(Debug)]
pub(crate) struct Restartable(RwLock<Arc<dyn Adapter>>);

impl Restartable {
    fn new(settings: &Value) -> Self {
        Self(RwLock::new(adapter(settings)))
    }

    /// What was in its memory is gone.
    pub(crate) fn restart(&self, settings: &Value) {
        *self.0.write().unwrap() = adapter(settings);
    }

    fn now(&self) -> Arc<dyn Adapter> {
        Arc::clone(&self.0.read().unwrap())
    }
}

#[async_trait]
impl Adapter for Restartable {
    fn declaration(&self) -> Declaration {
        self.now().declaration()
    }
    fn parse(&self, params: &Value) -> Result<Parsed, Vec<ParamIssue>> {
        self.now().parse(params)
    }
    fn bind(&self, params: &Value, subject: &Subject<'_>) -> Result<Binding, String> {
        self.now().bind(params, subject)
    }
    async fn snapshot(&self, call: &Call<'_>) -> Outcome {
        self.now().snapshot(call).await
    }
    async fn grant(&self, call: &Call<'_>) -> Outcome {
        self.now().grant(call).await
    }
    async fn verify(&self, call: &Call<'_>) -> Outcome {
        self.now().verify(call).await
    }
    async fn extend(&self, call: &Call<'_>) -> Outcome {
        self.now().extend(call).await
    }
    async fn revoke(&self, call: &Call<'_>) -> Outcome {
        self.now().revoke(call).await
    }
    async fn verify_gone(&self, call: &Call<'_>) -> Outcome {
        self.now().verify_gone(call).await
    }
    async fn list(&self, now: Timestamp) -> Result<Vec<Held>, String> {
        self.now().list(now).await
    }
    async fn check(&self, now: Timestamp) -> Vec<Finding> {
        self.now().check(now).await
    }
}

/// The adapter, made as `serve` makes it.
pub(crate) fn adapter(settings: &Value) -> Arc<dyn Adapter> {
    let id = TargetId::new("billing-pg").unwrap();
    let targets = Targets::from_settings(&BTreeMap::from([(id.clone(), settings.clone())])).unwrap();
    Arc::clone(&targets.get(&id).unwrap().adapter)
}

pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Databases, roles, people and a table, as DBAs would have made them.
fn furniture() -> Vec<(&'static str, String)> {
    let mut roles = String::from("CREATE ROLE dba LOGIN CREATEROLE;");
    for role in ROLES {
        roles += &format!("CREATE ROLE {role} NOLOGIN;");
    }
    let people = PEOPLE.iter().map(|person| (*person).to_owned());
    for person in people.chain((0..20).map(|n| format!("person{n}@example.com"))) {
        roles += &format!("CREATE ROLE {} LOGIN PASSWORD '{PERSON_PASSWORD}';", quoted(&person));
    }
    roles += "GRANT billing_ro TO dba WITH ADMIN OPTION;";
    let app = "CREATE SCHEMA app; CREATE TABLE app.invoices (id int); INSERT INTO app.invoices VALUES (1);\
        GRANT USAGE ON SCHEMA app TO billing_ro; GRANT SELECT ON app.invoices TO billing_ro;\
        GRANT USAGE, CREATE ON SCHEMA app TO billing_rw;";
    vec![
        ("postgres", "CREATE DATABASE billing".to_owned()),
        ("postgres", "CREATE DATABASE ledger".to_owned()),
        ("postgres", roles),
        ("billing", app.to_owned()),
        ("ledger", "CREATE SCHEMA app; GRANT ALL ON SCHEMA app TO billing_rw".to_owned()),
    ]
}
