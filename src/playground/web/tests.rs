//! The page of the demo: what it serves, and to whom.

use serde_json::{Value, json};

use super::*;
use crate::playground::listen::client::exchange;
use crate::playground::people::{self, ACCESS_CHANNEL};
use crate::playground::slack::Settings;
use crate::time::SystemClock;

struct Empty;

#[async_trait]
impl Backstage for Empty {
    async fn tickets(&self) -> Vec<Ticket> {
        let said = TicketComment { by: "Jitney".into(), text: "approved".into() };
        let (title, status) = ("billing/read for ann".into(), "Open".into());
        vec![Ticket { key: "ACC-1".into(), title, status, comments: vec![said] }]
    }
    async fn next_due(&self) -> Option<Timestamp> {
        Some(Timestamp::from_millis(0))
    }
    async fn jump(&self) -> Result<String, String> {
        Ok("two hours have passed".into())
    }
}

async fn page() -> (DemoPage, LocalSlack) {
    let settings = Settings::for_people(&people::people().expect("the ids parse"));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let slack = LocalSlack::start(settings, Arc::clone(&clock)).await.expect("slack starts");
    let page = DemoPage::start(0, slack.clone(), clock, Arc::new(Empty)).await.expect("the page starts");
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
        assert!(head.contains("content-security-policy: default-src 'none'"), "{head}");
    }
    let own = format!("http://127.0.0.1:{port}");
    for (headers, status) in [
        (vec![JSON, ("Origin", own.as_str())], 200),
        (vec![JSON], 200),
        (vec![JSON, ("Origin", "http://evil.example.com")], 403),
        (vec![("Content-Type", "text/plain")], 403),
        (vec![], 403),
    ] {
        assert_eq!(post(&page, "/jump", &headers, &json!({})).await.0, status, "{headers:?}");
    }
}

#[tokio::test]
async fn every_part_of_the_page_is_served() {
    let (page, _slack) = page().await;
    for (path, kind) in [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")] {
        let (status, head, body) =
            exchange(page.addr(), &format!("GET {path}"), &[], "").await.expect("it answers");
        assert!(status == 200 && head.contains(kind) && !body.contains("https://"), "{path}");
    }
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
    assert_eq!((&ann["tickets"][0]["key"], &ann["due"]), (&json!("ACC-1"), &json!("1970-01-01 00:00 UTC")));
    assert_eq!(state("U0BOB").await["conversations"][0]["messages"], json!([]));
    assert_eq!(slack.snapshot().told("U0ANN").count(), 1);
}
