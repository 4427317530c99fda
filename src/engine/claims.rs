//! Which work the outbox has, and from where on to look for more.
//!
//! What is due is walked through once: from the moment up to which everything was seen already. What was passed over
//! meanwhile, since its lane was busy or its queue was full, is remembered with that reason, and when the reason goes
//! the walk begins there again. So a claim reads what is new, however much is claimed already.
//!
//! Each target has a queue for revocations and one for its other calls, and Slack and Jira have one together. A queue
//! that is full holds up no other.

use std::collections::{BTreeMap, BTreeSet};

use crate::lifecycle::Urgency;
use crate::store::{Choice, DueWork};
use crate::time::Timestamp;

/// Calls to one target that are claimed at once: those under way, and those that wait for their turn.
const TARGET_MOST: usize = 512;
/// The same for Slack and Jira.
const QUIET_MOST: usize = 256;

/// A queue's urgency, and its target if it has one.
type Queue = (Urgency, Option<String>);

/// Work that the outbox has.
#[derive(Debug)]
struct Claimed {
    lane: String,
    queue: Queue,
    attempts: u32,
}

/// Everything that is claimed.
#[derive(Debug)]
pub(super) struct Claims {
    rows: BTreeMap<i64, Claimed>,
    lanes: BTreeSet<String>,
    lengths: BTreeMap<Queue, usize>,
    /// Up to when everything due was seen.
    seen: BTreeMap<Urgency, Timestamp>,
    /// What was passed over because of its lane, or its queue: the first of it.
    behind_lanes: BTreeMap<(String, Urgency), Timestamp>,
    behind_queues: BTreeMap<Queue, Timestamp>,
}

impl Claims {
    pub(super) fn new() -> Self {
        let long_ago = Timestamp::from_millis(i64::MIN);
        Self {
            rows: BTreeMap::new(),
            lanes: BTreeSet::new(),
            lengths: BTreeMap::new(),
            seen: Urgency::ALL.map(|urgency| (urgency, long_ago)).into(),
            behind_lanes: BTreeMap::new(),
            behind_queues: BTreeMap::new(),
        }
    }

    /// How much is claimed.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How often claimed work was tried before.
    pub(super) fn attempts(&self, row: i64) -> u32 {
        self.rows.get(&row).map_or(0, |claimed| claimed.attempts)
    }

    /// From when on to look.
    pub(super) fn from(&self, urgency: Urgency) -> Timestamp {
        self.seen.get(&urgency).copied().unwrap_or_default()
    }

    /// Whether this row is claimed now.
    pub(super) fn choose(&mut self, urgency: Urgency, due: &DueWork<'_>) -> Choice {
        if self.rows.contains_key(&due.row) {
            return Choice::Pass;
        }
        if self.lanes.contains(due.lane) {
            first(&mut self.behind_lanes, (due.lane.to_owned(), urgency), due.not_before);
            return Choice::Pass;
        }
        let queue = (urgency, due.target.map(str::to_owned));
        let length = self.lengths.get(&queue).copied().unwrap_or(0);
        // While an older row waits for the queue, a newer one must not overtake it.
        if length >= longest(&queue) || self.behind_queues.contains_key(&queue) {
            let only_one = urgency == Urgency::Quiet;
            first(&mut self.behind_queues, queue, due.not_before);
            return if only_one { Choice::Enough } else { Choice::Pass };
        }
        self.lanes.insert(due.lane.to_owned());
        self.lengths.insert(queue.clone(), length + 1);
        let claimed = Claimed { lane: due.lane.to_owned(), queue, attempts: 0 };
        self.rows.insert(due.row, claimed);
        Choice::Take
    }

    /// Keeps how often claimed work was tried.
    pub(super) fn tried(&mut self, row: i64, attempts: u32) {
        if let Some(claimed) = self.rows.get_mut(&row) {
            claimed.attempts = attempts;
        }
    }

    /// Everything that fell due before then was seen.
    pub(super) fn saw(&mut self, urgency: Urgency, upto: Timestamp) {
        self.seen.insert(urgency, upto);
    }

    /// Work is no longer claimed: what was passed over because of it is looked for again.
    pub(super) fn free(&mut self, row: i64) {
        let Some(Claimed { lane, queue, .. }) = self.rows.remove(&row) else { return };
        for urgency in Urgency::ALL {
            if let Some(at) = self.behind_lanes.remove(&(lane.clone(), urgency)) {
                self.look_again(urgency, at);
            }
        }
        self.lanes.remove(&lane);
        let left = self.lengths.get(&queue).copied().unwrap_or(0).saturating_sub(1);
        // A long backlog is not walked through again for each call that ends.
        if left <= longest(&queue) / 2
            && let Some(at) = self.behind_queues.remove(&queue)
        {
            self.look_again(queue.0, at);
        }
        if left == 0 {
            self.lengths.remove(&queue);
        } else {
            self.lengths.insert(queue, left);
        }
    }

    /// Everything from then on is looked at again.
    pub(super) fn look_again(&mut self, urgency: Urgency, from: Timestamp) {
        let seen = self.seen.entry(urgency).or_insert(from);
        *seen = from.min(*seen);
    }
}

const fn longest(queue: &Queue) -> usize {
    match queue.0 {
        Urgency::Revocation | Urgency::Access => TARGET_MOST,
        Urgency::Quiet => QUIET_MOST,
    }
}

fn first<K: Ord>(all: &mut BTreeMap<K, Timestamp>, key: K, at: Timestamp) {
    let first = all.entry(key).or_insert(at);
    *first = at.min(*first);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(row: i64, lane: &'static str, target: Option<&'static str>) -> DueWork<'static> {
        DueWork { row, lane, target, not_before: Timestamp::from_millis(row) }
    }

    #[test]
    fn a_full_target_holds_up_no_other_and_is_walked_through_again_when_half_is_done() {
        let mut claims = Claims::new();
        let lanes: Vec<&'static str> = (0..600).map(|n| &*format!("t/{n}").leak()).collect();
        for (row, lane) in (1..).zip(&lanes) {
            let choice = claims.choose(Urgency::Revocation, &due(row, lane, Some("dead")));
            assert_eq!(choice == Choice::Take, row <= 512, "{row}");
        }
        assert_eq!(claims.choose(Urgency::Revocation, &due(700, "t/x", Some("fine"))), Choice::Take);
        assert_eq!(claims.choose(Urgency::Access, &due(701, "t/y", Some("dead"))), Choice::Take);
        claims.saw(Urgency::Revocation, Timestamp::from_millis(1000));
        for row in 1..=255 {
            claims.free(row);
        }
        let newer = claims.choose(Urgency::Revocation, &due(2000, "t/new", Some("dead")));
        assert_eq!(newer, Choice::Pass, "there is room, but older ones wait for it");
        assert_eq!(claims.from(Urgency::Revocation), Timestamp::from_millis(1000), "not for each");
        claims.free(256);
        assert_eq!(claims.from(Urgency::Revocation), Timestamp::from_millis(513), "the first that waited");
    }

    #[test]
    fn what_waits_for_its_lane_is_found_when_the_lane_is_free() {
        let mut claims = Claims::new();
        assert_eq!(claims.choose(Urgency::Access, &due(5, "t/a", Some("wiki"))), Choice::Take);
        assert_eq!(claims.choose(Urgency::Revocation, &due(3, "t/a", Some("wiki"))), Choice::Pass);
        claims.saw(Urgency::Revocation, Timestamp::from_millis(9));
        claims.free(5);
        assert_eq!(claims.from(Urgency::Revocation), Timestamp::from_millis(3));
        assert_eq!(claims.choose(Urgency::Revocation, &due(3, "t/a", Some("wiki"))), Choice::Take);
        assert_eq!(claims.choose(Urgency::Revocation, &due(3, "t/a", Some("wiki"))), Choice::Pass, "once");
    }

    #[test]
    fn slack_and_jira_take_no_place_of_a_target() {
        let mut claims = Claims::new();
        for row in 1..=300 {
            let choice = claims.choose(Urgency::Quiet, &due(row, format!("s/{row}").leak(), None));
            assert_eq!(choice, if row <= 256 { Choice::Take } else { Choice::Enough }, "{row}");
        }
        assert_eq!(claims.choose(Urgency::Access, &due(400, "t/a", Some("wiki"))), Choice::Take);
    }
}
