//! The adapters that there are, and the targets that the configuration makes of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::keys::Keys;
use super::{Adapter, htpasswd, okta, postgres};
use crate::ids::TargetId;
use crate::nearest::nearest;
use crate::policy::{Binding, Catalogue, ParamIssue, Parsed, Subject};
use crate::time::Span;

/// Makes an adapter from a target's table, without the keys that every target has; or tells every issue of it.
pub type Build = fn(&Value) -> Result<Box<dyn Adapter>, Vec<ParamIssue>>;

/// One kind of target.
#[derive(Debug)]
pub struct AdapterKind {
    /// As `adapter = "…"` says it.
    pub name: &'static str,
    /// Makes it.
    pub build: Build,
}

/// Every adapter, one line each. The contract suite walks this list.
pub const REGISTRY: &[AdapterKind] = &[
    AdapterKind { name: "htpasswd", build: htpasswd::build },
    AdapterKind { name: "okta_group", build: okta::build },
    AdapterKind { name: "postgres", build: postgres::build },
];

/// How hard a target may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls at a time; revocations have a few of their own besides.
    pub parallel: u32,
    /// After this a call is given up: it may have landed.
    pub time_out: Span,
}

impl Default for Limits {
    fn default() -> Self {
        Self { parallel: 4, time_out: Span::secs(30) }
    }
}

/// A configured target.
#[derive(Debug, Clone)]
pub struct Target {
    /// Reaches it.
    pub adapter: Arc<dyn Adapter>,
    /// How hard it may be used.
    pub limits: Limits,
}

/// The configured targets.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    by_id: BTreeMap<TargetId, Target>,
}

impl Targets {
    /// From the `[targets.*]` tables. Every target may set `parallel` (1 to 64 calls at a time) and `time_out`
    /// (1s to 5m); the other keys are its adapter's.
    ///
    /// # Errors
    /// Every issue of every table, with paths that begin with the target's id.
    pub fn from_settings(tables: &BTreeMap<TargetId, Value>) -> Result<Self, Vec<ParamIssue>> {
        let mut by_id = BTreeMap::new();
        let mut issues = Vec::new();
        for (id, table) in tables {
            match build(table) {
                Ok(target) => {
                    by_id.insert(id.clone(), target);
                }
                Err(found) => issues.extend(found.into_iter().map(|mut issue| {
                    issue.path.insert(0, id.to_string());
                    issue
                })),
            }
        }
        if issues.is_empty() { Ok(Self { by_id }) } else { Err(issues) }
    }

    /// From adapters that were made already.
    #[must_use]
    pub fn of(targets: impl IntoIterator<Item = (TargetId, Target)>) -> Self {
        Self { by_id: targets.into_iter().collect() }
    }

    /// A target by its id.
    #[must_use]
    pub fn get(&self, id: &TargetId) -> Option<&Target> {
        self.by_id.get(id)
    }

    /// Every target, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&TargetId, &Target)> {
        self.by_id.iter()
    }
}

impl Catalogue for Targets {
    fn targets(&self) -> Vec<TargetId> {
        self.by_id.keys().cloned().collect()
    }

    fn parse(&self, target: &TargetId, params: &Value) -> Result<Parsed, Vec<ParamIssue>> {
        match self.get(target) {
            Some(target) => target.adapter.parse(params),
            None => Err(vec![ParamIssue {
                path: vec!["target".to_owned()],
                message: self.unknown(target.as_str()),
            }]),
        }
    }

    fn bind(&self, target: &TargetId, params: &Value, subject: &Subject<'_>) -> Result<Binding, String> {
        let target = self.get(target).ok_or_else(|| self.unknown(target.as_str()))?;
        target.adapter.bind(params, subject)
    }
}

impl Targets {
    fn unknown(&self, typed: &str) -> String {
        let names: Vec<&str> = self.by_id.keys().map(TargetId::as_str).collect();
        format!("`{typed}` is not a configured target; {}", choices(&names, typed, "[targets.*] tables"))
    }
}

fn build(table: &Value) -> Result<Target, Vec<ParamIssue>> {
    let names: Vec<&str> = REGISTRY.iter().map(|kind| kind.name).collect();
    let mut own = serde_json::Map::new();
    let mut common = serde_json::Map::new();
    for (key, value) in table.as_object().into_iter().flatten() {
        let side =
            if matches!(key.as_str(), "adapter" | "parallel" | "time_out") { &mut common } else { &mut own };
        side.insert(key.clone(), value.clone());
    }
    let common = if table.is_object() { Value::Object(common) } else { table.clone() };
    let mut keys = Keys::of(&common, "[targets.name]");
    keys.require("adapter", &format!("write one of `{}`", names.join("`, `")));
    let kind = keys.text("adapter", 64).and_then(|typed| {
        let kind = REGISTRY.iter().find(|kind| kind.name == typed);
        if kind.is_none() {
            let choices = choices(&names, typed, "adapters");
            keys.note("adapter", format!("`{typed}` is not an adapter; {choices}"));
        }
        kind
    });
    let limits = limits(&mut keys);
    let mut issues = keys.finish();
    let Some(kind) = kind else { return Err(issues) };
    match (kind.build)(&Value::Object(own)) {
        Ok(adapter) if issues.is_empty() => Ok(Target { adapter: Arc::from(adapter), limits }),
        Ok(_) => Err(issues),
        Err(found) => {
            issues.extend(found);
            Err(issues)
        }
    }
}

fn limits(keys: &mut Keys<'_>) -> Limits {
    let usual = Limits::default();
    let parallel = keys.whole("parallel", 1..=64).unwrap_or(usual.parallel);
    let time_out = time_out(keys, Span::secs(1), Span::mins(5)).unwrap_or(usual.time_out);
    Limits { parallel, time_out }
}

/// Reads `time_out`, a span within bounds.
pub(super) fn time_out(keys: &mut Keys<'_>, low: Span, high: Span) -> Option<Span> {
    keys.span("time_out", low..=high)
}

fn choices(names: &[&str], typed: &str, what: &str) -> String {
    match (nearest(typed, names.iter().copied()), names) {
        (Some(name), _) => format!("did you mean `{name}`?"),
        (None, []) => format!("there are no {what} yet"),
        (None, names) => format!("the {what} are `{}`", names.join("`, `")),
    }
}
