//! What the policies need to know of the targets: which there are, what a step's table means there, and what
//! it comes to for one person. The adapters answer; nothing here reaches a network.

use serde_json::Value;

use crate::ids::{EntitlementKey, PersonId, RequestId, TargetId};

/// The configured targets, as far as policies and decisions need them.
pub trait Catalogue: Send + Sync + 'static {
    /// Every configured target.
    fn targets(&self) -> Vec<TargetId>;

    /// Parses a step's table (without its `target` key).
    ///
    /// # Errors
    /// Every issue, each with the path of the key it is about.
    fn parse(&self, target: &TargetId, params: &Value) -> Result<Parsed, Vec<ParamIssue>>;

    /// Binds parsed parameters to one request.
    ///
    /// # Errors
    /// Says why this person can't have it, in words for the requester.
    fn bind(&self, target: &TargetId, params: &Value, subject: &Subject<'_>) -> Result<Binding, String>;
}

/// A step's table, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What the adapter wants back at [`Catalogue::bind`] and at each call, in a canonical form.
    pub params: Value,
    /// In words: `a login in /srv/app/htpasswd`.
    pub label: String,
    /// Whether a grant issues a credential.
    pub issues_credential: bool,
    /// Whether the target can be read back.
    pub readable: bool,
    /// What a revocation can't end.
    pub cannot_end: Vec<String>,
}

/// Something wrong with a step's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamIssue {
    /// The keys that lead to it; empty for the table itself.
    pub path: Vec<String>,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// Whom a step is bound to.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The requester.
    pub person: &'a PersonId,
    /// The request whose grant it will be.
    pub request: RequestId,
}

/// A step's entitlement for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The entitlement's key on its target.
    pub key: EntitlementKey,
    /// Whether other grants with this key share what the target holds.
    pub shared: bool,
    /// The login that goes with an issued credential.
    pub login: Option<String>,
    /// Where the credential is used, in words or as an address.
    pub used_at: Option<String>,
}
