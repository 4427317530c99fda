//! What the site remembers: accounts, issues, comments, and a small workflow.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::document;
use super::{LocalAccount, LocalJiraSettings};
use crate::time::{Clock, Span, Timestamp};

/// The longest text of a comment or a description.
const TEXT_MOST: usize = 32_767;
/// Comments on one issue at most.
const COMMENTS_MOST: usize = 5000;

/// The workflow: a status with its id and category, and the transitions that lead out of it.
pub(super) const WORKFLOW: [(&str, &str, &str, &[&str]); 5] = [
    ("To Do", "10000", "new", &["11", "21", "41"]),
    ("Waiting for approval", "10001", "indeterminate", &["21", "41"]),
    ("In Progress", "3", "indeterminate", &["31", "41"]),
    ("Done", "10002", "done", &["21"]),
    ("Declined", "10003", "done", &[]),
];
/// The transitions: id, name, status that it leads to.
pub(super) const TRANSITIONS: [(&str, &str, &str); 4] = [
    ("11", "Ask for approval", "Waiting for approval"),
    ("21", "Start", "In Progress"),
    ("31", "Finish", "Done"),
    ("41", "Decline", "Declined"),
];
const FIRST_STATUS: &str = "To Do";

/// An issue, to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalIssue {
    /// `ACC-1`
    pub key: String,
    /// Its title.
    pub summary: String,
    /// Its description as plain text.
    pub description: String,
    /// Its status.
    pub status: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// The name of its reporter.
    pub reporter: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The addresses that it links to.
    pub links: Vec<String>,
}

/// A comment, to look at.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalComment {
    /// Jira's id.
    pub id: String,
    /// The name of its author.
    pub author: String,
    /// As plain text.
    pub text: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its properties by key.
    pub properties: BTreeMap<String, Value>,
}

/// Why a call changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    NoSuchIssue,
    NoSuchComment,
    NoSuchProject(String),
    Bad(String),
    /// By field.
    Fields(BTreeMap<String, String>),
}

impl Refusal {
    pub(super) fn fields(errors: &[(&str, &str)]) -> Self {
        Self::Fields(errors.iter().map(|(field, error)| ((*field).to_owned(), (*error).to_owned())).collect())
    }
}

/// A comment to add.
#[derive(Debug, Clone)]
pub(super) struct NewComment {
    pub(super) document: Value,
    pub(super) properties: Vec<(String, Value)>,
}

/// The memory.
pub(super) struct Site {
    pub(super) base: String,
    pub(super) settings: LocalJiraSettings,
    pub(super) clock: Arc<dyn Clock>,
    /// Those of its project.
    pub(super) issues: Vec<Issue>,
    /// Those of others: what people name in their requests.
    pub(super) others: Vec<Issue>,
    pub(super) next_id: u64,
}

/// An issue as the site keeps it.
#[derive(Debug)]
pub(super) struct Issue {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) summary: String,
    pub(super) description: Option<Value>,
    pub(super) labels: Vec<String>,
    pub(super) reporter: LocalAccount,
    pub(super) assignee: Option<LocalAccount>,
    pub(super) creator: LocalAccount,
    pub(super) created_at: Timestamp,
    pub(super) made: Span,
    pub(super) history: Vec<&'static str>,
    pub(super) comments: Vec<Comment>,
    pub(super) links: Vec<Link>,
}

#[derive(Debug)]
pub(super) struct Comment {
    pub(super) id: String,
    pub(super) author: LocalAccount,
    pub(super) document: Value,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) properties: BTreeMap<String, Value>,
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) id: u64,
    pub(super) global: Option<String>,
    pub(super) url: String,
    pub(super) title: String,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("base", &self.base)
            .field("issues", &self.issues.len())
            .finish_non_exhaustive()
    }
}

impl Site {
    pub(super) fn new(base: String, settings: LocalJiraSettings, clock: Arc<dyn Clock>) -> Self {
        Self { base, settings, clock, issues: Vec::new(), others: Vec::new(), next_id: 10_001 }
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    pub(super) fn issues(&self) -> Vec<LocalIssue> {
        self.issues.iter().map(Issue::look).collect()
    }

    pub(super) fn comments(&self, key: &str) -> Vec<LocalComment> {
        self.issue(key)
            .map_or_else(|_| Vec::new(), |issue| issue.comments.iter().map(Comment::look).collect())
    }

    pub(super) fn history(&self, key: &str) -> Vec<String> {
        let texts = |issue: &Issue| issue.history.iter().map(|status| (*status).to_owned()).collect();
        self.issue(key).map_or_else(|_| Vec::new(), texts)
    }

    pub(super) fn issue(&self, key: &str) -> Result<&Issue, Refusal> {
        let same = |issue: &&Issue| issue.key.eq_ignore_ascii_case(key) || issue.id == key;
        self.issues.iter().chain(&self.others).find(same).ok_or(Refusal::NoSuchIssue)
    }

    pub(super) fn make_issue_as(&mut self, account: &str, summary: &str, labels: &[&str]) -> Option<String> {
        let creator = self.account(account)?;
        let fields = json!({
            "project": { "key": self.settings.project }, "issuetype": { "name": self.settings.issue_type },
            "summary": summary, "labels": labels,
        });
        self.make_issue_by(creator, fields.as_object()?).ok().map(|(_, key)| key)
    }

    /// Makes an issue of its fields; the answer is its id and key.
    pub(super) fn make_issue(&mut self, fields: &Map<String, Value>) -> Result<(String, String), Refusal> {
        self.make_issue_by(self.bot(), fields)
    }

    fn make_issue_by(
        &mut self,
        creator: LocalAccount,
        fields: &Map<String, Value>,
    ) -> Result<(String, String), Refusal> {
        let mut errors = BTreeMap::new();
        let mut wrong = |field: &str, error: &str| errors.insert(field.to_owned(), error.to_owned());
        let known = ["project", "issuetype", "summary", "description", "labels", "reporter"];
        for field in fields.keys().filter(|field| !known.contains(&field.as_str())) {
            let text =
                format!("Field '{field}' cannot be set. It is not on the appropriate screen, or unknown.");
            wrong(field, &text);
        }
        if text_of(fields, "project", "key") != Some(&self.settings.project) {
            wrong("project", "Specify a valid project ID or key");
        }
        if text_of(fields, "issuetype", "name") != Some(&self.settings.issue_type) {
            wrong("issuetype", "Specify a valid issue type");
        }
        let summary = fields.get("summary").and_then(Value::as_str).unwrap_or_default();
        if summary.trim().is_empty() {
            wrong("summary", "You must specify a summary of the issue.");
        } else if summary.contains(['\n', '\r']) {
            wrong("summary", "The summary is invalid because it contains newline characters.");
        } else if summary.chars().count() > 255 {
            wrong("summary", "Summary must be less than 255 characters.");
        }
        let description = fields.get("description").filter(|value| !value.is_null()).cloned();
        if description.as_ref().is_some_and(|document| check_document(document).is_err()) {
            wrong(
                "description",
                "Operation value must be an Atlassian Document (see the Atlassian Document Format)",
            );
        }
        let labels = labels_of(fields);
        if labels.is_none() {
            wrong("labels", "A label is a text without spaces.");
        }
        let mut reporter = creator.clone();
        if let Some(given) = fields.get("reporter") {
            let id = given.get("id").or_else(|| given.get("accountId")).and_then(Value::as_str);
            match id.and_then(|id| self.account(id)) {
                _ if !self.settings.reporter_on_screen => {
                    let text =
                        "Field 'reporter' cannot be set. It is not on the appropriate screen, or unknown.";
                    wrong("reporter", text);
                }
                Some(account) => reporter = account,
                None => {
                    wrong("reporter", "The reporter specified is not a user.");
                }
            }
        }
        if !errors.is_empty() {
            return Err(Refusal::Fields(errors));
        }
        let key = format!("{}-{}", self.settings.project, self.issues.len() + 1);
        let id = self.take_id();
        self.issues.push(Issue {
            id: id.clone(),
            key: key.clone(),
            summary: summary.to_owned(),
            description,
            labels: labels.unwrap_or_default(),
            reporter,
            assignee: None,
            creator,
            created_at: self.clock.wall(),
            made: self.clock.monotonic(),
            history: vec![FIRST_STATUS],
            comments: Vec::new(),
            links: Vec::new(),
        });
        Ok((id, key))
    }

    /// Adds a comment of the account that calls.
    pub(super) fn comment(&mut self, key: &str, new: NewComment) -> Result<String, Refusal> {
        let author = self.bot();
        self.comment_by(key, author, new)
    }

    pub(super) fn comment_as(
        &mut self,
        key: &str,
        account: &str,
        text: &str,
        property: Option<(&str, Value)>,
    ) -> Option<String> {
        let author = self.account(account)?;
        let document = json!({ "type": "doc", "version": 1, "content": [
            { "type": "paragraph", "content": [{ "type": "text", "text": text }] }] });
        let properties = property.map(|(key, value)| (key.to_owned(), value)).into_iter().collect();
        self.comment_by(key, author, NewComment { document, properties }).ok()
    }

    pub(super) fn edit_comment(&mut self, key: &str, id: &str, new: NewComment) -> Result<(), Refusal> {
        check_document(&new.document)?;
        let now = self.clock.wall();
        let issue = self.issue_mut(key)?;
        let comment = issue.comments.iter_mut().find(|c| c.id == id).ok_or(Refusal::NoSuchComment)?;
        comment.document = new.document;
        comment.updated_at = now;
        comment.properties.extend(new.properties);
        Ok(())
    }

    pub(super) fn delete_comment(&mut self, key: &str, id: &str) -> Result<(), Refusal> {
        let issue = self.issue_mut(key)?;
        let before = issue.comments.len();
        issue.comments.retain(|comment| comment.id != id);
        if issue.comments.len() == before { Err(Refusal::NoSuchComment) } else { Ok(()) }
    }

    pub(super) fn comment_ids(&self, key: &str) -> Result<Vec<String>, Refusal> {
        Ok(self.issue(key)?.comments.iter().map(|comment| comment.id.clone()).collect())
    }

    pub(super) fn transition(&mut self, key: &str, id: &str) -> Result<(), Refusal> {
        let issue = self.issue_mut(key)?;
        let way = TRANSITIONS.iter().find(|(way, _, _)| *way == id && issue.ways().contains(way));
        let Some((_, _, to)) = way else {
            return Err(Refusal::Bad(format!("Transition id '{id}' is not valid for this issue.")));
        };
        issue.history.push(to);
        Ok(())
    }

    pub(super) fn drag(&mut self, key: &str, status: &str) -> bool {
        let status = WORKFLOW.iter().find(|(name, ..)| *name == status);
        match (self.issue_mut(key), status) {
            (Ok(issue), Some((name, ..))) => {
                issue.history.push(name);
                true
            }
            (Ok(_) | Err(_), _) => false,
        }
    }

    /// Makes a link or updates the one with this global id; the answer is its id and whether it is new.
    pub(super) fn link(
        &mut self,
        key: &str,
        global: Option<String>,
        url: String,
        title: String,
    ) -> Result<(u64, bool), Refusal> {
        let next = self.next_id;
        let issue = self.issue_mut(key)?;
        if let Some(link) = issue.links.iter_mut().find(|link| global.is_some() && link.global == global) {
            link.url = url;
            link.title = title;
            return Ok((link.id, false));
        }
        issue.links.push(Link { id: next, global, url, title });
        self.next_id += 1;
        Ok((next, true))
    }

    /// Issues that a query finds, as far as it is up to date. Only `labels = "…"` and `project = "…"` are known.
    pub(super) fn search(&self, jql: &str) -> Result<Vec<&Issue>, Refusal> {
        let bad = || Refusal::Bad(format!("Error in the JQL Query: '{jql}' is not understood here."));
        let lower = jql.to_lowercase();
        let (conditions, order) = match lower.find(" order by ") {
            Some(at) => jql.split_at(at),
            None => (jql, ""),
        };
        let descending = order.to_lowercase().ends_with(" desc");
        let mut wanted = Vec::new();
        for condition in conditions.split(" AND ") {
            let (field, value) = condition.split_once('=').ok_or_else(bad)?;
            let value = value.trim().strip_prefix('"').and_then(|v| v.strip_suffix('"')).ok_or_else(bad)?;
            if value.contains(['"', '\\']) || !["labels", "project"].contains(&field.trim()) {
                return Err(bad());
            }
            wanted.push((field.trim(), value));
        }
        let now = self.clock.monotonic();
        let matches = |issue: &&Issue| {
            wanted.iter().all(|(field, value)| match *field {
                "labels" => issue.labels.iter().any(|label| label == value),
                _ => *value == self.settings.project,
            })
        };
        let seen = |issue: &&Issue| now >= issue.made + self.settings.search_lag;
        let mut found: Vec<&Issue> = self.issues.iter().filter(seen).filter(matches).collect();
        if descending {
            found.reverse();
        }
        Ok(found)
    }

    /// Accounts whose address or name begins so.
    pub(super) fn find_users(&self, text: &str) -> Vec<Value> {
        let text = text.to_lowercase();
        let begins = |a: &&LocalAccount| {
            a.email.to_lowercase().starts_with(&text) || a.name.to_lowercase().starts_with(&text)
        };
        self.settings.accounts.iter().filter(begins).map(|account| self.account_json(account)).collect()
    }

    fn comment_by(&mut self, key: &str, author: LocalAccount, new: NewComment) -> Result<String, Refusal> {
        check_document(&new.document)?;
        let now = self.clock.wall();
        let id = self.take_id();
        let issue = self.issue_mut(key)?;
        if issue.comments.len() >= COMMENTS_MOST {
            return Err(Refusal::Bad(format!("The issue has {COMMENTS_MOST} comments; it takes no more.")));
        }
        issue.comments.push(Comment {
            id: id.clone(),
            author,
            document: new.document,
            created_at: now,
            updated_at: now,
            properties: new.properties.into_iter().collect(),
        });
        Ok(id)
    }

    pub(super) fn issue_mut(&mut self, key: &str) -> Result<&mut Issue, Refusal> {
        let same = |issue: &&mut Issue| issue.key.eq_ignore_ascii_case(key) || issue.id == key;
        self.issues.iter_mut().chain(&mut self.others).find(same).ok_or(Refusal::NoSuchIssue)
    }

    pub(super) fn account(&self, id: &str) -> Option<LocalAccount> {
        self.settings.accounts.iter().find(|account| account.id == id).cloned()
    }

    pub(super) fn bot(&self) -> LocalAccount {
        let nobody = LocalAccount { id: String::new(), email: String::new(), name: String::new() };
        self.settings.accounts.first().cloned().unwrap_or(nobody)
    }

    pub(super) fn take_id(&mut self) -> String {
        let id = self.next_id.to_string();
        self.next_id += 1;
        id
    }
}

impl Issue {
    fn look(&self) -> LocalIssue {
        LocalIssue {
            key: self.key.clone(),
            summary: self.summary.clone(),
            description: self.description.as_ref().map_or_else(String::new, document::plain_text),
            status: self.status().to_owned(),
            labels: self.labels.clone(),
            reporter: self.reporter.name.clone(),
            created_at: self.created_at,
            links: self.links.iter().map(|link| link.url.clone()).collect(),
        }
    }

    pub(super) fn status(&self) -> &'static str {
        self.history.last().copied().unwrap_or(FIRST_STATUS)
    }

    pub(super) fn ways(&self) -> &'static [&'static str] {
        let status = self.status();
        WORKFLOW.iter().find(|(name, ..)| *name == status).map_or(&[], |(.., ways)| ways)
    }
}

impl Comment {
    fn look(&self) -> LocalComment {
        LocalComment {
            id: self.id.clone(),
            author: self.author.name.clone(),
            text: document::plain_text(&self.document),
            created_at: self.created_at,
            properties: self.properties.clone(),
        }
    }
}

fn check_document(document: &Value) -> Result<(), Refusal> {
    document::check(document).map_err(|_| Refusal::fields(&[("comment", "Comment body is not valid!")]))?;
    if document::plain_text(document).chars().count() > TEXT_MOST {
        return Err(Refusal::Bad("CONTENT_LIMIT_EXCEEDED".to_owned()));
    }
    Ok(())
}

fn text_of<'a>(fields: &'a Map<String, Value>, field: &str, key: &str) -> Option<&'a str> {
    fields.get(field)?.get(key)?.as_str()
}

/// None when they are not labels.
fn labels_of(fields: &Map<String, Value>) -> Option<Vec<String>> {
    let Some(labels) = fields.get("labels") else { return Some(Vec::new()) };
    let good = |label: &Value| {
        let label = label.as_str()?;
        let good = !label.is_empty() && label.len() <= 255 && !label.contains(char::is_whitespace);
        good.then(|| label.to_owned())
    };
    labels.as_array()?.iter().map(good).collect()
}
