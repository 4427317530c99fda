//! The sentences of the verdicts.

use jitney::ids::PersonId;
use jitney::policy::{
    Ask, AskMode, Ballot, Employment, People, StandingAccess, Verdict, may_approve, may_ask, may_end,
    standing_conflicts,
};
use jitney::time::{Span, Timestamp};

use super::fixture::{ask, asked, extension, ids, role, set, tier};
use super::{NOW, codes, directory, everybody, id, odd_people, person, told};

/// Every sentence that a verdict can say, once, for reading.
#[test]
fn reasons_in_words() {
    let stale = directory(everybody()).reread_at(NOW - Span::hours(3));
    let mut bad = ask("billing/write");
    bad.justification = "because".to_owned();
    bad.duration = Span::hours(3);
    bad.ticket = None;
    bad.starts_at = Some(Timestamp::from_millis(0));
    bad.fields.insert("schema".to_owned(), "private".to_owned());
    bad.fields.insert("query".to_owned(), "x".repeat(300));
    bad.fields.insert("colour".to_owned(), "red".to_owned());
    let mut gone = person("gone", Employment::Employee, "Finance", None);
    gone.active = false;
    let people = directory([everybody(), vec![gone]].concat());
    let policies = set();
    let leaver = may_ask(&policies, &people, &id("gone"), &ask("billing/read"), AskMode::New, &[], NOW);
    let short = Ask { duration: Span::secs(5), ticket: ask("billing/write").ticket, ..ask("billing/read") };
    let late = Ask { starts_at: Some(NOW + Span::days(120)), ..ask("billing/write") };
    let two = tier(&policies, "two");
    let owners = ids(&["bob", "dana"]);
    let requester = id("ann");
    let vote = |stage, escalated, voted: &[(PersonId, u32)], who: &str, people: &People| {
        let ballot = Ballot { tier: &two, owners: &owners, requester: &requester, stage, escalated, voted };
        may_approve(&ballot, &id(who), people, NOW)
    };
    let dana_voted = [(id("dana"), 0)];
    let verdicts: Vec<Verdict> = vec![
        leaver,
        asked("zoe", &ask("billing/reed"), AskMode::New, &[]),
        asked("carol", &bad, AskMode::New, &["payments/approve"]),
        asked("carol", &short, AskMode::New, &[]),
        asked("ann", &ask("billing/closed"), AskMode::New, &[]),
        asked("ann", &late, AskMode::New, &[]),
        asked("ann", &Ask { duration: Span::hours(8), ..ask("billing/read") }, extension(600), &[]),
        asked("ann", &bad, AskMode::BreakGlass, &[]),
        asked("ann", &late, AskMode::BreakGlass, &[]),
        asked("ann", &ask("billing/read"), AskMode::BreakGlass, &[]),
        asked("ann", &ask("ghosts/approve"), AskMode::New, &[]),
        asked("ann", &ask("pair/approve"), AskMode::New, &[]),
        asked("ann", &ask("same/approve"), AskMode::New, &[]),
        asked("ann", &ask("ledger/office"), AskMode::New, &[]),
        asked("ann", &ask("ledger/freeze"), AskMode::New, &[]),
        may_ask(&policies, &odd_people(), &id("ines"), &ask("ledger/books"), AskMode::New, &[], NOW),
        Verdict::Granted(Vec::new()).unless(standing_conflicts(
            &policies,
            &role("ledger/books"),
            &[StandingAccess { role: role("ledger/keys"), seen_by: "R1042".parse().unwrap(), seen_at: NOW }],
        )),
        asked("ann", &ask("ledger/freeze"), extension(30), &[]),
        asked(
            "ann",
            &Ask { ticket: ask("billing/write").ticket, ..ask("ledger/audit") },
            AskMode::BreakGlass,
            &[],
        ),
        asked(
            "ann",
            &Ask { starts_at: Some(NOW + Span::hours(2)), ..ask("ledger/second") },
            AskMode::New,
            &["ledger/audit"],
        ),
        vote(0, false, &[], "ann", &people),
        vote(0, false, &[], "frank", &people),
        vote(0, false, &[], "dana", &stale),
        vote(0, false, &dana_voted, "dana", &people),
        vote(1, false, &dana_voted, "dana", &people),
        vote(1, true, &dana_voted, "erin", &people),
        may_end(&two, &owners, &requester, &id("frank"), &people, NOW),
        may_end(&two, &owners, &requester, &id("bob"), &people, NOW),
        may_end(&two, &owners, &requester, &id("ann"), &people, NOW),
    ];
    for verdict in &verdicts {
        codes(verdict);
    }
    insta::assert_snapshot!(verdicts.iter().map(told).collect::<Vec<_>>().join("\n"));
}
