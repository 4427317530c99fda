//! What the Slack edge is told at start.

use secrecy::SecretString;

use super::identity::Workspace;

/// Where Slack is, who we are there, and where messages go.
#[derive(Debug, Clone)]
pub struct SlackSettings {
    /// The Web API's base without a slash at its end: `https://slack.com/api`.
    pub api_url: String,
    /// `xapp-…`: opens the socket.
    pub app_token: SecretString,
    /// `xoxb-…`: everything else.
    pub bot_token: SecretString,
    /// Whose people are heard.
    pub workspace: Workspace,
    /// Whether an account that the directory does not name is bound to the person whose confirmed address it has.
    pub bind_by_email: bool,
    /// The id of the channel (`C…`) that has the cards and their approval threads.
    pub approvals_channel: String,
    /// The id of the channel that hears of stuck revocations and break-glass.
    pub security_channel: String,
    /// The slash command, as the manifest names it: `/jit`.
    pub command: String,
    /// Messages that one channel gets at once before Slack's pace of one a second counts: 3 is safe.
    pub burst: u32,
    /// What an issue key is appended to for a link: `https://example.atlassian.net/browse/`. No links, when there
    /// is none.
    pub ticket_url: Option<String>,
}
