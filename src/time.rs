//! Time as values: instants in whole milliseconds, spans that people can write, and the one place that reads
//! the wall clock.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An instant: milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01 UTC, as Slack's date tokens want them.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// How long after `earlier` this is; zero when it is not after.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        let millis = self.0.saturating_sub(earlier.0);
        Span(if millis > 0 { millis.unsigned_abs() } else { 0 })
    }

    /// RFC 3339 in UTC with milliseconds: `2026-11-22T10:15:30.000Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => format!("{at:.3}"),
            Err(_) => format!("@{}ms", self.0),
        }
    }

    /// As HTTP dates an answer (RFC 9110, 5.6.7): `Sun, 22 Nov 2026 10:15:30 GMT`.
    #[must_use]
    pub fn http_date(self) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
            Err(_) => format!("@{}ms", self.0),
        }
    }

    /// Reads HTTP's `Date` header, which knows whole seconds.
    #[must_use]
    pub fn from_http_date(text: &str) -> Option<Self> {
        let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()?;
        Some(Self(at.as_millisecond()))
    }

    /// For readers whose zone is unknown: `2026-11-22 10:15 UTC`.
    #[must_use]
    pub fn minute_utc(self) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            Err(_) => format!("@{}ms", self.0),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;
    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        text.parse::<jiff::Timestamp>().map(|at| Self(at.as_millisecond()))
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add_unsigned(span.0))
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub_unsigned(span.0))
    }
}

/// A length of time in whole milliseconds; people write it as `90s`, `30m`, `2h`, `1h30m`, `3d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest span that people may write: ten years.
    pub const LONGEST: Self = Self::days(3650);

    /// From milliseconds.
    #[must_use]
    pub const fn millis(millis: u64) -> Self {
        Self(millis)
    }
    /// From seconds.
    #[must_use]
    pub const fn secs(secs: u64) -> Self {
        Self(secs * 1000)
    }
    /// From minutes.
    #[must_use]
    pub const fn mins(mins: u64) -> Self {
        Self::secs(mins * 60)
    }
    /// From hours.
    #[must_use]
    pub const fn hours(hours: u64) -> Self {
        Self::mins(hours * 60)
    }
    /// From days of 24 hours.
    #[must_use]
    pub const fn days(days: u64) -> Self {
        Self::hours(days * 24)
    }
    /// Milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }
    /// Whole seconds, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1000
    }
    /// As the standard library's duration.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
    /// Whether it is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
    /// Twice this, at most `cap`.
    #[must_use]
    pub fn doubled(self, cap: Self) -> Self {
        Self(self.0.saturating_mul(2)).min(cap)
    }
    /// This many times over.
    #[must_use]
    pub const fn times(self, n: u64) -> Self {
        Self(self.0.saturating_mul(n))
    }

    /// In words, its two largest units: `2 hours`, `1 day 4 hours`, `90 ms`.
    #[must_use]
    pub fn words(self) -> String {
        if self.0 < 1000 {
            return if self.0 == 0 { "0 seconds".to_owned() } else { format!("{} ms", self.0) };
        }
        let mut rest = self.as_secs();
        let mut parts = Vec::new();
        for (secs, name) in [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")] {
            let n = rest / secs;
            rest %= secs;
            if n > 0 && parts.len() < 2 {
                parts.push(format!("{n} {name}{}", if n == 1 { "" } else { "s" }));
            }
        }
        parts.join(" ")
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// As people write it: `1h30m`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (millis, unit) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")] {
            let n = rest / millis;
            rest %= millis;
            if n > 0 {
                write!(f, "{n}{unit}")?;
            }
        }
        Ok(())
    }
}

/// Why a text is not a span.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SpanError {
    /// Not of the form that people write.
    #[error("`{0}` is not a length of time; write it like `30m`, `2h` or `1h30m`")]
    Form(String),
    /// Over [`Span::LONGEST`].
    #[error("`{0}` is longer than ten years")]
    TooLong(String),
}

impl FromStr for Span {
    type Err = SpanError;
    fn from_str(text: &str) -> Result<Self, SpanError> {
        let shown: String = text.chars().take(40).collect();
        let form = || SpanError::Form(shown.clone());
        let too_long = || SpanError::TooLong(shown.clone());
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let compact = compact.to_lowercase();
        if compact.is_empty() || compact.len() > 40 {
            return Err(form());
        }
        let mut total: u64 = 0;
        let mut rest = compact.as_str();
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(form)?;
            let (number, tail) = rest.split_at(digits);
            if number.is_empty() {
                return Err(form());
            }
            let unit_len = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(unit_len);
            let millis: u64 = match unit {
                "s" | "sec" | "secs" | "second" | "seconds" => 1000,
                "m" | "min" | "mins" | "minute" | "minutes" => 60_000,
                "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000,
                "d" | "day" | "days" => 86_400_000,
                "w" | "week" | "weeks" => 604_800_000,
                _ => return Err(form()),
            };
            let number: u64 = number.parse().map_err(|_| too_long())?;
            let part = number.checked_mul(millis).ok_or_else(too_long)?;
            total = total.checked_add(part).ok_or_else(too_long)?;
            rest = tail;
        }
        let span = Self(total);
        if span > Self::LONGEST { Err(too_long()) } else { Ok(span) }
    }
}

/// Where "now" comes from. The wall decides; the monotonic reading catches a wall that jumps.
pub trait Clock: Send + Sync + 'static {
    /// The wall clock.
    fn wall(&self) -> Timestamp;
    /// Time since some fixed point of this process; never runs backwards.
    fn monotonic(&self) -> Span;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    started: std::time::Instant,
}

impl SystemClock {
    /// Starts its monotonic reading at zero.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the clocks")]
    pub fn new() -> Self {
        Self { started: std::time::Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the clocks")]
    fn wall(&self) -> Timestamp {
        let now = std::time::SystemTime::now();
        let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Span {
        Span(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_write_them() {
        for (text, span) in [
            ("90s", Span::secs(90)),
            ("30m", Span::mins(30)),
            ("2h", Span::hours(2)),
            ("1h30m", Span::mins(90)),
            ("1 hour 30 minutes", Span::mins(90)),
            ("3D", Span::days(3)),
            ("1w", Span::days(7)),
        ] {
            assert_eq!(text.parse(), Ok(span), "{text}");
        }
    }

    #[test]
    fn http_dates_are_written_and_read() {
        let at = Timestamp::from_millis(1_795_342_530_999);
        assert_eq!(at.http_date(), "Sun, 22 Nov 2026 10:15:30 GMT");
        let whole = Timestamp::from_millis(1_795_342_530_000);
        assert_eq!(Timestamp::from_http_date(&at.http_date()), Some(whole));
        for text in ["", "yesterday", "2026-11-22T10:15:30Z", "Sun, 32 Nov 2026 10:15:30 GMT"] {
            assert_eq!(Timestamp::from_http_date(text), None, "{text}");
        }
    }

    #[test]
    fn absurd_spans_are_refused() {
        for text in
            ["", "h", "2", "-1h", "1.5h", "2 parsecs", "99999999999999999999h", "4000d", "２h", "1h h"]
        {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn spans_print_short_and_in_words() {
        assert_eq!(Span::mins(90).to_string(), "1h30m");
        assert_eq!(Span::mins(90).words(), "1 hour 30 minutes");
        assert_eq!(Span::days(1).words(), "1 day");
        assert_eq!(Span::millis(90).words(), "90 ms");
        assert_eq!(Timestamp::from_millis(0).minute_utc(), "1970-01-01 00:00 UTC");
    }
}
