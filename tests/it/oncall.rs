//! On-call schedules, held against what the services document. A server on this machine answers as they do.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::http::request::Parts;
use jitney::finding::Grade;
use jitney::oncall::{Schedule, Service, check};
use jitney::policy::{Employment, People, Person};
use jitney::time::{Clock, Span, SystemClock, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::servers::http_proxy::{Answer, Fate, HttpProxy, Middle};

pub(crate) const TOKEN: &str = "canary-oncall-8tKq2";

/// What the service says next, and what it was asked.
pub(crate) struct Desk {
    answer: Mutex<Said>,
    pub(crate) asked: Mutex<Vec<(String, String)>>,
}

#[derive(Clone)]
pub(crate) enum Said {
    Json(Value),
    /// One page after the other.
    Pages(Vec<Value>),
    Status(u16),
    Wait(&'static str, &'static str),
    Garbage,
    Nothing,
    Reset,
}

impl Desk {
    pub(crate) fn start(said: Said) -> (Arc<Self>, HttpProxy) {
        let desk = Arc::new(Self { answer: Mutex::new(said), asked: Mutex::default() });
        let nowhere = "127.0.0.1:9".parse().unwrap();
        let server = HttpProxy::start(nowhere, Arc::clone(&desk) as Arc<dyn Middle>);
        (desk, server)
    }

    pub(crate) fn says(&self, said: Said) {
        *self.answer.lock().unwrap() = said;
    }
}

impl Middle for Desk {
    fn fate(&self, request: &Parts, _body: &Bytes) -> Fate {
        let header = |name| request.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let asked = format!("{} {}", request.method, request.uri.path_and_query().unwrap());
        self.asked.lock().unwrap().push((asked, header("authorization")));
        match &mut *self.answer.lock().unwrap() {
            Said::Json(value) => Fate::Answer(answer(200, &value.to_string(), None)),
            Said::Pages(pages) => Fate::Answer(answer(200, &pages.remove(0).to_string(), None)),
            Said::Status(status) => Fate::Answer(answer(*status, "{\"error\":{\"code\":2006}}", None)),
            Said::Wait(name, value) => Fate::Answer(answer(429, "", Some((*name, *value)))),
            Said::Garbage => Fate::Answer(answer(200, "<html>maintenance</html>", None)),
            Said::Nothing => Fate::Hang,
            Said::Reset => Fate::Reset,
        }
    }
}

fn answer(status: u16, body: &str, header: Option<(&str, &str)>) -> Answer {
    let mut response = Response::builder().status(status).header("content-type", "application/json");
    if let Some((name, value)) = header {
        response = response.header(name, value);
    }
    response.body(Full::new(Bytes::from(body.to_owned()))).unwrap()
}

pub(crate) fn schedule(service: Service, server: &HttpProxy) -> Schedule {
    Schedule {
        name: "payments".parse().unwrap(),
        service,
        id: "PI7DH85".to_owned(),
        base_url: format!("http://{}/", server.addr()).parse().unwrap(),
        token: SecretString::from(TOKEN),
        time_out: Span::millis(400),
    }
}

/// One entry of PagerDuty's list, with the user as a whole (`include[]=users`).
pub(crate) fn pagerduty_entry(
    schedule: Option<&str>,
    level: u32,
    email: &str,
    from: Timestamp,
    to: Timestamp,
) -> Value {
    json!({
        "escalation_policy": {
            "id": "PT20YPA", "type": "escalation_policy_reference", "summary": "Payments",
            "self": "https://api.pagerduty.com/escalation_policies/PT20YPA",
        },
        "escalation_level": level,
        "schedule": schedule.map(|id| json!({
            "id": id, "type": "schedule_reference", "summary": "Payments, daily",
            "self": format!("https://api.pagerduty.com/schedules/{id}"),
        })),
        "user": {
            "id": "PT23IWX", "type": "user", "summary": email, "name": email, "email": email,
            "time_zone": "Europe/Lisbon", "role": "limited_user", "contact_methods": [],
        },
        "start": from.rfc3339(),
        "end": to.rfc3339(),
    })
}

pub(crate) fn pagerduty_page(entries: &[Value], more: bool) -> Value {
    json!({ "oncalls": entries, "limit": 100, "offset": 0, "more": more, "total": null })
}

fn opsgenie(recipients: &[&str]) -> Value {
    json!({
        "data": {
            "_parent": { "id": "PI7DH85", "name": "payments", "enabled": true },
            "onCallRecipients": recipients,
        },
        "took": 0.101,
        "requestId": "7d01a6b8-51b9-4bd0-a5d7-000000000000",
    })
}

fn people() -> People {
    let person = |name: &str| Person {
        id: format!("{name}@example.com").parse().unwrap(),
        name: name.to_owned(),
        employment: Employment::Employee,
        department: "IT".to_owned(),
        location: String::new(),
        manager: None,
        groups: BTreeSet::new(),
        active: name != "gone",
        slack: None,
        operator_login: None,
        title: String::new(),
        doubts: None,
    };
    People::new(["ann", "bob", "gone"].map(person), SystemClock::new().wall(), Span::hours(1))
}

async fn found(service: Service, said: Said) -> (Grade, String) {
    let (_desk, server) = Desk::start(said);
    let schedule = schedule(service, &server);
    let mut findings = check(&schedule, Some(&people()), &SystemClock::new()).await;
    let finding = findings.pop().unwrap();
    let words = format!("{}; {}", finding.says, finding.mend.unwrap_or_default());
    assert!(findings.is_empty() && !words.contains(TOKEN), "{words}");
    (finding.grade, words.replace(&server.addr().to_string(), "SERVER"))
}

#[tokio::test]
async fn pagerduty_tells_who_is_on_call_now_by_this_schedule_alone() {
    let now = SystemClock::new().wall();
    let (before, later, after) = (now - Span::hours(3), now + Span::hours(5), now + Span::hours(9));
    let entry = |schedule, level, email, from, to| pagerduty_entry(schedule, level, email, from, to);
    let ours = Some("PI7DH85");
    let ann = entry(ours, 1, "ann@example.com", before, later);
    let others = [
        // The whole escalation policy is no answer: who comes next, whom it reaches directly, and another schedule.
        entry(ours, 1, "next@example.com", later, after),
        entry(ours, 1, "past@example.com", before, now - Span::secs(1)),
        entry(None, 2, "boss@example.com", before, after),
        entry(Some("POTHER1"), 3, "other@example.com", before, after),
        // A second policy uses the same schedule.
        entry(ours, 2, "Ann@example.com", before, later),
    ];
    let page = pagerduty_page(&[vec![ann.clone()], others.to_vec()].concat(), false);
    let (grade, words) = found(Service::PagerDuty, Said::Json(page)).await;
    assert_eq!(grade, Grade::Ok, "{words}");
    assert!(words.contains("ann@example.com") && words.contains("until"), "{words}");
    for nobody in ["next", "past", "boss", "other"] {
        assert!(!words.contains(nobody), "{words}");
    }

    let bob = entry(ours, 1, "bob@example.com", before, after);
    let two = [pagerduty_page(&[ann], true), pagerduty_page(&[bob], false)];
    let (grade, words) = found(Service::PagerDuty, Said::Pages(two.to_vec())).await;
    assert_eq!(grade, Grade::Ok, "{words}");
    assert!(words.contains("ann@example.com and bob@example.com"), "{words}");
}

#[tokio::test]
async fn opsgenie_tells_the_addresses_of_who_is_on_call_now() {
    let (desk, server) = Desk::start(Said::Json(opsgenie(&["ann@example.com", "bob@example.com"])));
    let schedule = schedule(Service::Opsgenie, &server);
    let findings = check(&schedule, Some(&people()), &SystemClock::new()).await;
    assert!(findings[0].says.contains("ann@example.com and bob@example.com"), "{findings:?}");
    let asked = desk.asked.lock().unwrap().clone();
    let path = "GET /v2/schedules/PI7DH85/on-calls?scheduleIdentifierType=id&flat=true";
    assert_eq!(asked, [(path.to_owned(), format!("GenieKey {TOKEN}"))]);
}

#[tokio::test]
async fn pagerduty_is_asked_for_the_schedule_with_its_users() {
    let (desk, server) = Desk::start(Said::Json(pagerduty_page(&[], false)));
    check(&schedule(Service::PagerDuty, &server), None, &SystemClock::new()).await;
    let asked = desk.asked.lock().unwrap().clone();
    let path = "GET /oncalls?schedule_ids%5B%5D=PI7DH85&include%5B%5D=users&limit=100&offset=0";
    assert_eq!(asked, [(path.to_owned(), format!("Token token={TOKEN}"))]);
}

#[tokio::test]
async fn whatever_is_wrong_with_a_schedule_is_told_with_how_to_mend_it() {
    let now = SystemClock::new().wall();
    let gone =
        pagerduty_entry(Some("PI7DH85"), 1, "gone@example.com", now - Span::hours(1), now + Span::hours(1));
    let mut said = String::new();
    for (what, service, answer) in [
        ("nobody on call", Service::PagerDuty, Said::Json(pagerduty_page(&[], false))),
        ("nobody on call", Service::Opsgenie, Said::Json(opsgenie(&[]))),
        ("no list at all", Service::Opsgenie, Said::Json(json!({ "data": {} }))),
        ("a leaver", Service::PagerDuty, Said::Json(pagerduty_page(&[gone], false))),
        ("a stranger", Service::Opsgenie, Said::Json(opsgenie(&["ann@example.com", "zoe@elsewhere.test"]))),
        ("401", Service::PagerDuty, Said::Status(401)),
        ("403", Service::Opsgenie, Said::Status(403)),
        ("404", Service::Opsgenie, Said::Status(404)),
        ("429", Service::PagerDuty, Said::Wait("ratelimit-reset", "30")),
        ("500", Service::PagerDuty, Said::Status(500)),
        ("302", Service::PagerDuty, Said::Status(302)),
        ("no JSON", Service::Opsgenie, Said::Garbage),
        ("another JSON", Service::PagerDuty, Said::Json(json!({ "users": [] }))),
    ] {
        let (grade, words) = found(service, answer).await;
        said.push_str(&format!("{what}: {grade:?}: {words}\n"));
    }
    insta::assert_snapshot!(said);
    for silent in [Said::Nothing, Said::Reset] {
        let (grade, words) = found(Service::PagerDuty, silent).await;
        assert!(grade == Grade::Fail && words.contains("no usable answer"), "{words}");
    }
}
