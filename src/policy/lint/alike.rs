//! People in whom no rule sees a difference: a look at everybody for each role becomes one at each kind of people.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::facts::plain;
use super::super::{Employment, People, Person, PolicySet, Rule};
use crate::ids::{GroupId, PersonId};

/// Everybody of the directory, by what rules can see of them.
pub(super) struct Kinds<'p> {
    kinds: Vec<Vec<&'p Person>>,
    by_person: BTreeMap<&'p PersonId, usize>,
}

impl<'p> Kinds<'p> {
    pub(super) fn of(policies: &'p PolicySet, people: &'p People) -> Self {
        let rules = policies.roles().flat_map(|(_, _, role)| role.eligible.iter().chain(&role.never));
        let named = Named::by(rules);
        let mut numbers = BTreeMap::new();
        let mut kinds: Vec<Vec<&Person>> = Vec::new();
        let mut by_person = BTreeMap::new();
        for person in people.iter() {
            let number = *numbers.entry(named.seen_of(person)).or_insert(kinds.len());
            if number == kinds.len() {
                kinds.push(Vec::new());
            }
            if let Some(kind) = kinds.get_mut(number) {
                kind.push(person);
            }
            by_person.insert(&person.id, number);
        }
        Self { kinds, by_person }
    }

    /// The kinds of whom this is true, which holds of each of a kind or of none.
    pub(super) fn of_whom(&self, is_true: impl Fn(&Person) -> bool) -> Chosen<'_, 'p> {
        let first = |kind: &&Vec<&Person>| kind.first().is_some_and(|person| is_true(person));
        Chosen { kinds: self, chosen: self.kinds.iter().map(|kind| first(&kind)).collect() }
    }
}

/// Some of the kinds.
pub(super) struct Chosen<'k, 'p> {
    kinds: &'k Kinds<'p>,
    chosen: Vec<bool>,
}

impl<'p> Chosen<'_, 'p> {
    pub(super) fn people(&self) -> impl Iterator<Item = &'p Person> + '_ {
        let kinds = self.kinds.kinds.iter().zip(&self.chosen).filter(|(_, chosen)| **chosen);
        kinds.flat_map(|(kind, _)| kind.iter().copied())
    }

    pub(super) fn count(&self) -> usize {
        self.kinds
            .kinds
            .iter()
            .zip(&self.chosen)
            .filter(|(_, chosen)| **chosen)
            .map(|(kind, _)| kind.len())
            .sum()
    }

    pub(super) fn contains(&self, person: &PersonId) -> bool {
        let kind = self.kinds.by_person.get(person);
        kind.and_then(|number| self.chosen.get(*number)).is_some_and(|chosen| *chosen)
    }
}

/// What rules name of the facts that are almost of one person alone.
#[derive(Default)]
struct Named<'r> {
    groups: BTreeSet<&'r GroupId>,
    people: BTreeSet<&'r PersonId>,
}

/// All that a rule can see of a person.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Seen<'p> {
    active: bool,
    employment: Employment,
    department: String,
    title: String,
    location: String,
    groups: Vec<&'p GroupId>,
    person: Option<&'p PersonId>,
    /// What can't be gone by; people share what is said of them.
    doubts: Option<usize>,
}

impl<'r> Named<'r> {
    fn by(rules: impl Iterator<Item = &'r Rule>) -> Self {
        let mut named = Self::default();
        for rule in rules {
            // Whatever else a rule names is in `Seen` as it is.
            let Rule { employment: _, department: _, title: _, location: _, group, person, place: _ } = rule;
            named.groups.extend(group.iter().flatten());
            named.people.extend(person.iter().flatten());
        }
        named
    }

    fn seen_of<'p>(&self, person: &'p Person) -> Seen<'p> {
        let folded = |text: &str| plain(text).collect::<String>();
        Seen {
            active: person.active,
            employment: person.employment,
            department: folded(&person.department),
            title: folded(&person.title),
            location: folded(&person.location),
            groups: person.groups.iter().filter(|group| self.groups.contains(group)).collect(),
            person: Some(&person.id).filter(|id| self.people.contains(id)),
            doubts: person.doubts.as_ref().map(|doubts| Arc::as_ptr(doubts).addr()),
        }
    }
}
