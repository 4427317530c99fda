//! What kind of verb a verb is.

use super::Verb;
use crate::ids::RequestId;
use crate::policy::Ask;

impl Verb {
    /// What is asked for, when a verb asks for access that somebody does not have.
    #[must_use]
    pub const fn ask(&self) -> Option<&Ask> {
        match self {
            Self::Ask(ask) | Self::AskFor { ask, .. } | Self::BreakGlass(ask) | Self::Drill { ask, .. } => {
                Some(ask)
            }
            Self::Extend { .. }
            | Self::Approve { .. }
            | Self::Deny { .. }
            | Self::Question { .. }
            | Self::Reply { .. }
            | Self::Confirm { .. }
            | Self::Withdraw { .. }
            | Self::Release { .. }
            | Self::Revoke { .. }
            | Self::Reveal { .. }
            | Self::RevealShown { .. }
            | Self::RevealRefused { .. }
            | Self::Attest { .. }
            | Self::WaiveLockdown { .. }
            | Self::Redact { .. }
            | Self::AcceptPeople { .. }
            | Self::Review { .. } => None,
        }
    }
}

/// Whether a verb asks for something new, which a full disk refuses.
pub(super) fn asks_for_more(verb: &Verb) -> bool {
    match verb {
        Verb::Ask(_)
        | Verb::AskFor { .. }
        | Verb::BreakGlass(_)
        | Verb::Drill { .. }
        | Verb::Extend { .. }
        | Verb::Approve { .. }
        | Verb::Confirm { agrees: true, .. } => true,
        Verb::Deny { .. }
        | Verb::Question { .. }
        | Verb::Reply { .. }
        | Verb::Confirm { agrees: false, .. }
        | Verb::Withdraw { .. }
        | Verb::Release { .. }
        | Verb::Revoke { .. }
        | Verb::Reveal { .. }
        | Verb::RevealShown { .. }
        | Verb::RevealRefused { .. }
        | Verb::Attest { .. }
        | Verb::WaiveLockdown { .. }
        | Verb::Redact { .. }
        | Verb::AcceptPeople { .. }
        | Verb::Review { .. } => false,
    }
}

/// The request that a verb is about; none for a new one.
pub(super) fn subject(verb: &Verb) -> Option<RequestId> {
    match verb {
        Verb::Ask(_)
        | Verb::AskFor { .. }
        | Verb::BreakGlass(_)
        | Verb::Drill { .. }
        | Verb::AcceptPeople { .. } => None,
        Verb::Extend { parent, .. } => Some(*parent),
        Verb::Approve { request, .. }
        | Verb::Deny { request, .. }
        | Verb::Question { request, .. }
        | Verb::Reply { request, .. }
        | Verb::Confirm { request, .. }
        | Verb::Withdraw { request, .. }
        | Verb::Release { request }
        | Verb::Revoke { request, .. }
        | Verb::Reveal { request }
        | Verb::RevealShown { request }
        | Verb::RevealRefused { request }
        | Verb::Attest { request, .. }
        | Verb::WaiveLockdown { request, .. }
        | Verb::Redact { request, .. }
        | Verb::Review { request, .. } => Some(*request),
    }
}
