//! Writes a change into the open transaction: state, effects, entries and audit records together.

use secrecy::SecretString;

use super::act::audit_body;
use super::core::{Core, Stop, Touched};
use super::verbs::{asks_for_more, subject};
use super::{Command, EngineError, Verb};
use crate::credentials;
use crate::ids::RequestId;
use crate::lifecycle::{Answer, Change, Effect, Event, FollowUp, LockdownChange, Op, Refusal, Request, What};
use crate::policy::{Reason, ReasonCode};
use crate::store::{Store, StoreError, Tx};
use crate::time::{Span, Timestamp};

/// Why nothing new is taken on.
pub(super) const DISK_IS_FULL: &str = "the disk that holds Jitney's database is full";
/// A full disk is looked at again after this.
const LOOK_AT_THE_DISK: Span = Span::mins(1);

impl Core {
    /// Writes one change. What comes back is what other requests must hear.
    pub(super) fn apply(
        &mut self,
        tx: &mut Tx<'_>,
        touched: &mut Touched,
        change: Change,
        new: bool,
        now: Timestamp,
    ) -> Result<Vec<FollowUp>, Stop> {
        let request = &change.request;
        let due = Self::due(request, touched);
        touched.borrowed |= request.terms.steps.iter().any(|step| step.gives_group.is_some());
        let revision = if new {
            tx.insert_request(request, due)?;
            1
        } else {
            tx.update_request(request, due)?
        };
        for entry in &change.entries {
            tx.add_entry(entry)?;
            let body = audit_body(request, entry);
            // The audit record's kind: the entry's own tag.
            let kind =
                body.pointer("/entry/kind").and_then(|kind| kind.as_str()).unwrap_or("told").to_owned();
            tx.append(now, &kind, Some(request.id), body)?;
        }
        if change.entries.iter().any(|entry| moves_a_grant(&entry.what)) {
            tx.keep_grant(request)?;
        }
        if change.erase_credential {
            tx.erase_secrets(request.id)?;
        }
        touched.owes |= !change.effects.is_empty();
        for effect in &change.effects {
            self.owe(tx, request, effect, revision, now)?;
        }
        for lockdown in &change.lockdowns {
            match lockdown {
                LockdownChange::Place(target) => {
                    tx.place_lockdown(&request.requester.id, target, request.id, now)?;
                }
                LockdownChange::LiftAll => {
                    tx.lift_lockdowns(request.id)?;
                }
            }
        }
        Ok(change.follow_ups)
    }

    /// Tells another request, in the same savepoint.
    pub(super) fn follow_up(
        &mut self,
        tx: &mut Tx<'_>,
        touched: &mut Touched,
        follow_up: &FollowUp,
        now: Timestamp,
    ) -> Result<Vec<FollowUp>, Stop> {
        let FollowUp { request: id, event } = follow_up;
        let (request, _) =
            tx.request(*id)?.ok_or_else(|| Stop::Internal(format!("{id} is followed up and missing")))?;
        let facts = self.facts(tx, &request, event, now)?;
        match self.rules.step(&request, event, &facts, now) {
            Ok(change) => self.apply(tx, touched, change, false, now),
            // These two carry a duty: without the heir, or without the longer end, the whole change is wrong.
            Err(refusal) if matches!(event, Event::Inherited { .. } | Event::Extended { .. }) => {
                Err(Stop::Internal(format!("{id} did not take what it was handed: {refusal:?}")))
            }
            Err(_) => Ok(Vec::new()),
        }
    }

    fn owe(
        &mut self,
        tx: &mut Tx<'_>,
        request: &Request,
        effect: &Effect,
        revision: u64,
        now: Timestamp,
    ) -> Result<(), Stop> {
        match effect {
            Effect::Target { id, step, op, native_expiry } => {
                let terms = request.terms.steps.get(*step as usize);
                let terms = terms.ok_or_else(|| Stop::Internal(format!("{id} is about no step")))?;
                if *op == Op::Grant && terms.issues_credential {
                    self.issue(tx, request, now)?;
                }
                tx.owe_target(request, *id, *step, *op, *native_expiry, now)?;
            }
            Effect::Ticket => tx.owe_ticket(request.id, revision, now)?,
            Effect::Show(view) => tx.owe_show(request.id, *view, revision, now)?,
        }
        Ok(())
    }

    /// Generates the credential, once: what a retry must repeat is kept, sealed, before the call that uses it.
    fn issue(&mut self, tx: &mut Tx<'_>, request: &Request, now: Timestamp) -> Result<(), Stop> {
        if tx.secret(request.id)?.is_some() {
            return Ok(());
        }
        let password = credentials::generate_password(&mut self.rng);
        let sealed = self
            .sealer
            .seal(&password, &context(request.id))
            .map_err(|e| Stop::Internal(format!("sealing a credential failed: {e}")))?;
        tx.put_secret(request.id, &sealed, now)?;
        Ok(())
    }

    /// The credential of a grant, unsealed.
    pub(super) fn credential(&mut self, request: RequestId) -> Result<Option<SecretString>, EngineError> {
        let sealed = self.read(|tx| tx.secret(request))?;
        let Some(sealed) = sealed else { return Ok(None) };
        let opened = self.sealer.open(&sealed, &context(request));
        opened.map(Some).map_err(|e| EngineError::Store(e.to_string()))
    }

    /// A refusal is on no ticket, and in the audit log.
    pub(super) fn audit_refusal(
        &mut self,
        tx: &mut Tx<'_>,
        command: &Command,
        refusal: &Refusal,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if matches!(refusal, Refusal::NotInFlight) {
            return Ok(());
        }
        let requester =
            if let Verb::AskFor { person, .. } = &command.verb { Some(person) } else { command.by.person() };
        let requester = requester.and_then(|id| self.world().people.get(id).cloned());
        let body = serde_json::json!({
            "actor": command.by,
            "requester": requester.map(|p| serde_json::json!({
                "id": p.id, "name": p.name, "employment": p.employment, "department": p.department,
            })),
            "verb": command.verb,
            "refusal": refusal,
            "policy": self.world().policies.digest,
        });
        tx.append(now, "refused", subject(&command.verb), body).map(|_| ())
    }

    /// While the disk is full, nothing new is taken on; nothing is written to say so.
    pub(super) fn refused_for_the_disk(&self, command: &Command) -> Option<Answer> {
        self.full_until.filter(|_| asks_for_more(&command.verb))?;
        Some(Answer::Refused(Refusal::Rules(vec![Reason {
            code: ReasonCode::DiskFull,
            rule: "a full disk takes nothing new on".to_owned(),
            saw: DISK_IS_FULL.to_owned(),
            wants: "free space on Jitney's disk; operators know of it".to_owned(),
        }])))
    }

    /// Makes room for revocations, and refuses what is new.
    pub(super) fn disk_is_full(&mut self) {
        if self.full_until.is_none() {
            tracing::error!(
                "the disk is full: new requests are refused, revocations go on. Free space; within a minute it is seen."
            );
        }
        self.full_until = Some(self.now() + LOOK_AT_THE_DISK);
        if let Some(store) = self.store.as_mut()
            && let Err(error) = store.release_ballast()
        {
            tracing::error!(%error, "the ballast could not be given back");
        }
    }

    /// Tries to take the ballast back, now and then; when that works there is room again.
    pub(super) fn look_at_the_disk(&mut self, now: Timestamp) {
        if self.full_until.is_none_or(|until| now < until) {
            return;
        }
        match self.store.as_ref().map(Store::restore_ballast) {
            Some(Ok(())) => {
                tracing::info!("there is room on the disk again: requests are taken");
                self.full_until = None;
            }
            Some(Err(_)) | None => self.full_until = Some(now + LOOK_AT_THE_DISK),
        }
    }
}

/// Whether a grant begins, ends, or ends at another time with it.
const fn moves_a_grant(what: &What) -> bool {
    matches!(what, What::Activated { .. } | What::Extended { .. } | What::Ending { .. })
}

/// What a sealed credential is bound to.
fn context(request: RequestId) -> String {
    format!("credential of {request}")
}
