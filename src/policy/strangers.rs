//! Names in the policies that the directory does not know: a slip of the finger lets nobody in, or forbids nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::plain;
use super::lint::{Warning, warning};
use super::{ApproverRef, People, Person, PolicySet, Rule};
use crate::ids::{OnCallId, PersonId};
use crate::nearest::nearest;

/// Every department, title, location, group and person that a rule, an app or a tier names and nobody of the directory has.
pub(super) fn strangers(policies: &PolicySet, people: &People) -> Vec<Warning> {
    let known = Known::of(people);
    let mut found = Vec::new();
    for app in policies.apps.values() {
        for role in app.roles.values() {
            for rule in role.eligible.iter().chain(&role.never) {
                found.extend(known.rule(rule));
            }
        }
        // The file's first line stands for the app: where `owners` is, the app does not remember.
        let place = app.roles.values().next().map_or("", |role| role.place.as_str());
        let file = place.rsplitn(3, ':').last().unwrap_or(place);
        for owner in &app.owners {
            found.extend(known.person(&format!("{file}:1:1"), &format!("the owner of {}", app.id), owner));
        }
    }
    for tier in policies.tiers.values() {
        for stage in &tier.stages {
            let lists = [&stage.approvers, &stage.escalate_to, &stage.fallback];
            let named: BTreeSet<&ApproverRef> = lists.into_iter().flatten().collect();
            found.extend(named.into_iter().filter_map(|named| known.approver(&stage.place, named)));
        }
    }
    found
}

/// On-call schedules that tiers name and the configuration does not have.
#[must_use]
pub fn unknown_schedules(policies: &PolicySet, configured: &BTreeSet<OnCallId>) -> Vec<Warning> {
    let mut found = Vec::new();
    for stage in policies.tiers.values().flat_map(|tier| &tier.stages) {
        let mut named = BTreeSet::new();
        for reference in stage.references() {
            match reference {
                ApproverRef::OnCall(name) if !configured.contains(name) => {
                    named.insert(name);
                }
                ApproverRef::Manager
                | ApproverRef::Owners
                | ApproverRef::Person(_)
                | ApproverRef::Group(_)
                | ApproverRef::OnCall(_) => {}
            }
        }
        for name in named {
            let message = format!("the configuration has no `[oncall.{name}]`, so it comes to nobody");
            let hint = match nearest(name.as_str(), configured.iter().map(OnCallId::as_str)) {
                Some(near) => format!("did you mean `oncall:{near}`?"),
                None => "write the table into jitney.toml, or ask somebody else".to_owned(),
            };
            found.push(warning(&stage.place, message, hint));
        }
    }
    found
}

/// What the directory's people have, as it is compared, with how the directory writes it.
struct Known<'p> {
    people: &'p People,
    departments: BTreeMap<String, &'p str>,
    titles: BTreeMap<String, &'p str>,
    locations: BTreeMap<String, &'p str>,
    groups: BTreeSet<&'p str>,
}

impl<'p> Known<'p> {
    fn of(people: &'p People) -> Self {
        let values = |fact: fn(&Person) -> &str| -> BTreeMap<String, &'p str> {
            people.iter().map(|person| (plain(fact(person)).collect(), fact(person).trim())).collect()
        };
        Self {
            people,
            departments: values(|person| &person.department),
            titles: values(|person| &person.title),
            locations: values(|person| &person.location),
            groups: people.iter().flat_map(|person| &person.groups).map(|group| group.as_str()).collect(),
        }
    }

    fn rule(&self, rule: &Rule) -> Vec<Warning> {
        let mut found = Vec::new();
        for (fact, wanted, has) in [
            ("department", &rule.department, &self.departments),
            ("title", &rule.title, &self.titles),
            ("location", &rule.location, &self.locations),
        ] {
            for value in wanted.iter().flatten() {
                if !has.contains_key(&plain(value).collect::<String>()) {
                    let near = nearest(value, has.values().copied().filter(|value| !value.is_empty()));
                    found.push(nobody(&rule.place, &format!("the {fact} `{value}`"), near));
                }
            }
        }
        for group in rule.group.iter().flatten().filter(|group| !self.groups.contains(group.as_str())) {
            let near = nearest(group.as_str(), self.groups.iter().copied());
            found.push(nobody(&rule.place, &format!("the group `{group}`"), near));
        }
        let named = rule.person.iter().flatten();
        found.extend(named.filter_map(|id| self.person(&rule.place, "the person", id)));
        found
    }

    fn approver(&self, place: &str, approver: &ApproverRef) -> Option<Warning> {
        match approver {
            // Names of schedules are held against the configuration.
            ApproverRef::Manager | ApproverRef::Owners | ApproverRef::OnCall(_) => None,
            ApproverRef::Person(id) => self.person(place, "the approver", id),
            ApproverRef::Group(group) if self.people.members(group).any(|person| person.active) => None,
            ApproverRef::Group(group) => {
                let near = nearest(group.as_str(), self.groups.iter().copied());
                Some(nobody(
                    place,
                    &format!("the group `{group}`"),
                    near.filter(|near| *near != group.as_str()),
                ))
            }
        }
    }

    fn person(&self, place: &str, what: &str, id: &PersonId) -> Option<Warning> {
        match self.people.get(id) {
            Some(person) if person.active => None,
            Some(_) => Some(warning(place, format!("{what}, {id}, has left"), "name somebody else")),
            None => {
                let message = format!("{what}, {id}, is not in the directory");
                Some(warning(place, message, hint(self.namesake(id).as_deref())))
            }
        }
    }

    /// Somebody of the same domain with nearly that name: the domain alone makes nobody alike.
    fn namesake(&self, id: &PersonId) -> Option<String> {
        let (name, domain) = id.as_str().split_once('@').unwrap_or((id.as_str(), ""));
        let known = self.people.iter().map(|person| person.id.as_str());
        let of_domain = known.filter_map(|id| {
            let (name, other) = id.split_once('@').unwrap_or((id, ""));
            (other == domain).then_some(name)
        });
        let near = nearest(name, of_domain)?;
        Some(if domain.is_empty() { near.to_owned() } else { format!("{near}@{domain}") })
    }
}

fn nobody(place: &str, what: &str, near: Option<&str>) -> Warning {
    warning(place, format!("nobody of the directory has {what}"), hint(near))
}

fn hint(near: Option<&str>) -> String {
    match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "correct it here or in the directory, or leave it out".to_owned(),
    }
}
