//! What the requester hears by direct message.

use serde_json::Value;

use super::{Rendered, Scene, Where, questions, review};
use crate::lifecycle::{DmKind, Kind, Request, State, What};
use crate::slack::blocks::{Look, actions, button, confirmed, context, facts, section, section_plain};
use crate::slack::envelope::Press;
use crate::slack::words;

/// A denial's reason and rules.
const REASON_MOST: usize = 1000;

pub(super) fn message(scene: &Scene<'_>, kind: DmKind, number: u32) -> Option<Rendered> {
    match kind {
        DmKind::Confirm => confirm(scene),
        DmKind::Asker => asker(scene),
        DmKind::Decided => decided(scene),
        DmKind::Waiting => waiting(scene),
        DmKind::Active => active(scene),
        DmKind::Warning => warning(scene),
        DmKind::Extended => extended(scene, number),
        DmKind::Question => questions::to_requester(scene, number),
        DmKind::Ended => ended(scene),
        DmKind::Reviewed => review::to_requester(scene),
    }
}

/// What somebody else asked for the requester, with the buttons to say yes or no.
fn confirm(scene: &Scene<'_>) -> Option<Rendered> {
    let request = &scene.dossier.request;
    let asked_by = request.asked_by.as_ref()?;
    if !request.is_unconfirmed() {
        return overtaken(scene);
    }
    let sentence = words::dm_confirm(request, &asked_by.name);
    let spoken = words::spoken(words::CONFIRM, request);
    let agree = button(Press::Confirm, request.id, words::CONFIRM, &spoken, Look::Primary);
    let blocks = vec![
        section(&scene.block("head"), &sentence),
        section_plain(&scene.block("why"), &request.ask.justification, REASON_MOST),
        section(&scene.block("known"), &words::gives(&request.terms)),
        actions(&scene.block("act"), vec![agree, plain(Press::Decline, words::DECLINE, request)]),
    ];
    Some(to_requester(scene, sentence, blocks))
}

/// To who asked for somebody else.
fn asker(scene: &Scene<'_>) -> Option<Rendered> {
    let request = &scene.dossier.request;
    let asked_by = request.asked_by.as_ref()?;
    let sentence = words::dm_asker(request);
    let mut blocks = vec![section(&scene.block("head"), &sentence)];
    if request.is_unconfirmed() {
        blocks.push(actions(&scene.block("act"), vec![plain(Press::Withdraw, words::WITHDRAW, request)]));
    }
    let rendered = to_requester(scene, sentence, blocks);
    Some(Rendered { channel: Where::Direct(asked_by.id.clone()), ..rendered })
}

fn decided(scene: &Scene<'_>) -> Option<Rendered> {
    let request = &scene.dossier.request;
    let over = match &request.state {
        State::Denied { .. } | State::Withdrawn { .. } | State::Lapsed { .. } => true,
        State::Pending(_)
        | State::Scheduled { .. }
        | State::Granting
        | State::Active { .. }
        | State::Revoking { .. }
        | State::Revoked { .. }
        | State::Applied { .. } => false,
    };
    if !over && !scene.posted {
        return None;
    }
    let starts_at = request.ask.starts_at;
    let sentence = if let (State::Denied { by: None, reason, at, .. }, Some(starts_at)) =
        (&request.state, starts_at)
        && starts_at <= *at
    {
        words::dm_not_started(request, starts_at, reason)
    } else {
        words::dm_standing(request)
    };
    let mut blocks = vec![section(&scene.block("head"), &sentence)];
    let rules = scene
        .dossier
        .entries
        .iter()
        .rev()
        .find_map(|entry| if let What::Denied { rules, .. } = &entry.what { Some(rules) } else { None });
    let rules: Vec<String> =
        rules.into_iter().flatten().take(5).map(|r| format!("• {}", words::reason_plain(r))).collect();
    if !rules.is_empty() {
        blocks.push(section_plain(&scene.block("rules"), &rules.join("\n"), REASON_MOST));
    }
    Some(to_requester(scene, sentence, blocks))
}

fn waiting(scene: &Scene<'_>) -> Option<Rendered> {
    let request = &scene.dossier.request;
    let waits = match &request.state {
        State::Scheduled { .. } => true,
        State::Pending(pending) => pending.held || pending.asked.is_empty(),
        State::Granting
        | State::Active { .. }
        | State::Revoking { .. }
        | State::Revoked { .. }
        | State::Applied { .. }
        | State::Denied { .. }
        | State::Withdrawn { .. }
        | State::Lapsed { .. } => false,
    };
    if !waits && !scene.posted {
        return None;
    }
    let sentence =
        if is_nobody_left(request) { words::dm_nobody_left(request) } else { words::dm_standing(request) };
    let mut blocks = vec![section(&scene.block("head"), &sentence)];
    if waits {
        blocks.push(actions(&scene.block("act"), vec![plain(Press::Withdraw, words::WITHDRAW, request)]));
    }
    Some(to_requester(scene, sentence, blocks))
}

/// Whether a decision is wanted that nobody can take.
pub(super) fn is_nobody_left(request: &Request) -> bool {
    matches!(&request.state, State::Pending(pending) if !pending.held && pending.asked.is_empty())
}

fn active(scene: &Scene<'_>) -> Option<Rendered> {
    let request = &scene.dossier.request;
    if !is_active(request) {
        return overtaken(scene);
    }
    let sentence = words::dm_active(request, request.times.map(|t| t.expires_at));
    let mut blocks = vec![section(&scene.block("head"), &sentence)];
    let issued = request.terms.steps.iter().find(|step| step.issues_credential);
    let known = words::credential_facts(
        issued.and_then(|step| step.login.as_deref()),
        issued.and_then(|step| step.used_at.as_deref()),
    );
    if !known.is_empty() {
        blocks.push(facts(&scene.block("facts"), &known));
    }
    if reveal_button(request).is_some() {
        blocks.push(context(&scene.block("once"), &[words::reveal_once().to_owned()]));
    }
    blocks.push(actions(&scene.block("act"), active_buttons(request)));
    Some(to_requester(scene, sentence, blocks))
}

fn warning(scene: &Scene<'_>) -> Option<Rendered> {
    let request = &scene.dossier.request;
    if !is_active(request) {
        return overtaken(scene);
    }
    let sentence = words::dm_warning(request, request.times.map(|t| t.expires_at));
    let blocks =
        vec![section(&scene.block("head"), &sentence), actions(&scene.block("act"), time_buttons(request))];
    Some(to_requester(scene, sentence, blocks))
}

/// Told on the extension itself, or on the grant that it extended.
fn extended(scene: &Scene<'_>, number: u32) -> Option<Rendered> {
    let request = &scene.dossier.request;
    let title = request.title();
    let applied = scene.dossier.entries.iter().rev().find_map(|entry| {
        if let What::Applied { parent, expires_at } = entry.what { Some((parent, expires_at)) } else { None }
    });
    let moved = scene.dossier.entries.iter().filter_map(|entry| {
        if let What::Extended { to, .. } = entry.what { Some((request.id, to)) } else { None }
    });
    let nth = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    let (grant, ends) = applied.or_else(|| moved.into_iter().nth(nth))?;
    let sentence = words::dm_extended(&title, grant, ends);
    let blocks = vec![section(&scene.block("head"), &sentence)];
    Some(to_requester(scene, sentence, blocks))
}

fn ended(scene: &Scene<'_>) -> Option<Rendered> {
    let request = &scene.dossier.request;
    let over = matches!(request.state, State::Revoking { .. } | State::Revoked { .. });
    if !over && !scene.posted {
        return None;
    }
    let remains: Vec<String> =
        request.terms.steps.iter().flat_map(|step| step.cannot_end.iter().cloned()).collect();
    let sentence = words::dm_ended(request, &remains);
    let blocks = vec![section(&scene.block("head"), &sentence)];
    Some(to_requester(scene, sentence, blocks))
}

/// What was true once; nothing, when it was never said.
fn overtaken(scene: &Scene<'_>) -> Option<Rendered> {
    let sentence = words::dm_standing(&scene.dossier.request);
    let blocks = vec![section(&scene.block("head"), &sentence)];
    scene.posted.then(|| to_requester(scene, sentence, blocks))
}

pub(super) fn to_requester(scene: &Scene<'_>, text: String, mut blocks: Vec<Value>) -> Rendered {
    let request = &scene.dossier.request;
    let mut small = vec![words::asked_at(request)];
    if let Some(issue) = &scene.dossier.issue {
        small.push(scene.issue(issue));
    }
    blocks.push(context(&scene.block("small"), &small));
    Rendered { text, blocks, thread_of: None, channel: Where::Direct(request.requester.id.clone()) }
}

fn is_active(request: &Request) -> bool {
    matches!(request.state, State::Active { .. })
}

/// What the requester can do with an active grant.
pub(super) fn active_buttons(request: &Request) -> Vec<Value> {
    reveal_button(request).into_iter().chain(time_buttons(request)).collect()
}

/// The button that shows the credential, while it waits to be shown.
fn reveal_button(request: &Request) -> Option<Value> {
    let issued = request.terms.steps.iter().any(|step| step.issues_credential);
    let waits = request.credential.is_some_and(|c| c.revealed_at.is_none() && !c.erased);
    let spoken = words::spoken(words::REVEAL, request);
    (issued && waits).then(|| button(Press::Reveal, request.id, words::REVEAL, &spoken, Look::Primary))
}

fn time_buttons(request: &Request) -> Vec<Value> {
    let mut buttons = Vec::new();
    match request.kind {
        Kind::New | Kind::BreakGlass => buttons.push(extend_button(request)),
        Kind::Extension { .. } | Kind::Drill { .. } => {}
    }
    buttons.push(release_button(request));
    buttons
}

fn plain(press: Press, label: &str, request: &Request) -> Value {
    button(press, request.id, label, &words::spoken(label, request), Look::Plain)
}

/// The button that asks for more time.
pub(in crate::slack) fn extend_button(request: &Request) -> Value {
    plain(Press::Extend, words::EXTEND, request)
}

/// The button that gives access back; it asks first.
pub(in crate::slack) fn release_button(request: &Request) -> Value {
    let [title, text, yes, no] = words::confirm_release(request);
    let spoken = words::spoken(words::RELEASE, request);
    let button = button(Press::Release, request.id, words::RELEASE, &spoken, Look::Danger);
    confirmed(button, &title, &text, &yes, &no)
}

/// The button that takes a request back.
pub(in crate::slack) fn withdraw_button(request: &Request) -> Value {
    plain(Press::Withdraw, words::WITHDRAW, request)
}
