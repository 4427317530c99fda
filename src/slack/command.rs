//! `/jit …` read into a typed command.

use crate::ids::RequestId;
use crate::nearest::nearest;
use crate::slack::free_words;
use crate::slack::text::typed;
use crate::time::Span;

/// The words that a command begins with.
pub const WORDS: [&str; 11] =
    ["request", "again", "emergency", "list", "status", "extend", "release", "revoke", "why", "away", "help"];
/// Slack's own limit is not told; nobody types more.
const LONGEST: usize = 4000;

/// What was typed after `/jit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlashCommand {
    /// The form with everything that one may ask for.
    Catalogue,
    /// The request form, filled in as far as these words say.
    Request {
        /// As they were typed.
        words: String,
        /// For whom, when it is somebody else: their account.
        whom: Option<String>,
    },
    /// The form for access at once, filled in as far as these words say.
    Emergency {
        /// As they were typed.
        words: String,
        /// Whether it is an exercise: then nothing is given.
        drill: bool,
    },
    /// What I have and what waits.
    List,
    /// Where a request stands.
    Status {
        /// Which; the one that is open, when it is not said.
        request: Option<RequestId>,
    },
    /// The extension form.
    Extend {
        /// Of which grant; the one there is, when it is not said.
        request: Option<RequestId>,
        /// By how much.
        duration: Option<Span>,
        /// Why.
        because: Option<String>,
    },
    /// Gives access back.
    Release {
        /// Which grant; the one there is, when it is not said.
        request: Option<RequestId>,
    },
    /// Takes somebody's access.
    Revoke {
        /// Which.
        what: Taken,
        /// Why.
        because: Option<String>,
    },
    /// Why I may, or may not, have a role.
    Why {
        /// The role, and for how long, as it was typed.
        words: String,
    },
    /// I am away, or back.
    Away(AwayWish),
    /// Who decided what about a request, and by which rule.
    WhyRequest {
        /// Which.
        request: RequestId,
    },
    /// Why I was last refused.
    WhyLast,
    /// The request form as it was sent the last time.
    Again {
        /// For which role, as it was typed; nothing when it is not said.
        words: String,
    },
    /// What there is to type.
    Help,
}

/// What somebody says of being away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AwayWish {
    /// What holds?
    Show,
    /// I am back.
    Off,
    /// I am away.
    Until {
        /// Until when, as it was typed.
        until: String,
        /// The account of who is asked in my place.
        to: Option<String>,
        /// Why.
        because: Option<String>,
    },
}

/// Whose access is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// Any that the person may take: they choose.
    Any,
    /// That of a request.
    Grant(RequestId),
    /// A person's access to a role.
    Of {
        /// The account that was mentioned.
        account: String,
        /// The role, as it was typed.
        role: String,
    },
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
    /// `status`, `extend` and `release` take a request's id.
    RequestId {
        /// Which of them.
        word: &'static str,
        /// What stood in its place.
        text: String,
    },
    /// `revoke` takes a person or a request, `away` a person.
    Person {
        /// Which of them.
        word: &'static str,
        /// What stood in their place.
        text: String,
    },
    /// A word of ours needs a role behind it.
    Role {
        /// Which word.
        word: &'static str,
    },
    /// More than anybody types.
    TooLong,
}

/// Reads what was typed after the command, as Slack sends it: with accounts and links in its own brackets.
///
/// # Errors
/// Says what was not understood.
pub fn parse(text: &str) -> Result<SlashCommand, CommandError> {
    if text.chars().count() > LONGEST {
        return Err(CommandError::TooLong);
    }
    let (word, rest) = split_word(text);
    match word.to_lowercase().as_str() {
        "" => Ok(SlashCommand::Catalogue),
        "request" => {
            let (rest, whom) = beneficiary(rest);
            Ok(match (typed(&rest).trim(), whom) {
                ("", None) => SlashCommand::Catalogue,
                (words, whom) => SlashCommand::Request { words: words.to_owned(), whom },
            })
        }
        "emergency" | "break-glass" => Ok(emergency(rest)),
        "list" => Ok(SlashCommand::List),
        "status" => Ok(SlashCommand::Status { request: request_id("status", rest)? }),
        "extend" => extend(rest),
        "release" => Ok(SlashCommand::Release { request: request_id("release", rest)? }),
        "revoke" => revoke(rest),
        "again" => Ok(SlashCommand::Again { words: typed(rest).trim().to_owned() }),
        "away" => away(rest).map(SlashCommand::Away),
        "why" => Ok(match (typed(rest).trim(), rest.trim().parse()) {
            ("", _) => SlashCommand::WhyLast,
            (_, Ok(request)) => SlashCommand::WhyRequest { request },
            (words, Err(_)) => SlashCommand::Why { words: words.to_owned() },
        }),
        "help" | "?" => Ok(SlashCommand::Help),
        other => Err(CommandError::UnknownWord { word: typed(word), nearest: meant(other) }),
    }
}

/// `[drill] …`
fn emergency(text: &str) -> SlashCommand {
    let (first, rest) = split_word(text);
    let drill = first.eq_ignore_ascii_case("drill");
    let words = typed(if drill { rest } else { text }).trim().to_owned();
    SlashCommand::Emergency { words, drill }
}

/// Takes the first `for <@U…|name>` out of what stands before `because`, with the account.
#[must_use]
pub fn beneficiary(text: &str) -> (String, Option<String>) {
    let (head, _) = split_at_because(text);
    let mut before = 0;
    while let Some(at) = head.get(before..).and_then(|rest| rest.find("<@")).map(|at| before + at) {
        let lead = head.get(..at).unwrap_or_default().trim_end();
        let is_for = lead.len() < at
            && ["for", "behalf of"].iter().any(|word| {
                let lead = lead.to_lowercase();
                lead == *word || lead.ends_with(&format!(" {word}"))
            });
        let token = head.get(at + 2..).and_then(|rest| rest.split_once('>'));
        let Some((token, after)) = token else { break };
        before = head.len() - after.len();
        if !is_for {
            continue;
        }
        let account = token.split('|').next().unwrap_or(token).to_owned();
        let lead = lead.strip_suffix("for").or_else(|| lead.strip_suffix("FOR")).unwrap_or(lead);
        let rest = text.get(before..).unwrap_or_default();
        return (format!("{lead}{rest}"), Some(account));
    }
    (text.to_owned(), None)
}

/// `[R1042] [for 1h] [because …]`
fn extend(text: &str) -> Result<SlashCommand, CommandError> {
    let (id, after) = split_word(text);
    let request: Option<RequestId> = id.parse().ok();
    let rest = typed(if request.is_some() { after } else { text });
    // No word of it names a role: without a word that begins the reason, all of it is.
    let read = free_words::read(&rest, &|_| false);
    let nothing_else = read.role.is_empty() || read.because.is_some() || read.duration.is_some();
    if request.is_none() && !nothing_else {
        return Err(CommandError::RequestId { word: "extend", text: typed(id) });
    }
    let all = (!read.role.is_empty()).then(|| rest.trim().to_owned());
    Ok(SlashCommand::Extend { request, duration: read.duration, because: read.because.or(all) })
}

/// `R1042 [because] …` or `<@U…|name> app/role [because] …`
fn revoke(text: &str) -> Result<SlashCommand, CommandError> {
    let (whom, rest) = split_word(text);
    if whom.is_empty() {
        return Ok(SlashCommand::Revoke { what: Taken::Any, because: None });
    }
    if let Ok(request) = whom.parse() {
        return Ok(SlashCommand::Revoke { what: Taken::Grant(request), because: reason(rest) });
    }
    let account = whom.strip_prefix("<@").and_then(|account| account.strip_suffix('>'));
    let Some(account) = account else {
        return Err(CommandError::Person { word: "revoke", text: typed(whom) });
    };
    let account = account.split('|').next().unwrap_or(account).to_owned();
    let (role, because) = match split_at_because(rest) {
        (role, Some(because)) => (role, reason(because)),
        (rest, None) => {
            let (role, because) = split_word(rest);
            (role, reason(because))
        }
    };
    let role = typed(role).trim().to_owned();
    if role.is_empty() {
        return Err(CommandError::Role { word: "revoke" });
    }
    Ok(SlashCommand::Revoke { what: Taken::Of { account, role }, because })
}

/// `[until] fri 18:00 [to <@U…|name>] [because …]`, or `off`.
fn away(text: &str) -> Result<AwayWish, CommandError> {
    match text.trim().to_lowercase().as_str() {
        "" => return Ok(AwayWish::Show),
        "off" | "back" | "over" => return Ok(AwayWish::Off),
        _ => {}
    }
    let (text, because) = split_at_because(text);
    let (mut until, mut to) = (Vec::new(), None);
    for word in text.split_whitespace() {
        let account = word.strip_prefix("<@").and_then(|account| account.strip_suffix('>'));
        match account {
            Some(account) => {
                to = Some(account.split('|').next().unwrap_or(account).to_owned());
                // The word before it belongs to it.
                if until.last().is_some_and(|word: &&str| word.eq_ignore_ascii_case("to")) {
                    until.pop();
                }
            }
            // Where Slack does not write accounts out, nobody knows who is meant.
            None if word.starts_with('@') => {
                return Err(CommandError::Person { word: "away", text: typed(word) });
            }
            None => until.push(word),
        }
    }
    // Whoever is named in another way is meant, and must not be left out unheard.
    if let Some(at) = until.iter().position(|word| word.eq_ignore_ascii_case("to")) {
        let named = until.get(at + 1..).unwrap_or_default().join(" ");
        return Err(CommandError::Person { word: "away", text: typed(&named) });
    }
    Ok(AwayWish::Until { until: typed(&until.join(" ")), to, because: because.and_then(reason) })
}

fn reason(text: &str) -> Option<String> {
    let (before, after) = split_at_because(text);
    let text = after.filter(|_| before.trim().is_empty()).unwrap_or(text);
    Some(typed(text).trim().to_owned()).filter(|reason| !reason.is_empty())
}

/// Splits at the first `because` that stands alone; the word itself is dropped.
fn split_at_because(text: &str) -> (&str, Option<&str>) {
    let mut rest = text;
    while let Some(skipped) = rest.find(|c: char| !c.is_whitespace()) {
        let begin = text.len() - rest.len() + skipped;
        let (word, tail) = split_word(rest);
        if word.eq_ignore_ascii_case("because") {
            return (text.get(..begin).unwrap_or_default(), Some(tail));
        }
        rest = tail;
    }
    (text, None)
}

fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

/// None when nothing was typed.
fn request_id(word: &'static str, text: &str) -> Result<Option<RequestId>, CommandError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| CommandError::RequestId { word, text: typed(text) })
}

/// The word of ours that was begun, or that a typing error may have meant.
fn meant(word: &str) -> Option<&'static str> {
    let begun = WORDS.into_iter().find(|w| word.len() >= 2 && w.starts_with(word));
    begun.or_else(|| nearest(word, WORDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(words: &str) -> SlashCommand {
        SlashCommand::Request { words: words.to_owned(), whom: None }
    }

    #[test]
    fn commands_read_as_people_type_them() {
        let r1042 = RequestId::from_number(1042);
        let owned = |text: &str| Some(text.to_owned());
        let extend = |request, hours: Option<u64>, because| SlashCommand::Extend {
            request,
            duration: hours.map(Span::hours),
            because,
        };
        let away = |until: &str, to: Option<&str>, because: Option<&str>| {
            let (to, because) = (to.map(str::to_owned), because.map(str::to_owned));
            SlashCommand::Away(AwayWish::Until { until: until.to_owned(), to, because })
        };
        let of = |account: &str, role: &str, because| SlashCommand::Revoke {
            what: Taken::Of { account: account.to_owned(), role: role.to_owned() },
            because,
        };
        for (text, command) in [
            ("", SlashCommand::Catalogue),
            ("   ", SlashCommand::Catalogue),
            ("request", SlashCommand::Catalogue),
            ("Request billing/read", request("billing/read")),
            ("request  read for 2h &lt;b&gt; &amp;amp;", request("read for 2h <b> &amp;")),
            (
                "request wiki, see <https://example.com/x|example.com/x> with <@U1|ann>",
                request("wiki, see https://example.com/x with @ann"),
            ),
            ("emergency", SlashCommand::Emergency { words: String::new(), drill: false }),
            (
                "Emergency wiki/admin because it is down OPS-7",
                SlashCommand::Emergency {
                    words: "wiki/admin because it is down OPS-7".to_owned(),
                    drill: false,
                },
            ),
            ("break-glass wiki", SlashCommand::Emergency { words: "wiki".to_owned(), drill: false }),
            ("emergency Drill", SlashCommand::Emergency { words: String::new(), drill: true }),
            ("emergency drill wiki", SlashCommand::Emergency { words: "wiki".to_owned(), drill: true }),
            (
                "request read wiki for <@U0BEN|ben> for 2h because <@U1|ann> asked for <@U2|x>",
                SlashCommand::Request {
                    words: "read wiki  for 2h because @ann asked for @x".to_owned(),
                    whom: owned("U0BEN"),
                },
            ),
            ("request for <@U0BEN>", SlashCommand::Request { words: String::new(), whom: owned("U0BEN") }),
            ("list", SlashCommand::List),
            ("help", SlashCommand::Help),
            ("status r1042", SlashCommand::Status { request: Some(r1042) }),
            ("status", SlashCommand::Status { request: None }),
            ("release r1042", SlashCommand::Release { request: Some(r1042) }),
            ("release ", SlashCommand::Release { request: None }),
            ("extend R1042", extend(Some(r1042), None, None)),
            ("extend R1042 1h", extend(Some(r1042), Some(1), None)),
            ("extend R1042 for 1h because not done", extend(Some(r1042), Some(1), owned("not done"))),
            ("extend", extend(None, None, None)),
            ("extend for 1h", extend(None, Some(1), None)),
            ("extend 1h because not done", extend(None, Some(1), owned("not done"))),
            ("revoke", SlashCommand::Revoke { what: Taken::Any, because: None }),
            ("away", SlashCommand::Away(AwayWish::Show)),
            ("away OFF ", SlashCommand::Away(AwayWish::Off)),
            ("away until fri 18:00", away("until fri 18:00", None, None)),
            ("away until fri 18:00 to <@U0BEN|ben>", away("until fri 18:00", Some("U0BEN"), None)),
            (
                "away to <@U0BEN> until 1 dec because of a wedding",
                away("until 1 dec", Some("U0BEN"), Some("of a wedding")),
            ),
            ("why wiki/admin for 3h", SlashCommand::Why { words: "wiki/admin for 3h".to_owned() }),
            ("why", SlashCommand::WhyLast),
            ("why r1042 ", SlashCommand::WhyRequest { request: r1042 }),
            ("again", SlashCommand::Again { words: String::new() }),
            ("Again  billing/read", SlashCommand::Again { words: "billing/read".to_owned() }),
            ("revoke R1042", SlashCommand::Revoke { what: Taken::Grant(r1042), because: None }),
            (
                "revoke R1042 because of the audit",
                SlashCommand::Revoke { what: Taken::Grant(r1042), because: owned("of the audit") },
            ),
            ("revoke <@U0ANN|ann> wiki/read", of("U0ANN", "wiki/read", None)),
            ("revoke <@U0ANN> wiki/read left the team", of("U0ANN", "wiki/read", owned("left the team"))),
            (
                "revoke <@U0ANN|ann> Legacy wiki Reader because left the team",
                of("U0ANN", "Legacy wiki Reader", owned("left the team")),
            ),
        ] {
            assert_eq!(parse(text), Ok(command), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let unknown = |word: &str, nearest| CommandError::UnknownWord { word: word.to_owned(), nearest };
        let id = |word, text: &str| CommandError::RequestId { word, text: text.to_owned() };
        let person = |word, text: &str| CommandError::Person { word, text: text.to_owned() };
        for (text, error) in [
            ("reqest billing/read", unknown("reqest", Some("request"))),
            ("rel R1", unknown("rel", Some("release"))),
            ("stauts R1", unknown("stauts", Some("status"))),
            ("emergancy wiki", unknown("emergancy", Some("emergency"))),
            ("agian", unknown("agian", Some("again"))),
            ("LSIT", unknown("LSIT", Some("list"))),
            ("billing/read for 2h", unknown("billing/read", None)),
            ("release everything", id("release", "everything")),
            ("status &lt;x&gt;", id("status", "<x>")),
            ("extend everything", id("extend", "everything")),
            ("revoke @ann wiki/read", person("revoke", "@ann")),
            ("away until fri to @ben", person("away", "@ben")),
            ("away until fri to ben", person("away", "ben")),
            ("away until fri to &lt;@U0BEN|ben&gt; because", person("away", "<@U0BEN|ben>")),
            ("revoke <@U0ANN|ann>", CommandError::Role { word: "revoke" }),
            ("revoke <@U0ANN|ann> because x", CommandError::Role { word: "revoke" }),
        ] {
            assert_eq!(parse(text), Err(error), "{text:?}");
        }
        assert_eq!(parse(&"x".repeat(4001)), Err(CommandError::TooLong));
    }
}
