//! The slash command.

use std::collections::BTreeSet;

use super::Ears;
use crate::engine::{Filter, Kept, RefusedOf, Verb};
use crate::ids::{RequestId, SlackUserId};
use crate::lifecycle::{Kind, Request, StateWord};
use crate::policy;
use crate::slack::command::{self, CommandError, SlashCommand, Taken};
use crate::slack::envelope::{Caller, Place};
use crate::slack::identity::Identified;
use crate::slack::modal::WHY_LEAST;
use crate::slack::socket::Ack;
use crate::slack::text::typed;
use crate::slack::views::{self, Choice, Reader, Said};
use crate::slack::words;

/// Somebody has it, or will in a moment.
const HELD: [StateWord; 2] = [StateWord::Granting, StateWord::Active];
/// Requests that are looked at for one answer.
const LOOK_MOST: u32 = 300;

impl Ears {
    pub(super) async fn slash(
        &self,
        id: &str,
        caller: &Caller,
        text: &str,
        trigger: &str,
        place: &Place,
        ack: Ack,
    ) {
        let said = match self.obey(id, caller, text, trigger).await {
            Ok(None) => return ack.bare(),
            Ok(Some(said)) => said,
            Err(sentence) => Said::from(sentence),
        };
        if !ack.with(said.answer()) {
            self.say(caller, place, &said).await;
        }
    }

    /// None when a form was opened, which says enough.
    async fn obey(
        &self,
        id: &str,
        caller: &Caller,
        text: &str,
        trigger: &str,
    ) -> Result<Option<Said>, String> {
        let who = self.who(caller).await?;
        match command::parse(text) {
            Err(error) => self.perhaps_words(caller, &who, text, trigger, &error).await.map(|()| None),
            Ok(SlashCommand::Help) => Ok(Some(words::help(&self.settings.command).into())),
            Ok(SlashCommand::Away(wish)) => {
                self.away(caller, &who, &wish).await.map(|said| Some(said.into()))
            }
            Ok(SlashCommand::List) => self.list(&who).await.map(Some),
            Ok(SlashCommand::Catalogue) => self.open_catalogue(caller, trigger).await.map(|()| None),
            Ok(SlashCommand::Request { words, whom }) => {
                let draft = self.draft(caller, &who, &words, whom).await?;
                self.open_request(&who, trigger, draft).await.map(|()| None)
            }
            Ok(SlashCommand::Emergency { words, drill }) => {
                let leads_to = self.emergency(drill);
                self.open_emergency(caller, &who, trigger, &words, leads_to).await.map(|()| None)
            }
            Ok(SlashCommand::Status { request: Some(request) }) => self.status(&who, request).await.map(Some),
            Ok(SlashCommand::Status { request: None }) => self.status_of_open(&who).await.map(Some),
            Ok(SlashCommand::WhyRequest { request }) => self.why_request(&who, request).await.map(Some),
            Ok(SlashCommand::WhyLast) => self.why_last(&who).await.map(|said| Some(said.into())),
            Ok(SlashCommand::Again { words }) => {
                let draft = self.again(&who, &words).await?;
                self.open_request(&who, trigger, draft).await.map(|()| None)
            }
            Ok(SlashCommand::Why { words }) => self.why(&who, &words).await.map(|said| Some(said.into())),
            Ok(SlashCommand::Extend { request, duration, because }) => {
                let grant = match request {
                    Some(request) => request,
                    None => match self.own_active(&who, Choice::Extend).await? {
                        Ok(grant) => grant.id,
                        Err(several) => return Ok(Some(several)),
                    },
                };
                self.open_extend(&who, trigger, grant, duration, because.as_deref()).await.map(|()| None)
            }
            Ok(SlashCommand::Release { request }) => {
                let request = match request {
                    Some(request) => request,
                    None => match self.own_active(&who, Choice::Release).await? {
                        Ok(grant) => grant.id,
                        Err(several) => return Ok(Some(several)),
                    },
                };
                let answer = self.submit(Some(id), &who, Verb::Release { request }).await;
                Ok(Some(self.answered(&answer).into()))
            }
            Ok(SlashCommand::Revoke { what, because }) => {
                let grant = match what {
                    Taken::Any => return self.takeable(&who).await.map(Some),
                    Taken::Grant(request) => self.dossier(request).await?.request,
                    Taken::Of { account, role } => self.grant_of(&who, &account, &role).await?,
                };
                self.revoke(id, &who, trigger, &grant, because).await
            }
        }
    }

    /// Who leaves the word `request` out is understood where the words name a role that they may have.
    async fn perhaps_words(
        &self,
        caller: &Caller,
        who: &Identified,
        text: &str,
        trigger: &str,
        error: &CommandError,
    ) -> Result<(), String> {
        let otherwise = || words::not_understood(&self.settings.command, error);
        let (text, whom) = command::beneficiary(text);
        let (CommandError::UnknownWord { nearest: None, .. }, Ok(draft)) =
            (error, self.draft(caller, who, &typed(&text), whom).await)
        else {
            return Err(otherwise());
        };
        if draft.role.is_none() {
            return Err(otherwise());
        }
        self.open_request(who, trigger, draft).await
    }

    async fn list(&self, who: &Identified) -> Result<Said, String> {
        let filter = Filter { requester: Some(who.id.clone()), states: BTreeSet::new(), limit: 200 };
        let mut requests = self.engine.list(filter).await.map_err(|error| words::engine_failed(&error))?;
        requests.sort_by_key(|request| !request.state.word().is_open());
        Ok(views::list(&self.settings.command, &requests))
    }

    /// The one grant that they mean; several are said to choose from.
    async fn own_active(&self, who: &Identified, choice: Choice) -> Result<Result<Request, Said>, String> {
        let states: &[StateWord] = match choice {
            Choice::Extend => &[StateWord::Active],
            Choice::Release | Choice::Revoke => &HELD,
        };
        let mut grants = self.own_in(who, states).await?;
        grants.retain(|grant| !matches!(grant.kind, Kind::Extension { .. }));
        match grants.as_slice() {
            [] => Err(words::nothing_active()),
            [one] => Ok(Ok(one.clone())),
            several => Ok(Err(views::which(several, choice))),
        }
    }

    async fn status_of_open(&self, who: &Identified) -> Result<Said, String> {
        let open: Vec<StateWord> = StateWord::ALL.into_iter().filter(|state| state.is_open()).collect();
        let requests = self.own_in(who, &open).await?;
        match requests.as_slice() {
            [] => Err(words::nothing_open(&self.settings.command)),
            [one] => self.status(who, one.id).await,
            several => Ok(views::list(&self.settings.command, several)),
        }
    }

    async fn own_in(&self, who: &Identified, states: &[StateWord]) -> Result<Vec<Request>, String> {
        let states = states.iter().copied().collect();
        let filter = Filter { requester: Some(who.id.clone()), states, limit: LOOK_MOST };
        self.engine.list(filter).await.map_err(|error| words::engine_failed(&error))
    }

    /// What others have that this person may take.
    async fn takeable(&self, who: &Identified) -> Result<Said, String> {
        let filter = Filter { requester: None, states: HELD.into(), limit: LOOK_MOST };
        let mut held = self.engine.list(filter).await.map_err(|error| words::engine_failed(&error))?;
        held.retain(|grant| grant.requester.id != who.id && self.may_end(who, grant));
        if held.is_empty() {
            return Err(words::nothing_to_take());
        }
        Ok(views::which(&held, Choice::Revoke))
    }

    async fn status(&self, who: &Identified, request: RequestId) -> Result<Said, String> {
        let dossier = self.dossier(request).await?;
        let reader = self.reader(who, &dossier.request)?;
        Ok(views::status(&self.engine.people(), &dossier, reader))
    }

    async fn why_request(&self, who: &Identified, request: RequestId) -> Result<Said, String> {
        let dossier = self.dossier(request).await?;
        self.reader(who, &dossier.request)?;
        let refused = self.engine.refused(RefusedOf::Request(request)).await;
        let refused = refused.map_err(|error| words::engine_failed(&error))?;
        Ok(views::kept(&self.engine.people(), &Kept::new(&dossier, &refused)))
    }

    async fn why_last(&self, who: &Identified) -> Result<String, String> {
        let command = &self.settings.command;
        let refused = self.engine.refused(RefusedOf::Person(who.id.clone())).await;
        let refused = refused.map_err(|error| words::engine_failed(&error))?;
        Ok(match refused.last() {
            Some(last) => words::last_refused(command, last),
            None => words::nothing_refused(command),
        })
    }

    /// What a request is to this person; an error when it is not for their eyes.
    fn reader(&self, who: &Identified, request: &Request) -> Result<Reader, String> {
        let asked = request.is_asked_by(&who.id);
        // Who asked for somebody else may take it back until it is confirmed.
        let mine = request.requester.id == who.id || (asked && request.is_unconfirmed());
        let may_end = self.may_end(who, request);
        let people = self.engine.people();
        let operator = people.get(&who.id).is_some_and(|person| person.operator_login.is_some());
        match (mine, may_end, operator) {
            (true, _, _) => Ok(Reader::Requester),
            (false, true, _) => Ok(Reader::MayRevoke),
            (false, false, true) => Ok(Reader::Onlooker),
            (false, false, false) if asked => Ok(Reader::Onlooker),
            (false, false, false) => Err(words::status_not_yours(request.id)),
        }
    }

    /// Takes it when there is a reason that will do; else asks for one. None when a form was opened.
    async fn revoke(
        &self,
        id: &str,
        who: &Identified,
        trigger: &str,
        grant: &Request,
        because: Option<String>,
    ) -> Result<Option<Said>, String> {
        let enough = |reason: &String| reason.chars().count() >= usize::try_from(WHY_LEAST).unwrap_or(0);
        match because.clone().filter(enough) {
            Some(reason) => {
                let answer = self.submit(Some(id), who, Verb::Revoke { request: grant.id, reason }).await;
                Ok(Some(self.answered(&answer).into()))
            }
            None => self.open_revoke(trigger, grant, because.as_deref()).await.map(|()| None),
        }
    }

    /// The one active grant of that account to that role which this person may take. What they may not take is not
    /// told apart from what is not there.
    async fn grant_of(&self, who: &Identified, account: &str, role: &str) -> Result<Request, String> {
        let people = self.engine.people();
        let holder = SlackUserId::new(account).ok().and_then(|account| people.by_slack(&account).cloned());
        let Some(holder) = holder else { return Err(words::unknown_holder(account)) };
        let states = [StateWord::Granting, StateWord::Active].into();
        let filter = Filter { requester: Some(holder.id.clone()), states, limit: 100 };
        let held = self.engine.list(filter).await.map_err(|error| words::engine_failed(&error))?;
        let policies = self.engine.policies();
        let named = match policy::find_role(&policies, role) {
            policy::RoleLookup::Exact(named) => Some(named),
            policy::RoleLookup::Nearest(_) => None,
        };
        let wanted = |grant: &&Request| match &named {
            Some(named) => grant.ask.role == *named,
            // A role that the policies no longer have is still held.
            None => grant.ask.role.to_string() == role || grant.ask.role.app.as_str() == role,
        };
        let fitting: Vec<&Request> =
            held.iter().filter(wanted).filter(|grant| self.may_end(who, grant)).collect();
        match fitting.as_slice() {
            [] => Err(words::nothing_to_revoke(&holder.name, role)),
            [one] => Ok((*one).clone()),
            several => Err(words::which_to_revoke(&self.settings.command, &holder.name, several)),
        }
    }

    fn may_end(&self, who: &Identified, request: &Request) -> bool {
        let terms = &request.terms;
        let people = self.engine.people();
        policy::may_end(
            &terms.tier,
            &terms.owners,
            &request.requester.id,
            &who.id,
            &people,
            self.engine.now(),
        )
        .is_granted()
    }
}
