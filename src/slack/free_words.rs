//! What people type after `/jit request`, in any order: the words that name a role, from when, how long, why, and for
//! which ticket. Nothing is decided by it: it fills in a form, which the person sends.

mod lengths;
mod moments;
mod tokens;

pub use self::moments::{AHEAD, Moment, NoMoment};

use std::ops::Range;

use self::lengths::{Length, Says, find_lengths};
use self::moments::{Found, find_moments};
use self::tokens::{Token, tokens};
use crate::ids::IssueKey;
use crate::time::Span;

/// Words that are held against the names of roles: what comes after them is reason.
const HELD_MOST: usize = 60;
/// Words that begin the reason.
const BECAUSE: &[&str] = &["because", "cause", "cos", "cuz", "bc", "b/c", "since", "reason", "justification"];
/// Two words that do.
const BECAUSE_OF_TWO: [[&str; 2]; 5] =
    [["due", "to"], ["in", "order"], ["so", "that"], ["so", "i"], ["so", "we"]];
/// Words that begin the reason when a word follows that names no role; the reason has those of the first row, too.
const PERHAPS_KEPT: &[&str] = &["to", "while", "during", "after", "until"];
const PERHAPS: &[&str] = &["for", "as", "so"];
/// Before `to fix a page`, part of the reason.
const INTENT: &[&str] = &["i", "we", "need", "want", "have", "trying", "going", "must", "got"];
const ARTICLES: &[&str] = &["the", "a", "an", "my", "our", "this", "that", "some"];
/// Say nothing of which role.
const FILLERS: &str = "access role roles rights right permission permissions please pls plz give grant get have use me us \
    i we need want would like can could may to in on of at for with as and or is it into onto from by \
    so just again hi hello hey thanks thank you asap now request ticket issue incident jira ref until \
    till app";
/// Before a ticket, they belong to it.
const TICKET_LEADS: &[&str] = &[
    "see", "re", "ref", "per", "under", "ticket", "issue", "incident", "jira", "in", "for", "because", "case",
];
/// Look like keys of issues, and are none.
const NO_PROJECTS: &[&str] = &["utf", "sha", "iso", "covid", "rfc", "cve", "ipv", "tls", "base"];

/// What the words come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FreeWords {
    /// What names the role, in lower case and without what says nothing.
    pub role: Vec<String>,
    /// For how long.
    pub duration: Option<Span>,
    /// From when; at once when it is not said.
    pub from: Option<Moment>,
    /// Until when.
    pub until: Option<Moment>,
    /// A length that is too long for anything, as it was typed.
    pub too_long: Option<String>,
    /// Why.
    pub because: Option<String>,
    /// For which ticket.
    pub ticket: Option<IssueKey>,
}

/// Reads what was typed. `knows` says whether a word, in lower case, is one that names apps and roles.
#[must_use]
pub fn read(text: &str, knows: &dyn Fn(&str) -> bool) -> FreeWords {
    let mut tokens = tokens(text);
    let ticket = mark_ticket(&mut tokens);
    let moments = find_moments(text, &tokens);
    speak_for(&mut tokens, moments.iter().map(|moment| &moment.at));
    let lengths = find_lengths(&tokens);
    speak_for(&mut tokens, lengths.iter().map(|length| &length.at));
    for (index, token) in tokens.iter_mut().enumerate() {
        token.filler = FILLERS.split(' ').any(|one| token.word == one) || is_one_of(&token.word, ARTICLES);
        let may_name = !token.spoken_for && !token.filler && !token.word.starts_with("http");
        token.known = may_name && index < HELD_MOST && is_known(&token.word, knows);
    }
    let mut reading = Reading { text, tokens: &tokens, role: Vec::new(), why: Vec::new() };
    reading.clauses();
    // Any of them may end the reason, and the next before it then ends it.
    let (from, until) = (reading.choose_moment(&moments, false), reading.choose_moment(&moments, true));
    let length = reading.choose(&lengths);
    let from = from.or_else(|| reading.choose_moment(&moments, false));
    let until = until.or_else(|| reading.choose_moment(&moments, true));
    let too_long = lengths.iter().find(|length| length.says == Says::TooLong);
    FreeWords {
        duration: length.and_then(Length::span),
        from: from.map(|found| found.moment.clone()),
        until: until.map(|found| found.moment.clone()),
        too_long: too_long.map(|length| reading.slice(&length.at).to_owned()),
        because: reading.reason(),
        role: reading.role,
        ticket,
    }
}

/// The one length of time that a text says; none when it says none, several, or a moment.
#[must_use]
pub fn length(text: &str) -> Option<Span> {
    let tokens = tokens(text);
    match (find_moments(text, &tokens).as_slice(), find_lengths(&tokens).as_slice()) {
        ([], [only]) => only.span(),
        (_, _) => None,
    }
}

/// The first moment that a text says, with or without `from` or `until` before it.
#[must_use]
pub fn moment(text: &str) -> Option<Moment> {
    find_moments(text, &tokens(text)).into_iter().next().map(|found| found.moment)
}

fn speak_for<'r>(tokens: &mut [Token], ranges: impl Iterator<Item = &'r Range<usize>>) {
    for range in ranges {
        for token in tokens.get_mut(range.clone()).unwrap_or_default() {
            token.spoken_for = true;
        }
    }
}

/// `billing/read` and `read-only` by their parts, too.
fn is_known(word: &str, knows: &dyn Fn(&str) -> bool) -> bool {
    let mut parts =
        word.split(|c: char| !c.is_alphanumeric()).filter(|part| part.len() >= 3 && *part != word);
    knows(word) || parts.any(knows)
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.contains(&word)
}

/// The first key of an issue, or address of one; its tokens say nothing else.
fn mark_ticket(tokens: &mut [Token]) -> Option<IssueKey> {
    let last = tokens.len().saturating_sub(1);
    let mut found = None;
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| tokens.get(before));
        let apart = index == last
            || before.is_none_or(|before| before.breaks || is_one_of(&before.word, TICKET_LEADS));
        if let Some(key) = issue_key(&token.raw, apart) {
            found = Some((index, key));
            break;
        }
    }
    let (index, key) = found?;
    if let Some(token) = tokens.get_mut(index) {
        token.spoken_for = true;
    }
    if let Some(before) = index.checked_sub(1).and_then(|before| tokens.get_mut(before))
        && is_one_of(&before.word, TICKET_LEADS)
        && before.word != "because"
    {
        before.spoken_for = true;
    }
    Some(key)
}

/// A key in capitals, or an address that ends with one. In small letters, where it stands apart.
fn issue_key(raw: &str, apart: bool) -> Option<IssueKey> {
    let raw = raw.trim_matches(|c: char| !c.is_alphanumeric());
    let is_address = raw.starts_with("http");
    let text = raw.split(['?', '#']).next().unwrap_or(raw).trim_end_matches('/');
    let text = text.rsplit('/').next().unwrap_or(text);
    let project = text.split('-').next().unwrap_or_default().to_lowercase();
    let plausible = project.len() >= 2 && !is_one_of(&project, NO_PROJECTS);
    let in_capitals = text == text.to_uppercase();
    let key = IssueKey::new(text).ok()?;
    ((is_address || plausible && (in_capitals || apart)) && (is_address || !raw.contains('/'))).then_some(key)
}

struct Reading<'a> {
    text: &'a str,
    tokens: &'a [Token],
    role: Vec<String>,
    /// Token ranges of the reason.
    why: Vec<Range<usize>>,
}

impl Reading<'_> {
    fn token(&self, index: usize) -> Option<&Token> {
        self.tokens.get(index)
    }

    fn word(&self, index: usize) -> &str {
        self.token(index).map_or("", |token| token.word.as_str())
    }

    /// Sorts each clause: it names the role, or says why.
    fn clauses(&mut self) {
        let cue = (0..self.tokens.len()).find_map(|index| self.cue(index));
        let (head_end, tail) = cue.unwrap_or((self.tokens.len(), self.tokens.len()));
        // A clause that names nothing known may still be all that there is to a name.
        let mut unknown = None;
        for clause in self.split(0..head_end) {
            let content = self.content(&clause);
            let known = content.iter().filter(|index| self.is_known(**index)).count();
            if content.is_empty() {
                continue;
            }
            if known == 0 && self.role.is_empty() && unknown.is_none() {
                unknown = Some(clause);
            } else if known > 0 && (self.role.is_empty() || known == content.len()) {
                self.role_clause(&clause, &content);
            } else {
                self.why.push(clause);
            }
        }
        for (number, clause) in self.split(tail..self.tokens.len()).into_iter().enumerate() {
            let content = self.content(&clause);
            let all_known = content.iter().all(|index| self.is_known(*index));
            if number > 0 && content.is_empty() {
                continue;
            }
            if number > 0 && all_known && self.role.is_empty() {
                self.role_clause(&clause, &content);
            } else {
                self.why.push(clause);
            }
        }
        self.without_a_name(unknown);
        self.why.sort_by_key(|range| range.start);
    }

    /// Where no clause names a role by a known word: by all words of a reason that has a known one, or by words that
    /// nobody knows.
    fn without_a_name(&mut self, unknown: Option<Range<usize>>) {
        let named = !self.role.is_empty();
        if !named {
            let words: Vec<usize> = self.why.iter().flat_map(|clause| self.content(clause)).collect();
            if words.iter().any(|index| self.is_known(*index)) {
                self.name_by(&words);
            }
        }
        match unknown {
            Some(clause) if self.role.is_empty() => {
                let words = self.content(&clause);
                self.name_by(&words);
            }
            Some(clause) => self.why.push(clause),
            None => {}
        }
    }

    /// Two unknown words in a row, before or after what is known, are no part of a name.
    fn role_clause(&mut self, clause: &Range<usize>, content: &[usize]) {
        let is_unknown = |index: &&usize| !self.is_known(**index);
        let leading = content.iter().take_while(is_unknown).count();
        let trailing = content.iter().rev().take_while(is_unknown).count();
        let from = if leading >= 2 { leading } else { 0 };
        let to = if trailing >= 2 { content.len() - trailing } else { content.len() };
        let trail = content.get(to).map(|first| *first..clause.end);
        let named = content.get(from..to).unwrap_or_default().to_vec();
        self.name_by(&named);
        if leading >= 2 {
            self.why.push(clause.clone());
        } else if let Some(trail) = trail {
            self.why.push(trail);
        }
    }

    fn name_by(&mut self, words: &[usize]) {
        let named: Vec<String> = words.iter().map(|index| self.word(*index).to_owned()).collect();
        self.role.extend(named);
    }

    fn is_known(&self, index: usize) -> bool {
        self.token(index).is_some_and(|token| token.known)
    }

    /// Tokens that say something of a role or of a reason.
    fn content(&self, clause: &Range<usize>) -> Vec<usize> {
        let says = |index: &usize| self.token(*index).is_some_and(|token| !token.spoken_for && !token.filler);
        clause.clone().filter(says).collect()
    }

    fn split(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let mut clauses = Vec::new();
        let mut start = range.start;
        for index in range.clone() {
            if self.token(index).is_some_and(|token| token.breaks) || index + 1 == range.end {
                clauses.push(start..index + 1);
                start = index + 1;
            }
        }
        clauses
    }

    /// Where what stands before the reason ends, and where the reason's text begins, when this token begins one.
    fn cue(&self, index: usize) -> Option<(usize, usize)> {
        if self.token(index)?.spoken_for {
            return None;
        }
        let word = self.word(index);
        let because = is_one_of(word, BECAUSE) || lengths::is_nearly(word, "because");
        let of_two = BECAUSE_OF_TWO.iter().any(|[one, two]| word == *one && self.word(index + 1) == *two);
        if because || (of_two && !self.is_known(index + 1)) {
            // `so i` is part of what it begins.
            let mut text = index + 1 + usize::from(of_two && word != "so");
            text += usize::from(is_one_of(self.word(text), &["of", "is", "that"]));
            return Some((index, text));
        }
        if !is_one_of(word, PERHAPS_KEPT) && !is_one_of(word, PERHAPS) {
            return None;
        }
        let next = (index + 1..self.tokens.len()).find(|next| !is_one_of(self.word(*next), ARTICLES))?;
        let next = self.token(next).filter(|_| !self.token(index).is_some_and(|token| token.breaks))?;
        if next.spoken_for || next.known || next.filler {
            return None;
        }
        if !is_one_of(word, PERHAPS_KEPT) {
            return Some((index, index + 1));
        }
        let mut begin = index;
        while let Some(before) = begin.checked_sub(1)
            && word == "to"
            && is_one_of(self.word(before), INTENT)
            && !self.token(before).is_some_and(|token| token.breaks)
        {
            begin = before;
        }
        Some((begin, begin))
    }

    /// The length that is meant: one outside the reason, else `2 hours of`, else one that ends the reason, which is
    /// cut off.
    fn choose<'l>(&mut self, lengths: &'l [Length]) -> Option<&'l Length> {
        let holds = |range: &Range<usize>, length: &Length| {
            range.start <= length.at.start && length.at.end <= range.end
        };
        let spans = || lengths.iter().filter(|length| length.span().is_some());
        if let Some(outside) = spans().find(|length| !self.why.iter().any(|range| holds(range, length))) {
            return Some(outside);
        }
        let of = |length: &&Length| self.word(length.at.end) == "of";
        if let Some(of_something) = spans().find(of) {
            return Some(of_something);
        }
        let closes = |length: &Length| length.with_for || length.at.len() == 1;
        for length in spans().filter(|length| closes(length)) {
            if let Some(range) = self.why.iter_mut().find(|range| range.end == length.at.end) {
                range.end = length.at.start;
                return Some(length);
            }
        }
        None
    }

    /// The moment that is meant: one outside the reason, else a plain one that ends the reason, which is cut off.
    fn choose_moment<'m>(&mut self, moments: &'m [Found], ends: bool) -> Option<&'m Found> {
        let mut wanted = moments.iter().filter(|moment| moment.ends == ends);
        let inside =
            |found: &Found, range: &Range<usize>| range.start < found.at.end && found.at.start < range.end;
        if let Some(outside) = wanted.clone().find(|found| !self.why.iter().any(|why| inside(found, why))) {
            return Some(outside);
        }
        wanted.find(|found| {
            let ended = self.why.iter_mut().find(|range| found.plain && range.end == found.at.end);
            ended.map(|range| range.end = found.at.start.max(range.start)).is_some()
        })
    }

    fn slice(&self, range: &Range<usize>) -> &str {
        let start = self.token(range.start).map_or(0, |token| token.start);
        let end = range.end.checked_sub(1).and_then(|last| self.token(last)).map_or(start, |token| token.end);
        self.text.get(start..end).unwrap_or_default()
    }

    fn reason(&self) -> Option<String> {
        // Clauses that follow each other stay as they were typed.
        let mut runs: Vec<Range<usize>> = Vec::new();
        for range in self.why.iter().filter(|range| !range.is_empty()) {
            match runs.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                Some(_) | None => runs.push(range.clone()),
            }
        }
        let pieces = runs.iter().map(|range| {
            self.slice(range).trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '-'))
        });
        let pieces: Vec<&str> = pieces.filter(|piece| !piece.is_empty()).collect();
        Some(pieces.join(", ")).filter(|reason| !reason.is_empty())
    }
}
