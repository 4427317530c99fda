//! What can happen to a request.

use serde::{Deserialize, Serialize};

use super::{EndCause, ReviewFinding, WithdrawCause};
use crate::ids::{EffectId, PersonId, RequestId};
use crate::time::{Span, Timestamp};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person, through Slack.
    Person {
        /// The one identity.
        id: PersonId,
        /// As people call them.
        name: String,
    },
    /// A person who runs Jitney, through its command line.
    Operator {
        /// The one identity.
        id: PersonId,
        /// As people call them.
        name: String,
    },
    /// Jitney itself: time, or a follow-up.
    Jitney,
}

impl Actor {
    /// The person, if it is one.
    #[must_use]
    pub const fn person(&self) -> Option<&PersonId> {
        match self {
            Self::Person { id, .. } | Self::Operator { id, .. } => Some(id),
            Self::Jitney => None,
        }
    }

    /// As people call them.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Person { name, .. } | Self::Operator { name, .. } => name,
            Self::Jitney => "Jitney",
        }
    }
}

/// What can happen to a request. Submission is apart: it makes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A yes.
    Approve {
        /// Whose.
        by: Actor,
        /// For less time than was asked.
        at_most: Option<Span>,
    },
    /// A no.
    Deny {
        /// Whose.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// Somebody who may decide wants to know something first.
    Question {
        /// Who.
        by: Actor,
        /// What.
        text: String,
    },
    /// The requester says it.
    Reply {
        /// Who.
        by: Actor,
        /// To which question, from 1.
        question: u32,
        /// What.
        text: String,
    },
    /// The requester says whether they want what somebody else asked for them.
    Confirm {
        /// Who.
        by: Actor,
        /// Whether they do.
        agrees: bool,
    },
    /// Taken back while pending or scheduled.
    Withdraw {
        /// By whom.
        by: Actor,
        /// Why.
        cause: WithdrawCause,
    },
    /// The requester gives active access back.
    Release {
        /// Who.
        by: Actor,
    },
    /// Access is taken.
    Revoke {
        /// By whom.
        by: Actor,
        /// Why.
        cause: EndCause,
    },
    /// An extension of this grant was approved in full.
    Extended {
        /// That extension.
        extension: RequestId,
        /// By how much.
        by: Span,
    },
    /// A target's answer.
    Settled {
        /// To which call.
        effect: EffectId,
        /// What came of it.
        outcome: Outcome,
        /// Sent before a restart and sent again after it: the first copy may still land.
        resumed: bool,
    },
    /// Time passed.
    Tick,
    /// The requester's facts changed: what they have or asked for is held against the rules on people once more.
    Rejudge,
    /// A lockdown that held this request was lifted.
    HoldLifted,
    /// Another grant ended and left this one to explain a shared entitlement.
    Inherited {
        /// The step of this request.
        step: u32,
        /// From which grant.
        from: RequestId,
    },
    /// The requester asked to see the credential.
    Reveal {
        /// Who.
        by: Actor,
    },
    /// Slack definitely refused to show it: the mark is cleared.
    RevealRefused,
    /// It was shown: the sealed copy can go.
    RevealShown,
    /// A named person attests that what can't be read back is gone.
    Attest {
        /// Who.
        by: Actor,
        /// Which step.
        step: u32,
        /// What they saw.
        evidence: String,
    },
    /// Operators waive the lockdown that this stuck revocation placed.
    WaiveLockdown {
        /// Who.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// The compulsory review of a break-glass was done.
    Reviewed {
        /// By whom.
        by: Actor,
        /// What they found.
        found: ReviewFinding,
        /// In their own words.
        finding: String,
    },
}

/// What came of a call to a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did what was asked.
    Done(Evidence),
    /// It was so already: there before a grant, gone before a revoke.
    Already(Evidence),
    /// A look found the entitlement or a session of it.
    Found(Evidence),
    /// A look found nothing, sessions included.
    NotFound(Evidence),
    /// The target can't be read back.
    Unreadable(Evidence),
    /// It was not done, or we can't know: ask again.
    Retry {
        /// What was seen, without secrets.
        error: String,
        /// When the target asked us to wait.
        after: Option<Span>,
        /// False when the target definitely did nothing (a refused connection); true when the call may still
        /// land.
        may_have_landed: bool,
    },
    /// Asking again won't help.
    Fatal {
        /// What was seen, without secrets.
        error: String,
    },
}

/// How something was seen: it stands on the ticket and in the audit record, and holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// How it was done or looked at: `read /srv/app/htpasswd`.
    pub method: String,
    /// What the target answered: `no line for jit-r1042 among 14`.
    pub answer: String,
    /// When.
    pub at: Timestamp,
}
