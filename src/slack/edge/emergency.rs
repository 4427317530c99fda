//! Access at once: what its form opens with.

use serde_json::Value;

use super::Ears;
use super::looking::{read_words, roles_of};
use crate::ids::{RequestId, RoleRef};
use crate::lifecycle::{Refusal, Request, State};
use crate::policy::{self, Found, RoleMatch};
use crate::slack::envelope::{Caller, Place, ViewState};
use crate::slack::identity::Identified;
use crate::slack::modal::{self, Draft, Emergency};
use crate::slack::words;

impl Ears {
    /// The form, filled in as far as the words go.
    pub(super) async fn open_emergency(
        &self,
        caller: &Caller,
        who: &Identified,
        trigger: &str,
        typed: &str,
        leads_to: Emergency,
    ) -> Result<(), String> {
        let draft = self.emergency_draft(caller, who, typed).await?;
        let view = self.emergency_form(who, &draft, leads_to).await?;
        self.open(trigger, &view).await
    }

    /// A drill begins now.
    pub(super) fn emergency(&self, drill: bool) -> Emergency {
        if drill { Emergency::Drill { began_at: self.engine.now() } } else { Emergency::Real }
    }

    /// The same for what the requester asked for and waits for. Where a window is open already, it becomes the form.
    pub(super) async fn open_emergency_for(
        &self,
        who: &Identified,
        request: RequestId,
        trigger: &str,
        place: &Place,
    ) -> Result<(), String> {
        let waiting = self.dossier(request).await?.request;
        if waiting.requester.id != who.id {
            return Err(words::refused(&Refusal::NotYours { request }));
        }
        if !waits(&waiting) {
            return Err(words::refused(&waiting.settled_refusal()));
        }
        let draft = Draft {
            role: Some(self.by_break_glass(&waiting.ask.role)?),
            duration: Some(waiting.ask.duration),
            because: Some(waiting.ask.justification),
            ticket: waiting.ask.ticket,
            fields: waiting.ask.fields,
            ..Draft::default()
        };
        let view = self.emergency_form(who, &draft, Emergency::Real).await?;
        match &place.window {
            Some(window) => self.web.update_view(window, None, &view).await.map_err(|error| {
                tracing::warn!(%error, "a form was not opened");
                words::form_failed()
            }),
            None => self.open(trigger, &view).await,
        }
    }

    /// The form of the review, for those who may do it.
    pub(super) async fn open_review(
        &self,
        who: &Identified,
        request: RequestId,
        trigger: &str,
    ) -> Result<(), String> {
        let dossier = self.dossier(request).await?;
        let people = self.engine.people();
        let Request { terms, requester, review_due_at, .. } = &dossier.request;
        if review_due_at.is_none() {
            return Err(words::refused(&Refusal::NoReviewOwed { request }));
        }
        let verdict = policy::may_review(&terms.tier, &terms.owners, &requester.id, &who.id, &people);
        if !verdict.is_granted() {
            return Err(words::refused(&Refusal::Rules(verdict.refusals().cloned().collect())));
        }
        self.open(trigger, &modal::review(&people, &dossier)).await
    }

    /// The form for another role, with what was written so far.
    pub(super) async fn emergency_form_for(
        &self,
        who: &Identified,
        view: &ViewState,
        role: Option<RoleRef>,
    ) -> Option<Value> {
        let because = view.values.get("why").cloned();
        let ticket = view.values.get("ticket").and_then(|text| text.trim().parse().ok());
        let draft = Draft { role, because, ticket, ..Draft::default() };
        let leads_to = Emergency::read(&view.private_metadata)?;
        self.emergency_form(who, &draft, leads_to).await.ok()
    }

    async fn emergency_form(
        &self,
        who: &Identified,
        draft: &Draft,
        leads_to: Emergency,
    ) -> Result<Value, String> {
        let offered = self.emergency_roles(who).await;
        if offered.is_empty() && draft.role.is_none() {
            return Err(words::no_emergency(&self.settings.command));
        }
        Ok(modal::emergency(&self.engine.policies(), &offered, draft, leads_to))
    }

    async fn emergency_draft(&self, caller: &Caller, who: &Identified, typed: &str) -> Result<Draft, String> {
        let command = &self.settings.command;
        let policies = self.engine.policies();
        let read = read_words(&policies, typed);
        let mut draft =
            Draft { duration: read.duration, because: read.because, ticket: read.ticket, ..Draft::default() };
        // It starts at once, whatever was written.
        self.when(caller, &mut draft, None, read.until.as_ref()).await;
        draft.notes.extend(read.too_long.map(|typed| words::length_too_long(&typed)));
        if read.role.is_empty() {
            return Ok(draft);
        }
        let holds = roles_of(&self.held(who).await);
        let role = match policy::find(&policies, &self.engine.people(), &who.id, &holds, &read.role) {
            Found::Named(role) => self.by_break_glass(&role)?,
            Found::Fitting { roles, .. } => {
                let fits = roles.iter().find(|found| policies.break_glass(&found.role).is_some());
                match (fits, roles.first()) {
                    (Some(fits), _) => fits.role.clone(),
                    (None, Some(first)) => self.by_break_glass(&first.role)?,
                    (None, None) => return Err(words::no_emergency(command)),
                }
            }
            Found::Barred(barred) => return Err(words::only_barred(command, &barred)),
            Found::Nothing(near) => return Err(words::no_such_role(command, &read.role.join(" "), &near)),
        };
        if let (Some(typed), Some(rule)) = (draft.duration, policies.break_glass(&role))
            && typed > rule.max_duration
        {
            draft.notes.push(words::length_cut(typed, rule.max_duration));
        }
        draft.role = Some(role);
        Ok(draft)
    }

    /// The role, when it can be had so.
    fn by_break_glass(&self, role: &RoleRef) -> Result<RoleRef, String> {
        let policies = self.engine.policies();
        if policies.break_glass(role).is_some() {
            return Ok(role.clone());
        }
        let title = policies
            .role(role)
            .map_or_else(|| role.to_string(), |(app, found)| format!("{} · {}", app.name, found.name));
        Err(words::not_by_break_glass(&self.settings.command, &title))
    }

    /// What the person could have by break-glass now.
    async fn emergency_roles(&self, who: &Identified) -> Vec<RoleMatch> {
        let policies = self.engine.policies();
        let holds = roles_of(&self.held(who).await);
        let mut found = policy::search(&policies, &self.engine.people(), &who.id, &holds, "", usize::MAX);
        found.retain(|found| found.eligible && policies.break_glass(&found.role).is_some());
        found
    }
}

/// Whether a break-glass could take its place.
fn waits(request: &Request) -> bool {
    matches!(request.state, State::Pending(_) | State::Scheduled { .. })
}
