//! Writes beside each line of a script what came of it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jitney::ids::RequestId;
use jitney::lifecycle::{
    Actor, Answer, Change, Due, Effect, Event, LockdownChange, Op, Refusal, Request, State, View, next_due,
};
use jitney::time::Timestamp;
use serde_json::Value;

use super::world::name;

const INDENT: &str = "            ";

pub(crate) struct Ledger {
    start: Timestamp,
    text: String,
    sum: Option<BTreeMap<RequestId, Told>>,
}

/// What changed of one request, in words where it is no part of it.
struct Told {
    before: Option<Request>,
    after: Request,
    rows: BTreeSet<u8>,
    entries: Vec<String>,
    calls: Vec<String>,
    lockdowns: Vec<String>,
    erased: bool,
}

impl Told {
    /// A later change of the same request; the calls in between were answered.
    fn add(&mut self, later: Self) {
        self.after = later.after;
        self.rows.extend(later.rows);
        self.entries.extend(later.entries);
        self.lockdowns.extend(later.lockdowns);
        self.erased |= later.erased;
    }
}

impl Ledger {
    pub(crate) fn new(start: Timestamp) -> Self {
        Self { start, text: String::new(), sum: None }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }

    pub(crate) fn remark(&mut self, text: &str) {
        let _ = writeln!(self.text, "{text}");
    }

    pub(crate) fn wait(&mut self, text: &str) {
        let _ = writeln!(self.text, "{:>9} > {text}", "");
    }

    pub(crate) fn line(&mut self, now: Timestamp, text: &str) {
        let now = self.clock(now);
        let _ = writeln!(self.text, "{now:>9} > {text}");
    }

    pub(crate) fn tick(&mut self, now: Timestamp, id: RequestId, due: Due) {
        let now = self.clock(now);
        let _ = writeln!(self.text, "{now:>9} . {id} {}", due_words(due));
    }

    pub(crate) fn answer(&mut self, answer: &Answer) {
        if *answer != Answer::Noted && self.sum.is_none() {
            let words = match answer {
                Answer::Refused(refusal) => refusal_words(refusal),
                other => self.tagged(&serde_json::to_value(other).unwrap()),
            };
            let _ = writeln!(self.text, "{INDENT}hears: {words}");
        }
    }

    pub(crate) fn refusal(&mut self, refusal: &Refusal) {
        let _ = writeln!(self.text, "{INDENT}hears: {}", refusal_words(refusal));
    }

    pub(crate) fn dropped(&mut self, id: RequestId, event: &Event) {
        let words = self.tagged(&serde_json::to_value(event).unwrap());
        let _ = writeln!(self.text, "{INDENT}{id} does not hear: {words}");
    }

    /// From here on, what changes is told in sum.
    pub(crate) fn begin_sum(&mut self) {
        self.sum = Some(BTreeMap::new());
    }

    /// Tells what changed since.
    pub(crate) fn end_sum(&mut self, answered: &[String]) {
        let _ = writeln!(self.text, "{INDENT}answered: {}", answered.join(", "));
        for told in self.sum.take().unwrap_or_default().into_values() {
            self.print(&told);
        }
    }

    /// Tells where it stands now.
    pub(crate) fn end_brief_sum(&mut self) {
        for mut told in self.sum.take().unwrap_or_default().into_values() {
            told.entries.clear();
            told.rows.clear();
            told.before = Some(told.after.clone());
            self.print(&told);
        }
    }

    /// What one decision changed.
    pub(crate) fn change(&mut self, before: Option<&Request>, change: &Change) {
        let clock = Clock(self.start);
        let told = Told {
            before: before.cloned(),
            after: change.request.clone(),
            rows: change.rows.iter().copied().collect(),
            entries: change.entries.iter().map(|e| clock.entry(e)).collect(),
            calls: change.effects.iter().filter_map(|e| clock.call(e)).collect(),
            lockdowns: change.lockdowns.iter().map(lockdown_words).collect(),
            erased: change.erase_credential,
        };
        match &mut self.sum {
            None => self.print(&told),
            Some(sum) => match sum.entry(told.after.id) {
                Entry::Vacant(first) => drop(first.insert(Told { calls: Vec::new(), ..told })),
                Entry::Occupied(mut earlier) => earlier.get_mut().add(told),
            },
        }
    }

    /// The state, what was told, what is owed, the steps, and the next moment.
    fn print(&mut self, told: &Told) {
        let (before, request) = (told.before.as_ref(), &told.after);
        let rows: Vec<String> = told.rows.iter().map(u8::to_string).collect();
        let mut head = format!("{INDENT}{} {}", request.id, self.state(request));
        if !rows.is_empty() {
            let _ = write!(head, "  [row {}]", rows.join(", "));
        }
        let _ = writeln!(self.text, "{head}");
        let mut say = |label: &str, words: &[String]| {
            if !words.is_empty() {
                let _ = writeln!(self.text, "{INDENT}   {label:<6} {}", words.join(", "));
            }
        };
        let clock = Clock(self.start);
        say("tells", &told.entries);
        let new_views = request.views.iter().filter(|v| before.is_none_or(|b| !b.views.contains(v)));
        say("shows", &new_views.map(view_words).collect::<Vec<_>>());
        say("asks", &told.calls);
        say("locks", &told.lockdowns);
        if told.erased {
            say("erases", &["the credential".to_owned()]);
        }
        if before.is_none_or(|b| b.steps != request.steps) {
            say("steps", &(0..request.steps.len()).map(|i| clock.step(request, i)).collect::<Vec<_>>());
        }
        if before.is_none_or(|b| next_due(b) != next_due(request)) {
            let next = next_due(request).map(|(at, due)| format!("{} {}", clock.at(at), due_words(due)));
            say("next", &[next.unwrap_or_else(|| "never".to_owned())]);
        }
    }

    fn state(&self, request: &Request) -> String {
        let word = request.state.word().as_str();
        match &request.state {
            State::Pending(p) if p.held => format!("{word}, held"),
            State::Pending(p) => format!("{word}, stage {}", p.stage),
            State::Active { .. } => match request.times {
                Some(times) => format!("{word} until {}", self.clock(times.expires_at)),
                None => word.to_owned(),
            },
            State::Revoking { stuck_since: Some(since), locked, .. } => {
                let locked = if *locked { ", locked" } else { "" };
                format!("{word}, stuck since {}{locked}", self.clock(*since))
            }
            State::Revoked { recheck_at, .. } => match recheck_at {
                Some(at) => format!("{word}, looked at again {}", self.clock(*at)),
                None => format!("{word}, closed"),
            },
            State::Scheduled { starts_at } => format!("{word} for {}", self.clock(*starts_at)),
            State::Revoking { .. }
            | State::Granting
            | State::Applied { .. }
            | State::Denied { .. }
            | State::Withdrawn { .. }
            | State::Lapsed { .. } => word.to_owned(),
        }
    }

    fn clock(&self, at: Timestamp) -> String {
        Clock(self.start).at(at)
    }

    fn tagged(&self, value: &Value) -> String {
        Clock(self.start).tagged(value)
    }
}

/// Writes moments as time since the start: `1:05:00`.
#[derive(Clone, Copy)]
struct Clock(Timestamp);

impl Clock {
    fn at(self, at: Timestamp) -> String {
        let span = at.since(self.0);
        let (secs, millis) = (span.as_secs(), span.as_millis() % 1000);
        let plain = format!("{}:{:02}:{:02}", secs / 3600, secs / 60 % 60, secs % 60);
        if millis == 0 { plain } else { format!("{plain}.{millis:03}") }
    }

    fn entry(self, entry: &jitney::lifecycle::Entry) -> String {
        let by = match &entry.by {
            Actor::Jitney => String::new(),
            Actor::Person { id, .. } => format!(" by {}", name(id)),
            Actor::Operator { id, .. } => format!(" by op {}", name(id)),
        };
        let mut value = serde_json::to_value(&entry.what).unwrap();
        let kind = value["kind"].as_str().unwrap().to_owned();
        let fields = value.as_object_mut().unwrap();
        for said in [
            "kind",
            "label",
            "title",
            "justification",
            "risk",
            "allowed_by",
            "evidence",
            "deed",
            "with_sessions",
            "remains",
        ] {
            fields.remove(said);
        }
        let step = fields.remove("step").map(|s| format!(" {s}")).unwrap_or_default();
        format!("{} {kind}{step}{}{by}", entry.id.number(), self.fields(&value))
    }

    fn call(self, effect: &Effect) -> Option<String> {
        match effect {
            Effect::Target { step, op, native_expiry, .. } => {
                let until = match op {
                    Op::Grant | Op::Extend => format!(" until {}", self.at(*native_expiry)),
                    Op::Snapshot | Op::Verify | Op::Revoke | Op::VerifyGone | Op::Recheck => String::new(),
                };
                Some(format!("{step} {}{until}", call_word(*op)))
            }
            Effect::Ticket | Effect::Show(_) => None,
        }
    }

    fn step(self, request: &Request, index: usize) -> String {
        let step = &request.steps[index];
        let presence = serde_json::to_value(step.presence).unwrap();
        let mut words = format!("{index} {}", presence.as_str().unwrap());
        if let Some(out) = step.in_flight {
            let _ = write!(words, "/{} out", call_word(out.op));
        }
        if let Some(op) = step.next_op {
            let _ = write!(words, "/{} next", call_word(op));
        }
        if let Some(at) = step.retry_at {
            let _ = write!(words, " at {}", self.at(at));
        }
        if step.failures > 0 {
            let _ = write!(words, " after {} failed", step.failures);
        }
        if let Some(until) = step.quiet_until {
            let _ = write!(words, " (quiet until {})", self.at(until));
        }
        words
    }

    /// `{"granting": {"request": "R1"}}` as `granting R1`.
    fn tagged(self, value: &Value) -> String {
        match value {
            Value::String(word) => word.clone(),
            Value::Object(object) => {
                let (kind, inner) = object.iter().next().unwrap();
                format!("{kind}{}", self.fields(inner))
            }
            other => other.to_string(),
        }
    }

    fn fields(self, value: &Value) -> String {
        let Value::Object(fields) = value else { return String::new() };
        let words: Vec<String> = fields
            .iter()
            .filter(|(key, _)| key.as_str() != "request")
            .filter_map(|(key, value)| self.field(key, value).map(|v| format!("{key} {v}")))
            .collect();
        if words.is_empty() { String::new() } else { format!("({})", words.join(", ")) }
    }

    fn field(self, key: &str, value: &Value) -> Option<String> {
        Some(match value {
            Value::Null | Value::Bool(false) => return None,
            Value::Array(items) if items.is_empty() => return None,
            Value::Array(items) => {
                items.iter().filter_map(|item| self.field(key, item)).collect::<Vec<_>>().join("+")
            }
            Value::Number(n) if is_moment(key) => self.at(Timestamp::from_millis(n.as_i64()?)),
            Value::Number(n) if ["took", "late", "under", "duration", "by"].contains(&key) => {
                jitney::time::Span::millis(n.as_u64()?).to_string()
            }
            Value::String(text) => text.trim_end_matches("@example.com").to_owned(),
            Value::Object(object) if object.contains_key("code") => object["code"].as_str()?.to_owned(),
            Value::Object(object) if object.len() == 1 => {
                let (kind, inner) = object.iter().next()?;
                let inner = match inner {
                    Value::Object(_) => self.fields(inner),
                    plain => self.field(kind, plain).map(|p| format!(" {p}")).unwrap_or_default(),
                };
                format!("{kind}{inner}")
            }
            Value::Object(_) => self.fields(value),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
        })
    }
}

fn is_moment(key: &str) -> bool {
    key.ends_with("_at") || ["at", "not_after", "from", "to"].contains(&key)
}

fn refusal_words(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Rules(reasons) => {
            let codes: Vec<String> = reasons.iter().map(|r| format!("{:?}", r.code)).collect();
            format!("no: {}", codes.join(", "))
        }
        Refusal::Settled { state, by, .. } => {
            let by = by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
            format!("no: it is {}{by}", state.as_str())
        }
        other => {
            let value = serde_json::to_value(other).unwrap();
            let word = match &value {
                Value::Object(object) => object.keys().next().cloned().unwrap_or_default(),
                plain => plain.as_str().unwrap_or_default().to_owned(),
            };
            format!("no: {word}")
        }
    }
}

fn view_words(view: &View) -> String {
    match view {
        View::Card => "card".to_owned(),
        View::Approval { stage } => format!("approval {stage}"),
        View::Log => "log".to_owned(),
        View::Nudge { kind, number } => format!("{kind:?} {number}").to_lowercase(),
        View::Dm { kind, number } => format!("dm {kind:?} {number}").to_lowercase(),
        View::Copy { number } => format!("copy {number}"),
        View::Question { number } => format!("question {number}"),
        View::Answer { number } => format!("answer {number}"),
        View::Security => "security".to_owned(),
        View::Review { number } => format!("review {number}"),
        View::ReviewCopy { number, owner } => format!("review {number} to owner {owner}"),
        View::Finding => "finding".to_owned(),
    }
}

fn lockdown_words(change: &LockdownChange) -> String {
    match change {
        LockdownChange::Place(target) => format!("{target}"),
        LockdownChange::LiftAll => "nothing any more".to_owned(),
    }
}

fn due_words(due: Due) -> &'static str {
    match due {
        Due::Expire => "expires",
        Due::CallAgain => "calls again",
        Due::Stuck => "is stuck",
        Due::Start => "starts",
        Due::GiveUp => "gives up",
        Due::Warn => "warns",
        Due::Escalate => "escalates",
        Due::Remind => "reminds",
        Due::Lapse => "lapses",
        Due::Review => "asks for its review",
    }
}

pub(crate) fn call_word(op: Op) -> &'static str {
    match op {
        Op::VerifyGone => "look",
        Op::Snapshot | Op::Grant | Op::Verify | Op::Extend | Op::Revoke | Op::Recheck => op.as_str(),
    }
}
