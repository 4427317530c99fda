//! Access to a real PostgreSQL, from the request to the evidence on the ticket.

use std::time::Duration;

use jitney::lifecycle::{State, StateWord, View};
use jitney::time::Span;
use serde_json::json;
use tokio_postgres::Client;

use super::stage::{ACTIVE, CARD, Journey};
use crate::servers::postgres::Version;
use crate::targets::postgres::world::{Billing, PERSON_PASSWORD, ROLES};

const POLICY: &str = r#"
[app]
name   = "Billing database"
about  = "PostgreSQL behind the old billing system"
owners = ["bob@example.com"]
layer  = "application"

[roles.repair]
name             = "Repair"
gives            = "A login that reads and repairs invoices"
risk             = "low"
default_duration = "1h"
max_duration     = "8h"
tier             = "manager"
eligible = [{ employment = ["employee"] }]

[[roles.repair.steps]]
target = "billing-pg"
login  = { roles = ["billing_ro", "billing_rw"] }

[roles.read]
name             = "Read"
gives            = "Your own login reads invoices"
risk             = "low"
default_duration = "1h"
max_duration     = "8h"
tier             = "manager"
eligible = [{ employment = ["employee"] }]

[[roles.read.steps]]
target = "billing-pg"
member = { role = "billing_ro" }
"#;

/// The bot with a billing database of this version; none where it is not installed.
async fn start(version: Version) -> Option<(Journey, Billing)> {
    let billing = Billing::new(version, json!({ "login": { "roles": ROLES } }))?;
    let mut j = Journey::start().await;
    std::fs::write(j.world.folder().join("policies/billing.toml"), POLICY).unwrap();
    j.world.reach("billing-pg".parse().unwrap(), billing.settings.clone());
    j.world.stop_bot().await;
    // A process that another test is just forking holds the instance's lock for a moment longer.
    for _ in 0..20 {
        match j.world.start_bot().await {
            Ok(()) => return Some((j, billing)),
            Err(error) => println!("tried again: {error:#}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the bot does not start again");
}

impl Journey {
    /// Opens the window with the credential and logs in with what it shows.
    async fn log_in_as_shown(&self, billing: &Billing, login: &str, database: &str) -> Client {
        let secret = self.secrets.lock().unwrap().iter().next_back().unwrap().clone();
        billing.server.session(login, &secret, database).await.unwrap()
    }

    /// Everything that the ticket of a request says.
    fn ticket(&self, id: jitney::ids::RequestId) -> String {
        let issues = self.world.jira.issues();
        let issue = issues.iter().find(|issue| issue.summary.starts_with(&format!("{id} "))).unwrap();
        let comments = self.world.jira.comments(&issue.key);
        comments.into_iter().map(|comment| comment.text).collect::<Vec<_>>().join("\n")
    }
}

async fn is_dead(session: &Client) -> bool {
    session.simple_query("SELECT 1").await.is_err()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_with_an_open_session_and_things_of_its_own_is_gone_at_the_end() {
    for version in Version::ALL {
        let Some((j, billing)) = start(version).await else { continue };
        let id = j.granted("ann", "billing/repair", "1h", "dana").await;
        let reveal = j.remember("ann", id, ACTIVE, "jit_reveal").await;
        let _ = j.slack().click_stale(&reveal).await;
        let shown = j.modal("ann", "Your credential").await;
        assert!(shown.contains("jit_r1001") && shown.contains("database billing"), "{shown}");
        assert!(shown.contains(j.secrets.lock().unwrap().first().unwrap()), "{shown}");
        j.rest().await;
        let until = "SELECT to_char(rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') \
            FROM pg_roles WHERE rolname = 'jit_r1001'";
        let native: jitney::time::Timestamp = billing.server.ask("billing", until).await.parse().unwrap();
        let end = j.expires_at(id).await;
        assert!(native > end && native < end + Span::hours(1), "{native} after {end}");

        let reading = j.log_in_as_shown(&billing, "jit_r1001", "billing").await;
        reading
            .batch_execute("CREATE TABLE app.copy AS SELECT * FROM app.invoices; SET ROLE billing_ro")
            .await
            .unwrap();
        let other = j.log_in_as_shown(&billing, "jit_r1001", "ledger").await;
        other.batch_execute("CREATE TABLE app.notes (id int)").await.unwrap();

        j.world.playground.clock.jump_to(end);
        j.rest().await;
        j.is(id, StateWord::Revoked).await;
        assert!(is_dead(&reading).await && is_dead(&other).await);
        let secret = j.secrets.lock().unwrap().first().unwrap().clone();
        assert!(billing.server.session("jit_r1001", &secret, "billing").await.is_err());
        let owner = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname IN ('copy', 'notes')";
        for database in ["billing", "ledger"] {
            assert_eq!(billing.server.ask(database, owner).await, "jitney_leftovers");
        }
        let ticket = j.ticket(id);
        for seen in [
            "jit_r1001 can log in, in billing_ro, billing_rw",
            "no role jit_r1001; no session of a dropped role",
        ] {
            assert!(ticket.contains(seen), "{seen} in {ticket}");
        }
        j.slack().close_view("U0ANN").await.unwrap();
        j.until_over().await;
        j.came_and_went_once(id).await;
        j.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_grantors_membership_keeps_the_revocation_open_and_is_named() {
    let Some((j, billing)) = start(Version::V18).await else { return };
    let id = j.granted("ann", "billing/read", "1h", "dana").await;
    let session = billing.server.session("ann@example.com", PERSON_PASSWORD, "billing").await.unwrap();
    session.batch_execute("SET ROLE billing_ro; SELECT * FROM app.invoices").await.unwrap();
    billing.server.run("billing", "SET ROLE dba; GRANT billing_ro TO \"ann@example.com\"").await;
    let end = j.expires_at(id).await;
    j.world.playground.clock.jump_to(end);
    j.rest().await;
    j.is(id, StateWord::Revoking).await;
    j.pass(Span::mins(15)).await;
    let state = j.dossier(id).await.request.state;
    assert!(matches!(state, State::Revoking { stuck_since: Some(_), locked: true, .. }), "{state:?}");
    let ticket = j.ticket(id);
    assert!(ticket.contains("ann@example.com still has billing_ro: granted by dba"), "{ticket}");

    billing.server.run("billing", "SET ROLE dba; REVOKE billing_ro FROM \"ann@example.com\"").await;
    j.pass(Span::mins(15)).await;
    j.is(id, StateWord::Revoked).await;
    assert!(is_dead(&session).await);
    let ticket = j.ticket(id);
    assert!(ticket.contains("ann@example.com does not have billing_ro"), "{ticket}");
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standing_membership_is_told_and_left_alone() {
    let Some((j, billing)) = start(Version::V18).await else { return };
    billing.server.run("billing", "SET ROLE dba; GRANT billing_ro TO \"ann@example.com\"").await;
    let id = j.granted("ann", "billing/read", "1h", "dana").await;
    j.until_over().await;
    j.is(id, StateWord::Revoked).await;
    let ticket = j.ticket(id);
    assert!(ticket.contains("ann@example.com has billing_ro: granted by dba"), "{ticket}");
    let stands = "SELECT pg_has_role('ann@example.com', 'billing_ro', 'MEMBER')";
    assert_eq!(billing.server.ask("billing", stands).await, "t");
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_down_at_the_end_is_stuck_until_the_login_is_seen_gone() {
    for version in Version::ALL {
        let Some((j, billing)) = start(version).await else { continue };
        let id = j.granted("ann", "billing/repair", "1h", "dana").await;
        let end = j.expires_at(id).await;
        billing.server.stop();
        j.world.playground.clock.jump_to(end);
        j.rest().await;
        j.is(id, StateWord::Revoking).await;
        j.pass(Span::mins(15)).await;
        let state = j.dossier(id).await.request.state;
        assert!(matches!(state, State::Revoking { stuck_since: Some(_), locked: true, .. }), "{state:?}");
        assert!(j.words(id, View::Security).await.contains("Ann may still have"));
        assert!(j.words(id, CARD).await.starts_with("Could not be removed yet"));
        let said = j.try_ask("ann", "billing/read", "30m").await.unwrap_err();
        assert!(said.contains("revocation") && said.contains("billing-pg"), "{said}");
        j.look_through().await;

        billing.server.start_again();
        let there = "SELECT count(*) FROM pg_roles WHERE rolname = 'jit_r1001'";
        assert_eq!(billing.server.ask("billing", there).await, "1", "it was there all the time");
        j.pass(Span::mins(15)).await;
        j.is(id, StateWord::Revoked).await;
        assert_eq!(billing.server.ask("billing", there).await, "0");
        assert_eq!(j.times(id, "stuck").await, 1);
        assert_eq!(j.times(id, "lockdown_lifted").await, 1);
        let next = j.ask("ann", "billing/read", "30m").await;
        j.is(next, StateWord::Pending).await;
        j.end().await;
    }
}
