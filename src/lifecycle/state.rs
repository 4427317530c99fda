//! Where a request stands. There is no "failed": every path that may have touched a target ends in a verified
//! `Revoked`.

use serde::{Deserialize, Serialize};

use super::{Actor, StateWord};
use crate::ids::PersonId;
use crate::policy::Reason;
use crate::time::Timestamp;

/// Where a request stands, with what matters only there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Approvals are wanted.
    Pending(PendingState),
    /// Approved, and starts later.
    Scheduled {
        /// Then.
        starts_at: Timestamp,
    },
    /// Targets are being asked.
    Granting,
    /// The requester has the access.
    Active {
        /// Whether the requester was warned of the expiry.
        warned: bool,
    },
    /// Access is being taken.
    Revoking {
        /// Why.
        cause: EndCause,
        /// Late from then on.
        stuck_at: Timestamp,
        /// Late since then.
        stuck_since: Option<Timestamp>,
        /// Whether its lockdown stands.
        locked: bool,
        /// Operators who waived it so far.
        waivers: Vec<PersonId>,
    },
    /// Seen gone.
    Revoked {
        /// Why it ended.
        cause: EndCause,
        /// The delayed second look; none once it agreed.
        recheck_at: Option<Timestamp>,
    },
    /// An extension that took effect.
    Applied {
        /// When.
        at: Timestamp,
    },
    /// Somebody who may, said no.
    Denied {
        /// Who; none when a rule did.
        by: Option<PersonId>,
        /// As people call them.
        name: String,
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// Taken back before it led to anything.
    Withdrawn {
        /// Why.
        cause: WithdrawCause,
        /// By whom.
        by: Actor,
        /// When.
        at: Timestamp,
    },
    /// Nobody decided in time.
    Lapsed {
        /// When.
        at: Timestamp,
    },
}

/// The pending state's own facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PendingState {
    /// The stage that is asked, from 0.
    pub stage: u32,
    /// Since when.
    pub stage_since: Timestamp,
    /// Who is asked.
    pub asked: Vec<PersonId>,
    /// When they are asked again.
    pub remind_at: Option<Timestamp>,
    /// How often they were.
    pub reminders: u32,
    /// When others are asked.
    pub escalate_at: Option<Timestamp>,
    /// Whether others were.
    pub escalated: bool,
    /// The end of waiting.
    pub lapses_at: Timestamp,
    /// All approvals are in, but the person is locked down on a target.
    pub held: bool,
    /// How often this stage was asked of others, because who may approve it had changed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub asked_anew: u32,
    /// Somebody else asked for the requester, who has not confirmed it yet: nobody is asked to approve.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unconfirmed: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Why access ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// Its time ran out.
    Expiry,
    /// The requester gave it back.
    Released,
    /// Somebody who may, took it.
    Revoked {
        /// Who.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// A target refused, or took too long.
    ProvisioningFailed {
        /// What it said.
        error: String,
    },
    /// A revocation of the same person on the same target is stuck.
    Lockdown {
        /// That one.
        stuck: crate::ids::RequestId,
    },
    /// The person left.
    Leaver,
    /// The person's facts changed, and the rules would not let them have it any more.
    Policy {
        /// Which rule, and what it saw.
        reason: Reason,
    },
    /// It was revoked, and found again.
    Reappeared,
}

/// Why a request was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawCause {
    /// The requester took it back.
    Requester,
    /// An operator did.
    Operator {
        /// Why.
        reason: String,
    },
    /// The grant to extend is no longer active.
    ParentEnded,
    /// The person left.
    Leaver,
    /// A break-glass of the same person took its place.
    Superseded,
    /// It was a drill, which ends where access would begin.
    Drill,
    /// Somebody else had asked for the requester, and took it back.
    Asker,
    /// Somebody else had asked for the requester, who did not want it.
    Declined,
}

impl State {
    /// The state's name.
    #[must_use]
    pub const fn word(&self) -> StateWord {
        match self {
            Self::Pending(_) => StateWord::Pending,
            Self::Scheduled { .. } => StateWord::Scheduled,
            Self::Granting => StateWord::Granting,
            Self::Active { .. } => StateWord::Active,
            Self::Revoking { .. } => StateWord::Revoking,
            Self::Revoked { .. } => StateWord::Revoked,
            Self::Applied { .. } => StateWord::Applied,
            Self::Denied { .. } => StateWord::Denied,
            Self::Withdrawn { .. } => StateWord::Withdrawn,
            Self::Lapsed { .. } => StateWord::Lapsed,
        }
    }
}
