//! What the account with the token may do, and what it sees of the project.

use serde_json::{Value, json};

use super::site::{Refusal, Site, WORKFLOW};

/// Permissions that Jira knows, as far as it matters here: key, id, name, and whether it is of the whole site.
const PERMISSIONS: [(&str, &str, &str, bool); 9] = [
    ("BROWSE_PROJECTS", "10", "Browse Projects", false),
    ("CREATE_ISSUES", "11", "Create Issues", false),
    ("EDIT_ISSUES", "12", "Edit Issues", false),
    ("ADD_COMMENTS", "15", "Add Comments", false),
    ("LINK_ISSUES", "21", "Link Issues", false),
    ("USER_PICKER", "27", "Browse users and groups", true),
    ("MODIFY_REPORTER", "30", "Modify Reporter", false),
    ("DELETE_OWN_COMMENTS", "37", "Delete Own Comments", false),
    ("TRANSITION_ISSUES", "46", "Transition Issues", false),
];

impl Site {
    /// Whether the account with the token sees this project.
    pub(super) fn visible(&self, project: &str) -> Result<(), Refusal> {
        let here = project == self.settings.project && !self.lacks("BROWSE_PROJECTS");
        if here { Ok(()) } else { Err(Refusal::NoSuchProject(project.to_owned())) }
    }

    pub(super) fn lacks(&self, permission: &str) -> bool {
        self.settings.lacks.contains(permission)
    }

    /// None of a key that Jira does not know.
    pub(super) fn permission_json(&self, key: &str) -> Option<Value> {
        let (key, id, name, global) = PERMISSIONS.iter().find(|(known, ..)| *known == key)?;
        Some(json!({
            "id": id, "key": key, "name": name, "type": if *global { "GLOBAL" } else { "PROJECT" },
            "description": "", "havePermission": !self.lacks(key),
        }))
    }

    /// The types of the project, each with the statuses of its workflow: a type of subtasks stands beside ours.
    pub(super) fn project_statuses_json(&self) -> Value {
        let kind = |id: &str, name: &str, subtask: bool| {
            let statuses: Vec<Value> = WORKFLOW.iter().map(|(status, ..)| self.status_json(status)).collect();
            json!({
                "self": format!("{}/rest/api/3/issuetype/{id}", self.base), "id": id, "name": name,
                "subtask": subtask, "statuses": statuses,
            })
        };
        json!([kind("10004", &self.settings.issue_type, false), kind("10005", "Sub-task", true)])
    }
}
