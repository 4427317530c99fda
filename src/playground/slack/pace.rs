//! How often methods may be called: a pace with a burst, per method or per channel.

use std::collections::BTreeMap;
use std::time::Duration;

use super::settings::Rates;

/// Slack's tiers, in calls a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tier {
    /// 20 and more.
    T2,
    /// 50 and more.
    T3,
    /// 100 and more.
    T4,
    /// Hundreds; `auth.test`.
    Loose,
    /// One a second to a channel, and a limit for the workspace.
    Posting,
}

impl Tier {
    const fn per_minute(self) -> u32 {
        match self {
            Self::T2 => 20,
            Self::T3 => 50,
            Self::T4 => 100,
            Self::Loose | Self::Posting => 600,
        }
    }
}

/// When each pace would be back to rest, in milliseconds of the machine's monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Pace {
    rest_at: BTreeMap<String, u64>,
}

/// Keys that are remembered at most; then those at rest are forgotten.
const KEYS_MAX: usize = 4096;

impl Pace {
    /// Takes one call, or says after how many seconds to come again.
    pub(super) fn take(
        &mut self,
        rates: &Rates,
        method: &str,
        tier: Tier,
        channel: Option<&str>,
        now: Duration,
    ) -> Result<(), u64> {
        if !rates.on {
            return Ok(());
        }
        if let Some(&own) = rates.per_minute.get(method) {
            return self.one(method.to_owned(), 60_000, own, own, now);
        }
        match tier {
            Tier::T2 | Tier::T3 | Tier::T4 | Tier::Loose => {
                let count = tier.per_minute();
                let burst = count.saturating_mul(rates.tier_burst_minutes);
                self.one(method.to_owned(), 60_000, count, burst, now)
            }
            Tier::Posting => {
                if let Some(channel) = channel {
                    self.one(format!("{method} {channel}"), 1000, 1, rates.channel_burst, now)?;
                }
                let most = rates.workspace_posts;
                self.one(method.to_owned(), 60_000, most, most, now)
            }
        }
    }

    fn one(&mut self, key: String, period: u64, count: u32, burst: u32, now: Duration) -> Result<(), u64> {
        let step = period / u64::from(count.max(1));
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX / 2);
        if self.rest_at.len() >= KEYS_MAX {
            self.rest_at.retain(|_, rest_at| *rest_at > now);
        }
        let rest_at = self.rest_at.entry(key).or_default();
        let next = (*rest_at).max(now) + step;
        let ahead = next - now;
        let most = step.saturating_mul(u64::from(burst.max(1)));
        if ahead > most {
            return Err((ahead - most).div_ceil(1000).max(1));
        }
        *rest_at = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_takes_a_burst_and_then_one_a_second() {
        let rates = Rates { channel_burst: 3, ..Rates::default() };
        let mut pace = Pace::default();
        let mut post = |channel: &str, at: u64| {
            pace.take(&rates, "chat.postMessage", Tier::Posting, Some(channel), Duration::from_millis(at))
        };
        assert_eq!([post("C1", 0), post("C1", 0), post("C1", 0)], [Ok(()), Ok(()), Ok(())]);
        assert_eq!(post("C1", 0), Err(1));
        assert_eq!(post("C2", 0), Ok(()), "another channel has a pace of its own");
        assert_eq!(post("C1", 999), Err(1));
        assert_eq!(post("C1", 1000), Ok(()));
    }

    #[test]
    fn tiers_are_per_method_and_can_be_turned_off() {
        let rates = Rates { tier_burst_minutes: 1, ..Rates::default() };
        let mut pace = Pace::default();
        for _ in 0..20 {
            assert_eq!(pace.take(&rates, "usergroups.users.list", Tier::T2, None, Duration::ZERO), Ok(()));
        }
        assert_eq!(pace.take(&rates, "usergroups.users.list", Tier::T2, None, Duration::ZERO), Err(3));
        assert_eq!(pace.take(&rates, "users.info", Tier::T4, None, Duration::ZERO), Ok(()));
        let off = Rates { on: false, ..rates };
        assert_eq!(pace.take(&off, "usergroups.users.list", Tier::T2, None, Duration::ZERO), Ok(()));
    }
}
