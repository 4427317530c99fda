//! Every sentence that the adapter writes for people: labels, what can't be ended, evidence, and what went wrong.

use std::fmt;

use super::answers::{Complaint, GroupId, GroupKind, User, UserId, UserStatus};
use crate::finding::Finding;
use crate::time::Span;

/// `membership of the Okta group Billing admins`.
pub(super) fn membership_of(group: &GroupId, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("membership of the Okta group {name} ({group})"),
        None => format!("membership of the Okta group {group}"),
    }
}

/// What signing a user out of Okta does not reach ("doesn't clear the sessions created for web or native apps",
/// says Okta of the call).
pub(super) const APP_SESSIONS: &str = "sessions that apps behind Okta keep by themselves (web and native apps): each lasts until that app ends it";

/// What stays when sessions are left alone.
pub(super) const OKTA_SESSIONS: &str =
    "the user's Okta session and the tokens that apps were given (end_sessions is off)";

/// A membership keeps no expiry.
pub(super) const NOTHING_TO_MOVE: &str = "Okta keeps no expiry of a membership, so there is nothing to move";

/// The process has no TLS.
pub(super) const NO_TLS: &str =
    "no TLS provider is installed; install rustls's ring provider when the process starts";

/// A token with characters that can't travel.
pub(super) const ODD_TOKEN: &str = "the token holds characters that no token has; write the file anew";

/// The HTTP client can't be made.
pub(super) fn no_client(error: &str) -> String {
    format!("the HTTP client for Okta can't be made: {error}")
}

/// What Okta is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// Read one user.
    ReadUser,
    /// Read the groups of a user.
    ReadGroups,
    /// Read a group.
    ReadGroup,
    /// Read the members of a group.
    ReadMembers,
    /// Read the group rules.
    ReadRules,
    /// Make a user a member.
    Add,
    /// End a membership.
    Remove,
    /// Sign a user out.
    EndSessions,
    /// Trade a signed statement for an access token.
    GetToken,
}

impl Doing {
    /// Whether it changes what others see.
    pub(super) const fn is_change(self) -> bool {
        match self {
            Self::Add | Self::Remove | Self::EndSessions => true,
            Self::ReadUser
            | Self::ReadGroups
            | Self::ReadGroup
            | Self::ReadMembers
            | Self::ReadRules
            | Self::GetToken => false,
        }
    }
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadUser => "read a user",
            Self::ReadGroups => "read a user's groups",
            Self::ReadGroup => "read a group",
            Self::ReadMembers => "read a group's members",
            Self::ReadRules => "read the group rules",
            Self::Add => "add a member to the group",
            Self::Remove => "remove a member from the group",
            Self::EndSessions => "end a user's sessions",
            Self::GetToken => "give us an access token",
        })
    }
}

/// Okta said no: what it said, and what to do.
pub(super) fn refused(doing: Doing, status: u16, complaint: &Complaint) -> String {
    let said = match complaint.text() {
        text if text.is_empty() => format!("status {status}"),
        text => format!("status {status}, {text}"),
    };
    let mend = match (doing, status) {
        (Doing::GetToken, _) if complaint.wants_dpop() => {
            "; jitney has no DPoP: untick `Require Demonstrating Proof of Possession` of the app in Okta's console"
        }
        (Doing::GetToken, _) => {
            "; look at client_id, the app's public key, its scopes, and this machine's clock"
        }
        (_, 401) => "; the token was revoked or has expired: write a new one into its file",
        (_, 403) => {
            "; the account lacks the scope or the admin role for it, or the group is managed elsewhere"
        }
        (_, 300..=399) => "; is base_url the org's address?",
        (_, 404) => "; that is not Okta's own answer: is base_url the org's address?",
        (_, _) => "",
    };
    format!("Okta refused to {doing} ({said}){mend}")
}

/// How a user is named in evidence: by id, which stays, and login, which people know.
pub(super) fn user(user: &User) -> String {
    format!("{} ({})", user.profile.login, user.id)
}

/// How it was looked at.
pub(super) fn read_groups(user: &str, reads: u32) -> String {
    match reads {
        1 => format!("read the groups of {user} at Okta"),
        reads => format!("read the groups of {user} at Okta {reads} times"),
    }
}

/// How it was looked at where the user is no more.
pub(super) fn read_members(group: &GroupId) -> String {
    format!("read the members of {group} at Okta")
}

/// How it was changed.
pub(super) fn changed(user: &str, group: &GroupId) -> String {
    format!("changed the membership of {user} in {group} at Okta")
}

/// A look found a membership.
pub(super) fn is_member(group: &GroupId, groups: usize) -> String {
    format!("a member of {group}, among {groups} {}", if groups == 1 { "group" } else { "groups" })
}

/// A look found none.
pub(super) fn is_no_member(group: &GroupId, groups: usize) -> String {
    format!("no member of {group}, among {groups} {}", if groups == 1 { "group" } else { "groups" })
}

/// The group was deleted.
pub(super) fn group_is_gone(group: &GroupId) -> String {
    format!("there is no group {group} any more")
}

/// The user was deleted, and the members were looked through.
pub(super) fn user_is_gone(user: &UserId, group: &GroupId, members: usize) -> String {
    format!("there is no user {user} any more, and none with that id among the {members} members of {group}")
}

/// A member that Okta does not show as a user.
pub(super) fn is_hidden_member(user: &UserId, group: &GroupId) -> String {
    format!("{user} is a member of {group}, though Okta shows no such user to this account")
}

/// A rule makes people members.
pub(super) fn by_rule(seen: &str, rule: &str) -> String {
    format!("{seen}; the group rule `{rule}` makes people members of it")
}

/// A membership was made.
pub(super) const ADDED: &str = "Okta took the membership";

/// A membership was there.
pub(super) const WAS_MEMBER: &str = "Okta took the membership, which stood before";

/// The end of a membership; `sessions` when they were ended as well.
pub(super) fn removed(was_member: bool, sessions: bool) -> String {
    let told = if was_member { "the membership was taken out" } else { "there was no membership" };
    if sessions {
        format!("{told}; the user was signed out of Okta, and the tokens of apps were revoked")
    } else {
        told.to_owned()
    }
}

/// The membership is out, the sessions may not be.
pub(super) fn sessions_remain(error: &str) -> String {
    format!("the membership is taken out, but the user's Okta sessions were not ended: {error}")
}

/// Reads that do not agree.
pub(super) fn disagree(group: &GroupId, agreed: u32) -> String {
    format!("Okta's answers about {group} do not agree yet: {agreed} one way, and the next the other way")
}

/// No such user to grant to.
pub(super) fn no_such_login(login: &str) -> String {
    format!(
        "Okta has no user whose login is {login}; if theirs is another, write it into the target's `users` table"
    )
}

/// A login that Okta no longer knows, at the end of a grant.
pub(super) fn lost_login(login: &str) -> String {
    format!(
        "Okta has no user whose login is {login} any more, and a user who was only renamed would still be a member: write the user's id (00u…, in Okta's system log) into the target's `users` table; a deleted user's is fine"
    )
}

/// An id that is not there: deleted meanwhile, or written wrongly.
pub(super) fn no_such_user(user: &UserId) -> String {
    format!("Okta has no user {user}; look at the target's `users` table if it names that id")
}

/// An id that can't be one of Okta's.
pub(super) fn odd_id(login: &str) -> String {
    format!("the id that Okta gives {login} is no user's id (00u…)")
}

/// A user who gets nothing.
pub(super) fn kept_out(user: &User) -> Option<String> {
    let state = match user.status {
        UserStatus::Deprovisioned => "deactivated",
        UserStatus::Suspended => "suspended",
        UserStatus::Active | UserStatus::Other => return None,
    };
    Some(format!("the Okta user {} is {state}, so nothing is granted to them", user.profile.login))
}

/// The step names a group that is not there.
pub(super) fn no_such_group(group: &GroupId) -> String {
    format!("Okta has no group {group}, or does not show it to this account")
}

/// A group whose members are not Okta's to change; none for one that they are.
pub(super) fn managed_elsewhere(group: &GroupId, kind: GroupKind) -> Option<String> {
    let by = match kind {
        GroupKind::OktaGroup => return None,
        GroupKind::AppGroup => "the app that it was imported from (APP_GROUP)",
        GroupKind::BuiltIn => "Okta itself (BUILT_IN)",
        GroupKind::Other => "something that jitney does not know",
    };
    Some(format!("the members of {group} are managed by {by}; name a group of Okta's own (OKTA_GROUP)"))
}

/// A login that can't be asked for.
pub(super) fn odd_login(login: &str) -> String {
    format!(
        "Okta can't be asked for the login {login}; an admin can write the user's id into the target's `users` table"
    )
}

/// The stored step is not one of this adapter's.
pub(super) fn not_our_step(label: &str) -> String {
    format!(
        "{label} is no membership of an Okta group; was the target's adapter changed while the grant was open?"
    )
}

/// The org is reached, as `check` tells it.
pub(super) fn reached(left: Option<(u32, u32)>) -> Finding {
    Finding::ok(match left {
        Some((left, limit)) => {
            format!("Okta is reached and groups can be read; {left} of {limit} calls are left in this window")
        }
        None => "Okta is reached and groups can be read; it tells no rate limit".to_owned(),
    })
}

/// Whose API token it is.
pub(super) fn acting_as(user: &User) -> Finding {
    Finding::ok(format!(
        "the API token is {}'s; whether their admin role may change memberships and end sessions shows at the first grant",
        user.profile.login
    ))
}

/// What an app may do.
pub(super) fn acting_as_app(client: &str, scopes: &[String]) -> Finding {
    Finding::ok(format!(
        "the app {client} has {}; whether its admin role reaches each group shows at the first grant",
        scopes.join(", ")
    ))
}

/// A scope that the app was not given.
pub(super) fn lacks_scope(client: &str, scope: &str) -> Finding {
    Finding::fail(
        format!("the app {client} has no {scope}"),
        "grant it in Okta's console, under the app's Okta API Scopes",
    )
}

/// A call of the check failed.
pub(super) fn check_failed(trouble: &str) -> Finding {
    Finding::fail(trouble.to_owned(), "mend that, and run `jitney doctor` again")
}

/// Users can be read.
pub(super) const USERS_READ: &str = "users can be read";

/// Rules can't be read.
pub(super) fn rules_unread(trouble: &str) -> Finding {
    Finding::warn(
        format!("the group rules could not be read, so nobody knows whether one fills a group: {trouble}"),
        "give the account the right to read groups and their rules",
    )
}

/// A rule fills a group of a role.
pub(super) fn filled_by_rule(group: &GroupId, rule: &str) -> Finding {
    Finding::warn(
        format!(
            "the group rule `{rule}` makes people members of {group}, so its members have standing access"
        ),
        "take the group out of the rule, or give the role a group of its own",
    )
}

/// A group of a role is fine.
pub(super) fn group_is_fine(group: &GroupId, name: &str) -> Finding {
    Finding::ok(format!("the group {name} ({group}) is Okta's own"))
}

/// A group of a role is not.
pub(super) fn group_is_wrong(why: &str) -> Finding {
    Finding::fail(why.to_owned(), "mend the step's `group` in the policy")
}

/// Groups that were not looked at.
pub(super) fn more_groups(rest: usize) -> Finding {
    Finding::warn(
        format!("{rest} more groups were not looked at"),
        "split the target if you want all of them checked",
    )
}

/// The clocks agree.
pub(super) const CLOCK_AGREES: &str = "the clock agrees with Okta's";

/// The clocks do not agree.
pub(super) fn clock_differs(by: Span) -> Finding {
    Finding::warn(
        format!("this machine's clock is {} off Okta's", by.words()),
        "turn time synchronisation on (`timedatectl set-ntp true`)",
    )
}
