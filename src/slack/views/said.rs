//! What the one who acted is answered, for their eyes alone: by the command's acknowledgement, at the interaction's own
//! address, or in the channel where they are.

use serde_json::{Value, json};

use super::{channel, extend_button, release_button, withdraw_button};
use crate::engine::{Dossier, Kept};
use crate::lifecycle::{Kind, Request, State, StateWord};
use crate::policy::People;
use crate::slack::blocks::{Look, actions, button, context, section, section_with};
use crate::slack::envelope::Press;
use crate::slack::text::cut_mrkdwn;
use crate::slack::words;

/// Lines of `/jit list`.
const LIST_MOST: usize = 20;
/// One of them: twenty must fit into what Slack takes as one message.
const LIST_LINE_MOST: usize = 460;
/// All of the lines of `/jit why R1042` together, and one of them.
const KEPT_MOST: usize = 8000;
const KEPT_LINE_MOST: usize = 2500;
/// The last entries of a story that `/jit status` tells.
const STORY_MOST: usize = 5;

/// What the one who acted is to read.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// In mrkdwn: what it says without its blocks.
    pub text: String,
    /// What is seen.
    pub blocks: Vec<Value>,
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        let blocks = vec![section("said", &text)];
        Self { text, blocks }
    }
}

impl Said {
    /// With a row of buttons below it, where there are any.
    #[must_use]
    fn with_buttons(mut self, buttons: Vec<Value>) -> Self {
        if !buttons.is_empty() {
            self.blocks.push(actions("act", buttons));
        }
        self
    }

    /// As the answer to a command.
    #[must_use]
    pub fn answer(&self) -> Value {
        json!({"response_type": "ephemeral", "text": words::aloud(&self.text), "blocks": self.blocks})
    }

    /// At the address that came with an interaction; the message that was acted on stays.
    #[must_use]
    pub fn reply(&self) -> Value {
        let mut message = self.answer();
        if let Some(fields) = message.as_object_mut() {
            fields.insert("replace_original".to_owned(), Value::Bool(false));
        }
        message
    }

    /// As a call of `chat.postEphemeral`.
    #[must_use]
    pub fn whisper(&self, channel: &str, user: &str) -> Value {
        json!({"channel": channel, "user": user, "text": words::aloud(&self.text), "blocks": self.blocks})
    }
}

/// A sentence for one person, as a direct message.
#[must_use]
pub fn direct(channel: &str, sentence: &str) -> Value {
    json!({"channel": channel, "text": sentence, "unfurl_links": false})
}

/// A person's own requests, in the order in which they come.
#[must_use]
pub fn list(command: &str, requests: &[Request]) -> Said {
    if requests.is_empty() {
        return words::list_empty(command).into();
    }
    let text = words::list_text(requests.len().min(LIST_MOST));
    listed(text, requests, words::list_line, own_button)
}

/// What is done with the grant that is chosen of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// One's own gets more time.
    Extend,
    /// One's own is given back.
    Release,
    /// Somebody else's is taken.
    Revoke,
}

/// Several grants that may be meant.
#[must_use]
pub fn which(grants: &[Request], choice: Choice) -> Said {
    let text = words::which_one(grants.len());
    match choice {
        Choice::Extend => listed(text, grants, words::list_line, |grant| Some(extend_button(grant))),
        Choice::Release => listed(text, grants, words::list_line, |grant| Some(release_button(grant))),
        Choice::Revoke => listed(text, grants, words::home_held, |grant| Some(revoke_button(grant))),
    }
}

/// A line each, with what can be done about it; what is left out is counted.
fn listed(
    text: String,
    requests: &[Request],
    line: fn(&Request) -> String,
    button: impl Fn(&Request) -> Option<Value>,
) -> Said {
    let mut blocks = vec![section("head", &text)];
    blocks.extend(requests.iter().take(LIST_MOST).map(|request| {
        let line = cut_mrkdwn(&line(request), LIST_LINE_MOST);
        section_with(&request.id.to_string(), &line, button(request))
    }));
    if requests.len() > LIST_MOST {
        blocks.push(context("more", &[words::list_more(requests.len() - LIST_MOST)]));
    }
    Said { text, blocks }
}

/// Who is told where a request stands: what they can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The requester.
    Requester,
    /// Somebody who may take the access.
    MayRevoke,
    /// Somebody who may look.
    Onlooker,
}

/// Where a request stands, whom it waits for, and the end of its story.
#[must_use]
pub fn status(people: &People, dossier: &Dossier, reader: Reader) -> Said {
    let request = &dossier.request;
    let head = words::status_head(request);
    let mut blocks = vec![section("head", &head), section("facts", &words::status_facts(request))];
    if let State::Pending(pending) = &request.state
        && !pending.unconfirmed
    {
        let waits = words::status_waits(people, &pending.asked, pending.stage_since);
        blocks.push(section("waits", &waits));
    }
    let story: Vec<String> =
        dossier.entries.iter().rev().take(STORY_MOST).map(|entry| words::entry(people, entry)).collect();
    let story: Vec<String> = story.into_iter().rev().collect();
    if !story.is_empty() {
        blocks.push(context("story", &story));
    }
    let buttons = match reader {
        Reader::Requester => own_button(request).into_iter().chain(emergency_button(request)).collect(),
        Reader::MayRevoke => is_held(request).then(|| revoke_button(request)).into_iter().collect(),
        Reader::Onlooker => Vec::new(),
    };
    Said { text: head, blocks }.with_buttons(buttons)
}

/// A sentence on what waits for approval, with the button that does not wait.
#[must_use]
pub fn with_emergency(sentence: String, request: &Request) -> Said {
    Said::from(sentence).with_buttons(emergency_button(request).into_iter().collect())
}

/// Whether a break-glass could take its place now.
#[must_use]
pub fn can_break_glass(request: &Request) -> bool {
    let waits = matches!(request.state, State::Pending(_) | State::Scheduled { .. });
    waits && request.kind == Kind::New && request.terms.tier.break_glass.is_some()
}

fn emergency_button(request: &Request) -> Option<Value> {
    let spoken = words::spoken(words::EMERGENCY, request);
    can_break_glass(request)
        .then(|| button(Press::Emergency, request.id, words::EMERGENCY, &spoken, Look::Danger))
}

/// Who decided what about a request, and by which rule; the newest when it is too long.
#[must_use]
pub fn kept(people: &People, kept: &Kept) -> Said {
    let head = words::kept_head(kept);
    let mut lines = Vec::new();
    let mut size = 0;
    for line in kept.lines.iter().rev() {
        let line = cut_mrkdwn(&words::kept_line(people, line), KEPT_LINE_MOST);
        size += line.chars().count() + 1;
        if size > KEPT_MOST && !lines.is_empty() {
            break;
        }
        lines.push(line);
    }
    let hidden = kept.lines.len() - lines.len();
    if hidden > 0 {
        lines.push(words::kept_earlier(kept, hidden));
    }
    lines.reverse();
    let mut blocks = vec![section("head", &head)];
    let pages = channel::pages(&lines);
    blocks.extend(pages.iter().enumerate().map(|(number, page)| section(&format!("kept:{number}"), page)));
    Said { text: head, blocks }
}

/// A sentence with the button that gives the access back.
#[must_use]
pub fn with_release(sentence: String, grant: &Request) -> Said {
    Said::from(sentence).with_buttons(vec![release_button(grant)])
}

fn revoke_button(request: &Request) -> Value {
    let spoken = words::spoken(words::REVOKE, request);
    button(Press::Revoke, request.id, words::REVOKE, &spoken, Look::Danger)
}

fn is_held(request: &Request) -> bool {
    matches!(request.state.word(), StateWord::Granting | StateWord::Active)
}

/// What the requester can do with it.
fn own_button(request: &Request) -> Option<Value> {
    match (&request.state, request.kind) {
        (State::Pending(_) | State::Scheduled { .. }, _) => Some(withdraw_button(request)),
        (State::Granting | State::Active { .. }, Kind::New | Kind::BreakGlass) => {
            Some(release_button(request))
        }
        (State::Granting | State::Active { .. }, Kind::Extension { .. } | Kind::Drill { .. })
        | (
            State::Revoking { .. }
            | State::Revoked { .. }
            | State::Applied { .. }
            | State::Denied { .. }
            | State::Withdrawn { .. }
            | State::Lapsed { .. },
            _,
        ) => None,
    }
}
