//! `/jit …` read into a typed command.

use crate::ids::RequestId;
use crate::nearest::nearest;
use crate::slack::text::unescape;
use crate::time::Span;

/// The words that a command begins with.
const WORDS: [&str; 5] = ["request", "list", "extend", "release", "help"];
/// Slack's own limit is not told; nobody types more.
const LONGEST: usize = 4000;

/// What was typed after `/jit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlashCommand {
    /// The request form, filled in as far as was typed.
    Request(Prefill),
    /// What I have and what waits.
    List,
    /// The extension form.
    Extend {
        /// Of which grant.
        request: RequestId,
        /// By how much.
        duration: Option<Span>,
        /// Why.
        because: Option<String>,
    },
    /// Gives access back.
    Release {
        /// Which grant.
        request: RequestId,
    },
    /// What there is to type.
    Help,
}

/// What the request form begins with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prefill {
    /// A role, as it was typed.
    pub role: Option<String>,
    /// For how long.
    pub duration: Option<Span>,
    /// Why.
    pub because: Option<String>,
}

/// What was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandError {
    /// The first word is none of ours.
    UnknownWord {
        /// That word.
        word: String,
        /// The one that it looks like.
        nearest: Option<&'static str>,
    },
    /// `extend` and `release` need a request's id.
    RequestId {
        /// `extend` or `release`.
        word: &'static str,
        /// What stood in its place; nothing, perhaps.
        text: String,
    },
    /// After `for` comes a length of time.
    Duration {
        /// What came.
        text: String,
    },
    /// More than anybody types.
    TooLong,
}

/// Reads what was typed after the command.
///
/// # Errors
/// Says what was not understood.
pub fn parse(text: &str) -> Result<SlashCommand, CommandError> {
    if text.chars().count() > LONGEST {
        return Err(CommandError::TooLong);
    }
    let text = unescape(text);
    let (word, rest) = split_word(&text);
    match word.to_lowercase().as_str() {
        "" => Ok(SlashCommand::Request(Prefill::default())),
        "request" => {
            let Tail { head, duration, because } = tail(rest)?;
            Ok(SlashCommand::Request(Prefill { role: head, duration, because }))
        }
        "list" => Ok(SlashCommand::List),
        "extend" => {
            let (id, rest) = split_word(rest);
            let request = request_id("extend", id)?;
            let Tail { head, duration, because } = tail(rest)?;
            if let Some(text) = head {
                return Err(CommandError::Duration { text });
            }
            Ok(SlashCommand::Extend { request, duration, because })
        }
        "release" => Ok(SlashCommand::Release { request: request_id("release", rest)? }),
        "help" | "?" => Ok(SlashCommand::Help),
        other => Err(CommandError::UnknownWord { word: word.to_owned(), nearest: meant(other) }),
    }
}

struct Tail {
    head: Option<String>,
    duration: Option<Span>,
    because: Option<String>,
}

/// `[words] [for SPAN] [because TEXT]`
fn tail(text: &str) -> Result<Tail, CommandError> {
    let (text, because) = split_at_word(text, "because", Occurrence::First);
    let (head, span) = split_at_word(text, "for", Occurrence::Last);
    let duration = match span {
        None => None,
        Some(span) => Some(span.parse().map_err(|_| CommandError::Duration { text: span.to_owned() })?),
    };
    let owned = |text: &str| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
    Ok(Tail { head: owned(head), duration, because: because.and_then(owned) })
}

enum Occurrence {
    First,
    Last,
}

/// Splits at a word that stands alone, in any case; the word itself is dropped.
fn split_at_word<'a>(text: &'a str, word: &str, which: Occurrence) -> (&'a str, Option<&'a str>) {
    let mut found = None;
    let mut rest = text;
    while let Some(skipped) = rest.find(|c: char| !c.is_whitespace()) {
        let begin = text.len() - rest.len() + skipped;
        let (this, tail) = split_word(rest);
        if this.to_lowercase() == word {
            found = Some((begin, begin + this.len()));
            if matches!(which, Occurrence::First) {
                break;
            }
        }
        rest = tail;
    }
    match found.and_then(|(begin, end)| Some((text.get(..begin)?, text.get(end..)?))) {
        Some((before, after)) => (before, Some(after.trim())),
        None => (text, None),
    }
}

fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

fn request_id(word: &'static str, text: &str) -> Result<RequestId, CommandError> {
    text.trim().parse().map_err(|_| CommandError::RequestId { word, text: text.trim().to_owned() })
}

/// The word of ours that was begun, or that a typing error may have meant.
fn meant(word: &str) -> Option<&'static str> {
    let begun = WORDS.into_iter().find(|w| word.len() >= 2 && w.starts_with(word));
    begun.or_else(|| nearest(word, WORDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefill(role: Option<&str>, duration: Option<Span>, because: Option<&str>) -> SlashCommand {
        SlashCommand::Request(Prefill {
            role: role.map(str::to_owned),
            duration,
            because: because.map(str::to_owned),
        })
    }

    #[test]
    fn commands_read_as_people_type_them() {
        let r1042 = RequestId::from_number(1042);
        for (text, command) in [
            ("", prefill(None, None, None)),
            ("   ", prefill(None, None, None)),
            ("request", prefill(None, None, None)),
            ("Request billing/read", prefill(Some("billing/read"), None, None)),
            (
                "request billing/read for 2h because  the replica lags & burns",
                prefill(Some("billing/read"), Some(Span::hours(2)), Some("the replica lags & burns")),
            ),
            (
                "request Billing database for 1 hour 30 minutes",
                prefill(Some("Billing database"), Some(Span::mins(90)), None),
            ),
            (
                "request keys for prod for 30m because I wait for it because of you",
                prefill(Some("keys for prod"), Some(Span::mins(30)), Some("I wait for it because of you")),
            ),
            ("request because &lt;b&gt; &amp;amp;", prefill(None, None, Some("<b> &amp;"))),
            ("request for 1h", prefill(None, Some(Span::hours(1)), None)),
            ("list", SlashCommand::List),
            ("help", SlashCommand::Help),
            ("release r1042", SlashCommand::Release { request: r1042 }),
            ("extend R1042", SlashCommand::Extend { request: r1042, duration: None, because: None }),
            (
                "extend R1042 for 1h because not done",
                SlashCommand::Extend {
                    request: r1042,
                    duration: Some(Span::hours(1)),
                    because: Some("not done".to_owned()),
                },
            ),
        ] {
            assert_eq!(parse(text), Ok(command), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let unknown = |word: &str, nearest| CommandError::UnknownWord { word: word.to_owned(), nearest };
        let id = |word, text: &str| CommandError::RequestId { word, text: text.to_owned() };
        let duration = |text: &str| CommandError::Duration { text: text.to_owned() };
        for (text, error) in [
            ("reqest billing/read", unknown("reqest", Some("request"))),
            ("rel R1", unknown("rel", Some("release"))),
            ("LSIT", unknown("LSIT", Some("list"))),
            ("billing/read for 2h", unknown("billing/read", None)),
            ("release", id("release", "")),
            ("release everything", id("release", "everything")),
            ("extend for 1h", id("extend", "for")),
            ("extend R1042 1h", duration("1h")),
            ("request billing/read for ever", duration("ever")),
            ("request billing/read for", duration("")),
        ] {
            assert_eq!(parse(text), Err(error), "{text:?}");
        }
        assert_eq!(parse(&"x".repeat(4001)), Err(CommandError::TooLong));
    }
}
