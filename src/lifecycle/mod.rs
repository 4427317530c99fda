//! The life of one request and of the grant it leads to. [`step`] is the only way a request changes: a total
//! function of the request, the event, the facts read in the same transaction, and the time.

mod answer;
mod change;
mod entry;
mod event;
mod facts;
mod request;
mod state;

pub use answer::{Answer, Refusal, StateWord};
pub use change::{Change, DmKind, Effect, FollowUp, LockdownChange, NudgeKind, View};
pub use entry::{Entry, What};
pub use event::{Actor, Event, Evidence, Outcome};
pub use facts::{Claim, Facts, ParentFacts};
pub use request::{Credential, Kind, Op, Presence, Request, Requester, Step, StepTerms, Terms, Times, Vote};
pub use state::{EndCause, PendingState, State, WithdrawCause};
