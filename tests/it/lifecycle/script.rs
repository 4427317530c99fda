//! The words of a script: one operation a line. What is not understood stops the test with its line number.

use jitney::ids::{PersonId, RequestId, RoleRef, TargetId};
use jitney::lifecycle::{Op, ReviewFinding};
use jitney::time::Span;

/// Begins a scene, in a fresh world.
pub(crate) const SCENE: &str = "===";

/// One line of a script.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Counted from 1.
    pub(crate) number: usize,
    /// As it was written, without its end.
    pub(crate) text: String,
    /// Time that passes first.
    pub(crate) wait: Option<Wait>,
    /// The words of the wait, with the comment when nothing else is said.
    pub(crate) wait_text: String,
    /// What is said after the wait, with its comment.
    pub(crate) said: String,
    /// What happens then.
    pub(crate) act: Option<Act>,
    /// Rows of the state table that its comment claims: they must be taken by it.
    pub(crate) rows: Vec<u8>,
}

/// Time that passes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wait {
    /// `+5m`: what falls due on the way happens when it does.
    Awake(Span),
    /// `~5m`: nobody looks; what fell due waits for the next `+`.
    Asleep(Span),
}

/// Somebody who acts.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// `dana`, through Slack.
    Person(PersonId),
    /// `op frank`, through the command line.
    Operator(PersonId),
}

/// What happens.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Asks {
        who: PersonId,
        role: RoleRef,
        duration: Span,
        starts_in: Option<Span>,
    },
    /// For somebody else.
    AsksFor {
        who: PersonId,
        whom: PersonId,
        role: RoleRef,
        duration: Span,
    },
    Confirms {
        who: Who,
        request: RequestId,
        agrees: bool,
    },
    /// Asks, is approved, and every call goes well: where another story begins.
    Has {
        who: PersonId,
        role: RoleRef,
        duration: Span,
    },
    Drills {
        who: PersonId,
        role: RoleRef,
        duration: Span,
    },
    BreaksGlass {
        who: PersonId,
        role: RoleRef,
        duration: Span,
    },
    Extends {
        who: PersonId,
        request: RequestId,
        by: Span,
    },
    Approves {
        who: Who,
        request: RequestId,
        at_most: Option<Span>,
    },
    Denies {
        who: Who,
        request: RequestId,
    },
    Questions {
        who: Who,
        request: RequestId,
        times: u32,
    },
    Answers {
        who: Who,
        request: RequestId,
        question: u32,
    },
    Withdraws {
        who: Who,
        request: RequestId,
    },
    Releases {
        who: Who,
        request: RequestId,
    },
    Revokes {
        who: Who,
        request: RequestId,
    },
    Reveals {
        who: Who,
        request: RequestId,
    },
    SlackShows {
        request: RequestId,
    },
    SlackRefuses {
        request: RequestId,
    },
    Attests {
        who: Who,
        request: RequestId,
        step: u32,
        evidence: bool,
    },
    Waives {
        who: Who,
        request: RequestId,
    },
    Reviews {
        who: Who,
        request: RequestId,
        found: ReviewFinding,
    },
    Leaves {
        who: PersonId,
    },
    MayApprove {
        who: PersonId,
        may: bool,
    },
    MayAsk {
        who: PersonId,
        may: bool,
    },
    Breaker {
        target: TargetId,
        open: bool,
    },
    Operators {
        who: Vec<PersonId>,
    },
    TotalLimit {
        role: RoleRef,
        limit: Span,
    },
    Settles {
        request: RequestId,
        step: u32,
        op: Op,
        outcome: Word,
        resumed: bool,
    },
    GoesWell {
        request: RequestId,
    },
    SettlesAgain {
        request: RequestId,
        step: u32,
    },
}

/// What a target answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Done,
    Already,
    /// A look before or after a grant found it.
    Found,
    /// A look found nothing.
    Gone,
    Unreadable,
    /// It was not done.
    Retry,
    /// It was not done, and we are asked to wait this long.
    RetryAfter(Span),
    /// No answer: it may still land.
    Unknown,
    Fatal,
}

/// Every line of a script that says something.
pub(crate) fn parse(script: &str) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    for (index, raw) in script.lines().enumerate() {
        let number = index + 1;
        let text = raw.trim_end();
        let (said, comment) = text.split_once("--").unwrap_or((text, ""));
        let said = said.split_once('#').map_or(said, |(before, _)| before);
        let said = if text.starts_with(SCENE) { "" } else { said };
        let line = words(said)
            .and_then(|(wait, act)| Ok((wait, act, rows(comment)?)))
            .map_err(|why| format!("line {number}: {why}\n  {text}"))?;
        let (wait, act, rows) = line;
        let trimmed = text.trim_start();
        let (wait_text, said) = match (&wait, &act) {
            (Some(_), Some(_)) => trimmed.split_once(' ').unwrap_or((trimmed, "")),
            (Some(_), None) => (trimmed, ""),
            (None, _) => ("", trimmed),
        };
        let (wait_text, said) = (wait_text.to_owned(), said.trim_start().to_owned());
        lines.push(Line { number, text: text.to_owned(), wait, wait_text, said, act, rows });
    }
    Ok(lines)
}

fn words(said: &str) -> Result<(Option<Wait>, Option<Act>), String> {
    let words: Vec<&str> = said.split_whitespace().collect();
    let (wait, rest) = match words.split_first() {
        Some((first, rest)) if first.starts_with('+') => (Some(Wait::Awake(span(&first[1..])?)), rest),
        Some((first, rest)) if first.starts_with('~') => (Some(Wait::Asleep(span(&first[1..])?)), rest),
        Some(_) | None => (None, words.as_slice()),
    };
    Ok((wait, if rest.is_empty() { None } else { Some(act(rest)?) }))
}

fn act(words: &[&str]) -> Result<Act, String> {
    if let [call, rest @ ..] = words
        && let Some((request, step)) = call.split_once('.')
    {
        return settles(request_id(request)?, step.parse().map_err(|_| unknown(call))?, rest);
    }
    let (who, verb) = match words {
        ["op", name, verb @ ..] => (Who::Operator(person(name)?), verb),
        [r, "goes", "well"] => return Ok(Act::GoesWell { request: request_id(r)? }),
        ["slack", "shows", r] => return Ok(Act::SlackShows { request: request_id(r)? }),
        ["slack", "refuses", r] => return Ok(Act::SlackRefuses { request: request_id(r)? }),
        ["breaker", t, word @ ("opens" | "closes")] => {
            return Ok(Act::Breaker { target: parsed(t)?, open: *word == "opens" });
        }
        ["operators", names @ ..] => {
            return Ok(Act::Operators { who: names.iter().map(|n| person(n)).collect::<Result<_, _>>()? });
        }
        ["limit", role, "total", limit] => {
            return Ok(Act::TotalLimit { role: parsed(role)?, limit: span(limit)? });
        }
        [name, verb @ ..] => (Who::Person(person(name)?), verb),
        [] => return Err("nothing".to_owned()),
    };
    decides(&who, verb)
}

fn decides(who: &Who, verb: &[&str]) -> Result<Act, String> {
    let id = match who {
        Who::Person(id) | Who::Operator(id) => id.clone(),
    };
    let w = who.clone();
    Ok(match verb {
        ["asks", role, duration] => {
            Act::Asks { who: id, role: parsed(role)?, duration: span(duration)?, starts_in: None }
        }
        ["asks", role, duration, "for", whom] => {
            Act::AsksFor { who: id, whom: person(whom)?, role: parsed(role)?, duration: span(duration)? }
        }
        ["confirms", r] => Act::Confirms { who: w, request: request_id(r)?, agrees: true },
        ["declines", r] => Act::Confirms { who: w, request: request_id(r)?, agrees: false },
        ["asks", role, duration, "starting", starts_in] => Act::Asks {
            who: id,
            role: parsed(role)?,
            duration: span(duration)?,
            starts_in: Some(span(starts_in)?),
        },
        ["has", role, duration] => Act::Has { who: id, role: parsed(role)?, duration: span(duration)? },
        ["drills", role, duration] => Act::Drills { who: id, role: parsed(role)?, duration: span(duration)? },
        ["breaks", "glass", role, duration] => {
            Act::BreaksGlass { who: id, role: parsed(role)?, duration: span(duration)? }
        }
        ["extends", r, "by", by] => Act::Extends { who: id, request: request_id(r)?, by: span(by)? },
        ["approves", r] => Act::Approves { who: w, request: request_id(r)?, at_most: None },
        ["approves", r, "for", less] => {
            Act::Approves { who: w, request: request_id(r)?, at_most: Some(span(less)?) }
        }
        ["denies", r] => Act::Denies { who: w, request: request_id(r)? },
        ["questions", r] => Act::Questions { who: w, request: request_id(r)?, times: 1 },
        ["questions", r, times, "times"] => Act::Questions {
            who: w,
            request: request_id(r)?,
            times: times.parse().map_err(|_| unknown(times))?,
        },
        ["answers", r, question] => Act::Answers {
            who: w,
            request: request_id(r)?,
            question: question.parse().map_err(|_| unknown(question))?,
        },
        ["withdraws", r] => Act::Withdraws { who: w, request: request_id(r)? },
        ["releases", r] => Act::Releases { who: w, request: request_id(r)? },
        ["revokes", r] => Act::Revokes { who: w, request: request_id(r)? },
        ["reveals", r] => Act::Reveals { who: w, request: request_id(r)? },
        ["waives", r] => Act::Waives { who: w, request: request_id(r)? },
        ["reviews", r] => Act::Reviews { who: w, request: request_id(r)?, found: ReviewFinding::Justified },
        ["reviews", r, "as", found] => Act::Reviews {
            who: w,
            request: request_id(r)?,
            found: found.parse().map_err(|_| unknown(found))?,
        },
        ["attests", call, rest @ ..] => {
            let (r, step) = call.split_once('.').ok_or_else(|| unknown(call))?;
            let evidence = match rest {
                [] => true,
                ["without", "evidence"] => false,
                other => return Err(unknown(&other.join(" "))),
            };
            let step = step.parse().map_err(|_| unknown(call))?;
            Act::Attests { who: w, request: request_id(r)?, step, evidence }
        }
        ["leaves"] => Act::Leaves { who: id },
        ["may", "approve", "no", "more"] => Act::MayApprove { who: id, may: false },
        ["may", "approve", "again"] => Act::MayApprove { who: id, may: true },
        ["may", "ask", "no", "more"] => Act::MayAsk { who: id, may: false },
        ["may", "ask", "again"] => Act::MayAsk { who: id, may: true },
        other => return Err(unknown(&other.join(" "))),
    })
}

fn settles(request: RequestId, step: u32, rest: &[&str]) -> Result<Act, String> {
    let (op, rest) = match rest {
        ["again"] => return Ok(Act::SettlesAgain { request, step }),
        [op, rest @ ..] => (call(op)?, rest),
        [] => return Err("which call, and what came of it?".to_owned()),
    };
    let (rest, resumed) = match rest {
        [rest @ .., "resumed"] => (rest, true),
        other => (other, false),
    };
    let looks = matches!(op, Op::Snapshot | Op::Verify | Op::VerifyGone | Op::Recheck);
    let outcome = match rest {
        ["done"] if !looks => Word::Done,
        ["already"] if !looks => Word::Already,
        ["found"] if looks => Word::Found,
        ["not-found"] if matches!(op, Op::Snapshot | Op::Verify) => Word::Gone,
        ["gone"] if matches!(op, Op::VerifyGone | Op::Recheck) => Word::Gone,
        ["unreadable"] if looks => Word::Unreadable,
        ["retry"] => Word::Retry,
        ["retry", "after", wait] => Word::RetryAfter(span(wait)?),
        ["unknown"] => Word::Unknown,
        ["fatal"] => Word::Fatal,
        // An adapter's mistake.
        ["nonsense"] => {
            if looks {
                Word::Done
            } else {
                Word::Found
            }
        }
        other => return Err(unknown(&other.join(" "))),
    };
    Ok(Act::Settles { request, step, op, outcome, resumed })
}

fn call(word: &str) -> Result<Op, String> {
    Ok(match word {
        "snapshot" => Op::Snapshot,
        "grant" => Op::Grant,
        "verify" => Op::Verify,
        "extend" => Op::Extend,
        "revoke" => Op::Revoke,
        "look" => Op::VerifyGone,
        "recheck" => Op::Recheck,
        other => return Err(unknown(other)),
    })
}

/// The rows that a comment claims: `row 7`, `rows 8, 20`.
fn rows(comment: &str) -> Result<Vec<u8>, String> {
    let mut rows = Vec::new();
    let mut words = comment.split([' ', ',', ':', ';']).filter(|w| !w.is_empty()).peekable();
    while let Some(word) = words.next() {
        if word != "row" && word != "rows" {
            continue;
        }
        while let Some(row) = words.peek().and_then(|w| w.parse::<u8>().ok()) {
            rows.push(row);
            words.next();
        }
    }
    match rows.iter().find(|row| !(1..=36).contains(*row)) {
        Some(row) => Err(format!("there is no row {row}")),
        None => Ok(rows),
    }
}

fn unknown(words: &str) -> String {
    format!("unknown words `{words}`")
}

fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, String>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| error.to_string())
}

/// As people write it, and `1ms`.
fn span(text: &str) -> Result<Span, String> {
    match text.strip_suffix("ms").and_then(|n| n.parse().ok()) {
        Some(millis) => Ok(Span::millis(millis)),
        None => parsed(text),
    }
}

fn request_id(text: &str) -> Result<RequestId, String> {
    if text.starts_with('R') { parsed(text) } else { Err(unknown(text)) }
}

fn person(name: &str) -> Result<PersonId, String> {
    if super::world::PEOPLE.contains(&name) {
        parsed(&format!("{name}@example.com"))
    } else {
        Err(format!("nobody is called `{name}`"))
    }
}

#[test]
fn unknown_words_stop_with_their_line() {
    for (script, says) in [
        ("\nann dances", "line 2: unknown words `dances`"),
        ("zoe approves R1", "line 1: nobody is called `zoe`"),
        ("R1.0 look found\nR1.0 grant gone", "line 2: unknown words `gone`"),
        ("+5x", "line 1: `5x` is not a length of time"),
        ("+5m -- row 37", "line 1: there is no row 37"),
        ("ann asks wiki/edit", "line 1: unknown words"),
    ] {
        let said = parse(script).err().unwrap_or_else(|| panic!("{script:?} was understood"));
        assert!(said.starts_with(says), "{said}");
    }
}
