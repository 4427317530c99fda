//! `[directory.sources.NAME]`: sources of facts besides the people file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Schedule;
use super::reader::{NamedTable, Table};
use crate::policy::Fact;
use crate::time::Span;

/// Sources at most.
const SOURCES_MOST: usize = 16;
/// When a source is asked that does not say.
const USUAL_SYNC: &str = "0 */15 * * * *";

/// A source of facts besides the people file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceTable {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// When it is asked.
    pub sync: Schedule,
    /// How old its facts may be for a decision.
    pub max_age: Span,
    /// What it is the authority for.
    pub gives: BTreeSet<Fact>,
}

/// What a source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// A file of rows under a header.
    Csv(PathBuf),
    /// A file of `[[people]]` tables.
    Toml(PathBuf),
    /// The profiles of the Slack workspace.
    SlackProfiles {
        /// The id of the profile's field (`Xf…`) that holds the department.
        department_field: Option<String>,
    },
    /// The user groups of the Slack workspace.
    SlackUserGroups,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    csv: Option<String>,
    toml: Option<String>,
    slack: Option<Slack>,
    department_field: Option<String>,
    sync: Option<String>,
    max_age: Option<String>,
    gives: Option<BTreeSet<Fact>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Slack {
    Profiles,
    UserGroups,
}

/// Reads them; what is wrong is an issue at the table's name.
pub(super) fn read_sources(table: &Table<'_, '_>, base: &Path) -> Vec<SourceTable> {
    let mut sources: Vec<SourceTable> = Vec::new();
    for NamedTable { name, settings } in table.named_tables() {
        let Some(settings) = settings else { continue };
        match read_source(&name.value, settings, base) {
            Ok(source) => {
                let twice = |fact: &&Fact| sources.iter().find(|other| other.gives.contains(*fact));
                for fact in &source.gives {
                    if let Some(other) = twice(&fact) {
                        let (fact, other) = (fact.as_str(), &other.name);
                        let message = format!(
                            "`{}` and `{other}` both give `{fact}`; one source is the authority for a fact, so take it \
                             out of the `gives` of one",
                            source.name
                        );
                        table.issue(name.at, message);
                    }
                }
                sources.push(source);
            }
            Err(message) => table.issue(name.at, format!("`directory.sources.{}`: {message}", name.value)),
        }
    }
    if sources.len() > SOURCES_MOST {
        table.issue(table.at(), format!("{} sources; {SOURCES_MOST} are the most", sources.len()));
    }
    sources
}

fn read_source(name: &str, settings: Map<String, Value>, base: &Path) -> Result<SourceTable, String> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 40 || !name.chars().all(is_plain) || name == "file" {
        return Err(
            "a name has small letters, digits, `-` and `_`, 40 of them at most, and is not `file`".to_owned()
        );
    }
    let raw: Raw = serde_json::from_value(Value::Object(settings)).map_err(|error| error.to_string())?;
    if raw.department_field.is_some() && !matches!(raw.slack, Some(Slack::Profiles)) {
        return Err("`department_field` is for `slack = \"profiles\"`".to_owned());
    }
    if raw.department_field.as_deref().is_some_and(|field| !is_field(field)) {
        return Err("`department_field` is the id of a profile's field, such as `Xf0123ABCD`, not its name"
            .to_owned());
    }
    let (kind, can, usual, age) = match (raw.csv, raw.toml, raw.slack) {
        (Some(path), None, None) => of_file(SourceKind::Csv(base.join(path))),
        (None, Some(path), None) => of_file(SourceKind::Toml(base.join(path))),
        (None, None, Some(Slack::Profiles)) => {
            let mut can = vec![Fact::Active, Fact::Title];
            can.extend(raw.department_field.as_ref().map(|_| Fact::Department));
            let kind = SourceKind::SlackProfiles { department_field: raw.department_field };
            (kind, can.clone(), can, Span::hours(1))
        }
        (None, None, Some(Slack::UserGroups)) => {
            let gives = vec![Fact::UserGroups];
            (SourceKind::SlackUserGroups, gives.clone(), gives, Span::hours(1))
        }
        (None, None, None) | (Some(_), _, _) | (None, Some(_), Some(_)) => {
            return Err(
                "write one of `csv = \"hr.csv\"`, `toml = \"hr.toml\"`, `slack = \"profiles\"` or `slack = \
                        \"user_groups\"`"
                    .to_owned(),
            );
        }
    };
    let gives = raw.gives.unwrap_or_else(|| usual.into_iter().collect());
    let known = || can.iter().map(|fact| format!("`{}`", fact.as_str())).collect::<Vec<_>>().join(", ");
    if gives.is_empty() {
        return Err(format!("`gives` says which facts it is the authority for: some of {}", known()));
    }
    if let Some(other) = gives.iter().find(|fact| !can.contains(fact)) {
        let lacks_field = *other == Fact::Department && matches!(kind, SourceKind::SlackProfiles { .. });
        let with = if lacks_field { ", and `department` with `department_field`" } else { "" };
        return Err(format!("it can't give `{}`; it can give {}{with}", other.as_str(), known()));
    }
    let sync =
        raw.sync.as_deref().unwrap_or(USUAL_SYNC).parse().map_err(|error| format!("`sync`: {error}"))?;
    let max_age = match raw.max_age.as_deref().map(str::parse::<Span>) {
        None => age,
        Some(Ok(age)) if !age.is_zero() => age,
        Some(Ok(_)) => return Err("`max_age` must be longer than nothing, such as `1d`".to_owned()),
        Some(Err(error)) => return Err(format!("`max_age`: {error}")),
    };
    Ok(SourceTable { name: name.to_owned(), kind, sync, max_age, gives })
}

/// Whether it can be the id of a profile's field. A name would be no error to Slack: nobody has anything in it.
fn is_field(text: &str) -> bool {
    let rest = text.strip_prefix("Xf").unwrap_or_default();
    (1..=40).contains(&rest.len()) && rest.chars().all(|c| c.is_ascii_alphanumeric())
}

fn of_file(kind: SourceKind) -> (SourceKind, Vec<Fact>, Vec<Fact>, Span) {
    let can = Fact::ALL.into_iter().filter(|fact| *fact != Fact::UserGroups).collect();
    (kind, can, Vec::new(), Span::days(1))
}
