//! What can be known of an Okta org without changing anything: reach, rights, the groups of the policies, the clock.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::answers::{GroupId, Rule};
use super::api::{Client, Errand};
use super::credentials::Auth;
use super::settings::{MANAGE_GROUPS, MANAGE_USERS, Settings};
use super::words;
use crate::finding::Finding;
use crate::time::{Span, Timestamp};

/// Groups that are looked at one by one.
const GROUPS_MOST: usize = 50;
/// A slow answer and a second that is named whole are no wrong clock.
const CLOCK_MAY_DIFFER: Span = Span::secs(5);

/// Looks at what the adapter will need; stops where nothing more can be seen.
pub(super) async fn check(
    client: &Client,
    settings: &Settings,
    groups: &BTreeSet<GroupId>,
    now: Timestamp,
) -> Vec<Finding> {
    let errand = Errand { now, is_revocation: false };
    let began = Instant::now();
    let seen = match client.any_group(errand).await {
        Ok(seen) => seen,
        Err(trouble) => return vec![words::check_failed(&trouble.to_string())],
    };
    let mut findings = vec![words::reached(seen.told.left())];
    if let Some(dated) = seen.dated {
        let elapsed = Span::millis(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
        findings.push(clock(now, now + elapsed, dated));
    }
    findings.push(match client.any_user(errand).await {
        Ok(()) => Finding::ok(words::USERS_READ),
        Err(trouble) => words::check_failed(&trouble.to_string()),
    });
    findings.extend(rights(client, settings, errand).await);
    findings.extend(groups_and_rules(client, groups, errand).await);
    findings
}

/// `dated` between `sent` and `received`, near enough.
fn clock(sent: Timestamp, received: Timestamp, dated: Timestamp) -> Finding {
    let by = sent.since(dated + Span::millis(999)).max(dated.since(received));
    if by > CLOCK_MAY_DIFFER { words::clock_differs(by) } else { Finding::ok(words::CLOCK_AGREES) }
}

async fn rights(client: &Client, settings: &Settings, errand: Errand) -> Vec<Finding> {
    let app = match &settings.auth {
        Auth::ApiToken { .. } => {
            return vec![match client.me(errand).await {
                Ok(user) => words::acting_as(&user),
                Err(trouble) => words::check_failed(&trouble.to_string()),
            }];
        }
        Auth::App(app) => app,
    };
    let scopes = match client.scopes(errand).await {
        Ok(scopes) => scopes,
        Err(trouble) => return vec![words::check_failed(&trouble.to_string())],
    };
    let needed = [MANAGE_GROUPS].into_iter().chain(settings.end_sessions.then_some(MANAGE_USERS));
    let lacking = needed.filter(|scope| !scopes.iter().any(|has| has == scope));
    let lacking: Vec<Finding> = lacking.map(|scope| words::lacks_scope(&app.client_id, scope)).collect();
    if lacking.is_empty() { vec![words::acting_as_app(&app.client_id, &scopes)] } else { lacking }
}

async fn groups_and_rules(client: &Client, groups: &BTreeSet<GroupId>, errand: Errand) -> Vec<Finding> {
    let mut findings = Vec::new();
    let rules = client.rules(errand).await.unwrap_or_else(|trouble| {
        findings.push(words::rules_unread(&trouble.to_string()));
        Vec::new()
    });
    for id in groups.iter().take(GROUPS_MOST) {
        findings.push(group(client, id, &rules, errand).await);
    }
    if let Some(rest) = groups.len().checked_sub(GROUPS_MOST).filter(|rest| *rest > 0) {
        findings.push(words::more_groups(rest));
    }
    findings
}

async fn group(client: &Client, id: &GroupId, rules: &[Rule], errand: Errand) -> Finding {
    let group = match client.group(errand, id).await {
        Ok(Some(group)) => group,
        Ok(None) => return words::group_is_wrong(&words::no_such_group(id)),
        Err(trouble) => return words::check_failed(&trouble.to_string()),
    };
    if let Some(why) = words::managed_elsewhere(id, group.kind) {
        return words::group_is_wrong(&why);
    }
    match rules.iter().find(|rule| rule.fills(id)) {
        Some(rule) => words::filled_by_rule(id, &rule.name),
        None => words::group_is_fine(id, &group.profile.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Grade;

    #[test]
    fn a_clock_that_is_off_is_told() {
        let at = Timestamp::from_millis;
        for (sent, received, dated, grade) in [
            (10_900, 11_100, 10_000, Grade::Ok),
            (0, 15_000, 15_000, Grade::Ok),
            (16_000, 16_100, 10_000, Grade::Warn),
            (0, 1_000, 7_000, Grade::Warn),
        ] {
            assert_eq!(clock(at(sent), at(received), at(dated)).grade, grade, "{sent} {received} {dated}");
        }
    }
}
