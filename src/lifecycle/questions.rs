//! What approvers ask the requester before they decide, and what the requester says to it.

use super::draft::{Draft, number};
use super::{Actor, Answer, DmKind, Question, Refusal, View, What, pending};
use crate::policy::{Reason, ReasonCode};

/// Questions about one request.
const QUESTIONS_MOST: usize = 20;

/// Whoever may decide may ask.
pub(super) fn ask(draft: &mut Draft<'_>, by: &Actor, text: &str) -> Result<Answer, Refusal> {
    pending::not_the_asker(draft, by)?;
    pending::judged(draft)?;
    let Some(person) = by.person() else { return Err(draft.request.settled_refusal()) };
    if draft.request.questions.len() >= QUESTIONS_MOST {
        return Err(Refusal::Rules(vec![Reason {
            code: ReasonCode::TooMany,
            rule: "questions about one request (built in)".to_owned(),
            saw: format!("{QUESTIONS_MOST} were asked"),
            wants: "a decision, or a word in the thread".to_owned(),
        }]));
    }
    draft.request.questions.push(Question { by: person.clone(), answered_at: None });
    let question = number(draft.request.questions.len());
    draft.show(View::Question { number: question });
    draft.show(View::Dm { kind: DmKind::Question, number: question });
    draft.tell(What::Questioned { question, text: text.to_owned() });
    Ok(Answer::Questioned { request: draft.request.id })
}

/// The requester alone answers, each question once.
pub(super) fn reply(draft: &mut Draft<'_>, by: &Actor, question: u32, text: &str) -> Result<Answer, Refusal> {
    let (request, now) = (draft.request.id, draft.now);
    if by.person() != Some(&draft.request.requester.id) {
        return Err(Refusal::NotYours { request });
    }
    let index = usize::try_from(question).ok().and_then(|number| number.checked_sub(1));
    let open = index.and_then(|index| draft.request.questions.get_mut(index));
    let Some(open) = open.filter(|question| question.answered_at.is_none()) else {
        return Err(Refusal::NoOpenQuestion { request });
    };
    open.answered_at = Some(now);
    let asked_by = open.by.clone();
    draft.show(View::Answer { number: question });
    draft.tell(What::Answered { question, asked_by: asked_by.clone(), text: text.to_owned() });
    Ok(Answer::Replied { request, to: asked_by })
}
