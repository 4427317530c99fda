//! Single reads of an on-call service. A read that fails is made again at the next round.

use reqwest::Url;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::time::Span;

/// The largest answer that is read: a hundred people on call stay far below.
const ANSWER_LIMIT: usize = 1 << 20;
/// The longest wait that a service may ask us for.
const WAIT_MOST: Span = Span::mins(10);

/// Why the edge can't be set up.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OnCallSetupError {
    /// The HTTP client can't be made.
    #[error("the HTTP client for on-call schedules can't be made: {0}")]
    Client(String),
}

/// Why a read failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Trouble {
    /// No answer, or one that tells nothing.
    #[error("no usable answer: {0}")]
    NoAnswer(String),
    /// Later.
    #[error("it asks us to wait")]
    Busy {
        /// So long, where it says so.
        after: Option<Span>,
    },
    /// The token is refused, or may not read this.
    #[error("it refuses the token (status {status})")]
    Token {
        /// 401 or 403.
        status: u16,
    },
    /// There is no such schedule.
    #[error("it knows no such schedule")]
    NoSuch,
    /// It refused for another reason.
    #[error("it refused (status {0})")]
    Refused(u16),
}

/// What opens an API: the word before the token, and the token.
pub(super) struct Key<'a> {
    pub(super) before: &'static str,
    pub(super) token: &'a SecretString,
}

#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::Client,
}

impl Client {
    pub(super) fn new(time_out: Span) -> Result<Self, OnCallSetupError> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("jitney/", env!("CARGO_PKG_VERSION")))
            .timeout(time_out.duration())
            .connect_timeout(time_out.duration())
            // A redirect would carry the token elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .map_err(|error| OnCallSetupError::Client(error.to_string()))?;
        Ok(Self { http })
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        url: Url,
        key: &Key<'_>,
        accept: &'static str,
    ) -> Result<T, Trouble> {
        let lost = |error: reqwest::Error| Trouble::NoAnswer(chain(&error.without_url()));
        let secret = format!("{}{}", key.before, key.token.expose_secret());
        let mut secret = HeaderValue::from_str(&secret)
            .map_err(|_| Trouble::NoAnswer("the token has characters that no header takes".to_owned()))?;
        secret.set_sensitive(true);
        let request = self.http.get(url).header(AUTHORIZATION, secret).header(ACCEPT, accept);
        let mut response = request.send().await.map_err(lost)?;
        let status = response.status().as_u16();
        match status {
            200..=299 => {}
            401 | 403 => return Err(Trouble::Token { status }),
            404 => return Err(Trouble::NoSuch),
            429 => return Err(Trouble::Busy { after: retry_after(&response) }),
            500..=599 => return Err(Trouble::NoAnswer(format!("status {status}"))),
            status => return Err(Trouble::Refused(status)),
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if body.len() + chunk.len() > ANSWER_LIMIT {
                return Err(Trouble::NoAnswer(format!("over {ANSWER_LIMIT} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(|error| Trouble::NoAnswer(error.to_string()))
    }
}

/// PagerDuty says it in `ratelimit-reset`, others in `Retry-After`; both in seconds.
fn retry_after(response: &reqwest::Response) -> Option<Span> {
    let said = ["retry-after", "ratelimit-reset"].iter().find_map(|name| response.headers().get(*name))?;
    let secs: u64 = said.to_str().ok()?.trim().parse().ok()?;
    Some(Span::secs(secs.min(WAIT_MOST.as_secs())))
}

/// An error with what caused it: reqwest's own text names neither.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text.chars().take(300).collect()
}
