//! One text for one value: RFC 8785 (JSON Canonicalization Scheme) for the values that we have. Keys are sorted
//! by UTF-16 code units, there is no whitespace, and only what must be escaped is.

use std::cmp::Ordering;
use std::fmt::Write as _;

use serde_json::Value;
use thiserror::Error;

/// Why a value has no canonical text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not a whole number: the audit log takes whole numbers only, so that one value has one text"
)]
pub struct NotCanonical(String);

/// Appends the value's one text.
///
/// # Errors
/// Names the first number that is not whole.
pub(super) fn write_value(out: &mut String, value: &Value) -> Result<(), NotCanonical> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => {
            if number.is_f64() {
                return Err(NotCanonical(number.to_string()));
            }
            let _ = write!(out, "{number}");
        }
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_value(out, item)?;
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by(|(a, _), (b, _)| by_utf16(a, b));
            out.push('{');
            for (i, (key, value)) in fields.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_text(out, key);
                out.push(':');
                write_value(out, value)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

/// Appends a JSON string with the fewest escapes.
pub(super) fn write_text(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (i, c) in text.char_indices() {
        let escape = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{8}' => "\\b",
            '\t' => "\\t",
            '\n' => "\\n",
            '\u{c}' => "\\f",
            '\r' => "\\r",
            '\0'..='\u{1f}' => "",
            _ => continue,
        };
        out.push_str(text.get(plain..i).unwrap_or_default());
        plain = i + c.len_utf8();
        if escape.is_empty() {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(text.get(plain..).unwrap_or_default());
    out.push('"');
}

fn by_utf16(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(value: &Value) -> Result<String, NotCanonical> {
        let mut out = String::new();
        write_value(&mut out, value).map(|()| out)
    }

    #[test]
    fn one_value_has_one_text() {
        for (value, wanted) in [
            (json!({"b": 1, "a": [true, null, -7]}), r#"{"a":[true,null,-7],"b":1}"#),
            (json!({"\u{20ac}": 1, "\r": 2, "1": 3, "\u{1f600}": 4, "\u{fb33}": 5}), {
                // The order that RFC 8785 §3.2.3 shows: by UTF-16 code units, not by code points.
                "{\"\\r\":2,\"1\":3,\"\u{20ac}\":1,\"\u{1f600}\":4,\"\u{fb33}\":5}"
            }),
            (
                json!("\u{0}\u{1f}\"\\/\u{7f}é\u{8}\t\n\u{c}\r"),
                "\"\\u0000\\u001f\\\"\\\\/\u{7f}é\\b\\t\\n\\f\\r\"",
            ),
            (json!(u64::MAX), "18446744073709551615"),
            (json!({}), "{}"),
            (json!([]), "[]"),
        ] {
            assert_eq!(text(&value).as_deref(), Ok(wanted));
            assert_eq!(serde_json::from_str::<Value>(wanted).ok(), Some(value), "{wanted}");
        }
    }

    #[test]
    fn numbers_that_are_not_whole_are_refused() {
        let refused = text(&json!({"a": [1, 1.5]})).map_err(|e| e.to_string());
        assert_eq!(
            refused.err().as_deref(),
            Some(
                "`1.5` is not a whole number: the audit log takes whole numbers only, so that one value has one text"
            )
        );
    }
}
