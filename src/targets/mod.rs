//! Targets: real systems, each reached by an adapter. An adapter is one file here and one line in the registry.

mod hook;
mod htpasswd;
mod keys;
mod okta;
mod postgres;
mod registry;
mod words;

pub use registry::{AdapterKind, Build, Limits, REGISTRY, Target, Targets};

use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::Value;

use crate::finding::Finding;
use crate::ids::{EffectId, PersonId, RequestId};
use crate::lifecycle::{Outcome, StepTerms};
use crate::policy::{Binding, Layer, ParamIssue, Parsed, Subject};
use crate::time::Timestamp;

/// What an adapter says of itself: printed by `policy check`, on the ticket and in exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// Where in the stack it works.
    pub layer: Layer,
    /// Whether the target can be read back.
    pub readable: bool,
    /// Whether the target can end the access by itself; then that is always set, as a second line of defence.
    pub native_expiry: bool,
    /// What a revocation can't end.
    pub cannot_end: Vec<String>,
}

/// One call to a target.
#[derive(Debug)]
pub struct Call<'a> {
    /// The idempotency key.
    pub effect: EffectId,
    /// The grant.
    pub request: RequestId,
    /// Whose access it is.
    pub person: &'a PersonId,
    /// The entitlement.
    pub step: &'a StepTerms,
    /// When the target itself should end it, at the latest.
    pub native_expiry: Timestamp,
    /// The credential to issue, the same at each attempt; none once it was erased.
    pub secret: Option<&'a SecretString>,
    /// The time to write into evidence.
    pub now: Timestamp,
}

/// The code for one kind of target. What grants also revokes and looks: there is no adapter without.
///
/// Outcomes: `snapshot`, `verify` and `verify_gone` answer `Found`, `NotFound` or `Unreadable`; `grant`, `extend`
/// and `revoke` answer `Done` or `Already`; each may answer `Retry` or `Fatal`. An evidence holds no secret.
#[async_trait]
pub trait Adapter: Send + Sync + std::fmt::Debug {
    /// What it says of itself.
    fn declaration(&self) -> Declaration;
    /// See [`crate::policy::Catalogue::parse`].
    ///
    /// # Errors
    /// Every issue of the table.
    fn parse(&self, params: &Value) -> Result<Parsed, Vec<ParamIssue>>;
    /// See [`crate::policy::Catalogue::bind`].
    ///
    /// # Errors
    /// Says why this person can't have it.
    fn bind(&self, params: &Value, subject: &Subject<'_>) -> Result<Binding, String>;
    /// Whether the entitlement is there, before we touch it.
    async fn snapshot(&self, call: &Call<'_>) -> Outcome;
    /// Adds it. Safe to repeat.
    async fn grant(&self, call: &Call<'_>) -> Outcome;
    /// Whether it is there.
    async fn verify(&self, call: &Call<'_>) -> Outcome;
    /// Moves the target's own expiry, or says that it need not be.
    async fn extend(&self, call: &Call<'_>) -> Outcome;
    /// Blocks new logins, removes it, ends the sessions: in the target's right order. Safe to repeat.
    async fn revoke(&self, call: &Call<'_>) -> Outcome;
    /// Whether it, or a session of it, is still there.
    async fn verify_gone(&self, call: &Call<'_>) -> Outcome;
    /// Every entitlement key that the target holds under the adapter's management, with who holds it where that
    /// is known.
    ///
    /// # Errors
    /// What the target said, without secrets.
    async fn list(&self, now: Timestamp) -> Result<Vec<Held>, String>;
    /// For `doctor`: whether the target is reached, what our account may do there, how its clock stands to `now`.
    /// Changes nothing; at least one finding.
    async fn check(&self, now: Timestamp) -> Vec<Finding>;
}

/// Something that a target holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// As the target names it.
    pub name: String,
    /// The grant that its name points to, for per-grant artefacts.
    pub request: Option<RequestId>,
}
