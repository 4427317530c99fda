//! The PostgreSQL adapter on real servers of two versions, whose rules of memberships differ.

mod faults;
pub(crate) mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use jitney::ids::TargetId;
use jitney::lifecycle::Outcome;
use jitney::policy::{Catalogue as _, Subject};
use jitney::targets::{Adapter as _, Targets};
use jitney::time::{Clock as _, SystemClock, Timestamp};
use serde_json::{Value, json};

use self::world::{Billing, PERSON_PASSWORD, ROLES};
use crate::servers::postgres::Version;
use crate::targets::contract::{Grant, PASSWORD, word_of};

fn login() -> Value {
    json!({ "login": { "roles": ROLES } })
}

fn member() -> Value {
    json!({ "member": { "role": "billing_ro" } })
}

/// A world of each version that is installed.
fn worlds() -> impl Iterator<Item = Billing> {
    Version::ALL.into_iter().filter_map(|version| Billing::new(version, login()))
}

/// What an outcome says, in one line.
fn said(op: &str, outcome: &Outcome) -> String {
    let words = match outcome {
        Outcome::Done(seen) | Outcome::Already(seen) | Outcome::Found(seen) | Outcome::NotFound(seen) => {
            &seen.answer
        }
        Outcome::Unreadable(seen) => &seen.answer,
        Outcome::Retry { error, .. } | Outcome::Fatal { error } => error,
    };
    format!("{op}: {}: {words}", word_of(outcome))
}

async fn does(grant: &Grant, op: &str) -> String {
    said(op, &grant.does(op).await)
}

#[tokio::test]
async fn a_password_stands_in_no_log_of_the_server() {
    for world in worlds() {
        let grant = world.grant(&login(), 1042, "ann@example.com");
        for op in ["grant", "grant", "verify", "extend", "revoke"] {
            grant.does(op).await;
        }
        let log = world.server.log();
        assert!(log.contains("CREATE ROLE \"jit_r1042\"") && log.contains("SCRAM-SHA-256$4096:"), "{log}");
        assert!(!log.contains(PASSWORD), "the password was sent in the clear");
    }
}

#[tokio::test]
async fn the_servers_own_expiry_is_set_and_moved() {
    const SQL: &str = "SELECT rolvaliduntil AT TIME ZONE 'UTC' FROM pg_roles WHERE rolname = 'jit_r1042'";
    for world in worlds() {
        let grant = world.grant(&login(), 1042, "ann@example.com");
        grant.expect("grant", "done").await;
        assert_eq!(world.server.ask("billing", SQL).await, "1970-01-01 02:00:00");
        grant.expect("extend", "already").await;
        world.server.run("billing", "ALTER ROLE jit_r1042 VALID UNTIL '2020-02-02'").await;
        grant.expect("extend", "done").await;
        assert_eq!(world.server.ask("billing", SQL).await, "1970-01-01 02:00:00");
        let limit = "SELECT rolconnlimit FROM pg_roles WHERE rolname = 'jit_r1042'";
        assert_eq!(world.server.ask("billing", limit).await, "4");
    }
}

#[tokio::test]
async fn a_login_that_somebody_changed_is_mended() {
    for world in worlds() {
        let grant = world.grant(&login(), 1042, "ann@example.com");
        grant.expect("grant", "done").await;
        for change in ["ALTER ROLE jit_r1042 NOLOGIN", "REVOKE billing_rw FROM jit_r1042 CASCADE"] {
            world.server.run("billing", change).await;
            let is_mine = world.server.version.grantors_count() && change.starts_with("REVOKE");
            if is_mine {
                // A superuser takes what another gave by naming the grantor.
                let change = "REVOKE billing_rw FROM jit_r1042 GRANTED BY jitney";
                world.server.run("billing", change).await;
            }
            grant.expect("verify", "not found").await;
            grant.expect("grant", "done").await;
            grant.expect("verify", "found").await;
        }
    }
}

#[tokio::test]
async fn what_a_login_left_in_two_databases_is_reassigned() {
    for world in worlds() {
        let server = &world.server;
        server.run("billing", "GRANT USAGE, CREATE ON SCHEMA app TO jitney_leftovers").await;
        let grant = world.grant(&login(), 1042, "ann@example.com");
        grant.expect("grant", "done").await;
        server.run("billing", "ALTER ROLE jit_r1042 VALID UNTIL 'infinity'").await;
        for (database, sql) in [
            (
                "billing",
                "CREATE TABLE app.copy (id int); CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            ),
            ("ledger", "CREATE TABLE app.notes (id int)"),
        ] {
            let session = server.session("jit_r1042", PASSWORD, database).await.unwrap();
            session.batch_execute(sql).await.unwrap();
        }
        let told = does(&grant, "revoke").await;
        assert!(told.contains("what it had in billing, ledger was reassigned; dropped it"), "{told}");
        grant.expect("verify_gone", "not found").await;
        let owner = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname IN ('copy', 'notes')";
        for database in ["billing", "ledger"] {
            assert_eq!(server.ask(database, owner).await, "jitney_leftovers", "{database}");
        }
    }
}

/// Each time the login is locked and its sessions are ended; what is in the way is told until somebody mends it.
#[tokio::test]
async fn what_keeps_a_login_from_being_dropped_is_told_until_it_is_mended() {
    let mut told = Vec::new();
    for world in worlds() {
        let server = &world.server;
        for (number, breaks, mends) in [
            (
                2001,
                "GRANT SELECT ON app.invoices TO jit_r2001",
                "REVOKE SELECT ON app.invoices FROM jit_r2001",
            ),
            (
                2002,
                "SET ROLE jit_r2002; CREATE FUNCTION app.g() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                "GRANT USAGE, CREATE ON SCHEMA app TO jitney_leftovers",
            ),
            (
                2003,
                "SET SESSION AUTHORIZATION jit_r2003; BEGIN; CREATE TABLE app.t (id int); PREPARE TRANSACTION 'left'",
                "ROLLBACK PREPARED 'left'",
            ),
        ] {
            let grant = world.grant(&login(), number, "ann@example.com");
            grant.expect("grant", "done").await;
            server.run("billing", breaks).await;
            for _ in 0..2 {
                grant.expect("revoke", "fatal").await;
            }
            for op in ["revoke", "verify_gone"] {
                told.push(format!("{:?} {}", server.version, does(&grant, op).await));
            }
            server.run("billing", mends).await;
            grant.expect("revoke", "done").await;
            grant.expect("verify_gone", "not found").await;
        }
    }
    insta::assert_snapshot!("postgres_kept_logins", told.join("\n"));
}

#[tokio::test]
async fn a_foreign_role_of_our_name_is_told_and_left_alone() {
    for world in worlds() {
        world.server.run("billing", "CREATE ROLE jit_r1042 LOGIN; COMMENT ON ROLE jit_r1042 IS 'jitney R1042 for bob@example.com'").await;
        let grant = world.grant(&login(), 1042, "ann@example.com");
        for op in ["snapshot", "grant", "verify", "extend", "revoke"] {
            grant.expect(op, "fatal").await;
        }
        grant.expect("verify_gone", "found").await;
        let told = does(&grant, "snapshot").await;
        assert!(
            told.contains("`jitney R1042 for ann@example.com`") && told.contains("`login_prefix`"),
            "{told}"
        );
        let stands = "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'jit_r1042'";
        assert_eq!(world.server.ask("billing", stands).await, "t");
    }
}

#[tokio::test]
async fn a_second_grantors_membership_is_found_and_named() {
    let mut told = Vec::new();
    for world in worlds() {
        let server = &world.server;
        let grant = world.grant(&member(), 1042, "ann@example.com");
        told.push(format!("{:?}", server.version));
        told.push(does(&grant, "grant").await);
        server.run("billing", "SET ROLE dba; GRANT billing_ro TO \"ann@example.com\"").await;
        let session = server.session("ann@example.com", PERSON_PASSWORD, "billing").await.unwrap();
        for op in ["revoke", "revoke", "verify_gone"] {
            told.push(does(&grant, op).await);
        }
        // Before 16 there is one membership, whoever else gives it too.
        let stands = server.version.grantors_count();
        assert_eq!(session.simple_query("SELECT 1").await.is_ok(), stands);
        if stands {
            server.run("billing", "SET ROLE dba; REVOKE billing_ro FROM \"ann@example.com\"").await;
            told.push(does(&grant, "revoke").await);
            told.push(does(&grant, "verify_gone").await);
        }
    }
    insta::assert_snapshot!("postgres_second_grantor", told.join("\n"));
}

#[tokio::test]
async fn standing_rights_are_seen_before_anything_is_touched() {
    let mut told = Vec::new();
    for world in worlds() {
        told.push(format!("{:?}", world.server.version));
        for (before, person) in [
            ("SELECT 1", "ann@example.com"),
            ("SET ROLE dba; GRANT billing_ro TO \"ann@example.com\"", "ann@example.com"),
            (
                "CREATE ROLE staff; GRANT billing_ro TO staff; GRANT staff TO \"bob@example.com\"",
                "bob@example.com",
            ),
            ("ALTER ROLE \"a:b\" SUPERUSER", "a:b"),
            ("SELECT 1", "nobody@example.com"),
        ] {
            world.server.run("billing", before).await;
            let grant = world.grant(&member(), 1042, person);
            told.push(does(&grant, "snapshot").await);
        }
        world.server.run("billing", "CREATE ROLE closed; CREATE ROLE almighty SUPERUSER").await;
        for role in ["closed", "missing", "almighty"] {
            for params in [json!({ "member": { "role": role } }), json!({ "login": { "roles": [role] } })] {
                let grant = world.grant(&params, 1043, "bob@example.com");
                told.push(does(&grant, "snapshot").await);
            }
        }
    }
    insta::assert_snapshot!("postgres_standing", told.join("\n"));
}

#[tokio::test]
async fn sessions_of_a_member_end_unless_they_are_let_be() {
    for world in worlds() {
        let server = &world.server;
        let grant = world.grant(&member(), 1042, "ann@example.com");
        grant.expect("grant", "done").await;
        let session = server.session("ann@example.com", PERSON_PASSWORD, "billing").await.unwrap();
        session.batch_execute("SET ROLE billing_ro").await.unwrap();
        grant.expect("revoke", "done").await;
        assert!(session.simple_query("SELECT 1").await.is_err(), "the session is dead");
        // Whoever comes back has the role no more, and is let be.
        let back = server.session("ann@example.com", PERSON_PASSWORD, "billing").await.unwrap();
        assert!(back.batch_execute("SET ROLE billing_ro").await.is_err());
        let told = does(&grant, "verify_gone").await;
        assert!(
            told.starts_with("verify_gone: not found") && told.contains("1 session of it, begun since"),
            "{told}"
        );
        assert!(back.simple_query("SELECT 1").await.is_ok());
        // A Jitney that was started meanwhile can't know that.
        world.adapter.restart(&world.settings);
        grant.expect("verify_gone", "found").await;

        let lenient = world.adapter_with(json!({ "end_sessions": false }));
        let grant = Grant::of(lenient, &member(), 1043, "bob@example.com");
        assert_eq!(grant.step.cannot_end.len(), 1);
        grant.expect("grant", "done").await;
        let session = server.session("bob@example.com", PERSON_PASSWORD, "billing").await.unwrap();
        grant.expect("revoke", "done").await;
        grant.expect("verify_gone", "not found").await;
        assert!(session.simple_query("SELECT 1").await.is_ok());
    }
}

#[tokio::test]
async fn evidence_reads_as_sentences() {
    let mut told = Vec::new();
    for world in worlds() {
        told.push(format!("{:?}", world.server.version));
        for params in [login(), member()] {
            let grant = world.grant(&params, 1042, "ann@example.com");
            told.push(grant.step.label.clone());
            for op in [
                "snapshot",
                "grant",
                "grant",
                "verify",
                "extend",
                "verify_gone",
                "revoke",
                "revoke",
                "verify_gone",
            ] {
                told.push(does(&grant, op).await);
            }
        }
        let held = world.adapter.list(Timestamp::default()).await.unwrap();
        assert!(held.is_empty(), "{held:?}");
    }
    insta::assert_snapshot!("postgres_evidence", told.join("\n"));
}

#[tokio::test]
async fn what_is_held_is_listed_with_its_grant() {
    for world in worlds() {
        world.grant(&login(), 1042, "ann@example.com").expect("grant", "done").await;
        world.grant(&member(), 1043, "bob@example.com").expect("grant", "done").await;
        world
            .server
            .run("billing", "CREATE ROLE jit_r7 LOGIN; SET ROLE dba; GRANT billing_ro TO \"a:b\"")
            .await;
        let held = world.adapter.list(Timestamp::default()).await.unwrap();
        let held: Vec<_> =
            held.iter().map(|held| (held.name.as_str(), held.request.map(|id| id.to_string()))).collect();
        let expected = [("jit_r1042", Some("R1042".to_owned())), ("billing_ro of bob@example.com", None)];
        assert_eq!(held, expected);
    }
}

#[tokio::test]
async fn a_check_says_what_is_wrong_and_how_to_mend_it() {
    let mut told = Vec::new();
    for world in worlds() {
        let server = &world.server;
        let check = async |what: &str, adapter: Arc<dyn jitney::targets::Adapter>, told: &mut Vec<String>| {
            told.push(format!("{:?}, {what}", server.version));
            for finding in adapter.check(SystemClock::new().wall()).await {
                let (says, mend) = (finding.says, finding.mend.unwrap_or_default());
                let text = format!("  {:?}: {says}\n    {mend}", finding.grade);
                told.push(text.replace(&server.port.to_string(), "PORT").trim_end().to_owned());
            }
        };
        check("as it should be", world.adapter.clone(), &mut told).await;
        for (what, sql, undo) in [
            ("a superuser", "ALTER ROLE jitney SUPERUSER", "ALTER ROLE jitney NOSUPERUSER"),
            ("makes no roles", "ALTER ROLE jitney NOCREATEROLE", "ALTER ROLE jitney CREATEROLE"),
            ("ends no sessions", "REVOKE pg_signal_backend FROM jitney", "GRANT pg_signal_backend TO jitney"),
            ("no owner", "REVOKE jitney_leftovers FROM jitney", "GRANT jitney_leftovers TO jitney"),
            (
                "a closed database",
                "REVOKE CONNECT ON DATABASE ledger FROM PUBLIC",
                "GRANT CONNECT ON DATABASE ledger TO PUBLIC",
            ),
            (
                "an owner with rights",
                "GRANT billing_rw TO jitney_leftovers",
                "REVOKE billing_rw FROM jitney_leftovers",
            ),
        ] {
            server.run("billing", sql).await;
            check(what, world.adapter.clone(), &mut told).await;
            server.run("billing", undo).await;
        }
        check("another owner", world.adapter_with(json!({ "owner": "nobody" })), &mut told).await;
        check("another user", world.adapter_with(json!({ "user": "nobody" })), &mut told).await;
    }
    if let Some(world) = Billing::new(Version::V18, login()) {
        let other = Billing::new(Version::V15, login());
        let ca_file = other
            .map(|other| world.write("ca.pem", &std::fs::read_to_string(other.server.ca_file()).unwrap()));
        let ca_file = ca_file.unwrap_or_else(|| world.write("ca.pem", "none"));
        let found = world.adapter_with(json!({ "ca_file": ca_file })).check(Timestamp::default()).await;
        assert!(found[0].says.contains("certificate"), "{found:?}");
        let found = world.adapter_with(json!({ "host": "localhost" })).check(Timestamp::default()).await;
        assert!(found.iter().any(|finding| finding.says.contains("clock is")), "{found:?}");
    }
    insta::assert_snapshot!("postgres_checks", told.join("\n"));
}

#[test]
fn each_mistake_in_a_server_table_is_told_with_what_to_write() {
    let good = json!({
        "adapter": "postgres", "host": "db.example.com", "database": "billing", "user": "jitney",
        "password_file": "/etc/jitney/billing-pg", "ca_file": "/etc/jitney/ca.pem", "owner": "jitney_leftovers",
    });
    let with = |more: Value| {
        let mut table = good.clone();
        for (key, value) in more.as_object().unwrap() {
            table[key] = value.clone();
        }
        table
    };
    let mut told = Vec::new();
    assert!(targets(&good).is_ok(), "{:?}", targets(&good));
    for (table, shown) in [json!({ "adapter": "postgres" }), json!({ "adapter": "postgres", "hots": "db" })]
        .into_iter()
        .map(|table| (table.clone(), table))
        .chain(
            [
                json!({ "port": 0, "connections": 0, "connect_time_out": "61s", "end_sessions": "yes" }),
                json!({ "tls": "disable" }),
                json!({ "tls": "prefer" }),
                json!({ "tls": "disable", "host": "127.0.0.1" }),
                json!({ "host": "/run/postgresql" }),
                json!({ "ca_file": "ca.pem", "password_file": "secret" }),
                json!({ "owner": "jitney" }),
                json!({ "user": "x".repeat(64) }),
                json!({ "login_prefix": "Jit-" }),
                json!({ "login_prefix": "pg_" }),
                json!({ "logins": "{name}" }),
                json!({ "logins": "{name}", "logins_domain": "@example.com" }),
                json!({ "logins": "{mail}" }),
                json!({ "logins_domain": "example.com" }),
                json!({ "logins_of": ["bob"] }),
                json!({ "logins_of": { "bob@example.com": "bob", "ann@example.com": "bob" } }),
                json!({ "logins_of": { "bob smith": "bob" } }),
                json!({ "databases": ["billing"] }),
            ]
            .into_iter()
            .map(|more| (with(more.clone()), more)),
        )
    {
        told.push(format!("{shown}"));
        for issue in targets(&table).unwrap_err() {
            told.push(format!("    {}: {}", issue.path.join("."), issue.message));
        }
    }
    let targets = targets(&good).unwrap();
    for step in [
        json!({}),
        json!({ "login": {} }),
        json!({ "login": { "roles": [] } }),
        json!({ "login": { "roles": ["a", "a"] } }),
        json!({ "login": { "roles": "billing_ro" } }),
        json!({ "login": { "roles": ["billing_ro"], "role": "x" } }),
        json!({ "member": "billing_ro" }),
        json!({ "member": { "role": "é".repeat(40) } }),
        json!({ "login": { "roles": ["a"] }, "member": { "role": "a" } }),
    ] {
        told.push(format!("{step}"));
        for issue in targets.parse(&TargetId::new("billing-pg").unwrap(), &step).unwrap_err() {
            told.push(format!("    {}: {}", issue.path.join("."), issue.message));
        }
    }
    insta::assert_snapshot!("postgres_table_issues", told.join("\n"));
}

fn targets(table: &Value) -> Result<Targets, Vec<jitney::policy::ParamIssue>> {
    Targets::from_settings(&BTreeMap::from([(TargetId::new("billing-pg").unwrap(), table.clone())]))
}

/// Nobody is bound to somebody else's login.
#[test]
fn a_person_is_bound_to_their_own_login_or_told_why_not() {
    let mut told = Vec::new();
    for logins in [
        json!({}),
        json!({ "logins": "{id}" }),
        json!({ "logins": "{name}", "logins_domain": "example.com" }),
        json!({ "logins": "{name}", "logins_domain": "example.com", "logins_of": { "bob@example.com": "robert" } }),
        json!({ "logins_of": { "Bob@Example.com": "robert" } }),
    ] {
        let mut table = json!({
            "adapter": "postgres", "host": "127.0.0.1", "tls": "disable", "database": "billing", "user": "jitney",
            "password_file": "/etc/jitney/billing-pg", "owner": "jitney_leftovers",
        });
        for (key, value) in logins.as_object().unwrap() {
            table[key] = value.clone();
        }
        let targets = targets(&table).unwrap();
        told.push(logins.to_string());
        for person in [
            "ann@example.com",
            "ann@elsewhere.com",
            "bob@example.com",
            "robert@example.com",
            "jitney@example.com",
        ] {
            let person = jitney::ids::PersonId::new(person).unwrap();
            let subject = Subject { person: &person, request: jitney::ids::RequestId::from_number(1042) };
            let bound = targets.bind(&TargetId::new("billing-pg").unwrap(), &member(), &subject);
            let bound = bound.map_or_else(|error| error, |binding| binding.key.to_string());
            told.push(format!("    {person}: {bound}"));
        }
    }
    insta::assert_snapshot!("postgres_bindings", told.join("\n"));
}
