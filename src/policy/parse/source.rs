//! Policy files as text, and what is wrong in them, by line and column.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::super::phrase::printable;

/// A policy file as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// As issues show it: `policies/billing.toml`. The part before `.toml` is the app's id.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// Something wrong in a policy file. Sorted, issues read as the files do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Issue {
    /// The file, as [`SourceFile`] names it.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The line in which it ends.
    pub end_line: usize,
    /// The column after its last character.
    pub end_column: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Issue {
    /// What is wrong, and what to write instead, in one line.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}; {hint}", self.message),
            None => self.message.clone(),
        }
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.words())
    }
}

impl std::error::Error for Issue {}

/// A file under the reader, with the issues found so far.
pub(super) struct Reading<'a> {
    name: &'a str,
    text: &'a str,
    line_starts: Vec<usize>,
    found: Vec<Found>,
}

/// An issue by its bytes.
struct Found {
    span: Range<usize>,
    message: String,
    hint: Option<String>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(source: &'a SourceFile) -> Self {
        let text = source.text.as_str();
        // A byte order mark is no character of the first line.
        let first = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let rest = text.match_indices('\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(first).chain(rest).collect();
        Self { name: &source.name, text, line_starts, found: Vec::new() }
    }

    pub(super) fn name(&self) -> &str {
        self.name
    }

    /// Where the bytes begin: `policies/billing.toml:7:1`.
    pub(super) fn place(&self, span: &Range<usize>) -> String {
        let (line, column) = self.line_column(span.start);
        format!("{}:{line}:{column}", self.name)
    }

    pub(super) fn issue(&mut self, span: &Range<usize>, message: impl Into<String>) {
        self.found.push(Found { span: span.clone(), message: message.into(), hint: None });
    }

    /// An issue with what to write instead; without it, the example of the key goes for it.
    pub(super) fn hinted(
        &mut self,
        span: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.found.push(Found { span: span.clone(), message: message.into(), hint: Some(hint.into()) });
    }

    /// An issue at a value.
    pub(super) fn issue_at<T>(&mut self, value: &Spanned<T>, message: impl Into<String>) {
        self.issue(&value.span(), message);
    }

    /// How many issues there are by now.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    /// Gives the issues from `first` on that lie within the bytes, and have no hint yet, this one.
    pub(super) fn hint_within(&mut self, first: usize, bytes: &Range<usize>, hint: impl Fn() -> String) {
        for found in self.found.iter_mut().skip(first) {
            let within = bytes.start <= found.span.start && found.span.end <= bytes.end;
            if within && found.hint.is_none() {
                found.hint = Some(hint());
            }
        }
    }

    /// The issues, with their places.
    pub(super) fn into_issues(self) -> Vec<Issue> {
        let placed = |found: &Found| {
            let (line, column) = self.line_column(found.span.start);
            let (end_line, end_column) = self.line_column(found.span.end.max(found.span.start));
            let (message, hint) = (printable(&found.message), found.hint.as_deref().map(printable));
            Issue { file: self.name.to_owned(), line, column, end_line, end_column, message, hint }
        };
        self.found.iter().map(placed).collect()
    }

    fn line_column(&self, offset: usize) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..offset.min(self.text.len())).unwrap_or("");
        (line, before.chars().count() + 1)
    }
}

/// A value of the file in a message: short, and on one line.
pub(super) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().nth(60).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let source = SourceFile { name: "a.toml".into(), text: "\u{feff}é = 1\r\n\nnaïve = 2".into() };
        let reading = Reading::new(&source);
        for (needle, place) in [("é", "a.toml:1:1"), ("= 1", "a.toml:1:3"), ("= 2", "a.toml:3:7")] {
            let at = source.text.find(needle).unwrap();
            assert_eq!(reading.place(&(at..at + 1)), place);
        }
        assert_eq!(reading.place(&(9999..9999)), "a.toml:3:10");
    }
}
