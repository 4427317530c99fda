//! Block Kit as Slack judges it: what is refused, where, and with which words. Limits are those of the public
//! reference; lengths count Unicode code points.

mod element;
mod node;

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use node::{Node, count};

/// Something that Slack would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// What is wrong.
    pub message: String,
    /// Where: a JSON pointer into the arguments of the call.
    pub pointer: String,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [json-pointer:{}]", self.message, self.pointer)
    }
}

/// Where blocks stand; each has limits of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// A message in a conversation.
    Message,
    /// A modal.
    Modal,
    /// A person's home tab.
    Home,
}

impl Surface {
    const fn blocks_max(self) -> usize {
        match self {
            Self::Message => 50,
            Self::Modal | Self::Home => 100,
        }
    }
}

/// Judges `blocks` of a message. Empty when Slack would take it.
#[must_use]
pub fn check_message(blocks: &Value) -> Vec<Flaw> {
    let mut check = Check::new(Surface::Message, true);
    check.blocks(blocks, "/blocks");
    check.flaws
}

/// Judges a `view`, by its own `type`. Empty when Slack would take it.
#[must_use]
pub fn check_view(view: &Value) -> Vec<Flaw> {
    let surface = match view.get("type").and_then(Value::as_str) {
        Some("modal") => Surface::Modal,
        Some("home") => Surface::Home,
        Some(other) => return vec![flaw(format!("unsupported type: {}", cut(other)), "/view/type")],
        None => return vec![flaw("missing required field: type".to_owned(), "/view")],
    };
    let mut check = Check::new(surface, view.get("submit").is_some_and(|submit| !submit.is_null()));
    check.view(view);
    check.flaws
}

/// Judges what an app answers when options of an external select are searched.
#[must_use]
pub fn check_options(answer: &Value) -> Vec<Flaw> {
    let mut check = Check::new(Surface::Modal, true);
    check.offered(answer);
    check.flaws
}

fn flaw(message: String, pointer: &str) -> Flaw {
    Flaw { message, pointer: pointer.to_owned() }
}

/// Long names must not flood an answer.
fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

/// One judgement under way.
struct Check {
    flaws: Vec<Flaw>,
    surface: Surface,
    has_submit: bool,
    block_ids: BTreeSet<String>,
    focused: usize,
    markdown_chars: usize,
}

/// All markdown blocks of a message together.
const MARKDOWN_MAX: usize = 12_000;

impl Check {
    fn new(surface: Surface, has_submit: bool) -> Self {
        Self {
            flaws: Vec::new(),
            surface,
            has_submit,
            block_ids: BTreeSet::new(),
            focused: 0,
            markdown_chars: 0,
        }
    }

    fn say(&mut self, message: impl Into<String>, pointer: &str) {
        self.flaws.push(flaw(message.into(), pointer));
    }

    /// Slack points at the type itself.
    fn unsupported(&mut self, kind: &str, at: &str) {
        self.say(format!("unsupported type: {}", cut(kind)), &format!("{at}/type"));
    }

    fn view(&mut self, view: &Value) {
        let Some(node) = self.object(view, "/view") else { return };
        let common = ["type", "blocks", "private_metadata", "callback_id", "external_id"];
        match self.surface {
            Surface::Modal => {
                let more =
                    ["title", "submit", "close", "clear_on_close", "notify_on_close", "submit_disabled"];
                self.only(&node, &[&common[..], &more[..]].concat());
                self.plain_text(&node, "title", 24, true);
                self.plain_text(&node, "submit", 24, false);
                self.plain_text(&node, "close", 24, false);
                self.boolean(&node, "clear_on_close");
                self.boolean(&node, "notify_on_close");
            }
            Surface::Home | Surface::Message => self.only(&node, &common),
        }
        self.string(&node, "private_metadata", 0, 3000, false);
        self.string(&node, "callback_id", 0, 255, false);
        self.string(&node, "external_id", 0, 255, false);
        match node.get("blocks") {
            Some(blocks) => self.blocks(blocks, "/view/blocks"),
            None => self.say("missing required field: blocks", "/view"),
        }
    }

    fn blocks(&mut self, blocks: &Value, at: &str) {
        let Some(list) = blocks.as_array() else {
            self.say("must be an array", at);
            return;
        };
        let max = self.surface.blocks_max();
        if list.len() > max {
            self.say(format!("no more than {max} items allowed"), at);
            return;
        }
        for (i, block) in list.iter().enumerate() {
            self.block(block, &format!("{at}/{i}"));
        }
        if self.focused > 1 {
            self.say("only one element may have `focus_on_load`", at);
        }
        if self.markdown_chars > MARKDOWN_MAX {
            self.say(format!("must be less than {} characters", MARKDOWN_MAX + 1), at);
        }
    }

    fn block(&mut self, block: &Value, at: &str) {
        let Some(node) = self.object(block, at) else { return };
        self.string(&node, "block_id", 0, 255, false);
        if let Some(id) = node.get("block_id").and_then(Value::as_str)
            && !self.block_ids.insert(id.to_owned())
        {
            self.say(format!("`block_id` must be unique: {}", cut(id)), &format!("{at}/block_id"));
        }
        let Some(kind) = self.kind_of(&node) else { return };
        match kind {
            "section" => self.section(&node),
            "header" => {
                self.only(&node, &["type", "block_id", "text", "level"]);
                self.plain_text(&node, "text", 150, true);
            }
            "divider" => self.only(&node, &["type", "block_id"]),
            "context" => self.context(&node),
            "actions" => {
                self.only(&node, &["type", "block_id", "elements"]);
                self.elements(&node, 25, element::Place::Actions);
            }
            "input" => self.input(&node),
            "image" => {
                self.only(&node, &["type", "block_id", "image_url", "alt_text", "title", "slack_file"]);
                self.image(&node);
                self.plain_text(&node, "title", 2000, false);
            }
            "markdown" => {
                self.only(&node, &["type", "block_id", "text"]);
                self.string(&node, "text", 1, MARKDOWN_MAX, true);
                self.markdown_chars += node.get("text").and_then(Value::as_str).map_or(0, count);
            }
            // Known to Slack; nothing of ours needs to know what is inside.
            "rich_text" | "video" | "file" | "table" | "context_actions" => {}
            other => self.unsupported(other, at),
        }
    }

    fn section(&mut self, node: &Node<'_>) {
        self.only(node, &["type", "block_id", "text", "fields", "accessory", "expand"]);
        if node.get("text").is_none() && node.get("fields").is_none() {
            self.say("missing required field: text", &node.at);
        }
        self.text(node, "text", 3000, false);
        if let Some(fields) = self.list(node, "fields", 1, 10, false) {
            for (i, field) in fields.iter().enumerate() {
                self.text_object(field, &format!("{}/fields/{i}", node.at), 2000, false);
            }
        }
        if let Some(accessory) = node.get("accessory") {
            self.element(accessory, &format!("{}/accessory", node.at), element::Place::Accessory);
        }
    }

    fn context(&mut self, node: &Node<'_>) {
        self.only(node, &["type", "block_id", "elements"]);
        let Some(elements) = self.list(node, "elements", 1, 10, true) else { return };
        for (i, item) in elements.iter().enumerate() {
            let at = format!("{}/elements/{i}", node.at);
            if item.get("type").and_then(Value::as_str) == Some("image") {
                self.element(item, &at, element::Place::Context);
            } else {
                self.text_object(item, &at, 3000, false);
            }
        }
    }

    fn input(&mut self, node: &Node<'_>) {
        self.only(node, &["type", "block_id", "label", "element", "hint", "optional", "dispatch_action"]);
        if self.surface == Surface::Modal && !self.has_submit {
            self.say("must define `submit` to use an `input` block in modals", &format!("{}/input", node.at));
        }
        self.plain_text(node, "label", 2000, true);
        self.plain_text(node, "hint", 2000, false);
        self.boolean(node, "optional");
        self.boolean(node, "dispatch_action");
        match node.get("element") {
            Some(inner) => self.element(inner, &format!("{}/element", node.at), element::Place::Input),
            None => self.say("missing required field: element", &node.at),
        }
    }

    fn elements(&mut self, node: &Node<'_>, max: usize, place: element::Place) {
        let Some(elements) = self.list(node, "elements", 1, max, true) else { return };
        let mut seen = BTreeSet::new();
        for (i, item) in elements.iter().enumerate() {
            let at = format!("{}/elements/{i}", node.at);
            self.element(item, &at, place);
            if let Some(id) = item.get("action_id").and_then(Value::as_str)
                && !seen.insert(id)
            {
                self.say(format!("`action_id` must be unique: {}", cut(id)), &format!("{at}/action_id"));
            }
        }
    }

    fn image(&mut self, node: &Node<'_>) {
        self.string(node, "alt_text", 1, 2000, true);
        if node.get("slack_file").is_none() {
            self.string(node, "image_url", 1, 3000, true);
        }
    }
}

#[cfg(test)]
mod tests;
