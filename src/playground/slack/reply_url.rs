//! `response_url`: a few answers to one interaction, without a token.

use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use serde_json::Value;

use super::chat::{Content, apply};
use super::passes::ReplyTo;
use super::rooms::Draft;
use super::settings::BOT_USER;
use super::world::{Now, Shared, World};
use crate::playground::listen::{self, Reply};

pub(super) const PATH: &str = "/commands/T0LOCAL/";

pub(super) async fn answer(shared: &Shared, secret: &str, request: Request<Incoming>) -> Reply {
    if request.method() != Method::POST {
        return listen::text(StatusCode::METHOD_NOT_ALLOWED, "invalid_method");
    }
    let Some(body) = listen::body_of(request).await else {
        return listen::text(StatusCode::PAYLOAD_TOO_LARGE, "too_large");
    };
    let Ok(body @ Value::Object(_)) = serde_json::from_slice::<Value>(&body) else {
        return listen::text(StatusCode::BAD_REQUEST, "invalid_payload");
    };
    shared.change(|world, now| {
        world.journal.called("response_url");
        let settings = world.settings.clone();
        match world.passes.use_reply_url(secret, &settings.limits, now.real) {
            Err(why) => {
                world.journal.refused("response_url", why);
                listen::text(StatusCode::NOT_FOUND, why)
            }
            Ok(to) => match say(world, &to, &body, now) {
                Ok(()) => listen::text(StatusCode::OK, "ok"),
                Err(why) => {
                    world.journal.refused("response_url", why);
                    listen::text(StatusCode::BAD_REQUEST, why)
                }
            },
        }
    })
}

/// Says what the body wants: a reply for one person or for all, in place of the source message or beside it.
pub(super) fn say(world: &mut World, to: &ReplyTo, body: &Value, now: Now) -> Result<(), &'static str> {
    let flag = |name: &str| body.get(name).and_then(Value::as_bool).unwrap_or_default();
    let word = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let source = to.source.as_deref();
    if flag("delete_original") {
        let ts = source.ok_or("no_original")?;
        if let Some(message) = original(world, to, ts) {
            message.deleted = true;
        }
        return Ok(());
    }
    let blocks = body.get("blocks").filter(|blocks| !blocks.is_null()).cloned();
    let content = Content::judged(word("text"), blocks, world.settings.limits.blocks_chars)
        .map_err(|refused| refused.error)?;
    if content.is_empty() {
        return Err("no_text");
    }
    if flag("replace_original")
        && let Some(message) = source.and_then(|ts| original(world, to, ts))
    {
        apply(message, content);
        return Ok(());
    }
    let in_channel = word("response_type") == Some("in_channel");
    let draft = Draft {
        channel: to.channel.clone(),
        user: BOT_USER.to_owned(),
        text: content.text.unwrap_or_default(),
        blocks: content.blocks.unwrap_or_default(),
        metadata: None,
        thread_ts: word("thread_ts").map(str::to_owned).or_else(|| to.thread.clone()),
        only_for: (!in_channel).then(|| to.user.clone()),
    };
    world.rooms.post(draft, now.wall);
    Ok(())
}

fn original<'w>(world: &'w mut World, to: &ReplyTo, ts: &str) -> Option<&'w mut super::Message> {
    if world.rooms.whisper(&to.user, ts).is_some() {
        return world.rooms.whisper_mut(&to.user, ts);
    }
    world.rooms.message_mut(&to.channel, ts)
}
