//! Times of the week, as policies write them: `mon-fri 09:00-17:30`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::super::phrase::listed;

/// Minutes of a day on the clock.
const DAY: u16 = 24 * 60;
const DAYS: [(&str, &str); 7] = [
    ("mon", "Monday"),
    ("tue", "Tuesday"),
    ("wed", "Wednesday"),
    ("thu", "Thursday"),
    ("fri", "Friday"),
    ("sat", "Saturday"),
    ("sun", "Sunday"),
];

/// The same time on some days of the week. One that ends before it begins goes on over midnight, and belongs to the day
/// on which it begins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hours {
    /// From Monday on.
    days: [bool; 7],
    /// Minutes from midnight.
    from: u16,
    /// Minutes from midnight; over [`DAY`] when it goes on over the next.
    until: u16,
}

/// A text that is no time of the week.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HoursError {
    /// Not of the form that people write.
    #[error("`{0}` is no time of the week; write it like `mon-fri 09:00-17:30` or `sat 10:00-14:00`")]
    Form(String),
    /// A day that the week does not have.
    #[error("`{0}` is no day of the week; write `mon`, `tue`, `wed`, `thu`, `fri`, `sat` or `sun`")]
    Day(String),
    /// A time that the day does not have.
    #[error("`{0}` is no time of day; write it like `09:00`, up to `24:00`")]
    Time(String),
    /// It ends where it begins.
    #[error("`{0}` ends where it begins; the whole day is `00:00-24:00`")]
    Empty(String),
}

impl Hours {
    /// Whether it begins on this day, counted from Monday.
    pub(super) fn is_on(&self, day: usize) -> bool {
        self.days.get(day).copied().unwrap_or(false)
    }

    /// From when until when, in minutes from the midnight of the day on which it begins.
    pub(super) const fn minutes(&self) -> (u16, u16) {
        (self.from, self.until)
    }

    /// `Monday to Friday 09:00–17:30`.
    pub(super) fn words(&self) -> String {
        let name = |day: usize| DAYS.get(day).map_or("", |(_, name)| *name);
        let runs = self.runs();
        let mut words = Vec::new();
        for (first, last) in &runs {
            if last - first > 1 {
                words.push(format!("{} to {}", name(*first), name(*last)));
            } else {
                words.extend((*first..=*last).map(|day| name(day).to_owned()));
            }
        }
        let days = match runs.as_slice() {
            [(0, 6)] => "every day".to_owned(),
            _ => listed(words.iter().map(String::as_str), "and"),
        };
        if (self.from, self.until) == (0, DAY) {
            return format!("{days} all day");
        }
        format!("{days} {}–{}", clock(self.from), clock(self.end()))
    }

    /// The first and the last of days in a row.
    fn runs(&self) -> Vec<(usize, usize)> {
        let mut runs = Vec::<(usize, usize)>::new();
        for day in (0..7).filter(|day| self.is_on(*day)) {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == day => *last = day,
                Some(_) | None => runs.push((day, day)),
            }
        }
        runs
    }

    /// What the clock shows at the end.
    const fn end(&self) -> u16 {
        if self.until > DAY { self.until - DAY } else { self.until }
    }
}

impl FromStr for Hours {
    type Err = HoursError;
    fn from_str(text: &str) -> Result<Self, HoursError> {
        let form = || HoursError::Form(shown(text));
        let (names, times) = text.trim().rsplit_once(char::is_whitespace).ok_or_else(form)?;
        let mut days = [false; 7];
        for name in names.split(',') {
            let (first, last) = name.split_once('-').unwrap_or((name, name));
            let (first, last) = (day(first)?, day(last)?);
            // A row of days may go on over Sunday.
            let length = (last + 7 - first) % 7;
            for step in 0..=length {
                if let Some(on) = days.get_mut((first + step) % 7) {
                    *on = true;
                }
            }
        }
        let (from, until) = times.split_once('-').ok_or_else(form)?;
        let (from, end) = (minutes(from)?, minutes(until)?);
        if from == end || from == DAY {
            return Err(HoursError::Empty(shown(times)));
        }
        Ok(Self { days, from, until: if end < from { end + DAY } else { end } })
    }
}

/// As policies write it.
impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |day: usize| DAYS.get(day).map_or("", |(name, _)| *name);
        for (number, (first, last)) in self.runs().into_iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}{}", name(first))?;
            if last > first {
                write!(f, "-{}", name(last))?;
            }
        }
        write!(f, " {}-{}", clock(self.from), clock(self.end()))
    }
}

fn day(text: &str) -> Result<usize, HoursError> {
    let text = text.trim();
    let is_it =
        |(short, long): &(&str, &str)| text.eq_ignore_ascii_case(short) || text.eq_ignore_ascii_case(long);
    DAYS.iter().position(is_it).ok_or_else(|| HoursError::Day(shown(text)))
}

fn minutes(text: &str) -> Result<u16, HoursError> {
    let wrong = || HoursError::Time(shown(text));
    let (hours, minutes) = text.split_once(':').ok_or_else(wrong)?;
    let two = |digits: &str| {
        let well = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|_| well).ok_or_else(wrong)
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let total = hours * 60 + minutes;
    if minutes < 60 && total <= DAY { Ok(total) } else { Err(wrong()) }
}

fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}
