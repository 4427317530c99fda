//! How far this machine's clock is from the clock of a system that answered, by the `Date` of its answer.

use crate::finding::Finding;
use crate::time::{Span, Timestamp};

/// More than this is told: people see times that are not theirs.
const ODD: Span = Span::secs(5);
/// More than this is no longer a clock: ends are stored in its time.
const BAD: Span = Span::secs(60);

const SYNCHRONISE: &str = "turn time synchronisation on (`timedatectl set-ntp true`)";

/// An answer with its times: `sent` and `received` by this machine's clock, `dated` by the other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dated {
    /// Before the call went out.
    pub(crate) sent: Timestamp,
    /// What the answer's `Date` says, in whole seconds.
    pub(crate) dated: Timestamp,
    /// After the answer was there.
    pub(crate) received: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Skew {
    Ahead(Span),
    Behind(Span),
}

impl Dated {
    /// The least difference that explains the three times: a slow answer is no wrong clock.
    fn skew(self) -> Skew {
        // The second that is named had begun, and was not over.
        let latest = self.dated + Span::millis(999);
        if self.sent > latest {
            Skew::Ahead(self.sent.since(latest))
        } else {
            Skew::Behind(self.dated.since(self.received))
        }
    }

    /// What it says of this machine's clock; `whose` is the other one.
    pub(crate) fn judge(self, whose: &str) -> Finding {
        let (by, side) = match self.skew() {
            Skew::Ahead(by) => (by, "ahead of"),
            Skew::Behind(by) => (by, "behind"),
        };
        let by_words = Span::secs(by.as_secs()).words();
        let wrong = format!("this machine's clock is {by_words} {side} that of {whose}");
        if by > BAD {
            Finding::fail(wrong, SYNCHRONISE)
        } else if by > ODD {
            Finding::warn(wrong, SYNCHRONISE)
        } else {
            Finding::ok(format!("the clock agrees with that of {whose}"))
        }
    }
}

/// The answer had no `Date` that can be read.
pub(crate) fn undated(whose: &str) -> Finding {
    Finding::warn(
        format!("{whose} did not date its answer, so the clock was not compared with its own"),
        "look at the clock by hand",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Grade;

    fn at(secs: i64, millis: i64) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000 + secs * 1000 + millis)
    }

    #[test]
    fn the_least_difference_that_explains_an_answer_counts() {
        for (sent, dated, received, grade) in [
            // A second is named whole, and an answer takes its time.
            (at(0, 900), at(0, 0), at(1, 100), Grade::Ok),
            (at(0, 0), at(9, 0), at(9, 500), Grade::Ok),
            (at(0, 0), at(0, 0), at(10, 0), Grade::Ok),
            (at(5, 999), at(0, 0), at(6, 100), Grade::Ok),
            (at(6, 0), at(0, 0), at(6, 100), Grade::Warn),
            (at(60, 999), at(0, 0), at(62, 0), Grade::Warn),
            (at(61, 0), at(0, 0), at(62, 0), Grade::Fail),
            (at(0, 0), at(5, 0), at(0, 0), Grade::Ok),
            (at(0, 0), at(5, 1), at(0, 0), Grade::Warn),
            (at(0, 0), at(61, 0), at(0, 0), Grade::Fail),
        ] {
            let dated = Dated { sent, dated, received };
            assert_eq!(dated.judge("Slack").grade, grade, "{dated:?}");
        }
    }

    #[test]
    fn a_wrong_clock_is_told_with_its_side() {
        let ahead = Dated { sent: at(90, 0), dated: at(0, 0), received: at(90, 0) }.judge("Slack");
        assert!(ahead.says.contains("1 minute 29 seconds ahead of that of Slack"), "{}", ahead.says);
        let behind = Dated { sent: at(0, 0), dated: at(90, 0), received: at(0, 0) }.judge("Slack");
        assert!(behind.says.contains("1 minute 30 seconds behind that of Slack"), "{}", behind.says);
    }
}
