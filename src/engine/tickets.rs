//! Tickets that requesters name, as somebody sees them who can reach the tracker. A look is made before the command
//! waits for the engine, and while a scheduled start waits for it, so that the engine's thread waits for nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::core::{Core, Touched, World};
use super::handle::{EngineHandle, Message};
use super::{Command, Verb};
use crate::ids::{IssueKey, PersonId, RequestId};
use crate::lifecycle::{Event, Facts, Request, State};
use crate::policy::{self, Ask, AskMode, TicketFound, TicketLook};
use crate::store::{StoreError, Tx};
use crate::time::{Span, Timestamp};

/// A look takes this long at most while somebody waits for it: Slack waits three seconds for the answer to a form.
const LOOK_MOST: Duration = Duration::from_millis(1500);
/// And so long for a start: nobody waits for that with a form open.
const START_LOOK_MOST: Duration = Duration::from_secs(10);
/// Looks for starts that are made at once.
const LOOKS_AT_ONCE: usize = 8;
/// A look that was not answered is made again after this.
const LOOK_AGAIN: Span = Span::mins(1);
/// A start waits so long for an answer; then nobody could look.
const PATIENCE: Span = Span::mins(15);
/// Starts that were taken back while they waited are forgotten after this.
const FORGOTTEN: Span = Span::days(1);

/// Who looks at tickets.
#[async_trait]
pub trait Tickets: Send + Sync {
    /// Looks at the ticket that this person named.
    async fn look(&self, ticket: &IssueKey, requester: &PersonId) -> TicketFound;
}

/// The look that a command asks for, if it does.
pub(super) async fn look(tickets: &dyn Tickets, command: &Command) -> Option<(IssueKey, TicketFound)> {
    let (Verb::Ask(Ask { ticket: Some(ticket), .. })
    | Verb::AskFor { ask: Ask { ticket: Some(ticket), .. }, .. }
    | Verb::BreakGlass(Ask { ticket: Some(ticket), .. })) = &command.verb
    else {
        return None;
    };
    let requester = command.by.person()?;
    Some((ticket.clone(), look_within(LOOK_MOST, tickets, ticket, requester).await))
}

async fn look_within(
    most: Duration,
    tickets: &dyn Tickets,
    ticket: &IssueKey,
    requester: &PersonId,
) -> TicketFound {
    match timeout(most, tickets.look(ticket, requester)).await {
        Ok(found) => found,
        Err(_) => {
            tracing::warn!(%ticket, "the ticket that somebody named was not looked at in time");
            TicketFound::Unanswered
        }
    }
}

/// What scheduled starts wait for. In memory alone: a start that is due asks again.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// Since when each waits.
    since: BTreeMap<RequestId, Timestamp>,
    /// Asked for, and not made yet.
    out: BTreeSet<RequestId>,
    /// Made, while it is decided upon.
    made: BTreeMap<RequestId, TicketLook>,
}

impl Looks {
    /// How many are asked for and not made yet.
    pub(super) fn out(&self) -> usize {
        self.out.len()
    }
}

/// Looks that are to be made: at which ticket, and as whose.
#[derive(Debug, Default)]
pub(super) struct WantedLooks {
    wanted: Mutex<BTreeMap<RequestId, (IssueKey, PersonId)>>,
    news: Notify,
}

impl WantedLooks {
    fn want(&self, request: RequestId, ticket: IssueKey, requester: PersonId) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.insert(request, (ticket, requester));
        drop(wanted);
        self.news.notify_one();
    }

    async fn next(&self) -> (RequestId, (IssueKey, PersonId)) {
        loop {
            let first = self.wanted.lock().unwrap_or_else(PoisonError::into_inner).pop_first();
            match first {
                Some(first) => return first,
                None => self.news.notified().await,
            }
        }
    }
}

impl Core {
    /// From now on a scheduled start waits until the ticket that it names was looked at again. Somebody must look: see
    /// [`EngineHandle::make_looks`].
    pub fn wait_for_looks(&mut self) {
        self.looks = Some(Looks::default());
    }

    /// What is known of the ticket of a start that is due. Nothing is while nobody looks.
    pub(super) fn judge_ticket(&self, facts: &mut Facts, world: &World, request: &Request, now: Timestamp) {
        let (Some(looks), Some(_)) = (&self.looks, &request.ask.ticket) else { return };
        let Some(look) = looks.made.get(&request.id) else {
            facts.look_owed = true;
            return;
        };
        let against = policy::ticket_against(&world.policies, &request.ask, AskMode::New, Some(look));
        let since = looks.since.get(&request.id).copied().unwrap_or(now);
        if against.is_some() && look.found == TicketFound::Unanswered && now < since + PATIENCE {
            facts.look_owed = true;
            return;
        }
        let eligible = std::mem::replace(&mut facts.still_eligible, policy::Verdict::Granted(Vec::new()));
        facts.still_eligible = eligible.unless(against.into_iter().collect());
    }

    /// Has the ticket of a start looked at: now, or in a minute when nobody answered just now.
    pub(super) fn want_look(&mut self, touched: &mut Touched, request: &Request, now: Timestamp) {
        let (Some(looks), Some(ticket)) = (&mut self.looks, &request.ask.ticket) else { return };
        looks.since.retain(|_, since| now < *since + FORGOTTEN);
        looks.since.entry(request.id).or_insert(now);
        if looks.made.contains_key(&request.id) {
            let urgency = crate::lifecycle::urgency(&request.state);
            touched.due.insert(request.id, Some((now + LOOK_AGAIN, urgency)));
            return;
        }
        // As at the asking: who asks for somebody else names a ticket of their own.
        let names = request.asked_by.as_ref().map_or(&request.requester.id, |asked_by| &asked_by.id);
        looks.out.insert(request.id);
        self.shared.looks.want(request.id, ticket.clone(), names.clone());
    }

    /// A look that a start waited for.
    pub(super) fn looked(
        &mut self,
        tx: &mut Tx<'_>,
        touched: &mut Touched,
        id: RequestId,
        look: &TicketLook,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if let Some(looks) = &mut self.looks {
            looks.out.remove(&id);
            looks.made.insert(id, look.clone());
        }
        let mut is_waiting = false;
        let decided = self.settle_input(tx, touched, |core, tx, touched| {
            core.event(tx, touched, id, &Event::Tick, now)?;
            let request = tx.request(id)?;
            is_waiting = request.is_some_and(|(request, _)| matches!(request.state, State::Scheduled { .. }));
            Ok(())
        });
        if let Some(looks) = &mut self.looks {
            looks.made.remove(&id);
            if !is_waiting {
                looks.since.remove(&id);
            }
        }
        decided.map(drop)
    }
}

impl EngineHandle {
    /// Makes the looks that scheduled starts wait for, as long as it is polled.
    pub async fn make_looks(self) {
        let Some(tickets) = self.tickets.clone() else { return };
        let mut running = JoinSet::new();
        loop {
            while running.try_join_next().is_some() {}
            if running.len() >= LOOKS_AT_ONCE {
                running.join_next().await;
                continue;
            }
            let (request, (ticket, requester)) = self.shared.looks.next().await;
            let (engine, tickets) = (self.clone(), std::sync::Arc::clone(&tickets));
            running.spawn(async move {
                let found = look_within(START_LOOK_MOST, tickets.as_ref(), &ticket, &requester).await;
                let look = Box::new(TicketLook { ticket, as_of: engine.now(), found });
                let taken = engine.call(|reply| Message::TicketSeen(request, look, reply)).await;
                if let Err(error) = taken {
                    tracing::warn!(%request, %error, "a look at a ticket could not be taken in; it is made again");
                }
            });
        }
    }
}
