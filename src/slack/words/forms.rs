//! What buttons and forms say.

use super::{NAME, asks_for, bold, code, standing};
use crate::ids::RequestId;
use crate::lifecycle::Request;
use crate::slack::text::inline;

/// On buttons. Plain.
pub const APPROVE: &str = "Approve";
/// On buttons. Plain.
pub const APPROVE_LESS: &str = "Approve for less…";
/// On buttons. Plain.
pub const DENY: &str = "Deny…";
/// On buttons. Plain.
pub const QUESTION: &str = "Ask…";
/// On buttons. Plain.
pub const REPLY: &str = "Answer…";
/// On buttons. Plain.
pub const REVEAL: &str = "Reveal";
/// On buttons. Plain.
pub const EXTEND: &str = "Extend…";
/// On buttons. Plain.
pub const RELEASE: &str = "Release";
/// On buttons. Plain.
pub const WITHDRAW: &str = "Withdraw";
/// Button.
pub const CONFIRM: &str = "Yes, for me";
/// Button.
pub const DECLINE: &str = "No";
/// On buttons. Plain.
pub const REVOKE: &str = "Revoke…";

/// What the forms say. Plain.
pub mod form {
    /// Title of the request form.
    pub const REQUEST: &str = "Request access";
    /// Title of the extension form.
    pub const EXTEND: &str = "Ask for more time";
    /// Title of the form that approves for less time.
    pub const APPROVE_LESS: &str = "Approve for less time";
    /// Title of the denial form.
    pub const DENY: &str = "Deny this request";
    /// Title of the form for a question.
    pub const QUESTION: &str = "Ask the requester";
    /// Title of the form for an answer.
    pub const REPLY: &str = "Answer an approver";
    /// Title of the revocation form.
    pub const REVOKE: &str = "Take this access";
    /// Title of the window with the credential.
    pub const CREDENTIAL: &str = "Your credential";
    /// Title of a window that only says something.
    pub const SAID: &str = "Jitney";
    /// Sends a form.
    pub const SEND: &str = "Send";
    /// Leaves a form.
    pub const CANCEL: &str = "Cancel";
    /// Leaves a window.
    pub const CLOSE: &str = "Close";
    /// Label.
    pub const ROLE: &str = "What do you need?";
    /// Hint.
    pub const ROLE_HINT: &str = "Type to search the apps and roles.";
    /// Inside the empty search.
    pub const ROLE_EMPTY: &str = "Search the catalogue";
    /// Label.
    pub const DURATION: &str = "For how long?";
    /// Label.
    pub const MORE: &str = "How much more?";
    /// Label.
    pub const LESS: &str = "For how long instead?";
    /// Label.
    pub const OWN: &str = "Or in your own words";
    /// Hint. What is written here counts more than the choice above it.
    pub const OWN_HINT: &str = "Such as 45 min or 1.5 hours. It counts instead of the choice above.";
    /// Where a length in somebody's own words is none.
    pub const OWN_WRONG: &str = "I don't read a length of time in this. Write it like 45 min or 1.5 hours.";
    /// Label.
    pub const WHY: &str = "Why?";
    /// Hint.
    pub const WHY_HINT: &str = "Approvers read it, and it stands on the ticket. No secrets.";
    /// Label.
    pub const TICKET: &str = "Ticket";
    /// Hint.
    pub const TICKET_HINT: &str = "The incident or change that this is for, such as OPS-311.";
    /// Label.
    pub const WHOM: &str = "For whom?";
    /// Hint.
    pub const WHOM_HINT: &str = "Leave it empty for yourself. Whoever you choose must confirm it first.";
    /// At a break-glass for somebody else.
    pub const GLASS_FOR_OTHERS: &str =
        "Nobody breaks the glass for somebody else. Leave the field for whom empty, or untick this.";
    /// Label.
    pub const STARTS: &str = "Starts";
    /// Hint.
    pub const STARTS_HINT: &str = "Leave it empty to start as soon as it is approved. 90 days ahead at most.";
    /// Label.
    pub const GLASS: &str = "Emergency";
    /// The one box to tick.
    pub const GLASS_BOX: &str = "Break glass: access at once";
    /// What comes with it.
    pub const GLASS_ABOUT: &str = "Security is told, and the use is reviewed afterwards";
    /// Label.
    pub const REASON: &str = "Reason";
    /// Hint.
    pub const REASON_HINT: &str = "The requester reads it, and it stands on the ticket.";
    /// Label.
    pub const ASKED: &str = "Your question";
    /// Hint.
    pub const ASKED_HINT: &str =
        "The requester gets it as a message. It stands in the thread and on the ticket.";
    /// Label.
    pub const ANSWERED: &str = "Your answer";
    /// Hint.
    pub const ANSWERED_HINT: &str = "It stands in the approvers' thread and on the ticket. No secrets.";
    /// Where a role is missing.
    pub const ROLE_MISSING: &str = "Choose a role from the list.";
    /// Where a length is missing.
    pub const DURATION_MISSING: &str = "Choose how long.";
    /// Where a text is missing.
    pub const TEXT_MISSING: &str = "Write a few words.";
    /// Where an issue key is none.
    pub const TICKET_WRONG: &str = "This is not an issue key; write it like OPS-311.";
    /// Where a start is none.
    pub const STARTS_WRONG: &str = "Choose a date and a time.";
    /// A role that this person can't have.
    pub const NOT_FOR_YOU: &str = "not for you: choose it to see why";
}

/// What is extended.
#[must_use]
pub fn extend_about(request: &Request) -> String {
    format!("{} {}: {}.", code(request.id), bold(&request.title()), standing(request))
}

/// What is denied or taken.
#[must_use]
pub fn decide_about(request: &Request) -> String {
    format!(
        "{} · {} {} for {}.",
        code(request.id),
        inline(&request.requester.name, NAME),
        asks_for(request),
        request.ask.duration.words()
    )
}

/// Whose question is answered, about what.
#[must_use]
pub fn reply_about(request: &Request, asked_by: &str) -> String {
    format!("{} · {} asks about {}:", code(request.id), inline(asked_by, NAME), bold(&request.title()))
}

/// That it is shown once.
#[must_use]
pub fn credential_once(request: RequestId) -> String {
    format!(
        "The credential of {}. It is shown this once: when this window is closed, it is gone. It stops working when the \
         access ends.",
        code(request)
    )
}
