//! What a check of Slack says to operators, plain and one line each.

use crate::finding::{Finding, Grade};
use crate::slack::web::CallError;

/// Whose clock it is.
pub(in crate::slack) const SLACK: &str = "Slack";

/// A scope that the manifest asks for.
pub(in crate::slack) struct Scope {
    /// Slack's name for it.
    pub(in crate::slack) name: &'static str,
    /// How grave it is to lack it.
    lacking: Grade,
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

const BOT_TOKEN: &str = "take the app's bot token (xoxb-…, under OAuth & Permissions)";

pub(in crate::slack) fn no_client(error: &reqwest::Error) -> Finding {
    Finding::fail(format!("the HTTP client for Slack can't be made: {error}"), "install ca-certificates")
}

pub(in crate::slack) fn unreachable(api_url: &str, error: &CallError) -> Finding {
    Finding::fail(format!("{error} ({api_url})"), "check `slack.api_url` and this machine's way to it")
}

pub(in crate::slack) fn busy(error: &CallError) -> Finding {
    Finding::warn(format!("nothing was checked: {error}"), "run this again in a minute")
}

pub(in crate::slack) fn bot_refused(code: &str) -> Finding {
    let mend = match code {
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => {
            "install the app in the workspace again, and take its bot token (xoxb-…, under OAuth & Permissions)"
        }
        "team_access_not_granted" | "access_denied" | "enterprise_is_restricted" => {
            "have an admin of the workspace approve the app, then install it again"
        }
        _ => "see what Slack's reference of auth.test says about it",
    };
    Finding::fail(format!("Slack refuses the bot token with `{code}`"), mend)
}

pub(in crate::slack) fn no_bot(user: &str) -> Finding {
    let whose =
        if user.is_empty() { "is of another kind".to_owned() } else { format!("belongs to {user}, no bot") };
    Finding::fail(format!("the bot token {whose}"), BOT_TOKEN)
}

pub(in crate::slack) fn whole_organisation(team: &str) -> Finding {
    Finding::warn(
        format!(
            "the app is installed for the whole organisation of {team}, but people of `slack.team_id` alone are heard"
        ),
        "install it in that workspace, or set `slack.enterprise_id` and leave `slack.team_id` out",
    )
}

pub(in crate::slack) fn other_team(ours: &str, team: &str, id: &str) -> Finding {
    Finding::fail(
        format!(
            "the bot token is of the workspace {team} ({id}) and `slack.team_id` is {ours}, so everybody is refused"
        ),
        format!("set `slack.team_id` to {id}, or take the bot token of {ours}"),
    )
}

pub(in crate::slack) fn other_organisation(ours: &str, team: &str, theirs: &str) -> Finding {
    let theirs = if theirs.is_empty() { "no organisation".to_owned() } else { theirs.to_owned() };
    Finding::fail(
        format!("the bot token is of {team}, which belongs to {theirs}, and `slack.enterprise_id` is {ours}"),
        "set `slack.enterprise_id` to the id of that organisation, or leave it out where there is no Enterprise Grid",
    )
}

pub(in crate::slack) fn organisation_known(user: &str, enterprise: &str) -> Finding {
    Finding::ok(format!("the bot is @{user}, installed for the whole organisation {enterprise}"))
}

pub(in crate::slack) fn accounts_pinned() -> Finding {
    Finding::ok("accounts are known by the people file alone (`slack.bind_by_email` is off)")
}

pub(in crate::slack) fn accounts_bound() -> Finding {
    Finding::ok(
        "an account that the people file does not name is bound by its confirmed e-mail address (`slack.bind_by_email`)",
    )
}

pub(in crate::slack) fn accounts_unseen(scope: &str) -> Finding {
    Finding::fail(
        format!("`slack.bind_by_email` is on and the bot token lacks {scope}, so no account is bound"),
        "put manifest.yaml into the app's settings again and reinstall the app, or set `slack.bind_by_email` to false",
    )
}

pub(in crate::slack) fn bot_known(user: &str, team: &str, id: &str) -> Finding {
    Finding::ok(format!("the bot is @{user} in the workspace {team} ({id})"))
}

pub(in crate::slack) fn scopes_untold() -> Finding {
    Finding::warn(
        "Slack did not say which scopes the bot token has, so they were not checked",
        "compare them with manifest.yaml by hand",
    )
}

pub(in crate::slack) fn scope_lacking(scope: &Scope) -> Finding {
    let Scope { name, lacking, without } = scope;
    Finding {
        grade: *lacking,
        says: format!("the bot token lacks the scope {name}, so {without}"),
        mend: Some("put manifest.yaml into the app's settings again and reinstall the app".to_owned()),
    }
}

pub(in crate::slack) fn scopes_fine(all: usize) -> Finding {
    Finding::ok(format!("the bot token has all {all} scopes of manifest.yaml"))
}

pub(in crate::slack) fn socket_opens() -> Finding {
    Finding::ok("the app-level token opens the socket")
}

pub(in crate::slack) fn socket_refused(error: &CallError, advice: Option<&str>) -> Finding {
    let mend = advice.unwrap_or("see what Slack's reference of apps.connections.open says about it");
    Finding::fail(format!("the socket does not open, so nobody is heard: {error}"), mend)
}

pub(in crate::slack) fn two_apps(bots: &str, name: &str, sockets: &str) -> Finding {
    Finding::fail(
        format!(
            "the bot token is of the app {bots} and the app-level token is of another, {name} ({sockets}), so no click on a message of the bot is heard"
        ),
        "take both tokens from one app",
    )
}

pub(in crate::slack) fn socket_unknown(error: &CallError) -> Finding {
    Finding::warn(format!("whether the socket opens is not known: {error}"), "run this again")
}

pub(in crate::slack) fn in_channel(key: &str, channel: &str) -> Finding {
    Finding::ok(format!("the bot is in `slack.{key}` ({channel})"))
}

pub(in crate::slack) fn not_in_channel(bot: &str, key: &str, channel: &str) -> Finding {
    Finding::fail(
        format!("the bot is not in `slack.{key}` ({channel}), so nothing appears there"),
        format!("write `/invite @{bot}` in that channel"),
    )
}

pub(in crate::slack) fn no_channel(bot: &str, key: &str, channel: &str) -> Finding {
    Finding::fail(
        format!("there is no channel {channel} (`slack.{key}`), or it is private and the bot is not in it"),
        format!("check the id, or write `/invite @{bot}` in that channel"),
    )
}

/// The scopes of a channel's history are all that a bot of the manifest can look by.
pub(in crate::slack) fn channel_unseen(key: &str, channel: &str) -> Finding {
    Finding::warn(
        format!(
            "whether the bot is in `slack.{key}` ({channel}) was not checked, for want of channels:history (groups:history, if it is private)"
        ),
        "look at the channel's members by hand",
    )
}

pub(in crate::slack) fn channel_unknown(key: &str, channel: &str, error: &CallError) -> Finding {
    Finding::warn(
        format!("whether the bot is in `slack.{key}` ({channel}) is not known: {error}"),
        "run this again",
    )
}

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
