//! The engine's now never runs backwards: it is the later of the wall clock and the last committed now plus the
//! monotonic time since.

use std::sync::Arc;

use crate::time::{Clock, Span, Timestamp};

/// A wall clock that is behind by more than this is told.
const ALARM: Span = Span::secs(5);
/// How often the time is kept while the wall clock is behind: a restart loses what was not.
const KEEP: Span = Span::secs(30);

/// The wall clock, held to the last committed time.
pub(super) struct EngineClock {
    clock: Arc<dyn Clock>,
    committed: Timestamp,
    monotonic_then: Span,
    behind: bool,
}

impl EngineClock {
    /// Goes on from the last committed now, or from the wall when that is later: the time that no process ran
    /// counts, should the wall be set back before the first commit.
    pub(super) fn new(clock: Arc<dyn Clock>, committed: Timestamp) -> Self {
        let monotonic_then = clock.monotonic();
        let committed = committed.max(clock.wall());
        Self { clock, committed, monotonic_then, behind: false }
    }

    pub(super) fn now(&mut self) -> Timestamp {
        let wall = self.clock.wall();
        let monotonic = self.clock.monotonic().as_millis();
        let since = Span::millis(monotonic.saturating_sub(self.monotonic_then.as_millis()));
        let floor = self.committed + since;
        let behind = floor.since(wall);
        if behind > ALARM && !self.behind {
            tracing::error!(
                wall = %wall, expected = %floor,
                "the wall clock is {} behind the last committed time; timers go on from the later one. Set the clock.",
                behind.words()
            );
        }
        self.behind = behind > ALARM;
        wall.max(floor)
    }

    /// A commit that carries this now is on the disk.
    pub(super) fn committed(&mut self, now: Timestamp) {
        self.committed = now;
        self.monotonic_then = self.clock.monotonic();
    }

    /// When the time must be kept, while the wall clock is behind.
    pub(super) fn keep_at(&self) -> Option<Timestamp> {
        self.behind.then(|| self.committed + KEEP)
    }
}
