//! A local Jira, a ticket edge that talks to it, and an engine that only keeps what it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jitney::engine::{Completion, Dossier, EngineError, Owed, TicketProgress};
use jitney::ids::{EntryId, RequestId};
use jitney::jira::{JiraSettings, Journal, Milestone, Ticketer};
use jitney::lifecycle::{Effect, Entry, State};
use jitney::playground::jira::{LocalAccount, LocalCall, LocalJira, LocalJiraSettings};
use jitney::time::{Clock, Span, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::samples::{REQUEST, at, dossier};

/// A clock that stands still until it is turned.
pub(crate) struct HandClock(Mutex<Span>);

impl HandClock {
    pub(crate) fn turn(&self, by: Span) {
        let mut now = self.0.lock().unwrap();
        *now = *now + by;
    }
}

impl Clock for HandClock {
    fn wall(&self) -> Timestamp {
        at(0) + self.monotonic()
    }

    fn monotonic(&self) -> Span {
        *self.0.lock().unwrap()
    }
}

/// An engine that keeps one dossier and applies progress to it.
pub(crate) struct Book {
    dossier: Mutex<Dossier>,
    /// What was told of it, in order.
    progress: Mutex<Vec<String>>,
    /// How many more steps it refuses to keep, as an engine that stops does.
    refuses: Mutex<usize>,
}

#[async_trait]
impl Journal for Book {
    async fn dossier(&self, request: RequestId) -> Result<Option<Dossier>, EngineError> {
        let dossier = self.dossier.lock().unwrap().clone();
        Ok((dossier.request.id == request).then_some(dossier))
    }

    async fn progress(&self, _: RequestId, done: TicketProgress) -> Result<(), EngineError> {
        let mut refuses = self.refuses.lock().unwrap();
        if *refuses > 0 {
            *refuses -= 1;
            return Err(EngineError::Stopped);
        }
        let mut dossier = self.dossier.lock().unwrap();
        let text = match done {
            TicketProgress::Opened { issue } => {
                let text = format!("opened {issue}");
                dossier.issue = Some(issue);
                text
            }
            TicketProgress::Commented { entries, comment } => {
                let numbers: Vec<u32> = entries.iter().map(|entry| entry.number()).collect();
                dossier.comments.extend(entries.into_iter().map(|entry| (entry, comment.clone())));
                format!("commented {numbers:?}")
            }
            TicketProgress::Moved { status } => {
                let text = format!("moved to {status}");
                dossier.issue_status = Some(status);
                text
            }
        };
        self.progress.lock().unwrap().push(text);
        Ok(())
    }
}

impl Book {
    pub(crate) fn set(&self, state: State, entries: Vec<Entry>) {
        let mut dossier = self.dossier.lock().unwrap();
        dossier.request.state = state;
        dossier.entries = entries;
        dossier.revision += 1;
    }

    pub(crate) fn refuse(&self, steps: usize) {
        *self.refuses.lock().unwrap() = steps;
    }

    pub(crate) fn edit(&self, change: impl FnOnce(&mut Dossier)) {
        change(&mut self.dossier.lock().unwrap());
    }

    pub(crate) fn progress_so_far(&self) -> Vec<String> {
        self.progress.lock().unwrap().clone()
    }

    pub(crate) fn revision(&self) -> u64 {
        self.dossier.lock().unwrap().revision
    }
}

pub(crate) struct Room {
    pub(crate) clock: Arc<HandClock>,
    pub(crate) jira: LocalJira,
    pub(crate) book: Book,
    pub(crate) edge: JiraSettings,
    pub(crate) ticketer: Ticketer,
}

pub(crate) const LAG: Span = Span::secs(4);

impl Room {
    pub(crate) async fn new(entries: Vec<Entry>) -> Self {
        Self::with(entries, |_| {}, |_| {}).await
    }

    pub(crate) async fn with(
        entries: Vec<Entry>,
        change_site: impl FnOnce(&mut LocalJiraSettings),
        change_edge: impl FnOnce(&mut JiraSettings),
    ) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Arc::new(HandClock(Mutex::new(Span::ZERO)));
        let account = |id: &str, email: &str, name: &str| LocalAccount {
            id: id.to_owned(),
            email: email.to_owned(),
            name: name.to_owned(),
        };
        let token = SecretString::from("a-made-up-token");
        let mut site = LocalJiraSettings {
            project: "ACC".to_owned(),
            issue_type: "Task".to_owned(),
            accounts: vec![
                account("acc-bot", "jitney@example.com", "Jitney"),
                account("acc-ann", "ann@example.com", "Ann"),
                account("acc-frank", "frank@example.com", "Frank"),
            ],
            token: token.clone(),
            search_lag: LAG,
            reporter_on_screen: true,
            lacks: BTreeSet::new(),
            hidden_emails: true,
        };
        change_site(&mut site);
        let jira = LocalJira::start(site, clock.clone()).await.unwrap();
        let mut edge = JiraSettings {
            base_url: jira.base_url().parse().unwrap(),
            email: "jitney@example.com".to_owned(),
            token,
            project: "ACC".to_owned(),
            issue_type: "Task".to_owned(),
            transitions: statuses(),
            settle_wait: JiraSettings::SETTLE_WAIT,
            timeout: JiraSettings::TIMEOUT,
            label_prefix: "jit-test".parse().unwrap(),
            link: Some("https://example.atlassian.net".parse().unwrap()),
        };
        change_edge(&mut edge);
        let ticketer = Ticketer::new(edge.clone()).unwrap();
        let book = Book {
            dossier: Mutex::new(dossier(entries)),
            progress: Mutex::default(),
            refuses: Mutex::new(0),
        };
        Self { clock, jira, book, edge, ticketer }
    }

    /// The same, but the process began anew.
    pub(crate) fn restarted(self) -> Self {
        Self { ticketer: Ticketer::new(self.edge.clone()).unwrap(), ..self }
    }

    /// One try.
    pub(crate) async fn try_once(&self, attempts: u32) -> Completion {
        let owed = Owed { row: 1, request: REQUEST, effect: Effect::Ticket, attempts, call: None };
        // The outbox runs it as a task of its own.
        sendable(self.ticketer.tell(&owed, &self.book)).await
    }

    /// Tries until it is told, as the outbox does: the clock is turned by what each pause asks for. The answer is
    /// the errors on the way.
    pub(crate) async fn tell(&self) -> Vec<String> {
        self.tell_from(0).await
    }

    pub(crate) async fn tell_from(&self, first: u32) -> Vec<String> {
        let mut errors = Vec::new();
        for attempts in first..first + 10 {
            match self.try_once(attempts).await {
                Completion::Told { row: 1, request: REQUEST, revision } => {
                    assert_eq!(revision, self.book.revision());
                    return errors;
                }
                Completion::Later { row: 1, error, after } => {
                    self.clock.turn(after.unwrap_or(Span::secs(1)));
                    errors.push(error);
                }
                other => panic!("{other:?}"),
            }
        }
        panic!("not told after ten tries: {errors:#?}");
    }

    /// Sends the first call of a kind once more, as a network does that delivers late.
    pub(crate) async fn repeat(&self, call: LocalCall) {
        let sent = self.jira.exchanges().into_iter().find(|exchange| exchange.call == call).unwrap();
        let post = reqwest::Client::new()
            .post(format!("{}{}", self.jira.base_url(), sent.path))
            .basic_auth(&self.edge.email, Some(self.edge.token.expose_secret()))
            .json(&sent.body);
        assert_eq!(post.send().await.unwrap().status(), 201);
    }

    /// How often a call was answered or dropped.
    pub(crate) fn count(&self, call: LocalCall) -> usize {
        self.jira.exchanges().iter().filter(|exchange| exchange.call == call).count()
    }

    /// The entry ids on the only issue's comments, in order.
    pub(crate) fn told(&self) -> Vec<EntryId> {
        let ids = |properties: BTreeMap<String, Value>| {
            let ids = properties.get("jitney.entries").and_then(|value| value["ids"].as_array().cloned());
            ids.unwrap_or_default().iter().map(|id| id.as_str().unwrap().parse().unwrap()).collect::<Vec<_>>()
        };
        let comments = self.jira.comments("ACC-1").into_iter();
        comments
            .filter(|comment| comment.author == "Jitney")
            .flat_map(|comment| ids(comment.properties))
            .collect()
    }
}

fn sendable<T: Send>(future: T) -> T {
    future
}

pub(crate) fn numbers(range: std::ops::RangeInclusive<u32>) -> Vec<EntryId> {
    range.map(|number| EntryId::new(REQUEST, number)).collect()
}

fn statuses() -> BTreeMap<Milestone, String> {
    [
        (Milestone::Pending, "waiting for approval"),
        (Milestone::Granting, "In Progress"),
        (Milestone::Active, "In Progress"),
        (Milestone::Revoking, "In Progress"),
        (Milestone::Revoked, "Done"),
        (Milestone::Denied, "Declined"),
        (Milestone::ProvisioningFailed, "Declined"),
    ]
    .map(|(milestone, name)| (milestone, name.to_owned()))
    .into()
}
