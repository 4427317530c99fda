//! The life of one request and of the grant it leads to. [`step`] is the only way a request changes: a total
//! function of the request, the event, the facts read in the same transaction, and the time.

#![deny(clippy::wildcard_enum_match_arm)]

mod active;
mod answer;
mod change;
mod confirming;
mod context;
mod draft;
mod due;
mod entry;
mod event;
mod facts;
mod granting;
mod pending;
mod questions;
mod reminders;
mod request;
mod review;
mod revoked;
mod revoking;
mod state;
mod step;
mod submit;
mod warning;

pub use answer::{Answer, Refusal, StateWord};
pub use change::{Change, DmKind, Effect, FollowUp, LockdownChange, NudgeKind, View};
pub use context::{Context, HOLDERS_MOST, PAST, PAST_MOST, Past, PastGrant};
pub use due::{Due, Urgency, next_due, urgency};
pub use entry::{Entry, What};
pub use event::{Actor, Event, Evidence, Outcome};
pub use facts::{Claim, Facts, ParentFacts};
pub use request::{
    AskedBy, Credential, DirectCopy, Kind, Op, Presence, Question, Request, Requester, Step, StepTerms,
    Terms, Times, Vote,
};
pub use review::{ReviewAsk, ReviewFinding, review_ask};
pub use state::{EndCause, PendingState, State, WithdrawCause};
pub use step::{Lifecycle, Rules, step};
pub use submit::{Submission, submit};
pub use warning::warning_lead;
