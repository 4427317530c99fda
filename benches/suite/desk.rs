//! Between the outbox and the engine: passes everything on, and writes down when what came of a call was durable.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jitney::engine::{Completion, EngineError, EngineHandle, Owed, SlackMessage};
use jitney::ids::{RequestId, TargetId};
use jitney::lifecycle::{Effect, Outcome};
use jitney::outbox::{Desk, Shower, Teller};
use jitney::time::Timestamp;
use secrecy::SecretString;
use tokio::sync::oneshot;

use super::null::{Moments, note};

/// What somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seen {
    There,
    Gone,
}

/// Who waits for what.
type Waiting = BTreeMap<(RequestId, Seen), oneshot::Sender<()>>;

/// The engine, watched.
#[derive(Clone)]
pub(crate) struct WatchedDesk {
    engine: EngineHandle,
    pub(crate) gone: Moments,
    waiting: Arc<Mutex<Waiting>>,
}

impl WatchedDesk {
    pub(crate) fn new(engine: EngineHandle) -> Self {
        Self { engine, gone: Moments::default(), waiting: Arc::default() }
    }

    /// Resolves when it was seen and committed.
    pub(crate) fn when(&self, request: RequestId, seen: Seen) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert((request, seen), tell);
        told
    }
}

#[async_trait]
impl Desk for WatchedDesk {
    async fn claim(&self, most: usize) -> Result<Vec<Owed>, EngineError> {
        self.engine.claim(most).await
    }
    async fn complete(&self, completion: Completion) -> Result<(), EngineError> {
        let seen = match &completion {
            Completion::Target { effect, outcome: Outcome::Found(_), .. } => {
                Some((effect.request(), Seen::There))
            }
            // A look before the grant says the same, and nobody waits for it.
            Completion::Target { effect, outcome: Outcome::NotFound(_), .. } => {
                Some((effect.request(), Seen::Gone))
            }
            _ => None,
        };
        self.engine.complete(completion).await?;
        if let Some((request, seen)) = seen {
            if seen == Seen::Gone {
                note(&self.gone, request.number());
            }
            let waits = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&(request, seen));
            if let Some(tell) = waits {
                let _ = tell.send(());
            }
        }
        Ok(())
    }
    async fn credential(&self, request: RequestId) -> Result<Option<SecretString>, EngineError> {
        self.engine.credential(request).await
    }
    async fn owed(&self) {
        self.engine.owed().await;
    }
    fn breaker(&self, target: TargetId, open: bool) {
        self.engine.breaker(target, open);
    }
    fn now(&self) -> Timestamp {
        self.engine.now()
    }
}

/// Slack and Jira as far as the engine feels them: each message and ticket reads its request, and takes the time of
/// a call over the network.
pub(crate) struct FarEdge(pub(crate) Duration);

impl FarEdge {
    async fn revision(&self, owed: &Owed, desk: &WatchedDesk) -> u64 {
        let dossier = desk.engine.dossier(owed.request).await;
        tokio::time::sleep(self.0).await;
        dossier.ok().flatten().map_or(0, |dossier| dossier.revision)
    }
}

#[async_trait]
impl Shower<WatchedDesk> for FarEdge {
    async fn show(&self, owed: &Owed, desk: &WatchedDesk) -> Completion {
        let revision = self.revision(owed, desk).await;
        let Effect::Show(view) = owed.effect else {
            return Completion::Told { row: owed.row, request: owed.request, revision };
        };
        Completion::Shown { row: owed.row, request: owed.request, view, message: Some(message()), revision }
    }
}

#[async_trait]
impl Teller<WatchedDesk> for FarEdge {
    async fn tell(&self, owed: &Owed, desk: &WatchedDesk) -> Completion {
        let revision = self.revision(owed, desk).await;
        Completion::Told { row: owed.row, request: owed.request, revision }
    }
}

/// A posted message.
pub(crate) fn message() -> SlackMessage {
    SlackMessage {
        channel: "C0123456789".to_owned(),
        ts: "1795342530.000100".to_owned(),
        digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
    }
}
