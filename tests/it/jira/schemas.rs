//! What is sent and what the local Jira answers, held against Atlassian's own schemas where they are at hand. They
//! are not part of this repository: without them, or without Python's `jsonschema`, this is skipped and says so.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jitney::engine::Completion;
use jitney::lifecycle::{Actor, Kind, State};
use jitney::playground::jira::{Exchange, Fault, LocalCall};
use serde_json::json;

use super::room::Room;
use super::samples::{at, entry, every_entry, revoked, story, submitted};

const SCRIPT: &str = include_str!("schemas.py");

#[tokio::test]
async fn calls_and_answers_satisfy_atlassian_s_schemas() {
    let exchanges = exercise().await;
    let kinds: std::collections::BTreeSet<LocalCall> = exchanges.iter().map(|e| e.call).collect();
    assert!(kinds.len() >= 13, "{kinds:?}");
    let Some(specs) = specs() else {
        println!("SKIPPED: no shared/specs beside the repository, so Atlassian's schemas were not consulted");
        return;
    };
    if !python_has_jsonschema() {
        println!("SKIPPED: python3 has no jsonschema, so Atlassian's schemas were not consulted");
        return;
    }
    let lines: Vec<String> = exchanges.iter().map(line).collect();
    let (good, said) = check(&specs, &lines.join("\n"));
    assert!(good, "{said}");
    // The check can fail: a number for an id, a comment that is no document.
    for wrong in [
        json!({"call": "Transition", "body": {"transition": {"id": 31}}, "status": 204, "answer": null}),
        json!({"call": "AddComment", "body": {"body": "text"}, "status": 400, "answer": null}),
    ] {
        let (good, said) = check(&specs, &wrong.to_string());
        assert!(!good, "{wrong} passed: {said}");
    }
}

/// Every kind of call, with every entry and every kind of request.
async fn exercise() -> Vec<Exchange> {
    let room = Room::new(every_entry()).await;
    room.jira.fail_next_call(LocalCall::MakeIssue, 1, Fault::DropAfterApply);
    room.tell().await;
    let mut exchanges = room.jira.exchanges();
    let glass = Room::new(vec![entry(1, Actor::Jitney, submitted("{code} \u{202e}<b>"))]).await;
    glass.book.edit(|dossier| {
        dossier.request.kind = Kind::BreakGlass;
        dossier.request.review_due_at = Some(at(1440));
        dossier.request.ask.starts_at = Some(at(5));
    });
    let refused = Room::with(story(1), |_| {}, |edge| edge.issue_type = "Epic".to_owned()).await;
    assert!(matches!(refused.try_once(0).await, Completion::Later { .. }));
    exchanges.extend(refused.jira.exchanges());
    glass.tell().await;
    glass.book.set(State::Active { warned: false }, story(5));
    glass.tell().await;
    // A double to delete, then the end.
    glass.repeat(LocalCall::AddComment).await;
    glass.book.set(revoked(), story(8));
    glass.tell_from(1).await;
    exchanges.extend(glass.jira.exchanges());
    let checked = Room::new(Vec::new()).await;
    jitney::jira::check(&checked.edge, checked.clock.as_ref()).await;
    exchanges.extend(checked.jira.exchanges());
    exchanges
}

fn line(exchange: &Exchange) -> String {
    let Exchange { call, path: _, body, status, answer } = exchange;
    json!({ "call": format!("{call:?}"), "body": body, "status": status, "answer": answer }).to_string()
}

fn specs() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let specs = here.ancestors().skip(1).map(|folder| folder.join("shared/specs"));
    specs.into_iter().find(|folder| folder.join("adf.schema.json").exists())
}

fn python_has_jsonschema() -> bool {
    let python = Command::new("python3").args(["-c", "import jsonschema"]).stderr(Stdio::null()).status();
    python.is_ok_and(|status| status.success())
}

fn check(specs: &Path, lines: &str) -> (bool, String) {
    let mut python = Command::new("python3")
        .args(["-W", "ignore", "-c", SCRIPT])
        .arg(specs)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}
