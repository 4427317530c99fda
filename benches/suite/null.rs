//! A target that does everything at once, and writes down when it was asked to revoke.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use jitney::ids::EntitlementKey;
use jitney::lifecycle::{Evidence, Outcome};
use jitney::policy::{Binding, Layer, ParamIssue, Parsed, Subject};
use jitney::targets::{Adapter, Call, Declaration, Held, Limits, Target, Targets};
use jitney::time::{Span, Timestamp};
use serde_json::Value;

/// As the example policies name it.
pub(crate) const NAME: &str = "legacy-wiki";
/// What everybody gets.
pub(crate) const KEY: &str = "group/readers";

/// When which request came by: microseconds since 1970.
pub(crate) type Moments = Arc<Mutex<Vec<(u64, i64)>>>;

pub(crate) fn note(moments: &Moments, request: u64) {
    moments.lock().unwrap_or_else(PoisonError::into_inner).push((request, wall_micros()));
}

/// The wall clock.
pub(crate) fn wall_micros() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// The target.
#[derive(Debug, Default)]
pub(crate) struct NullTarget {
    pub(crate) revoked: Moments,
}

/// The one target of the benchmarks that run in this process.
pub(crate) fn targets(null: NullTarget) -> anyhow::Result<Targets> {
    let limits = Limits { parallel: 64, time_out: Span::secs(30) };
    Ok(Targets::of([(NAME.parse()?, Target { adapter: Arc::new(null), limits })]))
}

fn evidence(method: &str, call: &Call<'_>) -> Evidence {
    Evidence { method: method.to_owned(), answer: "as it should be".to_owned(), at: call.now }
}

#[async_trait]
impl Adapter for NullTarget {
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
            label: "a login on the wiki".to_owned(),
            issues_credential: false,
            readable: true,
            cannot_end: Vec::new(),
        })
    }
    fn bind(&self, _: &Value, _: &Subject<'_>) -> Result<Binding, String> {
        let key = EntitlementKey::new(KEY).map_err(|error| error.to_string())?;
        Ok(Binding { key, shared: true, login: None, used_at: None })
    }
    async fn snapshot(&self, call: &Call<'_>) -> Outcome {
        Outcome::NotFound(evidence("looked", call))
    }
    async fn grant(&self, call: &Call<'_>) -> Outcome {
        Outcome::Done(evidence("granted", call))
    }
    async fn verify(&self, call: &Call<'_>) -> Outcome {
        Outcome::Found(evidence("looked", call))
    }
    async fn extend(&self, call: &Call<'_>) -> Outcome {
        Outcome::Done(evidence("extended", call))
    }
    async fn revoke(&self, call: &Call<'_>) -> Outcome {
        note(&self.revoked, call.request.number());
        Outcome::Done(evidence("revoked", call))
    }
    async fn verify_gone(&self, call: &Call<'_>) -> Outcome {
        Outcome::NotFound(evidence("looked", call))
    }
    async fn check(&self, _: Timestamp) -> Vec<jitney::finding::Finding> {
        Vec::new()
    }
    async fn list(&self, _: Timestamp) -> Result<Vec<Held>, String> {
        Ok(Vec::new())
    }
}
