//! What the security channel hears: a break-glass, and a revocation that is late.

use serde_json::Value;

use super::channel::named_ticket;
use super::review::review_button;
use super::{Rendered, Scene, Where, direct};
use crate::lifecycle::{Entry, Kind, Request, State, What};
use crate::slack::blocks::{Look, actions, button, context, facts, section, section_plain};
use crate::slack::envelope::Press;
use crate::slack::words;

/// The justification of a break-glass.
const JUSTIFICATION_MOST: usize = 2500;

pub(super) fn message(scene: &Scene<'_>) -> Option<Rendered> {
    let request = &scene.dossier.request;
    let locked = scene.dossier.entries.iter().rev().find_map(|entry| {
        if let What::Stuck { locked, .. } = &entry.what { Some(locked.clone()) } else { None }
    });
    let since = stuck_since(request);
    let mut blocks = Vec::new();
    let mut text = String::new();
    let glass = request.kind == Kind::BreakGlass || request.kind.is_drill();
    if glass {
        text = break_glass(scene, &mut blocks);
    }
    if direct::is_nobody_left(request) {
        let sentence = words::nobody_left(request);
        blocks.push(section(&scene.block("nobody"), &sentence));
        text = sentence;
    } else if was_nobody_left(&scene.dossier.entries) && request.kind != Kind::BreakGlass {
        let sentence = words::nobody_left_over(request);
        blocks.push(section(&scene.block("nobody"), &sentence));
        text = sentence;
    }
    if let Some(since) = since {
        let sentence = words::stuck(request, since);
        blocks.push(section(&scene.block("stuck"), &sentence));
        blocks.push(section(&scene.block("steps"), &step_lines(request).join("\n")));
        let advice = words::stuck_advice(request.id, locked.as_deref().unwrap_or_default());
        blocks.push(section(&scene.block("advice"), &advice));
        text = sentence;
    } else if locked.is_some() {
        let sentence = words::stuck_over(request);
        blocks.push(section(&scene.block("stuck"), &sentence));
        text = sentence;
    }
    if blocks.is_empty() {
        return None;
    }
    let mut small = vec![words::asked_at(request)];
    if let Some(due) = request.review_due_at {
        let overdue = |entry: &Entry| matches!(entry.what, What::ReviewOverdue { .. });
        small.push(words::review_due(due, scene.dossier.entries.iter().any(overdue)));
    }
    if !glass && let Some(ticket) = &request.ask.ticket {
        small.push(scene.issue(ticket));
    }
    if let Some(issue) = &scene.dossier.issue {
        small.push(scene.issue(issue));
    }
    blocks.push(context(&scene.block("small"), &small));
    Some(Rendered { text, blocks, thread_of: None, channel: Where::Security })
}

fn was_nobody_left(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| {
        if let What::ApprovalWanted { asked, .. } | What::AskedAnew { asked, .. } = &entry.what {
            asked.is_empty()
        } else {
            false
        }
    })
}

/// Who took what, why and for which incident; where it stands; and its review, which ends it.
fn break_glass(scene: &Scene<'_>, blocks: &mut Vec<Value>) -> String {
    let request = &scene.dossier.request;
    let sentence = words::glass(request);
    blocks.push(section(&scene.block("glass"), &sentence));
    blocks.push(section_plain(&scene.block("why"), &request.ask.justification, JUSTIFICATION_MOST));
    let mut known = vec![(words::RISK, words::risk(request.terms.risk).to_owned())];
    if let Some(incident) = &request.ask.ticket {
        known.insert(0, (words::INCIDENT, named_ticket(scene, incident)));
    }
    for entry in &scene.dossier.entries {
        if let What::Drilled { took, steps } = &entry.what {
            known.extend(took.map(|took| (words::DRILL_TOOK, words::seconds(took))));
            known.push((words::WOULD_DO, words::would_do(steps)));
        }
    }
    blocks.push(facts(&scene.block("facts"), &known));
    let mut buttons = Vec::new();
    if matches!(request.state, State::Granting | State::Active { .. }) {
        let spoken = words::spoken(words::REVOKE, request);
        buttons.push(button(Press::Revoke, request.id, words::REVOKE, &spoken, Look::Danger));
    }
    if request.review_due_at.is_some() {
        buttons.push(review_button(request));
    }
    if !buttons.is_empty() {
        blocks.push(actions(&scene.block("act"), buttons));
    }
    if let Some(review) = scene.dossier.review() {
        blocks.push(section(&scene.block("reviewed"), &words::reviewed(&review)));
    }
    sentence
}

fn stuck_since(request: &Request) -> Option<crate::time::Timestamp> {
    match &request.state {
        State::Revoking { stuck_since, .. } => *stuck_since,
        State::Pending(_)
        | State::Scheduled { .. }
        | State::Granting
        | State::Active { .. }
        | State::Revoked { .. }
        | State::Applied { .. }
        | State::Denied { .. }
        | State::Withdrawn { .. }
        | State::Lapsed { .. } => None,
    }
}

/// Each step that is still there, or may be.
fn step_lines(request: &Request) -> Vec<String> {
    let touched =
        request.terms.steps.iter().zip(&request.steps).filter(|(_, step)| step.presence.is_touched());
    touched
        .take(10)
        .map(|(terms, step)| words::stuck_step(&terms.label, step.last_error.as_deref(), step.retry_at))
        .collect()
}
