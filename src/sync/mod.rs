//! The people in force, kept up with the people file and with the sources besides it: each by its schedule, and once more
//! when it changes. What would take access from many at once is held until an operator has looked.

mod configured;
mod kept;
mod settled;
mod slack_source;
mod strand;
mod watch;

pub use configured::{Configured, configured};
pub use kept::{KeptFacts, PEOPLE_FILE, told_of};
pub use watch::{PeopleWatch, Wake};
