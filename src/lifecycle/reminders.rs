//! When those who are asked are asked again: later each time, and not for ever.

use crate::policy::Stage;
use crate::time::{Span, Timestamp};

/// However often it was doubled, a reminder comes after this, or after what the tier says when that is more.
const APART_MOST: Span = Span::hours(24);
/// Reminders of one stage.
const REMINDERS_MOST: u32 = 6;
/// An escalation asks everybody: a reminder so near to it would say the same twice.
const BESIDE_ESCALATION: Span = Span::mins(1);

/// When the next reminder comes after `from`, when so many came before it; none where the tier wants none, or when there
/// were enough.
pub(super) fn next(
    stage: &Stage,
    before: u32,
    from: Timestamp,
    escalate_at: Option<Timestamp>,
) -> Option<Timestamp> {
    let first = stage.remind_after?;
    if before >= REMINDERS_MOST {
        return None;
    }
    let wait = first.times(1 << before).min(APART_MOST.max(first));
    let at = stage.after(from, wait);
    match escalate_at {
        Some(escalation) if is_beside(at, escalation) => Some(stage.after(escalation, wait)),
        Some(_) | None => Some(at),
    }
}

/// Whether a reminder at `at` would come with an escalation at `escalation`.
pub(super) fn is_beside(at: Timestamp, escalation: Timestamp) -> bool {
    at.since(escalation) < BESIDE_ESCALATION && escalation.since(at) < BESIDE_ESCALATION
}

#[cfg(test)]
mod tests {
    use super::*;

    use jiff::civil::datetime;

    use crate::policy::Calendar;
    use crate::zone::Zone;

    /// Hours in Berlin.
    fn berlin(hours: &str) -> Calendar {
        let zone = "Europe/Berlin".parse().unwrap();
        Calendar::new("office".parse().unwrap(), zone, vec![hours.parse().unwrap()], [], String::new())
    }

    #[test]
    fn hours_count_open_time_alone_over_a_weekend_and_when_clocks_change() {
        let zone: Zone = "Europe/Berlin".parse().unwrap();
        let friday = datetime(2026, 11, 27, 16, 0, 0, 0);
        let saturday = datetime(2027, 3, 27, 12, 0, 0, 0);
        // The hours, when it is asked, the tier's word, and the reminders.
        let rows: [(&str, _, _, &[&str]); 3] = [
            (
                "mon-fri 09:00-17:00",
                friday,
                "2h",
                &["2026-11-30T09:00:00.000Z", "2026-11-30T13:00:00.000Z", "2026-12-01T13:00:00.000Z"],
            ),
            // Put forward that Sunday: it has three of the four hours.
            ("sun 01:00-05:00", saturday, "2h30m", &["2027-03-28T02:30:00.000Z"]),
            ("sun 01:00-05:00", saturday, "3h30m", &["2027-04-03T23:30:00.000Z"]),
        ];
        for (hours, asked, word, wanted) in rows {
            let stage = Stage { hours: Some(berlin(hours)), ..stage(Some(word)) };
            let mut from = zone.at(asked).unwrap();
            for (before, wanted) in (0..).zip(wanted) {
                from = next(&stage, before, from, None).unwrap();
                assert_eq!(from.rfc3339(), *wanted, "{hours} {word}");
            }
        }
    }

    fn stage(remind_after: Option<&str>) -> Stage {
        Stage {
            approvers: Vec::new(),
            quorum: 1,
            distinct: false,
            remind_after: remind_after.map(|text| text.parse().unwrap()),
            escalate_after: None,
            escalate_to: Vec::new(),
            fallback: Vec::new(),
            direct: false,
            hours: None,
            place: String::new(),
        }
    }

    #[test]
    fn each_reminder_waits_twice_as_long_as_the_one_before() {
        // The tier's word, an escalation in minutes, and when each reminder comes, in minutes.
        let rows: [(Option<&str>, Option<u64>, &[u64]); 6] = [
            (None, None, &[]),
            (Some("2h"), None, &[120, 360, 840, 1800, 3240, 4680]),
            // No longer apart than a day, but for those that the tier wants further apart.
            (Some("20h"), None, &[1200, 2640, 4080, 5520, 6960, 8400]),
            (Some("2d"), None, &[2880, 5760, 8640, 11520, 14400, 17280]),
            // Not beside an escalation: counted from it.
            (Some("1h"), Some(180), &[60, 300, 540, 1020, 1980, 3420]),
            (Some("1h"), Some(182), &[60, 180, 420, 900, 1860, 3300]),
        ];
        for (word, escalation, wanted) in rows {
            let zero = Timestamp::from_millis(0);
            let escalate_at = escalation.map(|minutes| zero + Span::mins(minutes));
            let (mut from, mut found) = (zero, Vec::new());
            while let Some(at) = next(&stage(word), u32::try_from(found.len()).unwrap(), from, escalate_at) {
                found.push(at.since(zero).as_millis() / 60_000);
                from = at;
            }
            assert_eq!(found, wanted, "{word:?} {escalation:?}");
        }
    }
}
