//! People take effect with what their sources told: kept in the same commit, so that a restart neither loses nor
//! freshens a fact. A change that would take access from many at once is held until an operator accepts it.

use std::sync::{Arc, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::core::{Core, Stop, Touched};
use super::handle::Shared;
use super::{EngineError, HeldOver, HeldPeople, notice};
use crate::ids::PersonId;
use crate::lifecycle::{Actor, Answer, Refusal};
use crate::policy::{People, Reason, ReasonCode};
use crate::store::{StoreError, Tx};
use crate::time::Timestamp;

/// What a source told, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The source's name.
    pub source: String,
    /// Of when it is.
    pub as_of: Timestamp,
    /// The state of it: what is told anew is the same while this is.
    pub mark: String,
    /// All of it; none when it is what was told before.
    pub facts: Option<Vec<FactsPart>>,
}

/// A part of what a source told: always the same people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactsPart {
    /// Which.
    pub number: u8,
    /// Over the text.
    pub digest: String,
    /// The source's own JSON.
    pub facts: String,
}

/// People that shall take effect.
#[derive(Debug, Clone)]
pub struct PeopleChange {
    /// All of them.
    pub people: Arc<People>,
    /// What the sources told.
    pub told: Vec<Told>,
    /// Whose facts changed: what they have is judged again.
    pub moved: Vec<PersonId>,
    /// Whether something else that was told is held.
    pub holds: bool,
}

/// What is held, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// Names this change: what is accepted is what was looked at.
    pub id: String,
    /// The sources that told of it.
    pub sources: Vec<String>,
    /// How many would have left.
    pub left: usize,
    /// How many more would lose a role that they may ask for.
    pub lose: usize,
    /// Of how many who are here.
    pub of: usize,
    /// Since when.
    pub since: Timestamp,
}

impl Core {
    /// Puts people in force once what their sources told is kept.
    ///
    /// # Errors
    /// When it could not be committed: then those before stay in force.
    pub fn take_people(&mut self, change: &PeopleChange) -> Result<(), EngineError> {
        self.recall_notice()?;
        let dropped = self.shared.noticed().filter(|_| !change.holds);
        let now = self.now();
        let taken = self.commit(|_, tx, touched| {
            keep(tx, touched, change)?;
            if let Some(held) = &dropped {
                notice::dropped(tx, held, now)?;
                touched.over = Some(HeldOver::Dropped);
            }
            Ok(())
        });
        taken.map_err(|error| EngineError::Store(error.to_string()))
    }

    /// Puts a fresh read of the directory in force.
    pub fn set_people(&self, people: Arc<People>) {
        self.shared.set_people(people);
    }

    /// Holds a change back; each one is recorded once, however often it is told. One that is held is forgotten when
    /// another is, or is taken.
    ///
    /// # Errors
    /// When it could not be recorded; then nothing is held.
    pub fn hold_people(&mut self, held: &HeldPeople) -> Result<(), EngineError> {
        let now = self.now();
        self.recall_notice()?;
        let before = self.shared.noticed().filter(|before| before.id == held.held.id);
        let since = before.as_ref().map_or(now, |before| before.since);
        if before.is_none() {
            let recorded = self.commit(|_, tx, _| {
                let Held { id, sources, left, lose, of, since: _ } = &held.held;
                let body = json!({ "held": id, "sources": sources, "left": left, "lose": lose, "of": of });
                tx.append(now, notice::HELD, None, body)
            });
            recorded.map_err(|error| EngineError::Store(error.to_string()))?;
        }
        let held = HeldPeople { held: Held { since, ..held.held.clone() }, change: held.change.clone() };
        self.shared.notice_held(held.held.clone());
        *self.shared.held.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(held));
        Ok(())
    }

    /// An operator has looked at what is held, and takes it.
    pub(super) fn accept_people(
        &mut self,
        tx: &mut Tx<'_>,
        touched: &mut Touched,
        by: &Actor,
        id: &str,
        now: Timestamp,
    ) -> Result<Answer, Stop> {
        let Actor::Operator { .. } = by else {
            return Err(Refusal::NotAnOperator { login: by.name().to_owned() }.into());
        };
        let held = self.shared.held.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(held) = held.filter(|held| held.held.id == id) else {
            return Err(Refusal::Rules(vec![nothing_held(id, self.shared.held())]).into());
        };
        let Held { id, sources, left, lose, of, since } = &held.held;
        let body = json!({
            "actor": by, "held": id, "sources": sources, "left": left, "lose": lose, "of": of, "since": since,
        });
        tx.append(now, notice::ACCEPTED, None, body)?;
        keep(tx, touched, &held.change)?;
        touched.over = Some(HeldOver::Accepted { by: by.name().to_owned() });
        Ok(Answer::Noted)
    }

    /// Looks whether facts became too old, or fresh, since.
    pub(super) fn freshen_people(&self, now: Timestamp) {
        self.shared.freshen_people(now);
    }
}

fn keep(tx: &mut Tx<'_>, touched: &mut Touched, change: &PeopleChange) -> Result<(), StoreError> {
    for told in &change.told {
        tx.keep_source(told)?;
    }
    tx.add_moved(&change.moved)?;
    touched.moved |= !change.moved.is_empty();
    touched.people = Some(Arc::clone(&change.people));
    Ok(())
}

fn nothing_held(id: &str, held: Option<Held>) -> Reason {
    Reason {
        code: ReasonCode::StaleDirectory,
        rule: "a change of people that is held is accepted as it was looked at (built in)".to_owned(),
        saw: format!("no change {} is held", id.chars().take(40).collect::<String>()),
        wants: held.map_or_else(|| "nothing: none is held".to_owned(), |held| format!("the id {}", held.id)),
    }
}

impl Shared {
    /// What is held, in numbers.
    pub(super) fn held(&self) -> Option<Held> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().map(|held| held.held.clone())
    }

    /// Puts people in force as they can be gone by at `now`.
    pub(super) fn freshen_people(&self, now: Timestamp) {
        let people = Arc::clone(&self.people.read().unwrap_or_else(PoisonError::into_inner));
        let Some(seen) = people.seen_at(now) else { return };
        let mut in_force = self.people.write().unwrap_or_else(PoisonError::into_inner);
        // Others may have come meanwhile.
        if Arc::ptr_eq(&in_force, &people) {
            *in_force = Arc::new(seen);
        }
    }
}
