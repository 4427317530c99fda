//! Block Kit pieces, each kept within Slack's limits (docs.slack.dev, "Block Kit" reference; code points).

use serde_json::{Value, json};

use super::envelope::{Press, REPLY, question_value};
use super::text::{cut, cut_mrkdwn, paragraph};
use crate::ids::RequestId;

/// Blocks of one message.
pub const MESSAGE_BLOCKS_MOST: usize = 50;
/// A section's text.
pub const SECTION_MOST: usize = 3000;
/// The `text` beside the blocks: what screen readers and notifications say.
pub const TEXT_MOST: usize = 4000;

/// Blocks of a home tab.
pub const HOME_BLOCKS_MOST: usize = 100;

/// A headline. Plain.
#[must_use]
pub fn header(id: &str, text: &str) -> Value {
    json!({"type": "header", "block_id": cut(id, 255), "text": plain_object(text, 150)})
}

/// A section in mrkdwn.
#[must_use]
pub fn section(id: &str, mrkdwn: &str) -> Value {
    json!({"type": "section", "block_id": cut(id, 255), "text": mrkdwn_object(mrkdwn, SECTION_MOST)})
}

/// A section whose text is a foreign string, shown as it is.
#[must_use]
pub fn section_plain(id: &str, foreign: &str, most: usize) -> Value {
    json!({"type": "section", "block_id": cut(id, 255), "text": plain_object(foreign, most.min(SECTION_MOST))})
}

/// A section of short facts: label and mrkdwn value, ten at most.
#[must_use]
pub fn facts(id: &str, facts: &[(&str, String)]) -> Value {
    let fields: Vec<Value> = facts
        .iter()
        .take(10)
        .map(|(label, value)| mrkdwn_object(&format!("*{label}*\n{value}"), 2000))
        .collect();
    json!({"type": "section", "block_id": cut(id, 255), "fields": fields})
}

/// Small print, ten pieces at most.
#[must_use]
pub fn context(id: &str, pieces: &[String]) -> Value {
    let elements: Vec<Value> = pieces.iter().take(10).map(|p| mrkdwn_object(p, 2000)).collect();
    json!({"type": "context", "block_id": cut(id, 255), "elements": elements})
}

/// A row of buttons, 25 at most.
#[must_use]
pub fn actions(id: &str, buttons: Vec<Value>) -> Value {
    let elements: Vec<Value> = buttons.into_iter().take(25).collect();
    json!({"type": "actions", "block_id": cut(id, 255), "elements": elements})
}

/// How a button looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// As others.
    Plain,
    /// The one to press.
    Primary,
    /// The one to think about.
    Danger,
}

/// A button. It carries the request's id and nothing else: authority is looked up at the click.
#[must_use]
pub fn button(press: Press, request: RequestId, label: &str, spoken: &str, look: Look) -> Value {
    button_with(press.action_id(), &request.to_string(), label, spoken, look)
}

/// A button that answers a question about a request.
#[must_use]
pub fn reply_button(request: RequestId, question: u32, label: &str, spoken: &str, look: Look) -> Value {
    button_with(REPLY, &question_value(request, question), label, spoken, look)
}

fn button_with(action: &str, value: &str, label: &str, spoken: &str, look: Look) -> Value {
    let mut button = json!({
        "type": "button",
        "action_id": action,
        "value": value,
        "text": plain_object(label, 75),
        "accessibility_label": paragraph(spoken, 75),
    });
    let style = match look {
        Look::Plain => None,
        Look::Primary => Some("primary"),
        Look::Danger => Some("danger"),
    };
    if let (Some(style), Some(fields)) = (style, button.as_object_mut()) {
        fields.insert("style".to_owned(), Value::from(style));
    }
    button
}

/// The same button, which asks back before it acts.
#[must_use]
pub fn confirmed(mut button: Value, title: &str, text: &str, yes: &str, no: &str) -> Value {
    let confirm = json!({
        "title": plain_object(title, 100),
        "text": plain_object(text, 300),
        "confirm": plain_object(yes, 30),
        "deny": plain_object(no, 30),
    });
    if let Some(fields) = button.as_object_mut() {
        fields.insert("confirm".to_owned(), confirm);
    }
    button
}

/// A section with one button at its side.
#[must_use]
pub fn section_with(id: &str, mrkdwn: &str, accessory: Option<Value>) -> Value {
    let mut block = section(id, mrkdwn);
    if let (Some(accessory), Some(fields)) = (accessory, block.as_object_mut()) {
        fields.insert("accessory".to_owned(), accessory);
    }
    block
}

/// A form field around its element.
#[must_use]
pub fn input(id: &str, label: &str, hint: Option<&str>, optional: bool, element: Value) -> Value {
    let mut block = json!({
        "type": "input",
        "block_id": cut(id, 255),
        "label": plain_object(label, 2000),
        "optional": optional,
        "element": element,
    });
    if let (Some(hint), Some(fields)) = (hint, block.as_object_mut()) {
        fields.insert("hint".to_owned(), plain_object(hint, 2000));
    }
    block
}

/// One choice of a select.
#[must_use]
pub fn option(label: &str, value: &str, about: Option<&str>) -> Value {
    let mut option = json!({"text": plain_object(label, 75), "value": cut(value, 150)});
    if let (Some(about), Some(fields)) = (about, option.as_object_mut()) {
        fields.insert("description".to_owned(), plain_object(about, 75));
    }
    option
}

/// A plain text object: nothing in it is markup, not even an emoji's name.
#[must_use]
pub fn plain_object(text: &str, most: usize) -> Value {
    json!({"type": "plain_text", "text": paragraph(text, most), "emoji": false})
}

fn mrkdwn_object(text: &str, most: usize) -> Value {
    let text = cut_mrkdwn(text, most);
    let text = if text.trim().is_empty() { "–".to_owned() } else { text };
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}
