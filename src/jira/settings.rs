//! Where the tickets are, and how they shall look.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use reqwest::Url;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ids::RequestId;
use crate::lifecycle::{EndCause, State};
use crate::time::Span;

/// How to reach one Jira Cloud site, and what to make there.
#[derive(Debug, Clone)]
pub struct JiraSettings {
    /// Where the REST API is: the site's address, or `https://api.atlassian.com/ex/jira/<cloud id>` for scoped
    /// tokens. `https`, or a loopback address.
    pub base_url: Url,
    /// The account that the API token belongs to.
    pub email: String,
    /// Its API token.
    pub token: SecretString,
    /// The key of the project that the issues are made in.
    pub project: String,
    /// The name of their type.
    pub issue_type: String,
    /// Which status an issue shall have; the issue is not moved for what is not named here.
    pub transitions: BTreeMap<Milestone, String>,
    /// How long Jira's search may lag behind: waited out before an issue is made again after a lost reply.
    pub settle_wait: Span,
    /// How long one call may take.
    pub timeout: Span,
    /// What the label of an issue begins with: `jit-<instance>`.
    pub label_prefix: LabelPrefix,
    /// The address of the site as people open it: with it, the issue links to a ticket that the requester named.
    pub link: Option<Url>,
}

impl JiraSettings {
    /// How long Jira's search may lag behind, when the configuration does not say.
    pub const SETTLE_WAIT: Span = Span::secs(5);
    /// How long one call may take, when the configuration does not say.
    pub const TIMEOUT: Span = Span::secs(10);

    /// The label that finds the issue of a request again.
    pub(super) fn label(&self, request: RequestId) -> String {
        format!("{}-{request}", self.label_prefix)
    }
}

/// What an issue's label begins with. Safe within the quotes of a JQL query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LabelPrefix(String);

impl LabelPrefix {
    /// `jit`, which the instance's id completes.
    #[must_use]
    pub fn usual() -> Self {
        Self("jit".to_owned())
    }
}

/// Why a text is not a label prefix.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a label prefix has 1 to 64 of a-z, A-Z, 0-9, `-` and `_`, such as `jit-main`")]
pub struct LabelPrefixError;

impl FromStr for LabelPrefix {
    type Err = LabelPrefixError;
    fn from_str(text: &str) -> Result<Self, LabelPrefixError> {
        let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if (1..=64).contains(&text.len()) && text.chars().all(good) {
            Ok(Self(text.to_owned()))
        } else {
            Err(LabelPrefixError)
        }
    }
}

impl TryFrom<String> for LabelPrefix {
    type Error = LabelPrefixError;
    fn try_from(text: String) -> Result<Self, LabelPrefixError> {
        text.parse()
    }
}

impl From<LabelPrefix> for String {
    fn from(prefix: LabelPrefix) -> String {
        prefix.0
    }
}

impl fmt::Display for LabelPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A point of a request's life that an issue can have a status for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Milestone {
    /// Approvals are wanted.
    Pending,
    /// Starts later.
    Scheduled,
    /// Targets are being asked.
    Granting,
    /// The requester has it.
    Active,
    /// Access is being taken.
    Revoking,
    /// Access is being taken, and that is late.
    Stuck,
    /// Seen gone.
    Revoked,
    /// A target refused or took too long: never the status of a success.
    ProvisioningFailed,
    /// An extension that took effect.
    Applied,
    /// Said no.
    Denied,
    /// Taken back.
    Withdrawn,
    /// Nobody decided.
    Lapsed,
}

impl From<&State> for Milestone {
    fn from(state: &State) -> Self {
        match state {
            State::Pending(_) => Self::Pending,
            State::Scheduled { .. } => Self::Scheduled,
            State::Granting => Self::Granting,
            State::Active { .. } => Self::Active,
            State::Revoking { stuck_since: Some(_), .. } => Self::Stuck,
            State::Revoking { cause, stuck_since: None, .. } => Self::ended(cause, Self::Revoking),
            State::Revoked { cause, .. } => Self::ended(cause, Self::Revoked),
            State::Applied { .. } => Self::Applied,
            State::Denied { .. } => Self::Denied,
            State::Withdrawn { .. } => Self::Withdrawn,
            State::Lapsed { .. } => Self::Lapsed,
        }
    }
}

impl Milestone {
    /// All of them, in the order of a request's life.
    pub const ALL: [Self; 12] = [
        Self::Pending,
        Self::Scheduled,
        Self::Granting,
        Self::Active,
        Self::Revoking,
        Self::Stuck,
        Self::Revoked,
        Self::ProvisioningFailed,
        Self::Applied,
        Self::Denied,
        Self::Withdrawn,
        Self::Lapsed,
    ];

    /// Its key in `[jira.transitions]`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Scheduled => "scheduled",
            Self::Granting => "granting",
            Self::Active => "active",
            Self::Revoking => "revoking",
            Self::Stuck => "stuck",
            Self::Revoked => "revoked",
            Self::ProvisioningFailed => "provisioning_failed",
            Self::Applied => "applied",
            Self::Denied => "denied",
            Self::Withdrawn => "withdrawn",
            Self::Lapsed => "lapsed",
        }
    }

    /// A grant that never came to be doesn't end like one that did.
    pub(super) const fn ended(cause: &EndCause, otherwise: Self) -> Self {
        match cause {
            EndCause::ProvisioningFailed { .. } => Self::ProvisioningFailed,
            EndCause::Expiry
            | EndCause::Released
            | EndCause::Revoked { .. }
            | EndCause::Lockdown { .. }
            | EndCause::Leaver
            | EndCause::Policy { .. }
            | EndCause::Reappeared => otherwise,
        }
    }
}
