//! Which statuses an issue shall go through. Most workflows let it jump to the last one at once; where they don't,
//! it follows the request's story.

use std::collections::BTreeMap;

use super::answers::Way;
use super::settings::Milestone;
use crate::engine::Dossier;
use crate::lifecycle::What;

/// The configured statuses of the request's story, in order, after the one that we last set. The last one is
/// wanted; nothing is wanted when it is empty.
pub(super) fn route<'a>(dossier: &Dossier, names: &'a BTreeMap<Milestone, String>) -> Vec<&'a str> {
    let Some(wanted) = names.get(&Milestone::from(&dossier.request.state)) else { return Vec::new() };
    let mut story: Vec<Milestone> = Vec::new();
    for milestone in dossier.entries.iter().filter_map(|entry| milestone(&entry.what)) {
        // Many workflows lead to their end through the work alone. An extension, and a grant that ended while it
        // began, never were active.
        let is_end = matches!(milestone, Milestone::Applied | Milestone::Revoked);
        if is_end && !story.contains(&Milestone::Active) {
            story.push(Milestone::Active);
        }
        story.push(milestone);
    }
    let mut route: Vec<&str> = Vec::new();
    for name in story.iter().filter_map(|milestone| names.get(milestone)).chain([wanted]) {
        if route.last().is_none_or(|last| !same(last, name)) {
            route.push(name);
        }
    }
    if let Some(set) = &dossier.issue_status
        && let Some(done) = route.iter().rposition(|name| same(name, set))
    {
        route.drain(..=done);
    }
    route
}

/// The way that leads farthest along the route, and what is left of the route after it.
pub(super) fn farthest<'w, 'l, 'r>(
    route: &'l [&'r str],
    ways: &'w [Way],
) -> Option<(&'w Way, &'l [&'r str])> {
    route.iter().enumerate().rev().find_map(|(n, name)| {
        let way = ways.iter().find(|way| same(&way.to, name))?;
        Some((way, route.get(n + 1..).unwrap_or_default()))
    })
}

/// Jira's status names differ in case between screens and languages of the same site.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

const fn milestone(what: &What) -> Option<Milestone> {
    match what {
        What::Submitted { .. } => Some(Milestone::Pending),
        What::Scheduled { .. } => Some(Milestone::Scheduled),
        What::Provisioning { .. } => Some(Milestone::Granting),
        What::Activated { .. } => Some(Milestone::Active),
        What::Ending { cause } => Some(Milestone::ended(cause, Milestone::Revoking)),
        What::Stuck { .. } => Some(Milestone::Stuck),
        What::Revoked { cause, .. } => Some(Milestone::ended(cause, Milestone::Revoked)),
        What::Applied { .. } => Some(Milestone::Applied),
        What::Denied { .. } => Some(Milestone::Denied),
        What::Withdrawn { .. } | What::Drilled { .. } => Some(Milestone::Withdrawn),
        What::Lapsed => Some(Milestone::Lapsed),
        What::AutoApproved { .. }
        | What::ApprovalWanted { .. }
        | What::ConfirmationWanted { .. }
        | What::Confirmed
        | What::Approved { .. }
        | What::AskedAnew { .. }
        | What::Questioned { .. }
        | What::Answered { .. }
        | What::VoteDropped { .. }
        | What::Reminded { .. }
        | What::Escalated { .. }
        | What::Held { .. }
        | What::FoundStanding { .. }
        | What::FoundShared { .. }
        | What::Granted { .. }
        | What::CallFailed { .. }
        | What::Warned { .. }
        | What::Extended { .. }
        | What::ExpiryMoved { .. }
        | What::Gone { .. }
        | What::HandedOver { .. }
        | What::Inherited { .. }
        | What::WaiverGiven { .. }
        | What::LockdownLifted { .. }
        | What::Attested { .. }
        | What::Closed { .. }
        | What::Reappeared { .. }
        | What::CredentialRevealed
        | What::RevealRefused
        | What::ReviewOverdue { .. }
        | What::Reviewed { .. } => None,
    }
}
