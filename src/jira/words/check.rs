//! What a check of Jira says to operators, one line each.

use super::short;
use crate::finding::{Finding, Grade};
use crate::jira::client::{JiraSetupError, Trouble};
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

pub(in crate::jira) fn no_client(error: &JiraSetupError) -> Finding {
    Finding::fail(error.to_string(), "see `jira.base_url`")
}

pub(in crate::jira) fn account(settings: &JiraSettings, name: &str) -> Finding {
    Finding::ok(format!("{} knows the account {} ({})", site(settings), short(name), settings.email))
}

pub(in crate::jira) fn no_account(settings: &JiraSettings, trouble: &Trouble) -> Finding {
    let site = site(settings);
    match trouble {
        Trouble::Refused { status: 401 | 403, .. } => Finding::fail(
            format!("{site} does not take {} with this token (tokens run out)", settings.email),
            "make a new API token for that account, and check `jira.email`",
        ),
        Trouble::Refused { status: 404, .. } => Finding::fail(
            format!("{site} is no Jira Cloud site"),
            "set `jira.base_url` to one like https://example.atlassian.net",
        ),
        Trouble::Unreached { error, .. } | Trouble::Unknown { error, .. } => Finding::fail(
            format!("{site} gives no usable answer: {error}"),
            "check `jira.base_url` and this machine's way to it",
        ),
        Trouble::Refused { .. } => Finding::of_error(trouble),
        Trouble::Busy { .. } => {
            Finding::warn(format!("nothing was checked: {trouble}"), "run this again in a minute")
        }
    }
}

pub(in crate::jira) fn no_project(settings: &JiraSettings) -> Finding {
    Finding::fail(
        format!("there is no project {}, or {} may not see it", settings.project, settings.email),
        "check `jira.project`, or give that account \"Browse projects\" in it",
    )
}

pub(in crate::jira) fn permissions_unread(trouble: &Trouble) -> Finding {
    unread("the account's permissions", trouble)
}

pub(in crate::jira) fn permission_lacking(settings: &JiraSettings, needed: &Needed) -> Finding {
    let Needed { key, name, lacking, without } = needed;
    let place = if *key == "USER_PICKER" { "the site" } else { settings.project.as_str() };
    Finding {
        grade: *lacking,
        says: format!("{} lacks \"{name}\", so {without}", settings.email),
        mend: Some(format!("give that account this permission in {place}")),
    }
}

pub(in crate::jira) fn permissions_fine(settings: &JiraSettings, all: usize) -> Finding {
    Finding::ok(format!("the account has all {all} permissions that it needs in {}", settings.project))
}

pub(in crate::jira) fn types_unread(trouble: &Trouble) -> Finding {
    unread("the project's issue types and statuses", trouble)
}

pub(in crate::jira) fn no_such_type(settings: &JiraSettings, known: &[&str]) -> Finding {
    let says = format!("{} has no issue type `{}`", settings.project, settings.issue_type);
    Finding::fail(says, format!("set `jira.issue_type`: {}", choices(&settings.issue_type, known)))
}

pub(in crate::jira) fn subtask(settings: &JiraSettings) -> Finding {
    Finding::fail(
        format!("the issue type `{}` is for subtasks, which need a parent", settings.issue_type),
        "set `jira.issue_type` to another",
    )
}

pub(in crate::jira) fn workflow_fine(settings: &JiraSettings) -> Finding {
    let kind = format!("{} has the issue type {}", settings.project, settings.issue_type);
    Finding::ok(if settings.transitions.is_empty() {
        kind
    } else {
        format!("{kind}, and its workflow every status of [jira.transitions]")
    })
}

pub(in crate::jira) fn no_such_status(
    settings: &JiraSettings,
    name: &str,
    keys: &[Milestone],
    known: &[&str],
) -> Finding {
    let says =
        format!("the workflow of {} in {} has no status `{name}`", settings.issue_type, settings.project);
    let keys: Vec<&str> = keys.iter().map(|key| key.as_str()).collect();
    Finding::fail(says, format!("set [jira.transitions] {}: {}", keys.join(", "), choices(name, known)))
}

fn unread(what: &str, trouble: &Trouble) -> Finding {
    let found = Finding::of_error(&format!("{what} were not checked: {trouble}"));
    let mend = found.mend.unwrap_or_else(|| "run this again".to_owned());
    Finding::warn(found.says, mend)
}

fn site(settings: &JiraSettings) -> &str {
    settings.base_url.as_str().trim_end_matches('/')
}

fn choices(typed: &str, known: &[&str]) -> String {
    match nearest(typed, known.iter().copied()) {
        Some(name) => format!("did you mean `{}`?", short(name)),
        None if known.is_empty() => "there are none to choose from".to_owned(),
        None => {
            let names: Vec<String> = known.iter().take(LISTED_MOST).map(|name| short(name)).collect();
            format!("there are `{}`", names.join("`, `"))
        }
    }
}
