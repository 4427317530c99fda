//! What the Slack edge is told at start.

use secrecy::SecretString;

/// Where Slack is, who we are there, and where messages go.
#[derive(Debug, Clone)]
pub struct SlackSettings {
    /// The Web API's base without a slash at its end: `https://slack.com/api`.
    pub api_url: String,
    /// `xapp-…`: opens the socket.
    pub app_token: SecretString,
    /// `xoxb-…`: everything else.
    pub bot_token: SecretString,
    /// The one workspace whose people are heard (`T…`). Any, when there is none: then the directory's pinned
    /// accounts alone decide.
    pub team_id: Option<String>,
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
