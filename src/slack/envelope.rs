//! Socket Mode frames read into typed values. What Slack sends is wide and changes; only what is used is read,
//! and nothing is demanded that Slack has been seen to leave out.
//!
//! Shapes: docs.slack.dev, "Using Socket Mode" and "Interaction payloads".

mod remark;

pub use remark::InThread;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::link_plan::Farewell;
use super::text::cut;
use crate::ids::RequestId;

/// The longest id that we take from Slack and give back.
const ID_MOST: usize = 255;

/// One frame.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// The link is ready.
    Hello,
    /// The link will end, or may not be.
    Disconnect(Farewell),
    /// Something happened that wants an acknowledgement.
    Envelope(Box<Envelope>),
    /// A type that we have not heard of, without an envelope's id.
    Unknown(String),
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// What the acknowledgement names.
    pub id: String,
    /// Whether the acknowledgement may carry an answer.
    pub takes_payload: bool,
    /// What it was, or why it can't be read.
    pub input: Result<Input, String>,
}

/// The account that acts, as Slack names it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caller {
    /// `U…` or `W…`.
    pub user: String,
    /// The account's own workspace; on a Grid perhaps its organisation.
    pub team: Option<String>,
    /// The workspace in which they act; none where the app is installed for a whole organisation.
    pub place: Option<String>,
    /// The organisation in which they act, on a Grid.
    pub enterprise: Option<String>,
}

/// Where an answer can go that only the caller sees.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The channel in which it happened; none in a modal.
    pub channel: Option<String>,
    /// The thread in which it happened.
    pub thread_ts: Option<String>,
    /// Takes five answers in thirty minutes.
    pub response_url: Option<String>,
    /// The window in which it happened, which can be turned into another.
    pub window: Option<String>,
}

/// What somebody did.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Typed the command.
    Slash {
        /// Who.
        caller: Caller,
        /// The command itself: `/jit`.
        command: String,
        /// What came after it.
        text: String,
        /// Opens a modal, for three seconds.
        trigger: String,
        /// Where.
        place: Place,
    },
    /// Pressed a button of a message.
    Click {
        /// Who.
        caller: Caller,
        /// Which.
        button: Button,
        /// Opens a modal, for three seconds.
        trigger: String,
        /// Where.
        place: Place,
    },
    /// Chose a role in the request form.
    RoleChosen {
        /// Who.
        caller: Caller,
        /// The form as it stands.
        view: ViewState,
        /// The role, as the option's value has it.
        role: String,
        /// When, by Slack's clock: the later of two choices counts.
        at: String,
    },
    /// Sent a form.
    Form {
        /// Who.
        caller: Caller,
        /// The form as it was sent.
        view: ViewState,
    },
    /// Typed into the search of roles.
    Suggest {
        /// Who.
        caller: Caller,
        /// What so far.
        query: String,
    },
    /// Chose the shortcut, or pressed the button, that opens the request form.
    Shortcut {
        /// Who.
        caller: Caller,
        /// Opens a modal, for three seconds.
        trigger: String,
    },
    /// Chose the shortcut that opens the request form about a message.
    MessageShortcut {
        /// Who.
        caller: Caller,
        /// Opens a modal, for three seconds.
        trigger: String,
        /// Where the message stands.
        channel: String,
        /// Which it is.
        ts: String,
    },
    /// Opened the app's home tab.
    HomeOpened {
        /// Who.
        caller: Caller,
    },
    /// Did something with a message in a thread.
    InThread {
        /// The event's id, the same at each redelivery.
        id: String,
        /// The channel's id.
        channel: String,
        /// The message whose thread it is.
        thread_ts: String,
        /// The message that it is about.
        ts: String,
        /// What.
        deed: InThread,
    },
    /// Another event, by its id and type: none is subscribed to that changes anything.
    Event {
        /// The same at each redelivery.
        id: String,
        /// As Slack calls it.
        kind: String,
    },
    /// Nothing that wants an answer, such as a form that was closed or a choice that is sent later.
    Quiet(String),
}

/// A button of ours, with the request it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Button {
    /// One that we know.
    Known(Press, RequestId),
    /// Answers a question about the request.
    Reply(RequestId, u32),
    /// Whoever is away is back. It is about no request.
    Back,
    /// One of an older or newer version.
    Unknown(String),
}

/// What a button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Press {
    /// A yes.
    Approve,
    /// A yes for less time; asks for how long.
    ApproveLess,
    /// A no; asks for a reason.
    Deny,
    /// Asks the requester something first.
    Question,
    /// Gives access back.
    Release,
    /// Asks for more time.
    Extend,
    /// Shows the credential.
    Reveal,
    /// Takes a request back.
    Withdraw,
    /// Takes access; asks for a reason.
    Revoke,
    /// Takes what waits for approval at once, by break-glass.
    Emergency,
    /// Reviews a break-glass; asks for what was found.
    Review,
    /// Wants what somebody else asked for them.
    Confirm,
    /// Does not want it.
    Decline,
}

impl Press {
    /// Every button.
    pub const ALL: [Self; 13] = [
        Self::Approve,
        Self::ApproveLess,
        Self::Deny,
        Self::Question,
        Self::Release,
        Self::Extend,
        Self::Reveal,
        Self::Withdraw,
        Self::Revoke,
        Self::Emergency,
        Self::Review,
        Self::Confirm,
        Self::Decline,
    ];

    /// The button's `action_id`.
    #[must_use]
    pub const fn action_id(self) -> &'static str {
        match self {
            Self::Approve => "jit_approve",
            Self::ApproveLess => "jit_approve_less",
            Self::Deny => "jit_deny",
            Self::Question => "jit_question",
            Self::Release => "jit_release",
            Self::Extend => "jit_extend",
            Self::Reveal => "jit_reveal",
            Self::Withdraw => "jit_withdraw",
            Self::Revoke => "jit_revoke",
            Self::Emergency => "jit_emergency",
            Self::Review => "jit_review",
            Self::Confirm => "jit_confirm",
            Self::Decline => "jit_decline",
        }
    }
}

/// The `action_id` of the button that answers a question.
pub const REPLY: &str = "jit_reply";

/// A question about a request, as a button's value and as what a form carries: `R1042-2`.
#[must_use]
pub fn question_value(request: RequestId, question: u32) -> String {
    format!("{request}-{question}")
}

/// Reads it back.
#[must_use]
pub fn read_question(value: &str) -> Option<(RequestId, u32)> {
    let (request, question) = value.split_once('-')?;
    Some((request.parse().ok()?, question.parse().ok()?))
}

/// The `action_id` of the role's search field.
pub const ROLE_SEARCH: &str = "jit_role";
/// The `action_id` of the button that opens the request form.
pub const REQUEST_BUTTON: &str = "jit_request_new";
/// The `action_id` of the button that ends an absence.
pub const BACK_BUTTON: &str = "jit_back";
/// The `callback_id` of the shortcut.
pub const SHORTCUT: &str = "jit_request";
/// The `callback_id` of the shortcut in a message's menu.
pub const MESSAGE_SHORTCUT: &str = "jit_request_thread";

/// A form with what is filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ViewState {
    /// The view's id.
    pub id: String,
    /// Guards an update against a newer one.
    pub hash: Option<String>,
    /// Which form.
    pub callback: String,
    /// What we put into it.
    pub private_metadata: String,
    /// Its input blocks, filled in or not.
    pub blocks: BTreeSet<String>,
    /// By block id: the one value that its element has.
    pub values: BTreeMap<String, String>,
}

/// Reads one text frame.
///
/// # Errors
/// When it is not a JSON object with a `type`.
pub fn parse(text: &str) -> Result<Frame, String> {
    let frame: Value = serde_json::from_str(text).map_err(|e| format!("not JSON: {e}"))?;
    let Some(kind) = frame.get("type").and_then(Value::as_str) else {
        return Err("a frame without a type".to_owned());
    };
    match kind {
        "hello" => return Ok(Frame::Hello),
        "disconnect" => return Ok(Frame::Disconnect(Farewell::parse(str_at(&frame, "/reason")))),
        _ => {}
    }
    let id = str_at(&frame, "/envelope_id");
    if id.is_empty() || id.len() > ID_MOST {
        return Ok(Frame::Unknown(cut(kind, 80)));
    }
    let payload = frame.get("payload").unwrap_or(&Value::Null);
    let input = match kind {
        "slash_commands" => slash(payload),
        "interactive" => interactive(payload),
        "events_api" => event(payload),
        other => Ok(Input::Quiet(format!("an envelope of type {}", cut(other, 80)))),
    };
    let takes_payload = frame.get("accepts_response_payload").and_then(Value::as_bool).unwrap_or(false);
    Ok(Frame::Envelope(Box::new(Envelope { id: id.to_owned(), takes_payload, input })))
}

fn slash(payload: &Value) -> Result<Input, String> {
    Ok(Input::Slash {
        caller: Caller {
            user: required(payload, "/user_id")?,
            team: None,
            place: optional(payload, "/team_id"),
            enterprise: optional(payload, "/enterprise_id"),
        },
        command: required(payload, "/command")?,
        text: str_at(payload, "/text").to_owned(),
        trigger: str_at(payload, "/trigger_id").to_owned(),
        place: Place {
            channel: optional(payload, "/channel_id"),
            thread_ts: optional(payload, "/thread_ts"),
            response_url: optional(payload, "/response_url"),
            window: None,
        },
    })
}

fn event(payload: &Value) -> Result<Input, String> {
    let kind = str_at(payload, "/event/type");
    if kind == "message" {
        return remark::read(payload, required(payload, "/event_id")?);
    }
    // The same event tells of the messages tab.
    if kind == "app_home_opened" && str_at(payload, "/event/tab") == "home" {
        let caller = Caller {
            user: required(payload, "/event/user")?,
            team: optional(payload, "/event/user_team"),
            place: optional(payload, "/team_id"),
            enterprise: optional(payload, "/enterprise_id"),
        };
        return Ok(Input::HomeOpened { caller });
    }
    Ok(Input::Event { id: required(payload, "/event_id")?, kind: cut(kind, 80) })
}

fn interactive(payload: &Value) -> Result<Input, String> {
    // A person's own workspace may differ from the one they act in; an org-wide install has `team: null`.
    let caller = || -> Result<Caller, String> {
        Ok(Caller {
            user: required(payload, "/user/id")?,
            team: optional(payload, "/user/team_id"),
            place: optional(payload, "/team/id"),
            enterprise: optional(payload, "/enterprise/id"),
        })
    };
    match str_at(payload, "/type") {
        "block_actions" => block_actions(payload, caller()?),
        "view_submission" => Ok(Input::Form { caller: caller()?, view: view_state(payload)? }),
        "block_suggestion" => match str_at(payload, "/action_id") {
            ROLE_SEARCH => {
                Ok(Input::Suggest { caller: caller()?, query: cut(str_at(payload, "/value"), 200) })
            }
            other => Err(format!("options are asked for `{}`", cut(other, 80))),
        },
        "shortcut" => match str_at(payload, "/callback_id") {
            SHORTCUT => {
                Ok(Input::Shortcut { caller: caller()?, trigger: str_at(payload, "/trigger_id").to_owned() })
            }
            other => Err(format!("the shortcut `{}`", cut(other, 80))),
        },
        "message_action" => match str_at(payload, "/callback_id") {
            MESSAGE_SHORTCUT => Ok(Input::MessageShortcut {
                caller: caller()?,
                trigger: str_at(payload, "/trigger_id").to_owned(),
                channel: required(payload, "/channel/id")?,
                ts: optional(payload, "/message/ts").map_or_else(|| required(payload, "/message_ts"), Ok)?,
            }),
            other => Err(format!("the message shortcut `{}`", cut(other, 80))),
        },
        "view_closed" => Ok(Input::Quiet("a form was closed".to_owned())),
        other => Err(format!("an interaction of type `{}`", cut(other, 80))),
    }
}

fn block_actions(payload: &Value, caller: Caller) -> Result<Input, String> {
    let action = payload.pointer("/actions/0").ok_or("block_actions without an action")?;
    let action_id = str_at(action, "/action_id");
    if action_id == ROLE_SEARCH {
        let role = required(action, "/selected_option/value")?;
        let at = str_at(action, "/action_ts").to_owned();
        return Ok(Input::RoleChosen { caller, view: view_state(payload)?, role, at });
    }
    if action_id == REQUEST_BUTTON {
        return Ok(Input::Shortcut { caller, trigger: str_at(payload, "/trigger_id").to_owned() });
    }
    if str_at(action, "/type") != "button" {
        return Ok(Input::Quiet("a choice that its form sends later".to_owned()));
    }
    let press = Press::ALL.into_iter().find(|p| p.action_id() == action_id);
    let value = str_at(action, "/value");
    let reply = read_question(value).filter(|_| action_id == REPLY);
    let button = match (press, value.parse(), reply) {
        (_, _, Some((request, question))) => Button::Reply(request, question),
        (Some(press), Ok(request), None) => Button::Known(press, request),
        (None, _, None) if action_id == BACK_BUTTON => Button::Back,
        (Some(_) | None, _, None) => Button::Unknown(cut(action_id, 80)),
    };
    let place = Place {
        channel: optional(payload, "/container/channel_id").or_else(|| optional(payload, "/channel/id")),
        thread_ts: optional(payload, "/message/thread_ts")
            .or_else(|| optional(payload, "/container/thread_ts")),
        response_url: optional(payload, "/response_url"),
        window: optional(payload, "/view/id").filter(|_| str_at(payload, "/view/type") == "modal"),
    };
    Ok(Input::Click { caller, button, trigger: str_at(payload, "/trigger_id").to_owned(), place })
}

fn view_state(payload: &Value) -> Result<ViewState, String> {
    let view = payload.get("view").ok_or("a form without its view")?;
    let mut values = BTreeMap::new();
    let mut names = BTreeSet::new();
    if let Some(blocks) = view.pointer("/state/values").and_then(Value::as_object) {
        for (block, elements) in blocks.iter().take(100) {
            names.insert(block.clone());
            let element = elements.as_object().and_then(|e| e.values().next());
            if let Some(value) = element.and_then(element_value) {
                values.insert(block.clone(), value);
            }
        }
    }
    Ok(ViewState {
        id: required(view, "/id")?,
        hash: optional(view, "/hash"),
        callback: str_at(view, "/callback_id").to_owned(),
        private_metadata: str_at(view, "/private_metadata").to_owned(),
        blocks: names,
        values,
    })
}

/// An element's value, whichever of the kinds that our forms use; none when it is empty.
fn element_value(element: &Value) -> Option<String> {
    let text = ["/value", "/selected_option/value", "/selected_options/0/value", "/selected_user"]
        .into_iter()
        .find_map(|at| optional(element, at));
    text.or_else(|| {
        let seconds = element.get("selected_date_time").and_then(Value::as_i64)?;
        Some(seconds.to_string())
    })
}

fn str_at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn optional(value: &Value, pointer: &str) -> Option<String> {
    Some(str_at(value, pointer)).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn required(value: &Value, pointer: &str) -> Result<String, String> {
    optional(value, pointer).ok_or_else(|| format!("no {pointer}"))
}
