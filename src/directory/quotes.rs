//! Quotes of a CSV file that don't pair (RFC 4180): a quote too many makes the rows after it the text of one cell, and
//! whoever stands in them would be gone.

/// A quote that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WrongQuote {
    /// Where it is, in bytes.
    pub(super) at: usize,
    /// What is wrong, and what to write instead.
    pub(super) message: &'static str,
}

/// Where the reading is in a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cell {
    Start,
    Plain,
    Quoted,
    /// Behind a quote that ends the cell, or is the first of two that stand for one.
    Closed,
    /// Behind blanks after the end.
    Over,
}

/// The first quote that is wrong.
pub(super) fn wrong_quote(text: &str) -> Option<WrongQuote> {
    let mut cell = Cell::Start;
    let mut opened = 0;
    for (at, letter) in text.char_indices() {
        cell = match (cell, letter) {
            (Cell::Start, '"') => {
                opened = at;
                Cell::Quoted
            }
            (Cell::Quoted, '"') => Cell::Closed,
            (Cell::Quoted, _) | (Cell::Closed, '"') => Cell::Quoted,
            (Cell::Start | Cell::Plain | Cell::Closed | Cell::Over, ',' | '\n' | '\r') => Cell::Start,
            (Cell::Start | Cell::Plain, _) => Cell::Plain,
            (Cell::Closed | Cell::Over, ' ' | '\t') => Cell::Over,
            (Cell::Closed | Cell::Over, _) => {
                let message =
                    "more text follows the quote that closes this cell; write a quote inside of quotes twice";
                return Some(WrongQuote { at: opened, message });
            }
        };
    }
    let message = "the quote that opens here is never closed; close it at the end of the cell";
    (cell == Cell::Quoted).then_some(WrongQuote { at: opened, message })
}

#[cfg(test)]
mod tests {
    use super::wrong_quote;

    #[test]
    fn quotes_pair_or_the_one_that_opens_is_named() {
        for (text, at) in [
            ("", None),
            ("a,b\n1,2\n", None),
            ("a,\"b\"\n\"1\",\"2\"", None),
            ("\"a, b\r\n c\" \t,2", None),
            ("\"say \"\"so\"\"\"\n", None),
            ("\"\",\"\"\"\"", None),
            ("5\" wide,\"x\"", None),
            ("a, \"b", None),
            ("a,\"b", Some(2)),
            ("a,\"b\n1,2\n", Some(2)),
            ("\"\"\"", Some(0)),
            ("\"é\",\"\"\"b\"\"", Some(5)),
            ("a,\"b\n1,\"2\"\n", Some(2)),
            ("a,\"b\" c\n", Some(2)),
        ] {
            assert_eq!(wrong_quote(text).map(|wrong| wrong.at), at, "{text}");
        }
    }
}
