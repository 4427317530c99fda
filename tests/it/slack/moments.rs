//! Moments in words, held against a fixed now: each is the instant that its writer means by their own clock.

use jitney::slack::free_words::{AHEAD, NoMoment, moment};
use jitney::time::{Span, Timestamp};
use jitney::zone::Zone;
use rand::{RngExt as _, SeedableRng as _};

/// Thursday, 26 November 2026, a quarter past ten in Berlin.
fn now() -> Timestamp {
    "2026-11-26T09:15:00Z".parse().unwrap()
}

fn berlin() -> Zone {
    "Europe/Berlin".parse().unwrap()
}

/// What was typed, and what calendar and clock say in Berlin then.
const BEGINS: [(&str, &str); 52] = [
    ("from tomorrow 9:00", "2026-11-27T09:00:00"),
    ("from tomorrow at 9:00 for 4h", "2026-11-27T09:00:00"),
    ("tomorrow 9am", "2026-11-27T09:00:00"),
    ("tomorrow 9 am", "2026-11-27T09:00:00"),
    ("tommorow 9:30pm", "2026-11-27T21:30:00"),
    ("tomorrow", "2026-11-27T09:00:00"),
    ("Tomorrow morning", "2026-11-27T09:00:00"),
    ("tomorrow noon", "2026-11-27T12:00:00"),
    ("tomorrow at midnight", "2026-11-28T00:00:00"),
    ("9:00 tomorrow", "2026-11-27T09:00:00"),
    ("the day after tomorrow 8", "2026-11-28T08:00:00"),
    ("from today 18:00", "2026-11-26T18:00:00"),
    ("today at 6pm", "2026-11-26T18:00:00"),
    ("this afternoon", "2026-11-26T14:00:00"),
    ("this evening", "2026-11-26T18:00:00"),
    ("tonight", "2026-11-26T20:00:00"),
    ("tonight at 9", "2026-11-26T21:00:00"),
    ("tonight 2:00", "2026-11-27T02:00:00"),
    ("at 14:30", "2026-11-26T14:30:00"),
    ("at 14:30 utc", "2026-11-26T15:30:00"),
    ("at 9am est", "2026-11-26T15:00:00"),
    ("14:30", "2026-11-26T14:30:00"),
    ("at 14", "2026-11-26T14:00:00"),
    ("at 9:00", "2026-11-27T09:00:00"),
    ("from 10:15", "2026-11-27T10:15:00"),
    ("at noon", "2026-11-26T12:00:00"),
    ("from midnight", "2026-11-27T00:00:00"),
    ("fri 18:00", "2026-11-27T18:00:00"),
    ("Friday, 18:00", "2026-11-27T18:00:00"),
    ("on friday", "2026-11-27T09:00:00"),
    ("from monday", "2026-11-30T09:00:00"),
    ("starting on mon 7:45", "2026-11-30T07:45:00"),
    ("18:00 on saturday", "2026-11-28T18:00:00"),
    ("thu 18:00", "2026-11-26T18:00:00"),
    ("thu 9:00", "2026-12-03T09:00:00"),
    ("from thursday", "2026-12-03T09:00:00"),
    ("next week mon 9", "2026-11-30T09:00:00"),
    ("next week", "2026-11-30T09:00:00"),
    ("next week on friday at 17:00", "2026-12-04T17:00:00"),
    ("next friday 10am", "2026-12-04T10:00:00"),
    ("in 2h", "2026-11-26T12:15:00"),
    ("in half an hour", "2026-11-26T10:45:00"),
    ("starting in 3 days", "2026-11-29T10:15:00"),
    ("2026-12-01 09:00", "2026-12-01T09:00:00"),
    ("2026-12-01T09:30", "2026-12-01T09:30:00"),
    ("from 01.12.2026 8:00", "2026-12-01T08:00:00"),
    ("1 dec 9:00", "2026-12-01T09:00:00"),
    ("on december 1st", "2026-12-01T09:00:00"),
    ("dec 24th 2026 at 3pm", "2026-12-24T15:00:00"),
    ("starting 15 january 9:00", "2027-01-15T09:00:00"),
    ("on 1st of dec 9:00", "2026-12-01T09:00:00"),
    ("until fri 17:00", "2026-11-27T17:00:00"),
];

#[test]
fn each_phrasing_is_the_instant_that_is_meant_where_its_writer_is() {
    let wrong: Vec<String> = BEGINS
        .iter()
        .filter_map(|(text, local)| {
            let begins = moment(text).map(|moment| moment.begins(now(), &berlin()));
            let found = begins.and_then(Result::ok).map(|at| berlin().local(at).to_string());
            (found.as_deref() != Some(*local)).then(|| format!("{text}: wanted {local}, found {begins:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_end_is_held_against_its_start() {
    let at = |text: &str| moment(text).unwrap();
    let local = |at: Timestamp| berlin().local(at).to_string();
    for (start, until, ends) in [
        ("from tomorrow 9:00", "until 17:00", "2026-11-27T17:00:00"),
        ("from tomorrow 22:00", "until 2:00", "2026-11-28T02:00:00"),
        ("from tomorrow 9:00", "until tomorrow", "2026-11-27T18:00:00"),
        ("from fri", "until mon", "2026-11-30T18:00:00"),
        ("from mon 9:00", "till wed noon", "2026-12-02T12:00:00"),
        ("from tonight 22:00", "until midnight", "2026-11-27T00:00:00"),
        ("from 14:00", "until eod", "2026-11-26T18:00:00"),
        ("in 1h", "until the end of the day", "2026-11-26T18:00:00"),
        ("at 12:00", "until tonight", "2026-11-27T00:00:00"),
    ] {
        let begins = at(start).begins(now(), &berlin()).unwrap();
        let found = at(until).ends(now(), begins, &berlin()).map(local);
        assert_eq!(found.as_deref(), Ok(ends), "{start} {until}");
    }
    let begins = at("tomorrow 9:00").begins(now(), &berlin()).unwrap();
    assert_eq!(at("until today").ends(now(), begins, &berlin()), Err(NoMoment::Past));
}

#[test]
fn what_is_over_or_too_far_is_refused_and_what_is_none_is_none() {
    for (text, why) in [
        ("from today 9:00", NoMoment::Past),
        ("2026-11-25 09:00", NoMoment::Past),
        ("1999-01-01 9:00", NoMoment::Past),
        ("on 1 june", NoMoment::TooFar),
        ("in 91 days", NoMoment::TooFar),
        ("from 2027-06-01", NoMoment::TooFar),
    ] {
        assert_eq!(moment(text).unwrap().begins(now(), &berlin()), Err(why), "{text}");
    }
    for text in [
        "",
        "friday",
        "today",
        "good morning",
        "mon",
        "at 25:00",
        "at 9:75",
        "2026-13-40 9:00x",
        "on 12/01/2026",
        "at 2 hours",
        "for 2h",
        "in the wiki",
        "may 5 people",
        "at the office",
        "until it is done",
    ] {
        assert_eq!(moment(text), None, "{text}");
    }
}

#[test]
fn clocks_that_are_put_forward_and_back_leave_one_answer() {
    let read = |text: &str, now: &str| {
        moment(text).unwrap().begins(now.parse().unwrap(), &berlin()).map(Timestamp::rfc3339)
    };
    // There is no half past two that night.
    let forward = read("tomorrow 2:30", "2027-03-27T12:00:00Z");
    assert_eq!(forward.as_deref(), Ok("2027-03-28T01:30:00.000Z"));
    // There are two, and the first one is over.
    let back = read("at 2:30", "2026-10-25T00:45:00Z");
    assert_eq!(back.as_deref(), Ok("2026-10-26T01:30:00.000Z"));
}

#[test]
fn no_text_at_no_time_is_a_moment_that_is_over() {
    let pieces = [
        "from",
        "until",
        "to",
        "at",
        "on",
        "in",
        "next",
        "week",
        "this",
        "the",
        "tomorrow",
        "today",
        "tonight",
        "fri",
        "monday",
        "9",
        "9:00",
        "23:59",
        "24:00",
        "0:00",
        "12am",
        "5pm",
        "am",
        "noon",
        "midnight",
        "eod",
        "31",
        "feb",
        "29",
        "1st",
        "2026-12-01",
        "2028-02-29",
        "9999-12-31",
        "2h",
        "90",
        "days",
        "utc",
        "pst",
        "day",
        "after",
        "end",
        "of",
        ",",
        "é",
    ];
    let zones: Vec<Zone> = ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"]
        .iter()
        .map(|name| name.parse().unwrap())
        .collect();
    let mut rng = rand::rngs::SmallRng::seed_from_u64(7);
    let mut read = 0;
    for _ in 0..20_000 {
        let count = rng.random_range(1..7);
        let text: Vec<&str> = (0..count).map(|_| pieces[rng.random_range(0..pieces.len())]).collect();
        let Some(moment) = moment(&text.join(" ")) else { continue };
        let now = now() + Span::mins(rng.random_range(0..3 * 365 * 24 * 60));
        let zone = &zones[rng.random_range(0..zones.len())];
        if let Ok(at) = moment.begins(now, zone) {
            assert!((now..=now + AHEAD).contains(&at), "{text:?} at {now}: {at}");
            read += 1;
        }
        let start = now + Span::mins(rng.random_range(0..60 * 24 * 30));
        if let Ok(at) = moment.ends(now, start, zone) {
            assert!(at > start && at <= now + AHEAD, "{text:?} at {now} from {start}: {at}");
        }
    }
    assert!(read > 2000, "{read}");
}
