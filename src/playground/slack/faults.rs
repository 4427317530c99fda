//! Trouble on demand.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// What goes wrong with one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An HTTP status without a Slack answer; nothing was done.
    Status(u16),
    /// `ok: false` with this error; nothing was done.
    Error(String),
    /// HTTP 429 with `Retry-After` in seconds; nothing was done.
    RateLimited(u64),
    /// The call was carried out, but its answer is lost with the connection.
    DropAfterApply,
    /// No answer ever comes; nothing was done.
    Hang,
}

/// How the whole workspace can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outage {
    /// As always.
    #[default]
    None,
    /// Every connection ends without an answer, links too.
    Unreachable,
    /// Everything is answered with 503; links that stand go on.
    Unavailable,
}

/// Which envelopes are delivered twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Duplicate {
    #[default]
    None,
    Next,
    Each,
}

/// Every so many envelopes, the link that carried one breaks behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CutBehind {
    pub(super) every: u32,
    pub(super) carried: u32,
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) outage: Outage,
    pub(super) ack_delay: Option<Duration>,
    pub(super) duplicate: Duplicate,
    pub(super) cut_behind: Option<CutBehind>,
    pub(super) redeliver: bool,
    by_method: BTreeMap<String, VecDeque<Fault>>,
}

/// Faults that wait for one method at most.
const FAULTS_MAX: usize = 10_000;

impl Faults {
    pub(super) fn plan(&mut self, method: &str, times: usize, fault: &Fault) {
        let waiting = self.by_method.entry(method.to_owned()).or_default();
        let room = FAULTS_MAX.saturating_sub(waiting.len());
        waiting.extend(std::iter::repeat_n(fault.clone(), times.min(room)));
    }

    pub(super) fn take(&mut self, method: &str) -> Option<Fault> {
        self.by_method.get_mut(method)?.pop_front()
    }

    pub(super) fn clear(&mut self) {
        self.by_method.clear();
    }

    /// Whether the envelope that goes out now goes out twice.
    pub(super) fn duplicates(&mut self) -> bool {
        match self.duplicate {
            Duplicate::None => false,
            Duplicate::Each => true,
            Duplicate::Next => {
                self.duplicate = Duplicate::None;
                true
            }
        }
    }

    /// Whether the link breaks behind the envelope that goes out now.
    pub(super) fn cuts_behind(&mut self) -> bool {
        let Some(cut) = &mut self.cut_behind else { return false };
        cut.carried += 1;
        let cuts = cut.carried >= cut.every;
        if cuts {
            cut.carried = 0;
        }
        cuts
    }
}
