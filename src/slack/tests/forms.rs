//! The command and the forms that it opens.

use serde_json::{Value, json};

use super::stage::{R1042, Stage, active, answers, typed};
use crate::engine::Verb;
use crate::engine::scripted::Script;
use crate::ids::PersonId;
use crate::lifecycle::{Answer, Refusal};
use crate::policy::{Reason, ReasonCode};
use crate::time::Span;

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
