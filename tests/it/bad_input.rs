//! What people get wrong, and what a machine does to them: each is refused with what is wrong and what to do next.

mod engine_room;
mod full_disk;

use std::process::Command;

use jitney::lifecycle::{Answer, Refusal, StateWord};
use jitney::policy::ReasonCode;
use jitney::slack::{free_words, words};
use jitney::store::Store;
use jitney::time::{Span, SpanError};

use super::folder::Folder;
use engine_room::EngineRoom;

const TOKENS: [(&str, &str); 3] = [
    ("JITNEY_SLACK_APP_TOKEN", "xapp-1"),
    ("JITNEY_SLACK_BOT_TOKEN", "xoxb-1"),
    ("JITNEY_JIRA_TOKEN", "secret"),
];

/// A folder whose configuration leads nowhere but to itself.
fn set_up(name: &str) -> Folder {
    let folder = Folder::set_up(name);
    folder.edit("jitney.toml", "team_id  ", "api_url           = \"http://127.0.0.1:9/api\"\nteam_id  ");
    folder.edit("jitney.toml", "https://example.atlassian.net\"", "http://127.0.0.1:9\"");
    let passwords = folder.0.join("htpasswd").display().to_string();
    folder.edit("jitney.toml", "/srv/wiki/htpasswd\"", &format!("{passwords}\""));
    folder
}

/// Runs the server, which must refuse to; what it said, on one line.
fn serve_refuses(folder: &Folder, tokens: &[(&str, &str)]) -> String {
    // A server that starts after all is stopped, and is then found out by its exit code.
    let output = Command::new("timeout")
        .args(["20", env!("CARGO_BIN_EXE_jitney"), "serve"])
        .current_dir(&folder.0)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(tokens.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
}

#[test]
fn an_unknown_subcommand_is_a_wrong_command_line() {
    let folder = Folder::new("frobnicate");
    let said = folder.said(&["frobnicate"]);
    says(&said, &["unrecognized subcommand 'frobnicate'", "--help", "[exit 2]"]);
}

#[test]
fn an_absurd_duration_is_told_back() {
    let text = "99999999999h";
    assert_eq!(text.parse::<Span>(), Err(SpanError::TooLong(text.to_owned())));
    let asked = free_words::read(&format!("wiki/read for {text}"), &|_| true);
    assert_eq!((asked.duration, asked.too_long), (None, Some(format!("for {text}"))));
    says(&words::length_too_long(text), &[text, "Choose a length below."]);
    let digits = format!("{}h", "9".repeat(3000));
    assert!(digits.parse::<Span>().is_err());
}

#[test]
fn a_role_that_nobody_may_have_is_a_warning_and_asking_names_the_rule() {
    let folder = set_up("nobody");
    folder.edit(
        "policies/reports.toml",
        "department = [\"Finance\", \"Engineering\"]",
        "department = [\"Atlantis\"]",
    );
    let said = folder.said(&["policy", "check"]);
    says(&said, &["warn", "policies/reports.toml", "[exit 0]"]);

    let mut room = EngineRoom::open(&folder);
    let Answer::Refused(Refusal::Rules(reasons)) = room.ask("erin", "reports/view", "the figures of May")
    else {
        panic!("must be refused");
    };
    assert_eq!(reasons[0].code, ReasonCode::NotEligible);
    says(&reasons[0].wants, &["Atlantis"]);
}

#[test]
fn five_mistakes_in_a_policy_are_five_places() {
    let folder = set_up("five");
    for (from, to) in [
        ("layer  = \"application\"", "layer  = \"aplication\""),
        ("risk             = \"low\"", "risk             = \"lo\""),
        ("max_duration     = \"8h\"", "max_duration     = \"eight hours\""),
        ("tier             = \"two-person\"", "tier             = \"two-persons\""),
        ("conflicts = [\"reports/view\"]", "conflicts = [\"reports/vieww\"]"),
    ] {
        folder.edit("policies/wiki.toml", from, to);
    }
    insta::assert_snapshot!(folder.said(&["policy", "check"]));
}

#[test]
fn a_missing_token_is_named_by_its_variable_and_its_key() {
    let folder = set_up("no-token");
    let said = serve_refuses(&folder, &TOKENS[..1]);
    says(
        &said,
        &["JITNEY_SLACK_BOT_TOKEN", "`slack.bot_token_file`", "JITNEY_JIRA_TOKEN", "`jira.token_file`"],
    );
    assert!(!said.contains("JITNEY_SLACK_APP_TOKEN"), "{said}");
    assert!(!folder.0.join("jitney.db").exists(), "nothing is made before all is there");
}

#[test]
fn the_key_of_another_database_is_refused() {
    let folder = set_up("wrong-key");
    drop(EngineRoom::open(&folder));
    std::fs::remove_file(folder.0.join("jitney.key")).unwrap();
    folder.run(&["init"]);
    let said = serve_refuses(&folder, &TOKENS);
    says(&said, &["not the one that this database was made with", "put the right key file back"]);
}

#[test]
fn a_database_that_is_not_ours_to_write_is_left_alone() {
    let folder = set_up("odd-database");
    drop(EngineRoom::open(&folder));
    let path = folder.0.join("jitney.db");

    let other = rusqlite::Connection::open(&path).unwrap();
    other.pragma_update(None, "user_version", 99).unwrap();
    drop(other);
    says(&serve_refuses(&folder, &TOKENS), &["format 99", "a newer one"]);

    let notes = "no database, but somebody's notes\n";
    std::fs::write(&path, notes).unwrap();
    says(&serve_refuses(&folder, &TOKENS), &["is not a jitney database", "move this one away"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), notes);
}

#[test]
fn a_second_instance_is_refused() {
    let folder = set_up("second");
    let first = Store::open(&folder.0.join("jitney.db"), "0123456789abcdef").unwrap();
    says(&serve_refuses(&folder, &TOKENS), &["another jitney runs on", "stop it first"]);
    drop(first);
}

#[test]
fn a_target_with_open_access_can_not_be_left_out() {
    let folder = set_up("lost-target");
    let mut room = EngineRoom::open(&folder);
    let request = room.grant("ann", "wiki/read");
    assert_eq!(room.state(request), StateWord::Active);
    drop(room);
    folder.edit("jitney.toml", "[targets.legacy-wiki]", "[targets.new-wiki]");
    for file in ["policies/wiki.toml", "policies/reports.toml"] {
        folder.edit(file, "\"legacy-wiki\"", "\"new-wiki\"");
    }
    let said = serve_refuses(&folder, &TOKENS);
    says(&said, &["open grants hold access", "put [targets.legacy-wiki] back"]);
}

#[test]
fn who_left_while_nothing_ran_keeps_nothing() {
    let folder = set_up("left-meanwhile");
    let mut room = EngineRoom::open(&folder);
    let request = room.grant("ann", "wiki/read");
    drop(room);
    folder.edit("people.toml", "name       = \"Ann\"", "name       = \"Ann\"\nactive     = false");
    let mut room = EngineRoom::open(&folder);
    assert!(room.wait(Span::secs(1)));
    room.work();
    assert_eq!(room.state(request), StateWord::Revoked);
}
