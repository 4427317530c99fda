//! What sources tell of people, and the people of the people file with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{GroupId, PersonId, SlackUserId};
use crate::policy::{Fact, Origin, People, Person};
use crate::time::Timestamp;

/// Whose facts they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// A person by id.
    Person(PersonId),
    /// Whoever has this account in Slack.
    Account(SlackUserId),
}

impl Whose {
    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Person(id) => id.as_str(),
            Self::Account(id) => id.as_str(),
        }
    }
}

/// What a source tells of one person. What is missing is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// Of whom.
    pub whose: Whose,
    /// False when they have left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Where they work in the company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// What they are called there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where they work on the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Who they report to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<PersonId>,
    /// Their groups, all of those that the source knows.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<GroupId>,
}

impl Told {
    /// Nothing of somebody yet.
    #[must_use]
    pub const fn of(whose: Whose) -> Self {
        Self {
            whose,
            active: None,
            department: None,
            title: None,
            location: None,
            manager: None,
            groups: BTreeSet::new(),
        }
    }
}

/// What a source told last.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The source, and of when it is.
    pub origin: Origin,
    /// All of it; none when it has told nothing yet.
    pub told: Option<Arc<Vec<Told>>>,
}

/// The people of the people file, with what each source tells of them. What a source is the authority for is taken from it
/// alone; whether somebody is here is the exception: who has left by any of them has left. `accounts` knows whose an
/// account is that the file does not name.
#[must_use]
pub fn overlay(
    base: &People,
    layers: &[Layer],
    accounts: impl Fn(&SlackUserId) -> Option<PersonId>,
    now: Timestamp,
) -> People {
    let mut people: BTreeMap<PersonId, Person> =
        base.iter().map(|person| (person.id.clone(), person.clone())).collect();
    let mut untold: BTreeMap<PersonId, u32> = BTreeMap::new();
    for (number, layer) in layers.iter().enumerate() {
        people.values_mut().for_each(|person| clear(person, &layer.origin.gives));
        let Some(told) = &layer.told else { continue };
        let mut heard: BTreeSet<PersonId> = BTreeSet::new();
        for told in told.iter() {
            let id = match &told.whose {
                Whose::Person(id) => Some(id.clone()),
                Whose::Account(account) => {
                    base.by_slack(account).map(|person| person.id.clone()).or_else(|| accounts(account))
                }
            };
            let Some(person) = id.as_ref().and_then(|id| people.get_mut(id)) else { continue };
            take(person, told, &layer.origin.gives);
            heard.insert(person.id.clone());
        }
        let bit = 1_u32.checked_shl(u32::try_from(number).unwrap_or(u32::MAX)).unwrap_or_default();
        for id in people.keys().filter(|id| !heard.contains(*id)) {
            *untold.entry(id.clone()).or_default() |= bit;
        }
    }
    let origins = layers.iter().map(|layer| layer.origin.clone()).collect();
    People::new(people.into_values(), base.as_of(), base.max_age()).with_origins(origins, untold, now)
}

/// What the people file says of these facts counts no more.
fn clear(person: &mut Person, gives: &BTreeSet<Fact>) {
    for fact in gives {
        match fact {
            Fact::Active => {}
            Fact::Department => person.department.clear(),
            Fact::Title => person.title.clear(),
            Fact::Location => person.location.clear(),
            Fact::Manager => person.manager = None,
            Fact::Groups | Fact::UserGroups => person.groups.retain(|group| Fact::of_group(group) != *fact),
        }
    }
}

fn take(person: &mut Person, told: &Told, gives: &BTreeSet<Fact>) {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    for fact in gives {
        match fact {
            Fact::Active => person.active &= told.active.unwrap_or(true),
            Fact::Department => person.department = text(&told.department),
            Fact::Title => person.title = text(&told.title),
            Fact::Location => person.location = text(&told.location),
            // Nobody is above themselves.
            Fact::Manager => person.manager = told.manager.clone().filter(|manager| *manager != person.id),
            Fact::Groups | Fact::UserGroups => {
                let own = told.groups.iter().filter(|group| Fact::of_group(group) == *fact);
                person.groups.extend(own.cloned());
            }
        }
    }
}
