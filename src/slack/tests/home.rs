//! The home tab, as the edge keeps it.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::fake::Call;
use super::stage::{R1042, Stage, active, answers};
use crate::engine::scripted::Script;
use crate::engine::{Completion, Owed, Verb};
use crate::lifecycle::{Answer, DmKind, Effect, View};

fn opened(user: &str, tab: &str) -> Value {
    json!({"envelope_id": "e1", "type": "events_api", "accepts_response_payload": false, "payload": {
        "type": "event_callback", "team_id": "T0OURS", "event_id": "Ev1",
        "event": {"type": "app_home_opened", "user": user, "channel": "D0ANN", "tab": tab, "event_ts": "1.0"},
    }})
}

fn keep(stage: &Stage) -> JoinHandle<()> {
    tokio::spawn(Arc::clone(&stage.edge.ears).keep_homes())
}

fn holding() -> Script {
    Script { requests: vec![active().request], dossier: Some(active()), ..Script::default() }
}

fn words(call: &Call) -> String {
    assert_eq!((call.method.as_str(), &call.body["view"]["type"]), ("views.publish", &json!("home")));
    call.body["view"]["blocks"].to_string()
}

/// A press on the home tab: no channel and no address for an answer.
fn press(user: &str, action: &str) -> Value {
    json!({"envelope_id": "e2", "type": "interactive", "accepts_response_payload": false, "payload": {
        "type": "block_actions", "team": {"id": "T0OURS"}, "user": {"id": user, "team_id": "T0OURS"},
        "trigger_id": "1.2.a", "container": {"type": "view", "view_id": "V1"}, "view": {"id": "V1", "type": "home"},
        "actions": [{"type": "button", "action_id": action, "value": "R1042"}],
    }})
}

#[tokio::test]
async fn it_is_drawn_when_it_is_opened_and_again_when_something_changed() {
    let mut stage = Stage::set(holding()).await;
    let keeping = keep(&stage);
    stage.hears(opened("U0ANN", "messages")).await;
    assert_eq!(stage.calls(), [], "the messages tab is not the home tab");
    stage.hears(opened("U0ANN", "home")).await;
    let call = stage.slack.call().await;
    assert_eq!(call.body["user_id"], "U0ANN");
    assert!(words(&call).contains("Billing database · Read only"), "{call:?}");

    let view = View::Dm { kind: DmKind::Active, number: 1 };
    let owed = Owed { row: 1, request: R1042, effect: Effect::Show(view), attempts: 0, call: None };
    let shown = stage.edge.poster().show(&owed, &stage.engine).await;
    assert!(matches!(shown, Completion::Shown { .. }), "{shown:?}");
    let mut methods = Vec::new();
    while methods.last().is_none_or(|method| method != "views.publish") {
        methods.push(stage.slack.call().await.method);
    }
    assert_eq!(methods, ["conversations.open", "chat.postMessage", "views.publish"]);
    keeping.abort();
}

#[tokio::test]
async fn who_is_not_heard_reads_why_and_a_refusal_of_slack_is_no_trouble() {
    let mut stage = Stage::set(holding()).await;
    let keeping = keep(&stage);
    stage.hears(opened("U0NOBODY", "home")).await;
    assert!(words(&stage.slack.call().await).contains("The directory has nobody with your Slack account"));
    stage.slack.answer(|method| {
        (method == "views.publish").then(|| (200, None, json!({"ok": false, "error": "not_enabled"})))
    });
    stage.hears(opened("U0ANN", "home")).await;
    stage.slack.call().await;
    stage.slack.answer(|_| None);
    stage.hears(opened("U0BOB", "home")).await;
    assert_eq!(stage.slack.call().await.body["user_id"], "U0BOB");
    keeping.abort();
}

#[tokio::test]
async fn a_button_on_it_is_answered_by_a_window() {
    let mut stage = Stage::set(answers([Answer::Granting { request: R1042, shortened: None }])).await;
    stage.hears(press("U0BOB", "jit_approve")).await;
    assert_eq!(stage.verbs(), [Verb::Approve { request: R1042, at_most: None }]);
    let said = stage.slack.call().await;
    assert_eq!(said.method, "views.open");
    assert!(said.body["view"].to_string().contains("approved in full"), "{said:?}");

    let mut stage = Stage::set(answers([Answer::Noted])).await;
    stage.slack.answer(|method| {
        (method == "views.open").then(|| (200, None, json!({"ok": false, "error": "expired_trigger_id"})))
    });
    stage.hears(press("U0BOB", "jit_approve")).await;
    let methods: Vec<String> = stage.calls().into_iter().map(|call| call.method).collect();
    assert_eq!(methods, ["views.open", "conversations.open", "chat.postMessage"]);
}

#[tokio::test]
async fn its_first_button_opens_the_catalogue() {
    let mut stage = Stage::set(holding()).await;
    stage.hears(press("U0ANN", "jit_request_new")).await;
    let opened = stage.slack.call().await;
    assert_eq!(
        (opened.method.as_str(), &opened.body["view"]["callback_id"]),
        ("views.open", &json!("jit_request_form"))
    );
}
