//! Forms: what they open with, and what is done when they are sent.

use serde_json::{Value, json};

use super::{Ears, OPTIONS_MOST, in_states, open_states};
use crate::engine::{Dossier, Filter, Verb};
use crate::ids::{RequestId, RoleRef};
use crate::lifecycle::{Answer, Refusal, Request, StateWord};
use crate::policy::{self, Ask, AskMode};
use crate::slack::blocks::option;
use crate::slack::envelope::{Caller, Press, ViewState};
use crate::slack::identity::Identified;
use crate::slack::modal::{self, Draft, FieldErrors};
use crate::slack::socket::Ack;
use crate::slack::{text, words};
use crate::time::Span;

impl Ears {
    pub(super) async fn open_request(
        &self,
        caller: &Caller,
        trigger: &str,
        mut draft: Draft,
    ) -> Result<(), String> {
        let who = self.who(caller)?;
        draft.hint = self.hint(&who, draft.role.as_ref()).await;
        let view = modal::request(&self.engine.policies(), &self.engine.people(), &draft);
        self.open(trigger, &view).await
    }

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

    pub(super) async fn open_reason(
        &self,
        press: Press,
        trigger: &str,
        request: RequestId,
    ) -> Result<(), String> {
        let request = self.dossier(request).await?.request;
        let (form, states): (fn(&Request) -> Value, &[StateWord]) = if press == Press::Deny {
            (modal::deny, &[StateWord::Pending])
        } else {
            (modal::revoke, &[StateWord::Granting, StateWord::Active])
        };
        if !in_states(&request, states) {
            return Err(words::refused(&request.settled_refusal()));
        }
        self.open(trigger, &form(&request)).await
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

    /// Why this person can't have the role, as far as a form without content can tell.
    pub(super) async fn hint(&self, who: &Identified, role: Option<&RoleRef>) -> String {
        let policies = self.engine.policies();
        let found = role.and_then(|r| Some((r, policies.apps.get(&r.app)?.roles.get(&r.role)?)));
        let Some((reference, role)) = found else { return String::new() };
        let ask = Ask {
            role: reference.clone(),
            duration: role.default_duration,
            starts_at: None,
            justification: String::new(),
            ticket: None,
            fields: std::collections::BTreeMap::new(),
        };
        let filter = Filter { requester: Some(who.id.clone()), states: open_states(), limit: 50 };
        let holds: Vec<RoleRef> = match self.engine.list(filter).await {
            Ok(requests) => requests.into_iter().map(|request| request.ask.role).collect(),
            Err(_) => Vec::new(),
        };
        let people = self.engine.people();
        let verdict =
            policy::may_ask(&policies, &people, &who.id, &ask, AskMode::New, &holds, self.engine.now());
        words::hint_refused(&verdict.refusals().collect::<Vec<_>>())
    }

    pub(super) async fn role_chosen(&self, caller: &Caller, view: &ViewState, role: &str) {
        let Ok(who) = self.who(caller) else { return };
        let role = role.parse::<RoleRef>().ok();
        let hint = self.hint(&who, role.as_ref()).await;
        let draft = Draft { role, duration: None, because: view.values.get("why").cloned(), hint };
        let form = modal::request(&self.engine.policies(), &self.engine.people(), &draft);
        if let Err(error) = self.web.update_view(&view.id, view.hash.as_deref(), &form).await {
            tracing::warn!(%error, "a form was not updated");
        }
    }

    pub(super) fn options(&self, caller: &Caller, query: &str) -> Vec<Value> {
        let Ok(who) = self.who(caller) else { return Vec::new() };
        let (policies, people) = (self.engine.policies(), self.engine.people());
        let found = policy::search(&policies, &people, &who.id, &[], query, OPTIONS_MOST);
        found
            .iter()
            .take(OPTIONS_MOST)
            .map(|found| {
                let about = if found.eligible { found.gives.as_str() } else { words::form::NOT_FOR_YOU };
                let label = format!("{} · {}", found.app_name, found.role_name);
                option(&label, &found.role.to_string(), Some(about))
            })
            .collect()
    }

    pub(super) async fn form(&self, id: &str, caller: &Caller, view: &ViewState, ack: Ack) {
        let outcome = match self.who(caller) {
            Ok(who) => self.sent(id, &who, view).await,
            Err(sentence) => Err(modal::first_field_error(view, &sentence)),
        };
        let (payload, sentence) = match outcome {
            Ok(sentence) => {
                (json!({"response_action": "update", "view": modal::notice(&sentence)}), sentence)
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

    pub(super) async fn sent(
        &self,
        id: &str,
        who: &Identified,
        view: &ViewState,
    ) -> Result<String, FieldErrors> {
        let verb = match view.callback.as_str() {
            modal::REQUEST_FORM => {
                let sent = modal::read_request(view)?;
                if sent.break_glass { Verb::BreakGlass(sent.ask) } else { Verb::Ask(sent.ask) }
            }
            modal::EXTEND_FORM => {
                let modal::MoreTime { grant, duration, justification } = modal::read_extend(view)?;
                Verb::Extend { parent: grant, duration, justification }
            }
            modal::DENY_FORM => {
                let (request, reason) = modal::read_reason(view)?;
                Verb::Deny { request, reason }
            }
            modal::REVOKE_FORM => {
                let (request, reason) = modal::read_reason(view)?;
                Verb::Revoke { request, reason }
            }
            _ => return Err(modal::first_field_error(view, &words::unreadable())),
        };
        match self.submit(Some(id), who, verb).await {
            Err(sentence) => Err(modal::first_field_error(view, &sentence)),
            Ok(Answer::Refused(Refusal::Rules(reasons))) => Err(modal::field_errors(view, &reasons)),
            Ok(Answer::Refused(refusal)) => Err(modal::first_field_error(view, &words::refused(&refusal))),
            answer @ Ok(_) => Ok(self.answered(&answer)),
        }
    }
}
