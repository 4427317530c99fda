//! When a source is asked: a line as cron knows it, seconds first, in UTC.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::time::Timestamp;

/// `0 */15 * * * *`: second, minute, hour, day of the month, month, day of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(cron::Schedule);

/// A text that is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is no schedule; write second, minute, hour, day, month and day of the week, in UTC, such as `0 */15 * * * *` for \
     each quarter of an hour"
)]
pub struct ScheduleError(String);

impl Schedule {
    /// The first moment of it after this one; none when there is none ever.
    #[must_use]
    pub fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        let now = chrono::DateTime::from_timestamp_millis(now.millis())?;
        self.0.after(&now).next().map(|at| Timestamp::from_millis(at.timestamp_millis()))
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;
    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let told = || ScheduleError(text.chars().take(80).collect());
        // The crate also takes five fields and names such as `@daily`: one form is enough to read.
        if text.split_whitespace().count() != 6 {
            return Err(told());
        }
        text.parse().map(Self).map_err(|_| told())
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.source())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_has_six_fields_and_a_next_moment() {
        let quarter: Schedule = "0 */15 * * * *".parse().unwrap();
        let now: Timestamp = "2026-11-26T00:07:30Z".parse().unwrap();
        assert_eq!(quarter.next_after(now).unwrap().to_string(), "2026-11-26T00:15:00.000Z");
        for wrong in ["", "*/15 * * * *", "@daily", "0 0 25 * * *", "every minute of each day please"] {
            assert!(wrong.parse::<Schedule>().is_err(), "{wrong}");
        }
    }
}
