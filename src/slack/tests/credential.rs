//! The credential is shown once, and when it was is known.

use serde_json::json;

use super::stage::{NOW, R1042, Stage, active, answers};
use crate::engine::Verb;
use crate::engine::scripted::Script;
use crate::lifecycle::Answer;

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
