//! Moments as people write them: `from tomorrow 9:00`, `fri 18:00`, `in 2h`, `1 dec 9am`, `until next week mon`. What
//! stands in a text is found without a clock and without a time zone; which instant it is, is said by both.

mod found;

pub(super) use found::{Found, find_moments};

use jiff::civil::{Date, Time, Weekday};

use crate::time::{Span, Timestamp};
use crate::zone::Zone;

/// Nobody plans further ahead in a few words.
pub const AHEAD: Span = Span::days(90);
/// When a day begins whose hour is not told.
const DAY_BEGINS: Hour = Hour::at(9, 0);
/// And when it ends.
const DAY_ENDS: Hour = Hour::at(18, 0);
const EVENING_BEGINS: Hour = Hour::at(20, 0);

/// A moment as somebody wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    when: When,
    zone: Option<Zone>,
    typed: String,
}

/// Why a moment can't be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoMoment {
    /// It is over.
    Past,
    /// It is further off than [`AHEAD`].
    TooFar,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// So long after now.
    After(Span),
    /// A day, an hour, or both.
    Calendar { day: Option<Day>, hour: Option<Hour> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    /// So many days after today.
    In(i32),
    /// Today, late.
    Tonight,
    /// The next one.
    Weekday(Weekday),
    /// That of the week after this one.
    NextWeek(Weekday),
    /// In this year or the next, when none is told.
    Date { year: Option<i16>, month: i8, day: i8 },
}

/// On the clock on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hour {
    hour: i8,
    minute: i8,
}

impl Hour {
    /// The end of the day.
    const MIDNIGHT: Self = Self::at(24, 0);

    const fn at(hour: i8, minute: i8) -> Self {
        Self { hour, minute }
    }

    fn on(self, date: Date, zone: &Zone) -> Option<Timestamp> {
        let date = date.checked_add(days(i32::from(self.hour / 24))).ok()?;
        let time = Time::new(self.hour % 24, self.minute, 0, 0).ok()?;
        zone.at(date.to_datetime(time))
    }
}

impl Moment {
    /// As it was typed.
    #[must_use]
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// Whether it is the same in every time zone: `in 2h`, `17:00 UTC`.
    #[must_use]
    pub const fn needs_no_zone(&self) -> bool {
        self.zone.is_some() || matches!(self.when, When::After(_))
    }

    /// When something begins that begins then. A day without an hour begins at nine.
    ///
    /// # Errors
    /// When it is over, or too far ahead.
    pub fn begins(&self, now: Timestamp, zone: &Zone) -> Result<Timestamp, NoMoment> {
        self.read(now, now, zone, false)
    }

    /// When something ends that begins at `start` and ends then. A day without an hour ends at eighteen.
    ///
    /// # Errors
    /// When that is not after the start, or too far ahead.
    pub fn ends(&self, now: Timestamp, start: Timestamp, zone: &Zone) -> Result<Timestamp, NoMoment> {
        self.read(now, start, zone, true)
    }

    fn read(&self, now: Timestamp, after: Timestamp, zone: &Zone, ends: bool) -> Result<Timestamp, NoMoment> {
        let zone = self.zone.as_ref().unwrap_or(zone);
        let at = match self.when {
            When::After(span) => now + span,
            When::Calendar { day, hour } => {
                let today = zone.local(now).date();
                let first = zone.local(after).date();
                self::first_after(day, hour, ends, today, first, after, zone).ok_or(NoMoment::Past)?
            }
        };
        match at {
            at if at < now || (ends && at <= after) => Err(NoMoment::Past),
            at if at > now + AHEAD => Err(NoMoment::TooFar),
            at => Ok(at),
        }
    }
}

/// The first such moment after another. What is named by today is held against today; a weekday and an hour against
/// the day of that other moment.
fn first_after(
    day: Option<Day>,
    hour: Option<Hour>,
    ends: bool,
    today: Date,
    first: Date,
    after: Timestamp,
    zone: &Zone,
) -> Option<Timestamp> {
    let usual = if ends { DAY_ENDS } else { DAY_BEGINS };
    let plus = |date: Date, n: i32| date.checked_add(days(n)).ok();
    let on = |date: Option<Date>, hour: Hour| hour.on(date?, zone);
    // Of several candidates in order, the first that is not over.
    let soonest =
        |candidates: [Option<Timestamp>; 2]| candidates.into_iter().flatten().find(|at| *at > after);
    match day {
        None => {
            let hour = hour.unwrap_or(usual);
            soonest([on(Some(first), hour), on(plus(first, 1), hour)])
        }
        Some(Day::In(0)) if hour.is_none() => {
            if ends {
                soonest([on(Some(today), usual), on(Some(today), Hour::MIDNIGHT)])
            } else {
                Some(after)
            }
        }
        Some(Day::In(n)) => on(plus(today, n), hour.unwrap_or(usual)),
        Some(Day::Tonight) => {
            let late = match hour {
                // Of an hour before noon, the one after it is meant: `tonight at 9`.
                Some(Hour { hour, minute }) if (5..12).contains(&hour) => Hour { hour: hour + 12, minute },
                Some(Hour { hour, minute }) if hour < 5 => Hour { hour: hour + 24, minute },
                Some(hour) => hour,
                None if ends => Hour::MIDNIGHT,
                None => EVENING_BEGINS,
            };
            let at = on(Some(today), late)?;
            if hour.is_none() && at < after { Some(after) } else { Some(at) }
        }
        Some(Day::Weekday(weekday)) => {
            let ahead = i32::from(first.weekday().until(weekday));
            let hour = hour.unwrap_or(usual);
            soonest([on(plus(first, ahead), hour), on(plus(first, ahead + 7), hour)])
        }
        Some(Day::NextWeek(weekday)) => {
            let since_monday = i32::from(today.weekday().to_monday_zero_offset());
            let ahead = 7 - since_monday + i32::from(weekday.to_monday_zero_offset());
            on(plus(today, ahead), hour.unwrap_or(usual))
        }
        Some(Day::Date { year: Some(year), month, day }) => {
            on(Date::new(year, month, day).ok(), hour.unwrap_or(usual))
        }
        Some(Day::Date { year: None, month, day }) => {
            let hour = hour.unwrap_or(usual);
            let of = |year: i16| on(Date::new(year, month, day).ok(), hour);
            soonest([of(today.year()), of(today.year().saturating_add(1))])
        }
    }
}

fn days(n: i32) -> jiff::Span {
    jiff::Span::new().try_days(n).unwrap_or_default()
}
