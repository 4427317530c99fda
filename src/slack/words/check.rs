//! What a check of Slack says to operators, plain and one line each.

use crate::finding::Grade;
use crate::slack::web::CallError;

/// Whose clock it is.
pub(in crate::slack) const SLACK: &str = "Slack";

/// A scope that the manifest asks for.
pub(in crate::slack) struct Scope {
    /// Slack's name for it.
    pub(in crate::slack) name: &'static str,
    /// How grave it is to lack it.
    pub(in crate::slack) lacking: Grade,
    /// What happens without it.
    without: &'static str,
}

const fn scope(name: &'static str, lacking: Grade, without: &'static str) -> Scope {
    Scope { name, lacking, without }
}

/// The scopes of the bot token in `manifest.yaml`.
pub(in crate::slack) const SCOPES: [Scope; 9] = [
    scope("chat:write", Grade::Fail, "nothing can be posted"),
    scope("commands", Grade::Fail, "there is neither /jit nor the shortcut"),
    scope("im:write", Grade::Fail, "requesters get no direct messages"),
    scope("channels:history", Grade::Warn, "a lost answer may leave a message twice in a public channel"),
    scope("groups:history", Grade::Warn, "a lost answer may leave a message twice in a private channel"),
    scope("im:history", Grade::Warn, "a lost answer may leave a direct message twice"),
    scope("users:read", Grade::Warn, "no account can be looked up"),
    scope("users:read.email", Grade::Warn, "no account can be found by its address"),
    scope("usergroups:read", Grade::Warn, "no user group can be looked up"),
];

pub(in crate::slack) const SCOPES_UNTOLD: &str =
    "Slack did not say which scopes the bot token has, so they were not checked";

pub(in crate::slack) fn scope_lacking(scope: &Scope) -> String {
    let Scope { name, without, .. } = scope;
    format!(
        "the bot token lacks the scope {name}, so {without}; put manifest.yaml into the app's settings and reinstall the app"
    )
}

pub(in crate::slack) fn scopes_fine(all: usize) -> String {
    format!("the bot token has all {all} scopes of manifest.yaml")
}

pub(in crate::slack) fn no_client(error: &reqwest::Error) -> String {
    format!("the HTTP client for Slack can't be made: {error}")
}

pub(in crate::slack) fn unreachable(api_url: &str, error: &CallError) -> String {
    format!("{api_url}: {error}; check `slack.api_url` and this machine's way to it")
}

pub(in crate::slack) fn bot_refused(code: &str) -> String {
    let advice = match code {
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => {
            "install the app in the workspace again and take over its bot token (xoxb-…, under OAuth & Permissions)"
        }
        "team_access_not_granted" | "access_denied" | "enterprise_is_restricted" => {
            "have an admin of the workspace approve the app, then install it again"
        }
        _ => "see what Slack's reference of auth.test says about it",
    };
    format!("Slack refuses the bot token with `{code}`; {advice}")
}

pub(in crate::slack) fn no_bot(user: &str) -> String {
    let whose = if user.is_empty() { "is of another kind" } else { "belongs to a person" };
    format!("the bot token {whose}; take the app's bot token (xoxb-…, under OAuth & Permissions)")
}

pub(in crate::slack) fn whole_organisation(team: &str) -> String {
    format!(
        "the app is installed for the whole organisation {team}, but people of `slack.team_id` alone are heard; install it in that workspace"
    )
}

pub(in crate::slack) fn other_team(ours: &str, team: &str, id: &str) -> String {
    format!(
        "the bot token is of the workspace {team} ({id}), but `slack.team_id` is {ours}, so that everybody would be refused; set it to {id}, or take the token of {ours}"
    )
}

pub(in crate::slack) fn bot_known(user: &str, team: &str, id: &str) -> String {
    format!("the bot is @{user} in the workspace {team} ({id})")
}

pub(in crate::slack) const SOCKET_OPENS: &str = "the app-level token opens the socket";

pub(in crate::slack) fn socket_refused(error: &CallError, advice: Option<&str>) -> String {
    let advice = advice.unwrap_or("see what Slack's reference of apps.connections.open says about it");
    format!("the socket does not open, so nobody would be heard: {error}; {advice}")
}

pub(in crate::slack) fn socket_unasked(error: &CallError) -> String {
    format!("whether the socket opens is not known: {error}; run this again")
}

pub(in crate::slack) fn in_channel(key: &str, channel: &str) -> String {
    format!("the bot is in `slack.{key}` ({channel})")
}

pub(in crate::slack) fn not_in_channel(bot: &str, key: &str, channel: &str) -> String {
    format!(
        "the bot is not in `slack.{key}` ({channel}), so nothing appears there; write `/invite @{bot}` in it"
    )
}

pub(in crate::slack) fn no_channel(bot: &str, key: &str, channel: &str) -> String {
    format!(
        "there is no channel {channel} (`slack.{key}`), or it is private and the bot is not in it; check the id, or write `/invite @{bot}` in it"
    )
}

pub(in crate::slack) fn channel_unread(key: &str, channel: &str, why: &str) -> String {
    format!("whether the bot is in `slack.{key}` ({channel}) was not checked: {why}")
}

/// Why a channel was not looked at.
pub(in crate::slack) const NO_HISTORY: &str = "the bot token lacks channels:history or groups:history";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scopes_are_those_of_the_manifest() {
        let manifest = include_str!("../../../manifest.yaml");
        let (_, after) = manifest.split_once("    bot:\n").unwrap();
        let (bot, _) = after.split_once("\nsettings:").unwrap();
        let asked: Vec<&str> = bot.lines().filter_map(|line| line.trim().strip_prefix("- ")).collect();
        let known: Vec<&str> = SCOPES.iter().map(|scope| scope.name).collect();
        assert_eq!(known, asked);
    }
}
