//! Addresses that a token is sent to, and ids that Slack gave: parsed once, so that a slip shows at start.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;
use thiserror::Error;

/// Where a web API is: `https://…`; `http://` only on this machine, since a token goes along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// As text, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// As the HTTP client takes it.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is not a base URL.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BaseUrlError {
    /// Not of that form.
    #[error("write an address like `https://example.com/api`, without a user, a query or a fragment")]
    Form,
    /// A token would travel in the clear.
    #[error("a token goes there, so it must be https:// (http:// only to 127.0.0.1, [::1] or localhost)")]
    InTheClear,
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;
    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        let url = Url::parse(text).map_err(|_| BaseUrlError::Form)?;
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let this_machine = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        match url.scheme() {
            "https" if bare => Ok(Self(url)),
            "http" if bare && this_machine => Ok(Self(url)),
            "http" if bare => Err(BaseUrlError::InTheClear),
            _ => Err(BaseUrlError::Form),
        }
    }
}

/// A workspace's or a channel's id in Slack: capitals and digits, such as `C0123456789`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlackId(String);

impl SlackId {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is not an id of Slack's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is a name or something else; write the id, such as `C0123456789` (in Slack, at the end of the channel's details; the workspace's begins with T or E)"
)]
pub struct SlackIdError(String);

impl FromStr for SlackId {
    type Err = SlackIdError;
    fn from_str(text: &str) -> Result<Self, SlackIdError> {
        let fits = (2..=32).contains(&text.len())
            && text.starts_with(['T', 'E', 'C', 'G'])
            && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        if fits { Ok(Self(text.to_owned())) } else { Err(SlackIdError(text.chars().take(80).collect())) }
    }
}
