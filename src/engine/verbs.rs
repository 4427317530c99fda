//! What kind of verb a verb is.

use super::Verb;
use crate::ids::RequestId;

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
