//! Forms: the fields of a view or message, what is in them, and what Slack's own client checks before it sends.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::act::ActError;

/// What a person puts into a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Entry {
    /// It is emptied.
    Nothing,
    /// A text, a date, a user's id; for a select, an option's value or the words it shows.
    One(String),
    /// Several of these.
    Many(Vec<String>),
}

impl From<&str> for Entry {
    fn from(text: &str) -> Self {
        Self::One(text.to_owned())
    }
}

impl From<String> for Entry {
    fn from(text: String) -> Self {
        Self::One(text)
    }
}

impl From<Vec<String>> for Entry {
    fn from(texts: Vec<String>) -> Self {
        Self::Many(texts)
    }
}

/// By block and by action, as `state.values` has it.
pub(super) type Values = BTreeMap<String, BTreeMap<String, Value>>;

/// An element that a person can act on, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot<'v> {
    pub(super) block: &'v str,
    pub(super) action: &'v str,
    pub(super) kind: &'v str,
    pub(super) element: &'v Value,
    /// Whether it must be filled in before a modal can be submitted.
    pub(super) required: bool,
    /// Whether a change is sent to the app at once.
    pub(super) dispatches: bool,
}

/// Every element with an action, in order.
pub(super) fn slots(blocks: &[Value]) -> Vec<Slot<'_>> {
    let mut found = Vec::new();
    for block in blocks {
        let id = word(block, "block_id");
        match word(block, "type") {
            "input" => {
                let required = !flag(block, "optional");
                let dispatches = flag(block, "dispatch_action");
                found.extend(block.get("element").and_then(|e| slot(id, e, required, dispatches)));
            }
            "section" => found.extend(block.get("accessory").and_then(|e| slot(id, e, false, true))),
            "actions" => {
                let elements = block.get("elements").and_then(Value::as_array).into_iter().flatten();
                found.extend(elements.filter_map(|e| slot(id, e, false, true)));
            }
            _ => {}
        }
    }
    found
}

fn slot<'v>(block: &'v str, element: &'v Value, required: bool, dispatches: bool) -> Option<Slot<'v>> {
    let kind = word(element, "type");
    let action = element.get("action_id").and_then(Value::as_str)?;
    (kind != "image").then_some(Slot { block, action, kind, element, required, dispatches })
}

/// A field's text; empty when there is none.
pub(super) fn word<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or_default()
}

/// Gives blocks and elements the ids that their author left out, as Slack does.
pub(super) fn name_all(blocks: &mut [Value]) {
    for block in blocks {
        name_one(block, "block_id");
        for inner in ["element", "accessory"] {
            if let Some(element) = block.get_mut(inner) {
                name_one(element, "action_id");
            }
        }
        if word(block, "type") == "actions"
            && let Some(elements) = block.get_mut("elements").and_then(Value::as_array_mut)
        {
            elements.iter_mut().for_each(|element| name_one(element, "action_id"));
        }
    }
}

fn name_one(value: &mut Value, field: &str) {
    if word(value, "type") == "image" && field == "action_id" {
        return;
    }
    if let Some(map) = value.as_object_mut()
        && map.get(field).and_then(Value::as_str).is_none_or(str::is_empty)
    {
        map.insert(field.to_owned(), json!(format!("{:05x}", rand::random::<u32>() & 0xf_ffff)));
    }
}

/// How a kind of element keeps what is in it: the field of the state, the field that fills it at first, and
/// whether it holds several.
fn keeps(kind: &str) -> Option<(&'static str, &'static str, bool)> {
    Some(match kind {
        "plain_text_input" | "number_input" | "email_text_input" | "url_text_input" => {
            ("value", "initial_value", false)
        }
        "static_select" | "external_select" | "radio_buttons" => ("selected_option", "initial_option", false),
        "multi_static_select" | "multi_external_select" | "checkboxes" => {
            ("selected_options", "initial_options", true)
        }
        "users_select" => ("selected_user", "initial_user", false),
        "multi_users_select" => ("selected_users", "initial_users", true),
        "channels_select" => ("selected_channel", "initial_channel", false),
        "multi_channels_select" => ("selected_channels", "initial_channels", true),
        "conversations_select" => ("selected_conversation", "initial_conversation", false),
        "multi_conversations_select" => ("selected_conversations", "initial_conversations", true),
        "datepicker" => ("selected_date", "initial_date", false),
        "timepicker" => ("selected_time", "initial_time", false),
        "datetimepicker" => ("selected_date_time", "initial_date_time", false),
        _ => return None,
    })
}

/// What fields hold: what a person had put there, as far as the same field is still there; else what the app
/// wants in it at first.
pub(super) fn values(blocks: &[Value], before: &Values) -> Values {
    let mut values = Values::new();
    for slot in slots(blocks) {
        let Some((field, initial, many)) = keeps(slot.kind) else { continue };
        let old = before.get(slot.block).and_then(|block| block.get(slot.action));
        let kept = old.filter(|old| word(old, "type") == slot.kind).cloned().unwrap_or_else(|| {
            let empty = if many { json!([]) } else { Value::Null };
            let first = slot.element.get(initial).cloned().unwrap_or(empty);
            json!({ "type": slot.kind, field: first })
        });
        values.entry(slot.block.to_owned()).or_default().insert(slot.action.to_owned(), kept);
    }
    values
}

/// The state of a field after a person's entry. Options of an external select are those that were offered.
pub(super) fn entered(slot: Slot<'_>, entry: &Entry, offered: &[Value]) -> Result<Value, ActError> {
    let Some((field, _, many)) = keeps(slot.kind) else {
        return Err(ActError::NotAField(slot.action.to_owned()));
    };
    let options = matches!(field, "selected_option" | "selected_options");
    let one = |text: &String| -> Result<Value, ActError> {
        if options {
            let own = options_in(slot.element);
            let option = pick(own.iter().copied().chain(offered), text);
            return option.cloned().ok_or_else(|| ActError::NoSuchOption(text.clone()));
        }
        if slot.kind == "datetimepicker" {
            let at = text.parse::<i64>().map_err(|_| ActError::NoSuchOption(text.clone()))?;
            return Ok(json!(at));
        }
        Ok(json!(text))
    };
    let value = match (entry, many) {
        (Entry::Nothing, false) => Value::Null,
        (Entry::Nothing, true) => json!([]),
        (Entry::One(text), false) if text.is_empty() && !options => Value::Null,
        (Entry::One(text), false) => one(text)?,
        (Entry::One(text), true) => json!([one(text)?]),
        (Entry::Many(texts), true) => Value::Array(texts.iter().map(one).collect::<Result<_, _>>()?),
        (Entry::Many(_), false) => return Err(ActError::OnlyOne(slot.action.to_owned())),
    };
    Ok(json!({ "type": slot.kind, field: value }))
}

/// The options that an element or a search answer has, groups unfolded.
pub(super) fn options_in(holder: &Value) -> Vec<&Value> {
    let plain = holder.get("options").and_then(Value::as_array).into_iter().flatten();
    let groups = holder.get("option_groups").and_then(Value::as_array).into_iter().flatten();
    plain.chain(groups.filter_map(|group| group.get("options")?.as_array()).flatten()).collect()
}

/// The option with that value; else the one that shows these words.
pub(super) fn pick<'v>(options: impl Iterator<Item = &'v Value> + Clone, text: &str) -> Option<&'v Value> {
    let by_value = options.clone().find(|option| word(option, "value") == text);
    by_value.or_else(|| options.into_iter().find(|o| o.get("text").is_some_and(|t| word(t, "text") == text)))
}

/// What Slack's own client says of fields before it sends a form, by block.
pub(super) fn incomplete(blocks: &[Value], values: &Values) -> BTreeMap<String, String> {
    let mut said = BTreeMap::new();
    for slot in slots(blocks) {
        let state = values.get(slot.block).and_then(|block| block.get(slot.action));
        let Some((field, ..)) = keeps(slot.kind) else { continue };
        let value = state.and_then(|state| state.get(field)).unwrap_or(&Value::Null);
        let empty = match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
        };
        if empty {
            if slot.required {
                said.insert(slot.block.to_owned(), "Please complete this required field.".to_owned());
            }
            continue;
        }
        if let Some(text) = value.as_str()
            && let Some(length) = wrong_length(slot.element, text)
        {
            said.insert(slot.block.to_owned(), length);
        }
    }
    said
}

fn wrong_length(element: &Value, text: &str) -> Option<String> {
    let length = text.chars().count() as u64;
    let bound = |name: &str| element.get(name).and_then(Value::as_u64);
    let most = bound("max_length").unwrap_or(3000);
    let least = bound("min_length").unwrap_or(0);
    if length > most {
        Some(format!("Must be no more than {most} characters."))
    } else if length < least {
        Some(format!("Must be at least {least} characters."))
    } else {
        None
    }
}

/// What the app is told of one act: a button, an overflow's option, or a field that sends its changes.
pub(super) fn action(slot: Slot<'_>, state: Option<&Value>, chosen: Option<&Value>, ts: &str) -> Value {
    let mut told = Map::new();
    if let Some(state) = state.and_then(Value::as_object) {
        told.extend(state.clone());
    }
    for name in ["text", "value", "style"] {
        if let Some(value) = slot.element.get(name).filter(|_| slot.kind == "button") {
            told.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(option) = chosen {
        told.insert("selected_option".to_owned(), option.clone());
    }
    told.insert("type".to_owned(), json!(slot.kind));
    told.insert("action_id".to_owned(), json!(slot.action));
    told.insert("block_id".to_owned(), json!(slot.block));
    told.insert("action_ts".to_owned(), json!(ts));
    Value::Object(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks() -> Vec<Value> {
        let option =
            |v: &str| json!({ "text": { "type": "plain_text", "text": v.to_uppercase() }, "value": v });
        vec![
            json!({ "type": "input", "block_id": "why", "label": {}, "element":
                { "type": "plain_text_input", "action_id": "say", "min_length": 3, "max_length": 5 } }),
            json!({ "type": "input", "block_id": "pick", "optional": true, "label": {}, "element":
                { "type": "static_select", "action_id": "one", "options": [option("a"), option("b")],
                  "initial_option": option("b") } }),
            json!({ "type": "input", "block_id": "boxes", "optional": true, "label": {}, "element":
                { "type": "checkboxes", "action_id": "many", "options": [option("a"), option("b")] } }),
        ]
    }

    #[test]
    fn fields_begin_as_the_app_wants_and_keep_what_was_put_in() {
        let blocks = blocks();
        let first = values(&blocks, &Values::new());
        assert_eq!(first["why"]["say"], json!({ "type": "plain_text_input", "value": null }));
        assert_eq!(first["pick"]["one"]["selected_option"]["value"], json!("b"));
        assert_eq!(first["boxes"]["many"]["selected_options"], json!([]));
        let mut typed = first;
        let say = slots(&blocks)[0];
        typed
            .get_mut("why")
            .expect("it is there")
            .insert("say".into(), entered(say, &"hello".into(), &[]).expect("typed"));
        assert_eq!(values(&blocks, &typed)["why"]["say"]["value"], json!("hello"));
        assert_eq!(values(&blocks[1..], &typed).get("why"), None, "a field that went took its text along");
    }

    #[test]
    fn options_are_found_by_value_or_by_words() {
        let blocks = blocks();
        let one = slots(&blocks)[1];
        for text in ["a", "A"] {
            let state = entered(one, &text.into(), &[]).expect("it is offered");
            assert_eq!(state["selected_option"]["value"], json!("a"));
        }
        assert!(matches!(entered(one, &"c".into(), &[]), Err(ActError::NoSuchOption(_))));
        let boxes = entered(slots(&blocks)[2], &vec!["a".to_owned(), "B".to_owned()].into(), &[]);
        assert_eq!(boxes.expect("both are offered")["selected_options"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn the_client_refuses_incomplete_forms() {
        let blocks = blocks();
        let say = slots(&blocks)[0];
        for (text, said) in [
            ("", Some("Please complete this required field.")),
            ("ab", Some("Must be at least 3 characters.")),
            ("üüüüü", None),
            ("abcdef", Some("Must be no more than 5 characters.")),
        ] {
            let mut filled = values(&blocks, &Values::new());
            let state = entered(say, &text.into(), &[]).expect("it is typed");
            filled.get_mut("why").expect("it is there").insert("say".into(), state);
            assert_eq!(incomplete(&blocks, &filled).get("why").map(String::as_str), said, "{text}");
        }
    }

    #[test]
    fn what_has_no_name_gets_one() {
        let mut blocks = vec![json!({ "type": "actions", "elements": [{ "type": "button" }] })];
        name_all(&mut blocks);
        assert_eq!(blocks[0]["block_id"].as_str().map(str::len), Some(5));
        assert_eq!(blocks[0]["elements"][0]["action_id"].as_str().map(str::len), Some(5));
    }
}
