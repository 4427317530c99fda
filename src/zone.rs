//! Time zones by their names, as people and policies use them. The rules of the zones are built in, so that a decision
//! is the same on every machine.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::nearest::nearest;
use crate::time::Timestamp;

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone of the IANA database: `Europe/Berlin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// A text that names no zone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{name}` is no time zone{hint}; write one by its IANA name, such as `Europe/Berlin` or `UTC`")]
pub struct ZoneError {
    name: String,
    hint: String,
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// Its IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// What calendar and clock on the wall say there. An instant that no calendar knows counts as 1970.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> DateTime {
        let at = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        self.0.to_datetime(at)
    }

    /// When calendar and clock on the wall say so there: the earlier of two such instants when clocks are put back, and
    /// as long after the gap as it says into it when they are put forward. None outside of the years that calendars know.
    #[must_use]
    pub fn at(&self, local: DateTime) -> Option<Timestamp> {
        let at = self.0.to_ambiguous_timestamp(local).compatible().ok()?;
        Some(Timestamp::from_millis(at.as_millisecond()))
    }

    /// The first moment at which calendar and clock have come so far there. Unlike with [`Zone::at`], a time that is
    /// skipped when clocks are put forward is reached by the skip itself, so later times never come before earlier ones.
    /// None outside of the years that calendars know.
    #[must_use]
    pub fn reached(&self, local: DateTime) -> Option<Timestamp> {
        let found = self.0.to_ambiguous_timestamp(local);
        let at = match found.offset() {
            AmbiguousOffset::Gap { .. } => {
                let after = found.later().ok()?;
                let next = after.checked_add(jiff::SignedDuration::from_millis(1)).ok()?;
                self.0.preceding(next).next()?.timestamp()
            }
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => found.compatible().ok()?,
        };
        Some(Timestamp::from_millis(at.as_millisecond()))
    }
}

impl FromStr for Zone {
    type Err = ZoneError;
    fn from_str(text: &str) -> Result<Self, ZoneError> {
        DATABASE.get(text).map(Self).map_err(|_| {
            let known: Vec<String> = DATABASE.available().map(|name| name.to_string()).collect();
            let hint = nearest(text, known.iter().map(String::as_str));
            let hint = hint.map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default();
            ZoneError { name: text.chars().take(80).collect(), hint }
        })
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;

    use super::*;

    #[test]
    fn clocks_that_are_put_forward_and_back_have_one_answer_each() {
        let berlin: Zone = "Europe/Berlin".parse().unwrap();
        let rows = [
            (datetime(2026, 11, 26, 9, 0, 0, 0), "2026-11-26T08:00:00.000Z"),
            (datetime(2026, 7, 1, 9, 0, 0, 0), "2026-07-01T07:00:00.000Z"),
            // Put forward: there is no half past two.
            (datetime(2027, 3, 28, 2, 30, 0, 0), "2027-03-28T01:30:00.000Z"),
            // Put back: there are two.
            (datetime(2026, 10, 25, 2, 30, 0, 0), "2026-10-25T00:30:00.000Z"),
        ];
        for (local, utc) in rows {
            assert_eq!(berlin.at(local).unwrap().rfc3339(), utc, "{local}");
        }
        let summer = berlin.at(datetime(2026, 7, 1, 9, 0, 0, 0)).unwrap();
        assert_eq!(berlin.local(summer), datetime(2026, 7, 1, 9, 0, 0, 0));
        assert_eq!(Zone::UTC.local(summer), datetime(2026, 7, 1, 7, 0, 0, 0));
    }

    #[test]
    fn a_skipped_time_is_reached_by_the_skip() {
        let rows = [
            ("Europe/Berlin", datetime(2027, 3, 28, 1, 59, 0, 0), "2027-03-28T00:59:00.000Z"),
            ("Europe/Berlin", datetime(2027, 3, 28, 2, 0, 0, 0), "2027-03-28T01:00:00.000Z"),
            ("Europe/Berlin", datetime(2027, 3, 28, 2, 59, 0, 0), "2027-03-28T01:00:00.000Z"),
            ("Europe/Berlin", datetime(2027, 3, 28, 3, 0, 0, 0), "2027-03-28T01:00:00.000Z"),
            ("Europe/Berlin", datetime(2026, 10, 25, 2, 30, 0, 0), "2026-10-25T00:30:00.000Z"),
            // The day begins with the skip.
            ("Africa/Cairo", datetime(2026, 4, 24, 0, 30, 0, 0), "2026-04-23T22:00:00.000Z"),
            // A day that never was.
            ("Pacific/Apia", datetime(2011, 12, 30, 12, 0, 0, 0), "2011-12-30T10:00:00.000Z"),
        ];
        for (zone, local, utc) in rows {
            let zone: Zone = zone.parse().unwrap();
            assert_eq!(zone.reached(local).unwrap().rfc3339(), utc, "{zone} {local}");
        }
    }

    #[test]
    fn a_zone_is_known_by_its_name_alone() {
        assert_eq!("europe/berlin".parse::<Zone>().unwrap().name(), "Europe/Berlin");
        assert_eq!("UTC".parse::<Zone>().unwrap(), Zone::UTC);
        let wrong = "Europe/Berln".parse::<Zone>().unwrap_err().to_string();
        assert!(wrong.contains("did you mean `Europe/Berlin`?"), "{wrong}");
        for text in ["", "CET+1", "../../etc/passwd", "+01:00"] {
            assert!(text.parse::<Zone>().is_err(), "{text}");
        }
    }
}
