//! `chat.*`, and reading conversations back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::api::{Answered, Call, Refusal};
use super::blocks::check_message;
use super::form::name_all;
use super::payload::DOMAIN;
use super::rooms::{Channel, Draft, Message};
use super::settings::{BOT_USER, TEAM};
use super::world::World;

/// Longer texts of new messages are cut.
const TEXT_MAX: usize = 40_000;
/// Longer texts are refused where a message is edited, or shown to one person.
const EDIT_MAX: usize = 4_000;
/// Longer metadata is refused. The true limit is not documented.
const METADATA_MAX: usize = 16_384;
const PAGE_MAX: usize = 1000;
const PAGE: usize = 100;

/// What a message shall say.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) text: Option<String>,
    pub(super) blocks: Option<Vec<Value>>,
}

impl Content {
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_none() && self.blocks.as_ref().is_none_or(Vec::is_empty)
    }

    /// Judges blocks wherever they come from: a call, an ack, a reply address.
    pub(super) fn judged(
        text: Option<&str>,
        blocks: Option<Value>,
        chars_max: usize,
    ) -> Result<Self, Refusal> {
        let Some(blocks) = blocks else {
            return Ok(Self { text: text.map(str::to_owned), blocks: None });
        };
        let flaws = check_message(&blocks);
        if !flaws.is_empty() {
            return Err(Refusal::invalid_blocks(&flaws));
        }
        let Value::Array(mut blocks) = blocks else { return Err("invalid_blocks_format".into()) };
        let mut words = Vec::new();
        blocks.iter().for_each(|block| super::rooms::gather(block, &mut words));
        if words.iter().map(|line| line.chars().count()).sum::<usize>() > chars_max {
            return Err("msg_blocks_too_long".into());
        }
        name_all(&mut blocks);
        Ok(Self { text: text.map(str::to_owned), blocks: Some(blocks) })
    }
}

fn content(call: &Call<'_>) -> Result<Content, Refusal> {
    let blocks = call.args.structure("blocks").map_err(|_| Refusal::from("invalid_blocks_format"))?;
    Content::judged(call.args.text("text"), blocks, call.settings.limits.blocks_chars)
}

fn metadata(call: &Call<'_>) -> Result<Option<Value>, Refusal> {
    let Some(metadata) = call.args.structure("metadata").map_err(|_| "invalid_metadata_format")? else {
        return Ok(None);
    };
    let object = metadata.as_object().ok_or("invalid_metadata_format")?;
    if object.is_empty() {
        return Ok(Some(metadata));
    }
    if !object.get("event_type").is_some_and(Value::is_string)
        || !object.get("event_payload").is_some_and(Value::is_object)
    {
        return Err("invalid_metadata_schema".into());
    }
    if metadata.to_string().len() > METADATA_MAX {
        return Err("metadata_too_large".into());
    }
    Ok(Some(metadata))
}

/// The conversation that the bot may write to. A person's id stands for the direct one.
fn writable(world: &mut World, call: &Call<'_>, name: &str) -> Result<String, Refusal> {
    let given = call.need(name)?;
    let id = if world.member(given).is_some_and(|member| !member.deactivated) {
        world.rooms.direct(given).0
    } else {
        given.to_owned()
    };
    let channel = world.rooms.channels.get(&id).ok_or("channel_not_found")?;
    if channel.direct && !call.settings.messages_tab {
        return Err("messages_tab_disabled".into());
    }
    if !channel.members.contains(BOT_USER) {
        return Err("not_in_channel".into());
    }
    if channel.archived {
        return Err("is_archived".into());
    }
    Ok(id)
}

pub(super) fn post_message(world: &mut World, call: &Call<'_>) -> Answered {
    let channel = writable(world, call, "channel")?;
    let content = content(call)?;
    if content.is_empty() {
        return Err("no_text".into());
    }
    let metadata = metadata(call)?.filter(|metadata| metadata.as_object().is_some_and(|m| !m.is_empty()));
    let thread_ts = call.args.text("thread_ts").map(str::to_owned);
    if let Some(ts) = &thread_ts {
        let known =
            world.rooms.channels.get(&channel).is_some_and(|c| c.messages.iter().any(|m| m.ts == *ts));
        if !known {
            return Err("cannot_reply_to_message".into());
        }
    }
    let draft = Draft {
        channel,
        user: BOT_USER.to_owned(),
        text: content.text.unwrap_or_default().chars().take(TEXT_MAX).collect(),
        blocks: content.blocks.unwrap_or_default(),
        metadata,
        thread_ts,
        only_for: None,
    };
    let message = world.rooms.post(draft, call.now.wall);
    Ok(json!({ "channel": message.channel, "ts": message.ts, "message": message.wire() }))
}

pub(super) fn post_ephemeral(world: &mut World, call: &Call<'_>) -> Answered {
    let channel = writable(world, call, "channel")?;
    let user = call.need("user")?;
    if !world.rooms.channels.get(&channel).is_some_and(|c| c.members.contains(user)) {
        return Err("user_not_in_channel".into());
    }
    let content = content(call)?;
    if content.is_empty() {
        return Err("no_text".into());
    }
    let text = content.text.unwrap_or_default();
    if text.chars().count() > EDIT_MAX {
        return Err("msg_too_long".into());
    }
    let draft = Draft {
        channel,
        user: BOT_USER.to_owned(),
        text,
        blocks: content.blocks.unwrap_or_default(),
        thread_ts: call.args.text("thread_ts").map(str::to_owned),
        only_for: Some(user.to_owned()),
        metadata: None,
    };
    let message = world.rooms.post(draft, call.now.wall);
    Ok(json!({ "message_ts": message.ts }))
}

/// `text` without `blocks` takes the blocks away; neither keeps both.
pub(super) fn update(world: &mut World, call: &Call<'_>) -> Answered {
    let channel = readable(world, call)?.id.clone();
    let ts = call.need("ts")?;
    let content = content(call)?;
    let metadata = metadata(call)?;
    if content.text.as_ref().is_some_and(|text| text.chars().count() > EDIT_MAX) {
        return Err("msg_too_long".into());
    }
    let message = world.rooms.message_mut(&channel, ts).ok_or("message_not_found")?;
    if !message.is_from_bot() {
        return Err("cant_update_message".into());
    }
    if content.is_empty() && metadata.is_none() && content.blocks.is_none() {
        return Err("no_text".into());
    }
    apply(message, content);
    if let Some(metadata) = metadata {
        message.metadata = metadata.as_object().is_some_and(|m| !m.is_empty()).then_some(metadata);
    }
    let message = message.clone();
    Ok(json!({ "channel": channel, "ts": message.ts, "text": message.text, "message": message.wire() }))
}

pub(super) fn apply(message: &mut Message, content: Content) {
    match (content.text, content.blocks) {
        (Some(text), blocks) => {
            message.text = text;
            message.blocks = blocks.unwrap_or_default();
        }
        (None, Some(blocks)) => message.blocks = blocks,
        (None, None) => {}
    }
    message.edits += 1;
}

pub(super) fn delete(world: &mut World, call: &Call<'_>) -> Answered {
    let channel = readable(world, call)?.id.clone();
    let ts = call.need("ts")?;
    let message = world.rooms.message_mut(&channel, ts).ok_or("message_not_found")?;
    if !message.is_from_bot() {
        return Err("cant_delete_message".into());
    }
    message.deleted = true;
    Ok(json!({ "channel": channel, "ts": ts }))
}

fn readable<'w>(world: &'w World, call: &Call<'_>) -> Result<&'w Channel, Refusal> {
    let channel = world.rooms.channels.get(call.need("channel")?).ok_or("channel_not_found")?;
    if channel.members.contains(BOT_USER) { Ok(channel) } else { Err("not_in_channel".into()) }
}

/// A message's address; one in a thread has its thread in it.
pub(super) fn permalink(world: &mut World, call: &Call<'_>) -> Answered {
    let channel = world.rooms.channels.get(call.need("channel")?).ok_or("channel_not_found")?;
    let message = channel.message(call.need("message_ts")?).ok_or("message_not_found")?;
    let thread = message.thread_ts.as_ref().filter(|thread| **thread != message.ts);
    let thread = thread.map(|ts| format!("?thread_ts={ts}&cid={}", channel.id)).unwrap_or_default();
    let number = message.ts.replace('.', "");
    let link = format!("https://{DOMAIN}.slack.com/archives/{}/p{number}{thread}", channel.id);
    Ok(json!({ "channel": channel.id, "permalink": link }))
}

pub(super) fn history(world: &mut World, call: &Call<'_>) -> Answered {
    let channel = readable(world, call)?;
    // Newest first. A deleted message leaves a stone in its place as long as its thread has answers.
    let shown = channel.messages.iter().rev().filter(|m| {
        let top = m.thread_ts.as_ref().is_none_or(|ts| *ts == m.ts);
        top && (!m.deleted || channel.thread(&m.ts).next().is_some())
    });
    page(channel, shown.collect(), call)
}

pub(super) fn replies(world: &mut World, call: &Call<'_>) -> Answered {
    let channel = readable(world, call)?;
    let ts = call.need("ts")?;
    let parent = channel.messages.iter().find(|m| m.ts == ts).ok_or("thread_not_found")?;
    let root = parent.thread_ts.clone().unwrap_or_else(|| ts.to_owned());
    let answers: Vec<&Message> = channel.thread(&root).collect();
    let parent = channel.messages.iter().find(|m| m.ts == root && (!m.deleted || !answers.is_empty()));
    let all: Vec<&Message> = parent.into_iter().chain(answers).collect();
    if all.is_empty() {
        return Err("thread_not_found".into());
    }
    page(channel, all, call)
}

fn page(channel: &Channel, messages: Vec<&Message>, call: &Call<'_>) -> Answered {
    let inclusive = call.args.flag("inclusive");
    let within = |m: &&Message| {
        let after = call.args.text("oldest").is_none_or(|t| later(&m.ts, t) || (inclusive && m.ts == t));
        let before = call.args.text("latest").is_none_or(|t| later(t, &m.ts) || (inclusive && m.ts == t));
        after && before
    };
    let limit = call.args.count("limit").unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let skip = match call.args.text("cursor") {
        Some(cursor) => cursor.strip_prefix("next:").and_then(|n| n.parse().ok()).ok_or("invalid_cursor")?,
        None => 0,
    };
    let found: Vec<&Message> = messages.into_iter().filter(within).collect();
    let has_more = found.len() > skip + limit;
    let with_metadata = call.args.flag("include_all_metadata");
    let answers = answers(channel);
    let listed = |m: &Message| listed(m, with_metadata, answers.get(m.ts.as_str()));
    let shown: Vec<Value> = found.into_iter().skip(skip).take(limit).map(listed).collect();
    let next = if has_more { format!("next:{}", skip + limit) } else { String::new() };
    Ok(json!({
        "messages": shown, "has_more": has_more, "pin_count": 0,
        "response_metadata": { "next_cursor": next },
    }))
}

fn later(a: &str, b: &str) -> bool {
    let parts = |ts: &str| {
        let (secs, micros) = ts.split_once('.').unwrap_or((ts, "0"));
        (secs.parse::<u64>().unwrap_or(0), micros.parse::<u64>().unwrap_or(0))
    };
    parts(a) > parts(b)
}

/// The answers in a thread: how many, and when the last was written.
struct Answers<'c> {
    count: usize,
    last: &'c str,
}

/// By their thread, in one pass: a channel may hold many thousand messages.
fn answers(channel: &Channel) -> BTreeMap<&str, Answers<'_>> {
    let mut threads: BTreeMap<&str, Answers<'_>> = BTreeMap::new();
    for message in channel.messages.iter().filter(|m| !m.deleted) {
        if let Some(thread) = message.thread_ts.as_deref().filter(|thread| *thread != message.ts) {
            let answers = threads.entry(thread).or_insert(Answers { count: 0, last: &message.ts });
            answers.count += 1;
            answers.last = &message.ts;
        }
    }
    threads
}

fn listed(message: &Message, with_metadata: bool, answers: Option<&Answers<'_>>) -> Value {
    if message.deleted {
        return json!({
            "type": "message", "subtype": "tombstone", "user": "USLACKBOT", "hidden": true,
            "text": "This message was deleted.", "ts": message.ts, "thread_ts": message.ts, "team": TEAM,
        });
    }
    let mut wire = message.wire();
    if let Some(wire) = wire.as_object_mut() {
        if !with_metadata {
            wire.remove("metadata");
        }
        if let Some(answers) = answers {
            wire.insert("thread_ts".to_owned(), json!(message.ts));
            wire.insert("reply_count".to_owned(), json!(answers.count));
            wire.insert("latest_reply".to_owned(), json!(answers.last));
        }
    }
    wire
}
