//! The engine on a folder's own database, policies and people, with a target that does as it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jitney::config::{Config, Environment, read_policy_files};
use jitney::credentials::{Sealer, SealingKey};
use jitney::directory::Directory;
use jitney::engine::{Command, Completion, Core, EngineError, Input, Parts, Status, Verb};
use jitney::ids::RequestId;
use jitney::lifecycle::{Actor, Answer, Effect, Evidence, Lifecycle, Op, Outcome, StateWord};
use jitney::policy::{self, Ask, People};
use jitney::store::{SmallDisk, Store};
use jitney::targets::Targets;
use jitney::time::{Clock, Span, Timestamp};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;

use crate::folder::Folder;

const BEGIN: i64 = 1_795_341_600_000;

/// A clock that a test moves.
#[derive(Debug, Default)]
struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn wall(&self) -> Timestamp {
        Timestamp::from_millis(BEGIN + self.0.load(Ordering::SeqCst))
    }
    fn monotonic(&self) -> Span {
        Span::millis(self.0.load(Ordering::SeqCst).unsigned_abs())
    }
}

pub(super) struct EngineRoom {
    core: Core,
    clock: Arc<TestClock>,
    people: Arc<People>,
}

impl EngineRoom {
    /// As `jitney serve` would take the folder up, with people whose facts stay fresh.
    pub(super) fn open(folder: &Folder) -> Self {
        Self::on(folder, None)
    }

    /// The same, on a disk of this size.
    pub(super) fn on(folder: &Folder, disk: Option<SmallDisk>) -> Self {
        let clock = Arc::new(TestClock::default());
        let key = SealingKey::read(&folder.0.join("jitney.key")).unwrap();
        let sealer = Sealer::new(&key);
        let mut store = Store::open(&folder.0.join("jitney.db"), "0123456789abcdef").unwrap();
        let mut tx = store.begin().unwrap();
        tx.sealing_key(sealer.key_id()).unwrap();
        tx.commit().unwrap();
        if let Some(disk) = disk {
            store.put_on(disk);
        }
        let settings = json!({ "adapter": "htpasswd", "file": folder.0.join("htpasswd") });
        let targets = [("legacy-wiki".parse().unwrap(), settings)].into_iter().collect();
        let targets = Targets::from_settings(&targets).unwrap();
        let config = Config::load(&folder.0.join("jitney.toml"), &Environment::default()).unwrap();
        let policies = policy::parse(&read_policy_files(&config.server.policies).unwrap(), &targets).unwrap();
        let people = Directory::open(&folder.0.join("people.toml"), Span::days(3650), clock.wall());
        let people = people.unwrap().people();
        let core = Core::new(Parts {
            store,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            rules: Arc::new(Lifecycle),
            catalogue: Arc::new(targets),
            sealer,
            rng: StdRng::seed_from_u64(7),
            policies: Arc::new(policies),
            people: Arc::clone(&people),
            open_requests_per_person: 5,
        });
        Self { core: core.unwrap(), clock, people }
    }

    /// Moves the clock, and lets the engine see it; whether all that fell due was committed.
    pub(super) fn wait(&mut self, span: Span) -> bool {
        self.clock.0.fetch_add(i64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
        loop {
            match self.core.tick() {
                Ok(true) => {}
                Ok(false) => return true,
                Err(_) => return false,
            }
        }
    }

    pub(super) fn submit(&mut self, who: &str, verb: Verb) -> Answer {
        self.try_submit(who, verb).unwrap()
    }

    pub(super) fn try_submit(&mut self, who: &str, verb: Verb) -> Result<Answer, EngineError> {
        let person = self.people.get(&format!("{who}@example.com").parse().unwrap()).unwrap();
        let by = Actor::Person { id: person.id.clone(), name: person.name.clone() };
        let command = Command { key: None, by, verb };
        self.core.run(vec![Input::Command(Box::new(command))])?.remove(0)
    }

    pub(super) fn ask(&mut self, who: &str, role: &str, why: &str) -> Answer {
        let ask = Ask {
            role: role.parse().unwrap(),
            duration: Span::hours(1),
            starts_at: None,
            justification: why.to_owned(),
            ticket: None,
            fields: Default::default(),
        };
        self.submit(who, Verb::Ask(ask))
    }

    /// Asks, has bob agree, and does what is owed.
    pub(super) fn grant(&mut self, who: &str, role: &str) -> RequestId {
        let Answer::Submitted { request, .. } = self.ask(who, role, "the pages of the audit") else {
            panic!("must be taken");
        };
        assert_eq!(
            self.submit("bob", Verb::Approve { request, at_most: None }),
            Answer::Granting { request, shortened: None }
        );
        self.work();
        request
    }

    /// Does everything that is owed; each call to the target succeeds.
    pub(super) fn work(&mut self) {
        loop {
            let owed = self.core.claim(16).unwrap();
            if owed.is_empty() {
                return;
            }
            for work in owed {
                let (row, request) = (work.row, work.request);
                let revision = self.core.dossier(request).unwrap().unwrap().revision;
                let completion = match work.effect {
                    Effect::Target { id, op, .. } => {
                        Completion::Target { row, effect: id, outcome: self.outcome(op) }
                    }
                    Effect::Ticket => Completion::Told { row, request, revision },
                    Effect::Show(view) => Completion::Shown { row, request, view, message: None, revision },
                };
                self.core.run(vec![Input::Complete(Box::new(completion))]).unwrap().remove(0).unwrap();
            }
        }
    }

    fn outcome(&self, op: Op) -> Outcome {
        let evidence = |answer: &str| Evidence {
            method: "asked the stand-in".to_owned(),
            answer: answer.to_owned(),
            at: self.clock.wall(),
        };
        match op {
            Op::Grant | Op::Extend | Op::Revoke => Outcome::Done(evidence("done")),
            Op::Verify => Outcome::Found(evidence("there")),
            Op::Snapshot | Op::VerifyGone | Op::Recheck => Outcome::NotFound(evidence("not there")),
        }
    }

    pub(super) fn state(&mut self, request: RequestId) -> StateWord {
        self.core.dossier(request).unwrap().unwrap().request.state.word()
    }

    pub(super) fn status(&mut self) -> Status {
        self.core.status().unwrap()
    }

    /// Ends it as a crash would, and gives its database up.
    pub(super) fn pages(self) -> u32 {
        self.core.into_store().unwrap().pages().unwrap()
    }
}
