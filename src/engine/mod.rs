//! The single writer: it loads, asks the policy, asks the life cycle, and commits, for many commands in one
//! transaction. The async world sees an [`EngineHandle`].

mod act;
mod apply;
mod approvers;
mod away;
mod behalf;
mod bindings;
mod checkpointer;
mod claims;
mod clock;
mod command;
mod core;
mod facts;
mod handle;
mod input;
mod kept;
mod leavers;
mod notice;
mod people;
mod policies;
mod read;
mod remarks;
#[cfg(test)]
pub(crate) mod scripted;
mod thread;
mod tickets;
mod verbs;

pub use self::away::{AWAY_MOST, GoAway, NotAway, WentAway};
pub use self::core::{Core, Input, Parts};
pub use command::{
    Asked, Bind, Bound, CallTerms, Command, Completion, Dossier, Filter, HeldPeople, Owed, Refused,
    RefusedOf, Reviewed, SlackMessage, Status, TicketProgress, Verb,
};
pub use handle::{EngineError, EngineHandle};
pub use kept::{AskedAs, AskedOne, Kept, KeptLine, KeptWhat, REFUSED_MOST};
pub use notice::{HeldNotice, HeldOver};
pub use people::{FactsPart, Held, PeopleChange, Told};
pub use policies::{EditedFile, GitHead, PolicyChange, PolicyEdit, PolicyRefusal};
pub use remarks::{Author, Deed, Heard, Redaction, Remark, Remarks};
pub use thread::spawn;
pub use tickets::Tickets;

/// One answer for each input of a batch, in order.
pub type Answers = Vec<Result<crate::lifecycle::Answer, EngineError>>;
