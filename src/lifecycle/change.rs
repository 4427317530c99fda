//! What a decision changes: the request, what is owed to the outside, and what other requests must hear.

use serde::{Deserialize, Serialize};

use super::{Answer, Entry, Event, Op, Request};
use crate::ids::{EffectId, RequestId, TargetId};
use crate::time::Timestamp;

/// Everything that one decision changes, committed together or not at all.
#[derive(Debug, Clone)]
pub struct Change {
    /// The request after it.
    pub request: Request,
    /// What is owed to the outside.
    pub effects: Vec<Effect>,
    /// What is told on the ticket and recorded in the audit log.
    pub entries: Vec<Entry>,
    /// Events for other requests, in the same savepoint.
    pub follow_ups: Vec<FollowUp>,
    /// Lockdowns placed or lifted.
    pub lockdowns: Vec<LockdownChange>,
    /// Whether the sealed credential is erased.
    pub erase_credential: bool,
    /// What the one who acted hears.
    pub answer: Answer,
    /// The rows of the state table (DESIGN §4, repeated in ARCHITECTURE.md) that were taken.
    pub rows: Vec<u8>,
}

/// Something owed to the outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// A call to a target. Sent once; what comes of it is settled, and trying again is the request's decision.
    Target {
        /// Its id, and its idempotency key.
        id: EffectId,
        /// The step it is about.
        step: u32,
        /// What is asked.
        op: Op,
        /// When the target itself should end it, at the latest.
        native_expiry: Timestamp,
    },
    /// The ticket no longer says what the request says.
    Ticket,
    /// A Slack message no longer says what the request says.
    Show(View),
}

/// A Slack message of a request. Its content is a pure function of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// The card in the approvers' channel.
    Card,
    /// The approval blocks of one stage, in the card's thread.
    Approval {
        /// From 0.
        stage: u32,
    },
    /// The log of steps, in the card's thread.
    Log,
    /// A message in the thread that asks again, or asks others.
    Nudge {
        /// Which.
        kind: NudgeKind,
        /// The how-manyeth of its kind in this request, from 1.
        number: u32,
    },
    /// A stage's question as a direct message to one who is asked.
    Copy {
        /// Which of the request's copies, from 1.
        number: u32,
    },
    /// A question of an approver, in the card's thread.
    Question {
        /// Which of the request, from 1.
        number: u32,
    },
    /// The answer to it, which tells who asked.
    Answer {
        /// To which question.
        number: u32,
    },
    /// A message to the requester.
    Dm {
        /// Which.
        kind: DmKind,
        /// The how-manyeth of its kind in this request, from 1 (a grant may be warned again after an extension).
        number: u32,
    },
    /// A message in the security channel: a revocation is stuck, a break-glass was opened.
    Security,
    /// Asks for the review of a break-glass, in that message's thread.
    Review {
        /// The how-manyeth, from 1; after a long sleep some are left out.
        number: u32,
    },
    /// The same as a direct message to an owner of the app.
    ReviewCopy {
        /// That of the message in the thread.
        number: u32,
        /// Which of the terms' owners, from 1.
        owner: u32,
    },
    /// A message in the security channel: a break-glass was found not justified.
    Finding,
}

/// Why the thread hears again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NudgeKind {
    /// The same people are asked again.
    Reminder,
    /// Others are asked.
    Escalation,
    /// Who may approve has changed: these may now.
    Anew,
}

/// What the requester hears by direct message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DmKind {
    /// Somebody else asked for them: do they want it?
    Confirm,
    /// To who asked for somebody else: where it stands.
    Asker,
    /// It was decided without leading to access: denied, lapsed, withdrawn by somebody else.
    Decided,
    /// It starts later, or is held.
    Waiting,
    /// The access is there, with Reveal, Extend and Release.
    Active,
    /// It ends soon, with Extend and Release.
    Warning,
    /// The extension took effect.
    Extended,
    /// An approver's question, with Answer.
    Question,
    /// It ended; said when the end is verified, or provisioning failed.
    Ended,
    /// Their break-glass was reviewed.
    Reviewed,
}

/// An event for another request, run in the same savepoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUp {
    /// Which.
    pub request: RequestId,
    /// What it hears.
    pub event: Event,
}

/// A lockdown placed or lifted. The person is the request's requester.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockdownChange {
    /// Nothing new for the person on this target.
    Place(TargetId),
    /// The lockdowns that this request placed are over.
    LiftAll,
}
