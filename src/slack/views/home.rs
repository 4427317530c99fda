//! The home tab of one person: what they have, what waits for them, and what others have of their apps. A pure
//! function of what is stored, like messages. Every list has an end, so that the whole always fits.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::channel::decision_buttons;
use super::direct::{active_buttons, release_button, withdraw_button};
use super::review::review_button;
use crate::engine::Dossier;
use crate::ids::PersonId;
use crate::lifecycle::{Kind, Request, State, Vote, What};
use crate::policy::{self, Ballot, People};
use crate::slack::blocks::{
    HOME_BLOCKS_MOST, Look, actions, button, context, header, plain_object, section, section_with,
};
use crate::slack::envelope::{BACK_BUTTON, Press, REQUEST_BUTTON};
use crate::slack::words::{self, home_part};
use crate::time::Timestamp;

/// Grants of the reader, two blocks each.
const ACTIVE_MOST: usize = 12;
/// Requests of the reader that wait, a block each.
const WAITING_MOST: usize = 10;
/// Requests that the reader can decide, two blocks each.
const TO_DECIDE_MOST: usize = 10;
/// What the reader can review, a block each.
const TO_REVIEW_MOST: usize = 10;
/// Grants of others, a block each.
const HELD_MOST: usize = 20;
/// What is over, a line each.
const PAST_MOST: usize = 5;

/// What a home tab is drawn from. The lists may be longer than what is shown.
#[derive(Debug, Clone)]
pub struct HomeScene<'a> {
    /// What the reader is called.
    pub name: &'a str,
    /// That the reader is away, as [`words::away_now`] says it.
    pub away: Option<&'a str>,
    /// The reader's requests that are not over.
    pub open: &'a [Request],
    /// The reader's requests that are over, the latest first.
    pub past: &'a [Request],
    /// What the reader can decide: see [`is_to_decide`].
    pub to_decide: &'a [Request],
    /// What the reader can review: see [`is_to_review`](super::is_to_review).
    pub to_review: &'a [Request],
    /// What others have of the reader's apps: see [`is_of_my_apps`].
    pub held: &'a [Request],
    /// When it is drawn.
    pub now: Timestamp,
    /// The slash command.
    pub command: &'a str,
}

/// The whole view.
#[must_use]
pub fn home(scene: &HomeScene<'_>) -> Value {
    let mut blocks = vec![section("home:head", &words::home_head(scene.name)), request_row()];
    blocks.extend(scene.away.map(away));
    let (waiting, active): (Vec<&Request>, Vec<&Request>) = scene.open.iter().partition(|r| waits(r));
    to_decide(scene, &mut blocks);
    to_review(scene, &mut blocks);
    mine(scene, &active, &mut blocks);
    open(scene, &waiting, &mut blocks);
    held(scene, &mut blocks);
    past(scene, &mut blocks);
    blocks.push(context("home:foot", &[words::home_foot(scene.command, scene.now)]));
    blocks.truncate(HOME_BLOCKS_MOST);
    json!({"type": "home", "blocks": blocks})
}

/// The view of somebody who is not heard.
#[must_use]
pub fn home_refused(sentence: &str) -> Value {
    json!({"type": "home", "blocks": [section("home:refused", sentence)]})
}

/// Whether this person could decide on the request now. An old directory is no reason to hide it: the click is judged.
#[must_use]
pub fn is_to_decide(request: &Request, person: &PersonId, people: &People) -> bool {
    let State::Pending(pending) = &request.state else { return false };
    let voted: Vec<_> = request.votes.iter().flat_map(Vote::places).collect();
    let ballot = Ballot {
        tier: &request.terms.tier,
        owners: &request.terms.owners,
        requester: &request.requester.id,
        stage: pending.stage,
        escalated: pending.escalated,
        voted: &voted,
    };
    !pending.held && policy::may_approve(&ballot, person, people, people.as_of()).is_granted()
}

/// Whether somebody else has, or may still have, access to an app of this person.
#[must_use]
pub fn is_of_my_apps(request: &Request, person: &PersonId) -> bool {
    let has = matches!(request.state, State::Granting | State::Active { .. } | State::Revoking { .. });
    has && request.requester.id != *person && request.terms.owners.contains(person)
}

/// Whose home tab a change of the request may show on: the requester, the app's owners, and everybody who was asked.
#[must_use]
pub fn concerned(dossier: &Dossier) -> BTreeSet<&PersonId> {
    let request = &dossier.request;
    let mut all: BTreeSet<&PersonId> = request.terms.owners.iter().collect();
    all.insert(&request.requester.id);
    if let State::Pending(pending) = &request.state {
        all.extend(&pending.asked);
    }
    for entry in &dossier.entries {
        if let What::ApprovalWanted { asked, .. }
        | What::Escalated { asked }
        | What::AskedAnew { asked, .. } = &entry.what
        {
            all.extend(asked);
        }
    }
    all
}

fn waits(request: &Request) -> bool {
    matches!(request.state, State::Pending(_) | State::Scheduled { .. })
}

fn request_row() -> Value {
    let button = json!({
        "type": "button",
        "action_id": REQUEST_BUTTON,
        "text": plain_object(words::REQUEST, 75),
        "accessibility_label": words::REQUEST_SPOKEN,
        "style": "primary",
    });
    actions("home:ask", vec![button])
}

fn away(sentence: &str) -> Value {
    let button = json!({
        "type": "button",
        "action_id": BACK_BUTTON,
        "text": plain_object(words::BACK, 75),
        "accessibility_label": words::BACK_SPOKEN,
    });
    section_with("home:away", sentence, Some(button))
}

fn to_decide(scene: &HomeScene<'_>, blocks: &mut Vec<Value>) {
    if scene.to_decide.is_empty() {
        return;
    }
    blocks.push(header("home:to_decide", home_part::TO_DECIDE));
    for request in soonest(scene.to_decide.iter()).into_iter().take(TO_DECIDE_MOST) {
        blocks.push(section(&format!("home:asks:{}", request.id), &words::home_to_decide(request)));
        blocks.push(actions(&format!("home:decide:{}", request.id), decision_buttons(request)));
    }
    more("to_decide", scene.to_decide.len(), TO_DECIDE_MOST, words::home_more_to_decide, blocks);
}

fn to_review(scene: &HomeScene<'_>, blocks: &mut Vec<Value>) {
    if scene.to_review.is_empty() {
        return;
    }
    blocks.push(header("home:to_review", home_part::TO_REVIEW));
    for request in scene.to_review.iter().take(TO_REVIEW_MOST) {
        let id = format!("home:review:{}", request.id);
        blocks.push(section_with(
            &id,
            &words::home_to_review(request, scene.now),
            Some(review_button(request)),
        ));
    }
    more("to_review", scene.to_review.len(), TO_REVIEW_MOST, words::home_more_to_review, blocks);
}

fn mine(scene: &HomeScene<'_>, active: &[&Request], blocks: &mut Vec<Value>) {
    blocks.push(header("home:active", home_part::ACTIVE));
    if active.is_empty() {
        blocks.push(section("home:nothing", &words::home_nothing(scene.command)));
    }
    for request in soonest(active.iter().copied()).into_iter().take(ACTIVE_MOST) {
        blocks.push(section(&format!("home:has:{}", request.id), &words::home_active(request, scene.now)));
        let buttons = match (&request.state, request.kind) {
            (State::Active { .. }, _) => active_buttons(request),
            (State::Granting, Kind::New | Kind::BreakGlass) => vec![release_button(request)],
            (
                State::Granting
                | State::Pending(_)
                | State::Scheduled { .. }
                | State::Revoking { .. }
                | State::Revoked { .. }
                | State::Applied { .. }
                | State::Denied { .. }
                | State::Withdrawn { .. }
                | State::Lapsed { .. },
                _,
            ) => Vec::new(),
        };
        if !buttons.is_empty() {
            blocks.push(actions(&format!("home:act:{}", request.id), buttons));
        }
    }
    more("active", active.len(), ACTIVE_MOST, |hidden| words::home_more(scene.command, hidden), blocks);
}

fn open(scene: &HomeScene<'_>, waiting: &[&Request], blocks: &mut Vec<Value>) {
    if waiting.is_empty() {
        return;
    }
    blocks.push(header("home:waiting", home_part::WAITING));
    for request in waiting.iter().take(WAITING_MOST) {
        let withdraw = Some(withdraw_button(request));
        let id = format!("home:waits:{}", request.id);
        blocks.push(section_with(&id, &words::home_waiting(request), withdraw));
    }
    more("waiting", waiting.len(), WAITING_MOST, |hidden| words::home_more(scene.command, hidden), blocks);
}

fn held(scene: &HomeScene<'_>, blocks: &mut Vec<Value>) {
    if scene.held.is_empty() {
        return;
    }
    blocks.push(header("home:held", home_part::HELD));
    for request in soonest(scene.held.iter()).into_iter().take(HELD_MOST) {
        let takes = matches!(request.state, State::Granting | State::Active { .. });
        let revoke = takes.then(|| {
            let spoken = words::spoken(words::REVOKE, request);
            button(Press::Revoke, request.id, words::REVOKE, &spoken, Look::Danger)
        });
        blocks.push(section_with(&format!("home:holds:{}", request.id), &words::home_held(request), revoke));
    }
    more("held", scene.held.len(), HELD_MOST, words::home_more_held, blocks);
}

fn past(scene: &HomeScene<'_>, blocks: &mut Vec<Value>) {
    if scene.past.is_empty() {
        return;
    }
    let lines: Vec<String> = scene.past.iter().take(PAST_MOST).map(words::home_past).collect();
    blocks.push(header("home:past", home_part::PAST));
    blocks.push(section("home:over", &lines.join("\n")));
}

fn more(part: &str, all: usize, most: usize, say: impl FnOnce(usize) -> String, blocks: &mut Vec<Value>) {
    if all > most {
        blocks.push(context(&format!("home:more:{part}"), &[say(all - most)]));
    }
}

/// What ends or lapses first comes first; what can't say when comes last.
fn soonest<'r>(requests: impl Iterator<Item = &'r Request>) -> Vec<&'r Request> {
    let mut sorted: Vec<&Request> = requests.collect();
    sorted.sort_by_key(|request| {
        let at = match &request.state {
            State::Pending(pending) => Some(pending.lapses_at),
            State::Scheduled { starts_at } => Some(*starts_at),
            State::Granting
            | State::Active { .. }
            | State::Revoking { .. }
            | State::Revoked { .. }
            | State::Applied { .. }
            | State::Denied { .. }
            | State::Withdrawn { .. }
            | State::Lapsed { .. } => request.times.map(|times| times.expires_at),
        };
        (at.is_none(), at, request.id)
    });
    sorted
}
