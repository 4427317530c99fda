//! While targets are being asked, one step after the other: rows 13 to 18.

use super::draft::{Draft, LATE_LANDING, number};
use super::{
    Answer, DmKind, EndCause, Evidence, Kind, Op, Outcome, Presence, Refusal, State, Times, What, revoking,
    submit,
};
use crate::ids::EffectId;
use crate::time::{Span, Timestamp};

/// How soon a step looks again whether an ending grant of the same entitlement is done with it.
const WAIT_FOR_ENDING: Span = Span::secs(5);

/// Starts the grant. The end is stored in the same commit, before any target is asked.
pub(super) fn start(draft: &mut Draft<'_>) -> Answer {
    let now = draft.now;
    let duration = draft.request.duration();
    let provision_by = now + draft.request.terms.tier.provision_within;
    let latest = provision_by + duration;
    let not_after = match draft.request.ask.starts_at {
        Some(starts_at) if !matches!(draft.request.kind, Kind::BreakGlass) => {
            latest.min(starts_at + duration)
        }
        Some(_) | None => latest,
    };
    draft.request.times = Some(Times {
        provisioning_at: now,
        // After a late start the end may come first: no target is asked after it.
        provision_by: provision_by.min(not_after),
        not_after,
        active_at: None,
        extended_at: None,
        expires_at: not_after,
        ended_at: None,
        verified_at: None,
    });
    draft.request.state = State::Granting;
    draft.because(draft.facts.still_eligible.allowed_by());
    draft.tell_jitney(What::Provisioning { not_after });
    go_on(draft);
    Answer::Granting { request: draft.request.id, shortened: draft.request.shortened() }
}

pub(super) fn tick(draft: &mut Draft<'_>) -> Answer {
    let now = draft.now;
    if draft.request.times.is_some_and(|t| now >= t.provision_by) {
        draft.row(18);
        let last = draft.request.steps.iter().find_map(|s| s.last_error.clone());
        let error = match last {
            Some(error) => format!("not done in time; the last error was: {error}"),
            None => "not done in time".to_owned(),
        };
        revoking::begin(draft, EndCause::ProvisioningFailed { error });
        return Answer::Noted;
    }
    if let Some(index) = current(draft)
        && draft.step(index).is_some_and(|s| s.in_flight.is_none() && s.retry_at.is_some_and(|at| now >= at))
    {
        begin_step(draft, index);
    }
    Answer::Noted
}

pub(super) fn settled(draft: &mut Draft<'_>, effect: EffectId, outcome: &Outcome) -> Result<Answer, Refusal> {
    let (index, op) = in_flight(draft, effect)?;
    match op {
        Op::Snapshot => snapshot(draft, index, outcome),
        Op::Grant => granted(draft, index, outcome),
        Op::Verify => verified(draft, index, outcome),
        Op::Extend => extended(draft, index, outcome),
        // Only a request that is ending sends these.
        Op::Revoke | Op::VerifyGone | Op::Recheck => return Err(Refusal::NotInFlight),
    }
    Ok(Answer::Noted)
}

/// The step and the call that an effect belongs to, if it is under way.
pub(super) fn in_flight(draft: &Draft<'_>, effect: EffectId) -> Result<(usize, Op), Refusal> {
    draft
        .request
        .steps
        .iter()
        .enumerate()
        .find_map(|(index, step)| step.in_flight.filter(|f| f.effect == effect).map(|f| (index, f.op)))
        .ok_or(Refusal::NotInFlight)
}

fn snapshot(draft: &mut Draft<'_>, index: usize, outcome: &Outcome) {
    match outcome {
        Outcome::Found(evidence) => found_before(draft, index, evidence),
        Outcome::NotFound(evidence) | Outcome::Unreadable(evidence) => {
            done_with_call(draft, index, Some(evidence));
            grant(draft, index);
        }
        Outcome::Done(_) | Outcome::Already(_) => odd_answer(draft, index, Op::Snapshot),
        Outcome::Retry { error, after, may_have_landed: _ } => {
            retry(draft, index, Op::Snapshot, error, *after)
        }
        Outcome::Fatal { error } => fail(draft, index, error),
    }
}

/// There before we granted: somebody's standing access, or another grant's.
fn found_before(draft: &mut Draft<'_>, index: usize, evidence: &Evidence) {
    let inherited = draft.step(index).is_some_and(|s| s.presence.is_touched());
    let ours: Vec<_> = draft.claims(index).filter(|c| c.ours).cloned().collect();
    let shared = draft.request.terms.steps.get(index).is_some_and(|s| s.shared);
    let live = ours.iter().find(|c| c.live).map(|c| c.request);
    let closing = draft.claims(index).any(|c| c.closing);
    done_with_call(draft, index, Some(evidence));
    if inherited {
        set_presence(draft, index, Presence::Present);
        draft.call(index, Op::Extend);
    } else if !shared {
        // It carries this grant's id, so it is ours whatever happened before.
        grant(draft, index);
    } else if let Some(with) = live {
        draft.row(15);
        set_presence(draft, index, Presence::Present);
        let label = draft.label(index);
        draft.tell_jitney(What::FoundShared { step: number(index), label, with });
        draft.call(index, Op::Extend);
    } else if ours.is_empty() && !closing {
        draft.row(14);
        set_presence(draft, index, Presence::Standing);
        let label = draft.label(index);
        draft.tell_jitney(What::FoundStanding { step: number(index), label, evidence: evidence.clone() });
        go_on(draft);
    } else {
        // A grant that is ending put it there, or may have, and is about to take it.
        wait(draft, index, Op::Snapshot, draft.now + WAIT_FOR_ENDING);
    }
}

fn granted(draft: &mut Draft<'_>, index: usize, outcome: &Outcome) {
    match outcome {
        Outcome::Done(evidence) | Outcome::Already(evidence) => {
            done_with_call(draft, index, Some(evidence));
            draft.call(index, Op::Verify);
        }
        Outcome::Found(_) | Outcome::NotFound(_) | Outcome::Unreadable(_) => {
            odd_answer(draft, index, Op::Grant)
        }
        Outcome::Retry { error, after, may_have_landed } => {
            if *may_have_landed {
                keep_quiet(draft, index);
            }
            retry(draft, index, Op::Grant, error, *after);
        }
        Outcome::Fatal { error } => fail(draft, index, error),
    }
}

fn verified(draft: &mut Draft<'_>, index: usize, outcome: &Outcome) {
    match outcome {
        Outcome::Found(evidence) | Outcome::Unreadable(evidence) => {
            draft.row(16);
            done_with_call(draft, index, Some(evidence));
            set_presence(draft, index, Presence::Present);
            let label = draft.label(index);
            draft.tell_jitney(What::Granted { step: number(index), label, evidence: evidence.clone() });
            go_on(draft);
        }
        Outcome::NotFound(evidence) => {
            let error = format!("granted, but not seen there: {}", evidence.answer);
            retry(draft, index, Op::Grant, &error, None);
        }
        Outcome::Done(_) | Outcome::Already(_) => odd_answer(draft, index, Op::Verify),
        Outcome::Retry { error, after, may_have_landed: _ } => retry(draft, index, Op::Verify, error, *after),
        Outcome::Fatal { error } => fail(draft, index, error),
    }
}

/// The target's own expiry is a second line of defence: when it can't be moved, the first one still stands.
fn extended(draft: &mut Draft<'_>, index: usize, outcome: &Outcome) {
    if let Outcome::Retry { error, after, may_have_landed: _ } = outcome {
        return retry(draft, index, Op::Extend, error, *after);
    }
    tell_extension(draft, index, outcome);
    go_on(draft);
}

/// Tells what came of moving a target's own expiry, unless there was nothing to move.
pub(super) fn tell_extension(draft: &mut Draft<'_>, index: usize, outcome: &Outcome) {
    let step = number(index);
    match outcome {
        Outcome::Done(evidence) => {
            done_with_call(draft, index, Some(evidence));
            draft.tell_jitney(What::ExpiryMoved { step, evidence: evidence.clone() });
        }
        Outcome::Already(_) => done_with_call(draft, index, None),
        Outcome::Found(_)
        | Outcome::NotFound(_)
        | Outcome::Unreadable(_)
        | Outcome::Retry { .. }
        | Outcome::Fatal { .. } => {
            let error = match outcome {
                Outcome::Fatal { error } | Outcome::Retry { error, .. } => error.clone(),
                Outcome::Done(_)
                | Outcome::Already(_)
                | Outcome::Found(_)
                | Outcome::NotFound(_)
                | Outcome::Unreadable(_) => "an answer that fits no extension".to_owned(),
            };
            done_with_call(draft, index, None);
            let label = draft.label(index);
            draft.tell_jitney(What::CallFailed { step, label, op: Op::Extend, error, failures: 1 });
        }
    }
}

/// Asks for the next step, or activates when there is none.
fn go_on(draft: &mut Draft<'_>) {
    match current(draft) {
        Some(index) => begin_step(draft, index),
        None => activate(draft),
    }
}

/// The step whose turn it is.
fn current(draft: &Draft<'_>) -> Option<usize> {
    draft.request.steps.iter().position(|s| {
        s.in_flight.is_some()
            || s.next_op.is_some()
            || matches!(s.presence, Presence::Untouched | Presence::Unknown)
    })
}

/// Asks for a step, or asks again: what has changed meanwhile counts.
fn begin_step(draft: &mut Draft<'_>, index: usize) {
    if locked_out(draft, index) {
        return;
    }
    let op = draft.step(index).and_then(|s| s.next_op).unwrap_or(Op::Snapshot);
    let quiet = draft.claims(index).filter_map(|c| c.quiet_until).max();
    let taken = draft.claims(index).any(|c| c.ours && !c.live);
    match quiet.filter(|until| *until > draft.now) {
        // A call of another grant may still land on this entitlement.
        Some(until) => wait(draft, index, op, until),
        // Its revoke is sent again until it is seen gone, and would take this grant's access too.
        None if taken => wait(draft, index, op, draft.now + WAIT_FOR_ENDING),
        None => draft.call(index, op),
    }
}

fn grant(draft: &mut Draft<'_>, index: usize) {
    if !locked_out(draft, index) {
        draft.call(index, Op::Grant);
    }
}

/// Gives up where the person was locked down meanwhile.
fn locked_out(draft: &mut Draft<'_>, index: usize) -> bool {
    let locked = submit::locked(&draft.request.terms, draft.facts);
    let out = draft.target(index).is_some_and(|t| locked.contains(&t));
    if out {
        draft.row(18);
        let error =
            "an earlier access of this person on the same target could not be taken away yet".to_owned();
        revoking::begin(draft, EndCause::ProvisioningFailed { error });
    }
    out
}

fn activate(draft: &mut Draft<'_>) {
    let now = draft.now;
    let duration = draft.request.duration();
    let Some(times) = draft.request.times.as_mut() else { return };
    times.active_at = Some(now);
    times.expires_at = (now + duration).min(times.not_after);
    let expires_at = times.expires_at;
    draft.request.state = State::Active { warned: false };
    draft.tell_jitney(What::Activated { expires_at });
    draft.dm(DmKind::Active);
    move_expiries(draft);
}

/// Moves the targets' own expiries to the grant's end.
pub(super) fn move_expiries(draft: &mut Draft<'_>) {
    for index in 0..draft.request.steps.len() {
        move_expiry(draft, index);
    }
}

/// Moves the target's own expiry of one step; after the call that is out, if there is one.
pub(super) fn move_expiry(draft: &mut Draft<'_>, index: usize) {
    let Some(step) = draft.step_mut(index) else { return };
    if step.presence != Presence::Present {
        return;
    }
    if step.in_flight.is_some() {
        step.next_op = Some(Op::Extend);
    } else {
        draft.call(index, Op::Extend);
    }
}

fn retry(draft: &mut Draft<'_>, index: usize, next: Op, error: &str, after: Option<Span>) {
    draft.row(17);
    draft.failed(index, next, error, after, false);
}

fn odd_answer(draft: &mut Draft<'_>, index: usize, op: Op) {
    retry(draft, index, op, "an answer that fits no such call", None);
}

fn fail(draft: &mut Draft<'_>, index: usize, error: &str) {
    draft.row(18);
    done_with_call(draft, index, None);
    if let Some(step) = draft.step_mut(index) {
        step.last_error = Some(error.to_owned());
    }
    revoking::begin(draft, EndCause::ProvisioningFailed { error: error.to_owned() });
}

fn wait(draft: &mut Draft<'_>, index: usize, next: Op, until: Timestamp) {
    draft.row(17);
    if let Some(step) = draft.step_mut(index) {
        step.next_op = Some(next);
        step.retry_at = Some(until);
    }
}

/// A call without an answer may land later: others must not trust what they see until then.
pub(super) fn keep_quiet(draft: &mut Draft<'_>, index: usize) {
    let until = draft.now + LATE_LANDING;
    if let Some(step) = draft.step_mut(index) {
        step.quiet_until = Some(until);
    }
}

pub(super) fn set_presence(draft: &mut Draft<'_>, index: usize, presence: Presence) {
    if let Some(step) = draft.step_mut(index) {
        step.presence = presence;
    }
}

/// The call is settled well.
pub(super) fn done_with_call(draft: &mut Draft<'_>, index: usize, evidence: Option<&Evidence>) {
    if let Some(step) = draft.step_mut(index) {
        step.in_flight = None;
        step.failures = 0;
        step.last_error = None;
        if let Some(evidence) = evidence {
            step.evidence = Some(evidence.clone());
        }
    }
}
