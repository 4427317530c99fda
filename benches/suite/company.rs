//! The people and policies of the benchmarks: a company of ten thousand, and their managers.

use std::collections::BTreeMap;

use jitney::ids::PersonId;
use jitney::policy::{Employment, Person};

/// What they may ask for: the example policies.
pub(crate) const POLICIES: [(&str, &str); 3] = [
    ("tiers.toml", include_str!("../../policies/tiers.toml")),
    ("wiki.toml", include_str!("../../policies/wiki.toml")),
    ("reports.toml", include_str!("../../policies/reports.toml")),
];
/// Who asks.
pub(crate) const PEOPLE: u64 = 10_000;
/// Who agrees: one for each hundred.
const MANAGERS: u64 = 100;

/// Somebody who asks.
pub(crate) fn asker(number: u64) -> anyhow::Result<PersonId> {
    Ok(PersonId::new(&format!("p{number}@example.com"))?)
}

/// Who agrees to what they ask.
pub(crate) fn manager(number: u64) -> anyhow::Result<PersonId> {
    Ok(PersonId::new(&format!("boss{}@example.com", number % MANAGERS))?)
}

/// The Slack account of somebody who asks.
pub(crate) fn account(number: u64) -> String {
    format!("U2{number:09}")
}

/// The Slack account of who agrees to what they ask.
pub(crate) fn manager_account(number: u64) -> String {
    format!("U1{:09}", number % MANAGERS)
}

/// The first `askers` of the company, and all managers.
pub(crate) fn people(askers: u64) -> anyhow::Result<Vec<Person>> {
    let person = |id: PersonId, name: String, slack: String, manager| Person {
        id,
        name,
        employment: Employment::Employee,
        department: "Engineering".to_owned(),
        location: "Lisbon".to_owned(),
        manager,
        groups: Default::default(),
        active: true,
        slack: slack.parse().ok(),
        operator_login: None,
        title: String::new(),
        doubts: None,
    };
    let mut people = Vec::new();
    for number in 0..MANAGERS {
        people.push(person(manager(number)?, format!("Boss {number}"), manager_account(number), None));
    }
    for number in 0..askers {
        let manager = manager(number)?;
        people.push(person(asker(number)?, format!("Person {number}"), account(number), Some(manager)));
    }
    Ok(people)
}

/// The same as the file that `serve` reads.
pub(crate) fn people_toml(askers: u64) -> anyhow::Result<String> {
    Ok(toml::to_string(&BTreeMap::from([("people", people(askers)?)]))?)
}
