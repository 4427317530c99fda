//! What a block kit tree may hold, and what Slack says of one that it does not take.

use serde_json::{Value, json};

use super::*;

fn plain(n: usize) -> Value {
    json!({ "type": "plain_text", "text": "ü".repeat(n) })
}

fn section(n: usize) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": "ü".repeat(n) } })
}

fn button(text: usize) -> Value {
    json!({ "type": "button", "action_id": "go", "text": plain(text) })
}

fn actions(elements: Value) -> Value {
    json!({ "type": "actions", "elements": elements })
}

fn options(n: usize) -> Value {
    (0..n).map(|i| json!({ "text": plain(1), "value": i.to_string() })).collect()
}

fn input(element: Value) -> Value {
    json!({ "type": "input", "label": plain(1), "element": element })
}

fn modal(blocks: Value) -> Value {
    json!({ "type": "modal", "title": plain(24), "submit": plain(24), "blocks": blocks })
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn said(flaws: &[Flaw]) -> Vec<String> {
    flaws.iter().map(Flaw::to_string).collect()
}

#[test]
fn messages_are_judged_as_slack_does() {
    let confirm = |title: usize, text: usize, word: usize| {
        let confirm =
            json!({ "title": plain(title), "text": plain(text), "confirm": plain(word), "deny": plain(2) });
        json!([actions(json!([with(button(1), "confirm", confirm)]))])
    };
    let select = |n: usize| json!([actions(json!([{ "type": "static_select", "options": options(n) }]))]);
    let table: Vec<(&str, Value, &[&str])> = vec![
        ("nothing at all", json!([]), &[]),
        ("a full section", json!([section(3000)]), &[]),
        (
            "a section too long",
            json!([section(3001)]),
            &["must be less than 3001 characters [json-pointer:/blocks/0/text/text]"],
        ),
        (
            "an empty text",
            json!([section(0)]),
            &["must be more than 0 characters [json-pointer:/blocks/0/text/text]"],
        ),
        ("50 blocks", json!(vec![json!({"type": "divider"}); 50]), &[]),
        (
            "51 blocks",
            json!(vec![json!({"type": "divider"}); 51]),
            &["no more than 50 items allowed [json-pointer:/blocks]"],
        ),
        ("not a list", json!({}), &["must be an array [json-pointer:/blocks]"]),
        (
            "an unknown block",
            json!([{"type": "bogus"}]),
            &["unsupported type: bogus [json-pointer:/blocks/0/type]"],
        ),
        ("no type", json!([{}]), &["missing required field: type [json-pointer:/blocks/0]"]),
        (
            "an unknown field",
            json!([{"type": "divider", "colour": 1}]),
            &["invalid additional property: colour [json-pointer:/blocks/0]"],
        ),
        (
            "a section without text",
            json!([{"type": "section"}]),
            &["missing required field: text [json-pointer:/blocks/0]"],
        ),
        (
            "eleven fields",
            json!([{"type": "section", "fields": vec![plain(1); 11]}]),
            &["no more than 10 items allowed [json-pointer:/blocks/0/fields]"],
        ),
        (
            "a field too long",
            json!([{"type": "section", "fields": [plain(2000), plain(2001)]}]),
            &["must be less than 2001 characters [json-pointer:/blocks/0/fields/1/text]"],
        ),
        ("a full header", json!([{"type": "header", "text": plain(150)}]), &[]),
        (
            "a header of mrkdwn",
            json!([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]),
            &["unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]"],
        ),
        (
            "eleven bits of context",
            json!([{"type": "context", "elements": vec![plain(1); 11]}]),
            &["no more than 10 items allowed [json-pointer:/blocks/0/elements]"],
        ),
        (
            "26 actions",
            json!([actions((0..26).map(|i| with(button(1), "action_id", json!(format!("a{i}")))).collect())]),
            &["no more than 25 items allowed [json-pointer:/blocks/0/elements]"],
        ),
        ("a full button", json!([actions(json!([with(button(75), "value", json!("v".repeat(2000)))]))]), &[]),
        (
            "a button too long",
            json!([actions(json!([button(76)]))]),
            &["must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]"],
        ),
        (
            "a value too long",
            json!([actions(json!([with(button(1), "value", json!("v".repeat(2001)))]))]),
            &["must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]"],
        ),
        (
            "a label too long",
            json!([actions(json!([with(button(1), "accessibility_label", json!("v".repeat(76)))]))]),
            &["must be less than 76 characters [json-pointer:/blocks/0/elements/0/accessibility_label]"],
        ),
        (
            "a made-up style",
            json!([actions(json!([with(button(1), "style", json!("loud"))]))]),
            &["failed to match all allowed schemas [json-pointer:/blocks/0/elements/0/style]"],
        ),
        ("a full confirmation", confirm(100, 300, 30), &[]),
        (
            "a confirmation too long",
            confirm(101, 301, 31),
            &[
                "must be less than 101 characters [json-pointer:/blocks/0/elements/0/confirm/title/text]",
                "must be less than 301 characters [json-pointer:/blocks/0/elements/0/confirm/text/text]",
                "must be less than 31 characters [json-pointer:/blocks/0/elements/0/confirm/confirm/text]",
            ],
        ),
        (
            "two actions of one name",
            json!([actions(json!([button(1), button(1)]))]),
            &["`action_id` must be unique: go [json-pointer:/blocks/0/elements/1/action_id]"],
        ),
        (
            "one action name in two blocks",
            json!([actions(json!([button(1)])), actions(json!([button(1)]))]),
            &[],
        ),
        (
            "two blocks of one name",
            json!([{"type": "divider", "block_id": "b"}, {"type": "divider", "block_id": "b"}]),
            &["`block_id` must be unique: b [json-pointer:/blocks/1/block_id]"],
        ),
        (
            "a block name too long",
            json!([{"type": "divider", "block_id": "b".repeat(256)}]),
            &["must be less than 256 characters [json-pointer:/blocks/0/block_id]"],
        ),
        ("100 options", select(100), &[]),
        (
            "101 options",
            select(101),
            &["no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]"],
        ),
        (
            "no options",
            json!([actions(json!([{ "type": "static_select" }]))]),
            &["missing required field: options [json-pointer:/blocks/0/elements/0]"],
        ),
        (
            "an option too long",
            json!([actions(json!([{ "type": "overflow", "options": [
                { "text": plain(76), "value": "v".repeat(151), "description": plain(76) }] }]))]),
            &[
                "must be less than 76 characters [json-pointer:/blocks/0/elements/0/options/0/text/text]",
                "must be less than 76 characters [json-pointer:/blocks/0/elements/0/options/0/description/text]",
                "must be less than 151 characters [json-pointer:/blocks/0/elements/0/options/0/value]",
            ],
        ),
        (
            "six in an overflow",
            json!([{ "type": "section", "text": plain(1), "accessory": { "type": "overflow", "options": options(6) } }]),
            &["no more than 5 items allowed [json-pointer:/blocks/0/accessory/options]"],
        ),
        (
            "a choice that is not offered",
            json!([actions(json!([{ "type": "radio_buttons", "options": options(2),
                "initial_option": { "text": plain(1), "value": "7" } }]))]),
            &["must be one of the provided options [json-pointer:/blocks/0/elements/0/initial_option]"],
        ),
        (
            "typing among actions",
            json!([actions(json!([{ "type": "plain_text_input" }]))]),
            &["unsupported type: plain_text_input [json-pointer:/blocks/0/elements/0/type]"],
        ),
        ("markdown, full", json!([{ "type": "markdown", "text": "m".repeat(12_000) }]), &[]),
        (
            "markdown, too long together",
            json!([{ "type": "markdown", "text": "m".repeat(6_001) }, { "type": "markdown", "text": "m".repeat(6_000) }]),
            &["must be less than 12001 characters [json-pointer:/blocks]"],
        ),
        (
            "an image without words",
            json!([{ "type": "image", "image_url": "https://example.com/i.png" }]),
            &["missing required field: alt_text [json-pointer:/blocks/0]"],
        ),
    ];
    for (name, blocks, expected) in table {
        assert_eq!(said(&check_message(&blocks)), expected, "{name}");
    }
}

#[test]
fn views_are_judged_as_slack_does() {
    let text_input = |more: Value| {
        let mut element = json!({ "type": "plain_text_input", "action_id": "say" });
        element.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        element
    };
    let table: Vec<(&str, Value, &[&str])> = vec![
        ("a full modal", modal(json!(vec![json!({"type": "divider"}); 100])), &[]),
        (
            "101 blocks",
            modal(json!(vec![json!({"type": "divider"}); 101])),
            &["no more than 100 items allowed [json-pointer:/view/blocks]"],
        ),
        (
            "a title too long",
            with(modal(json!([])), "title", plain(25)),
            &["must be less than 25 characters [json-pointer:/view/title/text]"],
        ),
        (
            "no title",
            json!({ "type": "modal", "blocks": [] }),
            &["missing required field: title [json-pointer:/view]"],
        ),
        (
            "no blocks",
            json!({ "type": "modal", "title": plain(1) }),
            &["missing required field: blocks [json-pointer:/view]"],
        ),
        ("no type", json!({}), &["missing required field: type [json-pointer:/view]"]),
        (
            "much to remember",
            with(modal(json!([])), "private_metadata", json!("p".repeat(3001))),
            &["must be less than 3001 characters [json-pointer:/view/private_metadata]"],
        ),
        (
            "an input without a submit",
            json!({ "type": "modal", "title": plain(1), "blocks": [input(text_input(json!({})))] }),
            &["must define `submit` to use an `input` block in modals [json-pointer:/view/blocks/0/input]"],
        ),
        ("an input in a home tab", json!({ "type": "home", "blocks": [input(text_input(json!({})))] }), &[]),
        (
            "a home tab with a title",
            json!({ "type": "home", "title": plain(1), "blocks": [] }),
            &["invalid additional property: title [json-pointer:/view]"],
        ),
        (
            "an input that may be too long",
            modal(json!([input(text_input(json!({ "max_length": 3001 })))])),
            &["must be from 1 to 3000 [json-pointer:/view/blocks/0/element/max_length]"],
        ),
        (
            "a placeholder too long",
            modal(json!([input(text_input(json!({ "placeholder": plain(151) })))])),
            &["must be less than 151 characters [json-pointer:/view/blocks/0/element/placeholder/text]"],
        ),
        (
            "two that want the focus",
            modal(json!([
                input(text_input(json!({ "focus_on_load": true }))),
                input(text_input(json!({ "focus_on_load": true }))),
            ])),
            &["only one element may have `focus_on_load` [json-pointer:/view/blocks]"],
        ),
        (
            "an external select",
            modal(json!([input(
                json!({ "type": "external_select", "action_id": "a", "min_query_length": 0 })
            )])),
            &[],
        ),
        (
            "a button as an input",
            modal(json!([input(button(1))])),
            &["unsupported type: button [json-pointer:/view/blocks/0/element/type]"],
        ),
    ];
    for (name, view, expected) in table {
        assert_eq!(said(&check_view(&view)), expected, "{name}");
    }
}

#[test]
fn offered_options_are_judged_too() {
    assert_eq!(check_options(&json!({ "options": [] })), []);
    assert_eq!(check_options(&json!({ "options": options(100) })), []);
    assert_eq!(
        said(&check_options(&json!({ "options": options(101) }))),
        ["no more than 100 items allowed [json-pointer:/options]"]
    );
    let group = json!({ "label": plain(76), "options": options(1) });
    assert_eq!(
        said(&check_options(&json!({ "option_groups": [group] }))),
        ["must be less than 76 characters [json-pointer:/option_groups/0/label/text]"]
    );
    assert_eq!(said(&check_options(&json!({}))), ["missing required field: options [json-pointer:]"]);
}
