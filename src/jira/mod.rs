//! The ticket: one Jira issue a request, with every transition on it once and in order. Level-triggered: whatever
//! was owed, it compares what the request says with what is known to stand on the issue, and sends the rest.
//!
//! Jira has no idempotency keys, so a lost reply leaves three doubts. A doubtful issue is searched by its label,
//! after the time that the search may lag behind; a doubtful comment is looked for among the issue's comments by
//! the entry ids in its property; a doubtful move is read back.

mod adf;
mod answers;
mod check;
mod client;
mod comments;
mod look;
mod render;
mod settings;
mod status;
pub mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::OnceCell;

use self::client::{Client, Trouble};
use crate::engine::{Completion, Dossier, EngineError, EngineHandle, Owed, TicketProgress};
use crate::ids::{EntryId, IssueKey, RequestId};
use crate::lifecycle::Entry;
use crate::time::Span;

pub use self::check::check;
pub use self::client::JiraSetupError;
pub use self::settings::{JiraSettings, LabelPrefix, LabelPrefixError, Milestone};

/// Requests that something is remembered of at most. Forgetting costs a wait, a look or a repeated warning.
const MEMORY_LIMIT: usize = 10_000;

/// What the edge needs of the engine.
#[async_trait]
pub trait Journal: Send + Sync {
    /// See [`EngineHandle::dossier`].
    ///
    /// # Errors
    /// When the database can't be read.
    async fn dossier(&self, request: RequestId) -> Result<Option<Dossier>, EngineError>;

    /// See [`EngineHandle::progress`].
    ///
    /// # Errors
    /// When nothing could be committed.
    async fn progress(&self, request: RequestId, done: TicketProgress) -> Result<(), EngineError>;
}

#[async_trait]
impl Journal for EngineHandle {
    async fn dossier(&self, request: RequestId) -> Result<Option<Dossier>, EngineError> {
        Self::dossier(self, request).await
    }

    async fn progress(&self, request: RequestId, done: TicketProgress) -> Result<(), EngineError> {
        Self::progress(self, request, done).await
    }
}

/// Keeps the issues of one Jira project.
#[derive(Debug)]
pub struct Ticketer {
    client: Client,
    settings: JiraSettings,
    me: OnceCell<String>,
    memory: Mutex<Memory>,
}

/// What only this process knows; a restart begins with the careful case.
#[derive(Debug, Default)]
struct Memory {
    /// Issues that were made, until the engine has written them down.
    opened: BTreeMap<RequestId, IssueKey>,
    /// What earlier tries may have made for these is as old as the search may lag behind.
    waited: BTreeSet<RequestId>,
    /// These had to be tried again: a comment that was given up may land late, so they are looked at once more.
    suspect: BTreeSet<RequestId>,
    /// This process commented on these, or gave a comment of an earlier one the time to land.
    settled: BTreeSet<RequestId>,
    /// Statuses that the workflow did not offer, told once.
    warned: BTreeSet<(RequestId, String)>,
}

/// Why the ticket is not told in full yet.
struct Pause {
    error: String,
    after: Option<Span>,
}

impl From<Trouble> for Pause {
    fn from(trouble: Trouble) -> Self {
        let after = if let Trouble::Busy { after, .. } = &trouble { *after } else { None };
        Self { error: trouble.to_string(), after }
    }
}

impl From<EngineError> for Pause {
    fn from(error: EngineError) -> Self {
        Self { error: error.to_string(), after: None }
    }
}

impl Ticketer {
    /// Takes the settings; nothing is sent.
    ///
    /// # Errors
    /// When the address is not safe for an API token, or the process has no TLS.
    pub fn new(settings: JiraSettings) -> Result<Self, JiraSetupError> {
        let client = Client::new(&settings)?;
        Ok(Self { client, settings, me: OnceCell::new(), memory: Mutex::default() })
    }

    /// Makes the ticket say what the request says. One call at a time for one request.
    pub async fn tell(&self, owed: &Owed, engine: &dyn Journal) -> Completion {
        match self.bring_up_to_date(owed, engine).await {
            Ok(revision) => Completion::Told { row: owed.row, request: owed.request, revision },
            Err(Pause { error, after }) => Completion::Later { row: owed.row, error, after },
        }
    }

    async fn bring_up_to_date(&self, owed: &Owed, engine: &dyn Journal) -> Result<u64, Pause> {
        let Some(dossier) = engine.dossier(owed.request).await? else {
            return Err(Pause { error: format!("there is no request {}", owed.request), after: None });
        };
        let issue = match &dossier.issue {
            Some(issue) => issue.clone(),
            None => {
                // Nobody comments on an issue before it is written down.
                remember(&mut self.memory().settled, owed.request);
                self.open(owed, &dossier, engine).await?
            }
        };
        if dossier.comments.is_empty() {
            self.link(&dossier, &issue).await?;
        }
        self.tell_entries(owed, &dossier, &issue, engine).await?;
        self.move_along(&dossier, &issue, engine).await?;
        Ok(dossier.revision)
    }

    /// Finds or makes the issue.
    async fn open(&self, owed: &Owed, dossier: &Dossier, engine: &dyn Journal) -> Result<IssueKey, Pause> {
        let request = owed.request;
        let known = self.memory().opened.get(&request).cloned();
        let found = match known {
            None if owed.attempts > 0 => self.find(request).await?,
            known => known,
        };
        let issue = match found {
            Some(issue) => issue,
            None => self.create_once(owed, dossier).await?,
        };
        engine.progress(request, TicketProgress::Opened { issue: issue.clone() }).await?;
        self.memory().opened.remove(&request);
        self.memory().waited.remove(&request);
        Ok(issue)
    }

    /// Makes the issue, but not sooner after another try than the search may lag behind.
    async fn create_once(&self, owed: &Owed, dossier: &Dossier) -> Result<IssueKey, Pause> {
        let request = owed.request;
        // Forgotten while the call is out: should it be dropped, the next one waits.
        let waited = self.memory().waited.remove(&request);
        if owed.attempts > 0 && !waited {
            remember(&mut self.memory().waited, request);
            let error = "an earlier try may have made the issue; waiting until jira's search would show it";
            return Err(Pause { error: error.to_owned(), after: Some(self.settings.settle_wait) });
        }
        let outcome = self.create(dossier).await;
        let mut memory = self.memory();
        match outcome {
            Ok(issue) => {
                memory.opened.insert(request, issue.clone());
                Ok(issue)
            }
            Err(trouble) => {
                remember(&mut memory.waited, request);
                Err(self.after_doubt(trouble))
            }
        }
    }

    async fn find(&self, request: RequestId) -> Result<Option<IssueKey>, Pause> {
        let found = self.client.labelled(&self.settings.label(request), self.me().await?).await?;
        if found.len() > 1 {
            tracing::warn!(%request, ?found, "jira has several issues of one request; the first is kept, close the others");
        }
        Ok(found.into_iter().next())
    }

    async fn create(&self, dossier: &Dossier) -> Result<IssueKey, Trouble> {
        let request = &dossier.request;
        let reporter = self.reporter(request.requester.id.as_str()).await?;
        let body = render::issue(&self.settings, request, reporter.as_deref());
        match self.client.create(&body).await {
            Err(Trouble::Refused { status: 400, complaint, .. })
                if reporter.is_some() && complaint.errors.contains_key("reporter") =>
            {
                self.client.create(&render::issue(&self.settings, request, None)).await
            }
            outcome => outcome,
        }
    }

    /// The requester's account; none when Jira does not tell, which holds up nothing.
    async fn reporter(&self, email: &str) -> Result<Option<String>, Trouble> {
        if !email.contains('@') {
            return Ok(None);
        }
        match self.client.account_by_email(email).await {
            Err(trouble @ Trouble::Refused { status: 400 | 403 | 404, .. }) => {
                tracing::warn!(%trouble, "the issue is made without the requester as its reporter");
                Ok(None)
            }
            outcome => outcome,
        }
    }

    /// Links the issue to the ticket that the requester named. A link is a convenience: refused, it holds up
    /// nothing, because the description names the ticket too.
    async fn link(&self, dossier: &Dossier, issue: &IssueKey) -> Result<(), Pause> {
        let (Some(ticket), Some(site)) = (&dossier.request.ask.ticket, &self.settings.link) else {
            return Ok(());
        };
        let body = render::remote_link(&dossier.request, ticket, site);
        match self.client.remote_link(issue, &body).await {
            Err(trouble @ Trouble::Refused { .. }) => {
                tracing::warn!(%issue, %trouble, "the issue is not linked to the ticket that the requester named");
                Ok(())
            }
            outcome => Ok(outcome?),
        }
    }

    /// Comments with what is not told yet, in order.
    async fn tell_entries(
        &self,
        owed: &Owed,
        dossier: &Dossier,
        issue: &IssueKey,
        engine: &dyn Journal,
    ) -> Result<(), Pause> {
        let request = owed.request;
        let mut told = dossier.comments.clone();
        let is_first_look = remember(&mut self.memory().settled, request);
        let suspect = self.memory().suspect.remove(&request);
        if owed.attempts > 0 {
            remember(&mut self.memory().suspect, request);
        }
        if owed.attempts > 0 || suspect {
            self.look_at_comments(request, issue, &mut told, engine).await?;
        }
        let untold: Vec<&Entry> = dossier.entries.iter().filter(|e| !told.contains_key(&e.id)).collect();
        if owed.attempts > 0 && is_first_look && !untold.is_empty() {
            let error = "a comment of an earlier process may still land";
            return Err(Pause { error: error.to_owned(), after: Some(self.settings.settle_wait) });
        }
        for batch in render::batches(&untold) {
            let comment = self.client.comment(issue, &render::comment(&batch)).await;
            let comment = comment.map_err(|trouble| self.after_doubt(trouble))?;
            let entries = batch.iter().map(|entry| entry.id).collect();
            engine.progress(request, TicketProgress::Commented { entries, comment }).await?;
        }
        Ok(())
    }

    /// Takes over what stands there already, and deletes what stands there twice.
    async fn look_at_comments(
        &self,
        request: RequestId,
        issue: &IssueKey,
        told: &mut BTreeMap<EntryId, String>,
        engine: &dyn Journal,
    ) -> Result<(), Pause> {
        let comments = self.client.comments(issue).await?;
        let findings = comments::judge(&comments, self.me().await?, request, told);
        for (comment, entries) in findings.adopt {
            told.extend(entries.iter().map(|entry| (*entry, comment.clone())));
            engine.progress(request, TicketProgress::Commented { entries, comment }).await?;
        }
        for double in findings.doubles {
            self.client.delete_comment(issue, &double).await?;
            tracing::warn!(%issue, comment = double, "deleted a comment of ours that said the same twice");
        }
        Ok(())
    }

    /// Moves the issue to the status that the request's state wants, if any is configured.
    async fn move_along(
        &self,
        dossier: &Dossier,
        issue: &IssueKey,
        engine: &dyn Journal,
    ) -> Result<(), Pause> {
        let route = status::route(dossier, &self.settings.transitions);
        let Some(wanted) = route.last().copied() else { return Ok(()) };
        let mut left: &[&str] = &route;
        let mut now = self.client.status(issue).await?;
        // Each turn shortens the route.
        while !status::same(&now, wanted) {
            let ways = self.client.ways(issue).await?;
            let Some((way, rest)) = status::farthest(left, &ways) else {
                let offered: Vec<&str> = ways.iter().map(|way| way.to.as_str()).collect();
                self.warn_not_offered(issue, dossier.request.id, wanted, &format!("it offers {offered:?}"));
                return Ok(());
            };
            match self.client.take(issue, way).await {
                Ok(()) => now.clone_from(&way.to),
                // Somebody else was faster, or a screen demands a field.
                Err(trouble @ Trouble::Refused { status: 400 | 409 | 422, .. }) => {
                    now = self.client.status(issue).await?;
                    if !status::same(&now, wanted) {
                        self.warn_not_offered(issue, dossier.request.id, wanted, &trouble.to_string());
                        return Ok(());
                    }
                }
                Err(trouble) => return Err(trouble.into()),
            }
            left = rest;
        }
        engine.progress(dossier.request.id, TicketProgress::Moved { status: now }).await?;
        Ok(())
    }

    /// A workflow that does not let us is no reason to hold up the words.
    fn warn_not_offered(&self, issue: &IssueKey, request: RequestId, wanted: &str, why: &str) {
        let new = remember(&mut self.memory().warned, (request, wanted.to_owned()));
        if new {
            tracing::warn!(%issue, wanted, why, "jira's workflow does not let the issue have the configured status; \
                add a transition, give Jitney's account \"Transition issues\", or change the configuration");
        }
    }

    /// After a lost reply nothing is sent again before Jira shows what it did.
    fn after_doubt(&self, trouble: Trouble) -> Pause {
        let doubtful = matches!(trouble, Trouble::Unknown { .. });
        let pause = Pause::from(trouble);
        if doubtful { Pause { after: Some(self.settings.settle_wait), ..pause } } else { pause }
    }

    async fn me(&self) -> Result<&str, Trouble> {
        self.me.get_or_try_init(|| self.client.myself()).await.map(String::as_str)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it is new.
fn remember<T: Ord>(set: &mut BTreeSet<T>, item: T) -> bool {
    if set.len() >= MEMORY_LIMIT {
        set.clear();
    }
    set.insert(item)
}
