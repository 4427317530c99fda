//! Seen gone, and looked at once more: row 29.

use super::draft::{Draft, number};
use super::granting::{done_with_call, in_flight, set_presence};
use super::{Answer, Evidence, Op, Outcome, Presence, Refusal, State, What, revoking};
use crate::ids::EffectId;
use crate::time::{Span, Timestamp};

pub(super) fn tick(draft: &mut Draft<'_>) -> Answer {
    let now = draft.now;
    for index in 0..draft.request.steps.len() {
        let due = draft
            .step(index)
            .is_some_and(|s| s.in_flight.is_none() && s.retry_at.is_some_and(|at| now >= at));
        if due {
            draft.call(index, Op::Recheck);
        }
    }
    Answer::Noted
}

pub(super) fn settled(draft: &mut Draft<'_>, effect: EffectId, outcome: &Outcome) -> Result<Answer, Refusal> {
    let (index, op) = in_flight(draft, effect)?;
    if op != Op::Recheck {
        return Err(Refusal::NotInFlight);
    }
    draft.row(29);
    match outcome {
        Outcome::NotFound(evidence) => {
            done_with_call(draft, index, Some(evidence));
            close_if_done(draft);
        }
        Outcome::Found(evidence) => found(draft, index, evidence),
        Outcome::Unreadable(evidence) => later(draft, index, &evidence.answer, None),
        Outcome::Done(_) | Outcome::Already(_) => later(draft, index, "an answer that fits no look", None),
        Outcome::Retry { error, after, may_have_landed: _ } => later(draft, index, error, *after),
        Outcome::Fatal { error } => later(draft, index, error, None),
    }
    Ok(Answer::Noted)
}

/// There, though it was gone: another grant's, or back.
fn found(draft: &mut Draft<'_>, index: usize, evidence: &Evidence) {
    if explained(draft, index) {
        return close_if_done(draft);
    }
    done_with_call(draft, index, Some(evidence));
    tell_reappeared(draft, index, evidence);
    revoking::begin_again(draft, index);
}

/// Whether another grant put it there, or may have: then it answers for it, and its last look will tell.
pub(super) fn explained(draft: &mut Draft<'_>, index: usize) -> bool {
    let Some(to) = draft.claims(index).filter(|c| c.ours).max_by_key(|c| c.live).map(|c| c.request) else {
        return false;
    };
    done_with_call(draft, index, None);
    set_presence(draft, index, Presence::HandedOver);
    let label = draft.label(index);
    draft.tell_jitney(What::HandedOver { step: number(index), label, to });
    true
}

pub(super) fn tell_reappeared(draft: &mut Draft<'_>, index: usize, evidence: &Evidence) {
    set_presence(draft, index, Presence::Present);
    let label = draft.label(index);
    draft.tell_jitney(What::Reappeared { step: number(index), label, evidence: evidence.clone() });
}

fn later(draft: &mut Draft<'_>, index: usize, error: &str, after: Option<Span>) {
    draft.failed(index, Op::Recheck, error, after, true);
    if let State::Revoked { cause, recheck_at: Some(_) } = draft.request.state.clone() {
        draft.request.state = State::Revoked { cause, recheck_at: last_look(draft) };
    }
}

/// When the last of the second looks is planned.
pub(super) fn last_look(draft: &Draft<'_>) -> Option<Timestamp> {
    let looks = draft.request.steps.iter().filter(|s| s.next_op == Some(Op::Recheck));
    looks.filter_map(|s| s.retry_at).max()
}

fn close_if_done(draft: &mut Draft<'_>) {
    let State::Revoked { cause, recheck_at: Some(_) } = draft.request.state.clone() else { return };
    if draft.request.steps.iter().any(|s| s.in_flight.is_some() || s.next_op.is_some()) {
        return;
    }
    draft.request.state = State::Revoked { cause, recheck_at: None };
    let looked = draft.request.steps.iter().filter(|s| s.presence == Presence::Absent);
    let evidence = looked.filter_map(|s| s.evidence.clone()).collect();
    draft.tell(What::Closed { evidence });
}
