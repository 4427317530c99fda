//! Calls to targets: the call goes out within its target's limits, and whatever
//! happens in the adapter comes back as an outcome.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use secrecy::SecretString;
use tokio::sync::Semaphore;

use super::breaker::{Admission, Breaker, Sign, Turn};
use super::{Desk, Stopping, permit};
use crate::engine::{CallTerms, EngineError, Owed};
use crate::ids::{EffectId, RequestId, TargetId};
use crate::lifecycle::{Op, Outcome, StepTerms};
use crate::targets::{Adapter, Call, Target, Targets};
use crate::time::Timestamp;

/// Calls that revocations may make at a time besides the target's limit: grants that hang don't hold them up.
const SPARE_FOR_REVOCATIONS: usize = 2;

/// Calls targets, each within its limits.
pub(super) struct TargetCaller {
    lanes: BTreeMap<TargetId, Lane>,
}

/// What the calls to one target share.
struct Lane {
    target: Target,
    permits: Arc<Semaphore>,
    spare: Arc<Semaphore>,
    breaker: Mutex<Breaker>,
}

/// One call, as the effect says it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) effect: EffectId,
    pub(super) step: u32,
    pub(super) op: Op,
    pub(super) native_expiry: Timestamp,
}

impl TargetCaller {
    pub(super) fn new(targets: &Targets) -> Self {
        let lane = |(id, target): (&TargetId, &Target)| {
            let parallel = usize::try_from(target.limits.parallel).unwrap_or(1).max(1);
            let lane = Lane {
                target: target.clone(),
                permits: Arc::new(Semaphore::new(parallel)),
                spare: Arc::new(Semaphore::new(SPARE_FOR_REVOCATIONS)),
                breaker: Mutex::default(),
            };
            (id.clone(), lane)
        };
        Self { lanes: targets.iter().map(lane).collect() }
    }

    /// Lets nobody wait for a turn any more.
    pub(super) fn stop(&self) {
        for lane in self.lanes.values() {
            lane.permits.close();
            lane.spare.close();
        }
    }

    /// Makes the call. `start` waits for a turn among all calls.
    ///
    /// # Errors
    /// When no call was made because everything stops: the work stays owed.
    pub(super) async fn call<D: Desk, P>(
        &self,
        owed: &Owed,
        wanted: Wanted,
        desk: &D,
        start: impl AsyncFnOnce() -> Result<P, Stopping> + Send,
    ) -> Result<Outcome, Stopping> {
        let Some(CallTerms { person, step }) = &owed.call else {
            return Ok(fatal(format!("{} has no step {}", owed.request, wanted.step)));
        };
        let Some(lane) = self.lanes.get(&step.target) else {
            return Ok(fatal(format!(
                "the target `{}` is not configured any more; put its [targets.*] table back and restart",
                step.target
            )));
        };
        let is_revocation = wanted.op.is_revocation();
        let _turn = permit(&lane.permits, is_revocation.then_some(&lane.spare)).await?;
        let _start = start().await?;
        let secret = match secret(wanted.op, owed.request, step, desk).await {
            Ok(secret) => secret,
            Err(EngineError::Stopped) => return Err(Stopping),
            Err(error @ EngineError::Store(_)) => return Ok(not_called(error.to_string())),
        };
        match lane.admit(desk, is_revocation) {
            Admission::Go => {}
            Admission::Refused => {
                let error =
                    format!("the target `{}` does not answer (breaker open); no call was made", step.target);
                return Ok(not_called(error));
            }
        }
        let call = Call {
            effect: wanted.effect,
            request: owed.request,
            person,
            step,
            native_expiry: wanted.native_expiry,
            secret: secret.as_ref(),
            now: desk.now(),
        };
        tracing::debug!(request = %owed.request, effect = %wanted.effect, op = wanted.op.as_str(), "a target is called");
        let outcome = lane.make(wanted.op, &call).await;
        lane.record(&step.target, &outcome, desk);
        Ok(outcome)
    }
}

impl Lane {
    fn admit<D: Desk>(&self, desk: &D, is_revocation: bool) -> Admission {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner).admit(desk.now(), is_revocation)
    }

    async fn make(&self, op: Op, call: &Call<'_>) -> Outcome {
        let target = &call.step.target;
        let limit = self.target.limits.time_out;
        let answer = AssertUnwindSafe(dispatch(self.target.adapter.as_ref(), op, call)).catch_unwind();
        match tokio::time::timeout(limit.duration(), answer).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_panic)) => {
                tracing::error!(effect = %call.effect, %target, "the adapter panicked");
                unknown(format!("the adapter of `{target}` broke off in the middle of the call"))
            }
            Err(_elapsed) => unknown(format!("`{target}` did not answer within {}", limit.words())),
        }
    }

    fn record<D: Desk>(&self, target: &TargetId, outcome: &Outcome, desk: &D) {
        // The engine hears under the lock: two turns must not reach it in the other order.
        let mut breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        match breaker.record(desk.now(), sign_of(outcome)) {
            Some(Turn::Opened) => {
                tracing::warn!(%target, "the target does not answer: only revocations are tried, and a probe now and then");
                desk.breaker(target.clone(), true);
            }
            Some(Turn::Closed) => {
                tracing::info!(%target, "the target answers again");
                desk.breaker(target.clone(), false);
            }
            None => {}
        }
    }
}

/// The credential to issue; looks and revocations have no use for it.
async fn secret<D: Desk>(
    op: Op,
    request: RequestId,
    step: &StepTerms,
    desk: &D,
) -> Result<Option<SecretString>, EngineError> {
    match op {
        Op::Grant | Op::Extend if step.issues_credential => desk.credential(request).await,
        Op::Grant | Op::Extend => Ok(None),
        Op::Snapshot | Op::Verify | Op::Revoke | Op::VerifyGone | Op::Recheck => Ok(None),
    }
}

async fn dispatch(adapter: &dyn Adapter, op: Op, call: &Call<'_>) -> Outcome {
    match op {
        Op::Snapshot => adapter.snapshot(call).await,
        Op::Grant => adapter.grant(call).await,
        Op::Verify => adapter.verify(call).await,
        Op::Extend => adapter.extend(call).await,
        Op::Revoke => adapter.revoke(call).await,
        Op::VerifyGone | Op::Recheck => adapter.verify_gone(call).await,
    }
}

/// A refusal, and a request to slow down, are answers: the target is up.
const fn sign_of(outcome: &Outcome) -> Sign {
    match outcome {
        Outcome::Done(_)
        | Outcome::Already(_)
        | Outcome::Found(_)
        | Outcome::NotFound(_)
        | Outcome::Unreadable(_)
        | Outcome::Fatal { .. }
        | Outcome::Retry { after: Some(_), .. } => Sign::Answered,
        Outcome::Retry { after: None, .. } => Sign::Failed,
    }
}

fn fatal(error: String) -> Outcome {
    Outcome::Fatal { error }
}

fn not_called(error: String) -> Outcome {
    Outcome::Retry { error, after: None, may_have_landed: false }
}

fn unknown(error: String) -> Outcome {
    Outcome::Retry { error, after: None, may_have_landed: true }
}
