//! Forms: what they open with, and what is done when they are sent.

use serde_json::{Value, json};

use super::{Ears, in_states};
use crate::engine::{Dossier, Verb};
use crate::ids::RequestId;
use crate::lifecycle::{Answer, Refusal, Request, StateWord};
use crate::slack::envelope::{Caller, ViewState};
use crate::slack::identity::Identified;
use crate::slack::modal::{self, FieldErrors};
use crate::slack::socket::Ack;
use crate::slack::views::{self, Said};
use crate::slack::{text, words};
use crate::time::Span;

impl Ears {
    pub(super) async fn open_extend(
        &self,
        who: &Identified,
        trigger: &str,
        grant: RequestId,
        duration: Option<Span>,
        because: Option<&str>,
    ) -> Result<(), String> {
        let dossier = self.dossier(grant).await?;
        if dossier.request.requester.id != who.id {
            return Err(words::refused(&Refusal::NotYours { request: grant }));
        }
        if !in_states(&dossier.request, &[StateWord::Active]) {
            return Err(words::refused(&dossier.request.settled_refusal()));
        }
        self.open(trigger, &modal::extend(&dossier.request, duration, because)).await
    }

    /// A form of those who decide: `form` makes it while the request waits for them.
    pub(super) async fn open_decision(
        &self,
        trigger: &str,
        request: RequestId,
        form: fn(&Request) -> Value,
    ) -> Result<(), String> {
        let request = self.dossier(request).await?.request;
        if !in_states(&request, &[StateWord::Pending]) {
            return Err(words::refused(&request.settled_refusal()));
        }
        self.open(trigger, &form(&request)).await
    }

    /// The form for the answer to a question, for the requester.
    pub(super) async fn open_reply(
        &self,
        who: &Identified,
        trigger: &str,
        request: RequestId,
        question: u32,
    ) -> Result<(), String> {
        let dossier = self.dossier(request).await?;
        if dossier.request.requester.id != who.id {
            return Err(words::refused(&Refusal::NotYours { request }));
        }
        if !in_states(&dossier.request, &[StateWord::Pending]) {
            return Err(words::refused(&dossier.request.settled_refusal()));
        }
        let asked = dossier.question(question).filter(|asked| asked.answer.is_none());
        let asked = asked.ok_or_else(|| words::refused(&Refusal::NoOpenQuestion { request }))?;
        self.open(trigger, &modal::reply(&dossier.request, question, asked.by, asked.text)).await
    }

    pub(super) async fn open_revoke(
        &self,
        trigger: &str,
        grant: &Request,
        because: Option<&str>,
    ) -> Result<(), String> {
        if !in_states(grant, &[StateWord::Granting, StateWord::Active]) {
            return Err(words::refused(&grant.settled_refusal()));
        }
        self.open(trigger, &modal::revoke(grant, because)).await
    }

    pub(super) async fn open(&self, trigger: &str, view: &Value) -> Result<(), String> {
        self.web.open_view(trigger, view).await.map_err(|error| {
            tracing::warn!(%error, "a form was not opened");
            words::form_failed()
        })
    }

    pub(super) async fn dossier(&self, request: RequestId) -> Result<Dossier, String> {
        let dossier = self.engine.dossier(request).await.map_err(|error| words::engine_failed(&error))?;
        dossier.ok_or_else(|| words::refused(&Refusal::NoSuchRequest { request }))
    }

    pub(super) async fn form(&self, id: &str, caller: &Caller, view: &ViewState, ack: Ack) {
        let outcome = match self.who(caller).await {
            Ok(who) => self.sent(id, &who, view).await,
            Err(sentence) => Err(modal::first_field_error(view, &sentence)),
        };
        let (payload, sentence) = match outcome {
            Ok(said) => {
                let view = modal::notice_of(&said.blocks);
                (json!({"response_action": "update", "view": view}), said.text)
            }
            Err(errors) => {
                let sentence = text::escape(&errors.values().cloned().collect::<Vec<_>>().join("\n"));
                (json!({"response_action": "errors", "errors": errors}), sentence)
            }
        };
        if !ack.with(payload) {
            self.tell(caller, &sentence).await;
        }
    }

    /// What a request form asks for, and for whom.
    fn asked(&self, who: &Identified, sent: modal::Sent) -> Result<Verb, FieldErrors> {
        let modal::Sent { ask, break_glass, whom } = sent;
        let wrong = |block: &str, text: &str| FieldErrors::from([(block.to_owned(), text.to_owned())]);
        let other = match whom.map(|account| self.person_of(&account).ok_or(account)) {
            None => None,
            Some(Ok(person)) => Some(person).filter(|person| person.id != who.id),
            Some(Err(account)) => {
                return Err(wrong("whom", &words::unmarked(&words::unknown_beneficiary(&account))));
            }
        };
        match (other, break_glass) {
            (Some(_), true) => Err(wrong("glass", words::form::GLASS_FOR_OTHERS)),
            (Some(person), false) => Ok(Verb::AskFor { person: person.id, ask }),
            (None, true) => Ok(Verb::BreakGlass(ask)),
            (None, false) => Ok(Verb::Ask(ask)),
        }
    }

    pub(super) async fn sent(
        &self,
        id: &str,
        who: &Identified,
        view: &ViewState,
    ) -> Result<Said, FieldErrors> {
        let verb = match view.callback.as_str() {
            modal::REQUEST_FORM => self.asked(who, modal::read_request(view)?)?,
            modal::EMERGENCY_FORM => {
                let ask = modal::read_request(view)?.ask;
                match modal::Emergency::read(&view.private_metadata) {
                    Some(modal::Emergency::Real) => Verb::BreakGlass(ask),
                    Some(modal::Emergency::Drill { began_at }) => {
                        Verb::Drill { ask, began_at: Some(began_at) }
                    }
                    None => return Err(modal::first_field_error(view, &words::unreadable())),
                }
            }
            modal::EXTEND_FORM => {
                let modal::MoreTime { grant, duration, justification } = modal::read_extend(view)?;
                Verb::Extend { parent: grant, duration, justification }
            }
            modal::APPROVE_LESS_FORM => {
                let (request, at_most) = modal::read_approve_less(view)?;
                Verb::Approve { request, at_most: Some(at_most) }
            }
            modal::DENY_FORM => {
                let (request, reason) = modal::read_reason(view)?;
                Verb::Deny { request, reason }
            }
            modal::QUESTION_FORM => {
                let (request, text) = modal::read_question(view)?;
                Verb::Question { request, text }
            }
            modal::REPLY_FORM => {
                let (request, question, text) = modal::read_reply(view)?;
                Verb::Reply { request, question, text }
            }
            modal::REVIEW_FORM => {
                let (request, found, finding) = modal::read_review(view)?;
                Verb::Review { request, found, finding }
            }
            modal::REVOKE_FORM => {
                let (request, reason) = modal::read_reason(view)?;
                Verb::Revoke { request, reason }
            }
            _ => return Err(modal::first_field_error(view, &words::unreadable())),
        };
        let is_break_glass = matches!(verb, Verb::BreakGlass(_));
        match self.submit(Some(id), who, verb).await {
            Ok(Answer::Granting { request, .. }) if is_break_glass => {
                Ok(words::answer_broke_glass(request).into())
            }
            Err(sentence) => Err(modal::first_field_error(view, &sentence)),
            Ok(Answer::Refused(Refusal::Rules(reasons))) => Err(modal::field_errors(view, &reasons)),
            Ok(Answer::Refused(refusal)) => Err(modal::first_field_error(view, &words::refused(&refusal))),
            Ok(Answer::Submitted { request, asked }) => {
                let dossier = self.dossier(request).await.ok();
                let sentence = self.answered(&Ok(Answer::Submitted { request, asked }));
                let glass = dossier.filter(|dossier| views::can_break_glass(&dossier.request));
                Ok(match glass {
                    Some(dossier) => views::with_emergency(sentence, &dossier.request),
                    None => sentence.into(),
                })
            }
            answer @ Ok(_) => Ok(self.answered(&answer).into()),
        }
    }
}
