//! Decisions as data: who, which role, in which situation, the verdict, and the rule that gave it.

use std::collections::BTreeMap;

use jitney::ids::RoleRef;
use jitney::policy::{
    Ask, AskMode, Fact, LookFinding, Origin, People, PolicySet, Question, Reason, ReasonCode, Verdict,
    explain, may_ask,
};
use jitney::time::Span;

use super::fixture::{ask, extension, role, set};
use super::{NOW, id, odd_people};

const TABLE: &str = include_str!("decisions.txt");

/// One row.
struct Row<'t> {
    line: usize,
    who: &'t str,
    role: RoleRef,
    situation: &'t str,
    granted: bool,
    /// Names of rules without their places.
    rules: Vec<&'t str>,
}

fn rows() -> Vec<Row<'static>> {
    let lines = TABLE.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(number, line)| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [who, at, situation, verdict, rules] = cells[..] else {
                panic!("line {}: {line}", number + 1)
            };
            let granted = match verdict {
                "granted" => true,
                "refused" => false,
                other => panic!("line {}: `{other}`", number + 1),
            };
            let rules = rules.split(", ").collect();
            Row { line: number + 1, who, role: role(at), situation, granted, rules }
        })
        .collect()
}

/// `for 2h, holds payments/approve, no ticket`.
fn situation(row: &Row<'_>) -> (Ask, AskMode, Vec<RoleRef>) {
    let mut ask = ask(&row.role.to_string());
    let (mut mode, mut holds) = (AskMode::New, Vec::new());
    for part in row.situation.split(", ").filter(|part| *part != "-") {
        match part.split_once(' ').unwrap_or((part, "")) {
            ("for", span) => ask.duration = span.parse().unwrap(),
            ("holds", at) => holds.push(role(at)),
            ("no", "ticket") => ask.ticket = None,
            ("ticket", key) => ask.ticket = Some(key.parse().unwrap()),
            ("break-glass", "") => mode = AskMode::BreakGlass,
            ("starts", "later") => ask.starts_at = Some(NOW + Span::hours(1)),
            ("starts", span) => ask.starts_at = Some(NOW + span.parse::<Span>().unwrap()),
            ("active", span) => {
                let span: Span = span.parse().unwrap();
                mode = extension(span.as_secs() / 60);
            }
            // Of the people, below.
            ("titles", "old" | "untold") => {}
            _ => panic!("line {}: `{part}`", row.line),
        }
    }
    (ask, mode, holds)
}

/// The odd people; their titles from a source where the situation says something of it.
fn people(row: &Row<'_>) -> People {
    let source = |as_of, untold: &[&str]| {
        let origin = Origin {
            source: "hr".to_owned(),
            gives: [Fact::Title].into(),
            as_of: Some(as_of),
            max_age: Span::hours(1),
        };
        let untold = untold.iter().map(|who| (id(who), 1)).collect();
        odd_people().with_origins(vec![origin], untold, NOW)
    };
    let mut parts = row.situation.split(", ");
    match parts.find_map(|part| part.strip_prefix("titles ")) {
        None => odd_people(),
        Some("old") => source(NOW - Span::mins(61), &[]),
        Some("untold") => source(NOW, &[row.who]),
        Some(other) => panic!("line {}: titles {other}", row.line),
    }
}

fn reasons(verdict: &Verdict) -> Vec<&Reason> {
    match verdict {
        Verdict::Granted(because) => because.iter().collect(),
        Verdict::Refused(..) => verdict.refusals().collect(),
    }
}

/// Without the place: `never[0] of billing/read`.
fn bare(rule: &str) -> &str {
    rule.split(" (").next().unwrap()
}

#[test]
fn every_decision_is_as_written_and_by_the_rule_that_is_written() {
    let (policies, rows) = (set(), rows());
    assert!(rows.len() >= 120, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for row in &rows {
        let people = people(row);
        let (ask, mode, holds) = situation(row);
        let verdict = may_ask(&policies, &people, &id(row.who), &ask, mode, &holds, NOW);
        let rules: Vec<&str> = reasons(&verdict).into_iter().map(|reason| bare(&reason.rule)).collect();
        if verdict.is_granted() != row.granted || rules != row.rules {
            let said = if verdict.is_granted() { "granted" } else { "refused" };
            wrong.push(format!("line {}: is {said} by {}", row.line, rules.join(", ")));
        }
        assert_explained(&policies, &people, row, &ask, mode, &holds);
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The explanation comes to the same verdict, and has a look for each reason of it.
fn assert_explained(
    policies: &PolicySet,
    people: &People,
    row: &Row<'_>,
    ask: &Ask,
    mode: AskMode,
    holds: &[RoleRef],
) {
    let break_glass = match mode {
        AskMode::New => false,
        AskMode::BreakGlass => true,
        AskMode::Extension { .. } => return,
    };
    let question = Question {
        person: &id(row.who),
        role: &row.role,
        duration: Some(ask.duration),
        break_glass,
        starts_at: ask.starts_at,
        holds,
    };
    let trace = explain(policies, people, &question, NOW);
    let refusing = trace.looks.iter().filter(|look| look.finding == LookFinding::Refuses);
    let looks: BTreeMap<&str, &str> = refusing.map(|look| (look.rule.as_str(), look.saw.as_str())).collect();
    let reasons: BTreeMap<&str, &str> =
        trace.verdict.refusals().map(|reason| (reason.rule.as_str(), reason.saw.as_str())).collect();
    assert_eq!(looks, reasons, "line {}", row.line);
    assert_eq!(trace.then.is_some(), trace.verdict.is_granted(), "line {}", row.line);
    // The form is filled in well, and starts at once: apart from that, it is the same decision.
    let of_form = |reason: &&Reason| reason.code.is_of_form() || reason.code == ReasonCode::BadStart;
    let verdict = may_ask(policies, people, &id(row.who), ask, mode, holds, NOW);
    let codes = |verdict: &Verdict| -> Vec<ReasonCode> {
        verdict.refusals().filter(|reason| !of_form(reason)).map(|reason| reason.code).collect()
    };
    assert_eq!(codes(&trace.verdict), codes(&verdict), "line {}", row.line);
}

/// The table has every reason that the rules on a person and a role can give.
#[test]
fn the_table_has_every_kind_of_reason() {
    let policies = set();
    let mut seen = std::collections::BTreeSet::new();
    for row in rows() {
        let (ask, mode, holds) = situation(&row);
        let verdict = may_ask(&policies, &people(&row), &id(row.who), &ask, mode, &holds, NOW);
        seen.extend(reasons(&verdict).into_iter().map(|reason| reason.code));
    }
    for code in [
        ReasonCode::Eligible,
        ReasonCode::UnknownPerson,
        ReasonCode::Leaver,
        ReasonCode::UnknownRole,
        ReasonCode::Never,
        ReasonCode::NotEligible,
        ReasonCode::Conflict,
        ReasonCode::OverMaximum,
        ReasonCode::OverTotal,
        ReasonCode::TooShort,
        ReasonCode::Ticket,
        ReasonCode::NoBreakGlass,
        ReasonCode::NoApprovers,
        ReasonCode::BadStart,
        ReasonCode::OutsideHours,
        ReasonCode::Blackout,
        ReasonCode::TooManyOfRisk,
    ] {
        assert!(seen.contains(&code), "{code:?}");
    }
}
