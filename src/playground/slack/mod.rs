//! A local Slack workspace: the Web API, Socket Mode, and the people in front of their screens. It behaves as the
//! real one does where an app can feel it: three seconds to ack, triggers and reply addresses that wear out,
//! limits of blocks and views with Slack's names for what breaks them, paces, renewed links, repeated events.

mod act;
mod api;
mod args;
mod blocks;
mod chat;
mod directory;
mod faults;
mod form;
mod journal;
mod links;
mod modals;
mod pace;
mod passes;
mod payload;
mod reply_url;
mod rooms;
mod settings;
mod snapshot;
#[cfg(test)]
mod tests;
mod views;
mod world;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

pub use act::{ActError, Answer, Click, Place, Seen, Submitted, Which};
pub use blocks::{Flaw, Surface, check_message, check_options, check_view};
pub use faults::{Fault, Outage};
pub use form::Entry;
pub use journal::{EnvelopeSeen, Warning};
pub use links::DisconnectReason;
pub use modals::View;
pub use rooms::{Channel, Message};
pub use settings::{
    APP, BOT, BOT_USER, Limits, Member, MemberKind, Profile, Rates, Room, SLACKBOT, Settings, Shortcut, TEAM,
    UserGroup,
};
pub use snapshot::Snapshot;

use crate::playground::listen::{self, Serving};
use crate::time::Clock;
use faults::{CutBehind, Duplicate};
use world::Shared;

/// A running workspace. Clones are the same one; it stops when the last is dropped.
#[derive(Clone)]
pub struct LocalSlack {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    _serving: Serving,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

/// What was waited for did not come in time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("it did not happen within {}", crate::time::Span::millis(u64::try_from(.0.as_millis()).unwrap_or(u64::MAX)))]
pub struct TimedOut(pub Duration);

impl LocalSlack {
    /// Starts a workspace on 127.0.0.1. `clock` dates its messages; its limits go by real time.
    ///
    /// # Errors
    /// When the port can't be had.
    pub async fn start(settings: Settings, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let (listener, addr) = listen::bind(settings.port).await?;
        let shared = Arc::new(Shared::new(settings, addr, clock));
        let answering = Arc::clone(&shared);
        let serving = listen::serve(listener, move |request| api::answer(Arc::clone(&answering), request));
        Ok(Self { inner: Arc::new(Inner { shared, _serving: serving }) })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.shared().addr
    }

    /// What comes before `/api/METHOD`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr())
    }

    /// What it was started with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.shared().settings
    }

    /// The whole workspace at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.shared().look(Snapshot::of)
    }

    /// The latest message that the app keeps this id with (`event_payload.id` of its metadata) and that nobody took
    /// away; `place` is a channel, or the person whose conversation with the app it is. Cheaper than a snapshot.
    #[must_use]
    pub fn marked(&self, place: &str, id: &str) -> Option<Message> {
        self.shared().look(|world| {
            let here = |channel: &&Channel| channel.id == place || (channel.direct && channel.name == place);
            let channel = world.rooms.channels.values().find(here)?;
            let found = channel.messages.iter().rev().find(|m| !m.deleted && m.mark() == Some(id));
            found.cloned()
        })
    }

    /// Counts changes; a waiter looks again when it moved.
    #[must_use]
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.shared().changes()
    }

    /// Waits until `look` finds what it looks for, at most `limit` of real time.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn wait_for<T>(
        &self,
        limit: Duration,
        mut look: impl FnMut(&Snapshot) -> Option<T>,
    ) -> Result<T, TimedOut> {
        let mut changes = self.changes();
        let search = async {
            loop {
                changes.mark_unchanged();
                if let Some(found) = look(&self.snapshot()) {
                    return found;
                }
                if changes.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(limit, search).await.map_err(|_| TimedOut(limit))
    }

    /// Changes what the workspace knows of its members: accounts that are closed, profiles, user groups. Who is in it stays.
    pub fn change_roster(&self, change: impl FnOnce(&mut Settings)) {
        self.shared().change(|world, _| {
            let mut settings = Settings::clone(&world.settings);
            change(&mut settings);
            world.settings = Arc::new(settings);
        });
    }

    /// Makes the next `times` calls of a method go wrong.
    pub fn fail_next(&self, method: &str, times: usize, fault: &Fault) {
        self.shared().change(|world, _| world.faults.plan(method, times, fault));
    }

    /// Forgets all planned faults of calls.
    pub fn forget_faults(&self) {
        self.shared().change(|world, _| world.faults.clear());
    }

    /// Puts the workspace out of reach, or back.
    pub fn outage(&self, outage: Outage) {
        self.shared().change(|world, _| {
            world.faults.outage = outage;
            if outage == Outage::Unreachable {
                world.links.cut_all();
            }
        });
    }

    /// Ends every link as Slack does: with a `disconnect`, and a close after the notice that the reason has.
    pub fn disconnect_all(&self, reason: DisconnectReason) {
        self.shared().change(|world, _| world.links.disconnect_all(reason));
    }

    /// Breaks every link without a word.
    pub fn cut_links(&self) {
        self.shared().change(|world, _| world.links.cut_all());
    }

    /// Sends the next envelope twice, over another link if there is one.
    pub fn duplicate_next_envelope(&self) {
        self.shared().change(|world, _| world.faults.duplicate = Duplicate::Next);
    }

    /// Sends every envelope twice, over two links if there are two, until not any more.
    pub fn duplicate_envelopes(&self, on: bool) {
        let duplicate = if on { Duplicate::Each } else { Duplicate::None };
        self.shared().change(|world, _| world.faults.duplicate = duplicate);
    }

    /// Breaks a link right behind every so many envelopes that links carried, until none again: the app may have
    /// heard it, and can't say so where it came from.
    pub fn cut_behind(&self, every: Option<u32>) {
        let cut_behind = every.map(|every| CutBehind { every, carried: 0 });
        self.shared().change(|world, _| world.faults.cut_behind = cut_behind);
    }

    /// Hands what a broken link left unanswered to the next link that opens, as long as the sender still waits. Slack
    /// promises neither that it does nor that it does not.
    pub fn redeliver(&self, on: bool) {
        self.shared().change(|world, _| world.faults.redeliver = on);
    }

    /// Holds up every ack, as a slow network does, until none again.
    pub fn delay_acks(&self, delay: Option<Duration>) {
        self.shared().change(|world, _| world.faults.ack_delay = delay);
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }
}

impl std::fmt::Debug for LocalSlack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalSlack").field("addr", &self.addr()).finish_non_exhaustive()
    }
}
