//! The page of the demo: what it serves, and to whom.

use async_trait::async_trait;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::*;
use crate::playground::listen::client::exchange;
use crate::playground::people::{self, ACCESS_CHANNEL};
use crate::playground::slack::Settings;
use crate::time::SystemClock;

/// A scenery that changes when time passes, and a door that opens for one password.
struct Props(watch::Sender<(u64, Arc<Scenery>)>);

impl Props {
    fn new() -> Self {
        let comment = TicketComment { by: "Jitney".into(), text: "approved".into() };
        let ticket = Ticket {
            key: "ACC-1".into(),
            title: "billing/read for ann".into(),
            about: String::new(),
            status: "Open".into(),
            reporter: "Ann".into(),
            comments: vec![comment],
        };
        let scenery = Scenery { due: Some(0), tickets: vec![ticket], ..Scenery::default() };
        Self(watch::Sender::new((0, Arc::new(scenery))))
    }
}

#[async_trait]
impl Backstage for Props {
    fn scenery(&self) -> watch::Receiver<(u64, Arc<Scenery>)> {
        self.0.subscribe()
    }
    async fn pass(&self, time: Passing) -> Result<String, String> {
        self.0.send_modify(|(number, _)| *number += 1);
        match time {
            Passing::ToNextDue => Ok("two hours have passed".into()),
            Passing::Minutes(minutes) => Err(format!("{minutes} minutes can't pass")),
        }
    }
    async fn visit(&self, person: &str, visit: Visit) -> Result<Visited, String> {
        let status = match visit {
            Visit::LogIn { login, password } => {
                let fits = login == "jit-r1" && password.expose_secret() == "open sesame";
                Some(if fits { 200 } else { 401 })
            }
            Visit::Reload => Some(401),
            Visit::Forget => None,
        };
        Ok(Visited { status, says: person.to_owned() })
    }
    async fn verify(&self, forged: bool) -> Result<Verified, String> {
        Ok(Verified { good: !forged, says: String::new() })
    }
}

async fn page() -> (DemoPage, LocalSlack) {
    let settings = Settings::for_people(&people::people().expect("the ids parse"));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let slack = LocalSlack::start(settings, Arc::clone(&clock)).await.expect("slack starts");
    let page =
        DemoPage::start(0, slack.clone(), clock, Arc::new(Props::new())).await.expect("the page starts");
    (page, slack)
}

const JSON: (&str, &str) = ("Content-Type", "application/json");

async fn post(page: &DemoPage, path: &str, headers: &[(&str, &str)], body: &Value) -> (u16, Value) {
    let (status, _, said) =
        exchange(page.addr(), &format!("POST {path}"), headers, &body.to_string()).await.expect("it answers");
    (status, serde_json::from_str(&said).unwrap_or(Value::Null))
}

#[tokio::test]
async fn the_page_is_for_its_own_origin_on_this_machine_alone() {
    let (page, _slack) = page().await;
    let port = page.addr().port();
    let local = format!("localhost:{port}");
    for (host, status) in [(local.as_str(), 200), ("evil.example.com", 403), ("127.0.0.1:1", 403)] {
        let (got, head, _) = exchange(page.addr(), "GET /", &[("Host", host)], "").await.expect("it answers");
        assert_eq!(got, status, "{host}");
        assert!(head.contains("content-security-policy: default-src 'none'; script-src 'self'"), "{head}");
    }
    let own = format!("http://127.0.0.1:{port}");
    for (headers, status) in [
        (vec![JSON, ("Origin", own.as_str())], 200),
        (vec![JSON], 200),
        (vec![JSON, ("Origin", "http://evil.example.com")], 403),
        (vec![("Content-Type", "text/plain")], 403),
        (vec![], 403),
    ] {
        assert_eq!(post(&page, "/api/clock", &headers, &json!("to_next_due")).await.0, status, "{headers:?}");
    }
}

#[tokio::test]
async fn every_part_of_the_page_is_served_and_leads_nowhere_else() {
    let (page, _slack) = page().await;
    for asset in assets::ASSETS {
        let line = format!("GET {}", asset.path);
        let (status, head, body) = exchange(page.addr(), &line, &[], "").await.expect("it answers");
        assert!(status == 200 && head.contains(asset.kind) && body == asset.text, "{}", asset.path);
        assert!(!body.contains("https://") && !body.contains("innerHTML"), "{}", asset.path);
        for module in body.split("from \"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(assets::at(module).is_some(), "{} wants {module}", asset.path);
        }
    }
    for script in
        assets::ASSETS.iter().filter(|asset| asset.path.ends_with(".js") && asset.path != "/main.js")
    {
        let wanted = format!("from \"{}\"", script.path);
        assert!(assets::ASSETS.iter().any(|asset| asset.text.contains(&wanted)), "{} is dead", script.path);
    }
}

#[tokio::test]
async fn the_levers_are_pulled_by_post_and_say_what_came_of_it() {
    let (page, _slack) = page().await;
    let log_in = |password: &str| json!({ "does": "log_in", "person": "U0ANN", "login": "jit-r1", "password": password });
    for (path, body, status, answer) in [
        ("/api/clock", json!("to_next_due"), 200, json!({ "ok": true, "done": "two hours have passed" })),
        (
            "/api/clock",
            json!({ "minutes": 15 }),
            200,
            json!({ "ok": false, "says": "15 minutes can't pass" }),
        ),
        ("/api/clock", json!({ "minutes": -1 }), 400, Value::Null),
        (
            "/api/app",
            log_in("open sesame"),
            200,
            json!({ "ok": true, "done": { "status": 200, "says": "U0ANN" } }),
        ),
        ("/api/app", log_in("guess"), 200, json!({ "ok": true, "done": { "status": 401, "says": "U0ANN" } })),
        (
            "/api/app",
            json!({ "does": "reload", "person": "U0NOBODY" }),
            200,
            json!({ "ok": false, "says": "There is nobody with that id." }),
        ),
        (
            "/api/verify",
            json!({ "forged": true }),
            200,
            json!({ "ok": true, "done": { "good": false, "says": "" } }),
        ),
        ("/api/fly", json!({}), 404, Value::Null),
    ] {
        assert_eq!(post(&page, path, &[JSON], &body).await, (status, answer), "{path} {body}");
    }
}

#[tokio::test]
async fn who_has_seen_the_newest_waits_for_news() {
    let (page, _slack) = page().await;
    let state = async |query: &str| {
        let line = format!("GET /api/state?person=U0ANN{query}");
        let (status, _, body) = exchange(page.addr(), &line, &[], "").await.expect("it answers");
        assert_eq!(status, 200);
        serde_json::from_str::<Value>(&body).expect("json")
    };
    let first = state("").await;
    let seen = format!("&seen={}", first["revision"].as_str().expect("a text"));
    let (news, _) =
        tokio::join!(state(&seen), async { post(&page, "/api/clock", &[JSON], &json!("to_next_due")).await });
    assert_ne!(news["revision"], first["revision"]);
}

#[tokio::test]
async fn a_person_sees_only_their_own_and_acts_through_the_page() {
    let (page, slack) = page().await;
    let slash =
        |person: &str| json!({ "act": "slash", "person": person, "channel": ACCESS_CHANNEL, "line": "/jit" });
    let (_, said) = post(&page, "/api/act", &[JSON], &slash("U0ANN")).await;
    assert_eq!(said["ok"], true);
    let (_, said) = post(&page, "/api/act", &[JSON], &slash("U0NOBODY")).await;
    assert_eq!(said["says"], "That can't be done: there is nobody with the id `U0NOBODY`.");
    assert_eq!(post(&page, "/api/act", &[JSON], &json!({ "act": "fly" })).await.0, 400);

    let state = async |person: &str| -> Value {
        let line = format!("GET /api/state?person={person}");
        let (_, _, body) = exchange(page.addr(), &line, &[], "").await.expect("it answers");
        serde_json::from_str(&body).expect("json")
    };
    let ann = state("U0ANN").await;
    let told = ann["conversations"][0]["messages"][0]["text"].as_str().expect("a text");
    assert!(told.contains("dispatch_failed"), "nobody is connected: {told}");
    let scenery = &ann["scenery"];
    assert_eq!((&scenery["tickets"][0]["key"], &scenery["due"]), (&json!("ACC-1"), &json!(0)));
    assert_eq!(state("U0BOB").await["conversations"][0]["messages"], json!([]));
    assert_eq!(slack.snapshot().told("U0ANN").count(), 1);
}
