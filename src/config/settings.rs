//! What an edge is told at start, from the configuration and the secrets.

use super::{BaseUrl, Config, Secrets};
use crate::jira::{JiraSettings, LabelPrefix};

impl Config {
    /// What the Jira edge is told. The label tells the issues of this instance from those of another.
    #[must_use]
    pub fn jira_settings(&self, secrets: &Secrets, label_prefix: LabelPrefix) -> JiraSettings {
        JiraSettings {
            base_url: self.jira.base_url.url().clone(),
            email: self.jira.email.clone(),
            token: secrets.jira_token.clone(),
            project: self.jira.project.clone(),
            issue_type: self.jira.issue_type.clone(),
            transitions: self.jira.transitions.clone(),
            settle_wait: JiraSettings::SETTLE_WAIT,
            timeout: JiraSettings::TIMEOUT,
            label_prefix,
            link: Some(self.jira_site().url().clone()),
        }
    }

    fn jira_site(&self) -> &BaseUrl {
        self.jira.site_url.as_ref().unwrap_or(&self.jira.base_url)
    }
}
