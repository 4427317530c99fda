//! The outbox: takes what is owed from the engine, brings it to Slack, to tickets and to targets, and tells the
//! engine what came of it. It keeps nothing that the database does not hold: after a crash the same work is claimed
//! again. It looks at what is owed, never at what a signal said, and it also looks when no signal came.

mod breaker;
mod caller;
mod desk;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use self::caller::{TargetCaller, Wanted};
pub use self::desk::{Desk, Shower, Teller};
use crate::engine::{Completion, EngineError, EngineHandle, Owed};
use crate::ids::EffectId;
use crate::lifecycle::{Effect, Outcome};
use crate::targets::Targets;

/// Claimed work in memory. Most of it waits for its turn; that costs little. The engine gives no more than some
/// hundreds of each target, so that one target's queue does not hide the others' work.
const CLAIMED_MOST: usize = 8192;
/// What one claim takes: the first of it goes out while more is claimed.
const CLAIM_MOST: usize = 512;
/// Calls under way at a time: to targets, and for revocations besides.
const PARALLEL: usize = 48;
const PARALLEL_REVOCATIONS: usize = 16;
/// To Slack, and to Jira: turns of their own, so that one of them that is slow holds up neither the other nor a target.
const PARALLEL_EDGE: usize = 16;
/// What is to be shown or told waits so long: what follows at once is shown with it, and whoever clicked hears first.
const BREATH: Duration = Duration::from_millis(20);
/// Slack and Jira limit their calls themselves; one that never ends must not keep its lane.
const EDGE_TIME_OUT: Duration = Duration::from_secs(120);
/// It looks again when it heard nothing for so long; the engine tells it of whatever falls due.
const LOOK_AGAIN: Duration = Duration::from_secs(120);
/// Between tries to tell the engine, or to claim from it.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Everything stops: the work stays claimed in the database and is taken up at the next start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stopping;

/// Runs what is owed.
pub struct Outbox<D = EngineHandle> {
    work: Arc<Work<D>>,
    /// Calls that run get so long to end after a stop.
    grace: Duration,
}

struct Work<D> {
    desk: D,
    targets: TargetCaller,
    slack: Arc<dyn Shower<D>>,
    tickets: Arc<dyn Teller<D>>,
    turns: Arc<Semaphore>,
    revocation_turns: Arc<Semaphore>,
    slack_turns: Arc<Semaphore>,
    ticket_turns: Arc<Semaphore>,
}

impl<D: Desk> Outbox<D> {
    /// Takes the edges. `grace` is how long calls may go on after a stop.
    pub fn new(
        desk: D,
        targets: &Targets,
        slack: Arc<dyn Shower<D>>,
        tickets: Arc<dyn Teller<D>>,
        grace: Duration,
    ) -> Self {
        let work = Work {
            desk,
            targets: TargetCaller::new(targets),
            slack,
            tickets,
            turns: Arc::new(Semaphore::new(PARALLEL)),
            revocation_turns: Arc::new(Semaphore::new(PARALLEL_REVOCATIONS)),
            slack_turns: Arc::new(Semaphore::new(PARALLEL_EDGE)),
            ticket_turns: Arc::new(Semaphore::new(PARALLEL_EDGE)),
        };
        Self { work: Arc::new(work), grace }
    }

    /// Runs until `stop` resolves or the engine has stopped; then waits for the calls that run, as long as the grace
    /// allows. Returns how many it had to cut off: they stay owed. Stop the engine after this, not before, so that
    /// it hears what came of the last calls.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) -> usize {
        let mut running = JoinSet::new();
        tokio::pin!(stop);
        tokio::select! {
            () = &mut stop => {}
            Stopping = self.serve(&mut running) => {}
        }
        self.work.stop_waiting();
        let drained = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(self.grace, drained).await.is_err() {
            tracing::warn!(calls = running.len(), "calls were cut off; they are taken up at the next start");
        }
        // What is dropped here is aborted.
        running.len()
    }

    async fn serve(&self, running: &mut JoinSet<()>) -> Stopping {
        let mut pause = FIRST_PAUSE;
        loop {
            let room = CLAIMED_MOST.saturating_sub(running.len()).min(CLAIM_MOST);
            let claimed = match self.work.desk.claim(room).await {
                Ok(claimed) => claimed,
                Err(EngineError::Stopped) => return Stopping,
                Err(error @ EngineError::Store(_)) => {
                    tracing::warn!(%error, "nothing could be claimed");
                    tokio::time::sleep(pause).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                    continue;
                }
            };
            pause = FIRST_PAUSE;
            let is_drained = claimed.is_empty();
            for owed in claimed {
                running.spawn(Arc::clone(&self.work).run(owed));
            }
            let is_full = running.len() >= CLAIMED_MOST;
            if is_drained || is_full {
                tokio::select! {
                    () = self.work.desk.owed(), if !is_full => {}
                    // What ends is told to the engine, which says so when that leaves something to claim.
                    Some(_) = running.join_next(), if is_full => {}
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                }
            }
            while running.try_join_next().is_some() {}
        }
    }
}

impl<D: Desk> Work<D> {
    fn stop_waiting(&self) {
        for turns in [&self.turns, &self.revocation_turns, &self.slack_turns, &self.ticket_turns] {
            turns.close();
        }
        self.targets.stop();
    }

    async fn run(self: Arc<Self>, owed: Owed) {
        if let Ok(completion) = self.bring(&owed).await {
            self.complete(completion).await;
        }
    }

    async fn bring(&self, owed: &Owed) -> Result<Completion, Stopping> {
        let row = owed.row;
        match owed.effect {
            Effect::Target { id: effect, step, op, native_expiry } => {
                let spare = op.is_revocation().then_some(&self.revocation_turns);
                let wanted = Wanted { effect, step, op, native_expiry };
                let start = async || permit(&self.turns, spare).await;
                let outcome = self.targets.call(owed, wanted, &self.desk, start).await?;
                told(owed, effect, &outcome);
                Ok(Completion::Target { row, effect, outcome })
            }
            Effect::Ticket => {
                tokio::time::sleep(BREATH).await;
                let _turn = permit(&self.ticket_turns, None).await?;
                Ok(guarded(row, "jira", self.tickets.tell(owed, &self.desk)).await)
            }
            Effect::Show(_) => {
                tokio::time::sleep(BREATH).await;
                let _turn = permit(&self.slack_turns, None).await?;
                Ok(guarded(row, "slack", self.slack.show(owed, &self.desk)).await)
            }
        }
    }

    /// Tells the engine, again and again: what a target answered must not be lost.
    async fn complete(&self, completion: Completion) {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.desk.complete(completion.clone()).await {
                Ok(()) => return,
                Err(error @ EngineError::Stopped) => {
                    tracing::warn!(%error, ?completion, "the engine has stopped before it heard this");
                    return;
                }
                Err(error @ EngineError::Store(_)) => {
                    tracing::warn!(%error, "what came of a call was not kept yet; telling it again");
                    tokio::time::sleep(pause).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
            }
        }
    }
}

/// Waits for a turn in either of two queues.
async fn permit(
    turns: &Arc<Semaphore>,
    spare: Option<&Arc<Semaphore>>,
) -> Result<OwnedSemaphorePermit, Stopping> {
    let turn = Arc::clone(turns).acquire_owned();
    let permit = match spare {
        Some(spare) => tokio::select! {
            biased;
            permit = turn => permit,
            permit = Arc::clone(spare).acquire_owned() => permit,
        },
        None => turn.await,
    };
    permit.map_err(|_| Stopping)
}

/// An edge's work, with an end to it in any case.
async fn guarded(row: i64, edge: &str, work: impl Future<Output = Completion>) -> Completion {
    let error = match tokio::time::timeout(EDGE_TIME_OUT, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(completion)) => return completion,
        Ok(Err(_panic)) => "the work broke off, which is a defect of jitney",
        Err(_elapsed) => "there was no end to it after two minutes",
    };
    tracing::error!(row, edge, error, "tried again later");
    Completion::Later { row, error: format!("{edge}: {error}"), after: None }
}

fn told(owed: &Owed, effect: EffectId, outcome: &Outcome) {
    match outcome {
        Outcome::Retry { error, .. } | Outcome::Fatal { error } => {
            tracing::warn!(request = %owed.request, %effect, error, "a target did not do it");
        }
        Outcome::Done(_)
        | Outcome::Already(_)
        | Outcome::Found(_)
        | Outcome::NotFound(_)
        | Outcome::Unreadable(_) => {
            tracing::debug!(request = %owed.request, %effect, "a target answered");
        }
    }
}
