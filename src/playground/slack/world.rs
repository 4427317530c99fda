//! Everything that a workspace knows, behind one lock, and a signal for each change.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::faults::Faults;
use super::journal::Journal;
use super::links::Links;
use super::modals::Modals;
use super::pace::Pace;
use super::passes::Passes;
use super::rooms::Rooms;
use super::settings::{Member, Settings};
use crate::time::{Clock, SystemClock, Timestamp};

pub(super) struct World {
    pub(super) settings: Arc<Settings>,
    /// Where in the settings' list somebody is.
    members: BTreeMap<String, usize>,
    pub(super) rooms: Rooms,
    pub(super) modals: Modals,
    pub(super) passes: Passes,
    pub(super) links: Links,
    pub(super) pace: Pace,
    pub(super) faults: Faults,
    pub(super) journal: Journal,
}

impl World {
    pub(super) fn member(&self, id: &str) -> Option<&Member> {
        self.settings.members.get(*self.members.get(id)?)
    }
}

/// The two times of the workspace: what its messages say, and what its limits go by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) wall: Timestamp,
    pub(super) real: Duration,
}

/// What the servers, the links and the people's acts share.
pub(super) struct Shared {
    pub(super) settings: Arc<Settings>,
    pub(super) addr: SocketAddr,
    world: Mutex<World>,
    changes: watch::Sender<u64>,
    tasks: Mutex<JoinSet<()>>,
    clock: Arc<dyn Clock>,
    real: SystemClock,
}

impl Shared {
    pub(super) fn new(settings: Settings, addr: SocketAddr, clock: Arc<dyn Clock>) -> Self {
        let settings = Arc::new(settings);
        let members = settings.members.iter().enumerate().map(|(at, member)| (member.id.clone(), at));
        let world = World {
            members: members.collect(),
            rooms: Rooms::new(&settings),
            settings: Arc::clone(&settings),
            modals: Modals::default(),
            passes: Passes::default(),
            links: Links::default(),
            pace: Pace::default(),
            faults: Faults::default(),
            journal: Journal::default(),
        };
        Self {
            settings,
            addr,
            world: Mutex::new(world),
            changes: watch::Sender::new(0),
            tasks: Mutex::default(),
            clock,
            real: SystemClock::new(),
        }
    }

    /// Changes something, and tells those who wait.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut World, Now) -> T) -> T {
        let now = self.now();
        let result = change(&mut self.lock(), now);
        self.changes.send_modify(|n| *n = n.wrapping_add(1));
        result
    }

    /// Looks at something.
    pub(super) fn look<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.lock())
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(super) fn now(&self) -> Now {
        Now { wall: self.clock.wall(), real: crate::time::Clock::monotonic(&self.real).duration() }
    }

    /// Runs something that ends with the workspace.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(work);
    }

    pub(super) fn stop(&self) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
