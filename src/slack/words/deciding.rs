//! What those who decide are told: of the requester, of the role, of the past; and what they ask.

use super::{NAME, WRITTEN, bold, code, names, written};
use crate::engine::Asked;
use crate::ids::PersonId;
use crate::lifecycle::{AskedBy, Context, HOLDERS_MOST, Past, Request, Requester, Terms, Vote};
use crate::policy::{Ask, People};
use crate::slack::text::{date, inline, list, mention, name};

/// What a role gives.
const GIVES: usize = 500;
/// A value of a form's field.
const VALUE: usize = 150;
/// Fields of a form, and votes, that are named one by one.
const LISTED: usize = 5;

/// Who asks, as the directory knew them then.
#[must_use]
pub fn requester(people: &People, requester: &Requester) -> String {
    let department = inline(&requester.department, NAME);
    let department = if department.is_empty() { "no department".to_owned() } else { department };
    let manager = match &requester.manager {
        Some(manager) => format!("manager: {}", inline(&name(people, manager), NAME)),
        None => "no manager".to_owned(),
    };
    format!("{}: {}, {department}, {manager}.", bold(&requester.name), requester.employment.as_str())
}

/// What one can do with the role.
#[must_use]
pub fn gives(terms: &Terms) -> String {
    format!("{} gives: {}.", bold(&terms.role_name), written(&terms.gives, GIVES))
}

/// Who asked, when it was somebody else.
#[must_use]
pub fn asked_for_them(asked_by: &AskedBy) -> String {
    let confirmed = asked_by.confirmed_at.map(|at| format!("; confirmed {}", date(at))).unwrap_or_default();
    format!("*Asked by* {}, who has no part in the decision{confirmed}.", inline(&asked_by.name, NAME))
}

/// What stands in the form's own fields.
#[must_use]
pub fn form_fields(ask: &Ask) -> Option<String> {
    let fields: Vec<String> = ask
        .fields
        .iter()
        .map(|(id, value)| format!("{}: {}", inline(id, NAME), inline(value, VALUE)))
        .collect();
    (!fields.is_empty()).then(|| format!("*In the form*: {}.", list(&fields, LISTED)))
}

/// What the requester had before, and what they made of it.
#[must_use]
pub fn past(context: &Context) -> String {
    let role = if context.role.is_none() {
        "not in the last 90 days".to_owned()
    } else {
        format!("in the last 90 days {}", in_sum(&context.role))
    };
    let others = if context.others.is_none() {
        String::new()
    } else {
        format!(" Other roles of this app: {}.", in_sum(&context.others))
    };
    format!("*Had this role before*: {role}.{others}")
}

fn in_sum(past: &Past) -> String {
    let mut said = vec![format!(
        "{}, for {} of {} granted",
        times(past.times, past.more),
        past.held.words(),
        past.given.words()
    )];
    if past.released > 0 {
        said.push(format!("released early {}", times(past.released, false)));
    }
    if past.unseen > 0 {
        said.push(format!("the credential never revealed {}", times(past.unseen, false)));
    }
    said.push(match past.ended_at {
        Some(at) => format!("the last ended {}", date(at)),
        None => "the last still ran".to_owned(),
    });
    said.join("; ")
}

fn times(count: u32, more: bool) -> String {
    match count {
        _ if more => format!("{count} times or more"),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

/// Who else has the role.
#[must_use]
pub fn holders(people: &People, context: &Context) -> String {
    let named = names(people, &context.holders);
    let others = usize::try_from(context.held_by).unwrap_or(usize::MAX).saturating_sub(named.len());
    if named.is_empty() {
        return "*Others who had it when this was asked*: nobody.".to_owned();
    }
    let at_least = if others + named.len() >= HOLDERS_MOST { "at least " } else { "" };
    let all = match others {
        0 => list(&named, named.len()),
        1 => format!("{} and 1 other", named.join(", ")),
        more => format!("{} and {at_least}{more} others", named.join(", ")),
    };
    format!("*Others who had it when this was asked*: {all}.")
}

/// Each approval with its time.
#[must_use]
pub fn votes(votes: &[Vote]) -> Option<String> {
    let voters: Vec<String> = votes.iter().map(super::voter).collect();
    (!voters.is_empty()).then(|| format!("*Approved by*: {}.", list(&voters, LISTED)))
}

/// An approver's question, in the thread.
#[must_use]
pub fn question(request: &Request, asked: &Asked<'_>) -> String {
    let after = if asked.answer.is_some() { "It was answered below." } else { "The requester was asked." };
    format!(
        ":speech_balloon: *Question* about {}: {} asks {}. {after}",
        code(request.id),
        inline(asked.by, NAME),
        inline(&request.requester.name, NAME)
    )
}

/// The same as `text`.
#[must_use]
pub fn question_text(request: &Request, asked: &Asked<'_>) -> String {
    format!("{} asks about {}: {}", inline(asked.by, NAME), request.id, written(asked.text, WRITTEN))
}

/// The answer, in the thread. It tells who asked.
#[must_use]
pub fn answered_in_thread(people: &People, asked_by: &PersonId, request: &Request) -> String {
    format!(
        ":speech_balloon: *Answer*: {}, {} answers your question about {}.",
        mention(people, asked_by),
        inline(&request.requester.name, NAME),
        code(request.id)
    )
}

/// The same as `text`.
#[must_use]
pub fn answered_text(request: &Request, answer: &str) -> String {
    format!(
        "{} answers about {}: {}",
        inline(&request.requester.name, NAME),
        request.id,
        written(answer, WRITTEN)
    )
}

/// The question to the requester.
#[must_use]
pub fn dm_question(request: &Request, asked: &Asked<'_>) -> String {
    format!(
        ":speech_balloon: *Question*: {} wants to know something before deciding on {}.",
        inline(asked.by, NAME),
        bold(&request.title())
    )
}

/// The same as `text`.
#[must_use]
pub fn dm_question_text(request: &Request, asked: &Asked<'_>) -> String {
    format!(
        "{} asks you about {} ({}): {}",
        inline(asked.by, NAME),
        inline(&request.title(), NAME),
        request.id,
        written(asked.text, WRITTEN)
    )
}

/// Above the requester's own answer.
#[must_use]
pub const fn your_answer() -> &'static str {
    "*Your answer*:"
}
