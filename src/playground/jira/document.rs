//! Documents as the server sees them: refused when their structure is wrong, and read back as plain text.

use serde_json::{Map, Value};

/// Levels of nesting at most.
const DEPTH_MOST: usize = 16;

/// Checks a document's structure: node by node what it may hold, and what it must have.
///
/// # Errors
/// The place of the first node that is wrong, and what is wrong with it.
pub(super) fn check(document: &Value) -> Result<(), String> {
    let top = object(document, "doc")?;
    if top.get("type") != Some(&Value::from("doc")) || top.get("version") != Some(&Value::from(1)) {
        return Err("not a document of version 1".to_owned());
    }
    only(top, &["type", "version", "content"], "doc")?;
    children(top, "doc", BLOCKS, 0, 0)
}

/// Its words, one line a paragraph; list items begin with a dash, table cells are split by a bar.
pub(super) fn plain_text(node: &Value) -> String {
    let mut lines = Vec::new();
    collect(node, 0, &mut lines);
    lines.join("\n")
}

const BLOCKS: &[&str] = &[
    "paragraph",
    "heading",
    "bulletList",
    "orderedList",
    "panel",
    "table",
    "rule",
    "codeBlock",
    "blockquote",
];
const INLINES: &[&str] = &["text", "hardBreak", "date", "mention", "status", "emoji", "inlineCard"];

fn node(value: &Value, allowed: &[&str], depth: usize) -> Result<(), String> {
    let map = object(value, "node")?;
    let kind = map.get("type").and_then(Value::as_str).unwrap_or_default();
    if !allowed.contains(&kind) {
        return Err(format!("`{kind}` can't stand here; one of {allowed:?} can"));
    }
    if depth > DEPTH_MOST {
        return Err(format!("nested more than {DEPTH_MOST} deep"));
    }
    match kind {
        "text" => text(map),
        "paragraph" => {
            only(map, &["type", "content"], kind)?;
            if map.contains_key("content") { children(map, kind, INLINES, 0, depth) } else { Ok(()) }
        }
        "heading" => {
            only(map, &["type", "attrs", "content"], kind)?;
            match attr(map, "level").and_then(Value::as_u64) {
                Some(1..=6) => children(map, kind, INLINES, 0, depth),
                Some(_) | None => Err("a heading has a level from 1 to 6".to_owned()),
            }
        }
        "bulletList" | "orderedList" => {
            only(map, &["type", "attrs", "content"], kind)?;
            children(map, kind, &["listItem"], 1, depth)
        }
        "listItem" => {
            only(map, &["type", "content"], kind)?;
            children(map, kind, &["paragraph", "bulletList", "orderedList", "codeBlock"], 1, depth)
        }
        "panel" => {
            only(map, &["type", "attrs", "content"], kind)?;
            let kinds = ["info", "note", "tip", "warning", "error", "success"];
            match attr(map, "panelType").and_then(Value::as_str) {
                Some(panel) if kinds.contains(&panel) => {
                    children(map, kind, &["paragraph", "heading", "bulletList", "orderedList"], 1, depth)
                }
                Some(_) | None => Err(format!("a panel is one of {kinds:?}")),
            }
        }
        "table" => {
            only(map, &["type", "attrs", "content"], kind)?;
            children(map, kind, &["tableRow"], 1, depth)
        }
        "tableRow" => {
            only(map, &["type", "content"], kind)?;
            children(map, kind, &["tableCell", "tableHeader"], 0, depth)
        }
        "tableCell" | "tableHeader" => {
            only(map, &["type", "attrs", "content"], kind)?;
            children(map, kind, &["paragraph", "bulletList", "orderedList", "heading", "codeBlock"], 1, depth)
        }
        "codeBlock" => children(map, kind, &["text"], 0, depth),
        "blockquote" => children(map, kind, &["paragraph", "bulletList", "orderedList"], 1, depth),
        // Without content of their own.
        _ => Ok(()),
    }
}

fn text(map: &Map<String, Value>) -> Result<(), String> {
    only(map, &["type", "text", "marks"], "text")?;
    if map.get("text").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err("a text node is never empty".to_owned());
    }
    let marks = match map.get("marks") {
        None => return Ok(()),
        Some(marks) => marks.as_array().ok_or("marks are a list")?,
    };
    let mut kinds = Vec::new();
    for mark in marks {
        let mark = object(mark, "mark")?;
        let kind = mark.get("type").and_then(Value::as_str).unwrap_or_default();
        match kind {
            "strong" | "em" | "code" | "strike" | "underline" => only(mark, &["type"], kind)?,
            "link" if attr(mark, "href").is_some_and(Value::is_string) => {
                only(mark, &["type", "attrs"], kind)?
            }
            _ => return Err(format!("`{kind}` is not a mark, or lacks something")),
        }
        kinds.push(kind);
    }
    if kinds.contains(&"code") && kinds.iter().any(|kind| *kind != "code" && *kind != "link") {
        return Err("code goes with no other mark but a link".to_owned());
    }
    Ok(())
}

fn children(
    map: &Map<String, Value>,
    kind: &str,
    allowed: &[&str],
    least: usize,
    depth: usize,
) -> Result<(), String> {
    let content =
        map.get("content").and_then(Value::as_array).ok_or(format!("`{kind}` has a list of content"))?;
    if content.len() < least {
        return Err(format!("`{kind}` is never empty"));
    }
    for (n, child) in content.iter().enumerate() {
        node(child, allowed, depth + 1).map_err(|error| format!("{kind}[{n}]: {error}"))?;
    }
    Ok(())
}

fn attr<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.get("attrs")?.get(name)
}

fn only(map: &Map<String, Value>, keys: &[&str], kind: &str) -> Result<(), String> {
    match map.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(format!("`{kind}` has no `{key}`")),
        None => Ok(()),
    }
}

fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("a {what} is an object"))
}

fn collect(node: &Value, indent: usize, lines: &mut Vec<String>) {
    let content = || node.get("content").and_then(Value::as_array).into_iter().flatten();
    match node.get("type").and_then(Value::as_str).unwrap_or_default() {
        "paragraph" | "heading" | "codeBlock" => lines.push(inline(node)),
        "listItem" => {
            let mut own = Vec::new();
            content().for_each(|child| collect(child, indent + 1, &mut own));
            let dash = format!("{}- ", "  ".repeat(indent.saturating_sub(1)));
            let mut own = own.into_iter();
            lines.extend(own.next().map(|first| format!("{dash}{first}")));
            lines.extend(own);
        }
        "bulletList" | "orderedList" => content().for_each(|child| collect(child, indent.max(1), lines)),
        "tableRow" => {
            let cell = |cell: &Value| plain_text(&Value::Array(vec![cell.clone()])).replace('\n', "; ");
            lines.push(content().map(cell).collect::<Vec<_>>().join(" | "));
        }
        _ => {
            let inner = node.as_array().into_iter().flatten().chain(content());
            inner.for_each(|child| collect(child, indent, lines));
        }
    }
}

fn inline(node: &Value) -> String {
    let content = node.get("content").and_then(Value::as_array).into_iter().flatten();
    content.filter_map(|child| child.get("text").and_then(Value::as_str)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn doc(content: Value) -> Value {
        json!({ "type": "doc", "version": 1, "content": content })
    }

    #[test]
    fn what_atlassian_refuses_is_refused() {
        for (wrong, why) in [
            (json!("text"), "a string is no document"),
            (json!({"type": "doc", "content": []}), "no version"),
            (doc(json!([{"type": "text", "text": "loose"}])), "an inline node at the top"),
            (doc(json!([{"type": "paragraph", "content": [{"type": "text", "text": ""}]}])), "an empty text"),
            (doc(json!([{"type": "bulletList", "content": []}])), "an empty list"),
            (doc(json!([{"type": "paragraph", "bdy": []}])), "an unknown key"),
            (doc(json!([{"type": "marquee"}])), "an unknown node"),
            (
                doc(json!([{"type": "paragraph", "content": [
                    {"type": "text", "text": "x", "marks": [{"type": "code"}, {"type": "strong"}]}]}])),
                "code and bold together",
            ),
        ] {
            assert!(check(&wrong).is_err(), "{why}");
        }
    }

    #[test]
    fn documents_read_as_text() {
        let paragraph =
            |text: &str| json!({"type": "paragraph", "content": [{"type": "text", "text": text}]});
        let document = doc(json!([
            paragraph("above"),
            {"type": "bulletList", "content": [{"type": "listItem", "content": [
                paragraph("one"),
                {"type": "bulletList", "content": [{"type": "listItem", "content": [paragraph("below")]}]}]}]},
            {"type": "table", "content": [{"type": "tableRow", "content": [
                {"type": "tableHeader", "content": [paragraph("name")]},
                {"type": "tableCell", "content": [paragraph("a"), paragraph("b")]}]}]},
        ]));
        assert_eq!(check(&document), Ok(()));
        assert_eq!(plain_text(&document), "above\n- one\n  - below\nname | a; b");
    }
}
