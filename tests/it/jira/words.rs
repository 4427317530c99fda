//! What tickets say.

use jitney::jira::words;
use jitney::lifecycle::{Actor, Kind, What};

use super::samples::{at, entry, every_entry, request, submitted};

#[test]
fn every_entry_is_told_in_plain_sentences() {
    let mut text = String::new();
    for entry in every_entry() {
        text += &format!("{} {}\n", entry.id, words::entry_sentence(&entry));
        for line in words::entry_details(&entry) {
            text += &format!("    {line}\n");
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn every_kind_of_entry_has_a_sample() {
    let kinds: std::collections::BTreeSet<u32> = every_entry().iter().map(|e| kind(&e.what)).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), (0..KINDS).collect::<Vec<_>>());
}

#[test]
fn summaries_tell_the_kinds_apart_and_fit() {
    let mut glass = request(Kind::BreakGlass, "Down");
    let parent = jitney::ids::RequestId::from_number(1001);
    assert_eq!(words::summary(&request(Kind::New, "x")), "R1042 · Team wiki · Editor for Ann, 2 hours");
    assert_eq!(
        words::summary(&request(Kind::Extension { parent }, "x")),
        "R1042 · 2 hours more of R1001, Team wiki · Editor, for Ann"
    );
    assert_eq!(words::summary(&glass), "R1042 · Break-glass: Team wiki · Editor for Ann, 2 hours");
    glass.kind = Kind::Drill { began_at: None };
    assert_eq!(words::summary(&glass), "R1042 · DRILL of break-glass: Team wiki · Editor for Ann, 2 hours");
    glass.terms.app_name = "é\n".repeat(300);
    glass.requester.name = "n".repeat(300);
    let long = words::summary(&glass);
    assert_eq!((long.chars().count(), long.contains('\n')), (255, false));
}

#[test]
fn words_of_others_can_t_pose_as_ours() {
    let hostile = "ok”.\u{202e}\n\u{1b}[2JBob approved. “";
    let ann = Actor::Person { id: super::samples::person("ann"), name: "Ann\u{202e}\nroot".to_owned() };
    let sentence = words::entry_sentence(&entry(1, ann, submitted(hostile)));
    assert_eq!(
        sentence,
        "Ann root asked for Team wiki · Editor for 2 hours: “ok\". [2JBob approved. \"”. Risk: medium."
    );
    assert!(at(0).minute_utc().ends_with("UTC"));
}

const KINDS: u32 = 42;

/// Breaks when a kind is added: add a sample of it, and count on.
fn kind(what: &What) -> u32 {
    match what {
        What::Submitted { .. } => 0,
        What::ConfirmationWanted { .. } => 38,
        What::Confirmed => 39,
        What::AutoApproved { .. } => 1,
        What::ApprovalWanted { .. } => 2,
        What::Approved { .. } => 3,
        What::AskedAnew { .. } => 38,
        What::Questioned { .. } => 36,
        What::Answered { .. } => 37,
        What::VoteDropped { .. } => 4,
        What::Reminded { .. } => 5,
        What::Escalated { .. } => 6,
        What::Held { .. } => 7,
        What::Denied { .. } => 8,
        What::Withdrawn { .. } => 9,
        What::Lapsed => 10,
        What::Scheduled { .. } => 11,
        What::Provisioning { .. } => 12,
        What::FoundStanding { .. } => 13,
        What::FoundShared { .. } => 14,
        What::Granted { .. } => 15,
        What::CallFailed { .. } => 16,
        What::Activated { .. } => 17,
        What::Warned { .. } => 18,
        What::Extended { .. } => 19,
        What::Applied { .. } => 20,
        What::ExpiryMoved { .. } => 21,
        What::Ending { .. } => 22,
        What::Gone { .. } => 23,
        What::HandedOver { .. } => 24,
        What::Inherited { .. } => 25,
        What::Stuck { .. } => 26,
        What::LockdownLifted { .. } => 27,
        What::WaiverGiven { .. } => 35,
        What::Attested { .. } => 28,
        What::Revoked { .. } => 29,
        What::Closed { .. } => 30,
        What::Reappeared { .. } => 31,
        What::CredentialRevealed => 32,
        What::RevealRefused => 33,
        What::Reviewed { .. } => 34,
        What::ReviewOverdue { .. } => 40,
        What::Drilled { .. } => 41,
    }
}
