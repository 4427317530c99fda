//! Home tabs: read from the engine, drawn, and put there. Nothing waits for it, and nothing is lost with it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;

use super::Ears;
use crate::engine::Filter;
use crate::lifecycle::{Request, StateWord};
use crate::slack::envelope::Caller;
use crate::slack::identity::Identified;
use crate::slack::views::{self, HomeScene, is_of_my_apps, is_to_decide, is_to_review};
use crate::slack::web::CallError;
use crate::slack::words;

/// Tabs that are drawn at once.
const DRAWING_MOST: usize = 4;
/// The reader's own requests that are looked at.
const OWN_MOST: u32 = 100;
/// What is over of theirs.
const PAST_MOST: u32 = 5;
/// Requests of everybody that are looked at, of those that wait and of those that somebody has.
const LOOK_MOST: u32 = 300;
/// When Slack asks to slow down and does not say for how long.
const SLOWER: Duration = Duration::from_secs(30);

impl Ears {
    /// Draws what is to be drawn, for as long as it is polled.
    pub(in crate::slack) async fn keep_homes(self: Arc<Self>) {
        let mut drawing = JoinSet::new();
        loop {
            while drawing.try_join_next().is_some() {}
            if drawing.len() >= DRAWING_MOST {
                drawing.join_next().await;
                continue;
            }
            let caller = self.homes.next().await;
            let ears = Arc::clone(&self);
            drawing.spawn(async move {
                let again = ears.draw_home(&caller).await;
                ears.homes.drawn(&caller.user, again);
            });
        }
    }

    /// When to draw it again, if Slack asks us to wait.
    async fn draw_home(&self, caller: &Caller) -> Option<Duration> {
        let view = match self.home_of(caller).await {
            Ok(view) => view,
            Err(sentence) => views::home_refused(&sentence),
        };
        match self.web.publish_home(&caller.user, &view).await {
            Ok(()) => None,
            Err(CallError::RateLimited { after }) => Some(after.map_or(SLOWER, |after| after.duration())),
            Err(error @ (CallError::Refused { .. } | CallError::Unknown(_))) => {
                tracing::warn!(%error, account = caller.user, "a home tab was not drawn; it is at its next opening");
                None
            }
        }
    }

    async fn home_of(&self, caller: &Caller) -> Result<Value, String> {
        let who = self.who(caller).await?;
        let people = self.engine.people();
        let open = self.own(&who, true).await?;
        let past = self.own(&who, false).await?;
        let waiting = self.look([StateWord::Pending].into()).await?;
        let held = [StateWord::Granting, StateWord::Active, StateWord::Revoking].into();
        let held = self.look(held).await?;
        let to_decide: Vec<Request> =
            waiting.into_iter().filter(|request| is_to_decide(request, &who.id, &people)).collect();
        let held: Vec<Request> = held.into_iter().filter(|request| is_of_my_apps(request, &who.id)).collect();
        let owed = self.engine.to_review(LOOK_MOST).await.map_err(|error| words::engine_failed(&error))?;
        let to_review: Vec<Request> =
            owed.into_iter().filter(|request| is_to_review(request, &who.id, &people)).collect();
        let now = self.engine.now();
        let away = people.away(&who.id, now).map(|away| words::away_now(&people, away));
        Ok(views::home(&HomeScene {
            name: &who.name,
            away: away.as_deref(),
            open: &open,
            past: &past,
            to_decide: &to_decide,
            to_review: &to_review,
            held: &held,
            now,
            command: &self.settings.command,
        }))
    }

    async fn own(&self, who: &Identified, open: bool) -> Result<Vec<Request>, String> {
        let states = StateWord::ALL.into_iter().filter(|state| state.is_open() == open).collect();
        let limit = if open { OWN_MOST } else { PAST_MOST };
        self.list_of(Filter { requester: Some(who.id.clone()), states, limit }).await
    }

    async fn look(&self, states: BTreeSet<StateWord>) -> Result<Vec<Request>, String> {
        self.list_of(Filter { requester: None, states, limit: LOOK_MOST }).await
    }

    async fn list_of(&self, filter: Filter) -> Result<Vec<Request>, String> {
        self.engine.list(filter).await.map_err(|error| words::engine_failed(&error))
    }
}
