//! What envelopes carry, with every field that routing in the official SDKs needs.

use serde_json::{Map, Value, json};

use super::modals::View;
use super::passes::ReplyTo;
use super::rooms::Channel;
use super::settings::{APP, BOT_USER, Member, Settings, TEAM};
use super::world::{Now, Shared, World};

/// The verification token, deprecated but always there.
const TOKEN: &str = "local-verification-token";
/// In the workspace's address.
pub(super) const DOMAIN: &str = "playground";

/// A fresh trigger for a person's act.
fn trigger(world: &mut World, user: &str, from_view: Option<&str>, now: Now) -> String {
    world.passes.trigger(user, from_view, now.real)
}

fn reply_url(world: &mut World, shared: &Shared, to: ReplyTo, now: Now) -> String {
    let secret = world.passes.reply_url(to, now.real);
    format!("http://{}{}{secret}", shared.addr, super::reply_url::PATH)
}

fn channel_name(channel: &Channel) -> &str {
    if channel.direct { "directmessage" } else { &channel.name }
}

pub(super) fn slash(
    world: &mut World,
    shared: &Shared,
    member: &Member,
    channel: &Channel,
    (command, text): (&str, &str),
    now: Now,
) -> Value {
    let to = ReplyTo { channel: channel.id.clone(), user: member.id.clone(), source: None, thread: None };
    let installed = if shared.settings.org_install { "true" } else { "false" };
    let mut payload = json!({
        "token": TOKEN, "team_id": member.team(), "team_domain": DOMAIN,
        "channel_id": channel.id, "channel_name": channel_name(channel),
        "user_id": member.id, "user_name": member.handle, "command": command, "text": text,
        "api_app_id": APP, "is_enterprise_install": installed,
        "response_url": reply_url(world, shared, to, now),
        "trigger_id": trigger(world, &member.id, None, now),
    });
    if let (Some(enterprise), Some(fields)) = (&shared.settings.enterprise, payload.as_object_mut()) {
        fields.insert("enterprise_id".to_owned(), json!(enterprise));
        fields.insert("enterprise_name".to_owned(), json!("Playground"));
    }
    payload
}

/// The fields that every interaction has. Where the app is installed for a whole organisation, no workspace is named.
fn interaction(settings: &Settings, kind: &str, member: &Member) -> Map<String, Value> {
    let team = (!settings.org_install).then(|| json!({ "id": TEAM, "domain": DOMAIN }));
    let enterprise = settings.enterprise.as_ref().map(|id| json!({ "id": id, "name": "Playground" }));
    let fields = json!({
        "type": kind, "token": TOKEN, "api_app_id": APP, "enterprise": enterprise,
        "is_enterprise_install": settings.org_install, "team": team,
        "user": {
            "id": member.id, "username": member.handle, "name": member.handle, "team_id": member.team(),
        },
    });
    match fields {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

fn finish(mut fields: Map<String, Value>, more: Value) -> Value {
    if let Value::Object(more) = more {
        fields.extend(more);
    }
    Value::Object(fields)
}

/// Where a button was pressed, as it stood for the person.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Origin {
    Message { channel: Box<Channel>, message: Box<super::Message> },
    View(Box<View>),
}

pub(super) fn block_actions(
    world: &mut World,
    shared: &Shared,
    member: &Member,
    origin: &Origin,
    action: &Value,
    now: Now,
) -> Value {
    let fields = interaction(&shared.settings, "block_actions", member);
    match origin {
        Origin::Message { channel, message } => {
            let ephemeral = message.only_for.is_some();
            let to = ReplyTo {
                channel: channel.id.clone(),
                user: member.id.clone(),
                source: Some(message.ts.clone()),
                thread: message.thread_ts.clone(),
            };
            let mut more = json!({
                "container": {
                    "type": "message", "message_ts": message.ts, "channel_id": channel.id,
                    "is_ephemeral": ephemeral,
                },
                "channel": { "id": channel.id, "name": channel_name(channel) },
                "state": { "values": state_of(action) },
                "actions": [action],
                "response_url": reply_url(world, shared, to, now),
                "trigger_id": trigger(world, &member.id, None, now),
            });
            if let Some(more) = more.as_object_mut() {
                if let (Some(thread), Some(container)) = (&message.thread_ts, more.get_mut("container")) {
                    container["thread_ts"] = json!(thread);
                }
                // Slack does not send what only one person sees.
                if !ephemeral {
                    more.insert("message".to_owned(), message.wire());
                }
            }
            finish(fields, more)
        }
        Origin::View(view) => {
            let more = json!({
                "container": { "type": "view", "view_id": view.id },
                "view": view.wire(),
                "actions": [action],
                "trigger_id": trigger(world, &member.id, Some(&view.id), now),
            });
            finish(fields, more)
        }
    }
}

/// Fields of a message that hold something: the one that was touched.
fn state_of(action: &Value) -> Value {
    let (Some(block), Some(id)) = (action["block_id"].as_str(), action["action_id"].as_str()) else {
        return json!({});
    };
    if matches!(action["type"].as_str(), Some("button" | "overflow")) {
        return json!({});
    }
    let held = action.as_object().map(|fields| {
        fields
            .iter()
            .filter(|(name, _)| *name == "type" || *name == "value" || name.starts_with("selected_"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<Map<_, _>>()
    });
    json!({ block: { id: held } })
}

pub(super) fn view_submission(world: &mut World, member: &Member, view: &View, now: Now) -> Value {
    let more = json!({
        "view": view.wire(), "response_urls": [],
        "trigger_id": trigger(world, &member.id, Some(&view.id), now),
    });
    finish(interaction(&world.settings, "view_submission", member), more)
}

pub(super) fn view_closed(settings: &Settings, member: &Member, view: &View) -> Value {
    finish(interaction(settings, "view_closed", member), json!({ "view": view.wire(), "is_cleared": false }))
}

pub(super) fn block_suggestion(
    settings: &Settings,
    member: &Member,
    view: &View,
    block: &str,
    action: &str,
    query: &str,
) -> Value {
    let more = json!({
        "container": { "type": "view", "view_id": view.id }, "view": view.wire(),
        "block_id": block, "action_id": action, "value": query,
    });
    finish(interaction(settings, "block_suggestion", member), more)
}

pub(super) fn shortcut(world: &mut World, member: &Member, callback_id: &str, now: Now) -> Value {
    let more = json!({
        "callback_id": callback_id, "action_ts": world.rooms.stamp(now.wall),
        "trigger_id": trigger(world, &member.id, None, now),
    });
    finish(interaction(&world.settings, "shortcut", member), more)
}

/// A shortcut from a message's menu. It says where the message is, and has it whole.
pub(super) fn message_action(
    world: &mut World,
    shared: &Shared,
    member: &Member,
    (channel, message): (&Channel, &super::Message),
    callback_id: &str,
    now: Now,
) -> Value {
    let to = ReplyTo {
        channel: channel.id.clone(),
        user: member.id.clone(),
        source: None,
        thread: message.thread_ts.clone(),
    };
    let more = json!({
        "callback_id": callback_id, "action_ts": world.rooms.stamp(now.wall),
        "message_ts": message.ts, "message": message.wire(),
        "channel": { "id": channel.id, "name": channel_name(channel) },
        "response_url": reply_url(world, shared, to, now),
        "trigger_id": trigger(world, &member.id, None, now),
    });
    finish(interaction(&shared.settings, "message_action", member), more)
}

/// Any interaction of a person, of which `fields` say what it is about.
pub(super) fn any(
    world: &mut World,
    shared: &Shared,
    member: &Member,
    fields: Map<String, Value>,
    now: Now,
) -> Value {
    let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default();
    let mut payload = interaction(&shared.settings, kind, member);
    let trigger = trigger(world, &member.id, None, now);
    payload.insert("trigger_id".to_owned(), Value::String(trigger));
    if let Some(channel) = fields.get("channel").and_then(|channel| channel["id"].as_str()) {
        let to = ReplyTo { channel: channel.to_owned(), user: member.id.clone(), source: None, thread: None };
        payload.insert("response_url".to_owned(), Value::String(reply_url(world, shared, to, now)));
    }
    payload.extend(fields);
    Value::Object(payload)
}

pub(super) fn event(settings: &Settings, event: &Value, now: Now) -> Value {
    json!({
        "token": TOKEN, "team_id": TEAM, "enterprise_id": settings.enterprise, "api_app_id": APP, "type": "event_callback", "event": event,
        "event_id": format!("Ev{:016X}", rand::random::<u64>()), "event_time": now.wall.seconds(),
        "is_ext_shared_channel": false,
        "authorizations": [{
            "enterprise_id": settings.enterprise, "team_id": TEAM, "user_id": BOT_USER, "is_bot": true,
            "is_enterprise_install": settings.org_install,
        }],
    })
}
