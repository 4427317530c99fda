//! Buttons: what is committed, and what the person hears.

use serde_json::json;

use super::stage::{R1042, Stage, answers};
use crate::engine::Verb;
use crate::engine::scripted::Script;
use crate::ids::PersonId;
use crate::lifecycle::Answer;

#[tokio::test]
async fn a_click_is_committed_by_its_envelope_and_answered_where_it_was_made() {
    let mut stage = Stage::set(answers([Answer::Granting { request: R1042, shortened: None }])).await;
    assert_eq!(stage.hears(stage.click("U0BOB", "jit_approve")).await, None);
    {
        let script = stage.script.lock().unwrap();
        assert_eq!(script.heard[0].key.as_ref().map(|key| key.as_str()), Some("e1"));
        assert_eq!(script.heard[0].by.person().map(PersonId::as_str), Some("bob@example.com"));
        assert_eq!(script.heard[0].verb, Verb::Approve { request: R1042, at_most: None });
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
async fn a_stopped_engine_is_told_and_nothing_is_lost_quietly() {
    let mut stage = Stage::set(Script::default()).await;
    stage.hears(stage.click("U0BOB", "jit_approve")).await;
    assert!(stage.slack.call().await.body["text"].as_str().unwrap().contains("Nothing was changed"));
}
