//! One way of writing a policy file: keys in the grammar's order, `=` in one column, one blank line between tables.
//! Comments stay with what they stand by, and line ends become one kind. What a file says never changes: that is looked
//! at before anything is answered.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use thiserror::Error;
use toml_edit::{Array, Decor, DocumentMut, InlineTable, Item, RawString, Value};

use super::grammar::{Table, Takes};
use super::schema::FileKind;

/// Why a file is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FormatError {
    /// It can't be read.
    #[error("it is not TOML; `jitney policy check` shows where")]
    NotToml,
    /// It would read otherwise, or lose a comment: a mistake of ours.
    #[error("writing it anew would change what it says; it is left as it is, please report this file")]
    Unfaithful,
}

/// The file in its one form. What is in that form comes back as it is.
///
/// # Errors
/// When it is no TOML, or can't be written anew without a change of what it says.
pub fn format(kind: FileKind, text: &str) -> Result<String, FormatError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let mut document: DocumentMut = text.parse().map_err(|_| FormatError::NotToml)?;
    let root = match kind {
        FileKind::App => Table::AppFile,
        FileKind::Tiers => Table::TiersFile,
    };
    table(document.as_table_mut(), Some(root));
    let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
    document.set_trailing(lines_before(&trailing, Blank::Kept));
    let mut written = document.to_string().trim_matches('\n').to_owned();
    written.push('\n');
    if same(&text, &written) { Ok(written) } else { Err(FormatError::Unfaithful) }
}

/// Whether both say the same, comments counted.
fn same(before: &str, after: &str) -> bool {
    let values = |text: &str| text.parse::<toml::Table>().ok();
    let hashes = |text: &str| text.matches('#').count();
    values(before) == values(after) && hashes(before) == hashes(after)
}

/// A table's own lines, then the tables below it.
fn table(table: &mut toml_edit::Table, kind: Option<Table>) {
    table.sort_values_by(|a, _, b, _| by_grammar(kind, a.get(), b.get()));
    let columns = columns(table, kind);
    let mut is_first = true;
    for (mut key, item) in table.iter_mut() {
        let below = kind.and_then(|kind| kind.key(key.get())).map(|key| key.takes);
        match item {
            Item::Value(value) => {
                let block = kind.and_then(|kind| kind.key(key.get())).map_or(0, |key| key.block);
                let width = columns.get(&block).copied().unwrap_or(0);
                let spaces = width.saturating_sub(key.display_repr().chars().count()) + 1;
                let before = prefix(key.leaf_decor());
                let blank = if is_first { Blank::Dropped } else { Blank::Kept };
                key.leaf_decor_mut().set_prefix(lines_before(&before, blank));
                key.leaf_decor_mut().set_suffix(" ".repeat(spaces));
                self::value(value);
                value.decor_mut().set_prefix(" ");
                let after = suffix(value.decor());
                value.decor_mut().set_suffix(behind(&after));
                is_first = false;
            }
            Item::Table(inner) if inner.is_dotted() => is_first = false,
            Item::Table(inner) => match below {
                Some(Takes::Named(of, ..)) => named(inner, of),
                Some(Takes::Table(of)) => headed(inner, Some(of)),
                Some(_) | None => headed(inner, None),
            },
            Item::ArrayOfTables(list) => {
                let of = match below {
                    Some(Takes::Tables(of, ..)) => Some(of),
                    Some(_) | None => None,
                };
                list.iter_mut().for_each(|inner| headed(inner, of));
            }
            Item::None => {}
        }
    }
}

/// Tables by their ids, such as `[roles.*]`.
fn named(container: &mut toml_edit::Table, of: Table) {
    head(container);
    for (_, item) in container.iter_mut() {
        if let Item::Table(inner) = item
            && !inner.is_dotted()
        {
            headed(inner, Some(of));
        }
    }
}

fn headed(inner: &mut toml_edit::Table, kind: Option<Table>) {
    head(inner);
    table(inner, kind);
}

/// A blank line and the comments before `[head]`.
fn head(table: &mut toml_edit::Table) {
    let (before, after) = (prefix(table.decor()), suffix(table.decor()));
    table.decor_mut().set_prefix(lines_before(&before, Blank::Wanted));
    table.decor_mut().set_suffix(behind(&after));
}

/// Known keys first, as the grammar has them; the others stay in their order.
fn by_grammar(kind: Option<Table>, a: &str, b: &str) -> Ordering {
    let rank = |name: &str| {
        let keys = kind.map_or(&[][..], Table::keys);
        keys.iter().position(|key| key.name == name).unwrap_or(usize::MAX)
    };
    rank(a).cmp(&rank(b))
}

/// The longest key of each block.
fn columns(table: &toml_edit::Table, kind: Option<Table>) -> BTreeMap<u8, usize> {
    let mut columns = BTreeMap::<u8, usize>::new();
    for (name, item) in table.iter() {
        let block = kind.and_then(|kind| kind.key(name)).map_or(0, |key| key.block);
        if let (true, Some(key)) = (item.is_value(), table.key(name)) {
            let width = columns.entry(block).or_default();
            *width = (*width).max(key.display_repr().chars().count());
        }
    }
    columns
}

/// A list or a table on one line gets its spaces; what its author spread over lines is left alone.
fn value(value: &mut Value) {
    let bare = value.clone().decorated("", "").to_string();
    if bare.contains('\n') {
        return;
    }
    match value {
        Value::Array(list) => array(list),
        Value::InlineTable(table) => inline(table),
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
    }
}

fn array(list: &mut Array) {
    for (number, item) in list.iter_mut().enumerate() {
        value(item);
        *item.decor_mut() = Decor::new(if number == 0 { "" } else { " " }, "");
    }
    list.set_trailing("");
    list.set_trailing_comma(false);
}

fn inline(table: &mut InlineTable) {
    let (last, dotted) = (table.len().saturating_sub(1), table.iter().any(|(_, item)| is_dotted(item)));
    if dotted {
        return;
    }
    for (number, (mut key, item)) in table.iter_mut().enumerate() {
        *key.leaf_decor_mut() = Decor::new(" ", " ");
        value(item);
        *item.decor_mut() = Decor::new(" ", if number == last { " " } else { "" });
    }
    table.set_trailing_comma(false);
    table.set_trailing(if table.is_empty() { " " } else { "" });
}

fn is_dotted(value: &Value) -> bool {
    value.as_inline_table().is_some_and(InlineTable::is_dotted)
}

fn prefix(decor: &Decor) -> String {
    decor.prefix().and_then(RawString::as_str).unwrap_or_default().to_owned()
}

fn suffix(decor: &Decor) -> String {
    decor.suffix().and_then(RawString::as_str).unwrap_or_default().to_owned()
}

/// What becomes of blank lines before something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blank {
    /// One goes first.
    Wanted,
    /// One stays where there was one.
    Kept,
    /// None goes first.
    Dropped,
}

/// Comments before a key or a head, each on its line, never two blank lines in a row.
fn lines_before(raw: &str, blank: Blank) -> String {
    let mut lines: Vec<&str> = raw.split('\n').map(str::trim).collect();
    // What stands before the key itself on its line.
    lines.pop();
    let mut kept: Vec<&str> = Vec::new();
    if blank == Blank::Wanted {
        kept.push("");
    }
    for line in lines {
        let begins = kept.is_empty() && blank == Blank::Dropped;
        if !line.is_empty() || !(begins || kept.last().is_some_and(|last| last.is_empty())) {
            kept.push(line);
        }
    }
    kept.iter().map(|line| format!("{line}\n")).collect()
}

/// A comment behind a value keeps its distance.
fn behind(raw: &str) -> String {
    if raw.contains('#') {
        let text = raw.trim_end();
        return if text.starts_with('#') { format!(" {text}") } else { text.to_owned() };
    }
    String::new()
}
