//! What is known when a request is made and an approver wants to know: what the requester had of it before, and who
//! has it now. It is told with the submission, so that the record says what the approvers saw.

use serde::{Deserialize, Serialize};

use crate::ids::{PersonId, RoleId};
use crate::policy::TicketLook;
use crate::time::{Span, Timestamp};

/// How far back the past goes.
pub const PAST: Span = Span::days(90);
/// Past grants of an app that are looked at, the newest first.
pub const PAST_MOST: usize = 50;
/// People who have the role now and are counted.
pub const HOLDERS_MOST: usize = 50;
/// Those of them that are named.
const NAMED_MOST: usize = 5;

/// What was known when the request was made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Context {
    /// The requester's grants of this role in the last 90 days.
    #[serde(skip_serializing_if = "Past::is_none")]
    pub role: Past,
    /// And of the app's other roles.
    #[serde(skip_serializing_if = "Past::is_none")]
    pub others: Past,
    /// A few of those who have the role now, without the requester.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holders: Vec<PersonId>,
    /// How many they are, counted up to [`HOLDERS_MOST`].
    pub held_by: u32,
    /// What was seen of the ticket that the requester named; none where nobody looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketLook>,
}

/// Grants in sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Past {
    /// How many, counted up to [`PAST_MOST`] of the app.
    pub times: u32,
    /// For how long in all they were given, extensions included.
    pub given: Span,
    /// How long they really lasted; those of now until the request was made.
    pub held: Span,
    /// How many the requester gave back before their end.
    pub released: u32,
    /// How many had a credential that was never looked at.
    pub unseen: u32,
    /// When the last one ended; none when it had not.
    pub ended_at: Option<Timestamp>,
    /// Whether there were more than were counted.
    pub more: bool,
}

/// What one grant came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastGrant {
    /// Of which role of the app.
    pub role: RoleId,
    /// When it became active.
    pub active_at: Timestamp,
    /// The end that was granted.
    pub ends_at: Timestamp,
    /// When it really ended; none while it is active.
    pub ended_at: Option<Timestamp>,
    /// Whether it was given back.
    pub released: bool,
    /// Whether it had a credential that was never looked at.
    pub unseen: bool,
}

impl Context {
    /// In sum. `grants` are of the role's app, the newest first; `holders` are others than the requester.
    #[must_use]
    pub fn new(role: &RoleId, grants: &[PastGrant], holders: Vec<PersonId>, now: Timestamp) -> Self {
        let more = grants.len() >= PAST_MOST;
        let sum = |this: bool| {
            let grants = grants.iter().filter(|grant| (grant.role == *role) == this);
            grants.fold(Past::default(), |past, grant| past.and(grant, now, more))
        };
        let held_by = u32::try_from(holders.len()).unwrap_or(u32::MAX);
        let holders = holders.into_iter().take(NAMED_MOST).collect();
        Self { role: sum(true), others: sum(false), holders, held_by, ticket: None }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Past {
    /// Whether there was no grant.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.times == 0
    }

    fn and(self, grant: &PastGrant, now: Timestamp, more: bool) -> Self {
        Self {
            times: self.times + 1,
            given: self.given + grant.ends_at.since(grant.active_at),
            held: self.held + grant.ended_at.unwrap_or(now).since(grant.active_at),
            released: self.released + u32::from(grant.released),
            unseen: self.unseen + u32::from(grant.unseen),
            // The newest comes first.
            ended_at: if self.times == 0 { grant.ended_at } else { self.ended_at },
            more,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: u64) -> Timestamp {
        Timestamp::from_millis(0) + Span::mins(minutes)
    }

    fn grant(role: &str, from: u64, given: u64, held: Option<u64>, released: bool) -> PastGrant {
        PastGrant {
            role: RoleId::new(role).unwrap(),
            active_at: at(from),
            ends_at: at(from + given),
            ended_at: held.map(|held| at(from + held)),
            released,
            unseen: released,
        }
    }

    #[test]
    fn the_past_is_told_in_sum_by_role() {
        let grants = [
            grant("read", 500, 60, None, false),
            grant("write", 300, 30, Some(30), false),
            grant("read", 100, 120, Some(10), true),
        ];
        let holders: Vec<PersonId> =
            (0..9).map(|n| PersonId::new(&format!("p{n}@example.com")).unwrap()).collect();
        let context = Context::new(&RoleId::new("read").unwrap(), &grants, holders, at(520));
        let role = Past {
            times: 2,
            given: Span::mins(180),
            held: Span::mins(30),
            released: 1,
            unseen: 1,
            ended_at: None,
            more: false,
        };
        assert_eq!(context.role, role);
        assert_eq!((context.others.times, context.others.ended_at), (1, Some(at(330))));
        assert_eq!((context.holders.len(), context.held_by), (5, 9));
        let many = vec![grant("read", 1, 60, Some(60), false); PAST_MOST];
        assert!(Context::new(&RoleId::new("read").unwrap(), &many, Vec::new(), at(520)).role.more);
        assert!(Context::new(&RoleId::new("read").unwrap(), &[], Vec::new(), at(520)).is_empty());
    }
}
