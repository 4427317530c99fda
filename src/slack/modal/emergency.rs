//! The form for access at once. It offers what can be had by break-glass and nothing else, and begins with what the
//! command said: whoever typed all of it has one button left to press.

use serde_json::{Value, json};

use super::super::blocks::{context, input, option, plain_object, section};
use super::super::envelope::ROLE_SEARCH;
use super::super::words::{self, emergency_form, form};
use super::{
    CHOICES_MOST, Draft, EMERGENCY_FORM, FIELDS_MOST, WHY_LEAST, WHY_MOST, duration_block, field_block,
    modal, text_block,
};
use crate::ids::IssueKey;
use crate::policy::{PolicySet, RoleMatch};
use crate::time::{Span, Timestamp};

/// Choices of one select.
const OFFERED_MOST: usize = 100;

/// What the form leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emergency {
    /// Access.
    Real,
    /// An exercise.
    Drill {
        /// When the form was opened.
        began_at: Timestamp,
    },
}

impl Emergency {
    /// As the form carries it: nothing, or `drill:` and milliseconds.
    #[must_use]
    pub fn metadata(self) -> String {
        match self {
            Self::Real => String::new(),
            Self::Drill { began_at } => format!("drill:{}", began_at.millis()),
        }
    }

    /// Reads it back. None when it is neither: then nothing may be given.
    #[must_use]
    pub fn read(metadata: &str) -> Option<Self> {
        if metadata.is_empty() {
            return Some(Self::Real);
        }
        let millis = metadata.strip_prefix("drill:")?.parse().ok()?;
        Some(Self::Drill { began_at: Timestamp::from_millis(millis) })
    }
}

/// The form. `offered` are the roles that the person can have by break-glass, the likeliest first; where there is one
/// alone, it is chosen.
#[must_use]
pub fn emergency(policies: &PolicySet, offered: &[RoleMatch], draft: &Draft, leads_to: Emergency) -> Value {
    let only = if let [only] = offered { Some(&only.role) } else { None };
    let chosen = draft.role.as_ref().or(only);
    let rule = chosen.and_then(|at| policies.break_glass(at));
    let found = chosen.and_then(|at| policies.role(at).map(|(app, role)| (at, app, role)));
    let (warning, title, send) = match leads_to {
        Emergency::Real => (words::emergency_about(rule), emergency_form::TITLE, emergency_form::SEND),
        Emergency::Drill { .. } => {
            (words::drill_about(rule), emergency_form::DRILL_TITLE, emergency_form::DRILL_SEND)
        }
    };
    let mut blocks = vec![section("warning", &warning)];
    let mut about: Vec<String> = found.iter().map(|(_, app, role)| words::role_about(app, role)).collect();
    about.extend(draft.notes.iter().filter(|note| !note.is_empty()).cloned());
    let choice = |label: &str, value: &str| option(label, value, None);
    let chosen_option =
        found.map(|(at, app, role)| choice(&format!("{} · {}", app.name, role.name), &at.to_string()));
    blocks.push(role_block(offered, chosen_option));
    if !about.is_empty() {
        blocks.push(context("about", &about));
    }
    // Before a role is chosen, no more is offered than each of them allows.
    let least =
        offered.iter().filter_map(|at| policies.break_glass(&at.role)).map(|rule| rule.max_duration).min();
    let most = match (rule, found) {
        (Some(rule), Some((_, _, role))) => Some(rule.max_duration.min(role.max_duration)),
        (Some(_) | None, _) => least,
    };
    let usual = found.map_or(Span::hours(1), |(_, _, role)| role.default_duration);
    let id = found.map_or_else(|| "duration:".to_owned(), |(at, ..)| format!("duration:{at}"));
    blocks.push(duration_block(&id, form::DURATION, most, draft.duration.unwrap_or(usual)));
    let hint = Some(emergency_form::WHY_HINT);
    blocks.push(text_block("why", emergency_form::WHY, hint, WHY_LEAST, WHY_MOST, draft.because.as_deref()));
    blocks.push(incident_block(draft.ticket.as_ref()));
    let mut room = CHOICES_MOST;
    for field in found.iter().flat_map(|(_, _, role)| &role.fields).take(FIELDS_MOST) {
        let choices = field.choices.get(..field.choices.len().min(room).min(100)).unwrap_or_default();
        room -= choices.len();
        blocks.push(field_block(field, choices, draft.fields.get(&field.id).map(String::as_str)));
    }
    let mut view = modal(EMERGENCY_FORM, title, &leads_to.metadata(), blocks);
    if let Some(fields) = view.as_object_mut() {
        fields.insert("submit".to_owned(), plain_object(send, 24));
    }
    view
}

/// A list instead of a search: few roles can be had so, and a list takes one tap less.
fn role_block(offered: &[RoleMatch], chosen: Option<Value>) -> Value {
    let of = |found: &RoleMatch| {
        option(&format!("{} · {}", found.app_name, found.role_name), &found.role.to_string(), None)
    };
    let mut options: Vec<Value> = offered.iter().take(OFFERED_MOST).map(of).collect();
    if let Some(chosen) = &chosen
        && !options.iter().any(|option| option.get("value") == chosen.get("value"))
    {
        // A hidden role that was named, or one beyond the list.
        options.truncate(OFFERED_MOST - 1);
        options.push(chosen.clone());
    }
    let mut element = json!({"type": "static_select", "action_id": ROLE_SEARCH, "options": options});
    if let (Some(chosen), Some(fields)) = (chosen, element.as_object_mut()) {
        fields.insert("initial_option".to_owned(), chosen);
    }
    let mut block = input("role", emergency_form::ROLE, None, false, element);
    if let Some(fields) = block.as_object_mut() {
        fields.insert("dispatch_action".to_owned(), Value::Bool(true));
    }
    block
}

fn incident_block(filled: Option<&IssueKey>) -> Value {
    let mut element = json!({"type": "plain_text_input", "action_id": "ticket", "max_length": 300});
    if let (Some(key), Some(fields)) = (filled, element.as_object_mut()) {
        fields.insert("initial_value".to_owned(), Value::from(key.as_str()));
    }
    input("ticket", emergency_form::INCIDENT, Some(emergency_form::INCIDENT_HINT), false, element)
}
