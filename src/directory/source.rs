//! What a source of facts is, and those that are files. An identity provider is one more file that has a [`Source`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde::Deserialize;
use thiserror::Error;

use super::file::{self, GROUPS_MOST, Mark, NAME_LIMIT, PEOPLE_MOST, ReadError, told_error, wrong_text};
use super::told::{Told, Whose};
use super::{DirectoryError, DirectoryIssue, csv};
use crate::ids::{GroupId, PersonId};
use crate::policy::Fact;
use crate::time::{Span, Timestamp};

/// Where facts come from. It is asked by its schedule, and once more when it says that it has changed.
#[async_trait]
pub trait Source: Send + Sync {
    /// Everything that it tells now.
    ///
    /// # Errors
    /// Why nothing: then what it told before goes on growing old.
    async fn fetch(&mut self, now: Timestamp) -> Result<Delivery, SourceError>;

    /// A cheap look whether it would tell something else. What can't be looked at cheaply never says so.
    async fn has_changed(&mut self) -> bool {
        false
    }
}

/// What a source told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Of when it is.
    pub as_of: Timestamp,
    /// All of it.
    pub told: Vec<Told>,
}

/// Why a source told nothing.
#[derive(Debug, Error)]
pub enum SourceError {
    /// A file.
    #[error(transparent)]
    File(#[from] DirectoryError),
    /// Too many calls: it asks to wait.
    #[error("{why}; it asks to wait")]
    Later {
        /// Who says so.
        why: String,
        /// For so long.
        after: Option<Span>,
    },
    /// Anything else, in words and without secrets.
    #[error("{0}")]
    Other(String),
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `[[people]]` tables, kept by people: they are of the moment when they are read.
    Toml,
    /// Rows under a header, written by a machine: they are of the moment when the file was written.
    Csv,
}

impl Format {
    /// By the end of the file's name: `.csv`, and TOML else.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv")) {
            Self::Csv
        } else {
            Self::Toml
        }
    }
}

/// A file that tells facts.
#[derive(Debug)]
pub struct FileSource {
    path: PathBuf,
    format: Format,
    gives: BTreeSet<Fact>,
    mark: Option<Mark>,
}

impl FileSource {
    /// Reads nothing yet.
    #[must_use]
    pub fn new(path: &Path, format: Format, gives: BTreeSet<Fact>) -> Self {
        Self { path: path.to_owned(), format, gives, mark: None }
    }

    /// As [`Source::fetch`], and blocks while it reads.
    ///
    /// # Errors
    /// When the file can't be read, or with every issue that it has.
    pub fn read(&mut self, now: Timestamp) -> Result<Delivery, DirectoryError> {
        let (mark, delivery) =
            read(&self.path, self.format, &self.gives, now).map_err(|error| told_error(&self.path, error))?;
        self.mark = Some(mark);
        Ok(delivery)
    }
}

#[async_trait]
impl Source for FileSource {
    async fn fetch(&mut self, now: Timestamp) -> Result<Delivery, SourceError> {
        let (path, format, gives) = (self.path.clone(), self.format, self.gives.clone());
        let read = blocking(move || {
            read(&path, format, &gives, now).map_err(|error| SourceError::File(told_error(&path, error)))
        });
        let (mark, delivery) = read.await??;
        self.mark = Some(mark);
        Ok(delivery)
    }

    async fn has_changed(&mut self) -> bool {
        let path = self.path.clone();
        let mark = blocking(move || file::mark(&path).ok()).await.ok().flatten();
        // A file that can't be looked at is told of when its turn comes.
        mark.is_some() && mark != self.mark
    }
}

/// A disk may hang: nobody else waits for it.
async fn blocking<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> Result<T, SourceError> {
    tokio::task::spawn_blocking(run).await.map_err(|error| SourceError::Other(error.to_string()))
}

fn read(
    path: &Path,
    format: Format,
    gives: &BTreeSet<Fact>,
    now: Timestamp,
) -> Result<(Mark, Delivery), ReadError> {
    let (mark, text) = file::text(path)?;
    let name = path.display().to_string();
    let (as_of, told) = match format {
        Format::Csv => (mark.written().min(now), csv::parse_told(&name, &text, gives)),
        Format::Toml => (now, toml_told(&name, &text)),
    };
    Ok((mark, Delivery { as_of, told: told.map_err(ReadError::Issues)? }))
}

/// A file of `[[people]]` tables that need not be whole.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sheet {
    people: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: PersonId,
    active: Option<bool>,
    department: Option<String>,
    title: Option<String>,
    location: Option<String>,
    manager: Option<PersonId>,
    #[serde(default)]
    groups: BTreeSet<GroupId>,
}

fn toml_told(name: &str, text: &str) -> Result<Vec<Told>, Vec<DirectoryIssue>> {
    let sheet: Sheet = toml::from_str(text).map_err(|error| {
        let before = text.get(..error.span().unwrap_or_default().start).unwrap_or_default();
        let (line, column) = file::place(before);
        let message = error.message().trim().replace('\n', "; ");
        vec![DirectoryIssue { file: name.to_owned(), line, column, message }]
    })?;
    let mut issues = Vec::new();
    let mut seen = BTreeSet::new();
    let note = |message: String| DirectoryIssue { file: name.to_owned(), line: 1, column: 1, message };
    if sheet.people.len() > PEOPLE_MOST {
        issues.push(note(format!("there are {} people; {PEOPLE_MOST} are the most", sheet.people.len())));
    }
    for row in &sheet.people {
        if !seen.insert(&row.id) {
            issues.push(note(format!("{} has a table already", row.id)));
        }
        let texts = [("department", &row.department), ("title", &row.title), ("location", &row.location)];
        for (key, text) in texts {
            let wrong = text.as_deref().and_then(|text| wrong_text(text, 0, NAME_LIMIT));
            issues.extend(wrong.map(|wrong| note(format!("the {key} of {} {wrong}", row.id))));
        }
        if row.groups.len() > GROUPS_MOST {
            issues.push(note(format!("{} is in more than {GROUPS_MOST} groups", row.id)));
        }
    }
    if !issues.is_empty() {
        return Err(issues);
    }
    let told = sheet.people.into_iter().map(|row| Told {
        whose: Whose::Person(row.id),
        active: row.active,
        department: row.department,
        title: row.title,
        location: row.location,
        manager: row.manager,
        groups: row.groups,
    });
    Ok(told.collect())
}
