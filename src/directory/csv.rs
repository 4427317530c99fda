//! People and facts in a CSV file (RFC 4180): a header that names the fields of [`Person`], a row a person, and groups
//! with a semicolon between them. Columns that nobody asked for are left alone: an export has many.

use std::collections::{BTreeMap, BTreeSet};

use ::csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};

use super::file::{self, DirectoryIssue, PEOPLE_MOST};
use super::quotes::wrong_quote;
use super::told::{Told, Whose};
use crate::ids::{GroupId, PersonId, SlackUserId};
use crate::nearest::slips;
use crate::policy::{Employment, Fact, Person};

/// Issues that are told at most: a wrong column makes one in each row.
const ISSUES_MOST: usize = 100;

/// Columns of the people file that must be there.
const NEEDED: [&str; 3] = ["id", "name", "employment"];
/// Columns of it that may be there.
const OPTIONAL: [&str; 8] =
    ["department", "title", "location", "manager", "groups", "active", "slack", "operator_login"];

/// Reads everybody from the text of a file.
///
/// # Errors
/// Every issue up to a hundred, in the file's order.
pub(super) fn parse_people(name: &str, text: &str) -> Result<Vec<Person>, Vec<DirectoryIssue>> {
    let mut sheet = Sheet::open(name, text, &NEEDED);
    sheet.check_misspelt();
    let people = sheet.rows(|row| {
        let person = Person {
            id: row.id()?,
            name: row.text("name"),
            employment: row.employment()?,
            department: row.text("department"),
            title: row.text("title"),
            location: row.text("location"),
            manager: row.parsed("manager", PersonId::new)?,
            groups: row.groups()?,
            active: row.active()?.unwrap_or(true),
            slack: row.parsed("slack", SlackUserId::new)?,
            operator_login: Some(row.text("operator_login")).filter(|login| !login.is_empty()),
            doubts: None,
        };
        row.check(&person)?;
        Ok((row.line, person))
    });
    sheet.check_one_each(&people);
    sheet.finish(people.into_iter().map(|(_, person)| person).collect())
}

/// Reads the facts that are wanted from the text of a file.
///
/// # Errors
/// As [`parse_people`].
pub(super) fn parse_told(
    name: &str,
    text: &str,
    gives: &BTreeSet<Fact>,
) -> Result<Vec<Told>, Vec<DirectoryIssue>> {
    let wanted: Vec<&str> = ["id"].into_iter().chain(gives.iter().map(|fact| fact.as_str())).collect();
    let mut sheet = Sheet::open(name, text, &wanted);
    let told = sheet.rows(|row| {
        let filled = |key: &str| Some(row.text(key)).filter(|text| !text.is_empty());
        let id = row.id()?;
        for (key, text) in [("department", filled("department")), ("title", filled("title"))] {
            row.check_text(key, text.as_deref().unwrap_or_default(), 0)?;
        }
        row.check_text("location", &row.text("location"), 0)?;
        let told = Told {
            whose: Whose::Person(id.clone()),
            active: row.active()?,
            department: filled("department"),
            title: filled("title"),
            location: filled("location"),
            manager: row.parsed("manager", PersonId::new)?,
            groups: row.groups()?,
        };
        Ok((row.line, told))
    });
    let mut seen = BTreeSet::new();
    for (line, told) in &told {
        if !seen.insert(&told.whose) {
            sheet.note(*line, &format!("`{}` has a row already; keep one of them", told.whose.as_str()));
        }
    }
    sheet.finish(told.into_iter().map(|(_, told)| told).collect())
}

struct Sheet<'t> {
    name: &'t str,
    text: &'t str,
    columns: BTreeMap<String, usize>,
    issues: Vec<DirectoryIssue>,
}

/// A row, and why it will not do when it does not.
struct Row<'r> {
    columns: &'r BTreeMap<String, usize>,
    record: &'r StringRecord,
    line: usize,
}

impl<'t> Sheet<'t> {
    /// Reads the header; each column that is wanted must be there.
    fn open(name: &'t str, text: &'t str, wanted: &[&str]) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut sheet = Self { name, text, columns: BTreeMap::new(), issues: Vec::new() };
        if text.trim().is_empty() {
            sheet.note(1, &format!("the file is empty; begin it with the header `{}`", wanted.join(",")));
            return sheet;
        }
        if let Some(wrong) = wrong_quote(text) {
            let (line, column) = file::place(text.get(..wrong.at).unwrap_or_default());
            sheet.note_at(line, column, wrong.message);
            return sheet;
        }
        match sheet.reader().headers() {
            Ok(header) => {
                for (number, column) in header.iter().enumerate() {
                    let column = column.to_lowercase();
                    if sheet.columns.insert(column.clone(), number).is_some() {
                        sheet.note(1, &format!("the column `{}` is there twice", shown(&column)));
                    }
                }
            }
            Err(error) => sheet.note(1, &format!("the header can't be read: {error}")),
        }
        let missing = wanted.iter().filter(|column| !sheet.columns.contains_key(**column));
        let missing: Vec<String> = missing.map(|column| format!("`{column}`")).collect();
        if !missing.is_empty() {
            let known: Vec<&str> = sheet.columns.keys().map(String::as_str).take(20).collect();
            let missing = missing.join(", ");
            let message = format!("the header lacks {missing}; it has {}", shown(&known.join(", ")));
            let hint = if known.len() == 1 { "; put commas between the columns" } else { "" };
            sheet.note(1, &format!("{message}{hint}"));
        }
        sheet
    }

    /// Columns with other names are left alone, but one slip must not take a column away: without `active` everybody is
    /// here.
    fn check_misspelt(&mut self) {
        for column in OPTIONAL {
            let near = self.columns.keys().find(|near| slips(near, column) == 1).cloned();
            if let Some(near) = near.filter(|_| !self.columns.contains_key(column)) {
                let near = shown(&near);
                let message =
                    format!("is `{near}` the column `{column}`? Write it so, or give it a name less like it");
                self.note(1, &message);
            }
        }
    }

    fn reader(&self) -> ::csv::Reader<&'t [u8]> {
        ReaderBuilder::new().trim(Trim::All).from_reader(self.text.as_bytes())
    }

    fn rows<T>(&mut self, read: impl Fn(&Row<'_>) -> Result<T, String>) -> Vec<T> {
        let mut found = Vec::new();
        if !self.issues.is_empty() {
            return found;
        }
        let columns = self.columns.clone();
        let mut lines = Lines { text: self.text, at: 0, line: 1 };
        for record in self.reader().records() {
            match record {
                Ok(record) => {
                    let line = lines.of(record.position());
                    match read(&Row { columns: &columns, record: &record, line }) {
                        Ok(one) => found.push(one),
                        Err(message) => self.note(line, &message),
                    }
                }
                Err(error) => self.note(lines.of(error.position()), &unread(&error)),
            }
            if self.issues.len() >= ISSUES_MOST {
                break;
            }
        }
        if found.is_empty() && self.issues.is_empty() {
            self.note(1, "there are no rows under the header; write one a person");
        }
        if found.len() > PEOPLE_MOST {
            self.note(1, &format!("there are {} rows; {PEOPLE_MOST} are the most", found.len()));
        }
        found
    }

    /// One person has one row, and an account or a login belongs to one person.
    fn check_one_each(&mut self, people: &[(usize, Person)]) {
        let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut doubles = Vec::new();
        for (line, person) in people {
            let marks = [
                ("id", Some(person.id.as_str())),
                ("slack", person.slack.as_ref().map(|slack| slack.as_str())),
                ("operator_login", person.operator_login.as_deref()),
            ];
            for (key, value) in marks.into_iter().filter_map(|(key, value)| Some((key, value?))) {
                match seen.get(&(key, value)) {
                    Some(first) => {
                        doubles.push((
                            *line,
                            format!(
                                "the {key} `{}` is in line {first} already; keep one of them",
                                shown(value)
                            ),
                        ));
                    }
                    None => drop(seen.insert((key, value), *line)),
                }
            }
        }
        doubles.iter().for_each(|(line, message)| self.note(*line, message));
    }

    fn note(&mut self, line: usize, message: &str) {
        self.note_at(line, 1, message);
    }

    fn note_at(&mut self, line: usize, column: usize, message: &str) {
        if self.issues.len() < ISSUES_MOST {
            let message = message.replace('\n', "; ");
            self.issues.push(DirectoryIssue { file: self.name.to_owned(), line, column, message });
        }
    }

    fn finish<T>(mut self, rows: Vec<T>) -> Result<Vec<T>, Vec<DirectoryIssue>> {
        if self.issues.is_empty() {
            return Ok(rows);
        }
        self.issues.sort_by_key(|issue| issue.line);
        Err(self.issues)
    }
}

/// The lines on which records begin, asked for in their order.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    /// The reader counts a record from the end of the one before, with the empty lines between them.
    fn of(&mut self, position: Option<&::csv::Position>) -> usize {
        let from = position.and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(self.at);
        let rest = self.text.get(from..).unwrap_or_default();
        let begin = from + rest.len() - rest.trim_start_matches(['\r', '\n']).len();
        self.line += self.text.get(self.at..begin).unwrap_or_default().matches('\n').count();
        self.at = begin.max(self.at);
        self.line
    }
}

/// Why a row is none.
fn unread(error: &::csv::Error) -> String {
    match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => format!(
            "the row has {len} cells, and the header has {expected_len}; leave cells empty where there is nothing, and put \
             quotes around commas"
        ),
        _ => error.to_string(),
    }
}

impl Row<'_> {
    fn text(&self, column: &str) -> String {
        let value = self.columns.get(column).and_then(|number| self.record.get(*number));
        value.unwrap_or_default().to_owned()
    }

    fn parsed<T, E: std::fmt::Display>(
        &self,
        column: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Option<T>, String> {
        match self.text(column).as_str() {
            "" => Ok(None),
            text => parse(text).map(Some).map_err(|error| format!("{column}: {error}")),
        }
    }

    fn id(&self) -> Result<PersonId, String> {
        self.parsed("id", PersonId::new)?.ok_or_else(|| "the id is empty".to_owned())
    }

    fn employment(&self) -> Result<Employment, String> {
        let text = self.text("employment").to_lowercase();
        let found = Employment::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| {
            let known = Employment::ALL.map(Employment::as_str).join(", ");
            format!("the employment `{}` is none of {known}", shown(&text))
        })
    }

    fn active(&self) -> Result<Option<bool>, String> {
        match self.text("active").to_lowercase().as_str() {
            "" => Ok(None),
            "true" | "yes" | "1" => Ok(Some(true)),
            "false" | "no" | "0" => Ok(Some(false)),
            other => Err(format!("active is `{}`; write true or false", shown(other))),
        }
    }

    fn groups(&self) -> Result<BTreeSet<GroupId>, String> {
        let text = self.text("groups");
        let names = text.split(';').map(str::trim).filter(|name| !name.is_empty());
        let groups: Result<BTreeSet<GroupId>, String> =
            names.map(|name| GroupId::new(name).map_err(|error| format!("groups: {error}"))).collect();
        let groups = groups?;
        match groups.len() {
            0..=file::GROUPS_MOST => Ok(groups),
            many => Err(format!("{many} groups; {} are the most", file::GROUPS_MOST)),
        }
    }

    fn check(&self, person: &Person) -> Result<(), String> {
        self.check_text("name", &person.name, 1)?;
        self.check_text("department", &person.department, 0)?;
        self.check_text("title", &person.title, 0)?;
        self.check_text("location", &person.location, 0)?;
        let login = person.operator_login.as_deref().unwrap_or_default();
        if let Some(wrong) = file::wrong_text(login, 0, file::LOGIN_LIMIT) {
            return Err(format!("the operator_login of {} {wrong}", person.id));
        }
        if person.manager.as_ref() == Some(&person.id) {
            return Err(format!("{} can't be their own manager; leave it empty", person.id));
        }
        Ok(())
    }

    fn check_text(&self, key: &str, text: &str, least: usize) -> Result<(), String> {
        match file::wrong_text(text, least, file::NAME_LIMIT) {
            Some(wrong) => Err(format!("the {key} of {} {wrong}", shown(&self.text("id")))),
            None => Ok(()),
        }
    }
}

/// What a file says, fit for a line of an issue.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}
