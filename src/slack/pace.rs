//! How often Slack is called for messages: one a second to a channel, so many changes a minute in all, and nothing of
//! a kind before Slack's `Retry-After` is over. Pure: the time comes in, as a monotonic clock reads it.
//!
//! A message whose turn is not now is told when it is, and keeps that turn: whoever waits for a busy channel holds no
//! place in a queue meanwhile. Slack's own measures: docs.slack.dev, "Rate limits".

use std::collections::BTreeMap;

use crate::time::Span;

/// A channel takes one message a second, and a few more at once.
const CHANNEL_STEP: Span = Span::secs(1);
/// Tier 3: fifty calls a minute, and a minute's worth at once.
const TIER_3_STEP: Span = Span::millis(1200);
const TIER_3_BURST: u32 = 50;
/// A turn that is further ahead is none: it is asked for again then. Nor is Slack believed when it asks for more.
const AHEAD_MOST: Span = Span::mins(10);
/// A turn this near is now.
const NEAR: Span = Span::millis(20);
/// What is kept of each kind at most.
const KEPT_MOST: usize = 10_000;

/// What Slack counts together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lane {
    /// Messages to one place.
    Place(String),
    /// `chat.update`.
    Updates,
    /// `conversations.open`.
    Opening,
    /// `conversations.history` and `conversations.replies`.
    Looking,
}

impl Lane {
    const fn step(&self) -> Span {
        match self {
            Self::Place(_) => CHANNEL_STEP,
            Self::Updates | Self::Opening | Self::Looking => TIER_3_STEP,
        }
    }

    /// How many may come at once; `burst` is the setting for channels.
    fn burst(&self, burst: u32) -> u32 {
        match self {
            Self::Place(_) => burst.max(1),
            Self::Updates | Self::Opening | Self::Looking => TIER_3_BURST.max(burst),
        }
    }
}

/// The paces of all lanes.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When each lane would be back to rest.
    rest_at: BTreeMap<Lane, Span>,
    /// Until when Slack asked to wait.
    held_until: BTreeMap<Lane, Span>,
    /// The turns that were given out, by the row of what is owed.
    turns: BTreeMap<i64, Span>,
}

impl Pace {
    /// How long this row has to wait until it may call in all of these lanes. The turn stays its own.
    pub(super) fn wait(&mut self, row: i64, lanes: &[Lane], burst: u32, now: Span) -> Span {
        let held = lanes.iter().filter_map(|lane| self.held_until.get(lane)).max();
        let held = held.map_or(Span::ZERO, |until| left(*until, now)).min(AHEAD_MOST);
        let turn = match self.turns.remove(&row) {
            Some(turn) => turn.min(now + AHEAD_MOST),
            None => self.take_turn(lanes, burst, now),
        };
        let wait = left(turn, now).max(held);
        if wait <= NEAR {
            return Span::ZERO;
        }
        if self.turns.len() >= KEPT_MOST {
            self.turns.retain(|_, turn| *turn > now);
        }
        if self.turns.len() < KEPT_MOST {
            self.turns.insert(row, now + wait);
        }
        wait
    }

    /// The turn of this row was waited for.
    pub(super) fn taken(&mut self, row: i64) {
        self.turns.remove(&row);
    }

    /// Slack asked to wait: nothing goes out in this lane before.
    pub(super) fn hold(&mut self, lane: Lane, after: Span, now: Span) {
        if self.held_until.len() >= KEPT_MOST {
            self.held_until.retain(|_, until| *until > now);
        }
        self.held_until.insert(lane, now + after.min(AHEAD_MOST));
    }

    /// The first moment at which every lane has room, taken in all of them.
    fn take_turn(&mut self, lanes: &[Lane], burst: u32, now: Span) -> Span {
        if self.rest_at.len() >= KEPT_MOST {
            self.rest_at.retain(|_, rest_at| *rest_at > now);
        }
        let mut turn = now;
        for lane in lanes {
            let most = lane.step().times(u64::from(lane.burst(burst)));
            let rest_at = self.rest_at.get(lane).copied().unwrap_or(now).max(now);
            let rest_at = rest_at.min(now + AHEAD_MOST + most) + lane.step();
            self.rest_at.insert(lane.clone(), rest_at);
            turn =
                turn.max(now + Span::millis(left(rest_at, now).as_millis().saturating_sub(most.as_millis())));
        }
        turn
    }
}

/// From `now` on, as long as `later` is later.
fn left(later: Span, now: Span) -> Span {
    Span::millis(later.as_millis().saturating_sub(now.as_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Span {
        Span::millis(5_000_000 + millis)
    }

    fn place(name: &str) -> Vec<Lane> {
        vec![Lane::Place(name.to_owned())]
    }

    #[test]
    fn a_channel_takes_a_few_at_once_and_then_one_a_second() {
        let mut pace = Pace::default();
        let waits: Vec<u64> = (0..6).map(|row| pace.wait(row, &place("C1"), 3, at(0)).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 1000, 2000, 3000]);
        assert_eq!(pace.wait(9, &place("C2"), 3, at(0)), Span::ZERO, "another channel is not held up");
        assert_eq!(pace.wait(10, &place("C1"), 3, at(1_000_000)), Span::ZERO, "it rests when nobody posts");
    }

    #[test]
    fn a_turn_stays_whose_it_is() {
        let mut pace = Pace::default();
        for row in 0..5 {
            pace.wait(row, &place("C1"), 3, at(0));
        }
        assert_eq!(pace.wait(4, &place("C1"), 3, at(500)), Span::millis(1500), "too early");
        assert_eq!(pace.wait(3, &place("C1"), 3, at(1000)), Span::ZERO);
        assert_eq!(pace.wait(4, &place("C1"), 3, at(2000)), Span::ZERO, "once too early costs nothing");
        assert_eq!(pace.wait(5, &place("C1"), 3, at(2000)), Span::secs(1));
    }

    #[test]
    fn changes_are_counted_over_all_channels() {
        let mut pace = Pace::default();
        let mut update = |row: i64, now| {
            let lanes = [Lane::Place(format!("D{row}")), Lane::Updates];
            pace.wait(row, &lanes, 3, now).as_millis()
        };
        let waits: Vec<u64> = (0..52).map(|row| update(row, at(0))).collect();
        assert!(waits[..50].iter().all(|wait| *wait == 0), "{waits:?}");
        assert_eq!(waits[50..], [1200, 2400]);
        assert_eq!(pace.wait(99, &place("D99"), 3, at(0)), Span::ZERO, "a new message is no change");
    }

    #[test]
    fn nothing_of_a_kind_goes_out_before_slack_said() {
        let mut pace = Pace::default();
        pace.hold(Lane::Updates, Span::secs(30), at(0));
        let update = [Lane::Place("C1".to_owned()), Lane::Updates];
        assert_eq!(pace.wait(1, &update, 3, at(0)), Span::secs(30));
        assert_eq!(pace.wait(1, &update, 3, at(29_000)), Span::secs(1));
        assert_eq!(pace.wait(2, &place("C1"), 3, at(29_000)), Span::ZERO, "posting is another method");
        assert_eq!(pace.wait(1, &update, 3, at(30_000)), Span::ZERO);
        pace.hold(Lane::Place("C1".to_owned()), Span::hours(99), at(0));
        assert_eq!(pace.wait(3, &place("C1"), 3, at(0)), AHEAD_MOST, "no longer than is sensible");
    }
}
