//! Shows one message: posts it, updates it, or leaves it when it says the same already. A message whose posting was
//! never answered is looked for before it is posted again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use super::settings::SlackSettings;
use super::views::{Rendered, Where, marker, render, render_if_posted};
use super::web::{CallError, Posted, Web, metadata};
use crate::engine::{Completion, Dossier, EngineHandle, Owed, SlackMessage};
use crate::ids::{PersonId, SlackUserId};
use crate::lifecycle::{Effect, View};
use crate::policy::People;
use crate::time::Span;

/// Slack's own measure for a channel: one message a second, a few more at once.
const PACE: Duration = Duration::from_secs(1);
/// What an earlier process posted lands within this, or never will: Slack answers within seconds.
const SETTLE: Span = Span::secs(5);
/// Channels whose pace, and people whose direct channel, is remembered.
const REMEMBERED_MOST: usize = 10_000;

/// Shows messages.
#[derive(Debug, Clone)]
pub struct Poster {
    web: Arc<Web>,
    settings: Arc<SlackSettings>,
    pace: Arc<Mutex<BTreeMap<String, Instant>>>,
    direct: Arc<Mutex<BTreeMap<SlackUserId, String>>>,
    /// Messages that this process posted, or whose earlier posting it gave the time to land.
    settled: Arc<Mutex<BTreeSet<String>>>,
}

/// Why a message is not shown now.
enum Trouble {
    /// The engine or Slack can't now.
    Later { error: String, after: Option<Span> },
    /// There is nobody to show it to.
    Nobody(String),
}

/// Where a message stands, or would.
struct Place {
    channel: String,
    /// The card below which it stands.
    thread: Option<String>,
}

impl Poster {
    pub(super) fn new(web: Arc<Web>, settings: Arc<SlackSettings>) -> Self {
        Self { web, settings, pace: Arc::default(), direct: Arc::default(), settled: Arc::default() }
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
        let people = engine.people();
        let tickets = self.settings.ticket_url.as_deref();
        let sent = match render(&dossier, &people, view, tickets) {
            Some(rendered) => self.send(owed, &dossier, &people, view, &rendered).await.map(Some),
            None => match render_if_posted(&dossier, &people, view, tickets) {
                Some(rendered) => self.bring_up_to_date(owed, &dossier, &people, view, &rendered).await,
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
        }
    }

    async fn send(
        &self,
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
            if let Some(message) = self.update(&there, rendered).await? {
                return Ok(message);
            }
            tracing::warn!(request = %owed.request, mark, "the message is gone from Slack; posting it anew");
        }
        let place = self.place(dossier, people, rendered).await?;
        if let Some(found) = self.posted_earlier(owed, dossier, view, &place).await?
            && let Some(message) = self.update(&found, rendered).await?
        {
            return Ok(message);
        }
        self.is_first_look(&mark).await;
        self.post(&place, &mark, rendered).await
    }

    /// Nothing is to be said any more; what an earlier process may have posted must not say what is no longer true.
    async fn bring_up_to_date(
        &self,
        owed: &Owed,
        dossier: &Dossier,
        people: &People,
        view: View,
        rendered: &Rendered,
    ) -> Result<Option<SlackMessage>, Trouble> {
        if owed.attempts == 0 {
            return Ok(None);
        }
        let place = self.place(dossier, people, rendered).await?;
        match self.posted_earlier(owed, dossier, view, &place).await? {
            Some(found) => self.update(&found, rendered).await,
            None => Ok(None),
        }
    }

    async fn place(&self, dossier: &Dossier, people: &People, rendered: &Rendered) -> Result<Place, Trouble> {
        let channel = self.channel(people, &rendered.channel).await?;
        let thread = match rendered.thread_of.map(|parent| dossier.messages.get(&parent)) {
            None => None,
            Some(Some(card)) => Some(card.ts.clone()),
            Some(None) => {
                let error = "the card is not posted yet".to_owned();
                return Err(Trouble::Later { error, after: Some(Span::secs(1)) });
            }
        };
        Ok(Place { channel, thread })
    }

    /// The message, if it was posted and Slack's answer was lost.
    async fn posted_earlier(
        &self,
        owed: &Owed,
        dossier: &Dossier,
        view: View,
        place: &Place,
    ) -> Result<Option<Posted>, Trouble> {
        if owed.attempts == 0 || dossier.messages.contains_key(&view) {
            return Ok(None);
        }
        let mark = marker(owed.request, view);
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
                Err(trouble(&mark, error))
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

    async fn post(&self, place: &Place, mark: &str, rendered: &Rendered) -> Result<SlackMessage, Trouble> {
        self.wait_for_turn(&place.channel).await;
        let message = posting(rendered, &place.channel, place.thread.as_deref(), mark);
        let posted = self.web.post_message(&message).await.map_err(|e| trouble(mark, e))?;
        Ok(shown_as(posted, rendered))
    }

    /// None when there is no such message of ours any more.
    async fn update(&self, there: &Posted, rendered: &Rendered) -> Result<Option<SlackMessage>, Trouble> {
        self.wait_for_turn(&there.channel).await;
        let message = json!({
            "channel": there.channel,
            "ts": there.ts,
            "text": rendered.text,
            "blocks": rendered.blocks,
        });
        match self.web.update_message(&message).await {
            Ok(posted) => Ok(Some(shown_as(posted, rendered))),
            Err(error)
                if ["message_not_found", "cant_update_message", "edit_window_closed"]
                    .iter()
                    .any(|code| error.is(code)) =>
            {
                Ok(None)
            }
            Err(error) => Err(trouble("an update", error)),
        }
    }

    async fn channel(&self, people: &People, to: &Where) -> Result<String, Trouble> {
        match to {
            Where::Approvals => Ok(self.settings.approvals_channel.clone()),
            Where::Security => Ok(self.settings.security_channel.clone()),
            Where::Direct(person) => self.direct(people, person).await,
        }
    }

    async fn direct(&self, people: &People, person: &PersonId) -> Result<String, Trouble> {
        let account = people.get(person).and_then(|p| p.slack.clone());
        let account =
            account.ok_or_else(|| Trouble::Nobody("no Slack account in the directory".to_owned()))?;
        if let Some(channel) = self.direct.lock().await.get(&account) {
            return Ok(channel.clone());
        }
        let channel = match self.web.open_direct(account.as_str()).await {
            Ok(channel) => channel,
            Err(error) if error.is("user_not_found") || error.is("user_disabled") => {
                return Err(Trouble::Nobody(error.to_string()));
            }
            Err(error) => return Err(trouble("a direct channel", error)),
        };
        let mut known = self.direct.lock().await;
        if known.len() >= REMEMBERED_MOST {
            known.clear();
        }
        known.insert(account, channel.clone());
        Ok(channel)
    }

    /// Waits until the channel may have one more message: a bucket, kept as the moment at which it is full again.
    async fn wait_for_turn(&self, channel: &str) {
        let turn = {
            let now = Instant::now();
            let mut pace = self.pace.lock().await;
            if pace.len() >= REMEMBERED_MOST {
                pace.retain(|_, full_at| *full_at > now);
            }
            let full_at = pace.get(channel).copied().unwrap_or(now).max(now) + PACE;
            pace.insert(channel.to_owned(), full_at);
            full_at.checked_sub(PACE * self.settings.burst).unwrap_or(now)
        };
        sleep_until(turn).await;
    }
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
fn digest(channel: &str, rendered: &Rendered) -> String {
    let sent = json!([channel, rendered.text, rendered.blocks]).to_string();
    Sha256::digest(sent.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn later(owed: &Owed, error: String, after: Option<Span>) -> Completion {
    Completion::Later { row: owed.row, error, after }
}

/// What Slack refuses for good is loud, and tried again all the same: a person may mend it.
fn trouble(what: &str, error: CallError) -> Trouble {
    let after = match &error {
        CallError::RateLimited { after } => Some(after.unwrap_or(Span::secs(30))),
        CallError::Refused { .. } => {
            tracing::error!(what, %error, "a Slack message can't be shown; see that the bot is in the channel and has its scopes");
            Some(Span::mins(1))
        }
        CallError::Unknown(_) => None,
    };
    Trouble::Later { error: error.to_string(), after }
}
