//! The edge end to end, between a little Slack on the loopback and an engine that follows a script.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::envelope::{self, Frame, Input};
use super::fake::{Call, FakeLink, FakeSlack};
use super::socket::{self, Ack, LinkHealth, Listener};
use super::web::Web;
use super::{Poster, SlackEdge};
use crate::engine::scripted::{Script, start};
use crate::engine::{Completion, Dossier, EngineHandle, Owed, SlackMessage, Verb};
use crate::ids::{PersonId, RequestId, SlackUserId};
use crate::lifecycle::{
    Answer, Effect, Kind, Refusal, Request, Requester, State, Step, StepTerms, Terms, View,
};
use crate::policy::{
    Ask, Digest, Employment, Layer, People, Person, PolicySet, Reason, ReasonCode, Risk, Tier,
};
use crate::time::{Span, Timestamp};

const R1042: RequestId = RequestId::from_number(1042);
const NOW: Timestamp = Timestamp::from_millis(1_795_341_600_000);

// ---- the socket ----

/// Says what each input's text tells it to.
struct Parrot {
    held: Mutex<Vec<Ack>>,
    heard: mpsc::UnboundedSender<String>,
}

#[async_trait]
impl Listener for Parrot {
    async fn hear(&self, _id: &str, input: Result<Input, String>, ack: Ack) {
        let Ok(Input::Slash { text, .. }) = input else { return };
        match text.as_str() {
            "panic" => panic!("as a test wants it"),
            "hold" => self.held.lock().unwrap().push(ack),
            other => assert!(ack.with(json!({"text": other}))),
        }
        let _ = self.heard.send(text);
    }
}

struct Linked {
    slack: FakeSlack,
    health: watch::Receiver<LinkHealth>,
    stop: watch::Sender<bool>,
    parrot: Arc<Parrot>,
    heard: mpsc::UnboundedReceiver<String>,
    running: tokio::task::JoinHandle<()>,
}

async fn linked(slack: FakeSlack) -> Linked {
    let (said, heard) = mpsc::unbounded_channel();
    let parrot = Arc::new(Parrot { held: Mutex::default(), heard: said });
    let web = Arc::new(Web::new(&slack.settings()).unwrap());
    let (health, seen) = watch::channel(LinkHealth::default());
    let (stop, stopped) = watch::channel(false);
    let listener: Arc<dyn Listener> = Arc::clone(&parrot) as Arc<dyn Listener>;
    let running = tokio::spawn(socket::run(web, listener, health, stopped));
    Linked { slack, health: seen, stop, parrot, heard, running }
}

fn typed(id: &str, text: &str) -> Value {
    json!({"envelope_id": id, "type": "slash_commands", "accepts_response_payload": true, "payload": {
        "user_id": "U0ANN", "team_id": "T0OURS", "command": "/jit", "text": text, "trigger_id": "1.2.a",
    }})
}

async fn says(link: &mut FakeLink, id: &str, text: &str) {
    link.send(typed(id, text)).await;
    let ack = json!({"envelope_id": id, "payload": {"text": text}});
    assert_eq!(link.receive().await, Some(ack));
}

#[tokio::test]
async fn an_envelope_is_acknowledged_with_what_its_listener_says() {
    let mut linked = linked(FakeSlack::start().await).await;
    let mut first = linked.slack.link().await;
    let mut second = linked.slack.link().await;
    linked.health.wait_for(|health| health.live == 2).await.unwrap();
    says(&mut first, "e1", "one").await;
    says(&mut second, "e2", "two").await;
}

#[tokio::test]
async fn frames_that_can_not_be_read_do_not_stop_a_link() {
    let mut linked = linked(FakeSlack::start().await).await;
    let mut link = linked.slack.link().await;
    link.send_raw(Message::text("not JSON")).await;
    link.send_raw(Message::text("[1]")).await;
    link.send_raw(Message::binary(vec![0, 159, 146, 150])).await;
    link.send(json!({"type": "something_new"})).await;
    link.send(json!({"envelope_id": "e1", "type": "interactive", "payload": {"type": "odd"}})).await;
    assert_eq!(link.receive().await, Some(json!({"envelope_id": "e1"})));
    says(&mut link, "e2", "still there").await;
}

#[tokio::test]
async fn a_panic_costs_one_answer_and_no_link() {
    let mut linked = linked(FakeSlack::start().await).await;
    let mut link = linked.slack.link().await;
    link.send(typed("e1", "panic")).await;
    assert_eq!(link.receive().await, Some(json!({"envelope_id": "e1"})));
    says(&mut link, "e2", "still there").await;
}

#[tokio::test]
async fn a_slow_listener_is_acknowledged_bare_after_two_seconds_and_others_at_once() {
    let mut linked = linked(FakeSlack::start().await).await;
    let mut link = linked.slack.link().await;
    let begun = Instant::now();
    link.send(typed("e1", "hold")).await;
    says(&mut link, "e2", "fast").await;
    assert!(begun.elapsed().as_millis() < 1500, "a fast one waited for a slow one");
    assert_eq!(link.receive().await, Some(json!({"envelope_id": "e1"})));
    assert!((1900..2900).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    let held = linked.parrot.held.lock().unwrap().pop().unwrap();
    assert!(!held.with(json!({"text": "too late"})), "the listener must know that it came too late");
}

#[tokio::test]
async fn an_announced_end_opens_a_successor_while_the_old_link_still_serves() {
    let mut linked = linked(FakeSlack::start().await).await;
    let mut old = linked.slack.link().await;
    let _other = linked.slack.link().await;
    // Without debug_info, as Slack has been seen to send it.
    old.send(json!({"type": "disconnect", "reason": "warning"})).await;
    let mut successor = linked.slack.link().await;
    says(&mut old, "e1", "on the old link").await;
    says(&mut successor, "e2", "on its successor").await;
    drop(old);
    linked.health.wait_for(|health| health.live == 2).await.unwrap();
    says(&mut successor, "e3", "still").await;
}

#[tokio::test]
async fn a_server_that_accepts_and_closes_is_not_called_in_a_hot_loop() {
    let mut slack = FakeSlack::start().await;
    let begun = {
        let linked = linked(slack).await;
        slack = linked.slack;
        let begun = Instant::now();
        // Three links of each of the two slots: at least 125 ms and 250 ms lie between those of one slot.
        for _ in 0..6 {
            drop(slack.silent_link().await);
        }
        let _ = linked.stop.send(true);
        begun
    };
    assert!(begun.elapsed().as_millis() >= 375, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_refused_token_is_seen_in_the_health() {
    let slack = FakeSlack::start().await;
    slack.answer(|_| Some((200, None, json!({"ok": false, "error": "invalid_auth"}))));
    let mut linked = linked(slack).await;
    let health = linked.health.wait_for(|health| health.refused.is_some()).await.unwrap();
    assert!(health.refused.as_deref().unwrap().starts_with("invalid_auth: make a new app-level token"));
}

#[tokio::test]
async fn at_the_end_what_is_in_flight_is_acknowledged_before_the_link_closes() {
    let mut linked = linked(FakeSlack::start().await).await;
    let mut link = linked.slack.link().await;
    link.send(typed("e1", "hold")).await;
    assert_eq!(linked.heard.recv().await.as_deref(), Some("hold"));
    linked.stop.send(true).unwrap();
    let held = linked.parrot.held.lock().unwrap().pop().unwrap();
    assert!(held.with(json!({"text": "done"})));
    assert_eq!(link.receive().await, Some(json!({"envelope_id": "e1", "payload": {"text": "done"}})));
    assert_eq!(link.receive().await, None);
    linked.running.await.unwrap();
}

// ---- people and the engine ----

fn people() -> People {
    let person = |name: &str, account: &str, active| Person {
        id: PersonId::new(&format!("{name}@example.com")).unwrap(),
        name: name.to_owned(),
        employment: Employment::Employee,
        department: String::new(),
        location: String::new(),
        manager: None,
        groups: BTreeSet::new(),
        active,
        slack: Some(SlackUserId::new(account).unwrap()),
        operator_login: None,
    };
    let all = [person("Ann", "U0ANN", true), person("Bob", "U0BOB", true), person("Gone", "U0GONE", false)];
    People::new(all, NOW, Span::hours(1))
}

fn dossier(state: State) -> Dossier {
    let tier = Tier {
        id: "manager".parse().unwrap(),
        name: "Manager".to_owned(),
        auto_under: None,
        stages: vec![],
        lapse_after: Span::hours(8),
        provision_within: Span::mins(15),
        warn_before: Span::mins(15),
        break_glass: None,
        place: String::new(),
    };
    let step = StepTerms {
        target: "billing-pg".parse().unwrap(),
        params: Value::Null,
        key: "jit-r1042".parse().unwrap(),
        shared: false,
        label: "a login".to_owned(),
        issues_credential: true,
        login: Some("jit-r1042".to_owned()),
        used_at: None,
        readable: true,
        cannot_end: vec![],
    };
    let terms = Terms {
        app_name: "Billing database".to_owned(),
        role_name: "Read only".to_owned(),
        gives: String::new(),
        risk: Risk::Low,
        layer: Layer::Application,
        owners: vec![],
        max_duration: Span::hours(8),
        max_total: Span::hours(24),
        revoke_target: Span::secs(60),
        tier,
        steps: vec![step],
        lockdown_family: vec![],
    };
    let ask = Ask {
        role: "billing/read".parse().unwrap(),
        duration: Span::hours(2),
        starts_at: None,
        justification: "Replica lag alarm".to_owned(),
        ticket: None,
        fields: BTreeMap::new(),
    };
    let request = Request {
        id: R1042,
        kind: Kind::New,
        requester: Requester::from(people().get(&PersonId::new("ann@example.com").unwrap()).unwrap()),
        terms,
        ask,
        submitted_at: NOW,
        policy: Digest::default(),
        votes: vec![],
        state,
        steps: vec![Step::default()],
        times: None,
        credential: None,
        review_due_at: None,
        views: Default::default(),
        next_effect: 1,
        next_entry: 1,
    };
    Dossier {
        request,
        revision: 3,
        entries: vec![],
        issue: None,
        issue_status: None,
        comments: BTreeMap::new(),
        messages: BTreeMap::new(),
    }
}

fn active() -> Dossier {
    dossier(State::Active { warned: false })
}

/// The edge, between the fake Slack and the scripted engine.
struct Stage {
    slack: FakeSlack,
    edge: SlackEdge,
    engine: EngineHandle,
    script: Arc<Mutex<Script>>,
}

impl Stage {
    async fn set(script: Script) -> Self {
        let slack = FakeSlack::start().await;
        let (engine, script) = start(PolicySet::default(), people(), NOW, script);
        let edge = SlackEdge::new(slack.settings(), engine.clone()).unwrap();
        Self { slack, edge, engine, script }
    }

    /// Hears one envelope to its end; what it was acknowledged with.
    async fn hears(&self, envelope: Value) -> Option<Value> {
        let Ok(Frame::Envelope(envelope)) = envelope::parse(&envelope.to_string()) else {
            panic!("no envelope")
        };
        let (ack, answered): (Ack, oneshot::Receiver<Option<Value>>) = Ack::new(envelope.takes_payload);
        self.edge.ears.hear(&envelope.id, envelope.input, ack).await;
        answered.await.unwrap_or(None)
    }

    fn verbs(&self) -> Vec<Verb> {
        self.script.lock().unwrap().verbs()
    }

    fn calls(&mut self) -> Vec<Call> {
        std::iter::from_fn(|| self.slack.called()).collect()
    }

    fn click(&self, user: &str, action: &str) -> Value {
        json!({"envelope_id": "e1", "type": "interactive", "accepts_response_payload": false, "payload": {
            "type": "block_actions",
            "team": {"id": "T0OURS"},
            "user": {"id": user, "team_id": "T0OURS"},
            "trigger_id": "1.2.a",
            "response_url": format!("{}/respond", self.slack.url),
            "container": {"type": "message", "channel_id": "C0ACCESS"},
            "message": {"ts": "2.0", "thread_ts": "1.0"},
            "actions": [{"type": "button", "action_id": action, "value": "R1042"}],
        }})
    }
}

fn answers(answers: impl IntoIterator<Item = Answer>) -> Script {
    Script { answers: answers.into_iter().collect(), ..Script::default() }
}

#[tokio::test]
async fn a_click_is_committed_by_its_envelope_and_answered_where_it_was_made() {
    let mut stage = Stage::set(answers([Answer::Granting { request: R1042 }])).await;
    assert_eq!(stage.hears(stage.click("U0BOB", "jit_approve")).await, None);
    {
        let script = stage.script.lock().unwrap();
        assert_eq!(script.heard[0].key.as_ref().map(|key| key.as_str()), Some("e1"));
        assert_eq!(script.heard[0].by.person().map(PersonId::as_str), Some("bob@example.com"));
        assert_eq!(script.heard[0].verb, Verb::Approve { request: R1042 });
    }
    let said = stage.slack.call().await;
    assert_eq!(said.method, "respond");
    assert_eq!(said.body["response_type"], "ephemeral");
    assert_eq!(said.body["thread_ts"], "1.0");
    assert_eq!(said.body["text"], "R1042 is approved in full. The access is being granted.");
}

#[tokio::test]
async fn an_answer_takes_another_way_when_its_address_is_used_up() {
    let mut stage = Stage::set(answers([Answer::Noted])).await;
    stage.slack.answer(|method| (method == "respond").then(|| (404, None, json!("used_url"))));
    stage.hears(stage.click("U0BOB", "jit_approve")).await;
    let methods: Vec<String> = stage.calls().into_iter().map(|call| call.method).collect();
    assert_eq!(methods, ["respond", "chat.postEphemeral"]);
}

#[tokio::test]
async fn who_is_not_known_changes_nothing_and_hears_why() {
    for (user, team, words) in [
        ("U0NOBODY", "T0OURS", "The directory has nobody with your Slack account"),
        ("U0GONE", "T0OURS", "The directory says that you have left"),
        ("U0BOB", "T0OTHER", "I answer to people of my own workspace only"),
        ("USLACKBOT", "T0OURS", "I answer to people only"),
    ] {
        let mut stage = Stage::set(Script::default()).await;
        let mut click = stage.click(user, "jit_approve");
        click["payload"]["user"]["team_id"] = json!(team);
        stage.hears(click).await;
        assert_eq!(stage.verbs(), []);
        let said = stage.slack.call().await;
        assert!(said.body["text"].as_str().unwrap().starts_with(words), "{said:?}");
    }
}

#[tokio::test]
async fn a_button_of_another_version_is_answered() {
    let mut stage = Stage::set(Script::default()).await;
    stage.hears(stage.click("U0BOB", "jit_teleport")).await;
    assert_eq!(stage.verbs(), []);
    assert!(stage.slack.call().await.body["text"].as_str().unwrap().contains("do not know this button"));
}

#[tokio::test]
async fn the_command_opens_the_form_and_grants_nothing() {
    let mut stage = Stage::set(Script::default()).await;
    assert_eq!(stage.hears(typed("e1", "request for 2h because the replica lags")).await, None);
    assert_eq!(stage.verbs(), []);
    let opened = stage.slack.call().await;
    assert_eq!(opened.method, "views.open");
    assert_eq!(opened.body["trigger_id"], "1.2.a");
    let form = opened.body["view"].to_string();
    assert!(form.contains("the replica lags") && form.contains("2 hours"), "{form}");
}

#[tokio::test]
async fn a_form_that_does_not_open_is_told() {
    let stage = Stage::set(Script::default()).await;
    stage.slack.answer(|_| Some((200, None, json!({"ok": false, "error": "expired_trigger_id"}))));
    let said = stage.hears(typed("e1", "")).await.unwrap();
    assert_eq!(said["text"], "Slack did not open the form in time. Nothing was changed; try again.");
}

fn sent(callback: &str, metadata: &str, values: Value) -> Value {
    json!({"envelope_id": "e1", "type": "interactive", "accepts_response_payload": true, "payload": {
        "type": "view_submission",
        "team": null,
        "user": {"id": "U0ANN", "team_id": "T0OURS"},
        "view": {"id": "V1", "callback_id": callback, "private_metadata": metadata, "state": {"values": values}},
    }})
}

#[tokio::test]
async fn each_reason_of_a_refusal_stands_at_its_field() {
    let reason = |code, saw: &str| Reason {
        code,
        rule: "billing/read".to_owned(),
        saw: saw.to_owned(),
        wants: "less".to_owned(),
    };
    let reasons = vec![
        reason(ReasonCode::OverMaximum, "9h"),
        reason(ReasonCode::Conflict, "payments/approver"),
        reason(ReasonCode::Ticket, "no ticket"),
    ];
    let stage = Stage::set(answers([Answer::Refused(Refusal::Rules(reasons))])).await;
    let form = sent(
        "jit_request_form",
        "",
        json!({
            "role": {"jit_role": {"type": "external_select", "selected_option": {"value": "billing/read"}}},
            "duration:billing/read": {"duration": {"selected_option": {"value": "2h"}}},
            "why": {"why": {"value": "Replica lag alarm"}},
            "starts": {"starts": {"selected_date_time": null}},
        }),
    );
    let payload = stage.hears(form).await.unwrap();
    assert_eq!(payload["response_action"], "errors");
    assert_eq!(
        payload["errors"],
        json!({
            "duration:billing/read": "9h; it needs: less (billing/read)",
            // There is no field for a ticket in this form.
            "role": "payments/approver; it needs: less (billing/read)\nno ticket; it needs: less (billing/read)",
        })
    );
}

#[tokio::test]
async fn a_sent_form_is_committed_and_says_what_came_of_it() {
    let asked = vec![PersonId::new("bob@example.com").unwrap()];
    let stage = Stage::set(answers([Answer::Submitted { request: R1042, asked }])).await;
    let form = sent(
        "jit_extend_form",
        "R1042",
        json!({
            "duration": {"duration": {"selected_option": {"value": "1h"}}},
            "why": {"why": {"value": " The import still runs "}},
        }),
    );
    let payload = stage.hears(form).await.unwrap();
    assert_eq!(payload["response_action"], "update");
    assert!(
        payload["view"]["blocks"][0]["text"]["text"].as_str().unwrap().contains("<@U0BOB> can approve it")
    );
    let justification = "The import still runs".to_owned();
    assert_eq!(stage.verbs(), [Verb::Extend { parent: R1042, duration: Span::hours(1), justification }]);
}

#[tokio::test]
async fn a_denial_asks_for_its_reason() {
    let script = Script { dossier: Some(active()), ..Script::default() };
    let mut stage = Stage::set(script).await;
    stage.hears(stage.click("U0BOB", "jit_deny")).await;
    let said = stage.slack.call().await;
    assert_eq!(said.method, "respond", "an active grant can't be denied any more");

    let form = sent("jit_deny_form", "R1042", json!({"reason": {"reason": {"value": "Use the dashboards"}}}));
    stage.script.lock().unwrap().answers.push_back(Answer::Refused(Refusal::NotYours { request: R1042 }));
    let payload = stage.hears(form).await.unwrap();
    assert_eq!(payload["errors"], json!({"reason": "Only the requester of R1042 may do that."}));
}

#[tokio::test]
async fn a_stopped_engine_is_told_and_nothing_is_lost_quietly() {
    let mut stage = Stage::set(Script::default()).await;
    stage.hears(stage.click("U0BOB", "jit_approve")).await;
    assert!(stage.slack.call().await.body["text"].as_str().unwrap().contains("Nothing was changed"));
}

// ---- the credential ----

fn revealing() -> Script {
    Script {
        dossier: Some(active()),
        credential: Some("s3cret-<&>".to_owned()),
        ..answers([Answer::Reveal { request: R1042 }, Answer::Noted])
    }
}

#[tokio::test]
async fn a_credential_is_marked_then_shown_then_settled() {
    let mut stage = Stage::set(revealing()).await;
    stage.hears(stage.click("U0ANN", "jit_reveal")).await;
    let opened = stage.slack.call().await;
    assert_eq!(opened.method, "views.open");
    let block = &opened.body["view"]["blocks"][2];
    assert_eq!(block["text"], json!({"type": "plain_text", "text": "s3cret-<&>", "emoji": false}));
    assert_eq!(stage.verbs(), [Verb::Reveal { request: R1042 }, Verb::RevealShown { request: R1042 }]);
    assert_eq!(stage.calls(), [], "nothing else is said");
    stage.hears(stage.click("U0ANN", "jit_reveal")).await;
    assert_eq!(stage.calls(), [], "a second delivery shows nothing");
}

#[tokio::test]
async fn a_definite_refusal_takes_the_mark_back_and_an_unknown_outcome_does_not() {
    for (answer, second, words) in [
        (
            (200, None, json!({"ok": false, "error": "expired_trigger_id"})),
            Some(Verb::RevealRefused { request: R1042 }),
            "Slack refused to show",
        ),
        (
            (429, Some(1), json!({"ok": false, "error": "ratelimited"})),
            Some(Verb::RevealRefused { request: R1042 }),
            "Slack refused to show",
        ),
        ((500, None, json!({})), None, "Slack did not say whether"),
        ((200, None, json!("<html>")), None, "Slack did not say whether"),
    ] {
        let mut stage = Stage::set(revealing()).await;
        stage.slack.answer(move |method| (method == "views.open").then(|| answer.clone()));
        stage.hears(stage.click("U0ANN", "jit_reveal")).await;
        let mut verbs = vec![Verb::Reveal { request: R1042 }];
        verbs.extend(second);
        assert_eq!(stage.verbs(), verbs);
        stage.slack.call().await;
        let said = stage.slack.call().await.body["text"].to_string();
        assert!(said.contains(words) && !said.contains("s3cret"), "{said}");
    }
}

#[tokio::test]
async fn a_credential_seen_before_offers_to_end_the_access() {
    let script =
        Script { dossier: Some(active()), ..answers([Answer::AlreadyRevealed { request: R1042, at: NOW }]) };
    let mut stage = Stage::set(script).await;
    stage.hears(stage.click("U0ANN", "jit_reveal")).await;
    let said = stage.slack.call().await;
    assert!(said.body["text"].as_str().unwrap().contains("If it was not you"));
    assert_eq!(said.body["blocks"][1]["elements"][0]["action_id"], "jit_release");
}

// ---- messages ----

fn owed(view: View, attempts: u32) -> Owed {
    Owed { row: 7, request: R1042, effect: Effect::Show(view), attempts }
}

async fn show(stage: &Stage, poster: &Poster, view: View, attempts: u32) -> Completion {
    poster.show(&owed(view, attempts), &stage.engine).await
}

fn shown(completion: Completion) -> SlackMessage {
    match completion {
        Completion::Shown { message: Some(message), revision: 3, row: 7, .. } => message,
        other => panic!("{other:?}"),
    }
}

fn store(stage: &Stage, view: View, message: SlackMessage) {
    let mut script = stage.script.lock().unwrap();
    script.dossier.as_mut().unwrap().messages.insert(view, message);
}

async fn theatre() -> (Stage, Poster) {
    let stage = Stage::set(Script { dossier: Some(active()), ..Script::default() }).await;
    let poster = stage.edge.poster();
    (stage, poster)
}

#[tokio::test]
async fn a_message_is_posted_once_left_alone_and_updated_when_it_changed() {
    let (mut stage, poster) = theatre().await;
    let message = shown(show(&stage, &poster, View::Card, 0).await);
    let posted = stage.slack.call().await;
    assert_eq!(posted.method, "chat.postMessage");
    assert_eq!(posted.body["channel"], "C0ACCESS");
    assert_eq!(
        posted.body["metadata"],
        json!({"event_type": "jitney_view", "event_payload": {"id": "R1042:card"}})
    );
    store(&stage, View::Card, message.clone());
    assert_eq!(shown(show(&stage, &poster, View::Card, 0).await), message);
    assert_eq!(stage.calls(), [], "nothing new is to be said");

    stage.script.lock().unwrap().dossier.as_mut().unwrap().request.state = State::Granting;
    let changed = shown(show(&stage, &poster, View::Card, 0).await);
    let updated = stage.slack.call().await;
    assert_eq!((updated.method.as_str(), &updated.body["ts"]), ("chat.update", &json!(message.ts)));
    assert_ne!(changed.digest, message.digest);
}

#[tokio::test]
async fn a_deleted_message_is_posted_anew() {
    let (mut stage, poster) = theatre().await;
    let lost = SlackMessage { channel: "C0ACCESS".to_owned(), ts: "1.0".to_owned(), digest: String::new() };
    store(&stage, View::Card, lost);
    stage.slack.answer(|method| {
        (method == "chat.update").then(|| (200, None, json!({"ok": false, "error": "message_not_found"})))
    });
    assert_eq!(shown(show(&stage, &poster, View::Card, 0).await).ts, "1795341600.000200");
    let methods: Vec<String> = stage.calls().into_iter().map(|call| call.method).collect();
    assert_eq!(methods, ["chat.update", "chat.postMessage"]);
}

#[tokio::test]
async fn a_posting_without_an_answer_is_looked_for_before_it_is_repeated() {
    let (mut stage, poster) = theatre().await;
    stage.slack.answer(|method| {
        let metadata = |id: &str| json!({"event_type": "jitney_view", "event_payload": {"id": id}});
        (method == "conversations.history").then(|| {
            let messages = json!([
                {"ts": "8.0", "metadata": metadata("R1042:log")},
                {"ts": "9.0", "metadata": metadata("R1042:card")},
            ]);
            (200, None, json!({"ok": true, "messages": messages}))
        })
    });
    assert_eq!(shown(show(&stage, &poster, View::Card, 1).await).ts, "9.0");
    let calls = stage.calls();
    assert!(calls[0].body.as_str().unwrap().contains("include_all_metadata=true"));
    assert_eq!(calls[1].method, "chat.update");
    assert_eq!(calls.len(), 2);
}

#[tokio::test]
async fn what_slack_does_not_take_now_is_tried_later_and_never_lost() {
    for (answer, after, words) in [
        ((429, Some(7), json!({"ok": false, "error": "ratelimited"})), Some(Span::secs(7)), "slow down"),
        ((503, None, json!({})), None, "status 503"),
        ((200, None, json!({"ok": false, "error": "not_in_channel"})), Some(Span::mins(1)), "not_in_channel"),
    ] {
        let (stage, poster) = theatre().await;
        stage.slack.answer(move |_| Some(answer.clone()));
        match show(&stage, &poster, View::Card, 0).await {
            Completion::Later { row: 7, error, after: asked } => {
                assert!(error.contains(words), "{error}");
                assert_eq!(asked, after);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_stands_in_the_thread_waits_for_its_card() {
    let (stage, poster) = theatre().await;
    stage.script.lock().unwrap().dossier.as_mut().unwrap().entries.push(crate::lifecycle::Entry {
        id: "R1042-1".parse().unwrap(),
        at: NOW,
        by: crate::lifecycle::Actor::Jitney,
        what: crate::lifecycle::What::Lapsed,
    });
    assert!(matches!(show(&stage, &poster, View::Log, 0).await, Completion::Later { .. }));
    let card = SlackMessage { channel: "C0ACCESS".to_owned(), ts: "5.0".to_owned(), digest: String::new() };
    store(&stage, View::Card, card);
    let mut stage = stage;
    shown(show(&stage, &poster, View::Log, 0).await);
    assert_eq!(stage.slack.call().await.body["thread_ts"], "5.0");
}

#[tokio::test]
async fn nothing_to_say_is_settled_as_nothing() {
    let (mut stage, poster) = theatre().await;
    let done = show(&stage, &poster, View::Security, 0).await;
    assert!(matches!(done, Completion::Shown { message: None, .. }), "{done:?}");
    assert_eq!(stage.calls(), []);
}
