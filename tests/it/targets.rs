//! The contract of every adapter: one table of behaviours, walked over the registry, each adapter against a stand-in
//! of its target. An adapter without a stand-in fails the suite.

pub(crate) mod contract;
mod htpasswd;
pub(crate) mod postgres;
pub(crate) mod proxy;
pub(crate) mod scratch;
pub(crate) mod sim;

use jitney::targets::REGISTRY;

use crate::servers::postgres::Version;
use contract::{BEHAVIOURS, World};

/// How the real server or the stand-in of an adapter's target is set up, and which steps are tried on it.
struct Fixture {
    adapter: &'static str,
    /// None where the server is not installed; that was said then.
    world: fn() -> Option<Box<dyn World>>,
}

const FIXTURES: &[Fixture] = &[
    Fixture { adapter: "htpasswd", world: || Some(htpasswd::with_sessions()) },
    Fixture { adapter: "htpasswd", world: || Some(htpasswd::without_sessions()) },
    Fixture { adapter: "postgres", world: || postgres::world::logins(Version::V15) },
    Fixture { adapter: "postgres", world: || postgres::world::memberships(Version::V15) },
    Fixture { adapter: "postgres", world: || postgres::world::logins(Version::V18) },
    Fixture { adapter: "postgres", world: || postgres::world::memberships(Version::V18) },
    Fixture { adapter: "simulated", world: || Some(sim::logins()) },
    Fixture { adapter: "simulated", world: || Some(sim::memberships()) },
];

#[test]
fn each_adapter_of_the_registry_has_a_fixture() {
    for kind in REGISTRY {
        let is_tried = FIXTURES.iter().any(|fixture| fixture.adapter == kind.name);
        assert!(is_tried, "write a stand-in for `{}` beside this file", kind.name);
    }
}

#[tokio::test]
async fn each_adapter_keeps_the_contract() {
    for fixture in FIXTURES {
        for (name, behaviour) in BEHAVIOURS {
            println!("{}: {name}", fixture.adapter);
            if let Some(world) = (fixture.world)() {
                behaviour(world).await;
            }
        }
    }
}
