//! What the requester filled in.

use std::collections::BTreeMap;

use super::{Ask, AskMode, Reason, Role, TicketRule, reasons};
use crate::ids::RoleRef;
use crate::time::{Span, Timestamp};

const LEAST_JUSTIFICATION: usize = 10;
const MOST_JUSTIFICATION: usize = 1000;
const MOST_FIELD: usize = 200;
/// Filling in a form takes a while: what was "now" at its beginning is no start in the past.
const START_GRACE: Span = Span::mins(5);
const START_AHEAD: Span = Span::days(90);

/// Everything against the justification, the ticket and the fields.
pub(super) fn judge(ask: &Ask, role: &Role, mode: AskMode) -> Vec<Reason> {
    let mut against = Vec::new();
    against.extend(justification(&ask.justification));
    against.extend(ticket(ask, role, mode));
    let all_wanted = match mode {
        AskMode::New | AskMode::BreakGlass => true,
        AskMode::Extension { .. } => false,
    };
    against.extend(fields(&ask.role, role, &ask.fields, all_wanted));
    against
}

/// A start in the past or too far ahead.
pub(super) fn start(starts_at: Option<Timestamp>, now: Timestamp) -> Option<Reason> {
    let starts_at = starts_at?;
    if starts_at + START_GRACE < now {
        Some(reasons::starts_in_the_past(starts_at))
    } else if starts_at > now + START_AHEAD {
        Some(reasons::starts_too_late(starts_at, START_AHEAD))
    } else {
        None
    }
}

fn justification(text: &str) -> Option<Reason> {
    let length = text.trim().chars().count();
    let fits = (LEAST_JUSTIFICATION..=MOST_JUSTIFICATION).contains(&length);
    (!fits).then(|| reasons::justification(length, LEAST_JUSTIFICATION, MOST_JUSTIFICATION))
}

/// Break-glass always names its incident; an extension need not name again what its grant named.
fn ticket(ask: &Ask, role: &Role, mode: AskMode) -> Option<Reason> {
    match (mode, &ask.ticket) {
        (AskMode::BreakGlass, None) => Some(reasons::incident_missing()),
        (AskMode::BreakGlass, Some(_)) | (AskMode::Extension { .. }, None) => None,
        (AskMode::New, None) => match role.ticket {
            TicketRule::Required => Some(reasons::ticket_missing(&ask.role, role)),
            TicketRule::None | TicketRule::Optional => None,
        },
        (AskMode::New | AskMode::Extension { .. }, Some(ticket)) => match role.ticket {
            TicketRule::None => Some(reasons::ticket_unwanted(&ask.role, role, ticket)),
            TicketRule::Optional | TicketRule::Required => None,
        },
    }
}

fn fields(at: &RoleRef, role: &Role, given: &BTreeMap<String, String>, all_wanted: bool) -> Vec<Reason> {
    let mut against = Vec::new();
    for field in &role.fields {
        let value = given.get(&field.id).map(|value| value.trim()).filter(|value| !value.is_empty());
        let Some(value) = value else {
            if all_wanted {
                against.push(reasons::field_missing(at, field, MOST_FIELD));
            }
            continue;
        };
        let fits = if field.choices.is_empty() {
            value.chars().count() <= MOST_FIELD && !value.chars().any(char::is_control)
        } else {
            // Untrimmed: what reaches the steps must be the choice itself.
            given.get(&field.id).is_some_and(|value| field.choices.contains(value))
        };
        if !fits {
            against.push(reasons::field_bad(at, field, value, MOST_FIELD));
        }
    }
    let unknown = given.keys().filter(|id| !role.fields.iter().any(|field| field.id == **id));
    against.extend(unknown.map(|id| reasons::field_unknown(at, role, id)));
    against
}
