//! Who may ask for a role: everybody of the directory held against its rules.

use std::collections::BTreeMap;

use serde::Serialize;

use super::approve::unable;
use super::eligible::{Standing, auto_approves, standing};
use super::{People, PolicySet, Role, Tier, Visibility};
use crate::ids::{PersonId, RoleRef};
use crate::time::Span;

/// Who may ask for a role, and what is against the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reach {
    /// The role.
    pub role: RoleRef,
    /// How many people have not left.
    pub active: usize,
    /// Who may ask, by id.
    pub may: Vec<Asker>,
    /// How many each rule decides on, in the order of the role; the last is no rule at all.
    pub by_rule: Vec<RuleCount>,
    /// Whether it is retired, so that in truth nobody may.
    pub retired: bool,
    /// Up to this long, nobody is asked.
    pub at_once_under: Option<Span>,
}

/// Somebody who may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asker {
    /// Who.
    pub person: PersonId,
    /// As people call them.
    pub name: String,
    /// The `eligible` rule that lets them, from 0.
    pub eligible: usize,
    /// Whether nobody could approve what they ask for: too few approvers in a stage.
    pub stranded: bool,
}

/// How many people a rule decides on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleCount {
    /// The rule by name and place; none for those whom no rule names.
    pub rule: Option<String>,
    /// Whether it lets them in.
    pub allows: bool,
    /// How many.
    pub people: usize,
}

/// Holds everybody against the role's rules; none when there is no such role.
#[must_use]
pub fn who_may_ask(policies: &PolicySet, people: &People, at: &RoleRef) -> Option<Reach> {
    let (app, role) = policies.role(at)?;
    let tier = policies.tiers.get(&role.tier);
    let mut decided = BTreeMap::<Standing, usize>::new();
    let mut may = Vec::new();
    let mut active = 0;
    for person in people.iter().filter(|person| person.active) {
        active += 1;
        let standing = standing(role, person);
        *decided.entry(standing).or_default() += 1;
        if let Standing::Eligible(eligible) = standing {
            let stranded = tier.is_some_and(|tier| {
                !auto_approves(tier, role.max_duration)
                    && !unable(tier, &app.owners, &person.id, people, people.as_of()).is_empty()
            });
            let (person, name) = (person.id.clone(), person.name.clone());
            may.push(Asker { person, name, eligible, stranded });
        }
    }
    Some(Reach {
        role: at.clone(),
        active,
        may,
        by_rule: counts(at, role, &decided),
        retired: match app.visibility_of(role) {
            Visibility::Retired { .. } => true,
            Visibility::Listed | Visibility::Hidden => false,
        },
        at_once_under: tier.and_then(|tier: &Tier| tier.auto_under),
    })
}

fn counts(at: &RoleRef, role: &Role, decided: &BTreeMap<Standing, usize>) -> Vec<RuleCount> {
    let people = |standing| decided.get(&standing).copied().unwrap_or(0);
    let never = role.never.iter().enumerate().map(|(number, rule)| RuleCount {
        rule: Some(format!("never[{number}] of {at} ({})", rule.place)),
        allows: false,
        people: people(Standing::Never(number)),
    });
    let eligible = role.eligible.iter().enumerate().map(|(number, rule)| RuleCount {
        rule: Some(format!("eligible[{number}] of {at} ({})", rule.place)),
        allows: true,
        people: people(Standing::Eligible(number)),
    });
    let rest = RuleCount { rule: None, allows: false, people: people(Standing::NoRule) };
    never.chain(eligible).chain([rest]).collect()
}
