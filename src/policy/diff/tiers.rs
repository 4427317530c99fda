//! One tier held against another.

use std::collections::BTreeSet;

use super::super::{Stage, Tier};
use super::{Direction, TierDifference, sets};
use crate::ids::CalendarId;
use crate::time::Span;

/// How the new one is unlike the old one.
pub(super) fn tier_differences(old: &Tier, new: &Tier) -> Vec<TierDifference> {
    let mut found = Vec::new();
    if old.auto_under != new.auto_under {
        found.push(TierDifference::Auto { from: old.auto_under, to: new.auto_under });
    }
    if old.stages.len() != new.stages.len() {
        found.push(TierDifference::Count { from: old.stages.len(), to: new.stages.len() });
    }
    for (stage, (old, new)) in (1..).zip(old.stages.iter().zip(&new.stages)) {
        found.extend(stage_differences(stage, old, new));
    }
    let longest = |tier: &Tier| tier.break_glass.as_ref().map(|glass| glass.max_duration);
    if longest(old) != longest(new) {
        found.push(TierDifference::BreakGlass { from: longest(old), to: longest(new) });
    }
    if let (Some(old), Some(new)) = (&old.break_glass, &new.break_glass)
        && old.review_within != new.review_within
    {
        found.push(TierDifference::Review { from: old.review_within, to: new.review_within });
    }
    found
}

fn stage_differences(stage: usize, old: &Stage, new: &Stage) -> Vec<TierDifference> {
    let mut found = Vec::new();
    if old.quorum != new.quorum {
        found.push(TierDifference::Quorum { stage, from: old.quorum, to: new.quorum });
    }
    if old.distinct != new.distinct {
        found.push(TierDifference::Distinct { stage, to: new.distinct });
    }
    for (key, old, new) in [
        ("approvers", &old.approvers, &new.approvers),
        ("escalate_to", &old.escalate_to, &new.escalate_to),
        ("fallback", &old.fallback, &new.fallback),
    ] {
        let (added, removed) = sets(old, new);
        if !added.is_empty() || !removed.is_empty() {
            found.push(TierDifference::Approvers { stage, key, added, removed });
        }
    }
    found
}

/// When people are asked again and others besides, by whose hours, and whether by direct message.
#[derive(PartialEq, Eq)]
pub(super) struct Waits<'a> {
    remind_after: Option<Span>,
    escalate_after: Option<Span>,
    hours: Option<&'a CalendarId>,
    direct: bool,
}

/// The same by stage.
pub(super) fn waits(tier: &Tier) -> Vec<Waits<'_>> {
    let waits = tier.stages.iter().map(|stage| Waits {
        remind_after: stage.remind_after,
        escalate_after: stage.escalate_after,
        hours: stage.hours.as_ref().map(|calendar| &calendar.id),
        direct: stage.direct,
    });
    waits.collect()
}

/// All of one kind, or something to look at.
pub(super) fn overall(differs: &[TierDifference]) -> Direction {
    let kinds: BTreeSet<Direction> = differs.iter().map(TierDifference::direction).collect();
    match kinds.first() {
        None => Direction::Neither,
        Some(only) if kinds.len() == 1 => *only,
        Some(_) => Direction::Other,
    }
}
