//! What people read when they take access at once.

use super::{NAME, code};
use crate::ids::RequestId;
use crate::policy::BreakGlass;
use crate::slack::text::{inline, list};
use crate::time::Span;

/// On buttons. Plain.
pub const EMERGENCY: &str = "Break glass…";

/// What the form for access at once says. Plain.
pub mod emergency_form {
    /// Its title.
    pub const TITLE: &str = "Emergency access";
    /// Sends it.
    pub const SEND: &str = "Take access now";
    /// The title of a drill's.
    pub const DRILL_TITLE: &str = "Emergency DRILL";
    /// Sends a drill's.
    pub const DRILL_SEND: &str = "Start the drill";
    /// Label.
    pub const ROLE: &str = "What do you need at once?";
    /// Label.
    pub const WHY: &str = "What is broken?";
    /// Hint.
    pub const WHY_HINT: &str = "Security and the reviewers read it, and it stands on the ticket. No secrets.";
    /// Label.
    pub const INCIDENT: &str = "Incident";
    /// Hint.
    pub const INCIDENT_HINT: &str =
        "The ticket of the incident, such as INC-42. There is no emergency without one.";
}

/// What it means to take access at once. `rule` is that of the role's tier, once a role is chosen.
#[must_use]
pub fn emergency_about(rule: Option<&BreakGlass>) -> String {
    let most = rule.map(|rule| format!("\n• It lasts *{}* at most.", rule.max_duration.words()));
    let within = rule.map(|rule| format!(" within *{}*", rule.review_within.words()));
    format!(
        ":rotating_light: *Break-glass: access at once, without approval.*\n\
         • The security channel is told at once: who, what, why and for which incident.{}\n\
         • Somebody else must review it{}. While a review of yours is overdue, your next break-glass is refused.",
        most.unwrap_or_default(),
        within.unwrap_or_default()
    )
}

/// What a drill is. `rule` is that of the role's tier, once a role is chosen.
#[must_use]
pub fn drill_about(rule: Option<&BreakGlass>) -> String {
    let within = rule.map(|rule| format!(" within *{}*", rule.review_within.words()));
    format!(
        ":construction: *DRILL: everything but the access.*\n\
         • Nothing is given, no target is asked, and no credential is made.\n\
         • The security channel is told as loudly, with the word DRILL; a ticket is opened.\n\
         • Somebody else reviews it{}. It shows how long you took, and whether you would have been let in.",
        within.unwrap_or_default()
    )
}

/// How long a drill took, with a comma before it.
#[must_use]
pub fn drill_took(took: Option<Span>) -> String {
    took.map(|took| format!(", {} after the form was opened", seconds(took))).unwrap_or_default()
}

/// How long a drill took, as the message to security labels it. Plain.
pub const DRILL_TOOK: &str = "Form opened to access";
/// What would have been done, as the message to security labels it. Plain.
pub const WOULD_DO: &str = "Would have done";

/// To the second.
#[must_use]
pub fn seconds(took: Span) -> String {
    Span::secs(took.as_secs()).words()
}

/// What would have been done, in order.
#[must_use]
pub fn would_do(steps: &[String]) -> String {
    let steps: Vec<String> = steps.iter().map(|step| inline(step, NAME)).collect();
    list(&steps, 10)
}

/// To the one who broke the glass.
#[must_use]
pub fn answer_broke_glass(request: RequestId) -> String {
    format!(
        "{} is being granted at once, without approval; you hear from me when it is there. Security was told, and \
         somebody else reviews it.",
        code(request)
    )
}

/// To the one who practised.
#[must_use]
pub fn answer_drilled(request: RequestId, took: Option<Span>) -> String {
    format!(
        ":construction: *DRILL over*: {} would have given you the access now{}. Nothing was given, and no target was \
         asked. Security was told, and somebody else reviews it.",
        code(request),
        drill_took(took)
    )
}

/// Nothing can be had at once.
#[must_use]
pub fn no_emergency(command: &str) -> String {
    format!(
        "No role that you may ask for can be had by break-glass. Ask in the ordinary way: `{} request`.",
        inline(command, 40)
    )
}

/// This role can't be had at once. `title` is the role's.
#[must_use]
pub fn not_by_break_glass(command: &str, title: &str) -> String {
    let jit = inline(command, 40);
    format!(
        "*{}* can't be had by break-glass: its tier has none. Ask in the ordinary way with `{jit} request`, or type \
         `{jit} emergency` alone to see what can.",
        inline(title, NAME)
    )
}
