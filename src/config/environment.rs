//! The variables that Jitney knows, all of them named `JITNEY_…`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};

use super::{Draft, Issue};
use crate::nearest::nearest;

/// A variable that Jitney knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variable {
    /// The configuration file.
    Config,
    /// `server.database`.
    Database,
    /// `server.policies`.
    Policies,
    /// `server.socket`.
    Socket,
    /// `server.key_file`.
    KeyFile,
    /// `directory.file`.
    DirectoryFile,
    /// `slack.api_url`.
    SlackApiUrl,
    /// `jira.base_url`.
    JiraBaseUrl,
    /// Slack's app-level token.
    SlackAppToken,
    /// Slack's bot token.
    SlackBotToken,
    /// Jira's API token.
    JiraToken,
    /// PagerDuty's API key, for every schedule there.
    PagerDutyToken,
    /// Opsgenie's API key, for every schedule there.
    OpsgenieToken,
    /// What is logged: a filter such as `jitney=debug`.
    Log,
}

impl Variable {
    /// Every variable.
    pub const ALL: [Self; 14] = [
        Self::Config,
        Self::Database,
        Self::Policies,
        Self::Socket,
        Self::KeyFile,
        Self::DirectoryFile,
        Self::SlackApiUrl,
        Self::JiraBaseUrl,
        Self::SlackAppToken,
        Self::SlackBotToken,
        Self::JiraToken,
        Self::PagerDutyToken,
        Self::OpsgenieToken,
        Self::Log,
    ];

    /// As the environment spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "JITNEY_CONFIG",
            Self::Database => "JITNEY_DATABASE",
            Self::Policies => "JITNEY_POLICIES",
            Self::Socket => "JITNEY_SOCKET",
            Self::KeyFile => "JITNEY_KEY_FILE",
            Self::DirectoryFile => "JITNEY_DIRECTORY_FILE",
            Self::SlackApiUrl => "JITNEY_SLACK_API_URL",
            Self::JiraBaseUrl => "JITNEY_JIRA_BASE_URL",
            Self::SlackAppToken => "JITNEY_SLACK_APP_TOKEN",
            Self::SlackBotToken => "JITNEY_SLACK_BOT_TOKEN",
            Self::JiraToken => "JITNEY_JIRA_TOKEN",
            Self::PagerDutyToken => "JITNEY_PAGERDUTY_TOKEN",
            Self::OpsgenieToken => "JITNEY_OPSGENIE_TOKEN",
            Self::Log => "JITNEY_LOG",
        }
    }
}

/// The variables of this process that begin with `JITNEY_`. Some are secrets, so none is shown.
#[derive(Clone, Default)]
pub struct Environment {
    values: BTreeMap<String, SecretString>,
}

impl Environment {
    /// Reads those of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self::new(std::env::vars_os().filter_map(|(name, value)| {
            // A value that is no Unicode is kept, marred, so that it fails where it is used.
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        }))
    }

    /// Takes those that begin with `JITNEY_`.
    #[must_use]
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let values = variables
            .into_iter()
            .filter(|(name, _)| name.starts_with("JITNEY_"))
            .map(|(name, value)| (name, SecretString::from(value)))
            .collect();
        Self { values }
    }

    /// A variable's text, if it is set; set to nothing counts as not set.
    #[must_use]
    pub fn get(&self, variable: Variable) -> Option<&str> {
        let text = self.values.get(variable.as_str())?.expose_secret().trim();
        (!text.is_empty()).then_some(text)
    }

    /// A token.
    #[must_use]
    pub fn secret(&self, variable: Variable) -> Option<SecretString> {
        self.get(variable).map(SecretString::from)
    }

    fn unknown(&self) -> impl Iterator<Item = Issue> {
        let known = || Variable::ALL.into_iter().map(Variable::as_str);
        self.values.keys().filter(move |name| !known().any(|one| one == name.as_str())).map(move |name| {
            let hint = match nearest(name, known()) {
                Some(near) => format!("did you mean {near}?"),
                None => "docs/operators.md lists those that it knows".to_owned(),
            };
            Issue::of_variable(format!("jitney knows no variable {name}; {hint}"))
        })
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// What the environment says goes before what the file says.
pub(super) fn lay_over(mut draft: Draft, environment: &Environment, issues: &mut Vec<Issue>) -> Draft {
    issues.extend(environment.unknown());
    for (variable, path) in [
        (Variable::Database, &mut draft.server.database),
        (Variable::Policies, &mut draft.server.policies),
        (Variable::Socket, &mut draft.server.socket),
        (Variable::KeyFile, &mut draft.server.key_file),
        (Variable::DirectoryFile, &mut draft.directory_file),
    ] {
        if let Some(text) = environment.get(variable) {
            *path = PathBuf::from(text);
        }
    }
    set(&mut draft.slack.api_url, Variable::SlackApiUrl, environment, issues);
    set(&mut draft.jira.base_url, Variable::JiraBaseUrl, environment, issues);
    draft
}

fn set<T: FromStr<Err: fmt::Display>>(
    slot: &mut Option<T>,
    variable: Variable,
    environment: &Environment,
    issues: &mut Vec<Issue>,
) {
    let Some(text) = environment.get(variable) else { return };
    match text.parse() {
        Ok(value) => *slot = Some(value),
        Err(error) => issues.push(Issue::of_variable(format!("{}: {error}", variable.as_str()))),
    }
}
