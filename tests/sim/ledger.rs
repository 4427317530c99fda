//! What the engine has acknowledged to somebody: none of it may be missing after a power cut.

use std::collections::{BTreeMap, BTreeSet};

use jitney::audit::{Head, Verifier};
use jitney::ids::{DedupeKey, EffectId, EntryId, RequestId};
use jitney::lifecycle::{Answer, Op, Refusal, Request};
use jitney::policy::ReasonCode;
use jitney::store::{Store, StoreError, Tx};
use jitney::time::Timestamp;

use super::checks::Violation;

#[derive(Debug, Default)]
pub struct Ledger {
    /// Each request as the last commit that was heard of left it.
    pub requests: BTreeMap<RequestId, Request>,
    answers: BTreeMap<DedupeKey, Answer>,
    /// Calls that were made: a target may have carried them out.
    calls: BTreeMap<EffectId, Op>,
    /// Entries that were said to stand on the ticket.
    told: BTreeSet<EntryId>,
    head: Option<Head>,
    now: Timestamp,
}

/// Why the database does not say what was acknowledged, or does not say anything.
pub enum Missing {
    Violation(Violation),
    Store(StoreError),
}

impl From<Violation> for Missing {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

impl From<StoreError> for Missing {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

const LOST: &str = "nothing_acknowledged_is_lost";

fn ensure(name: &'static str, holds: bool, detail: impl FnOnce() -> String) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation::new(name, detail())) }
}

impl Ledger {
    /// A commit was heard of.
    pub fn committed(&mut self, head: Head) {
        self.head = Some(head);
    }

    /// An input was taken in at this time of the engine's.
    pub fn taken_in(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
    }

    /// Somebody heard this answer. The same input hears the same, however often it comes.
    ///
    /// # Errors
    /// It heard something else before.
    pub fn answered(&mut self, key: &DedupeKey, answer: &Answer) -> Result<(), Violation> {
        if is_for_a_full_disk(answer) {
            return Ok(());
        }
        let first = self.answers.entry(key.clone()).or_insert_with(|| answer.clone());
        ensure("one_answer_an_input", first == answer, || format!("{key}: {first:?}, then {answer:?}"))
    }

    /// A call leaves the process.
    pub fn called(&mut self, effect: EffectId, op: Op) {
        self.calls.insert(effect, op);
    }

    pub fn told(&mut self, entries: &[EntryId]) {
        self.told.extend(entries);
    }

    /// Looks for everything in a database that was opened again. `decided` is what the engine may have been about
    /// to commit: it is there or not. How many facts were looked for.
    pub fn check(&self, store: &mut Store, decided: &BTreeMap<RequestId, Request>) -> Result<u64, Missing> {
        let mut tx = store.begin()?;
        // The worst first.
        let facts = self.calls_are_known(&mut tx)? + self.requests_are_there(&mut tx, decided)?;
        let facts = facts + self.answers_are_there(&mut tx)? + self.tickets_are_known(&mut tx)?;
        self.the_chain_goes_on(&mut tx)?;
        let last = tx.last_now()?;
        ensure("time_goes_on", last >= self.now, || format!("{last} after {}", self.now))?;
        Ok(facts)
    }

    fn requests_are_there(
        &self,
        tx: &mut Tx<'_>,
        decided: &BTreeMap<RequestId, Request>,
    ) -> Result<u64, Missing> {
        let ids: BTreeSet<RequestId> = self.requests.keys().chain(decided.keys()).copied().collect();
        for id in &ids {
            let kept = tx.request(*id)?.map(|(request, _)| request);
            let known = kept.as_ref() == self.requests.get(id) || kept.as_ref() == decided.get(id);
            ensure(LOST, known, || {
                format!("{id} is {kept:?}, and was {:?}", self.requests.get(id).map(|r| &r.state))
            })?;
        }
        Ok(ids.len() as u64)
    }

    fn answers_are_there(&self, tx: &mut Tx<'_>) -> Result<u64, Missing> {
        for (key, answer) in &self.answers {
            let kept = tx.answer(key)?;
            ensure(LOST, kept.as_ref() == Some(answer), || format!("{key}: {answer:?}, now {kept:?}"))?;
        }
        Ok(self.answers.len() as u64)
    }

    /// No target was asked for anything that the database does not know of.
    fn calls_are_known(&self, tx: &mut Tx<'_>) -> Result<u64, Missing> {
        for (effect, op) in &self.calls {
            let request = tx.request(effect.request())?.map(|(request, _)| request);
            let known = request.is_some_and(|r| r.next_effect > effect.number() && r.times.is_some());
            ensure("intent_before_effect", known, || format!("{effect} {op:?} was called"))?;
        }
        Ok(self.calls.len() as u64)
    }

    fn tickets_are_known(&self, tx: &mut Tx<'_>) -> Result<u64, Missing> {
        let requests: BTreeSet<RequestId> = self.told.iter().map(|entry| entry.request()).collect();
        for id in requests {
            let comments = tx.dossier(id)?.map(|dossier| dossier.comments).unwrap_or_default();
            let mut told = self.told.iter().filter(|entry| entry.request() == id);
            let known = told.all(|entry| comments.contains_key(entry));
            ensure(LOST, known, || format!("{id}: {:?} were told, {comments:?} are known to be", self.told))?;
        }
        Ok(self.told.len() as u64)
    }

    fn the_chain_goes_on(&self, tx: &mut Tx<'_>) -> Result<(), Missing> {
        let genesis = Head::genesis(&tx.instance_id()?);
        let mut verifier = Verifier::after(genesis);
        if let Some(head) = self.head {
            verifier = verifier.remember(head);
        }
        let broken = |why: jitney::audit::Break| Violation::new("the_chain_verifies", why.to_string());
        for record in tx.records(1, usize::MAX)? {
            verifier.feed(&record).map_err(broken)?;
        }
        verifier.finish().map_err(broken)?;
        Ok(())
    }
}

/// That one is not kept: the input is heard again when there is room.
pub fn is_for_a_full_disk(answer: &Answer) -> bool {
    matches!(answer, Answer::Refused(Refusal::Rules(reasons))
        if reasons.iter().any(|reason| reason.code == ReasonCode::DiskFull))
}
