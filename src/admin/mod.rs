//! The admin socket: how a command line on this machine asks the running server for a change. One JSON line in,
//! one JSON line out, over a Unix socket that only the server's own system user may open; who asks is told by the
//! kernel, never by the line.

mod client;
mod desk;
mod server;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use client::{ClientError, call};
pub use desk::Desk;
pub use server::{AdminSocket, BindError};

use crate::engine::{Status, Verb};
use crate::ids::{DedupeKey, RequestId};
use crate::lifecycle::{Answer, ReviewFinding};
use crate::time::Span;

/// A line is at most this long, in bytes, its end included.
pub const LINE_LIMIT: usize = 64 * 1024;
/// Connections at once; the next one is told to come back.
pub const CONNECTION_LIMIT: usize = 8;
/// A line, and an answer, must come within this.
pub const PATIENCE: Span = Span::secs(10);
/// A reason, a finding or an evidence has at most this many code points.
pub const TEXT_LIMIT: usize = 1000;

/// One line to the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The same key changes nothing more and hears the same answer.
    pub key: DedupeKey,
    /// What is wanted.
    pub operation: Operation,
}

/// What an operator can want of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    /// Take access away.
    Revoke {
        /// Which grant.
        request: RequestId,
        /// Why.
        reason: String,
    },
    /// Take a request back that is pending or scheduled.
    Withdraw {
        /// Which request.
        request: RequestId,
        /// Why.
        reason: String,
    },
    /// Attest that what can't be read back is gone.
    Attest {
        /// Which grant.
        request: RequestId,
        /// Which step, from 0.
        step: u32,
        /// What was seen.
        evidence: String,
    },
    /// Lift the lockdown that a stuck revocation placed.
    WaiveLockdown {
        /// Which one.
        request: RequestId,
        /// Why.
        reason: String,
    },
    /// Close the review of a break-glass.
    Review {
        /// Which one.
        request: RequestId,
        /// What was found.
        found: ReviewFinding,
        /// In the reviewer's own words.
        finding: String,
    },
    /// Take the words of a remark in the card's thread out.
    Redact {
        /// On which request.
        request: RequestId,
        /// Which remark, from 1.
        remark: u32,
        /// Why.
        reason: String,
    },
    /// Take the change of people that is held.
    AcceptPeople {
        /// Its id.
        held: String,
    },
    /// How the engine is.
    Status,
}

/// One line from the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Reply {
    /// What was decided.
    Answer(Answer),
    /// How the engine is.
    Status(Status),
    /// Nothing was decided, or it is not known; in words.
    Failed(String),
}

/// Why an operation is not passed on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OperationError {
    /// Nothing is in it.
    #[error("the {0} is empty; say in a sentence, it stands on the ticket")]
    Empty(&'static str),
    /// Too much is in it.
    #[error("the {0} is over {TEXT_LIMIT} characters; put the rest on the ticket")]
    TooLong(&'static str),
}

impl Operation {
    /// As the engine takes it; none for a question.
    ///
    /// # Errors
    /// When a text is empty or too long.
    pub fn verb(self) -> Result<Option<Verb>, OperationError> {
        let verb = match self {
            Self::Revoke { request, reason } => Verb::Revoke { request, reason: text("reason", &reason)? },
            Self::Withdraw { request, reason } => {
                Verb::Withdraw { request, reason: Some(text("reason", &reason)?) }
            }
            Self::Attest { request, step, evidence } => {
                Verb::Attest { request, step, evidence: text("evidence", &evidence)? }
            }
            Self::WaiveLockdown { request, reason } => {
                Verb::WaiveLockdown { request, reason: text("reason", &reason)? }
            }
            Self::Review { request, found, finding } => {
                Verb::Review { request, found, finding: text("finding", &finding)? }
            }
            Self::Redact { request, remark, reason } => {
                Verb::Redact { request, remark, reason: text("reason", &reason)? }
            }
            Self::AcceptPeople { held } => Verb::AcceptPeople { held: text("change that is held", &held)? },
            Self::Status => return Ok(None),
        };
        Ok(Some(verb))
    }
}

/// A person's words, on one line of their own making.
fn text(what: &'static str, words: &str) -> Result<String, OperationError> {
    let words: String =
        words.trim().chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
    if words.is_empty() {
        return Err(OperationError::Empty(what));
    }
    if words.chars().count() > TEXT_LIMIT { Err(OperationError::TooLong(what)) } else { Ok(words) }
}
