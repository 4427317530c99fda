//! CSV for spreadsheets: RFC 4180, and no cell that a spreadsheet would take for a formula.

use serde_json::{Map, Value};

use super::Record;
use super::canonical::write_value;
use crate::time::Timestamp;

/// What a record has in one column.
type Cell = fn(&Row<'_>) -> String;

/// The columns, in order: the name, and what a record has there.
const COLUMNS: [(&str, Cell); 22] = [
    ("seq", |row| row.record.seq.to_string()),
    ("at", |row| row.record.at.rfc3339()),
    ("kind", |row| row.record.kind.clone()),
    ("request", |row| row.record.request.map_or_else(String::new, |id| id.to_string())),
    ("actor", |row| actor(row.of_body("actor"), "id")),
    ("actor_name", |row| actor(row.of_body("actor"), "name")),
    ("requester", |row| person(row.of_body("requester"), "id")),
    ("requester_name", |row| person(row.of_body("requester"), "name")),
    ("employment", |row| person(row.of_body("requester"), "employment")),
    ("department", |row| person(row.of_body("requester"), "department")),
    ("app", |row| row.role().0),
    ("role", |row| row.role().1),
    ("why", |row| row.first_of(&["justification", "reason", "finding", "waived"])),
    ("finding", |row| row.first_of(&["found"])),
    ("step", |row| row.first_of(&["label"])),
    ("method", |row| row.evidence("method")),
    ("answer", |row| row.evidence("answer")),
    ("ends_at", |row| row.ends_at()),
    ("policy", |row| text(row.of_body("policy"))),
    ("detail", |row| row.detail()),
    ("prev", |row| row.record.prev.to_string()),
    ("hash", |row| row.record.hash.to_string()),
];

/// Parts of a body that have columns of their own.
const TOLD_APART: [&str; 4] = ["actor", "requester", "role", "policy"];

/// The header row, with its line end.
#[must_use]
pub fn csv_header() -> String {
    join(COLUMNS.iter().map(|(name, _)| (*name).to_owned()))
}

/// The record as a row, with its line end. What the body does not have is an empty cell; what has no column of
/// its own stands in `detail`. A CSV is for reading: only JSON Lines can be verified.
#[must_use]
pub fn to_csv_row(record: &Record) -> String {
    let row = Row::new(record);
    join(COLUMNS.iter().map(|(_, cell)| cell(&row)))
}

/// A record with the parts that cells are taken from.
struct Row<'a> {
    record: &'a Record,
    body: Option<&'a Map<String, Value>>,
    entry: Option<&'a Map<String, Value>>,
}

impl<'a> Row<'a> {
    fn new(record: &'a Record) -> Self {
        let body = record.body.as_object();
        let entry = body.and_then(|body| body.get("entry")).and_then(Value::as_object);
        let what = entry.and_then(|entry| entry.get("what")).and_then(Value::as_object);
        let entry = what.or(entry);
        Self { record, body, entry }
    }

    fn of_body(&self, key: &str) -> Option<&'a Value> {
        self.body.and_then(|body| body.get(key))
    }

    fn of_entry(&self, key: &str) -> Option<&'a Value> {
        self.entry.and_then(|entry| entry.get(key))
    }

    fn role(&self) -> (String, String) {
        let both = text(self.of_body("role"));
        match both.split_once('/') {
            Some((app, role)) => (app.to_owned(), role.to_owned()),
            None => (String::new(), both),
        }
    }

    fn first_of(&self, keys: &[&str]) -> String {
        keys.iter().map(|key| text(self.of_entry(key))).find(|text| !text.is_empty()).unwrap_or_default()
    }

    fn evidence(&self, key: &str) -> String {
        match self.of_entry("evidence") {
            Some(Value::Object(evidence)) => text(evidence.get(key)),
            Some(Value::Array(several)) => {
                let parts: Vec<_> = several.iter().map(|one| text(one.get(key))).collect();
                parts.join(" | ")
            }
            // What a named person attests has no method of ours.
            Some(Value::String(attested)) if key == "answer" => attested.clone(),
            Some(_) | None => String::new(),
        }
    }

    fn ends_at(&self) -> String {
        ["expires_at", "to", "not_after"]
            .iter()
            .find_map(|key| self.of_entry(key).and_then(Value::as_i64))
            .map_or_else(String::new, |millis| Timestamp::from_millis(millis).rfc3339())
    }

    fn detail(&self) -> String {
        let Some(body) = self.body else {
            return text(Some(&self.record.body));
        };
        let rest: Map<String, Value> = body
            .iter()
            .filter(|(key, _)| !TOLD_APART.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if rest.is_empty() { String::new() } else { text(Some(&Value::Object(rest))) }
    }
}

/// A text as it is, nothing as nothing, anything else as JSON.
fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => {
            let mut out = String::new();
            match write_value(&mut out, other) {
                Ok(()) => out,
                Err(_) => other.to_string(),
            }
        }
    }
}

/// Of `{"person": {"id", "name"}}` or `{"id", "name"}`; a bare text is its own id.
fn actor(value: Option<&Value>, key: &str) -> String {
    let inner = value
        .and_then(Value::as_object)
        .filter(|fields| fields.len() == 1)
        .and_then(|fields| fields.values().next())
        .filter(|inner| inner.is_object());
    person(inner.or(value), key)
}

fn person(value: Option<&Value>, key: &str) -> String {
    match value {
        Some(Value::Object(fields)) => text(fields.get(key)),
        Some(Value::String(id)) if key == "id" => id.clone(),
        Some(_) | None => String::new(),
    }
}

fn join(cells: impl Iterator<Item = String>) -> String {
    let mut row = String::with_capacity(512);
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            row.push(',');
        }
        push_cell(&mut row, &cell);
    }
    row.push_str("\r\n");
    row
}

fn push_cell(row: &mut String, cell: &str) {
    let guard = if begins_a_formula(cell) { "'" } else { "" };
    if cell.contains(['"', ',', ';', '\t', '\r', '\n']) {
        row.push('"');
        row.push_str(guard);
        row.push_str(&cell.replace('"', "\"\""));
        row.push('"');
    } else {
        row.push_str(guard);
        row.push_str(cell);
    }
}

/// Whether a spreadsheet might run the cell: OWASP ASVS 1.2.10 names `= + - @`, tab, CR and NUL; the full-width
/// forms count too, and so does what stands behind blanks that a spreadsheet trims.
fn begins_a_formula(cell: &str) -> bool {
    let blank = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}');
    let Some(first) = cell.chars().next() else {
        return false;
    };
    first.is_control()
        || cell
            .trim_start_matches(blank)
            .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '−', '\t', '\r', '\0'])
}
