//! The memory in Atlassian's shapes.

use serde_json::{Value, json};

use super::LocalAccount;
use super::site::{Issue, Link, Refusal, Site, TRANSITIONS, WORKFLOW};
use crate::time::Timestamp;

impl Site {
    pub(super) fn comment_json(&self, key: &str, id: &str, properties: bool) -> Result<Value, Refusal> {
        let issue = self.issue(key)?;
        let comment = issue.comments.iter().find(|c| c.id == id).ok_or(Refusal::NoSuchComment)?;
        let author = self.account_json(&comment.author);
        let mut answer = json!({
            "self": format!("{}/rest/api/3/issue/{}/comment/{id}", self.base, issue.id),
            "id": id,
            "author": author,
            "updateAuthor": author,
            "body": comment.document,
            "created": jira_time(comment.created_at),
            "updated": jira_time(comment.updated_at),
            "jsdPublic": true,
        });
        if let (true, Some(answer)) = (properties, answer.as_object_mut()) {
            let list = comment.properties.iter().map(|(key, value)| json!({ "key": key, "value": value }));
            answer.insert("properties".to_owned(), list.collect());
        }
        Ok(answer)
    }

    pub(super) fn transitions_json(&self, key: &str) -> Result<Vec<Value>, Refusal> {
        let issue = self.issue(key)?;
        let may = !self.lacks("TRANSITION_ISSUES");
        let ways = TRANSITIONS.iter().filter(|(id, _, _)| may && issue.ways().contains(id));
        let json = |(id, name, to): &(&str, &str, &str)| {
            json!({
                "id": id, "name": name, "to": self.status_json(to), "hasScreen": false, "isGlobal": false,
                "isInitial": false, "isAvailable": true, "isConditional": false, "isLooped": false,
            })
        };
        Ok(ways.map(json).collect())
    }

    pub(super) fn myself(&self) -> Value {
        self.account_json(&self.bot())
    }

    pub(super) fn account_json(&self, account: &LocalAccount) -> Value {
        let email = if self.settings.hidden_emails { "" } else { &account.email };
        json!({
            "self": format!("{}/rest/api/3/user?accountId={}", self.base, account.id),
            "accountId": account.id,
            "accountType": "atlassian",
            "emailAddress": email,
            "displayName": account.name,
            "active": true,
            "timeZone": "Etc/UTC",
        })
    }

    pub(super) fn status_json(&self, name: &str) -> Value {
        let status = WORKFLOW.iter().find(|(status, ..)| *status == name);
        let (id, category) = status.map_or(("", ""), |(_, id, category, _)| (*id, *category));
        let (number, category_name) = match category {
            "new" => (2, "To Do"),
            "done" => (3, "Done"),
            _ => (4, "In Progress"),
        };
        json!({
            "self": format!("{}/rest/api/3/status/{id}", self.base),
            "id": id,
            "name": name,
            "statusCategory": { "id": number, "key": category, "name": category_name },
        })
    }
}

impl Issue {
    pub(super) fn fields_json(&self, site: &Site) -> Value {
        json!({
            "summary": self.summary,
            "description": self.description,
            "labels": self.labels,
            "status": site.status_json(self.status()),
            "reporter": site.account_json(&self.reporter),
            "assignee": self.assignee.as_ref().map(|account| site.account_json(account)),
            "creator": site.account_json(&self.creator),
            "project": { "key": self.key.split('-').next().unwrap_or_default() },
            "issuetype": { "name": site.settings.issue_type },
            "created": jira_time(self.created_at),
        })
    }

    pub(super) fn links_json(&self) -> Value {
        let json = |link: &Link| json!({ "id": link.id, "globalId": link.global, "object": { "url": link.url, "title": link.title } });
        self.links.iter().map(json).collect()
    }
}

/// As Jira writes instants: `2026-11-22T10:15:30.000+0000`.
fn jira_time(at: Timestamp) -> String {
    at.rfc3339().replace('Z', "+0000")
}
