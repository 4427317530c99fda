//! Requests of the past, decided once more by the policies of today: what would have come out otherwise.
//!
//! What is known of then: who asked with their employment, department and manager, what they asked for, who agreed.
//! What is taken from now: groups, titles, locations, who approves. So a difference is something to look at, not a proof.

use serde::Serialize;

use super::{
    Ask, AskMode, Ballot, Capacity, Employment, People, Person, PolicySet, ReasonCode, Tier, Verdict,
    auto_approves, may_approve, may_ask, vote_stands,
};
use crate::ids::{PersonId, RoleRef};
use crate::time::{Span, Timestamp};

/// A request as it was stored.
#[derive(Debug, Clone)]
pub struct Past<'a> {
    /// Who asked.
    pub requester: &'a PersonId,
    /// As people called them.
    pub name: &'a str,
    /// How they were employed then.
    pub employment: Employment,
    /// Where they worked then.
    pub department: &'a str,
    /// Who they reported to then; none where nobody wrote it down.
    pub manager: Option<&'a PersonId>,
    /// What they asked for.
    pub ask: &'a Ask,
    /// New, break-glass or an extension of a grant that began then.
    pub kind: PastKind,
    /// When.
    pub at: Timestamp,
    /// The other roles that they held or asked for then.
    pub holds: &'a [RoleRef],
    /// What was decided.
    pub decided: Decided<'a>,
}

/// What kind of request it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PastKind {
    /// New access.
    New,
    /// More time for a grant that was active since.
    Extension {
        /// Since then.
        active_at: Timestamp,
    },
    /// Access at once.
    BreakGlass,
}

/// What was decided then.
#[derive(Debug, Clone, Copy)]
pub enum Decided<'a> {
    /// Refused at once, for these reasons.
    Refused(&'a [ReasonCode]),
    /// Taken on, under this tier, with these votes in order.
    Taken {
        /// As it was copied.
        tier: &'a Tier,
        /// Who agreed, in which stage, and in what capacity when not in their own right.
        votes: &'a [(PersonId, u32, Option<Capacity>)],
        /// Whether they were enough.
        approved: bool,
    },
}

/// What would be decided otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// It would be refused at once.
    NowRefused(Verdict),
    /// It was refused, and would be taken on.
    NowTaken,
    /// People decided, and nobody would be asked.
    NowAtOnce,
    /// Nobody was asked, and people would be.
    NowAsked,
    /// Those who agreed would not be enough.
    VotesShort {
        /// The first stage that they leave open, from 1.
        stage: usize,
    },
    /// Fewer of those who agreed would be enough.
    FewerVotes {
        /// So many.
        enough: usize,
        /// Of so many.
        given: usize,
    },
}

/// Decides requests of the past once more.
#[derive(Debug)]
pub struct Replay<'a> {
    policies: &'a PolicySet,
    people: People,
}

impl<'a> Replay<'a> {
    /// By these policies, and by the directory of today.
    #[must_use]
    pub const fn new(policies: &'a PolicySet, people: People) -> Self {
        Self { policies, people }
    }

    /// None when it comes out as it did. The directory is younger than the request, so never too old for it.
    #[must_use]
    pub fn decide(&mut self, past: &Past<'_>) -> Option<Otherwise> {
        let today = self.people.get(past.requester);
        if today.is_some_and(|person| is_as_then(person, past)) {
            return decide(self.policies, &self.people, past);
        }
        let then = as_then(today, past);
        let today = self.people.put(past.requester, Some(then));
        let otherwise = decide(self.policies, &self.people, past);
        self.people.put(past.requester, today);
        otherwise
    }
}

fn decide(policies: &PolicySet, people: &People, past: &Past<'_>) -> Option<Otherwise> {
    let mode = match past.kind {
        PastKind::New => AskMode::New,
        PastKind::BreakGlass => AskMode::BreakGlass,
        // How long the grant had to go is not written down: it is counted to the moment of the asking.
        PastKind::Extension { active_at } => {
            AskMode::Extension { active_at, expires_at: past.at + Span::millis(1) }
        }
    };
    let verdict = may_ask(policies, people, past.requester, past.ask, mode, past.holds, past.at);
    let (tier, votes, approved) = match (past.decided, verdict.is_granted()) {
        (Decided::Refused(_), false) => return None,
        (Decided::Refused(codes), true) => return rules_refused(codes).then_some(Otherwise::NowTaken),
        (Decided::Taken { .. }, false) => return Some(Otherwise::NowRefused(verdict)),
        (Decided::Taken { tier, votes, approved }, true) => (tier, votes, approved),
    };
    let (app, role) = policies.role(&past.ask.role)?;
    let now = policies.tiers.get(&role.tier)?;
    let span = match past.kind {
        PastKind::New => past.ask.duration,
        PastKind::Extension { active_at } => (past.at + past.ask.duration).since(active_at),
        PastKind::BreakGlass => return None,
    };
    match (auto_approves(tier, span), auto_approves(now, span)) {
        (false, true) => Some(Otherwise::NowAtOnce),
        (true, false) => Some(Otherwise::NowAsked),
        (true, true) => None,
        (false, false) if approved => recount(now, &app.owners, people, past, votes),
        (false, false) => None,
    }
}

/// Whether the policies refused it, rather than something of that moment.
fn rules_refused(codes: &[ReasonCode]) -> bool {
    codes.iter().all(|code| {
        matches!(
            code,
            ReasonCode::Never
                | ReasonCode::NotEligible
                | ReasonCode::Conflict
                | ReasonCode::OverMaximum
                | ReasonCode::OverTotal
                | ReasonCode::Retired
                | ReasonCode::UnknownRole
                | ReasonCode::Ticket
                | ReasonCode::NoBreakGlass
                | ReasonCode::NoApprovers
                | ReasonCode::OutsideHours
                | ReasonCode::Blackout
                | ReasonCode::TooManyOfRisk
        )
    })
}

fn is_as_then(today: &Person, past: &Past<'_>) -> bool {
    let manager = past.manager.is_none() || past.manager == today.manager.as_ref();
    today.active && manager && today.employment == past.employment && today.department == past.department
}

/// The requester as they were, as far as that is known; their groups are those of today.
fn as_then(today: Option<&Person>, past: &Past<'_>) -> Person {
    Person {
        id: past.requester.clone(),
        name: past.name.to_owned(),
        employment: past.employment,
        department: past.department.to_owned(),
        location: today.map(|person| person.location.clone()).unwrap_or_default(),
        manager: past.manager.cloned().or_else(|| today.and_then(|person| person.manager.clone())),
        groups: today.map(|person| person.groups.clone()).unwrap_or_default(),
        active: true,
        slack: None,
        operator_login: None,
        title: today.map(|person| person.title.clone()).unwrap_or_default(),
        doubts: None,
    }
}

/// Holds the votes, in their order, against the tier of today.
fn recount(
    tier: &Tier,
    owners: &[PersonId],
    people: &People,
    past: &Past<'_>,
    votes: &[(PersonId, u32, Option<Capacity>)],
) -> Option<Otherwise> {
    let mut counted: Vec<(PersonId, u32)> = Vec::new();
    let mut used = 0;
    for (number, stage) in (0u32..).zip(&tier.stages) {
        let mut agreed = 0;
        while agreed < stage.quorum {
            let Some((voter, _, in_capacity)) = votes.get(used) else {
                return Some(Otherwise::VotesShort { stage: number as usize + 1 });
            };
            used += 1;
            let ballot = Ballot {
                tier,
                owners,
                requester: past.requester,
                stage: number,
                escalated: true,
                voted: &counted,
            };
            // Who was on call or away then, nobody knows today: it is taken from the vote.
            let counts = match in_capacity {
                None => may_approve(&ballot, voter, people, past.at).is_granted(),
                Some(_) => vote_stands(&ballot, voter, in_capacity.as_ref(), people, past.at).is_ok(),
            };
            if counts {
                counted.push((voter.clone(), number));
                agreed += 1;
            }
        }
    }
    (used < votes.len()).then_some(Otherwise::FewerVotes { enough: used, given: votes.len() })
}
