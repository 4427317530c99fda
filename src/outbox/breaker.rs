//! A target's circuit breaker: after failures in a row nobody waits for a target that is down; now and then one call
//! probes it. Pure: the time comes in. Revocations are never held back, and what they find counts as well.

use crate::time::{Span, Timestamp};

/// Failures in a row that open it.
const FAILURES_TO_OPEN: u32 = 5;
/// Before the first probe; doubled after each probe that fails.
const FIRST_WAIT: Span = Span::secs(10);
const LONGEST_WAIT: Span = Span::mins(2);

/// The state of one target's breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Breaker(State);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { since: Timestamp, wait: Span },
    HalfOpen { wait: Span },
}

/// Whether a call may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// Make it, and tell what came of it.
    Go,
    /// Make no call.
    Refused,
}

/// What a call said of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// It answered, whatever it answered.
    Answered,
    /// It did not answer, or said that it can't work.
    Failed,
}

/// A change that the engine hears of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// The target is down for everybody.
    Opened,
    /// It is back.
    Closed,
}

impl Default for Breaker {
    fn default() -> Self {
        Self(State::Closed { failures: 0 })
    }
}

impl Breaker {
    /// Asks whether a call may go out at `now`. Revocations always may.
    pub(super) fn admit(&mut self, now: Timestamp, is_revocation: bool) -> Admission {
        match self.0 {
            State::Closed { .. } => Admission::Go,
            State::Open { .. } | State::HalfOpen { .. } if is_revocation => Admission::Go,
            State::Open { since, wait } => {
                // After a clock that was set back the wait begins anew, rather than lasting for hours.
                let since = since.min(now);
                let is_due = now.since(since) >= wait;
                self.0 = if is_due { State::HalfOpen { wait } } else { State::Open { since, wait } };
                if is_due { Admission::Go } else { Admission::Refused }
            }
            State::HalfOpen { .. } => Admission::Refused,
        }
    }

    /// Takes in what came of a call that went out.
    pub(super) fn record(&mut self, now: Timestamp, sign: Sign) -> Option<Turn> {
        let (next, turn) = match (self.0, sign) {
            (State::Closed { .. }, Sign::Answered) => (State::Closed { failures: 0 }, None),
            (State::Closed { failures }, Sign::Failed) if failures + 1 < FAILURES_TO_OPEN => {
                (State::Closed { failures: failures + 1 }, None)
            }
            (State::Closed { .. }, Sign::Failed) => {
                (State::Open { since: now, wait: FIRST_WAIT }, Some(Turn::Opened))
            }
            (State::Open { .. } | State::HalfOpen { .. }, Sign::Answered) => {
                (State::Closed { failures: 0 }, Some(Turn::Closed))
            }
            // A call from before it opened, or a revocation: the next probe keeps its time.
            (open @ State::Open { .. }, Sign::Failed) => (open, None),
            (State::HalfOpen { wait }, Sign::Failed) => {
                (State::Open { since: now, wait: wait.doubled(LONGEST_WAIT) }, None)
            }
        };
        self.0 = next;
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One row a moment: seconds, what happens, what comes of it.
    fn run(rows: &str) {
        let mut breaker = Breaker::default();
        for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
            let [at, what, expected] = row.splitn(3, ' ').collect::<Vec<_>>()[..] else {
                panic!("a row has three words: {row}");
            };
            let now = Timestamp::from_millis(at.parse::<i64>().unwrap() * 1000);
            let came = match what {
                "grant?" => admission(breaker.admit(now, false)),
                "revoke?" => admission(breaker.admit(now, true)),
                "answered" => turn(breaker.record(now, Sign::Answered)),
                "failed" => turn(breaker.record(now, Sign::Failed)),
                other => panic!("no such event: {other}"),
            };
            assert_eq!(came, expected.trim(), "in row `{row}`, now {breaker:?}");
        }
    }

    fn admission(admission: Admission) -> &'static str {
        match admission {
            Admission::Go => "go",
            Admission::Refused => "wait",
        }
    }

    fn turn(turn: Option<Turn>) -> &'static str {
        match turn {
            None => "same",
            Some(Turn::Opened) => "opened",
            Some(Turn::Closed) => "closed",
        }
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_an_answer_starts_the_count_anew() {
        run("0 failed same
             1 failed same
             2 failed same
             3 failed same
             4 answered same
             5 failed same
             6 failed same
             7 failed same
             8 failed same
             8 grant? go
             9 failed opened
             9 grant? wait");
    }

    #[test]
    fn one_probe_at_a_time_at_growing_distances() {
        run("0 failed same
             0 failed same
             0 failed same
             0 failed same
             0 failed opened
             9 grant? wait
             10 grant? go
             10 grant? wait
             11 failed same
             30 grant? wait
             31 grant? go
             31 failed same
             71 grant? go
             71 failed same
             151 grant? go
             151 failed same
             270 grant? wait
             271 grant? go
             271 failed same
             391 grant? go
             391 answered closed
             391 grant? go
             392 failed same");
    }

    #[test]
    fn revocations_are_never_held_back_and_may_close_it() {
        run("0 failed same
             0 failed same
             0 failed same
             0 failed same
             0 failed opened
             1 revoke? go
             1 failed same
             2 grant? wait
             10 grant? go
             10 revoke? go
             11 answered closed
             11 failed same
             11 grant? go");
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_keep_it_open() {
        run("9000 failed same
             9000 failed same
             9000 failed same
             9000 failed same
             9000 failed opened
             100 grant? wait
             110 grant? go");
    }
}
