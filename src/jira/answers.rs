//! What Jira answers, as far as it matters here. Keys that are not named are left alone: Jira adds some all the time.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::render::ENTRIES_PROPERTY;
use crate::ids::EntryId;

/// Jira's own shape of an error.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Complaint {
    pub(super) error_messages: Vec<String>,
    /// By field.
    pub(super) errors: BTreeMap<String, Value>,
}

impl Complaint {
    pub(super) fn text(&self) -> String {
        let fields = self.errors.iter().map(|(field, what)| match what {
            Value::String(what) => format!("{field}: {what}"),
            what => format!("{field}: {what}"),
        });
        self.error_messages.iter().cloned().chain(fields).collect::<Vec<_>>().join(" ")
    }
}

/// A comment, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comment {
    pub(super) id: String,
    /// The account that wrote it.
    pub(super) author: String,
    /// Which entries it claims to tell.
    pub(super) entries: Vec<EntryId>,
}

/// A way out of the present status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) id: String,
    /// The status it leads to.
    pub(super) to: String,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Account {
    pub(super) account_id: String,
    pub(super) account_type: String,
    pub(super) email_address: String,
    pub(super) active: bool,
}

/// `GET /myself`, as far as a check tells it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Myself {
    #[serde(default)]
    pub(super) display_name: String,
}

/// `GET /mypermissions`, by the permission's key.
#[derive(Deserialize)]
pub(super) struct Permissions {
    pub(super) permissions: BTreeMap<String, Permission>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Permission {
    #[serde(default)]
    pub(super) have_permission: bool,
}

/// A type of issues with the statuses of its workflow: a row of `GET /project/{key}/statuses`.
#[derive(Deserialize)]
pub(super) struct IssueType {
    pub(super) name: String,
    #[serde(default)]
    pub(super) subtask: bool,
    #[serde(default)]
    pub(super) statuses: Vec<Named>,
}

#[derive(Deserialize)]
pub(super) struct Created {
    pub(super) key: String,
}

#[derive(Deserialize)]
pub(super) struct Made {
    pub(super) id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Found {
    pub(super) issues: Vec<FoundIssue>,
    #[serde(default)]
    pub(super) next_page_token: Option<String>,
    #[serde(default)]
    pub(super) is_last: bool,
}

#[derive(Deserialize)]
pub(super) struct FoundIssue {
    pub(super) key: String,
    pub(super) fields: FoundFields,
}

#[derive(Deserialize)]
pub(super) struct FoundFields {
    pub(super) creator: Account,
}

#[derive(Deserialize)]
pub(super) struct Comments {
    pub(super) comments: Vec<RawComment>,
    pub(super) total: usize,
}

#[derive(Deserialize)]
pub(super) struct RawComment {
    pub(super) id: String,
    #[serde(default)]
    pub(super) author: Account,
    #[serde(default)]
    pub(super) properties: Vec<Property>,
}

#[derive(Deserialize)]
pub(super) struct Property {
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: Value,
}

impl From<RawComment> for Comment {
    fn from(raw: RawComment) -> Self {
        let ours = raw.properties.iter().find(|property| property.key == ENTRIES_PROPERTY);
        let ids = ours.and_then(|property| property.value.get("ids")).and_then(Value::as_array);
        let entries = ids.into_iter().flatten().filter_map(|id| id.as_str()?.parse().ok()).collect();
        Self { id: raw.id, author: raw.author.account_id, entries }
    }
}

#[derive(Deserialize)]
pub(super) struct Issue {
    pub(super) fields: IssueFields,
}

#[derive(Deserialize)]
pub(super) struct IssueFields {
    pub(super) status: Named,
}

/// An issue that somebody named, as far as it is looked at.
#[derive(Deserialize)]
pub(super) struct NamedIssue {
    pub(super) fields: NamedFields,
}

/// Fields that the account may not see are left out.
#[derive(Deserialize)]
pub(super) struct NamedFields {
    #[serde(default)]
    pub(super) summary: String,
    pub(super) status: NamedStatus,
    #[serde(default)]
    pub(super) labels: Vec<String>,
    #[serde(default)]
    pub(super) reporter: Option<Account>,
    #[serde(default)]
    pub(super) assignee: Option<Account>,
    #[serde(default)]
    pub(super) creator: Option<Account>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NamedStatus {
    pub(super) name: String,
    pub(super) status_category: StatusCategory,
}

#[derive(Deserialize)]
pub(super) struct StatusCategory {
    /// `new`, `indeterminate` or `done`, whatever the workflow calls its statuses.
    pub(super) key: String,
}

#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct Transitions {
    pub(super) transitions: Vec<RawTransition>,
}

#[derive(Deserialize)]
pub(super) struct RawTransition {
    pub(super) id: String,
    pub(super) to: Named,
}
