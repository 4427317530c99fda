//! What an edge is told at start, from the configuration and the secrets.

use secrecy::SecretString;

use super::{BaseUrl, Config, SlackTokens};
use crate::jira::{JiraSettings, LabelPrefix};
use crate::slack::SlackSettings;
use crate::slack::identity::Workspace;

impl Config {
    /// What the Slack edge is told.
    #[must_use]
    pub fn slack_settings(&self, tokens: &SlackTokens) -> SlackSettings {
        SlackSettings {
            api_url: self.slack.api_url.as_str().to_owned(),
            app_token: tokens.app.clone(),
            bot_token: tokens.bot.clone(),
            workspace: Workspace {
                team_id: self.slack.team_id.as_ref().map(|id| id.as_str().to_owned()),
                enterprise_id: self.slack.enterprise_id.as_ref().map(|id| id.as_str().to_owned()),
            },
            bind_by_email: self.slack.bind_by_email,
            approvals_channel: self.slack.approvals_channel.as_str().to_owned(),
            security_channel: self.slack.security_channel.as_str().to_owned(),
            command: "/jit".to_owned(),
            burst: self.slack.burst,
            ticket_url: Some(format!("{}/browse/", self.jira_site())),
        }
    }

    /// What the Jira edge is told. The label tells the issues of this instance from those of another.
    #[must_use]
    pub fn jira_settings(&self, token: &SecretString, label_prefix: LabelPrefix) -> JiraSettings {
        JiraSettings {
            base_url: self.jira.base_url.url().clone(),
            email: self.jira.email.clone(),
            token: token.clone(),
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
