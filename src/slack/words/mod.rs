//! Every sentence that people read in Slack, and nowhere else a sentence. Foreign strings are cut and escaped where
//! they enter a sentence, so that each sentence has a bound.
//!
//! Sentences are mrkdwn, unless a function says that they are plain.

mod answers;
mod asking;
mod away;
mod check;
mod deciding;
mod emergency;
mod forms;
mod home;
mod kept;
mod messages;
mod people;
mod review;
mod standing;
mod story;
mod strangers;

pub use answers::*;
pub use asking::*;
pub use away::*;
pub(super) use check::*;
pub use deciding::*;
pub use emergency::*;
pub use forms::*;
pub use home::*;
pub use kept::*;
pub use messages::*;
pub use people::*;
pub use review::*;
pub use standing::*;
pub use story::*;
pub use strangers::stranger;
use strangers::unknown_account;

use super::text::{inline, list, mention, name};
use crate::ids::{PersonId, RequestId, TargetId};
use crate::policy::People;

/// Names and titles.
const NAME: usize = 120;
/// What people wrote, in the middle of a sentence.
const WRITTEN: usize = 500;
/// What machines answered.
const ANSWERED: usize = 300;

/// What somebody wrote or a machine answered, for the middle of a sentence, which has its own full stop.
fn written(foreign: &str, most: usize) -> String {
    inline(foreign.trim_end().trim_end_matches('.'), most)
}

/// A request's id.
#[must_use]
pub fn code(request: RequestId) -> String {
    format!("`{request}`")
}

/// A name or a title.
#[must_use]
pub fn bold(text: &str) -> String {
    format!("*{}*", inline(text, NAME))
}

/// `*a*, *b*` of targets.
#[must_use]
pub fn target_list(targets: &[TargetId]) -> String {
    let targets: Vec<String> = targets.iter().map(|t| format!("*{t}*")).collect();
    list(&targets, 10)
}

/// Mentions, which notify.
#[must_use]
pub fn mentions(people: &People, ids: &[PersonId]) -> Vec<String> {
    ids.iter().map(|id| mention(people, id)).collect()
}

/// Names, which don't.
#[must_use]
pub fn names(people: &People, ids: &[PersonId]) -> Vec<String> {
    ids.iter().map(|id| inline(&name(people, id), NAME)).collect()
}
