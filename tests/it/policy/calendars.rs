//! Calendars: when something is open, when it opens next, and how long somebody waits who waits in open time alone.

use jiff::civil::Date;
use jitney::policy::{Calendar, Hours};
use jitney::time::{Span, Timestamp};
use proptest::prelude::*;

fn calendar(zone: &str, hours: &[&str], holidays: &[&str]) -> Calendar {
    let hours = hours.iter().map(|text| text.parse::<Hours>().unwrap()).collect();
    let holidays: Vec<Date> = holidays.iter().map(|day| day.parse().unwrap()).collect();
    let id = "office".parse().unwrap();
    Calendar::new(id, zone.parse().unwrap(), hours, holidays, "policies/tiers.toml:1:1".to_owned())
}

fn office() -> Calendar {
    let hours = ["mon-fri 09:00-17:30", "sat 10:00-14:00"];
    calendar("Europe/Berlin", &hours, &["2026-12-25", "2026-12-26", "2027-01-01"])
}

fn at(utc: &str) -> Timestamp {
    format!("{}:00Z", utc.replace(' ', "T")).parse().unwrap()
}

fn minute(at: Timestamp) -> String {
    at.minute_utc().trim_end_matches(" UTC").to_owned()
}

/// A moment, and when it opens next: the same moment when it is open.
#[test]
fn it_is_open_at_its_times_and_says_when_it_opens_next() {
    let night = calendar("Europe/Berlin", &["fri 22:00-06:00"], &["2026-12-04"]);
    let always = calendar("UTC", &["mon-sun 00:00-24:00"], &[]);
    let rows = [
        // Thursday in winter: nine o'clock is eight in UTC.
        (office(), "2026-11-26 07:59", "2026-11-26 08:00"),
        (office(), "2026-11-26 08:00", "2026-11-26 08:00"),
        (office(), "2026-11-26 16:29", "2026-11-26 16:29"),
        (office(), "2026-11-26 16:30", "2026-11-27 08:00"),
        // Saturday is short, Sunday is none.
        (office(), "2026-11-28 08:30", "2026-11-28 09:00"),
        (office(), "2026-11-28 13:00", "2026-11-30 08:00"),
        // From Christmas Eve over two holidays and a Sunday.
        (office(), "2026-12-24 18:00", "2026-12-28 08:00"),
        // Clocks are put forward on the Sunday between: nine o'clock is seven in UTC.
        (office(), "2027-03-26 12:00", "2027-03-26 12:00"),
        (office(), "2027-03-27 20:00", "2027-03-29 07:00"),
        // And back.
        (office(), "2027-10-30 20:00", "2027-11-01 08:00"),
        // Over midnight: it belongs to Friday, and so does what is left of it on Saturday.
        (night.clone(), "2026-11-27 21:00", "2026-11-27 21:00"),
        (night.clone(), "2026-11-28 04:59", "2026-11-28 04:59"),
        (night.clone(), "2026-11-28 05:00", "2026-12-11 21:00"),
        (always.clone(), "2026-12-31 23:59", "2026-12-31 23:59"),
    ];
    for (calendar, from, opens) in rows {
        let (from, opens) = (at(from), at(opens));
        assert_eq!(calendar.opens_after(from), Some(opens), "{} from {from}", calendar.words());
        assert_eq!(calendar.is_open(from), from == opens, "{} at {from}", calendar.words());
    }
}

/// From when, how long in open time, and until when.
#[test]
fn open_time_alone_is_counted() {
    let sundays = calendar("Europe/Berlin", &["sun 00:00-06:00"], &[]);
    let rows = [
        (office(), "2026-11-26 08:00", "1h", "2026-11-26 09:00"),
        // Over night: half an hour today, half an hour tomorrow.
        (office(), "2026-11-26 16:00", "1h", "2026-11-27 08:30"),
        // Friday evening: Saturday has four hours, Monday the rest.
        (office(), "2026-11-27 16:30", "5h", "2026-11-30 09:00"),
        // It ends with the open time, and not with the next.
        (office(), "2026-11-26 08:00", "8h30m", "2026-11-26 16:30"),
        (office(), "2026-12-24 16:00", "1h", "2026-12-28 08:30"),
        (office(), "2026-11-28 20:00", "0s", "2026-11-28 20:00"),
        // Six hours by the clock are five when it is put forward, and seven when it is put back.
        (sundays.clone(), "2027-03-27 23:00", "5h", "2027-03-28 04:00"),
        (sundays.clone(), "2027-03-27 23:00", "5h1m", "2027-04-03 22:01"),
        (sundays.clone(), "2026-10-24 22:00", "7h", "2026-10-25 05:00"),
        (sundays.clone(), "2026-10-24 22:00", "7h1m", "2026-10-31 23:01"),
    ];
    for (calendar, from, span, until) in rows {
        let span: Span = span.parse().unwrap();
        let said = calendar.after_open_time(at(from), span).map(minute);
        assert_eq!(said.as_deref(), Some(until), "{} of {} from {from}", span, calendar.words());
    }
    assert_eq!(sundays.after_open_time(at("2026-11-26 00:00"), Span::days(3650)), None);
}

#[test]
fn calendars_read_as_people_say_them() {
    let rows: [(&[&str], &str); 6] = [
        (&["mon-fri 09:00-17:30"], "Monday to Friday 09:00–17:30 (Europe/Berlin)"),
        (
            &["Mon-Fri 09:00-17:30", "sat 10:00-14:00"],
            "Monday to Friday 09:00–17:30, Saturday 10:00–14:00 (Europe/Berlin)",
        ),
        (&["mon, wednesday,fri 08:00-12:00"], "Monday, Wednesday and Friday 08:00–12:00 (Europe/Berlin)"),
        (&["sat-sun 00:00-24:00"], "Saturday and Sunday all day (Europe/Berlin)"),
        (&["fri-mon 22:00-06:00"], "Monday and Friday to Sunday 22:00–06:00 (Europe/Berlin)"),
        (&["mon-sun 06:00-22:00"], "every day 06:00–22:00 (Europe/Berlin)"),
    ];
    for (hours, words) in rows {
        let calendar = calendar("Europe/Berlin", hours, &[]);
        assert_eq!(calendar.words(), words);
        // As it is written, it is read again; as it is stored, too.
        for hours in calendar.hours() {
            assert_eq!(hours.to_string().parse::<Hours>().as_ref(), Ok(hours));
        }
        let stored = serde_json::to_string(&calendar).unwrap();
        assert_eq!(serde_json::from_str::<Calendar>(&stored).unwrap(), calendar);
    }
    assert!(office().words().ends_with("(Europe/Berlin), but for holidays"));
    assert_eq!(office().moment(at("2026-11-30 08:00")), "Monday 2026-11-30 09:00 (Europe/Berlin)");
}

#[test]
fn what_is_no_time_of_the_week_is_said_to_be_none() {
    let rows = [
        ("mon-fri", "no time of the week"),
        ("09:00-17:30", "no time of the week"),
        ("mon-fri 09:00", "no time of the week"),
        ("mon-fri 09:00 - 17:30", "no"),
        ("mo-fr 09:00-17:30", "`mo` is no day of the week"),
        ("mon, 09:00-17:30", "`` is no day of the week"),
        ("mon 9:00-17:30", "`9:00` is no time of day"),
        ("mon 09:00-24:01", "`24:01` is no time of day"),
        ("mon 09:60-17:00", "`09:60` is no time of day"),
        ("mon 09:00-17:30Z", "no time of day"),
        ("mon 09:00-09:00", "ends where it begins"),
        ("mon 24:00-06:00", "ends where it begins"),
        ("", "no time of the week"),
    ];
    for (text, why) in rows {
        let said = text.parse::<Hours>().unwrap_err().to_string();
        assert!(said.contains(why), "{text}: {said}");
    }
}

/// Some open times within minutes, so that stepping by minutes sees all of them.
fn some_calendar() -> impl Strategy<Value = Calendar> {
    let zones = prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]);
    let one = (0..7usize, 0..1440u32, 60..1440u32);
    let holidays = prop::collection::vec(0..500i64, 0..30);
    (zones, prop::collection::vec(one, 1..6), holidays).prop_map(|(zone, hours, holidays)| {
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let clock = |minutes: u32| format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60);
        let hours: Vec<String> = hours
            .into_iter()
            .map(|(day, from, length)| format!("{} {}-{}", days[day], clock(from), clock(from + length)))
            .collect();
        let first: Date = "2026-09-01".parse().unwrap();
        let holidays: Vec<String> = holidays
            .into_iter()
            .map(|days| first.checked_add(jiff::Span::new().days(days)).unwrap().to_string())
            .collect();
        let hours: Vec<&str> = hours.iter().map(String::as_str).collect();
        let holidays: Vec<&str> = holidays.iter().map(String::as_str).collect();
        calendar(zone, &hours, &holidays)
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        // Each counts minute by minute.
        max_shrink_iters: 30,
        ..ProptestConfig::with_cases(32)
    })]

    /// The open minutes between, counted one by one, are the span; a later beginning never ends before, nor a longer wait.
    #[test]
    fn a_wait_is_as_long_as_the_open_time_in_it(
        calendar in some_calendar(),
        from in 0..300 * 1440i64,
        mins in 1..400u64,
        more in 0..400u64,
    ) {
        let from = at("2026-09-15 00:00") + Span::mins(from.unsigned_abs());
        let until = calendar.after_open_time(from, Span::mins(mins)).unwrap();
        let mut open = 0;
        let mut minute = from;
        while minute < until && open <= mins {
            open += u64::from(calendar.is_open(minute));
            minute = minute + Span::mins(1);
        }
        prop_assert_eq!(open, mins, "{} until {}", calendar.words(), until);
        prop_assert!(calendar.is_open(until - Span::mins(1)), "it ends within open time");
        let later = calendar.after_open_time(from + Span::mins(more), Span::mins(mins)).unwrap();
        let longer = calendar.after_open_time(from, Span::mins(mins + more)).unwrap();
        prop_assert!(until <= later && until <= longer);
    }

    /// It is closed up to the next opening, and open from there.
    #[test]
    fn it_opens_when_it_says(calendar in some_calendar(), from in 0..300 * 1440i64) {
        let from = at("2026-09-15 00:00") + Span::mins(from.unsigned_abs());
        let opens = calendar.opens_after(from).unwrap();
        prop_assert!(calendar.is_open(opens));
        let mut minute = from;
        while minute < opens {
            prop_assert!(!calendar.is_open(minute), "{} is open at {minute}", calendar.words());
            minute = minute + Span::mins(1);
        }
    }
}
