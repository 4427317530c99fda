//! What each Slack message of a request says: a pure function of what is stored. Nothing here knows what was sent
//! before, but for whether it was.

mod channel;
mod direct;
mod home;
mod people;
mod questions;
mod review;
mod said;
mod security;

use direct::{extend_button, release_button, withdraw_button};
pub use home::{HomeScene, concerned, home, home_refused, is_of_my_apps, is_to_decide};
pub use people::{people_held, people_held_marker};
pub use review::is_to_review;
pub use said::{
    Choice, Reader, Said, can_break_glass, direct, kept, list, status, which, with_emergency, with_release,
};

use serde_json::Value;

use super::blocks::{MESSAGE_BLOCKS_MOST, TEXT_MOST};
use super::text::{cut_mrkdwn, escape};
use super::words;
use crate::engine::Dossier;
use crate::ids::{IssueKey, PersonId, RequestId};
use crate::lifecycle::{DmKind, NudgeKind, View};
use crate::policy::People;

/// A message, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// A full sentence: what screen readers and notifications say.
    pub text: String,
    /// What is seen.
    pub blocks: Vec<Value>,
    /// The message whose thread it stands in.
    pub thread_of: Option<View>,
    /// Where.
    pub channel: Where,
}

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    /// The approvers' channel.
    Approvals,
    /// The security channel.
    Security,
    /// To this person alone.
    Direct(PersonId),
}

/// What the message says now; none when there is nothing to say.
#[must_use]
pub fn render(dossier: &Dossier, people: &People, view: View, ticket_url: Option<&str>) -> Option<Rendered> {
    stage(&Scene { dossier, people, ticket_url, posted: dossier.messages.contains_key(&view) }, view)
}

/// What the message says now if it stands in Slack, though nothing is known of its posting.
pub(super) fn render_if_posted(
    dossier: &Dossier,
    people: &People,
    view: View,
    ticket_url: Option<&str>,
) -> Option<Rendered> {
    stage(&Scene { dossier, people, ticket_url, posted: true }, view)
}

fn stage(scene: &Scene<'_>, view: View) -> Option<Rendered> {
    let mut rendered = match view {
        View::Card => Some(channel::card(scene)),
        View::Approval { stage } => channel::approval(scene, stage),
        View::Log => channel::log(scene),
        View::Nudge { kind, number } => channel::nudge(scene, kind, number),
        View::Copy { number } => channel::copy(scene, number),
        View::Question { number } => questions::question(scene, number),
        View::Answer { number } => questions::answer(scene, number),
        View::Dm { kind, number } => direct::message(scene, kind, number),
        View::Security => security::message(scene),
        View::Review { number } => review::ask(scene, number),
        View::ReviewCopy { owner, .. } => review::copy(scene, owner),
        View::Finding => review::finding(scene),
    }?;
    rendered.text = cut_mrkdwn(&words::aloud(&rendered.text), TEXT_MOST);
    rendered.blocks.truncate(MESSAGE_BLOCKS_MOST);
    Some(rendered)
}

/// What a message carries as metadata, so that it is found again when Slack's answer to its posting was lost.
#[must_use]
pub fn marker(request: RequestId, view: View) -> String {
    match view {
        View::Card => format!("{request}:card"),
        View::Approval { stage } => format!("{request}:approval:{stage}"),
        View::Log => format!("{request}:log"),
        View::Nudge { kind: NudgeKind::Reminder, number } => format!("{request}:reminder:{number}"),
        View::Nudge { kind: NudgeKind::Escalation, number } => format!("{request}:escalation:{number}"),
        View::Nudge { kind: NudgeKind::Anew, number } => format!("{request}:anew:{number}"),
        View::Copy { number } => format!("{request}:copy:{number}"),
        View::Question { number } => format!("{request}:question:{number}"),
        View::Answer { number } => format!("{request}:answer:{number}"),
        View::Dm { kind, number } => {
            let kind = match kind {
                DmKind::Confirm => "confirm",
                DmKind::Asker => "asker",
                DmKind::Decided => "decided",
                DmKind::Waiting => "waiting",
                DmKind::Active => "active",
                DmKind::Warning => "warning",
                DmKind::Extended => "extended",
                DmKind::Question => "question",
                DmKind::Ended => "ended",
                DmKind::Reviewed => "reviewed",
            };
            format!("{request}:dm_{kind}:{number}")
        }
        View::Security => format!("{request}:security"),
        View::Review { number } => format!("{request}:review:{number}"),
        View::ReviewCopy { number, owner } => format!("{request}:review_copy:{number}:{owner}"),
        View::Finding => format!("{request}:finding"),
    }
}

/// What a view is rendered from.
struct Scene<'a> {
    dossier: &'a Dossier,
    people: &'a People,
    ticket_url: Option<&'a str>,
    posted: bool,
}

impl Scene<'_> {
    fn block(&self, name: &str) -> String {
        format!("{}:{name}", self.dossier.request.id)
    }

    /// The issue's key, as a link where the tracker's address is known.
    fn issue(&self, key: &IssueKey) -> String {
        match self.ticket_url {
            Some(url) => format!("<{}{key}|{key}>", escape(url)),
            None => key.to_string(),
        }
    }
}
