//! People at their screens: they type commands, press buttons, fill in forms. Every act goes to the app over its
//! links, and comes back with what the person would see.

mod fill;
mod load;
mod press;
mod write;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use thiserror::Error;

use super::LocalSlack;
use super::form::{self, Slot};
use super::links::{Delivery, Envelope, deliver};
use super::modals::View;
use super::payload;
use super::rooms::Message;
use super::settings::Member;

pub use press::Click;

/// Why a person can't do that.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ActError {
    /// Nobody has that id.
    #[error("there is nobody with the id `{0}`")]
    NoSuchPerson(String),
    /// It is not there, or the person is not in it.
    #[error("`{0}` is not a conversation of this person")]
    NoSuchChannel(String),
    /// Not there for this person, or taken away.
    #[error("there is no message `{0}` for this person")]
    NoSuchMessage(String),
    /// The message or view, as it stands now, has no such button or field.
    #[error("there is no `{0}` there now")]
    NoSuchElement(String),
    /// The person has no modal open, or no home tab yet.
    #[error("this person has no such view open")]
    NoOpenView,
    /// Nothing can be put into it.
    #[error("nothing can be put into `{0}`")]
    NotAField(String),
    /// It takes one value.
    #[error("`{0}` takes one value")]
    OnlyOne(String),
    /// The select does not offer it.
    #[error("`{0}` is not offered")]
    NoSuchOption(String),
    /// No app registered that command.
    #[error("`{0}` is not a command of an app")]
    NoSuchCommand(String),
    /// The app did not answer a search in time, or with something that can't be shown.
    #[error("the choices could not be loaded")]
    NoAnswer,
}

/// Whether the app answered an act.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// In time, with this payload if any.
    Acked(Option<Value>),
    /// Not in time.
    Late,
    /// No link was open.
    NobodyConnected,
}

impl From<Delivery> for Answer {
    fn from(delivery: Delivery) -> Self {
        match delivery {
            Delivery::Acked(payload) => Self::Acked(payload),
            Delivery::Late => Self::Late,
            Delivery::NobodyConnected => Self::NobodyConnected,
        }
    }
}

/// What a person sees when the app has answered, or should have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Seen {
    /// What the app answered.
    pub answer: Answer,
    /// What only this person sees and came meanwhile, of the app and of Slack itself.
    pub told: Vec<Message>,
    /// The modal that is on top now.
    pub modal: Option<View>,
    /// Whether a button shows a warning sign.
    pub warned: bool,
}

/// What became of a submitted form.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "result", content = "with")]
pub enum Submitted {
    /// The modal closed; the one below it is back.
    Closed,
    /// The whole stack closed.
    Cleared,
    /// The app wants these fields changed, by block.
    Errors(BTreeMap<String, String>),
    /// The modal shows something else now.
    Updated(Box<View>),
    /// Another modal is on top.
    Pushed(Box<View>),
    /// Slack's client did not send it: these fields are not right, by block.
    Incomplete(BTreeMap<String, String>),
    /// Slack says that something went wrong; the modal stays.
    Trouble(String),
}

/// A button or field by its action, and more where that is not enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Which {
    action: String,
    block: Option<String>,
    value: Option<String>,
}

impl Which {
    /// By its action.
    #[must_use]
    pub fn action(action_id: &str) -> Self {
        Self { action: action_id.to_owned(), block: None, value: None }
    }
    /// In that block alone.
    #[must_use]
    pub fn in_block(mut self, block_id: &str) -> Self {
        self.block = Some(block_id.to_owned());
        self
    }
    /// With that value alone.
    #[must_use]
    pub fn with_value(mut self, value: &str) -> Self {
        self.value = Some(value.to_owned());
        self
    }

    fn find<'v>(&self, blocks: &'v [Value]) -> Result<Slot<'v>, ActError> {
        let fits = |slot: &Slot<'_>| {
            slot.action == self.action
                && self.block.as_ref().is_none_or(|block| slot.block == block)
                && self.value.as_ref().is_none_or(|value| slot.element["value"] == json!(value))
        };
        let found = form::slots(blocks).into_iter().find(fits);
        found.ok_or_else(|| ActError::NoSuchElement(self.action.clone()))
    }
}

impl From<&str> for Which {
    fn from(action_id: &str) -> Self {
        Self::action(action_id)
    }
}

/// Where a button is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On a message, ephemeral or not.
    Message {
        /// The conversation.
        channel: String,
        /// The message.
        ts: String,
    },
    /// On the modal on top.
    Modal,
    /// On the home tab.
    Home,
}

impl LocalSlack {
    /// Runs a global shortcut of the app.
    ///
    /// # Errors
    /// When there is no such person.
    pub async fn run_shortcut(&self, user: &str, callback_id: &str) -> Result<Seen, ActError> {
        let shared = self.shared();
        let member = self.member(user)?;
        let (since, payload) = shared.change(|world, now| {
            (world.rooms.stamp(now.wall), payload::shortcut(world, &member, callback_id, now))
        });
        let delivery = deliver(shared, interactive("shortcut", payload, false)).await;
        Ok(self.seen(user, &since, delivery, false))
    }

    /// Opens the app's home tab: the app is told, and may publish.
    ///
    /// # Errors
    /// When there is no such person.
    pub async fn open_home(&self, user: &str) -> Result<Option<View>, ActError> {
        self.member(user)?;
        let (channel, event_ts) =
            self.shared().change(|world, now| (world.rooms.direct(user).0, world.rooms.stamp(now.wall)));
        let mut event = json!({
            "type": "app_home_opened", "user": user, "channel": channel, "tab": "home", "event_ts": event_ts,
        });
        if let (Some(home), Some(event)) = (self.home(user), event.as_object_mut()) {
            event.insert("view".to_owned(), home.wire());
        }
        self.send_event(event).await;
        Ok(self.home(user))
    }

    /// Tells the app of an event, and tells it again when it does not ack. Answers whether the first try was acked.
    pub async fn send_event(&self, event: Value) -> bool {
        let shared = self.shared();
        let payload = payload::event(&shared.settings, &event, shared.now());
        let label = form::word(&event, "type").to_owned();
        let envelope = move |attempt| Envelope {
            kind: "events_api",
            label: label.clone(),
            payload: payload.clone(),
            accepts_response: false,
            attempt,
        };
        if matches!(deliver(shared, envelope(0)).await, Delivery::Acked(_)) {
            return true;
        }
        let again = std::sync::Arc::clone(shared);
        shared.spawn(async move {
            for (attempt, wait) in (1..).zip(again.settings.limits.event_retries.clone()) {
                tokio::time::sleep(wait).await;
                if matches!(deliver(&again, envelope(attempt)).await, Delivery::Acked(_)) {
                    return;
                }
            }
        });
        false
    }

    /// Somebody with the right to it takes a message away.
    ///
    /// # Errors
    /// When it is not there.
    pub fn delete_message(&self, channel: &str, ts: &str) -> Result<(), ActError> {
        self.shared().change(|world, _| {
            let message = world.rooms.message_mut(channel, ts);
            message.ok_or_else(|| ActError::NoSuchMessage(ts.to_owned()))?.deleted = true;
            Ok(())
        })
    }

    pub(super) fn member(&self, user: &str) -> Result<Member, ActError> {
        let found = self.shared().look(|world| world.member(user).cloned());
        found.ok_or_else(|| ActError::NoSuchPerson(user.to_owned()))
    }

    pub(super) fn seen(&self, user: &str, since: &str, delivery: Delivery, warned: bool) -> Seen {
        self.shared().look(|world| Seen {
            answer: delivery.into(),
            told: world
                .rooms
                .whispers
                .iter()
                .filter(|m| m.only_for.as_deref() == Some(user) && m.ts.as_str() > since)
                .cloned()
                .collect(),
            modal: world.modals.top(user).cloned(),
            warned,
        })
    }
}

fn interactive(label: &str, payload: Value, accepts_response: bool) -> Envelope {
    Envelope { kind: "interactive", label: label.to_owned(), payload, accepts_response, attempt: 0 }
}
