//! The promises of the design as checks, held after each change. Each is a function named by its sentence.

use std::collections::{BTreeMap, BTreeSet};

use jitney::ids::{PersonId, RequestId, TargetId};
use jitney::lifecycle::{
    Change, Due, Effect, Event, Kind, Op, Outcome, Presence, Request, State, What, next_due,
};
use jitney::policy::auto_approves;
use jitney::time::Timestamp;

use super::facts::{Thing, is_live, thing};

type Requests = BTreeMap<RequestId, Request>;
type Held = Result<(), String>;

/// What the checks remember by themselves, so that they don't believe the requests.
#[derive(Debug, Default)]
pub(crate) struct Promises {
    /// Things that a grant call was sent for and that no look found gone since.
    may_be_there: BTreeSet<Thing>,
    /// Steps that asked their target to grant, or took over.
    asked: BTreeSet<(RequestId, u32)>,
    /// Steps whose last answer was "gone", with nothing sent since.
    seen_gone: BTreeSet<(RequestId, u32)>,
    /// Steps that found standing access and did not take over anything since.
    standing: BTreeSet<(RequestId, u32)>,
    entries: BTreeMap<RequestId, u32>,
    effects: BTreeMap<RequestId, u32>,
}

/// One change, between what was and what is.
struct Moment<'a> {
    before: Option<&'a Request>,
    change: &'a Change,
    after: &'a Request,
    others: Vec<&'a Request>,
    locked: &'a BTreeSet<TargetId>,
    now: Timestamp,
}

impl Moment<'_> {
    fn calls(&self, wanted: Op) -> impl Iterator<Item = (u32, Timestamp)> + '_ {
        self.change.effects.iter().filter_map(move |effect| match effect {
            Effect::Target { step, op, native_expiry, .. } if *op == wanted => Some((*step, *native_expiry)),
            Effect::Target { .. } | Effect::Ticket | Effect::Show(_) => None,
        })
    }

    /// Other requests' steps on the same shared entitlement.
    fn sharers(&self, step: u32) -> impl Iterator<Item = (&Request, &jitney::lifecycle::Step)> + '_ {
        let wanted = thing(self.after, step);
        let shared = self.after.terms.steps.get(step as usize).is_some_and(|s| s.shared);
        self.others.iter().filter(move |_| shared).flat_map(move |other| {
            let wanted = wanted.clone();
            (0u32..)
                .zip(&other.steps)
                .filter(move |(index, _)| thing(other, *index) == wanted)
                .map(move |(_, step)| (*other, step))
        })
    }
}

fn who_asked_for_somebody_else_is_never_among_votes(moment: &Moment<'_>) -> Held {
    let own = moment.after.votes.iter().find(|vote| moment.after.is_asked_by(&vote.by));
    own.map_or(Ok(()), |vote| Err(format!("{} asked for {} and approved it", vote.by, moment.after.id)))
}

fn nothing_is_granted_to_somebody_who_did_not_confirm(moment: &Moment<'_>) -> Held {
    let confirmed = moment.after.asked_by.as_ref().is_none_or(|asked_by| asked_by.confirmed_at.is_some());
    let calls = moment.change.effects.iter().any(|effect| matches!(effect, Effect::Target { .. }));
    if confirmed || !calls { Ok(()) } else { Err(format!("{} was not confirmed", moment.after.id)) }
}

impl Promises {
    /// An answer that was taken, and the step it is about.
    pub(crate) fn heard(&mut self, before: &Request, event: &Event) {
        let Event::Settled { effect, outcome: Outcome::NotFound(_), .. } = event else { return };
        let step = before.steps.iter().position(|s| s.in_flight.is_some_and(|f| f.effect == *effect));
        let Some(index) = step else { return };
        let op = before.steps[index].in_flight.unwrap().op;
        if matches!(op, Op::VerifyGone | Op::Recheck) {
            let index = u32::try_from(index).unwrap();
            self.may_be_there.remove(&thing(before, index).unwrap());
            self.seen_gone.insert((before.id, index));
        }
    }

    /// What must hold of one change.
    pub(crate) fn hold_for_change(
        &mut self,
        before: Option<&Request>,
        change: &Change,
        requests: &Requests,
        locked: &BTreeSet<TargetId>,
        now: Timestamp,
    ) -> Held {
        let after = &change.request;
        let others = requests.values().filter(|r| r.id != after.id).collect();
        let moment = Moment { before, change, after, others, locked, now };
        self.remember(&moment);
        no_target_is_asked_in_a_drill(&moment)?;
        no_grant_call_without_a_stored_end(&moment)?;
        no_grant_call_after_the_end(&moment)?;
        no_grant_call_while_locked_down(&moment)?;
        no_grant_call_while_another_grant_is_taken(&moment)?;
        a_target_never_ends_it_before_we_do(&moment)?;
        an_end_moves_only_when_it_starts_or_is_extended(&moment)?;
        nobody_is_warned_right_after_they_were_told_the_end(&moment)?;
        never_longer_than_asked_nor_than_an_approval_allows(&moment)?;
        requester_never_among_votes(&moment)?;
        who_asked_for_somebody_else_is_never_among_votes(&moment)?;
        nothing_is_granted_to_somebody_who_did_not_confirm(&moment)?;
        access_only_after_enough_approvals(&moment)?;
        handed_over_never_revoked(&moment)?;
        a_live_grant_is_never_cut(&moment)?;
        what_ended_never_comes_back(&moment)?;
        self.standing_access_is_never_revoked(&moment)?;
        self.revoked_only_after_a_look(&moment)?;
        self.entries_are_numbered_without_gaps(&moment)?;
        self.effects_are_numbered_without_gaps(&moment)
    }

    /// What must hold of everything, whenever all have heard.
    pub(crate) fn hold_for_all(
        &self,
        requests: &Requests,
        lockdowns: &BTreeMap<RequestId, (PersonId, BTreeSet<TargetId>)>,
    ) -> Held {
        for request in requests.values() {
            every_revoking_request_has_a_next_moment_or_a_call_under_way(request)?;
            every_open_request_has_a_next_moment(request)?;
            what_is_over_is_silent(request)?;
            a_credential_is_erased_when_access_ends(request)?;
            a_lockdown_stands_while_its_request_says_so(request, lockdowns)?;
        }
        self.what_may_be_there_is_somebodys_duty(requests)
    }

    fn remember(&mut self, moment: &Moment<'_>) {
        let id = moment.after.id;
        for (step, _) in moment.calls(Op::Grant) {
            self.may_be_there.insert(thing(moment.after, step).unwrap());
            self.asked.insert((id, step));
            self.seen_gone.remove(&(id, step));
        }
        for (step, _) in moment.calls(Op::Revoke) {
            self.seen_gone.remove(&(id, step));
        }
        for entry in &moment.change.entries {
            match &entry.what {
                What::FoundStanding { step, .. } => drop(self.standing.insert((id, *step))),
                What::Inherited { step, .. } => {
                    self.standing.remove(&(id, *step));
                    self.asked.insert((id, *step));
                }
                What::Reappeared { step, .. } => {
                    self.may_be_there.insert(thing(moment.after, *step).unwrap());
                    self.seen_gone.remove(&(id, *step));
                }
                What::Attested { step, .. } => {
                    self.may_be_there.remove(&thing(moment.after, *step).unwrap());
                }
                _ => {}
            }
        }
    }

    fn standing_access_is_never_revoked(&self, moment: &Moment<'_>) -> Held {
        let bad =
            moment.calls(Op::Revoke).find(|(step, _)| self.standing.contains(&(moment.after.id, *step)));
        held(bad.is_none(), "standing access is revoked")
    }

    fn revoked_only_after_a_look(&self, moment: &Moment<'_>) -> Held {
        if !matches!(moment.after.state, State::Revoked { .. }) {
            return Ok(());
        }
        for (index, step) in (0u32..).zip(&moment.after.steps) {
            let touched = self.asked.contains(&(moment.after.id, index));
            let seen = match step.presence {
                Presence::Absent => self.seen_gone.contains(&(moment.after.id, index)),
                Presence::HandedOver => true,
                Presence::Attested => !moment.after.terms.steps[index as usize].readable,
                Presence::Untouched | Presence::Standing => !touched,
                Presence::Unknown | Presence::Present => false,
            };
            held(seen, "revoked without a look")?;
        }
        Ok(())
    }

    fn entries_are_numbered_without_gaps(&mut self, moment: &Moment<'_>) -> Held {
        let last = self.entries.entry(moment.after.id).or_default();
        for entry in &moment.change.entries {
            *last += 1;
            held(entry.id.number() == *last, "an entry's number is not the next")?;
        }
        Ok(())
    }

    fn effects_are_numbered_without_gaps(&mut self, moment: &Moment<'_>) -> Held {
        let last = self.effects.entry(moment.after.id).or_default();
        for effect in &moment.change.effects {
            let Effect::Target { id, .. } = effect else { continue };
            *last += 1;
            held(id.number() == *last, "a call's number is not the next")?;
        }
        Ok(())
    }

    /// However grants overlap and end, somebody is left who will take it.
    fn what_may_be_there_is_somebodys_duty(&self, requests: &Requests) -> Held {
        for wanted in &self.may_be_there {
            let on_duty = requests.values().any(|r| {
                (0u32..)
                    .zip(&r.steps)
                    .any(|(index, s)| s.presence.is_touched() && thing(r, index).as_ref() == Some(wanted))
            });
            held(on_duty, &format!("{} on {} may be there and nobody will take it", wanted.2, wanted.0))?;
        }
        Ok(())
    }
}

fn no_grant_call_without_a_stored_end(moment: &Moment<'_>) -> Held {
    let end = moment.after.times.is_some() && next_due(moment.after).is_some();
    held(moment.calls(Op::Grant).next().is_none() || end, "a grant call goes out and no end is stored")
}

fn no_grant_call_after_the_end(moment: &Moment<'_>) -> Held {
    let over = moment.after.times.is_some_and(|t| moment.now >= t.not_after);
    held(moment.calls(Op::Grant).next().is_none() || !over, "a grant call goes out after the end")
}

fn no_grant_call_while_locked_down(moment: &Moment<'_>) -> Held {
    for (step, _) in moment.calls(Op::Grant) {
        let target = &moment.after.terms.steps[step as usize].target;
        held(!moment.locked.contains(target), "a grant call goes out while its person is locked down there")?;
    }
    Ok(())
}

/// A revoke that was sent may land, or be sent again, until it was seen to have worked.
fn no_grant_call_while_another_grant_is_taken(moment: &Moment<'_>) -> Held {
    for (step, _) in moment.calls(Op::Grant) {
        let taken = moment.sharers(step).any(|(other, theirs)| {
            matches!(other.state, State::Revoking { .. }) && theirs.presence.is_touched()
                || theirs.revoke_sent && theirs.quiet_until.is_some_and(|until| until > moment.now)
        });
        held(!taken, "a grant call goes out while another grant of the same entitlement is being taken")?;
    }
    Ok(())
}

fn a_target_never_ends_it_before_we_do(moment: &Moment<'_>) -> Held {
    for (step, native) in moment.calls(Op::Grant).chain(moment.calls(Op::Extend)) {
        let own = moment.after.times.map(|t| t.expires_at);
        let others = moment.sharers(step).filter(|(r, s)| is_live(r) && s.presence.is_touched());
        let ends = others.filter_map(|(r, _)| r.times).map(|t| t.expires_at);
        let latest = own.into_iter().chain(ends).max();
        held(latest.is_none_or(|end| native > end), "the target's own expiry comes before the end")?;
    }
    Ok(())
}

fn an_end_moves_only_when_it_starts_or_is_extended(moment: &Moment<'_>) -> Held {
    let Some(before) = moment.before.and_then(|b| b.times) else { return Ok(()) };
    let Some(after) = moment.after.times else { return Err("its times are lost".to_owned()) };
    let why = moment
        .change
        .entries
        .iter()
        .any(|e| matches!(e.what, What::Activated { .. } | What::Extended { .. }));
    held(before.expires_at == after.expires_at || why, "an end moves")?;
    held(after.expires_at <= after.not_after, "an end lies after the latest end")
}

/// Neither the first end nor one that an extension moved.
fn nobody_is_warned_right_after_they_were_told_the_end(moment: &Moment<'_>) -> Held {
    let warned = moment.change.entries.iter().any(|e| matches!(e.what, What::Warned { .. }));
    let (true, Some(times)) = (warned, moment.after.times) else { return Ok(()) };
    let told_at = times.extended_at.or(times.active_at).ok_or("warned of what never was active")?;
    let (length, passed) = (times.expires_at.since(told_at), moment.now.since(told_at));
    held(passed.times(4) >= length.times(3), "warned in the first three quarters of the time")
}

fn never_longer_than_asked_nor_than_an_approval_allows(moment: &Moment<'_>) -> Held {
    let request = moment.after;
    let less = request.votes.iter().filter_map(|vote| vote.at_most);
    held(
        less.clone().all(|less| !less.is_zero() && less < request.ask.duration),
        "an odd length is approved",
    )?;
    let allowed = less.chain([request.ask.duration]).min().unwrap();
    for entry in &moment.change.entries {
        if let What::Activated { expires_at } = entry.what {
            held(expires_at.since(entry.at) <= allowed, "access for longer than was approved")?;
        }
    }
    for follow_up in &moment.change.follow_ups {
        if let Event::Extended { by, .. } = follow_up.event {
            held(by == allowed, "an extension by another length than was approved")?;
        }
    }
    Ok(())
}

fn no_target_is_asked_in_a_drill(moment: &Moment<'_>) -> Held {
    let calls = moment.change.effects.iter().any(|effect| matches!(effect, Effect::Target { .. }));
    held(!moment.after.kind.is_drill() || !calls, "a target is asked in a drill")
}

fn requester_never_among_votes(moment: &Moment<'_>) -> Held {
    let own = moment.after.votes.iter().any(|v| v.by == moment.after.requester.id);
    held(!own, "the requester is among the votes")
}

/// Break-glass and automatic approval apart; each person counts once in a stage, and once in all where the tier
/// says so.
fn access_only_after_enough_approvals(moment: &Moment<'_>) -> Held {
    let request = moment.after;
    let granted = matches!(
        request.state,
        State::Granting | State::Active { .. } | State::Scheduled { .. } | State::Applied { .. }
    );
    let tier = &request.terms.tier;
    if !granted || request.kind == Kind::BreakGlass || auto_approves(tier, request.ask.duration) {
        return Ok(());
    }
    let mut earlier: BTreeSet<&PersonId> = BTreeSet::new();
    for (index, stage) in (0u32..).zip(&tier.stages) {
        let votes = request.votes.iter().filter(|v| v.stage == index);
        let people: BTreeSet<&PersonId> = votes.map(|v| &v.by).collect();
        let count = people.iter().filter(|p| !stage.distinct || !earlier.contains(*p)).count();
        held(count >= stage.quorum as usize, "access without enough approvals")?;
        earlier.extend(people);
    }
    Ok(())
}

fn handed_over_never_revoked(moment: &Moment<'_>) -> Held {
    let given =
        |step: u32| moment.before.is_some_and(|b| b.steps[step as usize].presence == Presence::HandedOver);
    held(moment.calls(Op::Revoke).all(|(step, _)| !given(step)), "what was handed over is revoked")
}

fn a_live_grant_is_never_cut(moment: &Moment<'_>) -> Held {
    for (step, _) in moment.calls(Op::Revoke) {
        let cut = moment.sharers(step).find(|(r, s)| is_live(r) && s.presence.is_touched());
        if let Some((other, _)) = cut {
            return Err(format!("a promise is broken: the end of {} cuts {}", moment.after.id, other.id));
        }
    }
    Ok(())
}

fn what_ended_never_comes_back(moment: &Moment<'_>) -> Held {
    let Some(before) = moment.before else { return Ok(()) };
    let live = is_live(moment.after);
    let over = matches!(
        before.state,
        State::Revoking { .. }
            | State::Revoked { .. }
            | State::Applied { .. }
            | State::Denied { .. }
            | State::Withdrawn { .. }
            | State::Lapsed { .. }
    );
    held(!(over && live), "what ended is live again")
}

fn every_revoking_request_has_a_next_moment_or_a_call_under_way(request: &Request) -> Held {
    if !matches!(request.state, State::Revoking { .. }) {
        return Ok(());
    }
    let busy = |s: &jitney::lifecycle::Step| s.in_flight.is_some() || s.retry_at.is_some();
    let touched = request.steps.iter().filter(|s| s.presence.is_touched()).all(busy);
    let something = request.steps.iter().any(|s| s.presence.is_touched() || s.in_flight.is_some());
    held(touched && something, "a revocation has stopped")
}

fn every_open_request_has_a_next_moment(request: &Request) -> Held {
    let waits = matches!(
        request.state,
        State::Pending(_) | State::Scheduled { .. } | State::Granting | State::Active { .. }
    );
    held(!waits || next_due(request).is_some(), "an open request has no next moment")
}

fn what_is_over_is_silent(request: &Request) -> Held {
    let over = matches!(
        request.state,
        State::Revoked { recheck_at: None, .. }
            | State::Applied { .. }
            | State::Denied { .. }
            | State::Withdrawn { .. }
            | State::Lapsed { .. }
    );
    let calls = request.steps.iter().any(|s| s.in_flight.is_some());
    // But for a review that is owed: it is asked for, whatever became of the access.
    let waits = next_due(request).is_some_and(|(_, due)| due != Due::Review);
    held(!over || (!waits && !calls), "what is over still calls")
}

fn a_credential_is_erased_when_access_ends(request: &Request) -> Held {
    let ended = matches!(request.state, State::Revoking { .. } | State::Revoked { .. });
    held(!ended || request.credential.is_none_or(|c| c.erased), "a credential outlives its grant")
}

fn a_lockdown_stands_while_its_request_says_so(
    request: &Request,
    lockdowns: &BTreeMap<RequestId, (PersonId, BTreeSet<TargetId>)>,
) -> Held {
    let says = matches!(request.state, State::Revoking { locked: true, .. });
    held(says == lockdowns.contains_key(&request.id), "a lockdown and its request disagree")
}

fn held(holds: bool, broken: &str) -> Held {
    if holds { Ok(()) } else { Err(format!("a promise is broken: {broken}")) }
}
