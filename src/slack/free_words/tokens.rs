//! A text cut into words, with where each stands and where clauses end.

/// What is looked at of a text: its first words.
const MOST: usize = 400;

/// A word of the text.
#[derive(Debug, Clone, Default)]
pub(super) struct Token {
    /// Its first byte in the text.
    pub(super) start: usize,
    /// The byte after its last.
    pub(super) end: usize,
    /// As it was typed.
    pub(super) raw: String,
    /// In lower case, without signs around it.
    pub(super) word: String,
    /// Whether a clause ends with it.
    pub(super) breaks: bool,
    /// Whether it is part of a ticket or a length of time.
    pub(super) spoken_for: bool,
    /// Whether it names an app or a role.
    pub(super) known: bool,
    /// Whether it says nothing of which.
    pub(super) filler: bool,
}

pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), '\n')]) {
        let parts = c.is_whitespace() || matches!(c, ',' | ';');
        match (start, parts) {
            (None, false) => start = Some(at),
            (Some(from), true) => {
                add(&mut tokens, text, from, at);
                start = None;
            }
            (None, true) | (Some(_), false) => {}
        }
        if matches!(c, ',' | ';' | '\n')
            && let Some(last) = tokens.last_mut()
        {
            last.breaks = true;
        }
        if tokens.len() == MOST {
            break;
        }
    }
    tokens
}

fn add(tokens: &mut Vec<Token>, text: &str, start: usize, end: usize) {
    let raw = text.get(start..end).unwrap_or_default();
    let word = raw.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    if word.is_empty() {
        // A dash alone parts clauses; other signs alone say nothing.
        if matches!(raw, "-" | "--" | "–" | "—")
            && let Some(last) = tokens.last_mut()
        {
            last.breaks = true;
        }
        return;
    }
    let breaks = raw.ends_with([':', '.', '!', '?']);
    tokens.push(Token { start, end, raw: raw.to_owned(), word, breaks, ..Token::default() });
}
