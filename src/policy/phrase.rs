//! Lists as people write them.

/// How many things a sentence lists before it counts the rest.
const MOST_LISTED: usize = 8;

/// `a, b and c`; the joining word is the caller's. Long lists end with how many are left out.
pub(crate) fn listed<'a>(words: impl IntoIterator<Item = &'a str>, join: &str) -> String {
    let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    let left_out = words.len().saturating_sub(MOST_LISTED + 1);
    if left_out > 0 {
        words.truncate(MOST_LISTED + 1);
        words.pop();
        words.push(format!("{} others", left_out + 1));
    }
    match words.pop() {
        None => String::new(),
        Some(last) if words.is_empty() => last,
        Some(last) => format!("{} {join} {last}", words.join(", ")),
    }
}

/// What a file holds, and others say of it, must not steer a terminal or a log.
pub(super) fn printable(text: &str) -> String {
    let plain = |c: char| matches!(c, '"' | '\'' | '\\') || c.escape_debug().len() == 1;
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        if plain(c) { printable.push(c) } else { printable.extend(c.escape_debug()) }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_people_write_them() {
        for (words, sentence) in [
            (vec![], ""),
            (vec!["a"], "a"),
            (vec!["a", "b"], "a or b"),
            (vec!["a", "b", "c"], "a, b or c"),
            (vec!["a"; 9], "a, a, a, a, a, a, a, a or a"),
            (vec!["a"; 12], "a, a, a, a, a, a, a, a or 4 others"),
        ] {
            assert_eq!(listed(words, "or"), sentence);
        }
    }
}
