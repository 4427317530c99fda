//! An issue as a compiler shows one: the line, a caret below it, and what to write instead.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::policy::{Issue, SourceFile, Warning};

/// Lines that are wider are cut around the caret.
const WIDTH: usize = 120;

/// The issue with its line; without it where the file is not at hand.
pub(super) fn issue(issue: &Issue, files: &[SourceFile], colours: bool) -> String {
    let hint = issue.hint.as_deref();
    let end = (issue.end_line, issue.end_column);
    let place = Place { file: &issue.file, start: (issue.line, issue.column), end };
    shown(Level::ERROR, &issue.message, hint, &place, files, colours)
}

/// A warning with its line: it knows only where it begins.
pub(super) fn warning(warning: &Warning, files: &[SourceFile], colours: bool) -> String {
    let mut parts = warning.place.rsplitn(3, ':');
    let column = parts.next().and_then(|column| column.parse().ok());
    let line = parts.next().and_then(|line| line.parse().ok());
    let (Some(file), Some(line), Some(column)) = (parts.next(), line, column) else {
        let place = Place { file: &warning.place, start: (0, 0), end: (0, 0) };
        return shown(Level::WARNING, &warning.message, Some(&warning.hint), &place, files, colours);
    };
    let place = Place { file, start: (line, column), end: (line, usize::MAX) };
    shown(Level::WARNING, &warning.message, Some(&warning.hint), &place, files, colours)
}

/// Lines and columns from 1.
struct Place<'a> {
    file: &'a str,
    start: (usize, usize),
    end: (usize, usize),
}

fn shown(
    level: Level<'_>,
    message: &str,
    hint: Option<&str>,
    place: &Place<'_>,
    files: &[SourceFile],
    colours: bool,
) -> String {
    let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
    let source = files.iter().find(|file| file.name == place.file);
    let line = source.and_then(|file| file.text.lines().nth(place.start.0.saturating_sub(1)));
    let title = level.primary_title(message);
    let mut group = match line {
        Some(line) => {
            let line = line.trim_start_matches('\u{feff}');
            let span = within(line, place);
            let snippet = Snippet::source(line).path(place.file).line_start(place.start.0);
            title.element(snippet.annotation(AnnotationKind::Primary.span(span)))
        }
        None => Group::with_title(title).element(annotate_snippets::Origin::path(place.file)),
    };
    if let Some(hint) = hint {
        group = group.element(Level::HELP.message(hint));
    }
    renderer.term_width(WIDTH).render(&[group])
}

/// The bytes of the first line that the place marks: at least one character, where there is one.
fn within(line: &str, place: &Place<'_>) -> std::ops::Range<usize> {
    let at = |column: usize| {
        line.char_indices().nth(column.saturating_sub(1)).map_or(line.len(), |(byte, _)| byte)
    };
    let start = at(place.start.1);
    let wanted = if place.end.0 > place.start.0 { line.trim_end().len() } else { at(place.end.1) };
    // A warning marks the word that it begins with, not what stands behind it.
    let wanted =
        if place.end.1 == usize::MAX { start + word(line.get(start..).unwrap_or("")) } else { wanted };
    let least = line.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    start..wanted.max(start + least).min(line.len().max(start))
}

/// How long the word is that the text begins with; a bracket counts up to its end.
fn word(text: &str) -> usize {
    let end = match text.chars().next() {
        Some('[') => text.rfind(']').map(|end| end + 1),
        Some('{') => text.rfind('}').map(|end| end + 1),
        Some(_) | None => text.find(char::is_whitespace),
    };
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caret_stands_below_what_is_meant_whatever_the_letters() {
        let file =
            SourceFile { name: "p/a.toml".to_owned(), text: "x = 1\nná = \"日本\" # é\n".to_owned() };
        let files = [file];
        let at = |column, end_column| Issue {
            file: "p/a.toml".to_owned(),
            line: 2,
            column,
            end_line: 2,
            end_column,
            message: "no".to_owned(),
            hint: Some("yes".to_owned()),
        };
        let shown = [
            issue(&at(6, 10), &files, false),
            issue(&at(99, 99), &files, false),
            issue(&Issue { line: 9, ..at(1, 2) }, &files, false),
            issue(&Issue { file: "p/b.toml".to_owned(), ..at(1, 2) }, &files, false),
            issue(&Issue { end_line: 3, ..at(1, 1) }, &files, false),
        ];
        insta::assert_snapshot!(shown.join("\n\n"));
        assert!(issue(&at(6, 10), &files, true).contains("\u{1b}["), "colours where they are asked for");
        let hostile =
            SourceFile { text: "x\ny = \"\u{1b}[2J\u{202e}\u{7f}\"\n".to_owned(), ..files[0].clone() };
        let shown = issue(&at(1, 2), &[hostile], false);
        assert!(
            !shown.contains(['\u{1b}', '\u{202e}', '\u{7f}']),
            "what a file holds must not steer a terminal"
        );
    }
}
