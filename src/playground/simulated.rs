//! Targets that a world only plays: each keeps in memory what was added to it, and nothing else anywhere changes.
//! A policy names its targets, and a world that runs on somebody's policies has no way into theirs. So it plays every
//! target that it does not know: any parameters are taken, and what is right for the real adapter is not checked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde_json::Value;

use crate::finding::Finding;
use crate::ids::{EntitlementKey, TargetId};
use crate::lifecycle::{Evidence, Outcome};
use crate::policy::{Binding, Layer, ParamIssue, Parsed, SourceFile, Subject};
use crate::targets::{Adapter, Call, Declaration, Held, Limits, Target};
use crate::time::Timestamp;

/// Targets that are played at most; more stay unknown.
const TARGETS_MAX: usize = 200;
/// What of a step's table a label or a key shows, in characters.
const SHOWN_MAX: usize = 120;

/// The played targets of a world. They live as long as the world does, and only grow in number.
#[derive(Debug, Default)]
pub struct SimulatedTargets {
    by_id: Mutex<BTreeMap<TargetId, Arc<Simulated>>>,
}

impl SimulatedTargets {
    /// Plays every target that these files name and that is not among `known`. Answers whether one was new.
    pub fn learn(&self, files: &[SourceFile], known: &BTreeSet<TargetId>) -> bool {
        let mut by_id = self.targets();
        let before = by_id.len();
        for id in files.iter().flat_map(named_in).filter(|id| !known.contains(id)) {
            if by_id.len() < TARGETS_MAX {
                by_id.entry(id.clone()).or_insert_with(|| Arc::new(Simulated::new(id)));
            }
        }
        by_id.len() > before
    }

    /// Their ids.
    #[must_use]
    pub fn ids(&self) -> Vec<TargetId> {
        self.targets().keys().cloned().collect()
    }

    /// Each as a target of a bot.
    #[must_use]
    pub fn as_targets(&self) -> Vec<(TargetId, Target)> {
        let of = |(id, played): (&TargetId, &Arc<Simulated>)| {
            let adapter = Arc::clone(played) as Arc<dyn Adapter>;
            (id.clone(), Target { adapter, limits: Limits::default() })
        };
        self.targets().iter().map(of).collect()
    }

    fn targets(&self) -> MutexGuard<'_, BTreeMap<TargetId, Arc<Simulated>>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The targets of a policy file's steps, as far as it can be read. What can't, the policies' own parser tells.
fn named_in(file: &SourceFile) -> Vec<TargetId> {
    let Ok(table) = file.text.parse::<toml::Table>() else { return Vec::new() };
    let roles = table.get("roles").and_then(toml::Value::as_table);
    let steps = roles
        .into_iter()
        .flat_map(toml::Table::values)
        .filter_map(|role| role.get("steps")?.as_array())
        .flatten();
    steps.filter_map(|step| step.get("target")?.as_str()?.parse().ok()).collect()
}

/// One played target.
#[derive(Debug)]
struct Simulated {
    id: TargetId,
    held: Mutex<BTreeSet<EntitlementKey>>,
}

impl Simulated {
    fn new(id: TargetId) -> Self {
        Self { id, held: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, BTreeSet<EntitlementKey>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn evidence(&self, answer: String, call: &Call<'_>) -> Evidence {
        Evidence { method: format!("simulated target {}", self.id), answer, at: call.now }
    }

    fn look(&self, call: &Call<'_>) -> Outcome {
        let key = &call.step.key;
        if self.held().contains(key) {
            Outcome::Found(self.evidence(format!("holds {key}"), call))
        } else {
            Outcome::NotFound(self.evidence(format!("does not hold {key}"), call))
        }
    }
}

#[async_trait]
impl Adapter for Simulated {
    fn declaration(&self) -> Declaration {
        Declaration {
            layer: Layer::Application,
            readable: true,
            native_expiry: false,
            cannot_end: Vec::new(),
        }
    }

    fn parse(&self, params: &Value) -> Result<Parsed, Vec<ParamIssue>> {
        Ok(Parsed {
            params: params.clone(),
            label: format!("{} (simulated)", shown(params)),
            issues_credential: false,
            readable: true,
            cannot_end: Vec::new(),
        })
    }

    fn bind(&self, params: &Value, subject: &Subject<'_>) -> Result<Binding, String> {
        let key = format!("{}: {}", subject.person, shown(params));
        let key = EntitlementKey::new(&key).map_err(|error| error.to_string())?;
        Ok(Binding { key, shared: true, login: None, used_at: None })
    }

    async fn snapshot(&self, call: &Call<'_>) -> Outcome {
        self.look(call)
    }

    async fn grant(&self, call: &Call<'_>) -> Outcome {
        let key = &call.step.key;
        if self.held().insert(key.clone()) {
            Outcome::Done(self.evidence(format!("added {key}"), call))
        } else {
            Outcome::Already(self.evidence(format!("holds {key}"), call))
        }
    }

    async fn verify(&self, call: &Call<'_>) -> Outcome {
        self.look(call)
    }

    async fn extend(&self, call: &Call<'_>) -> Outcome {
        Outcome::Already(self.evidence("it has no expiry of its own".to_owned(), call))
    }

    async fn revoke(&self, call: &Call<'_>) -> Outcome {
        let key = &call.step.key;
        if self.held().remove(key) {
            Outcome::Done(self.evidence(format!("removed {key}"), call))
        } else {
            Outcome::Already(self.evidence(format!("does not hold {key}"), call))
        }
    }

    async fn verify_gone(&self, call: &Call<'_>) -> Outcome {
        self.look(call)
    }

    async fn list(&self, _now: Timestamp) -> Result<Vec<Held>, String> {
        let held = self.held();
        Ok(held.iter().map(|key| Held { name: key.to_string(), request: None }).collect())
    }

    async fn check(&self, _now: Timestamp) -> Vec<Finding> {
        vec![Finding::ok(format!("{} is simulated: nothing is reached, nothing is changed", self.id))]
    }
}

/// A step's table as a person reads it: `group dba`.
fn shown(params: &Value) -> String {
    let word = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let pairs =
        params.as_object().into_iter().flatten().map(|(name, value)| format!("{name} {}", word(value)));
    let text = pairs.collect::<Vec<_>>().join(", ");
    let text: String = text.chars().filter(|c| !c.is_control()).take(SHOWN_MAX).collect();
    if text.is_empty() { "access".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RequestId;

    fn file(text: &str) -> SourceFile {
        SourceFile { name: "policies/x.toml".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn targets_that_a_file_names_are_played_unless_they_are_known() {
        let targets = SimulatedTargets::default();
        let known = BTreeSet::from(["legacy-wiki".parse().expect("an id")]);
        let text = "[[roles.a.steps]]\ntarget = 'okta'\n[[roles.b.steps]]\ntarget = 'legacy-wiki'\n";
        assert!(targets.learn(&[file(text), file("not toml [")], &known));
        assert_eq!(targets.ids().iter().map(TargetId::as_str).collect::<Vec<_>>(), ["okta"]);
        assert!(!targets.learn(&[file(text)], &known), "it is there already");
    }

    #[test]
    fn any_table_is_taken_and_names_the_person() {
        let played = Simulated::new("okta".parse().expect("an id"));
        let params = serde_json::json!({ "group": "dba", "deep": { "a": 1 } });
        assert_eq!(played.parse(&params).expect("taken").label, "deep {\"a\":1}, group dba (simulated)");
        let person = "ann@example.com".parse().expect("an id");
        let bound = played.bind(&params, &Subject { person: &person, request: RequestId::FIRST });
        let bound = bound.expect("bound");
        assert_eq!(bound.key.as_str(), "ann@example.com: deep {\"a\":1}, group dba");
        assert!(bound.shared && bound.login.is_none());
    }
}
