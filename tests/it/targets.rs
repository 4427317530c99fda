//! The contract of every adapter: one table of behaviours, walked over the registry, each adapter against a stand-in
//! of its target. An adapter without a stand-in fails the suite.

pub(crate) mod contract;
mod htpasswd;
pub(crate) mod okta;
mod okta_app;
mod okta_faults;
pub(crate) mod postgres;
pub(crate) mod proxy;
pub(crate) mod scratch;
pub(crate) mod sim;

use std::collections::BTreeMap;

use jitney::ids::TargetId;
use jitney::policy::SourceFile;
use jitney::targets::{REGISTRY, Targets};
use serde_json::Value;

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
    Fixture { adapter: "okta_group", world: okta::groups },
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

/// What stands in docs/targets.md can be copied: targets, policies, and steps alone.
#[test]
fn the_examples_of_the_documentation_are_understood() {
    let page = include_str!("../../docs/targets.md");
    let examples: Vec<_> =
        page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let beginning = |with: &'static str| examples.iter().filter(move |text| text.starts_with(with)).copied();
    let mut settings = BTreeMap::new();
    for table in beginning("[targets.") {
        let mut parsed: BTreeMap<String, BTreeMap<TargetId, Value>> = toml::from_str(table).unwrap();
        settings.append(&mut parsed.remove("targets").unwrap());
    }
    for kind in REGISTRY {
        let is_shown = settings.values().any(|table| table["adapter"] == kind.name);
        assert!(is_shown, "docs/targets.md shows no `{}`", kind.name);
    }
    let targets = Targets::from_settings(&settings).unwrap();
    let role = "[app]\nname = \"Example\"\nowners = [\"dana@example.com\"]\nlayer = \"application\"\n\
        [roles.admin]\nname = \"Admin\"\ngives = \"All\"\nrisk = \"high\"\ndefault_duration = \"1h\"\n\
        max_duration = \"1h\"\ntier = \"manager\"\neligible = [{ employment = [\"employee\"] }]\n";
    let steps = beginning("[[roles.admin.steps]]").map(|steps| format!("{role}{steps}"));
    let policies: Vec<_> = beginning("[app]").map(str::to_owned).chain(steps).collect();
    assert_eq!(policies.len() + beginning("[targets.").count(), examples.len(), "an example of another kind");
    for policy in &policies {
        let file =
            |name: &str, text: &str| SourceFile { name: format!("policies/{name}"), text: text.to_owned() };
        let tiers = file("tiers.toml", include_str!("../../policies/tiers.toml"));
        let issues = jitney::policy::parse(&[tiers, file("example.toml", policy)], &targets).err();
        assert!(issues.is_none(), "{issues:#?}");
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
