//! While the requester has the access: rows 19 to 22, and the credential.

use super::draft::Draft;
use super::warning::warn_at;
use super::{
    Actor, Answer, DmKind, EndCause, Op, Outcome, Presence, Refusal, State, What, granting, revoking,
};
use crate::ids::{EffectId, RequestId};
use crate::policy::Verdict;
use crate::time::Span;

pub(super) fn tick(draft: &mut Draft<'_>, warned: bool) -> Answer {
    let now = draft.now;
    let Some(times) = draft.request.times else { return Answer::Noted };
    if now >= times.expires_at {
        draft.row(22);
        revoking::begin(draft, EndCause::Expiry);
        return Answer::Noted;
    }
    if !warned && warn_at(&draft.request).is_some_and(|at| now >= at) {
        draft.row(19);
        draft.request.state = State::Active { warned: true };
        draft.tell(What::Warned { expires_at: times.expires_at });
        draft.dm(DmKind::Warning);
    }
    for index in 0..draft.request.steps.len() {
        let due = draft
            .step(index)
            .is_some_and(|s| s.in_flight.is_none() && s.retry_at.is_some_and(|at| now >= at));
        if due {
            draft.call(index, Op::Extend);
        }
    }
    Answer::Noted
}

/// More time, approved. One end is stored; the targets' own expiries follow it.
pub(super) fn extended(draft: &mut Draft<'_>, extension: RequestId, by: Span) -> Result<Answer, Refusal> {
    let now = draft.now;
    let Some(times) = draft.request.times.as_mut().filter(|t| now < t.expires_at) else {
        return Err(draft.request.settled_refusal());
    };
    let from = times.expires_at;
    let to = from + by;
    times.expires_at = to;
    times.extended_at = Some(now);
    times.not_after = times.not_after.max(to);
    draft.row(20);
    draft.request.state = State::Active { warned: false };
    draft.tell(What::Extended { extension, from, to });
    draft.dm(DmKind::Extended);
    granting::move_expiries(draft);
    Ok(Answer::Noted)
}

pub(super) fn settled(draft: &mut Draft<'_>, effect: EffectId, outcome: &Outcome) -> Result<Answer, Refusal> {
    let (index, op) = granting::in_flight(draft, effect)?;
    if op != Op::Extend && op != Op::Verify {
        return Err(Refusal::NotInFlight);
    }
    let again = draft.step(index).is_some_and(|s| s.next_op == Some(Op::Extend));
    if let Outcome::Retry { error, after, may_have_landed: _ } = outcome {
        draft.failed(index, Op::Extend, error, *after, false);
        return Ok(Answer::Noted);
    }
    granting::tell_extension(draft, index, outcome);
    if again {
        draft.call(index, Op::Extend);
    }
    Ok(Answer::Noted)
}

pub(super) fn release(draft: &mut Draft<'_>, by: &Actor) -> Result<Answer, Refusal> {
    only_requester(draft, by)?;
    draft.row(21);
    let id = draft.request.id;
    revoking::begin(draft, EndCause::Released);
    Ok(Answer::Ending { request: id })
}

pub(super) fn revoke(draft: &mut Draft<'_>, by: &Actor, cause: &EndCause) -> Result<Answer, Refusal> {
    if let Actor::Person { .. } = by
        && let Verdict::Refused(..) = &draft.facts.verdict
    {
        return Err(Refusal::MayNotRevoke { request: draft.request.id });
    }
    draft.row(21);
    let id = draft.request.id;
    draft.because(draft.facts.verdict.allowed_by());
    revoking::begin(draft, cause.clone());
    Ok(Answer::Ending { request: id })
}

/// The requester's facts changed: access that the rules on people would not give any more ends.
pub(super) fn rejudge(draft: &mut Draft<'_>) -> Answer {
    let Some(reason) = draft.facts.still_eligible.refusals().next().cloned() else { return Answer::Noted };
    draft.row(21);
    let id = draft.request.id;
    revoking::begin(draft, EndCause::Policy { reason });
    Answer::Ending { request: id }
}

/// Another grant of the same entitlement ended: this one explains it now, and takes it at its own end.
pub(super) fn inherit(draft: &mut Draft<'_>, step: u32, from: RequestId) -> Result<Answer, Refusal> {
    let starting = matches!(draft.request.state, State::Granting);
    let Some(heir) = draft.step_mut(step as usize) else { return Err(Refusal::NotInFlight) };
    if starting && heir.presence == Presence::Untouched && heir.in_flight.is_none() {
        heir.next_op = Some(Op::Verify);
    }
    heir.presence = match heir.presence {
        // Asked and not seen yet: what is under way decides.
        Presence::Unknown => Presence::Unknown,
        Presence::Untouched
        | Presence::Present
        | Presence::Absent
        | Presence::Standing
        | Presence::HandedOver
        | Presence::Attested => Presence::Present,
    };
    draft.tell(What::Inherited { step, from });
    if !starting {
        // It may have been set to the other grant's later end.
        granting::move_expiry(draft, step as usize);
    }
    Ok(Answer::Noted)
}

/// Marked before it is shown, so that it is shown once at most.
pub(super) fn reveal(draft: &mut Draft<'_>, by: &Actor) -> Result<Answer, Refusal> {
    only_requester(draft, by)?;
    let request = draft.request.id;
    let now = draft.now;
    let Some(credential) = draft.request.credential.as_mut() else {
        return Err(Refusal::NoCredential { request });
    };
    if let Some(at) = credential.revealed_at {
        return Ok(Answer::AlreadyRevealed { request, at });
    }
    if credential.erased {
        return Err(Refusal::NoCredential { request });
    }
    credential.revealed_at = Some(now);
    draft.tell(What::CredentialRevealed);
    Ok(Answer::Reveal { request })
}

/// Slack definitely did not show it.
pub(super) fn reveal_refused(draft: &mut Draft<'_>) -> Answer {
    let shown = draft.request.credential.as_mut().filter(|c| !c.erased).and_then(|c| c.revealed_at.take());
    if shown.is_some() {
        draft.tell(What::RevealRefused);
    }
    Answer::Noted
}

/// It was shown: nobody needs the sealed copy any more. Also when the mark was taken back meanwhile: a click that
/// Slack delivers again after a restart is shown by the first one's answer.
pub(super) fn reveal_shown(draft: &mut Draft<'_>) -> Answer {
    let now = draft.now;
    if let Some(credential) = draft.request.credential.as_mut().filter(|c| !c.erased) {
        credential.revealed_at.get_or_insert(now);
        draft.erase_credential();
    }
    Answer::Noted
}

fn only_requester(draft: &Draft<'_>, by: &Actor) -> Result<(), Refusal> {
    if by.person() == Some(&draft.request.requester.id) {
        Ok(())
    } else {
        Err(Refusal::NotYours { request: draft.request.id })
    }
}
