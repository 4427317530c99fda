//! Things that may be used a few times and not for long: connection tickets, trigger ids, reply addresses.

use std::collections::BTreeMap;
use std::time::Duration;

use super::settings::Limits;

#[derive(Debug, Default)]
pub(super) struct Passes {
    tickets: BTreeMap<String, Duration>,
    triggers: BTreeMap<String, Trigger>,
    reply_urls: BTreeMap<String, ReplyUrl>,
    issued: u64,
}

/// Kept of each kind at most; the oldest go first.
const KEPT_MAX: usize = 4096;

#[derive(Debug, Clone)]
struct Trigger {
    number: u64,
    user: String,
    from_view: Option<String>,
    born: Duration,
    used: bool,
}

/// What a trigger id stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Triggered {
    pub(super) user: String,
    /// The view that the interaction happened in.
    pub(super) from_view: Option<String>,
}

/// Where a reply address leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReplyTo {
    pub(super) channel: String,
    pub(super) user: String,
    /// The message whose button was pressed.
    pub(super) source: Option<String>,
    pub(super) thread: Option<String>,
}

#[derive(Debug, Clone)]
struct ReplyUrl {
    number: u64,
    to: ReplyTo,
    born: Duration,
    uses: u32,
}

impl Passes {
    pub(super) fn ticket(&mut self, limits: &Limits, now: Duration) -> String {
        self.tickets.retain(|_, born| now.saturating_sub(*born) <= limits.ticket);
        let ticket = self.secret();
        self.tickets.insert(ticket.clone(), now);
        ticket
    }

    pub(super) fn redeem(&mut self, ticket: &str, limits: &Limits, now: Duration) -> bool {
        self.tickets.remove(ticket).is_some_and(|born| now.saturating_sub(born) <= limits.ticket)
    }

    pub(super) fn trigger(&mut self, user: &str, from_view: Option<&str>, now: Duration) -> String {
        let secret = self.secret();
        let number = self.issued;
        let id = format!("{number}.{}.{secret}", number + 1000);
        let trigger = Trigger {
            number,
            user: user.to_owned(),
            from_view: from_view.map(str::to_owned),
            born: now,
            used: false,
        };
        self.triggers.insert(id.clone(), trigger);
        if self.triggers.len() > KEPT_MAX {
            let floor = number.saturating_sub(KEPT_MAX as u64 / 2);
            self.triggers.retain(|_, trigger| trigger.number > floor);
        }
        id
    }

    /// Looks without using it up.
    pub(super) fn check(&self, id: &str, limits: &Limits, now: Duration) -> Result<Triggered, &'static str> {
        let trigger = self.triggers.get(id).ok_or("invalid_trigger_id")?;
        if trigger.used {
            return Err("exchanged_trigger_id");
        }
        if now.saturating_sub(trigger.born) >= limits.trigger {
            return Err("expired_trigger_id");
        }
        Ok(Triggered { user: trigger.user.clone(), from_view: trigger.from_view.clone() })
    }

    pub(super) fn exchange(&mut self, id: &str) {
        if let Some(trigger) = self.triggers.get_mut(id) {
            trigger.used = true;
        }
    }

    pub(super) fn reply_url(&mut self, to: ReplyTo, now: Duration) -> String {
        let secret = self.secret();
        let number = self.issued;
        self.reply_urls.insert(secret.clone(), ReplyUrl { number, to, born: now, uses: 0 });
        if self.reply_urls.len() > KEPT_MAX {
            let floor = number.saturating_sub(KEPT_MAX as u64 / 2);
            self.reply_urls.retain(|_, url| url.number > floor);
        }
        secret
    }

    /// Counts one use.
    pub(super) fn use_reply_url(
        &mut self,
        secret: &str,
        limits: &Limits,
        now: Duration,
    ) -> Result<ReplyTo, &'static str> {
        let url = self.reply_urls.get_mut(secret).ok_or("invalid_url")?;
        if now.saturating_sub(url.born) > limits.reply_url_life {
            return Err("expired_url");
        }
        if url.uses >= limits.reply_url_uses {
            return Err("used_url");
        }
        url.uses += 1;
        Ok(url.to.clone())
    }

    fn secret(&mut self) -> String {
        self.issued += 1;
        format!("{:032x}", rand::random::<u128>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::ZERO;

    #[test]
    fn a_trigger_serves_once_and_for_three_seconds() {
        let limits = Limits::default();
        let mut passes = Passes::default();
        let id = passes.trigger("U0ANN", None, START);
        assert_eq!(id.split('.').count(), 3, "{id}");
        assert!(passes.check(&id, &limits, Duration::from_millis(2999)).is_ok());
        assert_eq!(passes.check(&id, &limits, Duration::from_secs(3)), Err("expired_trigger_id"));
        passes.exchange(&id);
        assert_eq!(passes.check(&id, &limits, Duration::from_secs(1)), Err("exchanged_trigger_id"));
        assert_eq!(passes.check("1.2.x", &limits, START), Err("invalid_trigger_id"));
    }

    #[test]
    fn a_ticket_serves_once() {
        let limits = Limits::default();
        let mut passes = Passes::default();
        let ticket = passes.ticket(&limits, START);
        assert!(passes.redeem(&ticket, &limits, Duration::from_secs(1)));
        assert!(!passes.redeem(&ticket, &limits, Duration::from_secs(1)));
        let late = passes.ticket(&limits, START);
        assert!(!passes.redeem(&late, &limits, Duration::from_secs(31)));
    }

    #[test]
    fn a_reply_address_serves_five_times_in_half_an_hour() {
        let limits = Limits::default();
        let mut passes = Passes::default();
        let to = ReplyTo { channel: "C1".into(), user: "U1".into(), source: None, thread: None };
        let url = passes.reply_url(to.clone(), START);
        for _ in 0..5 {
            assert_eq!(passes.use_reply_url(&url, &limits, Duration::from_secs(1800)), Ok(to.clone()));
        }
        assert_eq!(passes.use_reply_url(&url, &limits, Duration::from_secs(1800)), Err("used_url"));
        let old = passes.reply_url(to, START);
        assert_eq!(passes.use_reply_url(&old, &limits, Duration::from_secs(1860)), Err("expired_url"));
    }
}
