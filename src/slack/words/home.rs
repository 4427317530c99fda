//! What the home tab says.

use super::{NAME, WRITTEN, asks_for, bold, code, headline, risk, standing, written};
use crate::lifecycle::{Kind, Request, State};
use crate::slack::text::{cut_mrkdwn, date, inline};
use crate::time::{Span, Timestamp};

/// One request on the home tab: all of them must fit into a view of 250 kB.
const ITEM: usize = 900;
/// A line of what is over: five must fit into one section.
const PAST: usize = 500;

/// On the button. Plain.
pub const REQUEST: &str = "Request access";
/// The same, aloud. Plain.
pub const REQUEST_SPOKEN: &str = "Request access: opens the form with what you may ask for";

/// Headlines of the home tab. Plain.
pub mod home_part {
    /// What the reader has.
    pub const ACTIVE: &str = "Your access";
    /// What the reader waits for.
    pub const WAITING: &str = "Your open requests";
    /// What the reader can decide.
    pub const TO_DECIDE: &str = "Waiting for your decision";
    /// What the reader can review.
    pub const TO_REVIEW: &str = "Waiting for your review";
    /// What others have of the reader's apps.
    pub const HELD: &str = "Who has access to your apps";
    /// What is over.
    pub const PAST: &str = "Lately";
}

/// The first line.
#[must_use]
pub fn home_head(name: &str) -> String {
    format!("Hello {}. Access that you ask for here ends by itself.", inline(name, NAME))
}

/// The reader has nothing.
#[must_use]
pub fn home_nothing(command: &str) -> String {
    format!("You have no access through me now. `{}` asks for some, too.", inline(command, 40))
}

/// Access that the reader has, or is about to have or to lose.
#[must_use]
pub fn home_active(request: &Request, now: Timestamp) -> String {
    let (emoji, word) = headline(request);
    let head = format!("{emoji} *{word}* · {} ({})", bold(&request.title()), code(request.id));
    let left = if let (State::Active { .. }, Some(times)) = (&request.state, request.times)
        && times.expires_at > now
    {
        format!(", {} left", rounded(times.expires_at.since(now)).words())
    } else {
        String::new()
    };
    cut_mrkdwn(&format!("{head}\n{}{left}", standing(request)), ITEM)
}

/// To the minute, up: nobody needs to read seconds of an hour.
fn rounded(left: Span) -> Span {
    if left < Span::mins(1) { left } else { Span::mins(left.as_millis().div_ceil(60_000)) }
}

/// What the reader waits for.
#[must_use]
pub fn home_waiting(request: &Request) -> String {
    let (emoji, word) = headline(request);
    let head = format!("{emoji} *{word}* · {} ({})", bold(&request.title()), code(request.id));
    let length = request.ask.duration.words();
    let length = match request.kind {
        Kind::New | Kind::BreakGlass | Kind::Drill { .. } => format!("For {length}"),
        Kind::Extension { parent } => format!("{length} more of {}", code(parent)),
    };
    cut_mrkdwn(&format!("{head}\n{length}; {}", standing(request)), ITEM)
}

/// What the reader can decide.
#[must_use]
pub fn home_to_decide(request: &Request) -> String {
    let length = match request.kind {
        Kind::New | Kind::BreakGlass | Kind::Drill { .. } => {
            format!(" for {}", request.ask.duration.words())
        }
        // Said already.
        Kind::Extension { .. } => String::new(),
    };
    let line = format!(
        "*{}* {}{length} ({}). Risk: {}.\nReason: {}.\n{}",
        inline(&request.requester.name, NAME),
        asks_for(request),
        code(request.id),
        risk(request.terms.risk).to_lowercase(),
        written(&request.ask.justification, WRITTEN),
        standing(request)
    );
    cut_mrkdwn(&line, ITEM)
}

/// What somebody else has of the reader's apps.
#[must_use]
pub fn home_held(request: &Request) -> String {
    let (emoji, word) = headline(request);
    let line = format!(
        "*{}* · {} ({})\n{emoji} {word}: {}",
        inline(&request.requester.name, NAME),
        inline(&request.title(), NAME),
        code(request.id),
        standing(request)
    );
    cut_mrkdwn(&line, ITEM)
}

/// What is over, a line each.
#[must_use]
pub fn home_past(request: &Request) -> String {
    cut_mrkdwn(&super::list_line(request), PAST)
}

/// What is not shown of the reader's own.
#[must_use]
pub fn home_more(command: &str, hidden: usize) -> String {
    format!("and {hidden} more: `{} list`", inline(command, 40))
}

/// What is not shown of what the reader can decide.
#[must_use]
pub fn home_more_to_decide(hidden: usize) -> String {
    format!("and {hidden} more: they are asked for in the approvals channel")
}

/// What is not shown of what others have.
#[must_use]
pub fn home_more_held(hidden: usize) -> String {
    format!("and {hidden} more: `jitney request list` on the server has all of them")
}

/// The last line.
#[must_use]
pub fn home_foot(command: &str, now: Timestamp) -> String {
    format!("As of {}. `{} help` says what there is to type.", date(now), inline(command, 40))
}
