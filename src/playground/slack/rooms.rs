//! Conversations and what is said in them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use super::settings::{APP, BOT, BOT_USER, SLACKBOT, Settings, TEAM};
use crate::time::Timestamp;

/// A message as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// The conversation it is in.
    pub channel: String,
    /// Its id in there.
    pub ts: String,
    /// Who wrote it; [`SLACKBOT`] when Slack itself speaks.
    pub user: String,
    /// Its text.
    pub text: String,
    /// Its blocks.
    pub blocks: Vec<Value>,
    /// What the app keeps with it.
    pub metadata: Option<Value>,
    /// The message whose thread it is in.
    pub thread_ts: Option<String>,
    /// The only person who sees it, for ephemeral messages.
    pub only_for: Option<String>,
    /// How often it was edited.
    pub edits: u32,
    /// Whether it was taken away; kept so that tests can look at it.
    pub deleted: bool,
}

impl Message {
    /// All its words: the text and every text of its blocks, a line each.
    #[must_use]
    pub fn words(&self) -> String {
        let mut lines = vec![self.text.clone()];
        self.blocks.iter().for_each(|block| gather(block, &mut lines));
        lines.join("\n")
    }

    /// The id that the app keeps with it.
    #[must_use]
    pub fn mark(&self) -> Option<&str> {
        self.metadata.as_ref()?.get("event_payload")?.get("id")?.as_str()
    }

    /// Whether the app wrote it.
    #[must_use]
    pub fn is_from_bot(&self) -> bool {
        self.user == BOT_USER
    }

    /// As the Web API shows it.
    pub(super) fn wire(&self) -> Value {
        let mut wire = json!({
            "type": "message", "user": self.user, "text": self.text, "ts": self.ts, "team": TEAM,
        });
        let more = [
            ("blocks", (!self.blocks.is_empty()).then(|| json!(self.blocks))),
            ("thread_ts", self.thread_ts.as_ref().map(|ts| json!(ts))),
            ("metadata", self.metadata.clone()),
            ("edited", (self.edits > 0).then(|| json!({ "user": self.user, "ts": self.ts }))),
            ("bot_id", self.is_from_bot().then(|| json!(BOT))),
            ("app_id", self.is_from_bot().then(|| json!(APP))),
        ];
        if let Some(wire) = wire.as_object_mut() {
            wire.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        wire
    }
}

pub(super) fn gather(value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                match inner {
                    Value::String(text) if name == "text" => lines.push(text.clone()),
                    _ => gather(inner, lines),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| gather(inner, lines)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Channel {
    /// `C…`, or `D…` for the app's conversation with one person.
    pub id: String,
    /// Without `#`; a person's id for a direct one.
    pub name: String,
    /// Whether it is between the app and one person.
    pub direct: bool,
    /// Users in it.
    pub members: BTreeSet<String>,
    /// Whether it was archived.
    pub archived: bool,
    /// Everything that was said, oldest first, deleted messages too.
    pub messages: Vec<Message>,
}

impl Channel {
    /// A message that is still there.
    #[must_use]
    pub fn message(&self, ts: &str) -> Option<&Message> {
        self.messages.iter().find(|message| message.ts == ts && !message.deleted)
    }

    /// What people see outside of threads, oldest first.
    pub fn top_level(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|m| !m.deleted && m.thread_ts.as_ref().is_none_or(|ts| *ts == m.ts))
    }

    /// The answers in a message's thread, oldest first.
    pub fn thread<'a>(&'a self, ts: &'a str) -> impl Iterator<Item = &'a Message> {
        self.messages.iter().filter(move |m| !m.deleted && m.ts != ts && m.thread_ts.as_deref() == Some(ts))
    }
}

/// A message to be.
#[derive(Debug, Default, Clone)]
pub(super) struct Draft {
    pub(super) channel: String,
    pub(super) user: String,
    pub(super) text: String,
    pub(super) blocks: Vec<Value>,
    pub(super) metadata: Option<Value>,
    pub(super) thread_ts: Option<String>,
    pub(super) only_for: Option<String>,
}

#[derive(Debug)]
pub(super) struct Rooms {
    pub(super) channels: BTreeMap<String, Channel>,
    /// Ephemeral messages of all conversations, oldest first.
    pub(super) whispers: Vec<Message>,
    last_micros: i64,
}

/// Messages that are kept of one conversation at most; the oldest go first.
const MESSAGES_MAX: usize = 20_000;

impl Rooms {
    pub(super) fn new(settings: &Settings) -> Self {
        let channels = settings.channels.iter().map(|room| {
            let channel = Channel {
                id: room.id.clone(),
                name: room.name.clone(),
                direct: false,
                members: room.members.clone(),
                archived: room.archived,
                messages: Vec::new(),
            };
            (room.id.clone(), channel)
        });
        Self { channels: channels.collect(), whispers: Vec::new(), last_micros: 0 }
    }

    /// The conversation of the app with a person, opened when it was not; and whether it was.
    pub(super) fn direct(&mut self, user: &str) -> (String, bool) {
        let id = format!("D{}", user.get(1..).unwrap_or(user));
        let was_open = self.channels.contains_key(&id);
        self.channels.entry(id.clone()).or_insert_with(|| Channel {
            id: id.clone(),
            name: user.to_owned(),
            direct: true,
            members: BTreeSet::from([user.to_owned(), BOT_USER.to_owned()]),
            archived: false,
            messages: Vec::new(),
        });
        (id, was_open)
    }

    /// A `ts` that no message has: the time, and always later than the last one.
    pub(super) fn stamp(&mut self, wall: Timestamp) -> String {
        self.last_micros = (wall.millis().saturating_mul(1000)).max(self.last_micros + 1);
        format!("{}.{:06}", self.last_micros / 1_000_000, self.last_micros % 1_000_000)
    }

    pub(super) fn post(&mut self, draft: Draft, wall: Timestamp) -> Message {
        let message = Message {
            ts: self.stamp(wall),
            channel: draft.channel,
            user: draft.user,
            text: draft.text,
            blocks: draft.blocks,
            metadata: draft.metadata,
            thread_ts: draft.thread_ts,
            only_for: draft.only_for,
            edits: 0,
            deleted: false,
        };
        if message.only_for.is_some() {
            keep(&mut self.whispers, message.clone());
        } else if let Some(channel) = self.channels.get_mut(&message.channel) {
            keep(&mut channel.messages, message.clone());
        }
        message
    }

    /// Slack itself tells one person something.
    pub(super) fn slack_says(&mut self, user: &str, channel: &str, text: String, wall: Timestamp) {
        let draft = Draft {
            channel: channel.to_owned(),
            user: SLACKBOT.to_owned(),
            text,
            only_for: Some(user.to_owned()),
            ..Draft::default()
        };
        self.post(draft, wall);
    }

    pub(super) fn message_mut(&mut self, channel: &str, ts: &str) -> Option<&mut Message> {
        let channel = self.channels.get_mut(channel)?;
        channel.messages.iter_mut().find(|message| message.ts == ts && !message.deleted)
    }

    pub(super) fn whisper(&self, user: &str, ts: &str) -> Option<&Message> {
        self.whispers.iter().find(|m| m.ts == ts && !m.deleted && m.only_for.as_deref() == Some(user))
    }

    pub(super) fn whisper_mut(&mut self, user: &str, ts: &str) -> Option<&mut Message> {
        self.whispers.iter_mut().find(|m| m.ts == ts && !m.deleted && m.only_for.as_deref() == Some(user))
    }
}

fn keep(messages: &mut Vec<Message>, message: Message) {
    if messages.len() >= MESSAGES_MAX {
        messages.remove(0);
    }
    messages.push(message);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_unique_and_rise_even_when_the_clock_does_not() {
        let settings = Settings::for_people(&[]);
        let mut rooms = Rooms::new(&settings);
        let at = Timestamp::from_millis(1_795_303_501_250);
        assert_eq!(rooms.stamp(at), "1795303501.250000");
        assert_eq!(rooms.stamp(at), "1795303501.250001");
        assert_eq!(rooms.stamp(Timestamp::from_millis(0)), "1795303501.250002");
    }
}
