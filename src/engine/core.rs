//! Commands and time turned into committed changes. No thread, no channel: the simulation drives this directly.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use rand::rngs::StdRng;
use thiserror::Error;

use super::approvers::Approvers;
use super::claims::Claims;
use super::clock::EngineClock;
use super::handle::Shared;
use super::leavers::Leavers;
use super::tickets::Looks;
use super::{Answers, Command, Completion, EngineError, Heard, HeldOver, Owed, TicketProgress};
use crate::credentials::Sealer;
use crate::ids::{EffectId, RequestId, TargetId};
use crate::lifecycle::{Event, Refusal, Request, Rules, Urgency, next_due, urgency};
use crate::policy::{Catalogue, People, PolicySet, TicketLook};
use crate::store::{Choice, Store, StoreError, Tx};
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
/// A repeated input is recognised for so long: Slack repeats for minutes, people for hours.
const ANSWERS_KEPT: Span = Span::days(7);
/// Old answers are forgotten this often, so many at once.
const FORGET_EVERY: Span = Span::mins(10);
const FORGET_MOST: usize = 1000;

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
    /// While the disk is full: when to look at it again.
    pub(super) full_until: Option<Timestamp>,
    clock: EngineClock,
    wheel: Wheel,
    pub(super) claims: Claims,
    next_ready: Option<Timestamp>,
    pub(super) leavers: Leavers,
    pub(super) approvers: Approvers,
    forget_at: Timestamp,
    /// Set when the disk failed under the database: what is in its cache is not to be trusted any more.
    disk_failed: bool,
    /// Calls that were owed when this engine started: an earlier process may have sent them.
    pub(super) resumed: BTreeSet<EffectId>,
    /// Looks at the tickets of scheduled starts; none while nobody looks.
    pub(super) looks: Option<Looks>,
    /// Whether it was looked up what an earlier process told of people that were held.
    pub(super) notice_recalled: bool,
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
    pub(super) due: BTreeMap<RequestId, Option<(Timestamp, Urgency)>>,
    /// Whether work is owed that may go now.
    pub(super) owes: bool,
    /// Work that is no longer claimed.
    pub(super) freed: Vec<i64>,
    /// Calls of an earlier process that were settled.
    pub(super) settled: Vec<EffectId>,
    /// Whether somebody may be in a group of the directory by a grant, or no longer.
    pub(super) borrowed: bool,
    /// People that are in force from the commit on.
    pub(super) people: Option<Arc<People>>,
    /// Whether people were noted whose requests are to be judged again.
    pub(super) moved: bool,
    /// What became of a change of people that was held.
    pub(super) over: Option<HeldOver>,
}

impl Touched {
    /// Takes over what an input did whose savepoint stands.
    pub(super) fn add(&mut self, inner: Self) {
        let Self { due, owes, freed, settled, borrowed, people, moved, over } = inner;
        self.due.extend(due);
        self.owes |= owes;
        self.freed.extend(freed);
        self.settled.extend(settled);
        self.borrowed |= borrowed;
        self.people = people.or(self.people.take());
        self.moved |= moved;
        self.over = over.or(self.over.take());
    }
}

/// An input for the core.
pub enum Input {
    /// From an edge.
    Command(Box<Command>),
    /// From an edge, with what was seen of the ticket that it names.
    Looked(Box<Command>, Box<TicketLook>),
    /// From the outbox.
    Complete(Box<Completion>),
    /// From the ticket edge.
    Progress(RequestId, TicketProgress),
    /// From somebody who looked at the ticket of a scheduled start.
    TicketSeen(RequestId, Box<TicketLook>),
    /// From a card's thread.
    Heard(Box<Heard>),
}

impl Core {
    /// Takes the parts, and arms the timers.
    ///
    /// # Errors
    /// When the database can't be read, or not even its ballast makes room on a full disk.
    pub fn new(parts: Parts) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::new(parts.policies, parts.people, Arc::clone(&parts.clock)));
        let mut store = parts.store;
        let (last, resumed) = match take_up(&mut store) {
            Err(StoreError::DiskFull) => {
                store.release_ballast()?;
                take_up(&mut store)?
            }
            other => other?,
        };
        let full_until = store.lacks_ballast().then_some(Timestamp::default());
        let mut core = Self {
            store: Some(store),
            rules: parts.rules,
            catalogue: parts.catalogue,
            sealer: parts.sealer,
            rng: parts.rng,
            shared,
            breakers: BTreeSet::new(),
            open_requests_per_person: parts.open_requests_per_person,
            full_until,
            clock: EngineClock::new(parts.clock, last),
            wheel: Wheel::new(HORIZON, WHEEL_CAP),
            claims: Claims::new(),
            next_ready: None,
            leavers: Leavers::default(),
            approvers: Approvers::default(),
            forget_at: last,
            disk_failed: false,
            resumed,
            looks: None,
            notice_recalled: false,
        };
        core.reload_bindings()?;
        core.reload_away()?;
        core.reload_borrowed()?;
        core.refill()?;
        Ok(core)
    }

    /// Whether the disk failed under the database. Then this engine must end: only a database that is opened
    /// anew says what is on the disk.
    #[must_use]
    pub const fn disk_failed(&self) -> bool {
        self.disk_failed
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

    /// The engine's time: see [`EngineClock`].
    pub fn now(&mut self) -> Timestamp {
        self.clock.now()
    }

    /// Runs inputs, each on its own savepoint, and commits them together.
    ///
    /// # Errors
    /// When the commit failed: then none of it happened.
    pub fn run(&mut self, inputs: Vec<Input>) -> Result<Answers, EngineError> {
        let now = self.now();
        self.freshen_people(now);
        let answers = self.commit(|core, tx, touched| {
            let mut answers = Vec::with_capacity(inputs.len());
            for input in &inputs {
                answers.push(core.input(tx, touched, input, now)?);
            }
            if now >= core.forget_at {
                tx.prune_answers(now - ANSWERS_KEPT, FORGET_MOST)?;
                core.forget_at = now + FORGET_EVERY;
            }
            Ok(answers)
        });
        answers.map_err(|e| EngineError::Store(e.to_string()))
    }

    /// Looks at what time has changed, and when that is done for leavers, and then at who may approve: three bounded
    /// commits at most. True when more may be due.
    ///
    /// # Errors
    /// When the commit failed.
    pub fn tick(&mut self) -> Result<bool, EngineError> {
        self.sound_store().map_err(|e| EngineError::Store(e.to_string()))?;
        let now = self.now();
        self.freshen_people(now);
        while self.wheel.needs_refill(now) {
            self.refill().map_err(|e| EngineError::Store(e.to_string()))?;
        }
        self.keep_time_when_behind(now)?;
        self.look_at_the_disk(now);
        let due = self.wheel.take_due(now, DUE_BATCH);
        let more = due.len() == DUE_BATCH;
        if !due.is_empty() {
            let result = self.commit(|core, tx, touched| {
                for (id, urgency) in &due {
                    // Should it come to nothing, it is looked at again: it must not get lost, nor spin.
                    touched.due.insert(*id, Some((now + TICK_AGAIN, *urgency)));
                    core.settle_input(tx, touched, |core, tx, touched| {
                        core.event(tx, touched, *id, &Event::Tick, now).map(|_| ())
                    })?;
                }
                Ok(())
            });
            if let Err(error) = result {
                // They stay due in the index; the wheel must hear of them again.
                self.wheel.forget();
                return Err(EngineError::Store(error.to_string()));
            }
        }
        if self.next_ready.is_some_and(|at| now >= at) {
            self.next_ready = None;
            self.shared.owed.notify_one();
        }
        Ok(more || self.look_around()? || self.look_at_approvers()?)
    }

    /// When to look again because of time alone.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        [self.wheel.next(), self.next_ready, self.clock.keep_at(), self.full_until, self.approvers.look_at]
            .into_iter()
            .flatten()
            .min()
    }

    /// While the wall clock is behind, a restart would lose the time since the last commit: it is kept often.
    fn keep_time_when_behind(&mut self, now: Timestamp) -> Result<(), EngineError> {
        if self.clock.keep_at().is_some_and(|at| now >= at) {
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
        let mut claims = std::mem::replace(&mut self.claims, Claims::new());
        let found = self.read(|tx| claim(tx, &mut claims, now, most));
        self.claims = claims;
        found
    }

    /// Tells that a target is down for everybody, or no longer.
    pub fn breaker(&mut self, target: TargetId, open: bool) {
        if open {
            self.breakers.insert(target);
        } else {
            self.breakers.remove(&target);
        }
    }

    /// Reads between two runs.
    pub(super) fn read<T>(
        &mut self,
        read: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, EngineError> {
        self.read_rows(read).map_err(|e| EngineError::Store(e.to_string()))
    }

    pub(super) fn read_rows<T>(
        &mut self,
        read: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let store = self.sound_store()?.as_mut().ok_or(StoreError::RolledBack)?;
        let result = store.begin().and_then(|mut tx| read(&mut tx));
        self.disk_failed |= matches!(result, Err(StoreError::Io(_)));
        result
    }

    /// The database, as long as the disk has not failed under it: after that it is neither read nor written.
    fn sound_store(&mut self) -> Result<&mut Option<Store>, StoreError> {
        if self.disk_failed {
            return Err(StoreError::Io(
                "it failed before, and the database was not opened anew since".to_owned(),
            ));
        }
        Ok(&mut self.store)
    }

    pub(super) fn world(&self) -> World {
        World {
            policies: Arc::clone(&self.shared.policies.read().unwrap_or_else(PoisonError::into_inner)),
            people: Arc::clone(&self.shared.people.read().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    /// Commits what `run` did. On a full disk it runs once more, with the ballast's room and nothing new taken on.
    pub(super) fn commit<T>(
        &mut self,
        run: impl Fn(&mut Self, &mut Tx<'_>, &mut Touched) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match self.commit_once(&run) {
            Err(StoreError::DiskFull) => {
                self.disk_is_full();
                self.commit_once(&run)
            }
            other => other,
        }
    }

    /// Commits what `run` did, and only then lets memory know of it.
    fn commit_once<T>(
        &mut self,
        run: &impl Fn(&mut Self, &mut Tx<'_>, &mut Touched) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let now = self.now();
        // Taken out for the length of the transaction, so that the rest of `self` can be used beside it.
        let mut store = self.sound_store()?.take().ok_or(StoreError::RolledBack)?;
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
        self.disk_failed |= matches!(result, Err(StoreError::Io(_)));
        let (value, next_ready) = result?;
        self.clock.committed(now);
        self.next_ready = next_ready;
        for (id, due) in touched.due {
            self.wheel.set(id, due);
        }
        let may_be_claimed = touched.owes || !touched.freed.is_empty();
        for row in touched.freed {
            self.claims.free(row);
        }
        for effect in touched.settled {
            self.resumed.remove(&effect);
        }
        if touched.borrowed {
            self.reload_borrowed()?;
        }
        self.leavers.has_moved |= touched.moved;
        if let Some(people) = touched.people {
            self.shared.set_people(people);
            *self.shared.held.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
        if let Some(over) = touched.over {
            self.shared.notice_over(over);
        }
        if may_be_claimed {
            self.shared.owed.notify_one();
        }
        Ok(value)
    }

    /// Notes when a request falls due next; the wheel hears of it after the commit.
    pub(super) fn due(request: &Request, touched: &mut Touched) -> Option<Timestamp> {
        let due = next_due(request).map(|(at, _)| at);
        touched.due.insert(request.id, due.map(|at| (at, urgency(&request.state))));
        due
    }

    fn refill(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        let (horizon, most) = self.wheel.wants();
        let (rows, complete_until) = self.read_rows(|tx| tx.upcoming(now + horizon, most))?;
        self.wheel.refill(rows, complete_until);
        Ok(())
    }
}

/// Claims at most so much work. Should a row be unreadable, nothing is claimed.
fn claim(tx: &mut Tx<'_>, claims: &mut Claims, now: Timestamp, most: usize) -> Result<Vec<Owed>, StoreError> {
    let mut claimed = Vec::new();
    let before = Urgency::ALL.map(|urgency| (urgency, claims.from(urgency)));
    for urgency in Urgency::ALL {
        let (mut left, mut upto, mut taken) = (most - claimed.len(), now, Vec::new());
        let found = tx.choose_due(urgency, claims.from(urgency), now, |due| {
            let choice = if left == 0 { Choice::Enough } else { claims.choose(urgency, due) };
            match choice {
                Choice::Take => {
                    left -= 1;
                    taken.push(due.row);
                }
                Choice::Enough => upto = due.not_before,
                Choice::Pass => {}
            }
            choice
        });
        match found {
            Ok(found) => {
                claims.saw(urgency, upto);
                claimed.extend(found);
            }
            Err(error) => {
                taken.into_iter().chain(claimed.iter().map(|owed| owed.row)).for_each(|row| claims.free(row));
                before.into_iter().for_each(|(urgency, from)| claims.look_again(urgency, from));
                return Err(error);
            }
        }
    }
    for owed in &claimed {
        claims.tried(owed.row, owed.attempts);
    }
    Ok(claimed)
}

/// The last committed now, and the calls that an earlier process left owed.
fn take_up(store: &mut Store) -> Result<(Timestamp, BTreeSet<EffectId>), StoreError> {
    let mut tx = store.begin()?;
    let last = tx.last_now()?;
    let owed = tx.owed_calls()?;
    // An earlier process may have tried what is owed, and told nobody: the edges then look before they post.
    tx.count_as_tried()?;
    // An earlier process may have ended between writing its last commit and syncing it: that comes to the disk before
    // anything that was found here is acted upon.
    tx.sync_anyway()?;
    tx.commit()?;
    Ok((last, owed))
}
