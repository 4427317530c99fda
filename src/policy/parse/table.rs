//! Reading TOML tables key by key: what is missing, unknown or of the wrong kind becomes an issue, and reading
//! goes on.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::WallTime;
use super::super::grammar::{Key, Need, Table};
use super::super::phrase::listed;
use super::source::{Reading, shown};
use crate::nearest::nearest;
use crate::time::Span;

/// A value with its place in the file.
pub(super) type Value<'i> = Spanned<DeValue<'i>>;

/// One table, with the keys that were asked of it.
pub(super) struct Keys<'t, 'i> {
    kind: Table,
    table: &'t DeTable<'i>,
    /// As messages call it: `[roles.read]`.
    name: String,
    at: Range<usize>,
    asked: BTreeSet<&'static str>,
    /// How many issues there were before.
    first_issue: usize,
}

impl<'t, 'i> Keys<'t, 'i> {
    /// The root of a file.
    pub(super) fn root(kind: Table, table: &'t DeTable<'i>) -> Self {
        let name = "a policy file".to_owned();
        Self { kind, table, name, at: 0..0, asked: BTreeSet::new(), first_issue: 0 }
    }

    /// A table within it.
    pub(super) fn of(
        file: &mut Reading<'_>,
        kind: Table,
        value: &'t Value<'i>,
        name: String,
    ) -> Option<Self> {
        let Some(table) = value.get_ref().as_table() else {
            let message = format!("{name} must be a table, not {}", kind_of(value.get_ref()));
            file.hinted(
                &value.span(),
                message,
                format!("write `{{ … }}`, or a table below {}", kind.title()),
            );
            return None;
        };
        let (at, first_issue) = (value.span(), file.count());
        Some(Self { kind, table, name, at, asked: BTreeSet::new(), first_issue })
    }

    /// Where the table begins.
    pub(super) fn span(&self) -> &Range<usize> {
        &self.at
    }

    /// The key's value, if the file has it.
    pub(super) fn get(&mut self, key: &'static str) -> Option<&'t Value<'i>> {
        self.asked.insert(key);
        self.table.get(key)
    }

    /// The key's value; an issue when the file lacks it.
    pub(super) fn need(&mut self, file: &mut Reading<'_>, key: &'static str) -> Option<&'t Value<'i>> {
        let found = self.get(key);
        if found.is_none() {
            let message = format!("{} lacks `{key}`", self.name);
            match self.kind.key(key) {
                Some(key) => file.hinted(&self.at, message, for_example(key)),
                None => file.issue(&self.at, message),
            }
        }
        found
    }

    /// Where the key stands, if the file has it.
    pub(super) fn place(&self, file: &Reading<'_>, key: &str) -> Option<String> {
        self.table.get_key_value(key).map(|(key, _)| file.place(&key.span()))
    }

    /// Every key that the grammar does not know is an issue; what is wrong behind a key that it knows gets an
    /// example.
    pub(super) fn finish(self, file: &mut Reading<'_>) {
        debug_assert!(
            self.asked.iter().copied().eq(self.sorted_names()),
            "{:?}: the parser asks for {:?}, the grammar has {:?}",
            self.kind,
            self.asked,
            self.sorted_names()
        );
        for (key, value) in self.table {
            let word: &str = key.get_ref();
            if let Some(known) = self.kind.key(word) {
                // The span of a table is its head, which begins before the key in it.
                let (key, value) = (key.span(), value.span());
                let bytes = key.start.min(value.start)..key.end.max(value.end);
                file.hint_within(self.first_issue, &bytes, || for_example(known));
            } else if !self.kind.is_open() {
                let message = format!("{} has no key `{}`", self.name, shown(word));
                file.hinted(&key.span(), message, self.known_instead(word));
            }
        }
    }

    fn sorted_names(&self) -> BTreeSet<&'static str> {
        self.kind.keys().iter().map(|key| key.name).collect()
    }

    fn known_instead(&self, word: &str) -> String {
        let names = self.sorted_names();
        match nearest(word, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it takes {}", listed(names, "and")),
        }
    }
}

/// How the key is written, in words.
fn for_example(key: &Key) -> String {
    let line = key.line();
    match key.need {
        Need::Required => format!("for example `{line}`"),
        Need::Default(default) => format!("for example `{line}`; left out: {default}"),
    }
}

/// The entries of a table of tables, each with its key.
pub(super) fn entries<'t, 'i>(
    file: &mut Reading<'_>,
    value: &'t Value<'i>,
    example: &str,
) -> Vec<(&'t Spanned<std::borrow::Cow<'i, str>>, &'t Value<'i>)> {
    match value.get_ref().as_table() {
        Some(table) => table.iter().collect(),
        None => {
            let message = format!("tables such as `{example}` belong here, not {}", kind_of(value.get_ref()));
            file.hinted(&value.span(), message, format!("for example `{example}`"));
            Vec::new()
        }
    }
}

/// A text on one line, trimmed, of 1 to `most` characters.
pub(super) fn text(file: &mut Reading<'_>, value: &Value<'_>, most: usize) -> Option<String> {
    let raw = string(file, value)?;
    let trimmed = raw.trim();
    let length = trimmed.chars().count();
    if length == 0 {
        file.issue_at(value, "the text is empty");
    } else if length > most {
        file.issue_at(value, format!("the text has {length} characters; {most} is the most"));
    } else if trimmed.chars().any(char::is_control) {
        file.issue_at(value, "the text must be on one line, without control characters");
    } else {
        return Some(trimmed.to_owned());
    }
    None
}

/// A text that parses into an id, a role or the like.
pub(super) fn parsed<T>(file: &mut Reading<'_>, value: &Value<'_>) -> Option<T>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    let raw = string(file, value)?;
    match raw.parse() {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            file.issue_at(value, error.to_string());
            None
        }
    }
}

/// A length of time of at least `least`.
pub(super) fn span(file: &mut Reading<'_>, value: &Value<'_>, least: Span) -> Option<Span> {
    let span: Span = parsed(file, value)?;
    if span < least {
        file.issue_at(value, format!("`{span}` is too short; {least} is the least"));
        return None;
    }
    Some(span)
}

/// A day, as TOML writes it or as a text.
pub(super) fn date(file: &mut Reading<'_>, value: &Value<'_>) -> Option<Date> {
    let written = written(value);
    let day = |text: &str| text.parse::<Date>().ok().filter(|day| day.to_string() == text);
    let found = written.as_deref().and_then(day);
    if found.is_none() {
        let what =
            written.map_or_else(|| kind_of(value.get_ref()).to_owned(), |text| format!("`{}`", shown(&text)));
        file.issue_at(value, format!("{what} is no day; write it like `2026-12-25`"));
    }
    found
}

/// What a clock on the wall says: a date with a time as TOML writes it or as a text, or a day, which stands for its first
/// moment.
pub(super) fn local(file: &mut Reading<'_>, value: &Value<'_>) -> Option<DateTime> {
    let found = written(value).as_deref().and_then(civil);
    if found.is_none() {
        no_moment(file, value, "it like `2026-12-24 10:00`");
    }
    found
}

/// The same, with a zone behind it if somebody wants.
pub(super) fn wall_time(file: &mut Reading<'_>, value: &Value<'_>) -> Option<WallTime> {
    let text = written(value);
    let read = |text: &str| -> Option<WallTime> {
        if let Some(local) = civil(text) {
            return Some(WallTime { local, zone: None });
        }
        let (local, zone) = text.rsplit_once(' ')?;
        Some(WallTime { local: civil(local.trim_end())?, zone: Some(zone.parse().ok()?) })
    };
    let found = text.as_deref().and_then(read);
    if found.is_none() {
        no_moment(file, value, "it like `2026-12-24 10:00`, or `2026-12-24 10:00 Europe/Berlin`");
    }
    found
}

fn no_moment(file: &mut Reading<'_>, value: &Value<'_>, like: &str) {
    let what = written(value);
    let what = what.map_or_else(|| kind_of(value.get_ref()).to_owned(), |text| format!("`{}`", shown(&text)));
    file.issue_at(value, format!("{what} is no moment; write {like}"));
}

/// `2026-12-24`, or with a time behind it. An offset would be a moment of its own, so none is taken.
fn civil(text: &str) -> Option<DateTime> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"-: T".contains(&byte));
    let known = matches!(text.len(), 10 | 16 | 19) && plain;
    text.parse().ok().filter(|_| known)
}

/// A date of TOML as it is written, or a text.
fn written(value: &Value<'_>) -> Option<String> {
    match value.get_ref() {
        DeValue::Datetime(written) => Some(written.to_string()),
        DeValue::String(text) => Some(text.trim().to_owned()),
        DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => None,
    }
}

/// A whole number from `least` to `most`.
pub(super) fn number(file: &mut Reading<'_>, value: &Value<'_>, least: u32, most: u32) -> Option<u32> {
    let number = value
        .get_ref()
        .as_integer()
        .and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok())
        .filter(|number| (least..=most).contains(number));
    if number.is_none() {
        file.issue_at(value, format!("a whole number from {least} to {most} belongs here"));
    }
    number
}

/// `true` or `false`.
pub(super) fn flag(file: &mut Reading<'_>, value: &Value<'_>) -> Option<bool> {
    let flag = value.get_ref().as_bool();
    if flag.is_none() {
        file.issue_at(value, format!("true or false belongs here, not {}", kind_of(value.get_ref())));
    }
    flag
}

/// One of the words.
pub(super) fn choice<T: Copy>(file: &mut Reading<'_>, value: &Value<'_>, words: &[(&str, T)]) -> Option<T> {
    let raw = string(file, value)?;
    let found = words.iter().find(|(word, _)| *word == raw).map(|(_, choice)| *choice);
    if found.is_none() {
        let all = listed(words.iter().map(|(word, _)| *word), "or");
        let message = format!("`{}` must be {all}", shown(raw));
        match nearest(raw, words.iter().map(|(word, _)| *word)) {
            Some(near) => file.hinted(&value.span(), message, format!("did you mean `{near}`?")),
            None => file.issue_at(value, message),
        }
    }
    found
}

/// A list of at most `most` values, none of them twice; what can't be read is left out, with an issue.
pub(super) fn list<'t, 'i, T: PartialEq>(
    file: &mut Reading<'_>,
    value: &'t Value<'i>,
    most: usize,
    mut read: impl FnMut(&mut Reading<'_>, &'t Value<'i>) -> Option<T>,
) -> Vec<T> {
    let mut found = Vec::new();
    if value.get_ref().is_str() {
        let text = value.get_ref().as_str().map(shown).unwrap_or_default();
        file.hinted(&value.span(), "a list belongs here, not a text", format!("write `[\"{text}\"]`"));
        return found;
    }
    for item in items(file, value, most) {
        let Some(item_read) = read(file, item) else { continue };
        if found.contains(&item_read) {
            file.hinted(&item.span(), "this is in the list already", "leave one of the two out");
        } else {
            found.push(item_read);
        }
    }
    found
}

/// The values of a list of at most `most`.
pub(super) fn items<'t, 'i>(file: &mut Reading<'_>, value: &'t Value<'i>, most: usize) -> &'t [Value<'i>] {
    let Some(array) = value.get_ref().as_array() else {
        file.issue_at(value, format!("a list belongs here, not {}", kind_of(value.get_ref())));
        return &[];
    };
    if let Some(extra) = array.get(most) {
        let message = format!("the list has {} values; {most} is the most", array.len());
        file.hinted(&extra.span(), message, "leave some out");
    }
    array.get(..most).unwrap_or(array)
}

fn string<'t>(file: &mut Reading<'_>, value: &'t Value<'_>) -> Option<&'t str> {
    let found = value.get_ref().as_str();
    if found.is_none() {
        file.issue_at(value, format!("a text in quotes belongs here, not {}", kind_of(value.get_ref())));
    }
    found
}

/// What a value is, in words.
fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
