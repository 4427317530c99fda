//! Who approves, and who may end access.

use jitney::ids::GroupId;
use jitney::policy::ReasonCode::{
    self, AlreadyVoted, Leaver, NotApprover, OwnRequest, StaleDirectory, UnknownPerson,
};
use jitney::policy::{Ballot, Employment, StageApprovers, may_approve, may_end, stage_approvers};
use jitney::time::Span;

use super::fixture::{ids, set, tier};
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
        let found = stage_approvers(&tier(&policies, name), &owners, &id(who), &people);
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
        let verdict = may_end(&tier(&policies, "two"), &owners, &id("ann"), &id(who), &people);
        assert_eq!(codes(&verdict), expected, "{what}");
    }
}
