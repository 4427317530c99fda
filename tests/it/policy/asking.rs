//! Who may ask for what.

use jitney::policy::ReasonCode::{
    self, BadStart, Conflict, Field, Justification, Leaver, Never, NoApprovers, NoBreakGlass, NotEligible,
    OverMaximum, OverTotal, ParentEnded, StaleDirectory, Ticket, TooShort, UnknownPerson, UnknownRole,
};
use jitney::policy::{
    Ask, AskMode, Begin, Employment, People, Visibility, auto_approves, may_ask, still_eligible,
};
use jitney::time::Span;

use super::fixture::{ask, asked, extension, role, set};
use super::{NOW, codes, directory, everybody, id, odd_people, person, told};

#[test]
fn the_rule_that_allows_is_named() {
    insta::assert_snapshot!(told(&asked("ann", &ask("billing/read"), AskMode::New, &[])));
}

/// Who may have what, by the rules on people; the same answer at submission and at every later look.
#[test]
fn eligibility_table() {
    // Somebody can approve for kim here: the rules on people are what is asked.
    let odd = odd_people();
    let kim = person("kim", Employment::Employee, "", Some("dana"));
    let others = odd.iter().filter(|person| person.id != kim.id).cloned();
    let people = People::new(others.chain([kim.clone()]), odd.as_of(), odd.max_age());
    let rows: [(&str, &str, &str, u64, &[ReasonCode]); 18] = [
        ("an employee of a department", "ann", "billing/read", 60, &[]),
        ("another department of the rule", "frank", "billing/read", 60, &[]),
        ("a member of a group", "gina", "billing/read", 60, &[]),
        ("a contractor: deny wins, though a rule names her", "carol", "billing/read", 60, &[Never]),
        ("a diver of unknown location: unknown counts as denied", "hugo", "billing/read", 60, &[Never]),
        ("a diver elsewhere", "ines", "billing/read", 60, &[]),
        ("of unknown department: unknown is not allowed", "kim", "billing/read", 60, &[NotEligible]),
        ("a leaver", "jack", "billing/read", 60, &[Leaver]),
        ("nobody we know", "zoe", "billing/read", 60, &[UnknownPerson]),
        ("spelled with capitals", "ANN@Example.COM", "billing/read", 60, &[]),
        ("another employment", "gina", "billing/write", 60, &[NotEligible]),
        ("an empty list lets in nobody", "ann", "billing/closed", 60, &[NotEligible]),
        ("no such role", "ann", "billing/reed", 60, &[UnknownRole]),
        ("no such app", "ann", "invoices/read", 60, &[UnknownRole]),
        ("the maximum itself", "ann", "billing/read", 480, &[]),
        ("over the maximum", "ann", "billing/read", 481, &[OverMaximum]),
        ("no time at all", "ann", "billing/read", 0, &[TooShort]),
        ("both wrong", "gina", "billing/write", 121, &[NotEligible, OverMaximum]),
    ];
    for (what, who, of, mins, expected) in rows {
        let span = Span::mins(mins);
        let later = still_eligible(&set(), &people, &id(who), &role(of), span, Begin::Access(NOW), &[], NOW);
        assert_eq!(codes(&later), expected, "{what}");
        let first = Ask { duration: span, ..ask(of) };
        let first = may_ask(&set(), &people, &id(who), &first, AskMode::New, &[], NOW);
        assert_eq!(codes(&first), expected, "{what}, at submission");
    }
}

#[test]
fn old_facts_decide_nothing() {
    let people = directory(everybody()).reread_at(NOW - Span::hours(1));
    let (policies, ann, later) = (set(), id("ann"), NOW + Span::millis(1));
    let read = role("billing/read");
    let look =
        |now| still_eligible(&policies, &people, &ann, &read, Span::hours(1), Begin::Access(now), &[], now);
    assert_eq!(codes(&look(NOW)), []);
    assert_eq!(codes(&look(later)), [StaleDirectory]);
    let first = may_ask(&policies, &people, &ann, &ask("billing/read"), AskMode::New, &[], later);
    assert_eq!(codes(&first), [StaleDirectory]);
}

#[test]
fn conflicts_work_both_ways() {
    for (of, holds, expected) in [
        ("billing/write", &["payments/approve"][..], &[Conflict][..]),
        ("payments/approve", &["billing/write"], &[Conflict]),
        ("payments/approve", &["billing/read"], &[]),
        ("billing/write", &["billing/write"], &[]),
        ("billing/write", &["gone/role"], &[]),
        ("billing/write", &["payments/approve", "payments/approve"], &[Conflict]),
    ] {
        assert_eq!(codes(&asked("ann", &ask(of), AskMode::New, holds)), expected, "{of} {holds:?}");
        let held: Vec<_> = holds.iter().map(|held| role(held)).collect();
        let people = directory(everybody());
        let later = still_eligible(
            &set(),
            &people,
            &id("ann"),
            &role(of),
            Span::hours(1),
            Begin::Access(NOW),
            &held,
            NOW,
        );
        assert_eq!(codes(&later), expected, "{of} {holds:?}, later");
    }
}

#[test]
fn form_table() {
    let write = || ask("billing/write");
    let field = |id: &str, value: &str| {
        let mut ask = write();
        ask.fields.insert(id.to_owned(), value.to_owned());
        ask
    };
    let justified = |text: &str| Ask { justification: text.to_owned(), ..write() };
    let starts = |at| Ask { starts_at: Some(at), ..write() };
    let minute = Span::mins(1);
    let rows: Vec<(&str, Ask, &[ReasonCode])> = vec![
        ("all is well", write(), &[]),
        ("nine letters", justified("123456789"), &[Justification]),
        ("ten letters", justified("éééééééééé"), &[]),
        ("blanks don't count", justified("   1234567    "), &[Justification]),
        ("1000 letters", justified(&"é".repeat(1000)), &[]),
        ("1001 letters", justified(&"é".repeat(1001)), &[Justification]),
        ("no ticket", Ask { ticket: None, ..write() }, &[Ticket]),
        ("a ticket too many", Ask { ticket: write().ticket, ..ask("billing/read") }, &[Ticket]),
        ("no fields", Ask { fields: Default::default(), ..write() }, &[Field, Field]),
        ("not a choice", field("schema", "private"), &[Field]),
        ("not quite a choice", field("schema", " ledger "), &[Field]),
        ("blank", field("query", "  "), &[Field]),
        ("200 letters", field("query", &"é".repeat(200)), &[]),
        ("201 letters", field("query", &"é".repeat(201)), &[Field]),
        ("two lines", field("query", "a\nb"), &[Field]),
        ("an unknown field", field("colour", "red"), &[Field]),
        ("a start now", starts(NOW), &[]),
        ("a start while the form was open", starts(NOW - minute.times(5)), &[]),
        ("a start in the past", starts(NOW - minute.times(6)), &[BadStart]),
        ("a start in 90 days", starts(NOW + Span::days(90)), &[]),
        ("a start later", starts(NOW + Span::days(90) + minute), &[BadStart]),
    ];
    for (what, ask, expected) in rows {
        assert_eq!(codes(&asked("ann", &ask, AskMode::New, &[])), expected, "{what}");
    }
}

#[test]
fn extension_table() {
    let read = |mins| Ask { duration: Span::mins(mins), ..ask("billing/read") };
    let bare = Ask { ticket: None, fields: Default::default(), ..ask("billing/write") };
    let mut wrong = bare.clone();
    wrong.fields.insert("schema".to_owned(), "private".to_owned());
    for (what, who, ask, mode, expected) in [
        ("12 hours in all", "ann", read(60), extension(600), &[][..]),
        ("a minute more", "ann", read(61), extension(600), &[OverTotal]),
        ("each extension has the maximum of one request", "ann", read(481), extension(0), &[OverMaximum]),
        ("no longer eligible", "carol", read(60), extension(0), &[Never]),
        ("ticket and fields are those of the grant", "ann", bare, extension(0), &[]),
        ("given fields are looked at", "ann", wrong, extension(0), &[Field]),
        (
            "a grant that has ended",
            "ann",
            read(60),
            AskMode::Extension { active_at: NOW - Span::hours(1), expires_at: NOW },
            &[ParentEnded],
        ),
    ] {
        assert_eq!(codes(&asked(who, &ask, mode, &[])), expected, "{what}");
    }
}

#[test]
fn break_glass_table() {
    let write = |mins| Ask { duration: Span::mins(mins), ..ask("billing/write") };
    for (what, who, ask, expected) in [
        ("all is well", "ann", write(60), &[][..]),
        ("over its own maximum", "ann", write(61), &[OverMaximum]),
        ("over both", "ann", write(121), &[OverMaximum, OverMaximum]),
        ("without an incident", "ann", Ask { ticket: None, ..write(60) }, &[Ticket]),
        ("not eligible", "carol", write(60), &[NotEligible]),
        ("later", "ann", Ask { starts_at: Some(NOW + Span::mins(1)), ..write(60) }, &[BadStart]),
        ("of a tier without", "ann", Ask { ticket: write(1).ticket, ..ask("billing/read") }, &[NoBreakGlass]),
    ] {
        assert_eq!(codes(&asked(who, &ask, AskMode::BreakGlass, &[])), expected, "{what}");
    }
}

#[test]
fn short_asks_approve_themselves_but_not_step_by_step() {
    let policies = set();
    let tier = policies.tiers.get(&"quick".parse().unwrap()).unwrap();
    assert!(auto_approves(tier, Span::mins(30)));
    assert!(!auto_approves(tier, Span::mins(30) + Span::millis(1)));
    assert!(!auto_approves(policies.tiers.get(&"two".parse().unwrap()).unwrap(), Span::mins(1)));
    // Erin has no manager, and the tier no fallback: only what approves itself is left to her.
    let read = |mins| Ask { duration: Span::mins(mins), ..ask("billing/read") };
    for (mode, mins, expected) in [
        (AskMode::New, 30, &[][..]),
        (AskMode::New, 31, &[NoApprovers]),
        (AskMode::Extension { active_at: NOW - Span::mins(5), expires_at: NOW + Span::mins(5) }, 20, &[]),
        (
            AskMode::Extension { active_at: NOW - Span::mins(25), expires_at: NOW + Span::mins(5) },
            30,
            &[NoApprovers],
        ),
    ] {
        assert_eq!(codes(&asked("erin", &read(mins), mode, &[])), expected, "{mode:?} {mins}");
    }
}

#[test]
fn somebody_must_be_able_to_approve() {
    for (what, who, of, expected) in [
        ("an empty group without fallback", "ann", "ghosts/approve", &[NoApprovers][..]),
        ("an empty group with a fallback", "ann", "backed/approve", &[]),
        ("a fallback with the requester's manager", "frank", "backed/approve", &[]),
        ("two of a group of one", "ann", "pair/approve", &[NoApprovers]),
        ("the group's one member asks", "erin", "pair/approve", &[NoApprovers]),
        ("one person for two distinct stages", "ann", "same/approve", &[NoApprovers]),
        ("the one person asks", "dana", "same/approve", &[NoApprovers, NoApprovers]),
    ] {
        assert_eq!(codes(&asked(who, &ask(of), AskMode::New, &[])), expected, "{what}");
    }
}

/// By its own word or its app's, for anything new and for what still waits; what to do instead is told.
#[test]
fn nobody_asks_for_what_is_retired() {
    let at = role("billing/read");
    let retired = Visibility::Retired { instead: Some("payments/approve does it".to_owned()) };
    let mut by_role = set();
    let role = by_role.apps.get_mut(&at.app).unwrap().roles.get_mut(&at.role).unwrap();
    role.visibility = retired.clone();
    let mut by_app = set();
    by_app.apps.get_mut(&at.app).unwrap().visibility = retired;
    let mut hidden = set();
    hidden.apps.get_mut(&at.app).unwrap().visibility = Visibility::Hidden;
    let people = directory(everybody());
    for (policies, expected) in
        [(&by_role, vec![ReasonCode::Retired]), (&by_app, vec![ReasonCode::Retired]), (&hidden, vec![])]
    {
        for mode in [AskMode::New, extension(60)] {
            let verdict = may_ask(policies, &people, &id("ann"), &ask("billing/read"), mode, &[], NOW);
            assert_eq!(codes(&verdict), expected);
        }
        let later =
            still_eligible(policies, &people, &id("ann"), &at, Span::mins(30), Begin::Access(NOW), &[], NOW);
        assert_eq!(codes(&later), expected);
    }
    let verdict = may_ask(&by_role, &people, &id("ann"), &ask("billing/read"), AskMode::New, &[], NOW);
    insta::assert_snapshot!(told(&verdict));
}
