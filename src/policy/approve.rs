//! Who approves, and who may.

use crate::ids::PersonId;

/// Who would be asked in one stage now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StageApprovers {
    /// The stage's approvers, or its fallback when they are empty; never the requester.
    pub asked: Vec<PersonId>,
    /// Who is asked when the stage escalates.
    pub escalation: Vec<PersonId>,
    /// Whether `asked` is the fallback.
    pub from_fallback: bool,
}

/// Whether the tier approves an ask of this length by itself.
#[must_use]
pub fn auto_approves(tier: &super::Tier, duration: crate::time::Span) -> bool {
    tier.auto_under.is_some_and(|under| duration <= under)
}
