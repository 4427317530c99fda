//! How bad it is when it goes wrong, and what holds of all roles that are as bad.

use serde::{Deserialize, Serialize};

use crate::ids::TierId;
use crate::time::Span;

/// How bad it is when it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// An annoyance.
    Low,
    /// A bad day.
    Medium,
    /// A bad quarter.
    High,
}

impl Risk {
    /// Every level, for messages that list the choices.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// As policies write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What holds of all roles of one risk. Roles that break its tiers or its longest are errors of their files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RiskRule {
    /// How many roles of it one person may have or ask for at once.
    pub at_once: Option<u32>,
    /// The longest that one request may ask for.
    pub max_duration: Option<Span>,
    /// The tiers that decide on it; any, when empty.
    pub tiers: Vec<TierId>,
    /// Where it stands: `policies/tiers.toml:3:1`.
    pub place: String,
}
