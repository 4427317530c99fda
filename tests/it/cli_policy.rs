//! `jitney policy`, as a security engineer and a pipeline meet it.

use jitney::lifecycle::Request;
use jitney::store::Store;
use jitney::time::{Clock, Span, SystemClock, Timestamp};
use serde_json::{Value, json};

use super::folder::Folder;

fn json(folder: &Folder, arguments: &[&str]) -> (Option<i32>, Value) {
    let output = folder.run(&[arguments, &["--json"]].concat());
    let value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{arguments:?}: {error}: {}", String::from_utf8_lossy(&output.stderr));
    });
    (output.status.code(), value)
}

#[test]
fn every_tool_teaches_with_an_example() {
    let folder = Folder::new("policy-help");
    let mut said = String::new();
    for tool in ["check", "test", "explain", "who", "diff", "replay", "schema", "fmt"] {
        let help = folder.said(&["policy", tool, "--help"]);
        assert!(help.contains(&format!("jitney policy {tool}")) && help.contains("Exit codes:"), "{help}");
        said += &help;
    }
    insta::assert_snapshot!(said);
}

#[test]
fn a_decision_is_explained_rule_by_rule() {
    let folder = Folder::set_up("policy-explain");
    let said = folder.said(&["policy", "explain", "ann@example.com", "wiki/read"])
        + &folder.said(&["policy", "explain", "frank@example.com", "reports/view", "--for", "20m"])
        + &folder.said(&["policy", "explain", "carol@example.com", "wiki/admin", "--for", "3h"])
        + &folder.said(&["policy", "explain", "ann@example.com", "wiki/admin", "--holds", "reports/view"])
        + &folder.said(&["policy", "explain", "ann@example.com", "wiki/admin", "--break-glass"])
        + &folder.said(&["policy", "explain", "bob@example.com", "wiki/admin"])
        + &folder.said(&["policy", "explain", "zoe@example.com", "wiki/read"])
        + &folder.said(&["policy", "explain", "ann@example.com", "wiki/reed"])
        + &folder.said(&["policy", "explain", "ann@example.com", "wiki"]);
    insta::assert_snapshot!(said);
    let (code, trace) = json(&folder, &["policy", "explain", "ann@example.com", "wiki/read"]);
    assert_eq!(code, Some(0));
    assert_eq!(trace["then"]["stages"][0]["asked"][0], "bob@example.com");
    let (code, trace) = json(&folder, &["policy", "explain", "carol@example.com", "wiki/read"]);
    assert_eq!(code, Some(1));
    assert!(trace["looks"].as_array().unwrap().iter().any(|look| look["finding"] == "refuses"));
}

#[test]
fn who_may_ask_is_listed_and_counted() {
    let folder = Folder::set_up("policy-who");
    let said = folder.said(&["policy", "who", "wiki/admin"])
        + &folder.said(&["policy", "who", "reports/view", "--limit", "1"])
        + &folder.said(&["policy", "who", "report/view"]);
    insta::assert_snapshot!(said);
    folder.edit("policies/wiki.toml", "\"Finance\", \"Engineering\"", "\"Law\"");
    let nobody = folder.said(&["policy", "who", "wiki/admin"]);
    assert!(
        nobody.contains("0 of 6 people may ask for wiki/admin") && nobody.ends_with("[exit 1]\n"),
        "{nobody}"
    );
    let (code, reach) = json(&folder, &["policy", "who", "reports/view"]);
    assert_eq!((code, reach["may"].as_array().unwrap().len()), (Some(0), 4));
}

#[test]
fn what_is_hardly_meant_is_shown_where_it_stands_and_can_fail_a_pipeline() {
    let folder = Folder::set_up("policy-warnings");
    assert_eq!(folder.run(&["policy", "check", "--deny-warnings"]).status.code(), Some(0));
    folder.edit("policies/wiki.toml", "\"Finance\", \"Engineering\"", "\"Finanze\", \"Engineering\"");
    folder.edit("policies/tiers.toml", "auto_under = \"30m\" ", "auto_under = \"4h\" ");
    insta::assert_snapshot!(folder.said(&["policy", "check"]));
    assert_eq!(folder.run(&["policy", "check", "--deny-warnings"]).status.code(), Some(1));
    let (code, found) = json(&folder, &["policy", "check"]);
    assert_eq!(code, Some(0));
    assert!(found["warnings"][0]["hint"].is_string());
}

#[test]
fn files_are_written_in_their_form_or_only_looked_at() {
    let folder = Folder::set_up("policy-fmt");
    let before = std::fs::read_to_string(folder.0.join("policies/wiki.toml")).unwrap();
    let fine = folder.said(&["policy", "fmt", "--check"]);
    folder.edit("policies/wiki.toml", "risk             = \"low\"", "risk=\"low\"");
    let checked = folder.said(&["policy", "fmt", "--check"]);
    let written = folder.said(&["policy", "fmt"]);
    assert_eq!(std::fs::read_to_string(folder.0.join("policies/wiki.toml")).unwrap(), before);
    folder.edit("policies/wiki.toml", "[app]", "[app");
    let broken = folder.said(&["policy", "fmt"]);
    insta::assert_snapshot!(fine + &checked + &written + &broken);
    let left: Vec<_> = std::fs::read_dir(folder.0.join("policies")).unwrap().collect();
    assert_eq!(left.len(), 3, "nothing is left behind");
}

#[test]
fn an_editor_gets_a_schema_of_each_kind_of_file() {
    let folder = Folder::new("policy-schema");
    for (kind, key) in [("app", "roles"), ("tiers", "tiers")] {
        let output = folder.run(&["policy", "schema", kind]);
        let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(schema["properties"][key].is_object(), "{schema}");
        assert_eq!(json(&folder, &["policy", "schema", kind]), (Some(0), schema));
    }
}

/// A request as the database keeps it.
fn stored(number: u64, who: &str, at: Timestamp, tier: &Value, votes: &[&str], mins: u64) -> Request {
    let vote = |by: &&str| json!({ "by": by, "name": by, "stage": 0, "at": at });
    let department = if who.starts_with("ann") { "Engineering" } else { "Finance" };
    serde_json::from_value(json!({
        "id": format!("R{number}"),
        "kind": "new",
        "requester": {
            "id": who, "name": who, "employment": "employee", "department": department,
            "manager": if who.starts_with("ann") { "bob@example.com" } else { "erin@example.com" },
        },
        "terms": {
            "app_name": "Legacy wiki", "role_name": "Reader", "gives": "reading", "risk": "low",
            "layer": "application", "owners": ["bob@example.com"], "max_duration": 28_800_000,
            "max_total": 86_400_000, "revoke_target": 60_000, "tier": tier,
            "steps": [{
                "target": "legacy-wiki", "params": {}, "key": format!("login/jit-r{number}"), "shared": false,
                "label": "a login", "issues_credential": true, "login": null,
                "used_at": null, "readable": true, "cannot_end": [],
            }],
            "lockdown_family": [],
        },
        "ask": {
            "role": "wiki/read", "duration": mins * 60_000, "starts_at": null,
            "justification": "closing the books", "ticket": null, "fields": {},
        },
        "submitted_at": at,
        "policy": "ab12",
        "votes": votes.iter().map(vote).collect::<Vec<_>>(),
        "state": { "revoked": { "cause": "expiry", "recheck_at": null } },
        "steps": [{
            "presence": "absent", "in_flight": null, "next_op": null, "retry_at": null, "failures": 0,
            "revoke_sent": true, "quiet_until": null, "evidence": null, "last_error": null,
        }],
        "times": null, "credential": null, "review_due_at": null, "next_effect": 1, "next_entry": 1, "views": [],
    }))
    .unwrap()
}

/// A database with four requests, and one that was refused.
fn with_a_past(folder: &Folder) {
    let tier = |auto: Value| {
        json!({
            "id": "manager", "name": "The manager agrees", "auto_under": auto,
            "stages": [{
                "approvers": ["manager"], "quorum": 1, "distinct": false, "remind_after": null,
                "escalate_after": null, "escalate_to": [], "fallback": [],
            }],
            "lapse_after": 86_400_000, "provision_within": 900_000, "warn_before": 900_000, "break_glass": null,
        })
    };
    let now = SystemClock::new().wall();
    let (people, old) = (tier(Value::Null), now - Span::days(100));
    let day = now - Span::days(1);
    let mut store = Store::open(&folder.0.join("jitney.db"), "0123456789abcdef0123456789abcdef").unwrap();
    let mut tx = store.begin().unwrap();
    for request in [
        stored(1001, "ann@example.com", old, &people, &["bob@example.com"], 60),
        stored(1002, "ann@example.com", day, &people, &["bob@example.com"], 60),
        stored(1003, "frank@example.com", day, &people, &["erin@example.com"], 480),
        stored(1004, "frank@example.com", day, &tier(json!(3_600_000)), &[], 30),
        stored(1005, "frank@example.com", day, &people, &["erin@example.com"], 20),
    ] {
        tx.insert_request(&request, None).unwrap();
    }
    let refused = json!({
        "actor": { "person": { "id": "erin@example.com", "name": "Erin" } },
        "requester": {
            "id": "erin@example.com", "name": "Erin", "employment": "employee", "department": "Finance",
        },
        "verb": { "ask": {
            "role": "wiki/read", "duration": 10 * 3_600_000, "starts_at": null,
            "justification": "closing the books", "ticket": null, "fields": {},
        }},
        "refusal": { "rules": [{ "code": "over_maximum", "rule": "r", "saw": "s", "wants": "w" }] },
        "policy": "ab12",
    });
    tx.append(day, "refused", None, refused).unwrap();
    tx.commit().unwrap();
}

#[test]
fn requests_of_the_past_are_decided_once_more() {
    let folder = Folder::set_up("policy-replay");
    let none = folder.said(&["policy", "replay"]);
    assert!(none.contains("there is no database"), "{none}");
    with_a_past(&folder);
    let (before, database) =
        (folder.said(&["policy", "replay"]), std::fs::read(folder.0.join("jitney.db")).unwrap());
    std::fs::create_dir_all(folder.0.join("edited/policies")).unwrap();
    for file in ["tiers.toml", "wiki.toml", "reports.toml"] {
        let text = std::fs::read_to_string(folder.0.join("policies").join(file)).unwrap();
        folder.write(&format!("edited/policies/{file}"), &text);
    }
    for (file, from, to) in [
        ("wiki.toml", "\"Finance\", \"Engineering\"] }]\nnever    =", "\"Finance\"] }]\nnever    ="),
        ("wiki.toml", "max_duration     = \"8h\"", "max_duration     = \"12h\""),
        (
            "tiers.toml",
            "approvers      = [\"manager\"]\nremind_after   = \"2h\"",
            "approvers      = [\"manager\"]\nremind_after   = \"3h\"",
        ),
        (
            "tiers.toml",
            "[tiers.manager]\nname = \"The manager agrees\"",
            "[tiers.manager]\nname = \"The manager agrees\"\nauto_under = \"20m\"",
        ),
    ] {
        folder.edit(&format!("edited/policies/{file}"), from, to);
    }
    let edited = ["policy", "replay", "--policies", "edited/policies", "--days", "90"];
    let after = folder.said(&edited);
    insta::assert_snapshot!(without_minutes(&(before + &after)));
    assert_eq!(folder.run(&[&edited[..], &["--deny-changes"]].concat()).status.code(), Some(1));
    assert_eq!(std::fs::read(folder.0.join("jitney.db")).unwrap(), database, "the database is only read");
    let (code, told) = json(&folder, &edited);
    assert_eq!((code, told["asked"].as_u64()), (Some(0), Some(5)));
}

/// The day before was another minute when it was written.
fn without_minutes(said: &str) -> String {
    let lines = said.lines().map(|line| match line.split_once(" UTC  ") {
        Some((head, rest)) => format!("{}  YESTERDAY  {rest}\n", head.split("  ").next().unwrap()),
        None => format!("{line}\n"),
    });
    lines.collect()
}
