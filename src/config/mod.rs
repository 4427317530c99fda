//! `jitney.toml` and the environment, parsed into [`Config`] with every issue at once. Tokens are not part of it:
//! [`Secrets`] reads them, for those commands that need them.

mod address;
mod environment;
mod on_call;
mod policy_files;
mod reader;
mod schedule;
mod secrets;
mod settings;
mod sources;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use thiserror::Error;

pub use address::{BaseUrl, BaseUrlError, SlackId, SlackIdError};
pub use environment::{Environment, Variable};
pub use on_call::{OnCall, load_schedules};
pub use policy_files::{PolicyFilesError, policy_paths, read_policy_files, replace_policy_file};
pub use schedule::{Schedule, ScheduleError};
pub use secrets::{Secrets, SlackTokens, load_jira_token};
pub use sources::{SourceKind, SourceTable};

use crate::ids::{OnCallId, TargetId};
use crate::jira::Milestone;
use crate::time::Span;
use reader::{At, NamedTable, Source, Table};

/// A configuration is at most this long, in bytes.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// Slack forgives a channel a few messages at once.
const USUAL_BURST: u32 = 3;
/// More is for a local workspace, which has no pace.
const BURST_MOST: u32 = 100_000;

/// What `jitney.toml` and the environment say. Paths are absolute or relative to the working directory.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// What is on this machine.
    pub server: Server,
    /// Where people come from.
    pub directory: Directory,
    /// The workspace.
    pub slack: Slack,
    /// The Jira site.
    pub jira: Jira,
    /// The targets by name.
    pub targets: BTreeMap<TargetId, TargetTable>,
    /// The on-call schedules by name.
    pub on_call: BTreeMap<OnCallId, OnCall>,
    /// What nobody may exceed.
    pub limits: Limits,
}

/// `[server]`: what is on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The one SQLite file.
    pub database: PathBuf,
    /// The folder of policy files.
    pub policies: PathBuf,
    /// The socket by which commands reach the running server.
    pub socket: PathBuf,
    /// The key that seals secrets in the database.
    pub key_file: PathBuf,
}

/// `[directory]`: where people come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// The file that lists them.
    pub file: PathBuf,
    /// Decisions wait for a fresh read when the last one is older than this.
    pub max_age: Span,
    /// Sources of facts besides the file.
    pub sources: Vec<SourceTable>,
}

/// `[slack]`: the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slack {
    /// Where the Web API is.
    pub api_url: BaseUrl,
    /// The workspace's id (`T…`); clicks from any other are refused. None, when the whole organisation is heard.
    pub team_id: Option<SlackId>,
    /// The Enterprise Grid organisation's id (`E…`).
    pub enterprise_id: Option<SlackId>,
    /// Whether accounts that the directory does not name are bound by their confirmed e-mail address.
    pub bind_by_email: bool,
    /// Where requests are shown and decided.
    pub approvals_channel: SlackId,
    /// Who hears of break-glass and stuck revocations.
    pub security_channel: SlackId,
    /// Messages that a channel may get at once; then one a second.
    pub burst: u32,
    /// The app-level token's file, unless the environment has the token.
    pub app_token_file: Option<PathBuf>,
    /// The bot token's file, unless the environment has the token.
    pub bot_token_file: Option<PathBuf>,
}

/// `[jira]`: the Jira site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jira {
    /// Where the site is.
    pub base_url: BaseUrl,
    /// The account that the token belongs to.
    pub email: String,
    /// The project of the issues.
    pub project: String,
    /// Their type, by name.
    pub issue_type: String,
    /// The token's file, unless the environment has the token.
    pub token_file: Option<PathBuf>,
    /// The site as people open it, when the API is elsewhere.
    pub site_url: Option<BaseUrl>,
    /// The status, by name, that an issue is moved to; what has none moves nothing.
    pub transitions: BTreeMap<Milestone, String>,
}

/// `[targets.NAME]`: a target, of which only its adapter understands the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetTable {
    /// Which adapter.
    pub adapter: String,
    /// Every other key.
    pub settings: Map<String, Value>,
    /// Where the table stands.
    pub place: Place,
}

/// `[limits]`: what nobody may exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests that one person may have open.
    pub open_requests_per_person: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { open_requests_per_person: 5 }
    }
}

/// A point in a text: both numbers count from 1, columns by code points.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Something wrong with the configuration, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Where it is; a variable's issue names the variable in its message.
    pub place: Option<Place>,
    /// What is wrong and what to do.
    pub message: String,
}

impl Issue {
    fn of_variable(message: String) -> Self {
        Self { place: None, message }
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// Why there is no configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("can't read {path}: {error}; `jitney init` writes a first one, `--config` names another", path = path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// What is in it, or in the environment, won't do.
    #[error("{}", list(.0))]
    Issues(Vec<Issue>),
}

fn list(issues: &[Issue]) -> String {
    issues.iter().map(Issue::to_string).collect::<Vec<_>>().join("\n")
}

impl Config {
    /// Reads the file and lays the environment over it.
    ///
    /// # Errors
    /// When the file can't be read, or with every issue of it and of the environment.
    pub fn load(path: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        let text =
            read_limited(path).map_err(|error| ConfigError::Unreadable { path: path.to_owned(), error })?;
        let base = path.parent().unwrap_or(Path::new("")).to_owned();
        Self::parse(&path.display().to_string(), &text, &base, environment).map_err(ConfigError::Issues)
    }

    /// Parses a text whose relative paths are relative to `base`.
    ///
    /// # Errors
    /// Every issue, in the order of the text, then those of the environment.
    pub fn parse(name: &str, text: &str, base: &Path, environment: &Environment) -> Result<Self, Vec<Issue>> {
        let source = Source::new(name, text);
        let draft = reader::read(&source, |root| Draft::read(root, &source, base));
        let mut issues = source.issues();
        let draft = draft.map(|draft| environment::lay_over(draft, environment, &mut issues));
        match draft.and_then(Draft::finish) {
            Some(config) if issues.is_empty() => Ok(config),
            Some(_) | None => Err(issues),
        }
    }
}

/// A configuration of which a piece may be missing: then there is an issue about it.
struct Draft {
    server: Server,
    directory_file: PathBuf,
    max_age: Span,
    sources: Vec<SourceTable>,
    slack: SlackDraft,
    jira: JiraDraft,
    targets: BTreeMap<TargetId, TargetTable>,
    on_call: BTreeMap<OnCallId, OnCall>,
    limits: Limits,
}

struct SlackDraft {
    api_url: Option<BaseUrl>,
    team_id: Option<SlackId>,
    enterprise_id: Option<SlackId>,
    bind_by_email: bool,
    approvals_channel: Option<SlackId>,
    security_channel: Option<SlackId>,
    burst: u32,
    app_token_file: Option<PathBuf>,
    bot_token_file: Option<PathBuf>,
}

struct JiraDraft {
    base_url: Option<BaseUrl>,
    email: Option<String>,
    project: Option<String>,
    issue_type: String,
    token_file: Option<PathBuf>,
    site_url: Option<BaseUrl>,
    transitions: BTreeMap<Milestone, String>,
}

impl Draft {
    fn read(root: &Table<'_, '_>, source: &Source<'_>, base: &Path) -> Self {
        let path = |table: &Table<'_, '_>, key, default: &str| {
            base.join(table.text(key).map_or_else(|| default.to_owned(), |found| found.value))
        };
        let server = root.table("server", |table| Server {
            database: path(table, "database", "jitney.db"),
            policies: path(table, "policies", "policies"),
            socket: path(table, "socket", "jitney.sock"),
            key_file: path(table, "key_file", "jitney.key"),
        });
        let (directory_file, max_age, sources) = root.table("directory", |table| {
            let max_age = table.parsed::<Span>("max_age");
            if let Some(zero) = max_age.as_ref().filter(|age| age.value.is_zero()) {
                table.issue(zero.at, "`directory.max_age` must be longer than nothing, such as `10m`");
            }
            let sources = table.table("sources", |table| sources::read_sources(table, base));
            let max_age = max_age.map_or(Span::mins(10), |age| age.value);
            (path(table, "file", "people.toml"), max_age, sources)
        });
        Self {
            server,
            directory_file,
            max_age,
            sources,
            slack: read_slack(root, base),
            jira: read_jira(root, base),
            targets: root.table("targets", |table| read_targets(table, source)),
            on_call: on_call::read(root, base),
            limits: root.table("limits", |table| Limits {
                open_requests_per_person: table
                    .number("open_requests_per_person", 1, 1000)
                    .unwrap_or(Limits::default().open_requests_per_person),
            }),
        }
    }

    fn finish(self) -> Option<Config> {
        Some(Config {
            server: self.server,
            directory: Directory { file: self.directory_file, max_age: self.max_age, sources: self.sources },
            slack: Slack {
                api_url: self.slack.api_url?,
                team_id: self.slack.team_id,
                enterprise_id: self.slack.enterprise_id,
                bind_by_email: self.slack.bind_by_email,
                approvals_channel: self.slack.approvals_channel?,
                security_channel: self.slack.security_channel?,
                burst: self.slack.burst,
                app_token_file: self.slack.app_token_file,
                bot_token_file: self.slack.bot_token_file,
            },
            jira: Jira {
                base_url: self.jira.base_url?,
                email: self.jira.email?,
                project: self.jira.project?,
                issue_type: self.jira.issue_type,
                token_file: self.jira.token_file,
                site_url: self.jira.site_url,
                transitions: self.jira.transitions,
            },
            targets: self.targets,
            on_call: self.on_call,
            limits: self.limits,
        })
    }
}

fn read_slack(root: &Table<'_, '_>, base: &Path) -> SlackDraft {
    root.table("slack", |table| {
        if !table.is_there() {
            table.issue(table.at(), "the section `[slack]` is missing; jitney.example.toml shows one");
        }
        let id = |key, example| {
            let text = if table.is_there() { table.required(key, example) } else { table.text(key) };
            text.and_then(|text| table.parse::<SlackId>(key, &text)).map(|id| id.value)
        };
        // Parsed like any other, so that there is one way to come by an address.
        let usual = || At { value: "https://slack.com/api".to_owned(), at: table.at() };
        let api_url = table.text("api_url").unwrap_or_else(usual);
        let api_url = table.parse::<BaseUrl>("api_url", &api_url).map(|url| url.value);
        let enterprise_id = table.text("enterprise_id");
        let team_id = if table.is_there() && enterprise_id.is_none() {
            table.required("team_id", "\"T0123456789\"")
        } else {
            table.text("team_id")
        };
        let team_id = team_id.and_then(|id| own_id(table, "team_id", 'T', &id));
        let enterprise_id = enterprise_id.and_then(|id| own_id(table, "enterprise_id", 'E', &id));
        SlackDraft {
            api_url,
            team_id,
            enterprise_id,
            bind_by_email: table.flag("bind_by_email").unwrap_or(false),
            approvals_channel: id("approvals_channel", "\"C0123456789\""),
            security_channel: id("security_channel", "\"C0123456789\""),
            burst: table.number("burst", 1, BURST_MOST).unwrap_or(USUAL_BURST),
            app_token_file: table.text("app_token_file").map(|file| base.join(file.value)),
            bot_token_file: table.text("bot_token_file").map(|file| base.join(file.value)),
        }
    })
}

/// The id of a workspace or of an organisation: each has its own first letter.
fn own_id(table: &Table<'_, '_>, key: &'static str, first: char, written: &At<String>) -> Option<SlackId> {
    let id = table.parse::<SlackId>(key, written)?;
    if id.value.as_str().starts_with(first) {
        return Some(id.value);
    }
    let message = format!(
        "`slack.{key}` begins with {first}; `slack.team_id` is a workspace's id (T…), `slack.enterprise_id` an Enterprise \
         Grid organisation's (E…)"
    );
    table.issue(id.at, message);
    None
}

fn read_jira(root: &Table<'_, '_>, base: &Path) -> JiraDraft {
    root.table("jira", |table| {
        if !table.is_there() {
            table.issue(table.at(), "the section `[jira]` is missing; jitney.example.toml shows one");
        }
        let text = |key, example| {
            if table.is_there() { table.required(key, example) } else { table.text(key) }
        };
        let base_url = text("base_url", "\"https://example.atlassian.net\"");
        let project = text("project", "\"ACC\"").and_then(|key| project_key(table, key));
        JiraDraft {
            base_url: base_url.and_then(|url| table.parse::<BaseUrl>("base_url", &url)).map(|url| url.value),
            email: text("email", "\"jitney@example.com\"").map(|email| email.value),
            project,
            issue_type: table.text("issue_type").map_or_else(|| "Task".to_owned(), |kind| kind.value),
            token_file: table.text("token_file").map(|file| base.join(file.value)),
            site_url: table.parsed::<BaseUrl>("site_url").map(|url| url.value),
            transitions: table.table("transitions", read_transitions),
        }
    })
}

fn project_key(table: &Table<'_, '_>, key: At<String>) -> Option<String> {
    let fits = key.value.len() <= 40
        && key.value.starts_with(|c: char| c.is_ascii_uppercase())
        && key.value.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    if !fits {
        table.issue(key.at, "`jira.project` must be a project's key in capitals, such as `ACC`");
    }
    fits.then_some(key.value)
}

fn read_transitions(table: &Table<'_, '_>) -> BTreeMap<Milestone, String> {
    Milestone::ALL
        .into_iter()
        .filter_map(|milestone| Some((milestone, table.text(milestone.as_str())?.value)))
        .collect()
}

fn read_targets(table: &Table<'_, '_>, source: &Source<'_>) -> BTreeMap<TargetId, TargetTable> {
    let mut targets = BTreeMap::new();
    for NamedTable { name, settings } in table.named_tables() {
        let id = match TargetId::new(&name.value) {
            Ok(id) => id,
            Err(error) => {
                table.issue(name.at, error.to_string());
                continue;
            }
        };
        let Some(mut settings) = settings else { continue };
        let Some(Value::String(adapter)) = settings.remove("adapter") else {
            let message =
                format!("`targets.{id}.adapter` must name an adapter, such as `adapter = \"htpasswd\"`");
            table.issue(name.at, message);
            continue;
        };
        targets.insert(id, TargetTable { adapter, settings, place: source.place(name.at) });
    }
    targets
}

fn read_limited(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)?.take(SIZE_LIMIT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > SIZE_LIMIT {
        return Err(std::io::Error::other("it is over 1 MiB, which is no configuration"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
