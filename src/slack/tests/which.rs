//! Commands without an id: with one grant it is meant; with several, one is chosen.

use serde_json::{Value, json};

use super::stage::{R1042, Stage, active, typed};
use crate::engine::Verb;
use crate::engine::scripted::Script;
use crate::ids::RequestId;
use crate::lifecycle::{Answer, Request};

fn grants(count: u64) -> Vec<Request> {
    let numbered = |n| {
        let mut grant = active().request;
        grant.id = RequestId::from_number(1042 + n);
        grant.terms.owners = vec!["bob@example.com".parse().unwrap()];
        grant
    };
    (0..count).map(numbered).collect()
}

async fn stage(count: u64) -> Stage {
    let answers = [Answer::Ending { request: R1042 }].into();
    let dossier = Some(active());
    Stage::set(Script { requests: grants(count), dossier, answers, ..Script::default() }).await
}

/// What is read, and which buttons stand there.
fn seen(said: &Value) -> (String, Vec<String>) {
    let blocks = said["blocks"].as_array().unwrap();
    let buttons = blocks.iter().filter_map(|block| block.pointer("/accessory"));
    let buttons = buttons.map(|button| {
        format!("{} {}", button["action_id"].as_str().unwrap(), button["value"].as_str().unwrap())
    });
    (said["blocks"][0]["text"]["text"].as_str().unwrap().to_owned(), buttons.collect())
}

#[tokio::test]
async fn the_only_grant_is_meant() {
    let stage_of_one = stage(1).await;
    let said = stage_of_one.hears(typed("e1", "release")).await.unwrap();
    assert_eq!(stage_of_one.verbs(), [Verb::Release { request: R1042 }]);
    assert!(said["text"].as_str().unwrap().contains("R1042 is ending"), "{said}");

    let mut stage_of_one = stage(1).await;
    assert_eq!(stage_of_one.hears(typed("e1", "extend for 1h because the import still runs")).await, None);
    let opened = stage_of_one.slack.call().await;
    assert_eq!(opened.body["view"]["private_metadata"], "R1042");
    assert!(opened.body["view"].to_string().contains("the import still runs"));

    let said = stage(1).await.hears(typed("e1", "status")).await.unwrap();
    assert!(said["text"].as_str().unwrap().contains("R1042"), "{said}");
}

#[tokio::test]
async fn of_several_one_is_chosen_by_its_button() {
    for (line, action) in [("release", "jit_release"), ("extend", "jit_extend"), ("status", "jit_release")] {
        let stage = stage(2).await;
        let (head, buttons) = seen(&stage.hears(typed("e1", line)).await.unwrap());
        assert_eq!(buttons, [format!("{action} R1042"), format!("{action} R1043")], "{line}: {head}");
        assert_eq!(stage.verbs(), [], "{line}");
    }
    let mut line = typed("e1", "revoke");
    line["payload"]["user_id"] = json!("U0BOB");
    let (head, buttons) = seen(&stage(30).await.hears(line).await.unwrap());
    assert_eq!((head.as_str(), buttons.len()), ("30 fit: which one?", 20));
    assert_eq!(buttons[0], "jit_revoke R1042");
}

#[tokio::test]
async fn where_there_is_none_that_is_said() {
    for (line, says) in [
        ("release", "You have no active access"),
        ("extend", "You have no active access"),
        ("status", "None of your requests is open"),
        ("revoke", "Nobody has access that you may take"),
        ("list", "You have asked for nothing so far"),
    ] {
        let stage = stage(0).await;
        let said = stage.hears(typed("e1", line)).await.unwrap();
        assert!(said["text"].as_str().unwrap().starts_with(says), "{line}: {said}");
        assert_eq!(stage.verbs(), [], "{line}");
    }
    // Who may take nothing of what others have hears the same.
    let said = stage(3).await.hears(typed("e1", "revoke")).await.unwrap();
    assert!(said["text"].as_str().unwrap().starts_with("Nobody has access that you may take"), "{said}");
}
