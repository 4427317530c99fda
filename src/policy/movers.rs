//! Whose facts changed, and what that takes from them. Taking needs a known fact: what is not known, or too old to go by,
//! is no reason to end what was given for a time.

use super::eligible::{Standing, standing};
use super::facts::{Fit, checks, fit};
use super::{People, Person, PolicySet, Reason, Role, Verdict, reasons};
use crate::ids::{PersonId, RoleRef};

/// What one read of the people changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Movement {
    /// Who was here and has left.
    pub left: Vec<PersonId>,
    /// Who is here still, with other facts that rules look at.
    pub moved: Vec<PersonId>,
    /// How many were here.
    pub of: usize,
}

/// Holds one read of the people against the one before.
#[must_use]
pub fn movement(before: &People, after: &People) -> Movement {
    let mut found = Movement::default();
    for was in before.iter().filter(|person| person.active) {
        found.of += 1;
        match after.get(&was.id).filter(|person| person.active) {
            None => found.left.push(was.id.clone()),
            Some(is) if has_moved(was, is) => found.moved.push(was.id.clone()),
            Some(_) => {}
        }
    }
    found
}

fn has_moved(was: &Person, is: &Person) -> bool {
    was.employment != is.employment
        || was.department != is.department
        || was.title != is.title
        || was.location != is.location
        || was.manager != is.manager
        || was.groups != is.groups
}

/// Whether the person may not any more ask for a role that they might ask for before. Doubts are left aside: they pass.
#[must_use]
pub fn loses_a_role(policies: &PolicySet, before: &Person, after: &Person) -> bool {
    let undoubted = |person: &Person| Person { doubts: None, ..person.clone() };
    let (before, after) = (undoubted(before), undoubted(after));
    let may = |role: &Role, person: &Person| matches!(standing(role, person), Standing::Eligible(_));
    let mut roles = policies.apps.values().flat_map(|app| app.roles.values());
    roles.any(|role| may(role, &before) && !may(role, &after))
}

/// Why the rules on people do not let this person have the role any more, as far as that is known; granted when they do,
/// when it is not known, and when there is no such role any more: then what was given ends in its time.
#[must_use]
pub fn no_longer_fits(policies: &PolicySet, people: &People, id: &PersonId, at: &RoleRef) -> Verdict {
    let Some((person, (_, role))) = people.get(id).zip(policies.role(at)) else {
        return Verdict::Granted(Vec::new());
    };
    let mut against = Vec::new();
    for (number, rule) in role.never.iter().enumerate() {
        let checks = checks(rule, person);
        if fit(&checks) == Fit::Yes {
            against.push(reasons::never(at, number, &rule.place, &checks));
        }
    }
    if !against.is_empty() {
        return Verdict::from_reasons(against, Vec::new());
    }
    let tried: Vec<_> = role.eligible.iter().map(|rule| checks(rule, person)).collect();
    let is_out = !tried.is_empty() && tried.iter().all(|checks| fit(checks) == Fit::No);
    let reason: Option<Reason> = is_out.then(|| reasons::not_eligible(at, role, &tried));
    Verdict::from_reasons(reason.into_iter().collect(), Vec::new())
}
