//! What the one who acted hears. Stored with the input's dedupe key, so that a duplicate hears the same.

use serde::{Deserialize, Serialize};

use super::{Request, ReviewFinding};
use crate::ids::{PersonId, RequestId, TargetId};
use crate::policy::Reason;
use crate::time::{Span, Timestamp};

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Approvers were asked.
    Submitted {
        /// The new request.
        request: RequestId,
        /// Who was asked.
        asked: Vec<PersonId>,
    },
    /// The one whom it is for is asked first.
    ConfirmationWanted {
        /// The new request.
        request: RequestId,
        /// Who is asked.
        from: PersonId,
    },
    /// Approved in full: targets are being asked.
    Granting {
        /// Which request.
        request: RequestId,
        /// For how long, when the approvals allow less than was asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shortened: Option<Span>,
    },
    /// Approved in full: starts later.
    Scheduled {
        /// Which request.
        request: RequestId,
        /// Then.
        starts_at: Timestamp,
        /// For how long, when the approvals allow less than was asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shortened: Option<Span>,
    },
    /// The approval counted; more are needed.
    Counted {
        /// Which request.
        request: RequestId,
        /// How many the stage has.
        have: u32,
        /// How many it needs.
        need: u32,
    },
    /// Approved in full, but held.
    Held {
        /// Which request.
        request: RequestId,
        /// Where the person is locked down.
        targets: Vec<TargetId>,
    },
    /// The extension took effect.
    Applied {
        /// The extension.
        request: RequestId,
        /// The grant.
        parent: RequestId,
        /// Its end now.
        expires_at: Timestamp,
    },
    /// The requester is asked.
    Questioned {
        /// About which request.
        request: RequestId,
    },
    /// Who asked hears the answer.
    Replied {
        /// About which request.
        request: RequestId,
        /// Who asked.
        to: PersonId,
    },
    /// Denied.
    Denied {
        /// Which request.
        request: RequestId,
    },
    /// Taken back.
    Withdrawn {
        /// Which request.
        request: RequestId,
    },
    /// Access is being taken.
    Ending {
        /// Which request.
        request: RequestId,
    },
    /// The credential may be shown now, once.
    Reveal {
        /// Which request.
        request: RequestId,
    },
    /// It was revealed before.
    AlreadyRevealed {
        /// Which request.
        request: RequestId,
        /// When.
        at: Timestamp,
    },
    /// The words of a remark are gone.
    Redacted {
        /// On which request.
        request: RequestId,
        /// Which remark.
        number: u32,
    },
    /// A drill is over: access would have been given.
    Drilled {
        /// Which request.
        request: RequestId,
        /// From the opening of the form; none where there was none.
        took: Option<Span>,
    },
    /// The break-glass is reviewed.
    Reviewed {
        /// Which request.
        request: RequestId,
        /// What was found.
        found: ReviewFinding,
    },
    /// Written down; nothing else to say.
    Noted,
    /// No, and why.
    Refused(Refusal),
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Rules said no.
    Rules(Vec<Reason>),
    /// The request is past the point where this could be done.
    Settled {
        /// Which request.
        request: RequestId,
        /// Where it stands.
        state: StateWord,
        /// By whom it got there, as people call them.
        by: Option<String>,
        /// When.
        at: Option<Timestamp>,
    },
    /// The one whom somebody else asked for has not confirmed it yet.
    Unconfirmed {
        /// Which request.
        request: RequestId,
    },
    /// Only the requester may do this.
    NotYours {
        /// Which request.
        request: RequestId,
    },
    /// Neither an approver, an owner nor an operator.
    MayNotRevoke {
        /// Which request.
        request: RequestId,
    },
    /// No such request.
    NoSuchRequest {
        /// The id.
        request: RequestId,
    },
    /// No such question waits for an answer.
    NoOpenQuestion {
        /// Of which request.
        request: RequestId,
    },
    /// No such remark stands on the request.
    NoSuchRemark {
        /// On which request.
        request: RequestId,
        /// Which one.
        number: u32,
    },
    /// Nothing was issued, or it was erased.
    NoCredential {
        /// Which request.
        request: RequestId,
    },
    /// This step can be read back, or is not being revoked: nothing to attest.
    NothingToAttest {
        /// Which request.
        request: RequestId,
    },
    /// No review waits: it was done, or none was owed.
    NoReviewOwed {
        /// Of which request.
        request: RequestId,
    },
    /// No lockdown of this request stands.
    NoLockdown {
        /// Which request.
        request: RequestId,
    },
    /// A second operator must waive it too.
    SecondOperatorNeeded {
        /// Which request.
        request: RequestId,
    },
    /// The Slack account or the system user is nobody that the directory knows.
    UnknownPerson {
        /// As the edge knows them.
        account: String,
    },
    /// Only an operator may do this.
    NotAnOperator {
        /// The system user.
        login: String,
    },
    /// The answer to something that was not under way.
    NotInFlight,
}

/// A state's name, without what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateWord {
    /// Approvals are wanted.
    Pending,
    /// Starts later.
    Scheduled,
    /// Targets are being asked.
    Granting,
    /// The requester has it.
    Active,
    /// Access is being taken.
    Revoking,
    /// Seen gone.
    Revoked,
    /// An extension that took effect.
    Applied,
    /// Said no.
    Denied,
    /// Taken back.
    Withdrawn,
    /// Nobody decided.
    Lapsed,
}

impl StateWord {
    /// Every state.
    pub const ALL: [Self; 10] = [
        Self::Pending,
        Self::Scheduled,
        Self::Granting,
        Self::Active,
        Self::Revoking,
        Self::Revoked,
        Self::Applied,
        Self::Denied,
        Self::Withdrawn,
        Self::Lapsed,
    ];

    /// As the store, the log and `--json` write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Scheduled => "scheduled",
            Self::Granting => "granting",
            Self::Active => "active",
            Self::Revoking => "revoking",
            Self::Revoked => "revoked",
            Self::Applied => "applied",
            Self::Denied => "denied",
            Self::Withdrawn => "withdrawn",
            Self::Lapsed => "lapsed",
        }
    }

    /// Whether a twin of such a request is refused.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Pending | Self::Scheduled | Self::Granting | Self::Active | Self::Revoking => true,
            Self::Revoked | Self::Applied | Self::Denied | Self::Withdrawn | Self::Lapsed => false,
        }
    }
}

impl Request {
    /// "No longer pending: approved by Bob at …", as a refusal.
    #[must_use]
    pub fn settled_refusal(&self) -> Refusal {
        use super::State;
        let (by, at) = match &self.state {
            State::Denied { name, at, .. } => (Some(name.clone()), Some(*at)),
            State::Withdrawn { by, at, .. } => (Some(by.name().to_owned()), Some(*at)),
            State::Lapsed { at } => (None, Some(*at)),
            State::Pending(_)
            | State::Scheduled { .. }
            | State::Granting
            | State::Active { .. }
            | State::Revoking { .. }
            | State::Revoked { .. }
            | State::Applied { .. } => match self.votes.last() {
                Some(vote) => (Some(vote.name.clone()), Some(vote.at)),
                None => (None, None),
            },
        };
        Refusal::Settled { request: self.id, state: self.state.word(), by, at }
    }
}
