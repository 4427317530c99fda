//! A Slack and a Jira in this process, for a server beside it.

use std::sync::Arc;

use jitney::playground::jira::{LocalAccount, LocalJira, LocalJiraSettings};
use jitney::playground::slack::{LocalSlack, Settings};
use jitney::time::{Clock, Span, SystemClock};
use secrecy::SecretString;

use super::server::Outside;

/// A Slack and a Jira on this machine.
pub(crate) struct Local {
    pub(crate) slack: LocalSlack,
    jira: LocalJira,
}

impl Local {
    pub(crate) async fn start(workspace: Settings) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let slack = LocalSlack::start(workspace, Arc::clone(&clock)).await?;
        let jitney = LocalAccount {
            id: "acc:jitney".to_owned(),
            email: "jitney@example.com".to_owned(),
            name: "Jitney".to_owned(),
        };
        let settings = LocalJiraSettings {
            project: "ACC".to_owned(),
            issue_type: "Task".to_owned(),
            accounts: vec![jitney],
            token: SecretString::from("local-jira-token"),
            search_lag: Span::ZERO,
            reporter_on_screen: true,
            hidden_emails: false,
            lacks: Default::default(),
        };
        Ok(Self { slack, jira: LocalJira::start(settings, clock).await? })
    }

    pub(crate) fn outside(&self) -> Outside {
        Outside {
            slack: self.slack.url(),
            jira: self.jira.base_url(),
            app_token: self.slack.settings().app_token.clone(),
            bot_token: self.slack.settings().bot_token.clone(),
        }
    }
}
