//! Slash commands and buttons.

use serde_json::Value;

use super::{ActError, Place, Seen, Which, interactive};
use crate::playground::slack::form::{self, Entry};
use crate::playground::slack::links::{Delivery, Envelope, deliver};
use crate::playground::slack::passes::ReplyTo;
use crate::playground::slack::payload::{self, Origin};
use crate::playground::slack::rooms::Channel;
use crate::playground::slack::settings::Member;
use crate::playground::slack::world::World;
use crate::playground::slack::{LocalSlack, reply_url};

/// A press of a button as it was on somebody's screen at some moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Click {
    pub(super) member: Member,
    pub(super) origin: Origin,
    pub(super) action: Value,
}

impl LocalSlack {
    /// Types a slash command.
    ///
    /// # Errors
    /// When this person can't type that there.
    pub async fn say_slash(&self, user: &str, channel: &str, line: &str) -> Result<Seen, ActError> {
        let shared = self.shared();
        let (command, text) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
        if !shared.settings.commands.contains(command) {
            return Err(ActError::NoSuchCommand(command.to_owned()));
        }
        let member = self.member(user)?;
        let room = shared.look(|world| room(world, user, channel))?;
        let (since, payload) = shared.change(|world, now| {
            let text = escaped(world, text.trim());
            let since = world.rooms.stamp(now.wall);
            (since, payload::slash(world, shared, &member, &room, (command, &text), now))
        });
        let envelope = Envelope {
            kind: "slash_commands",
            label: "slash_commands".to_owned(),
            payload,
            accepts_response: true,
            attempt: 0,
        };
        let delivery = deliver(shared, envelope).await;
        shared.change(|world, now| {
            let failed = |error: &str| format!("{command} failed with the error \"{error}\"");
            match &delivery {
                Delivery::Acked(None) => {}
                Delivery::Acked(Some(reply)) => {
                    let user = user.to_owned();
                    let to = ReplyTo { channel: room.id.clone(), user, source: None, thread: None };
                    if let Err(why) = reply_url::say(world, &to, reply, now) {
                        world.journal.complain(format!("the answer to {command} was not shown: {why}"));
                    }
                }
                Delivery::Late => {
                    world.rooms.slack_says(user, &room.id, failed("operation_timeout"), now.wall);
                }
                Delivery::NobodyConnected => {
                    world.rooms.slack_says(user, &room.id, failed("dispatch_failed"), now.wall);
                }
            }
        });
        Ok(self.seen(user, &since, delivery, false))
    }

    /// Runs a shortcut of the app from the menu of a message.
    ///
    /// # Errors
    /// When there is no such message for this person.
    pub async fn run_message_shortcut(
        &self,
        user: &str,
        channel: &str,
        ts: &str,
        callback_id: &str,
    ) -> Result<Seen, ActError> {
        let shared = self.shared();
        let member = self.member(user)?;
        let room = shared.look(|world| room(world, user, channel))?;
        let message = room.message(ts).ok_or_else(|| ActError::NoSuchMessage(ts.to_owned()))?;
        let (since, payload) = shared.change(|world, now| {
            let since = world.rooms.stamp(now.wall);
            let about = (&room, message);
            (since, payload::message_action(world, shared, &member, about, callback_id, now))
        });
        let delivery = deliver(shared, interactive("message_action", payload, false)).await;
        Ok(self.seen(user, &since, delivery, false))
    }

    /// Presses a button of a message as it stands now; the message may be an ephemeral one.
    ///
    /// # Errors
    /// When there is no such button for this person.
    pub async fn click(
        &self,
        user: &str,
        channel: &str,
        ts: &str,
        which: impl Into<Which>,
    ) -> Result<Seen, ActError> {
        let place = Place::Message { channel: channel.to_owned(), ts: ts.to_owned() };
        self.press(user, &place, &which.into(), None).await
    }

    /// Presses a button, or picks `entry` from a menu, wherever it is.
    ///
    /// # Errors
    /// When there is no such button or choice for this person.
    pub async fn press(
        &self,
        user: &str,
        place: &Place,
        which: &Which,
        entry: Option<&Entry>,
    ) -> Result<Seen, ActError> {
        let click = self.remember_click(user, place, which, entry)?;
        Ok(self.send_click(&click).await)
    }

    /// Keeps a press of a button as it is now, to be sent when the message has long changed.
    ///
    /// # Errors
    /// When there is no such button or choice for this person.
    pub fn remember_click(
        &self,
        user: &str,
        place: &Place,
        which: &Which,
        entry: Option<&Entry>,
    ) -> Result<Click, ActError> {
        let member = self.member(user)?;
        self.shared().change(|world, now| {
            let origin = origin(world, user, place)?;
            let blocks = match &origin {
                Origin::Message { message, .. } => message.blocks.as_slice(),
                Origin::View(view) => view.blocks(),
            };
            let slot = which.find(blocks)?;
            let ts = world.rooms.stamp(now.wall);
            let action = match entry {
                None => form::action(slot, None, None, &ts),
                Some(Entry::One(text)) if slot.kind == "overflow" => {
                    let chosen = form::pick(form::options_in(slot.element).into_iter(), text);
                    let chosen = chosen.ok_or_else(|| ActError::NoSuchOption(text.clone()))?;
                    form::action(slot, None, Some(chosen), &ts)
                }
                Some(entry) => form::action(slot, Some(&form::entered(slot, entry, &[])?), None, &ts),
            };
            Ok(Click { member, origin, action })
        })
    }

    /// Sends a remembered press, with a fresh trigger, whatever its message says by now.
    pub async fn click_stale(&self, click: &Click) -> Seen {
        self.send_click(click).await
    }

    pub(super) async fn send_click(&self, click: &Click) -> Seen {
        let shared = self.shared();
        let user = &click.member.id;
        let (since, payload) = shared.change(|world, now| {
            let since = world.rooms.stamp(now.wall);
            let payload =
                payload::block_actions(world, shared, &click.member, &click.origin, &click.action, now);
            (since, payload)
        });
        let delivery = deliver(shared, interactive("block_actions", payload, false)).await;
        let warned = !matches!(delivery, Delivery::Acked(_));
        if warned {
            let action_id = form::word(&click.action, "action_id");
            shared.change(|world, _| world.journal.warn(user, action_id));
        }
        self.seen(user, &since, delivery, warned)
    }
}

fn room(world: &World, user: &str, channel: &str) -> Result<Channel, ActError> {
    let found = world.rooms.channels.get(channel).filter(|room| room.members.contains(user));
    found.cloned().ok_or_else(|| ActError::NoSuchChannel(channel.to_owned()))
}

fn origin(world: &World, user: &str, place: &Place) -> Result<Origin, ActError> {
    match place {
        Place::Message { channel, ts } => {
            let room = room(world, user, channel)?;
            let whisper = world.rooms.whisper(user, ts).filter(|m| m.channel == *channel);
            let message = room.message(ts).or(whisper).cloned();
            let message = message.ok_or_else(|| ActError::NoSuchMessage(ts.clone()))?;
            Ok(Origin::Message { channel: Box::new(room), message: Box::new(message) })
        }
        Place::Modal => {
            Ok(Origin::View(Box::new(world.modals.top(user).cloned().ok_or(ActError::NoOpenView)?)))
        }
        Place::Home => {
            Ok(Origin::View(Box::new(world.modals.home(user).cloned().ok_or(ActError::NoOpenView)?)))
        }
    }
}

/// `should_escape`: names become ids, and the three special characters are escaped.
fn escaped(world: &World, text: &str) -> String {
    let plain = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let words: Vec<String> = plain.split(' ').map(|word| escaped_word(world, word)).collect();
    words.join(" ")
}

fn escaped_word(world: &World, word: &str) -> String {
    if let Some(handle) = word.strip_prefix('@') {
        if let Some(member) = world.settings.members.iter().find(|member| member.handle == handle) {
            return format!("<@{}|{handle}>", member.id);
        }
        if let Some(group) = world.settings.groups.iter().find(|group| group.handle == handle) {
            return format!("<!subteam^{}|@{handle}>", group.id);
        }
    }
    if let Some(name) = word.strip_prefix('#')
        && let Some(room) = world.rooms.channels.values().find(|room| !room.direct && room.name == name)
    {
        return format!("<#{}|{name}>", room.id);
    }
    word.to_owned()
}
