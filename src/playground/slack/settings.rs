//! What a workspace begins with: who is in it, which app is installed, and how strict its limits are.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;

use crate::playground::people::{ACCESS_CHANNEL, SECURITY_CHANNEL, SECURITY_GROUP};
use crate::policy::Person;

/// The workspace's id.
pub const TEAM: &str = "T0LOCAL";
/// The installed app's id.
pub const APP: &str = "A0JITNEY";
/// The app's bot user.
pub const BOT_USER: &str = "U0JITNEY";
/// The app's bot id, on its messages.
pub const BOT: &str = "B0JITNEY";
/// Who speaks when Slack itself does.
pub const SLACKBOT: &str = "USLACKBOT";

/// A workspace before it starts.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen on 127.0.0.1; 0 takes a free port.
    pub port: u16,
    /// The token of the Web API (`xoxb-…`). Made up: it opens nothing but this workspace.
    pub bot_token: String,
    /// The token of `apps.connections.open` (`xapp-…`).
    pub app_token: String,
    /// The app that the bot token is of.
    pub bot_app: String,
    /// What the bot token may do.
    pub scopes: BTreeSet<String>,
    /// What the app-level token may do.
    pub app_scopes: BTreeSet<String>,
    /// Slash commands that the app registered, with their slash.
    pub commands: BTreeSet<String>,
    /// Shortcuts that the app registered.
    pub shortcuts: Vec<Shortcut>,
    /// Who is in the workspace.
    pub members: Vec<Member>,
    /// The Enterprise Grid organisation (`E…`) that the workspace belongs to, if any.
    pub enterprise: Option<String>,
    /// Whether the app is installed for the whole organisation: then no interaction names a workspace.
    pub org_install: bool,
    /// Its public channels; the bot is in those that list [`BOT_USER`].
    pub channels: Vec<Room>,
    /// Its user groups.
    pub groups: Vec<UserGroup>,
    /// What stands in the profiles of some of its members.
    pub profiles: BTreeMap<String, Profile>,
    /// Whether people can write to the app (else messages to them fail with `messages_tab_disabled`).
    pub messages_tab: bool,
    /// Whether the app has a home tab.
    pub home_tab: bool,
    /// How strict it is.
    pub limits: Limits,
}

/// A shortcut of the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shortcut {
    /// As people read it.
    pub name: String,
    /// What the app hears.
    pub callback_id: String,
    /// Whether it is in the menu of messages; else it is a global one.
    pub on_message: bool,
}

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// `U…`.
    pub id: String,
    /// The handle, without `@`.
    pub handle: String,
    /// As people call them.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Whether that address was confirmed.
    pub email_confirmed: bool,
    /// Whether the account was closed.
    pub deactivated: bool,
    /// What kind of account it is.
    pub kind: MemberKind,
}

/// What somebody's profile says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// What they are called in the company.
    pub title: String,
    /// The workspace's own fields, by id (`Xf…`).
    pub fields: BTreeMap<String, String>,
}

/// What an account is in the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberKind {
    /// A member like any other.
    Full,
    /// A guest of several channels.
    Guest,
    /// A guest of one channel.
    SingleChannelGuest,
    /// Of another workspace (`T…`), seen through Slack Connect.
    Stranger(String),
    /// Another app's bot.
    Bot,
}

impl Member {
    /// The workspace that the account is of.
    pub(super) fn team(&self) -> &str {
        match &self.kind {
            MemberKind::Stranger(team) => team,
            MemberKind::Full | MemberKind::Guest | MemberKind::SingleChannelGuest | MemberKind::Bot => TEAM,
        }
    }
}

/// A public channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// `C…`.
    pub id: String,
    /// Without `#`.
    pub name: String,
    /// Users in it.
    pub members: BTreeSet<String>,
    /// Whether it was archived.
    pub archived: bool,
}

/// A user group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserGroup {
    /// `S…`.
    pub id: String,
    /// Without `@`.
    pub handle: String,
    /// Users in it.
    pub members: BTreeSet<String>,
}

/// Slack's limits, in real time whatever the workspace's clock says. The defaults are Slack's where they are
/// documented; tests shorten them.
#[derive(Debug, Clone)]
pub struct Limits {
    /// To answer an envelope.
    pub ack: Duration,
    /// A trigger id's life.
    pub trigger: Duration,
    /// A reply address's life.
    pub reply_url_life: Duration,
    /// How often a reply address may be used.
    pub reply_url_uses: u32,
    /// A connection ticket's life. Not documented.
    pub ticket: Duration,
    /// Links at a time.
    pub links: usize,
    /// Between a `disconnect` with notice and the close.
    pub closing_notice: Duration,
    /// Between two pings to the app.
    pub ping_every: Duration,
    /// A link's life, when it has an end.
    pub link_life: Option<Duration>,
    /// Waits before each new attempt at an event that was not acked. As documented for HTTP.
    pub event_retries: Vec<Duration>,
    /// Characters in all blocks of a message together. Not documented; seen in the wild.
    pub blocks_chars: usize,
    /// How often methods may be called.
    pub rates: Rates,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            ack: Duration::from_secs(3),
            trigger: Duration::from_secs(3),
            reply_url_life: Duration::from_secs(30 * 60),
            reply_url_uses: 5,
            ticket: Duration::from_secs(30),
            links: 10,
            closing_notice: Duration::from_secs(10),
            ping_every: Duration::from_secs(10),
            link_life: None,
            event_retries: vec![Duration::ZERO, Duration::from_secs(60), Duration::from_secs(300)],
            blocks_chars: 13_200,
            rates: Rates::default(),
        }
    }
}

/// How often methods may be called. A burst is what may come at once before the pace counts.
#[derive(Debug, Clone)]
pub struct Rates {
    /// Whether there is any limit.
    pub on: bool,
    /// A tier's burst, in minutes' worth of it.
    pub tier_burst_minutes: u32,
    /// Messages at once to one channel; then one a second.
    pub channel_burst: u32,
    /// Messages a minute in the whole workspace.
    pub workspace_posts: u32,
    /// Methods with calls a minute of their own.
    pub per_minute: BTreeMap<String, u32>,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            on: true,
            tier_burst_minutes: 2,
            channel_burst: 40,
            workspace_posts: 600,
            per_minute: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// A workspace of these people with `#access-approvals` and `#security`, and the app in both. People without
    /// a Slack account are left out; members of the directory's group `security` make up `@security`.
    #[must_use]
    pub fn for_people(people: &[Person]) -> Self {
        let mut members = Vec::new();
        let mut security = BTreeSet::new();
        for person in people {
            let Some(id) = person.slack.as_ref().map(|id| id.as_str().to_owned()) else { continue };
            if person.groups.iter().any(|group| group.as_str() == "security") {
                security.insert(id.clone());
            }
            let email = person.id.as_str().to_owned();
            let handle = email.split('@').next().unwrap_or(&email).to_owned();
            let name = person.name.clone();
            let (email_confirmed, deactivated, kind) = (true, !person.active, MemberKind::Full);
            members.push(Member { id, handle, name, email, email_confirmed, deactivated, kind });
        }
        let everybody: BTreeSet<String> =
            members.iter().map(|m| m.id.clone()).chain([BOT_USER.to_owned()]).collect();
        let room = |id: &str, name: &str| Room {
            id: id.to_owned(),
            name: name.to_owned(),
            members: everybody.clone(),
            archived: false,
        };
        Self {
            port: 0,
            bot_token: "xoxb-local-playground".to_owned(),
            app_token: "xapp-local-playground".to_owned(),
            bot_app: APP.to_owned(),
            scopes: DEFAULT_SCOPES.iter().map(|&scope| scope.to_owned()).collect(),
            app_scopes: BTreeSet::from(["connections:write".to_owned()]),
            commands: BTreeSet::from(["/jit".to_owned()]),
            shortcuts: vec![
                shortcut("Request access", "jit_request", false),
                shortcut("Request access for this", "jit_request_thread", true),
            ],
            members,
            enterprise: None,
            org_install: false,
            channels: vec![room(ACCESS_CHANNEL, "access-approvals"), room(SECURITY_CHANNEL, "security")],
            groups: vec![UserGroup {
                id: SECURITY_GROUP.to_owned(),
                handle: "security".to_owned(),
                members: security,
            }],
            profiles: BTreeMap::new(),
            messages_tab: true,
            home_tab: true,
            limits: Limits::default(),
        }
    }
}

fn shortcut(name: &str, callback_id: &str, on_message: bool) -> Shortcut {
    Shortcut { name: name.to_owned(), callback_id: callback_id.to_owned(), on_message }
}

const DEFAULT_SCOPES: [&str; 14] = [
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "usergroups:read",
    "users:read",
    "users:read.email",
    "mpim:read",
];
