//! The tokens: from the environment, or from files that nobody else on the machine may read.

use std::path::Path;

use secrecy::SecretString;

use super::{Config, Environment, Issue, Variable};
use crate::secret_file::read_secret_file;

/// What Jitney says at the doors of Slack and Jira. Never shown.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// Slack's two.
    pub slack: SlackTokens,
    /// Jira's API token.
    pub jira_token: SecretString,
}

/// What Jitney says at Slack's door.
#[derive(Debug, Clone)]
pub struct SlackTokens {
    /// The app-level token, `xapp-…`.
    pub app: SecretString,
    /// The bot token, `xoxb-…`.
    pub bot: SecretString,
}

impl Secrets {
    /// Reads all of them. The environment goes before a file.
    ///
    /// # Errors
    /// One issue for each that is missing or can't be read: it names the variable and the key.
    pub fn load(config: &Config, environment: &Environment) -> Result<Self, Vec<Issue>> {
        match (SlackTokens::load(config, environment), load_jira_token(config, environment)) {
            (Ok(slack), Ok(jira_token)) => Ok(Self { slack, jira_token }),
            (slack, jira_token) => Err(slack.err().into_iter().flatten().chain(jira_token.err()).collect()),
        }
    }
}

impl SlackTokens {
    /// Reads both.
    ///
    /// # Errors
    /// As [`Secrets::load`].
    pub fn load(config: &Config, environment: &Environment) -> Result<Self, Vec<Issue>> {
        let slack = &config.slack;
        let app = find(
            Variable::SlackAppToken,
            "slack.app_token_file",
            slack.app_token_file.as_deref(),
            environment,
        );
        let bot = find(
            Variable::SlackBotToken,
            "slack.bot_token_file",
            slack.bot_token_file.as_deref(),
            environment,
        );
        match (app, bot) {
            (Ok(app), Ok(bot)) => Ok(Self { app, bot }),
            (app, bot) => Err(app.err().into_iter().chain(bot.err()).collect()),
        }
    }
}

/// Reads Jira's API token.
///
/// # Errors
/// As [`Secrets::load`].
pub fn load_jira_token(config: &Config, environment: &Environment) -> Result<SecretString, Issue> {
    find(Variable::JiraToken, "jira.token_file", config.jira.token_file.as_deref(), environment)
}

pub(super) fn find(
    variable: Variable,
    key: &str,
    file: Option<&Path>,
    environment: &Environment,
) -> Result<SecretString, Issue> {
    if let Some(secret) = environment.secret(variable) {
        return Ok(secret);
    }
    match file {
        Some(file) => read_secret_file(file).map_err(|error| Issue::of_variable(format!("{key}: {error}"))),
        None => Err(Issue::of_variable(format!(
            "a token is missing: set {} in the environment, or `{key}` to a file that has it",
            variable.as_str()
        ))),
    }
}
