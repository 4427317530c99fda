//! The small judgements that all others are made of.

use serde_json::{Map, Value};

use super::{Check, cut};

/// An object and where it stands.
pub(super) struct Node<'v> {
    map: &'v Map<String, Value>,
    pub(super) at: String,
}

impl<'v> Node<'v> {
    /// A field; null counts as left out.
    pub(super) fn get(&self, name: &str) -> Option<&'v Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.at)
    }
}

/// Code points, as Slack counts them.
pub(super) fn count(text: &str) -> usize {
    text.chars().count()
}

impl Check {
    pub(super) fn object<'v>(&mut self, value: &'v Value, at: &str) -> Option<Node<'v>> {
        match value.as_object() {
            Some(map) => Some(Node { map, at: at.to_owned() }),
            None => {
                self.say("must be an object", at);
                None
            }
        }
    }

    pub(super) fn kind_of<'v>(&mut self, node: &Node<'v>) -> Option<&'v str> {
        let kind = node.get("type").and_then(Value::as_str);
        if kind.is_none() {
            self.say("missing required field: type", &node.at);
        }
        kind
    }

    pub(super) fn only(&mut self, node: &Node<'_>, known: &[&str]) {
        for name in node.map.keys().filter(|name| !known.contains(&name.as_str())) {
            self.say(format!("invalid additional property: {}", cut(name)), &node.at);
        }
    }

    fn required<'v>(&mut self, node: &Node<'v>, name: &str, required: bool) -> Option<&'v Value> {
        let value = node.get(name);
        if value.is_none() && required {
            self.say(format!("missing required field: {name}"), &node.at);
        }
        value
    }

    pub(super) fn string(&mut self, node: &Node<'_>, name: &str, min: usize, max: usize, required: bool) {
        let Some(value) = self.required(node, name, required) else { return };
        match value.as_str() {
            Some(text) => self.length(text, min, max, &node.at(name)),
            None => self.say("must be a string", &node.at(name)),
        }
    }

    pub(super) fn length(&mut self, text: &str, min: usize, max: usize, at: &str) {
        let length = count(text);
        if length < min {
            self.say(format!("must be more than {} characters", min - 1), at);
        } else if length > max {
            self.say(format!("must be less than {} characters", max + 1), at);
        }
    }

    pub(super) fn boolean(&mut self, node: &Node<'_>, name: &str) {
        if node.get(name).is_some_and(|value| !value.is_boolean()) {
            self.say("must be a boolean", &node.at(name));
        }
    }

    pub(super) fn integer(&mut self, node: &Node<'_>, name: &str, min: i64, max: i64, required: bool) {
        let Some(value) = self.required(node, name, required) else { return };
        match value.as_i64() {
            Some(n) if (min..=max).contains(&n) => {}
            Some(_) => self.say(format!("must be from {min} to {max}"), &node.at(name)),
            None => self.say("must be an integer", &node.at(name)),
        }
    }

    pub(super) fn one_of(&mut self, node: &Node<'_>, name: &str, words: &[&str]) {
        let Some(value) = node.get(name) else { return };
        if !value.as_str().is_some_and(|word| words.contains(&word)) {
            self.say("failed to match all allowed schemas", &node.at(name));
        }
    }

    pub(super) fn list<'v>(
        &mut self,
        node: &Node<'v>,
        name: &str,
        min: usize,
        max: usize,
        required: bool,
    ) -> Option<&'v [Value]> {
        let value = self.required(node, name, required)?;
        let Some(list) = value.as_array() else {
            self.say("must be an array", &node.at(name));
            return None;
        };
        if list.len() < min {
            self.say(format!("no fewer than {min} items allowed"), &node.at(name));
        } else if list.len() > max {
            self.say(format!("no more than {max} items allowed"), &node.at(name));
        }
        Some(list)
    }

    pub(super) fn text(&mut self, node: &Node<'_>, name: &str, max: usize, required: bool) {
        if let Some(value) = self.required(node, name, required) {
            self.text_object(value, &node.at(name), max, false);
        }
    }

    pub(super) fn plain_text(&mut self, node: &Node<'_>, name: &str, max: usize, required: bool) {
        if let Some(value) = self.required(node, name, required) {
            self.text_object(value, &node.at(name), max, true);
        }
    }

    pub(super) fn text_object(&mut self, value: &Value, at: &str, max: usize, plain_only: bool) {
        let Some(node) = self.object(value, at) else { return };
        match self.kind_of(&node) {
            Some("plain_text") => {
                self.only(&node, &["type", "text", "emoji"]);
                self.boolean(&node, "emoji");
            }
            Some("mrkdwn") if !plain_only => {
                self.only(&node, &["type", "text", "verbatim"]);
                self.boolean(&node, "verbatim");
            }
            Some(other) => self.unsupported(other, at),
            None => {}
        }
        self.string(&node, "text", 1, max, true);
    }
}
