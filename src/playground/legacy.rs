//! A small old web app: basic auth against an htpasswd file that it reads at every request, and sessions that
//! go on without the file. Taking a line out of the file is therefore not the end of access.
//!
//! `GET /` is the app. `GET /sessions/NAME` counts a person's sessions and `DELETE /sessions/NAME` ends them, both
//! with `Authorization: Bearer TOKEN`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Incoming;
use hyper::header::{HeaderValue, SET_COOKIE, WWW_AUTHENTICATE};
use hyper::{Method, Request, StatusCode};
use serde_json::json;
use subtle::ConstantTimeEq;

use super::listen::{self, HungUp, Reply, Serving, header};

/// Sessions of all people at most.
const SESSIONS_MAX: usize = 10_000;
/// Bytes of the file that are read at most.
const FILE_MAX: u64 = 1 << 20;
const COOKIE: &str = "legacy_session";

/// The running app. Dropping it stops it and forgets its sessions.
#[derive(Debug)]
pub struct LegacyApp {
    addr: SocketAddr,
    inside: Arc<Inside>,
    _serving: Serving,
}

#[derive(Debug)]
struct Inside {
    htpasswd: PathBuf,
    token: String,
    hook_broken: AtomicBool,
    /// Session id to the name that logged in.
    sessions: Mutex<BTreeMap<String, String>>,
}

impl LegacyApp {
    /// Listens on 127.0.0.1; port 0 takes a free one. The file need not exist yet: then nobody gets in.
    ///
    /// # Errors
    /// When the port can't be had.
    pub async fn start(htpasswd: &Path, port: u16) -> std::io::Result<Self> {
        let (listener, addr) = listen::bind(port).await?;
        let inside = Arc::new(Inside {
            htpasswd: htpasswd.to_owned(),
            token: secret(),
            hook_broken: AtomicBool::new(false),
            sessions: Mutex::default(),
        });
        let shared = Arc::clone(&inside);
        let serving = listen::serve(listener, move |request| {
            let inside = Arc::clone(&shared);
            async move { Ok::<_, HungUp>(inside.answer(request).await) }
        });
        Ok(Self { addr, inside, _serving: serving })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address as people type it, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The bearer token of `/sessions/…`.
    #[must_use]
    pub fn admin_token(&self) -> &str {
        &self.inside.token
    }

    /// How many sessions a name has.
    #[must_use]
    pub fn sessions_of(&self, name: &str) -> usize {
        self.inside.sessions().values().filter(|holder| *holder == name).count()
    }

    /// Open sessions by name.
    #[must_use]
    pub fn sessions(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for holder in self.inside.sessions().values() {
            *counts.entry(holder.clone()).or_default() += 1;
        }
        counts
    }

    /// Ends a name's sessions; answers how many there were.
    pub fn end_sessions(&self, name: &str) -> usize {
        self.inside.end_sessions(name)
    }

    /// While broken, `/sessions/…` answers 503: nobody can end a session from outside.
    pub fn break_hook(&self, broken: bool) {
        self.inside.hook_broken.store(broken, Ordering::SeqCst);
    }
}

impl Inside {
    async fn answer(&self, request: Request<Incoming>) -> Reply {
        if let Some(name) = request.uri().path().strip_prefix("/sessions/") {
            return self.administer(&request, name);
        }
        if request.method() != Method::GET || request.uri().path() != "/" {
            return listen::text(StatusCode::NOT_FOUND, "there is only one page here: /\n");
        }
        if let Some(name) = self.session_holder(&request) {
            return listen::text(StatusCode::OK, &format!("hello {name}, your session goes on\n"));
        }
        let Some((name, password)) = basic_auth(&request) else {
            return unauthorized();
        };
        if !self.password_fits(&name, password).await {
            return unauthorized();
        }
        match self.open_session(&name) {
            Some(cookie) => {
                let mut reply = listen::text(StatusCode::OK, &format!("hello {name}, you logged in\n"));
                reply.headers_mut().insert(SET_COOKIE, cookie);
                reply
            }
            None => listen::text(StatusCode::SERVICE_UNAVAILABLE, "too many sessions are open\n"),
        }
    }

    fn administer(&self, request: &Request<Incoming>, name: &str) -> Reply {
        let given = header(request, "authorization").and_then(|value| value.strip_prefix("Bearer "));
        if !given.is_some_and(|given| bool::from(given.as_bytes().ct_eq(self.token.as_bytes()))) {
            return listen::text(StatusCode::UNAUTHORIZED, "give the admin token as a bearer token\n");
        }
        if self.hook_broken.load(Ordering::SeqCst) {
            return listen::text(StatusCode::SERVICE_UNAVAILABLE, "the session table does not answer\n");
        }
        match *request.method() {
            Method::GET => {
                let count = self.sessions().values().filter(|holder| *holder == name).count();
                listen::json(StatusCode::OK, &json!({ "sessions": count }))
            }
            Method::DELETE => {
                listen::json(StatusCode::OK, &json!({ "ended": self.end_sessions(name), "sessions": 0 }))
            }
            _ => listen::text(StatusCode::METHOD_NOT_ALLOWED, "GET counts sessions, DELETE ends them\n"),
        }
    }

    fn session_holder(&self, request: &Request<Incoming>) -> Option<String> {
        let cookies = header(request, "cookie")?;
        let id = cookies
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(name, id)| (name == COOKIE).then_some(id))?;
        self.sessions().get(id).cloned()
    }

    fn open_session(&self, name: &str) -> Option<HeaderValue> {
        let mut sessions = self.sessions();
        if sessions.len() >= SESSIONS_MAX {
            return None;
        }
        let id = secret();
        let cookie = HeaderValue::from_str(&format!("{COOKIE}={id}; Path=/; HttpOnly; SameSite=Lax")).ok()?;
        sessions.insert(id, name.to_owned());
        Some(cookie)
    }

    fn end_sessions(&self, name: &str) -> usize {
        let mut sessions = self.sessions();
        let before = sessions.len();
        sessions.retain(|_, holder| holder != name);
        before - sessions.len()
    }

    /// Reads the file again: a line that was taken out a moment ago does not count. Unreadable means nobody.
    async fn password_fits(&self, name: &str, password: String) -> bool {
        match tokio::fs::metadata(&self.htpasswd).await {
            Ok(about) if about.len() <= FILE_MAX => {}
            Ok(_) | Err(_) => return false,
        }
        let Ok(file) = tokio::fs::read_to_string(&self.htpasswd).await else {
            return false;
        };
        let Some(hash) = hash_of(&file, name).map(str::to_owned) else {
            return false;
        };
        let checked = tokio::task::spawn_blocking(move || bcrypt::verify(password, &hash).unwrap_or(false));
        checked.await.unwrap_or(false)
    }

    fn sessions(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The hash on the first line of that name, as Apache looks it up.
fn hash_of<'f>(file: &'f str, name: &str) -> Option<&'f str> {
    file.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(':'))
        .find_map(|(holder, hash)| (holder == name).then_some(hash))
}

fn basic_auth<B>(request: &Request<B>) -> Option<(String, String)> {
    let coded = header(request, "authorization")?.strip_prefix("Basic ")?;
    let plain = String::from_utf8(STANDARD.decode(coded).ok()?).ok()?;
    let (name, password) = plain.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

fn unauthorized() -> Reply {
    let mut reply = listen::text(StatusCode::UNAUTHORIZED, "log in\n");
    let realm = HeaderValue::from_static("Basic realm=\"legacy billing\", charset=\"UTF-8\"");
    reply.headers_mut().insert(WWW_AUTHENTICATE, realm);
    reply
}

fn secret() -> String {
    format!("{:032x}", rand::random::<u128>())
}

#[cfg(test)]
mod tests {
    use super::super::listen::client::exchange;
    use super::*;

    async fn with_file(name: &str, content: &str) -> (LegacyApp, PathBuf) {
        let path = std::env::temp_dir().join(format!("jitney-legacy-{}-{name}", std::process::id()));
        std::fs::write(&path, content).expect("the file is written");
        (LegacyApp::start(&path, 0).await.expect("it starts"), path)
    }

    fn line(name: &str, password: &str) -> String {
        let hash = bcrypt::hash_with_result(password, 4)
            .expect("it hashes")
            .format_for_version(bcrypt::Version::TwoY);
        format!("{name}:{hash}\n")
    }

    async fn visit(app: &LegacyApp, headers: &[(&str, &str)]) -> (u16, Option<String>) {
        let (status, head, _) = exchange(app.addr(), "GET /", headers, "").await.expect("it answers");
        let cookie = head.lines().find_map(|l| l.strip_prefix("set-cookie: "));
        (status, cookie.and_then(|c| c.split(';').next()).map(str::to_owned))
    }

    fn login(name: &str, password: &str) -> String {
        format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
    }

    #[tokio::test]
    async fn only_a_name_and_password_of_the_file_get_in() {
        let (app, path) = with_file("gate", &format!("# staff\n{}bob:plain\n", line("ann", "s3cret"))).await;
        for (name, password, status) in
            [("ann", "s3cret", 200), ("ann", "wrong", 401), ("bob", "plain", 401), ("carol", "s3cret", 401)]
        {
            assert_eq!(visit(&app, &[("Authorization", &login(name, password))]).await.0, status, "{name}");
        }
        assert_eq!(visit(&app, &[]).await.0, 401);
        std::fs::remove_file(path).expect("the file is removed");
        assert_eq!(visit(&app, &[("Authorization", &login("ann", "s3cret"))]).await.0, 401);
    }

    #[tokio::test]
    async fn a_session_outlives_the_file_until_the_hook_ends_it() {
        let (app, path) = with_file("session", &line("ann", "s3cret")).await;
        let (status, cookie) = visit(&app, &[("Authorization", &login("ann", "s3cret"))]).await;
        let cookie = cookie.expect("a session began");
        assert_eq!((status, app.sessions_of("ann")), (200, 1));

        std::fs::remove_file(path).expect("the file is removed");
        assert_eq!(visit(&app, &[("Cookie", &cookie)]).await.0, 200, "the session goes on");

        let bearer = format!("Bearer {}", app.admin_token());
        let admin: &[(&str, &str)] = &[("Authorization", &bearer)];
        let (status, _, _) = exchange(app.addr(), "DELETE /sessions/ann", &[], "").await.expect("it answers");
        assert_eq!(status, 401, "the hook wants its token");
        app.break_hook(true);
        let (status, _, _) =
            exchange(app.addr(), "DELETE /sessions/ann", admin, "").await.expect("it answers");
        assert_eq!((status, app.sessions_of("ann")), (503, 1));
        app.break_hook(false);
        let (_, _, count) = exchange(app.addr(), "GET /sessions/ann", admin, "").await.expect("it answers");
        assert_eq!(count, r#"{"sessions":1}"#);
        let (_, _, ended) =
            exchange(app.addr(), "DELETE /sessions/ann", admin, "").await.expect("it answers");
        assert_eq!(ended, r#"{"ended":1,"sessions":0}"#);
        assert_eq!(visit(&app, &[("Cookie", &cookie)]).await.0, 401);
    }
}
