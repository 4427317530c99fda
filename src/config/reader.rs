//! Reads a TOML text by hand, table by table, so that every issue is found at once and each knows its line and
//! column.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::str::FromStr;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Issue, Place};
use crate::nearest::nearest;

/// Issues found at most; more of them help nobody.
const ISSUE_LIMIT: usize = 100;

/// A text under reading, with what was found wrong so far.
pub(super) struct Source<'t> {
    name: String,
    text: &'t str,
    issues: RefCell<Vec<Issue>>,
}

impl<'t> Source<'t> {
    pub(super) fn new(name: &str, text: &'t str) -> Rc<Self> {
        Rc::new(Self { name: name.to_owned(), text, issues: RefCell::default() })
    }

    /// Adds an issue at a byte offset.
    pub(super) fn issue(&self, at: usize, message: impl Into<String>) {
        let mut issues = self.issues.borrow_mut();
        if issues.len() < ISSUE_LIMIT {
            issues.push(Issue { place: Some(self.place(at)), message: message.into() });
        }
    }

    /// Every issue, in the order of the text.
    pub(super) fn issues(&self) -> Vec<Issue> {
        let mut issues = self.issues.take();
        issues.sort_by(|a, b| a.place.cmp(&b.place));
        issues
    }

    /// The line and column of a byte offset, both from 1, columns by code points.
    pub(super) fn place(&self, at: usize) -> Place {
        let before = self.text.get(..at.min(self.text.len())).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        Place { file: self.name.clone(), line, column }
    }
}

/// A value with the offset where it stands.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) at: usize,
}

/// A table whose name people choose.
pub(super) struct NamedTable {
    pub(super) name: At<String>,
    /// None when it is no table, which is then an issue.
    pub(super) settings: Option<Map<String, Value>>,
}

/// One table: what is asked for is known, and what nobody asked for is an issue at the end.
pub(super) struct Table<'s, 't> {
    source: Rc<Source<'t>>,
    path: String,
    at: usize,
    table: Option<&'s DeTable<'t>>,
    known: RefCell<Vec<&'static str>>,
}

/// Parses the text and reads its root table; nothing when the text is no TOML, because what is said of its
/// remains would mislead.
pub(super) fn read<'t, T>(source: &Rc<Source<'t>>, reader: impl FnOnce(&Table<'_, 't>) -> T) -> Option<T> {
    let (root, errors) = DeTable::parse_recoverable(source.text);
    for error in &errors {
        let at = error.span().map_or(0, start);
        source.issue(at, format!("this is not TOML: {}", error.message().trim()));
    }
    if !errors.is_empty() {
        return None;
    }
    let table = Table {
        source: Rc::clone(source),
        path: String::new(),
        at: 0,
        table: Some(root.get_ref()),
        known: RefCell::default(),
    };
    let out = reader(&table);
    table.finish();
    Some(out)
}

impl<'s, 't> Table<'s, 't> {
    /// Where it stands in the text.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// Whether the text has this table at all.
    pub(super) const fn is_there(&self) -> bool {
        self.table.is_some()
    }

    /// Adds an issue at an offset.
    pub(super) fn issue(&self, at: usize, message: impl Into<String>) {
        self.source.issue(at, message);
    }

    /// A sub-table, read by `reader`; a table that is missing reads as empty.
    pub(super) fn table<T>(&self, key: &'static str, reader: impl FnOnce(&Table<'s, 't>) -> T) -> T {
        let found = self.get(key).and_then(|value| match value.get_ref() {
            DeValue::Table(table) => Some((table, start(value.span()))),
            _ => {
                self.wrong_kind(key, value, "a table");
                None
            }
        });
        let at = self.key_at(key).or(found.map(|(_, at)| at)).unwrap_or(self.at);
        let table = Table {
            source: Rc::clone(&self.source),
            path: self.name_of(key),
            at,
            table: found.map(|(table, _)| table),
            known: RefCell::default(),
        };
        let out = reader(&table);
        table.finish();
        out
    }

    /// A text.
    pub(super) fn text(&self, key: &'static str) -> Option<At<String>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => {
                Some(At { value: text.trim().to_owned(), at: start(value.span()) })
            }
            DeValue::String(_) => {
                self.issue(start(value.span()), format!("`{}` is empty", self.name_of(key)));
                None
            }
            _ => {
                self.wrong_kind(key, value, "a text in quotes");
                None
            }
        }
    }

    /// A text that must be there; `example` is what to write.
    pub(super) fn required(&self, key: &'static str, example: &str) -> Option<At<String>> {
        let found = self.text(key);
        if self.get(key).is_none() {
            let name = self.name_of(key);
            self.issue(self.at, format!("`{name}` is missing; write, for example, `{key} = {example}`"));
        }
        found
    }

    /// A text that parses as `T`.
    pub(super) fn parsed<T: FromStr<Err: std::fmt::Display>>(&self, key: &'static str) -> Option<At<T>> {
        self.text(key).and_then(|text| self.parse(key, &text))
    }

    /// Parses a text that was read before.
    pub(super) fn parse<T: FromStr<Err: std::fmt::Display>>(
        &self,
        key: &'static str,
        text: &At<String>,
    ) -> Option<At<T>> {
        match text.value.parse() {
            Ok(value) => Some(At { value, at: text.at }),
            Err(error) => {
                self.issue(text.at, format!("`{}`: {error}", self.name_of(key)));
                None
            }
        }
    }

    /// A whole number within bounds.
    pub(super) fn number(&self, key: &'static str, least: u32, most: u32) -> Option<u32> {
        let value = self.get(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => u32::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let number = number.filter(|n| (least..=most).contains(n));
        if number.is_none() {
            let name = self.name_of(key);
            self.issue(
                start(value.span()),
                format!("`{name}` must be a whole number from {least} to {most}"),
            );
        }
        number
    }

    /// A yes or a no.
    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::Boolean(yes) => Some(*yes),
            _ => {
                self.wrong_kind(key, value, "`true` or `false`");
                None
            }
        }
    }

    /// Every table in this one by its key, each with the offset of the key: for names that people choose.
    pub(super) fn named_tables(&self) -> Vec<NamedTable> {
        let Some(table) = self.table else { return Vec::new() };
        let mut found = Vec::new();
        for (key, value) in table {
            let name = At { value: key.get_ref().to_string(), at: start(key.span()) };
            match value.get_ref() {
                DeValue::Table(table) => {
                    found.push(NamedTable { name, settings: Some(self.json_table(table)) });
                }
                _ => {
                    let message = format!("`{}.{}` must be a table", self.path, name.value);
                    self.issue(name.at, message);
                    found.push(NamedTable { name, settings: None });
                }
            }
        }
        found.sort_by_key(|table| table.name.at);
        // What people chose can't be misspelt.
        self.known.borrow_mut().clear();
        found
    }

    /// Each table in this one, read by `reader`, in the order of the text: for names that people choose.
    pub(super) fn each<T>(&self, reader: impl Fn(&At<String>, &Table<'s, 't>) -> T) -> Vec<(At<String>, T)> {
        let mut found = Vec::new();
        for (key, value) in self.table.into_iter().flatten() {
            let name = At { value: key.get_ref().to_string(), at: start(key.span()) };
            let DeValue::Table(inner) = value.get_ref() else {
                self.wrong_kind(&name.value, value, "a table");
                continue;
            };
            let table = Table {
                source: Rc::clone(&self.source),
                path: self.name_of(&name.value),
                at: name.at,
                table: Some(inner),
                known: RefCell::default(),
            };
            let read = reader(&name, &table);
            table.finish();
            found.push((name, read));
        }
        found.sort_by_key(|(name, _)| name.at);
        // What people chose can't be misspelt.
        self.known.borrow_mut().clear();
        found
    }

    fn json_table(&self, table: &DeTable<'t>) -> Map<String, Value> {
        table.iter().filter_map(|(key, value)| Some((key.get_ref().to_string(), self.json(value)?))).collect()
    }

    fn json(&self, value: &Spanned<DeValue<'t>>) -> Option<Value> {
        let json = match value.get_ref() {
            DeValue::String(text) => Some(Value::from(text.as_ref())),
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).ok().map(Value::from)
            }
            DeValue::Float(number) => {
                number.as_str().parse::<f64>().ok().and_then(serde_json::Number::from_f64).map(Value::Number)
            }
            DeValue::Boolean(yes) => Some(Value::from(*yes)),
            DeValue::Datetime(at) => Some(Value::from(at.to_string())),
            DeValue::Array(items) => Some(items.iter().filter_map(|item| self.json(item)).collect()),
            DeValue::Table(table) => Some(Value::Object(self.json_table(table))),
        };
        if json.is_none() {
            self.issue(start(value.span()), "this number is out of range");
        }
        json
    }

    fn get(&self, key: &'static str) -> Option<&'s Spanned<DeValue<'t>>> {
        let mut known = self.known.borrow_mut();
        if !known.contains(&key) {
            known.push(key);
        }
        self.table?.get(key)
    }

    fn key_at(&self, key: &str) -> Option<usize> {
        let (key, _) = self.table?.get_key_value(key)?;
        Some(start(key.span()))
    }

    fn name_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn wrong_kind(&self, key: &str, value: &Spanned<DeValue<'t>>, wanted: &str) {
        let message = format!(
            "`{}` must be {wanted}; this is of type {}",
            self.name_of(key),
            value.get_ref().type_str()
        );
        self.issue(start(value.span()), message);
    }

    /// Whatever nobody asked for is unknown. A table that asked for nothing takes what people name.
    fn finish(&self) {
        let known = self.known.borrow();
        let Some(table) = self.table.filter(|_| !known.is_empty()) else { return };
        for (key, _) in table {
            let written: &str = key.get_ref();
            if known.contains(&written) {
                continue;
            }
            let hint = match nearest(written, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            self.issue(start(key.span()), format!("unknown key `{}`; {hint}", self.name_of(written)));
        }
    }
}

const fn start(span: Range<usize>) -> usize {
    span.start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_code_points_from_one() {
        let source = Source::new("x.toml", "a = 1\né = \"ü\" # end\n");
        assert_eq!(source.place(0).to_string(), "x.toml:1:1");
        assert_eq!(source.place(6).to_string(), "x.toml:2:1");
        assert_eq!(source.place("a = 1\né = ".len()).to_string(), "x.toml:2:5");
        assert_eq!(source.place(10_000).to_string(), "x.toml:3:1");
    }
}
