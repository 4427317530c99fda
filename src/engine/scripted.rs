//! An engine for the tests of edges: it answers what it was told to answer, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, RwLock, mpsc};

use secrecy::SecretString;
use tokio::sync::Notify;

use super::handle::{EngineHandle, Message, Shared};
use super::{Bind, Bound, Command, Dossier, EngineError, Refused, Verb};
use crate::lifecycle::{Answer, Request};
use crate::policy::{People, PolicySet};
use crate::time::{Clock, Span, Timestamp};

/// What the engine says, and what it heard.
#[derive(Default)]
pub(crate) struct Script {
    /// The next answers; without one, the engine has stopped.
    pub(crate) answers: VecDeque<Answer>,
    /// Every command, in order.
    pub(crate) heard: Vec<Command>,
    pub(crate) dossier: Option<Dossier>,
    pub(crate) requests: Vec<Request>,
    pub(crate) refused: Vec<Refused>,
    pub(crate) credential: Option<String>,
    /// What every binding comes to.
    pub(crate) bound: Option<Bound>,
    pub(crate) binds: Vec<Bind>,
}

impl Script {
    pub(crate) fn verbs(&self) -> Vec<Verb> {
        self.heard.iter().map(|command| command.verb.clone()).collect()
    }
}

struct Still(Timestamp);

impl Clock for Still {
    fn wall(&self) -> Timestamp {
        self.0
    }
    fn monotonic(&self) -> Span {
        Span::ZERO
    }
}

/// Starts it; it ends with its last handle.
pub(crate) fn start(
    policies: PolicySet,
    people: People,
    now: Timestamp,
    script: Script,
) -> (EngineHandle, Arc<Mutex<Script>>) {
    let script = Arc::new(Mutex::new(script));
    let shared = Shared {
        policies: RwLock::new(Arc::new(policies)),
        people: RwLock::new(Arc::new(people)),
        rosters: Default::default(),
        away: Default::default(),
        borrowed: Default::default(),
        bindings: RwLock::default(),
        held: RwLock::default(),
        notice: RwLock::default(),
        notice_news: Notify::new(),
        looks: super::tickets::WantedLooks::default(),
        owed: Notify::new(),
        clock: Arc::new(Still(now)),
    };
    let (queue, messages) = mpsc::channel();
    let told = Arc::clone(&script);
    std::thread::spawn(move || {
        for message in messages {
            let mut script = told.lock().unwrap();
            match message {
                Message::Command(command, _, reply) => {
                    script.heard.push(*command);
                    let _ = reply.send(script.answers.pop_front().ok_or(EngineError::Stopped));
                }
                Message::Dossier(_, reply) => drop(reply.send(Ok(script.dossier.clone()))),
                Message::List(_, reply) => drop(reply.send(Ok(script.requests.clone()))),
                Message::ToReview(_, reply) => drop(reply.send(Ok(Vec::new()))),
                Message::Refused(_, reply) => drop(reply.send(Ok(script.refused.clone()))),
                Message::Credential(_, reply) => {
                    drop(reply.send(Ok(script.credential.clone().map(SecretString::from))));
                }
                Message::Bind(bind, reply) => {
                    script.binds.push(*bind);
                    let _ = reply.send(script.bound.clone().ok_or(EngineError::Stopped));
                }
                // No edge sends these in its tests; unanswered, they read as "stopped".
                other => drop(other),
            }
        }
    });
    (EngineHandle::new(queue, Arc::new(shared)), script)
}
