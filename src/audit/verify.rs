//! Verification of a log, one record at a time and in constant memory.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{Hash, Head, NotCanonical, Record};
use crate::time::Timestamp;

/// The kind of the one record that may be older than the record before it: an operator set a wrong future right.
pub const CLOCK_RESET: &str = "clock_reset";

/// Where a log stops being believable, and why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("record {seq}: {why}")]
pub struct Break {
    /// The number of the first record that is wrong or missing.
    pub seq: u64,
    /// What is wrong.
    pub why: BreakCause,
}

/// What is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BreakCause {
    /// The record is not what was hashed.
    #[error("its hash does not fit what it says, so it was changed after it was written")]
    HashMismatch,
    /// It follows another record than the one before it.
    #[error("it was chained on another record than the one before it, so one of the two was replaced")]
    PrevMismatch,
    /// Its number is not the next one.
    #[error("record {found} stands in its place, so records were removed or moved")]
    Gap {
        /// The number that was found.
        found: u64,
    },
    /// It is older than the record before it, and no operator reset the clock.
    #[error("it is dated {at}, before the record that it follows ({after})")]
    TimeBackwards {
        /// Its own time.
        at: Timestamp,
        /// The time of the record before.
        after: Timestamp,
    },
    /// It holds what no record of ours holds.
    #[error("{0}")]
    Number(#[from] NotCanonical),
    /// A head that was remembered elsewhere says otherwise.
    #[error("its hash is {found}, but {remembered} was remembered for it, so the log was rewritten")]
    Rewritten {
        /// The hash that the log has.
        found: Hash,
        /// The hash that was remembered.
        remembered: Hash,
    },
    /// A head that was remembered elsewhere lies beyond the end.
    #[error("it is missing, but the log once went on to record {remembered}, so its end was cut off")]
    Truncated {
        /// The number of the remembered record.
        remembered: u64,
    },
}

/// Checks records as they come.
#[derive(Debug, Clone)]
pub struct Verifier {
    head: Head,
    at: Option<Timestamp>,
    remembered: BTreeMap<u64, Hash>,
}

impl Verifier {
    /// Starts after `head`: [`Head::genesis`] for a whole log, [`Record::before`] of its first record for a
    /// part of one.
    #[must_use]
    pub const fn after(head: Head) -> Self {
        Self { head, at: None, remembered: BTreeMap::new() }
    }

    /// Also holds the log against a head that was remembered elsewhere.
    #[must_use]
    pub fn remember(mut self, head: Head) -> Self {
        if head.seq >= self.head.seq {
            self.remembered.insert(head.seq, head.hash);
        }
        self
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// The first record that is wrong; nothing after it can be believed.
    pub fn feed(&mut self, record: &Record) -> Result<(), Break> {
        let seq = self.head.seq + 1;
        match self.judge(record, seq) {
            Some(why) => Err(Break { seq, why }),
            None => {
                self.head = record.head();
                self.at = Some(record.at);
                Ok(())
            }
        }
    }

    /// The head that everything fed leads to.
    ///
    /// # Errors
    /// A remembered head lies beyond the end, or contradicts the start.
    pub fn finish(self) -> Result<Head, Break> {
        if let Some((&seq, &remembered)) = self.remembered.range(..=self.head.seq).next_back()
            && seq == self.head.seq
            && remembered != self.head.hash
        {
            return Err(Break { seq, why: BreakCause::Rewritten { found: self.head.hash, remembered } });
        }
        match self.remembered.last_key_value() {
            Some((&remembered, _)) if remembered > self.head.seq => {
                Err(Break { seq: self.head.seq + 1, why: BreakCause::Truncated { remembered } })
            }
            Some(_) | None => Ok(self.head),
        }
    }

    fn judge(&self, record: &Record, seq: u64) -> Option<BreakCause> {
        if record.seq != seq {
            return Some(BreakCause::Gap { found: record.seq });
        }
        match record.rehash() {
            Err(number) => return Some(BreakCause::Number(number)),
            Ok(hash) if hash != record.hash => return Some(BreakCause::HashMismatch),
            Ok(_) => {}
        }
        if record.prev != self.head.hash {
            return Some(BreakCause::PrevMismatch);
        }
        if let Some(after) = self.at
            && record.at < after
            && record.kind != CLOCK_RESET
        {
            return Some(BreakCause::TimeBackwards { at: record.at, after });
        }
        match self.remembered.get(&seq) {
            Some(&remembered) if remembered != record.hash => {
                Some(BreakCause::Rewritten { found: record.hash, remembered })
            }
            Some(_) | None => None,
        }
    }
}
