//! A password file with an app beside it whose sessions are files, reached by two small scripts.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jitney::ids::TargetId;
use jitney::lifecycle::Outcome;
use jitney::policy::{Catalogue as _, ParamIssue};
use jitney::targets::{Adapter, Targets};
use jitney::time::Timestamp;
use serde_json::{Value, json};

use super::contract::{Grant, PASSWORD, World, word_of};
use super::scratch::Scratch;

/// Lines that are not ours, some of them hardly lines.
const FOREIGN: &[u8] = b"# people of the wiki\n\nann:$apr1$Yr5/UJ9x$4bN2Tg1oq0bVZ2CXfyXiV0\n  bob:{SHA}fEqNCco3Yq9h5ZUglD3CZJT4lBs=:Bob, \xfcber\r\njit-r:not-ours\njit-r01042:nor-this\n\xff\xfe\0\n";

struct Wiki {
    scratch: Scratch,
    adapter: Arc<dyn Adapter>,
    has_sessions: bool,
}

pub(crate) fn with_sessions() -> Box<dyn World> {
    Box::new(Wiki::new(true, FOREIGN))
}

pub(crate) fn without_sessions() -> Box<dyn World> {
    Box::new(Wiki::new(false, FOREIGN))
}

impl Wiki {
    fn new(has_sessions: bool, content: &[u8]) -> Self {
        let scratch = Scratch::new();
        let file = scratch.write("htpasswd", content);
        fs::create_dir(scratch.path("sessions")).unwrap();
        let folder = scratch.path("sessions");
        let folder = folder.display();
        let end = scratch
            .write("end", format!("set -- '{folder}'/\"$1\".*\n[ -e \"$1\" ] || exit 3\nrm -- \"$@\"\n"));
        let count = scratch.write(
            "count",
            format!("set -- '{folder}'/\"$1\".*\n[ -e \"$1\" ] || {{ echo 0; exit 0; }}\necho $#\n"),
        );
        let mut settings = json!({ "file": file, "used_at": "https://wiki.example.com", "cost": 4 });
        if has_sessions {
            settings["sessions"] =
                json!({ "end": ["/bin/sh", end, "{login}"], "count": ["/bin/sh", count, "{login}"] });
        }
        Self { scratch, adapter: adapter(settings).unwrap(), has_sessions }
    }

    fn file(&self) -> PathBuf {
        self.scratch.path("htpasswd")
    }

    fn sessions_of(&self, grant: &Grant) -> Vec<PathBuf> {
        let login = format!("{}.", grant.step.login.as_deref().unwrap());
        let files = fs::read_dir(self.scratch.path("sessions")).unwrap().map(|file| file.unwrap());
        files
            .filter(|file| file.file_name().to_str().unwrap().starts_with(&login))
            .map(|f| f.path())
            .collect()
    }

    fn grant(&self) -> Grant {
        Grant::new(self, 1042, "ann@example.com")
    }
}

#[async_trait]
impl World for Wiki {
    fn adapter(&self) -> Arc<dyn Adapter> {
        Arc::clone(&self.adapter)
    }

    fn params(&self) -> Value {
        json!({ "login": {} })
    }

    async fn foreign(&self) -> Vec<u8> {
        let bytes = fs::read(self.file()).unwrap();
        let is_ours = |line: &[u8]| {
            line.strip_prefix(b"jit-r").is_some_and(|rest| {
                rest.first().is_some_and(|digit| (b'1'..=b'9').contains(digit)) && rest.contains(&b':')
            })
        };
        let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').filter(|line| !is_ours(line)).collect();
        lines.join(&b'\n')
    }

    async fn open_session(&self, grant: &Grant) -> bool {
        let number = self.sessions_of(grant).len() + 1;
        let name = format!("sessions/{}.{number}", grant.step.login.as_deref().unwrap());
        self.scratch.write(&name, "");
        self.has_sessions
    }

    async fn sessions(&self, grant: &Grant) -> usize {
        self.sessions_of(grant).len()
    }

    async fn leave_half_a_change(&self) {
        self.scratch.write(".htpasswd.jitney.tmp", "jit-r1042:half");
        self.scratch.write("htpasswd.lock", "");
    }
}

fn targets(table: Value) -> Result<Targets, Vec<ParamIssue>> {
    Targets::from_settings(&BTreeMap::from([(TargetId::new("wiki").unwrap(), table)]))
}

fn adapter(mut settings: Value) -> Result<Arc<dyn Adapter>, Vec<ParamIssue>> {
    settings["adapter"] = json!("htpasswd");
    let targets = targets(settings)?;
    Ok(Arc::clone(&targets.get(&TargetId::new("wiki").unwrap()).unwrap().adapter))
}

/// Replaces what differs from run to run.
fn plain(wiki: &Wiki, text: &str) -> String {
    text.replace(wiki.scratch.path("").to_str().unwrap(), "/srv/wiki/")
}

fn error_of(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Retry { error, .. } | Outcome::Fatal { error } => error,
        Outcome::Done(_)
        | Outcome::Already(_)
        | Outcome::Found(_)
        | Outcome::NotFound(_)
        | Outcome::Unreadable(_) => {
            panic!("no error: {outcome:?}")
        }
    }
}

#[tokio::test]
async fn the_file_holds_a_hash_of_the_password_and_the_old_mode() {
    let wiki = Wiki::new(false, FOREIGN);
    fs::set_permissions(wiki.file(), fs::Permissions::from_mode(0o640)).unwrap();
    let grant = wiki.grant();
    grant.expect("grant", "done").await;
    let text = String::from_utf8_lossy(&fs::read(wiki.file()).unwrap()).into_owned();
    let line = text.lines().find(|line| line.starts_with("jit-r1042:")).unwrap();
    let hash = line.strip_prefix("jit-r1042:").unwrap();
    assert!(hash.starts_with("$2y$04$"), "{hash}");
    assert!(bcrypt::verify(PASSWORD, hash).unwrap());
    assert_eq!(fs::metadata(wiki.file()).unwrap().mode() & 0o7777, 0o640);
    assert!(!wiki.scratch.path(".htpasswd.jitney.tmp").exists());
}

#[tokio::test]
async fn evidence_says_what_was_seen() {
    let wiki = Wiki::new(true, FOREIGN);
    let grant = wiki.grant();
    let mut told = Vec::new();
    for op in [
        "snapshot",
        "grant",
        "grant",
        "verify",
        "extend",
        "session",
        "verify_gone",
        "revoke",
        "revoke",
        "session",
        "verify_gone",
        "revoke",
        "verify_gone",
    ] {
        if op == "session" {
            wiki.open_session(&grant).await;
            continue;
        }
        let outcome = grant.does(op).await;
        let (Outcome::Done(seen) | Outcome::Already(seen) | Outcome::Found(seen) | Outcome::NotFound(seen)) =
            &outcome
        else {
            panic!("{op}: {outcome:?}");
        };
        told.push(format!("{op}: {} | {} | {}", word_of(&outcome), seen.method, seen.answer));
    }
    insta::assert_snapshot!("htpasswd_evidence", plain(&wiki, &told.join("\n")));
}

#[tokio::test]
async fn another_hash_for_our_login_is_replaced_and_doubles_are_removed() {
    let wiki = Wiki::new(false, b"jit-r1042:stale\nann:x\n jit-r1042:again\nbob:y");
    let grant = wiki.grant();
    grant.expect("grant", "done").await;
    grant.expect("grant", "already").await;
    grant.expect("revoke", "done").await;
    assert_eq!(fs::read(wiki.file()).unwrap(), b"ann:x\nbob:y");
    wiki.scratch.write("htpasswd", b"jit-r1042:a\njit-r1042:b\r\nann:x\n");
    grant.expect("revoke", "done").await;
    assert_eq!(fs::read(wiki.file()).unwrap(), b"ann:x\n");
}

#[tokio::test]
async fn a_huge_cost_in_a_planted_hash_keeps_nobody_busy() {
    let planted = "$2y$31$abcdefghijklmnopqrstuuWQVvRNi7LcPzSuEKgMBOd2jQh9sQbpC";
    let wiki = Wiki::new(false, format!("jit-r1042:{planted}\n").as_bytes());
    wiki.grant().expect("grant", "done").await;
}

#[tokio::test]
async fn a_link_stays_a_link() {
    let wiki = Wiki::new(false, FOREIGN);
    let link = wiki.scratch.path("link");
    symlink(wiki.file(), &link).unwrap();
    let adapter = adapter(json!({ "file": link, "cost": 4 })).unwrap();
    let grant = Grant::of(adapter, &json!({ "login": {} }), 1042, "ann@example.com");
    grant.expect("grant", "done").await;
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read(wiki.file()).unwrap().windows(10).any(|part| part == b"jit-r1042:"));
}

#[tokio::test]
async fn a_file_that_is_not_there_or_not_a_file_is_told_apart() {
    let wiki = Wiki::new(false, FOREIGN);
    let mut told = Vec::new();
    fs::remove_file(wiki.file()).unwrap();
    for op in ["grant", "verify_gone", "revoke"] {
        let outcome = wiki.grant().does(op).await;
        told.push(format!("missing, {op}: {}: {}", word_of(&outcome), error_of(&outcome)));
    }
    fs::create_dir(wiki.file()).unwrap();
    for op in ["grant", "verify_gone"] {
        let outcome = wiki.grant().does(op).await;
        told.push(format!("a folder, {op}: {}: {}", word_of(&outcome), error_of(&outcome)));
    }
    fs::remove_dir(wiki.file()).unwrap();
    fs::File::create(wiki.file()).unwrap().set_len(16 * 1024 * 1024 + 1).unwrap();
    let outcome = wiki.grant().does("grant").await;
    told.push(format!("too large: {}: {}", word_of(&outcome), error_of(&outcome)));
    insta::assert_snapshot!("htpasswd_file_errors", plain(&wiki, &told.join("\n")));
}

#[tokio::test]
async fn a_lock_that_others_hold_is_waited_for_but_not_for_ever() {
    let wiki = Wiki::new(false, FOREIGN);
    let lock = fs::File::create(wiki.scratch.path("htpasswd.lock")).unwrap();
    lock.lock().unwrap();
    let grant = wiki.grant();
    let outcome = grant.does("grant").await;
    assert_eq!(word_of(&outcome), "retry", "{outcome:?}");
    assert_eq!(fs::read(wiki.file()).unwrap(), FOREIGN);
    lock.unlock().unwrap();
    grant.expect("grant", "done").await;
}

#[tokio::test]
async fn only_logins_of_grants_are_listed() {
    let wiki = Wiki::new(false, FOREIGN);
    wiki.grant().expect("grant", "done").await;
    let held = wiki.adapter.list(Timestamp::default()).await.unwrap();
    let names: Vec<_> =
        held.iter().map(|held| (held.name.as_str(), held.request.unwrap().to_string())).collect();
    assert_eq!(names, [("jit-r1042", "R1042".to_owned())]);
}

#[tokio::test]
async fn hooks_are_judged_by_their_exit_code_and_what_they_print() {
    let scratch = Scratch::new();
    let file = scratch.write("htpasswd", FOREIGN);
    let mut told = Vec::new();
    let mut seen_child = false;
    for (end, count) in [
        ("exit 0", "echo 0"),
        ("exit 3", "exit 3"),
        ("echo 'the app restarts' >&2; exit 75", "exit 75"),
        ("printf 'no such\\nthing\\033[2J' >&2; exit 1", "exit 1"),
        ("kill -9 $$", "echo many"),
        ("yes | head -c 200000", "yes | head -c 200000"),
        ("env", "env | grep -c HOME"),
        ("exec sleep 60", "sleep 60 & echo $! > \"$2\"; wait"),
    ] {
        let end = scratch.write("end", end);
        let count = scratch.write("count", count);
        let child = scratch.path("child");
        let sessions = json!({
            "end": ["/bin/sh", end, "{login}"],
            "count": ["/bin/sh", count, "{login}", child],
            "time_out": "1s",
        });
        let adapter = adapter(json!({ "file": file, "sessions": sessions })).unwrap();
        let grant = Grant::of(adapter, &json!({ "login": {} }), 1042, "ann@example.com");
        for op in ["revoke", "verify_gone"] {
            let outcome = grant.does(op).await;
            let said = match &outcome {
                Outcome::Done(seen)
                | Outcome::Already(seen)
                | Outcome::Found(seen)
                | Outcome::NotFound(seen) => &seen.answer,
                Outcome::Unreadable(_) | Outcome::Retry { .. } | Outcome::Fatal { .. } => error_of(&outcome),
            };
            told.push(format!("{op}: {}: {said}", word_of(&outcome)));
        }
        if let Ok(pid) = fs::read_to_string(&child) {
            let ended = async {
                while is_running(pid.trim()) {
                    tokio::task::yield_now().await;
                }
            };
            let waited = tokio::time::timeout(Duration::from_secs(10), ended).await;
            assert!(waited.is_ok(), "what the hook started was not ended with it");
            seen_child = true;
        }
    }
    assert!(seen_child, "the last hook starts a process of its own");
    insta::assert_snapshot!("htpasswd_hooks", told.join("\n"));
}

/// Whether a process is there and not yet dead (a dead one stays as `Z` until it is asked for).
fn is_running(pid: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

#[tokio::test]
async fn a_missing_program_is_said() {
    let scratch = Scratch::new();
    let file = scratch.write("htpasswd", FOREIGN);
    let sessions = json!({ "end": ["/nowhere/end", "{login}"], "count": ["/nowhere/count", "{login}"] });
    let adapter = adapter(json!({ "file": file, "sessions": sessions })).unwrap();
    let grant = Grant::of(adapter, &json!({ "login": {} }), 1042, "ann@example.com");
    let outcome = grant.does("revoke").await;
    assert_eq!(word_of(&outcome), "fatal");
    assert!(error_of(&outcome).contains("`/nowhere/end` could not be started"), "{outcome:?}");
}

#[test]
fn each_mistake_in_a_table_is_told_with_what_to_write() {
    let mut told = Vec::new();
    for table in [
        json!("htpasswd"),
        json!({}),
        json!({ "adapter": "htpaswd", "file": "/srv/wiki/htpasswd" }),
        json!({ "adapter": "okta" }),
        json!({ "adapter": "htpasswd" }),
        json!({ "adapter": "htpasswd", "file": "htpasswd", "cost": 3, "used_at": "javascript:alert(1)" }),
        json!({ "adapter": "htpasswd", "file": "/srv/wiki/..", "coost": 10, "parallel": 0, "time_out": "1 parsec" }),
        json!({ "adapter": "htpasswd", "file": "/srv/a\nb", "time_out": "1h", "used_at": 7 }),
        json!({ "adapter": "htpasswd", "file": "/srv/w", "sessions": { "end": ["/bin/true", "{login}"] } }),
        json!({ "adapter": "htpasswd", "file": "/srv/w", "sessions": {
            "end": ["true", "{login}"], "count": ["/bin/true"], "time_out": "2h", "begin": [] } }),
        json!({ "adapter": "htpasswd", "file": "/srv/w", "sessions": {
            "end": ["/bin/kill", "{login}", "{person}"], "count": "/bin/true {login}" } }),
        json!({ "adapter": "htpasswd", "file": "/srv/w", "sessions": { "end": [], "count": ["/bin/x", "{login}", 1] } }),
    ] {
        told.push(format!("{table}"));
        for issue in targets(table).unwrap_err() {
            told.push(format!("    {}: {}", issue.path.join("."), issue.message));
        }
    }
    insta::assert_snapshot!("target_table_issues", told.join("\n"));
}

#[test]
fn each_mistake_in_a_step_is_told_with_what_to_write() {
    let targets = targets(json!({ "adapter": "htpasswd", "file": "/srv/wiki/htpasswd" })).unwrap();
    let mut told = Vec::new();
    for (target, step) in [
        ("wiki", json!({ "logn": {} })),
        ("wiki", json!({ "login": { "roles": ["editor"] } })),
        ("wiki", json!({ "login": true })),
        ("wiki", json!({ "login": {}, "member": "staff" })),
        ("wikki", json!({ "login": {} })),
        ("billing-pg", json!({ "login": {} })),
    ] {
        told.push(format!("{target} {step}"));
        for issue in targets.parse(&TargetId::new(target).unwrap(), &step).unwrap_err() {
            told.push(format!("    {}: {}", issue.path.join("."), issue.message));
        }
    }
    insta::assert_snapshot!("step_table_issues", told.join("\n"));
}
