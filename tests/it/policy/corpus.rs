//! Policy files as data: good ones, bad ones, and lawful ones that are hardly meant. Each says all that is found in it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use jitney::policy::{FileKind, Issue, PolicySet, SourceFile, Table, lint, parse, run_tests, schema};
use serde_json::{Value, json};

use super::{Logins, directory, everybody, file};

/// The partners of a case: a good app beside tiers, good tiers beside an app.
const APP: &str = include_str!("corpus/good/app-least.toml");
const TIERS: &str = "[tiers.manager]\nname = \"The manager agrees\"\nhours = \"office\"\n[[tiers.manager.stages]]\napprovers = [\"manager\"]\nfallback = [\"group:security\", \"person:dana@example.com\"]\n[calendars.office]\nzone = \"Europe/Berlin\"\nhours = [\"mon-fri 09:00-17:30\"]\n[[blackouts]]\nzone = \"Europe/Berlin\"\nfrom = 2027-12-23\nuntil = 2027-12-27\nbecause = \"Quiet days\"\n[risks.medium]\nat_once = 1\n";
const SCHEMA_CHECK: &str = include_str!("schema_check.py");

/// One file of the corpus.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) kind: FileKind,
}

impl Case {
    /// With its partner.
    pub(super) fn files(&self) -> Vec<SourceFile> {
        case_files(self.kind, &self.text)
    }

    fn read(&self) -> Result<PolicySet, Vec<Issue>> {
        parse(&self.files(), &Logins)
    }
}

pub(super) fn case_files(kind: FileKind, text: &str) -> Vec<SourceFile> {
    match kind {
        FileKind::App => vec![file("tiers.toml", TIERS), file("billing.toml", text)],
        FileKind::Tiers => vec![file("tiers.toml", text), file("billing.toml", APP)],
    }
}

pub(super) fn cases(folder: &str) -> Vec<Case> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/policy/corpus")).join(folder);
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<Case> = entries
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let kind = if name.ends_with(".tiers.toml") { FileKind::Tiers } else { FileKind::App };
            Case { text: std::fs::read_to_string(&path).unwrap(), name, kind }
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

pub(super) fn all_cases() -> Vec<Case> {
    ["good", "edge", "bad"].iter().flat_map(|folder| cases(folder)).collect()
}

/// The issue, its hint, and its line with a caret under all that it is about.
fn marked(issue: &Issue, files: &[SourceFile]) -> String {
    let mut told = format!("{}:{}:{}: {}\n", issue.file, issue.line, issue.column, issue.message);
    let source = files.iter().find(|file| file.name == issue.file);
    let line = source.and_then(|file| file.text.lines().nth(issue.line - 1)).unwrap_or("");
    if line.chars().count() < 120 && !line.trim().is_empty() {
        let end = if issue.end_line == issue.line { issue.end_column } else { line.chars().count() + 1 };
        let carets = "^".repeat(end.saturating_sub(issue.column).max(1));
        told += &format!("    {line}\n    {}{carets}\n", " ".repeat(issue.column - 1));
    }
    told + &format!("    help: {}\n", issue.hint.as_deref().unwrap_or("NONE"))
}

/// That the issue can be shown: a place inside the file, one line of words, something to do.
pub(super) fn assert_showable(issue: &Issue, files: &[SourceFile]) {
    let Some(source) = files.iter().find(|file| file.name == issue.file) else {
        panic!("{issue} is about no file");
    };
    let lines: Vec<&str> = source.text.split('\n').collect();
    for (line, column) in [(issue.line, issue.column), (issue.end_line, issue.end_column)] {
        assert!((1..=lines.len()).contains(&line), "{issue}: there is no line {line}");
        let width = lines[line - 1].chars().count();
        assert!((1..=width + 1).contains(&column), "{issue}: line {line} has no column {column}");
    }
    let ends_after = (issue.end_line, issue.end_column) >= (issue.line, issue.column);
    assert!(ends_after, "{issue} ends before it begins");
    let hint = issue.hint.as_deref().unwrap_or("");
    assert!(!hint.is_empty(), "{issue} does not say what to write instead");
    assert!(!issue.words().chars().any(char::is_control), "{issue:?} is not one line");
}

#[test]
fn the_corpus_is_large_and_each_case_is_what_its_folder_says() {
    assert!(all_cases().len() >= 100, "{}", all_cases().len());
    for case in cases("good") {
        let policies = case.read().unwrap_or_else(|issues| panic!("{}: {issues:?}", case.name));
        assert!(run_tests(&policies).iter().all(|result| result.passed), "{}", case.name);
    }
    for case in cases("edge") {
        assert!(case.read().is_ok(), "{}", case.name);
    }
    for case in cases("bad") {
        let issues = case.read().err().unwrap_or_else(|| panic!("{} has no issue", case.name));
        issues.iter().for_each(|issue| assert_showable(issue, &case.files()));
    }
}

#[test]
fn every_issue_of_a_bad_file_is_told_with_its_place_and_what_to_do() {
    let mut told = BTreeMap::<String, String>::new();
    for case in cases("bad") {
        let group = case.name.split('-').next().unwrap().to_owned();
        let issues = case.read().err().unwrap_or_default();
        let issues: String = issues.iter().map(|issue| marked(issue, &case.files())).collect();
        *told.entry(group).or_default() += &format!("== {}\n{issues}\n", case.name);
    }
    for (group, told) in told {
        insta::assert_snapshot!(format!("bad_{group}"), told);
    }
}

#[test]
fn what_is_lawful_but_hardly_meant_is_told() {
    let mut told = String::new();
    for case in cases("edge") {
        let warnings = lint(&case.read().unwrap(), &directory(everybody()));
        let warnings: String = warnings.iter().map(|warning| format!("{warning}\n")).collect();
        told += &format!("== {}\n{warnings}\n", case.name);
    }
    insta::assert_snapshot!(told);
}

/// Every key of the grammar stands in a good file, so the parser takes each of them; that it takes no other is
/// asserted by the parser itself, at every table that it reads.
#[test]
fn good_files_have_every_key() {
    let mut seen = BTreeSet::new();
    for case in cases("good") {
        let root = match case.kind {
            FileKind::App => Table::AppFile,
            FileKind::Tiers => Table::TiersFile,
        };
        let text = case.text.trim_start_matches('\u{feff}');
        keys_of(root, &to_json(text), &mut seen);
    }
    for table in Table::ALL {
        for key in table.keys() {
            assert!(
                seen.contains(&(table, key.name)),
                "no good file has `{}` in {}",
                key.name,
                table.title()
            );
        }
    }
}

/// Every key that the grammar knows in the table and below.
fn keys_of(table: Table, value: &Value, seen: &mut BTreeSet<(Table, &'static str)>) {
    use jitney::policy::Takes;
    for key in table.keys() {
        let Some(value) = value.get(key.name) else { continue };
        seen.insert((table, key.name));
        match key.takes {
            Takes::Table(inner) => keys_of(inner, value, seen),
            Takes::Tables(inner, ..) => {
                value.as_array().unwrap().iter().for_each(|value| keys_of(inner, value, seen));
            }
            Takes::Named(inner, ..) => {
                value.as_object().unwrap().values().for_each(|value| keys_of(inner, value, seen));
            }
            _ => {}
        }
    }
}

fn to_json(text: &str) -> Value {
    let mut value = serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap();
    write_out_dates(&mut value);
    value
}

/// JSON has no dates: editors hold those of TOML against the schema as texts.
fn write_out_dates(value: &mut Value) {
    match value {
        Value::Object(table) => match table.get("$__toml_private_datetime") {
            Some(date) => *value = date.clone(),
            None => table.values_mut().for_each(write_out_dates),
        },
        Value::Array(list) => list.iter_mut().for_each(write_out_dates),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The keys of every table in the schemas are those of the grammar, and so of the parser.
#[test]
fn the_schemas_have_the_keys_of_the_parser_and_no_other() {
    let schemas = [(FileKind::App, Table::AppFile), (FileKind::Tiers, Table::TiersFile)];
    let mut tables = BTreeMap::new();
    for (kind, root) in schemas {
        let schema = schema(kind);
        for (name, table) in schema["definitions"].as_object().unwrap() {
            tables.insert(name.clone(), table.clone());
        }
        tables.insert(format!("{root:?}"), schema);
    }
    let keys_in_schemas: BTreeSet<BTreeSet<String>> = tables
        .values()
        .map(|table| table["properties"].as_object().unwrap().keys().cloned().collect())
        .collect();
    let keys_of_parser: BTreeSet<BTreeSet<String>> =
        Table::ALL.iter().map(|table| table.keys().iter().map(|key| key.name.to_owned()).collect()).collect();
    assert_eq!(keys_in_schemas, keys_of_parser);
    for (name, table) in &tables {
        assert_eq!(table["additionalProperties"], json!(name == "step"), "{name}");
    }
}

/// What the parser takes, the schema takes; what it refuses by itself, without the other file and the
/// configuration, the schema refuses too. Checked by Python's jsonschema, where there is one.
#[test]
fn the_schemas_agree_with_the_parser_on_the_corpus() {
    let mut lines = Vec::new();
    // A schema can't see these: they are about other files, about adapters, or about two values at once.
    let beyond = [
        "app-instead-of-listed",
        "app-owner-twice",
        "role-conflicts-unknown",
        "role-conflicts-with-itself",
        "role-family-unknown",
        "role-maximum-too-short",
        "role-name-empty",
        "role-name-over-lines",
        "role-tier-misspelt",
        "role-tier-unknown",
        "role-total-too-short",
        "rule-person-with-blanks",
        "span-overflow",
        "span-too-long",
        "span-too-short",
        "step-adapter-refuses",
        "step-number-too-large",
        "step-target-misspelt",
        "field-id-twice",
        "blackout-app-unknown",
        "blackout-ends-before",
        "blackout-zone-in-a-moment",
        "calendar-day-misspelt",
        "calendar-ends-where-it-begins",
        "calendar-holiday-twice",
        "calendar-time-of-25-hours",
        "calendar-zone-misspelt",
        "risk-tier-unknown",
        "risk-too-long-for-a-role",
        "risk-unknown",
        "risk-weak-tier",
        "role-hours-unknown",
        "test-at-no-zone",
        "test-because-of-a-yes",
        "test-holds-unknown",
        "test-role-misspelt",
        "stage-approver-incomplete",
        "stage-escalates-to-nobody",
        "stage-hours-misspelt",
        "stage-oncall-no-name",
        "stage-quorum-out-of-reach",
        "stage-waits-too-long",
    ];
    for case in all_cases() {
        let stem = case.name.split('.').next().unwrap();
        let text = case.text.trim_start_matches('\u{feff}');
        if text.parse::<toml::Table>().is_err() {
            continue;
        }
        let is_good = case.read().is_ok();
        if !is_good && beyond.contains(&stem) {
            continue;
        }
        let kind = if case.kind == FileKind::App { "app" } else { "tiers" };
        lines.push(
            json!({ "name": case.name, "kind": kind, "good": is_good, "value": to_json(text) }).to_string(),
        );
    }
    let has = Command::new("python3").args(["-c", "import jsonschema"]).stderr(Stdio::null()).status();
    if !has.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("REQUIRE_REAL").is_none(), "python3 has no jsonschema");
        println!("SKIPPED: python3 has no jsonschema, so the schemas were not held against the corpus");
        return;
    }
    let (agree, said) = held_against_schemas(&lines);
    assert!(agree && said.contains(&format!("{} cases", lines.len())), "{said}");
    // It can fail: a file that lacks everything, and one that the parser is said to refuse.
    let lacking = json!({ "name": "lacking", "kind": "app", "good": true, "value": {} });
    let taken = json!({ "name": "taken", "kind": "tiers", "good": false, "value": { "tiers": {} } });
    for wrong in [lacking, taken] {
        assert!(!held_against_schemas(&[wrong.to_string()]).0, "{wrong}");
    }
}

/// Whether the schemas say of each case what the parser says of it, and what they say otherwise.
fn held_against_schemas(cases: &[String]) -> (bool, String) {
    let schemas = json!({ "app": schema(FileKind::App), "tiers": schema(FileKind::Tiers) });
    let mut python = Command::new("python3")
        .args(["-c", SCHEMA_CHECK])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = python.stdin.take().unwrap();
    writeln!(input, "{schemas}\n{}", cases.join("\n")).unwrap();
    drop(input);
    let output = python.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}
