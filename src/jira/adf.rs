//! The part of the Atlassian Document Format that tickets use, as types that can't make an invalid document.
//! The format: <https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>.

use reqwest::Url;
use serde::Serialize;

/// The longest text node, in code points.
const TEXT_LIMIT: usize = 2000;

/// A document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "doc")]
pub(super) struct Doc {
    version: u8,
    content: Vec<Block>,
}

impl Doc {
    /// From its blocks, in order.
    pub(super) fn new(content: Vec<Block>) -> Self {
        Self { version: 1, content }
    }
}

/// What a document is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(super) enum Block {
    Paragraph { content: Vec<Text> },
    Panel { attrs: PanelAttrs, content: Vec<Paragraph> },
    BulletList { content: Vec<Item> },
    Table { content: Vec<Row> },
}

impl Block {
    /// A paragraph.
    pub(super) fn paragraph(content: Vec<Text>) -> Self {
        Self::Paragraph { content }
    }

    /// A box that can't be overlooked.
    pub(super) fn warning(text: &str) -> Self {
        let content = vec![Paragraph { content: vec![Text::plain(text)] }];
        Self::Panel { attrs: PanelAttrs { panel_type: "warning" }, content }
    }

    /// A bullet list; none when there is nothing to list, because an empty one is invalid.
    pub(super) fn bullets(content: Vec<Item>) -> Option<Self> {
        (!content.is_empty()).then_some(Self::BulletList { content })
    }

    /// Rows of a name and its values, each a paragraph; none when there are no rows.
    pub(super) fn facts(rows: Vec<(&str, Vec<Text>)>) -> Option<Self> {
        let content: Vec<Row> = rows.into_iter().map(|(name, values)| Row::new(name, values)).collect();
        (!content.is_empty()).then_some(Self::Table { content })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PanelAttrs {
    panel_type: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "paragraph")]
pub(super) struct Paragraph {
    content: Vec<Text>,
}

/// One line of a bullet list, with lines below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "listItem")]
pub(super) struct Item {
    content: Vec<Block>,
}

impl Item {
    /// A line without more below it.
    pub(super) fn line(text: Text) -> Self {
        Self { content: vec![Block::paragraph(vec![text])] }
    }

    /// A line with others below it.
    pub(super) fn nested(line: Vec<Text>, below: Vec<Self>) -> Self {
        let mut content = vec![Block::paragraph(line)];
        content.extend(Block::bullets(below));
        Self { content }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "tableRow")]
pub(super) struct Row {
    content: [Cell; 2],
}

impl Row {
    fn new(name: &str, values: Vec<Text>) -> Self {
        let paragraph = |text| Paragraph { content: vec![text] };
        // A cell needs a block in it.
        let values = if values.is_empty() { vec![Text::plain("")] } else { values };
        Self {
            content: [
                Cell::TableHeader { content: vec![paragraph(Text::plain(name))] },
                Cell::TableCell { content: values.into_iter().map(paragraph).collect() },
            ],
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(super) enum Cell {
    TableHeader { content: Vec<Paragraph> },
    TableCell { content: Vec<Paragraph> },
}

/// Words: never empty, never markup, without invisible characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "text")]
pub(super) struct Text {
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    marks: Vec<Mark>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Mark {
    Strong,
    Code,
    Link { attrs: Href },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Href {
    href: String,
}

impl Text {
    /// Words as they are; a dash where there are none, because an empty text node is invalid.
    pub(super) fn plain(text: &str) -> Self {
        Self::marked(text, Vec::new())
    }

    /// Words in bold.
    pub(super) fn strong(text: &str) -> Self {
        Self::marked(text, vec![Mark::Strong])
    }

    /// An id or a name, as it is spelt.
    pub(super) fn code(text: &str) -> Self {
        Self::marked(text, vec![Mark::Code])
    }

    /// Words that lead somewhere.
    pub(super) fn link(text: &str, to: &Url) -> Self {
        Self::marked(text, vec![Mark::Link { attrs: Href { href: to.to_string() } }])
    }

    fn marked(text: &str, marks: Vec<Mark>) -> Self {
        let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
        let text = cut(visible, TEXT_LIMIT);
        let text = if text.trim().is_empty() { "–".to_owned() } else { text };
        Self { text, marks }
    }

    /// How long it is, in code points.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.text.chars().count()
    }
}

/// Makes a text of others fit to stand within a sentence of ours: one line, nothing invisible, nothing that
/// turns the direction of reading, at most so many code points.
pub(super) fn tame(text: &str, most: usize) -> String {
    let mut line = String::new();
    for c in text.chars() {
        if c.is_whitespace() || matches!(c, '\u{2028}' | '\u{2029}') {
            if !line.is_empty() && !line.ends_with(' ') {
                line.push(' ');
            }
        } else if !is_invisible(c) {
            line.push(c);
        }
    }
    cut(line.trim_end().to_owned(), most)
}

/// Control characters, marks that turn the direction of reading, and tags that nobody sees.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

fn cut(text: String, most: usize) -> String {
    if text.chars().count() <= most {
        return text;
    }
    let mut shorter: String = text.chars().take(most.saturating_sub(1)).collect();
    shorter.push('…');
    shorter
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hostile_text_becomes_one_plain_line() {
        for (text, tamed) in [
            ("[~admin] {code} <script>", "[~admin] {code} <script>"),
            ("a\r\n\n  b\tc", "a b c"),
            ("safe\u{202e}txt.exe", "safetxt.exe"),
            ("\u{1b}[31mred", "[31mred"),
            ("\u{200b}\u{feff} ", ""),
            ("naïve 👩‍💻 ok", "naïve 👩‍💻 ok"),
        ] {
            assert_eq!(tame(text, 100), tamed, "{text:?}");
        }
        assert_eq!(tame("abcdef", 4), "abc…");
    }

    #[test]
    fn text_nodes_are_never_empty_and_never_endless() {
        for text in ["", " ", "\u{202e}"] {
            assert_eq!(serde_json::to_value(Text::plain(text)).unwrap(), json!({"type":"text","text":"–"}));
        }
        assert_eq!(Text::plain(&"é".repeat(5000)).len(), TEXT_LIMIT);
    }

    #[test]
    fn documents_have_the_format_s_shape() {
        let doc = Doc::new(vec![
            Block::paragraph(vec![Text::strong("a"), Text::code("b")]),
            Block::warning("careful"),
        ]);
        assert_eq!(
            serde_json::to_value(doc).unwrap(),
            json!({"type": "doc", "version": 1, "content": [
                {"type": "paragraph", "content": [
                    {"type": "text", "text": "a", "marks": [{"type": "strong"}]},
                    {"type": "text", "text": "b", "marks": [{"type": "code"}]}]},
                {"type": "panel", "attrs": {"panelType": "warning"}, "content": [
                    {"type": "paragraph", "content": [{"type": "text", "text": "careful"}]}]},
            ]})
        );
        assert_eq!(Block::bullets(Vec::new()), None);
    }
}
