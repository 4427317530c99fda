//! The command line, as a person meets it: the binary is run, and what it says is kept.

use std::path::Path;
use std::process::Command;

use jitney::lifecycle::Request;
use jitney::store::Store;
use jitney::time::Timestamp;
use serde_json::json;

use super::folder::{Folder, without_figures};

fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o077 == 0
}

#[test]
fn help_teaches() {
    let folder = Folder::new("help");
    let said: String = [
        &["--help"][..],
        &["init", "--help"],
        &["doctor", "--help"],
        &["policy", "--help"],
        &["policy", "check", "--help"],
        &["request", "--help"],
        &["request", "list", "--help"],
        &["request", "revoke", "--help"],
        &["audit", "--help"],
        &["audit", "verify", "--help"],
        &["audit", "export", "--help"],
        &["completions", "--help"],
    ]
    .iter()
    .map(|arguments| folder.said(arguments) + "\n")
    .collect();
    insta::assert_snapshot!(said);
}

#[test]
fn a_wrong_command_line_is_told_what_was_meant() {
    let folder = Folder::set_up("wrong");
    let said: String = [
        &["reqest"][..],
        &["request", "revoke", "R1042"],
        &["request", "revoke", "../etc", "--reason", "x"],
        &["request", "list", "--state", "activ"],
        &["audit", "verify", "--remember", "1042"],
        &["policy", "check", "--config", "missing.toml"],
    ]
    .iter()
    .map(|arguments| folder.said(arguments) + "\n")
    .collect();
    insta::assert_snapshot!(said);
}

#[test]
fn the_first_steps_lead_somewhere() {
    let folder = Folder::new("first-steps");
    let said = folder.said(&["init"])
        + &folder.said(&["policy", "check"])
        + &folder.said(&["policy", "test"])
        + &folder.said(&["request", "list"])
        + &folder.said(&["request", "revoke", "R1042", "--reason", "laptop stolen"])
        + &folder.said(&["audit", "verify"]);
    insta::assert_snapshot!(said);
    assert!(is_private(&folder.0.join("jitney.key")));
}

#[test]
fn init_never_touches_what_is_there() {
    let folder = Folder::set_up("init-twice");
    let key = std::fs::read_to_string(folder.0.join("jitney.key")).unwrap();
    folder.write("people.toml", "# mine\n");
    let again = folder.said(&["init", "."]);
    assert!(again.contains("kept  people.toml") && again.contains("kept  jitney.key"), "{again}");
    assert_eq!(std::fs::read_to_string(folder.0.join("people.toml")).unwrap(), "# mine\n");
    assert_eq!(std::fs::read_to_string(folder.0.join("jitney.key")).unwrap(), key);
}

#[test]
fn doctor_says_what_is_missing_and_then_that_all_is_well() {
    let folder = Folder::set_up("doctor");
    let passwords = folder.0.join("htpasswd");
    folder.edit("jitney.toml", "/srv/wiki/htpasswd\"", &format!("{}\"", passwords.display()));
    let key = folder.0.join("jitney.key");
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    insta::assert_snapshot!("doctor_says_what_is_missing", without_figures(&folder.said(&["doctor"])));

    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    folder.write("htpasswd", "");
    let tokens = [
        ("JITNEY_SLACK_APP_TOKEN", "xapp-1"),
        ("JITNEY_SLACK_BOT_TOKEN", "xoxb-1"),
        ("JITNEY_JIRA_TOKEN", "very-secret"),
    ];
    let output = folder.run_with(&["doctor", "--offline", "--json"], &tokens);
    let checks: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let failed = checks.as_array().unwrap().iter().filter(|check| check["finding"] == "fail");
    assert_eq!(failed.count(), 0, "{checks:#}");
    assert_eq!(output.status.code(), Some(0));
    assert!(!checks.to_string().contains("very-secret"));

    let swapped = [("JITNEY_SLACK_APP_TOKEN", "xoxb-1"), tokens[1], tokens[2]];
    let output = folder.run_with(&["doctor", "--offline"], &swapped);
    assert!(String::from_utf8(output.stdout).unwrap().contains("does not begin with xapp-"));
}

#[test]
fn a_broken_policy_is_refused_with_its_places() {
    let folder = Folder::set_up("broken-policy");
    folder.edit("policies/wiki.toml", "max_duration     = \"8h\"", "max_duratoin     = \"8h\"");
    folder.edit("policies/reports.toml", "tier             = \"quick\"", "tier = \"quik\"");
    insta::assert_snapshot!(folder.said(&["policy", "check"]));
    let json = folder.run(&["policy", "check", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(json["issues"][0]["line"].is_u64(), "{json}");
    assert_eq!(folder.run(&["policy", "test"]).status.code(), Some(1));
}

#[test]
fn a_policy_test_that_fails_says_what_came_instead() {
    let folder = Folder::set_up("failing-test");
    folder.edit("policies/reports.toml", "employment = \"intern\"", "employment = \"employee\"");
    insta::assert_snapshot!(folder.said(&["policy", "test"]));
}

#[test]
fn a_misspelt_variable_stops_everything() {
    let folder = Folder::set_up("variable");
    let output = folder.run_with(&["policy", "check"], &[("JITNEY_DATABSE", "/tmp/x")]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("did you mean JITNEY_DATABASE?"), "{said}");
}

#[test]
fn every_shell_gets_its_completions() {
    let folder = Folder::new("completions");
    for shell in ["bash", "zsh", "fish"] {
        let output = folder.run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(script.contains("jitney") && script.contains("revoke"), "{shell}");
    }
}

#[test]
fn who_closes_the_pipe_has_read_enough() {
    let folder = Folder::new("pipe");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_jitney"))
        .args(["completions", "bash"])
        .current_dir(&folder.0)
        .env_clear()
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

/// A database with one request and three audit records.
fn with_a_database(folder: &Folder) {
    let request: Request = serde_json::from_value(json!({
        "id": "R1001",
        "kind": "new",
        "requester": {
            "id": "ann@example.com", "name": "Ann", "employment": "employee",
            "department": "Finance", "manager": "bob@example.com",
        },
        "terms": {
            "app_name": "Legacy wiki", "role_name": "Reader", "gives": "reading", "risk": "low",
            "layer": "application", "owners": ["bob@example.com"], "max_duration": 28_800_000,
            "max_total": 86_400_000, "revoke_target": 60_000,
            "tier": {
                "id": "manager", "name": "The manager agrees", "auto_under": null, "stages": [],
                "lapse_after": 86_400_000, "provision_within": 900_000, "warn_before": 900_000,
                "break_glass": null, "place": "policies/tiers.toml:1:1",
            },
            "steps": [{
                "target": "legacy-wiki", "params": {}, "key": "login/jit-r1001", "shared": false,
                "label": "a login in /srv/wiki/htpasswd", "issues_credential": true, "login": "jit-r1001",
                "used_at": null, "readable": true, "cannot_end": [],
            }],
            "lockdown_family": [],
        },
        "ask": {
            "role": "wiki/read", "duration": 3_600_000, "starts_at": null,
            "justification": "closing the\u{1b}[2J books", "ticket": null, "fields": {},
        },
        "submitted_at": 1_790_000_000_000i64,
        "policy": "ab12",
        "votes": [],
        "state": { "pending": {
            "stage": 0, "stage_since": 1_790_000_000_000i64, "asked": ["bob@example.com"], "remind_at": null,
            "reminders": 0, "escalate_at": null, "escalated": false, "lapses_at": 1_790_086_400_000i64,
            "held": false,
        }},
        "steps": [{
            "presence": "untouched", "in_flight": null, "next_op": null, "retry_at": null, "failures": 0,
            "revoke_sent": false, "quiet_until": null, "evidence": null, "last_error": null,
        }],
        "times": null, "credential": null, "review_due_at": null, "next_effect": 1, "next_entry": 1, "views": [],
    }))
    .unwrap();
    let mut store = Store::open(&folder.0.join("jitney.db"), "0123456789abcdef0123456789abcdef").unwrap();
    let mut tx = store.begin().unwrap();
    tx.insert_request(&request, None).unwrap();
    for (number, kind) in ["submitted", "approval_wanted", "reminded"].into_iter().enumerate() {
        let at = Timestamp::from_millis(1_790_000_000_000 + number as i64);
        tx.append(at, kind, Some(request.id), json!({ "number": number })).unwrap();
    }
    tx.commit().unwrap();
}

#[test]
fn requests_are_read_without_a_server() {
    let folder = Folder::set_up("requests");
    with_a_database(&folder);
    let said = folder.said(&["request", "list"])
        + &folder.said(&["request", "list", "--state", "active"])
        + &folder.said(&["request", "show", "r1001"])
        + &folder.said(&["request", "show", "R7"])
        + &folder.said(&["request", "why", "R1001"])
        + &folder.said(&["request", "why", "R7"]);
    insta::assert_snapshot!(said);
    assert!(!said.contains('\u{1b}'), "what people wrote must not steer a terminal");
    let json = folder.run(&["request", "show", "R1001", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["request"]["id"], "R1001");
    let why = folder.run(&["request", "why", "R1001", "--json"]);
    let why: serde_json::Value = serde_json::from_slice(&why.stdout).unwrap();
    assert_eq!((&why["request"], why["lines"].as_array().is_some()), (&"R1001".into(), true));
}

#[test]
fn the_log_verifies_in_the_database_and_on_an_export() {
    let folder = Folder::set_up("audit");
    with_a_database(&folder);
    let said = folder.said(&["audit", "verify"])
        + &folder.said(&["audit", "export", "--format", "jsonl", "--output", "log.jsonl"])
        + &folder.said(&["audit", "verify", "log.jsonl"])
        + &folder.said(&["audit", "export", "--format", "csv", "--output", "log.jsonl"]);
    insta::assert_snapshot!(said);
    assert!(is_private(&folder.0.join("log.jsonl")));

    let csv = folder.run(&["audit", "export", "--format", "csv"]);
    assert_eq!(String::from_utf8(csv.stdout).unwrap().lines().count(), 4, "a header and three records");
}

#[test]
fn a_log_that_was_touched_is_found_out_with_its_first_bad_record() {
    let folder = Folder::set_up("audit-touched");
    with_a_database(&folder);
    folder.run(&["audit", "export", "--format", "jsonl", "--output", "whole.jsonl"]);
    let whole = std::fs::read_to_string(folder.0.join("whole.jsonl")).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let head: serde_json::Value = serde_json::from_str(lines[2]).unwrap();
    let remembered = format!("3:{}", head["hash"].as_str().unwrap());
    folder.write("changed.jsonl", &whole.replace("reminded", "escalate"));
    folder.write("gap.jsonl", &format!("{}\n{}\n", lines[0], lines[2]));
    folder.write("cut.jsonl", &format!("{}\n{}\n", lines[0], lines[1]));
    folder.write("spelt.jsonl", &whole.replace("{", "{ "));
    folder.write("empty.jsonl", "");
    let said = folder.said(&["audit", "verify", "changed.jsonl"])
        + &folder.said(&["audit", "verify", "gap.jsonl"])
        + &folder.said(&["audit", "verify", "cut.jsonl"])
        + &folder.said(&["audit", "verify", "cut.jsonl", "--remember", &remembered])
        + &folder.said(&["audit", "verify", "spelt.jsonl"])
        + &folder.said(&["audit", "verify", "empty.jsonl"]);
    insta::assert_snapshot!(said);
    assert_eq!(folder.run(&["audit", "verify", "--remember", &remembered]).status.code(), Some(0));
}
