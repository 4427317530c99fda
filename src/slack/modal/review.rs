//! The form of a review: the story in short, what was found, and the reviewer's own words.

use serde_json::{Value, json};

use super::super::blocks::{context, facts, input, option, plain_object, section, section_plain};
use super::super::words::{self, review_form};
use super::{QUOTED_MOST, REVIEW_FORM, modal, text_block};
use crate::engine::Dossier;
use crate::lifecycle::ReviewFinding;
use crate::policy::People;

/// A finding in somebody's own words.
const FINDING_LEAST: u32 = 3;
const FINDING_MOST: u32 = 1000;
/// The last entries of the story.
const STORY_MOST: usize = 6;

/// The form.
#[must_use]
pub fn review(people: &People, dossier: &Dossier) -> Value {
    let request = &dossier.request;
    let times = request.times;
    let (active_at, ended_at) = (times.and_then(|t| t.active_at), times.and_then(|t| t.ended_at));
    let mut known = vec![
        (words::HELD_FOR, words::held_for(active_at, ended_at)),
        (words::SEEN_GONE, words::seen_gone(times.and_then(|t| t.verified_at))),
    ];
    if let Some(incident) = &request.ask.ticket {
        known.push((words::INCIDENT, incident.to_string()));
    }
    let story = dossier.entries.iter().rev().take(STORY_MOST).rev();
    let story: Vec<String> = story.map(|entry| words::entry(people, entry)).collect();
    let mut blocks = vec![
        section("about", &words::review_about(request)),
        facts("facts", &known),
        section_plain("why", &request.ask.justification, QUOTED_MOST),
    ];
    if !story.is_empty() {
        blocks.push(context("story", &story));
    }
    let choice = |found: ReviewFinding| {
        option(words::finding(found), found.as_str(), Some(words::finding_about(found)))
    };
    let choices: Vec<Value> = ReviewFinding::ALL.into_iter().map(choice).collect();
    let element = json!({"type": "radio_buttons", "action_id": "found", "options": choices});
    blocks.push(input("found", review_form::FOUND, None, false, element));
    let hint = Some(review_form::FINDING_HINT);
    blocks.push(text_block("finding", review_form::FINDING, hint, FINDING_LEAST, FINDING_MOST, None));
    let mut view = modal(REVIEW_FORM, review_form::TITLE, &request.id.to_string(), blocks);
    if let Some(fields) = view.as_object_mut() {
        fields.insert("submit".to_owned(), plain_object(review_form::SEND, 24));
    }
    view
}
