//! A local Jira Cloud: the part of REST v3 that a ticket edge needs, over real HTTP, with a memory. As strict as
//! Atlassian's server where that matters (documents, unknown keys, ids as strings), and as unreliable as asked.

mod document;
mod exchange;
mod others;
mod rights;
mod routes;
mod shapes;
mod site;

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::time::{Clock, Span};

use self::site::Site;

pub use self::exchange::{Exchange, LocalCall};
pub use self::site::{LocalComment, LocalIssue};

/// Exchanges that are kept at most; the oldest go first.
const EXCHANGES_MOST: usize = 2000;

/// What the site is like.
#[derive(Debug, Clone)]
pub struct LocalJiraSettings {
    /// The key of its one project.
    pub project: String,
    /// The name of its one issue type.
    pub issue_type: String,
    /// Everybody with an account; the first is the one whose token is taken.
    pub accounts: Vec<LocalAccount>,
    /// That account's API token.
    pub token: SecretString,
    /// How long a new issue stays out of search results, by the clock's monotonic reading.
    pub search_lag: Span,
    /// Whether the create screen has the reporter field.
    pub reporter_on_screen: bool,
    /// The permissions that the account with the token lacks, by Jira's keys (`ADD_COMMENTS`). `mypermissions`
    /// tells them; without `BROWSE_PROJECTS` the project is not there, without `TRANSITION_ISSUES` no way out of a
    /// status is, and without `USER_PICKER` nobody is found. No other call looks at them.
    pub lacks: BTreeSet<String>,
    /// Whether people hide their e-mail addresses, as Jira lets them by default.
    pub hidden_emails: bool,
}

/// An account of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalAccount {
    /// Jira's opaque id.
    pub id: String,
    /// The e-mail address.
    pub email: String,
    /// As people call them.
    pub name: String,
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answered with this status, and nothing is done. 429 carries `Retry-After` and `RateLimit-Reason`.
    Status(u16),
    /// Done, but the answer is lost.
    DropAfterApply,
    /// Done this much later, whether or not anybody still waits for the answer.
    Slow(Duration),
    /// The connection is closed, and nothing is done.
    Refuse,
}

/// The server. Dropped, it stops.
#[derive(Debug)]
pub struct LocalJira {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// What the server and its connections share.
#[derive(Debug)]
struct Shared {
    /// The only `Authorization` that is taken.
    authorization: SecretString,
    site: Mutex<Site>,
    faults: Mutex<VecDeque<PlannedFault>>,
    exchanges: Mutex<VecDeque<Exchange>>,
    down: AtomicBool,
    changes: watch::Sender<u64>,
}

#[derive(Debug)]
struct PlannedFault {
    /// Any call, when none.
    call: Option<LocalCall>,
    left: usize,
    fault: Fault,
}

impl LocalJira {
    /// Listens on a free port of the loopback address.
    ///
    /// # Errors
    /// When there is no account to act as, or no port.
    pub async fn start(settings: LocalJiraSettings, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let Some(bot) = settings.accounts.first() else {
            return Err(io::Error::other("a local Jira needs an account whose token it takes"));
        };
        let pair = format!("{}:{}", bot.email, settings.token.expose_secret());
        let authorization = SecretString::from(format!("Basic {}", BASE64_STANDARD.encode(pair)));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let site = Site::new(format!("http://{address}"), settings, clock);
        let shared = Arc::new(Shared {
            authorization,
            site: Mutex::new(site),
            faults: Mutex::default(),
            exchanges: Mutex::default(),
            down: AtomicBool::new(false),
            changes: watch::Sender::new(0),
        });
        let server = tokio::spawn(exchange::accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, server })
    }

    /// Where it listens: `http://127.0.0.1:…`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// While down, every connection is closed without an answer.
    pub fn down(&self, down: bool) {
        self.shared.down.store(down, Ordering::SeqCst);
    }

    /// Whether it is down.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.shared.down.load(Ordering::SeqCst)
    }

    /// Lets the next `n` calls go wrong.
    pub fn fail_next(&self, n: usize, fault: Fault) {
        self.plan(None, n, fault);
    }

    /// Lets the next `n` calls of one kind go wrong.
    pub fn fail_next_call(&self, call: LocalCall, n: usize, fault: Fault) {
        self.plan(Some(call), n, fault);
    }

    /// Every issue of its project, the oldest first.
    #[must_use]
    pub fn issues(&self) -> Vec<LocalIssue> {
        self.shared.site().issues()
    }

    /// The comments on an issue, the oldest first; none of an unknown one.
    #[must_use]
    pub fn comments(&self, key: &str) -> Vec<LocalComment> {
        self.shared.site().comments(key)
    }

    /// The statuses that an issue had, the first one included; none of an unknown one.
    #[must_use]
    pub fn history(&self, key: &str) -> Vec<String> {
        self.shared.site().history(key)
    }

    /// Somebody drags the issue to a status, whatever the workflow; false when there is no such issue or status.
    pub fn drag(&self, key: &str, status: &str) -> bool {
        let done = self.shared.site().drag(key, status);
        self.shared.changed();
        done
    }

    /// Somebody gives the issue to another, by id; false when there is no such issue or account.
    pub fn assign(&self, key: &str, assignee: &str) -> bool {
        let done = self.shared.site().assign(key, assignee);
        self.shared.changed();
        done
    }

    /// Somebody comments in their browser; `property` is what only a script could set. The answer is the
    /// comment's id; none when there is no such issue or account.
    pub fn comment_as(
        &self,
        key: &str,
        account: &str,
        text: &str,
        property: Option<(&str, serde_json::Value)>,
    ) -> Option<String> {
        let made = self.shared.site().comment_as(key, account, text, property);
        self.shared.changed();
        made
    }

    /// Somebody else makes an issue; the answer is its key, none when there is no such account.
    pub fn make_issue_as(&self, account: &str, summary: &str, labels: &[&str]) -> Option<String> {
        let made = self.shared.site().make_issue_as(account, summary, labels);
        self.shared.changed();
        made
    }

    /// An issue of another project, for people to name: its key, title and status, who reported it and who works on it, by
    /// their account ids. False when the key is taken, or the people or the status are not known.
    pub fn add_other(
        &self,
        key: &str,
        summary: &str,
        status: &str,
        reporter: &str,
        assignee: Option<&str>,
    ) -> bool {
        let done = self.shared.site().add_other(key, summary, status, reporter, assignee);
        self.shared.changed();
        done
    }

    /// The calls that were answered or dropped, the oldest first.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        lock(&self.shared.exchanges).iter().cloned().collect()
    }

    /// Counts what changed: resolves whenever a page or a test should look again.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }

    fn plan(&self, call: Option<LocalCall>, left: usize, fault: Fault) {
        lock(&self.shared.faults).push_back(PlannedFault { call, left, fault });
    }
}

impl Drop for LocalJira {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn site(&self) -> MutexGuard<'_, Site> {
        lock(&self.site)
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// What goes wrong with this call, used up by asking.
    fn next_fault(&self, call: LocalCall) -> Option<Fault> {
        let mut faults = lock(&self.faults);
        let planned = faults.iter_mut().find(|p| p.left > 0 && p.call.is_none_or(|only| only == call))?;
        planned.left -= 1;
        let fault = planned.fault;
        faults.retain(|planned| planned.left > 0);
        Some(fault)
    }

    fn keep(&self, exchange: Exchange) {
        let mut exchanges = lock(&self.exchanges);
        if exchanges.len() >= EXCHANGES_MOST {
            exchanges.pop_front();
        }
        exchanges.push_back(exchange);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
