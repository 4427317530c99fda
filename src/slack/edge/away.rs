//! Being away, and who is asked in one's place.

use std::sync::Arc;

use super::Ears;
use crate::engine::{GoAway, WentAway};
use crate::ids::{PersonId, SlackUserId};
use crate::policy::{Away, Person};
use crate::slack::command::AwayWish;
use crate::slack::envelope::Caller;
use crate::slack::free_words;
use crate::slack::identity::Identified;
use crate::slack::views::direct;
use crate::slack::words;
use crate::zone::Zone;

impl Ears {
    pub(super) async fn away(
        &self,
        caller: &Caller,
        who: &Identified,
        wish: &AwayWish,
    ) -> Result<String, String> {
        let said = match wish {
            AwayWish::Show => return Ok(self.shown(who)),
            AwayWish::Off => self.come_back(who).await,
            AwayWish::Until { until, to, because } => {
                self.go_away(caller, who, until, to.as_deref(), because.clone()).await
            }
        };
        self.homes.stale([caller.user.as_str()]);
        said
    }

    /// They are back before their time.
    pub(super) async fn come_back(&self, who: &Identified) -> Result<String, String> {
        let was = self.engine.come_back(who.id.clone()).await;
        let was = was.map_err(|error| words::engine_failed(&error))?;
        if let Some(delegate) = was.as_ref().and_then(|was| was.delegate.as_ref()) {
            self.tell_person(delegate, words::stands_in_no_more(&who.name));
        }
        Ok(words::away_off(was.as_ref()))
    }

    fn shown(&self, who: &Identified) -> String {
        let (people, now) = (self.engine.people(), self.engine.now());
        let stands_in: Vec<(&PersonId, &Away)> =
            people.all_away(now).filter(|(_, away)| away.delegate.as_ref() == Some(&who.id)).collect();
        words::away_shown(&self.settings.command, &people, people.away(&who.id, now), &stands_in)
    }

    async fn go_away(
        &self,
        caller: &Caller,
        who: &Identified,
        typed: &str,
        to: Option<&str>,
        because: Option<String>,
    ) -> Result<String, String> {
        let unclear = || words::away_until_when(&self.settings.command, typed);
        let moment = free_words::moment(typed).ok_or_else(unclear)?;
        let zone = if moment.needs_no_zone() { Some(Zone::UTC) } else { self.zone_of(&caller.user).await };
        let now = self.engine.now();
        let until = moment.ends(now, now, zone.as_ref().unwrap_or(&Zone::UTC));
        let until = until.map_err(|why| words::no_moment(moment.typed(), why))?;
        let delegate = to.map(|account| self.delegate(account)).transpose()?;
        let wish = GoAway {
            person: who.id.clone(),
            until,
            delegate: delegate.as_ref().map(|d| d.id.clone()),
            because,
        };
        let went = self.engine.go_away(wish).await.map_err(|error| words::engine_failed(&error))?;
        match went {
            WentAway::Refused(why) => Err(words::away_refused(&why)),
            WentAway::Set { away, before } => {
                if let Some(old) = before.and_then(|before| before.delegate)
                    && away.delegate.as_ref() != Some(&old)
                {
                    self.tell_person(&old, words::stands_in_no_more(&who.name));
                }
                let told = away
                    .delegate
                    .as_ref()
                    .is_some_and(|delegate| self.tell_person(delegate, words::stands_in(&who.name, &away)));
                let people = self.engine.people();
                Ok(words::away_set(&self.settings.command, &people, &away, zone.is_some(), told))
            }
        }
    }

    fn delegate(&self, account: &str) -> Result<Person, String> {
        let people = self.engine.people();
        let person = SlackUserId::new(account).ok().and_then(|account| people.by_slack(&account).cloned());
        person.ok_or_else(|| words::unknown_holder(account))
    }

    /// Tells somebody by direct message, beside what is going on; false when they have no account that we know. Nothing
    /// is owed by it: what is asked of them mentions them.
    fn tell_person(&self, person: &PersonId, sentence: String) -> bool {
        let people = self.engine.people();
        let Some(account) = people.get(person).and_then(|person| person.slack.clone()) else { return false };
        let web = Arc::clone(&self.web);
        tokio::spawn(async move {
            let told = async {
                let channel = web.open_direct(account.as_str()).await?;
                web.post_message(&direct(&channel, &sentence)).await
            };
            if let Err(error) = told.await {
                tracing::warn!(%error, %account, "somebody did not hear in whose place they are asked");
            }
        });
        true
    }
}
