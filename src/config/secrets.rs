//! The tokens: from the environment, or from files that nobody else on the machine may read.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use secrecy::SecretString;
use thiserror::Error;
use zeroize::Zeroizing;

use super::{Config, Environment, Issue, Variable};

/// A secret is at most this long, in bytes.
const SIZE_LIMIT: usize = 16 * 1024;

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

/// Why a file's secret is not taken.
#[derive(Debug, Error)]
pub enum SecretFileError {
    /// The system refused.
    #[error("can't read {path}: {error}")]
    Unreadable {
        /// Which file.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// Others on the machine may read or change it.
    #[error(
        "others on this machine may read or change {path}; run `chmod 600 {path}`, and change the secret if anybody might have seen it"
    )]
    Exposed {
        /// Which file.
        path: String,
    },
    /// Nothing, or far too much, is in it.
    #[error("{path} must hold one secret and nothing else (it is empty, no text, or over 16 KiB)")]
    NotASecret {
        /// Which file.
        path: String,
    },
}

/// Reads a file that holds one secret; space around it is dropped.
///
/// # Errors
/// When it can't be read, when others may read it, or when it holds no secret.
pub fn read_secret_file(path: &Path) -> Result<SecretString, SecretFileError> {
    let name = || path.display().to_string();
    let unreadable = |error| SecretFileError::Unreadable { path: name(), error };
    // The open file is asked, so that the answer is about what is read.
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    // A group may read it: that is how systemd and Kubernetes hand secrets to a service.
    if mode & 0o027 != 0 {
        return Err(SecretFileError::Exposed { path: name() });
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(SIZE_LIMIT + 1));
    file.take(SIZE_LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let text = std::str::from_utf8(&bytes).ok().filter(|_| bytes.len() <= SIZE_LIMIT).map(str::trim);
    match text {
        Some(text) if !text.is_empty() => Ok(SecretString::from(text)),
        Some(_) | None => Err(SecretFileError::NotASecret { path: name() }),
    }
}
