//! What the engine runs on: a disk that may lose power or fail, and the ledger of what must be on it.

use std::sync::OnceLock;

use jitney::store::{Store, StoreError};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::checks::Violation;
use super::disk::{Disk, End, Fault, Image, Tuning};
use super::ledger::{Ledger, Missing};
use super::run::Stop;

/// The most operations from a start to the power cut that is planned then.
const FAR: u32 = 11;

/// How a seed's disk behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Honesty {
    /// As shipped: `synchronous = FULL` on a disk that keeps what it synced.
    Shipped,
    /// A negative control: `synchronous = NORMAL`.
    SynchronousNormal,
    /// A negative control: a sync says done and does nothing.
    LyingSync,
}

/// What a power cut takes of what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Losses {
    Everything,
    Nothing,
    /// As this seed says.
    Seeded(u64),
}

pub struct Machine {
    pub disk: Disk,
    pub ledger: Ledger,
    pub counts: Counts,
    /// Whether the database is searched at the next start. What is broken stays so: a seed is searched at its last
    /// start alone, which is quicker.
    pub is_to_be_searched: bool,
    /// The power goes at the first call that a process makes which took the database up from another.
    pub is_cut_at_a_resumed_call: bool,
    /// Power cuts, kills and errors that are still to come.
    ends_left: u32,
    tuning: Tuning,
    losses: Losses,
    rng: StdRng,
}

/// What happened to the machine, and how often something was looked for after it.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub cuts: u64,
    pub restarts: u64,
    pub facts: u64,
    pub operations: u64,
    pub refused_for_the_disk: u64,
}

impl Machine {
    /// A machine that loses power once or more, as the seed says.
    pub fn seeded(honesty: Honesty, seed: u64) -> Self {
        // Of its own, so that the story is the same until the first cut.
        let mut rng = StdRng::seed_from_u64(!seed);
        let tuning = Tuning {
            lying_sync: honesty == Honesty::LyingSync,
            synchronous_normal: honesty == Honesty::SynchronousNormal,
            checkpoint_after: [20, 60, 300][rng.random_range(0..3)],
            cached_pages: [10, 500, 500][rng.random_range(0..3)],
        };
        // A new database now and then, since a power cut while it is made is one, too.
        let image = if rng.random_bool(0.1) { Image::default() } else { fresh_database() };
        let mut machine = Self::new(&image, tuning, Losses::Seeded(rng.random()));
        machine.is_to_be_searched = false;
        machine.ends_left = [1, 1, 2, 3][rng.random_range(0..4)];
        machine.plan_an_end();
        machine
    }

    /// A machine that only does what it is told.
    pub fn steady(losses: Losses) -> Self {
        // Few pages and frames, so that a story reads, writes and checkpoints more than once.
        let tuning = Tuning { checkpoint_after: 60, cached_pages: 30, ..Tuning::default() };
        Self::new(&Image::default(), tuning, losses)
    }

    fn new(image: &Image, tuning: Tuning, losses: Losses) -> Self {
        let seed = if let Losses::Seeded(seed) = losses { seed } else { 0 };
        Self {
            disk: Disk::new(image),
            ledger: Ledger::default(),
            is_to_be_searched: true,
            is_cut_at_a_resumed_call: false,
            ends_left: 0,
            counts: Counts::default(),
            tuning,
            losses,
            rng: StdRng::seed_from_u64(seed),
        }
    }

    /// Few operations ahead as often as many. In between a process is killed, which leaves what it had not synced, or
    /// an operation fails, be it a sync.
    fn plan_an_end(&mut self) {
        if self.ends_left > 0 {
            self.ends_left -= 1;
            let most = 1 << self.rng.random_range(1..=FAR);
            let at = self.disk.operations() + self.rng.random_range(1..=most);
            let fault = match self.rng.random_range(0..10) {
                0 => Fault::Error { times: 1 },
                1 | 2 => Fault::Killed,
                _ => Fault::PowerCut,
            };
            self.disk.plan(at, fault);
        }
    }

    /// After the process has ended, for whatever reason.
    pub fn settle(&mut self) {
        self.counts.restarts += 1;
        match self.disk.end() {
            Some(End::PowerCut) => {
                self.counts.cuts += 1;
                self.disk.power_returns(self.losses, &mut self.rng);
            }
            // With none it ended by itself, when the disk failed.
            Some(End::Killed) | None => self.disk.next_process(),
        }
        self.plan_an_end();
    }

    /// Opens the store as it is found.
    pub fn open(&mut self) -> Result<Store, Stop> {
        let _ = self.disk.take_hit();
        self.disk.open_store(self.tuning).map_err(|error| self.excuse("it_opens_again", &error))
    }

    /// An error that a power cut or a fault explains ends the engine; any other breaks a promise.
    pub fn excuse(&self, promise: &'static str, error: &StoreError) -> Stop {
        if self.disk.end().is_some() || self.disk.take_hit().is_some() {
            Stop::Ended
        } else {
            Stop::Broken(Violation::new(promise, error.to_string()))
        }
    }

    /// Looks at a copy, as a look at the files themselves would put them in order.
    pub fn is_whole(&self) -> Result<(), Violation> {
        let said = Disk::new(&self.disk.image()).integrity();
        if said == "ok" { Ok(()) } else { Err(Violation::new("the_database_is_whole", said)) }
    }

    /// Everything acknowledged must be there.
    pub fn check(
        &mut self,
        store: &mut Store,
        decided: &std::collections::BTreeMap<jitney::ids::RequestId, jitney::lifecycle::Request>,
    ) -> Result<(), Stop> {
        match self.ledger.check(store, decided) {
            Ok(facts) => {
                self.counts.facts += facts;
                Ok(())
            }
            Err(Missing::Violation(violation)) => Err(Stop::Broken(violation)),
            Err(Missing::Store(error)) => Err(self.excuse("it_can_be_read_again", &error)),
        }
    }
}

/// What every seed would begin with, made once.
fn fresh_database() -> Image {
    static ONCE: OnceLock<Image> = OnceLock::new();
    let make = || {
        let disk = Disk::new(&Image::default());
        drop(disk.open_store(Tuning::default()).unwrap());
        disk.image()
    };
    ONCE.get_or_init(make).clone()
}

impl Counts {
    pub const fn add(&mut self, other: Self) {
        self.cuts += other.cuts;
        self.restarts += other.restarts;
        self.facts += other.facts;
        self.operations += other.operations;
        self.refused_for_the_disk += other.refused_for_the_disk;
    }
}
