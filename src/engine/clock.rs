//! The engine's now never runs backwards: it is the later of the wall clock and the last now plus the monotonic
//! time since. The last now is kept with each commit, so that a restart goes on from there.

use std::sync::Arc;

use crate::time::{Clock, Span, Timestamp};

/// A wall clock that is behind by more than this is told.
const ALARM: Span = Span::secs(5);
/// How often the time is kept while the wall clock is behind: a restart loses what was not.
const KEEP: Span = Span::secs(30);

/// The wall clock, held to what it once said.
pub(super) struct EngineClock {
    clock: Arc<dyn Clock>,
    last: Timestamp,
    monotonic_then: Span,
    committed: Timestamp,
    behind: bool,
}

impl EngineClock {
    /// Goes on from the last committed now, or from the wall when that is later: the time that no process ran
    /// counts, should the wall be set back before the first commit.
    pub(super) fn new(clock: Arc<dyn Clock>, committed: Timestamp) -> Self {
        let monotonic_then = clock.monotonic();
        let last = committed.max(clock.wall());
        Self { clock, last, monotonic_then, committed, behind: false }
    }

    pub(super) fn now(&mut self) -> Timestamp {
        let wall = self.clock.wall();
        let monotonic = self.clock.monotonic();
        let since = Span::millis(monotonic.as_millis().saturating_sub(self.monotonic_then.as_millis()));
        let floor = self.last + since;
        let behind = floor.since(wall);
        if behind > ALARM && !self.behind {
            tracing::error!(
                wall = %wall, expected = %floor,
                "the wall clock is {} behind the time that was read before; timers go on from the later one. Set the clock.",
                behind.words()
            );
        }
        self.behind = behind > ALARM;
        self.last = wall.max(floor);
        self.monotonic_then = monotonic;
        self.last
    }

    /// A commit that carries this now is on the disk.
    pub(super) fn committed(&mut self, now: Timestamp) {
        self.committed = now;
    }

    /// When the time must be kept, while the wall clock is behind.
    pub(super) fn keep_at(&self) -> Option<Timestamp> {
        self.behind.then(|| self.committed + KEEP)
    }
}
