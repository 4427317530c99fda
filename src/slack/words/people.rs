//! What the security channel reads of changes of people that are held.

use super::{NAME, mentions};
use crate::engine::{Held, HeldOver};
use crate::ids::PersonId;
use crate::policy::People;
use crate::slack::text::{date, inline, list};

/// Operators that are mentioned.
const OPERATORS_MOST: usize = 10;
/// Sources that are named, and how much of each name.
const SOURCES_MOST: usize = 10;
const SOURCE: usize = 40;

/// Something is held.
#[must_use]
pub fn people_held(held: &Held) -> String {
    format!(
        ":warning: *Action needed*: a change of people is held, since it would take access from many at once: {}. Nothing \
         of it is in force.",
        would_hit(held)
    )
}

/// Whom it would hit, without a full stop.
fn would_hit(held: &Held) -> String {
    let Held { id: _, sources: _, left, lose, of, since: _ } = held;
    match (left, lose) {
        (left, 0) => format!("{left} of {of} people would leave"),
        (0, lose) => format!("{lose} of {of} people would lose a role that they may ask for"),
        (left, lose) => format!(
            "{left} of {of} people would leave, and {lose} more would lose a role that they may ask for"
        ),
    }
}

/// What to do about it, and who may. Mentions notify.
#[must_use]
pub fn people_held_advice(people: &People, held: &Held) -> String {
    let operators: Vec<PersonId> = people.operators().iter().cloned().collect();
    let (who, nobody) = if operators.is_empty() {
        (String::new(), " Nobody is an operator: set `operator_login` for one person in the people file.")
    } else {
        (format!(" ({})", list(&mentions(people, &operators), OPERATORS_MOST)), "")
    };
    format!(
        "What was in force before stays so, and grows old. If it is a mistake, mend the source: then it is forgotten. If it \
         is meant, an operator{who} accepts it on the server: `jitney people accept {}`.{nobody}",
        inline(&held.id, SOURCE)
    )
}

/// Nothing is held any more.
#[must_use]
pub fn people_held_over(held: &Held, over: &HeldOver) -> String {
    let hit = would_hit(held);
    match over {
        HeldOver::Accepted { by } => format!(
            ":white_check_mark: *Accepted by {}*: the change of people that was held ({hit}) is in force, and what it takes \
             is being taken.",
            inline(by, NAME)
        ),
        HeldOver::Dropped => format!(
            ":white_check_mark: *No longer held*: the sources do not tell that change of people any more ({hit}). Nothing of \
             it came into force."
        ),
    }
}

/// Where it comes from, and when.
#[must_use]
pub fn people_held_small(held: &Held) -> [String; 2] {
    let sources: Vec<String> = held.sources.iter().map(|source| inline(source, SOURCE)).collect();
    [format!("Source: {}", list(&sources, SOURCES_MOST)), format!("Held since {}", date(held.since))]
}
