//! Lengths of time as people write them: `2h`, `90 min`, `1.5 hours`, `half an hour`, `a couple of days`.

use std::ops::Range;

use super::tokens::Token;
use crate::nearest::{nearest, slips};
use crate::time::{Span, SpanError};

/// Before a length, they belong to it.
const LEADS: &[&str] = &[
    "about",
    "around",
    "approx",
    "approximately",
    "maximum",
    "max",
    "the",
    "next",
    "another",
    "just",
    "only",
    "within",
    "over",
];
const NUMBERS: &[&str] = &[
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
];
const UNITS: [&str; 8] = ["minutes", "minute", "hours", "hour", "days", "day", "weeks", "week"];

/// A length of time in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Length {
    /// Its tokens.
    pub(super) at: Range<usize>,
    /// What it says.
    pub(super) says: Says,
    /// Whether it begins with `for`.
    pub(super) with_for: bool,
}

/// What a length of time comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// So long.
    Span(Span),
    /// For ever, or nearly.
    TooLong,
}

impl Length {
    pub(super) fn span(&self) -> Option<Span> {
        match self.says {
            Says::Span(span) => Some(span),
            Says::TooLong => None,
        }
    }
}

/// Every length, in order.
pub(super) fn find_lengths(tokens: &[Token]) -> Vec<Length> {
    let mut found = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let here = spans(tokens, index).map(|(count, span)| (count, Says::Span(span)));
        let here = here.or_else(|| too_long(tokens, index).then_some((1, Says::TooLong)));
        let Some((count, says)) = here else {
            index += 1;
            continue;
        };
        let (start, with_for) = lead(tokens, index);
        found.push(Length { at: start..index + count, says, with_for });
        index += count;
    }
    found
}

/// Whether a typed word is this one, give or take two slips of the keyboard.
pub(super) fn is_nearly(word: &str, meant: &str) -> bool {
    word.len() + 1 >= meant.len() && slips(word, meant) <= 2
}

fn word(tokens: &[Token], index: usize) -> &str {
    tokens.get(index).filter(|token| !token.spoken_for).map_or("", |token| token.word.as_str())
}

fn lead(tokens: &[Token], index: usize) -> (usize, bool) {
    let before =
        |at: usize| at.checked_sub(1).filter(|before| !tokens.get(*before).is_some_and(|t| t.breaks));
    let mut start = index;
    while let Some(at) = before(start).filter(|at| LEADS.contains(&word(tokens, *at))) {
        start = at;
    }
    match before(start) {
        Some(at) if word(tokens, at) == "for" => (at, true),
        Some(_) | None => (start, false),
    }
}

fn too_long(tokens: &[Token], index: usize) -> bool {
    let this = word(tokens, index);
    let before = index.checked_sub(1).map_or("", |before| word(tokens, before));
    this == "forever"
        || (this == "ever" && before == "for")
        || matches!(this.parse::<Span>(), Err(SpanError::TooLong(_)))
}

/// Lengths that follow each other add up: `1 hour 30 minutes`, `an hour and a half`.
pub(super) fn spans(tokens: &[Token], index: usize) -> Option<(usize, Span)> {
    let (mut count, mut total) = one(tokens, index)?;
    let half = ["and", "a", "half"];
    let and_half = half.iter().enumerate().all(|(n, part)| word(tokens, index + count + n) == *part);
    if let (true, Some(unit)) = (and_half, unit(word(tokens, index + count - 1))) {
        return Some((count + half.len(), plus(total, unit / 2)));
    }
    loop {
        let skip = usize::from(word(tokens, index + count) == "and");
        let parted = tokens.get(index + count - 1).is_some_and(|token| token.breaks);
        let Some((more, span)) = one(tokens, index + count + skip).filter(|_| !parted) else { break };
        count += skip + more;
        total = plus(total, span.as_millis());
    }
    // Nobody asks for less than a minute: `a second look` is no length.
    Some((count, total)).filter(|(_, total)| *total >= Span::mins(1) && *total <= Span::LONGEST)
}

fn plus(span: Span, millis: u64) -> Span {
    Span::millis(span.as_millis().saturating_add(millis))
}

/// One number with its unit: how many tokens, and how long.
fn one(tokens: &[Token], index: usize) -> Option<(usize, Span)> {
    let first = word(tokens, index);
    if let Some(span) = compact(first) {
        return Some((1, span));
    }
    let next = |n: usize| word(tokens, index + n);
    let (used, thousandths) = match first {
        "half" if matches!(next(1), "an" | "a") => (2, 500),
        "half" => (1, 500),
        "a" if next(1) == "couple" && next(2) == "of" => (3, 2000),
        "couple" if next(1) == "of" => (2, 2000),
        "a" | "an" => (1, 1000),
        number => (1, thousandths(number)?),
    };
    let unit = unit(next(used))?;
    Some((used + 1, Span::millis(thousandths.checked_mul(unit / 1000)?)))
}

/// `2h`, `1h30m`, `2h30`, `1.5h`, `2-hour`.
fn compact(word: &str) -> Option<Span> {
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let joined: String = word.chars().filter(|c| *c != '-').collect();
    if let Ok(span) = joined.parse::<Span>() {
        return Some(span);
    }
    if joined.ends_with(|c: char| c.is_ascii_digit()) && joined.contains('h') {
        return format!("{joined}m").parse().ok();
    }
    let end = joined.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit_word) = joined.split_at(end);
    Some(Span::millis(thousandths(number)?.checked_mul(unit(unit_word)? / 1000)?))
}

/// A number in words or digits, with up to three decimals.
fn thousandths(word: &str) -> Option<u64> {
    if let Some(number) = NUMBERS.iter().position(|known| *known == word) {
        return u64::try_from(number).ok()?.checked_mul(1000);
    }
    let (whole, part) = word.split_once('.').unwrap_or((word, ""));
    if part.len() > 3 || !part.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let part: u64 = format!("{part:0<3}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(part)
}

/// A unit in milliseconds; slips in a long one are forgiven.
fn unit(word: &str) -> Option<u64> {
    if word.is_empty() || !word.chars().all(char::is_alphabetic) {
        return None;
    }
    let near = if word.len() >= 4 { nearest(word, UNITS).unwrap_or(word) } else { word };
    let span: Span = format!("1{near}").parse().ok()?;
    Some(span.as_millis())
}
