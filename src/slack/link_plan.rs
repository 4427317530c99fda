//! When a socket link is opened again, and how loud that is: decided here without IO, carried out by `socket`.
//!
//! | what is seen | what is done |
//! |---|---|
//! | a link ends, or can't be opened | back-off from 0.25 s, doubled up to 30 s, with jitter |
//! | a link lived 10 s | the back-off starts anew |
//! | a link was greeted | the back-off ends at 3 s |
//! | `Retry-After` | not before that |
//! | an error that asking again won't cure | said loudly once, asked again each 5 minutes |
//! | `disconnect` that announces an end | a successor first; the old link is served until it closes |

use crate::time::Span;

/// The first wait.
const FIRST: Span = Span::millis(250);
/// The longest wait that the back-off leads to.
const LONGEST: Span = Span::secs(30);
/// The longest wait after a link that Slack had greeted: two links that break all the time stay below the 50
/// connections a minute that Slack allows an app, and nobody is left alone for longer than their patience.
const LONGEST_AFTER_GREETING: Span = Span::secs(3);
/// A link that lived this long was a good one.
const PROVEN: Span = Span::secs(10);
/// The wait after an error that asking again won't cure.
const FATAL: Span = Span::mins(5);
/// The longest `Retry-After` that is believed.
const RETRY_AFTER_MOST: Span = Span::mins(10);

/// Why there is no link, or soon won't be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// Slack refused `apps.connections.open` with this code.
    Refused(String),
    /// Too many calls; Slack asked to wait, perhaps.
    RateLimited(Option<Span>),
    /// No answer, a broken one, or a handshake that failed.
    Unreachable(String),
    /// The link was there and is over.
    Ended(String),
    /// Slack said that it will end the link.
    Announced(Farewell),
}

/// The reason of a `disconnect` frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Farewell {
    /// About ten seconds before the end.
    Warning,
    /// Every few hours.
    RefreshRequested,
    /// Socket Mode was turned off.
    LinkDisabled,
    /// More links than Slack allows.
    TooManyLinks,
    /// Something we have not heard of: taken as an announcement.
    Other(String),
}

impl Farewell {
    /// From the frame's `reason`.
    #[must_use]
    pub fn parse(reason: &str) -> Self {
        match reason {
            "warning" => Self::Warning,
            "refresh_requested" => Self::RefreshRequested,
            "link_disabled" => Self::LinkDisabled,
            "too_many_websockets" => Self::TooManyLinks,
            other => Self::Other(other.chars().take(80).collect()),
        }
    }
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// Open the next link after this.
    pub wait: Span,
    /// Say this, loudly, once: what is wrong and what to do about it.
    pub alarm: Option<Alarm>,
}

/// Something that only a person can mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Slack's code.
    pub code: String,
    /// What to do.
    pub advice: &'static str,
}

/// One link's plan: it counts failures, and remembers whether it was loud already.
#[derive(Debug, Clone, Default)]
pub struct LinkPlan {
    failures: u32,
    alarmed: bool,
}

impl LinkPlan {
    /// Decides after a link was lost that had lived so long since Slack greeted it (zero when it never did). `jitter`
    /// is from 0 to 999.
    pub fn after(&mut self, lost: &Lost, lived: Span, jitter: u32) -> Next {
        if lived >= PROVEN {
            self.failures = 0;
            self.alarmed = false;
        }
        if let Some(alarm) = fatal(lost) {
            let first = !self.alarmed;
            self.alarmed = true;
            return Next { wait: FATAL, alarm: first.then_some(alarm) };
        }
        if announces(lost) && lived >= PROVEN {
            return Next { wait: Span::ZERO, alarm: None };
        }
        let longest = if lived.is_zero() { LONGEST } else { LONGEST_AFTER_GREETING };
        let wait = self.back_off(longest, jitter);
        let asked = match lost {
            Lost::RateLimited(Some(after)) => (*after).min(RETRY_AFTER_MOST),
            Lost::RateLimited(None) => LONGEST,
            Lost::Announced(Farewell::TooManyLinks) => LONGEST,
            Lost::Announced(_) | Lost::Refused(_) | Lost::Unreachable(_) | Lost::Ended(_) => Span::ZERO,
        };
        Next { wait: wait.max(asked), alarm: None }
    }

    fn back_off(&mut self, longest: Span, jitter: u32) -> Span {
        let doublings = self.failures.min(10);
        self.failures = self.failures.saturating_add(1);
        let whole = FIRST.times(1 << doublings).min(longest);
        let half = whole.as_millis() / 2;
        Span::millis(half + half * u64::from(jitter.min(999)) / 999)
    }
}

/// Whether the link still lives and a successor is wanted before it ends.
const fn announces(lost: &Lost) -> bool {
    match lost {
        Lost::Announced(why) => match why {
            Farewell::Warning | Farewell::RefreshRequested | Farewell::Other(_) => true,
            Farewell::LinkDisabled | Farewell::TooManyLinks => false,
        },
        Lost::Refused(_) | Lost::RateLimited(_) | Lost::Unreachable(_) | Lost::Ended(_) => false,
    }
}

fn fatal(lost: &Lost) -> Option<Alarm> {
    let code = match lost {
        Lost::Refused(code) => code.as_str(),
        Lost::Announced(Farewell::LinkDisabled) => "link_disabled",
        Lost::Announced(_) | Lost::RateLimited(_) | Lost::Unreachable(_) | Lost::Ended(_) => return None,
    };
    Some(Alarm { code: code.to_owned(), advice: advice(code)? })
}

/// What to do about a code that asking again won't cure: those of `apps.connections.open` and those that every
/// method has, from Slack's reference.
pub(super) fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" => {
            "make a new app-level token (xapp-…) on the app's page, put it into the configuration and restart"
        }
        "account_inactive" | "team_access_not_granted" | "forbidden_team" => {
            "install the app in the workspace again, and take over its new tokens"
        }
        "not_allowed_token_type" => {
            "the configuration has another kind of token there: the socket needs the app-level one (xapp-…)"
        }
        "missing_scope" | "no_permission" => "give the app-level token the scope connections:write",
        "link_disabled" => "turn Socket Mode on again in the app's settings",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Span = Span::ZERO;

    fn ended() -> Lost {
        Lost::Ended("closed".to_owned())
    }

    #[test]
    fn waits_double_up_to_thirty_seconds() {
        let mut plan = LinkPlan::default();
        let waits: Vec<u64> = (0..10).map(|_| plan.after(&ended(), NEVER, 999).wait.as_millis()).collect();
        assert_eq!(waits, [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    }

    #[test]
    fn jitter_takes_away_at_most_half() {
        for jitter in [0, 1, 500, 999, u32::MAX] {
            let mut plan = LinkPlan::default();
            let wait = plan.after(&ended(), NEVER, jitter).wait;
            assert!(wait >= Span::millis(125) && wait <= Span::millis(250), "{wait}");
        }
    }

    #[test]
    fn accept_then_close_is_no_good_life() {
        let mut plan = LinkPlan::default();
        for _ in 0..6 {
            plan.after(&ended(), NEVER, 999);
        }
        assert_eq!(plan.after(&ended(), NEVER, 999).wait, Span::secs(16));
        assert_eq!(plan.after(&ended(), Span::secs(10), 999).wait, Span::millis(250));
    }

    #[test]
    fn a_link_that_was_greeted_is_soon_there_again_and_slack_is_not_called_too_often() {
        let mut plan = LinkPlan::default();
        let second = Span::secs(1);
        for _ in 0..20 {
            plan.after(&ended(), second, 0);
        }
        // The shortest that jitter makes of it: two links that live a second each are opened 48 times a minute.
        let wait = plan.after(&ended(), second, 0).wait;
        assert_eq!(wait, Span::millis(1500));
        assert!(2 * 60_000 / (second + wait).as_millis() < 50);
        assert_eq!(
            plan.after(&ended(), NEVER, 999).wait,
            Span::secs(30),
            "what was never greeted waits as before"
        );
    }

    #[test]
    fn retry_after_is_a_floor_and_has_a_ceiling() {
        let mut plan = LinkPlan::default();
        let asked = |secs| Lost::RateLimited(Some(Span::secs(secs)));
        assert_eq!(plan.after(&asked(7), NEVER, 0).wait, Span::secs(7));
        assert_eq!(plan.after(&asked(0), NEVER, 999).wait, Span::millis(500));
        assert_eq!(plan.after(&asked(999_999), NEVER, 0).wait, Span::mins(10));
        assert_eq!(plan.after(&Lost::RateLimited(None), NEVER, 0).wait, Span::secs(30));
    }

    #[test]
    fn what_only_a_person_can_mend_is_loud_once() {
        for code in [
            "invalid_auth",
            "not_authed",
            "account_inactive",
            "token_revoked",
            "token_expired",
            "no_permission",
            "not_allowed_token_type",
            "missing_scope",
            "team_access_not_granted",
        ] {
            let mut plan = LinkPlan::default();
            let refused = Lost::Refused(code.to_owned());
            let first = plan.after(&refused, NEVER, 0);
            assert_eq!(first.wait, Span::mins(5), "{code}");
            assert_eq!(first.alarm.map(|a| a.code).as_deref(), Some(code));
            assert_eq!(plan.after(&refused, NEVER, 0).alarm, None, "{code}");
            plan.after(&ended(), Span::secs(10), 0);
            assert!(plan.after(&refused, NEVER, 0).alarm.is_some(), "{code} after it had worked");
        }
        let mut plan = LinkPlan::default();
        assert!(plan.after(&Lost::Announced(Farewell::LinkDisabled), Span::hours(1), 0).alarm.is_some());
        assert!(plan.after(&Lost::Refused("internal_error".to_owned()), NEVER, 0).alarm.is_none());
    }

    #[test]
    fn an_announced_end_gets_its_successor_at_once() {
        for reason in ["warning", "refresh_requested", "a_new_one"] {
            let lost = Lost::Announced(Farewell::parse(reason));
            let mut plan = LinkPlan::default();
            assert_eq!(plan.after(&lost, Span::hours(5), 999).wait, Span::ZERO, "{reason}");
            assert_eq!(
                plan.after(&lost, Span::ZERO, 999).wait,
                Span::millis(250),
                "{reason} right after hello"
            );
        }
        let mut plan = LinkPlan::default();
        let crowd = Lost::Announced(Farewell::parse("too_many_websockets"));
        assert_eq!(plan.after(&crowd, Span::hours(5), 999).wait, Span::secs(30));
    }
}
