//! The card in the approvers' channel, and what stands in its thread.

use serde_json::Value;

use super::{Rendered, Scene, Where};
use crate::ids::{IssueKey, PersonId};
use crate::lifecycle::{Context, Entry, NudgeKind, PendingState, Request, State, View, What};
use crate::slack::blocks::{Look, actions, button, context, facts, section, section_plain};
use crate::slack::envelope::Press;
use crate::slack::text::{date, mention};
use crate::slack::words;

/// The justification as the card quotes it.
const JUSTIFICATION_MOST: usize = 2500;
/// All of a log's lines together: Slack has refused messages of about 13,000 (`msg_blocks_too_long`).
const LOG_MOST: usize = 8000;
/// One block of the log.
const LOG_BLOCK_MOST: usize = 2800;

/// The card: who wants what, why, what approvers should know, and where it stands. It has no buttons: those are in the
/// thread, for those asked.
pub(super) fn card(scene: &Scene<'_>) -> Rendered {
    let request = &scene.dossier.request;
    let mut small = vec![words::asked_at(request), words::standing(request)];
    if let Some(issue) = &scene.dossier.issue {
        small.push(scene.issue(issue));
    }
    let mut blocks = about(scene);
    blocks.push(context(&scene.block("small"), &small));
    Rendered { text: words::card_text(request), blocks, thread_of: None, channel: Where::Approvals }
}

/// What there is to know of a request, for those who decide about it. Names, no mentions: it is shown again with each
/// change.
pub(super) fn about(scene: &Scene<'_>) -> Vec<Value> {
    let request = &scene.dossier.request;
    let (emoji, word) = words::headline(request);
    let who = mention(scene.people, &request.requester.id);
    let head = format!("{emoji} *{word}* · {who} {}", words::asks_for(request));
    let mut fields = vec![(words::FOR, words::given_for(request))];
    fields.extend(request.ask.starts_at.map(|at| (words::STARTS, date(at))));
    fields.extend([
        (words::RISK, words::risk(request.terms.risk).to_owned()),
        (words::APPROVALS, approvals(scene)),
    ]);
    if let Some(key) = &request.ask.ticket {
        fields.push((words::FOR_TICKET, named_ticket(scene, key)));
    }
    let mut known = vec![words::requester(scene.people, &request.requester), words::gives(&request.terms)];
    known.extend(request.asked_by.as_ref().map(words::asked_for_them));
    known.extend(words::form_fields(&request.ask));
    if let Some(context) = submitted_in(&scene.dossier.entries) {
        known.push(words::past(context));
        known.push(words::holders(scene.people, context));
    }
    known.extend(words::votes(&request.votes));
    vec![
        section(&scene.block("head"), &head),
        facts(&scene.block("facts"), &fields),
        section_plain(&scene.block("why"), &request.ask.justification, JUSTIFICATION_MOST),
        section(&scene.block("known"), &known.join("\n")),
    ]
}

/// The ticket that the requester named, with what was seen of it when they asked.
pub(super) fn named_ticket(scene: &Scene<'_>, key: &IssueKey) -> String {
    let look = submitted_in(&scene.dossier.entries).and_then(|context| context.ticket.as_ref());
    words::named_ticket(&scene.issue(key), look)
}

fn submitted_in(entries: &[Entry]) -> Option<&Context> {
    entries.iter().find_map(|entry| {
        if let What::Submitted { context, .. } = &entry.what { Some(context.as_ref()) } else { None }
    })
}

/// One stage's question, and later its outcome.
pub(super) fn approval(scene: &Scene<'_>, stage: u32) -> Option<Rendered> {
    let request = &scene.dossier.request;
    let wanted = wanted_from_fallback(&scene.dossier.entries, stage);
    let Some(pending) = asked_in(request, stage) else {
        if wanted.is_none() && !scene.posted {
            return None;
        }
        let outcome = outcome(scene, stage);
        return Some(threaded(outcome.clone(), vec![section(&scene.block("ask"), &outcome)]));
    };
    let asked = words::mentions(scene.people, &pending.asked);
    let text = words::approval_wanted_text(request, &words::names(scene.people, &pending.asked));
    Some(threaded(text, question(scene, pending, &asked, wanted.unwrap_or(false))))
}

/// The card and a stage's question in one, for somebody who is asked; later what came of it.
pub(super) fn copy(scene: &Scene<'_>, number: u32) -> Option<Rendered> {
    let request = &scene.dossier.request;
    let index = usize::try_from(number.checked_sub(1)?).ok()?;
    let copy = request.copies.get(index)?;
    let mut blocks = about(scene);
    let text = if let Some(pending) = asked_in(request, copy.stage) {
        // Names: who is mentioned in a direct message of somebody else hears nothing of it.
        let names = words::names(scene.people, &pending.asked);
        let wanted = wanted_from_fallback(&scene.dossier.entries, copy.stage);
        blocks.extend(question(scene, pending, &names, wanted.unwrap_or(false)));
        words::approval_wanted_text(request, &names)
    } else if scene.posted {
        let outcome = outcome(scene, copy.stage);
        blocks.push(section(&scene.block("ask"), &outcome));
        blocks.push(context(&scene.block("small"), &[words::asked_at(request)]));
        words::card_text(request)
    } else {
        return None;
    };
    let channel = Where::Direct(copy.to.clone());
    Some(Rendered { text, blocks, thread_of: None, channel })
}

/// What is asked of a stage's approvers, with the buttons. `asked` are mentions or names.
fn question(scene: &Scene<'_>, pending: &PendingState, asked: &[String], from_fallback: bool) -> Vec<Value> {
    let request = &scene.dossier.request;
    let (have, voters) = voters(request, pending.stage);
    let question = words::approval_wanted(asked, have, need(scene, pending.stage), from_fallback);
    let mut small = vec![words::stage_of(pending.stage, stages(request)), words::standing(request)];
    if !voters.is_empty() {
        small.push(words::approved_so_far(&voters));
    }
    let mut blocks = vec![section(&scene.block("ask"), &question)];
    if !pending.asked.is_empty() {
        blocks.push(actions(&scene.block("act"), decision_buttons(request)));
    }
    blocks.push(context(&scene.block("small"), &small));
    blocks
}

/// What somebody who may decide can do about it.
pub(super) fn decision_buttons(request: &Request) -> Vec<Value> {
    let press = |press, label, look| button(press, request.id, label, &words::spoken(label, request), look);
    vec![
        press(Press::Approve, words::APPROVE, Look::Primary),
        press(Press::ApproveLess, words::APPROVE_LESS, Look::Plain),
        press(Press::Deny, words::DENY, Look::Danger),
        press(Press::Question, words::QUESTION, Look::Plain),
    ]
}

/// What came of a stage that is not asked any more, or not yet.
fn outcome(scene: &Scene<'_>, stage: u32) -> String {
    let request = &scene.dossier.request;
    let (have, voters) = voters(request, stage);
    let need = need(scene, stage);
    if have >= need && need > 0 {
        words::stage_approved(stage, stages(request), &voters)
    } else {
        words::stage_over(request)
    }
}

/// The approvals of a stage: how many, and whose.
fn voters(request: &Request, stage: u32) -> (u32, Vec<String>) {
    let votes: Vec<_> = request.votes.iter().filter(|vote| vote.stage == stage).collect();
    let voters = votes.iter().take(20).map(|vote| words::voter(vote)).collect();
    (u32::try_from(votes.len()).unwrap_or(u32::MAX), voters)
}

fn stages(request: &Request) -> u32 {
    u32::try_from(request.terms.tier.stages.len()).unwrap_or(u32::MAX)
}

/// The pending state, while people of this stage are asked.
fn asked_in(request: &Request, stage: u32) -> Option<&PendingState> {
    asked_now(&request.state).filter(|pending| pending.stage == stage)
}

/// The story so far, the newest last; what does not fit is counted.
pub(super) fn log(scene: &Scene<'_>) -> Option<Rendered> {
    let entries = &scene.dossier.entries;
    let last = entries.last()?;
    let mut lines = Vec::new();
    let mut size = 0;
    for entry in entries.iter().rev() {
        let line = words::entry(scene.people, entry);
        size += line.chars().count() + 1;
        if size > LOG_MOST && !lines.is_empty() {
            break;
        }
        lines.push(line);
    }
    let hidden = entries.len() - lines.len();
    if hidden > 0 {
        lines.push(words::earlier(hidden));
    }
    lines.reverse();
    let blocks = pages(&lines)
        .iter()
        .enumerate()
        .map(|(number, page)| section(&scene.block(&format!("log:{number}")), page))
        .collect();
    let text = words::log_text(&scene.dossier.request, &words::entry(scene.people, last));
    Some(threaded(text, blocks))
}

/// Asks again, or asks others, while it is true that nobody has decided.
pub(super) fn nudge(scene: &Scene<'_>, kind: NudgeKind, number: u32) -> Option<Rendered> {
    let request = &scene.dossier.request;
    let nudged = nudged(&scene.dossier.entries, kind, number);
    let live = asked_now(&request.state).filter(|p| nudged.as_ref().is_none_or(|n| n.stage == p.stage));
    let sentence = match live {
        Some(pending) => {
            let asked = nudged.map(|n| n.asked).filter(|asked| !asked.is_empty());
            let asked = words::mentions(scene.people, asked.as_ref().unwrap_or(&pending.asked));
            match kind {
                NudgeKind::Reminder => words::reminder(request, &asked, pending.stage_since),
                NudgeKind::Escalation => words::escalation(request, &asked, pending.stage_since),
                NudgeKind::Anew => words::anew(request, &asked, pending.stage_since),
            }
        }
        None if scene.posted => words::nudge_over(request),
        None => return None,
    };
    Some(threaded(sentence.clone(), vec![section(&scene.block("nudge"), &sentence)]))
}

pub(super) fn threaded(text: String, blocks: Vec<Value>) -> Rendered {
    Rendered { text, blocks, thread_of: Some(View::Card), channel: Where::Approvals }
}

/// The pending state, while people are asked.
fn asked_now(state: &State) -> Option<&PendingState> {
    match state {
        State::Pending(pending) => (!pending.held && !pending.unconfirmed).then_some(pending),
        State::Scheduled { .. }
        | State::Granting
        | State::Active { .. }
        | State::Revoking { .. }
        | State::Revoked { .. }
        | State::Applied { .. }
        | State::Denied { .. }
        | State::Withdrawn { .. }
        | State::Lapsed { .. } => None,
    }
}

/// Whether the stage was asked, and whether those asked are its fallback.
fn wanted_from_fallback(entries: &[Entry], of: u32) -> Option<bool> {
    entries.iter().rev().find_map(|entry| {
        if let What::ApprovalWanted { stage, from_fallback, .. }
        | What::AskedAnew { stage, from_fallback, .. } = entry.what
            && stage == of
        {
            Some(from_fallback)
        } else {
            None
        }
    })
}

struct Nudged {
    stage: u32,
    asked: Vec<PersonId>,
}

/// The stage that the `number`-th nudge of its kind was about, and whom it asked.
fn nudged(entries: &[Entry], kind: NudgeKind, number: u32) -> Option<Nudged> {
    let mut now = 0;
    let mut count = 0;
    for entry in entries {
        if let What::ApprovalWanted { stage, .. } = entry.what {
            now = stage;
        }
        let asked = match kind {
            NudgeKind::Reminder if matches!(entry.what, What::Reminded { .. }) => Vec::new(),
            NudgeKind::Escalation if let What::Escalated { asked } = &entry.what => asked.clone(),
            NudgeKind::Anew
                if let What::AskedAnew { added, .. } = &entry.what
                    && !added.is_empty() =>
            {
                added.clone()
            }
            NudgeKind::Reminder | NudgeKind::Escalation | NudgeKind::Anew => continue,
        };
        count += 1;
        if count == number {
            return Some(Nudged { stage: now, asked });
        }
    }
    None
}

fn need(scene: &Scene<'_>, stage: u32) -> u32 {
    let stages = &scene.dossier.request.terms.tier.stages;
    usize::try_from(stage).ok().and_then(|stage| stages.get(stage)).map_or(0, |stage| stage.quorum)
}

fn approvals(scene: &Scene<'_>) -> String {
    let request = &scene.dossier.request;
    let stages = &request.terms.tier.stages;
    let asked = scene.dossier.entries.iter().any(|e| matches!(e.what, What::ApprovalWanted { .. }));
    let in_stage = |stage: u32| request.votes.iter().filter(|vote| vote.stage == stage).count();
    if let Some(pending) = asked_now(&request.state) {
        let need = usize::try_from(need(scene, pending.stage)).unwrap_or(usize::MAX);
        let of = u32::try_from(stages.len()).unwrap_or(u32::MAX);
        return words::approvals(in_stage(pending.stage), need, Some((pending.stage, of)));
    }
    if !asked && request.votes.is_empty() {
        return words::approvals_none(request.kind).to_owned();
    }
    let need: u32 = stages.iter().map(|stage| stage.quorum).sum();
    words::approvals(request.votes.len(), usize::try_from(need).unwrap_or(usize::MAX), None)
}

/// Lines joined into as few blocks as hold them.
pub(super) fn pages(lines: &[String]) -> Vec<String> {
    let mut pages: Vec<String> = Vec::new();
    for line in lines {
        match pages.last_mut() {
            Some(page) if page.chars().count() + line.chars().count() < LOG_BLOCK_MOST => {
                page.push('\n');
                page.push_str(line);
            }
            Some(_) | None => pages.push(line.clone()),
        }
    }
    pages
}
