//! One seed: people, targets and faults in virtual time around the real rules, engine and database.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::{Arc, Mutex};

use jitney::credentials::{Sealer, SealingKey};
use jitney::engine::{Command, Completion, Core, Input, Parts, TicketProgress, Verb};
use jitney::ids::{DedupeKey, EffectId, EntryId, PersonId, RequestId};
use jitney::lifecycle::{Actor, Answer, Effect, Op, Outcome, Request, State};
use jitney::policy::{Ask, Person};
use jitney::store::Store;
use jitney::time::{Span, Timestamp};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sha2::{Digest, Sha256};

use super::checks::{self, Violation};
use super::defects::{Defect, Seen, Watched};
use super::oracle::{Fate, Oracle, Place};
use super::world::{self, SimClock};

/// For how long people act and faults happen; then everything must come to rest.
const BUSY: Span = Span::hours(8);
/// Everything has come to rest by then: lapses after 8 h, rechecks, the last retries.
const REST: Span = Span::hours(40);
/// Steps of one seed at most: more is a loop.
const MOST_STEPS: usize = 60_000;

/// What will happen.
#[derive(Debug, Clone)]
enum Planned {
    Act(Box<Command>),
    Settle {
        row: i64,
        effect: EffectId,
        outcome: Outcome,
        epoch: u32,
    },
    /// A reply of an earlier call, delivered again.
    Stale {
        effect: EffectId,
        outcome: Outcome,
    },
    Crash,
    ClockBack,
    ClockRight,
    Breaker {
        open: bool,
    },
    Leave(usize),
    LoseGroup(usize),
    /// Two operators waive whatever lockdown stands.
    Waive,
    /// A target refuses every revocation until then: what ends meanwhile gets stuck.
    Dark {
        until: Timestamp,
    },
}

pub struct Sim {
    pub core: Option<Core>,
    pub clock: Arc<SimClock>,
    pub oracle: Oracle,
    pub seen: Arc<Mutex<Seen>>,
    pub tickets: BTreeMap<RequestId, Vec<EntryId>>,
    pub people: Vec<Person>,
    /// When each grant became active, in true time.
    pub active_since: BTreeMap<RequestId, Timestamp>,
    rng: StdRng,
    plan: BinaryHeap<Reverse<(Timestamp, u64, u64)>>,
    planned: BTreeMap<u64, Planned>,
    next_plan: u64,
    epoch: u32,
    log: Sha256,
    defect: Option<Defect>,
    start: Timestamp,
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
}

/// Plays a seed to its end.
///
/// # Errors
/// The first invariant that was broken, by name.
pub fn play(seed: u64, defect: Option<Defect>) -> Result<Report, Violation> {
    let mut sim = Sim::new(seed, defect);
    sim.plan_everything();
    let mut steps = 0;
    while let Some(at) = sim.next_moment() {
        if at > sim.start + REST {
            break;
        }
        steps += 1;
        if steps > MOST_STEPS {
            return Err(Violation::new("everything_comes_to_rest", format!("{MOST_STEPS} steps")));
        }
        let now = sim.clock.true_now();
        sim.clock.advance(at.since(now));
        sim.moment()?;
        checks::always(&mut sim)?;
    }
    checks::at_rest(&mut sim)?;
    let seen = sim.seen.lock().unwrap();
    Ok(Report {
        rows: seen.rows.clone(),
        hash: sim.log.clone().finalize().iter().map(|b| format!("{b:02x}")).collect(),
        requests: seen.requests.len(),
        fates: sim.oracle.fates.clone(),
    })
}

impl Sim {
    fn new(seed: u64, defect: Option<Defect>) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let clock = Arc::new(SimClock::default());
        let start = clock.true_now();
        let people = world::people();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let store = Store::in_memory("simulated").unwrap();
        let faulty = [0.0, 0.1, 0.25, 0.5][rng.random_range(0..4)];
        let mut sim = Self {
            core: None,
            clock,
            oracle: Oracle::default(),
            seen,
            tickets: BTreeMap::new(),
            people,
            active_since: BTreeMap::new(),
            rng,
            plan: BinaryHeap::new(),
            planned: BTreeMap::new(),
            next_plan: 0,
            epoch: 0,
            log: Sha256::new(),
            defect,
            start,
            faulty,
            dark_until: start,
        };
        sim.boot(store);
        for person in ["p1", "p2"] {
            if sim.rng.random_bool(0.3) {
                let place: Place = (
                    "idp".parse().unwrap(),
                    format!("{person}@example.com").parse().unwrap(),
                    "group/crm".parse().unwrap(),
                );
                sim.oracle.give_standing(place);
            }
        }
        sim
    }

    fn boot(&mut self, store: Store) {
        let rules = Watched { defect: self.defect, seen: Arc::clone(&self.seen) };
        let core = Core::new(Parts {
            store,
            clock: Arc::clone(&self.clock) as Arc<dyn jitney::time::Clock>,
            rules: Arc::new(rules),
            catalogue: Arc::new(world::SimCatalogue),
            sealer: Sealer::new(&SealingKey::parse(&"07".repeat(32).into()).unwrap()),
            rng: StdRng::seed_from_u64(self.rng.random()),
            policies: world::policies_once(),
            people: world::directory(self.people.clone(), self.start),
            open_requests_per_person: 4,
        });
        self.core = Some(core.unwrap());
    }

    fn core(&mut self) -> &mut Core {
        self.core.as_mut().unwrap()
    }

    fn at(&mut self, at: Timestamp, planned: Planned) {
        let id = self.next_plan;
        self.next_plan += 1;
        // Ties are broken by the seed, so that races come out both ways.
        let tie = self.rng.random_range(0..1000);
        self.plan.push(Reverse((at, tie, id)));
        self.planned.insert(id, planned);
    }

    /// Asks, restarts, clocks and people; what follows an ask is planned when it was answered.
    fn plan_everything(&mut self) {
        let asks = self.rng.random_range(6..16);
        for _ in 0..asks {
            let at = self.start + Span::millis(self.rng.random_range(0..BUSY.as_millis() * 3 / 4));
            let command = self.some_ask();
            self.plan_twice(at, command);
        }
        for _ in 0..self.rng.random_range(0..6) {
            let at = self.some_moment();
            self.at(at, Planned::Crash);
        }
        if self.defect == Some(Defect::ClockSetBackADay) || self.rng.random_bool(0.2) {
            let at = self.some_moment();
            self.at(at, Planned::ClockBack);
            if self.rng.random_bool(0.5) {
                self.at(at + Span::hours(1), Planned::ClockRight);
            }
        }
        if self.rng.random_bool(0.3) {
            let at = self.some_moment();
            self.at(at, Planned::Breaker { open: true });
            self.at(at + Span::mins(20), Planned::Breaker { open: false });
        }
        if self.rng.random_bool(0.15) {
            let (at, who) = (self.some_moment(), self.rng.random_range(0..4));
            self.at(at, Planned::Leave(who));
        }
        if self.rng.random_bool(0.15) {
            let at = self.some_moment();
            self.at(at, Planned::LoseGroup(9));
        }
        if self.rng.random_bool(0.2) {
            let at = self.some_moment();
            let until = at + Span::mins(self.rng.random_range(20..90));
            self.at(at, Planned::Dark { until });
            for after in [10, 25, 40] {
                let waiver = self.rng.random_bool(0.3);
                if waiver {
                    self.at(at + Span::mins(after), Planned::Waive);
                }
                // People go on asking meanwhile, and had asked before.
                let command = self.some_ask();
                self.plan_twice(at + Span::mins(after), command);
            }
        }
    }

    fn some_moment(&mut self) -> Timestamp {
        self.start + Span::millis(self.rng.random_range(0..BUSY.as_millis()))
    }

    fn some_ask(&mut self) -> Command {
        let roles = ["crm/read", "crm/admin", "ledger/read", "ledger/write", "ledger/audit"];
        let role = roles[self.rng.random_range(0..roles.len())];
        let who = format!("p{}", self.rng.random_range(1..=5));
        let mins = [20, 30, 45, 60, 120, 300][self.rng.random_range(0..6)];
        let starts_at = self.rng.random_bool(0.1).then(|| self.clock.true_now() + Span::hours(2));
        let ask = Ask {
            role: role.parse().unwrap(),
            duration: Span::mins(mins),
            starts_at,
            justification: "the simulation needs it".to_owned(),
            ticket: None,
            fields: BTreeMap::new(),
        };
        let verb = if role == "crm/admin" && self.rng.random_bool(0.3) {
            Verb::BreakGlass(Ask {
                duration: Span::mins(30),
                starts_at: None,
                ticket: Some("INC-1".parse().unwrap()),
                ..ask
            })
        } else {
            Verb::Ask(ask)
        };
        self.command(&who, verb)
    }

    fn command(&mut self, who: &str, verb: Verb) -> Command {
        let key = format!("env-{}", self.rng.random::<u64>());
        Command { key: Some(DedupeKey::new(&key).unwrap()), by: self.actor(who), verb }
    }

    fn actor(&self, who: &str) -> Actor {
        let id: PersonId = format!("{who}@example.com").parse().unwrap();
        Actor::Person { id, name: who.to_uppercase() }
    }

    /// An input may arrive twice, with the same key.
    fn plan_twice(&mut self, at: Timestamp, command: Command) {
        if self.rng.random_bool(0.2) {
            let again = at + Span::millis(self.rng.random_range(0..300_000));
            self.at(again, Planned::Act(Box::new(command.clone())));
        }
        self.at(at, Planned::Act(Box::new(command)));
    }

    fn next_moment(&mut self) -> Option<Timestamp> {
        let now = self.clock.true_now();
        let planned = self.plan.peek().map(|Reverse((at, _, _))| *at);
        let landing = self.oracle.next_landing();
        let core_now = self.core().now();
        // The engine may believe another time; what counts is how long it will sleep.
        let due = self.core().next_due().map(|due| now + due.since(core_now).min(Span::secs(600)));
        [planned, landing, due].into_iter().flatten().min().map(|at| at.max(now))
    }

    /// Everything that happens at this moment.
    fn moment(&mut self) -> Result<(), Violation> {
        let now = self.clock.true_now();
        self.oracle.land_due(now);
        while self.core().tick().unwrap() {}
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
        while self.core().tick().unwrap() {}
        self.work()
    }

    fn happen(&mut self, planned: Planned) -> Result<(), Violation> {
        self.note(&format!("{planned:?}"));
        match planned {
            Planned::Act(command) => self.act(*command),
            Planned::Settle { row, effect, outcome, epoch } => {
                // The reply to a call of a process that is gone reaches nobody.
                if epoch == self.epoch {
                    if self.rng.random_bool(0.1) {
                        let at = self.clock.true_now() + Span::millis(self.rng.random_range(0..120_000));
                        self.at(at, Planned::Stale { effect, outcome: outcome.clone() });
                    }
                    self.run(Input::Complete(Box::new(Completion::Target { row, effect, outcome })));
                }
            }
            Planned::Stale { effect, outcome } => {
                self.run(Input::Complete(Box::new(Completion::Target { row: -1, effect, outcome })));
            }
            Planned::Crash => {
                self.epoch += 1;
                let store = self.core.take().unwrap().into_store().unwrap();
                self.boot(store);
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
                self.directory_changed();
            }
            Planned::Dark { until } => self.dark_until = until,
            Planned::Waive => {
                let requests = self.seen.lock().unwrap().requests.clone();
                let locked =
                    requests.values().filter(|r| matches!(r.state, State::Revoking { locked: true, .. }));
                for request in locked.map(|r| r.id).collect::<Vec<_>>() {
                    for who in ["m1", "o1"] {
                        let by = Actor::Operator {
                            id: format!("{who}@example.com").parse().unwrap(),
                            name: who.to_uppercase(),
                        };
                        let verb =
                            Verb::WaiveLockdown { request, reason: "it is being looked at".to_owned() };
                        self.run(Input::Command(Box::new(Command { key: None, by, verb })));
                    }
                }
            }
            Planned::LoseGroup(who) => {
                self.people[who].groups.clear();
                self.directory_changed();
            }
        }
        Ok(())
    }

    fn directory_changed(&mut self) {
        let people = world::directory(self.people.clone(), self.start);
        self.core().set_people(people);
        while self.core().look_around().unwrap() {}
    }

    fn act(&mut self, command: Command) {
        let answer = self.run(Input::Command(Box::new(command)));
        self.note(&format!("{answer:?}"));
        match answer {
            Answer::Submitted { request, .. } => self.plan_decisions(request),
            Answer::Granting { request } | Answer::Scheduled { request, .. } => self.plan_use(request),
            Answer::Counted { request, .. } => self.plan_decisions(request),
            Answer::Held { .. }
            | Answer::Applied { .. }
            | Answer::Denied { .. }
            | Answer::Withdrawn { .. }
            | Answer::Ending { .. }
            | Answer::Reveal { .. }
            | Answer::AlreadyRevealed { .. }
            | Answer::Noted
            | Answer::Refused(_) => {}
        }
    }

    /// Approvers click, some at the same moment; the requester may try, or think better of it.
    fn plan_decisions(&mut self, request: RequestId) {
        let now = self.clock.true_now();
        let together = now + Span::millis(self.rng.random_range(1000..1_200_000));
        for who in ["m1", "m2", "o1", "o2", "s1"] {
            if self.rng.random_bool(0.75) {
                let apart = Span::millis(self.rng.random_range(0..600_000));
                let at = if self.rng.random_bool(0.4) { together } else { together + apart };
                let verb = if self.rng.random_bool(0.06) {
                    Verb::Deny { request, reason: "not today, please".to_owned() }
                } else {
                    Verb::Approve { request }
                };
                let command = self.command(who, verb);
                self.plan_twice(at, command);
            }
        }
        let requester = self.requester(request);
        if self.rng.random_bool(0.2) {
            let command = self.command(&requester, Verb::Approve { request });
            self.plan_twice(together, command);
        }
        if self.rng.random_bool(0.1) {
            let command = self.command(&requester, Verb::Withdraw { request, reason: None });
            self.plan_twice(together, command);
        }
        self.plan_use(request);
    }

    /// What the requester and others do with a grant: reveal, extend, release, revoke.
    fn plan_use(&mut self, request: RequestId) {
        let requester = self.requester(request);
        let now = self.clock.true_now();
        for _ in 0..2 {
            let at = now + Span::millis(self.rng.random_range(60_000..7_200_000));
            let verb = match self.rng.random_range(0..8) {
                0 | 1 => Verb::Extend {
                    parent: request,
                    duration: Span::mins(30),
                    justification: "it takes longer than I thought".to_owned(),
                },
                2 => Verb::Release { request },
                3 | 4 => Verb::Reveal { request },
                _ => continue,
            };
            let command = self.command(&requester, verb);
            self.plan_twice(at, command);
        }
        // Second thoughts, while targets are still being asked.
        if self.rng.random_bool(0.2) {
            let at = now + Span::millis(self.rng.random_range(0..60_000));
            let command = self.command(&requester, Verb::Release { request });
            self.plan_twice(at, command);
        }
        if self.rng.random_bool(0.15) {
            let at = now + Span::millis(self.rng.random_range(60_000..7_200_000));
            let command = self.command("o1", Verb::Revoke { request, reason: "no longer needed".to_owned() });
            self.plan_twice(at, command);
        }
        // An extension in the moment of the expiry, and a new ask right after the end.
        let end =
            self.seen.lock().unwrap().requests.get(&request).and_then(|r| r.times).map(|t| t.expires_at);
        if let Some(end) = end
            && self.rng.random_bool(0.3)
        {
            let verb = Verb::Extend {
                parent: request,
                duration: Span::mins(20),
                justification: "just a little longer".to_owned(),
            };
            let command = self.command(&requester, verb);
            self.plan_twice(end, command);
        }
    }

    fn requester(&self, request: RequestId) -> String {
        let seen = self.seen.lock().unwrap();
        let id = seen.requests.get(&request).map(|r| r.requester.id.to_string()).unwrap_or_default();
        id.split('@').next().unwrap_or_default().to_owned()
    }

    fn run(&mut self, input: Input) -> Answer {
        let answer = self.core().run(vec![input]).unwrap().remove(0).unwrap();
        let touched = std::mem::take(&mut self.seen.lock().unwrap().touched);
        if let Answer::Refused(_) = answer {
            self.forget_what_was_rolled_back(touched);
        }
        answer
    }

    /// The recorder sees decisions before they are committed.
    fn forget_what_was_rolled_back(&mut self, touched: BTreeSet<RequestId>) {
        for id in touched {
            let kept = self.core().dossier(id).unwrap().map(|d| d.request);
            let mut seen = self.seen.lock().unwrap();
            seen.newly_revoked.retain(|r| *r != id);
            match kept {
                Some(request) => seen.requests.insert(id, request),
                None => seen.requests.remove(&id),
            };
        }
    }

    /// The outbox of the simulation.
    fn work(&mut self) -> Result<(), Violation> {
        loop {
            let owed = self.core().claim(16).unwrap();
            if owed.is_empty() {
                return Ok(());
            }
            for work in owed {
                match work.effect {
                    Effect::Target { id, step, op, .. } => self.call(work.row, id, step, op)?,
                    Effect::Ticket => self.ticket(work.row, work.request),
                    Effect::Show(view) => {
                        let shown = Completion::Shown {
                            row: work.row,
                            request: work.request,
                            view,
                            message: None,
                            revision: u64::MAX >> 1,
                        };
                        self.run(Input::Complete(Box::new(shown)));
                    }
                }
            }
        }
    }

    fn call(&mut self, row: i64, effect: EffectId, step: u32, op: Op) -> Result<(), Violation> {
        let request = self.seen.lock().unwrap().requests.get(&effect.request()).cloned().unwrap();
        let place = place(&request, step as usize);
        let core_now = self.core().now();
        checks::before_call(&request, op, core_now, &self.people)?;
        let fate = self.fate(op);
        let now = self.clock.true_now();
        let (outcome, after) = self.oracle.call(op, &place, fate, &mut self.rng, now);
        self.note(&format!("{effect} {op:?} {fate:?} {outcome:?}"));
        let epoch = self.epoch;
        self.at(now + after, Planned::Settle { row, effect, outcome, epoch });
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
    fn ticket(&mut self, row: i64, request: RequestId) {
        if self.rng.random_bool(self.faulty / 2.0) {
            let later = Completion::Later { row, error: "jira is away".to_owned(), after: None };
            self.run(Input::Complete(Box::new(later)));
            return;
        }
        let dossier = self.core().dossier(request).unwrap().unwrap();
        let untold: Vec<EntryId> = dossier.untold().map(|e| e.id).collect();
        let ticket = self.tickets.entry(request).or_default();
        let fresh: Vec<EntryId> = untold.iter().filter(|e| !ticket.contains(e)).copied().collect();
        ticket.extend(fresh);
        if self.rng.random_bool(self.faulty / 4.0) {
            // The reply is lost: it is told and not known to be.
            let later = Completion::Later { row, error: "no answer".to_owned(), after: None };
            self.run(Input::Complete(Box::new(later)));
            return;
        }
        let told = TicketProgress::Commented { entries: untold, comment: "1".to_owned() };
        self.run(Input::Progress(request, told));
        let told = Completion::Told { row, request, revision: dossier.revision };
        self.run(Input::Complete(Box::new(told)));
    }

    fn note(&mut self, text: &str) {
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
