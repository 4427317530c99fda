//! Routes what people do in Slack to the engine, and its answers back to them.
//!
//! The order is always the same: who is it, commit, acknowledge, then talk. What owes nothing (opening a form,
//! options of a search) is answered from memory.

mod accounts;
mod away;
mod commands;
mod emergency;
mod forms;
mod home;
mod looking;
mod people;
mod remarks;
mod reveal;

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::watch;

use crate::engine::{Command, EngineHandle, Verb};
use crate::ids::{DedupeKey, RequestId};
use crate::lifecycle::{Answer, Request, StateWord};
use crate::slack::envelope::{Button, Caller, Input, Place, Press};
use crate::slack::homes::Homes;
use crate::slack::identity::{Identified, Stranger, identify};
use crate::slack::post::Poster;
use crate::slack::settings::SlackSettings;
use crate::slack::socket::{self, Ack, LinkHealth, Listener};
use crate::slack::views::{Said, direct};
use crate::slack::web::{SetupError, Web};
use crate::slack::{modal, words};

/// Forms whose last choice is remembered.
const CHOICES_MOST: usize = 1000;

/// The Slack edge.
#[derive(Clone)]
pub struct SlackEdge {
    pub(in crate::slack) ears: Arc<Ears>,
    health: watch::Sender<LinkHealth>,
}

impl SlackEdge {
    /// Prepares the edge; nothing is called yet.
    ///
    /// # Errors
    /// Says what is missing.
    pub fn new(settings: SlackSettings, engine: EngineHandle) -> Result<Self, SetupError> {
        let settings = Arc::new(settings);
        let web = Arc::new(Web::new(&settings)?);
        let ears = Ears {
            web,
            settings,
            engine,
            homes: Arc::default(),
            accounts: accounts::Accounts::default(),
            choices: Mutex::default(),
        };
        Ok(Self { ears: Arc::new(ears), health: watch::Sender::default() })
    }

    /// What shows messages; the outbox calls it.
    #[must_use]
    pub fn poster(&self) -> Poster {
        let ears = &self.ears;
        Poster::new(Arc::clone(&ears.web), Arc::clone(&ears.settings), Arc::clone(&ears.homes))
    }

    /// How the links are.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<LinkHealth> {
        self.health.subscribe()
    }

    /// Hears people until `shutdown` says true; then what is in flight is finished and acknowledged.
    pub async fn run(&self, shutdown: watch::Receiver<bool>) {
        let ears: Arc<dyn Listener> = Arc::clone(&self.ears) as Arc<dyn Listener>;
        let hearing = socket::run(Arc::clone(&self.ears.web), ears, self.health.clone(), shutdown);
        tokio::select! {
            () = hearing => {}
            // Home tabs end with it, wherever they are: the next opening draws them anew.
            () = Arc::clone(&self.ears).keep_homes() => {}
            // What was not told yet is told after the next start.
            () = self.ears.keep_people_told() => {}
        }
    }
}

pub(in crate::slack) struct Ears {
    web: Arc<Web>,
    settings: Arc<SlackSettings>,
    engine: EngineHandle,
    homes: Arc<Homes>,
    accounts: accounts::Accounts,
    /// The last choice in each form: its view's id, and when.
    choices: Mutex<VecDeque<(String, String)>>,
}

#[async_trait]
impl Listener for Ears {
    async fn hear(&self, id: &str, input: Result<Input, String>, ack: Ack) {
        match input {
            Err(why) => {
                tracing::warn!(why, "an input from Slack can't be read; nothing was done");
                ack.bare();
            }
            Ok(Input::Slash { caller, text, trigger, place, .. }) => {
                self.slash(id, &caller, &text, &trigger, &place, ack).await;
            }
            Ok(Input::Click { caller, button, trigger, place }) => {
                self.click(id, &caller, button, &trigger, &place, ack).await;
            }
            Ok(Input::RoleChosen { caller, view, role, at }) => {
                ack.bare();
                self.role_chosen(&caller, &view, &role, &at).await;
            }
            Ok(Input::Form { caller, view }) => self.form(id, &caller, &view, ack).await,
            Ok(Input::Suggest { caller, query }) => {
                // Too late for a search is too late: the next letter asks again.
                let _ = ack.with(self.options(&caller, &query).await);
            }
            Ok(Input::Shortcut { caller, trigger }) => {
                ack.bare();
                if let Err(sentence) = self.open_catalogue(&caller, &trigger).await {
                    self.tell(&caller, &sentence).await;
                }
            }
            Ok(Input::MessageShortcut { caller, trigger, channel, ts }) => {
                ack.bare();
                if let Err(sentence) = self.open_about(&caller, &trigger, &channel, &ts).await {
                    self.tell(&caller, &sentence).await;
                }
            }
            Ok(Input::InThread { id, channel, thread_ts, ts, deed }) => {
                self.in_thread(&id, channel, thread_ts, ts, deed).await;
                ack.bare();
            }
            Ok(Input::HomeOpened { caller }) => {
                ack.bare();
                self.homes.opened(&caller);
            }
            Ok(Input::Event { .. } | Input::Quiet(_)) => ack.bare(),
        }
    }
}

impl Ears {
    async fn who(&self, caller: &Caller) -> Result<Identified, String> {
        let known = match identify(&self.engine.people(), &self.settings.workspace, caller) {
            Err(Stranger::Unknown { .. }) if self.settings.bind_by_email => self.bind(caller).await,
            known => known,
        };
        known.map_err(|stranger| {
            tracing::warn!(account = caller.user, ?stranger, "an account that is not heard");
            words::stranger(&stranger)
        })
    }

    async fn submit(&self, key: Option<&str>, who: &Identified, verb: Verb) -> Result<Answer, String> {
        // An id that is no key is never Slack's; without one the input is still decided, once.
        let key = key.and_then(|key| DedupeKey::new(key).ok());
        let command = Command { key, by: who.actor(), verb };
        self.engine.submit(command).await.map_err(|error| {
            tracing::error!(%error, "the engine gave no answer");
            words::engine_failed(&error)
        })
    }

    fn answered(&self, answer: &Result<Answer, String>) -> String {
        match answer {
            Ok(answer) => words::answer(&self.engine.people(), answer),
            Err(sentence) => sentence.clone(),
        }
    }

    // ---- buttons ----

    async fn click(&self, id: &str, caller: &Caller, button: Button, trigger: &str, place: &Place, ack: Ack) {
        let said = match (self.who(caller).await, button) {
            (Err(sentence), _) => {
                ack.bare();
                Some(sentence.into())
            }
            (Ok(_), Button::Unknown(action)) => {
                ack.bare();
                tracing::warn!(action, "a button that is not ours, or not any more");
                Some(words::unknown_button().into())
            }
            (Ok(who), Button::Back) => {
                ack.bare();
                Some(self.come_back(&who).await.unwrap_or_else(|sentence| sentence).into())
            }
            (Ok(who), Button::Reply(request, question)) => {
                ack.bare();
                self.open_reply(&who, trigger, request, question).await.err().map(Said::from)
            }
            (Ok(who), Button::Known(press, request)) => {
                self.press(id, &who, press, request, trigger, place, ack).await
            }
        };
        let from_home = place.channel.is_none() && place.response_url.is_none();
        if from_home {
            self.homes.stale([caller.user.as_str()]);
        }
        match said {
            None => {}
            // Nothing can be whispered there: a window says it, or else a direct message.
            Some(said) if from_home && self.open(trigger, &modal::notice_of(&said.blocks)).await.is_ok() => {}
            Some(said) => self.say(caller, place, &said).await,
        }
    }

    /// None when a form was opened, which says enough.
    #[allow(clippy::too_many_arguments, reason = "what a click consists of, taken apart once")]
    async fn press(
        &self,
        id: &str,
        who: &Identified,
        press: Press,
        request: RequestId,
        trigger: &str,
        place: &Place,
        ack: Ack,
    ) -> Option<Said> {
        let verb = match press {
            Press::Approve => Verb::Approve { request, at_most: None },
            Press::Release => Verb::Release { request },
            Press::Withdraw => Verb::Withdraw { request, reason: None },
            Press::Confirm => Verb::Confirm { request, agrees: true },
            Press::Decline => Verb::Confirm { request, agrees: false },
            Press::Reveal => return self.reveal(id, who, request, trigger, ack).await,
            Press::ApproveLess
            | Press::Deny
            | Press::Question
            | Press::Revoke
            | Press::Extend
            | Press::Emergency
            | Press::Review => {
                ack.bare();
                return self.open_pressed(who, press, request, trigger, place).await.err().map(Said::from);
            }
        };
        let answer = self.submit(Some(id), who, verb).await;
        ack.bare();
        Some(self.answered(&answer).into())
    }

    /// Opens the form of a button that has one.
    async fn open_pressed(
        &self,
        who: &Identified,
        press: Press,
        request: RequestId,
        trigger: &str,
        place: &Place,
    ) -> Result<(), String> {
        match press {
            Press::ApproveLess => self.open_decision(trigger, request, modal::approve_less).await,
            Press::Deny => self.open_decision(trigger, request, modal::deny).await,
            Press::Question => self.open_decision(trigger, request, modal::question).await,
            Press::Revoke => {
                let grant = self.dossier(request).await?.request;
                self.open_revoke(trigger, &grant, None).await
            }
            Press::Extend => self.open_extend(who, trigger, request, None, None).await,
            Press::Emergency => self.open_emergency_for(who, request, trigger, place).await,
            Press::Review => self.open_review(who, request, trigger).await,
            Press::Approve
            | Press::Release
            | Press::Reveal
            | Press::Withdraw
            | Press::Confirm
            | Press::Decline => Ok(()),
        }
    }

    // ---- talking ----

    /// To this person alone, where they are: by the interaction's own address, else in the channel, else directly.
    async fn say(&self, caller: &Caller, place: &Place, said: &Said) {
        let mut message = said.reply();
        in_thread(&mut message, place);
        if let Some(url) = &place.response_url
            && self.web.respond(url, &message).await.is_ok()
        {
            return;
        }
        if let Some(channel) = &place.channel {
            let mut message = said.whisper(channel, &caller.user);
            in_thread(&mut message, place);
            if self.web.post_ephemeral(&message).await.is_ok() {
                return;
            }
        }
        self.tell(caller, &said.text).await;
    }

    /// By direct message.
    async fn tell(&self, caller: &Caller, sentence: &str) {
        let told = async {
            let channel = self.web.open_direct(&caller.user).await?;
            self.web.post_message(&direct(&channel, sentence)).await
        };
        if let Err(error) = told.await {
            tracing::error!(%error, account = caller.user, "an answer did not reach the person");
        }
    }
}

fn in_thread(message: &mut Value, place: &Place) {
    if let (Some(thread), Some(fields)) = (&place.thread_ts, message.as_object_mut()) {
        fields.insert("thread_ts".to_owned(), Value::from(thread.as_str()));
    }
}

fn in_states(request: &Request, states: &[StateWord]) -> bool {
    states.contains(&request.state.word())
}

fn open_states() -> BTreeSet<StateWord> {
    StateWord::ALL.into_iter().filter(|state| state.is_open()).collect()
}
