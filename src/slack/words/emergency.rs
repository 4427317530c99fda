//! What people read when they take access at once.

use super::NAME;
use crate::policy::BreakGlass;
use crate::slack::text::inline;

/// On buttons. Plain.
pub const EMERGENCY: &str = "Break glass…";

/// What the form for access at once says. Plain.
pub mod emergency_form {
    /// Its title.
    pub const TITLE: &str = "Emergency access";
    /// Sends it.
    pub const SEND: &str = "Take access now";
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
