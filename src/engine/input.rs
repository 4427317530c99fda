//! One input of a batch, on its own savepoint: its neighbours never fail with it.

use super::core::{Core, Input, Stop, Touched};
use super::verbs::subject;
use super::{Command, Completion, EngineError, TicketProgress};
use crate::ids::RequestId;
use crate::lifecycle::{Answer, Event, Refusal};
use crate::policy::{Reason, ReasonCode, TicketLook};
use crate::store::{StoreError, Tx};
use crate::time::{Span, Timestamp};

/// Follow-ups of follow-ups, at most: a chain this long is a mistake of ours.
const MOST_FOLLOW_UPS: usize = 256;
/// A call whose outcome we could not take in is made again after this: calls are safe to repeat.
const AFTER_OUR_MISTAKE: Span = Span::mins(1);
/// Work that is put off comes back no sooner: not in a hot loop.
const SOONEST: Span = Span::millis(100);

impl Core {
    /// One input of a batch.
    pub(super) fn input(
        &mut self,
        tx: &mut Tx<'_>,
        touched: &mut Touched,
        input: &Input,
        now: Timestamp,
    ) -> Result<Result<Answer, EngineError>, StoreError> {
        match input {
            Input::Command(command) => self.command(tx, touched, command, None, now).map(Ok),
            Input::Looked(command, look) => self.command(tx, touched, command, Some(look), now).map(Ok),
            Input::Complete(completion) => {
                self.complete(tx, touched, completion, now).map(|()| Ok(Answer::Noted))
            }
            Input::TicketSeen(request, look) => {
                self.looked(tx, touched, *request, look, now)?;
                Ok(Ok(Answer::Noted))
            }
            Input::Heard(heard) => {
                self.heard(tx, heard, now)?;
                Ok(Ok(Answer::Noted))
            }
            Input::Progress(request, progress) => {
                progress_ticket(tx, *request, progress)?;
                Ok(Ok(Answer::Noted))
            }
        }
    }

    /// One command: a duplicate hears the first answer again; a refusal is written down.
    fn command(
        &mut self,
        tx: &mut Tx<'_>,
        touched: &mut Touched,
        command: &Command,
        look: Option<&TicketLook>,
        now: Timestamp,
    ) -> Result<Answer, StoreError> {
        if let Some(key) = &command.key
            && let Some(answer) = tx.answer(key)?
        {
            return Ok(answer);
        }
        if let Some(answer) = self.refused_for_the_disk(command) {
            return Ok(answer);
        }
        let mut inner = Touched::default();
        let result = tx.savepoint(|tx| self.act(tx, &mut inner, command, look, now));
        let answer = match result {
            Ok(answer) => {
                touched.add(inner);
                answer
            }
            Err(Stop::Refused(refusal)) => {
                self.audit_refusal(tx, command, &refusal, now)?;
                Answer::Refused(refusal)
            }
            Err(Stop::Store(StoreError::Corrupt(error)) | Stop::Internal(error)) => {
                tracing::error!(error, subject = ?subject(&command.verb), "a command was rolled back by a mistake of ours");
                Answer::Refused(Refusal::Rules(vec![broken()]))
            }
            Err(Stop::Store(error)) => return Err(error),
        };
        if let Some(key) = &command.key {
            tx.put_answer(key, &answer, now)?;
        }
        Ok(answer)
    }

    fn complete(
        &mut self,
        tx: &mut Tx<'_>,
        touched: &mut Touched,
        completion: &Completion,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match completion {
            Completion::Target { row, effect, outcome } => {
                let resumed = self.resumed.contains(effect);
                let event = Event::Settled { effect: *effect, outcome: outcome.clone(), resumed };
                let taken = self.settle_input(tx, touched, |core, tx, touched| {
                    core.event(tx, touched, effect.request(), &event, now).map(|_| ())
                })?;
                if taken {
                    tx.settle_row(*row, now)?;
                } else {
                    // The request still waits for this call: without the row it would wait for ever.
                    tx.later(*row, now + AFTER_OUR_MISTAKE, "what came of it could not be kept")?;
                }
                touched.freed.push(*row);
                touched.settled.push(*effect);
            }
            Completion::Shown { row, request, view, message, revision } => {
                if let Some(message) = message {
                    tx.put_message(*request, *view, message)?;
                }
                tx.settle_revision(*row, *revision, now)?;
                touched.freed.push(*row);
            }
            Completion::Told { row, request: _, revision } => {
                tx.settle_revision(*row, *revision, now)?;
                touched.freed.push(*row);
            }
            Completion::NotYet { row, after } => {
                tx.not_yet(*row, now + (*after).max(SOONEST))?;
                touched.freed.push(*row);
            }
            Completion::Later { row, error, after } => {
                let attempts = self.claims.attempts(*row);
                if attempts.saturating_add(1).is_power_of_two() {
                    tracing::warn!(
                        row,
                        attempts,
                        error,
                        "a message or a ticket could not be brought up to date; it is tried again"
                    );
                }
                let wait = later(attempts, *after, self.jitter());
                tx.later(*row, now + wait, error)?;
                touched.freed.push(*row);
            }
        }
        Ok(())
    }

    /// Runs one event on its own savepoint. A refusal changes nothing. A mistake of ours, or a row that can't be
    /// read, is told and changes nothing, so that it never stops its neighbours; then false comes back.
    pub(super) fn settle_input(
        &mut self,
        tx: &mut Tx<'_>,
        touched: &mut Touched,
        run: impl FnOnce(&mut Self, &mut Tx<'_>, &mut Touched) -> Result<(), Stop>,
    ) -> Result<bool, StoreError> {
        let mut inner = Touched::default();
        match tx.savepoint(|tx| run(self, tx, &mut inner)) {
            Ok(()) => {
                touched.add(inner);
                Ok(true)
            }
            Err(Stop::Refused(refusal)) => {
                tracing::debug!(?refusal, "nothing changed");
                Ok(true)
            }
            Err(Stop::Store(StoreError::Corrupt(error)) | Stop::Internal(error)) => {
                tracing::error!(error, "an event was rolled back by a mistake of ours");
                Ok(false)
            }
            Err(Stop::Store(error)) => Err(error),
        }
    }

    /// An event for a request, with its follow-ups.
    pub(super) fn event(
        &mut self,
        tx: &mut Tx<'_>,
        touched: &mut Touched,
        id: RequestId,
        event: &Event,
        now: Timestamp,
    ) -> Result<Answer, Stop> {
        let (request, _) = tx.request(id)?.ok_or(Refusal::NoSuchRequest { request: id })?;
        let facts = self.facts(tx, &request, event, now)?;
        let change = self.rules.step(&request, event, &facts, now)?;
        let answer = change.answer.clone();
        if change.request == request {
            // Nothing to write: a look that found nothing to do, or an answer alone.
            if facts.look_owed {
                self.want_look(touched, &request, now);
            }
            return Ok(answer);
        }
        let mut waiting = self.apply(tx, touched, change, false, now)?;
        let mut done = 0;
        while let Some(follow_up) = waiting.pop() {
            done += 1;
            if done > MOST_FOLLOW_UPS {
                return Err(Stop::Internal(format!("{id} was followed up by too much")));
            }
            waiting.append(&mut self.follow_up(tx, touched, &follow_up, now)?);
        }
        Ok(answer)
    }
}

fn progress_ticket(tx: &mut Tx<'_>, request: RequestId, progress: &TicketProgress) -> Result<(), StoreError> {
    match progress {
        TicketProgress::Opened { issue } => tx.set_ticket_issue(request, issue),
        TicketProgress::Commented { entries, comment } => tx.told(entries, comment),
        TicketProgress::Moved { status } => tx.set_ticket_status(request, status),
    }
}

/// What a person hears when we broke our own rules: nothing was changed, and operators can look it up.
fn broken() -> Reason {
    Reason {
        code: ReasonCode::Internal,
        rule: "a decision that contradicts itself is not taken".to_owned(),
        saw: "a mistake in Jitney".to_owned(),
        wants: "an operator to look at Jitney's log; nothing was changed".to_owned(),
    }
}

/// Slack and Jira are asked again after 1 s, 2 s, 4 s … up to 5 minutes, or when they said.
fn later(attempts: u32, after: Option<Span>, jitter: u32) -> Span {
    let plain = Span::secs(1).times(1_u64 << attempts.min(12)).min(Span::mins(5));
    let spread = Span::millis(plain.as_millis() * (750 + u64::from(jitter) / 2) / 1000);
    after.map_or(spread, |after| after.max(SOONEST))
}
