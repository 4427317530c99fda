//! Between the story and the engine: what is asked of it, what it acknowledges, and how it is started again after
//! it ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jitney::credentials::{Sealer, SealingKey};
use jitney::engine::{Core, EngineError, Filter, Parts};
use jitney::ids::RequestId;
use jitney::lifecycle::StateWord;
use jitney::store::{Store, StoreError};
use jitney::time::Span;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::checks::Violation;
use super::disk::{End, Hit};
use super::run::{Played, Sim, Stop};
use super::world;

/// Starts that are tried one after another, at most.
const MOST_STARTS: u32 = 40;

impl Sim {
    /// Has the engine commit something. None: the disk had no room, and nothing happened.
    pub fn engine<T>(
        &mut self,
        ask: impl FnOnce(&mut Core) -> Result<T, EngineError>,
        is_refused: impl FnOnce(&T) -> bool,
    ) -> Played<Option<T>> {
        let done = self.look(ask)?;
        let touched = std::mem::take(&mut self.seen.lock().unwrap().touched);
        let refused = done.as_ref().is_none_or(is_refused);
        if refused {
            self.forget_what_was_rolled_back(&touched)?;
        }
        let wrote = done.is_some() && (refused || !touched.is_empty());
        if wrote && self.machine.is_some() {
            // The head first: when the power goes meanwhile, nothing was heard.
            let head = self.look(Core::audit_head)?;
            let seen = self.seen.lock().unwrap();
            if let (Some(head), Some(machine)) = (head, &mut self.machine) {
                machine.ledger.committed(head);
                let kept = touched.iter().filter_map(|id| Some((*id, seen.requests.get(id)?.clone())));
                machine.ledger.requests.extend(kept);
            }
        }
        Ok(done)
    }

    /// Asks the engine. None: the disk had no room.
    pub fn look<T>(&mut self, ask: impl FnOnce(&mut Core) -> Result<T, EngineError>) -> Played<Option<T>> {
        if let Some(machine) = &self.machine {
            let _ = machine.disk.take_hit();
        }
        let result = ask(self.core());
        let hit = self.machine.as_ref().and_then(|machine| machine.disk.take_hit());
        self.call_for_room();
        let ended = self.machine.as_ref().is_some_and(|machine| machine.disk.end().is_some());
        if ended || self.core().disk_failed() {
            return Err(Stop::Ended);
        }
        match (result, hit) {
            (Ok(value), _) => Ok(Some(value)),
            (Err(_), Some(Hit::Full)) => Ok(None),
            (Err(error), Some(hit)) => Err(Stop::Broken(Violation::new(
                "the_engine_ends_when_the_disk_fails",
                format!("{hit:?}: {error}"),
            ))),
            (Err(error), None) => Err(Stop::Broken(Violation::new("the_engine_answers", error.to_string()))),
        }
    }

    /// The recorder sees decisions before they are committed.
    fn forget_what_was_rolled_back(&mut self, touched: &BTreeSet<RequestId>) -> Played {
        for id in touched {
            let kept = self.look(|core| core.dossier(*id))?.flatten().map(|dossier| dossier.request);
            let mut seen = self.seen.lock().unwrap();
            seen.newly_revoked.retain(|r| r != id);
            match kept {
                Some(request) => seen.requests.insert(*id, request),
                None => seen.requests.remove(id),
            };
        }
        Ok(())
    }

    /// The first start.
    pub fn begin(&mut self) -> Result<(), Violation> {
        match self.start() {
            Ok(()) => Ok(()),
            Err(Stop::Broken(violation)) => Err(violation),
            Err(Stop::Ended) => self.start_again(),
        }
    }

    /// The process ends at once, as by `kill -9`.
    pub fn crash(&mut self) -> Played {
        match &self.machine {
            Some(machine) => machine.disk.end_by(End::Killed),
            None => {
                self.epoch += 1;
                let store = self.core.take().unwrap().into_store().unwrap();
                self.boot(store).map_err(|error| Violation::new("it_starts_again", error.to_string()))?;
                return Ok(());
            }
        }
        Err(Stop::Ended)
    }

    /// Starts again after the engine ended, until it runs.
    pub fn start_again(&mut self) -> Result<(), Violation> {
        for _ in 0..MOST_STARTS {
            self.epoch += 1;
            drop(self.core.take());
            let out = Span::millis(self.rng.random_range(0..20_000));
            self.clock.advance(out);
            self.down = self.down + out;
            if let Some(machine) = &mut self.machine {
                machine.settle();
            }
            match self.start() {
                Ok(()) => {
                    self.just_started = true;
                    return Ok(());
                }
                Err(Stop::Broken(violation)) => return Err(violation),
                Err(Stop::Ended) => {}
            }
        }
        Err(Violation::new("it_starts_again", format!("not in {MOST_STARTS} starts")))
    }

    /// The power goes when nothing happens any more.
    pub fn cut_at_rest(&mut self) -> Result<(), Violation> {
        let Some(machine) = &mut self.machine else { return Ok(()) };
        machine.is_to_be_searched = true;
        machine.disk.end_by(End::PowerCut);
        self.start_again()
    }

    fn start(&mut self) -> Played {
        let Some(machine) = &mut self.machine else {
            let store = Store::in_memory("simulated").unwrap();
            return self.boot(store).map_err(|error| Violation::new("it_starts", error.to_string()).into());
        };
        if machine.is_to_be_searched {
            machine.is_whole()?;
        }
        let mut store = machine.open()?;
        machine.check(&mut store, &self.seen.lock().unwrap().requests)?;
        if let Err(error) = self.boot(store) {
            return Err(self.machine.as_ref().unwrap().excuse("it_starts_again", &error));
        }
        let all = self.look(|core| core.list(&Filter { limit: 1000, ..Filter::default() }))?;
        let all: BTreeMap<_, _> = all.unwrap_or_default().into_iter().map(|r| (r.id, r)).collect();
        if let Some(machine) = &mut self.machine {
            // From here on it is acted upon.
            machine.ledger.requests.clone_from(&all);
        }
        let mut seen = self.seen.lock().unwrap();
        seen.newly_revoked.retain(|id| all.get(id).is_some_and(|r| r.state.word() == StateWord::Revoked));
        seen.touched.clear();
        seen.requests = all;
        Ok(())
    }

    fn boot(&mut self, store: Store) -> Result<(), StoreError> {
        let parts = Parts {
            store,
            clock: Arc::clone(&self.clock) as Arc<dyn jitney::time::Clock>,
            rules: Arc::new(self.rules()),
            catalogue: Arc::new(world::SimCatalogue),
            sealer: Sealer::new(&SealingKey::parse(&"07".repeat(32).into()).unwrap()),
            rng: StdRng::seed_from_u64(self.rng.random()),
            policies: world::policies_once(),
            people: world::directory(self.people.clone(), self.start),
            open_requests_per_person: 4,
        };
        self.core = Some(Core::new(parts)?);
        Ok(())
    }
}
