//! An approver's question and the requester's answer: in the card's thread, and as a message to the requester.

use super::channel::threaded;
use super::{Rendered, Scene, direct};
use crate::lifecycle::StateWord;
use crate::slack::blocks::{Look, actions, reply_button, section, section_plain};
use crate::slack::words;

/// A question, or an answer.
const TEXT_MOST: usize = 1000;

/// In the thread: what was asked, and whether it was answered.
pub(super) fn question(scene: &Scene<'_>, number: u32) -> Option<Rendered> {
    let asked = scene.dossier.question(number)?;
    let sentence = words::question(&scene.dossier.request, &asked);
    let blocks = vec![
        section(&scene.block("head"), &sentence),
        section_plain(&scene.block("asked"), asked.text, TEXT_MOST),
    ];
    Some(threaded(words::question_text(&scene.dossier.request, &asked), blocks))
}

/// In the thread: the answer, which tells the one who asked.
pub(super) fn answer(scene: &Scene<'_>, number: u32) -> Option<Rendered> {
    let asked = scene.dossier.question(number)?;
    let answer = asked.answer?;
    let by = usize::try_from(number.checked_sub(1)?).ok()?;
    let by = &scene.dossier.request.questions.get(by)?.by;
    let sentence = words::answered_in_thread(scene.people, by, &scene.dossier.request);
    let blocks = vec![
        section(&scene.block("head"), &sentence),
        section_plain(&scene.block("answer"), answer, TEXT_MOST),
    ];
    Some(threaded(words::answered_text(&scene.dossier.request, answer), blocks))
}

/// To the requester: the question with a button, then with the answer.
pub(super) fn to_requester(scene: &Scene<'_>, number: u32) -> Option<Rendered> {
    let request = &scene.dossier.request;
    let asked = scene.dossier.question(number)?;
    let waits = request.state.word() == StateWord::Pending && asked.answer.is_none();
    if !waits && asked.answer.is_none() && !scene.posted {
        return None;
    }
    let mut blocks = vec![
        section(&scene.block("head"), &words::dm_question(request, &asked)),
        section_plain(&scene.block("asked"), asked.text, TEXT_MOST),
    ];
    match asked.answer {
        Some(answer) => {
            blocks.push(section(&scene.block("said"), words::your_answer()));
            blocks.push(section_plain(&scene.block("answer"), answer, TEXT_MOST));
        }
        None if waits => {
            let spoken = words::spoken(words::REPLY, request);
            let reply = reply_button(request.id, number, words::REPLY, &spoken, Look::Primary);
            blocks.push(actions(&scene.block("act"), vec![reply]));
        }
        None => blocks.push(section(&scene.block("over"), &words::dm_standing(request))),
    }
    Some(direct::to_requester(scene, words::dm_question_text(request, &asked), blocks))
}
