//! What the page shows besides Slack, and the levers behind the stage: the clock, the old app's door, the audit log.
//! Moments are in milliseconds since 1970, so that the page can show them in the reader's zone.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// What the page shows besides Slack, and the levers.
#[async_trait]
pub trait Backstage: Send + Sync + 'static {
    /// The scenery as it is, with a number that rises with each change of it.
    fn scenery(&self) -> watch::Receiver<(u64, Arc<Scenery>)>;
    /// Lets time pass. Answers with a sentence for the person who asked, whether it passed or not.
    async fn pass(&self, time: Passing) -> Result<String, String>;
    /// Opens the old app in a person's browser.
    async fn visit(&self, person: &str, visit: Visit) -> Result<Visited, String>;
    /// Verifies the audit log, or a copy of it in which one letter was changed.
    async fn verify(&self, forged: bool) -> Result<Verified, String>;
}

/// How much time is to pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passing {
    /// Until something falls due.
    ToNextDue,
    /// So many minutes, whatever falls due in them.
    Minutes(u32),
}

/// What a person does at the old app's door.
#[derive(Debug)]
pub enum Visit {
    /// Gives a login and a password.
    LogIn {
        /// The login.
        login: String,
        /// The password.
        password: SecretString,
    },
    /// Loads the page again with what the browser kept.
    Reload,
    /// Forgets what the browser kept.
    Forget,
}

/// What the old app answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Visited {
    /// The HTTP status; none when the app was not asked.
    pub status: Option<u16>,
    /// What the page says.
    pub says: String,
}

/// What a verification of the audit log found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Whether the chain holds.
    pub good: bool,
    /// What was found, in a sentence.
    pub says: String,
}

/// Everything on the page that is no conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Scenery {
    /// When something falls due next.
    pub due: Option<i64>,
    /// What the directory says of people, by Slack id.
    pub people: BTreeMap<String, PersonFacts>,
    /// Requests, oldest first.
    pub requests: Vec<RequestFacts>,
    /// Every ticket, oldest first.
    pub tickets: Vec<Ticket>,
    /// The old app.
    pub app: OldApp,
    /// The audit log.
    pub log: AuditLog,
    /// The policies.
    pub policies: Policies,
}

/// What the directory says of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonFacts {
    /// Where they work in the company.
    pub department: String,
    /// How they are employed.
    pub employment: &'static str,
    /// The name of whom they report to.
    pub manager: Option<String>,
}

/// A request as far as the page follows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestFacts {
    /// `R1001`.
    pub id: String,
    /// `Legacy wiki · Reader`.
    pub title: String,
    /// The requester's Slack id.
    pub by: String,
    /// Whether it was taken without asking anybody.
    pub at_once: bool,
    /// The grant that it extends.
    pub extends: Option<String>,
    /// `pending`, `active`, …
    pub state: &'static str,
    /// Slack ids of those who are asked now.
    pub asked: Vec<String>,
    /// The login that was made for it.
    pub login: Option<String>,
    /// Whether a credential waits to be revealed.
    pub sealed: bool,
    /// Whether its credential was shown.
    pub revealed: bool,
    /// Whether the requester was warned of the end.
    pub warned: bool,
    /// When it ends, or ended.
    pub expires: Option<i64>,
    /// When it was seen gone.
    pub gone: Option<i64>,
}

/// A ticket, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ticket {
    /// Its key.
    pub key: String,
    /// Its summary.
    pub title: String,
    /// Its description; lines are kept.
    pub about: String,
    /// Its status by name.
    pub status: String,
    /// The name of its reporter.
    pub reporter: String,
    /// Its comments, oldest first.
    pub comments: Vec<TicketComment>,
}

/// A comment, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TicketComment {
    /// Who wrote it.
    pub by: String,
    /// What it says; lines are kept.
    pub text: String,
}

/// The old app, from inside.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct OldApp {
    /// Its address.
    pub url: String,
    /// The lines of its password file; hashes are cut.
    pub file: Vec<String>,
    /// Open sessions by login.
    pub sessions: BTreeMap<String, usize>,
}

/// The audit log's end.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct AuditLog {
    /// The number of its newest record.
    pub length: u64,
    /// The newest record's hash.
    pub head: String,
    /// Its newest records, oldest first.
    pub records: Vec<AuditLine>,
}

/// One audit record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditLine {
    /// Its number.
    pub seq: u64,
    /// When.
    pub at: i64,
    /// What happened, in one word.
    pub kind: String,
    /// To which request.
    pub request: Option<String>,
    /// The beginning of its hash.
    pub hash: String,
}

/// The policies and how they stand.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Policies {
    /// Their folder.
    pub folder: String,
    /// Whether a person named the folder.
    pub named: bool,
    /// The digest of those in force, short.
    pub digest: String,
    /// Whether the folder as it is now is in force.
    pub in_force: bool,
    /// What keeps the folder from being in force.
    pub issues: Vec<PolicyIssue>,
    /// What is lawful in those in force but hardly meant: `place: message`.
    pub warnings: Vec<String>,
    /// Rows of `[[tests]]` that pass.
    pub tests_passed: usize,
    /// Rows of `[[tests]]` that do not: what each expects, and what it got.
    pub tests_failed: Vec<String>,
    /// Targets that are simulated.
    pub simulated: Vec<String>,
    /// Every role.
    pub roles: Vec<RoleFacts>,
}

/// An issue of the policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyIssue {
    /// `policies/wiki.toml:4:12`; empty when it is about the folder.
    pub place: String,
    /// What is wrong, and what to write instead.
    pub message: String,
}

/// A role, and who may have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoleFacts {
    /// `wiki/read`.
    pub role: String,
    /// `Legacy wiki · Reader`.
    pub title: String,
    /// What one can do with it.
    pub gives: String,
    /// `low`, `medium` or `high`.
    pub risk: &'static str,
    /// The usual time, as a command takes it.
    pub usual: String,
    /// The longest time, in words.
    pub most: String,
    /// The tier's name.
    pub tier: String,
    /// Whether its targets are simulated.
    pub simulated: bool,
    /// By Slack id: whether they may ask.
    pub who: BTreeMap<String, MayAsk>,
}

/// Whether somebody may ask for a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "may", content = "why", rename_all = "snake_case")]
pub enum MayAsk {
    /// For its usual time it is given at once.
    AtOnce,
    /// Somebody has to agree.
    Asks,
    /// The rules say no: the first reason.
    No(String),
}
