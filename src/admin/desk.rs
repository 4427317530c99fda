//! What stands behind the socket: who asks, what they may, and the engine's answer.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Call, Reply};
use crate::engine::{Command, EngineError, EngineHandle, Status};
use crate::ids::PersonId;
use crate::lifecycle::{Actor, Answer, Refusal};
use crate::policy::People;

/// The engine, as the admin socket needs it.
#[async_trait]
pub trait Desk: Clone + Send + Sync + 'static {
    /// Decides and commits.
    ///
    /// # Errors
    /// When nothing could be committed.
    async fn submit(&self, command: Command) -> Result<Answer, EngineError>;
    /// How the engine is.
    ///
    /// # Errors
    /// When the database can't be read.
    async fn status(&self) -> Result<Status, EngineError>;
    /// The directory as last read.
    fn people(&self) -> Arc<People>;
}

#[async_trait]
impl Desk for EngineHandle {
    async fn submit(&self, command: Command) -> Result<Answer, EngineError> {
        Self::submit(self, command).await
    }
    async fn status(&self) -> Result<Status, EngineError> {
        Self::status(self).await
    }
    fn people(&self) -> Arc<People> {
        Self::people(self)
    }
}

/// The system user at the other end, as the kernel tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SystemUser {
    login: String,
}

impl SystemUser {
    /// Looks the login up; a number without one keeps its number.
    pub(super) async fn of_uid(uid: u32) -> Self {
        let unnamed = format!("uid-{uid}");
        // The system may ask a directory server for it, so it must not hold up the runtime.
        let found = tokio::task::spawn_blocking(move || nix::unistd::User::from_uid(uid.into())).await;
        let login = found.ok().and_then(Result::ok).flatten().map_or(unnamed, |user| user.name);
        Self { login }
    }

    /// The one active person with this login. Two of them are none: who acted must be beyond doubt.
    fn operator(&self, people: &People) -> Option<Actor> {
        let mut matching =
            people.iter().filter(|one| one.active && one.operator_login.as_deref() == Some(&self.login));
        let person = matching.next()?;
        if matching.next().is_some() {
            return None;
        }
        Some(Actor::Operator { id: person.id.clone(), name: person.name.clone() })
    }

    /// An actor who is nobody: not an operator, and no person that the directory could have.
    fn stranger(&self) -> Option<Actor> {
        let id = PersonId::new(&format!("system-user:{}", self.login)).ok()?;
        Some(Actor::Person { id, name: self.login.clone() })
    }
}

/// Answers one call.
pub(super) async fn answer<D: Desk>(desk: &D, user: &SystemUser, call: Call) -> Reply {
    let verb = match call.operation.verb() {
        Ok(verb) => verb,
        Err(error) => return Reply::Failed(error.to_string()),
    };
    let operator = user.operator(&desk.people());
    let key = Some(call.key);
    match (operator, verb) {
        (Some(by), Some(verb)) => match desk.submit(Command { key, by, verb }).await {
            Ok(answer) => Reply::Answer(answer),
            Err(error) => Reply::Failed(error.to_string()),
        },
        (Some(_), None) => match desk.status().await {
            Ok(status) => Reply::Status(status),
            Err(error) => Reply::Failed(error.to_string()),
        },
        (None, verb) => {
            tracing::warn!(login = %user.login, "refused on the admin socket: not an operator");
            if let (Some(by), Some(verb)) = (user.stranger(), verb) {
                // The engine refuses a stranger and records it; its reasons are not the point here.
                let recorded = desk.submit(Command { key, by, verb }).await;
                if let Err(error) = recorded {
                    tracing::error!(%error, "the refusal could not be recorded");
                }
            }
            Reply::Answer(Answer::Refused(Refusal::NotAnOperator { login: user.login.clone() }))
        }
    }
}
