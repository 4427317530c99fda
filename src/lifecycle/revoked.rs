//! Seen gone, and looked at once more: row 29.

use super::draft::{Draft, number};
use super::granting::{done_with_call, in_flight, set_presence};
use super::{Answer, Evidence, Op, Outcome, Presence, Refusal, State, What, revoking};
use crate::ids::EffectId;
use crate::time::Span;

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
    let explained = draft.claims(index).any(|c| c.ours);
    done_with_call(draft, index, Some(evidence));
    if explained {
        return close_if_done(draft);
    }
    set_presence(draft, index, Presence::Present);
    let label = draft.label(index);
    draft.tell(What::Reappeared { step: number(index), label, evidence: evidence.clone() });
    revoking::begin_again(draft, index);
}

fn later(draft: &mut Draft<'_>, index: usize, error: &str, after: Option<Span>) {
    draft.failed(index, Op::Recheck, error, after, true);
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
