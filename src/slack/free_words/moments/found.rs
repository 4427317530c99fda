//! Where moments stand in a text.

use std::ops::Range;

use jiff::civil::{Date, Weekday};

use super::super::lengths::spans;
use super::super::tokens::Token;
use super::{DAY_BEGINS, DAY_ENDS, Day, Hour, Moment, When};
use crate::time::Span;

const UNTIL: &[&str] = &["until", "till", "til", "untill"];
/// Before a moment, they say that something begins then.
const FROM: &[&str] = &["from", "starting", "starts", "start", "beginning"];
/// They belong to a moment, and may stand before any.
const LEADS: &[&str] = &["at", "on", "this", "coming", "around", "the"];
/// Between a day and its hour.
const BETWEEN: &[&str] = &["at", "from", "around", "on"];
const WEEKDAYS: [(&[&str], Weekday); 7] = [
    (&["monday", "mon"], Weekday::Monday),
    (&["tuesday", "tue", "tues"], Weekday::Tuesday),
    (&["wednesday", "wed"], Weekday::Wednesday),
    (&["thursday", "thu", "thur", "thurs"], Weekday::Thursday),
    (&["friday", "fri"], Weekday::Friday),
    (&["saturday", "sat"], Weekday::Saturday),
    (&["sunday", "sun"], Weekday::Sunday),
];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const TOMORROW: &[&str] = &["tomorrow", "tomorow", "tommorow", "tommorrow", "tmrw", "tmr"];
/// Hours with a name.
const HOURS: [(&str, Hour); 8] = [
    ("morning", DAY_BEGINS),
    ("noon", Hour::at(12, 0)),
    ("midday", Hour::at(12, 0)),
    ("lunch", Hour::at(12, 0)),
    ("afternoon", Hour::at(14, 0)),
    ("evening", DAY_ENDS),
    ("eod", DAY_ENDS),
    ("midnight", Hour::MIDNIGHT),
];
/// What people write after an hour. Letters that several zones share are not among them.
const ZONES: [(&str, &str); 10] = [
    ("utc", "UTC"),
    ("gmt", "UTC"),
    ("cet", "Europe/Berlin"),
    ("cest", "Europe/Berlin"),
    ("bst", "Europe/London"),
    ("eet", "Europe/Helsinki"),
    ("est", "America/New_York"),
    ("edt", "America/New_York"),
    ("pst", "America/Los_Angeles"),
    ("pdt", "America/Los_Angeles"),
];

/// A moment in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::slack::free_words) struct Found {
    /// Its tokens.
    pub(in crate::slack::free_words) at: Range<usize>,
    /// What it says.
    pub(in crate::slack::free_words) moment: Moment,
    /// Whether something ends then.
    pub(in crate::slack::free_words) ends: bool,
    /// Whether it is said that something begins or ends then, or both day and hour are.
    pub(in crate::slack::free_words) plain: bool,
}

/// Every moment, in order.
pub(in crate::slack::free_words) fn find_moments(text: &str, tokens: &[Token]) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let from_to = found.last().is_some_and(|last| !last.ends && last.at.end == index);
        match one(text, tokens, index, from_to) {
            Some(one) => {
                index = one.at.end;
                found.push(one);
            }
            None => index += 1,
        }
    }
    found
}

/// The moment that begins with this token. `after_one` says whether another ends before it: `9:00 to 17:00`.
fn one(text: &str, tokens: &[Token], start: usize, after_one: bool) -> Option<Found> {
    let first = word(tokens, start);
    let ends = UNTIL.contains(&first) || (after_one && first == "to");
    let from = FROM.contains(&first);
    let mut index = start + usize::from(ends || from);
    let mut led = ends || from;
    while LEADS.contains(&word(tokens, index)) && !breaks(tokens, index) {
        led |= word(tokens, index) != "the";
        index += 1;
    }
    let (end, when, clear) = match after(tokens, index).filter(|_| !ends) {
        Some((count, span)) => (index + count, When::After(span), true),
        None => {
            let (count, day, hour) = calendar(tokens, index, led)?;
            let clear = match (day, hour) {
                (Some(Day::In(1..) | Day::Tonight | Day::NextWeek(_)), _) | (Some(_), Some(_)) => true,
                (None, Some(_)) => is_exact(word(tokens, index)),
                (Some(Day::In(_) | Day::Weekday(_) | Day::Date { .. }) | None, None) => false,
            };
            (index + count, When::Calendar { day, hour }, clear)
        }
    };
    if !led && !clear {
        return None;
    }
    let zone = ZONES.iter().find(|(short, _)| *short == word(tokens, end) && !breaks(tokens, end - 1));
    let hour_told = matches!(when, When::Calendar { hour: Some(_), .. });
    let zone = zone.filter(|_| hour_told).and_then(|(_, name)| name.parse().ok());
    let end = end + usize::from(zone.is_some());
    let both = matches!(when, When::Calendar { day: Some(_), hour: Some(_) });
    let typed = text.get(tokens.get(start)?.start..tokens.get(end - 1)?.end)?.to_owned();
    Some(Found { at: start..end, moment: Moment { when, zone, typed }, ends, plain: ends || from || both })
}

fn word(tokens: &[Token], index: usize) -> &str {
    tokens.get(index).filter(|token| !token.spoken_for).map_or("", |token| token.word.as_str())
}

fn breaks(tokens: &[Token], index: usize) -> bool {
    tokens.get(index).is_none_or(|token| token.breaks)
}

/// `in 2h`, `in an hour and a half`.
fn after(tokens: &[Token], index: usize) -> Option<(usize, Span)> {
    if word(tokens, index) != "in" || breaks(tokens, index) {
        return None;
    }
    spans(tokens, index + 1).map(|(count, span)| (count + 1, span))
}

/// A day, an hour, or both in either order: how many tokens. `led` says that a word before it makes it a moment.
fn calendar(tokens: &[Token], index: usize, led: bool) -> Option<(usize, Option<Day>, Option<Hour>)> {
    let goes_on = |count: usize| !breaks(tokens, index + count - 1);
    if let Some((count, day, own)) = day(tokens, index) {
        // `friday, 18:00` goes on; `on friday, 2 people` does not.
        if own.is_some() || !(goes_on(count) || is_exact(word(tokens, index + count))) {
            return Some((count, Some(day), own));
        }
        let skip = usize::from(BETWEEN.contains(&word(tokens, index + count)));
        return Some(match hour(tokens, index + count + skip, true) {
            Some((more, hour)) => (count + skip + more, Some(day), Some(hour)),
            None => (count, Some(day), None),
        });
    }
    let (count, hour) = hour(tokens, index, led)?;
    if goes_on(count) {
        let skip = usize::from(BETWEEN.contains(&word(tokens, index + count)));
        if let Some((more, day, None)) = day(tokens, index + count + skip) {
            return Some((count + skip + more, Some(day), Some(hour)));
        }
    }
    Some((count, None, Some(hour)))
}

/// How many tokens, which day, and its hour where they are one word.
fn day(tokens: &[Token], index: usize) -> Option<(usize, Day, Option<Hour>)> {
    let next = |n: usize| word(tokens, index + n);
    let first = next(0);
    let is = |words: [&str; 3]| words.iter().enumerate().all(|(n, wanted)| next(n) == *wanted);
    if first == "today" {
        return Some((1, Day::In(0), None));
    }
    if first == "tonight" {
        return Some((1, Day::Tonight, None));
    }
    if TOMORROW.contains(&first) {
        return Some((1, Day::In(1), None));
    }
    if is(["day", "after", "tomorrow"]) {
        return Some((3, Day::In(2), None));
    }
    if first == "next" && next(1) == "week" {
        let skip = usize::from(next(2) == "on");
        return Some(match weekday(next(2 + skip)) {
            Some(weekday) => (3 + skip, Day::NextWeek(weekday), None),
            None => (2, Day::NextWeek(Weekday::Monday), None),
        });
    }
    if first == "next" {
        return weekday(next(1)).map(|weekday| (2, Day::NextWeek(weekday), None));
    }
    if let Some(weekday) = weekday(first) {
        return Some((1, Day::Weekday(weekday), None));
    }
    date(tokens, index)
}

fn weekday(word: &str) -> Option<Weekday> {
    WEEKDAYS.iter().find(|(names, _)| names.contains(&word)).map(|(_, weekday)| *weekday)
}

/// `2026-12-01`, `2026-12-01T09:00`, `01.12.2026`, `1 dec`, `december 1st 2026`.
fn date(tokens: &[Token], index: usize) -> Option<(usize, Day, Option<Hour>)> {
    let next = |n: usize| word(tokens, index + n);
    let (whole, own) = next(0).split_once('t').map_or((next(0), None), |(date, time)| (date, exact(time)));
    if let Some((count, day)) = numbered(whole) {
        return Some((count, day, own));
    }
    let of = usize::from(next(1) == "of");
    let (count, day, month) = match (ordinal(next(0)), month(next(1 + of))) {
        (Some(day), Some(month)) => (2 + of, day, month),
        _ => (2, ordinal(next(1))?, month(next(0))?),
    };
    let year = next(count).parse::<i16>().ok().filter(|year| (2000..=2999).contains(year));
    let year = year.filter(|_| !breaks(tokens, index + count - 1));
    Some((count + usize::from(year.is_some()), Day::Date { year, month, day }, None))
}

/// With the year first, or, with dots, last. Slashes are read in two ways in the world, so in none here.
fn numbered(word: &str) -> Option<(usize, Day)> {
    let parts = |sign: char| {
        let mut parts = word.split(sign);
        let three = (parts.next()?, parts.next()?, parts.next()?);
        parts.next().is_none().then_some(three)
    };
    let (year, month, day) =
        parts('-').or_else(|| parts('.').map(|(day, month, year)| (year, month, day)))?;
    let year = year.parse::<i16>().ok().filter(|_| year.len() == 4)?;
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    Date::new(year, month, day).ok()?;
    Some((1, Day::Date { year: Some(year), month, day }))
}

/// `1`, `1st`, `22nd`.
fn ordinal(word: &str) -> Option<i8> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let ends = word.strip_prefix(digits).unwrap_or_default();
    let day = digits.parse::<i8>().ok().filter(|day| (1..=31).contains(day))?;
    matches!(ends, "" | "st" | "nd" | "rd" | "th").then_some(day)
}

fn month(word: &str) -> Option<i8> {
    let word = if word == "sept" { "sep" } else { word };
    let at = MONTHS.iter().position(|month| word.len() >= 3 && month.starts_with(word))?;
    i8::try_from(at + 1).ok()
}

/// How many tokens, and which hour. A bare number, or an hour by its name, only where something says that an hour
/// comes.
fn hour(tokens: &[Token], index: usize, expected: bool) -> Option<(usize, Hour)> {
    let this = word(tokens, index);
    let next = |n: usize| word(tokens, index + n);
    if let Some(hour) = exact(this) {
        // `9:00 am`
        let half = if breaks(tokens, index) { None } else { halved(hour, next(1)) };
        return Some(half.map_or((1, hour), |hour| (2, hour)));
    }
    let number = this.parse::<i8>().ok().filter(|hour| (0..=23).contains(hour) && this.len() <= 2);
    if let Some(number) = number {
        if let Some(hour) = halved(Hour::at(number, 0), next(1)).filter(|_| !breaks(tokens, index)) {
            return Some((2, hour));
        }
        let clock = usize::from(matches!(next(1), "o'clock" | "oclock" | "h"));
        let is_length = clock == 0 && spans(tokens, index).is_some();
        let of_month = month(next(1)).is_some();
        return (expected && !is_length && !of_month).then_some((1 + clock, Hour::at(number, 0)));
    }
    if !expected {
        return None;
    }
    let skip = usize::from(this == "the");
    if next(skip) == "end" && next(skip + 1) == "of" {
        let the = usize::from(next(skip + 2) == "the");
        return matches!(next(skip + 2 + the), "day" | "business").then_some((skip + 3 + the, DAY_ENDS));
    }
    HOURS.iter().find(|(name, _)| *name == this).map(|(_, hour)| (1, *hour))
}

fn is_exact(word: &str) -> bool {
    exact(word).is_some()
}

/// `9:30`, `14:30`, `9am`, `9:30pm`.
fn exact(word: &str) -> Option<Hour> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let half = word.strip_prefix(digits).unwrap_or_default();
    let (hour, minute) = match digits.split_once(':') {
        Some((hour, minute)) if minute.len() == 2 => (hour, minute.parse::<i8>().ok()?),
        Some(_) => return None,
        None if half.is_empty() => return None,
        None => (digits, 0),
    };
    let hour = hour.parse::<i8>().ok().filter(|_| hour.len() <= 2)?;
    let hour = match half {
        "" | "h" if digits.contains(':') => Hour::at(hour, minute),
        half => halved(Hour::at(hour, minute), half)?,
    };
    let fits = (0..=23).contains(&hour.hour) || hour == Hour::MIDNIGHT;
    (fits && (0..=59).contains(&hour.minute)).then_some(hour)
}

/// With `am` or `pm`.
fn halved(Hour { hour, minute }: Hour, half: &str) -> Option<Hour> {
    let fits = (1..=12).contains(&hour);
    match half {
        "am" | "a.m" if fits => Some(Hour { hour: hour % 12, minute }),
        "pm" | "p.m" if fits => Some(Hour { hour: hour % 12 + 12, minute }),
        _ => None,
    }
}
