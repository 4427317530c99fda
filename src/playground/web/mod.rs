//! The page of the playground: be any of its people, in a browser, beside the tickets and the clock.
//!
//! Only this machine's own pages may use it: it listens on the loopback address, takes requests under a loopback
//! name alone (so no other site's name can be pointed at it), and acts only for its own origin.

mod screen;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hyper::body::Incoming;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Request, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::listen::{self, HungUp, Reply, Serving, header};
use super::slack::{ActError, Entry, LocalSlack, Place, Which};
use crate::time::{Clock, Timestamp};

/// What the page shows besides Slack, and the lever for the clock.
#[async_trait]
pub trait Backstage: Send + Sync + 'static {
    /// Every ticket, oldest first.
    async fn tickets(&self) -> Vec<Ticket>;
    /// When something falls due next.
    async fn next_due(&self) -> Option<Timestamp>;
    /// Lets the time pass until something falls due. Answers with a sentence for the person who asked, whether it
    /// jumped or not.
    async fn jump(&self) -> Result<String, String>;
}

/// A ticket, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ticket {
    /// Its key.
    pub key: String,
    /// Its summary.
    pub title: String,
    /// Its status by name.
    pub status: String,
    /// Its comments, oldest first.
    pub comments: Vec<TicketComment>,
}

/// A comment, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TicketComment {
    /// Who wrote it.
    pub by: String,
    /// What it says; lines are kept.
    pub text: String,
}

/// The running page. Dropping it stops it.
#[derive(Debug)]
pub struct DemoPage {
    addr: SocketAddr,
    _serving: Serving,
}

impl DemoPage {
    /// Serves the page on 127.0.0.1; port 0 takes a free one.
    ///
    /// # Errors
    /// When the port can't be had.
    pub async fn start(
        port: u16,
        slack: LocalSlack,
        clock: Arc<dyn Clock>,
        backstage: Arc<dyn Backstage>,
    ) -> std::io::Result<Self> {
        let (listener, addr) = listen::bind(port).await?;
        let site = Arc::new(Site { port: addr.port(), slack, clock, backstage });
        let serving = listen::serve(listener, move |request| {
            let site = Arc::clone(&site);
            async move { Ok::<_, HungUp>(site.answer(request).await) }
        });
        Ok(Self { addr, _serving: serving })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What to open in a browser.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.addr)
    }
}

struct Site {
    port: u16,
    slack: LocalSlack,
    clock: Arc<dyn Clock>,
    backstage: Arc<dyn Backstage>,
}

/// How long a page waits for news; then it looks again, for the tickets' sake.
const POLL: Duration = Duration::from_secs(2);

/// What somebody does on the page.
#[derive(Debug, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
enum Act {
    Slash { person: String, channel: String, line: String },
    Press { person: String, place: Spot, block: String, action: String, entry: Option<Entry> },
    Fill { person: String, field: String, entry: Entry },
    Submit { person: String },
    Close { person: String },
    Options { person: String, block: String, action: String, query: String },
    OpenHome { person: String },
}

#[derive(Debug, Deserialize)]
#[serde(tag = "on", rename_all = "snake_case", deny_unknown_fields)]
enum Spot {
    Message { channel: String, ts: String },
    Modal,
    Home,
}

impl From<Spot> for Place {
    fn from(spot: Spot) -> Self {
        match spot {
            Spot::Message { channel, ts } => Self::Message { channel, ts },
            Spot::Modal => Self::Modal,
            Spot::Home => Self::Home,
        }
    }
}

impl Site {
    async fn answer(&self, request: Request<Incoming>) -> Reply {
        let mut reply = if self.is_ours(&request) {
            self.route(request).await
        } else {
            listen::text(StatusCode::FORBIDDEN, "this page is for a browser on this machine alone\n")
        };
        let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        let fixed: [(HeaderName, &'static str); 3] = [
            (CONTENT_SECURITY_POLICY, policy),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (CACHE_CONTROL, "no-store"),
        ];
        for (name, value) in fixed {
            reply.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        reply
    }

    /// A loopback name in `Host`; and for acts a JSON body from the same origin.
    fn is_ours<B>(&self, request: &Request<B>) -> bool {
        let Some(host) = header(request, "host") else { return false };
        let names = ["127.0.0.1", "localhost", "[::1]"];
        if !names.iter().any(|name| host == format!("{name}:{}", self.port)) {
            return false;
        }
        if request.method() == Method::GET {
            return true;
        }
        let same_origin = header(request, "origin").is_none_or(|origin| origin == format!("http://{host}"));
        let is_json =
            header(request, "content-type").is_some_and(|kind| kind.starts_with("application/json"));
        request.method() == Method::POST && same_origin && is_json
    }

    async fn route(&self, request: Request<Incoming>) -> Reply {
        let path = request.uri().path().to_owned();
        let get = request.method() == Method::GET;
        match (get, path.as_str()) {
            (true, "/") => {
                listen::reply(StatusCode::OK, "text/html; charset=utf-8", include_str!("page.html"))
            }
            (true, "/page.css") => {
                listen::reply(StatusCode::OK, "text/css; charset=utf-8", include_str!("page.css"))
            }
            (true, "/page.js") => {
                listen::reply(StatusCode::OK, "text/javascript; charset=utf-8", include_str!("page.js"))
            }
            (true, "/api/state") => self.state(request.uri().query().unwrap_or_default()).await,
            (false, "/api/act") => match listen::body_of(request).await {
                Some(body) => match serde_json::from_slice(&body) {
                    Ok(act) => listen::json(StatusCode::OK, &self.act(act).await),
                    Err(_) => listen::text(StatusCode::BAD_REQUEST, "this is no act\n"),
                },
                None => listen::text(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long\n"),
            },
            (false, "/jump") => {
                let (ok, says) = match self.backstage.jump().await {
                    Ok(says) => (true, says),
                    Err(says) => (false, says),
                };
                listen::json(StatusCode::OK, &json!({ "ok": ok, "says": says }))
            }
            (true | false, _) => listen::text(StatusCode::NOT_FOUND, "there is no such page\n"),
        }
    }

    /// What a person sees; waits for news when the asker has seen the newest.
    async fn state(&self, query: &str) -> Reply {
        let asked = |name: &str| {
            form_urlencoded::parse(query.as_bytes()).find_map(|(n, v)| (n == name).then(|| v.into_owned()))
        };
        let person = asked("person").unwrap_or_default();
        let seen: Option<u64> = asked("seen").and_then(|n| n.parse().ok());
        let mut changes = self.slack.changes();
        let news = changes.wait_for(|n| Some(*n) != seen);
        let _ = tokio::time::timeout(POLL, news).await;
        let revision = *changes.borrow_and_update();
        let mut screen = screen::of(&self.slack, &person);
        let more = json!({
            "revision": revision,
            "now": self.clock.wall().minute_utc(),
            "due": self.backstage.next_due().await.map(Timestamp::minute_utc),
            "tickets": self.backstage.tickets().await,
        });
        if let (Some(screen), Value::Object(more)) = (screen.as_object_mut(), more) {
            screen.extend(more);
        }
        listen::json(StatusCode::OK, &screen)
    }

    async fn act(&self, act: Act) -> Value {
        let slack = &self.slack;
        let done = match act {
            Act::Slash { person, channel, line } => {
                slack.say_slash(&person, &channel, &line).await.map(|_| Value::Null)
            }
            Act::Press { person, place, block, action, entry } => {
                let which = Which::action(&action).in_block(&block);
                let pressed = slack.press(&person, &place.into(), &which, entry.as_ref()).await;
                pressed.map(|seen| json!({ "warned": seen.warned }))
            }
            Act::Fill { person, field, entry } => {
                slack.fill(&person, &field, entry).await.map(|_| Value::Null)
            }
            Act::Submit { person } => slack.submit(&person).await.map(|result| json!(result)),
            Act::Close { person } => slack.close_view(&person).await.map(|()| Value::Null),
            Act::Options { person, block, action, query } => {
                slack.search_options(&person, &block, &action, &query).await.map(Value::from)
            }
            Act::OpenHome { person } => slack.open_home(&person).await.map(|_| Value::Null),
        };
        match done {
            Ok(done) => json!({ "ok": true, "done": done }),
            Err(why) => json!({ "ok": false, "says": sentence(&why) }),
        }
    }
}

fn sentence(why: &ActError) -> String {
    format!("That can't be done: {why}.")
}

#[cfg(test)]
mod tests;
