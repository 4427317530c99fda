//! A clock that jumps: hours of a grant's life pass between two sentences of a demo or two lines of a test.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use crate::time::{Clock, Span, SystemClock, Timestamp};

/// The machine's clock plus what was jumped over.
#[derive(Debug)]
pub struct JumpClock {
    real: SystemClock,
    shift: Mutex<Shift>,
    moves: watch::Sender<u64>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Shift {
    /// Time that passed as far as anybody can tell: on both readings.
    passed: Span,
    /// How far somebody set the wall clock back: on the wall alone.
    set_back: Span,
}

impl JumpClock {
    /// Begins at the machine's time.
    #[must_use]
    pub fn new() -> Self {
        Self { real: SystemClock::new(), shift: Mutex::default(), moves: watch::Sender::new(0) }
    }

    /// Lets time pass until the wall reads `to`: the monotonic reading moves as well, as it does when one really
    /// waits. Answers by how much; zero when `to` is not ahead.
    pub fn jump_to(&self, to: Timestamp) -> Span {
        let ahead = {
            let mut shift = self.shift.lock().unwrap_or_else(PoisonError::into_inner);
            let ahead = to.since(self.real.wall() + shift.passed - shift.set_back);
            shift.passed = shift.passed + ahead;
            ahead
        };
        if !ahead.is_zero() {
            self.tell();
        }
        ahead
    }

    /// Sets the wall back while the monotonic reading goes on: somebody's hand, or a bad time server.
    pub fn set_back(&self, by: Span) {
        {
            let mut shift = self.shift.lock().unwrap_or_else(PoisonError::into_inner);
            shift.set_back = shift.set_back + by;
        }
        self.tell();
    }

    /// Changes each time the clock is moved by hand; who sleeps until a due moment looks again then.
    #[must_use]
    pub fn moves(&self) -> watch::Receiver<u64> {
        self.moves.subscribe()
    }

    fn tell(&self) {
        self.moves.send_modify(|n| *n = n.wrapping_add(1));
    }

    fn shift(&self) -> Shift {
        *self.shift.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for JumpClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for JumpClock {
    fn wall(&self) -> Timestamp {
        let shift = self.shift();
        self.real.wall() + shift.passed - shift.set_back
    }

    fn monotonic(&self) -> Span {
        self.real.monotonic() + self.shift().passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_passes_on_both_readings_and_is_told() {
        let clock = JumpClock::new();
        let mut moves = clock.moves();
        let (wall, monotonic) = (clock.wall(), clock.monotonic());
        assert!(clock.jump_to(wall + Span::hours(2)) <= Span::hours(2));
        assert!(clock.wall() >= wall + Span::hours(2));
        assert!(clock.monotonic() >= monotonic + Span::mins(119));
        assert!(moves.has_changed().expect("the clock lives"));
        let _ = moves.borrow_and_update();
    }

    #[test]
    fn a_jump_never_goes_back() {
        let clock = JumpClock::new();
        let before = clock.wall();
        assert_eq!(clock.jump_to(before - Span::hours(1)), Span::ZERO);
        assert!(clock.wall() >= before);
        assert!(!clock.moves().has_changed().expect("the clock lives"));
    }

    #[test]
    fn setting_back_moves_the_wall_alone() {
        let clock = JumpClock::new();
        let (wall, monotonic) = (clock.wall(), clock.monotonic());
        clock.set_back(Span::hours(3));
        assert!(clock.wall() < wall);
        assert!(clock.monotonic() >= monotonic);
    }
}
