//! Who is away, and who is asked in their place: said by themselves, on the record, and over by itself at its time.

use std::sync::{Arc, PoisonError};

use serde::Serialize;
use serde_json::json;

use super::EngineError;
use super::apply::DISK_IS_FULL;
use super::core::{Core, World};
use crate::ids::PersonId;
use crate::policy::{self, Away};
use crate::store::StoreError;
use crate::time::{Span, Timestamp};

/// Nobody is away for longer in one go.
pub const AWAY_MOST: Span = Span::days(60);
/// Characters of why somebody is away.
const BECAUSE_MOST: usize = 200;

/// Somebody wants to be away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoAway {
    /// Who.
    pub person: PersonId,
    /// Until when.
    pub until: Timestamp,
    /// Who is asked in their place.
    pub delegate: Option<PersonId>,
    /// Why, in their words.
    pub because: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WentAway {
    /// They are away from now on.
    Set {
        /// What holds now.
        away: Away,
        /// What held before.
        before: Option<Away>,
    },
    /// Nothing was changed.
    Refused(NotAway),
}

/// Why somebody can't be away like that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotAway {
    /// The directory does not have them, or they have left.
    NotHere,
    /// It would be over already.
    Past,
    /// Longer than [`AWAY_MOST`].
    TooLong,
    /// They name themselves.
    OwnDelegate,
    /// The delegate is not in the directory, or has left.
    DelegateNotHere,
    /// The delegate is away too.
    DelegateAway {
        /// Until then.
        until: Timestamp,
    },
    /// The delegate approves nothing themselves.
    DelegateNoApprover,
}

impl Core {
    /// Keeps that somebody is away, or says what is in the way; both are recorded.
    ///
    /// # Errors
    /// When it could not be committed: then nothing was changed.
    pub fn go_away(&mut self, wish: &GoAway) -> Result<WentAway, EngineError> {
        if self.full_until.is_some() {
            return Err(EngineError::Store(DISK_IS_FULL.to_owned()));
        }
        let now = self.now();
        let went = self.commit(|core, tx, _| {
            let went = match refused(wish, &core.world(), now) {
                Some(why) => WentAway::Refused(why),
                None => {
                    let because = wish.because.as_ref().map(|why| why.chars().take(BECAUSE_MOST).collect());
                    let delegate = wish.delegate.clone();
                    let away = Away { since: now, until: wish.until, delegate, because };
                    let before = tx.away()?.remove(&wish.person).filter(|before| now < before.until);
                    tx.put_away(&wish.person, &away, now)?;
                    WentAway::Set { away, before }
                }
            };
            let kind = match &went {
                WentAway::Set { .. } => "away_set",
                WentAway::Refused(_) => "away_refused",
            };
            let body = json!({
                "person": wish.person, "until": wish.until, "delegate": wish.delegate, "outcome": went,
            });
            tx.append(now, kind, None, body)?;
            Ok(went)
        });
        let went = went.map_err(|error| EngineError::Store(error.to_string()))?;
        self.reload_away().map_err(|error| EngineError::Store(error.to_string()))?;
        Ok(went)
    }

    /// Somebody is back before their time: what held until now, when something did.
    ///
    /// # Errors
    /// When it could not be committed: then nothing was changed.
    pub fn come_back(&mut self, person: &PersonId) -> Result<Option<Away>, EngineError> {
        let now = self.now();
        let before = self.commit(|_, tx, _| {
            let Some(before) = tx.away()?.remove(person) else { return Ok(None) };
            tx.clear_away(person)?;
            if now >= before.until {
                return Ok(None);
            }
            tx.append(now, "away_cleared", None, json!({ "person": person, "was": before }))?;
            Ok(Some(before))
        });
        let before = before.map_err(|error| EngineError::Store(error.to_string()))?;
        self.reload_away().map_err(|error| EngineError::Store(error.to_string()))?;
        Ok(before)
    }

    /// Puts in force who is away.
    pub(super) fn reload_away(&mut self) -> Result<(), StoreError> {
        let away = self.read_rows(|tx| tx.away())?;
        let shared = self.shared();
        if *shared.away.read().unwrap_or_else(PoisonError::into_inner).as_ref() != away {
            shared.set_away(Arc::new(away));
        }
        Ok(())
    }
}

fn refused(wish: &GoAway, world: &World, now: Timestamp) -> Option<NotAway> {
    let people = &world.people;
    let is_here = |id: &PersonId| people.get(id).is_some_and(|person| person.active);
    if !is_here(&wish.person) {
        return Some(NotAway::NotHere);
    }
    if wish.until <= now {
        return Some(NotAway::Past);
    }
    if wish.until > now + AWAY_MOST {
        return Some(NotAway::TooLong);
    }
    let delegate = wish.delegate.as_ref()?;
    if *delegate == wish.person {
        return Some(NotAway::OwnDelegate);
    }
    if !is_here(delegate) {
        return Some(NotAway::DelegateNotHere);
    }
    if let Some(away) = people.away(delegate, now) {
        return Some(NotAway::DelegateAway { until: away.until });
    }
    (!policy::is_approver(&world.policies, people, delegate, now)).then_some(NotAway::DelegateNoApprover)
}
