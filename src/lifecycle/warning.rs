//! When the requester is warned that access ends: early enough to do something about it, and never right after they
//! were told the end.

use super::{Request, Times};
use crate::time::{Span, Timestamp};

/// For access of at least so long, so long before its end; the longest first. Shorter access: [`SHORT`].
const LEADS: [(Span, Span); 6] = [
    (Span::days(7), Span::days(1)),
    (Span::days(3), Span::hours(8)),
    (Span::days(1), Span::hours(2)),
    (Span::hours(8), Span::mins(30)),
    (Span::hours(4), Span::mins(20)),
    (Span::hours(1), Span::mins(10)),
];
/// For access of less than an hour.
const SHORT: Span = Span::mins(5);

/// How long before its end the requester is warned of access of this `length`; `chosen` by the tier, if it says. Never
/// more than a quarter of the length.
#[must_use]
pub fn warning_lead(length: Span, chosen: Option<Span>) -> Span {
    let by_length = LEADS.iter().find(|(least, _)| length >= *least).map_or(SHORT, |(_, lead)| *lead);
    chosen.unwrap_or(by_length).min(Span::millis(length.as_millis() / 4))
}

/// When the requester is warned. The length counts from the moment that they were told the end: an extension moves the
/// warning, and no warning follows it at once.
pub(super) fn warn_at(request: &Request) -> Option<Timestamp> {
    let Times { active_at, extended_at, expires_at, .. } = request.times?;
    let told_at = extended_at.or(active_at)?;
    Some(expires_at - warning_lead(expires_at.since(told_at), request.terms.tier.warn_before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warning_comes_at_a_sensible_moment_for_the_length() {
        for (length, lead) in [
            ("1m", "15s"),
            ("10m", "2m30s"),
            ("15m", "3m45s"),
            ("20m", "5m"),
            ("30m", "5m"),
            ("59m", "5m"),
            ("1h", "10m"),
            ("2h", "10m"),
            ("4h", "20m"),
            ("8h", "30m"),
            ("12h", "30m"),
            ("1d", "2h"),
            ("2d", "2h"),
            ("3d", "8h"),
            ("7d", "1d"),
            ("30d", "1d"),
        ] {
            let [length, wanted] = [length, lead].map(|text| text.parse::<Span>().unwrap());
            assert_eq!(warning_lead(length, None), wanted, "{length}");
        }
    }

    #[test]
    fn the_tier_chooses_another_moment_but_never_one_in_the_first_three_quarters() {
        for (length, chosen, lead) in
            [("8h", "1h", "1h"), ("8h", "1m", "1m"), ("8h", "7h", "2h"), ("20m", "15m", "5m")]
        {
            let [length, chosen, wanted] = [length, chosen, lead].map(|text| text.parse::<Span>().unwrap());
            assert_eq!(warning_lead(length, Some(chosen)), wanted, "{length}, {chosen}");
        }
    }

    #[test]
    fn longer_access_is_never_warned_of_later() {
        let leads: Vec<Span> = (1..2000).map(|n| warning_lead(Span::mins(n * 15), None)).collect();
        assert!(leads.is_sorted());
    }
}
