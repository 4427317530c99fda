//! Roles that nobody can get, and approvals that control nobody.

use std::collections::{BTreeMap, BTreeSet};

use super::super::approve::{stage_approvers, unable};
use super::super::eligible::{auto_approves, may_have};
use super::super::phrase::listed;
use super::super::{App, People, PolicySet, Role, Tier};
use super::alike::{Chosen, Kinds};
use super::{Warning, warning};
use crate::ids::{PersonId, RoleRef, TierId};

/// Those whose request too few could approve, by the number of the stage.
type Stranded<'p> = BTreeMap<u32, BTreeSet<&'p PersonId>>;

pub(super) fn who_can_get(policies: &PolicySet, people: &People) -> Vec<Warning> {
    let kinds = Kinds::of(policies, people);
    // The same for all roles of a tier whose apps have the same owners.
    let mut stranded = BTreeMap::<(&TierId, &[PersonId]), Stranded<'_>>::new();
    let mut warnings = Vec::new();
    for (at, app, role) in policies.roles() {
        let eligible = kinds.of_whom(|person| may_have(role, person));
        if eligible.count() == 0 {
            warnings.push(nobody(&at, role));
            continue;
        }
        let Some(tier) = policies.tiers.get(&role.tier) else { continue };
        warnings.extend(among_themselves(people, &at, app, tier, &eligible));
        if !auto_approves(tier, role.max_duration) {
            let all = stranded
                .entry((&tier.id, &app.owners))
                .or_insert_with(|| stranded_by(people, &app.owners, tier));
            warnings.extend(some_stranded(&at, tier, &eligible, all));
        }
    }
    warnings
}

fn nobody(at: &RoleRef, role: &Role) -> Warning {
    let message = format!("nobody of the directory is eligible for {at}");
    let hint = format!("`jitney policy who {at}` counts what is against them");
    warning(role.place_of("eligible"), message, hint)
}

/// Every stage asks exactly those who may ask: they approve for each other.
fn among_themselves(
    people: &People,
    at: &RoleRef,
    app: &App,
    tier: &Tier,
    eligible: &Chosen<'_, '_>,
) -> Option<Warning> {
    let count = eligible.count();
    if count < 2 || tier.stages.is_empty() {
        return None;
    }
    let mut asked = vec![BTreeSet::new(); tier.stages.len()];
    for asker in eligible.people() {
        for (all, stage) in
            asked.iter_mut().zip(stage_approvers(tier, &app.owners, &asker.id, people, people.as_of()))
        {
            // Somebody else is enough, and comes early.
            if !stage.asked.iter().all(|approver| eligible.contains(approver)) {
                return None;
            }
            all.extend(stage.asked);
        }
    }
    asked.iter().all(|stage| stage.len() == count).then(|| {
        let askers: BTreeSet<&str> = eligible.people().map(|person| person.id.as_str()).collect();
        let message = format!(
            "those who approve {at} are those who may ask for it: {} approve for each other",
            listed(askers, "and")
        );
        warning(&tier.place, message, "ask somebody else in one of its stages, such as `manager` or `owners`")
    })
}

fn stranded_by<'p>(people: &'p People, owners: &[PersonId], tier: &Tier) -> Stranded<'p> {
    let mut stranded = Stranded::new();
    for person in people.iter() {
        for (stage, _) in unable(tier, owners, &person.id, people, people.as_of()) {
            stranded.entry(stage).or_default().insert(&person.id);
        }
    }
    stranded
}

/// Eligible people whose request too few could approve, by stage.
fn some_stranded(at: &RoleRef, tier: &Tier, eligible: &Chosen<'_, '_>, all: &Stranded<'_>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for (number, stranded) in all {
        let who: Vec<&str> =
            stranded.iter().filter(|id| eligible.contains(id)).map(|id| id.as_str()).collect();
        if who.is_empty() {
            continue;
        }
        let who = if who.len() == eligible.count() {
            "anybody who is eligible".to_owned()
        } else {
            listed(who, "or")
        };
        let stage = usize::try_from(*number).ok().and_then(|number| tier.stages.get(number));
        let place = stage.map_or(&tier.place, |stage| &stage.place);
        let stage = format!("stage {} of tier {}", u64::from(*number) + 1, tier.id);
        let message = format!("too few could approve {stage} when {who} asks for {at}");
        warnings.push(warning(place, message, "name more approvers, or a `fallback`"));
    }
    warnings
}
