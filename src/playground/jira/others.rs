//! Issues of other projects, which people name in their requests.

use super::site::{Issue, Site, WORKFLOW};

impl Site {
    /// An issue of another project; false when its key is taken, or its people or its status are not known.
    pub(super) fn add_other(
        &mut self,
        key: &str,
        summary: &str,
        status: &str,
        reporter: &str,
        assignee: Option<&str>,
    ) -> bool {
        let status = WORKFLOW.iter().find(|(name, ..)| *name == status).map(|(name, ..)| *name);
        let assignee = assignee.map(|id| self.account(id));
        let (Some(status), Some(reporter), Err(_)) = (status, self.account(reporter), self.issue(key)) else {
            return false;
        };
        if assignee.as_ref().is_some_and(Option::is_none) {
            return false;
        }
        let id = self.take_id();
        self.others.push(Issue {
            id,
            key: key.to_owned(),
            summary: summary.to_owned(),
            description: None,
            labels: Vec::new(),
            creator: reporter.clone(),
            reporter,
            assignee: assignee.flatten(),
            created_at: self.clock.wall(),
            made: self.clock.monotonic(),
            history: vec![status],
            comments: Vec::new(),
            links: Vec::new(),
        });
        true
    }

    /// Gives an issue to another; false when there is no such issue or account.
    pub(super) fn assign(&mut self, key: &str, assignee: &str) -> bool {
        match (self.account(assignee), self.issue_mut(key)) {
            (Some(account), Ok(issue)) => {
                issue.assignee = Some(account);
                true
            }
            (Some(_) | None, _) => false,
        }
    }
}
