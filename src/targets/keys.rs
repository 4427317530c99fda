//! Reads a table key by key and gathers everything that is wrong with it, each with what to write instead.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::policy::ParamIssue;

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

    /// Takes over the issues of a table within.
    pub(super) fn close(&mut self, inner: Keys<'_>) {
        self.issues.extend(inner.finish());
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

/// The one of `names` that `typed` probably meant.
pub(super) fn nearest<'n>(names: &[&'n str], typed: &str) -> Option<&'n str> {
    if typed.chars().count() > 80 {
        return None;
    }
    let near = |name: &&'n str| (distance(name, typed), *name);
    names.iter().map(near).filter(|(far, name)| *far <= 1 + name.len() / 4).min().map(|(_, name)| name)
}

fn unknown_key(known: &[&'static str], key: &str) -> String {
    match (nearest(known, key), known) {
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

/// How many letters must be added, taken or changed to get from one to the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut next = vec![left];
        for ((to, diagonal), above) in b.iter().zip(&row).zip(row.iter().skip(1)) {
            left = (left + 1).min(above + 1).min(diagonal + usize::from(from != *to));
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_guessed() {
        let names = ["htpasswd", "postgres"];
        for (typed, meant) in [
            ("htpaswd", Some("htpasswd")),
            ("htpassword", Some("htpasswd")),
            ("postgre", Some("postgres")),
            ("okta", None),
            ("", None),
        ] {
            assert_eq!(nearest(&names, typed), meant, "{typed}");
        }
    }
}
