//! Asks the schedules again and again, and tells the engine who is on call. What can't be asked stays as it was until it
//! is too old.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::client::{Client, OnCallSetupError, Trouble};
use super::{Matched, Schedule, ask, matched};
use crate::engine::EngineHandle;
use crate::ids::OnCallId;
use crate::policy::{Roster, Rosters};
use crate::time::{Clock, Span};

/// While policies name a schedule, all of them are asked this often.
const OFTEN: Duration = Duration::from_secs(60);
/// When none does: a request that waits may still, by what was copied into it.
const RARELY: Duration = Duration::from_secs(5 * 60);
/// What was read is good for so long, or to the end of the shift.
const GOOD_FOR: Span = Span::mins(10);

/// All schedules, and what was last heard of each.
pub struct Watch {
    client: Client,
    kept: Vec<Kept>,
    engine: EngineHandle,
    clock: Arc<dyn Clock>,
}

struct Kept {
    schedule: Schedule,
    roster: Option<Roster>,
    /// It asked us to wait until then.
    not_before: Option<Instant>,
    /// What was last complained of; said once.
    complaint: Option<String>,
}

impl Watch {
    /// Over these schedules.
    ///
    /// # Errors
    /// When there is no HTTP client to ask with.
    pub fn new(
        schedules: Vec<Schedule>,
        engine: EngineHandle,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OnCallSetupError> {
        let time_out = schedules.iter().map(|schedule| schedule.time_out).max();
        let client = Client::new(time_out.unwrap_or(Schedule::TIME_OUT))?;
        let kept = |schedule| Kept { schedule, roster: None, not_before: None, complaint: None };
        Ok(Self { client, kept: schedules.into_iter().map(kept).collect(), engine, clock })
    }

    /// Asks until it is stopped.
    pub async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        loop {
            self.round().await;
            let wait = if self.is_named() { OFTEN } else { RARELY };
            tokio::select! {
                () = sleep(wait) => {}
                _ = stopped.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Asks each schedule once, all at the same time, and tells the engine.
    pub async fn round(&mut self) {
        let (client, clock, now) = (self.client.clone(), Arc::clone(&self.clock), Instant::now());
        let asked = self.kept.iter().map(|kept| async {
            if kept.not_before.is_some_and(|at| now < at) {
                return None;
            }
            // Dated before the question, so that it is never believed for too long.
            let at = clock.wall();
            Some((at, ask(&client, &kept.schedule, at).await))
        });
        let answers = join_all(asked).await;
        let people = self.engine.people();
        for (kept, answer) in self.kept.iter_mut().zip(answers) {
            match answer {
                None => {}
                Some((as_of, Ok(duty))) => {
                    let Matched { known, unknown } = matched(&duty, &people);
                    let limit = as_of + GOOD_FOR;
                    let good_until = duty.until.map_or(limit, |until| until.min(limit));
                    kept.roster = Some(Roster { on_call: known, as_of, good_until });
                    kept.not_before = None;
                    kept.complain((!unknown.is_empty()).then(|| {
                        format!("the directory does not have {}, who is on call", unknown.join(", "))
                    }));
                }
                Some((_, Err(trouble))) => {
                    if let Trouble::Busy { after } = trouble {
                        kept.not_before = Some(now + after.map_or(OFTEN, Span::duration));
                    }
                    kept.complain(Some(trouble.to_string()));
                }
            }
        }
        self.engine.set_on_call(self.rosters());
    }

    fn rosters(&self) -> Rosters {
        let known = self.kept.iter().filter_map(|kept| Some((kept.name().clone(), kept.roster.clone()?)));
        known.collect()
    }

    /// Whether a tier names any of them.
    fn is_named(&self) -> bool {
        let policies = self.engine.policies();
        policies.on_call_names().any(|name| self.kept.iter().any(|kept| kept.name() == name))
    }
}

impl Kept {
    fn name(&self) -> &OnCallId {
        &self.schedule.name
    }

    fn complain(&mut self, complaint: Option<String>) {
        if self.complaint == complaint {
            return;
        }
        let name = self.name();
        match &complaint {
            Some(complaint) => {
                tracing::warn!(schedule = %name, "who is on call is not known well: {complaint}")
            }
            None => tracing::info!(schedule = %name, "who is on call is known again"),
        }
        self.complaint = complaint;
    }
}
