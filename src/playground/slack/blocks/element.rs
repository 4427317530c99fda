//! The interactive parts: buttons, selects, inputs, and their options.

use serde_json::Value;

use super::{Check, Node, Surface};

/// Where an element stands in its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Beside a section's text.
    Accessory,
    /// In a row of actions.
    Actions,
    /// In an input block.
    Input,
    /// In a line of context.
    Context,
}

impl Place {
    fn takes(self, kind: &str) -> bool {
        let pick = matches!(
            kind,
            "static_select"
                | "external_select"
                | "users_select"
                | "conversations_select"
                | "channels_select"
                | "checkboxes"
                | "radio_buttons"
                | "datepicker"
                | "timepicker"
        );
        let many = kind.starts_with("multi_");
        match self {
            Self::Accessory => {
                pick || many || matches!(kind, "button" | "overflow" | "image" | "workflow_button")
            }
            Self::Actions => {
                pick || matches!(kind, "button" | "overflow" | "datetimepicker" | "workflow_button")
            }
            Self::Input => {
                pick || many
                    || matches!(
                        kind,
                        "plain_text_input"
                            | "number_input"
                            | "email_text_input"
                            | "url_text_input"
                            | "datetimepicker"
                            | "file_input"
                            | "rich_text_input"
                    )
            }
            Self::Context => kind == "image",
        }
    }
}

/// Options of selects, their groups, and options in a group.
const OPTIONS_MAX: usize = 100;

impl Check {
    pub(super) fn element(&mut self, value: &Value, at: &str, place: Place) {
        let Some(node) = self.object(value, at) else { return };
        let Some(kind) = self.kind_of(&node) else { return };
        if !place.takes(kind) {
            self.unsupported(kind, at);
            return;
        }
        self.string(&node, "action_id", 0, 255, false);
        self.focus(&node);
        if let Some(confirm) = node.get("confirm") {
            self.confirm(confirm, &format!("{at}/confirm"));
        }
        match kind {
            "button" | "workflow_button" => self.button(&node, kind),
            "image" => {
                self.only(&node, &["type", "image_url", "alt_text", "slack_file"]);
                self.image(&node);
            }
            "overflow" => {
                self.only(&node, &["type", "action_id", "options", "confirm"]);
                self.options(&node, 5, Style { mrkdwn: false, url: true });
            }
            "radio_buttons" | "checkboxes" => {
                let initial = if kind == "checkboxes" { "initial_options" } else { "initial_option" };
                self.only(&node, &["type", "action_id", "options", initial, "confirm", "focus_on_load"]);
                self.options(&node, 10, Style { mrkdwn: true, url: false });
                self.initial(&node, initial);
            }
            "datepicker" => self.picker(&node, "initial_date"),
            "timepicker" => self.picker(&node, "initial_time"),
            "datetimepicker" => self.picker(&node, "initial_date_time"),
            "plain_text_input" | "number_input" | "email_text_input" | "url_text_input" => {
                self.typed(&node, kind);
            }
            "file_input" | "rich_text_input" => {}
            _ => self.select(&node, kind),
        }
    }

    fn button(&mut self, node: &Node<'_>, kind: &str) {
        let own = if kind == "button" { &["url", "value"][..] } else { &["workflow"][..] };
        let common = ["type", "action_id", "text", "style", "confirm", "accessibility_label"];
        self.only(node, &[&common[..], own].concat());
        self.plain_text(node, "text", 75, true);
        self.string(node, "value", 0, 2000, false);
        self.string(node, "url", 1, 3000, false);
        self.string(node, "accessibility_label", 0, 75, false);
        self.one_of(node, "style", &["primary", "danger"]);
    }

    fn confirm(&mut self, value: &Value, at: &str) {
        let Some(node) = self.object(value, at) else { return };
        self.only(&node, &["title", "text", "confirm", "deny", "style"]);
        self.plain_text(&node, "title", 100, true);
        self.text(&node, "text", 300, true);
        self.plain_text(&node, "confirm", 30, true);
        self.plain_text(&node, "deny", 30, true);
        self.one_of(&node, "style", &["primary", "danger"]);
    }

    fn focus(&mut self, node: &Node<'_>) {
        self.boolean(node, "focus_on_load");
        if node.get("focus_on_load").and_then(Value::as_bool) == Some(true) {
            self.focused += 1;
        }
    }

    fn picker(&mut self, node: &Node<'_>, initial: &str) {
        let mut known = vec!["type", "action_id", initial, "confirm", "focus_on_load"];
        match initial {
            "initial_date_time" => {
                self.integer(node, initial, 1_000_000_000, 9_999_999_999, false);
            }
            "initial_time" => {
                known.extend(["placeholder", "timezone"]);
                self.string(node, initial, 5, 5, false);
            }
            _ => {
                known.push("placeholder");
                self.string(node, initial, 10, 10, false);
            }
        }
        self.only(node, &known);
        self.plain_text(node, "placeholder", 150, false);
    }

    fn typed(&mut self, node: &Node<'_>, kind: &str) {
        let common =
            ["type", "action_id", "initial_value", "placeholder", "dispatch_action_config", "focus_on_load"];
        let own = match kind {
            "plain_text_input" => &["multiline", "min_length", "max_length"][..],
            "number_input" => &["is_decimal_allowed", "min_value", "max_value"][..],
            _ => &[][..],
        };
        self.only(node, &[&common[..], own].concat());
        self.plain_text(node, "placeholder", 150, false);
        if kind == "plain_text_input" {
            self.boolean(node, "multiline");
            self.integer(node, "min_length", 0, 3000, false);
            self.integer(node, "max_length", 1, 3000, false);
            let most = node.get("max_length").and_then(Value::as_u64).unwrap_or(3000).min(3000);
            self.string(node, "initial_value", 0, usize::try_from(most).unwrap_or(3000), false);
        } else {
            self.string(node, "initial_value", 0, 3000, false);
        }
        if let Some(config) = node.get("dispatch_action_config") {
            let at = format!("{}/dispatch_action_config", node.at);
            if let Some(config) = self.object(config, &at) {
                self.only(&config, &["trigger_actions_on"]);
            }
        }
    }

    fn select(&mut self, node: &Node<'_>, kind: &str) {
        let (many, source) = match kind.strip_prefix("multi_") {
            Some(source) => (true, source),
            None => (false, kind),
        };
        let mut known = vec!["type", "action_id", "placeholder", "confirm", "focus_on_load"];
        if many {
            known.push("max_selected_items");
            self.integer(node, "max_selected_items", 1, 100, false);
        }
        let initial = match (source, many) {
            ("static_select" | "external_select", false) => "initial_option",
            ("static_select" | "external_select", true) => "initial_options",
            ("users_select", false) => "initial_user",
            ("users_select", true) => "initial_users",
            ("channels_select", false) => "initial_channel",
            ("channels_select", true) => "initial_channels",
            ("conversations_select", false) => "initial_conversation",
            ("conversations_select", true) => "initial_conversations",
            (other, _) => {
                self.unsupported(other, &node.at);
                return;
            }
        };
        known.push(initial);
        match source {
            "static_select" => {
                known.extend(["options", "option_groups"]);
                self.static_options(node);
                self.initial(node, initial);
            }
            "external_select" => {
                known.push("min_query_length");
                self.integer(node, "min_query_length", 0, 3000, false);
            }
            "conversations_select" => {
                known.extend(["default_to_current_conversation", "filter", "response_url_enabled"]);
            }
            "channels_select" => known.push("response_url_enabled"),
            _ => {}
        }
        self.only(node, &known);
        self.plain_text(node, "placeholder", 150, false);
        if node.get("response_url_enabled").is_some() && self.surface != Surface::Modal {
            self.say("`response_url_enabled` is for modals", &node.at);
        }
    }

    fn static_options(&mut self, node: &Node<'_>) {
        match (node.get("options"), node.get("option_groups")) {
            (Some(_), None) => self.options(node, OPTIONS_MAX, Style { mrkdwn: false, url: false }),
            (None, Some(_)) => self.groups(node),
            (Some(_), Some(_)) => self.say("only one of `options` and `option_groups` allowed", &node.at),
            (None, None) => self.say("missing required field: options", &node.at),
        }
    }

    /// What an app answers to a search.
    pub(super) fn offered(&mut self, answer: &Value) {
        let Some(node) = self.object(answer, "") else { return };
        self.only(&node, &["options", "option_groups"]);
        if let Some(options) = node.get("options").filter(|_| node.get("option_groups").is_none()) {
            // Nothing found is an answer, unlike a select without options.
            if options.as_array().is_some_and(Vec::is_empty) {
                return;
            }
        }
        self.static_options(&node);
    }

    fn groups(&mut self, node: &Node<'_>) {
        let Some(groups) = self.list(node, "option_groups", 1, OPTIONS_MAX, true) else { return };
        for (i, group) in groups.iter().enumerate() {
            let at = format!("{}/option_groups/{i}", node.at);
            let Some(group) = self.object(group, &at) else { continue };
            self.only(&group, &["label", "options"]);
            self.plain_text(&group, "label", 75, true);
            self.options(&group, OPTIONS_MAX, Style { mrkdwn: false, url: false });
        }
    }

    fn options(&mut self, node: &Node<'_>, max: usize, style: Style) {
        let Some(options) = self.list(node, "options", 1, max, true) else { return };
        for (i, option) in options.iter().enumerate() {
            self.option(option, &format!("{}/options/{i}", node.at), style);
        }
    }

    fn option(&mut self, value: &Value, at: &str, style: Style) {
        let Some(node) = self.object(value, at) else { return };
        if style.url {
            self.only(&node, &["text", "value", "description", "url"]);
            self.string(&node, "url", 1, 3000, false);
        } else {
            self.only(&node, &["text", "value", "description"]);
        }
        if style.mrkdwn {
            self.text(&node, "text", 75, true);
            self.text(&node, "description", 75, false);
        } else {
            self.plain_text(&node, "text", 75, true);
            self.plain_text(&node, "description", 75, false);
        }
        self.string(&node, "value", 1, 150, true);
    }

    /// What is chosen at first must be among what can be chosen.
    fn initial(&mut self, node: &Node<'_>, name: &str) {
        let Some(initial) = node.get(name) else { return };
        let offered = every_option(node);
        let chosen = initial.as_array().map_or_else(|| vec![initial], |list| list.iter().collect());
        if chosen.is_empty() || !chosen.iter().all(|option| offered.contains(option)) {
            self.say("must be one of the provided options", &format!("{}/{name}", node.at));
        }
    }
}

fn every_option<'v>(node: &Node<'v>) -> Vec<&'v Value> {
    let plain = node.get("options").and_then(Value::as_array).into_iter().flatten();
    let groups = node.get("option_groups").and_then(Value::as_array).into_iter().flatten();
    let grouped = groups.filter_map(|group| group.get("options")?.as_array()).flatten();
    plain.chain(grouped).collect()
}

#[derive(Debug, Clone, Copy)]
struct Style {
    mrkdwn: bool,
    url: bool,
}
