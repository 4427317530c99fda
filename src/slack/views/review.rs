//! The review of a break-glass: asked for in the security message's thread and of the app's owners, and what it found.

use serde_json::Value;

use super::{Rendered, Scene, Where, direct};
use crate::ids::PersonId;
use crate::lifecycle::{Request, ReviewFinding, View, review_ask};
use crate::policy::{self, People};
use crate::slack::blocks::{Look, actions, button, context, section, section_plain};
use crate::slack::envelope::Press;
use crate::slack::words;

/// The justification, as the owners read it.
const JUSTIFICATION_MOST: usize = 1000;

/// Whether this person could review it now.
#[must_use]
pub fn is_to_review(request: &Request, person: &PersonId, people: &People) -> bool {
    let terms = &request.terms;
    request.review_due_at.is_some()
        && policy::may_review(&terms.tier, &terms.owners, &request.requester.id, person, people).is_granted()
}

/// In the security message's thread: asks, and later says what was found.
pub(super) fn ask(scene: &Scene<'_>, number: u32) -> Option<Rendered> {
    let request = &scene.dossier.request;
    let threaded =
        |text, blocks| Rendered { text, blocks, thread_of: Some(View::Security), channel: Where::Security };
    let (Some(due), Some(ask)) = (request.review_due_at, review_ask(request, number)) else {
        let done = done(scene).filter(|_| scene.posted)?;
        let blocks = vec![section(&scene.block("ask"), &done)];
        return Some(threaded(done, blocks));
    };
    let able = reviewers(scene);
    let sentence = words::review_wanted(request, &words::mentions(scene.people, &able), ask, due);
    let text = words::review_wanted(request, &words::names(scene.people, &able), ask, due);
    let blocks = vec![
        section(&scene.block("ask"), &sentence),
        actions(&scene.block("act"), vec![review_button(request)]),
    ];
    Some(threaded(text, blocks))
}

/// To an owner of the app, while it is overdue.
pub(super) fn copy(scene: &Scene<'_>, owner: u32) -> Option<Rendered> {
    let request = &scene.dossier.request;
    let index = usize::try_from(owner.checked_sub(1)?).ok()?;
    let to = request.terms.owners.get(index)?.clone();
    let (sentence, acts) = match request.review_due_at {
        Some(due) => (words::review_wanted_of_owner(request, due), Some(review_button(request))),
        None => (done(scene).filter(|_| scene.posted)?, None),
    };
    let mut blocks = vec![section(&scene.block("ask"), &sentence)];
    if let Some(button) = acts {
        blocks.push(section_plain(&scene.block("why"), &request.ask.justification, JUSTIFICATION_MOST));
        blocks.push(actions(&scene.block("act"), vec![button]));
    }
    blocks.push(small(scene));
    Some(Rendered { text: sentence, blocks, thread_of: None, channel: Where::Direct(to) })
}

/// In the security channel: it was found not justified.
pub(super) fn finding(scene: &Scene<'_>) -> Option<Rendered> {
    let review = scene.dossier.review()?;
    if review.found != Some(ReviewFinding::NotJustified) {
        return None;
    }
    let sentence = words::not_justified(&scene.dossier.request, &review);
    let blocks = vec![section(&scene.block("finding"), &sentence), small(scene)];
    Some(Rendered { text: sentence, blocks, thread_of: None, channel: Where::Security })
}

/// To the requester: what was found.
pub(super) fn to_requester(scene: &Scene<'_>) -> Option<Rendered> {
    let review = scene.dossier.review()?;
    let sentence = words::dm_reviewed(&scene.dossier.request, &review);
    let blocks = vec![section(&scene.block("head"), &sentence)];
    Some(direct::to_requester(scene, sentence, blocks))
}

/// The button that opens the form of the review.
pub(super) fn review_button(request: &Request) -> Value {
    let spoken = words::spoken(words::REVIEW, request);
    button(Press::Review, request.id, words::REVIEW, &spoken, Look::Primary)
}

fn reviewers(scene: &Scene<'_>) -> Vec<PersonId> {
    let request = &scene.dossier.request;
    let terms = &request.terms;
    policy::reviewers(&terms.tier, &terms.owners, &request.requester.id, scene.people)
}

fn done(scene: &Scene<'_>) -> Option<String> {
    scene.dossier.review().map(|review| words::reviewed(&review))
}

fn small(scene: &Scene<'_>) -> Value {
    let mut small = vec![words::asked_at(&scene.dossier.request)];
    if let Some(issue) = &scene.dossier.issue {
        small.push(scene.issue(issue));
    }
    context(&scene.block("small"), &small)
}
