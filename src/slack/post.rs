//! Shows one message: posts it, updates it, or leaves it when it says the same already. A message whose posting was
//! never answered is looked for before it is posted again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::homes::Homes;
use super::pace::{Lane, Pace};
use super::settings::SlackSettings;
use super::views::{Rendered, Where, concerned, marker, render, render_if_posted};
use super::web::{CallError, Posted, Web, metadata};
use crate::engine::{Completion, Dossier, EngineHandle, Owed, SlackMessage};
use crate::ids::{PersonId, SlackUserId};
use crate::lifecycle::{Effect, View};
use crate::policy::People;
use crate::time::Span;

/// A turn that comes so soon is waited for; a later one is come back for.
const SOON: Span = Span::millis(1200);
/// What Slack is given when it asks to slow down and does not say for how long.
const SLOW_DOWN: Span = Span::secs(30);
/// The card comes soon.
const AFTER_THE_CARD: Span = Span::secs(1);
/// What an earlier process posted lands within this, or never will: Slack answers within seconds.
const SETTLE: Span = Span::secs(5);
/// People whose direct channel, and messages whose posting, is remembered.
const REMEMBERED_MOST: usize = 10_000;

/// Shows messages.
#[derive(Debug, Clone)]
pub struct Poster {
    web: Arc<Web>,
    settings: Arc<SlackSettings>,
    pace: Arc<Mutex<Pace>>,
    direct: Arc<Mutex<BTreeMap<SlackUserId, String>>>,
    /// Messages that this process posted, or whose earlier posting it gave the time to land.
    settled: Arc<Mutex<BTreeSet<String>>>,
    homes: Arc<Homes>,
}

/// Why a message is not shown now.
enum Trouble {
    /// The engine or Slack can't now.
    Later { error: String, after: Option<Span> },
    /// Slack's pace has no room yet, or the card below which it stands is not there: nothing was tried.
    NotYet(Span),
    /// There is nobody to show it to.
    Nobody(String),
}

/// Who takes a turn in Slack's pace, and when.
#[derive(Debug, Clone, Copy)]
struct Turn {
    row: i64,
    /// As the monotonic clock reads it.
    now: Span,
}

/// Where a message stands, or would.
struct Place {
    channel: String,
    /// The card below which it stands.
    thread: Option<String>,
}

impl Poster {
    pub(super) fn new(web: Arc<Web>, settings: Arc<SlackSettings>, homes: Arc<Homes>) -> Self {
        Self { web, settings, pace: Arc::default(), direct: Arc::default(), settled: Arc::default(), homes }
    }

    /// Makes the message say what the request says now.
    pub async fn show(&self, owed: &Owed, engine: &EngineHandle) -> Completion {
        let view = match &owed.effect {
            Effect::Show(view) => *view,
            Effect::Target { .. } | Effect::Ticket => {
                return later(owed, "this is no Slack message".to_owned(), None);
            }
        };
        let dossier = match engine.dossier(owed.request).await {
            Ok(dossier) => dossier,
            Err(error) => return later(owed, error.to_string(), None),
        };
        let shown = |message, revision| Completion::Shown {
            row: owed.row,
            request: owed.request,
            view,
            message,
            revision,
        };
        let Some(dossier) = dossier else {
            return shown(None, 0);
        };
        let turn = Turn { row: owed.row, now: engine.monotonic() };
        let people = engine.people();
        // What changed a message changed the home tabs of the same people.
        let accounts = concerned(&dossier).into_iter().filter_map(|id| people.get(id)?.slack.as_ref());
        self.homes.stale(accounts.map(SlackUserId::as_str));
        let tickets = self.settings.ticket_url.as_deref();
        let sent = match render(&dossier, &people, view, tickets) {
            Some(rendered) => self.send(turn, owed, &dossier, &people, view, &rendered).await.map(Some),
            None => match render_if_posted(&dossier, &people, view, tickets) {
                Some(rendered) => self.bring_up_to_date(turn, owed, &dossier, &people, view, &rendered).await,
                None => Ok(None),
            },
        };
        match sent {
            Ok(message) => shown(message, dossier.revision),
            Err(Trouble::Nobody(why)) => {
                tracing::warn!(request = %owed.request, mark = marker(owed.request, view), why, "nobody to show this to");
                shown(None, dossier.revision)
            }
            Err(Trouble::Later { error, after }) => later(owed, error, after),
            Err(Trouble::NotYet(after)) => Completion::NotYet { row: owed.row, after },
        }
    }

    async fn send(
        &self,
        turn: Turn,
        owed: &Owed,
        dossier: &Dossier,
        people: &People,
        view: View,
        rendered: &Rendered,
    ) -> Result<SlackMessage, Trouble> {
        let mark = marker(owed.request, view);
        let stored = dossier.messages.get(&view);
        if let Some(message) = stored {
            let digest = digest(&message.channel, rendered);
            if digest == message.digest {
                return Ok(message.clone());
            }
            let there = Posted { channel: message.channel.clone(), ts: message.ts.clone() };
            if let Some(message) = self.update(turn, &there, rendered).await? {
                return Ok(message);
            }
            tracing::warn!(request = %owed.request, mark, "the message is gone from Slack; posting it anew");
        }
        let place = self.place(turn, dossier, people, rendered).await?;
        if let Some(found) = self.posted_earlier(turn, owed, dossier, view, &place).await?
            && let Some(message) = self.update(turn, &found, rendered).await?
        {
            return Ok(message);
        }
        self.is_first_look(&mark).await;
        self.post(turn, &place, &mark, rendered).await
    }

    /// Nothing is to be said any more; what an earlier process may have posted must not say what is no longer true.
    async fn bring_up_to_date(
        &self,
        turn: Turn,
        owed: &Owed,
        dossier: &Dossier,
        people: &People,
        view: View,
        rendered: &Rendered,
    ) -> Result<Option<SlackMessage>, Trouble> {
        if owed.attempts == 0 {
            return Ok(None);
        }
        let place = self.place(turn, dossier, people, rendered).await?;
        match self.posted_earlier(turn, owed, dossier, view, &place).await? {
            Some(found) => self.update(turn, &found, rendered).await,
            None => Ok(None),
        }
    }

    async fn place(
        &self,
        turn: Turn,
        dossier: &Dossier,
        people: &People,
        rendered: &Rendered,
    ) -> Result<Place, Trouble> {
        let channel = self.channel(turn, people, &rendered.channel).await?;
        let thread = match rendered.thread_of.map(|parent| dossier.messages.get(&parent)) {
            None => None,
            Some(Some(card)) => Some(card.ts.clone()),
            Some(None) => return Err(Trouble::NotYet(AFTER_THE_CARD)),
        };
        Ok(Place { channel, thread })
    }

    /// The message, if it was posted and Slack's answer was lost.
    async fn posted_earlier(
        &self,
        turn: Turn,
        owed: &Owed,
        dossier: &Dossier,
        view: View,
        place: &Place,
    ) -> Result<Option<Posted>, Trouble> {
        if owed.attempts == 0 || dossier.messages.contains_key(&view) {
            return Ok(None);
        }
        let mark = marker(owed.request, view);
        self.take(turn, &[Lane::Looking]).await?;
        let since = dossier.request.submitted_at.seconds().saturating_sub(60);
        match self.web.find_marked(&place.channel, place.thread.as_deref(), since, &mark).await {
            Ok(Some(found)) => Ok(Some(found)),
            // Not there yet, perhaps: posted now, it would stand twice.
            Ok(None) if self.is_first_look(&mark).await => {
                let error = "an earlier posting may still land".to_owned();
                Err(Trouble::Later { error, after: Some(SETTLE) })
            }
            Ok(None) => Ok(None),
            // A rare double is better than a message that is never shown.
            Err(CallError::Refused { code, .. }) => {
                tracing::warn!(request = %owed.request, code, "can't look for an earlier posting; give the bot the history scopes");
                Ok(None)
            }
            Err(error @ (CallError::RateLimited { .. } | CallError::Unknown(_))) => {
                Err(self.trouble(turn, Lane::Looking, &mark, error).await)
            }
        }
    }

    /// Whether this process neither posted this message nor waited for it yet; from now on it did.
    async fn is_first_look(&self, mark: &str) -> bool {
        let mut settled = self.settled.lock().await;
        if settled.len() >= REMEMBERED_MOST {
            settled.clear();
        }
        settled.insert(mark.to_owned())
    }

    async fn post(
        &self,
        turn: Turn,
        place: &Place,
        mark: &str,
        rendered: &Rendered,
    ) -> Result<SlackMessage, Trouble> {
        let lane = Lane::Place(place.channel.clone());
        self.take(turn, std::slice::from_ref(&lane)).await?;
        let message = posting(rendered, &place.channel, place.thread.as_deref(), mark);
        match self.web.post_message(&message).await {
            Ok(posted) => Ok(shown_as(posted, rendered)),
            Err(error) => Err(self.trouble(turn, lane, mark, error).await),
        }
    }

    /// None when there is no such message of ours any more.
    async fn update(
        &self,
        turn: Turn,
        there: &Posted,
        rendered: &Rendered,
    ) -> Result<Option<SlackMessage>, Trouble> {
        self.take(turn, &[Lane::Place(there.channel.clone()), Lane::Updates]).await?;
        let message = json!({
            "channel": there.channel,
            "ts": there.ts,
            "text": rendered.text,
            "blocks": rendered.blocks,
        });
        match self.web.update_message(&message).await {
            Ok(posted) => Ok(Some(shown_as(posted, rendered))),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(self.trouble(turn, Lane::Updates, "an update", error).await),
        }
    }

    async fn channel(&self, turn: Turn, people: &People, to: &Where) -> Result<String, Trouble> {
        match to {
            Where::Approvals => Ok(self.settings.approvals_channel.clone()),
            Where::Security => Ok(self.settings.security_channel.clone()),
            Where::Direct(person) => self.direct(turn, people, person).await,
        }
    }

    async fn direct(&self, turn: Turn, people: &People, person: &PersonId) -> Result<String, Trouble> {
        let account = people.get(person).and_then(|p| p.slack.clone());
        let account =
            account.ok_or_else(|| Trouble::Nobody("no Slack account in the directory".to_owned()))?;
        if let Some(channel) = self.direct.lock().await.get(&account) {
            return Ok(channel.clone());
        }
        self.take(turn, &[Lane::Opening]).await?;
        let channel = match self.web.open_direct(account.as_str()).await {
            Ok(channel) => channel,
            Err(error) if error.is("user_not_found") || error.is("user_disabled") => {
                return Err(Trouble::Nobody(error.to_string()));
            }
            Err(error) => return Err(self.trouble(turn, Lane::Opening, "a direct channel", error).await),
        };
        let mut known = self.direct.lock().await;
        if known.len() >= REMEMBERED_MOST {
            known.clear();
        }
        known.insert(account, channel.clone());
        Ok(channel)
    }

    /// Takes a turn in all of these lanes. One that is further away is given back as the time to come again: whoever
    /// waits for a busy channel is in nobody's way.
    async fn take(&self, turn: Turn, lanes: &[Lane]) -> Result<(), Trouble> {
        let Turn { row, now } = turn;
        let wait = self.pace.lock().await.wait(row, lanes, self.settings.burst, now);
        if wait > SOON {
            return Err(Trouble::NotYet(wait));
        }
        if !wait.is_zero() {
            sleep(wait.duration()).await;
            self.pace.lock().await.taken(row);
        }
        Ok(())
    }

    /// What Slack refuses for good is loud, and tried again all the same: a person may mend it. When it asks to slow
    /// down, nothing more goes out in that lane before.
    async fn trouble(&self, turn: Turn, lane: Lane, what: &str, error: CallError) -> Trouble {
        let after = match &error {
            CallError::RateLimited { after } => {
                let after = after.unwrap_or(SLOW_DOWN);
                tracing::warn!(what, ?lane, wait = %after, "Slack asks to slow down");
                self.pace.lock().await.hold(lane, after, turn.now);
                return Trouble::NotYet(after);
            }
            CallError::Refused { .. } => {
                tracing::error!(what, %error, "a Slack message can't be shown; see that the bot is in the channel and has its scopes");
                Some(Span::mins(1))
            }
            CallError::Unknown(_) => None,
        };
        Trouble::Later { error: error.to_string(), after }
    }
}

/// Whether there is no such message of ours any more.
pub(super) fn is_gone(error: &CallError) -> bool {
    ["message_not_found", "cant_update_message", "edit_window_closed"].iter().any(|code| error.is(code))
}

/// The body of the `chat.postMessage` call that posts it: in the channel, or in the thread of the message `thread`.
#[must_use]
pub fn posting(rendered: &Rendered, channel: &str, thread: Option<&str>, mark: &str) -> Value {
    let mut message = json!({
        "channel": channel,
        "text": rendered.text,
        "blocks": rendered.blocks,
        "unfurl_links": false,
        "unfurl_media": false,
        "metadata": metadata(mark),
    });
    if let (Some(thread), Some(fields)) = (thread, message.as_object_mut()) {
        fields.insert("thread_ts".to_owned(), Value::from(thread));
    }
    message
}

fn shown_as(posted: Posted, rendered: &Rendered) -> SlackMessage {
    let digest = digest(&posted.channel, rendered);
    SlackMessage { channel: posted.channel, ts: posted.ts, digest }
}

/// SHA-256 in hex over what is sent.
pub(super) fn digest(channel: &str, rendered: &Rendered) -> String {
    let sent = json!([channel, rendered.text, rendered.blocks]).to_string();
    Sha256::digest(sent.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn later(owed: &Owed, error: String, after: Option<Span>) -> Completion {
    Completion::Later { row: owed.row, error, after }
}
