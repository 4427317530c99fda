//! Facts beside the directory that decide who is asked: who is on call, and who is away with whom in their place. Each
//! says how long it is good for, so that an old one comes to nobody.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{OnCallId, PersonId};
use crate::time::Timestamp;

/// Who is on call by one schedule, as it was last asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// Those on call at that moment, and nobody who comes after them; people of the directory.
    pub on_call: Vec<PersonId>,
    /// When the schedule was asked.
    pub as_of: Timestamp,
    /// From then on it says nothing any more: its limit of age, or the end of the shift.
    pub good_until: Timestamp,
}

/// Each configured schedule that was asked, by its name.
pub type Rosters = BTreeMap<OnCallId, Roster>;

/// Somebody is away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Away {
    /// Since when.
    pub since: Timestamp,
    /// It ends by itself then.
    pub until: Timestamp,
    /// Who is asked in their place; nobody, when none is named.
    pub delegate: Option<PersonId>,
    /// Why, in their words.
    pub because: Option<String>,
}

/// Who is away, by person.
pub type Aways = BTreeMap<PersonId, Away>;

/// In what capacity somebody decides who is no approver in their own right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capacity {
    /// As the delegate of an approver who is away.
    InPlaceOf {
        /// Who is away.
        id: PersonId,
        /// As people call them.
        name: String,
    },
    /// On call at the moment of the click.
    OnCall {
        /// By which schedule.
        schedule: OnCallId,
    },
}
