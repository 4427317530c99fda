//! What the security channel is told of changes of people that are held: one message, which says what is so now.

use super::{Rendered, Where};
use crate::engine::{Held, HeldNotice};
use crate::policy::People;
use crate::slack::blocks::{TEXT_MOST, context, section};
use crate::slack::text::cut_mrkdwn;
use crate::slack::words;

/// What the message says.
#[must_use]
pub fn people_held(notice: &HeldNotice, people: &People) -> Rendered {
    let HeldNotice { held, message: _, over } = notice;
    let (sentence, advice) = match over {
        None => (words::people_held(held), Some(words::people_held_advice(people, held))),
        Some(over) => (words::people_held_over(held, over), None),
    };
    let advice = advice.map(|advice| section("held:advice", &advice));
    let blocks = [section("held", &sentence)].into_iter().chain(advice);
    let blocks = blocks.chain([context("held:small", &words::people_held_small(held))]).collect();
    let text = cut_mrkdwn(&words::aloud(&sentence), TEXT_MOST);
    Rendered { text, blocks, thread_of: None, channel: Where::Security }
}

/// What it carries as metadata, so that it is found again when Slack's answer to its posting was lost. The same change
/// may be held again later.
#[must_use]
pub fn people_held_marker(held: &Held) -> String {
    format!("held:{}:{}", held.id, held.since.millis())
}
