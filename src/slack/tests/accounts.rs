//! Accounts that the directory does not name.

use serde_json::{Value, json};

use super::stage::{Stage, typed};
use crate::engine::Bound;
use crate::engine::scripted::Script;
use crate::ids::PersonId;

fn user() -> Value {
    json!({"id": "U0NEW", "team_id": "T0OURS", "deleted": false, "is_bot": false, "is_restricted": false,
        "is_ultra_restricted": false, "is_email_confirmed": true, "profile": {"email": "Bob@example.com"}})
}

/// A workspace in which the account U0NEW is told so, and what the engine says to a binding.
async fn stage(on: bool, user: Value, bound: Option<Bound>) -> Stage {
    let mut settings = |s: &mut crate::slack::SlackSettings| s.bind_by_email = on;
    let stage = Stage::set_up(Script { bound, ..Script::default() }, &mut settings).await;
    stage.slack.answer(move |method| {
        (method == "users.info").then(|| (200, None, json!({"ok": true, "user": user.clone()})))
    });
    stage
}

/// What U0NEW hears.
async fn asks(stage: &Stage) -> String {
    let mut line = typed("e1", "list");
    line["payload"]["user_id"] = json!("U0NEW");
    stage.hears(line).await.map_or_else(String::new, |said| said["text"].as_str().unwrap().to_owned())
}

fn looked(stage: &mut Stage) -> usize {
    stage.calls().iter().filter(|call| call.method == "users.info").count()
}

#[tokio::test]
async fn nobody_is_looked_up_unless_the_configuration_says_so() {
    let mut stage = stage(false, user(), None).await;
    assert!(asks(&stage).await.starts_with("The directory has nobody with your Slack account"));
    assert_eq!(looked(&mut stage), 0);
    assert_eq!(stage.script.lock().unwrap().binds, []);
}

#[tokio::test]
async fn what_is_in_the_way_of_a_binding_is_said_and_not_asked_again_at_once() {
    let with = |key: &str, value: Value| {
        let mut user = user();
        user[key] = value;
        user
    };
    for (user, bound, says) in [
        (with("is_restricted", json!(true)), None, "Your Slack account is a guest's"),
        (with("deleted", json!(true)), None, "Slack says that your account is deactivated"),
        (with("is_bot", json!(true)), None, "I answer to people only"),
        (with("is_stranger", json!(true)), None, "I answer to people of my own workspace only"),
        (with("is_email_confirmed", json!(false)), None, "Slack has not confirmed the e-mail address"),
        (with("profile", json!({})), None, "Slack does not tell me an e-mail address"),
        (
            user(),
            Some(Bound::Nobody),
            "The directory has nobody with your Slack account or its e-mail address",
        ),
        (user(), Some(Bound::Left), "The directory says that you have left"),
        (user(), Some(Bound::Pinned), "The directory names another Slack account"),
        (user(), Some(Bound::Taken), "Another Slack account is bound to your e-mail address"),
        (user(), None, "I could not ask Slack just now who you are"),
    ] {
        let mut stage = stage(true, user, bound).await;
        for _ in 0..3 {
            let said = asks(&stage).await;
            assert!(said.starts_with(says), "{said}");
        }
        assert_eq!(looked(&mut stage), 1, "{says}");
        assert_eq!(stage.verbs(), []);
    }
}

#[tokio::test]
async fn without_an_answer_of_slack_nobody_is_heard_and_a_form_is_still_in_time() {
    for (name, answer) in [
        ("status", (500, None, json!({}))),
        ("scope", (200, None, json!({"ok": false, "error": "missing_scope"}))),
        ("pace", (429, Some(30), json!({"ok": false, "error": "ratelimited"}))),
        ("no account", (200, None, json!({"ok": true}))),
    ] {
        let stage = stage(true, user(), Some(Bound::To(PersonId::new("bob@example.com").unwrap()))).await;
        let answer: super::fake::Answer = answer;
        stage.slack.answer(move |method| (method == "users.info").then(|| answer.clone()));
        assert!(asks(&stage).await.starts_with("I could not ask Slack just now"), "{name}");
        assert_eq!(stage.script.lock().unwrap().binds, [], "{name}");
    }
}

#[tokio::test]
async fn the_account_is_bound_by_the_address_that_slack_confirms() {
    let bob = PersonId::new("bob@example.com").unwrap();
    let stage = stage(true, user(), Some(Bound::To(bob.clone()))).await;
    asks(&stage).await;
    let binds = stage.script.lock().unwrap().binds.clone();
    assert_eq!((binds[0].account.as_str(), &binds[0].person), ("U0NEW", &bob));
}

#[tokio::test]
async fn many_strangers_are_asked_about_at_a_pace() {
    let mut stage = stage(true, json!({}), None).await;
    for n in 0..40 {
        let mut line = typed(&format!("e{n}"), "list");
        line["payload"]["user_id"] = json!(format!("U0N{n}"));
        stage.hears(line).await;
    }
    assert_eq!(looked(&mut stage), 20);
}
