//! Whether Jira will let the edge do its work: the account, its permissions in the project, the issue type and the
//! statuses that the configuration names, and the clock. Reads alone.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::{IssueType, Myself, Named, Permissions};
use super::client::{Client, Trouble};
use super::settings::{JiraSettings, Milestone};
use super::status::same;
use super::words::{self, Doing, NEEDED, Needed};
use crate::finding::Finding;
use crate::skew::{self, Dated};
use crate::time::Clock;

/// Asks Jira, a time-out of the settings for each of three calls at once, and says what is wrong and how to mend it.
pub async fn check(settings: &JiraSettings, clock: &dyn Clock) -> Vec<Finding> {
    let client = match Client::new(settings) {
        Ok(client) => client,
        Err(error) => return vec![words::no_client(&error)],
    };
    let ((account, clocks), permissions, types) =
        tokio::join!(account(&client, clock), permissions(&client, settings), types(&client, settings));
    let name = match account {
        Ok(name) => name,
        // Without an account every other call fails for the same reason.
        Err(trouble) => return vec![words::no_account(settings, &trouble)],
    };
    let mut findings = vec![words::account(settings, &name)];
    match (permissions, types) {
        (Err(Trouble::Refused { status: 404, .. }), Err(_)) => {
            findings.push(words::no_project(settings));
        }
        (permissions, types) => {
            findings.extend(permissions_found(settings, permissions));
            findings.extend(types_found(settings, types));
        }
    }
    findings.push(clocks.map_or_else(|| skew::undated(words::JIRA), |dated| dated.judge(words::JIRA)));
    findings
}

/// Our account's name, and the times of the answer.
async fn account(client: &Client, clock: &dyn Clock) -> (Result<String, Trouble>, Option<Dated>) {
    let sent = clock.wall();
    let answer = client.get_dated::<Myself>(Doing::Checking, &["myself"], &[]).await;
    let received = clock.wall();
    match answer {
        Ok((me, dated)) => (Ok(me.display_name), dated.map(|dated| Dated { sent, dated, received })),
        Err(trouble) => (Err(trouble), None),
    }
}

/// The keys of the permissions that the account has.
async fn permissions(client: &Client, settings: &JiraSettings) -> Result<BTreeSet<String>, Trouble> {
    let keys = NEEDED.map(|needed| needed.key).join(",");
    let query = [("projectKey", settings.project.as_str()), ("permissions", keys.as_str())];
    let (found, _) = client.get_dated::<Permissions>(Doing::Checking, &["mypermissions"], &query).await?;
    let has = found.permissions.into_iter().filter(|(_, permission)| permission.have_permission);
    Ok(has.map(|(key, _)| key).collect())
}

async fn types(client: &Client, settings: &JiraSettings) -> Result<Vec<IssueType>, Trouble> {
    let path = ["project", settings.project.as_str(), "statuses"];
    Ok(client.get_dated(Doing::Checking, &path, &[]).await?.0)
}

fn permissions_found(settings: &JiraSettings, found: Result<BTreeSet<String>, Trouble>) -> Vec<Finding> {
    let has = match found {
        Ok(has) => has,
        Err(trouble) => return vec![words::permissions_unread(&trouble)],
    };
    // Nothing is moved when no status is configured.
    let used = |needed: &&Needed| needed.key != "TRANSITION_ISSUES" || !settings.transitions.is_empty();
    let wanted: Vec<&Needed> = NEEDED.iter().filter(used).collect();
    let lacking = wanted.iter().filter(|needed| !has.contains(needed.key));
    let lacking: Vec<Finding> = lacking.map(|needed| words::permission_lacking(settings, needed)).collect();
    if lacking.is_empty() { vec![words::permissions_fine(settings, wanted.len())] } else { lacking }
}

fn types_found(settings: &JiraSettings, found: Result<Vec<IssueType>, Trouble>) -> Vec<Finding> {
    let types = match found {
        Ok(types) => types,
        Err(trouble) => return vec![words::types_unread(&trouble)],
    };
    let Some(ours) = types.iter().find(|kind| kind.name == settings.issue_type) else {
        let names: Vec<&str> = types.iter().map(|kind| kind.name.as_str()).collect();
        return vec![words::no_such_type(settings, &names)];
    };
    if ours.subtask {
        return vec![words::subtask(settings)];
    }
    let strange = strange_statuses(settings, &ours.statuses);
    if strange.is_empty() { vec![words::workflow_fine(settings)] } else { strange }
}

/// One finding a status that the workflow lacks, with every key that names it.
fn strange_statuses(settings: &JiraSettings, known: &[Named]) -> Vec<Finding> {
    let mut strange: BTreeMap<&str, Vec<Milestone>> = BTreeMap::new();
    for (milestone, name) in &settings.transitions {
        if !known.iter().any(|status| same(&status.name, name)) {
            strange.entry(name).or_default().push(*milestone);
        }
    }
    let known: Vec<&str> = known.iter().map(|status| status.name.as_str()).collect();
    strange.into_iter().map(|(name, keys)| words::no_such_status(settings, name, &keys, &known)).collect()
}
