//! While access is being taken: rows 18 and 21 to 28. It never gives up; it slows down and gets louder.

use super::draft::{Draft, number};
use super::granting::{done_with_call, in_flight, keep_quiet, set_presence};
use super::{
    Actor, Answer, DmKind, EndCause, Event, Op, Outcome, Presence, Refusal, State, View, What, WithdrawCause,
    revoked,
};
use crate::ids::{EffectId, TargetId};
use crate::time::Span;

/// The delayed second look comes this long after the first: after whatever may still land has landed.
const RECHECK_AFTER: Span = Span::secs(90);

/// Begins to take the access: every touched step, the one that was started last first; none waits for another.
pub(super) fn begin(draft: &mut Draft<'_>, cause: EndCause) {
    let now = draft.now;
    if let Some(times) = draft.request.times.as_mut() {
        times.ended_at = Some(now.min(times.expires_at));
    }
    draft.request.state = State::Revoking {
        cause: cause.clone(),
        stuck_at: now + draft.request.terms.revoke_target,
        stuck_since: None,
        locked: false,
        waivers: Vec::new(),
    };
    draft.tell(What::Ending { cause });
    for extension in draft.facts.open_extensions.clone() {
        let cause = WithdrawCause::ParentEnded;
        draft.follow_up(extension, Event::Withdraw { by: Actor::Jitney, cause });
    }
    draft.erase_credential();
    take_all(draft);
    finish_if_done(draft);
}

/// It was seen gone and is there again: from `Revoked` back to the work.
pub(super) fn begin_again(draft: &mut Draft<'_>, index: usize) {
    let now = draft.now;
    draft.request.state = State::Revoking {
        cause: EndCause::Reappeared,
        stuck_at: now + draft.request.terms.revoke_target,
        stuck_since: None,
        locked: false,
        waivers: Vec::new(),
    };
    if let Some(times) = draft.request.times.as_mut() {
        times.verified_at = None;
    }
    // The others are looked at again when this is over.
    for step in draft.request.steps.iter_mut().filter(|s| s.next_op == Some(Op::Recheck)) {
        step.next_op = None;
        step.retry_at = None;
    }
    draft.call(index, Op::Revoke);
}

pub(super) fn tick(draft: &mut Draft<'_>) -> Answer {
    let now = draft.now;
    for index in (0..draft.request.steps.len()).rev() {
        let Some(step) = draft.step(index) else { continue };
        if step.in_flight.is_some() || !step.presence.is_touched() || step.retry_at.is_none_or(|at| now < at)
        {
            continue;
        }
        match step.next_op {
            Some(Op::VerifyGone) => draft.call(index, Op::VerifyGone),
            Some(Op::Revoke | Op::Snapshot | Op::Grant | Op::Verify | Op::Extend | Op::Recheck) | None => {
                take(draft, index);
            }
        }
    }
    stuck_if_late(draft);
    finish_if_done(draft);
    Answer::Noted
}

pub(super) fn settled(draft: &mut Draft<'_>, effect: EffectId, outcome: &Outcome) -> Result<Answer, Refusal> {
    let (index, op) = in_flight(draft, effect)?;
    match op {
        Op::Snapshot | Op::Grant | Op::Verify | Op::Extend => {
            draft.row(23);
            awaited(draft, index, op, outcome);
        }
        Op::Revoke => revoked(draft, index, outcome),
        Op::VerifyGone => looked(draft, index, outcome),
        Op::Recheck => looked_again(draft, index, outcome),
    }
    finish_if_done(draft);
    Ok(Answer::Noted)
}

/// A call of before the end came back: now the step can be taken.
fn awaited(draft: &mut Draft<'_>, index: usize, op: Op, outcome: &Outcome) {
    if let Outcome::Retry { may_have_landed: true, .. } = outcome
        && op == Op::Grant
    {
        keep_quiet(draft, index);
    }
    done_with_call(draft, index, None);
    if let Some(step) = draft.step_mut(index) {
        step.next_op = None;
        step.retry_at = None;
    }
    take(draft, index);
}

fn revoked(draft: &mut Draft<'_>, index: usize, outcome: &Outcome) {
    match outcome {
        Outcome::Done(evidence) | Outcome::Already(evidence) => {
            draft.row(24);
            // The failures in a row go on until it is seen gone: a lie must not reset the back-off.
            let failures = draft.step(index).map_or(0, |s| s.failures);
            done_with_call(draft, index, Some(evidence));
            if let Some(step) = draft.step_mut(index) {
                step.failures = failures;
            }
            draft.call(index, Op::VerifyGone);
        }
        Outcome::Found(_) | Outcome::NotFound(_) | Outcome::Unreadable(_) => {
            again(draft, index, Op::Revoke, "an answer that fits no revoke", None);
        }
        Outcome::Retry { error, after, may_have_landed } => {
            if *may_have_landed {
                keep_quiet(draft, index);
            }
            again(draft, index, Op::Revoke, error, *after);
        }
        Outcome::Fatal { error } => again(draft, index, Op::Revoke, error, None),
    }
}

fn looked(draft: &mut Draft<'_>, index: usize, outcome: &Outcome) {
    match outcome {
        Outcome::NotFound(evidence) => {
            // What was last kept of this step is what the revoke did.
            let deed = draft.step(index).and_then(|s| s.evidence.clone());
            done_with_call(draft, index, Some(evidence));
            set_presence(draft, index, Presence::Absent);
            draft.tell_jitney(What::Gone {
                step: number(index),
                label: draft.label(index),
                deed,
                with_sessions: draft.request.terms.steps.get(index).is_some_and(|s| s.cannot_end.is_empty()),
                evidence: evidence.clone(),
            });
        }
        Outcome::Found(evidence) => {
            set_presence(draft, index, Presence::Present);
            again(draft, index, Op::Revoke, &format!("still there: {}", evidence.answer), None);
        }
        Outcome::Unreadable(evidence) => {
            let error = format!("can't be read back, so a named person must attest: {}", evidence.answer);
            again(draft, index, Op::VerifyGone, &error, None);
        }
        Outcome::Done(_) | Outcome::Already(_) => {
            again(draft, index, Op::VerifyGone, "an answer that fits no look", None);
        }
        Outcome::Retry { error, after, may_have_landed: _ } => {
            again(draft, index, Op::VerifyGone, error, *after);
        }
        Outcome::Fatal { error } => again(draft, index, Op::VerifyGone, error, None),
    }
}

/// The second look of a step that is gone, while another that came back is being taken. Every step that is gone
/// is looked at again when this is over, so an answer that says nothing can be let go.
fn looked_again(draft: &mut Draft<'_>, index: usize, outcome: &Outcome) {
    draft.row(29);
    match outcome {
        Outcome::Found(evidence) => {
            if !revoked::explained(draft, index) {
                done_with_call(draft, index, Some(evidence));
                revoked::tell_reappeared(draft, index, evidence);
                draft.call(index, Op::Revoke);
            }
        }
        Outcome::NotFound(evidence) => done_with_call(draft, index, Some(evidence)),
        Outcome::Unreadable(_)
        | Outcome::Done(_)
        | Outcome::Already(_)
        | Outcome::Retry { .. }
        | Outcome::Fatal { .. } => done_with_call(draft, index, None),
    }
}

/// Row 26: back-off with a cap of minutes, for ever.
fn again(draft: &mut Draft<'_>, index: usize, next: Op, error: &str, after: Option<Span>) {
    draft.row(26);
    draft.failed(index, next, error, after, true);
}

fn take_all(draft: &mut Draft<'_>) {
    for index in (0..draft.request.steps.len()).rev() {
        if let Some(step) = draft.step_mut(index) {
            step.failures = 0;
            if step.in_flight.is_some() {
                continue;
            }
            step.next_op = None;
            step.retry_at = None;
        }
        take(draft, index);
    }
}

/// Takes one step, unless another live grant explains the same entitlement. Once a revoke was sent there is no
/// handing over: it may land at any moment.
fn take(draft: &mut Draft<'_>, index: usize) {
    let Some(step) = draft.step(index) else { return };
    if !step.presence.is_touched() {
        return;
    }
    let heir = if step.revoke_sent {
        None
    } else {
        draft.claims(index).filter(|c| c.live).max_by_key(|c| c.ends_at)
    };
    match heir {
        Some(heir) => {
            set_presence(draft, index, Presence::HandedOver);
            let label = draft.label(index);
            draft.tell_jitney(What::HandedOver { step: number(index), label, to: heir.request });
            let from = draft.request.id;
            draft.follow_up(heir.request, Event::Inherited { step: heir.their_step, from });
        }
        None => {
            draft.row(22);
            draft.call(index, Op::Revoke);
        }
    }
}

/// Row 27: late. Security is told, and the person gets nothing new there, once.
fn stuck_if_late(draft: &mut Draft<'_>) {
    let State::Revoking { cause, stuck_at, stuck_since: None, waivers, .. } = draft.request.state.clone()
    else {
        return;
    };
    let waiting: Vec<usize> = (0..draft.request.steps.len())
        .filter(|i| draft.step(*i).is_some_and(|s| s.presence.is_touched() || s.in_flight.is_some()))
        .collect();
    if draft.now < stuck_at || waiting.is_empty() {
        return;
    }
    draft.row(27);
    let mut locked: Vec<TargetId> = waiting.iter().filter_map(|i| draft.target(*i)).collect();
    locked.extend(draft.request.terms.lockdown_family.iter().cloned());
    locked.sort();
    locked.dedup();
    draft.request.state =
        State::Revoking { cause, stuck_at, stuck_since: Some(draft.now), locked: true, waivers };
    let late = draft.request.times.and_then(|t| t.ended_at).map_or(Span::ZERO, |end| draft.now.since(end));
    for target in &locked {
        draft.lock(target.clone());
    }
    draft.tell(What::Stuck { late, locked: locked.clone() });
    draft.show(View::Security);
    let stuck = draft.request.id;
    let down = &draft.facts.breakers_open;
    let others: Vec<_> = draft
        .facts
        .other_grants
        .iter()
        .filter(|(_, targets)| targets.iter().any(|t| locked.contains(t) && !down.contains(t)))
        .map(|(id, _)| *id)
        .collect();
    for other in others {
        draft.follow_up(other, Event::Revoke { by: Actor::Jitney, cause: EndCause::Lockdown { stuck } });
    }
}

/// Row 25: every touched step is gone, handed over or attested.
fn finish_if_done(draft: &mut Draft<'_>) {
    let State::Revoking { cause, locked, .. } = draft.request.state.clone() else { return };
    if draft.request.steps.iter().any(|s| s.in_flight.is_some() || s.presence.is_touched()) {
        return;
    }
    draft.row(25);
    let now = draft.now;
    let soonest = now + RECHECK_AFTER;
    for step in draft.request.steps.iter_mut().filter(|s| s.presence == Presence::Absent) {
        step.next_op = Some(Op::Recheck);
        step.retry_at = Some(step.quiet_until.map_or(soonest, |quiet| quiet.max(soonest)));
        step.failures = 0;
    }
    let recheck_at = revoked::last_look(draft);
    let took = draft.request.times.and_then(|t| t.ended_at).map_or(Span::ZERO, |end| now.since(end));
    if let Some(times) = draft.request.times.as_mut() {
        times.verified_at = Some(now);
    }
    let terms = &draft.request.terms;
    let remains = terms.steps.iter().flat_map(|s| s.cannot_end.iter().cloned()).collect();
    draft.request.state = State::Revoked { cause: cause.clone(), recheck_at };
    draft.tell_jitney(What::Revoked { cause, took, remains });
    draft.dm(DmKind::Ended);
    if locked {
        draft.lift_lockdowns();
        draft.tell_jitney(What::LockdownLifted { waived: None, by_one: false });
    }
}

/// Row 28: what can't be read back is gone because a named person says so.
pub(super) fn attest(
    draft: &mut Draft<'_>,
    by: &Actor,
    step: u32,
    evidence: &str,
) -> Result<Answer, Refusal> {
    let request = draft.request.id;
    let index = step as usize;
    let may = by.person().is_some_and(|p| *p != draft.request.requester.id);
    let unreadable = draft.request.terms.steps.get(index).is_some_and(|s| !s.readable);
    let touched = draft.step(index).is_some_and(|s| s.presence.is_touched());
    // A grant that is still out may land after what they saw.
    let awaited = draft.step(index).and_then(|s| s.in_flight).is_some_and(|f| !f.op.is_revocation());
    if !may {
        return Err(Refusal::MayNotRevoke { request });
    }
    if !unreadable || !touched || awaited || evidence.trim().is_empty() {
        return Err(Refusal::NothingToAttest { request });
    }
    draft.row(28);
    done_with_call(draft, index, None);
    if let Some(step) = draft.step_mut(index) {
        step.presence = Presence::Attested;
        step.next_op = None;
        step.retry_at = None;
    }
    let label = draft.label(index);
    draft.tell(What::Attested { step, label, evidence: evidence.to_owned() });
    finish_if_done(draft);
    Ok(Answer::Noted)
}

/// Row 28: two operators lift the lockdown, or the only one there is. The revocation goes on.
pub(super) fn waive(draft: &mut Draft<'_>, by: &Actor, reason: &str) -> Result<Answer, Refusal> {
    let request = draft.request.id;
    let State::Revoking { cause, stuck_at, stuck_since, locked: true, mut waivers } =
        draft.request.state.clone()
    else {
        return Err(Refusal::NoLockdown { request });
    };
    let Actor::Operator { id, .. } = by else { return Err(Refusal::MayNotRevoke { request }) };
    if *id == draft.request.requester.id {
        return Err(Refusal::MayNotRevoke { request });
    }
    let first_of_theirs = !waivers.contains(id);
    if first_of_theirs {
        waivers.push(id.clone());
    }
    let by_one = draft.facts.operators <= 1;
    let enough = by_one || waivers.len() >= 2;
    draft.request.state = State::Revoking { cause, stuck_at, stuck_since, locked: !enough, waivers };
    if !enough {
        // The first waiver is kept, and its giver hears that one more is needed.
        if first_of_theirs {
            draft.tell(What::WaiverGiven { reason: reason.to_owned() });
        }
        return Ok(Answer::Refused(Refusal::SecondOperatorNeeded { request }));
    }
    draft.row(28);
    draft.lift_lockdowns();
    draft.tell(What::LockdownLifted { waived: Some(reason.to_owned()), by_one });
    Ok(Answer::Noted)
}
