//! Whether Slack will let the edge do its work: both tokens, each scope of the manifest, the two channels, and the
//! clock. Nothing is posted and nothing of what people wrote is read.
//!
//! The calls are made without the client of [`super::web`], which keeps the headers of answers to itself: a token's
//! scopes are told in `x-oauth-scopes` alone.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::identity::Workspace;
use super::link_plan::advice;
use super::settings::SlackSettings;
use super::text::one_line;
use super::web::CallError;
use super::words::{self, SCOPES};
use crate::finding::Finding;
use crate::skew::{self, Dated};
use crate::time::{Clock, Span, Timestamp};

/// How long the one call is waited for that needs another's answer first.
const SECOND_CALL_MOST: Duration = Duration::from_secs(3);
/// The largest answer that is read.
const ANSWER_LIMIT: usize = 1 << 20;

/// Asks Slack, five calls at once and `patience` for each, and says what is wrong and how to mend it. A sixth call,
/// which goes by their answers, takes three seconds at most.
pub async fn check(settings: &SlackSettings, clock: &dyn Clock, patience: Span) -> Vec<Finding> {
    let door = match Door::new(settings, clock, patience) {
        Ok(door) => door,
        Err(error) => return vec![words::no_client(&error)],
    };
    // Nobody has written anything after this moment yet.
    let now = clock.wall().seconds().to_string();
    let room =
        |channel| door.call(&settings.bot_token, "conversations.history", channel_query(channel, &now));
    let one_channel = settings.approvals_channel == settings.security_channel;
    let (bot, app, socket, approvals, security) = tokio::join!(
        door.call(&settings.bot_token, "auth.test", Vec::new()),
        door.call(&settings.app_token, "auth.test", Vec::new()),
        door.call(&settings.app_token, "apps.connections.open", Vec::new()),
        room(&settings.approvals_channel),
        async { if one_channel { None } else { Some(room(&settings.security_channel).await) } },
    );
    let bot = match bot {
        Ok(bot) => bot,
        // The others had the same trouble.
        Err(error @ CallError::Unknown(_)) => return vec![words::unreachable(&settings.api_url, &error)],
        Err(error @ CallError::RateLimited { .. }) => return vec![words::busy(&error)],
        Err(CallError::Refused { code, .. }) => {
            return vec![words::bot_refused(&code), socket_found(&socket)];
        }
    };
    let name = one_line(text_at(&bot.body, "user"), 80);
    if text_at(&bot.body, "bot_id").is_empty() {
        // What it may do says nothing about the bot.
        return vec![words::no_bot(&name), socket_found(&socket)];
    }
    let mut findings =
        vec![bot_found(settings, &name, &bot.body), accounts_found(settings, bot.scopes.as_ref())];
    findings.extend(scopes_found(bot.scopes.as_ref()));
    findings.push(socket_found(&socket));
    if let Ok(app) = app {
        findings.extend(apps_found(&door, settings, &bot.body, &app.body).await);
    }
    findings.push(channel_found(&name, "approvals_channel", &settings.approvals_channel, &approvals));
    if let Some(security) = security {
        findings.push(channel_found(&name, "security_channel", &settings.security_channel, &security));
    }
    findings.push(bot.dated.map_or_else(|| skew::undated(words::SLACK), |dated| dated.judge(words::SLACK)));
    findings
}

/// A look at no message at all that succeeds for members alone; its scopes are those of the manifest.
fn channel_query<'a>(channel: &'a str, now: &'a str) -> Vec<(&'static str, &'a str)> {
    vec![("channel", channel), ("oldest", now), ("limit", "1")]
}

fn bot_found(settings: &SlackSettings, user: &str, body: &Value) -> Finding {
    let (team, id) = (one_line(text_at(body, "team"), 80), one_line(text_at(body, "team_id"), 40));
    let Workspace { team_id, enterprise_id } = &settings.workspace;
    let enterprise = one_line(text_at(body, "enterprise_id"), 40);
    if let Some(ours) = enterprise_id.as_ref().filter(|ours| **ours != enterprise) {
        return words::other_organisation(ours, &team, &enterprise);
    }
    if body.get("is_enterprise_install").and_then(Value::as_bool) == Some(true) {
        return match (team_id, enterprise_id) {
            (None, Some(_)) => words::organisation_known(user, &enterprise),
            (Some(_), _) | (None, None) => words::whole_organisation(&team),
        };
    }
    match team_id {
        Some(ours) if *ours != id => words::other_team(ours, &team, &id),
        Some(_) | None => words::bot_known(user, &team, &id),
    }
}

/// Something when the two tokens are of two apps: then what the bot posts is answered to another one's socket. Nothing
/// when that is not known.
async fn apps_found(door: &Door<'_>, settings: &SlackSettings, bot: &Value, app: &Value) -> Option<Finding> {
    let asked = door.call(&settings.bot_token, "bots.info", vec![("bot", text_at(bot, "bot_id"))]);
    let answer = tokio::time::timeout(SECOND_CALL_MOST, asked).await.ok()?.ok()?;
    let bots_app = text_at(answer.body.get("bot")?, "app_id");
    let (sockets_app, name) = (text_at(app, "app_id"), one_line(text_at(app, "app_name"), 80));
    let known = !bots_app.is_empty() && !sockets_app.is_empty();
    (known && bots_app != sockets_app)
        .then(|| words::two_apps(&one_line(bots_app, 40), &name, &one_line(sockets_app, 40)))
}

/// By what an account is known, and whether that works.
fn accounts_found(settings: &SlackSettings, has: Option<&BTreeSet<String>>) -> Finding {
    if !settings.bind_by_email {
        return words::accounts_pinned();
    }
    let lacking = |scope: &&str| has.is_some_and(|has| !has.contains(*scope));
    match ["users:read", "users:read.email"].iter().find(|scope| lacking(scope)) {
        Some(scope) => words::accounts_unseen(scope),
        None => words::accounts_bound(),
    }
}

fn scopes_found(has: Option<&BTreeSet<String>>) -> Vec<Finding> {
    let Some(has) = has else { return vec![words::scopes_untold()] };
    let lacking = SCOPES.iter().filter(|scope| !has.contains(scope.name));
    let lacking: Vec<Finding> = lacking.map(words::scope_lacking).collect();
    if lacking.is_empty() { vec![words::scopes_fine(SCOPES.len())] } else { lacking }
}

fn socket_found(socket: &Result<Answer, CallError>) -> Finding {
    match socket {
        Ok(_) => words::socket_opens(),
        Err(error @ CallError::Refused { code, .. }) => words::socket_refused(error, advice(code)),
        Err(error @ (CallError::RateLimited { .. } | CallError::Unknown(_))) => words::socket_unknown(error),
    }
}

fn channel_found(bot: &str, key: &str, channel: &str, found: &Result<Answer, CallError>) -> Finding {
    match found {
        Ok(_) => words::in_channel(key, channel),
        Err(error) if error.is("not_in_channel") => words::not_in_channel(bot, key, channel),
        Err(error) if error.is("channel_not_found") => words::no_channel(bot, key, channel),
        Err(error) if error.is("missing_scope") => words::channel_unseen(key, channel),
        Err(error) => words::channel_unknown(key, channel, error),
    }
}

struct Answer {
    body: Value,
    /// What the token may do, when Slack tells.
    scopes: Option<BTreeSet<String>>,
    dated: Option<Dated>,
}

struct Door<'a> {
    http: reqwest::Client,
    api_url: &'a str,
    clock: &'a dyn Clock,
}

impl<'a> Door<'a> {
    fn new(
        settings: &'a SlackSettings,
        clock: &'a dyn Clock,
        patience: Span,
    ) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("jitney/", env!("CARGO_PKG_VERSION")))
            .timeout(patience.duration())
            // As the edge reaches it: a proxy that would help here does not help there.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { http, api_url: &settings.api_url, clock })
    }

    async fn call(
        &self,
        token: &SecretString,
        method: &str,
        arguments: Vec<(&'static str, &str)>,
    ) -> Result<Answer, CallError> {
        let sent = self.clock.wall();
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(arguments).finish();
        let mut response = self
            .http
            .post(format!("{}/{method}", self.api_url))
            .bearer_auth(token.expose_secret())
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .map_err(|error| lost(&error))?;
        let received = self.clock.wall();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| lost(&error))? {
            if body.len() + chunk.len() > ANSWER_LIMIT {
                return Err(CallError::Unknown("the answer is too long".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        let dated = header(&headers, "date").and_then(Timestamp::from_http_date);
        let dated = dated.map(|dated| Dated { sent, dated, received });
        let body = settle(status, &body)?;
        Ok(Answer { body, scopes: scopes(&headers), dated })
    }
}

/// What an answer says, or why it says nothing.
fn settle(status: u16, body: &[u8]) -> Result<Value, CallError> {
    let body: Option<Value> = serde_json::from_slice(body).ok();
    match (status, body) {
        (429, _) => Err(CallError::RateLimited { after: None }),
        (200, Some(body)) if body.get("ok").and_then(Value::as_bool) == Some(true) => Ok(body),
        (200, Some(body)) if !text_at(&body, "error").is_empty() => {
            let details = text_at(&body, "needed");
            let details = if details.is_empty() {
                String::new()
            } else {
                format!(" (needed: {})", one_line(details, 80))
            };
            Err(CallError::Refused { code: one_line(text_at(&body, "error"), 80), details })
        }
        (200, _) => Err(CallError::Unknown("an answer that is not Slack's".to_owned())),
        (status, _) => Err(CallError::Unknown(format!("status {status}"))),
    }
}

fn scopes(headers: &HeaderMap) -> Option<BTreeSet<String>> {
    let told = header(headers, "x-oauth-scopes")?;
    Some(told.split(',').map(|scope| scope.trim().to_owned()).filter(|scope| !scope.is_empty()).collect())
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// Without the address, and in words that say where it broke off.
fn lost(error: &reqwest::Error) -> CallError {
    CallError::Unknown(if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        "the connection failed".to_owned()
    })
}

fn text_at<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
