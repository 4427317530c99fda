//! Two sets of policies held against each other: who gains, who loses, and what became weaker or stronger.

mod compare;
mod tiers;

use std::collections::BTreeSet;

use serde::Serialize;

use super::{ApproverRef, People, PolicySet, Risk, Rule, TicketOf, TicketRule};
use crate::ids::{AppId, CalendarId, PersonId, RoleRef, TargetId, TierId};
use crate::time::Span;

/// Whether a change gives more or takes more care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More people, more time, or less control.
    Wider,
    /// Fewer people, less time, or more control.
    Narrower,
    /// Other people, or another control: somebody should look.
    Other,
    /// Words and waits: nobody can do more or less.
    Neither,
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it is about.
    pub subject: Subject,
    /// What became of it.
    pub what: What,
    /// Whether it gives more.
    pub direction: Direction,
    /// How many people it concerns: those who may ask for what it is about, before or after. None without a directory,
    /// and of what is about no role by itself.
    pub people: Option<usize>,
}

/// How many people may ask for something that they could not, and how many for something not any more.
#[must_use]
pub fn moved_people(changes: &[Change]) -> (usize, usize) {
    let (mut gained, mut lost) = (BTreeSet::new(), BTreeSet::new());
    for change in changes {
        if let What::Rules { gain, lose, .. } = &change.what {
            gained.extend(gain);
            lost.extend(lose);
        }
    }
    (gained.len(), lost.len())
}

/// What a change is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An app.
    App(AppId),
    /// A role.
    Role(RoleRef),
    /// A tier, and the roles that use it.
    Tier(TierId, Vec<RoleRef>),
    /// A calendar.
    Calendar(CalendarId),
    /// Times in which nothing new begins.
    Blackouts,
    /// All roles of a risk.
    Risk(Risk),
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Who may ask.
    Rules {
        /// Who may now and could not, by the directory; of a new role, everybody who may.
        gain: Vec<PersonId>,
        /// Who could and may not any more.
        lose: Vec<PersonId>,
        /// `eligible` rules that came.
        eligible_added: Vec<Rule>,
        /// `eligible` rules that went.
        eligible_removed: Vec<Rule>,
        /// `never` rules that came.
        never_added: Vec<Rule>,
        /// `never` rules that went.
        never_removed: Vec<Rule>,
    },
    /// A length of time.
    Duration {
        /// The key: `max_duration`.
        key: &'static str,
        /// Before; none where there was none.
        from: Option<Span>,
        /// After.
        to: Option<Span>,
    },
    /// The role's tier.
    Tier {
        /// Before.
        from: TierId,
        /// After.
        to: TierId,
        /// How the new one differs.
        differs: Vec<TierDifference>,
    },
    /// A tier's stages.
    Stages(TierDifference),
    /// The app's owners.
    Owners {
        /// Who came.
        added: Vec<PersonId>,
        /// Who went.
        removed: Vec<PersonId>,
    },
    /// How bad it is when it goes wrong.
    Risk(Risk, Risk),
    /// Whether a request names a ticket.
    Ticket(TicketRule, TicketRule),
    /// Whose ticket it may be.
    TicketOf(TicketOf, TicketOf),
    /// Who finds it.
    Visibility {
        /// Before.
        from: &'static str,
        /// After.
        to: &'static str,
    },
    /// What one can't hold beside it.
    Conflicts {
        /// What came.
        added: Vec<RoleRef>,
        /// What went.
        removed: Vec<RoleRef>,
    },
    /// Who has its access outside of Jitney.
    HeldBy {
        /// Rules that came.
        added: Vec<Rule>,
        /// Rules that went.
        removed: Vec<Rule>,
    },
    /// What is done on targets.
    Steps {
        /// What came, as labels.
        added: Vec<String>,
        /// What went.
        removed: Vec<String>,
    },
    /// Targets that are locked down together.
    Family {
        /// What came.
        added: Vec<TargetId>,
        /// What went.
        removed: Vec<TargetId>,
    },
    /// What the form asks.
    Fields {
        /// Ids of the fields after.
        to: Vec<String>,
    },
    /// A text: its key.
    Text(&'static str),
    /// In which times a role may begin.
    Hours {
        /// Before; none is any time.
        from: Option<CalendarId>,
        /// After.
        to: Option<CalendarId>,
    },
    /// Times in which nothing new begins, in words.
    Blackouts {
        /// What came.
        added: Vec<String>,
        /// What went.
        removed: Vec<String>,
    },
    /// How many roles of a risk one person may have at once.
    AtOnce {
        /// Before; none is any number.
        from: Option<u32>,
        /// After.
        to: Option<u32>,
    },
    /// The tiers that roles of a risk may name; any, when empty.
    RiskTiers {
        /// Before.
        from: Vec<TierId>,
        /// After.
        to: Vec<TierId>,
    },
    /// When a calendar is open, in words.
    Open {
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// The holidays of a calendar.
    Holidays {
        /// What came, as `2026-12-25`.
        added: Vec<String>,
        /// What went.
        removed: Vec<String>,
    },
    /// When a tier's approvers are asked again or others besides, or how they are told.
    Waits,
}

/// How one tier is unlike another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TierDifference {
    /// How many stages there are.
    Count {
        /// Before.
        from: usize,
        /// After.
        to: usize,
    },
    /// How many must agree in a stage.
    Quorum {
        /// The stage, from 1.
        stage: usize,
        /// Before.
        from: u32,
        /// After.
        to: u32,
    },
    /// Whether approvers of earlier stages count.
    Distinct {
        /// The stage, from 1.
        stage: usize,
        /// After.
        to: bool,
    },
    /// Who may decide in a stage.
    Approvers {
        /// The stage, from 1.
        stage: usize,
        /// The list's key.
        key: &'static str,
        /// Who came.
        added: Vec<ApproverRef>,
        /// Who went.
        removed: Vec<ApproverRef>,
    },
    /// Up to which length nobody is asked.
    Auto {
        /// Before.
        from: Option<Span>,
        /// After.
        to: Option<Span>,
    },
    /// The longest break-glass.
    BreakGlass {
        /// Before.
        from: Option<Span>,
        /// After.
        to: Option<Span>,
    },
    /// When the review of a break-glass is due.
    Review {
        /// Before.
        from: Span,
        /// After.
        to: Span,
    },
}

impl TierDifference {
    /// Whether it makes a yes easier to come by.
    #[must_use]
    pub fn direction(&self) -> Direction {
        match self {
            Self::Count { from, to } => fewer_is_wider(from, to),
            Self::Quorum { from, to, .. } => fewer_is_wider(from, to),
            Self::Distinct { to: true, .. } => Direction::Narrower,
            Self::Distinct { to: false, .. } => Direction::Wider,
            Self::Approvers { added, removed, .. } => match (added.is_empty(), removed.is_empty()) {
                (false, true) => Direction::Wider,
                (true, false) => Direction::Narrower,
                (false, false) | (true, true) => Direction::Other,
            },
            Self::Auto { from, to } | Self::BreakGlass { from, to } => more_is_wider(from, to),
            Self::Review { from, to } => more_is_wider(from, to),
        }
    }
}

/// Every difference, apps first, then roles, then tiers; with people counted where there is a directory.
#[must_use]
pub fn diff(old: &PolicySet, new: &PolicySet, people: Option<&People>) -> Vec<Change> {
    compare::changes(old, new, people)
}

fn more_is_wider<T: PartialOrd>(from: &T, to: &T) -> Direction {
    if to > from { Direction::Wider } else { Direction::Narrower }
}

fn fewer_is_wider<T: PartialOrd>(from: &T, to: &T) -> Direction {
    more_is_wider(to, from)
}

/// What came and what went, in their order.
fn sets<T: Clone + PartialEq>(old: &[T], new: &[T]) -> (Vec<T>, Vec<T>) {
    let without = |all: &[T], others: &[T]| all.iter().filter(|one| !others.contains(one)).cloned().collect();
    (without(new, old), without(old, new))
}
