//! A target in memory that does what a script says: the oracle of who has what, for tests of what lies above it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jitney::finding::Finding;
use jitney::ids::{EntitlementKey, PersonId, RequestId};
use jitney::lifecycle::{Evidence, Outcome};
use jitney::policy::{Binding, Layer, ParamIssue, Parsed, Subject};
use jitney::targets::{Adapter, Call, Declaration, Held};
use jitney::time::{Span, Timestamp};
use serde_json::{Value, json};

use super::contract::{Grant, World};

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is done.
    Done,
    /// It is refused for good.
    Refused,
    /// There is never an answer, and it is not done.
    Hangs,
    /// The connection breaks before it is done.
    Reset,
    /// It is done, but the answer is lost.
    DoneUnheard,
    /// Too many calls: wait.
    SlowDown,
    /// It says that it was done, but nothing was.
    Pretends,
    /// The adapter has a defect.
    Panics,
}

/// Whose entitlement: a person's hold on a key.
type Hold = (EntitlementKey, PersonId);

#[derive(Debug, Default)]
struct Inside {
    held: BTreeMap<Hold, RequestId>,
    foreign: BTreeSet<String>,
    sessions: BTreeMap<Hold, usize>,
    fates: VecDeque<Fate>,
    flickers: bool,
    calls: Vec<String>,
}

/// The target. Clones see the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct SimTarget(Arc<Mutex<Inside>>);

impl SimTarget {
    pub(crate) fn new() -> Self {
        let target = Self::default();
        target.inside().foreign.extend(["ann@example.com in staff".to_owned(), "login root".to_owned()]);
        target
    }

    /// What happens to the next calls, one each; after that they are done.
    pub(crate) fn script(&self, fates: impl IntoIterator<Item = Fate>) {
        self.inside().fates.extend(fates);
    }

    /// Every second look sees the world as it was not.
    pub(crate) fn flickers(&self) {
        self.inside().flickers = true;
    }

    /// Whether the person really has it.
    pub(crate) fn has(&self, key: &EntitlementKey, person: &PersonId) -> bool {
        self.inside().held.contains_key(&(key.clone(), person.clone()))
    }

    /// Everything it was asked, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.inside().calls.clone()
    }

    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn change(
        &self,
        op: &str,
        call: &Call<'_>,
        change: impl FnOnce(&mut Inside, Hold) -> bool + Send,
    ) -> Outcome {
        let hold = (call.step.key.clone(), call.person.clone());
        match self.next_fate(op, call) {
            Fate::Done => match change(&mut self.inside(), hold) {
                true => Outcome::Done(seen(call, op, "done")),
                false => Outcome::Already(seen(call, op, "it was so")),
            },
            Fate::DoneUnheard => {
                change(&mut self.inside(), hold);
                retry("the connection was lost while it answered", None, true)
            }
            Fate::Pretends => Outcome::Done(seen(call, op, "done")),
            other => without_doing(other).await,
        }
    }

    async fn look(&self, op: &str, call: &Call<'_>, with_sessions: bool) -> Outcome {
        let hold = (call.step.key.clone(), call.person.clone());
        match self.next_fate(op, call) {
            Fate::Done | Fate::DoneUnheard | Fate::Pretends => {}
            other => return without_doing(other).await,
        }
        let inside = self.inside();
        let in_session = with_sessions && inside.sessions.get(&hold).is_some_and(|n| *n > 0);
        let is_there = inside.held.contains_key(&hold) || in_session;
        let is_seen_wrong = inside.flickers && inside.calls.len().is_multiple_of(2);
        if is_there != is_seen_wrong {
            Outcome::Found(seen(call, op, "there"))
        } else {
            Outcome::NotFound(seen(call, op, "not there"))
        }
    }

    fn next_fate(&self, op: &str, call: &Call<'_>) -> Fate {
        let mut inside = self.inside();
        inside.calls.push(format!("{op} {} for {}", call.step.key, call.person));
        inside.fates.pop_front().unwrap_or(Fate::Done)
    }
}

async fn without_doing(fate: Fate) -> Outcome {
    match fate {
        Fate::Refused => Outcome::Fatal { error: "forbidden".to_owned() },
        Fate::Hangs => std::future::pending().await,
        Fate::Reset => retry("connection reset", None, true),
        Fate::SlowDown => retry("too many calls", Some(Span::secs(7)), false),
        Fate::Panics => panic!("as the script says"),
        Fate::Done | Fate::DoneUnheard | Fate::Pretends => unreachable!("those do something"),
    }
}

fn retry(error: &str, after: Option<Span>, may_have_landed: bool) -> Outcome {
    Outcome::Retry { error: error.to_owned(), after, may_have_landed }
}

fn seen(call: &Call<'_>, op: &str, answer: &str) -> Evidence {
    Evidence { method: format!("{op} in memory"), answer: answer.to_owned(), at: call.now }
}

#[async_trait]
impl Adapter for SimTarget {
    fn declaration(&self) -> Declaration {
        Declaration { layer: Layer::Idp, readable: true, native_expiry: false, cannot_end: Vec::new() }
    }

    fn parse(&self, params: &Value) -> Result<Parsed, Vec<ParamIssue>> {
        let issue = |path: &[&str], message: &str| {
            let path = path.iter().map(|key| (*key).to_owned()).collect();
            ParamIssue { path, message: message.to_owned() }
        };
        let shape = "write `login = {}` or `member = \"group\"`";
        let table = params.as_object().ok_or_else(|| vec![issue(&[], shape)])?;
        let unknown = table.keys().find(|key| !["login", "member"].contains(&key.as_str()));
        if let Some(key) = unknown {
            return Err(vec![issue(&[key], "is not known here")]);
        }
        let label = match (table.get("login"), table.get("member").and_then(Value::as_str)) {
            (Some(_), None) => "a login in memory".to_owned(),
            (None, Some(group)) => format!("membership of {group}"),
            _ => return Err(vec![issue(&[], shape)]),
        };
        Ok(Parsed {
            params: params.clone(),
            label,
            issues_credential: table.contains_key("login"),
            readable: true,
            cannot_end: Vec::new(),
        })
    }

    fn bind(&self, params: &Value, subject: &Subject<'_>) -> Result<Binding, String> {
        let login = format!("jit-r{}", subject.request.number());
        let (key, shared) = match params["member"].as_str() {
            Some(group) => (format!("member/{group}"), true),
            None => (format!("login/{login}"), false),
        };
        let key = EntitlementKey::new(&key).map_err(|error| error.to_string())?;
        Ok(Binding { key, shared, login: (!shared).then_some(login), used_at: None })
    }

    async fn snapshot(&self, call: &Call<'_>) -> Outcome {
        self.look("snapshot", call, false).await
    }

    async fn grant(&self, call: &Call<'_>) -> Outcome {
        if call.step.issues_credential && call.secret.is_none() {
            return Outcome::Fatal { error: "the credential was erased".to_owned() };
        }
        let request = call.request;
        self.change("grant", call, |inside, hold| inside.held.insert(hold, request).is_none()).await
    }

    async fn verify(&self, call: &Call<'_>) -> Outcome {
        self.look("verify", call, false).await
    }

    async fn extend(&self, call: &Call<'_>) -> Outcome {
        self.change("extend", call, |_, _| true).await
    }

    async fn revoke(&self, call: &Call<'_>) -> Outcome {
        let revoke = |inside: &mut Inside, hold: Hold| {
            let was_held = inside.held.remove(&hold).is_some();
            inside.sessions.remove(&hold).is_some_and(|n| n > 0) || was_held
        };
        self.change("revoke", call, revoke).await
    }

    async fn verify_gone(&self, call: &Call<'_>) -> Outcome {
        self.look("verify_gone", call, true).await
    }

    async fn list(&self, _now: Timestamp) -> Result<Vec<Held>, String> {
        let inside = self.inside();
        let held = inside.held.iter();
        Ok(held.map(|((key, _), request)| Held { name: key.to_string(), request: Some(*request) }).collect())
    }

    async fn check(&self, _now: Timestamp) -> Vec<Finding> {
        vec![Finding::ok("it is in memory")]
    }
}

struct SimWorld {
    target: SimTarget,
    params: Value,
}

pub(crate) fn logins() -> Box<dyn World> {
    Box::new(SimWorld { target: SimTarget::new(), params: json!({ "login": {} }) })
}

pub(crate) fn memberships() -> Box<dyn World> {
    Box::new(SimWorld { target: SimTarget::new(), params: json!({ "member": "ops" }) })
}

#[async_trait]
impl World for SimWorld {
    fn adapter(&self) -> Arc<dyn Adapter> {
        Arc::new(self.target.clone())
    }
    fn params(&self) -> Value {
        self.params.clone()
    }
    async fn foreign(&self) -> Vec<u8> {
        format!("{:?}", self.target.inside().foreign).into_bytes()
    }
    async fn open_session(&self, grant: &Grant) -> bool {
        let hold = (grant.step.key.clone(), grant.person.clone());
        *self.target.inside().sessions.entry(hold).or_default() += 1;
        true
    }
    async fn sessions(&self, grant: &Grant) -> usize {
        let hold = (grant.step.key.clone(), grant.person.clone());
        self.target.inside().sessions.get(&hold).copied().unwrap_or_default()
    }
    async fn leave_half_a_change(&self) {}
}

#[tokio::test]
async fn a_scripted_fate_is_what_happens() {
    for (fate, op, word, has) in [
        (Fate::Refused, "grant", "fatal", false),
        (Fate::Reset, "grant", "retry, may have landed", false),
        (Fate::DoneUnheard, "grant", "retry, may have landed", true),
        (Fate::SlowDown, "grant", "retry", false),
        (Fate::Pretends, "grant", "done", false),
    ] {
        let target = SimTarget::new();
        let grant = Grant::of(Arc::new(target.clone()), &json!({ "login": {} }), 1042, "ann@example.com");
        target.script([fate]);
        grant.expect(op, word).await;
        assert_eq!(target.has(&grant.step.key, &grant.person), has, "{fate:?}");
    }
}

#[tokio::test]
async fn a_flickering_target_answers_both_ways() {
    let target = SimTarget::new();
    let grant = Grant::of(Arc::new(target.clone()), &json!({ "member": "ops" }), 1042, "ann@example.com");
    target.flickers();
    grant.expect("verify", "not found").await;
    grant.expect("verify", "found").await;
}
