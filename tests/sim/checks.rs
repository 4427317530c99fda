//! The promises and invariants, by name.

use std::collections::BTreeMap;

use jitney::ids::PersonId;
use jitney::lifecycle::{EndCause, Kind, Op, Presence, Request, State, StateWord, View, next_due};
use jitney::policy::{ApproverRef, Person};
use jitney::time::{Span, Timestamp};

use super::oracle::Place;
use super::run::{Sim, may_hold, place};

/// An invariant that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub invariant: &'static str,
    pub detail: String,
}

impl Violation {
    pub fn new(invariant: &'static str, detail: String) -> Self {
        Self { invariant, detail }
    }
}

type Checked = Result<(), Violation>;

fn ensure(invariant: &'static str, holds: bool, detail: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(Violation::new(invariant, detail())) }
}

/// Due things are done within this, when nothing stands in the way.
const SLACK: Span = Span::secs(60);

/// What a crash loses of the time while the wall clock is a day behind.
const LOST_IN_A_CRASH: Span = Span::secs(30);

/// After every moment.
pub fn always(sim: &mut Sim) -> Checked {
    let requests = sim.seen.lock().unwrap().requests.clone();
    let now = sim.clock.true_now();
    note_active(sim, &requests, now);
    standing_access_is_left_alone(sim)?;
    nobody_keeps_what_nothing_explains(sim, &requests)?;
    nobody_loses_what_a_grant_explains(sim, &requests)?;
    revoked_means_looked_at(sim, &requests)?;
    let unsettled = sim.seen.lock().unwrap().unsettled.pop();
    ensure("each_request_has_exactly_one_outcome", unsettled.is_none(), || unsettled.unwrap_or_default())?;
    for request in requests.values() {
        no_access_outlives_its_end(sim, request, now)?;
        revocation_never_gives_up(request)?;
        bounds_are_kept(request)?;
        no_access_is_longer_than_each_approval_allows(request, &requests)?;
        pending_extensions_need_no_target(request)?;
    }
    leavers_keep_nothing(sim, &requests)?;
    one_grant_a_person_and_role(&requests)
}

/// When faults have stopped and time has passed.
pub fn at_rest(sim: &mut Sim) -> Checked {
    let requests = sim.seen.lock().unwrap().requests.clone();
    for request in requests.values() {
        let over = match &request.state {
            State::Revoked { recheck_at, .. } => recheck_at.is_none(),
            State::Applied { .. } | State::Denied { .. } | State::Withdrawn { .. } | State::Lapsed { .. } => {
                true
            }
            State::Pending(_)
            | State::Scheduled { .. }
            | State::Granting
            | State::Active { .. }
            | State::Revoking { .. } => false,
        };
        ensure("everything_comes_to_rest", over, || format!("{} is {:?}", request.id, request.state))?;
    }
    let left: Vec<&Place> = sim.oracle.held().difference(sim.oracle.standing()).collect();
    ensure("nobody_keeps_what_nothing_explains", left.is_empty(), || format!("at rest: {left:?}"))?;
    let core = sim.core.as_mut().unwrap();
    let status = core.status().unwrap();
    ensure("nothing_is_owed_at_rest", status.ready == 0 && status.in_flight == 0, || format!("{status:?}"))?;
    ensure("there_is_room_at_rest", status.refusing.is_none(), || format!("{status:?}"))?;
    for (id, request) in &requests {
        let Some(dossier) = core.dossier(*id).unwrap() else { continue };
        if dossier.request != *request {
            // Rolled back: the recorder saw a decision that was not committed.
            continue;
        }
        let told = sim.tickets.get(id).cloned().unwrap_or_default();
        let ids: Vec<_> = dossier.entries.iter().map(|e| e.id).collect();
        ensure("each_transition_is_on_the_ticket_once_and_in_order", told == ids, || {
            format!("{id}: ticket {told:?}, story {ids:?}")
        })?;
        let numbers: Vec<u32> = ids.iter().map(|e| e.number()).collect();
        let gapless: Vec<u32> = (1..=u32::try_from(ids.len()).unwrap()).collect();
        ensure("entries_are_numbered_without_gaps", numbers == gapless, || format!("{id}: {numbers:?}"))?;
    }
    core.verify_audit().map_err(|why| Violation::new("the_chain_verifies", why))?;
    ensure("erased_at_the_end", core.sealed_credentials().unwrap() == 0, || {
        "a sealed credential is left".to_owned()
    })
}

/// Before a call leaves.
pub fn before_call(request: &Request, op: Op, now: Timestamp, people: &[Person]) -> Checked {
    ensure("no_target_is_ever_asked_in_a_drill", !request.kind.is_drill(), || {
        format!("{}: {op:?}", request.id)
    })?;
    match op {
        Op::Grant => {
            no_access_without_approval(request, people)?;
            ensure("the_end_is_stored_before_the_first_grant", request.times.is_some(), || {
                request.id.to_string()
            })
        }
        Op::Revoke => {
            let expired = matches!(&request.state, State::Revoking { cause: EndCause::Expiry, .. });
            let end = request.times.unwrap().expires_at;
            ensure("never_revoked_by_time_before_its_end", !expired || now >= end, || {
                format!("{} ends at {end}, and it is {now}", request.id)
            })
        }
        Op::Snapshot | Op::Verify | Op::Extend | Op::VerifyGone | Op::Recheck => Ok(()),
    }
}

/// Judged apart from the shipped policy code, by the roster of the simulation.
fn no_access_without_approval(request: &Request, people: &[Person]) -> Checked {
    let name = "no_access_without_approval";
    let requester = &request.requester.id;
    if request.kind == Kind::BreakGlass {
        let asked = request.views.contains(&View::Review { number: 1 });
        return ensure(name, asked, || format!("{}: nobody was asked to review it", request.id));
    }
    ensure("the_requester_is_never_an_approver", request.votes.iter().all(|v| v.by != *requester), || {
        format!("{} of {requester}", request.id)
    })?;
    if let Some(asked_by) = &request.asked_by {
        ensure(
            "nothing_is_granted_to_somebody_who_did_not_confirm",
            asked_by.confirmed_at.is_some(),
            || request.id.to_string(),
        )?;
        ensure(
            "who_asked_for_somebody_else_is_never_an_approver",
            request.votes.iter().all(|v| v.by != asked_by.id),
            || format!("{} of {}", request.id, asked_by.id),
        )?;
    }
    let tier = &request.terms.tier;
    if tier.auto_under.is_some_and(|under| request.ask.duration <= under) {
        return Ok(());
    }
    for (index, stage) in tier.stages.iter().enumerate() {
        let mut voters: Vec<&PersonId> =
            request.votes.iter().filter(|v| v.stage as usize == index).map(|v| &v.by).collect();
        voters.sort();
        voters.dedup();
        let enough = voters.len() >= stage.quorum as usize;
        ensure(name, enough, || format!("{} stage {index}: {voters:?}", request.id))?;
        for voter in voters {
            let rules = stage.approvers.iter().chain(&stage.escalate_to).chain(&stage.fallback);
            let may = rules.into_iter().any(|rule| match rule {
                ApproverRef::Manager => {
                    people.iter().any(|p| p.id == *requester && p.manager.as_ref() == Some(voter))
                }
                ApproverRef::Owners => request.terms.owners.contains(voter),
                ApproverRef::Person(person) => person == voter,
                // Who lost the group meanwhile was in it at the click; the rules look again at the last one.
                ApproverRef::OnCall(name) => panic!("the simulation has no schedules such as {name}"),
                ApproverRef::Group(_) => *voter == "s1@example.com".parse().unwrap(),
            });
            ensure(name, may, || format!("{voter} may not approve {}", request.id))?;
        }
    }
    Ok(())
}

fn note_active(sim: &mut Sim, requests: &BTreeMap<jitney::ids::RequestId, Request>, now: Timestamp) {
    for (id, request) in requests {
        if matches!(request.state, State::Active { .. }) {
            sim.active_since.entry(*id).or_insert(now);
        }
    }
}

/// By true time, whatever the clocks say.
fn no_access_outlives_its_end(sim: &Sim, request: &Request, now: Timestamp) -> Checked {
    let (State::Active { .. }, Some(times)) = (&request.state, request.times) else { return Ok(()) };
    let Some(since) = sim.active_since.get(&request.id) else { return Ok(()) };
    let long = times.expires_at.since(times.active_at.unwrap_or(times.provisioning_at));
    ensure(
        "no_access_outlives_its_end",
        now.since(*since) <= long + SLACK + LOST_IN_A_CRASH.times(6) + sim.down,
        || format!("{} was given {} and has had {}", request.id, long.words(), now.since(*since).words()),
    )
}

fn standing_access_is_left_alone(sim: &Sim) -> Checked {
    let lost: Vec<&Place> = sim.oracle.standing().iter().filter(|p| !sim.oracle.holds(p)).collect();
    ensure("standing_access_is_left_alone", lost.is_empty(), || format!("{lost:?}"))
}

fn nobody_keeps_what_nothing_explains(
    sim: &Sim,
    requests: &BTreeMap<jitney::ids::RequestId, Request>,
) -> Checked {
    for held in sim.oracle.held().difference(sim.oracle.standing()) {
        let explained = requests.values().filter(|r| may_hold(r) && !r.steps.is_empty()).any(|r| {
            (0..r.steps.len()).any(|i| place(r, i) == *held && r.steps[i].presence != Presence::Standing)
        });
        ensure("nobody_keeps_what_nothing_explains", explained, || format!("{held:?}"))?;
    }
    Ok(())
}

fn nobody_loses_what_a_grant_explains(
    sim: &Sim,
    requests: &BTreeMap<jitney::ids::RequestId, Request>,
) -> Checked {
    for request in requests.values().filter(|r| matches!(r.state, State::Active { .. })) {
        for (index, step) in request.steps.iter().enumerate() {
            let place = place(request, index);
            let there = step.presence != Presence::Present || sim.oracle.holds(&place);
            ensure("nobody_loses_what_a_grant_explains", there, || {
                format!("{} lacks {place:?}", request.id)
            })?;
        }
    }
    Ok(())
}

fn revoked_means_looked_at(sim: &mut Sim, requests: &BTreeMap<jitney::ids::RequestId, Request>) -> Checked {
    let fresh = std::mem::take(&mut sim.seen.lock().unwrap().newly_revoked);
    for id in fresh {
        let Some(request) = requests.get(&id) else { continue };
        for (index, step) in request.steps.iter().enumerate().filter(|(_, s)| s.presence == Presence::Absent)
        {
            let place = place(request, index);
            let looked = step.evidence.as_ref().is_some_and(|e| e.answer == "not there");
            ensure("revoked_means_looked_at", looked, || format!("{id}: {place:?} by {:?}", step.evidence))?;
        }
        let touched = request.steps.iter().any(|s| s.presence.is_touched());
        ensure("revoked_means_looked_at", !touched, || format!("{id} is revoked and may hold something"))?;
    }
    Ok(())
}

fn revocation_never_gives_up(request: &Request) -> Checked {
    let State::Revoking { .. } = request.state else { return Ok(()) };
    let under_way = request.steps.iter().any(|s| s.in_flight.is_some());
    ensure("revocation_never_gives_up", under_way || next_due(request).is_some(), || format!("{request:?}"))
}

fn bounds_are_kept(request: &Request) -> Checked {
    let Some(times) = request.times else { return Ok(()) };
    let Some(active_at) = times.active_at else { return Ok(()) };
    let long = times.expires_at.since(active_at);
    ensure("bounds_are_kept", long <= request.terms.max_total, || {
        format!("{} is given {}", request.id, long.words())
    })?;
    ensure("one_end", times.expires_at <= times.not_after, || format!("{}: {times:?}", request.id))
}

/// Together with the extensions that took effect.
fn no_access_is_longer_than_each_approval_allows(
    request: &Request,
    requests: &BTreeMap<jitney::ids::RequestId, Request>,
) -> Checked {
    let Some(times) = request.times else { return Ok(()) };
    let Some(active_at) = times.active_at else { return Ok(()) };
    let allowed = |request: &Request| {
        request.votes.iter().filter_map(|vote| vote.at_most).chain([request.ask.duration]).min().unwrap()
    };
    let applied = |other: &&Request| {
        other.kind == Kind::Extension { parent: request.id } && matches!(other.state, State::Applied { .. })
    };
    let more = requests.values().filter(applied).map(allowed).fold(Span::ZERO, |sum, span| sum + span);
    let long = times.expires_at.since(active_at);
    ensure("no_access_is_longer_than_each_approval_allows", long <= allowed(request) + more, || {
        format!("{} is given {}", request.id, long.words())
    })
}

fn pending_extensions_need_no_target(request: &Request) -> Checked {
    let extension = matches!(request.kind, Kind::Extension { .. });
    ensure("an_extension_is_a_decision_not_a_grant", !extension || request.steps.is_empty(), || {
        request.id.to_string()
    })
}

/// Nothing of theirs goes on, from the first look at the directory on.
fn leavers_keep_nothing(sim: &Sim, requests: &BTreeMap<jitney::ids::RequestId, Request>) -> Checked {
    if sim.just_started {
        return Ok(());
    }
    let left = |request: &Request| sim.people.iter().any(|p| p.id == request.requester.id && !p.active);
    for request in requests.values().filter(|request| left(request)) {
        let goes_on = match request.state {
            State::Pending(_) | State::Scheduled { .. } | State::Granting | State::Active { .. } => true,
            State::Revoking { .. }
            | State::Revoked { .. }
            | State::Applied { .. }
            | State::Denied { .. }
            | State::Withdrawn { .. }
            | State::Lapsed { .. } => false,
        };
        ensure("leavers_keep_nothing", !goes_on, || format!("{} is {:?}", request.id, request.state))?;
    }
    Ok(())
}

fn one_grant_a_person_and_role(requests: &BTreeMap<jitney::ids::RequestId, Request>) -> Checked {
    let mut open: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for request in requests.values() {
        let word = request.state.word();
        let live = matches!(word, StateWord::Granting | StateWord::Active | StateWord::Revoking);
        // One that came back at its second look may stand beside a newer one.
        let back =
            matches!(&request.state, State::Revoking { cause: jitney::lifecycle::EndCause::Reappeared, .. });
        if live && !back && !request.steps.is_empty() {
            let key = (request.requester.id.to_string(), request.ask.role.to_string());
            open.entry(key).or_default().push(request.id.to_string());
        }
    }
    let twins = open.into_iter().find(|(_, ids)| ids.len() > 1);
    ensure("one_grant_a_person_and_role", twins.is_none(), || format!("{twins:?}"))
}
