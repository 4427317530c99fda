//! People in a TOML file: one `[[people]]` table a person, with the fields of [`Person`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::source::Format;
use super::{DirectoryError, csv};
use crate::policy::{Fact, Person};
use crate::time::Timestamp;

const FILE_LIMIT: u64 = 16 * 1024 * 1024;
pub(super) const PEOPLE_MOST: usize = 100_000;
pub(super) const NAME_LIMIT: usize = 120;
pub(super) const LOGIN_LIMIT: usize = 64;
pub(super) const GROUPS_MOST: usize = 500;

/// Something wrong in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryIssue {
    /// The file's name as it was given.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for DirectoryIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

/// What tells one state of the file from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    len: u64,
    inode: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Mark {
    /// When the file was written.
    pub(super) fn written(&self) -> Timestamp {
        let (secs, nanos) = self.modified;
        Timestamp::from_millis(secs.saturating_mul(1000).saturating_add(nanos / 1_000_000))
    }
}

/// One text for each state: for whoever remembers it.
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { len, inode, modified, changed } = self;
        write!(f, "{len}-{inode}-{}.{}-{}.{}", modified.0, modified.1, changed.0, changed.1)
    }
}

/// Why the file gave no people.
pub(super) enum ReadError {
    Io(io::Error),
    NotAFile,
    Issues(Vec<DirectoryIssue>),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Looks at the file without reading it.
pub(super) fn mark(path: &Path) -> Result<Mark, ReadError> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() || metadata.len() > FILE_LIMIT {
        return Err(ReadError::NotAFile);
    }
    // Opening it shows whether it can still be read: people must not stay fresh on a file that was closed to us.
    Ok(mark_of(&File::open(path)?.metadata()?))
}

/// What went wrong, with the file's name.
pub(super) fn told_error(path: &Path, error: ReadError) -> DirectoryError {
    match error {
        ReadError::Io(source) => DirectoryError::Unreadable { path: path.to_owned(), source },
        ReadError::NotAFile => DirectoryError::NotAFile(path.to_owned()),
        ReadError::Issues(issues) => DirectoryError::Issues(issues),
    }
}

/// Reads the file's people, with its mark from before the reading. `elsewhere` are facts that it need not tell.
pub(super) fn read(
    path: &Path,
    format: Format,
    elsewhere: &BTreeSet<Fact>,
) -> Result<(Mark, Vec<Person>), ReadError> {
    let (mark, text) = text(path)?;
    let name = path.display().to_string();
    let people = match format {
        Format::Toml => parse_with(&name, &text, elsewhere),
        Format::Csv => csv::parse_people(&name, &text),
    };
    Ok((mark, people.map_err(ReadError::Issues)?))
}

/// Reads the file's text, with its mark from before the reading.
pub(super) fn text(path: &Path) -> Result<(Mark, String), ReadError> {
    mark(path)?;
    let mut file = File::open(path)?;
    let mark = mark_of(&file.metadata()?);
    let mut bytes = Vec::new();
    let read = file.by_ref().take(FILE_LIMIT + 1).read_to_end(&mut bytes)?;
    if read as u64 > FILE_LIMIT {
        return Err(ReadError::NotAFile);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok((mark, text)),
        Err(error) => {
            let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
            let (line, column) = place(&String::from_utf8_lossy(good));
            let message = "what stands here is not UTF-8; save the file as UTF-8".to_owned();
            let issue = DirectoryIssue { file: path.display().to_string(), line, column, message };
            Err(ReadError::Issues(vec![issue]))
        }
    }
}

/// The line and the column behind this text.
pub(super) fn place(before: &str) -> (usize, usize) {
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

fn mark_of(metadata: &fs::Metadata) -> Mark {
    Mark {
        len: metadata.len(),
        inode: metadata.ino(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    }
}

/// Reads people from the text of a file.
///
/// # Errors
/// Every issue, in the file's order.
pub fn parse_people(file: &str, text: &str) -> Result<Vec<Person>, Vec<DirectoryIssue>> {
    parse_with(file, text, &BTreeSet::new())
}

fn parse_with(
    file: &str,
    text: &str,
    elsewhere: &BTreeSet<Fact>,
) -> Result<Vec<Person>, Vec<DirectoryIssue>> {
    let mut reader = Reader { file, text, issues: Vec::new() };
    let people = in_pieces(text).unwrap_or_else(|| reader.people());
    reader.check_lengths(&people, elsewhere);
    reader.check_one_each(&people);
    reader.check_managers(&people);
    if reader.issues.is_empty() {
        Ok(people.into_iter().map(|(_, person)| person).collect())
    } else {
        reader.issues.sort_by_key(|issue| (issue.line, issue.column));
        Err(reader.issues)
    }
}

type Placed = (Range<usize>, Person);

struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    issues: Vec<DirectoryIssue>,
}

/// A large file is read in as many pieces as there are processors, at most these.
const PIECES_MOST: usize = 4;
/// Below that, a thread costs more than it brings.
const PIECE_LEAST: usize = 128 * 1024;
const HEADER: &str = "\n[[people]]\n";

/// Reads a large file in pieces, each of whole tables, side by side: this is most of the time of a start. None when it is
/// small, or when anything in it is wrong: what is wrong is told of the whole. A header that stands inside a text of
/// several lines cuts that text, which no piece then understands.
fn in_pieces(text: &str) -> Option<Vec<Placed>> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let most = processors.min(PIECES_MOST).min(text.len() / PIECE_LEAST);
    let head = text.find("[[people]]").and_then(|at| text.get(..at))?;
    // A list that is begun in another way can't be gone on with by headers: only the whole shows that.
    if most < 2 || head.contains('=') {
        return None;
    }
    let pieces = cut(text, text.len().div_ceil(most));
    std::thread::scope(|scope| {
        let threads: Vec<_> = pieces.iter().map(|piece| scope.spawn(|| whole_tables(piece))).collect();
        let mut people = Vec::new();
        let mut offset = 0;
        let mut sound = true;
        for (piece, thread) in pieces.iter().zip(threads) {
            match thread.join() {
                Ok(Some(read)) => people.extend(
                    read.into_iter()
                        .map(|(place, person)| (place.start + offset..place.end + offset, person)),
                ),
                Ok(None) | Err(_) => sound = false,
            }
            offset += piece.len();
        }
        (sound && people.len() <= PEOPLE_MOST).then_some(people)
    })
}

/// Cuts before headers, into pieces of about this size.
fn cut(text: &str, size: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let from = rest.ceil_char_boundary(size.min(rest.len()));
        let end = rest.get(from..).and_then(|tail| tail.find(HEADER)).map_or(rest.len(), |at| from + at + 1);
        let (piece, tail) = rest.split_at(end);
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

/// The people of one piece; none when anything is wrong with it.
fn whole_tables(piece: &str) -> Option<Vec<Placed>> {
    let mut reader = Reader { file: "", text: piece, issues: Vec::new() };
    let people = reader.people();
    reader.issues.is_empty().then_some(people)
}

impl<'t> Reader<'t> {
    /// The people that are understood; none when it is no TOML.
    fn people(&mut self) -> Vec<Placed> {
        let (root, broken) = DeTable::parse_recoverable(self.text);
        for error in broken {
            self.note(error.span().unwrap_or(0..0), error.message());
        }
        if !self.issues.is_empty() {
            return Vec::new();
        }
        self.tables(root).into_iter().filter_map(|table| self.person(table)).collect()
    }

    /// The `[[people]]` tables; anything else at the top is an issue.
    fn tables(&mut self, root: Spanned<DeTable<'t>>) -> Vec<Spanned<DeValue<'t>>> {
        let mut tables = Vec::new();
        let mut is_there = false;
        for (key, value) in root.into_inner() {
            if key.get_ref() != "people" {
                self.note(key.span(), &format!("`{}` is not known here; write `[[people]]`", key.get_ref()));
                continue;
            }
            is_there = true;
            match value.into_inner() {
                DeValue::Array(array) => tables.extend(array),
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_)
                | DeValue::Table(_) => {
                    self.note(key.span(), "write `[[people]]` with two brackets, once a person");
                }
            }
        }
        if tables.is_empty() && self.issues.is_empty() {
            let what = if is_there { "the list is empty" } else { "there are no people" };
            self.note(0..0, &format!("{what}; write a `[[people]]` table a person"));
        }
        if tables.len() > PEOPLE_MOST {
            self.note(0..0, &format!("there are {} people; {PEOPLE_MOST} are the most", tables.len()));
        }
        tables
    }

    fn person(&mut self, table: Spanned<DeValue<'t>>) -> Option<Placed> {
        let place = table.span();
        match Person::deserialize(table.into_deserializer()) {
            Ok(person) => Some((place, person)),
            Err(error) => {
                self.note(error.span().unwrap_or(place), error.message());
                None
            }
        }
    }

    fn check_lengths(&mut self, people: &[Placed], elsewhere: &BTreeSet<Fact>) {
        let least = usize::from(!elsewhere.contains(&Fact::Department));
        for (place, person) in people {
            let texts = [
                ("name", Some(person.name.as_str()), 1, NAME_LIMIT),
                ("department", Some(person.department.as_str()), least, NAME_LIMIT),
                ("title", Some(person.title.as_str()), 0, NAME_LIMIT),
                ("location", Some(person.location.as_str()), 0, NAME_LIMIT),
                ("operator_login", person.operator_login.as_deref(), 1, LOGIN_LIMIT),
            ];
            for (key, text, least, most) in texts {
                if let Some(wrong) = text.and_then(|text| wrong_text(text, least, most)) {
                    self.note(place.clone(), &format!("the {key} of {} {wrong}", person.id));
                }
            }
            if person.groups.len() > GROUPS_MOST {
                let wrong = format!("{} is in more than {GROUPS_MOST} groups", person.id);
                self.note(place.clone(), &wrong);
            }
        }
    }

    /// One person has one table, and an account or a login belongs to one person.
    fn check_one_each(&mut self, people: &[Placed]) {
        let mut seen: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for (place, person) in people {
            let id = person.id.as_str();
            let marks = [
                ("id", Some(id)),
                ("slack", person.slack.as_ref().map(|slack| slack.as_str())),
                ("operator_login", person.operator_login.as_deref()),
            ];
            for (key, value) in marks.into_iter().filter_map(|(key, value)| Some((key, value?))) {
                if let Some(first) = seen.get(&(key, value)) {
                    let shown: String = value.chars().take(80).collect();
                    self.note(place.clone(), &format!("`{key} = \"{shown}\"` stands with {first} already"));
                } else {
                    seen.insert((key, value), id);
                }
            }
        }
    }

    fn check_managers(&mut self, people: &[Placed]) {
        let ids: std::collections::BTreeSet<_> = people.iter().map(|(_, person)| &person.id).collect();
        // Who was not understood may be the manager of others: one mistake shall not look like many.
        let is_whole = self.issues.is_empty();
        for (place, person) in people {
            let Some(manager) = &person.manager else { continue };
            if manager == &person.id {
                self.note(
                    place.clone(),
                    &format!("{} can't be their own manager; leave `manager` out", person.id),
                );
            } else if is_whole && !ids.contains(manager) {
                let wrong = format!("the manager of {}, {manager}, has no `[[people]]` table", person.id);
                self.note(place.clone(), &wrong);
            }
        }
    }

    fn note(&mut self, span: Range<usize>, message: &str) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let (line, column) = place(before);
        // The parser's messages may run over several lines.
        let message = message.trim().replace('\n', "; ");
        self.issues.push(DirectoryIssue { file: self.file.to_owned(), line, column, message });
    }
}

/// What is wrong with a text of one line.
pub(super) fn wrong_text(text: &str, least: usize, most: usize) -> Option<String> {
    let length = text.chars().count();
    if length < least || (least > 0 && text.trim().is_empty()) {
        Some("is empty".to_owned())
    } else if length > most {
        Some(format!("is longer than {most} characters"))
    } else if text.chars().any(|c| c.is_control() || is_unseen(c)) {
        Some("holds a line break or a character that can't be seen".to_owned())
    } else {
        None
    }
}

/// Characters that turn the direction of text, or take no room: with them one name can be made to look like another.
const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
