//! What stands behind the socket: who asks, what they may, and the engine's answer.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::net::unix::UCred;

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
    /// Whose session it is. The socket opens for the server's own user alone, so operators come by way of
    /// `sudo -u`; the kernel keeps who logged in, and lets nobody change it.
    session: Option<String>,
}

/// `loginuid` of a process that no session began (`AUDIT_UID_UNSET` of the kernel).
const NO_SESSION: u32 = u32::MAX;

impl SystemUser {
    /// Looks the logins up; a number without one keeps its number.
    pub(super) async fn of_peer(peer: &UCred) -> Self {
        let (uid, pid) = (peer.uid(), peer.pid());
        let look = move || {
            let session = pid.and_then(session_of).map(login_of);
            Self { login: login_of(uid), session }
        };
        // The system may ask a directory server for them, so it must not hold up the runtime.
        let found = tokio::task::spawn_blocking(look).await;
        found.unwrap_or_else(|_| Self { login: format!("uid-{uid}"), session: None })
    }

    /// The login that decides: the session's where the directory knows it.
    fn deciding(&self, people: &People) -> &str {
        let known = |login: &&String| people.iter().any(|one| one.operator_login.as_ref() == Some(login));
        self.session.as_ref().filter(known).unwrap_or(&self.login)
    }

    /// The one active person with this login. Two of them are none: who acted must be beyond doubt.
    fn operator(&self, people: &People) -> Option<Actor> {
        let login = self.deciding(people);
        let mut matching =
            people.iter().filter(|one| one.active && one.operator_login.as_deref() == Some(login));
        let person = matching.next()?;
        if matching.next().is_some() {
            return None;
        }
        Some(Actor::Operator { id: person.id.clone(), name: person.name.clone() })
    }

    /// Who it is, as people know them.
    fn name(&self) -> &str {
        self.session.as_ref().unwrap_or(&self.login)
    }

    /// An actor who is nobody: not an operator, and no person that the directory could have.
    fn stranger(&self) -> Option<Actor> {
        let id = PersonId::new(&format!("system-user:{}", self.name())).ok()?;
        Some(Actor::Person { id, name: self.name().to_owned() })
    }
}

/// Who began the session that the process belongs to; none for a service's.
fn session_of(pid: i32) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/loginuid")).ok()?;
    text.trim().parse().ok().filter(|uid| *uid != NO_SESSION)
}

fn login_of(uid: u32) -> String {
    let found = nix::unistd::User::from_uid(uid.into());
    found.ok().flatten().map_or_else(|| format!("uid-{uid}"), |user| user.name)
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
            tracing::warn!(login = user.name(), "refused on the admin socket: not an operator");
            if let (Some(by), Some(verb)) = (user.stranger(), verb) {
                // The engine refuses a stranger and records it; its reasons are not the point here.
                let recorded = desk.submit(Command { key, by, verb }).await;
                if let Err(error) = recorded {
                    tracing::error!(%error, "the refusal could not be recorded");
                }
            }
            Reply::Answer(Answer::Refused(Refusal::NotAnOperator { login: user.name().to_owned() }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Person;
    use crate::time::{Span, Timestamp};

    fn people() -> People {
        let person = |login: &str, active: bool| -> Person {
            serde_json::from_value(serde_json::json!({
                "id": format!("{login}@example.com"),
                "name": login,
                "employment": "employee",
                "department": "IT",
                "active": active,
                "operator_login": login,
            }))
            .unwrap()
        };
        let people = vec![person("dana", true), person("gone", false), person("jitney", true)];
        People::new(people, Timestamp::from_millis(0), Span::mins(10))
    }

    #[test]
    fn who_began_the_session_acts_whatever_user_they_became() {
        for (login, session, acts) in [
            ("jitney", Some("dana"), Some("dana@example.com")),
            ("root", Some("dana"), Some("dana@example.com")),
            ("dana", None, Some("dana@example.com")),
            ("jitney", Some("somebody"), Some("jitney@example.com")),
            ("root", Some("somebody"), None),
            ("jitney", Some("gone"), None),
        ] {
            let user = SystemUser { login: login.to_owned(), session: session.map(str::to_owned) };
            let actor = user.operator(&people());
            let id = actor.as_ref().and_then(Actor::person).map(PersonId::as_str);
            assert_eq!(id, acts, "{login}, session of {session:?}");
        }
    }
}
