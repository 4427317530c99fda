//! Whose home tab is to be drawn, and when: those who opened it lately, soon after something of theirs changed. In
//! memory alone: a home tab that was not drawn is drawn when it is opened again, so that nothing is owed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::envelope::Caller;

/// Openers that are remembered; the one who opened it longest ago goes first.
const OPENERS_MOST: usize = 500;
/// A tab that was opened so long ago is looked at no more, or opened again.
const LATELY: Duration = Duration::from_secs(8 * 3600);
/// Changes come in bursts: one is waited out.
const BURST_OVER: Duration = Duration::from_millis(400);
/// One tab is drawn anew at most so often.
const AT_MOST_EVERY: Duration = Duration::from_secs(3);
/// A drawing that has not ended after this never will.
const DRAWN_WITHIN: Duration = Duration::from_secs(30);
/// Tabs that are drawn at once before the pace counts.
const AT_ONCE: u32 = 20;
/// Slack takes 100 calls a minute and more (tier 4).
const PACE: Duration = Duration::from_millis(700);

/// The home tabs that people opened lately.
#[derive(Debug, Default)]
pub(super) struct Homes {
    openers: Mutex<BTreeMap<String, Opener>>,
    news: Notify,
    /// When the bucket of calls is full again.
    full_at: Mutex<Option<Instant>>,
}

#[derive(Debug)]
struct Opener {
    caller: Caller,
    opened_at: Instant,
    /// When it is to be drawn.
    due: Option<Instant>,
    drawn_at: Option<Instant>,
    /// One drawing of a tab at a time, so that an older one never comes last.
    drawing_since: Option<Instant>,
}

impl Homes {
    /// Somebody opened theirs: it is drawn at once.
    pub(super) fn opened(&self, caller: &Caller) {
        let now = Instant::now();
        let mut openers = self.lock();
        if let Some(opener) = openers.get_mut(&caller.user) {
            opener.caller.clone_from(caller);
            opener.opened_at = now;
            opener.due = Some(now);
        } else {
            if openers.len() >= OPENERS_MOST {
                let oldest = openers.iter().min_by_key(|(_, opener)| opener.opened_at);
                if let Some(oldest) = oldest.map(|(account, _)| account.clone()) {
                    openers.remove(&oldest);
                }
            }
            let opener = Opener {
                caller: caller.clone(),
                opened_at: now,
                due: Some(now),
                drawn_at: None,
                drawing_since: None,
            };
            openers.insert(caller.user.clone(), opener);
        }
        drop(openers);
        self.news.notify_one();
    }

    /// Something changed for these accounts: theirs are drawn soon, if they opened them lately.
    pub(super) fn stale<'a>(&self, accounts: impl IntoIterator<Item = &'a str>) {
        let now = Instant::now();
        let mut openers = self.lock();
        for account in accounts {
            if let Some(opener) = openers.get_mut(account).filter(|opener| now < opener.opened_at + LATELY) {
                let again = opener.drawn_at.map(|drawn| drawn + AT_MOST_EVERY);
                let due = again.into_iter().fold(now + BURST_OVER, Instant::max);
                opener.due = Some(opener.due.map_or(due, |earlier| earlier.min(due)));
            }
        }
        drop(openers);
        self.news.notify_one();
    }

    /// The next one that is to be drawn, at the pace that Slack takes; the caller draws it and says so with
    /// [`drawn`](Self::drawn).
    pub(super) async fn next(&self) -> Caller {
        loop {
            sleep_until(self.turn()).await;
            let now = Instant::now();
            match self.take(now) {
                Ok(caller) => {
                    self.spend(now);
                    return caller;
                }
                Err(Some(due)) => tokio::select! {
                    () = self.news.notified() => {}
                    () = sleep_until(due) => {}
                },
                Err(None) => self.news.notified().await,
            }
        }
    }

    /// The drawing is over; it is made again after `again`.
    pub(super) fn drawn(&self, account: &str, again: Option<Duration>) {
        if let Some(opener) = self.lock().get_mut(account) {
            opener.drawing_since = None;
            if let Some(again) = again {
                opener.due = Some(Instant::now() + again);
            }
        }
        self.news.notify_one();
    }

    /// Whoever is due first, or when the next one will be.
    fn take(&self, now: Instant) -> Result<Caller, Option<Instant>> {
        let mut openers = self.lock();
        let due_of = |opener: &Opener| {
            let free_at = opener.drawing_since.map(|since| since + DRAWN_WITHIN);
            opener.due.map(|due| free_at.map_or(due, |free_at| due.max(free_at)))
        };
        let first = openers.values_mut().filter_map(|opener| Some((due_of(opener)?, opener)));
        match first.min_by_key(|(due, _)| *due) {
            Some((due, opener)) if due <= now => {
                opener.due = None;
                opener.drawn_at = Some(now);
                opener.drawing_since = Some(now);
                Ok(opener.caller.clone())
            }
            Some((due, _)) => Err(Some(due)),
            None => Err(None),
        }
    }

    fn turn(&self) -> Instant {
        let now = Instant::now();
        let full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        full_at.and_then(|full_at| (full_at + PACE).checked_sub(PACE * AT_ONCE)).unwrap_or(now)
    }

    fn spend(&self, now: Instant) {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        *full_at = Some(full_at.unwrap_or(now).max(now) + PACE);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Opener>> {
        self.openers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{advance, timeout};

    fn caller(user: &str) -> Caller {
        Caller { user: user.to_owned(), ..Caller::default() }
    }

    async fn soon(homes: &Homes, within: Duration) -> Option<String> {
        timeout(within, homes.next()).await.ok().map(|caller| caller.user)
    }

    const TICK: Duration = Duration::from_millis(1);
    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn an_opening_is_drawn_at_once_and_a_burst_of_changes_once_and_later() {
        let homes = Homes::default();
        homes.opened(&caller("U1"));
        assert_eq!(soon(&homes, TICK).await.as_deref(), Some("U1"));
        homes.drawn("U1", None);
        for _ in 0..50 {
            homes.stale(["U1", "U2"]);
        }
        assert_eq!(soon(&homes, Duration::from_secs(2)).await, None, "not so soon after the last");
        assert_eq!(soon(&homes, Duration::from_secs(2)).await.as_deref(), Some("U1"));
        homes.drawn("U1", None);
        assert_eq!(soon(&homes, MINUTE).await, None, "once, and never for who did not open it");
    }

    #[tokio::test(start_paused = true)]
    async fn one_tab_is_drawn_by_one_at_a_time_and_again_when_it_changed_meanwhile() {
        let homes = Homes::default();
        homes.opened(&caller("U1"));
        assert_eq!(soon(&homes, TICK).await.as_deref(), Some("U1"));
        homes.opened(&caller("U1"));
        assert_eq!(soon(&homes, Duration::from_secs(9)).await, None);
        homes.drawn("U1", None);
        assert_eq!(soon(&homes, TICK).await.as_deref(), Some("U1"));
        homes.drawn("U1", Some(MINUTE));
        assert_eq!(soon(&homes, MINUTE - TICK).await, None, "as long as Slack asked us to wait");
        assert_eq!(soon(&homes, TICK * 2).await.as_deref(), Some("U1"));
        homes.opened(&caller("U1"));
        assert_eq!(
            soon(&homes, MINUTE).await.as_deref(),
            Some("U1"),
            "a drawing that never ended is given up"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_opened_it_long_ago_is_forgotten_and_all_are_bounded() {
        let homes = Homes::default();
        homes.opened(&caller("U1"));
        assert_eq!(soon(&homes, TICK).await.as_deref(), Some("U1"));
        homes.drawn("U1", None);
        advance(LATELY).await;
        homes.stale(["U1"]);
        assert_eq!(soon(&homes, MINUTE).await, None);
        for n in 0..OPENERS_MOST {
            advance(TICK).await;
            homes.opened(&caller(&format!("U9{n}")));
        }
        assert_eq!(homes.lock().len(), OPENERS_MOST);
        assert!(!homes.lock().contains_key("U1"));
    }

    #[tokio::test(start_paused = true)]
    async fn many_openings_go_at_the_pace_that_slack_takes() {
        let homes = Homes::default();
        for n in 0..200 {
            homes.opened(&caller(&format!("U{n}")));
        }
        let mut drawn = 0;
        while soon(&homes, TICK).await.is_some() {
            drawn += 1;
        }
        assert_eq!(drawn, AT_ONCE);
        let begun = Instant::now();
        while soon(&homes, MINUTE).await.is_some() {
            drawn += 1;
        }
        assert_eq!(drawn, 200);
        let took = begun.elapsed() - MINUTE;
        assert!(took > PACE * 170 && took < PACE * 190, "{took:?}");
    }
}
