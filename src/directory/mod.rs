//! Who people are: employment, department, title, location, manager, groups. The people file says who there is; sources
//! besides it, one file each here, tell facts of them. All is read again when it changes, and goes stale when it can't
//! be read.

mod csv;
mod file;
mod quotes;
mod source;
mod told;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

pub use self::file::{DirectoryIssue, parse_people};
use self::file::{Mark, told_error};
pub use self::source::{Delivery, FileSource, Format, Source, SourceError};
pub use self::told::{Layer, Told, Whose, overlay};
use crate::policy::{Fact, People};
use crate::time::{Span, Timestamp};

/// The directory in a file, and what was last read of it.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    max_age: Span,
    elsewhere: BTreeSet<Fact>,
    mark: Mark,
    people: Arc<People>,
}

/// Why the directory was not read. What was read before stays in force until it is too old.
#[derive(Debug, Error)]
pub enum DirectoryError {
    /// The system refused.
    #[error("the directory {path} can't be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not a regular file, or larger than 16 MiB.
    #[error("the directory {0} is not a regular file of at most 16 MiB")]
    NotAFile(PathBuf),
    /// It is not as it should be.
    #[error("the directory has {} to mend:\n{}", issue_count(.0), issue_list(.0))]
    Issues(Vec<DirectoryIssue>),
}

impl Directory {
    /// Reads the file for the first time. Decisions are not taken on facts older than `max_age`.
    ///
    /// # Errors
    /// When it can't be read, or with every issue that it has.
    pub fn open(path: &Path, max_age: Span, now: Timestamp) -> Result<Self, DirectoryError> {
        Self::open_without(path, max_age, BTreeSet::new(), now)
    }

    /// As [`open`](Self::open), where other sources tell these facts: the file need not.
    ///
    /// # Errors
    /// When it can't be read, or with every issue that it has.
    pub fn open_without(
        path: &Path,
        max_age: Span,
        elsewhere: BTreeSet<Fact>,
        now: Timestamp,
    ) -> Result<Self, DirectoryError> {
        let (mark, people) =
            file::read(path, Format::of(path), &elsewhere).map_err(|error| told_error(path, error))?;
        let people = Arc::new(People::new(people, as_of(path, &mark, now), max_age));
        Ok(Self { path: path.to_owned(), max_age, elsewhere, mark, people })
    }

    /// The state of the file that was last read, as one text.
    #[must_use]
    pub fn mark(&self) -> String {
        self.mark.to_string()
    }

    /// How old it may be for a decision.
    #[must_use]
    pub const fn max_age(&self) -> Span {
        self.max_age
    }

    /// The people as last read.
    #[must_use]
    pub fn people(&self) -> Arc<People> {
        Arc::clone(&self.people)
    }

    /// Looks at the file again, and reads it when it has changed; blocks while it reads. Returns people to put in
    /// force: those of a changed file, or the same ones with a fresh age. A caller who polls about every 10 s, and
    /// at least four times within `max_age`, never sees them go stale while the file is readable.
    ///
    /// # Errors
    /// When it can't be read, or with every issue that it has: at each look until it is mended.
    pub fn poll(&mut self, now: Timestamp) -> Result<Option<Arc<People>>, DirectoryError> {
        let seen = file::mark(&self.path).map_err(|error| told_error(&self.path, error))?;
        if seen != self.mark {
            let (mark, people) = file::read(&self.path, Format::of(&self.path), &self.elsewhere)
                .map_err(|error| told_error(&self.path, error))?;
            let as_of = as_of(&self.path, &mark, now);
            self.mark = mark;
            self.people = Arc::new(People::new(people, as_of, self.max_age));
            return Ok(Some(self.people()));
        }
        // An export is as old as it is, however often it is looked at.
        if Format::of(&self.path) == Format::Csv {
            return Ok(None);
        }
        // Whoever gets people holds them against those before: not at each look, where nothing changes.
        let age = now.since(self.people.as_of());
        if age.as_millis() < self.max_age.as_millis() / 4 {
            return Ok(None);
        }
        self.people = Arc::new(self.people.as_ref().clone().reread_at(now));
        Ok(Some(self.people()))
    }
}

/// Of when the people of a file are: what people keep is looked at, an export was written.
fn as_of(path: &Path, mark: &Mark, now: Timestamp) -> Timestamp {
    match Format::of(path) {
        Format::Toml => now,
        Format::Csv => mark.written().min(now),
    }
}

fn issue_count(issues: &[DirectoryIssue]) -> String {
    if issues.len() == 1 { "one thing".to_owned() } else { format!("{} things", issues.len()) }
}

fn issue_list(issues: &[DirectoryIssue]) -> String {
    const TOLD_MOST: usize = 50;
    let mut lines: Vec<String> = issues.iter().take(TOLD_MOST).map(ToString::to_string).collect();
    if let Some(more) = issues.len().checked_sub(TOLD_MOST).filter(|more| *more > 0) {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}
