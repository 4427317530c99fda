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

#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) outage: Outage,
    pub(super) ack_delay: Option<Duration>,
    pub(super) duplicate_next: bool,
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
}
