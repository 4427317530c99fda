//! What is lawful in the policies but hardly meant: rights that nobody has, approvals that don't control anything, and
//! names that the directory does not know.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::approve::{stage_approvers, unable};
use super::eligible::{auto_approves, may_have};
use super::phrase::{listed, printable};
use super::strangers::strangers;
use super::{App, People, Person, PolicySet, Role, StepSpec, Tier};
use crate::ids::{PersonId, RoleRef};

/// Something lawful in the policies that is hardly meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Where: `policies/billing.toml:7:1`.
    pub place: String,
    /// What, and what comes of it.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.message, self.hint)
    }
}

/// Looks for roles that nobody can get, tiers and stages that nothing reaches, people who approve for each other,
/// roles that give the same, and names that the directory does not know. As the files are read.
#[must_use]
pub fn lint(policies: &PolicySet, people: &People) -> Vec<Warning> {
    let mut warnings = unreached_tiers(policies);
    warnings.extend(same_entitlements(policies));
    warnings.extend(strangers(policies, people));
    for (at, app, role) in policies.roles() {
        warnings.extend(who_can_get(policies, people, &at, app, role));
    }
    warnings.sort_by(|a, b| (by_line(&a.place), &a.message).cmp(&(by_line(&b.place), &b.message)));
    warnings
}

pub(super) fn warning(place: &str, message: String, hint: impl Into<String>) -> Warning {
    Warning { place: place.to_owned(), message: printable(&message), hint: printable(&hint.into()) }
}

/// Tiers without a role, and stages that everything passes by.
fn unreached_tiers(policies: &PolicySet) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for tier in policies.tiers.values() {
        let mut longest = None;
        for (_, _, role) in policies.roles().filter(|(_, _, role)| role.tier == tier.id) {
            longest = longest.max(Some(role.max_total));
        }
        match longest {
            None => {
                let message = format!("no role uses the tier `{}`", tier.id);
                warnings.push(warning(&tier.place, message, "name it in a role, or leave it out"));
            }
            Some(longest) if auto_approves(tier, longest) => {
                let message = format!(
                    "nobody is ever asked by the tier `{}`: no role of it lasts longer than {}, which approves itself",
                    tier.id,
                    longest.words()
                );
                warnings.push(warning(&tier.place, message, "write a shorter `auto_under`"));
            }
            Some(_) => {}
        }
    }
    warnings
}

/// Two roles with one entitlement: the end of one leaves it to the other. What issues a credential is made anew
/// for each grant, so it can't be the same.
fn same_entitlements(policies: &PolicySet) -> Vec<Warning> {
    let mut first = BTreeMap::<(String, String, String), RoleRef>::new();
    let mut warnings = Vec::new();
    for (at, _, role) in policies.roles() {
        let shared = |step: &&StepSpec| !step.issues_credential;
        for step in role.steps.iter().filter(shared) {
            let key = (step.target.to_string(), step.label.clone(), step.params.to_string());
            match first.get(&key) {
                Some(other) if *other != at => {
                    let message = format!("{at} gives what {other} gives: {} on {}", step.label, step.target);
                    let hint = "the weaker of the two decides who gets it; give it by one role";
                    warnings.push(warning(&role.place, message, hint));
                }
                Some(_) => {}
                None => {
                    first.insert(key, at.clone());
                }
            }
        }
    }
    warnings
}

fn who_can_get(policies: &PolicySet, people: &People, at: &RoleRef, app: &App, role: &Role) -> Vec<Warning> {
    let eligible: Vec<&Person> = people.iter().filter(|person| may_have(role, person)).collect();
    if eligible.is_empty() {
        let message = format!("nobody of the directory is eligible for {at}");
        let hint = format!("`jitney policy who {at}` counts what is against them");
        return vec![warning(role.place_of("eligible"), message, hint)];
    }
    let Some(tier) = policies.tiers.get(&role.tier) else { return Vec::new() };
    let mut warnings: Vec<Warning> = among_themselves(people, at, app, tier, &eligible).into_iter().collect();
    if !auto_approves(tier, role.max_duration) {
        warnings.extend(stranded(people, at, app, tier, &eligible));
    }
    warnings
}

/// Every stage asks exactly those who may ask: they approve for each other.
fn among_themselves(
    people: &People,
    at: &RoleRef,
    app: &App,
    tier: &Tier,
    eligible: &[&Person],
) -> Option<Warning> {
    let askers: BTreeSet<&PersonId> = eligible.iter().map(|person| &person.id).collect();
    if askers.len() < 2 || tier.stages.is_empty() {
        return None;
    }
    let mut asked = vec![BTreeSet::new(); tier.stages.len()];
    for asker in &askers {
        for (all, stage) in asked.iter_mut().zip(stage_approvers(tier, &app.owners, asker, people)) {
            all.extend(stage.asked);
        }
    }
    let same = |stage: &BTreeSet<PersonId>| stage.iter().eq(askers.iter().copied());
    asked.iter().all(same).then(|| {
        let message = format!(
            "those who approve {at} are those who may ask for it: {} approve for each other",
            listed(askers.iter().map(|id| id.as_str()), "and")
        );
        warning(&tier.place, message, "ask somebody else in one of its stages, such as `manager` or `owners`")
    })
}

/// Eligible people whose request too few could approve, by stage.
fn stranded(people: &People, at: &RoleRef, app: &App, tier: &Tier, eligible: &[&Person]) -> Vec<Warning> {
    let mut by_stage = BTreeMap::<u32, BTreeSet<&str>>::new();
    for person in eligible {
        for (stage, _) in unable(tier, &app.owners, &person.id, people) {
            by_stage.entry(stage).or_default().insert(person.id.as_str());
        }
    }
    let told = |(number, who): (u32, BTreeSet<&str>)| {
        let who = if who.len() == eligible.len() {
            "anybody who is eligible".to_owned()
        } else {
            listed(who, "or")
        };
        let stage = usize::try_from(number).ok().and_then(|number| tier.stages.get(number));
        let place = stage.map_or(&tier.place, |stage| &stage.place);
        let stage = format!("stage {} of tier {}", u64::from(number) + 1, tier.id);
        let message = format!("too few could approve {stage} when {who} asks for {at}");
        warning(place, message, "name more approvers, or a `fallback`")
    };
    by_stage.into_iter().map(told).collect()
}

/// A place as files are read: by file, then by number and not by letter.
fn by_line(place: &str) -> (&str, [Option<usize>; 2]) {
    let mut parts = place.rsplitn(3, ':');
    let column = parts.next().and_then(|column| column.parse().ok());
    let line = parts.next().and_then(|line| line.parse().ok());
    (parts.next().unwrap_or(place), [line, column])
}
