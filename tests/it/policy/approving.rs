//! Who approves, and who may end access.

use std::sync::Arc;

use jitney::ids::GroupId;
use jitney::policy::ReasonCode::{
    self, AlreadyVoted, Leaver, NotApprover, OwnRequest, StaleDirectory, UnknownPerson,
};
use jitney::policy::{
    ApproverRef, Away, Ballot, Capacity, Employment, People, Roster, StageApprovers, capacity, is_approver,
    may_approve, may_ask, may_end, stage_approvers, vote_stands,
};
use jitney::time::{Span, Timestamp};

use super::fixture::{ask, ids, set, tier};
use super::{NOW, codes, directory, everybody, id, person};

#[test]
fn stages_ask_active_people_once_and_never_the_requester() {
    let policies = set();
    let mut people = everybody();
    for (name, active) in [("gina", true), ("hugo", false), ("bob", true)] {
        let mut dba = person(name, Employment::Employee, "Engineering", Some("dana"));
        dba.groups.insert(GroupId::new("dba").unwrap());
        dba.active = active;
        people.push(dba);
    }
    let people = directory(people);
    let owners = ids(&["bob", "dana", "stranger"]);
    let asked = |asked: &[&str], escalation: &[&str], from_fallback| StageApprovers {
        asked: ids(asked),
        escalation: ids(escalation),
        from_fallback,
        ..StageApprovers::default()
    };
    for (name, who, expected) in [
        ("two", "ann", vec![asked(&["dana"], &[], false), asked(&["bob", "dana", "gina"], &["erin"], false)]),
        ("two", "bob", vec![asked(&["dana"], &[], false), asked(&["dana", "gina"], &["erin"], false)]),
        ("two", "dana", vec![asked(&["erin"], &[], false), asked(&["bob", "gina"], &["erin"], false)]),
        ("two", "erin", vec![asked(&[], &[], true), asked(&["bob", "dana", "gina"], &[], false)]),
        ("backed", "ann", vec![asked(&["frank", "dana"], &[], true)]),
        ("backed", "frank", vec![asked(&["erin"], &[], true)]),
        ("ghosts", "ann", vec![asked(&[], &[], true)]),
    ] {
        let found = stage_approvers(&tier(&policies, name), &owners, &id(who), &people, NOW);
        assert_eq!(found, expected, "{name} {who}");
    }
}

#[test]
fn may_approve_table() {
    let policies = set();
    let mut people = everybody();
    let mut hugo = person("hugo", Employment::Employee, "Engineering", None);
    hugo.groups.insert(GroupId::new("dba").unwrap());
    hugo.active = false;
    people.push(hugo);
    let people = directory(people);
    let owners = ids(&["bob", "dana"]);
    type Row<'a> = (&'a str, &'a str, u32, bool, &'a [(&'a str, u32)], &'a str, &'a str, &'a [ReasonCode]);
    let rows: [Row<'_>; 18] = [
        ("the manager", "two", 0, false, &[], "ann", "dana", &[]),
        ("the requester", "two", 0, false, &[], "ann", "ann", &[OwnRequest]),
        ("the requester, spelled otherwise", "two", 0, false, &[], "ann", "Ann@Example.com", &[OwnRequest]),
        ("the requester, an owner", "two", 1, false, &[], "bob", "BOB@example.com", &[OwnRequest]),
        ("somebody else", "two", 0, false, &[], "ann", "frank", &[NotApprover]),
        ("an owner in the manager's stage", "two", 0, false, &[], "ann", "bob", &[NotApprover]),
        ("an owner in theirs", "two", 1, false, &[("dana", 0)], "ann", "bob", &[]),
        ("twice in a stage", "two", 0, false, &[("dana", 0)], "ann", "dana", &[AlreadyVoted]),
        ("twice, spelled otherwise", "two", 0, false, &[("DANA", 0)], "ann", "dana", &[AlreadyVoted]),
        ("in two distinct stages", "two", 1, false, &[("dana", 0)], "ann", "dana", &[AlreadyVoted]),
        ("before escalation", "two", 1, false, &[], "ann", "erin", &[NotApprover]),
        ("after escalation", "two", 1, true, &[], "ann", "erin", &[]),
        ("a leaver of the group", "two", 1, false, &[], "ann", "hugo", &[Leaver]),
        ("nobody we know", "two", 0, false, &[], "ann", "zoe", &[UnknownPerson]),
        ("the fallback of an empty group", "backed", 0, false, &[], "ann", "frank", &[]),
        ("an empty group without fallback", "ghosts", 0, false, &[], "ann", "dana", &[NotApprover]),
        ("no such stage", "two", 2, true, &[], "ann", "dana", &[NotApprover]),
        ("not one and twice", "two", 0, false, &[("bob", 0)], "ann", "bob", &[NotApprover, AlreadyVoted]),
    ];
    for (what, name, stage, escalated, voted, requester, approver, expected) in rows {
        let voted: Vec<_> = voted.iter().map(|(who, stage)| (id(who), *stage)).collect();
        let (tier, requester) = (tier(&policies, name), id(requester));
        let ballot =
            Ballot { tier: &tier, owners: &owners, requester: &requester, stage, escalated, voted: &voted };
        assert_eq!(codes(&may_approve(&ballot, &id(approver), &people, NOW)), expected, "{what}");
        let stale = may_approve(&ballot, &id(approver), &people, NOW + Span::hours(2));
        let expected = if expected == [OwnRequest] || stage == 2 { expected } else { &[StaleDirectory] };
        assert_eq!(codes(&stale), expected, "{what}, on old facts");
    }
}

#[test]
fn the_same_person_counts_in_each_stage_that_does_not_want_others() {
    let policies = set();
    let mut tier = tier(&policies, "same");
    tier.stages[1].distinct = false;
    let voted = [(id("dana"), 0)];
    let (requester, people) = (id("ann"), directory(everybody()));
    let ballot =
        Ballot { tier: &tier, owners: &[], requester: &requester, stage: 1, escalated: false, voted: &voted };
    assert_eq!(codes(&may_approve(&ballot, &id("dana"), &people, NOW)), []);
}

#[test]
fn may_end_table() {
    let policies = set();
    let people = directory(everybody());
    let owners = ids(&["bob", "gone"]);
    for (what, who, expected) in [
        ("an owner", "bob", &[][..]),
        ("the manager", "dana", &[]),
        ("whom it would escalate to", "erin", &[]),
        ("the person themselves", "ann", &[]),
        ("somebody else", "frank", &[NotApprover]),
        ("an owner whom the directory does not know", "gone", &[UnknownPerson]),
    ] {
        let verdict = may_end(&tier(&policies, "two"), &owners, &id("ann"), &id(who), &people, NOW);
        assert_eq!(codes(&verdict), expected, "{what}");
    }
}

/// People of whom some are away for an hour, to somebody or to nobody.
fn away(pairs: &[(&str, Option<&str>)]) -> People {
    let away = |(who, delegate): &(&str, Option<&str>)| {
        let delegate = delegate.map(id);
        (id(who), Away { since: NOW, until: NOW + Span::hours(1), delegate, because: None })
    };
    directory(everybody()).with_away(Arc::new(pairs.iter().map(away).collect()))
}

#[test]
fn who_is_away_is_not_asked_and_their_delegate_is_where_they_would_be() {
    let policies = set();
    let owners = ids(&["bob", "dana"]);
    type Row<'a> =
        (&'a str, &'a [(&'a str, Option<&'a str>)], &'a str, [(&'a [&'a str], &'a [&'a str], bool); 2]);
    // Who is away, who asks, and of both stages: who is asked, who is away, and whether it is the fallback.
    let rows: [Row<'_>; 7] = [
        ("nobody", &[], "ann", [(&["dana"], &[], false), (&["bob", "dana"], &[], false)]),
        ("to nobody", &[("dana", None)], "ann", [(&["erin"], &["dana"], true), (&["bob"], &["dana"], false)]),
        (
            "to somebody",
            &[("dana", Some("frank"))],
            "ann",
            [(&["frank"], &["dana"], false), (&["bob", "frank"], &["dana"], false)],
        ),
        (
            "to an approver, who adds none",
            &[("dana", Some("bob"))],
            "ann",
            [(&["bob"], &["dana"], false), (&["bob"], &["dana"], false)],
        ),
        (
            "to the requester",
            &[("dana", Some("ann"))],
            "ann",
            [(&["erin"], &["dana"], true), (&["bob"], &["dana"], false)],
        ),
        (
            "to somebody who is away, and not on from there",
            &[("dana", Some("frank")), ("frank", Some("carol"))],
            "ann",
            [(&["erin"], &["dana"], true), (&["bob"], &["dana"], false)],
        ),
        (
            "all of a stage to one, who fills one place",
            &[("bob", Some("frank")), ("dana", Some("frank"))],
            "ann",
            [(&["frank"], &["dana"], false), (&["frank"], &["bob", "dana"], false)],
        ),
    ];
    for (what, absent, requester, wanted) in rows {
        let people = away(absent);
        let found = stage_approvers(&tier(&policies, "two"), &owners, &id(requester), &people, NOW);
        for (found, (asked, absent, from_fallback)) in found.iter().zip(wanted) {
            assert_eq!(found.asked, ids(asked), "{what}");
            assert_eq!((found.away.clone(), found.from_fallback), (ids(absent), from_fallback), "{what}");
        }
        let then = NOW + Span::hours(1);
        let back = stage_approvers(&tier(&policies, "two"), &owners, &id(requester), &people, then);
        let never = directory(everybody());
        assert_eq!(
            back,
            stage_approvers(&tier(&policies, "two"), &owners, &id(requester), &never, then),
            "{what}"
        );
    }
}

#[test]
fn a_delegate_decides_in_one_place_with_whom_they_stand_in_for() {
    let policies = set();
    let (two, owners, requester) = (tier(&policies, "two"), ids(&["bob", "dana"]), id("ann"));
    let people = away(&[("dana", Some("frank"))]);
    type Row<'a> = (&'a str, u32, &'a [(&'a str, u32)], &'a str, &'a [ReasonCode], bool);
    // The places that are filled, who decides, what is against it, and whether it is in the place of dana.
    let rows: [Row<'_>; 10] = [
        ("the delegate", 0, &[], "frank", &[], true),
        ("who is away, all the same", 0, &[], "dana", &[], false),
        ("the delegate after her", 0, &[("dana", 0)], "frank", &[AlreadyVoted], true),
        ("she after the delegate", 0, &[("frank", 0), ("dana", 0)], "dana", &[AlreadyVoted], false),
        ("the delegate in both stages", 1, &[("frank", 0), ("dana", 0)], "frank", &[AlreadyVoted], true),
        ("she in the second", 1, &[("frank", 0), ("dana", 0)], "dana", &[AlreadyVoted], false),
        ("somebody else in the second", 1, &[("frank", 0), ("dana", 0)], "bob", &[], false),
        ("the delegate in the second alone", 1, &[("bob", 0)], "frank", &[], true),
        ("the fallback, which is not asked", 0, &[], "erin", &[NotApprover], false),
        ("nobody of them", 0, &[], "carol", &[NotApprover], false),
    ];
    for (what, stage, voted, who, expected, in_place) in rows {
        let voted: Vec<_> = voted.iter().map(|(who, stage)| (id(who), *stage)).collect();
        let ballot = Ballot {
            tier: &two,
            owners: &owners,
            requester: &requester,
            stage,
            escalated: false,
            voted: &voted,
        };
        assert_eq!(codes(&may_approve(&ballot, &id(who), &people, NOW)), expected, "{what}");
        let found = capacity(&ballot, &id(who), &people, NOW);
        let dana = Capacity::InPlaceOf { id: id("dana"), name: "dana".to_owned() };
        assert_eq!(found, in_place.then_some(dana), "{what}");
    }
    // She is back: the delegate may no more, and the vote that was given for her stands while she could give it.
    let back = directory(everybody());
    let ballot =
        Ballot { tier: &two, owners: &owners, requester: &requester, stage: 0, escalated: true, voted: &[] };
    assert_eq!(codes(&may_approve(&ballot, &id("frank"), &back, NOW)), [NotApprover]);
    let for_her = Capacity::InPlaceOf { id: id("dana"), name: "dana".to_owned() };
    assert!(vote_stands(&ballot, &id("frank"), Some(&for_her), &back, NOW).is_ok());
    let mut gone = everybody();
    gone.iter_mut().filter(|person| person.id == id("ann")).for_each(|ann| ann.manager = Some(id("erin")));
    assert!(vote_stands(&ballot, &id("frank"), Some(&for_her), &directory(gone), NOW).is_err());
    // Whoever stands in ends nothing.
    assert_eq!(codes(&may_end(&two, &owners, &requester, &id("frank"), &people, NOW)), [NotApprover]);
    assert_eq!(codes(&may_end(&two, &owners, &requester, &id("dana"), &people, NOW)), []);
}

#[test]
fn nobody_to_ask_is_told_with_who_is_away() {
    let people = away(&[("dana", None)]);
    let verdict = |people: &People| {
        may_ask(&set(), people, &id("ann"), &ask_long(), jitney::policy::AskMode::New, &[], NOW)
    };
    assert!(verdict(&directory(everybody())).is_granted());
    let refused = verdict(&people);
    let saw: Vec<&str> = refused.refusals().map(|reason| reason.saw.as_str()).collect();
    assert!(saw.len() == 1 && saw[0].contains("dana@example.com is away until"), "{saw:?}");
}

/// Longer than the tier without a fallback approves by itself.
fn ask_long() -> jitney::policy::Ask {
    jitney::policy::Ask { duration: Span::hours(1), ..ask("billing/read") }
}

/// Who is on call for `payments`, as it was heard then and is good until then.
fn on_call(names: &[&str], as_of: Timestamp, good_until: Timestamp) -> People {
    let roster = Roster { on_call: ids(names), as_of, good_until };
    directory(everybody()).with_on_call(Arc::new([("payments".parse().unwrap(), roster)].into()))
}

#[test]
fn who_is_on_call_now_decides_and_an_old_roster_comes_to_the_fallback() {
    let policies = set();
    let mut called = tier(&policies, "two");
    called.stages.truncate(1);
    called.stages[0].approvers = vec![ApproverRef::OnCall("payments".parse().unwrap())];
    let (owners, later) = (ids(&["bob"]), NOW + Span::mins(10));
    for (what, people, requester, asked, from_fallback) in [
        ("two", on_call(&["bob", "frank"], NOW, later), "ann", &["bob", "frank"][..], false),
        ("the requester", on_call(&["ann"], NOW, later), "ann", &["erin"], true),
        ("the requester and another", on_call(&["ann", "bob"], NOW, later), "ann", &["bob"], false),
        ("nobody", on_call(&[], NOW, later), "ann", &["erin"], true),
        ("somebody whom the directory does not have", on_call(&["zoe"], NOW, later), "ann", &["erin"], true),
        ("too old", on_call(&["bob"], NOW - Span::mins(10), NOW), "ann", &["erin"], true),
        ("never heard", directory(everybody()).with_on_call(Arc::default()), "ann", &["erin"], true),
        // On the command line nobody knows, so nothing is said against it.
        ("not asked", directory(everybody()), "ann", &[], false),
    ] {
        let found = stage_approvers(&called, &owners, &id(requester), &people, NOW);
        assert_eq!((found[0].asked.clone(), found[0].from_fallback), (ids(asked), from_fallback), "{what}");
    }
    let ann = id("ann");
    let ballot =
        Ballot { tier: &called, owners: &owners, requester: &ann, stage: 0, escalated: false, voted: &[] };
    let people = on_call(&["bob", "erin"], NOW, later);
    let by_call = Capacity::OnCall { schedule: "payments".parse().unwrap() };
    assert_eq!(codes(&may_approve(&ballot, &id("bob"), &people, NOW)), []);
    assert_eq!(capacity(&ballot, &id("bob"), &people, NOW), Some(by_call.clone()));
    assert_eq!(codes(&may_approve(&ballot, &id("frank"), &people, NOW)), [NotApprover]);
    assert_eq!(codes(&may_approve(&ballot, &id("bob"), &people, later)), [NotApprover]);
    // The shift is over: a vote of it stands, unless its giver has left.
    let over = on_call(&["frank"], NOW, later);
    assert!(vote_stands(&ballot, &id("bob"), Some(&by_call), &over, NOW).is_ok());
    assert!(vote_stands(&ballot, &id("bob"), None, &over, NOW).is_err());
    let mut left = everybody();
    left.iter_mut().filter(|person| person.id == id("bob")).for_each(|bob| bob.active = false);
    assert!(vote_stands(&ballot, &id("bob"), Some(&by_call), &directory(left), NOW).is_err());
    // Who is in the list in their own right as well, needs no shift.
    called.stages[0].approvers.push(ApproverRef::Owners);
    let ballot =
        Ballot { tier: &called, owners: &owners, requester: &ann, stage: 0, escalated: false, voted: &[] };
    assert_eq!(capacity(&ballot, &id("bob"), &people, NOW), None);
}

#[test]
fn an_approver_is_whoever_some_tier_asks() {
    let people = directory(everybody());
    for (who, is) in [("dana", true), ("bob", true), ("erin", true), ("frank", true), ("carol", false)] {
        assert_eq!(is_approver(&set(), &people, &id(who), NOW), is, "{who}");
    }
}
