//! When something is open: times of the week in a zone, without holidays. A calendar counts in real time, so that a day
//! on which clocks are put forward or back has as many open hours as it really has.

mod hours;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

pub use hours::{Hours, HoursError};

use crate::ids::CalendarId;
use crate::time::{Span, Timestamp};
use crate::zone::Zone;

/// How far it is looked ahead: with at least one time a week, and fewer holidays than these have weeks, there is always an
/// open one among them.
const MOST_DAYS: usize = 3660;

/// Times of the week in a zone, without holidays: one table of `tiers.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Calendar {
    /// Its id.
    pub id: CalendarId,
    /// Whose clock it goes by.
    pub zone: Zone,
    /// Where it stands: `policies/tiers.toml:3:1`.
    pub place: String,
    hours: Vec<Hours>,
    holidays: BTreeSet<Date>,
    /// The open minutes of each day, from Monday on, by their beginning.
    week: [Vec<(u16, u16)>; 7],
}

impl Calendar {
    /// Open at these times, but for what begins on one of the holidays.
    #[must_use]
    pub fn new(
        id: CalendarId,
        zone: Zone,
        hours: Vec<Hours>,
        holidays: impl IntoIterator<Item = Date>,
        place: String,
    ) -> Self {
        let on = |day: usize| {
            let mut open: Vec<_> =
                hours.iter().filter(|hours| hours.is_on(day)).map(Hours::minutes).collect();
            open.sort_unstable();
            open
        };
        let week = [on(0), on(1), on(2), on(3), on(4), on(5), on(6)];
        Self { id, zone, place, hours, holidays: holidays.into_iter().collect(), week }
    }

    /// Whether it is open at this moment. It is from the first moment of a time of its week, and no more at its end.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.times(at).take_while(|(begin, _)| *begin <= at).any(|(_, end)| at < end)
    }

    /// The first open moment from this one on: this one itself when it is open. None when it is not open for ten years.
    #[must_use]
    pub fn opens_after(&self, at: Timestamp) -> Option<Timestamp> {
        self.times(at).find(|(_, end)| at < *end).map(|(begin, _)| begin.max(at))
    }

    /// When so much open time has gone by since: the wait of somebody who waits in open time alone. Without a span that is
    /// `at` itself. None when ten years do not have so much.
    #[must_use]
    pub fn after_open_time(&self, at: Timestamp, span: Span) -> Option<Timestamp> {
        let (mut counted_to, mut left) = (at, span);
        if left.is_zero() {
            return Some(at);
        }
        for (begin, end) in self.times(at) {
            let begin = begin.max(counted_to);
            let open = end.since(begin);
            if left <= open {
                return Some(begin + left);
            }
            left = Span::millis(left.as_millis() - open.as_millis());
            counted_to = counted_to.max(end);
        }
        None
    }

    /// `Monday to Friday 09:00–17:30 and Saturday 10:00–14:00 (Europe/Berlin)`; that it has holidays is said, too.
    #[must_use]
    pub fn words(&self) -> String {
        let hours: Vec<String> = self.hours.iter().map(Hours::words).collect();
        let holidays = if self.holidays.is_empty() { "" } else { ", but for holidays" };
        format!("{} ({}){holidays}", hours.join(", "), self.zone)
    }

    /// A moment as its zone calls it: `Monday 2026-11-30 09:00 (Europe/Berlin)`.
    #[must_use]
    pub fn moment(&self, at: Timestamp) -> String {
        moment(&self.zone, at)
    }

    /// The times of its week, as policies write them.
    #[must_use]
    pub fn hours(&self) -> &[Hours] {
        &self.hours
    }

    /// The days on which nothing begins.
    #[must_use]
    pub fn holidays(&self) -> &BTreeSet<Date> {
        &self.holidays
    }

    /// Its times in order of their beginning, from the day before on: one of that day may go on over midnight. They may
    /// overlap.
    fn times(&self, at: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> + '_ {
        let first = self.zone.local(at).date().yesterday().ok();
        let days = std::iter::successors(first, |day| day.tomorrow().ok()).take(MOST_DAYS);
        let working = days.filter(|day| !self.holidays.contains(day));
        working.flat_map(move |day| {
            let number = usize::from(day.weekday().to_monday_zero_offset().unsigned_abs());
            let open = self.week.get(number).map(Vec::as_slice).unwrap_or_default();
            open.iter().filter_map(move |(from, until)| {
                let (begin, end) = (self.moment_of(day, *from)?, self.moment_of(day, *until)?);
                // What is skipped when clocks are put forward is none.
                (begin < end).then_some((begin, end))
            })
        })
    }

    fn moment_of(&self, day: Date, minutes: u16) -> Option<Timestamp> {
        let midnight = day.to_datetime(Time::midnight());
        self.zone.reached(midnight.checked_add(SignedDuration::from_mins(i64::from(minutes))).ok()?)
    }
}

/// A moment as the zone calls it: `Monday 2026-11-30 09:00 (Europe/Berlin)`.
pub(super) fn moment(zone: &Zone, at: Timestamp) -> String {
    format!("{} ({zone})", zone.local(at).strftime("%A %Y-%m-%d %H:%M"))
}

/// A calendar as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: CalendarId,
    zone: Zone,
    hours: Vec<String>,
    holidays: Vec<String>,
    place: String,
}

impl From<Calendar> for Written {
    fn from(calendar: Calendar) -> Self {
        let Calendar { id, zone, place, hours, holidays, week: _ } = calendar;
        let hours = hours.iter().map(Hours::to_string).collect();
        Self { id, zone, hours, holidays: holidays.iter().map(Date::to_string).collect(), place }
    }
}

impl TryFrom<Written> for Calendar {
    type Error = String;
    fn try_from(written: Written) -> Result<Self, String> {
        let Written { id, zone, hours, holidays, place } = written;
        let hours = hours.iter().map(|text| text.parse::<Hours>().map_err(|error| error.to_string()));
        let holidays = holidays.iter().map(|text| text.parse::<Date>().map_err(|error| error.to_string()));
        let hours = hours.collect::<Result<_, _>>()?;
        Ok(Self::new(id, zone, hours, holidays.collect::<Result<Vec<_>, _>>()?, place))
    }
}
