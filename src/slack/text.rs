//! Foreign strings made fit for Slack: cleaned of what deceives the eye, escaped, and cut by code points.
//!
//! Slack escapes exactly `&`, `<` and `>` (docs.slack.dev, "Formatting message text"); its limits count code points.

use crate::ids::PersonId;
use crate::policy::People;
use crate::time::Timestamp;

/// Reorders or hides text: bidirectional controls, zero-width characters, tags, line separators.
const fn deceives(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}'
            | '\u{061C}'
            | '\u{115F}'
            | '\u{1160}'
            | '\u{180E}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}'
    )
}

/// Without what deceives and without controls; line ends stay.
#[must_use]
pub fn clean(foreign: &str) -> String {
    foreign
        .chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .filter(|&c| c == '\n' || !(c.is_control() || deceives(c)))
        .collect()
}

/// At most `max` code points; what is cut ends with `…`.
#[must_use]
pub fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Cleaned, on one line, cut; for plain text objects and for logs.
#[must_use]
pub fn one_line(foreign: &str, max: usize) -> String {
    let words: Vec<String> = clean(foreign).split_whitespace().map(str::to_owned).collect();
    cut(&words.join(" "), max)
}

/// Cleaned and cut, never empty: Slack refuses an empty text object.
#[must_use]
pub fn paragraph(foreign: &str, max: usize) -> String {
    let text = clean(foreign);
    let text = text.trim();
    if text.is_empty() { "–".to_owned() } else { cut(text, max) }
}

/// With `&`, `<` and `>` as Slack wants them.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            other => out.push(other),
        }
    }
    out
}

/// The opposite of [`escape`]: what people typed, from what Slack sends of it.
#[must_use]
pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// What a person typed, from what Slack sends of it: `<@U1|ann>` and `<https://x|x>` become what they stand for.
#[must_use]
pub fn typed(sent: &str) -> String {
    let mut out = String::with_capacity(sent.len());
    let mut rest = sent;
    // What people type of these signs themselves comes escaped, so that a bracket here is Slack's own.
    while let Some((before, token)) = rest.split_once('<') {
        let (token, after) = token.split_once('>').unwrap_or((token, ""));
        out.push_str(before);
        let (target, label) = token.split_once('|').unwrap_or((token, ""));
        match target.chars().next() {
            Some(sign @ ('@' | '#')) if !label.is_empty() => {
                out.push(sign);
                out.push_str(label.trim_start_matches('@'));
            }
            Some('!') => out.push_str(if label.is_empty() { target } else { label }),
            Some(_) | None => out.push_str(target),
        }
        rest = after;
    }
    out.push_str(rest);
    unescape(&out)
}

/// A foreign string for the middle of a mrkdwn sentence: one line, at most `max` code points before escaping.
#[must_use]
pub fn inline(foreign: &str, max: usize) -> String {
    escape(&one_line(foreign, max))
}

/// The last resort for mrkdwn that is too long: cut between tokens, so that no `<!date…>` and no `&amp;` is halved.
#[must_use]
pub fn cut_mrkdwn(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let budget = max.saturating_sub(1);
    let mut out = String::new();
    let mut used = 0;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '<' => rest.find('>').map_or(rest.len(), |at| at + 1),
            '&' => rest.find(';').map_or(rest.len(), |at| at + 1),
            other => other.len_utf8(),
        };
        let (token, tail) = rest.split_at(end);
        let size = token.chars().count();
        if used + size > budget {
            break;
        }
        out.push_str(token);
        used += size;
        rest = tail;
    }
    out.push('…');
    out
}

/// An instant in each reader's own zone, with UTC for clients that can't.
#[must_use]
pub fn date(at: Timestamp) -> String {
    format!("<!date^{}^{{date_short_pretty}} at {{time}}|{}>", at.seconds(), at.minute_utc())
}

/// `<@U…>`, which notifies; the name where the directory has no usable account.
#[must_use]
pub fn mention(people: &People, id: &PersonId) -> String {
    let account = people.get(id).and_then(|p| p.slack.as_ref());
    match account.filter(|a| a.as_str().chars().all(|c| c.is_ascii_alphanumeric())) {
        Some(account) => format!("<@{account}>"),
        None => inline(&name(people, id), 80),
    }
}

/// As people call them; the id of somebody the directory does not know any more. Not escaped.
#[must_use]
pub fn name(people: &People, id: &PersonId) -> String {
    people.get(id).map_or_else(|| id.as_str().to_owned(), |p| p.name.clone())
}

/// `a`, `a and b`, `a, b and c`; at most `most`, then `and 3 others`.
#[must_use]
pub fn list(items: &[String], most: usize) -> String {
    let shown = items.get(..most.min(items.len())).unwrap_or_default();
    let hidden = items.len() - shown.len();
    match (shown, hidden) {
        ([], _) => "nobody".to_owned(),
        (_, 1) => format!("{} and 1 other", shown.join(", ")),
        (_, 2..) => format!("{} and {hidden} others", shown.join(", ")),
        ([one], 0) => one.clone(),
        ([first @ .., last], 0) => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_can_neither_mention_nor_reorder_nor_hide() {
        assert_eq!(
            inline("<!channel> & <@U1>\n\u{202E}evil\u{200B}", 99),
            "&lt;!channel&gt; &amp; &lt;@U1&gt; evil"
        );
        assert_eq!(unescape("a &amp;lt; b"), "a &lt; b");
        assert_eq!(paragraph("\u{FEFF} \u{200D}\n", 9), "–");
    }

    #[test]
    fn cuts_count_code_points_and_end_with_an_ellipsis() {
        assert_eq!(cut("äöü€🦀", 5), "äöü€🦀");
        assert_eq!(cut("äöü€🦀x", 5), "äöü€…");
    }

    #[test]
    fn a_cut_never_halves_a_token() {
        for max in 1..40 {
            let short = cut_mrkdwn("ab &amp; <@U0ANN> <!date^1^{time}|x> end", max);
            assert!(short.chars().count() <= max, "{short}");
            assert_eq!(short.matches('<').count(), short.matches('>').count(), "{short}");
            assert_eq!(short.matches('&').count(), short.matches(';').count(), "{short}");
        }
    }

    #[test]
    fn lists_read_as_people_write_them() {
        let items: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        assert_eq!(list(&items, 9), "a, b, c and d");
        assert_eq!(list(&items, 2), "a, b and 2 others");
        assert_eq!(list(&items, 3), "a, b, c and 1 other");
        assert_eq!(list(&[], 3), "nobody");
    }
}
