//! A look at the ticket that a requester named.

use super::Ticketer;
use super::answers::{Account, NamedFields};
use crate::ids::{IssueKey, PersonId};
use crate::policy::{TicketFound, TicketSeen};

/// Characters of a title or a status that are kept.
const TEXT_MOST: usize = 255;

impl Ticketer {
    /// Looks at the ticket that this person named: whether it is there, open, theirs, and no ticket of ours.
    pub async fn look(&self, ticket: &IssueKey, requester: &PersonId) -> TicketFound {
        let looked = tokio::join!(self.client.named(ticket), self.reporter(requester.as_str()), self.me());
        let (fields, account, me) = match looked {
            (Ok(None), _, _) => return TicketFound::Missing,
            (Ok(Some(fields)), account, me) => (fields, account, me),
            (Err(trouble), _, _) => {
                tracing::warn!(%ticket, %trouble, "the ticket that somebody named could not be looked at");
                return TicketFound::Unanswered;
            }
        };
        let known = account.as_ref().map_or(None, Option::as_deref);
        // Without our own account, the label alone tells our tickets.
        let seen = self.seen(fields, requester, known, me.unwrap_or_default());
        match account {
            // Addresses are hidden by default, so without the account nobody can say whose it is.
            Err(trouble) if !seen.names_requester => {
                tracing::warn!(%ticket, %trouble, "jira did not tell whether the ticket is the requester's");
                TicketFound::Unanswered
            }
            Ok(_) | Err(_) => TicketFound::Seen(seen),
        }
    }

    fn seen(&self, fields: NamedFields, requester: &PersonId, account: Option<&str>, me: &str) -> TicketSeen {
        let is_theirs = |person: &Account| {
            person.email_address.eq_ignore_ascii_case(requester.as_str())
                || account.is_some_and(|account| person.account_id == account)
        };
        let people = [&fields.reporter, &fields.assignee, &fields.creator];
        let names_requester = people.into_iter().flatten().any(is_theirs);
        let prefix = format!("{}-", self.settings.label_prefix);
        // Whoever takes the label off a ticket of ours has not made it.
        let is_labelled = fields.labels.iter().any(|label| label.starts_with(&prefix));
        let is_made_by_us =
            !me.is_empty() && fields.creator.as_ref().is_some_and(|creator| creator.account_id == me);
        TicketSeen {
            summary: cut(&fields.summary),
            status: cut(&fields.status.name),
            is_done: fields.status.status_category.key == "done",
            names_requester,
            is_access_ticket: is_labelled || is_made_by_us,
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(TEXT_MOST).collect()
}
