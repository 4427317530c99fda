//! What the outbox needs of the engine, and of the edges that it hands work to.

use async_trait::async_trait;
use secrecy::SecretString;

use crate::engine::{Completion, EngineError, EngineHandle, Owed};
use crate::ids::{RequestId, TargetId};
use crate::time::Timestamp;

/// The engine, as far as the outbox needs it. Errors are those of [`EngineHandle`]'s methods of the same names.
#[async_trait]
pub trait Desk: Clone + Send + Sync + 'static {
    /// Claims work that is owed and due.
    async fn claim(&self, most: usize) -> Result<Vec<Owed>, EngineError>;
    /// Settles claimed work.
    async fn complete(&self, completion: Completion) -> Result<(), EngineError>;
    /// The credential of a grant; none once it was erased.
    async fn credential(&self, request: RequestId) -> Result<Option<SecretString>, EngineError>;
    /// Resolves when something may have become due.
    async fn owed(&self);
    /// Hears that a target is down for everybody, or no longer.
    fn breaker(&self, target: TargetId, open: bool);
    /// The time to write into evidence.
    fn now(&self) -> Timestamp;
}

/// Brings Slack messages up to date.
#[async_trait]
pub trait Shower<D = EngineHandle>: Send + Sync + 'static {
    /// Makes the message say what the request says now.
    async fn show(&self, owed: &Owed, desk: &D) -> Completion;
}

/// Brings tickets up to date.
#[async_trait]
pub trait Teller<D = EngineHandle>: Send + Sync + 'static {
    /// Makes the ticket say what the request says now.
    async fn tell(&self, owed: &Owed, desk: &D) -> Completion;
}

#[async_trait]
impl Desk for EngineHandle {
    async fn claim(&self, most: usize) -> Result<Vec<Owed>, EngineError> {
        Self::claim(self, most).await
    }
    async fn complete(&self, completion: Completion) -> Result<(), EngineError> {
        Self::complete(self, completion).await
    }
    async fn credential(&self, request: RequestId) -> Result<Option<SecretString>, EngineError> {
        Self::credential(self, request).await
    }
    async fn owed(&self) {
        Self::owed(self).await;
    }
    fn breaker(&self, target: TargetId, open: bool) {
        Self::breaker(self, target, open);
    }
    fn now(&self) -> Timestamp {
        Self::now(self)
    }
}
