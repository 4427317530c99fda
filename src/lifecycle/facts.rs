//! Facts that span requests or come from outside, read in the same transaction and passed to the decision as a
//! value, so that it stays pure and race-free.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{PersonId, RequestId, TargetId};
use crate::policy::{Capacity, Reason, StageApprovers, Verdict};
use crate::time::{Span, Timestamp};

/// What a decision may look at besides the request.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Of the event's own question: may this person ask, may this person approve. Events without a question
    /// carry a yes.
    pub verdict: Verdict,
    /// Whether the requester may still have this role, for as long as was asked: judged when the last
    /// approval comes in, at a scheduled start, and before an extension applies.
    pub still_eligible: Verdict,
    /// Whether a scheduled start waits for a look at the ticket that it names.
    pub look_owed: bool,
    /// Those of the votes, by voter and stage, whose voter may still approve that stage now, with the one that this
    /// approval is.
    pub valid_votes: BTreeSet<(PersonId, u32)>,
    /// In what capacity the one who approves does, when not in their own right.
    pub capacity: Option<Capacity>,
    /// Why the others of them don't count any more.
    pub lost_votes: BTreeMap<(PersonId, u32), Vec<Reason>>,
    /// For each stage of the tier, who would be asked now.
    pub stages: Vec<StageApprovers>,
    /// The grant to extend.
    pub parent: Option<ParentFacts>,
    /// Other requests' hold on the same entitlements.
    pub claims: Vec<Claim>,
    /// Targets that the requester is locked down on.
    pub lockdowns: BTreeSet<TargetId>,
    /// Targets whose breaker is open: down for everybody.
    pub breakers_open: BTreeSet<TargetId>,
    /// Other grants of the requester that are granting or active, with their targets.
    pub other_grants: Vec<(RequestId, BTreeSet<TargetId>)>,
    /// Held requests of the requester.
    pub held: Vec<RequestId>,
    /// Pending extensions of this grant.
    pub open_extensions: Vec<RequestId>,
    /// How many people besides the requester are operators: one alone may waive a lockdown only where there is one
    /// alone.
    pub operators: usize,
    /// A number from 0 to 999 that spreads retries.
    pub jitter: u32,
}

impl Facts {
    /// Facts of a world with nobody else in it: where tests and quiet events start from.
    #[must_use]
    pub fn alone() -> Self {
        Self {
            verdict: Verdict::Granted(Vec::new()),
            still_eligible: Verdict::Granted(Vec::new()),
            look_owed: false,
            valid_votes: BTreeSet::new(),
            capacity: None,
            lost_votes: BTreeMap::new(),
            stages: Vec::new(),
            parent: None,
            claims: Vec::new(),
            lockdowns: BTreeSet::new(),
            breakers_open: BTreeSet::new(),
            other_grants: Vec::new(),
            held: Vec::new(),
            open_extensions: Vec::new(),
            operators: 0,
            jitter: 500,
        }
    }
}

/// The grant that an extension extends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentFacts {
    /// Its end, while it is active.
    pub expires_at: Option<Timestamp>,
    /// When it became active.
    pub active_at: Timestamp,
    /// How long in all it may live, by the smaller of its terms and the live policy.
    pub max_total: Span,
}

/// Another request's hold on a shared entitlement of this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The step of this request that has the same entitlement.
    pub step: u32,
    /// The other request.
    pub request: RequestId,
    /// The other request's step.
    pub their_step: u32,
    /// Whether the other grant is granting or active, and so explains the entitlement for the time to come.
    pub live: bool,
    /// Whether the other grant believes that it put the entitlement there, or may have.
    pub ours: bool,
    /// Whether the other grant saw it gone and has not had its second look yet: what is there may be its own,
    /// landed late.
    pub closing: bool,
    /// When the other grant ends at the latest.
    pub ends_at: Timestamp,
    /// A call of the other grant may land until then.
    pub quiet_until: Option<Timestamp>,
}
