//! The whole workspace at one moment, to look at.

use std::collections::BTreeMap;

use serde::Serialize;

use super::journal::{EnvelopeSeen, Warning};
use super::modals::View;
use super::rooms::{Channel, Message};
use super::world::World;

/// Everything that anybody in the workspace sees, and what went over the wire.
#[derive(Debug, Clone, Serialize)]
pub struct Snapshot {
    /// Conversations by id, direct ones too.
    pub channels: BTreeMap<String, Channel>,
    /// Ephemeral messages, oldest first; each says whose it is.
    pub ephemerals: Vec<Message>,
    /// Every view that ever was, closed ones too, oldest first. Secrets that were shown are in here, and nowhere
    /// else.
    pub views: Vec<View>,
    /// Home tabs by person.
    pub homes: BTreeMap<String, View>,
    /// Open modals by person, the one on top last.
    pub open: BTreeMap<String, Vec<View>>,
    /// Calls by method; `response_url` is one of them.
    pub calls: BTreeMap<String, u64>,
    /// Refused calls by method and error, with a space between.
    pub refusals: BTreeMap<String, u64>,
    /// Envelopes to the app, oldest first.
    pub envelopes: Vec<EnvelopeSeen>,
    /// Buttons that showed a warning sign.
    pub warnings: Vec<Warning>,
    /// What the app sent that Slack would not take, in words.
    pub complaints: Vec<String>,
    /// Open links.
    pub links: usize,
    /// Links that were ever open.
    pub links_opened: u64,
}

impl Snapshot {
    pub(super) fn of(world: &World) -> Self {
        let people = world.settings.members.iter().map(|member| &member.id);
        let home = |id: &String| Some((id.clone(), world.modals.home(id)?.clone()));
        let stack = |id: &String| {
            let views: Vec<View> = world
                .modals
                .stack(id)
                .iter()
                .filter_map(|view| world.modals.views.get(view).cloned())
                .collect();
            (!views.is_empty()).then(|| (id.clone(), views))
        };
        Self {
            channels: world.rooms.channels.clone(),
            ephemerals: world.rooms.whispers.clone(),
            views: world.modals.views.values().cloned().collect(),
            homes: people.clone().filter_map(home).collect(),
            open: people.filter_map(stack).collect(),
            calls: world.journal.calls.clone(),
            refusals: world.journal.refusals.clone(),
            envelopes: world.journal.envelopes.iter().cloned().collect(),
            warnings: world.journal.warnings.iter().cloned().collect(),
            complaints: world.journal.complaints.iter().cloned().collect(),
            links: world.links.count(),
            links_opened: world.links.opened(),
        }
    }

    /// The app's conversation with a person.
    #[must_use]
    pub fn direct(&self, user: &str) -> Option<&Channel> {
        self.channels.values().find(|channel| channel.direct && channel.name == user)
    }

    /// Messages of a conversation that are still there, threads too, oldest first.
    pub fn messages(&self, channel: &str) -> impl Iterator<Item = &Message> {
        let messages = self.channels.get(channel).map_or(&[][..], |channel| &channel.messages);
        messages.iter().filter(|message| !message.deleted)
    }

    /// The latest message of a conversation whose words hold `text`.
    #[must_use]
    pub fn find(&self, channel: &str, text: &str) -> Option<&Message> {
        self.messages(channel).filter(|message| message.words().contains(text)).last()
    }

    /// What only this person sees, oldest first.
    pub fn told<'a>(&'a self, user: &'a str) -> impl Iterator<Item = &'a Message> {
        self.ephemerals.iter().filter(move |m| !m.deleted && m.only_for.as_deref() == Some(user))
    }

    /// The modal on top of a person's screen.
    #[must_use]
    pub fn modal(&self, user: &str) -> Option<&View> {
        self.open.get(user)?.last()
    }
}
