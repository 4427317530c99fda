//! What somebody asked for somebody else: it waits for the one whom it is for. Rows 35 and 36.

use super::draft::Draft;
use super::{
    Actor, Answer, DmKind, Event, PendingState, Refusal, State, View, What, WithdrawCause, pending, submit,
};
use crate::policy::Reason;

/// The requester is asked whether they want it; nobody else is asked anything.
pub(super) fn ask(draft: &mut Draft<'_>) -> Answer {
    draft.row(35);
    let request = &draft.request;
    let (id, from, name) = (request.id, request.requester.id.clone(), request.requester.name.clone());
    let lapses_at = submit::lapses_at(&request.terms.tier, &request.ask, draft.now);
    draft.request.state = State::Pending(PendingState {
        stage: 0,
        stage_since: draft.now,
        asked: Vec::new(),
        remind_at: None,
        reminders: 0,
        escalate_at: None,
        escalated: false,
        lapses_at,
        held: false,
        asked_anew: 0,
        unconfirmed: true,
    });
    draft.tell(What::ConfirmationWanted { from: from.clone(), name });
    draft.dm(DmKind::Confirm);
    draft.dm(DmKind::Asker);
    Answer::ConfirmationWanted { request: id, from }
}

/// Everything that can happen before the requester has said yes.
pub(super) fn decide(draft: &mut Draft<'_>, state: &PendingState, event: &Event) -> Result<Answer, Refusal> {
    let request = draft.request.id;
    let over = draft.now >= state.lapses_at;
    match event {
        Event::Tick => {
            if over {
                lapse(draft);
            }
            Ok(Answer::Noted)
        }
        Event::Confirm { by, .. } if by.person() != Some(&draft.request.requester.id) => {
            Err(Refusal::NotYours { request })
        }
        Event::Confirm { .. } if over => {
            lapse(draft);
            Ok(Answer::Refused(draft.request.settled_refusal()))
        }
        Event::Confirm { agrees: true, .. } => confirm(draft),
        Event::Confirm { by, agrees: false } => {
            pending::withdrawn(draft, by.clone(), WithdrawCause::Declined);
            Ok(Answer::Withdrawn { request })
        }
        Event::Withdraw { by, .. } if by.person().is_some_and(|who| draft.request.is_asked_by(who)) => {
            pending::withdrawn(draft, by.clone(), WithdrawCause::Asker);
            Ok(Answer::Withdrawn { request })
        }
        Event::Withdraw { by, cause } => pending::withdraw(draft, by, cause.clone()),
        Event::Revoke { by, cause } => pending::revoke(draft, by, cause),
        Event::Rejudge => Ok(pending::rejudge(draft)),
        Event::HoldLifted => Ok(Answer::Noted),
        Event::Settled { .. } => Err(Refusal::NotInFlight),
        Event::Approve { .. } | Event::Deny { .. } | Event::Question { .. } => {
            Err(Refusal::Unconfirmed { request })
        }
        Event::Reply { .. }
        | Event::Release { .. }
        | Event::Extended { .. }
        | Event::Inherited { .. }
        | Event::Reveal { .. }
        | Event::RevealRefused
        | Event::RevealShown
        | Event::Attest { .. }
        | Event::WaiveLockdown { .. }
        | Event::Reviewed { .. } => Err(draft.request.settled_refusal()),
    }
}

/// From here on it is a request like any other; what was judged at submission is judged again.
fn confirm(draft: &mut Draft<'_>) -> Result<Answer, Refusal> {
    let closed: Vec<Reason> = submit::closed_doors(&draft.request.terms, draft.facts).collect();
    if !closed.is_empty() {
        return Err(Refusal::Rules(closed));
    }
    draft.row(36);
    let now = draft.now;
    if let Some(asked_by) = draft.request.asked_by.as_mut() {
        asked_by.confirmed_at = Some(now);
    }
    draft.because(draft.facts.still_eligible.allowed_by());
    draft.tell(What::Confirmed);
    draft.show(View::Card);
    draft.show(View::Log);
    if let Some(answer) = pending::refused_now(draft) {
        return Ok(answer);
    }
    submit::begin(draft)
}

fn lapse(draft: &mut Draft<'_>) {
    draft.row(11);
    draft.request.state = State::Lapsed { at: draft.now };
    draft.tell_by(Actor::Jitney, What::Lapsed);
    draft.dm(DmKind::Decided);
}
