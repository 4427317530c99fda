//! Reads a table key by key and gathers everything that is wrong with it, each with what to write instead.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::nearest::nearest;
use crate::policy::ParamIssue;
use crate::time::Span;

/// A table that is being read.
pub(super) struct Keys<'a> {
    table: Option<&'a Map<String, Value>>,
    path: Vec<String>,
    known: Vec<&'static str>,
    issues: Vec<ParamIssue>,
}

impl<'a> Keys<'a> {
    /// Begins with the whole table; `shape` shows how it is written.
    pub(super) fn of(value: &'a Value, shape: &str) -> Self {
        Self::at(value, Vec::new(), shape)
    }

    fn at(value: &'a Value, path: Vec<String>, shape: &str) -> Self {
        let table = value.as_object();
        let mut keys = Self { table, path, known: Vec::new(), issues: Vec::new() };
        if table.is_none() {
            let message = format!("is {}, not a table; write `{shape}`", kind(value));
            keys.issues.push(ParamIssue { path: keys.path.clone(), message });
        }
        keys
    }

    /// A table within the table.
    pub(super) fn table(&mut self, key: &'static str, shape: &str) -> Option<Keys<'a>> {
        let value = self.value(key)?;
        Some(Keys::at(value, self.path_of(key), shape))
    }

    /// Text, at most `limit` characters long.
    pub(super) fn text(&mut self, key: &'static str, limit: usize) -> Option<&'a str> {
        let value = self.value(key)?;
        match check_text(value, limit) {
            Ok(text) => Some(text),
            Err(message) => self.refuse(key, message),
        }
    }

    /// A whole number within a range.
    pub(super) fn whole(&mut self, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        let value = self.value(key)?;
        let number = value.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| range.contains(n));
        match number {
            Some(number) => Some(number),
            None => {
                let (low, high) = range.into_inner();
                self.refuse(key, format!("must be a whole number from {low} to {high}"))
            }
        }
    }

    /// True or false.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        match value.as_bool() {
            Some(flag) => Some(flag),
            None => self.refuse(key, format!("is {}, not true or false", kind(value))),
        }
    }

    /// A span such as `30s`, within bounds.
    pub(super) fn span(&mut self, key: &'static str, range: RangeInclusive<Span>) -> Option<Span> {
        let text = self.text(key, 40)?;
        match text.parse::<Span>() {
            Ok(span) if range.contains(&span) => Some(span),
            Ok(_) => {
                let (low, high) = range.into_inner();
                self.refuse(key, format!("must be from {low} to {high}"))
            }
            Err(error) => self.refuse(key, error.to_string()),
        }
    }

    /// A table of texts under names of the operator's: at most `most`, each at most `limit` characters long.
    pub(super) fn named_texts(
        &mut self,
        key: &'static str,
        limit: usize,
        most: usize,
    ) -> Option<Vec<(&'a str, &'a str)>> {
        let value = self.value(key)?;
        let Some(table) = value.as_object() else {
            return self.refuse(key, format!("is {}, not a table of texts", kind(value)));
        };
        if table.len() > most {
            return self.refuse(key, format!("has {} entries; {most} are the most", table.len()));
        }
        let text = |(name, value): (&'a String, &'a Value)| match check_text(value, limit) {
            Ok(text) => Ok((name.as_str(), text)),
            Err(message) => Err(format!("`{}` {message}", name.chars().take(80).collect::<String>())),
        };
        match table.iter().map(text).collect() {
            Ok(texts) => Some(texts),
            Err(message) => self.refuse(key, message),
        }
    }

    /// A list of texts, each at most `limit` characters long, at most `most` of them.
    pub(super) fn texts(&mut self, key: &'static str, limit: usize, most: usize) -> Option<Vec<&'a str>> {
        let value = self.value(key)?;
        let Some(items) = value.as_array() else {
            return self.refuse(key, format!("is {}, not a list of texts", kind(value)));
        };
        if items.len() > most {
            return self.refuse(key, format!("has {} parts; {most} are the most", items.len()));
        }
        match items.iter().map(|item| check_text(item, limit)).collect() {
            Ok(texts) => Some(texts),
            Err(message) => self.refuse(key, message),
        }
    }

    /// Notes that a key must be there.
    pub(super) fn require(&mut self, key: &'static str, what: &str) {
        let is_there = self.table.is_none_or(|table| table.contains_key(key));
        if !is_there {
            self.note(key, format!("is missing: {what}"));
        }
    }

    /// Notes that a key's value is wrong.
    pub(super) fn note(&mut self, key: &str, message: impl Into<String>) {
        let path = self.path_of(key);
        self.issues.push(ParamIssue { path, message: message.into() });
    }

    /// Takes over the issues of a table within; says whether there was none.
    pub(super) fn close(&mut self, inner: Keys<'_>) -> bool {
        let issues = inner.finish();
        let is_fine = issues.is_empty();
        self.issues.extend(issues);
        is_fine
    }

    /// Everything that is wrong, unknown keys included.
    pub(super) fn finish(mut self) -> Vec<ParamIssue> {
        let unknown =
            self.table.into_iter().flat_map(Map::keys).filter(|k| !self.known.contains(&k.as_str()));
        let unknown: Vec<_> = unknown
            .map(|key| ParamIssue { path: self.path_of(key), message: unknown_key(&self.known, key) })
            .collect();
        self.issues.extend(unknown);
        self.issues
    }

    fn value(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.push(key);
        self.table.and_then(|table| table.get(key))
    }

    fn refuse<T>(&mut self, key: &str, message: String) -> Option<T> {
        self.note(key, message);
        None
    }

    fn path_of(&self, key: &str) -> Vec<String> {
        self.path.iter().cloned().chain([key.chars().take(80).collect()]).collect()
    }
}

fn unknown_key(known: &[&'static str], key: &str) -> String {
    match (nearest(key, known.iter().copied()), known) {
        (Some(name), _) => format!("is not known here; did you mean `{name}`?"),
        (None, []) => "is not known here; leave the table empty: `{}`".to_owned(),
        (None, known) => format!("is not known here; it takes `{}`", known.join("`, `")),
    }
}

fn check_text(value: &Value, limit: usize) -> Result<&str, String> {
    let text = value.as_str().ok_or_else(|| format!("is {}, not text", kind(value)))?;
    if text.is_empty() {
        Err("is empty".to_owned())
    } else if text.chars().count() > limit {
        Err(format!("is longer than {limit} characters"))
    } else if text.chars().any(char::is_control) {
        Err("holds a line break or another control character".to_owned())
    } else {
        Ok(text)
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}
