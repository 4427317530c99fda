//! The facts of a decision, as the engine would read them: computed from the requests, never made up.

use std::collections::{BTreeMap, BTreeSet};

use jitney::ids::{EntitlementKey, PersonId, RequestId, TargetId};
use jitney::lifecycle::{Actor, Claim, Event, Facts, Kind, Presence, Request, State, StepTerms};
use jitney::policy::Verdict;

use super::world::World;

type Requests = BTreeMap<RequestId, Request>;

/// The same thing on the same target of the same person: its calls go out one at a time.
pub(crate) type Thing = (TargetId, PersonId, EntitlementKey);

/// The facts for an event of a request.
pub(crate) fn of_event(
    world: &World,
    requests: &Requests,
    locked: BTreeSet<TargetId>,
    request: &Request,
    event: &Event,
) -> Facts {
    let mut facts = Facts::alone();
    let who = &request.requester.id;
    facts.operators = world.operators.len();
    facts.breakers_open = world.breakers_open.clone();
    facts.lockdowns = locked;
    facts.claims = claims(requests, request.id, who, &request.terms.steps);
    facts.still_eligible = world.eligible(who, &request.ask);
    facts.stages = world.stages(request);
    facts.verdict = verdict(world, request, event);
    facts.valid_votes = valid_votes(world, request, event, &facts.verdict);
    if let Kind::Extension { parent } = request.kind {
        facts.parent = requests.get(&parent).and_then(|p| world.parent(p));
    }
    let others = || requests.values().filter(|r| r.id != request.id && r.requester.id == *who);
    facts.other_grants = others()
        .filter(|r| is_live(r))
        .map(|r| (r.id, r.terms.steps.iter().map(|s| s.target.clone()).collect()))
        .collect();
    facts.held = others().filter(|r| matches!(&r.state, State::Pending(p) if p.held)).map(|r| r.id).collect();
    facts.open_extensions = others()
        .filter(|r| r.kind == Kind::Extension { parent: request.id } && matches!(r.state, State::Pending(_)))
        .map(|r| r.id)
        .collect();
    facts
}

fn verdict(world: &World, request: &Request, event: &Event) -> Verdict {
    match (event, &request.state) {
        (
            Event::Approve { by, .. } | Event::Deny { by, .. } | Event::Question { by, .. },
            State::Pending(p),
        ) => match by.person() {
            Some(who) => world.may_approve(request, who, p.stage, p.escalated),
            None => panic!("nobody decides"),
        },
        (Event::Revoke { by: Actor::Person { id, .. }, .. }, _) => world.may_end(request, id),
        (_, _) => Verdict::Granted(Vec::new()),
    }
}

/// Those of the votes whose voters may still approve their stage, and the one that is given now.
fn valid_votes(
    world: &World,
    request: &Request,
    event: &Event,
    verdict: &Verdict,
) -> BTreeSet<(PersonId, u32)> {
    let stages = world.stages(request);
    let still = |who: &PersonId, stage: u32| {
        stages.get(stage as usize).is_some_and(|s| s.asked.contains(who) || s.escalation.contains(who))
    };
    let voted = request.votes.iter().filter(|v| still(&v.by, v.stage)).map(|v| (v.by.clone(), v.stage));
    let mut valid: BTreeSet<(PersonId, u32)> = voted.collect();
    if let (Event::Approve { by, .. }, State::Pending(pending)) = (event, &request.state)
        && verdict.is_granted()
    {
        valid.extend(by.person().map(|who| (who.clone(), pending.stage)));
    }
    let twice = |who: &PersonId, stage: u32| {
        let distinct = request.terms.tier.stages.get(stage as usize).is_some_and(|s| s.distinct);
        distinct && valid.iter().any(|(other, earlier)| other == who && *earlier < stage)
    };
    valid.iter().filter(|(who, stage)| !twice(who, *stage)).cloned().collect()
}

/// Other requests' hold on the same shared entitlements.
pub(crate) fn claims(requests: &Requests, own: RequestId, who: &PersonId, steps: &[StepTerms]) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (index, terms) in (0u32..).zip(steps).filter(|(_, s)| s.shared) {
        let wanted: Thing = (terms.target.clone(), who.clone(), terms.key.clone());
        for other in requests.values().filter(|r| r.id != own) {
            let ending =
                matches!(other.state, State::Revoking { .. } | State::Revoked { recheck_at: Some(_), .. });
            let (live, Some(times)) = (is_live(other), other.times) else { continue };
            for (theirs, state) in (0u32..).zip(&other.steps) {
                if thing(other, theirs).as_ref() != Some(&wanted) || !(live || ending) {
                    continue;
                }
                let claim = Claim {
                    step: index,
                    request: other.id,
                    their_step: theirs,
                    live,
                    ours: state.presence.is_touched(),
                    closing: ending && state.presence == Presence::Absent,
                    ends_at: times.expires_at,
                    quiet_until: state.quiet_until,
                };
                if claim.live || claim.ours || claim.closing || claim.quiet_until.is_some() {
                    claims.push(claim);
                }
            }
        }
    }
    claims
}

pub(crate) fn thing(request: &Request, step: u32) -> Option<Thing> {
    let terms = request.terms.steps.get(step as usize)?;
    Some((terms.target.clone(), request.requester.id.clone(), terms.key.clone()))
}

pub(crate) fn is_live(request: &Request) -> bool {
    matches!(request.state, State::Granting | State::Active { .. })
}
