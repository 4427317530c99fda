//! The one place that prints: answers to standard output, complaints to standard error, colours only where a
//! person looks.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;

/// What a word is painted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// All is well.
    Good,
    /// Worth a look.
    Odd,
    /// Must be mended.
    Bad,
    /// What is read past.
    Quiet,
}

/// Standard output and standard error, with or without colours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Out {
    colours: bool,
}

impl Out {
    /// Colours when standard output is a terminal and nobody asked for none.
    pub(super) fn of_process() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { colours: wanted && io::stdout().is_terminal() }
    }

    /// Whether there are colours.
    pub(super) const fn has_colours(self) -> bool {
        self.colours
    }

    /// One line, or several, of an answer.
    pub(super) fn line(self, text: impl Display) -> io::Result<()> {
        writeln!(io::stdout().lock(), "{text}")
    }

    /// An answer for machines: one JSON value on a line.
    pub(super) fn json(self, value: &impl Serialize) -> io::Result<()> {
        let line = serde_json::to_string(value).map_err(io::Error::other)?;
        self.line(line)
    }

    /// Where a long answer is streamed to.
    pub(super) fn stream(self) -> impl Write {
        io::BufWriter::new(io::stdout().lock())
    }

    /// What went wrong. Nobody can be told when this fails.
    pub(super) fn complain(self, text: impl Display) {
        let _ = writeln!(io::stderr().lock(), "jitney: {text}");
    }

    /// Tells somebody who looks on why nothing comes. Not part of any answer.
    pub(super) fn wait_for(self, what: &str) {
        if io::stderr().is_terminal() {
            let _ = write!(io::stderr().lock(), "{what}…");
        }
    }

    /// Takes that away again.
    pub(super) fn waited(self) {
        if io::stderr().is_terminal() {
            let _ = write!(io::stderr().lock(), "\r\u{1b}[2K");
        }
    }

    /// A word in its colour, if there are colours.
    pub(super) fn paint(self, mark: Mark, word: &str) -> String {
        if !self.colours {
            return word.to_owned();
        }
        let code = match mark {
            Mark::Good => "32",
            Mark::Odd => "33",
            Mark::Bad => "31;1",
            Mark::Quiet => "2",
        };
        format!("\u{1b}[{code}m{word}\u{1b}[0m")
    }
}

/// Lines up cells under their headings, two spaces apart; the last column is as long as it is.
pub(super) fn columns<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = headings.map(|heading| heading.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells.zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(&mut headings.iter().copied())];
    lines.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    lines.join("\n")
}

/// What people wrote must not move a terminal's cursor.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_code_points() {
        let rows = [["R1".to_owned(), "José".to_owned()], ["R1042".to_owned(), "Ann".to_owned()]];
        assert_eq!(columns(["ID", "WHO"], &rows), "ID     WHO\nR1     José\nR1042  Ann");
    }

    #[test]
    fn without_colours_a_word_stays_a_word() {
        assert_eq!(Out { colours: false }.paint(Mark::Bad, "fail"), "fail");
        assert_eq!(Out { colours: true }.paint(Mark::Good, "ok"), "\u{1b}[32mok\u{1b}[0m");
    }
}
