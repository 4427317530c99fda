//! The part of the timer that is in memory: the rows that fall due soon. The truth is the index over the rows'
//! own `due_at`; the wheel is refilled from it, so neither a restart nor the number of grants matters, and no
//! timer can leak or disagree with the state.
//!
//! The wheel knows every row that is due up to its edge, and may know some beyond. It lives in the engine's
//! thread: after each commit the engine tells it what became of the rows it wrote ([`Wheel::set`]), and refills
//! it from the index when it asks for it.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::RequestId;
use crate::lifecycle::Urgency;
use crate::time::{Span, Timestamp};

/// Rows that fall due within a horizon, in bounded memory.
#[derive(Debug, Clone)]
pub struct Wheel {
    horizon: Span,
    cap: usize,
    by_due: BTreeSet<(Timestamp, Urgency, RequestId)>,
    due_of: BTreeMap<RequestId, (Timestamp, Urgency)>,
    /// What is due and waits to be taken: the most urgent first.
    waiting: BTreeSet<(Urgency, Timestamp, RequestId)>,
    edge: Edge,
}

/// Up to where the wheel knows every due row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    /// It was never filled.
    Nowhere,
    /// Up to then, inclusive.
    At(Timestamp),
}

impl Wheel {
    /// An empty wheel that wants to be filled. It holds at most `cap` rows (at least one).
    #[must_use]
    pub fn new(horizon: Span, cap: usize) -> Self {
        Self {
            horizon,
            cap: cap.max(1),
            by_due: BTreeSet::new(),
            due_of: BTreeMap::new(),
            waiting: BTreeSet::new(),
            edge: Edge::Nowhere,
        }
    }

    /// How far ahead rows are wanted at a refill, and how many at most.
    #[must_use]
    pub const fn wants(&self) -> (Span, usize) {
        (self.horizon, self.cap)
    }

    /// A row was committed with this due time, or with none.
    pub fn set(&mut self, id: RequestId, due: Option<(Timestamp, Urgency)>) {
        if let Some((before, urgency)) = self.due_of.remove(&id) {
            self.by_due.remove(&(before, urgency, id));
            self.waiting.remove(&(urgency, before, id));
        }
        if let Some((due, urgency)) = due
            && Edge::At(due) <= self.edge
        {
            self.due_of.insert(id, (due, urgency));
            self.by_due.insert((due, urgency, id));
            self.shrink();
        }
    }

    /// When to look again: the first row falls due, or the wheel no longer knows what does. None when nothing
    /// ever will.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        let first = self.first();
        let blind = match self.edge {
            Edge::Nowhere => Some(Timestamp::from_millis(i64::MIN)),
            Edge::At(edge) => edge.millis().checked_add(1).map(Timestamp::from_millis),
        };
        match (first, blind) {
            (Some(first), Some(blind)) => Some(first.min(blind)),
            (first, blind) => first.or(blind),
        }
    }

    /// Takes rows that are due, the most urgent first, then the oldest. Each must be [`set`](Self::set) again once it is committed; if
    /// that commit fails, [`forget`](Self::forget) brings them back.
    pub fn take_due(&mut self, now: Timestamp, most: usize) -> Vec<(RequestId, Urgency)> {
        while let Some(&(due, urgency, id)) = self.by_due.first()
            && due <= now
        {
            self.by_due.remove(&(due, urgency, id));
            self.waiting.insert((urgency, due, id));
        }
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some((urgency, _, id)) = self.waiting.pop_first()
        {
            self.due_of.remove(&id);
            taken.push((id, urgency));
        }
        taken
    }

    /// Whether to [`refill`](Self::refill) now. Must be asked before the engine concludes that nothing is due.
    #[must_use]
    pub fn needs_refill(&self, now: Timestamp) -> bool {
        let none_due = self.first().is_none_or(|due| due > now);
        let half = Span::millis(self.horizon.as_millis() / 2);
        (none_due && self.edge < Edge::At(now))
            || (self.due_of.len() <= self.cap / 2 && self.edge < Edge::At(now + half))
    }

    /// Replaces everything by `rows` of the index. They are all the rows there are up to `complete_until`; that
    /// is the end of the horizon when the index had fewer rows than asked for, [`Timestamp`]'s maximum when it
    /// has none after them, and else just before the last row, which may have neighbours at the same instant.
    pub fn refill(
        &mut self,
        rows: impl IntoIterator<Item = (Timestamp, Urgency, RequestId)>,
        complete_until: Timestamp,
    ) {
        self.waiting.clear();
        self.due_of = rows.into_iter().map(|(due, urgency, id)| (id, (due, urgency))).collect();
        self.by_due = self.due_of.iter().map(|(id, (due, urgency))| (*due, *urgency, *id)).collect();
        self.edge = Edge::At(complete_until);
        self.shrink();
    }

    /// Forgets everything and wants to be filled again.
    pub fn forget(&mut self) {
        self.by_due.clear();
        self.waiting.clear();
        self.due_of.clear();
        self.edge = Edge::Nowhere;
    }

    /// When the first row is due; a moment that is over, when any waits to be taken.
    fn first(&self) -> Option<Timestamp> {
        let waiting = self.waiting.first().map(|(_, due, _)| *due);
        waiting.or_else(|| self.by_due.first().map(|(due, _, _)| *due))
    }

    /// Drops the latest rows over the cap; the index has them when the edge is reached.
    fn shrink(&mut self) {
        while self.due_of.len() > self.cap
            && let Some((due, _, id)) = self.by_due.pop_last()
        {
            self.due_of.remove(&id);
            self.edge = self.edge.min(match due.millis().checked_sub(1) {
                Some(before) => Edge::At(Timestamp::from_millis(before)),
                None => Edge::Nowhere,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt as _, SeedableRng as _};

    /// The index that a wheel is refilled from, and the naive timer that it is held against.
    #[derive(Default)]
    struct Index(BTreeMap<RequestId, Timestamp>);

    impl Index {
        fn set(&mut self, id: RequestId, due: Option<Timestamp>) {
            match due {
                Some(due) => self.0.insert(id, due),
                None => self.0.remove(&id),
            };
        }

        fn due(&self, now: Timestamp) -> BTreeSet<RequestId> {
            self.0.iter().filter(|(_, due)| **due <= now).map(|(id, _)| *id).collect()
        }

        fn upcoming(
            &self,
            upto: Timestamp,
            most: usize,
        ) -> (Vec<(Timestamp, Urgency, RequestId)>, Timestamp) {
            let due = self.0.iter().filter(|(_, due)| **due <= upto);
            let mut rows: Vec<_> = due.map(|(id, due)| (*due, urgency_of(*id), *id)).collect();
            rows.sort();
            rows.truncate(most);
            let last = rows.last().map_or(upto, |(due, _, _)| *due);
            let complete = if rows.len() < most { upto } else { last - Span::millis(1) };
            (rows, complete)
        }
    }

    /// Some of each.
    fn urgency_of(id: RequestId) -> Urgency {
        match id.number() % 3 {
            0 => Urgency::Revocation,
            1 => Urgency::Access,
            _ => Urgency::Quiet,
        }
    }

    fn refill_if_wanted(wheel: &mut Wheel, index: &Index, now: Timestamp) {
        let mut rounds = 0;
        while wheel.needs_refill(now) {
            let (horizon, most) = wheel.wants();
            let (rows, complete) = index.upcoming(now + horizon, most);
            wheel.refill(rows, complete);
            rounds += 1;
            assert!(rounds < 2, "a refill that changes nothing must not be asked for again");
        }
    }

    fn t(millis: u64) -> Timestamp {
        Timestamp::from_millis(0) + Span::millis(millis)
    }

    #[test]
    fn whatever_falls_due_is_taken_at_once_and_never_early() {
        for seed in 0..300 {
            let mut rng = StdRng::seed_from_u64(seed);
            let horizon = rng.random_range(1..200);
            let cap = rng.random_range(1..12);
            let mut wheel = Wheel::new(Span::millis(horizon), cap);
            let mut index = Index::default();
            let mut now = 0;
            for _ in 0..300 {
                match rng.random_range(0..10) {
                    0..5 => {
                        let id = RequestId::from_number(rng.random_range(0..40));
                        // Often the same instant for many, sometimes in the past, sometimes far ahead.
                        let due = match rng.random_range(0..6) {
                            0 => None,
                            1 => Some(t(1000)),
                            2 => Some(t(now / 2)),
                            _ => Some(t(now + rng.random_range(0..400))),
                        };
                        index.set(id, due);
                        wheel.set(id, due.map(|at| (at, urgency_of(id))));
                    }
                    5 => wheel.forget(),
                    6 => now += 500,
                    _ => {
                        // Sleep as long as the wheel says, no longer.
                        let wake =
                            wheel.next().map_or(now + 50, |at| u64::try_from(at.millis()).unwrap_or(0));
                        let before = t(wake.max(now)) - Span::millis(1);
                        if before >= t(now) {
                            assert!(index.due(before).is_empty(), "seed {seed}: slept past a due row");
                        }
                        now = now.max(wake);
                    }
                }
                refill_if_wanted(&mut wheel, &index, t(now));
                assert!(wheel.due_of.len() <= cap, "seed {seed}");
                drain(&mut wheel, &mut index, now, &mut rng, seed);
            }
        }
    }

    /// Takes in batches until nothing is due, as the engine does, and gives each row a later time or none.
    fn drain(wheel: &mut Wheel, index: &mut Index, now: u64, rng: &mut StdRng, seed: u64) {
        loop {
            refill_if_wanted(wheel, index, t(now));
            let due = index.due(t(now));
            let taken = wheel.take_due(t(now), rng.random_range(1..6));
            if taken.is_empty() {
                assert!(due.is_empty(), "seed {seed}: {due:?} are due at {now} and were not taken");
                return;
            }
            assert!(taken.is_sorted_by_key(|(_, urgency)| *urgency), "seed {seed}: {taken:?}");
            for (id, urgency) in taken {
                assert!(due.contains(&id), "seed {seed}: {id} was taken early at {now}");
                let later = (rng.random_range(0..3) > 0).then(|| t(now + rng.random_range(1..300)));
                index.set(id, later);
                wheel.set(id, later.map(|at| (at, urgency)));
            }
        }
    }

    fn ids(taken: Vec<(RequestId, Urgency)>) -> Vec<u64> {
        taken.into_iter().map(|(id, _)| id.number()).collect()
    }

    #[test]
    fn what_is_overdue_is_taken_most_urgent_first_also_when_it_fell_due_later() {
        let mut wheel = Wheel::new(Span::mins(10), 9);
        let rows =
            [(10, Urgency::Quiet), (20, Urgency::Access), (30, Urgency::Revocation), (40, Urgency::Access)];
        let rows = (1..).zip(rows).map(|(id, (due, urgency))| (t(due), urgency, RequestId::from_number(id)));
        wheel.refill(rows, Timestamp::from_millis(i64::MAX));
        assert_eq!(ids(wheel.take_due(t(35), 1)), [3]);
        assert_eq!(ids(wheel.take_due(t(40), 2)), [2, 4]);
        wheel.set(RequestId::from_number(1), None);
        assert_eq!(ids(wheel.take_due(t(40), 2)), [0_u64; 0], "what was settled meanwhile waits no more");
    }

    #[test]
    fn it_sleeps_for_ever_when_nothing_will_ever_fall_due() {
        let mut wheel = Wheel::new(Span::mins(10), 4);
        assert!(wheel.needs_refill(t(0)), "a new wheel knows nothing");
        wheel.refill([], Timestamp::from_millis(i64::MAX));
        assert_eq!((wheel.next(), wheel.needs_refill(t(u64::MAX / 4))), (None, false));
        wheel.set(RequestId::FIRST, Some((t(5), Urgency::Quiet)));
        assert_eq!(wheel.next(), Some(t(5)));
    }

    #[test]
    fn rows_over_the_cap_come_back_from_the_index() {
        let mut wheel = Wheel::new(Span::mins(10), 2);
        wheel.refill([], t(600_000));
        for (n, due) in [(1, 30), (2, 10), (3, 20)] {
            wheel.set(RequestId::from_number(n), Some((t(due), Urgency::Access)));
        }
        assert_eq!(ids(wheel.take_due(t(29), 9)), [2, 3]);
        assert!(!wheel.needs_refill(t(29)) || wheel.by_due.is_empty());
        assert_eq!(wheel.next(), Some(t(30)), "it knows that it is blind from here");
        assert!(wheel.needs_refill(t(30)));
    }
}
