//! The page of the playground: be any of its people, in a browser, beside the tickets and the clock.
//!
//! Only this machine's own pages may use it: it listens on the loopback address, takes requests under a loopback
//! name alone (so no other site's name can be pointed at it), and acts only for its own origin.

mod acts;
mod assets;
mod backstage;
mod screen;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Request, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::listen::{self, HungUp, Reply, Serving, header};
use super::slack::LocalSlack;
use crate::time::Clock;
use acts::Act;

pub use backstage::{
    AuditLine, AuditLog, Backstage, MayAsk, OldApp, Passing, PersonFacts, Policies, PolicyIssue,
    RequestFacts, RoleFacts, Scenery, Ticket, TicketComment, Verified, Visit, Visited,
};

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

/// How long a page waits for news before it is told that there are none.
const WAIT_FOR_NEWS: Duration = Duration::from_secs(25);
/// Changes come in bursts; a page hears of one burst once.
const BURST: Duration = Duration::from_millis(30);

/// Scripts, styles and requests of this origin alone: no inline code, no frames, no forms that are sent.
const PAGE_MAY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                        img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What somebody does at the old app's door.
#[derive(Deserialize)]
#[serde(tag = "does", rename_all = "snake_case", deny_unknown_fields)]
enum AtTheDoor {
    LogIn { person: String, login: String, password: String },
    Reload { person: String },
    Forget { person: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VerifyWhat {
    forged: bool,
}

impl Site {
    async fn answer(&self, request: Request<Incoming>) -> Reply {
        let mut reply = if self.is_ours(&request) {
            self.route(request).await
        } else {
            listen::text(StatusCode::FORBIDDEN, "this page is for a browser on this machine alone\n")
        };
        let fixed: [(HeaderName, &'static str); 4] = [
            (CONTENT_SECURITY_POLICY, PAGE_MAY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
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
        if request.method() == Method::GET {
            return match assets::at(&path) {
                Some(asset) => listen::reply(StatusCode::OK, asset.kind, asset.text),
                None if path == "/api/state" => self.state(request.uri().query().unwrap_or_default()).await,
                None => listen::text(StatusCode::NOT_FOUND, "there is no such page\n"),
            };
        }
        let Some(body) = listen::body_of(request).await else {
            return listen::text(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long\n");
        };
        match self.do_it(&path, &body).await {
            Some(Ok(done)) => listen::json(StatusCode::OK, &done),
            Some(Err(_)) => listen::text(StatusCode::BAD_REQUEST, "this is no act\n"),
            None => listen::text(StatusCode::NOT_FOUND, "there is no such act\n"),
        }
    }

    /// Does what was posted to a path; none when nothing is done there.
    async fn do_it(&self, path: &str, body: &Bytes) -> Option<Result<Value, serde_json::Error>> {
        Some(match path {
            "/api/act" => match serde_json::from_slice::<Act>(body) {
                Ok(act) => Ok(acts::act(&self.slack, act).await),
                Err(error) => Err(error),
            },
            "/api/clock" => match serde_json::from_slice(body) {
                Ok(passing) => Ok(told(self.backstage.pass(passing).await.map(Value::from))),
                Err(error) => Err(error),
            },
            "/api/app" => match serde_json::from_slice(body) {
                Ok(at_the_door) => Ok(self.visit(at_the_door).await),
                Err(error) => Err(error),
            },
            "/api/verify" => match serde_json::from_slice::<VerifyWhat>(body) {
                Ok(what) => Ok(told(self.backstage.verify(what.forged).await.map(|found| json!(found)))),
                Err(error) => Err(error),
            },
            _ => return None,
        })
    }

    async fn visit(&self, at_the_door: AtTheDoor) -> Value {
        let (person, visit) = match at_the_door {
            AtTheDoor::LogIn { person, login, password } => {
                (person, Visit::LogIn { login, password: SecretString::from(password) })
            }
            AtTheDoor::Reload { person } => (person, Visit::Reload),
            AtTheDoor::Forget { person } => (person, Visit::Forget),
        };
        if !self.slack.settings().members.iter().any(|member| member.id == person) {
            return told(Err("There is nobody with that id.".to_owned()));
        }
        told(self.backstage.visit(&person, visit).await.map(|visited| json!(visited)))
    }

    /// What a person sees; waits for news when the asker has seen the newest.
    async fn state(&self, query: &str) -> Reply {
        let asked = |name: &str| {
            form_urlencoded::parse(query.as_bytes()).find_map(|(n, v)| (n == name).then(|| v.into_owned()))
        };
        let person = asked("person").unwrap_or_default();
        let seen = asked("seen");
        let news = tokio::time::timeout(WAIT_FOR_NEWS, self.news(seen.as_deref())).await;
        if news.is_err() {
            return listen::reply(StatusCode::NO_CONTENT, "application/json", "");
        }
        let revision = self.revision();
        let scenery = Arc::clone(&self.backstage.scenery().borrow().1);
        let mut screen = screen::of(&self.slack, &person);
        let more = json!({ "revision": revision, "now": self.clock.wall().millis(), "scenery": *scenery });
        if let (Some(screen), Value::Object(more)) = (screen.as_object_mut(), more) {
            screen.extend(more);
        }
        listen::json(StatusCode::OK, &screen)
    }

    /// Resolves when there is something that the asker has not seen.
    async fn news(&self, seen: Option<&str>) {
        let mut slack = self.slack.changes();
        let mut scenery = self.backstage.scenery();
        let mut waited = false;
        while seen == Some(self.revision().as_str()) {
            waited = true;
            tokio::select! {
                changed = slack.changed() => if changed.is_err() { return },
                changed = scenery.changed() => if changed.is_err() { return },
            }
        }
        if waited {
            tokio::time::sleep(BURST).await;
        }
    }

    fn revision(&self) -> String {
        format!("{}.{}", *self.slack.changes().borrow(), self.backstage.scenery().borrow().0)
    }
}

/// An answer that is a sentence when it went wrong.
fn told(answer: Result<Value, String>) -> Value {
    match answer {
        Ok(done) => json!({ "ok": true, "done": done }),
        Err(says) => json!({ "ok": false, "says": says }),
    }
}

#[cfg(test)]
mod tests;
