//! What people write in threads. Shapes: docs.slack.dev, the events `message.channels` and `message.groups` with
//! their subtypes.

use serde_json::Value;

use super::{Caller, Input, optional, required, str_at};
use crate::slack::text::typed;

/// What somebody did with a message in a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InThread {
    /// Wrote it.
    Wrote {
        /// Who.
        caller: Caller,
        /// What.
        text: String,
    },
    /// Wrote it anew.
    Edited {
        /// What it says now.
        text: String,
    },
    /// Took it away.
    Deleted,
}

/// Reads a `message` event. What bots write, our own messages among it, and what stands in no thread says nothing.
pub(super) fn read(payload: &Value, id: String) -> Result<Input, String> {
    let event = payload.get("event").unwrap_or(&Value::Null);
    let nothing = |what: &str| Ok(Input::Quiet(format!("a message event: {what}")));
    let channel = required(event, "/channel")?;
    let (message, ts) = match str_at(event, "/subtype") {
        "" | "thread_broadcast" | "file_share" => (event, required(event, "/ts")?),
        "message_changed" => {
            let message = event.get("message").unwrap_or(&Value::Null);
            (message, required(message, "/ts")?)
        }
        "message_deleted" => {
            (event.get("previous_message").unwrap_or(&Value::Null), required(event, "/deleted_ts")?)
        }
        _ => return nothing("of a kind that people don't write"),
    };
    if optional(message, "/bot_id").is_some() || str_at(message, "/subtype") == "bot_message" {
        return nothing("of a bot");
    }
    let Some(thread_ts) = optional(message, "/thread_ts").filter(|thread| *thread != ts) else {
        return nothing("in no thread");
    };
    let text = typed(str_at(message, "/text"));
    let deed = match str_at(event, "/subtype") {
        "message_deleted" => InThread::Deleted,
        "message_changed" if text == typed(str_at(event, "/previous_message/text")) => {
            return nothing("a change that leaves the words as they are");
        }
        "message_changed" => InThread::Edited { text },
        _ if text.trim().is_empty() => return nothing("without words"),
        _ => {
            let team = ["/user_team", "/team"].into_iter().find_map(|at| optional(event, at));
            let caller = Caller {
                user: required(event, "/user")?,
                team,
                place: optional(payload, "/team_id"),
                enterprise: optional(payload, "/enterprise_id"),
            };
            InThread::Wrote { caller, text }
        }
    };
    Ok(Input::InThread { id, channel, thread_ts, ts, deed })
}
