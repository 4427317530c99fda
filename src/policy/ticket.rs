//! The ticket that a requester named, held against what was seen of it.

use serde::{Deserialize, Serialize};

use super::{Ask, AskMode, PolicySet, Reason, TicketOf, TicketRule, reasons};
use crate::ids::IssueKey;
use crate::time::Timestamp;

/// A look at a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketLook {
    /// At which ticket.
    pub ticket: IssueKey,
    /// When it was made.
    pub as_of: Timestamp,
    /// What came of it.
    pub found: TicketFound,
}

/// What came of a look at a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketFound {
    /// It is there.
    Seen(TicketSeen),
    /// There is none with this key, or none that Jitney may see.
    Missing,
    /// Nobody answered in time.
    Unanswered,
}

/// What was seen of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketSeen {
    /// Its title, as somebody wrote it.
    pub summary: String,
    /// The name of its status.
    pub status: String,
    /// Whether that status means that it is over.
    pub is_done: bool,
    /// Whether the requester reported it, made it, or works on it.
    pub names_requester: bool,
    /// Whether it is one that Jitney keeps on a request.
    pub is_access_ticket: bool,
}

/// What stands against the ticket that was named. Without a look nothing does: then its key is all that is known.
///
/// A break-glass does not wait for an answer, and its incident may be somebody else's or over: it must be there, and be
/// no ticket of Jitney's own. A ticket that need not be named is held to the same once it is, but for an answer that did
/// not come.
#[must_use]
pub fn ticket_against(
    policies: &PolicySet,
    ask: &Ask,
    mode: AskMode,
    look: Option<&TicketLook>,
) -> Option<Reason> {
    let (Some(ticket), Some(look), Some((_, role))) = (&ask.ticket, look, policies.role(&ask.role)) else {
        return None;
    };
    let is_break_glass = match mode {
        AskMode::New => false,
        AskMode::BreakGlass => true,
        // What its grant named stands.
        AskMode::Extension { .. } => return None,
    };
    let against = |saw: String, wants: &str| {
        Some(reasons::ticket_refused(&ask.role, role, is_break_glass, saw, wants.to_owned()))
    };
    let seen = match &look.found {
        TicketFound::Missing => {
            let saw = format!("there is no ticket {ticket} that Jitney may see");
            return against(saw, "the key of a ticket that is there");
        }
        TicketFound::Unanswered => {
            return match role.ticket {
                TicketRule::Required if !is_break_glass => against(
                    format!("Jira did not answer, so {ticket} could not be looked at"),
                    "the same once more in a few minutes",
                ),
                TicketRule::None | TicketRule::Optional | TicketRule::Required => None,
            };
        }
        TicketFound::Seen(seen) => seen,
    };
    if seen.is_access_ticket {
        let saw = format!("{ticket} is a ticket that Jitney keeps on a request for access");
        return against(saw, "the ticket of the work itself");
    }
    if is_break_glass {
        return None;
    }
    if seen.is_done {
        return against(format!("{ticket} is over: {}", seen.status), "a ticket that is open");
    }
    match role.ticket_of {
        TicketOf::Requester if !seen.names_requester => {
            against(format!("{ticket} is somebody else's"), "a ticket that you reported, made, or work on")
        }
        TicketOf::Requester | TicketOf::Anyone => None,
    }
}
