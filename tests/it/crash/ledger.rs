//! What must be so when everything came to rest: the database against Slack, Jira, the targets, and what people were
//! told.

mod secrets;
mod tickets;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

use jitney::audit::Record;
use jitney::engine::Dossier;
use jitney::ids::{PersonId, RequestId};
use jitney::lifecycle::{EndCause, Kind, State, StateWord, View, What};
use jitney::store::{Reader, StoreError};
use tokio::time::{Instant, sleep};

use super::book::Fact;
use super::stage::Stage;

/// Stories that are written out in full.
const STORIES: usize = 5;
/// Offences of one kind that are written out.
const OFFENCES: usize = 40;

/// Waits until everything ended and nothing is owed; with `seconds`, until the second looks agreed too.
pub(super) async fn comes_to_rest(stage: &Stage, seconds: bool, limit: Duration) -> Result<(), String> {
    let until = Instant::now() + limit;
    loop {
        let unrest = unrest(stage, seconds);
        if unrest.is_empty() {
            return Ok(());
        }
        if Instant::now() >= until {
            let lines: Vec<String> = unrest.into_iter().take(OFFENCES).collect();
            return Err(format!("it does not come to rest:\n{}", lines.join("\n")));
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// What still goes on.
fn unrest(stage: &Stage, seconds: bool) -> Vec<String> {
    let mut unrest: Vec<String> = dossiers(stage)
        .iter()
        .filter(|dossier| !is_over(&dossier.request.state, seconds))
        .map(|dossier| format!("{} is {:?}", dossier.request.id, dossier.request.state))
        .collect();
    unrest.extend(owed(stage));
    unrest
}

fn is_over(state: &State, seconds: bool) -> bool {
    match state {
        State::Revoked { recheck_at, .. } => !seconds || recheck_at.is_none(),
        State::Applied { .. } | State::Denied { .. } | State::Withdrawn { .. } | State::Lapsed { .. } => true,
        State::Pending(_)
        | State::Scheduled { .. }
        | State::Granting
        | State::Active { .. }
        | State::Revoking { .. } => false,
    }
}

/// Rows of the outbox. Second looks come into it when they are due, and are gone from it soon after.
fn owed(stage: &Stage) -> Vec<String> {
    let read_only = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let database = rusqlite::Connection::open_with_flags(stage.database(), read_only).unwrap();
    let mut rows = database
        .prepare(
            "SELECT request, what, coalesce(view, op, ''), attempts, coalesce(last_error, '') FROM outbox",
        )
        .unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        let (id, what, of): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (attempts, error): (i64, String) = (row.get(3)?, row.get(4)?);
        Ok(format!("R{id} is owed {what} {of}, after {attempts} attempts: {error}"))
    };
    rows.query_map([], row).unwrap().map(Result::unwrap).collect()
}

/// Every request there is, oldest first.
fn dossiers(stage: &Stage) -> Vec<Dossier> {
    let reader = Reader::open(&stage.database()).unwrap();
    let mut all = Vec::new();
    let mut number = RequestId::FIRST;
    while let Some(dossier) = reader.dossier(number).unwrap() {
        number = RequestId::from_number(number.number() + 1);
        all.push(dossier);
    }
    all
}

/// Everything that is not as it must be, in words, and the stories of the requests that it is about.
pub(super) async fn look_through(stage: &Stage, seconds: bool) -> Vec<String> {
    let dossiers: BTreeMap<RequestId, Dossier> =
        dossiers(stage).into_iter().map(|dossier| (dossier.request.id, dossier)).collect();
    let records = records(stage);
    let issues = tickets::issues(stage);
    let mut offences = Vec::new();
    for (id, dossier) in &dossiers {
        if !is_over(&dossier.request.state, seconds) {
            offences.push(format!("{id} never ended: {:?}", dossier.request.state));
        }
        offences.extend(tickets::ticket(stage, issues.get(id).map_or(&[], Vec::as_slice), dossier));
    }
    offences.extend(tickets::messages(stage, &dossiers));
    offences.extend(nothing_twice(stage, &dossiers));
    for (id, fact) in stage.book.facts() {
        if !is_so(&dossiers, &records, id, &fact) {
            offences.push(format!("{id}: people were told {fact:?}, and the database does not have it"));
        }
    }
    for ground in &stage.grounds {
        let name = ground.name();
        offences.extend(ground.ours().await.iter().map(|left| format!("left on {name}: {left}")));
        offences.extend(ground.disturbed().await.iter().map(|it| format!("disturbed on {name}: {it}")));
    }
    offences.extend(commands(stage, dossiers.len()));
    offences.extend(secrets::found(stage));
    offences.extend(logs(stage));
    count(stage, &dossiers);
    offences.truncate(OFFENCES);
    let stories = stories(stage, &dossiers, &offences);
    offences.extend(stories);
    offences
}

/// No form led to two requests, and no request came from nowhere.
fn nothing_twice(stage: &Stage, dossiers: &BTreeMap<RequestId, Dossier>) -> Vec<String> {
    let mut offences = Vec::new();
    let mut by_words: BTreeMap<&str, RequestId> = BTreeMap::new();
    for (id, dossier) in dossiers {
        let why = dossier.request.ask.justification.as_str();
        if let Some(other) = by_words.insert(why, *id) {
            offences.push(format!("{id} and {other} are of one form: {why}"));
        }
        if !stage.book.was_sent(why) {
            offences.push(format!("{id} was never asked for: {why}"));
        }
        let once: [fn(&What) -> bool; 6] = [
            |what| matches!(what, What::Submitted { .. }),
            |what| matches!(what, What::Activated { .. }),
            |what| matches!(what, What::Provisioning { .. }),
            |what| matches!(what, What::Closed { .. }),
            |what| matches!(what, What::Denied { .. }),
            |what| matches!(what, What::Applied { .. }),
        ];
        for is in once {
            let found: Vec<_> = dossier.entries.iter().filter(|entry| is(&entry.what)).collect();
            if found.len() > 1 {
                offences.push(format!("{id}: {:?} stands there {} times", found[0].what, found.len()));
            }
        }
    }
    offences
}

fn is_so(dossiers: &BTreeMap<RequestId, Dossier>, records: &[Record], id: RequestId, fact: &Fact) -> bool {
    let Some(dossier) = dossiers.get(&id) else { return false };
    let request = &dossier.request;
    let person = |who: &str| PersonId::new(&format!("{who}@example.com")).unwrap();
    match fact {
        Fact::Asked { who, role, why } => {
            request.requester.id == person(who)
                && request.ask.role.to_string() == *role
                && request.ask.justification == *why
        }
        Fact::Extended { who, parent, why } => {
            request.requester.id == person(who)
                && request.kind == Kind::Extension { parent: *parent }
                && request.ask.justification == *why
        }
        Fact::Denied { by } => {
            matches!(&request.state, State::Denied { by: Some(found), .. } if *found == person(by))
        }
        Fact::Acted { by, what } => {
            let kind = match *what {
                "jit_approve" => "approved",
                "jit_release" => "ending",
                "jit_reveal" => "credential_revealed",
                "withdraw" => "withdrawn",
                other => panic!("no such act: {other}"),
            };
            let by = person(by);
            records.iter().filter(|record| record.request == Some(id)).any(|record| {
                let is_theirs = record.body["actor"].to_string().contains(by.as_str());
                is_theirs && (record.kind == kind || record.kind == "refused")
            })
        }
        Fact::Taken => dossier.entries.iter().any(|entry| matches!(entry.what, What::Ending { .. })),
    }
}

fn records(stage: &Stage) -> Vec<Record> {
    let reader = Reader::open(&stage.database()).unwrap();
    let mut records = Vec::new();
    reader
        .for_each_record(1, |record| {
            records.push(record);
            Ok::<_, StoreError>(())
        })
        .unwrap();
    records
}

/// What the command line says of it.
fn commands(stage: &Stage, requests: usize) -> Vec<String> {
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_jitney"))
            .args(arguments)
            .current_dir(&stage.folder)
            .env_clear()
            .output()
            .unwrap()
    };
    let mut offences = Vec::new();
    for arguments in [
        &["audit", "verify"][..],
        &["audit", "export", "--format", "jsonl", "--output", "export.jsonl"],
        &["audit", "verify", "export.jsonl"],
        &["audit", "export", "--format", "csv", "--output", "export.csv"],
    ] {
        let ended = run(arguments);
        if !ended.status.success() {
            let said = [ended.stdout, ended.stderr].concat();
            offences.push(format!("jitney {}: {}", arguments.join(" "), String::from_utf8_lossy(&said)));
        }
    }
    let listed: Vec<serde_json::Value> =
        serde_json::from_slice(&run(&["request", "list", "--json", "--limit", "1000"]).stdout).unwrap();
    if listed.len() != requests.min(1000) {
        offences.push(format!("jitney request list has {} of {requests} requests", listed.len()));
    }
    offences
}

/// A panic or an error in any life's log is a defect, or something that the run did not mean to do.
fn logs(stage: &Stage) -> Vec<String> {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    let mut entries: Vec<_> =
        std::fs::read_dir(stage.folder.join("logs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let parsed = serde_json::from_str::<serde_json::Value>(line).unwrap_or_default();
            let message = parsed["message"].as_str().unwrap_or(line);
            match parsed["level"].as_str() {
                Some("WARN") => stage.book.count(&format!("warned: {message}")),
                Some("INFO" | "DEBUG") => {}
                // The last line of a life may be cut short.
                None if line.starts_with('{') || line == "jitney has stopped" => {}
                Some(_) | None => *found.entry(line.chars().take(400).collect()).or_default() += 1,
            }
        }
    }
    found.into_iter().map(|(line, count)| format!("logged {count} times: {line}")).collect()
}

fn count(stage: &Stage, dossiers: &BTreeMap<RequestId, Dossier>) {
    let book = &stage.book;
    for dossier in dossiers.values() {
        book.count(&format!("requests {}", dossier.request.state.word().as_str()));
        let has = |is: fn(&What) -> bool| dossier.entries.iter().any(|entry| is(&entry.what));
        if has(|what| matches!(what, What::Provisioning { .. })) {
            book.count("grants begun");
        }
        if has(|what| matches!(what, What::Activated { .. })) {
            book.count("grants that were active");
        }
        if has(|what| matches!(what, What::Stuck { .. })) {
            book.count("revocations that were late, and are done");
        }
        for entry in &dossier.entries {
            if let What::Ending { cause } = &entry.what {
                let cause = serde_json::to_value(cause).unwrap();
                let word = cause.as_str().map(str::to_owned);
                let word = word.or_else(|| cause.as_object()?.keys().next().cloned()).unwrap();
                book.count(&format!("grants ended: {word}"));
            }
        }
        book.adds("entries told", dossier.entries.len() as u64);
    }
    book.adds("requests", dossiers.len() as u64);
    let issues = stage.jira.issues();
    let comments: usize = issues.iter().map(|issue| stage.jira.comments(&issue.key).len()).sum();
    book.adds("jira issues", issues.len() as u64);
    book.adds("jira comments", comments as u64);
    let slack = stage.slack.snapshot();
    book.adds("envelopes", slack.envelopes.len() as u64);
    let again = slack.envelopes.iter().filter(|envelope| envelope.attempt > 0).count();
    book.adds("envelopes delivered again after a kill", again as u64);
    let messages: usize = slack.channels.values().map(|channel| channel.messages.len()).sum();
    book.adds("slack messages", messages as u64);
    for (refusal, times) in &slack.refusals {
        book.adds(&format!("slack refused {refusal}"), *times);
    }
    let unexpected = slack.complaints.iter().filter(|complaint| !complaint.contains("no answer in time"));
    for complaint in unexpected {
        let start: String = complaint.chars().take(100).collect();
        book.count(&format!("slack complained: {start}"));
    }
}

/// The stories of the first requests that an offence names.
fn stories(stage: &Stage, dossiers: &BTreeMap<RequestId, Dossier>, offences: &[String]) -> Vec<String> {
    let named: BTreeSet<RequestId> = offences
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric()))
        .filter_map(|word| word.to_uppercase().parse().ok())
        .filter(|id| dossiers.contains_key(id))
        .collect();
    named.iter().take(STORIES).map(|id| story(stage, &dossiers[id])).collect()
}

fn story(stage: &Stage, dossier: &Dossier) -> String {
    let id = dossier.request.id;
    let mut text = format!("---- {id}: {:?}\nsteps: {:?}\n", dossier.request.state, dossier.request.steps);
    for entry in &dossier.entries {
        writeln!(text, "  {} {} {:?} by {:?}", entry.at, entry.id, entry.what, entry.by).unwrap();
    }
    writeln!(text, "  comments known: {:?}\n  messages: {:?}", dossier.comments, dossier.messages).unwrap();
    for issue in tickets::issues(stage).remove(&id).unwrap_or_default() {
        writeln!(text, "  {} is {}", issue.key, issue.status).unwrap();
        for comment in stage.jira.comments(&issue.key) {
            writeln!(text, "    {} {} {:?}", comment.created_at, comment.id, comment.properties).unwrap();
        }
    }
    let word = id.to_string();
    let mut logs: Vec<_> =
        std::fs::read_dir(stage.folder.join("logs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    logs.sort();
    for path in logs {
        let lines = std::fs::read_to_string(&path).unwrap();
        for line in lines.lines().filter(|line| line.contains(&word)) {
            let line: String = line.chars().take(300).collect();
            writeln!(text, "  {}: {line}", path.file_name().unwrap().display()).unwrap();
        }
    }
    text
}

/// Whether it ended before anybody had access.
fn could_not_be_granted(state: &State) -> bool {
    matches!(state, State::Revoked { cause: EndCause::ProvisioningFailed { .. }, .. })
}

/// What a card says first.
fn headline(state: &State) -> &'static str {
    match state.word() {
        _ if could_not_be_granted(state) => "Could not be granted",
        StateWord::Pending => "Waiting for approval",
        StateWord::Scheduled => "Approved, starts later",
        StateWord::Granting => "Approved, granting now",
        StateWord::Active => "Active",
        StateWord::Revoking => "Could not be removed yet",
        StateWord::Revoked => "Ended",
        StateWord::Applied => "Extended",
        StateWord::Denied => "Denied",
        StateWord::Withdrawn => "Withdrawn",
        StateWord::Lapsed => "Lapsed",
    }
}

const CARD: View = View::Card;
