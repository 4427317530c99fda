//! What a person does in Slack, as the page sends it.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::playground::slack::{ActError, Entry, LocalSlack, Place, Which};

/// What somebody does in Slack.
#[derive(Debug, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Act {
    Slash { person: String, channel: String, line: String },
    Press { person: String, place: Spot, block: String, action: String, entry: Option<Entry> },
    Fill { person: String, field: String, entry: Entry },
    Submit { person: String },
    Close { person: String },
    Options { person: String, block: String, action: String, query: String },
    OpenHome { person: String },
    Shortcut { person: String, callback: String },
    MessageShortcut { person: String, channel: String, ts: String, callback: String },
}

#[derive(Debug, Deserialize)]
#[serde(tag = "on", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Spot {
    Message { channel: String, ts: String },
    Modal,
    Home,
}

impl From<Spot> for Place {
    fn from(spot: Spot) -> Self {
        match spot {
            Spot::Message { channel, ts } => Self::Message { channel, ts },
            Spot::Modal => Self::Modal,
            Spot::Home => Self::Home,
        }
    }
}

/// Does it, and answers what the page needs to know.
pub(super) async fn act(slack: &LocalSlack, act: Act) -> Value {
    let done = match act {
        Act::Slash { person, channel, line } => {
            slack.say_slash(&person, &channel, &line).await.map(|_| Value::Null)
        }
        Act::Press { person, place, block, action, entry } => {
            let which = Which::action(&action).in_block(&block);
            let pressed = slack.press(&person, &place.into(), &which, entry.as_ref()).await;
            pressed.map(|seen| json!({ "warned": seen.warned }))
        }
        Act::Fill { person, field, entry } => slack.fill(&person, &field, entry).await.map(|_| Value::Null),
        Act::Submit { person } => slack.submit(&person).await.map(|result| json!(result)),
        Act::Close { person } => slack.close_view(&person).await.map(|()| Value::Null),
        Act::Options { person, block, action, query } => {
            slack.search_options(&person, &block, &action, &query).await.map(Value::from)
        }
        Act::OpenHome { person } => slack.open_home(&person).await.map(|_| Value::Null),
        Act::Shortcut { person, callback } => {
            slack.run_shortcut(&person, &callback).await.map(|_| Value::Null)
        }
        Act::MessageShortcut { person, channel, ts, callback } => {
            slack.run_message_shortcut(&person, &channel, &ts, &callback).await.map(|_| Value::Null)
        }
    };
    match done {
        Ok(done) => json!({ "ok": true, "done": done }),
        Err(why) => json!({ "ok": false, "says": sentence(&why) }),
    }
}

fn sentence(why: &ActError) -> String {
    format!("That can't be done: {why}.")
}
