//! A decision with its reasons: which rule, the value it saw, and what would satisfy it.

use serde::{Deserialize, Serialize};

/// Which check a reason comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// An `eligible` rule matched: a reason of a yes.
    Eligible,
    /// One of those who may decide: a reason of a yes.
    Approver,
    /// The directory does not know the person.
    UnknownPerson,
    /// The person has left.
    Leaver,
    /// The directory's facts are too old to decide on.
    StaleDirectory,
    /// No such app or role in the policies.
    UnknownRole,
    /// The app or the role is not to be asked for any more.
    Retired,
    /// A `never` rule matched.
    Never,
    /// No `eligible` rule matched.
    NotEligible,
    /// The person holds or asks for a role that conflicts.
    Conflict,
    /// Longer than the role allows.
    OverMaximum,
    /// With extensions, longer in all than the role allows.
    OverTotal,
    /// Nothing or less than a minute was asked for.
    TooShort,
    /// The justification is missing or too short or too long.
    Justification,
    /// A ticket is required, or none may be named.
    Ticket,
    /// A form field is missing or not one of the choices.
    Field,
    /// A request of the same person, role and kind overlaps.
    Twin,
    /// A revocation of this person on this target is stuck.
    Lockdown,
    /// The person has too many open requests.
    TooMany,
    /// The revoke path of a target is known to be broken.
    RevokePathBroken,
    /// The tier has no break-glass.
    NoBreakGlass,
    /// A break-glass review of this person is overdue.
    ReviewOverdue,
    /// The grant to extend is not active.
    ParentEnded,
    /// The requester can't decide on their own request.
    OwnRequest,
    /// Not one of those who may approve this stage.
    NotApprover,
    /// Approved an earlier stage that demands distinct people, or voted already.
    AlreadyVoted,
    /// The database's disk is full: revocations only.
    DiskFull,
    /// Nobody can approve: the approvers, and the fallback, are empty.
    NoApprovers,
    /// Jitney contradicted itself: nothing was changed.
    Internal,
    /// The start lies in the past or too far ahead.
    BadStart,
    /// The start lies outside of the hours of the role.
    OutsideHours,
    /// Nothing new begins at that time.
    Blackout,
    /// The person has as many roles of that risk as one may have at once.
    TooManyOfRisk,
}

impl ReasonCode {
    /// Whether it is about what the requester filled in, rather than about them or the role.
    #[must_use]
    pub const fn is_of_form(self) -> bool {
        matches!(self, Self::Justification | Self::Ticket | Self::Field)
    }
}

/// One reason of a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Which check.
    pub code: ReasonCode,
    /// The rule by name and place: `never[0] of billing/read (policies/billing.toml:19:1)`.
    pub rule: String,
    /// The value it saw: `employment is contractor`.
    pub saw: String,
    /// What would satisfy it.
    pub wants: String,
}

/// What a rule decided, and why. Refused without a reason can't be built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Yes; the rules that said so.
    Granted(Vec<Reason>),
    /// No; the first reason, then the others.
    Refused(Reason, Vec<Reason>),
}

impl Verdict {
    /// Refused when there is a reason to, else granted by `because`.
    #[must_use]
    pub fn from_reasons(refusals: Vec<Reason>, because: Vec<Reason>) -> Self {
        let mut refusals = refusals.into_iter();
        match refusals.next() {
            Some(first) => Self::Refused(first, refusals.collect()),
            None => Self::Granted(because),
        }
    }

    /// This, and refused when there is more against it.
    #[must_use]
    pub fn unless(self, more: Vec<Reason>) -> Self {
        match self {
            Self::Granted(because) => Self::from_reasons(more, because),
            Self::Refused(first, mut rest) => {
                rest.extend(more);
                Self::Refused(first, rest)
            }
        }
    }

    /// Whether it is a yes.
    #[must_use]
    pub const fn is_granted(&self) -> bool {
        match self {
            Self::Granted(_) => true,
            Self::Refused(..) => false,
        }
    }

    /// The rules that said yes; none of a refusal.
    #[must_use]
    pub const fn allowed_by(&self) -> &[Reason] {
        match self {
            Self::Granted(because) => because.as_slice(),
            Self::Refused(..) => &[],
        }
    }

    /// The reasons of a refusal; none of a yes.
    pub fn refusals(&self) -> impl Iterator<Item = &Reason> {
        let (first, rest) = match self {
            Self::Granted(_) => (None, [].as_slice()),
            Self::Refused(first, rest) => (Some(first), rest.as_slice()),
        };
        first.into_iter().chain(rest)
    }
}
