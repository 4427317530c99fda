//! Looking for a role: the catalogue, what somebody's words come to, and why a role can't be had. From what is in
//! memory, but for what the person holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::{CHOICES_MOST, Ears, open_states};
use crate::engine::Filter;
use crate::ids::{AppId, RoleRef, SlackUserId};
use crate::lifecycle::{Kind, Request, StateWord};
use crate::policy::{
    self, Ask, AskMode, Begin, Found, Person, PolicySet, Reason, RoleMatch, Verdict, Visibility, Vocabulary,
};
use crate::slack::envelope::{Caller, ViewState};
use crate::slack::free_words::{self, FreeWords, Moment};
use crate::slack::identity::Identified;
use crate::slack::modal::{self, Draft};
use crate::slack::words;
use crate::time::Span;
use crate::zone::Zone;

/// For the address of a message: the form must open within three seconds of the click.
const PERMALINK_MOST: Duration = Duration::from_secs(1);
/// A request that came to access, or will.
const CAME_TO_ACCESS: [StateWord; 5] =
    [StateWord::Scheduled, StateWord::Granting, StateWord::Active, StateWord::Revoking, StateWord::Revoked];
/// Requests of one person that are looked through for the last one.
const PAST_MOST: u32 = 200;
/// What begins sooner begins at once.
const START_LEAST: Span = Span::mins(2);
/// Open requests of one person that are looked at.
const HELD_MOST: u32 = 50;

impl Ears {
    /// The request form with all that the person may ask for, and what they hold.
    pub(super) async fn open_catalogue(&self, caller: &Caller, trigger: &str) -> Result<(), String> {
        let who = self.who(caller).await?;
        let found =
            policy::search(&self.engine.policies(), &self.engine.people(), &who.id, &[], "", usize::MAX);
        let mut seen = BTreeSet::<&AppId>::new();
        let apps: Vec<String> = found
            .iter()
            .filter(|role| seen.insert(&role.role.app))
            .map(|role| role.app_name.clone())
            .collect();
        let held = self.held(&who).await;
        let notes = vec![
            words::catalogue(&apps, found.len()),
            words::catalogue_held(&held.iter().collect::<Vec<_>>()),
        ];
        self.open_request(&who, trigger, Draft { notes, ..Draft::default() }).await
    }

    /// The request form, for what a message is about.
    pub(super) async fn open_about(
        &self,
        caller: &Caller,
        trigger: &str,
        channel: &str,
        ts: &str,
    ) -> Result<(), String> {
        let who = self.who(caller).await?;
        let link = match timeout(PERMALINK_MOST, self.web.permalink(channel, ts)).await {
            Ok(Ok(link)) => Some(link),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the address of a message was not found");
                None
            }
            Err(_) => None,
        };
        let notes = if link.is_none() { vec![words::no_link()] } else { Vec::new() };
        let because = link.map(|link| words::about_message(&link));
        self.open_request(&who, trigger, Draft { because, notes, ..Draft::default() }).await
    }

    pub(super) async fn open_request(
        &self,
        who: &Identified,
        trigger: &str,
        mut draft: Draft,
    ) -> Result<(), String> {
        let subject = self.subject(who, draft.whom.as_deref());
        if let Some(role) = &draft.role {
            let hint = self.hint(&subject, role, draft.duration).await;
            draft.notes.insert(0, hint);
        }
        let view = modal::request(&self.engine.policies(), &self.engine.people(), &subject.id, &draft);
        self.open(trigger, &view).await
    }

    /// The person with this account, whom the directory names.
    pub(super) fn person_of(&self, account: &str) -> Option<Person> {
        let account = SlackUserId::new(account).ok()?;
        self.engine.people().by_slack(&account).cloned()
    }

    /// Whom a form is about: somebody else, when it names one whom the directory knows.
    fn subject(&self, who: &Identified, whom: Option<&str>) -> Identified {
        let other = whom.and_then(|account| self.person_of(account));
        other.map_or_else(|| who.clone(), |person| Identified { id: person.id, name: person.name })
    }

    /// What somebody's words come to, as the beginning of a form.
    pub(super) async fn draft(
        &self,
        caller: &Caller,
        who: &Identified,
        typed: &str,
        whom: Option<String>,
    ) -> Result<Draft, String> {
        if let Some(account) = whom.as_deref().filter(|account| self.person_of(account).is_none()) {
            return Err(words::unknown_beneficiary(account));
        }
        let who = &self.subject(who, whom.as_deref());
        let command = &self.settings.command;
        let policies = self.engine.policies();
        let read = read_words(&policies, typed);
        let FreeWords { role: wish, duration, from, until, too_long, because, ticket } = read;
        let mut draft = Draft { duration, because, ticket, whom, ..Draft::default() };
        self.when(caller, &mut draft, from.as_ref(), until.as_ref()).await;
        draft.notes.extend(too_long.map(|typed| words::length_too_long(&typed)));
        if wish.is_empty() {
            return Ok(draft);
        }
        let holds = roles_of(&self.held(who).await);
        match policy::find(&policies, &self.engine.people(), &who.id, &holds, &wish) {
            Found::Named(role) => {
                if let Some(Visibility::Retired { instead }) =
                    policies.role(&role).map(|(app, found)| app.visibility_of(found))
                {
                    return Err(words::retired(&role, instead.as_deref()));
                }
                draft.role = Some(role);
            }
            Found::Fitting { roles, barred } => {
                draft.role = roles.first().map(|first| first.role.clone());
                if let Some((first, others)) = roles.split_first() {
                    draft.notes.push(words::others_fit(first, others));
                }
                draft.notes.push(words::barred_fit(command, &barred));
            }
            Found::Barred(barred) => return Err(words::only_barred(command, &barred)),
            Found::Nothing(near) => return Err(words::no_such_role(command, &wish.join(" "), &near)),
        }
        let most = draft.role.as_ref().and_then(|at| policies.role(at)).map(|(_, role)| role.max_duration);
        if let (Some(typed), Some(most)) = (draft.duration, most)
            && typed > most
        {
            draft.notes.push(words::length_cut(typed, most));
        }
        Ok(draft)
    }

    /// The form as the last request that came to access was made: of that role, when one is named. What the person
    /// may not have now is told instead.
    pub(super) async fn again(&self, who: &Identified, wish: &str) -> Result<Draft, String> {
        let command = &self.settings.command;
        let states = CAME_TO_ACCESS.into();
        let filter = Filter { requester: Some(who.id.clone()), states, limit: PAST_MOST };
        let past = self.engine.list(filter).await.map_err(|error| words::engine_failed(&error))?;
        let fits = self.roles_meant(who, wish);
        let wanted = |request: &&Request| {
            !matches!(request.kind, Kind::Extension { .. })
                && (wish.is_empty() || fits.contains(&request.ask.role))
        };
        let last = past.iter().find(wanted).ok_or_else(|| words::nothing_again(command, wish))?;
        if last.state.word().is_open() {
            return Err(words::again_open(command, last));
        }
        let ask = &last.ask;
        let holds = roles_of(&self.held(who).await);
        let most = self.engine.policies().role(&ask.role).map(|(_, role)| role.max_duration);
        let duration = most.map_or(ask.duration, |most| ask.duration.min(most));
        let verdict = self.judge(who, &ask.role, Some(duration), &holds);
        let against: Vec<&Reason> = verdict.refusals().filter(|reason| !reason.code.is_of_form()).collect();
        if !against.is_empty() {
            return Err(words::again_refused(last, &against));
        }
        Ok(Draft {
            role: Some(ask.role.clone()),
            duration: Some(duration),
            because: Some(ask.justification.clone()),
            ticket: ask.ticket.clone(),
            fields: ask.fields.clone(),
            notes: vec![words::again(last)],
            ..Draft::default()
        })
    }

    /// Every role that the words may mean.
    fn roles_meant(&self, who: &Identified, wish: &str) -> Vec<RoleRef> {
        let (policies, people) = (self.engine.policies(), self.engine.people());
        let read = read_words(&policies, wish);
        match policy::find(&policies, &people, &who.id, &[], &read.role) {
            Found::Named(role) => vec![role],
            Found::Fitting { roles, barred } => roles.into_iter().map(|one| one.role).chain(barred).collect(),
            Found::Barred(roles) => roles,
            Found::Nothing(_) => Vec::new(),
        }
    }

    /// From when, and until when, by the clock of who typed it. What can't be meant is said, and left to them.
    pub(super) async fn when(
        &self,
        caller: &Caller,
        draft: &mut Draft,
        from: Option<&Moment>,
        until: Option<&Moment>,
    ) {
        let now = self.engine.now();
        let asks = from.into_iter().chain(until).any(|moment| !moment.needs_no_zone());
        let zone = if asks { self.zone_of(&caller.user).await } else { None };
        let by = zone.clone().unwrap_or(Zone::UTC);
        if let Some(from) = from {
            match from.begins(now, &by) {
                // What begins now needs no start.
                Ok(at) if at < now + START_LEAST => {}
                Ok(at) => {
                    draft.starts_at = Some(at);
                    draft.notes.push(words::starts_when(from.typed(), at));
                }
                Err(why) => draft.notes.push(words::no_moment(from.typed(), why)),
            }
        }
        if let Some(until) = until {
            match until.ends(now, draft.starts_at.unwrap_or(now), &by) {
                // How long is said as well: that counts.
                Ok(_) if draft.duration.is_some() => {}
                Ok(at) => {
                    let minutes = at.since(draft.starts_at.unwrap_or(now)).as_secs() / 60;
                    let length = Span::mins(minutes.max(1));
                    draft.duration = Some(length);
                    draft.notes.push(words::ends_when(until.typed(), at, length, draft.starts_at.is_some()));
                }
                Err(why) => draft.notes.push(words::no_moment(until.typed(), why)),
            }
        }
        if asks && zone.is_none() {
            draft.notes.push(words::no_zone());
        }
    }

    /// Whether the person may have a role, and why.
    pub(super) async fn why(&self, who: &Identified, typed: &str) -> Result<String, String> {
        let (policies, people) = (self.engine.policies(), self.engine.people());
        let read = read_words(&policies, typed);
        let held = self.held(who).await;
        let role = match policy::find(&policies, &people, &who.id, &roles_of(&held), &read.role) {
            Found::Named(role) => Some(role),
            Found::Fitting { roles, barred } => {
                // Who asks why means what they can't have.
                barred.into_iter().next().or_else(|| roles.into_iter().next().map(|first| first.role))
            }
            Found::Barred(barred) => barred.into_iter().next(),
            Found::Nothing(near) => {
                return Err(words::no_such_role(&self.settings.command, typed, &near));
            }
        };
        let found = role.as_ref().and_then(|at| Some((at, policies.role(at)?)));
        let Some((at, (app, role))) = found else {
            return Err(words::no_such_role(&self.settings.command, typed, &[]));
        };
        let length = read.duration.unwrap_or(role.default_duration);
        let holds = roles_of(&held);
        let mut verdict = self.judge(who, at, Some(length), &holds);
        if verdict.refusals().all(|reason| reason.code.is_of_form()) {
            // Without a form, so that the rule which allows it is told.
            let now = self.engine.now();
            let begin = Begin::Access(now);
            verdict = policy::still_eligible(&policies, &people, &who.id, at, length, begin, &holds, now);
        }
        let approval = policies.tiers.get(&role.tier).map_or_else(String::new, |tier| {
            let stages = policy::stage_approvers(tier, &app.owners, &who.id, &people, self.engine.now());
            words::approval_path(&people, tier, &stages, role.max_duration)
        });
        let title = format!("{} · {}", app.name, role.name);
        let standing = held.iter().find(|request| request.ask.role == *at);
        Ok(words::why(at, &title, &verdict, length, &approval, standing))
    }

    /// Why this person can't have the role, as far as a form without content can tell.
    async fn hint(&self, who: &Identified, role: &RoleRef, duration: Option<Span>) -> String {
        let policies = self.engine.policies();
        let Some((_, found)) = policies.role(role) else { return String::new() };
        // The form offers no more than the role's maximum.
        let duration = duration.map(|duration| duration.min(found.max_duration));
        let holds = roles_of(&self.held(who).await);
        let verdict = self.judge(who, role, duration, &holds);
        words::hint_refused(&verdict.refusals().collect::<Vec<_>>())
    }

    fn judge(&self, who: &Identified, at: &RoleRef, length: Option<Span>, holds: &[RoleRef]) -> Verdict {
        let policies = self.engine.policies();
        let usual = policies.role(at).map_or(Span::hours(1), |(_, role)| role.default_duration);
        let ask = Ask {
            role: at.clone(),
            duration: length.unwrap_or(usual),
            starts_at: None,
            justification: String::new(),
            ticket: None,
            fields: BTreeMap::new(),
        };
        let (people, now) = (self.engine.people(), self.engine.now());
        policy::may_ask(&policies, &people, &who.id, &ask, AskMode::New, holds, now)
    }

    pub(super) async fn role_chosen(&self, caller: &Caller, view: &ViewState, role: &str, at: &str) {
        let Ok(who) = self.who(caller).await else { return };
        self.remember_choice(&view.id, at);
        let role = role.parse::<RoleRef>().ok();
        let form = if view.callback == modal::EMERGENCY_FORM {
            let Some(form) = self.emergency_form_for(&who, view, role).await else { return };
            form
        } else {
            self.request_form_for(&who, view, role).await
        };
        let mut updated = self.web.update_view(&view.id, view.hash.as_deref(), &form).await;
        // The choice before this one changed the form meanwhile; the last one made counts.
        if updated.as_ref().is_err_and(|error| error.is("hash_conflict")) && self.is_last_choice(&view.id, at)
        {
            updated = self.web.update_view(&view.id, None, &form).await;
        }
        if let Err(error) = updated {
            tracing::warn!(%error, "a form was not updated");
        }
    }

    async fn request_form_for(&self, who: &Identified, view: &ViewState, role: Option<RoleRef>) -> Value {
        let whom = view.values.get("whom").cloned();
        let who = &self.subject(who, whom.as_deref());
        let mut notes = Vec::new();
        if let Some(role) = &role {
            notes.push(self.hint(who, role, None).await);
        }
        let because = view.values.get("why").cloned();
        let draft = Draft { role, because, whom, notes, ..Draft::default() };
        modal::request(&self.engine.policies(), &self.engine.people(), &who.id, &draft)
    }

    fn remember_choice(&self, view: &str, at: &str) {
        let mut choices = self.choices.lock().unwrap_or_else(PoisonError::into_inner);
        match choices.iter_mut().find(|(known, _)| known == view) {
            Some((_, last)) => {
                if last.as_str() < at {
                    at.clone_into(last);
                }
            }
            None => {
                if choices.len() >= CHOICES_MOST {
                    choices.pop_front();
                }
                choices.push_back((view.to_owned(), at.to_owned()));
            }
        }
    }

    fn is_last_choice(&self, view: &str, at: &str) -> bool {
        let choices = self.choices.lock().unwrap_or_else(PoisonError::into_inner);
        choices.iter().any(|(known, last)| known == view && last == at)
    }

    /// The choices of the search in the form.
    pub(super) async fn options(&self, caller: &Caller, query: &str) -> Value {
        let Ok(who) = self.who(caller).await else { return json!({"options": []}) };
        let held = self.held(&who).await;
        let (policies, people) = (self.engine.policies(), self.engine.people());
        let found: Vec<RoleMatch> =
            policy::search(&policies, &people, &who.id, &roles_of(&held), query, usize::MAX);
        let marks = held.iter().map(|request| (request.ask.role.clone(), words::held(request))).collect();
        modal::options(&found, &marks)
    }

    /// What the person has or waits for. Nothing, when the engine does not say: it decides again anyway.
    pub(super) async fn held(&self, who: &Identified) -> Vec<Request> {
        let filter = Filter { requester: Some(who.id.clone()), states: open_states(), limit: HELD_MOST };
        self.engine.list(filter).await.unwrap_or_default()
    }
}

/// The words, held against the names in these policies.
pub(super) fn read_words(policies: &PolicySet, typed: &str) -> FreeWords {
    let vocabulary = Vocabulary::of(policies);
    let names_role = |word: &str| word.parse::<RoleRef>().is_ok_and(|at| policies.role(&at).is_some());
    free_words::read(typed, &|word| vocabulary.knows(word) || names_role(word))
}

pub(super) fn roles_of(requests: &[Request]) -> Vec<RoleRef> {
    requests.iter().map(|request| request.ask.role.clone()).collect()
}
