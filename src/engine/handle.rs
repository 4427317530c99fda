//! The async side of the engine: a cloneable handle with verbs.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, mpsc};

use secrecy::SecretString;
use thiserror::Error;
use tokio::sync::{Notify, Semaphore, oneshot};

use super::tickets::{self, Tickets, WantedLooks};
use super::{
    Bind, Bound, Command, Completion, Dossier, Filter, GoAway, Heard, Held, HeldNotice, HeldPeople, Owed,
    PeopleChange, PolicyChange, PolicyRefusal, Refused, RefusedOf, SlackMessage, Status, TicketProgress,
    WentAway,
};
use crate::ids::{PersonId, RequestId, SlackUserId, TargetId};
use crate::lifecycle::{Answer, Request};
use crate::policy::{Away, Aways, Borrowed, People, PolicySet, Rosters, TicketLook};
use crate::time::{Clock, Span, Timestamp};

/// Inputs that wait at most; more of them wait before they are taken.
const QUEUE_LIMIT: usize = 1024;

/// Why the engine gave no answer. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EngineError {
    /// It is shutting down or has stopped.
    #[error("jitney is stopping; nothing was changed, try again in a moment")]
    Stopped,
    /// The database refused.
    #[error("the database refused, so nothing was changed: {0}")]
    Store(String),
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, EngineError>>;

/// What waits for the engine's thread.
pub(super) enum Message {
    Command(Box<Command>, Option<Box<TicketLook>>, Reply<Answer>),
    Complete(Box<Completion>, Reply<()>),
    Progress(RequestId, TicketProgress, Reply<()>),
    TicketSeen(RequestId, Box<TicketLook>, Reply<()>),
    Heard(Box<Heard>, Reply<()>),
    Claim(usize, Reply<Vec<Owed>>),
    Dossier(RequestId, Reply<Option<Dossier>>),
    List(Filter, Reply<Vec<Request>>),
    ToReview(u32, Reply<Vec<Request>>),
    Refused(RefusedOf, Reply<Vec<Refused>>),
    Credential(RequestId, Reply<Option<SecretString>>),
    Status(Reply<Status>),
    Bind(Box<Bind>, Reply<Bound>),
    GoAway(Box<GoAway>, Reply<WentAway>),
    ComeBack(PersonId, Reply<Option<Away>>),
    ChangePolicies(Box<PolicyChange>, Reply<()>),
    RefusePolicies(Box<PolicyRefusal>, Reply<()>),
    Breaker(TargetId, bool),
    TakePeople(Box<PeopleChange>, Reply<()>),
    HoldPeople(Box<HeldPeople>, Reply<()>),
    HeldTold(Box<SlackMessage>, Reply<()>),
    Nudge,
    Stop(Reply<()>),
}

/// What the handle and the engine's thread share.
pub(super) struct Shared {
    pub(super) policies: RwLock<Arc<PolicySet>>,
    pub(super) people: RwLock<Arc<People>>,
    /// Who is on call; none until somebody asks the schedules.
    pub(super) rosters: RwLock<Option<Arc<Rosters>>>,
    pub(super) away: RwLock<Arc<Aways>>,
    /// Memberships that are there by a grant of ours.
    pub(super) borrowed: RwLock<Arc<Borrowed>>,
    /// Accounts that were bound to people whose account the directory does not name.
    pub(super) bindings: RwLock<BTreeMap<SlackUserId, PersonId>>,
    /// The change of people that waits for an operator.
    pub(super) held: RwLock<Option<Arc<HeldPeople>>>,
    /// What the security channel is to be told of it.
    pub(super) notice: RwLock<Option<HeldNotice>>,
    pub(super) notice_news: Notify,
    /// Looks at tickets that scheduled starts wait for.
    pub(super) looks: WantedLooks,
    pub(super) owed: Notify,
    pub(super) clock: Arc<dyn Clock>,
}

impl Shared {
    pub(super) fn new(policies: Arc<PolicySet>, people: Arc<People>, clock: Arc<dyn Clock>) -> Self {
        Self {
            policies: RwLock::new(policies),
            people: RwLock::new(people),
            rosters: RwLock::default(),
            away: RwLock::default(),
            borrowed: RwLock::default(),
            bindings: RwLock::default(),
            held: RwLock::default(),
            notice: RwLock::default(),
            notice_news: Notify::new(),
            looks: WantedLooks::default(),
            owed: Notify::new(),
            clock,
        }
    }
}

/// The engine, as the edges see it.
#[derive(Clone)]
pub struct EngineHandle {
    queue: mpsc::Sender<Message>,
    room: Arc<Semaphore>,
    pub(super) shared: Arc<Shared>,
    pub(super) tickets: Option<Arc<dyn Tickets>>,
}

impl EngineHandle {
    pub(super) fn new(queue: mpsc::Sender<Message>, shared: Arc<Shared>) -> Self {
        Self { queue, room: Arc::new(Semaphore::new(QUEUE_LIMIT)), shared, tickets: None }
    }

    /// Decides and commits. The answer comes after the commit.
    ///
    /// # Errors
    /// When nothing could be committed.
    pub async fn submit(&self, command: Command) -> Result<Answer, EngineError> {
        let found = match &self.tickets {
            Some(tickets) => tickets::look(tickets.as_ref(), &command).await,
            None => None,
        };
        let look = found.map(|(ticket, found)| Box::new(TicketLook { ticket, as_of: self.now(), found }));
        self.call(|reply| Message::Command(Box::new(command), look, reply)).await
    }

    /// The same engine, with somebody who looks at the tickets that requesters name.
    #[must_use]
    pub fn with_tickets(self, tickets: Arc<dyn Tickets>) -> Self {
        Self { tickets: Some(tickets), ..self }
    }

    /// Claims work that is owed and due, at most one of each lane, revocations first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn claim(&self, most: usize) -> Result<Vec<Owed>, EngineError> {
        self.call(|reply| Message::Claim(most, reply)).await
    }

    /// Settles claimed work and frees its lane.
    ///
    /// # Errors
    /// When nothing could be committed; the work stays claimed, so tell it again.
    pub async fn complete(&self, completion: Completion) -> Result<(), EngineError> {
        self.call(|reply| Message::Complete(Box::new(completion), reply)).await
    }

    /// Keeps a step of the work on a ticket.
    ///
    /// # Errors
    /// When nothing could be committed.
    pub async fn progress(&self, request: RequestId, done: TicketProgress) -> Result<(), EngineError> {
        self.call(|reply| Message::Progress(request, done, reply)).await
    }

    /// Keeps what somebody wrote in a card's thread.
    ///
    /// # Errors
    /// When nothing could be committed.
    pub async fn heard(&self, heard: Heard) -> Result<(), EngineError> {
        self.call(|reply| Message::Heard(Box::new(heard), reply)).await
    }

    /// A request with everything that was told of it.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn dossier(&self, request: RequestId) -> Result<Option<Dossier>, EngineError> {
        self.call(|reply| Message::Dossier(request, reply)).await
    }

    /// Requests, newest first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn list(&self, filter: Filter) -> Result<Vec<Request>, EngineError> {
        self.call(|reply| Message::List(filter, reply)).await
    }

    /// Requests whose review is owed, the earliest due first, at most so many.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn to_review(&self, most: u32) -> Result<Vec<Request>, EngineError> {
        self.call(|reply| Message::ToReview(most, reply)).await
    }

    /// The latest refusals, in order, at most as many as one is shown.
    ///
    /// # Errors
    /// When one can't be read.
    pub async fn refused(&self, of: RefusedOf) -> Result<Vec<Refused>, EngineError> {
        self.call(|reply| Message::Refused(of, reply)).await
    }

    /// The credential of a grant, unsealed; none once it was erased.
    ///
    /// # Errors
    /// When it can't be read or unsealed.
    pub async fn credential(&self, request: RequestId) -> Result<Option<SecretString>, EngineError> {
        self.call(|reply| Message::Credential(request, reply)).await
    }

    /// Binds a Slack account to the person whose confirmed address it has, or says what is in the way.
    ///
    /// # Errors
    /// When nothing could be committed.
    pub async fn bind(&self, bind: Bind) -> Result<Bound, EngineError> {
        self.call(|reply| Message::Bind(Box::new(bind), reply)).await
    }

    /// Keeps that somebody is away, or says what is in the way.
    ///
    /// # Errors
    /// When nothing could be committed.
    pub async fn go_away(&self, wish: GoAway) -> Result<WentAway, EngineError> {
        self.call(|reply| Message::GoAway(Box::new(wish), reply)).await
    }

    /// Somebody is back before their time; what held until now comes back, when something did.
    ///
    /// # Errors
    /// When nothing could be committed.
    pub async fn come_back(&self, person: PersonId) -> Result<Option<Away>, EngineError> {
        self.call(|reply| Message::ComeBack(person, reply)).await
    }

    /// How the engine is.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn status(&self) -> Result<Status, EngineError> {
        self.call(Message::Status).await
    }

    /// Tells that a target is down for everybody, or no longer.
    pub fn breaker(&self, target: TargetId, open: bool) {
        let _ = self.queue.send(Message::Breaker(target, open));
    }

    /// Makes it look at the clock again.
    pub fn nudge(&self) {
        let _ = self.queue.send(Message::Nudge);
    }

    /// Commits what waits, then stops.
    ///
    /// # Errors
    /// When it had stopped already.
    pub async fn stop(&self) -> Result<(), EngineError> {
        self.call(Message::Stop).await
    }

    /// Resolves when something may have become due to be claimed. Level-triggered: claim until nothing comes.
    pub async fn owed(&self) {
        self.shared.owed.notified().await;
    }

    /// The policies in force.
    #[must_use]
    pub fn policies(&self) -> Arc<PolicySet> {
        Arc::clone(&self.shared.policies.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts other policies in force, with a record of what they change.
    ///
    /// # Errors
    /// When nothing could be committed: then they are not in force.
    pub async fn change_policies(&self, change: PolicyChange) -> Result<(), EngineError> {
        self.call(|reply| Message::ChangePolicies(Box::new(change), reply)).await
    }

    /// Puts other policies in force without a record: for tests that have none to tell.
    pub fn set_policies(&self, policies: Arc<PolicySet>) {
        *self.shared.policies.write().unwrap_or_else(PoisonError::into_inner) = policies;
    }

    /// Records policies that don't take effect, each once.
    ///
    /// # Errors
    /// When nothing could be committed.
    pub async fn refuse_policies(&self, refusal: PolicyRefusal) -> Result<(), EngineError> {
        self.call(|reply| Message::RefusePolicies(Box::new(refusal), reply)).await
    }

    /// Puts people in force once what their sources told is kept, and judges what those have whose facts changed.
    ///
    /// # Errors
    /// When it could not be committed: then those before stay in force.
    pub async fn take_people(&self, change: PeopleChange) -> Result<(), EngineError> {
        self.call(|reply| Message::TakePeople(Box::new(change), reply)).await
    }

    /// Holds a change of people back until an operator accepts it.
    ///
    /// # Errors
    /// When it could not be recorded.
    pub async fn hold_people(&self, held: HeldPeople) -> Result<(), EngineError> {
        self.call(|reply| Message::HoldPeople(Box::new(held), reply)).await
    }

    /// The change of people that waits for an operator.
    #[must_use]
    pub fn held_people(&self) -> Option<Held> {
        self.shared.held()
    }

    /// The directory as last read, as it can be gone by now.
    #[must_use]
    pub fn people(&self) -> Arc<People> {
        self.shared.freshen_people(self.shared.clock.wall());
        Arc::clone(&self.shared.people.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes who is on call now, and looks again at what waits for them.
    pub fn set_on_call(&self, rosters: Rosters) {
        self.shared.set_on_call(Arc::new(rosters));
        self.nudge();
    }

    /// The wall clock, as this instance is told it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.clock.wall()
    }

    /// The monotonic clock, as this instance is told it: what is paced goes by it, since a wall clock is set back.
    #[must_use]
    pub fn monotonic(&self) -> Span {
        self.shared.clock.monotonic()
    }

    pub(super) async fn call<T>(&self, message: impl FnOnce(Reply<T>) -> Message) -> Result<T, EngineError> {
        let _room = self.room.acquire().await.map_err(|_| EngineError::Stopped)?;
        let (reply, answer) = oneshot::channel();
        self.queue.send(message(reply)).map_err(|_| EngineError::Stopped)?;
        answer.await.map_err(|_| EngineError::Stopped)?
    }
}
