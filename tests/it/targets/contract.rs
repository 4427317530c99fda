//! What every adapter does, whatever its target.

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use jitney::finding::{Finding, Grade};
use jitney::ids::{EffectId, PersonId, RequestId, TargetId};
use jitney::lifecycle::{Evidence, Outcome, StepTerms};
use jitney::policy::Subject;
use jitney::targets::{Adapter, Call};
use jitney::time::{Clock as _, SystemClock, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "canary-Kp7wQz9RtVx4";

/// A target's real server or stand-in, with the adapter that reaches it. Its people are `ann`, `bob` and `person0`
/// to `person19`, all at `example.com`.
#[async_trait]
pub(crate) trait World: Send + Sync {
    fn adapter(&self) -> Arc<dyn Adapter>;
    /// A step's table that the adapter takes.
    fn params(&self) -> Value;
    /// Everything on the target that is not a grant's, as bytes to compare.
    async fn foreign(&self) -> Vec<u8>;
    /// Somebody uses the entitlement; false where the stand-in knows no sessions.
    async fn open_session(&self, grant: &Grant) -> bool;
    async fn sessions(&self, grant: &Grant) -> usize;
    /// What a crash in the middle of a change leaves behind.
    async fn leave_half_a_change(&self);
}

/// A step bound to a request, ready to call with.
pub(crate) struct Grant {
    pub(crate) adapter: Arc<dyn Adapter>,
    pub(crate) request: RequestId,
    pub(crate) person: PersonId,
    pub(crate) step: StepTerms,
    pub(crate) secret: Option<SecretString>,
}

impl Grant {
    pub(crate) fn new(world: &dyn World, number: u64, person: &str) -> Self {
        Self::of(world.adapter(), &world.params(), number, person)
    }

    pub(crate) fn of(adapter: Arc<dyn Adapter>, params: &Value, number: u64, person: &str) -> Self {
        let person = PersonId::new(person).unwrap();
        let request = RequestId::from_number(number);
        let parsed = adapter.parse(params).unwrap();
        let binding = adapter.bind(&parsed.params, &Subject { person: &person, request }).unwrap();
        let step = StepTerms {
            gives_group: None,
            target: TargetId::new("target").unwrap(),
            params: parsed.params,
            key: binding.key,
            shared: binding.shared,
            label: parsed.label,
            issues_credential: parsed.issues_credential,
            login: binding.login,
            used_at: binding.used_at,
            readable: parsed.readable,
            cannot_end: parsed.cannot_end,
        };
        let secret = step.issues_credential.then(|| SecretString::from(PASSWORD));
        Self { adapter, request, person, step, secret }
    }

    pub(crate) fn call(&self) -> Call<'_> {
        Call {
            effect: EffectId::new(self.request, 1),
            request: self.request,
            person: &self.person,
            step: &self.step,
            native_expiry: Timestamp::from_millis(7_200_000),
            secret: self.secret.as_ref(),
            now: Timestamp::from_millis(3_600_000),
        }
    }

    pub(crate) async fn does(&self, op: &str) -> Outcome {
        let call = self.call();
        match op {
            "snapshot" => self.adapter.snapshot(&call).await,
            "grant" => self.adapter.grant(&call).await,
            "verify" => self.adapter.verify(&call).await,
            "extend" => self.adapter.extend(&call).await,
            "revoke" => self.adapter.revoke(&call).await,
            "verify_gone" => self.adapter.verify_gone(&call).await,
            other => panic!("no such op: {other}"),
        }
    }

    pub(crate) async fn expect(&self, op: &str, word: &str) {
        let outcome = self.does(op).await;
        assert_eq!(word_of(&outcome), word, "{op} for {}: {outcome:?}", self.request);
    }
}

pub(crate) fn word_of(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done(_) => "done",
        Outcome::Already(_) => "already",
        Outcome::Found(_) => "found",
        Outcome::NotFound(_) => "not found",
        Outcome::Unreadable(_) => "unreadable",
        Outcome::Retry { may_have_landed: true, .. } => "retry, may have landed",
        Outcome::Retry { may_have_landed: false, .. } => "retry",
        Outcome::Fatal { .. } => "fatal",
    }
}

type Behaviour = fn(Box<dyn World>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// By name, so that a failure says which.
pub(crate) const BEHAVIOURS: &[(&str, Behaviour)] = &[
    ("an entitlement comes and goes, and each call may be repeated", |w| Box::pin(comes_and_goes(w))),
    ("what is not ours stays byte for byte", |w| Box::pin(leaves_others_alone(w))),
    ("grants at the same time do not lose each other", |w| Box::pin(keeps_grants_apart(w))),
    ("the end of one grant leaves the others", |w| Box::pin(ends_one_alone(w))),
    ("a hostile name does no harm", |w| Box::pin(survives_names(w))),
    ("no evidence holds the secret", |w| Box::pin(tells_no_secret(w))),
    ("a live session counts, and is ended", |w| Box::pin(ends_sessions(w))),
    ("half a change of a crash does no harm", |w| Box::pin(survives_a_crash(w))),
    ("a check finds it well and changes nothing", |w| Box::pin(checks_well(w))),
    ("what it declares is what its steps say", |w| Box::pin(declares_the_truth(w))),
    ("a table with unknown keys is refused at the key", |w| Box::pin(refuses_unknown_keys(w))),
    ("a credential that was erased is not replaced by another", |w| Box::pin(needs_its_secret(w))),
];

async fn comes_and_goes(world: Box<dyn World>) {
    let grant = Grant::new(world.as_ref(), 1042, "ann@example.com");
    for (op, word) in [
        ("snapshot", "not found"),
        ("verify", "not found"),
        ("revoke", "already"),
        ("grant", "done"),
        ("grant", "already"),
        ("snapshot", "found"),
        ("verify", "found"),
        ("verify_gone", "found"),
        ("revoke", "done"),
        ("revoke", "already"),
        ("verify_gone", "not found"),
        ("verify", "not found"),
        ("grant", "done"),
        ("verify", "found"),
    ] {
        grant.expect(op, word).await;
    }
    let extended = word_of(&grant.does("extend").await);
    assert!(["done", "already"].contains(&extended), "{extended}");
}

async fn leaves_others_alone(world: Box<dyn World>) {
    let before = world.foreign().await;
    let grant = Grant::new(world.as_ref(), 1042, "ann@example.com");
    for op in ["grant", "grant", "verify", "extend", "revoke", "revoke", "verify_gone"] {
        grant.does(op).await;
        assert_eq!(world.foreign().await, before, "after {op}");
    }
}

async fn keeps_grants_apart(world: Box<dyn World>) {
    let grants: Vec<_> = (0..20)
        .map(|n| Grant::new(world.as_ref(), 2000 + n, &format!("person{n}@example.com")))
        .map(Arc::new)
        .collect();
    for (op, then, word) in [("grant", "verify", "found"), ("revoke", "verify_gone", "not found")] {
        let calls = grants.iter().map(|grant| {
            let grant = Arc::clone(grant);
            tokio::spawn(async move { grant.expect(op, "done").await })
        });
        for call in calls.collect::<Vec<_>>() {
            call.await.unwrap();
        }
        for grant in &grants {
            grant.expect(then, word).await;
        }
        let held = world.adapter().list(Timestamp::default()).await.unwrap();
        assert_eq!(held.len(), if op == "grant" { 20 } else { 0 }, "{held:?}");
    }
}

async fn ends_one_alone(world: Box<dyn World>) {
    // One number is the beginning of the other.
    let short = Grant::new(world.as_ref(), 104, "ann@example.com");
    let long = Grant::new(world.as_ref(), 1042, "bob@example.com");
    short.expect("grant", "done").await;
    long.expect("grant", "done").await;
    short.expect("revoke", "done").await;
    long.expect("verify", "found").await;
    short.expect("verify_gone", "not found").await;
}

async fn survives_names(world: Box<dyn World>) {
    let before = world.foreign().await;
    for (number, name) in [
        "*)(uid=*",
        "';--",
        "$(id)",
        "-rf",
        "`x`",
        "a:b",
        "../../etc/passwd",
        "{login}",
        "%00",
        "\u{202e}nna",
    ]
    .iter()
    .enumerate()
    {
        let grant = Grant::new(world.as_ref(), 3000 + number as u64, name);
        for (op, word) in
            [("grant", "done"), ("verify", "found"), ("revoke", "done"), ("verify_gone", "not found")]
        {
            grant.expect(op, word).await;
        }
        assert_eq!(world.foreign().await, before, "{name}");
    }
}

async fn tells_no_secret(world: Box<dyn World>) {
    let grant = Grant::new(world.as_ref(), 1042, "ann@example.com");
    for op in ["snapshot", "grant", "grant", "verify", "extend", "revoke", "revoke", "verify_gone"] {
        let outcome = grant.does(op).await;
        assert!(!format!("{outcome:?}").contains(PASSWORD), "{op}: {outcome:?}");
        let (Outcome::Done(seen) | Outcome::Already(seen) | Outcome::Found(seen) | Outcome::NotFound(seen)) =
            outcome
        else {
            panic!("{op}: {outcome:?}");
        };
        let Evidence { method, answer, at } = seen;
        assert!(!method.is_empty() && !answer.is_empty(), "{op}");
        assert_eq!(at, grant.call().now, "{op}");
    }
    assert!(!format!("{:?}", grant.call()).contains(PASSWORD));
}

async fn ends_sessions(world: Box<dyn World>) {
    let grant = Grant::new(world.as_ref(), 1042, "ann@example.com");
    let other = Grant::new(world.as_ref(), 1043, "bob@example.com");
    grant.expect("grant", "done").await;
    other.expect("grant", "done").await;
    if !world.open_session(&grant).await {
        assert!(!grant.step.cannot_end.is_empty(), "a target whose sessions can't be ended must say so");
        return;
    }
    world.open_session(&grant).await;
    world.open_session(&other).await;
    grant.expect("revoke", "done").await;
    assert_eq!((world.sessions(&grant).await, world.sessions(&other).await), (0, 1));
    grant.expect("verify_gone", "not found").await;

    // The entitlement is gone, but somebody is still in.
    world.open_session(&grant).await;
    grant.expect("verify_gone", "found").await;
    grant.expect("revoke", "done").await;
    grant.expect("verify_gone", "not found").await;
}

async fn survives_a_crash(world: Box<dyn World>) {
    let grant = Grant::new(world.as_ref(), 1042, "ann@example.com");
    let before = world.foreign().await;
    world.leave_half_a_change().await;
    assert_eq!(world.foreign().await, before);
    grant.expect("snapshot", "not found").await;
    grant.expect("grant", "done").await;
    world.leave_half_a_change().await;
    grant.expect("verify", "found").await;
    grant.expect("revoke", "done").await;
    grant.expect("verify_gone", "not found").await;
    assert_eq!(world.foreign().await, before);
}

async fn checks_well(world: Box<dyn World>) {
    let before = world.foreign().await;
    let findings = world.adapter().check(SystemClock::new().wall()).await;
    assert!(!findings.is_empty(), "a check says at least one thing");
    for Finding { grade, says, mend } in &findings {
        assert_ne!(*grade, Grade::Fail, "{says}");
        assert!(*grade == Grade::Ok || mend.is_some(), "{says} is not mended");
        assert!(!format!("{says}{mend:?}").contains(PASSWORD), "{says}");
    }
    assert_eq!(world.foreign().await, before);
}

async fn declares_the_truth(world: Box<dyn World>) {
    let adapter = world.adapter();
    let declaration = adapter.declaration();
    let parsed = adapter.parse(&world.params()).unwrap();
    assert_eq!(parsed.readable, declaration.readable);
    // One adapter may have steps that end more than others.
    let untold: Vec<_> =
        parsed.cannot_end.iter().filter(|one| !declaration.cannot_end.contains(one)).collect();
    assert!(untold.is_empty(), "{untold:?}");
    assert_eq!(adapter.parse(&parsed.params), Ok(parsed.clone()), "the canonical form is read as itself");
}

async fn refuses_unknown_keys(world: Box<dyn World>) {
    let adapter = world.adapter();
    let mut params = world.params();
    params["surprise"] = json!(1);
    let issues = adapter.parse(&params).unwrap_err();
    assert_eq!(issues.len(), 1, "{issues:?}");
    assert_eq!(issues[0].path, ["surprise"]);
    for odd in [json!(null), json!([]), json!("login"), json!({})] {
        assert!(!adapter.parse(&odd).unwrap_err().is_empty(), "{odd}");
    }
}

async fn needs_its_secret(world: Box<dyn World>) {
    let mut grant = Grant::new(world.as_ref(), 1042, "ann@example.com");
    if !grant.step.issues_credential {
        return;
    }
    grant.secret = None;
    grant.expect("grant", "fatal").await;
    grant.expect("verify", "not found").await;
}
