//! People write in threads, write anew, and take away what they wrote. The app hears of it.

use serde_json::{Value, json};

use super::{ActError, LocalSlack};
use crate::playground::slack::rooms::{Draft, Message};
use crate::playground::slack::settings::TEAM;

impl LocalSlack {
    /// A person answers in a message's thread. The message as it stands, and whether the app acked that it heard of it.
    ///
    /// # Errors
    /// When the person, the conversation or the message is not there for them.
    pub async fn write_in_thread(
        &self,
        user: &str,
        channel: &str,
        thread_ts: &str,
        text: &str,
    ) -> Result<(Message, bool), ActError> {
        self.member(user)?;
        let written = self.shared().change(|world, now| {
            let room = world.rooms.channels.get(channel).filter(|room| room.members.contains(user));
            let room = room.ok_or_else(|| ActError::NoSuchChannel(channel.to_owned()))?;
            room.message(thread_ts).ok_or_else(|| ActError::NoSuchMessage(thread_ts.to_owned()))?;
            let draft = Draft {
                channel: channel.to_owned(),
                user: user.to_owned(),
                text: escaped(text),
                thread_ts: Some(thread_ts.to_owned()),
                ..Draft::default()
            };
            Ok(world.rooms.post(draft, now.wall))
        })?;
        let mut event = written.wire();
        tell(&mut event, &written, &written.ts);
        let acked = self.send_event(event).await;
        Ok((written, acked))
    }

    /// A person writes a message of theirs anew.
    ///
    /// # Errors
    /// When there is no such message of this person.
    pub async fn rewrite(&self, user: &str, channel: &str, ts: &str, text: &str) -> Result<bool, ActError> {
        let (before, after) = self.shared().change(|world, _| {
            let message = world.rooms.message_mut(channel, ts).filter(|message| message.user == user);
            let message = message.ok_or_else(|| ActError::NoSuchMessage(ts.to_owned()))?;
            let before = message.clone();
            message.text = escaped(text);
            message.edits += 1;
            Ok::<_, ActError>((before, message.clone()))
        })?;
        let mut event = json!({
            "type": "message", "subtype": "message_changed", "hidden": true,
            "message": after.wire(), "previous_message": before.wire(),
        });
        tell(&mut event, &after, &format!("{ts}1"));
        Ok(self.send_event(event).await)
    }

    /// A person takes a message of theirs away.
    ///
    /// # Errors
    /// When there is no such message of this person.
    pub async fn take_back(&self, user: &str, channel: &str, ts: &str) -> Result<bool, ActError> {
        let gone = self.shared().change(|world, _| {
            let message = world.rooms.message_mut(channel, ts).filter(|message| message.user == user);
            let message = message.ok_or_else(|| ActError::NoSuchMessage(ts.to_owned()))?;
            message.deleted = true;
            Ok::<_, ActError>(message.clone())
        })?;
        let mut event = json!({
            "type": "message", "subtype": "message_deleted", "hidden": true,
            "deleted_ts": ts, "previous_message": gone.wire(),
        });
        tell(&mut event, &gone, &format!("{ts}2"));
        Ok(self.send_event(event).await)
    }
}

/// What each event of a message has besides.
fn tell(event: &mut Value, message: &Message, event_ts: &str) {
    let more = json!({
        "channel": message.channel, "channel_type": "channel", "event_ts": event_ts, "team": TEAM,
    });
    if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
        event.extend(more);
        // An edit and a deletion are messages of their own, with a time of their own.
        event.entry("ts").or_insert_with(|| json!(event_ts));
    }
}

/// As Slack keeps what people type.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
