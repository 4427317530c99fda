//! Every sentence that answers somebody.

use jitney::engine::EngineError;
use jitney::ids::RequestId;
use jitney::lifecycle::{Answer, EndCause, Refusal, ReviewFinding, State, StateWord};
use jitney::policy::{Reason, ReasonCode};
use jitney::slack::command::{self, CommandError};
use jitney::slack::identity::Stranger;
use jitney::slack::words;

use jitney::time::Span;

use super::people::{Story, at, everybody, id, pending};

fn table<T: std::fmt::Debug>(rows: Vec<T>, say: impl Fn(&T) -> String) -> String {
    rows.iter().map(|row| format!("{row:?}\n    {}\n", say(row).replace('\n', "\n    "))).collect()
}

fn reason() -> Reason {
    Reason {
        code: ReasonCode::Never,
        rule: "never[0] of billing/read (policies/billing.toml:19:1)".to_owned(),
        saw: "employment is contractor".to_owned(),
        wants: "another employment".to_owned(),
    }
}

#[test]
fn every_answer_says_what_happened() {
    insta::assert_snapshot!(table(answers(), |answer| words::answer(&everybody(), answer)));
}

pub(super) fn answers() -> Vec<Answer> {
    let request = RequestId::from_number(1042);
    let parent = RequestId::from_number(1040);
    let targets = vec!["billing-pg".parse().unwrap(), "crm".parse().unwrap()];
    vec![
        Answer::Submitted { request, asked: vec![id("bob"), id("erin")] },
        Answer::Submitted { request, asked: vec![] },
        Answer::Granting { request, shortened: None },
        Answer::Scheduled { request, starts_at: at(600), shortened: None },
        Answer::Granting { request, shortened: Some(Span::mins(30)) },
        Answer::Scheduled { request, starts_at: at(600), shortened: Some(Span::mins(30)) },
        Answer::Counted { request, have: 1, need: 2 },
        Answer::ConfirmationWanted { request, from: id("bob") },
        Answer::Held { request, targets },
        Answer::Applied { request, parent, expires_at: at(190) },
        Answer::Redacted { request, number: 2 },
        Answer::Questioned { request },
        Answer::Replied { request, to: id("bob") },
        Answer::Denied { request },
        Answer::Withdrawn { request },
        Answer::Ending { request },
        Answer::Reveal { request },
        Answer::AlreadyRevealed { request, at: at(12) },
        Answer::Drilled { request, took: Some(Span::millis(41_200)) },
        Answer::Drilled { request, took: None },
        Answer::Reviewed { request, found: ReviewFinding::Justified },
        Answer::Reviewed { request, found: ReviewFinding::NotJustified },
        Answer::Noted,
    ]
}

#[test]
fn every_refusal_says_why_and_what_to_do() {
    insta::assert_snapshot!(table(refusals(), words::refused));
}

pub(super) fn refusals() -> Vec<Refusal> {
    let request = RequestId::from_number(1042);
    let mut refusals = vec![
        Refusal::Rules(vec![reason(), reason()]),
        Refusal::Unconfirmed { request },
        Refusal::NotYours { request },
        Refusal::MayNotRevoke { request },
        Refusal::NoSuchRequest { request },
        Refusal::NoOpenQuestion { request },
        Refusal::NoSuchRemark { request, number: 9 },
        Refusal::NoCredential { request },
        Refusal::NothingToAttest { request },
        Refusal::NoReviewOwed { request },
        Refusal::NoLockdown { request },
        Refusal::SecondOperatorNeeded { request },
        Refusal::UnknownPerson { account: "U0<EVE>".to_owned() },
        Refusal::NotAnOperator { login: "eve".to_owned() },
        Refusal::NotInFlight,
    ];
    for state in StateWord::ALL {
        refusals.push(Refusal::Settled { request, state, by: Some("Bob".to_owned()), at: Some(at(7)) });
    }
    refusals.push(Refusal::Settled { request, state: StateWord::Lapsed, by: None, at: Some(at(480)) });
    refusals.push(Refusal::Settled { request, state: StateWord::Active, by: None, at: None });
    refusals
}

#[test]
fn a_long_refusal_is_counted_not_cut_in_the_middle() {
    let said = words::refused(&Refusal::Rules(vec![reason(); 30]));
    assert!(said.ends_with("\n• … and 20 more"));
}

#[test]
fn a_form_shows_sentences_without_markup() {
    let request = RequestId::from_number(1042);
    let state = StateWord::Denied;
    let refusal = Refusal::Settled { request, state, by: Some("B & <b>".to_owned()), at: Some(at(7)) };
    assert_eq!(
        words::unmarked(&words::refused(&refusal)),
        "That is not possible now: R1042 is denied by B & <b> 2026-11-22 10:07 UTC."
    );
}

#[test]
fn whoever_is_not_heard_is_told_why() {
    let mut out = table(strangers(), words::stranger);
    out += &table(engine_errors(), words::engine_failed);
    out.extend(troubles().iter().map(|sentence| format!("{sentence}\n\n")));
    insta::assert_snapshot!(out);
}

pub(super) fn strangers() -> Vec<Stranger> {
    vec![
        Stranger::OtherTeam,
        Stranger::Bot,
        Stranger::Unknown { account: "U0EVE".to_owned() },
        Stranger::Leaver,
        Stranger::NoTeam,
        Stranger::Guest { account: "U0EVE".to_owned() },
        Stranger::Deactivated,
        Stranger::Unconfirmed { account: "U0EVE".to_owned() },
        Stranger::NoAddress { account: "U0EVE".to_owned() },
        Stranger::UnknownAddress { account: "U0EVE".to_owned() },
        Stranger::Pinned { account: "U0EVE".to_owned() },
        Stranger::Taken { account: "U0EVE".to_owned() },
        Stranger::Later,
    ]
}

pub(super) fn engine_errors() -> Vec<EngineError> {
    vec![EngineError::Stopped, EngineError::Store("disk I/O error".to_owned())]
}

/// What is said when something did not work, and when there is nothing to show.
pub(super) fn troubles() -> Vec<String> {
    let request = RequestId::from_number(1042);
    vec![
        words::reveal_unknown(request),
        words::reveal_refused(request),
        words::reveal_unreadable(request),
        words::unknown_button(),
        words::unreadable(),
        words::form_failed(),
        words::list_empty("/jit"),
        words::list_more(7),
        words::nothing_open("/jit"),
        words::nothing_active(),
        words::nothing_to_take(),
        words::which_one(3),
        words::help("/jit"),
    ]
}

#[test]
fn what_is_not_understood_gets_the_nearest_and_an_example() {
    let mut out = String::new();
    for typed in MISUNDERSTOOD {
        let error = command::parse(typed).unwrap_err();
        out += &format!("/jit {typed}\n    {}\n", words::not_understood("/jit", &error));
    }
    for sentence in unknown_roles() {
        out += &format!("{sentence}\n");
    }
    insta::assert_snapshot!(out);
}

const MISUNDERSTOOD: [&str; 8] = [
    "reqest x",
    "frobnicate `now`",
    "release &lt;all&gt;",
    "status quo",
    "extend everything",
    "revoke @ann wiki/read",
    "revoke <@U0ANN|ann>",
    "agian",
];

pub(super) fn misunderstandings() -> Vec<CommandError> {
    let too_long = "x".repeat(5000);
    MISUNDERSTOOD.into_iter().chain([too_long.as_str()]).map(|t| command::parse(t).unwrap_err()).collect()
}

pub(super) fn unknown_roles() -> [String; 2] {
    let near = vec!["billing/read".parse().unwrap(), "billing/write".parse().unwrap()];
    [words::no_such_role("/jit", "billing red", &near), words::no_such_role("/jit", "<x>", &[])]
}

#[test]
fn the_list_says_where_each_request_stands() {
    let ended = State::Revoked { cause: EndCause::Released, recheck_at: Some(at(200)) };
    let lines: Vec<String> = [
        Story::new(pending(0)),
        Story::new(State::Active { warned: true }).granted(),
        Story::new(ended).ended(),
    ]
    .iter()
    .map(|story| words::list_line(&story.dossier.request))
    .collect();
    insta::assert_snapshot!(lines.join("\n"));
}
