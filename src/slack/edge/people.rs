//! Tells the security channel of changes of people that are held, and of their end.

use std::time::Duration;

use tokio::time::sleep;

use super::Ears;
use crate::engine::{HeldNotice, SlackMessage};
use crate::slack::post::{digest, is_gone, posting};
use crate::slack::views::{self, Rendered};
use crate::slack::web::{CallError, Posted};

/// Between tries.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Why the channel does not know yet.
struct Later {
    error: String,
    after: Duration,
}

impl Ears {
    /// Keeps the message as it should be, for as long as it is polled.
    pub(in crate::slack) async fn keep_people_told(&self) {
        let (mut pause, mut is_told) = (FIRST_PAUSE, false);
        loop {
            match self.tell_of_people().await {
                Ok(()) => {
                    (pause, is_told) = (FIRST_PAUSE, false);
                    self.engine.held_news().await;
                }
                Err(Later { error, after }) => {
                    if !std::mem::replace(&mut is_told, true) {
                        tracing::error!(
                            error,
                            "the security channel was not told of a change of people that is held; it is tried again"
                        );
                    }
                    sleep(pause.max(after)).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
            }
        }
    }

    async fn tell_of_people(&self) -> Result<(), Later> {
        let Some(notice) = self.engine.held_notice() else { return Ok(()) };
        let rendered = views::people_held(&notice, &self.engine.people());
        if let Some(message) = self.tell_notice(&notice, &rendered).await? {
            let kept = self.engine.held_told(message).await;
            kept.map_err(|error| Later { error: error.to_string(), after: Duration::ZERO })?;
        }
        if notice.over.is_some() {
            self.engine.held_over_told();
        }
        Ok(())
    }

    /// The message that now says so; none when one said it already, or nothing is to be said.
    async fn tell_notice(
        &self,
        notice: &HeldNotice,
        rendered: &Rendered,
    ) -> Result<Option<SlackMessage>, Later> {
        let channel = self.settings.security_channel.as_str();
        let says = digest(channel, rendered);
        let mark = views::people_held_marker(&notice.held);
        let there = match &notice.message {
            Some(message) if message.digest == says => return Ok(None),
            Some(SlackMessage { channel, ts, digest: _ }) => {
                Some(Posted { channel: channel.clone(), ts: ts.clone() })
            }
            None => self.posted_before(channel, notice, &mark).await?,
        };
        let told = |posted: Posted| SlackMessage { channel: posted.channel, ts: posted.ts, digest: says };
        if let Some(Posted { channel, ts }) = there {
            let message = serde_json::json!({
                "channel": channel, "ts": ts, "text": rendered.text, "blocks": rendered.blocks,
            });
            match self.web.update_message(&message).await {
                Ok(posted) => return Ok(Some(told(posted))),
                Err(error) if is_gone(&error) => {}
                Err(error) => return Err(later(&error)),
            }
        }
        if notice.over.is_some() {
            // What nobody was told is not told to be over.
            return Ok(None);
        }
        let posted = self.web.post_message(&posting(rendered, channel, None, &mark)).await;
        posted.map(|posted| Some(told(posted))).map_err(|error| later(&error))
    }

    /// The message, if it was posted and Slack's answer was lost, or was not kept.
    async fn posted_before(
        &self,
        channel: &str,
        notice: &HeldNotice,
        mark: &str,
    ) -> Result<Option<Posted>, Later> {
        let since = notice.held.since.seconds().saturating_sub(60);
        match self.web.find_marked(channel, None, since, mark).await {
            Ok(found) => Ok(found),
            // A rare double is better than a message that is never shown.
            Err(CallError::Refused { code, .. }) => {
                tracing::warn!(code, "can't look for an earlier posting; give the bot the history scopes");
                Ok(None)
            }
            Err(error @ (CallError::RateLimited { .. } | CallError::Unknown(_))) => Err(later(&error)),
        }
    }
}

fn later(error: &CallError) -> Later {
    let after = match error {
        CallError::RateLimited { after } => after.map_or(Duration::ZERO, |after| after.duration()),
        CallError::Refused { .. } | CallError::Unknown(_) => Duration::ZERO,
    };
    Later { error: error.to_string(), after }
}
