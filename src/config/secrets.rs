//! The tokens: from the environment, or from files that nobody else on the machine may read.

use std::path::Path;

use secrecy::SecretString;

use super::{Config, Environment, Issue, Variable};
use crate::secret_file::read_secret_file;

/// What Jitney says at the doors of Slack and Jira. Never shown.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// Slack's app-level token, `xapp-…`.
    pub slack_app_token: SecretString,
    /// Slack's bot token, `xoxb-…`.
    pub slack_bot_token: SecretString,
    /// Jira's API token.
    pub jira_token: SecretString,
}

impl Secrets {
    /// Reads all of them. The environment goes before a file.
    ///
    /// # Errors
    /// One issue for each that is missing or can't be read: it names the variable and the key.
    pub fn load(config: &Config, environment: &Environment) -> Result<Self, Vec<Issue>> {
        let mut issues = Vec::new();
        let mut read = |variable: Variable, key: &str, file: Option<&Path>| {
            let found = find(variable, key, file, environment);
            found.map_err(|message| issues.push(Issue::of_variable(message))).ok()
        };
        let slack_app_token =
            read(Variable::SlackAppToken, "slack.app_token_file", config.slack.app_token_file.as_deref());
        let slack_bot_token =
            read(Variable::SlackBotToken, "slack.bot_token_file", config.slack.bot_token_file.as_deref());
        let jira_token = read(Variable::JiraToken, "jira.token_file", config.jira.token_file.as_deref());
        match (slack_app_token, slack_bot_token, jira_token) {
            (Some(slack_app_token), Some(slack_bot_token), Some(jira_token)) => {
                Ok(Self { slack_app_token, slack_bot_token, jira_token })
            }
            (_, _, _) => Err(issues),
        }
    }
}

fn find(
    variable: Variable,
    key: &str,
    file: Option<&Path>,
    environment: &Environment,
) -> Result<SecretString, String> {
    if let Some(secret) = environment.secret(variable) {
        return Ok(secret);
    }
    match file {
        Some(file) => read_secret_file(file).map_err(|error| format!("{key}: {error}")),
        None => Err(format!(
            "a token is missing: set {} in the environment, or `{key}` to a file that has it",
            variable.as_str()
        )),
    }
}
