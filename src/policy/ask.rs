//! An ask: the input of every eligibility decision.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{IssueKey, RoleRef};
use crate::time::{Span, Timestamp};

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Which role.
    pub role: RoleRef,
    /// For how long.
    pub duration: Span,
    /// Not before this; at once when there is none.
    pub starts_at: Option<Timestamp>,
    /// The requester's why.
    pub justification: String,
    /// The incident or change that the requester named.
    pub ticket: Option<IssueKey>,
    /// Extra form fields by id.
    pub fields: BTreeMap<String, String>,
}
