//! What Slack tells of accounts: those that the directory does not name are bound to the person whose confirmed address
//! they have, and everybody's clock has a time zone. Slack is asked within a bounded time, seldom, and not again for what
//! it said a moment ago; without an answer nobody is heard, and the zone is not known.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::Ears;
use crate::engine::{Bind, Bound};
use crate::ids::SlackUserId;
use crate::slack::account::{address, zone};
use crate::slack::envelope::Caller;
use crate::slack::identity::{Identified, Stranger, identify};
use crate::slack::web::CallError;
use crate::zone::Zone;

/// A form must open within three seconds of the click, whatever this comes to.
const ASK_MOST: Duration = Duration::from_millis(1500);
/// What Slack said of an account is believed for so long.
const BELIEVED: Duration = Duration::from_secs(120);
/// A zone for longer: people travel seldom.
const ZONE_BELIEVED: Duration = Duration::from_secs(900);
/// An account that it could not be asked about is asked about again after this.
const AGAIN: Duration = Duration::from_secs(5);
/// Accounts whose answer is remembered.
const REMEMBERED_MOST: usize = 1000;
/// Calls at once.
const ASKING_MOST: usize = 4;
/// Calls before the pace counts; Slack takes 100 a minute and more (tier 4).
const AT_ONCE: u32 = 20;
const PACE: Duration = Duration::from_secs(2);

/// What was asked lately.
pub(super) struct Accounts {
    said: Mutex<BTreeMap<String, (Instant, Stranger)>>,
    zones: Mutex<BTreeMap<String, (Instant, Option<Zone>)>>,
    room: Semaphore,
    /// When the bucket of calls is full again.
    full_at: Mutex<Option<Instant>>,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            said: Mutex::default(),
            zones: Mutex::default(),
            room: Semaphore::new(ASKING_MOST),
            full_at: Mutex::default(),
        }
    }
}

impl Ears {
    /// Binds the account to its person, if Slack confirms its address and nothing is in the way.
    pub(super) async fn bind(&self, caller: &Caller) -> Result<Identified, Stranger> {
        if let Some(stranger) = self.accounts.said_lately(&caller.user) {
            return Err(stranger);
        }
        match timeout(ASK_MOST, self.ask_and_bind(caller)).await.unwrap_or(Err(Stranger::Later)) {
            Ok(()) => identify(&self.engine.people(), &self.settings.workspace, caller),
            Err(stranger) => {
                self.accounts.remember(&caller.user, &stranger);
                Err(stranger)
            }
        }
    }

    /// Where the person's clock hangs; none when Slack does not say.
    pub(super) async fn zone_of(&self, account: &str) -> Option<Zone> {
        if let Some(zone) = self.accounts.zone_lately(account) {
            return zone;
        }
        let asked = timeout(ASK_MOST, async {
            let _room = self.accounts.room.acquire().await.ok()?;
            if !self.accounts.may_ask() {
                return None;
            }
            self.web.user_info(account).await.inspect_err(told).ok().map(|user| zone(&user))
        });
        let found = asked.await.ok().flatten();
        self.accounts.remember_zone(account, found.clone());
        found.flatten()
    }

    async fn ask_and_bind(&self, caller: &Caller) -> Result<(), Stranger> {
        let Ok(_room) = self.accounts.room.acquire().await else { return Err(Stranger::Later) };
        if !self.accounts.may_ask() {
            tracing::warn!("too many accounts that the directory does not name; they are asked about later");
            return Err(Stranger::Later);
        }
        let account = || caller.user.chars().take(80).collect::<String>();
        let user = match self.web.user_info(&caller.user).await {
            Ok(user) => user,
            Err(error) if error.is("user_not_found") => return Err(Stranger::Unknown { account: account() }),
            Err(error) => {
                told(&error);
                return Err(Stranger::Later);
            }
        };
        let person = address(&user, &caller.user, &self.settings.workspace)?;
        let Ok(slack) = SlackUserId::new(&caller.user) else {
            return Err(Stranger::Unknown { account: account() });
        };
        let evidence = "users.info: its e-mail address is confirmed, and it is a member of the workspace";
        let bind = Bind { account: slack, person, evidence: evidence.to_owned() };
        match self.engine.bind(bind).await {
            Ok(Bound::To(person)) => {
                tracing::info!(%person, account = caller.user, "an account was bound by its e-mail address");
                Ok(())
            }
            Ok(Bound::Nobody) => Err(Stranger::UnknownAddress { account: account() }),
            Ok(Bound::Left) => Err(Stranger::Leaver),
            Ok(Bound::Pinned) => Err(Stranger::Pinned { account: account() }),
            Ok(Bound::Taken) => Err(Stranger::Taken { account: account() }),
            Err(error) => {
                tracing::error!(%error, "an account could not be bound");
                Err(Stranger::Later)
            }
        }
    }
}

fn told(error: &CallError) {
    match error {
        CallError::Refused { .. } => {
            tracing::error!(%error, "an account could not be looked up; see that the bot has users:read and users:read.email");
        }
        CallError::RateLimited { .. } | CallError::Unknown(_) => {
            tracing::warn!(%error, "an account could not be looked up");
        }
    }
}

impl Accounts {
    fn said_lately(&self, account: &str) -> Option<Stranger> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, stranger) = said.get(account)?;
        (Instant::now() < *until).then(|| stranger.clone())
    }

    fn remember(&self, account: &str, stranger: &Stranger) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if said.len() >= REMEMBERED_MOST {
            said.retain(|_, (until, _)| now < *until);
        }
        // Then more of them ask than anybody can mean; each is asked about again, at the pace.
        if said.len() >= REMEMBERED_MOST {
            said.clear();
        }
        let age = if stranger.is_for_now() { AGAIN } else { BELIEVED };
        said.insert(account.to_owned(), (now + age, stranger.clone()));
    }

    fn zone_lately(&self, account: &str) -> Option<Option<Zone>> {
        let zones = self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, zone) = zones.get(account)?;
        (Instant::now() < *until).then(|| zone.clone())
    }

    /// `found` is none when Slack did not answer.
    fn remember_zone(&self, account: &str, found: Option<Option<Zone>>) {
        let mut zones = self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        if zones.len() >= REMEMBERED_MOST {
            zones.clear();
        }
        let age = if found.is_some() { ZONE_BELIEVED } else { AGAIN };
        zones.insert(account.to_owned(), (Instant::now() + age, found.flatten()));
    }

    fn may_ask(&self) -> bool {
        let now = Instant::now();
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let next = full_at.unwrap_or(now).max(now) + PACE;
        let may = next <= now + PACE * AT_ONCE;
        if may {
            *full_at = Some(next);
        }
        may
    }
}
