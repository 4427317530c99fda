//! Calls of Slack's Web API, each with a time-out, and each answer classified: refused, not now, or unknown.
//!
//! Answers may hold what we sent (`views.open` gives the view back), so that nothing of them is logged but codes.

use std::fmt;
use std::time::Duration;

use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::{Value, json};
use slack_morphism::errors::SlackClientError;
use slack_morphism::hyper_tokio::{SlackClientHyperConnector, SlackHyperClient};
use slack_morphism::{
    SlackApiToken, SlackApiTokenValue, SlackClient, SlackClientApiCallContext, SlackClientHttpConnector,
};
use thiserror::Error;
use tokio::time::timeout;

use super::modal::RevealBody;
use super::settings::SlackSettings;
use super::text::one_line;
use crate::time::Span;

/// One call, from connecting to the last byte of the answer.
const CALL_MOST: Duration = Duration::from_secs(10);
/// Pages of a channel's history that are searched for a message of ours.
const PAGES_MOST: usize = 5;
/// The `event_type` of our messages' metadata.
const EVENT_TYPE: &str = "jitney_view";

/// What came of a call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallError {
    /// Slack said no: what was asked did not happen.
    #[error("Slack refused with `{code}`{details}")]
    Refused {
        /// Slack's code.
        code: String,
        /// Which part of the call it is about, where Slack says so; with a space before it.
        details: String,
    },
    /// Too many calls: what was asked did not happen.
    #[error("Slack asks to slow down")]
    RateLimited {
        /// For so long.
        after: Option<Span>,
    },
    /// No answer, a broken one, or a server's error: what was asked may have happened.
    #[error("no usable answer from Slack: {0}")]
    Unknown(String),
}

impl CallError {
    /// Whether Slack said this code.
    #[must_use]
    pub fn is(&self, wanted: &str) -> bool {
        match self {
            Self::Refused { code, .. } => code == wanted,
            Self::RateLimited { .. } | Self::Unknown(_) => false,
        }
    }
}

/// Why the edge can't be set up.
#[derive(Debug, Error)]
pub enum SetupError {
    /// The machine trusts no certificate authority.
    #[error("no certificate authorities were found on this machine ({0}); install ca-certificates")]
    Roots(std::io::Error),
    /// The base address is none.
    #[error(
        "`{0}` is not a base address of Slack; write it like https://slack.com/api, without a slash at its end"
    )]
    ApiUrl(String),
}

/// A message that Slack has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The channel's id.
    pub channel: String,
    /// The message's `ts`.
    pub ts: String,
}

/// Slack's Web API, as we are known there.
pub struct Web {
    client: SlackHyperClient,
    bot: SlackApiToken,
    app: SlackApiToken,
    plain_sockets: bool,
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Web").finish_non_exhaustive()
    }
}

impl Web {
    /// Prepares the client; nothing is called yet.
    ///
    /// # Errors
    /// Says what is missing.
    pub fn new(settings: &SlackSettings) -> Result<Self, SetupError> {
        let plain_sockets = settings.api_url.starts_with("http://");
        if !(plain_sockets || settings.api_url.starts_with("https://")) || settings.api_url.ends_with('/') {
            return Err(SetupError::ApiUrl(one_line(&settings.api_url, 200)));
        }
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
            .map_err(SetupError::Roots)?
            .https_or_http()
            .enable_http1()
            .build();
        let connector =
            SlackClientHyperConnector::with_connector(connector).with_slack_api_url(&settings.api_url);
        let token = |secret: &secrecy::SecretString| {
            SlackApiToken::new(SlackApiTokenValue(secret.expose_secret().to_owned()))
        };
        Ok(Self {
            client: SlackClient::new(connector),
            bot: token(&settings.bot_token),
            app: token(&settings.app_token),
            plain_sockets,
        })
    }

    /// A new address for one socket.
    ///
    /// # Errors
    /// What came instead.
    pub async fn open_connection(&self) -> Result<String, CallError> {
        let answer = self.post(&self.app, "apps.connections.open", &json!({})).await?;
        let url = text_at(&answer, "/url");
        // Never from TLS down to a plain socket because an answer says so.
        if url.starts_with("wss://") || (self.plain_sockets && url.starts_with("ws://")) {
            Ok(url.to_owned())
        } else {
            Err(CallError::Unknown("an address that is no wss:// address".to_owned()))
        }
    }

    /// Posts a message.
    ///
    /// # Errors
    /// What came instead; the message may stand there when it is [`CallError::Unknown`].
    pub async fn post_message(&self, message: &Value) -> Result<Posted, CallError> {
        posted(&self.post(&self.bot, "chat.postMessage", message).await?)
    }

    /// Changes a message of ours.
    ///
    /// # Errors
    /// What came instead.
    pub async fn update_message(&self, message: &Value) -> Result<Posted, CallError> {
        posted(&self.post(&self.bot, "chat.update", message).await?)
    }

    /// Says something that only one person sees, and that is gone when they reload.
    ///
    /// # Errors
    /// What came instead.
    pub async fn post_ephemeral(&self, message: &Value) -> Result<(), CallError> {
        self.post(&self.bot, "chat.postEphemeral", message).await.map(drop)
    }

    /// The direct channel to a person.
    ///
    /// # Errors
    /// What came instead.
    pub async fn open_direct(&self, user: &str) -> Result<String, CallError> {
        let answer = self.post(&self.bot, "conversations.open", &json!({"users": user})).await?;
        match text_at(&answer, "/channel/id") {
            "" => Err(CallError::Unknown("conversations.open without a channel".to_owned())),
            id => Ok(id.to_owned()),
        }
    }

    /// The address of a message.
    ///
    /// # Errors
    /// What came instead.
    pub async fn permalink(&self, channel: &str, ts: &str) -> Result<String, CallError> {
        let query = [("channel", Some(channel)), ("message_ts", Some(ts))];
        let answer = self.get("chat.getPermalink", &query).await?;
        match text_at(&answer, "/permalink") {
            "" => Err(CallError::Unknown("chat.getPermalink without an address".to_owned())),
            link => Ok(link.to_owned()),
        }
    }

    /// Opens a form.
    ///
    /// # Errors
    /// What came instead.
    pub async fn open_view(&self, trigger: &str, view: &Value) -> Result<(), CallError> {
        self.post(&self.bot, "views.open", &json!({"trigger_id": trigger, "view": view})).await.map(drop)
    }

    /// Shows a credential. Neither the body nor the answer is logged.
    ///
    /// # Errors
    /// What came instead.
    pub async fn reveal(&self, body: &RevealBody<'_>) -> Result<(), CallError> {
        self.post(&self.bot, "views.open", body).await.map(drop)
    }

    /// Changes an open form, unless it was changed meanwhile.
    ///
    /// # Errors
    /// What came instead.
    pub async fn update_view(&self, id: &str, hash: Option<&str>, view: &Value) -> Result<(), CallError> {
        let mut body = json!({"view_id": id, "view": view});
        if let (Some(hash), Some(fields)) = (hash, body.as_object_mut()) {
            fields.insert("hash".to_owned(), Value::from(hash));
        }
        self.post(&self.bot, "views.update", &body).await.map(drop)
    }

    /// What Slack tells of an account.
    ///
    /// # Errors
    /// What came instead.
    pub async fn user_info(&self, user: &str) -> Result<Value, CallError> {
        let mut answer = self.get("users.info", &[("user", Some(user))]).await?;
        answer
            .get_mut("user")
            .map(Value::take)
            .ok_or_else(|| CallError::Unknown("users.info without an account".to_owned()))
    }

    /// A page of the workspace's accounts, from this cursor on.
    ///
    /// # Errors
    /// What came instead.
    pub async fn accounts_page(&self, cursor: &str) -> Result<Value, CallError> {
        let cursor = Some(cursor).filter(|cursor| !cursor.is_empty());
        self.get("users.list", &[("limit", Some("200")), ("cursor", cursor)]).await
    }

    /// An account's profile with its own fields.
    ///
    /// # Errors
    /// What came instead.
    pub async fn profile(&self, user: &str) -> Result<Value, CallError> {
        self.get("users.profile.get", &[("user", Some(user))]).await
    }

    /// The workspace's user groups with their members.
    ///
    /// # Errors
    /// What came instead.
    pub async fn user_groups(&self) -> Result<Value, CallError> {
        self.get("usergroups.list", &[("include_users", Some("true"))]).await
    }

    /// Puts a view on a person's home tab, in the place of whatever stood there.
    ///
    /// # Errors
    /// What came instead.
    pub async fn publish_home(&self, user: &str, view: &Value) -> Result<(), CallError> {
        self.post(&self.bot, "views.publish", &json!({"user_id": user, "view": view})).await.map(drop)
    }

    /// Answers an interaction at the address that came with it.
    ///
    /// # Errors
    /// What came instead.
    pub async fn respond(&self, response_url: &str, message: &Value) -> Result<(), CallError> {
        let url = response_url.parse().map_err(|_| CallError::Unknown("no response_url".to_owned()))?;
        let span = tracing::Span::none();
        let context = SlackClientApiCallContext {
            rate_control_params: None,
            token: None,
            tracing_span: &span,
            is_sensitive_url: true,
        };
        let call = self.client.http_api.connector.http_post_uri::<Value, Value>(url, message, context);
        match timeout(CALL_MOST, call).await {
            Err(_) => Err(CallError::Unknown("no answer in 10 seconds".to_owned())),
            // It answers `ok` in words.
            Ok(Ok(_) | Err(SlackClientError::ProtocolError(_))) => Ok(()),
            Ok(Err(error)) => Err(classify(error)),
        }
    }

    /// Our message with this mark, posted since then: in the thread of `thread`, or in the channel itself.
    ///
    /// # Errors
    /// What came instead.
    pub async fn find_marked(
        &self,
        channel: &str,
        thread: Option<&str>,
        since: i64,
        mark: &str,
    ) -> Result<Option<Posted>, CallError> {
        let oldest = since.to_string();
        let mut cursor = String::new();
        for _ in 0..PAGES_MOST {
            let mut query = vec![
                ("channel", Some(channel)),
                ("include_all_metadata", Some("true")),
                ("limit", Some("200")),
                ("oldest", Some(oldest.as_str())),
            ];
            if !cursor.is_empty() {
                query.push(("cursor", Some(cursor.as_str())));
            }
            let method = match thread {
                Some(ts) => {
                    query.push(("ts", Some(ts)));
                    "conversations.replies"
                }
                None => "conversations.history",
            };
            let page = self.get(method, &query).await?;
            let messages = page.get("messages").and_then(Value::as_array);
            let found = messages.into_iter().flatten().find(|message| {
                text_at(message, "/metadata/event_type") == EVENT_TYPE
                    && text_at(message, "/metadata/event_payload/id") == mark
            });
            if let Some(message) = found {
                let ts = text_at(message, "/ts").to_owned();
                return Ok(Some(Posted { channel: channel.to_owned(), ts }));
            }
            cursor = text_at(&page, "/response_metadata/next_cursor").to_owned();
            if cursor.is_empty() {
                return Ok(None);
            }
        }
        Ok(None)
    }

    async fn post<B>(&self, token: &SlackApiToken, method: &str, body: &B) -> Result<Value, CallError>
    where
        B: Serialize + Send + Sync,
    {
        let session = self.client.open_session(token);
        let call = session.http_session_api.http_post::<B, Value>(method, body, None);
        settle(timeout(CALL_MOST, call).await)
    }

    async fn get(&self, method: &str, query: &[(&str, Option<&str>)]) -> Result<Value, CallError> {
        let session = self.client.open_session(&self.bot);
        let query = query.to_vec();
        let call = session.http_session_api.http_get::<Value, _, _>(method, &query, None);
        settle(timeout(CALL_MOST, call).await)
    }
}

/// The metadata that [`Web::find_marked`] looks for.
#[must_use]
pub fn metadata(mark: &str) -> Value {
    json!({"event_type": EVENT_TYPE, "event_payload": {"id": mark}})
}

fn settle(
    answer: Result<Result<Value, SlackClientError>, tokio::time::error::Elapsed>,
) -> Result<Value, CallError> {
    match answer {
        Err(_) => Err(CallError::Unknown("no answer in 10 seconds".to_owned())),
        Ok(Err(error)) => Err(classify(error)),
        Ok(Ok(answer)) if answer.get("ok").and_then(Value::as_bool) == Some(true) => Ok(answer),
        Ok(Ok(_)) => Err(CallError::Unknown("an answer that is not Slack's".to_owned())),
    }
}

/// Only codes and statuses are taken over: the library's own messages quote whole bodies.
fn classify(error: SlackClientError) -> CallError {
    match error {
        SlackClientError::ApiError(error) if error.code == "ratelimited" || error.code == "rate_limited" => {
            CallError::RateLimited { after: None }
        }
        SlackClientError::ApiError(error) => {
            let details = error.errors.unwrap_or_default().join("; ");
            let details = one_line(&details, 200);
            let details = if details.is_empty() { details } else { format!(" ({details})") };
            CallError::Refused { code: one_line(&error.code, 80), details }
        }
        SlackClientError::RateLimitError(error) => CallError::RateLimited {
            after: error
                .retry_after
                .map(|after| Span::millis(u64::try_from(after.as_millis()).unwrap_or(u64::MAX))),
        },
        SlackClientError::HttpError(error) => CallError::Unknown(format!("status {}", error.status_code)),
        SlackClientError::HttpProtocolError(_) => CallError::Unknown("the connection failed".to_owned()),
        SlackClientError::EndOfStream(_) => CallError::Unknown("the answer was cut off".to_owned()),
        SlackClientError::SystemError(_) => CallError::Unknown("the answer could not be read".to_owned()),
        SlackClientError::ProtocolError(_) => CallError::Unknown("the answer is not Slack's JSON".to_owned()),
        SlackClientError::SocketModeProtocolError(_) => CallError::Unknown("the socket failed".to_owned()),
    }
}

fn posted(answer: &Value) -> Result<Posted, CallError> {
    let (channel, ts) = (text_at(answer, "/channel"), text_at(answer, "/ts"));
    if channel.is_empty() || ts.is_empty() {
        return Err(CallError::Unknown("a message without channel and ts".to_owned()));
    }
    Ok(Posted { channel: channel.to_owned(), ts: ts.to_owned() })
}

fn text_at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
