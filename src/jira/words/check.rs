//! What a check of Jira says to operators, one line each.

use super::short;
use crate::finding::Grade;
use crate::jira::client::Trouble;
use crate::jira::settings::{JiraSettings, Milestone};
use crate::nearest::nearest;

/// Statuses or types that are named one by one.
const LISTED_MOST: usize = 12;

/// A permission that the edge uses.
pub(in crate::jira) struct Needed {
    /// Jira's key for it.
    pub(in crate::jira) key: &'static str,
    /// As Jira's pages name it.
    pub(in crate::jira) name: &'static str,
    /// How grave it is to lack it.
    pub(in crate::jira) lacking: Grade,
    /// What happens without it.
    pub(in crate::jira) without: &'static str,
}

/// The permissions that our calls demand, by Atlassian's reference of each.
pub(in crate::jira) const NEEDED: [Needed; 8] = [
    needed("BROWSE_PROJECTS", "Browse projects", Grade::Fail, "nothing can be looked at or told"),
    needed("CREATE_ISSUES", "Create issues", Grade::Fail, "no request gets an issue"),
    needed("ADD_COMMENTS", "Add comments", Grade::Fail, "nothing that happens is told on the issue"),
    needed(
        "DELETE_OWN_COMMENTS",
        "Delete own comments",
        Grade::Fail,
        "a comment that a lost answer doubled holds the issue up",
    ),
    needed("TRANSITION_ISSUES", "Transition issues", Grade::Fail, "issues stay in their first status"),
    needed(
        "LINK_ISSUES",
        "Link issues",
        Grade::Warn,
        "issues are not linked to the tickets that requesters name",
    ),
    needed("MODIFY_REPORTER", "Modify reporter", Grade::Warn, "jitney itself is the reporter of every issue"),
    needed(
        "USER_PICKER",
        "Browse users and groups",
        Grade::Warn,
        "jitney itself is the reporter of every issue",
    ),
];

const fn needed(key: &'static str, name: &'static str, lacking: Grade, without: &'static str) -> Needed {
    Needed { key, name, lacking, without }
}

/// Whose clock it is.
pub(in crate::jira) const JIRA: &str = "Jira";

pub(in crate::jira) fn account(settings: &JiraSettings, name: &str) -> String {
    format!("{} knows the account: {} ({})", site(settings), short(name), settings.email)
}

pub(in crate::jira) fn no_account(settings: &JiraSettings, trouble: &Trouble) -> String {
    let site = site(settings);
    match trouble {
        Trouble::Refused { status: 401 | 403, .. } => format!(
            "{site} does not take {} with this token (tokens run out); make a new API token for that account, and check `jira.email`",
            settings.email
        ),
        Trouble::Refused { status: 404, .. } => {
            format!(
                "{site} is no Jira Cloud site; set `jira.base_url` to one like https://example.atlassian.net"
            )
        }
        Trouble::Unreached { error, .. } | Trouble::Unknown { error, .. } => format!(
            "{site} gives no usable answer ({error}); check `jira.base_url` and this machine's way to it"
        ),
        Trouble::Busy { .. } => format!("{trouble}; run this again later"),
        Trouble::Refused { .. } => trouble.to_string(),
    }
}

pub(in crate::jira) fn no_project(settings: &JiraSettings) -> String {
    format!(
        "there is no project {}, or {} may not see it; check `jira.project`, or give that account \"Browse projects\" there",
        settings.project, settings.email
    )
}

pub(in crate::jira) fn permissions_unread(trouble: &Trouble) -> String {
    format!("the account's permissions were not looked at: {trouble}")
}

pub(in crate::jira) fn permission_lacking(settings: &JiraSettings, needed: &Needed) -> String {
    let Needed { name, without, .. } = needed;
    let place = if needed.key == "USER_PICKER" {
        "under the site's global permissions".to_owned()
    } else {
        format!("in {}", settings.project)
    };
    format!("{} lacks \"{name}\", so {without}; give it that permission {place}", settings.email)
}

pub(in crate::jira) fn permissions_fine(settings: &JiraSettings, all: usize) -> String {
    format!("the account has all {all} permissions that it needs in {}", settings.project)
}

pub(in crate::jira) fn types_unread(trouble: &Trouble) -> String {
    format!("the project's issue types and statuses were not looked at: {trouble}")
}

pub(in crate::jira) fn no_such_type(settings: &JiraSettings, known: &[&str]) -> String {
    format!(
        "{} has no issue type `{}` (`jira.issue_type`); {}",
        settings.project,
        settings.issue_type,
        choices(&settings.issue_type, known)
    )
}

pub(in crate::jira) fn subtask(settings: &JiraSettings) -> String {
    format!(
        "`{}` is a type of subtasks, which need a parent; set `jira.issue_type` to another",
        settings.issue_type
    )
}

pub(in crate::jira) fn workflow_fine(settings: &JiraSettings) -> String {
    let kind = format!("{} has the issue type {}", settings.project, settings.issue_type);
    if settings.transitions.is_empty() {
        kind
    } else {
        format!("{kind}, and its workflow every status of [jira.transitions]")
    }
}

pub(in crate::jira) fn no_such_status(
    settings: &JiraSettings,
    name: &str,
    keys: &[Milestone],
    known: &[&str],
) -> String {
    let keys: Vec<&str> = keys.iter().map(|key| key.as_str()).collect();
    format!(
        "the workflow of {} in {} has no status `{name}` ([jira.transitions] {}); {}",
        settings.issue_type,
        settings.project,
        keys.join(", "),
        choices(name, known)
    )
}

/// The address without the user, the query and the fragment that it does not have.
fn site(settings: &JiraSettings) -> String {
    settings.base_url.as_str().trim_end_matches('/').to_owned()
}

fn choices(typed: &str, known: &[&str]) -> String {
    match nearest(typed, known.iter().copied()) {
        Some(name) => format!("did you mean `{}`?", short(name)),
        None if known.is_empty() => "there are none".to_owned(),
        None => {
            let names: Vec<String> = known.iter().take(LISTED_MOST).map(|name| short(name)).collect();
            format!("there are `{}`", names.join("`, `"))
        }
    }
}
