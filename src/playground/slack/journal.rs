//! What happened, for tests and reports to count.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::Serialize;

/// An envelope that was sent to the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EnvelopeSeen {
    /// Its id.
    pub id: String,
    /// `slash_commands`, `block_actions`, `view_submission`, an event's type …
    pub kind: String,
    /// 0 at first, then counting.
    pub attempt: u32,
    /// How long the ack took, in milliseconds; none as long as there is none.
    pub acked_after_ms: Option<u64>,
    /// When it was sent, by the machine's monotonic clock.
    #[serde(skip)]
    pub(super) sent_at: Duration,
}

/// A button that showed a warning sign because the app did not answer in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Who pressed it.
    pub user: String,
    /// Its action.
    pub action_id: String,
}

#[derive(Debug, Default, Clone)]
pub(super) struct Journal {
    pub(super) calls: BTreeMap<String, u64>,
    pub(super) refusals: BTreeMap<String, u64>,
    pub(super) envelopes: VecDeque<EnvelopeSeen>,
    pub(super) warnings: VecDeque<Warning>,
    pub(super) complaints: VecDeque<String>,
}

/// Lines of each kind that are kept at most; the oldest go first.
const LINES_MAX: usize = 10_000;

impl Journal {
    pub(super) fn called(&mut self, method: &str) {
        *self.calls.entry(method.to_owned()).or_default() += 1;
    }

    pub(super) fn refused(&mut self, method: &str, error: &str) {
        *self.refusals.entry(format!("{method} {error}")).or_default() += 1;
    }

    pub(super) fn sent(&mut self, id: &str, kind: &str, attempt: u32, now: Duration) {
        let seen = EnvelopeSeen {
            id: id.to_owned(),
            kind: kind.to_owned(),
            attempt,
            acked_after_ms: None,
            sent_at: now,
        };
        keep(&mut self.envelopes, seen);
    }

    /// The first ack of an envelope counts. False when nobody sent that envelope.
    pub(super) fn acked(&mut self, id: &str, now: Duration) -> bool {
        let Some(seen) = self.envelopes.iter_mut().rev().find(|seen| seen.id == id) else { return false };
        let after = now.saturating_sub(seen.sent_at).as_millis();
        seen.acked_after_ms.get_or_insert(u64::try_from(after).unwrap_or(u64::MAX));
        true
    }

    pub(super) fn warn(&mut self, user: &str, action_id: &str) {
        keep(&mut self.warnings, Warning { user: user.to_owned(), action_id: action_id.to_owned() });
    }

    /// Something that the app did and Slack would not take.
    pub(super) fn complain(&mut self, complaint: String) {
        keep(&mut self.complaints, complaint.chars().take(2000).collect());
    }
}

fn keep<T>(lines: &mut VecDeque<T>, line: T) {
    if lines.len() >= LINES_MAX {
        lines.pop_front();
    }
    lines.push_back(line);
}
