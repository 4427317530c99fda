//! Who may approve changes while a request waits: with the directory, with a shift on call, with who is away, and with
//! time alone. Then everything that waits is looked at, a part at a time, and asked of whoever may decide now.

use std::sync::{Arc, PoisonError};

use super::EngineError;
use super::core::Core;
use crate::ids::RequestId;
use crate::lifecycle::Event;
use crate::policy::People;
use crate::time::Timestamp;

/// Requests that one look takes at most.
const LOOK_MOST: usize = 256;

/// How far the look at waiting requests got.
#[derive(Default)]
pub(super) struct Approvers {
    /// The people that they were, or are being, looked at with; none after a start.
    seen: Option<Arc<People>>,
    /// The look that is not over goes on after this request.
    left: Option<Left>,
    /// When time alone changes who is asked.
    pub(super) look_at: Option<Timestamp>,
}

/// What is still to be looked at.
#[derive(Debug, Clone, Copy)]
enum Left {
    All,
    After(RequestId),
}

impl Core {
    /// Looks at waiting requests when who may approve has changed: at most one bounded commit. True when there is more
    /// to look at.
    ///
    /// # Errors
    /// When the commit failed; then it is looked at again.
    pub fn look_at_approvers(&mut self) -> Result<bool, EngineError> {
        let now = self.now();
        let people = Arc::clone(&self.shared.people.read().unwrap_or_else(PoisonError::into_inner));
        let changed = !self.approvers.seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, &people));
        if changed {
            // The same people read again change nothing; after a start nobody knows what was before.
            if !self.approvers.seen.as_ref().is_some_and(|seen| seen.asks_like(&people, now)) {
                self.approvers.left = Some(Left::All);
            }
            self.approvers.look_at = people.next_change(now);
            self.approvers.seen = Some(people);
        } else if self.approvers.look_at.is_some_and(|at| now >= at) {
            self.approvers.left = Some(Left::All);
            self.approvers.look_at = people.next_change(now);
        }
        let Some(left) = self.approvers.left else { return Ok(false) };
        let after = match left {
            Left::All => None,
            Left::After(id) => Some(id),
        };
        let waiting = self.read(|tx| tx.pending_after(after, LOOK_MOST))?;
        if !waiting.is_empty() {
            let looked = self.commit(|core, tx, touched| {
                for id in &waiting {
                    core.settle_input(tx, touched, |core, tx, touched| {
                        core.event(tx, touched, *id, &Event::Tick, now).map(|_| ())
                    })?;
                }
                Ok(())
            });
            looked.map_err(|error| EngineError::Store(error.to_string()))?;
        }
        self.approvers.left =
            waiting.last().filter(|_| waiting.len() == LOOK_MOST).map(|last| Left::After(*last));
        Ok(self.approvers.left.is_some())
    }
}
