//! The one function that changes a request: a nested match over state and event, without a catch-all.

use super::draft::Draft;
use super::{
    Actor, Answer, Change, Event, Facts, Op, Refusal, Request, State, active, confirming, granting, pending,
    questions, review, revoked, revoking,
};
use crate::time::Timestamp;

/// The decisions that the engine commits. One implementation ships; the simulation wraps it to show that each
/// deliberate defect is found.
pub trait Rules: Send + Sync + 'static {
    /// See [`super::submit`].
    ///
    /// # Errors
    /// Why not.
    fn submit(&self, submission: super::Submission, facts: &Facts, now: Timestamp)
    -> Result<Change, Refusal>;

    /// See [`step`].
    ///
    /// # Errors
    /// Why not.
    fn step(
        &self,
        request: &Request,
        event: &Event,
        facts: &Facts,
        now: Timestamp,
    ) -> Result<Change, Refusal>;
}

/// The rules of this module.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lifecycle;

impl Rules for Lifecycle {
    fn submit(
        &self,
        submission: super::Submission,
        facts: &Facts,
        now: Timestamp,
    ) -> Result<Change, Refusal> {
        super::submit::submit(submission, facts, now)
    }

    fn step(
        &self,
        request: &Request,
        event: &Event,
        facts: &Facts,
        now: Timestamp,
    ) -> Result<Change, Refusal> {
        step(request, event, facts, now)
    }
}

/// What an event changes, or why it changes nothing.
///
/// # Errors
/// A refusal that names the rule; nothing is changed by it.
pub fn step(request: &Request, event: &Event, facts: &Facts, now: Timestamp) -> Result<Change, Refusal> {
    let mut draft = Draft::new(request.clone(), actor(event), facts, now);
    let answer = decide(&mut draft, event)?;
    Ok(draft.finish(answer))
}

fn actor(event: &Event) -> Actor {
    match event {
        Event::Approve { by, .. }
        | Event::Deny { by, .. }
        | Event::Question { by, .. }
        | Event::Reply { by, .. }
        | Event::Confirm { by, .. }
        | Event::Withdraw { by, .. }
        | Event::Release { by }
        | Event::Revoke { by, .. }
        | Event::Reveal { by }
        | Event::Attest { by, .. }
        | Event::WaiveLockdown { by, .. }
        | Event::Reviewed { by, .. } => by.clone(),
        Event::Extended { .. }
        | Event::Settled { .. }
        | Event::Tick
        | Event::Rejudge
        | Event::HoldLifted
        | Event::Inherited { .. }
        | Event::RevealRefused
        | Event::RevealShown => Actor::Jitney,
    }
}

fn decide(draft: &mut Draft<'_>, event: &Event) -> Result<Answer, Refusal> {
    if let Event::Reviewed { by, found, finding } = event {
        return review::review(draft, by, *found, finding);
    }
    if let Event::Tick = event {
        // A review is owed whatever becomes of the access.
        review::tick(draft);
    }
    if let Event::Settled { effect, resumed: true, .. } = event
        && let Ok((index, Op::Grant | Op::Revoke)) = granting::in_flight(draft, *effect)
    {
        granting::keep_quiet(draft, index);
    }
    let no_longer = || draft.request.settled_refusal();
    match draft.request.state.clone() {
        State::Pending(state) if state.unconfirmed => confirming::decide(draft, &state, event),
        State::Pending(state) => match event {
            Event::Approve { by, at_most } => pending::approve(draft, state, by, *at_most),
            Event::Deny { by, reason } => pending::deny(draft, by, reason),
            Event::Question { by, text } => questions::ask(draft, by, text),
            Event::Reply { by, question, text } => questions::reply(draft, by, *question, text),
            Event::Withdraw { by, cause } => pending::withdraw(draft, by, cause.clone()),
            Event::Revoke { by, cause } => pending::revoke(draft, by, cause),
            Event::Tick => Ok(pending::tick(draft, state)),
            Event::Rejudge => Ok(pending::rejudge(draft)),
            Event::HoldLifted if state.held => pending::complete(draft, state),
            Event::Settled { .. } => Err(Refusal::NotInFlight),
            Event::Confirm { .. }
            | Event::Release { .. }
            | Event::Extended { .. }
            | Event::HoldLifted
            | Event::Inherited { .. }
            | Event::Reveal { .. }
            | Event::RevealRefused
            | Event::RevealShown
            | Event::Attest { .. }
            | Event::WaiveLockdown { .. }
            | Event::Reviewed { .. } => Err(no_longer()),
        },
        State::Scheduled { starts_at } => match event {
            Event::Withdraw { by, cause } => pending::withdraw(draft, by, cause.clone()),
            Event::Revoke { by, cause } => pending::revoke(draft, by, cause),
            Event::Tick if draft.now >= starts_at => Ok(pending::start_scheduled(draft, starts_at)),
            Event::Rejudge => Ok(pending::rejudge(draft)),
            Event::Tick | Event::HoldLifted => Ok(Answer::Noted),
            Event::Settled { .. } => Err(Refusal::NotInFlight),
            Event::Approve { .. }
            | Event::Deny { .. }
            | Event::Question { .. }
            | Event::Reply { .. }
            | Event::Confirm { .. }
            | Event::Release { .. }
            | Event::Extended { .. }
            | Event::Inherited { .. }
            | Event::Reveal { .. }
            | Event::RevealRefused
            | Event::RevealShown
            | Event::Attest { .. }
            | Event::WaiveLockdown { .. }
            | Event::Reviewed { .. } => Err(no_longer()),
        },
        State::Granting => match event {
            Event::Settled { effect, outcome, .. } => granting::settled(draft, *effect, outcome),
            Event::Tick => Ok(granting::tick(draft)),
            Event::Rejudge => Ok(active::rejudge(draft)),
            Event::Release { by } => active::release(draft, by),
            Event::Revoke { by, cause } => active::revoke(draft, by, cause),
            Event::Inherited { step, from } => active::inherit(draft, *step, *from),
            Event::HoldLifted => Ok(Answer::Noted),
            Event::Approve { .. }
            | Event::Deny { .. }
            | Event::Question { .. }
            | Event::Reply { .. }
            | Event::Confirm { .. }
            | Event::Withdraw { .. }
            | Event::Extended { .. }
            | Event::Reveal { .. }
            | Event::RevealRefused
            | Event::RevealShown
            | Event::Attest { .. }
            | Event::WaiveLockdown { .. }
            | Event::Reviewed { .. } => Err(no_longer()),
        },
        State::Active { warned } => match event {
            Event::Settled { effect, outcome, .. } => active::settled(draft, *effect, outcome),
            Event::Tick => Ok(active::tick(draft, warned)),
            Event::Rejudge => Ok(active::rejudge(draft)),
            Event::Release { by } => active::release(draft, by),
            Event::Revoke { by, cause } => active::revoke(draft, by, cause),
            Event::Extended { extension, by } => active::extended(draft, *extension, *by),
            Event::Inherited { step, from } => active::inherit(draft, *step, *from),
            Event::Reveal { by } => active::reveal(draft, by),
            Event::RevealRefused => Ok(active::reveal_refused(draft)),
            Event::RevealShown => Ok(active::reveal_shown(draft)),
            Event::HoldLifted => Ok(Answer::Noted),
            Event::Approve { .. }
            | Event::Deny { .. }
            | Event::Question { .. }
            | Event::Reply { .. }
            | Event::Confirm { .. }
            | Event::Withdraw { .. }
            | Event::Attest { .. }
            | Event::WaiveLockdown { .. }
            | Event::Reviewed { .. } => Err(no_longer()),
        },
        State::Revoking { .. } => match event {
            Event::Settled { effect, outcome, .. } => revoking::settled(draft, *effect, outcome),
            Event::Tick => Ok(revoking::tick(draft)),
            Event::Attest { by, step, evidence } => revoking::attest(draft, by, *step, evidence),
            Event::WaiveLockdown { by, reason } => revoking::waive(draft, by, reason),
            Event::Rejudge | Event::RevealRefused | Event::RevealShown | Event::HoldLifted => {
                Ok(Answer::Noted)
            }
            Event::Approve { .. }
            | Event::Deny { .. }
            | Event::Question { .. }
            | Event::Reply { .. }
            | Event::Confirm { .. }
            | Event::Withdraw { .. }
            | Event::Release { .. }
            | Event::Revoke { .. }
            | Event::Extended { .. }
            | Event::Inherited { .. }
            | Event::Reveal { .. }
            | Event::Reviewed { .. } => Err(no_longer()),
        },
        State::Revoked { .. } => match event {
            Event::Settled { effect, outcome, .. } => revoked::settled(draft, *effect, outcome),
            Event::Tick => Ok(revoked::tick(draft)),
            Event::Rejudge | Event::RevealRefused | Event::RevealShown | Event::HoldLifted => {
                Ok(Answer::Noted)
            }
            Event::Approve { .. }
            | Event::Deny { .. }
            | Event::Question { .. }
            | Event::Reply { .. }
            | Event::Confirm { .. }
            | Event::Withdraw { .. }
            | Event::Release { .. }
            | Event::Revoke { .. }
            | Event::Extended { .. }
            | Event::Inherited { .. }
            | Event::Reveal { .. }
            | Event::Attest { .. }
            | Event::WaiveLockdown { .. }
            | Event::Reviewed { .. } => Err(no_longer()),
        },
        State::Applied { .. } | State::Denied { .. } | State::Withdrawn { .. } | State::Lapsed { .. } => {
            match event {
                Event::Tick
                | Event::Rejudge
                | Event::HoldLifted
                | Event::RevealRefused
                | Event::RevealShown => Ok(Answer::Noted),
                Event::Settled { .. } => Err(Refusal::NotInFlight),
                Event::Approve { .. }
                | Event::Deny { .. }
                | Event::Question { .. }
                | Event::Reply { .. }
                | Event::Confirm { .. }
                | Event::Withdraw { .. }
                | Event::Release { .. }
                | Event::Revoke { .. }
                | Event::Extended { .. }
                | Event::Inherited { .. }
                | Event::Reveal { .. }
                | Event::Attest { .. }
                | Event::WaiveLockdown { .. }
                | Event::Reviewed { .. } => Err(no_longer()),
            }
        }
    }
}
