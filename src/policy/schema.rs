//! JSON Schemas of the policy files, for editors that complete and check TOML. Draft 4, the one that such editors
//! have in common.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::grammar::{Key, Need, Table, Takes};

const SLUG: &str = "^[a-z0-9][a-z0-9_-]{0,63}$";
/// `mon-fri 09:00-17:30`, in short; the parser knows the days and how far the clock goes.
const HOURS: &str = r"^\s*[A-Za-z, \t-]+\s[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}\s*$";
/// `2026-12-24 10:00`, a day alone, or either with a zone behind it.
const WALL_TIME: &str =
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?( [A-Za-z0-9_+/-]{1,80})?$";
const PRINTABLE: &str = r"^\S{1,254}$";

/// What a policy file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// An app.
    App,
    /// The tiers.
    Tiers,
}

/// The schema of one kind of file.
#[must_use]
pub fn schema(kind: FileKind) -> Value {
    let (root, title) = match kind {
        FileKind::App => (Table::AppFile, "An app of Jitney's policies"),
        FileKind::Tiers => (Table::TiersFile, "The tiers of Jitney's policies"),
    };
    let mut definitions = Map::new();
    for table in reached(root) {
        definitions.insert(definition(table).to_owned(), of_table(table));
    }
    let mut schema = of_table(root);
    if let Value::Object(schema) = &mut schema {
        schema.insert("$schema".to_owned(), json!("http://json-schema.org/draft-04/schema#"));
        schema.insert("title".to_owned(), json!(title));
        schema.insert("definitions".to_owned(), Value::Object(definitions));
    }
    schema
}

/// Every table below the root.
fn reached(root: Table) -> BTreeSet<Table> {
    let mut found = BTreeSet::new();
    let mut open = vec![root];
    while let Some(table) = open.pop() {
        for key in table.keys() {
            if let Takes::Table(inner) | Takes::Tables(inner, ..) | Takes::Named(inner, ..) = key.takes
                && found.insert(inner)
            {
                open.push(inner);
            }
        }
    }
    found
}

const fn definition(table: Table) -> &'static str {
    match table {
        Table::AppFile => "app_file",
        Table::App => "app",
        Table::Role => "role",
        Table::Rule => "rule",
        Table::Step => "step",
        Table::Field => "field",
        Table::Test => "test",
        Table::Who => "who",
        Table::TiersFile => "tiers_file",
        Table::Tier => "tier",
        Table::BreakGlass => "break_glass",
        Table::Stage => "stage",
        Table::Calendar => "calendar",
        Table::Blackout => "blackout",
        Table::Risk => "risk",
    }
}

fn of_table(table: Table) -> Value {
    let properties: Map<String, Value> =
        table.keys().iter().map(|key| (key.name.to_owned(), of_key(key))).collect();
    let required: Vec<&str> =
        table.keys().iter().filter(|key| key.need == Need::Required).map(|key| key.name).collect();
    let mut schema = json!({
        "type": "object", "properties": properties, "additionalProperties": table.is_open(),
    });
    if let Value::Object(schema) = &mut schema {
        // Draft 4 knows no empty list here.
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        // An empty rule would match everybody.
        if table == Table::Rule {
            schema.insert("minProperties".to_owned(), json!(1));
        }
    }
    schema
}

fn of_key(key: &Key) -> Value {
    let left_out = match key.need {
        Need::Required => String::new(),
        Need::Default(default) => format!(" Left out: {default}."),
    };
    let description = format!("{}{left_out} Such as: {}", key.about, key.line());
    let mut schema = of_value(&key.takes);
    if let Value::Object(schema) = &mut schema {
        // Beside a `$ref`, draft 4 reads nothing.
        if let Some(reference) = schema.remove("$ref") {
            schema.insert("allOf".to_owned(), json!([{ "$ref": reference }]));
        }
        schema.insert("description".to_owned(), json!(description));
    }
    schema
}

fn of_value(takes: &Takes) -> Value {
    let pattern = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    match takes {
        Takes::Text(most) => json!({ "type": "string", "minLength": 1, "maxLength": most }),
        Takes::OneOf(words) => json!({ "enum": words() }),
        Takes::Slug => pattern(SLUG),
        Takes::Person | Takes::Group => pattern(PRINTABLE),
        Takes::RoleRef => pattern("^[a-z0-9][a-z0-9_-]{0,63}/[a-z0-9][a-z0-9_-]{0,63}$"),
        Takes::Approver => pattern(r"^\s*(manager|owners|person:\S+|group:\S+|oncall:\S+)\s*$"),
        Takes::Span(_) => pattern(&span_pattern()),
        Takes::Zone => pattern(r"^[A-Za-z0-9_+/-]{1,80}$"),
        Takes::Hours => pattern(HOURS),
        Takes::Date => pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
        Takes::WallTime => pattern(WALL_TIME),
        Takes::Number(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Takes::Flag => json!({ "type": "boolean" }),
        Takes::List(of, least, most) => json!({
            "type": "array", "items": of_value(of), "minItems": least, "maxItems": most, "uniqueItems": true,
        }),
        Takes::Table(table) => reference(*table),
        Takes::Tables(table, least, most) => {
            json!({ "type": "array", "items": reference(*table), "minItems": least, "maxItems": most })
        }
        Takes::Named(table, least, most) => json!({
            "type": "object",
            "patternProperties": { SLUG: reference(*table) },
            "additionalProperties": false,
            "minProperties": least,
            "maxProperties": most,
        }),
    }
}

fn reference(table: Table) -> Value {
    json!({ "$ref": format!("#/definitions/{}", definition(table)) })
}

/// Lengths of time as the parser reads them: numbers with units, in any letter case, with blanks between.
fn span_pattern() -> String {
    let units = ["s", "sec", "second", "m", "min", "minute", "h", "hr", "hour", "d", "day", "w", "week"];
    let any_case = |unit: &str| -> String {
        unit.chars().map(|letter| format!("[{letter}{}]", letter.to_ascii_uppercase())).collect()
    };
    // One letter alone has no plural.
    let plural = |unit: &&str| if unit.len() > 1 { "[sS]?" } else { "" };
    let units: Vec<String> = units.iter().map(|unit| format!("{}{}", any_case(unit), plural(unit))).collect();
    format!(r"^(\s*[0-9]+\s*({})\s*)+$", units.join("|"))
}
