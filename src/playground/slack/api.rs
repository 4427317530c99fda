//! The Web API: who may call which method how often, what goes wrong on demand, and the shape of answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{DATE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Request, StatusCode};
use serde_json::{Map, Value, json};

use super::args::Args;
use super::blocks::Flaw;
use super::faults::{Fault, Outage};
use super::pace::Tier;
use super::settings::Settings;
use super::world::{Now, Shared, World};
use super::{chat, directory, links, reply_url, views};
use crate::playground::listen::{self, HungUp, Reply, header};

/// What the token may do, on every answer to one.
const SCOPES: HeaderName = HeaderName::from_static("x-oauth-scopes");
/// What the method asks for: any one of these.
const SCOPES_WANTED: HeaderName = HeaderName::from_static("x-accepted-oauth-scopes");

/// A refusal by Slack's name, with the lines that explain it.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) error: &'static str,
    more: Map<String, Value>,
}

impl From<&'static str> for Refusal {
    fn from(error: &'static str) -> Self {
        Self { error, more: Map::new() }
    }
}

impl Refusal {
    pub(super) fn missing(argument: &str) -> Self {
        Self::with_messages("invalid_arguments", &[format!("missing required field: {argument}")])
    }

    /// As `chat.*` refuses blocks.
    pub(super) fn invalid_blocks(flaws: &[Flaw]) -> Self {
        let lines: Vec<String> = flaws.iter().map(Flaw::to_string).collect();
        let mut refusal = Self::with_messages("invalid_blocks", &lines);
        refusal.more.insert("errors".to_owned(), json!(lines));
        refusal
    }

    /// As `views.*` refuses a view.
    pub(super) fn invalid_view(flaws: &[Flaw]) -> Self {
        let mut lines = vec!["failed to match all allowed schemas [json-pointer:/view]".to_owned()];
        lines.extend(flaws.iter().map(Flaw::to_string));
        Self::with_messages("invalid_arguments", &lines)
    }

    fn with_messages(error: &'static str, lines: &[String]) -> Self {
        let messages: Vec<String> = lines.iter().map(|line| format!("[ERROR] {line}")).collect();
        let mut refusal = Self::from(error);
        refusal.more.insert("response_metadata".to_owned(), json!({ "messages": messages }));
        refusal
    }
}

/// An answer's fields besides `ok`.
pub(super) type Answered = Result<Value, Refusal>;

/// What a method is called with.
pub(super) struct Call<'a> {
    pub(super) args: &'a Args,
    pub(super) settings: &'a Settings,
    pub(super) now: Now,
    pub(super) host: String,
}

impl Call<'_> {
    pub(super) fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.args.text(name).ok_or_else(|| Refusal::missing(name))
    }
}

enum TokenKind {
    App,
    Bot,
    Any,
}

struct Method {
    name: &'static str,
    token: TokenKind,
    /// Any one of these will do; none is needed when empty.
    scopes: &'static [&'static str],
    tier: Tier,
    run: fn(&mut World, &Call<'_>) -> Answered,
}

const fn bot(
    name: &'static str,
    scopes: &'static [&'static str],
    tier: Tier,
    run: fn(&mut World, &Call<'_>) -> Answered,
) -> Method {
    Method { name, token: TokenKind::Bot, scopes, tier, run }
}

const READ: &[&str] = &["channels:read", "groups:read", "im:read", "mpim:read"];
const HISTORY: &[&str] = &["channels:history", "groups:history", "im:history"];
const WRITE: &[&str] = &["chat:write"];

const METHODS: &[Method] = &[
    Method {
        name: "apps.connections.open",
        token: TokenKind::App,
        scopes: &["connections:write"],
        tier: Tier::T3,
        run: links::open_connection,
    },
    Method {
        name: "auth.test",
        token: TokenKind::Any,
        scopes: &[],
        tier: Tier::Loose,
        run: directory::auth_test,
    },
    bot("chat.postMessage", WRITE, Tier::Posting, chat::post_message),
    bot("chat.postEphemeral", WRITE, Tier::T4, chat::post_ephemeral),
    bot("chat.update", WRITE, Tier::T3, chat::update),
    bot("chat.delete", WRITE, Tier::T3, chat::delete),
    bot("chat.getPermalink", &[], Tier::Loose, chat::permalink),
    bot("views.open", &[], Tier::T4, views::open),
    bot("views.push", &[], Tier::T4, views::push),
    bot("views.update", &[], Tier::T4, views::update),
    bot("views.publish", &[], Tier::T4, views::publish),
    bot("conversations.open", &["im:write", "mpim:write"], Tier::T3, directory::open_conversation),
    bot("conversations.info", READ, Tier::T3, directory::conversation_info),
    bot("conversations.members", READ, Tier::T4, directory::conversation_members),
    bot("conversations.history", HISTORY, Tier::T3, chat::history),
    bot("conversations.replies", HISTORY, Tier::T3, chat::replies),
    bot("bots.info", &["users:read"], Tier::T3, directory::bot_info),
    bot("users.info", &["users:read"], Tier::T4, directory::user_info),
    bot("users.lookupByEmail", &["users:read.email"], Tier::T3, directory::user_by_email),
    bot("users.list", &["users:read"], Tier::T2, directory::user_list),
    bot("users.profile.get", &["users.profile:read"], Tier::T4, directory::user_profile),
    bot("usergroups.list", &["usergroups:read"], Tier::T2, directory::groups),
    bot("usergroups.users.list", &["usergroups:read"], Tier::T2, directory::group_members),
];

/// Answers everything that comes in on the workspace's port, dated by the workspace's clock.
pub(super) async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Reply, HungUp> {
    let mut reply = undated(Arc::clone(&shared), request).await?;
    put(&mut reply, DATE, &shared.now().wall.http_date());
    Ok(reply)
}

async fn undated(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Reply, HungUp> {
    match shared.look(|world| world.faults.outage) {
        Outage::None => {}
        Outage::Unreachable => return Err(HungUp),
        Outage::Unavailable => {
            return Ok(listen::text(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable\n"));
        }
    }
    let path = request.uri().path().to_owned();
    if path.starts_with("/link") {
        return Ok(links::upgrade(&shared, request));
    }
    if let Some(secret) = path.strip_prefix(reply_url::PATH) {
        return Ok(reply_url::answer(&shared, secret, request).await);
    }
    let Some(method) = path.strip_prefix("/api/") else {
        return Ok(listen::text(StatusCode::NOT_FOUND, "no such page; the Web API is under /api/\n"));
    };
    let method = method.to_owned();
    let http = request.method().clone();
    let query = request.uri().query().map(str::to_owned);
    let kind = header(&request, "content-type").map(str::to_owned);
    let authorization = header(&request, "authorization").map(str::to_owned);
    let Some(body) = listen::body_of(request).await else {
        return Ok(listen::text(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long\n"));
    };
    let args = Args::read(&http, query.as_deref(), kind.as_deref(), authorization.as_deref(), &body);
    call(&shared, &method, args).await
}

async fn call(shared: &Shared, method: &str, args: Result<Args, &'static str>) -> Result<Reply, HungUp> {
    let fault = shared.change(|world, _| {
        world.journal.called(method);
        world.faults.take(method)
    });
    let lose_answer = match fault {
        None => false,
        Some(Fault::DropAfterApply) => true,
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::RateLimited(secs)) => return Ok(too_often(secs)),
        Some(Fault::Error(error)) => {
            return Ok(listen::json(StatusCode::OK, &json!({ "ok": false, "error": error })));
        }
        Some(Fault::Status(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return Ok(listen::text(status, "trouble\n"));
        }
    };
    let reply = match args {
        Ok(args) => shared.change(|world, now| run(world, &shared.settings, shared, method, &args, now)),
        Err(unreadable) => refusal(Refusal::from(unreadable)),
    };
    if lose_answer { Err(HungUp) } else { Ok(reply) }
}

fn run(world: &mut World, settings: &Settings, shared: &Shared, name: &str, args: &Args, now: Now) -> Reply {
    let Some(method) = METHODS.iter().find(|method| method.name == name) else {
        return refusal(Refusal::from("unknown_method"));
    };
    let has = match scopes_of(settings, args) {
        Ok(has) => has,
        Err(refused) => {
            world.journal.refused(name, refused.error);
            return refusal(refused);
        }
    };
    let mut reply = run_as(world, settings, shared, method, args, now);
    put(&mut reply, SCOPES, &joined(has));
    if !method.scopes.is_empty() {
        put(&mut reply, SCOPES_WANTED, &method.scopes.join(","));
    }
    reply
}

/// Runs a method for a token that is one.
fn run_as(
    world: &mut World,
    settings: &Settings,
    shared: &Shared,
    method: &Method,
    args: &Args,
    now: Now,
) -> Reply {
    let name = method.name;
    if let Err(refused) = authorize(settings, method, args) {
        world.journal.refused(name, refused.error);
        return refusal(refused);
    }
    let rates = &settings.limits.rates;
    if let Err(secs) = world.pace.take(rates, name, method.tier, args.text("channel"), now.real) {
        world.journal.refused(name, "ratelimited");
        return too_often(secs);
    }
    let call = Call { args, settings, now, host: shared.addr.to_string() };
    match (method.run)(world, &call) {
        Ok(mut answer) => {
            if let Some(answer) = answer.as_object_mut() {
                answer.insert("ok".to_owned(), Value::Bool(true));
            }
            listen::json(StatusCode::OK, &answer)
        }
        Err(refused) => {
            world.journal.refused(name, refused.error);
            refusal(refused)
        }
    }
}

/// What a token may do; refused when it is none of ours.
fn scopes_of<'s>(settings: &'s Settings, args: &Args) -> Result<&'s BTreeSet<String>, Refusal> {
    match args.token().ok_or("not_authed")? {
        token if token == settings.bot_token => Ok(&settings.scopes),
        token if token == settings.app_token => Ok(&settings.app_scopes),
        _ => Err("invalid_auth".into()),
    }
}

fn authorize(settings: &Settings, method: &Method, args: &Args) -> Result<(), Refusal> {
    let is_app = args.token() == Some(settings.app_token.as_str());
    match method.token {
        TokenKind::App if !is_app => return Err("not_allowed_token_type".into()),
        TokenKind::Bot if is_app => return Err("not_allowed_token_type".into()),
        TokenKind::App | TokenKind::Bot | TokenKind::Any => {}
    }
    let has = scopes_of(settings, args)?;
    if !method.scopes.is_empty() && !method.scopes.iter().any(|scope| has.contains(*scope)) {
        let mut refused = Refusal::from("missing_scope");
        refused.more.insert("needed".to_owned(), json!(method.scopes.first()));
        refused.more.insert("provided".to_owned(), json!(joined(has)));
        return Err(refused);
    }
    Ok(())
}

fn joined(scopes: &BTreeSet<String>) -> String {
    scopes.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}

fn refusal(refused: Refusal) -> Reply {
    let mut answer = refused.more;
    answer.insert("ok".to_owned(), Value::Bool(false));
    answer.insert("error".to_owned(), json!(refused.error));
    listen::json(StatusCode::OK, &Value::Object(answer))
}

fn too_often(secs: u64) -> Reply {
    let mut reply =
        listen::json(StatusCode::TOO_MANY_REQUESTS, &json!({ "ok": false, "error": "ratelimited" }));
    put(&mut reply, RETRY_AFTER, &secs.to_string());
    reply
}

fn put(reply: &mut Reply, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::copy_from_slice(value.as_bytes())) {
        reply.headers_mut().insert(name, value);
    }
}
