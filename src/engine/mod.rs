//! The single writer: it loads, asks the policy, asks the life cycle, and commits, for many commands in one
//! transaction. The async world sees an [`EngineHandle`].

mod command;
mod handle;

pub use command::{Command, Completion, Dossier, Filter, Owed, SlackMessage, Status, TicketProgress, Verb};
pub use handle::{EngineError, EngineHandle};
