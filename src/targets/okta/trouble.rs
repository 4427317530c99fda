//! Why a call to Okta failed, and what that says about it.

use thiserror::Error;

use super::answers::Complaint;
use super::credentials::CredentialError;
use super::words::{Doing, refused};
use crate::time::Span;

/// Why a call failed.
#[derive(Debug, Error)]
pub(super) enum Trouble {
    /// There is nothing to show who we are, or no TLS: nothing was sent.
    #[error("{0}")]
    Unready(String),
    /// Nothing was sent.
    #[error("Okta can't be reached to {doing}: {error}")]
    Unreached { doing: Doing, error: String },
    /// No answer, or one that tells nothing: what was asked may have been done.
    #[error("Okta gave no usable answer when asked to {doing}: {error}")]
    Unknown { doing: Doing, error: String },
    /// Not done; later.
    #[error("Okta's rate limit is used up: it can be asked to {doing} again in {}", wait.words())]
    Busy { doing: Doing, wait: Span },
    /// Not done, and why.
    #[error("{}", refused(*doing, *status, complaint))]
    Refused { doing: Doing, status: u16, complaint: Complaint },
}

impl Trouble {
    /// Whether another try can help by itself.
    pub(super) const fn is_passing(&self) -> bool {
        match self {
            Self::Unreached { .. } | Self::Unknown { .. } | Self::Busy { .. } => true,
            Self::Unready(_) | Self::Refused { .. } => false,
        }
    }

    /// Whether a change may stand in spite of the trouble.
    pub(super) const fn may_have_landed(&self) -> bool {
        match self {
            Self::Unknown { doing, .. } => doing.is_change(),
            Self::Unready(_) | Self::Unreached { .. } | Self::Busy { .. } | Self::Refused { .. } => false,
        }
    }

    /// How long Okta wants us to wait.
    pub(super) const fn wait(&self) -> Option<Span> {
        match self {
            Self::Busy { wait, .. } => Some(*wait),
            Self::Unready(_) | Self::Unreached { .. } | Self::Unknown { .. } | Self::Refused { .. } => None,
        }
    }
}

impl From<CredentialError> for Trouble {
    fn from(error: CredentialError) -> Self {
        Self::Unready(error.to_string())
    }
}
