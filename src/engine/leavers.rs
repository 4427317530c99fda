//! What somebody still has who left is ended. After a start everybody who ever asked is looked at, a part at a time;
//! later only those who were there when the directory was looked at before. What somebody has whose facts changed is
//! judged again; who they are was kept with the change.

use std::sync::{Arc, PoisonError};

use super::EngineError;
use super::core::Core;
use crate::ids::PersonId;
use crate::lifecycle::Event;
use crate::policy::People;

/// People that one look takes at most.
const LOOK_MOST: usize = 1000;
/// Movers whose requests one commit judges again at most.
const MOVERS_MOST: usize = 100;

/// How far the look for leavers got.
pub(super) struct Leavers {
    /// Whether there may be people whose requests are to be judged again: so after a start.
    pub(super) has_moved: bool,
    /// The directory that was last looked at, to its end.
    seen: Option<Arc<People>>,
    /// The one that is being looked at, and who is left of it.
    looking: Option<(Arc<People>, Left)>,
}

impl Default for Leavers {
    fn default() -> Self {
        Self { has_moved: true, seen: None, looking: None }
    }
}

/// Who is to be looked at.
#[derive(Debug, Clone)]
enum Left {
    /// Everybody after this person, or all.
    Everybody(Option<PersonId>),
    /// These, from the last.
    These(Vec<PersonId>),
}

/// One look: who is gone, and who is left after it.
struct Look {
    gone: Vec<PersonId>,
    left: Option<Left>,
}

impl Core {
    /// Takes people that were set since, ends what a leaver still has and judges again what a mover has: two bounded
    /// commits at most. True when there is more to look at.
    ///
    /// # Errors
    /// When a commit failed; then it is looked at again.
    pub fn look_around(&mut self) -> Result<bool, EngineError> {
        let more = self.look_for_leavers()?;
        Ok(self.judge_movers()? || more)
    }

    fn look_for_leavers(&mut self) -> Result<bool, EngineError> {
        let people = Arc::clone(&self.shared.people.read().unwrap_or_else(PoisonError::into_inner));
        let is = |other: &Arc<People>| Arc::ptr_eq(other, &people);
        let left = match (&self.leavers.looking, &self.leavers.seen) {
            (Some((looking, left)), _) if is(looking) => left.clone(),
            (None, Some(seen)) if is(seen) => return Ok(false),
            (None, Some(seen)) => Left::These(left_since(seen, &people)),
            // Another directory came before the look at the one before it was over.
            (Some(_), _) | (None, None) => Left::Everybody(None),
        };
        let Look { gone, left } = self.look(&people, left)?;
        if !gone.is_empty() {
            self.end_what_they_have(&gone)?;
        }
        let more = left.is_some();
        self.leavers.looking = left.map(|left| (Arc::clone(&people), left));
        if !more {
            self.leavers.seen = Some(people);
        }
        Ok(more)
    }

    fn look(&mut self, people: &People, left: Left) -> Result<Look, EngineError> {
        match left {
            Left::These(mut these) => {
                let gone = these.split_off(these.len().saturating_sub(LOOK_MOST));
                Ok(Look { gone, left: (!these.is_empty()).then_some(Left::These(these)) })
            }
            Left::Everybody(after) => {
                let asked = self.read(|tx| tx.requesters_after(after.as_ref(), LOOK_MOST))?;
                let last = (asked.len() == LOOK_MOST).then(|| asked.last().cloned()).flatten();
                let gone = asked.into_iter().filter(|id| !is_there(people, id)).collect();
                Ok(Look { gone, left: last.map(|last| Left::Everybody(Some(last))) })
            }
        }
    }

    fn judge_movers(&mut self) -> Result<bool, EngineError> {
        if !self.leavers.has_moved {
            return Ok(false);
        }
        let movers = self.read(|tx| tx.moved(MOVERS_MOST))?;
        let more = movers.len() == MOVERS_MOST;
        if !movers.is_empty() {
            let now = self.now();
            let judged = self.commit(|core, tx, touched| {
                for person in &movers {
                    for request in tx.open_requests(person)? {
                        core.settle_input(tx, touched, |core, tx, touched| {
                            core.event(tx, touched, request, &Event::Rejudge, now).map(|_| ())
                        })?;
                    }
                    tx.remove_moved(person)?;
                }
                Ok(())
            });
            judged.map_err(|error| EngineError::Store(error.to_string()))?;
        }
        self.leavers.has_moved = more;
        Ok(more)
    }

    fn end_what_they_have(&mut self, gone: &[PersonId]) -> Result<(), EngineError> {
        let now = self.now();
        let ended = self.commit(|core, tx, touched| {
            for person in gone {
                for request in tx.open_requests(person)? {
                    core.settle_input(tx, touched, |core, tx, touched| {
                        core.leaver(tx, touched, request, now).map(|_| ())
                    })?;
                }
            }
            Ok(())
        });
        ended.map_err(|error| EngineError::Store(error.to_string()))
    }
}

fn is_there(people: &People, id: &PersonId) -> bool {
    people.get(id).is_some_and(|person| person.active)
}

fn left_since(before: &People, now: &People) -> Vec<PersonId> {
    let left = before.iter().filter(|person| person.active && !is_there(now, &person.id));
    left.map(|person| person.id.clone()).collect()
}
