//! Tickets that requesters name, as somebody sees them who can reach the tracker. The look is made before the command
//! waits for the engine, so that the engine's thread waits for nobody.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;

use super::{Command, Verb};
use crate::ids::{IssueKey, PersonId};
use crate::policy::{Ask, TicketFound};

/// A look takes this long at most: Slack waits three seconds for the answer to a form.
const LOOK_MOST: Duration = Duration::from_millis(1500);

/// Who looks at tickets.
#[async_trait]
pub trait Tickets: Send + Sync {
    /// Looks at the ticket that this person named.
    async fn look(&self, ticket: &IssueKey, requester: &PersonId) -> TicketFound;
}

/// The look that a command asks for, if it does.
pub(super) async fn look(tickets: &dyn Tickets, command: &Command) -> Option<(IssueKey, TicketFound)> {
    let (Verb::Ask(Ask { ticket: Some(ticket), .. })
    | Verb::AskFor { ask: Ask { ticket: Some(ticket), .. }, .. }
    | Verb::BreakGlass(Ask { ticket: Some(ticket), .. })) = &command.verb
    else {
        return None;
    };
    let requester = command.by.person()?;
    match timeout(LOOK_MOST, tickets.look(ticket, requester)).await {
        Ok(found) => Some((ticket.clone(), found)),
        Err(_) => {
            tracing::warn!(%ticket, "the ticket that somebody named was not looked at in time");
            Some((ticket.clone(), TicketFound::Unanswered))
        }
    }
}
