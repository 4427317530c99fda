//! Okta's rate limits, remembered: who was told to wait does not spend calls on asking again, and the last calls of
//! a window are for revocations. Pure: the time comes in.
//! The limits: <https://developer.okta.com/docs/reference/rl-best-practices/>.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::HeaderMap;
use tokio::time::Instant;

use crate::time::Timestamp;

/// The least wait after a refusal: for a limit on calls at the same time, Okta names a reset that is past.
const SHORTEST: Duration = Duration::from_secs(1);
/// Okta's windows are a minute long; a reset that is further off is not believed.
const LONGEST: Duration = Duration::from_secs(90);
/// Of a window's calls this part is kept for revocations, and at least [`RESERVE_LEAST`].
const RESERVE_PART: u32 = 10;
const RESERVE_LEAST: u32 = 2;

/// Endpoints that share a limit, or nearly: Okta counts by endpoint and method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bucket {
    /// One user, read by id or login.
    User,
    /// What hangs on a user: groups, sessions.
    OfUser,
    /// Groups, their members and rules.
    Groups,
    /// Access tokens.
    Token,
}

/// What an answer said of a limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Calls in a window.
    limit: Option<u32>,
    /// Calls that are left of it.
    remaining: Option<u32>,
    /// Until the window ends, by the clock that dated the answer.
    ends_in: Option<Duration>,
}

impl Told {
    /// Reads `X-Rate-Limit-Limit`, `-Remaining` and `-Reset` (seconds since 1970 by Okta's clock, which `Date`
    /// tells; ours may be wrong).
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let number = |name: &str| text(name).and_then(|text| text.trim().parse::<i64>().ok());
        let small = |name: &str| number(name).and_then(|n| u32::try_from(n).ok());
        let dated = text("date").and_then(Timestamp::from_http_date);
        let ends_in = number("x-rate-limit-reset").zip(dated).map(|(reset, dated)| {
            let secs = reset.saturating_sub(dated.seconds()).max(0);
            Duration::from_secs(secs.unsigned_abs()).min(LONGEST)
        });
        Self { limit: small("x-rate-limit-limit"), remaining: small("x-rate-limit-remaining"), ends_in }
    }

    /// `598 of 600 calls left`, where Okta tells.
    pub(super) fn left(self) -> Option<(u32, u32)> {
        self.remaining.zip(self.limit)
    }

    fn is_low(self) -> bool {
        self.left().is_some_and(|(left, limit)| left <= (limit / RESERVE_PART).max(RESERVE_LEAST))
    }
}

/// Until when which calls would be wasted.
#[derive(Debug, Clone, Default)]
pub(super) struct RateLimits(BTreeMap<Bucket, Pause>);

#[derive(Debug, Clone, Copy, Default)]
struct Pause {
    /// Nobody calls.
    all_until: Option<Instant>,
    /// Only revocations call.
    others_until: Option<Instant>,
}

impl RateLimits {
    /// How long a call would have to wait; none when it may go out.
    pub(super) fn wait(&self, bucket: Bucket, now: Instant, is_revocation: bool) -> Option<Duration> {
        let pause = self.0.get(&bucket)?;
        let until = if is_revocation { pause.all_until } else { pause.all_until.max(pause.others_until) };
        until.map(|until| until.saturating_duration_since(now)).filter(|wait| !wait.is_zero())
    }

    /// Takes in an answer. Gives the wait when it was a refusal; `jitter` is added to it, so that those who were
    /// refused together don't come back together.
    pub(super) fn heard(
        &mut self,
        bucket: Bucket,
        now: Instant,
        told: Told,
        is_refused: bool,
        jitter: Duration,
    ) -> Option<Duration> {
        let pause = self.0.entry(bucket).or_default();
        if !is_refused {
            pause.others_until = if told.is_low() { told.ends_in.map(|ends_in| now + ends_in) } else { None };
            return None;
        }
        let wait = told.ends_in.unwrap_or_default().max(SHORTEST) + jitter;
        pause.all_until = pause.all_until.max(Some(now + wait));
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sun, 22 Nov 2026 10:15:30 GMT";
    const DATED: i64 = 1_795_342_530;
    const JITTER: Duration = Duration::from_millis(300);

    fn told(limit: &str, remaining: &str, reset: i64) -> Told {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("X-Rate-Limit-Limit", limit.to_owned()),
            ("x-rate-limit-remaining", remaining.to_owned()),
            ("X-RATE-LIMIT-RESET", reset.to_string()),
            ("Date", DATE.to_owned()),
        ] {
            headers.append(reqwest::header::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        }
        Told::read(&headers)
    }

    #[test]
    fn a_refusal_is_waited_out_by_oktas_clock() {
        for (reset, secs) in [
            (DATED + 25, 25),
            // Calls at the same time: the reset is now, or past, or there is none.
            (DATED, 1),
            (DATED - 60, 1),
            // Nonsense is bounded.
            (DATED + 86_400, 90),
            (i64::MAX, 90),
            (i64::MIN, 1),
        ] {
            let now = Instant::now();
            let mut limits = RateLimits::default();
            let wait = limits.heard(Bucket::Groups, now, told("600", "0", reset), true, JITTER);
            assert_eq!(wait, Some(Duration::from_secs(secs) + JITTER), "{reset}");
            assert_eq!(limits.wait(Bucket::Groups, now, true), wait, "nobody spends calls on asking again");
            assert_eq!(limits.wait(Bucket::Groups, now, false), wait);
            assert_eq!(limits.wait(Bucket::User, now, false), None, "other endpoints have other limits");
            assert_eq!(limits.wait(Bucket::Groups, now + wait.unwrap(), false), None);
        }
        let mut limits = RateLimits::default();
        let wait = limits.heard(Bucket::Token, Instant::now(), Told::default(), true, Duration::ZERO);
        assert_eq!(wait, Some(SHORTEST));
    }

    #[test]
    fn the_last_calls_of_a_window_are_for_revocations() {
        let now = Instant::now();
        for (limit, remaining, waits) in [
            ("600", "61", false),
            ("600", "60", true),
            ("10", "3", false),
            ("10", "2", true),
            ("600", "", false),
        ] {
            let mut limits = RateLimits::default();
            assert_eq!(
                limits.heard(Bucket::User, now, told(limit, remaining, DATED + 20), false, JITTER),
                None
            );
            let wait = limits.wait(Bucket::User, now, false);
            assert_eq!(wait, waits.then_some(Duration::from_secs(20)), "{remaining} of {limit}");
            assert_eq!(limits.wait(Bucket::User, now, true), None, "{remaining} of {limit}");
        }
        // A new window begins.
        let mut limits = RateLimits::default();
        limits.heard(Bucket::User, now, told("600", "1", DATED + 20), false, JITTER);
        limits.heard(Bucket::User, now, told("600", "599", DATED + 60), false, JITTER);
        assert_eq!(limits.wait(Bucket::User, now, false), None);
    }
}
