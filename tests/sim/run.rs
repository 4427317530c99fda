//! One seed: people, targets and faults in virtual time around the real rules, engine and database.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::{Arc, Mutex};

use jitney::engine::{Command, Completion, Core, Input, PeopleChange, TicketProgress, Verb};
use jitney::ids::{EffectId, EntryId, RequestId};
use jitney::lifecycle::{Actor, Answer, Effect, Kind, Op, Outcome, Request, State};
use jitney::policy::{Employment, Person};
use jitney::time::{Span, Timestamp};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sha2::{Digest, Sha256};

use super::checks::{self, Violation};
use super::defects::{Defect, Seen, Watched};
use super::disk::{End, Operation};
use super::ledger::is_for_a_full_disk;
use super::machine::{Counts, Machine};
use super::oracle::{Fate, Oracle, Place};
use super::plan::{BUSY, Plot};
use super::world::{self, SimClock};

/// Everything has come to rest by then: lapses after 8 h, rechecks, the last retries.
const REST: Span = Span::hours(40);
/// Steps of one seed at most: more is a loop.
const MOST_STEPS: usize = 60_000;
/// Between two tries of what a full disk had no room for.
const AGAIN: Span = Span::secs(1);
/// People come back later to a disk that was full.
const LATER: Span = Span::mins(10);
/// Somebody makes room on a full disk after this.
const FREED_AFTER: Span = Span::hours(2);

/// What will happen.
#[derive(Debug, Clone)]
pub enum Planned {
    Act(Box<Command>),
    Settle {
        row: i64,
        effect: EffectId,
        outcome: Outcome,
        epoch: u32,
    },
    /// The outbox tells again what a full disk had no room for.
    TellAgain {
        completion: Box<Completion>,
        epoch: u32,
    },
    TicketAgain {
        row: i64,
        request: RequestId,
        epoch: u32,
    },
    /// A reply of an earlier call, delivered again.
    Stale {
        effect: EffectId,
        outcome: Outcome,
    },
    Crash,
    /// Somebody makes room on a full disk.
    Free,
    ClockBack,
    ClockRight,
    Breaker {
        open: bool,
    },
    Leave(usize),
    /// Somebody becomes a contractor, whom every role keeps out.
    Move(usize),
    LoseGroup(usize),
    /// Two operators waive whatever lockdown stands.
    Waive,
    /// A target refuses every revocation until then: what ends meanwhile gets stuck.
    Dark {
        until: Timestamp,
    },
}

/// Why a moment was not played to its end.
#[derive(Debug)]
pub enum Stop {
    Broken(Violation),
    /// The engine ended: the power went, or the disk failed under it.
    Ended,
}

impl From<Violation> for Stop {
    fn from(violation: Violation) -> Self {
        Self::Broken(violation)
    }
}

pub type Played<T = ()> = Result<T, Stop>;

pub struct Sim {
    pub core: Option<Core>,
    /// The disk that the database is on; none when it is in memory.
    pub machine: Option<Machine>,
    pub plot: Plot,
    pub clock: Arc<SimClock>,
    pub oracle: Oracle,
    pub seen: Arc<Mutex<Seen>>,
    pub tickets: BTreeMap<RequestId, Vec<EntryId>>,
    pub people: Vec<Person>,
    /// When each grant became active, in true time.
    pub active_since: BTreeMap<RequestId, Timestamp>,
    /// For how long no engine ran.
    pub down: Span,
    pub rng: StdRng,
    pub plan: BinaryHeap<Reverse<(Timestamp, u64, u64)>>,
    pub planned: BTreeMap<u64, Planned>,
    pub next_plan: u64,
    pub epoch: u32,
    pub defect: Option<Defect>,
    pub start: Timestamp,
    /// What fell due can't be committed before this.
    pub try_again: Timestamp,
    /// Somebody was called to make room.
    pub to_be_freed: bool,
    /// The engine has just been started, and looks at once what is owed.
    pub just_started: bool,
    log: Sha256,
    faulty: f64,
    dark_until: Timestamp,
}

/// What one seed came to.
#[derive(Debug)]
pub struct Report {
    pub rows: BTreeMap<u8, u64>,
    pub hash: String,
    pub requests: usize,
    pub fates: BTreeMap<&'static str, u64>,
    pub counts: Counts,
    /// What the disk was asked for, in order.
    pub operations: Vec<Operation>,
    /// Where each request came to rest.
    pub ends: BTreeMap<String, String>,
}

/// Plays a seed to its end, on a database in memory.
///
/// # Errors
/// The first invariant that was broken, by name.
pub fn play(seed: u64, defect: Option<Defect>) -> Result<Report, Violation> {
    let mut rng = StdRng::seed_from_u64(seed);
    let faulty = [0.0, 0.1, 0.25, 0.5][rng.random_range(0..4)];
    Sim::new(rng, defect, Plot::Day, faulty, None).play()
}

impl Sim {
    pub fn new(
        rng: StdRng,
        defect: Option<Defect>,
        plot: Plot,
        faulty: f64,
        machine: Option<Machine>,
    ) -> Self {
        let clock = Arc::new(SimClock::default());
        let start = clock.true_now();
        Self {
            core: None,
            machine,
            plot,
            clock,
            oracle: Oracle::default(),
            seen: Arc::new(Mutex::new(Seen::default())),
            tickets: BTreeMap::new(),
            people: world::people(),
            active_since: BTreeMap::new(),
            down: Span::ZERO,
            rng,
            plan: BinaryHeap::new(),
            planned: BTreeMap::new(),
            next_plan: 0,
            epoch: 0,
            defect,
            start,
            try_again: start,
            to_be_freed: false,
            just_started: false,
            log: Sha256::new(),
            faulty,
            dark_until: start,
        }
    }

    /// Plays it to its end.
    ///
    /// # Errors
    /// The first invariant that was broken, by name.
    pub fn play(mut self) -> Result<Report, Violation> {
        self.begin()?;
        self.give_standing_access();
        self.plan_everything();
        self.until_rest()?;
        self.cut_at_rest()?;
        self.until_rest()?;
        if let Some(machine) = &self.machine {
            machine.disk.spare();
        }
        checks::at_rest(&mut self)?;
        Ok(self.report())
    }

    fn give_standing_access(&mut self) {
        if self.plot == Plot::Scenario {
            return;
        }
        for person in ["p1", "p2"] {
            if self.rng.random_bool(0.3) {
                let place: Place = (
                    "idp".parse().unwrap(),
                    format!("{person}@example.com").parse().unwrap(),
                    "group/crm".parse().unwrap(),
                );
                self.oracle.give_standing(place);
            }
        }
    }

    fn until_rest(&mut self) -> Result<(), Violation> {
        let mut steps = 0;
        while let Some(at) = self.next_moment() {
            if at > self.start + REST {
                break;
            }
            steps += 1;
            if steps > MOST_STEPS {
                return Err(Violation::new("everything_comes_to_rest", format!("{MOST_STEPS} steps")));
            }
            let now = self.clock.true_now();
            self.clock.advance(at.since(now));
            match self.moment() {
                Ok(()) => {}
                Err(Stop::Broken(violation)) => return Err(violation),
                Err(Stop::Ended) => self.start_again()?,
            }
            checks::always(self)?;
        }
        Ok(())
    }

    fn report(self) -> Report {
        let mut log = self.log;
        let operations = self.machine.as_ref().map(|machine| machine.disk.kinds()).unwrap_or_default();
        let counts = self.machine.map(|machine| machine.counts).unwrap_or_default();
        let counts = Counts { operations: operations.len() as u64, ..counts };
        log.update(counts.operations.to_le_bytes());
        let seen = self.seen.lock().unwrap();
        let end = |r: &Request| {
            let word = r.state.word().as_str();
            let cause = if let State::Revoked { cause, .. } = &r.state {
                format!(": {cause:?}")
            } else {
                String::new()
            };
            let extension = if matches!(r.kind, Kind::Extension { .. }) { " for longer" } else { "" };
            (format!("{}: {}{extension}", r.requester.id, r.ask.role), format!("{word}{cause}"))
        };
        Report {
            rows: seen.rows.clone(),
            hash: log.finalize().iter().map(|b| format!("{b:02x}")).collect(),
            requests: seen.requests.len(),
            fates: self.oracle.fates.clone(),
            counts,
            operations,
            ends: seen.requests.values().map(end).collect(),
        }
    }

    pub fn rules(&self) -> Watched {
        Watched { defect: self.defect, seen: Arc::clone(&self.seen) }
    }

    pub fn core(&mut self) -> &mut Core {
        self.core.as_mut().unwrap()
    }

    fn next_moment(&mut self) -> Option<Timestamp> {
        let now = self.clock.true_now();
        if self.just_started {
            return Some(now);
        }
        let planned = self.plan.peek().map(|Reverse((at, _, _))| *at);
        let landing = self.oracle.next_landing();
        let core_now = self.core().now();
        let try_again = self.try_again;
        // The engine may believe another time; what counts is how long it will sleep.
        let due = self.core().next_due().map(|due| now + due.since(core_now).min(Span::secs(600)));
        let due = due.map(|due| due.max(try_again));
        [planned, landing, due].into_iter().flatten().min().map(|at| at.max(now))
    }

    /// Everything that happens at this moment.
    fn moment(&mut self) -> Played {
        self.just_started = false;
        let now = self.clock.true_now();
        self.oracle.land_due(now);
        self.tick()?;
        while let Some(Reverse((at, _, id))) = self.plan.peek().copied() {
            if at > now {
                break;
            }
            self.plan.pop();
            if let Some(planned) = self.planned.remove(&id) {
                self.happen(planned)?;
            }
        }
        // A row that fell due just now is taken before anything is claimed.
        self.tick()?;
        self.work()
    }

    fn tick(&mut self) -> Played {
        while self.clock.true_now() >= self.try_again {
            match self.engine(Core::tick, |_| false)? {
                Some(true) => {}
                Some(false) => return Ok(()),
                None => self.try_again = self.clock.true_now() + AGAIN,
            }
        }
        Ok(())
    }

    fn happen(&mut self, planned: Planned) -> Played {
        self.note(&format!("{planned:?}"));
        match planned {
            Planned::Act(command) => self.act(*command)?,
            Planned::Settle { row, effect, outcome, epoch } => {
                // The reply to a call of a process that is gone reaches nobody.
                if epoch == self.epoch {
                    if self.rng.random_bool(0.1) {
                        let at = self.clock.true_now() + Span::millis(self.rng.random_range(0..120_000));
                        self.at(at, Planned::Stale { effect, outcome: outcome.clone() });
                    }
                    self.complete(Completion::Target { row, effect, outcome })?;
                }
            }
            Planned::TellAgain { completion, epoch } if epoch == self.epoch => self.complete(*completion)?,
            Planned::TicketAgain { row, request, epoch } if epoch == self.epoch => {
                self.ticket(row, request)?
            }
            Planned::TellAgain { .. } | Planned::TicketAgain { .. } => {}
            Planned::Stale { effect, outcome } => {
                self.complete(Completion::Target { row: -1, effect, outcome })?;
            }
            Planned::Crash => self.crash()?,
            Planned::Free => {
                if let Some(machine) = &self.machine {
                    machine.disk.free();
                }
            }
            Planned::ClockBack => {
                if self.defect == Some(Defect::ClockSetBackADay) {
                    self.clock.freeze_monotonic();
                }
                self.clock.set_back(Span::days(1));
            }
            Planned::ClockRight => self.clock.set_right(),
            Planned::Breaker { open } => self.core().breaker("db".parse().unwrap(), open),
            Planned::Leave(who) => {
                self.people[who].active = false;
                self.directory_changed()?;
            }
            Planned::Move(who) => {
                self.people[who].employment = Employment::Contractor;
                let people = world::directory(self.people.clone(), self.start);
                let moved = vec![self.people[who].id.clone()];
                let change = PeopleChange { people, told: Vec::new(), moved, holds: false };
                // Without room on the disk they stay what they were.
                if self.engine(|core| core.take_people(&change), |()| false)?.is_none() {
                    self.people[who].employment = Employment::Employee;
                }
                while self.engine(Core::look_around, |_| false)? == Some(true) {}
            }
            Planned::Dark { until } => self.dark_until = until,
            Planned::Waive => self.waive()?,
            Planned::LoseGroup(who) => {
                self.people[who].groups.clear();
                self.directory_changed()?;
            }
        }
        Ok(())
    }

    fn waive(&mut self) -> Played {
        let requests = self.seen.lock().unwrap().requests.clone();
        let locked = requests.values().filter(|r| matches!(r.state, State::Revoking { locked: true, .. }));
        for request in locked.map(|r| r.id).collect::<Vec<_>>() {
            for who in ["m1", "o1"] {
                let by = Actor::Operator {
                    id: format!("{who}@example.com").parse().unwrap(),
                    name: who.to_uppercase(),
                };
                let verb = Verb::WaiveLockdown { request, reason: "it is being looked at".to_owned() };
                self.run(Input::Command(Box::new(Command { key: None, by, verb })))?;
            }
        }
        Ok(())
    }

    fn directory_changed(&mut self) -> Played {
        let people = world::directory(self.people.clone(), self.start);
        self.core().set_people(people);
        while self.engine(Core::look_around, |_| false)? == Some(true) {}
        Ok(())
    }

    fn act(&mut self, command: Command) -> Played {
        let now = self.clock.true_now();
        let again = || Planned::Act(Box::new(command.clone()));
        let answer = match self.run(Input::Command(Box::new(command.clone()))) {
            Ok(Some(answer)) => answer,
            Ok(None) => {
                self.at(now + AGAIN, again());
                return Ok(());
            }
            Err(stop) => {
                // Nobody heard of it, so it is sent again.
                self.at(now + AGAIN, again());
                return Err(stop);
            }
        };
        self.note(&format!("{answer:?}"));
        if let (Some(machine), Some(key)) = (&mut self.machine, &command.key) {
            machine.ledger.answered(key, &answer)?;
        }
        if is_for_a_full_disk(&answer) {
            if let Some(machine) = &mut self.machine {
                machine.counts.refused_for_the_disk += 1;
            }
            self.at(now + LATER, again());
        }
        self.plan_on(&answer);
        Ok(())
    }

    /// None: the disk had no room, and nothing happened.
    fn run(&mut self, input: Input) -> Played<Option<Answer>> {
        let now = self.core().now();
        let answer = self.engine(
            |core| core.run(vec![input]).and_then(|mut answers| answers.remove(0)),
            |answer| matches!(answer, Answer::Refused(_)),
        )?;
        if let (Some(_), Some(machine)) = (&answer, &mut self.machine) {
            machine.ledger.taken_in(now);
        }
        Ok(answer)
    }

    fn complete(&mut self, completion: Completion) -> Played {
        if self.run(Input::Complete(Box::new(completion.clone())))?.is_none() {
            let again = Planned::TellAgain { completion: Box::new(completion), epoch: self.epoch };
            self.at(self.clock.true_now() + AGAIN, again);
        }
        Ok(())
    }

    /// The outbox of the simulation.
    fn work(&mut self) -> Played {
        loop {
            let owed = self.look(|core| core.claim(16))?.unwrap_or_default();
            if owed.is_empty() {
                return Ok(());
            }
            for work in owed {
                match work.effect {
                    Effect::Target { id, step, op, .. } => self.call(work.row, id, step, op)?,
                    Effect::Ticket => self.ticket(work.row, work.request)?,
                    Effect::Show(view) => {
                        let shown = Completion::Shown {
                            row: work.row,
                            request: work.request,
                            view,
                            message: None,
                            revision: u64::MAX >> 1,
                        };
                        self.complete(shown)?;
                    }
                }
            }
        }
    }

    fn call(&mut self, row: i64, effect: EffectId, step: u32, op: Op) -> Played {
        let request = self.seen.lock().unwrap().requests.get(&effect.request()).cloned().unwrap();
        let place = place(&request, step as usize);
        let core_now = self.core().now();
        checks::before_call(&request, op, core_now, &self.people)?;
        if let Some(machine) = &mut self.machine {
            machine.ledger.called(effect, op);
        }
        let fate = self.fate(op);
        let now = self.clock.true_now();
        let (outcome, after) = self.oracle.call(op, &place, fate, &mut self.rng, now);
        self.note(&format!("{effect} {op:?} {fate:?} {outcome:?}"));
        let epoch = self.epoch;
        self.at(now + after, Planned::Settle { row, effect, outcome, epoch });
        if let Some(machine) = &mut self.machine
            && epoch > 0
            && std::mem::take(&mut machine.is_cut_at_a_resumed_call)
        {
            machine.disk.end_by(End::PowerCut);
        }
        Ok(())
    }

    fn fate(&mut self, op: Op) -> Fate {
        if op.is_revocation() && self.clock.true_now() < self.dark_until {
            return Fate::Refused;
        }
        let busy = self.clock.true_now() < self.start + BUSY + Span::hours(4);
        if !busy || !self.rng.random_bool(self.faulty) {
            return Fate::Honest;
        }
        match self.rng.random_range(0..20) {
            0..=5 => Fate::Refused,
            6..=10 => Fate::ReplyLost,
            11..=15 => Fate::LandsLater,
            16..=18 => Fate::Lie,
            _ if op == Op::Grant || op == Op::Revoke => Fate::Fatal,
            _ => Fate::Refused,
        }
    }

    /// The ticket edge, in small: post, then keep; a crash in between is mended by looking first.
    fn ticket(&mut self, row: i64, request: RequestId) -> Played {
        if self.rng.random_bool(self.faulty / 2.0) {
            return self.complete(Completion::Later { row, error: "jira is away".to_owned(), after: None });
        }
        let Some(dossier) = self.look(|core| core.dossier(request))? else {
            return self.ticket_again(row, request);
        };
        let dossier = dossier.unwrap();
        let untold: Vec<EntryId> = dossier.untold().map(|e| e.id).collect();
        let ticket = self.tickets.entry(request).or_default();
        let fresh: Vec<EntryId> = untold.iter().filter(|e| !ticket.contains(e)).copied().collect();
        ticket.extend(fresh);
        if self.rng.random_bool(self.faulty / 4.0) {
            // The reply is lost: it is told and not known to be.
            return self.complete(Completion::Later { row, error: "no answer".to_owned(), after: None });
        }
        let told = TicketProgress::Commented { entries: untold.clone(), comment: "1".to_owned() };
        if self.run(Input::Progress(request, told))?.is_none() {
            return self.ticket_again(row, request);
        }
        if let Some(machine) = &mut self.machine {
            machine.ledger.told(&untold);
        }
        self.complete(Completion::Told { row, request, revision: dossier.revision })
    }

    fn ticket_again(&mut self, row: i64, request: RequestId) -> Played {
        let again = Planned::TicketAgain { row, request, epoch: self.epoch };
        self.at(self.clock.true_now() + AGAIN, again);
        Ok(())
    }

    /// A full disk stays so until somebody hears of it.
    pub fn call_for_room(&mut self) {
        let waits = self.machine.as_ref().is_some_and(|machine| machine.disk.waits_to_be_freed());
        if waits && !self.to_be_freed {
            self.to_be_freed = true;
            self.at(self.clock.true_now() + FREED_AFTER, Planned::Free);
        }
    }

    pub fn note(&mut self, text: &str) {
        let now = self.clock.true_now().millis();
        if std::env::var_os("SIM_TRACE").is_some() {
            println!("{:>9.3} {text}", (now - world::START) as f64 / 1000.0);
        }
        self.log.update(now.to_le_bytes());
        self.log.update(text.as_bytes());
    }
}

/// Where a step of a request is on its target.
pub fn place(request: &Request, step: usize) -> Place {
    let terms = &request.terms.steps[step];
    (terms.target.clone(), request.requester.id.clone(), terms.key.clone())
}

/// Whether the request may still hold something: from the first grant call to the closed second look.
pub fn may_hold(request: &Request) -> bool {
    match &request.state {
        State::Granting | State::Active { .. } | State::Revoking { .. } => true,
        State::Revoked { recheck_at, .. } => recheck_at.is_some(),
        State::Pending(_)
        | State::Scheduled { .. }
        | State::Applied { .. }
        | State::Denied { .. }
        | State::Withdrawn { .. }
        | State::Lapsed { .. } => false,
    }
}
