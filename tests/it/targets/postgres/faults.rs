//! What goes wrong on the way to a server and on it: which outcome it is, and that the next try heals.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::world::{BOT_PASSWORD, Billing, ROLES};
use crate::servers::postgres::Version;
use crate::targets::contract::{Grant, word_of};
use crate::targets::proxy::{Proxy, Weather};

fn login() -> Value {
    json!({ "login": { "roles": ROLES } })
}

fn member() -> Value {
    json!({ "member": { "role": "billing_ro" } })
}

/// As the outbox calls: within a time-out.
async fn word(grant: &Grant, op: &str) -> &'static str {
    match tokio::time::timeout(Duration::from_secs(3), grant.does(op)).await {
        Ok(outcome) => word_of(&outcome),
        Err(_) => "no answer",
    }
}

#[tokio::test]
async fn each_fault_of_the_way_has_its_outcome_and_the_next_try_heals() {
    use Weather::{CutAfter, CutBefore, Hangs, Refuses, SilentAfter};
    for version in Version::ALL {
        let Some(world) = Billing::new(version, login()) else { continue };
        let proxy = Proxy::before(world.server.port).await;
        let adapter = world.adapter_with(json!({
            "port": proxy.port, "tls": "disable", "ca_file": null, "connect_time_out": "1s",
        }));
        let mut number = 2000;
        for (params, gives, takes) in
            [(login(), "CREATE ROLE", "DROP ROLE"), (member(), "GRANT \"billing_ro\"", "REVOKE ")]
        {
            for (weather, at_grant, then, at_revoke, last) in [
                (Refuses, "retry", "not found", "retry", "found"),
                (Hangs, "retry", "not found", "retry", "found"),
                (CutBefore(gives), "retry, may have landed", "not found", "done", "not found"),
                (CutBefore(takes), "done", "found", "retry, may have landed", "found"),
                (CutAfter(gives), "retry, may have landed", "found", "done", "not found"),
                (CutAfter(takes), "done", "found", "retry, may have landed", "not found"),
                (SilentAfter(gives), "no answer", "found", "done", "not found"),
                (SilentAfter(takes), "done", "found", "no answer", "not found"),
            ] {
                let what = format!("{version:?} {params} {weather:?}");
                let person = format!("person{}@example.com", number - 2000);
                let grant = Grant::of(Arc::clone(&adapter), &params, number, &person);
                number += 1;
                proxy.set(weather.clone());
                assert_eq!(word(&grant, "grant").await, at_grant, "{what}");
                proxy.set(Weather::Clear);
                assert_eq!(word(&grant, "verify").await, then, "{what}");
                assert!(["done", "already"].contains(&word(&grant, "grant").await), "{what}");
                assert_eq!(word(&grant, "verify").await, "found", "{what}");

                proxy.set(weather.clone());
                assert_eq!(word(&grant, "revoke").await, at_revoke, "{what}");
                let blind = if matches!(weather, Refuses | Hangs) { "retry" } else { last };
                assert_eq!(word(&grant, "verify_gone").await, blind, "{what}");
                proxy.set(Weather::Clear);
                assert_eq!(word(&grant, "verify_gone").await, last, "{what}");
                assert!(["done", "already"].contains(&word(&grant, "revoke").await), "{what}");
                assert_eq!(word(&grant, "verify_gone").await, "not found", "{what}");
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_tried_again() {
    for version in Version::ALL {
        let Some(world) = Billing::new(version, login()) else { continue };
        for params in [login(), member()] {
            let grant = world.grant(&params, 1042, "ann@example.com");
            grant.expect("grant", "done").await;
            world.server.stop();
            for op in ["snapshot", "grant", "verify", "revoke", "verify_gone"] {
                grant.expect(op, "retry").await;
            }
            world.server.start_again();
            grant.expect("verify_gone", "found").await;
            grant.expect("revoke", "done").await;
            grant.expect("verify_gone", "not found").await;
        }
    }
}

#[tokio::test]
async fn an_account_that_is_closed_in_the_middle_is_told_and_heals() {
    for version in Version::ALL {
        let Some(world) = Billing::new(version, login()) else { continue };
        for params in [login(), member()] {
            for (close, open) in [
                ("PASSWORD 'another'".to_owned(), format!("PASSWORD '{BOT_PASSWORD}'")),
                ("NOLOGIN".to_owned(), "LOGIN".to_owned()),
            ] {
                let grant = world.grant(&params, 1042, "ann@example.com");
                grant.expect("grant", "done").await;
                world.server.run("billing", &format!("ALTER ROLE jitney {close}")).await;
                for op in ["snapshot", "grant", "verify", "revoke", "verify_gone"] {
                    grant.expect(op, "fatal").await;
                }
                world.server.run("billing", &format!("ALTER ROLE jitney {open}")).await;
                grant.expect("revoke", "done").await;
                grant.expect("verify_gone", "not found").await;
            }
        }
    }
}

#[tokio::test]
async fn a_password_is_changed_without_a_restart() {
    let Some(world) = Billing::new(Version::V15, login()) else { return };
    let grant = world.grant(&login(), 1042, "ann@example.com");
    grant.expect("grant", "done").await;
    world.server.run("billing", "ALTER ROLE jitney PASSWORD 'rotated'").await;
    world.write("password", "rotated");
    grant.expect("revoke", "done").await;
}

/// Somebody's sync gives what we took, again and again: each look says what is there.
#[tokio::test]
async fn a_membership_that_comes_back_is_seen_each_time() {
    for version in Version::ALL {
        let Some(world) = Billing::new(version, member()) else { continue };
        let grant = world.grant(&member(), 1042, "ann@example.com");
        grant.expect("grant", "done").await;
        grant.expect("revoke", "done").await;
        for _ in 0..3 {
            grant.expect("verify_gone", "not found").await;
            world.server.run("billing", "GRANT billing_ro TO \"ann@example.com\"").await;
            grant.expect("verify_gone", "found").await;
            world.server.run("billing", "REVOKE billing_ro FROM \"ann@example.com\"").await;
        }
    }
}
