//! What `jitney people` says.

use crate::engine::Held;
use crate::ids::PersonId;
use crate::policy::{People, Person};
use crate::time::Timestamp;

/// Nobody fits a filter.
pub(in crate::cli) const NOBODY_LIKE_THAT: &str = "nobody is like that; --all lists those who have left, too";
/// Somebody of whom a fact can't be gone by.
pub(in crate::cli) const IN_DOUBT: &str = "facts in doubt";
/// Somebody who has left.
pub(in crate::cli) const LEFT: &str = "has left";
/// The age of what a source never told.
pub(in crate::cli) const NEVER_TOLD: &str = "never told";
/// No change of people waits.
pub(in crate::cli) const NOTHING_HELD: &str = "no change of people is held";
/// One was accepted.
pub(in crate::cli) const ACCEPTED: &str =
    "accepted: the change is in force, and what it takes is being taken; the log says that you did";

/// Somebody whom the directory does not know.
pub(in crate::cli) fn no_such_person(who: &PersonId) -> String {
    format!(
        "the directory does not know {who}; `jitney people list TEXT` finds people by a part of their id or name"
    )
}

/// How old something is.
pub(in crate::cli) fn age(as_of: Timestamp, now: Timestamp) -> String {
    now.since(as_of).words()
}

/// Which account acts for somebody.
pub(in crate::cli) fn account(person: &Person, is_bound: bool) -> String {
    match (&person.slack, is_bound) {
        (None, _) => "no Slack account is known yet".to_owned(),
        (Some(account), true) => {
            format!("{account} acts for them: it was bound by its confirmed e-mail address")
        }
        (Some(account), false) => format!("{account} acts for them: the people file says so"),
    }
}

/// Nobody gets anything until the people file is read or written again.
pub(in crate::cli) fn people_too_old(people: &People, now: Timestamp) -> String {
    format!(
        "the people file is {} old and may be {}: until it is fresh, everybody is refused",
        age(people.as_of(), now),
        people.max_age().words()
    )
}

/// What is held, and what to do.
pub(in crate::cli) fn held(held: &Held) -> String {
    let Held { id, sources, left, lose, of, since } = held;
    format!(
        "{id} is held since {}: by {}, {left} of {of} people would leave, and {lose} more would lose a role that they may \
         ask for.\nWhat was in force before stays so, and grows old. Mend the source, or accept it: jitney people accept {id}",
        since.minute_utc(),
        sources.join(", ")
    )
}
