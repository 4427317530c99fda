//! The choices of the role's search field, in Slack's limits: a hundred at a time, in groups by app.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::blocks::{option, plain_object};
use super::super::text::cut;
use super::super::words::{self, form};
use crate::ids::RoleRef;
use crate::policy::RoleMatch;

/// Choices of one answer, whatever their groups.
const CHOICES_MOST: usize = 100;
const LABEL_MOST: usize = 75;

/// The answer to a search: what was found, by app, in the order of the best of each. `held` says what the person
/// has of it. What is over the limit is counted where the list ends: the next letter finds it.
#[must_use]
pub fn options(found: &[RoleMatch], held: &BTreeMap<RoleRef, String>) -> Value {
    let shown = found.get(..found.len().min(CHOICES_MOST)).unwrap_or_default();
    let hidden = found.len() - shown.len();
    let mut groups: Vec<(&RoleMatch, Vec<Value>)> = Vec::new();
    for role in shown {
        let choice = choice(role, held.get(&role.role));
        match groups.iter_mut().find(|(first, _)| first.role.app == role.role.app) {
            Some((_, choices)) => choices.push(choice),
            None => groups.push((role, vec![choice])),
        }
    }
    if groups.is_empty() {
        return json!({"options": []});
    }
    let last = groups.len() - 1;
    let groups: Vec<Value> = groups
        .into_iter()
        .enumerate()
        .map(|(number, (first, choices))| {
            let more = if number == last { words::more_roles(hidden) } else { String::new() };
            let room = LABEL_MOST.saturating_sub(more.chars().count());
            let label = format!("{}{more}", cut(&first.app_name, room));
            json!({"label": plain_object(&label, LABEL_MOST), "options": choices})
        })
        .collect();
    json!({"option_groups": groups})
}

fn choice(found: &RoleMatch, held: Option<&String>) -> Value {
    let about = match held {
        Some(held) => held.as_str(),
        None if found.eligible => found.gives.as_str(),
        None => form::NOT_FOR_YOU,
    };
    option(&format!("{} · {}", found.app_name, found.role_name), &found.role.to_string(), Some(about))
}
