//! Commands and time turned into committed changes. No thread, no channel: the simulation drives this directly.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use rand::rngs::StdRng;
use thiserror::Error;

use super::handle::Shared;
use super::{Answers, Command, Completion, EngineError, Owed, Status, TicketProgress};
use crate::credentials::Sealer;
use crate::ids::{EffectId, RequestId, TargetId};
use crate::lifecycle::{Answer, Event, Refusal, Request, Rules, next_due};
use crate::policy::{Catalogue, People, PolicySet, Reason, ReasonCode};
use crate::store::{Claimable, Store, StoreError, Tx};
use crate::time::{Clock, Span, Timestamp};
use crate::wheel::Wheel;

/// Due rows that one commit takes at most.
const DUE_BATCH: usize = 256;
/// What the wheel holds ahead.
const HORIZON: Span = Span::mins(10);
/// Rows that the wheel holds at most.
const WHEEL_CAP: usize = 65_536;
/// A due row whose look changed nothing is looked at again after this.
const TICK_AGAIN: Span = Span::secs(30);
/// A wall clock that is off by more than this is told.
const CLOCK_ALARM: Span = Span::secs(5);
/// How often the time is kept while the wall clock is behind.
const KEEP_TIME: Span = Span::secs(30);
/// Follow-ups of follow-ups, at most: a chain this long is a mistake of ours.
const MOST_FOLLOW_UPS: usize = 256;

/// What an engine is made of.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// The decisions.
    pub rules: Arc<dyn Rules>,
    /// The configured targets.
    pub catalogue: Arc<dyn Catalogue>,
    /// Seals issued credentials.
    pub sealer: Sealer,
    /// Randomness, as a value.
    pub rng: StdRng,
    /// The policies in force.
    pub policies: Arc<PolicySet>,
    /// The directory as last read.
    pub people: Arc<People>,
    /// Requests that a person may have pending or scheduled at once.
    pub open_requests_per_person: u32,
}

/// The deciding part of the engine.
pub struct Core {
    pub(super) store: Option<Store>,
    pub(super) rules: Arc<dyn Rules>,
    pub(super) catalogue: Arc<dyn Catalogue>,
    pub(super) sealer: Sealer,
    pub(super) rng: StdRng,
    pub(super) shared: Arc<Shared>,
    pub(super) breakers: BTreeSet<TargetId>,
    pub(super) open_requests_per_person: u32,
    pub(super) refusing: Option<String>,
    clock: Arc<dyn Clock>,
    wheel: Wheel,
    claimed: BTreeMap<i64, Claimed>,
    clock_floor: ClockFloor,
    next_ready: Option<Timestamp>,
    people_seen: Option<Arc<People>>,
    /// Calls that were owed when this engine started: an earlier process may have sent them.
    resumed: BTreeSet<EffectId>,
}

/// Work that the outbox has.
#[derive(Debug, Clone)]
struct Claimed {
    lane: String,
    attempts: u32,
}

/// The engine's now never runs backwards.
#[derive(Debug, Clone, Copy)]
struct ClockFloor {
    last: Timestamp,
    last_monotonic: Span,
    alarmed: bool,
}

/// The policies and the directory, as one decision sees them.
pub(super) struct World {
    pub(super) policies: Arc<PolicySet>,
    pub(super) people: Arc<People>,
}

/// Why a savepoint was rolled back.
#[derive(Debug, Error)]
pub(super) enum Stop {
    #[error("refused")]
    Refused(Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Internal(String),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What a batch did in memory's terms: applied only after its commit.
#[derive(Default)]
pub(super) struct Touched {
    pub(super) due: BTreeMap<RequestId, Option<Timestamp>>,
    freed: Vec<i64>,
}

/// An input for the core.
pub enum Input {
    /// From an edge.
    Command(Box<Command>),
    /// From the outbox.
    Complete(Box<Completion>),
    /// From the ticket edge.
    Progress(RequestId, TicketProgress),
}

impl Core {
    /// Takes the parts, and arms the timers.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn new(parts: Parts) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::new(parts.policies, parts.people, Arc::clone(&parts.clock)));
        let mut store = parts.store;
        let mut tx = store.begin()?;
        let last = tx.last_now()?;
        let resumed = tx.owed_calls()?;
        // An earlier process may have tried what is owed, and told nobody: the edges then look before they post.
        tx.count_as_tried()?;
        tx.commit()?;
        let monotonic = parts.clock.monotonic();
        let mut core = Self {
            store: Some(store),
            rules: parts.rules,
            catalogue: parts.catalogue,
            sealer: parts.sealer,
            rng: parts.rng,
            shared,
            breakers: BTreeSet::new(),
            open_requests_per_person: parts.open_requests_per_person,
            refusing: None,
            clock: parts.clock,
            wheel: Wheel::new(HORIZON, WHEEL_CAP),
            claimed: BTreeMap::new(),
            clock_floor: ClockFloor { last, last_monotonic: monotonic, alarmed: false },
            next_ready: None,
            people_seen: None,
            resumed,
        };
        core.refill()?;
        Ok(core)
    }

    /// Gives the database back; what was claimed is forgotten, as in a crash.
    #[must_use]
    pub fn into_store(self) -> Option<Store> {
        self.store
    }

    /// What handles share with this engine.
    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// The later of the wall clock and the last committed now plus the time since.
    pub fn now(&mut self) -> Timestamp {
        let wall = self.clock.wall();
        let monotonic = self.clock.monotonic();
        let since =
            Span::millis(monotonic.as_millis().saturating_sub(self.clock_floor.last_monotonic.as_millis()));
        let floor = self.clock_floor.last + since;
        let behind = floor.since(wall);
        if behind > CLOCK_ALARM && !self.clock_floor.alarmed {
            self.clock_floor.alarmed = true;
            tracing::error!(
                wall = %wall, expected = %floor,
                "the wall clock is {} behind the last committed time; timers go on from the later one. Set the clock.",
                behind.words()
            );
        } else if behind <= CLOCK_ALARM {
            self.clock_floor.alarmed = false;
        }
        wall.max(floor)
    }

    /// Runs inputs, each on its own savepoint, and commits them together.
    ///
    /// # Errors
    /// When the commit failed: then none of it happened.
    pub fn run(&mut self, inputs: Vec<Input>) -> Result<Answers, EngineError> {
        match self.run_once(&inputs) {
            Err(StoreError::DiskFull) => {
                self.disk_is_full();
                self.run_once(&inputs).map_err(|e| EngineError::Store(e.to_string()))
            }
            other => other.map_err(|e| EngineError::Store(e.to_string())),
        }
    }

    /// Looks at what time has changed: at most one bounded commit. True when more may be due.
    ///
    /// # Errors
    /// When the commit failed.
    pub fn tick(&mut self) -> Result<bool, EngineError> {
        let now = self.now();
        while self.wheel.needs_refill(now) {
            self.refill().map_err(|e| EngineError::Store(e.to_string()))?;
        }
        self.keep_time_when_behind(now)?;
        let due = self.wheel.take_due(now, DUE_BATCH);
        let more = due.len() == DUE_BATCH;
        if !due.is_empty() {
            let result = self.commit(|core, tx, touched| {
                for id in &due {
                    // Should it come to nothing, it is looked at again: it must not get lost, nor spin.
                    touched.due.insert(*id, Some(now + TICK_AGAIN));
                    core.settle_input(tx, touched, |core, tx, touched| {
                        core.event(tx, touched, *id, &Event::Tick, now).map(|_| ())
                    })?;
                }
                Ok(())
            });
            if let Err(error) = result {
                // They stay due in the index; the wheel must hear of them again.
                self.wheel.forget();
                if matches!(error, StoreError::DiskFull) {
                    self.disk_is_full();
                }
                return Err(EngineError::Store(error.to_string()));
            }
        }
        if self.next_ready.is_some_and(|at| now >= at) {
            self.next_ready = None;
            self.shared.owed.notify_one();
        }
        Ok(more)
    }

    /// When to look again because of time alone.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let keep_time = self.clock_floor.alarmed.then(|| self.clock_floor.last + KEEP_TIME);
        [self.wheel.next(), self.next_ready, keep_time].into_iter().flatten().min()
    }

    /// While the wall clock is behind, a restart would lose the time since the last commit: it is kept often.
    fn keep_time_when_behind(&mut self, now: Timestamp) -> Result<(), EngineError> {
        if self.clock_floor.alarmed && now.since(self.clock_floor.last) >= KEEP_TIME {
            self.commit(|_, _, _| Ok(())).map_err(|e| EngineError::Store(e.to_string()))?;
        }
        Ok(())
    }

    /// Claims owed work: at most one of each lane, revocations first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn claim(&mut self, most: usize) -> Result<Vec<Owed>, EngineError> {
        let now = self.now();
        let busy: BTreeSet<String> = self.claimed.values().map(|c| c.lane.clone()).collect();
        let rows = self.read(|tx| tx.claimable(now, most, &busy, &BTreeSet::new()))?;
        let mut claimed = Vec::with_capacity(rows.len());
        for Claimable { owed, lane } in rows {
            self.claimed.insert(owed.row, Claimed { lane, attempts: owed.attempts });
            claimed.push(owed);
        }
        Ok(claimed)
    }

    /// Takes policies and people that were set since, and ends what a leaver still has.
    ///
    /// # Errors
    /// When the commit failed.
    pub fn look_around(&mut self) -> Result<(), EngineError> {
        let people = Arc::clone(&self.shared.people.read().unwrap_or_else(PoisonError::into_inner));
        if self.people_seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, &people)) {
            return Ok(());
        }
        let now = self.now();
        let leavers = self
            .commit(|core, tx, touched| {
                for (id, person) in tx.open_requesters()? {
                    if people.get(&person).is_some_and(|p| p.active) {
                        continue;
                    }
                    core.settle_input(tx, touched, |core, tx, touched| {
                        core.leaver(tx, touched, id, now).map(|_| ())
                    })?;
                }
                Ok(())
            })
            .map_err(|e| EngineError::Store(e.to_string()));
        if leavers.is_ok() {
            self.people_seen = Some(people);
        }
        leavers
    }

    /// Puts a fresh read of the directory in force.
    pub fn set_people(&self, people: Arc<People>) {
        *self.shared.people.write().unwrap_or_else(PoisonError::into_inner) = people;
    }

    /// Tells that a target is down for everybody, or no longer.
    pub fn breaker(&mut self, target: TargetId, open: bool) {
        if open {
            self.breakers.insert(target);
        } else {
            self.breakers.remove(&target);
        }
    }

    /// How it is.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn status(&mut self) -> Result<Status, EngineError> {
        let now = self.now();
        let next_due = self.next_due();
        let in_flight = self.claimed.len();
        let refusing = self.refusing.clone();
        let busy: BTreeSet<String> = self.claimed.values().map(|c| c.lane.clone()).collect();
        let ready = self.read(|tx| tx.claimable(now, 1000, &busy, &BTreeSet::new()))?.len();
        Ok(Status { now, next_due, in_flight, ready, refusing })
    }

    /// Reads between two runs.
    pub(super) fn read<T>(
        &mut self,
        read: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, EngineError> {
        let store = self.store.as_mut().ok_or(EngineError::Stopped)?;
        let result = store.begin().and_then(|mut tx| read(&mut tx));
        result.map_err(|e| EngineError::Store(e.to_string()))
    }

    pub(super) fn world(&self) -> World {
        World {
            policies: Arc::clone(&self.shared.policies.read().unwrap_or_else(PoisonError::into_inner)),
            people: Arc::clone(&self.shared.people.read().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    fn run_once(&mut self, inputs: &[Input]) -> Result<Answers, StoreError> {
        let now = self.now();
        self.commit(|core, tx, touched| {
            let mut answers = Vec::with_capacity(inputs.len());
            for input in inputs {
                answers.push(core.input(tx, touched, input, now)?);
            }
            Ok(answers)
        })
    }

    fn input(
        &mut self,
        tx: &mut Tx<'_>,
        touched: &mut Touched,
        input: &Input,
        now: Timestamp,
    ) -> Result<Result<Answer, EngineError>, StoreError> {
        match input {
            Input::Command(command) => self.command(tx, touched, command, now).map(Ok),
            Input::Complete(completion) => {
                self.complete(tx, touched, completion, now).map(|()| Ok(Answer::Noted))
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
        let result = tx.savepoint(|tx| self.act(tx, &mut inner, command, now));
        let answer = match result {
            Ok(answer) => {
                touched.due.append(&mut inner.due);
                answer
            }
            Err(Stop::Refused(refusal)) => {
                self.audit_refusal(tx, command, &refusal, now)?;
                Answer::Refused(refusal)
            }
            Err(Stop::Store(error)) => return Err(error),
            Err(Stop::Internal(error)) => {
                tracing::error!(error, verb = ?command.verb, "a command was rolled back by a mistake of ours");
                Answer::Refused(Refusal::Rules(vec![broken()]))
            }
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
                let resumed = self.resumed.remove(effect);
                let event = Event::Settled { effect: *effect, outcome: outcome.clone(), resumed };
                self.settle_input(tx, touched, |core, tx, touched| {
                    core.event(tx, touched, effect.request(), &event, now).map(|_| ())
                })?;
                tx.settle_row(*row)?;
                touched.freed.push(*row);
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
            Completion::Later { row, error, after } => {
                let attempts = self.claimed.get(row).map_or(0, |c| c.attempts);
                let wait = later(attempts, *after, self.jitter());
                tx.later(*row, now + wait, error)?;
                touched.freed.push(*row);
            }
        }
        Ok(())
    }

    /// Runs one event on its own savepoint. A refusal changes nothing; a mistake of ours is told and changes
    /// nothing, so that it never stops its neighbours.
    fn settle_input(
        &mut self,
        tx: &mut Tx<'_>,
        touched: &mut Touched,
        run: impl FnOnce(&mut Self, &mut Tx<'_>, &mut Touched) -> Result<(), Stop>,
    ) -> Result<(), StoreError> {
        let mut inner = Touched::default();
        match tx.savepoint(|tx| run(self, tx, &mut inner)) {
            Ok(()) => {
                touched.due.append(&mut inner.due);
                Ok(())
            }
            Err(Stop::Refused(refusal)) => {
                tracing::debug!(?refusal, "nothing changed");
                Ok(())
            }
            Err(Stop::Internal(error)) => {
                tracing::error!(error, "an event was rolled back by a mistake of ours");
                Ok(())
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

    /// Commits what `run` did, and only then lets memory know of it.
    fn commit<T>(
        &mut self,
        run: impl FnOnce(&mut Self, &mut Tx<'_>, &mut Touched) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let now = self.now();
        let monotonic = self.clock.monotonic();
        // Taken out for the length of the transaction, so that the rest of `self` can be used beside it.
        let mut store = self.store.take().ok_or(StoreError::RolledBack)?;
        let mut touched = Touched::default();
        let result = (|| -> Result<(T, Option<Timestamp>), StoreError> {
            let mut tx = store.begin()?;
            let value = run(self, &mut tx, &mut touched)?;
            tx.set_last_now(now)?;
            let next_ready = tx.next_not_before(now)?;
            tx.commit()?;
            Ok((value, next_ready))
        })();
        self.store = Some(store);
        let (value, next_ready) = result?;
        self.clock_floor = ClockFloor { last: now, last_monotonic: monotonic, ..self.clock_floor };
        self.next_ready = next_ready;
        for (id, due) in touched.due {
            self.wheel.set(id, due);
        }
        for row in touched.freed {
            self.claimed.remove(&row);
        }
        self.shared.owed.notify_one();
        Ok(value)
    }

    /// Notes when a request falls due next; the wheel hears of it after the commit.
    pub(super) fn due(request: &Request, touched: &mut Touched) -> Option<Timestamp> {
        let due = next_due(request).map(|(at, _)| at);
        touched.due.insert(request.id, due);
        due
    }

    fn refill(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        let (horizon, most) = self.wheel.wants();
        if let Some(store) = self.store.as_mut() {
            let (rows, complete_until) = store.begin()?.upcoming(now + horizon, most)?;
            self.wheel.refill(rows, complete_until);
        }
        Ok(())
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
    after.map_or(spread, |after| after.max(Span::millis(100)))
}
