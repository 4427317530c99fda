//! The outbox over an engine in memory: what goes out, what comes back, and what nothing may hold up.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jitney::engine::{CallTerms, Completion, EngineError, Owed};
use jitney::ids::{EffectId, PersonId, RequestId, TargetId};
use jitney::lifecycle::{Effect, Op, Outcome, View};
use jitney::outbox::{Desk, Outbox, Shower, Teller};
use jitney::targets::{Limits, Target, Targets};
use jitney::time::{Span, Timestamp};
use secrecy::SecretString;
use serde_json::json;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::targets::contract::{Grant, word_of};
use crate::targets::sim::{Fate, SimTarget};

const START: i64 = 1_000_000_000_000;

/// An engine that owes what it is told to owe, and keeps what it hears.
#[derive(Clone)]
struct FakeDesk(Arc<Inside>);

struct Inside {
    started: Instant,
    ready: Mutex<VecDeque<Owed>>,
    terms: Mutex<BTreeMap<RequestId, CallTerms>>,
    heard: Mutex<Vec<Completion>>,
    breakers: Mutex<Vec<(String, bool)>>,
    failing_completes: Mutex<u32>,
    claims: Mutex<u32>,
    owed: Notify,
    news: Notify,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FakeDesk {
    fn new() -> Self {
        Self(Arc::new(Inside {
            started: Instant::now(),
            ready: Mutex::default(),
            terms: Mutex::default(),
            heard: Mutex::default(),
            breakers: Mutex::default(),
            failing_completes: Mutex::default(),
            claims: Mutex::default(),
            owed: Notify::new(),
            news: Notify::new(),
        }))
    }

    fn owe(&self, row: i64, request: u64, effect: Effect) {
        let request = RequestId::from_number(request);
        let call = match effect {
            Effect::Target { step: 0, .. } => lock(&self.0.terms).get(&request).cloned(),
            Effect::Target { .. } | Effect::Ticket | Effect::Show(_) => None,
        };
        lock(&self.0.ready).push_back(Owed { row, request, effect, attempts: 0, call });
        self.0.owed.notify_one();
    }

    /// A grant with one step on a target, and a call that is owed for it.
    fn owe_call(&self, request: u64, target: &str, params: serde_json::Value, op: Op) {
        let grant = Grant::of(Arc::new(SimTarget::new()), &params, request, "ann@example.com");
        let id = RequestId::from_number(request);
        let mut step = grant.step;
        step.target = TargetId::new(target).unwrap();
        lock(&self.0.terms).insert(id, CallTerms { person: PersonId::new("ann@example.com").unwrap(), step });
        let effect = Effect::Target {
            id: EffectId::new(id, 1),
            step: 0,
            op,
            native_expiry: Timestamp::from_millis(0),
        };
        self.owe(i64::try_from(request).unwrap(), request, effect);
    }

    fn owe_login(&self, request: u64, target: &str, op: Op) {
        self.owe_call(request, target, json!({ "login": {} }), op);
    }

    /// Waits until so many completions were heard.
    async fn hears(&self, count: usize) -> Vec<Completion> {
        let enough = async {
            while self.heard_so_far() < count {
                self.0.news.notified().await;
            }
        };
        // Time flies where nothing happens.
        let waited = tokio::time::timeout(Duration::from_secs(3600), enough).await;
        assert!(waited.is_ok(), "heard only {:?}", lock(&self.0.heard));
        lock(&self.0.heard).clone()
    }

    /// The outcomes by request, in words.
    async fn hears_outcomes(&self, count: usize) -> BTreeMap<u64, Outcome> {
        let heard = self.hears(count).await;
        heard.into_iter().filter_map(outcome_of).collect()
    }

    fn heard_so_far(&self) -> usize {
        lock(&self.0.heard).len()
    }
}

fn outcome_of(completion: Completion) -> Option<(u64, Outcome)> {
    match completion {
        Completion::Target { effect, outcome, .. } => Some((effect.request().number(), outcome)),
        Completion::Shown { .. }
        | Completion::Told { .. }
        | Completion::NotYet { .. }
        | Completion::Later { .. } => None,
    }
}

#[async_trait]
impl Desk for FakeDesk {
    async fn claim(&self, most: usize) -> Result<Vec<Owed>, EngineError> {
        *lock(&self.0.claims) += 1;
        let mut ready = lock(&self.0.ready);
        let most = most.min(ready.len());
        Ok(ready.drain(..most).collect())
    }

    async fn complete(&self, completion: Completion) -> Result<(), EngineError> {
        let mut failing = lock(&self.0.failing_completes);
        if *failing > 0 {
            *failing -= 1;
            return Err(EngineError::Store("the disk is full".to_owned()));
        }
        lock(&self.0.heard).push(completion);
        self.0.news.notify_one();
        Ok(())
    }

    async fn credential(&self, _: RequestId) -> Result<Option<SecretString>, EngineError> {
        Ok(Some(SecretString::from("canary-Kp7wQz9RtVx4")))
    }

    async fn owed(&self) {
        self.0.owed.notified().await;
    }

    fn breaker(&self, target: TargetId, open: bool) {
        lock(&self.0.breakers).push((target.to_string(), open));
    }

    fn now(&self) -> Timestamp {
        let since = u64::try_from(self.0.started.elapsed().as_millis()).unwrap();
        Timestamp::from_millis(START) + Span::millis(since)
    }
}

/// Slack and Jira.
#[derive(Clone, Copy)]
enum Edge {
    SettlesAtOnce,
    /// It panics, or never ends.
    HasADefect,
    NeverAnswers,
}

#[async_trait]
impl Shower<FakeDesk> for Edge {
    async fn show(&self, owed: &Owed, _: &FakeDesk) -> Completion {
        match self {
            Self::SettlesAtOnce => {}
            Self::HasADefect => panic!("as the test says"),
            Self::NeverAnswers => std::future::pending().await,
        }
        let Effect::Show(view) = owed.effect else { panic!("not a message: {owed:?}") };
        Completion::Shown { row: owed.row, request: owed.request, view, message: None, revision: 1 }
    }
}

#[async_trait]
impl Teller<FakeDesk> for Edge {
    async fn tell(&self, owed: &Owed, _: &FakeDesk) -> Completion {
        match self {
            Self::SettlesAtOnce => {}
            Self::HasADefect | Self::NeverAnswers => std::future::pending().await,
        }
        Completion::Told { row: owed.row, request: owed.request, revision: 1 }
    }
}

/// An outbox that runs, until it is told to stop.
struct Running {
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<usize>,
}

impl Running {
    async fn stop(self) -> usize {
        self.stop.send(()).unwrap();
        self.ended.await.unwrap()
    }
}

fn run(desk: &FakeDesk, targets: &[(&str, &SimTarget)]) -> Running {
    run_with(desk, targets, Edge::SettlesAtOnce)
}

fn run_with(desk: &FakeDesk, targets: &[(&str, &SimTarget)], edge: Edge) -> Running {
    let targets = targets.iter().map(|(id, target)| {
        let adapter = Arc::new((*target).clone());
        (TargetId::new(id).unwrap(), Target { adapter, limits: Limits::default() })
    });
    let edge = Arc::new(edge);
    let grace = Duration::from_secs(10);
    let outbox = Outbox::new(desk.clone(), &Targets::of(targets), edge.clone(), edge, grace);
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(outbox.run(async {
        let _ = stopped.await;
    }));
    Running { stop, ended }
}

fn words(outcomes: &BTreeMap<u64, Outcome>) -> BTreeMap<u64, &'static str> {
    outcomes.iter().map(|(request, outcome)| (*request, word_of(outcome))).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_owed_goes_out_and_what_came_of_it_comes_back() {
    let desk = FakeDesk::new();
    let wiki = SimTarget::new();
    let outbox = run(&desk, &[("wiki", &wiki)]);
    for (op, word) in [
        (Op::Snapshot, "not found"),
        (Op::Grant, "done"),
        (Op::Verify, "found"),
        (Op::Extend, "done"),
        (Op::Revoke, "done"),
        (Op::VerifyGone, "not found"),
        (Op::Recheck, "not found"),
    ] {
        let before = desk.heard_so_far();
        desk.owe_login(1042, "wiki", op);
        let heard = desk.hears(before + 1).await;
        let (_, outcome) = outcome_of(heard.last().unwrap().clone()).unwrap();
        assert_eq!(word_of(&outcome), word, "{op:?}: {outcome:?}");
    }
    desk.owe(7, 1042, Effect::Show(View::Card));
    desk.owe(8, 1042, Effect::Ticket);
    let heard = format!("{:?}", desk.hears(9).await);
    assert!(heard.contains("Shown { row: 7") && heard.contains("Told { row: 8"), "{heard}");
    assert_eq!(outbox.stop().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_at_once_and_what_is_shown_or_told_waits_for_what_follows() {
    let desk = FakeDesk::new();
    let outbox = run(&desk, &[("wiki", &SimTarget::new())]);
    desk.owe(7, 1042, Effect::Show(View::Card));
    desk.owe(8, 1042, Effect::Ticket);
    desk.owe_login(1042, "wiki", Op::Revoke);
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(desk.hears_outcomes(1).await.len(), 1, "the revocation");
    assert_eq!(desk.heard_so_far(), 1, "and nothing else yet");
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(desk.heard_so_far(), 3);
    outbox.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_ends_leads_to_no_claim_by_itself() {
    let desk = FakeDesk::new();
    let outbox = run(&desk, &[]);
    desk.owe(7, 1042, Effect::Show(View::Card));
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(desk.heard_so_far(), 0, "it is under way");
    let claims = *lock(&desk.0.claims);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(desk.heard_so_far(), 1);
    assert_eq!(*lock(&desk.0.claims), claims, "the engine says when there is something to claim");
    outbox.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_is_given_up_and_may_have_landed() {
    let desk = FakeDesk::new();
    let wiki = SimTarget::new();
    wiki.script([Fate::Hangs]);
    let outbox = run(&desk, &[("wiki", &wiki)]);
    desk.owe_login(1042, "wiki", Op::Grant);
    let outcomes = desk.hears_outcomes(1).await;
    assert_eq!(words(&outcomes)[&1042], "retry, may have landed");
    assert_eq!(desk.now(), Timestamp::from_millis(START) + Span::secs(30));
    outbox.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_defect_of_one_adapter_stops_nobody_else() {
    let desk = FakeDesk::new();
    let (wiki, billing) = (SimTarget::new(), SimTarget::new());
    wiki.script([Fate::Panics]);
    let outbox = run(&desk, &[("wiki", &wiki), ("billing", &billing)]);
    desk.owe_login(1, "wiki", Op::Grant);
    desk.owe_login(2, "billing", Op::Grant);
    desk.owe_login(3, "wiki", Op::Grant);
    let outcomes = desk.hears_outcomes(3).await;
    assert_eq!(words(&outcomes), BTreeMap::from([(1, "retry, may have landed"), (2, "done"), (3, "done")]));
    outbox.stop().await;
}

#[tokio::test(start_paused = true)]
async fn hanging_grants_hold_up_neither_revocations_nor_other_targets() {
    let desk = FakeDesk::new();
    let (wiki, billing) = (SimTarget::new(), SimTarget::new());
    let outbox = run(&desk, &[("wiki", &wiki), ("billing", &billing)]);
    wiki.script([Fate::Hangs; 4]);
    for request in 1..=100 {
        desk.owe_login(request, "wiki", Op::Grant);
    }
    // The first four hang, the others wait for their turn.
    while wiki.calls().len() < 4 {
        tokio::task::yield_now().await;
    }
    desk.owe_login(200, "wiki", Op::Revoke);
    desk.owe_login(201, "billing", Op::Grant);
    let outcomes = desk.hears_outcomes(2).await;
    assert_eq!(words(&outcomes), BTreeMap::from([(200, "already"), (201, "done")]));
    assert_eq!(wiki.calls().len(), 5);
    assert_eq!(desk.now(), Timestamp::from_millis(START), "nobody waited");

    let outcomes = desk.hears_outcomes(102).await;
    let done = outcomes.values().filter(|outcome| word_of(outcome) == "done").count();
    assert_eq!(done, 97, "all that waited went out in the end");
    outbox.stop().await;
}

#[tokio::test(start_paused = true)]
async fn messages_and_tickets_that_hang_hold_up_no_call_to_a_target() {
    let desk = FakeDesk::new();
    let wiki = SimTarget::new();
    for row in 0..100 {
        desk.owe(1000 + row, 1042, Effect::Show(View::Card));
        desk.owe(2000 + row, 1042, Effect::Ticket);
    }
    let outbox = run_with(&desk, &[("wiki", &wiki)], Edge::NeverAnswers);
    for (request, op) in [(1, Op::Grant), (2, Op::Verify), (3, Op::Revoke)] {
        desk.owe_login(request, "wiki", op);
    }
    let began = tokio::time::Instant::now();
    desk.hears_outcomes(3).await;
    assert!(began.elapsed() < Duration::from_secs(60), "before the first of them was given up");
    outbox.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_target_that_fails_is_left_alone_but_for_revocations() {
    let desk = FakeDesk::new();
    let wiki = SimTarget::new();
    let outbox = run(&desk, &[("wiki", &wiki)]);
    wiki.script([Fate::Reset; 6]);
    let mut told = Vec::new();
    for (request, op) in [
        (1, Op::Grant),
        (2, Op::Verify),
        (3, Op::Grant),
        (4, Op::Revoke),
        (5, Op::Grant),
        (6, Op::Grant),
        (7, Op::Snapshot),
        (8, Op::Revoke),
        (9, Op::Grant),
        (10, Op::Revoke),
        (11, Op::Grant),
    ] {
        desk.owe_login(request, "wiki", op);
        let outcomes = desk.hears_outcomes(usize::try_from(request).unwrap()).await;
        let outcome = &outcomes[&request];
        let said = match outcome {
            Outcome::Retry { error, .. } => format!(": {error}"),
            _ => String::new(),
        };
        let breakers = lock(&desk.0.breakers).drain(..).collect::<Vec<_>>();
        told.push(format!("{} {}{said} {breakers:?}", op.as_str(), word_of(outcome)));
    }
    insta::assert_snapshot!("breaker_told", told.join("\n"));
    outbox.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_probe_brings_a_target_back() {
    let desk = FakeDesk::new();
    let wiki = SimTarget::new();
    let outbox = run(&desk, &[("wiki", &wiki)]);
    wiki.script([Fate::Reset; 5]);
    for request in 1..=5 {
        desk.owe_login(request, "wiki", Op::Grant);
        desk.hears(usize::try_from(request).unwrap()).await;
    }
    tokio::time::advance(Duration::from_secs(10)).await;
    desk.owe_login(6, "wiki", Op::Grant);
    assert_eq!(words(&desk.hears_outcomes(6).await)[&6], "done");
    let breakers = lock(&desk.0.breakers).clone();
    assert_eq!(breakers, [("wiki".to_owned(), true), ("wiki".to_owned(), false)]);
    outbox.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_target_that_asks_to_slow_down_is_not_down() {
    let desk = FakeDesk::new();
    let wiki = SimTarget::new();
    let outbox = run(&desk, &[("wiki", &wiki)]);
    wiki.script([Fate::SlowDown; 8]);
    for request in 1..=9 {
        desk.owe_login(request, "wiki", Op::Grant);
    }
    let outcomes = desk.hears_outcomes(9).await;
    assert_eq!(outcomes.values().filter(|outcome| word_of(outcome) == "done").count(), 1);
    assert!(lock(&desk.0.breakers).is_empty());
    outbox.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_the_engine_could_not_keep_is_told_again() {
    let desk = FakeDesk::new();
    let wiki = SimTarget::new();
    *lock(&desk.0.failing_completes) = 30;
    let outbox = run(&desk, &[("wiki", &wiki)]);
    desk.owe_login(1042, "wiki", Op::Grant);
    assert_eq!(words(&desk.hears_outcomes(1).await)[&1042], "done");
    assert_eq!(wiki.calls().len(), 1, "the target was asked once");
    outbox.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_nobody_signalled_is_found_all_the_same() {
    let desk = FakeDesk::new();
    let wiki = SimTarget::new();
    let outbox = run(&desk, &[("wiki", &wiki)]);
    desk.owe_login(1, "wiki", Op::Grant);
    desk.hears(1).await;
    let unheard =
        Owed { row: 8, request: RequestId::from_number(1), effect: Effect::Ticket, attempts: 0, call: None };
    lock(&desk.0.ready).push_back(unheard);
    desk.hears(2).await;
    outbox.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_lets_calls_end_and_starts_no_others() {
    let desk = FakeDesk::new();
    let wiki = SimTarget::new();
    let outbox = run(&desk, &[("wiki", &wiki)]);
    wiki.script([Fate::Hangs; 4]);
    for request in 1..=10 {
        desk.owe_login(request, "wiki", Op::Grant);
    }
    while wiki.calls().len() < 4 {
        tokio::task::yield_now().await;
    }
    assert_eq!(outbox.stop().await, 4, "four hang beyond the grace");
    assert_eq!(wiki.calls().len(), 4);
    assert_eq!(desk.heard_so_far(), 0, "what was not asked stays owed");
}

#[tokio::test(start_paused = true)]
async fn edges_with_defects_are_tried_again_later() {
    let desk = FakeDesk::new();
    let outbox = run_with(&desk, &[], Edge::HasADefect);
    desk.owe(7, 1042, Effect::Show(View::Card));
    desk.owe(8, 1042, Effect::Ticket);
    let told: Vec<_> = desk.hears(2).await.iter().map(|completion| format!("{completion:?}")).collect();
    insta::assert_snapshot!("edges_later", told.join("\n"));
    outbox.stop().await;
}

#[tokio::test(start_paused = true)]
async fn work_that_makes_no_sense_is_settled_with_the_reason() {
    let desk = FakeDesk::new();
    let outbox = run(&desk, &[("wiki", &SimTarget::new())]);
    desk.owe_login(1, "gone", Op::Revoke);
    let effect = Effect::Target {
        id: EffectId::new(RequestId::from_number(2), 1),
        step: 0,
        op: Op::Revoke,
        native_expiry: Timestamp::from_millis(0),
    };
    desk.owe(2, 2, effect);
    desk.owe_login(3, "wiki", Op::Revoke);
    desk.hears(3).await;
    let effect = Effect::Target {
        id: EffectId::new(RequestId::from_number(3), 2),
        step: 9,
        op: Op::Revoke,
        native_expiry: Timestamp::from_millis(0),
    };
    desk.owe(4, 3, effect);
    let told: Vec<_> = desk
        .hears(4)
        .await
        .into_iter()
        .filter_map(outcome_of)
        .map(|(request, outcome)| format!("R{request} {outcome:?}"))
        .filter(|told| !told.contains("Already"))
        .collect();
    insta::assert_snapshot!("senseless_work", told.join("\n"));
    outbox.stop().await;
}
