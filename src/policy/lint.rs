//! What is lawful in the policies but hardly meant: rights that nobody has, approvals that don't control anything, and
//! names that the directory does not know.

mod alike;
mod getting;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use getting::who_can_get;

use super::eligible::auto_approves;
use super::phrase::printable;
use super::strangers::strangers;
use super::{People, PolicySet, StepSpec};
use crate::ids::{CalendarId, RoleRef};
use crate::time::{Span, Timestamp};

/// A blackout that lasts longer is none, but a ban.
const LONG_BLACKOUT: Span = Span::days(366);

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

/// Looks for roles that nobody can get, tiers and stages that nothing reaches, calendars that nothing goes by, people who approve for each other,
/// roles that give the same, blackouts that are over, and names that the directory does not know. As the files are read.
#[must_use]
pub fn lint(policies: &PolicySet, people: &People) -> Vec<Warning> {
    let mut warnings = unreached_tiers(policies);
    warnings.extend(unused_calendars(policies));
    warnings.extend(same_entitlements(policies));
    warnings.extend(strangers(policies, people));
    warnings.extend(odd_blackouts(policies, people.as_of()));
    warnings.extend(who_can_get(policies, people));
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

/// Calendars that no role begins by and no stage waits by.
fn unused_calendars(policies: &PolicySet) -> Vec<Warning> {
    let of_roles = policies.roles().filter_map(|(_, _, role)| role.hours.as_ref());
    let stages = policies.tiers.values().flat_map(|tier| &tier.stages);
    let of_stages = stages.filter_map(|stage| stage.hours.as_ref()).map(|calendar| &calendar.id);
    let used: BTreeSet<&CalendarId> = of_roles.chain(of_stages).collect();
    let unused = policies.calendars.values().filter(|calendar| !used.contains(&calendar.id));
    unused
        .map(|calendar| {
            let message = format!("nothing goes by the calendar `{}`", calendar.id);
            warning(
                &calendar.place,
                message,
                "name it as `hours` of a role, a tier or a stage, or leave it out",
            )
        })
        .collect()
}

/// Blackouts that are over, last long, or are about nothing.
fn odd_blackouts(policies: &PolicySet, now: Timestamp) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for blackout in &policies.blackouts {
        let mut warn = |message: String, hint: &str| warnings.push(warning(&blackout.place, message, hint));
        let because = &blackout.because;
        if blackout.until <= now {
            let until = blackout.moment(blackout.until);
            warn(format!("the blackout `{because}` is over since {until}"), "leave it out");
        } else if blackout.until.since(blackout.from) > LONG_BLACKOUT {
            let length = blackout.until.since(blackout.from).words();
            let message = format!("the blackout `{because}` lasts {length}");
            warn(message, "retire what is not to be asked for any more: `visibility = \"retired\"`");
        }
        if !policies.roles().any(|(at, _, role)| blackout.covers(&at, role)) {
            let message = format!("the blackout `{because}` is about no role: none of those has its risk");
            warn(message, "write another `risk`, or leave it out");
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

/// A place as files are read: by file, then by number and not by letter.
fn by_line(place: &str) -> (&str, [Option<usize>; 2]) {
    let mut parts = place.rsplitn(3, ':');
    let column = parts.next().and_then(|column| column.parse().ok());
    let line = parts.next().and_then(|line| line.parse().ok());
    (parts.next().unwrap_or(place), [line, column])
}
