//! Facts that can't be gone by: their source has not told them for too long, or does not tell them of this person.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::GroupId;
use crate::time::{Span, Timestamp};

/// What groups of a Slack workspace begin with, before their handle: `slack:oncall-dba`.
pub const USER_GROUP: &str = "slack:";

/// A kind of fact that a source besides the people file can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Whether the person is here. What a source says can only take: who left by any source has left.
    Active,
    /// Where they work in the company.
    Department,
    /// What they are called there.
    Title,
    /// Where they work on the map.
    Location,
    /// Who they report to.
    Manager,
    /// Groups, but for those of Slack.
    Groups,
    /// Groups of the Slack workspace.
    UserGroups,
}

impl Fact {
    /// Every fact, for messages that list the choices.
    pub const ALL: [Self; 7] = [
        Self::Active,
        Self::Department,
        Self::Title,
        Self::Location,
        Self::Manager,
        Self::Groups,
        Self::UserGroups,
    ];

    /// As the configuration writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Department => "department",
            Self::Title => "title",
            Self::Location => "location",
            Self::Manager => "manager",
            Self::Groups => "groups",
            Self::UserGroups => "user_groups",
        }
    }

    /// The fact whose source tells who is in this group.
    #[must_use]
    pub fn of_group(group: &GroupId) -> Self {
        if group.as_str().starts_with(USER_GROUP) { Self::UserGroups } else { Self::Groups }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Active => "whether they are here",
            Self::Department => "department",
            Self::Title => "title",
            Self::Location => "location",
            Self::Manager => "manager",
            Self::Groups => "membership of groups",
            Self::UserGroups => "membership of Slack's user groups",
        }
    }
}

/// A source of facts besides the one that says who there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its name in the configuration.
    pub source: String,
    /// What it is the authority for.
    pub gives: BTreeSet<Fact>,
    /// Of when its facts are; none when it has told nothing yet.
    pub as_of: Option<Timestamp>,
    /// How old they may be for a decision.
    pub max_age: Span,
}

impl Origin {
    /// Whether decisions at `now` can't go by what it told.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.as_of.is_none_or(|as_of| now.since(as_of) > self.max_age)
    }

    /// What is said of a fact of it that is too old. Without its age, so that it stays true.
    pub(super) fn too_old(&self, fact: Fact) -> String {
        let (fact, source) = (fact.words(), &self.source);
        match self.as_of {
            Some(as_of) => format!(
                "{fact} is older than {} (source {source}, as of {})",
                self.max_age.words(),
                as_of.minute_utc()
            ),
            None => format!("{fact} is not known (source {source} has told nothing yet)"),
        }
    }

    fn untold(&self, fact: Fact) -> String {
        format!("{} is not known (source {} does not tell it of this person)", fact.words(), self.source)
    }
}

/// What can't be gone by of a person, and why, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubts(BTreeMap<Fact, String>);

impl Doubts {
    /// Of somebody of whom these sources (a bit each, by number) tell nothing, while those are too old. None when all is
    /// well.
    pub(super) fn of(origins: &[Origin], untold: u32, stale: u32) -> Option<Self> {
        let mut doubts = BTreeMap::new();
        for (number, origin) in origins.iter().enumerate() {
            for fact in &origin.gives {
                if is_set(stale, number) {
                    doubts.insert(*fact, origin.too_old(*fact));
                } else if is_set(untold, number) && *fact != Fact::Active {
                    doubts.insert(*fact, origin.untold(*fact));
                }
            }
        }
        (!doubts.is_empty()).then_some(Self(doubts))
    }

    /// Why this fact can't be gone by, when it can't.
    #[must_use]
    pub fn about(&self, fact: Fact) -> Option<&str> {
        self.0.get(&fact).map(String::as_str)
    }
}

/// Whether the source of this number is in the set.
pub(super) const fn is_set(set: u32, number: usize) -> bool {
    number < 32 && set & (1 << number) != 0
}

/// The sources that are too old.
pub(super) fn stale_of(origins: &[Origin], now: Timestamp) -> u32 {
    let stale = origins.iter().enumerate().filter(|(_, origin)| origin.is_stale(now));
    stale
        .fold(0, |set, (number, _)| set | 1_u32.checked_shl(u32::try_from(number).unwrap_or(32)).unwrap_or(0))
}
