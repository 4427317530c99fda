//! What holds of any policies and any people, shown on many that nobody thought of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jitney::ids::{GroupId, PersonId, RoleRef};
use jitney::policy::{
    App, ApproverRef, Ask, AskMode, Away, Ballot, Begin, Blackout, Borrowed, Calendar, Capacity, Direction,
    Employment, Layer, People, Person, PolicySet, Risk, Role, Roster, Rule, Stage, StepSpec, TicketOf,
    TicketRule, Tier, Verdict, Visibility, What, auto_approves, capacity, diff, may_approve, may_ask,
    may_end, stage_approvers, still_eligible, who_may_ask,
};
use jitney::time::Span;
use jitney::zone::Zone;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{NOW, directory, id};

const NAMES: [&str; 8] = ["ann", "bob", "carol", "dana", "erin", "frank", "gina", "hugo"];
const GROUPS: [&str; 3] = ["dba", "security", "divers"];
const DEPARTMENTS: [&str; 4] = ["", "Finance", "engineering", " SALES "];
const TITLES: [&str; 3] = ["", "Accountant", " engineer"];
const LOCATIONS: [&str; 3] = ["", "Lisbon", "Oslo"];

fn at() -> RoleRef {
    "billing/read".parse().unwrap()
}

fn groups(names: Vec<&str>) -> BTreeSet<GroupId> {
    names.into_iter().map(|name| GroupId::new(name).unwrap()).collect()
}

prop_compose! {
    fn a_person(name: &'static str)(
        employment in select(Employment::ALL.to_vec()),
        department in select(DEPARTMENTS.to_vec()),
        title in select(TITLES.to_vec()),
        location in select(LOCATIONS.to_vec()),
        manager in option::of(select(NAMES.to_vec())),
        member in subsequence(GROUPS.to_vec(), 0..=3),
        active in prop::bool::weighted(0.9),
    ) -> Person {
        Person {
            id: id(name),
            name: name.to_owned(),
            employment,
            department: department.to_owned(),
            title: title.to_owned(),
            location: location.to_owned(),
            manager: manager.map(id),
            groups: groups(member),
            active,
            slack: None,
            operator_login: None,
            doubts: None,
        }
    }
}

prop_compose! {
    /// Some of them are away, to somebody or to nobody, and somebody is on call, perhaps not known any more.
    fn a_directory()(
        people in Vec::from(NAMES.map(a_person)),
        away in vec((select(NAMES.to_vec()), option::of(select(NAMES.to_vec())), any::<bool>()), 0..4),
        on_call in subsequence(NAMES.to_vec(), 0..=3),
        is_known in prop::bool::weighted(0.8),
    ) -> People {
        let until = |over| if over { NOW } else { NOW + Span::hours(1) };
        let away = away.into_iter().map(|(who, delegate, over)| {
            let delegate = delegate.map(id);
            (id(who), Away { since: NOW, until: until(over), delegate, because: None })
        });
        let on_call = on_call.into_iter().map(id).collect();
        let roster = Roster { on_call, as_of: NOW, good_until: until(!is_known) };
        let rosters = [("payments".parse().unwrap(), roster)].into();
        directory(people).with_away(Arc::new(away.collect())).with_on_call(Arc::new(rosters))
    }
}

prop_compose! {
    fn a_rule()(
        employment in option::of(subsequence(Employment::ALL.to_vec(), 1..=4)),
        department in option::of(subsequence(vec!["finance", "Engineering", "Sales"], 1..=3)),
        title in option::of(subsequence(vec!["ACCOUNTANT", "Engineer"], 1..=2)),
        location in option::of(subsequence(vec!["lisbon", "Oslo"], 1..=2)),
        group in option::of(subsequence(GROUPS.to_vec(), 1..=3)),
        person in option::of(subsequence(NAMES.to_vec(), 1..=4)),
    ) -> Rule {
        let words = |all: Vec<&str>| all.into_iter().map(str::to_owned).collect();
        Rule {
            employment,
            department: department.map(words),
            title: title.map(words),
            location: location.map(words),
            group: group.map(|all| groups(all).into_iter().collect()),
            person: person.map(|all| all.into_iter().map(id).collect()),
            place: "policies/billing.toml:1:1".to_owned(),
        }
    }
}

fn an_approver() -> impl Strategy<Value = ApproverRef> {
    prop_oneof![
        Just(ApproverRef::Manager),
        Just(ApproverRef::Owners),
        select(NAMES.to_vec()).prop_map(|name| ApproverRef::Person(id(name))),
        select(GROUPS.to_vec()).prop_map(|name| ApproverRef::Group(GroupId::new(name).unwrap())),
        Just(ApproverRef::OnCall("payments".parse().unwrap())),
    ]
}

prop_compose! {
    fn a_stage()(
        approvers in vec(an_approver(), 1..4),
        quorum in 1u32..4,
        distinct in any::<bool>(),
        escalate_to in vec(an_approver(), 0..3),
        fallback in vec(an_approver(), 0..3),
    ) -> Stage {
        let escalate_after = (!escalate_to.is_empty()).then_some(Span::hours(1));
        let place = "policies/tiers.toml:1:1".to_owned();
        Stage { approvers, quorum, distinct, direct: false, hours: None, remind_after: None, escalate_after, escalate_to, fallback, place }
    }
}

prop_compose! {
    fn a_tier()(stages in vec(a_stage(), 1..4), auto_under in option::of(1u64..120)) -> Tier {
        Tier {
            id: "manager".parse().unwrap(),
            name: "Somebody agrees".to_owned(),
            auto_under: auto_under.map(Span::mins),
            stages,
            lapse_after: Span::hours(24),
            provision_within: Span::mins(15),
            warn_before: Some(Span::mins(15)),
            break_glass: None,
            place: "policies/tiers.toml:1:1".to_owned(),
        }
    }
}

prop_compose! {
    fn policies()(
        eligible in vec(a_rule(), 0..4),
        never in vec(a_rule(), 0..3),
        max in 1u64..600,
        owners in subsequence(NAMES.to_vec(), 1..=3),
        tier in a_tier(),
    ) -> PolicySet {
        let role = Role {
            id: at().role,
            name: "Read".to_owned(),
            gives: "SELECT".to_owned(),
            risk: Risk::Low,
            default_duration: Span::mins(1),
            max_duration: Span::mins(max),
            max_total: Span::mins(max),
            revoke_target: Span::secs(60),
            tier: tier.id.clone(),
            visibility: Visibility::Listed,
            ticket: TicketRule::Optional,
            eligible,
            never,
            conflicts: Vec::new(),
            hours: None,
            ticket_of: TicketOf::Requester,
            held_by: Vec::new(),
            steps: vec![StepSpec {
                gives_group: None,
                target: "billing-pg".parse().unwrap(),
                params: serde_json::json!({}),
                label: "a login".to_owned(),
                issues_credential: true,
                readable: true,
                cannot_end: Vec::new(),
            }],
            fields: Vec::new(),
            lockdown_family: Vec::new(),
            place: "policies/billing.toml:1:1".to_owned(),
            key_places: BTreeMap::new(),
        };
        let app = App {
            id: at().app,
            name: "Billing".to_owned(),
            about: String::new(),
            owners: owners.into_iter().map(id).collect(),
            layer: Layer::Application,
            visibility: Visibility::Listed,
            roles: [(role.id.clone(), role)].into(),
            tests: Vec::new(),
        };
        PolicySet {
            apps: [(app.id.clone(), app)].into(),
            tiers: [(tier.id.clone(), tier)].into(),
            ..PolicySet::default()
        }
    }
}

prop_compose! {
    fn a_blackout()(
        from in 0u64..10_000,
        length in 1u64..10_000,
        risk in select(vec![vec![], vec![Risk::Low], vec![Risk::High], vec![Risk::Low, Risk::Medium]]),
        named in 0usize..3,
        break_glass in any::<bool>(),
    ) -> Blackout {
        let from = NOW - Span::mins(2_000) + Span::mins(from);
        Blackout {
            from,
            until: from + Span::mins(length),
            zone: Zone::UTC,
            because: "A quiet time".to_owned(),
            apps: if named == 1 { vec![at().app] } else { Vec::new() },
            roles: if named == 2 { vec![at()] } else { Vec::new() },
            risk,
            break_glass,
            place: "policies/tiers.toml:9:1".to_owned(),
        }
    }
}

prop_compose! {
    fn a_calendar()(first in 0u32..23, length in 1u32..24) -> Calendar {
        let hours = format!("mon-fri {first:02}:00-{:02}:00", (first + length).min(24)).parse().unwrap();
        let place = "policies/tiers.toml:9:1".to_owned();
        Calendar::new("office".parse().unwrap(), Zone::UTC, vec![hours], [], place)
    }
}

fn the_role(policies: &mut PolicySet) -> &mut Role {
    policies.apps.get_mut(&at().app).unwrap().roles.get_mut(&at().role).unwrap()
}

fn the_tier(policies: &PolicySet) -> &Tier {
    policies.tiers.values().next().unwrap()
}

fn owners(policies: &PolicySet) -> &[PersonId] {
    &policies.apps.values().next().unwrap().owners
}

fn verdict(policies: &PolicySet, people: &People, who: &PersonId, mins: u64) -> Verdict {
    let ask = Ask {
        role: at(),
        duration: Span::mins(mins),
        starts_at: None,
        justification: "invoice 4711 is wrong".to_owned(),
        ticket: None,
        fields: Default::default(),
    };
    may_ask(policies, people, who, &ask, AskMode::New, &[], NOW)
}

fn everybody(people: &People) -> Vec<PersonId> {
    people.iter().map(|person| person.id.clone()).collect()
}

/// Who may ask by the rules on people alone.
fn eligible(policies: &PolicySet, people: &People) -> BTreeSet<PersonId> {
    let mins = Span::mins(1);
    let may = |who: &PersonId| {
        still_eligible(policies, people, who, &at(), mins, Begin::Access(NOW), &[], NOW).is_granted()
    };
    everybody(people).into_iter().filter(may).collect()
}

/// A vote that counts: whose, in which stage, and in whose place.
type Cast = (PersonId, u32, Option<PersonId>);

/// The places that votes fill.
fn places(votes: &[Cast]) -> Vec<(PersonId, u32)> {
    votes
        .iter()
        .flat_map(|(by, stage, of)| [Some(by), of.as_ref()].map(|id| (id, stage)))
        .filter_map(|(id, stage)| Some((id?.clone(), *stage)))
        .collect()
}

/// People vote as they like, each as often as they like; the votes that count, by stage.
fn play(policies: &PolicySet, people: &People, requester: &PersonId, votes: &[usize]) -> Vec<Cast> {
    let (tier, owners) = (the_tier(policies), owners(policies));
    let all = everybody(people);
    let mut counted: Vec<Cast> = Vec::new();
    let mut stage = 0u32;
    for (turn, voter) in votes.iter().enumerate() {
        let Some(open) = tier.stages.get(stage as usize) else { break };
        let voter = &all[voter % all.len()];
        let escalated = open.escalate_after.is_some() && turn % 3 == 0;
        let voted = places(&counted);
        let ballot = Ballot { tier, owners, requester, stage, escalated, voted: &voted };
        if may_approve(&ballot, voter, people, NOW).is_granted() {
            let of = match capacity(&ballot, voter, people, NOW) {
                Some(Capacity::InPlaceOf { id, .. }) => Some(id),
                Some(Capacity::OnCall { .. }) | None => None,
            };
            counted.push((voter.clone(), stage, of));
        }
        let have = counted.iter().filter(|(_, number, _)| *number == stage).count();
        if have >= open.quorum as usize {
            stage += 1;
        }
    }
    counted
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn another_never_rule_makes_nobody_eligible(
        (policies, people, rule, place) in (policies(), a_directory(), a_rule(), any::<prop::sample::Index>())
    ) {
        let before = eligible(&policies, &people);
        let mut stricter = policies.clone();
        let never = &mut the_role(&mut stricter).never;
        never.insert(place.index(never.len() + 1), rule);
        let after = eligible(&stricter, &people);
        prop_assert!(after.is_subset(&before), "{:?}", after.difference(&before));
    }

    /// Whatever begins, and whenever: a blackout or hours let nobody in whom they did not let in before.
    #[test]
    fn another_blackout_or_hours_make_nobody_eligible(
        (policies, people, blackout, hours) in (policies(), a_directory(), a_blackout(), a_calendar()),
        (after, kind) in (0u64..20_000, 0usize..3),
    ) {
        let start = NOW + Span::mins(after);
        let begin = [Begin::Access(start), Begin::MoreTime, Begin::BreakGlass][kind];
        let may = |policies: &PolicySet| -> BTreeSet<PersonId> {
            let may = |who: &PersonId| {
                still_eligible(policies, &people, who, &at(), Span::mins(1), begin, &[], NOW).is_granted()
            };
            everybody(&people).into_iter().filter(may).collect()
        };
        let before = may(&policies);
        let mut quieter = policies.clone();
        let lasts_then = blackout.is_on(if kind == 0 { start } else { NOW });
        let holds_up = lasts_then && blackout.risk != [Risk::High] && !(kind == 2 && blackout.break_glass);
        quieter.blackouts.push(blackout);
        let after = may(&quieter);
        prop_assert_eq!(&after, if holds_up { const { &BTreeSet::new() } } else { &before });
        let mut shorter = policies.clone();
        let is_shut = kind == 0 && !hours.is_open(start);
        the_role(&mut shorter).hours = Some(hours.id.clone());
        shorter.calendars.insert(hours.id.clone(), hours);
        prop_assert_eq!(&may(&shorter), if is_shut { const { &BTreeSet::new() } } else { &before });
    }

    #[test]
    fn another_eligible_rule_shuts_out_nobody(
        (policies, people, rule) in (policies(), a_directory(), a_rule())
    ) {
        let before = eligible(&policies, &people);
        let mut wider = policies.clone();
        the_role(&mut wider).eligible.push(rule);
        prop_assert!(before.is_subset(&eligible(&wider, &people)));
    }

    #[test]
    fn a_shorter_maximum_lengthens_no_grant(
        (policies, people, less) in (policies(), a_directory(), 1u64..600)
    ) {
        let mut shorter = policies.clone();
        let role = the_role(&mut shorter);
        role.max_duration = role.max_duration.min(Span::mins(less));
        let most = role.max_duration;
        for who in everybody(&people) {
            for mins in [1, less - 1, less, less + 1, 599, 600] {
                let after = verdict(&shorter, &people, &who, mins);
                if after.is_granted() {
                    prop_assert!(Span::mins(mins) <= most);
                    prop_assert!(verdict(&policies, &people, &who, mins).is_granted());
                }
            }
        }
    }

    #[test]
    fn where_there_is_no_approver_nothing_is_approved(
        (policies, people, emptied, votes) in
            (policies(), a_directory(), any::<prop::sample::Index>(), vec(0usize..8, 0..40))
    ) {
        let mut policies = policies;
        let tier = policies.tiers.values_mut().next().unwrap();
        let ghosts = ApproverRef::Group(GroupId::new("ghosts").unwrap());
        let number = emptied.index(tier.stages.len());
        let stage = &mut tier.stages[number];
        (stage.approvers, stage.fallback, stage.escalate_to) = (vec![ghosts], Vec::new(), Vec::new());
        for who in everybody(&people) {
            let counted = play(&policies, &people, &who, &votes);
            prop_assert!(counted.iter().all(|(_, stage, _)| (*stage as usize) < number));
            let taken = verdict(&policies, &people, &who, 599).is_granted();
            prop_assert!(!taken || auto_approves(the_tier(&policies), Span::mins(599)));
        }
    }

    #[test]
    fn the_requester_never_counts_towards_their_own_request(
        (policies, people, votes) in (policies(), a_directory(), vec(0usize..8, 0..40))
    ) {
        for who in everybody(&people) {
            let counted = play(&policies, &people, &who, &votes);
            prop_assert!(counted.iter().all(|(voter, ..)| *voter != who));
            for stage in stage_approvers(the_tier(&policies), owners(&policies), &who, &people, NOW) {
                prop_assert!(!stage.asked.contains(&who) && !stage.escalation.contains(&who));
            }
        }
    }

    /// The votes that count are those that counted before anything was lent.
    #[test]
    fn a_right_that_a_grant_lends_completes_no_stage(
        (policies, people, votes) in (policies(), a_directory(), vec(0usize..8, 0..40)),
        lent in vec((select(NAMES.to_vec()), select(GROUPS.to_vec())), 0..6),
    ) {
        let mut borrowed = Borrowed::new();
        let mut members: Vec<Person> = people.iter().cloned().collect();
        for (who, group) in lent {
            let group = GroupId::new(group).unwrap();
            let person = members.iter_mut().find(|person| person.id == id(who)).unwrap();
            if person.groups.insert(group.clone()) {
                borrowed.entry(group).or_default().insert(person.id.clone());
            }
        }
        let away = people.all_away(NOW).map(|(id, away)| (id.clone(), away.clone())).collect();
        let schedule = "payments".parse().unwrap();
        let roster = people.roster(&schedule, NOW).cloned();
        let rosters = roster.into_iter().map(|roster| (schedule.clone(), roster)).collect();
        let lent = directory(members).with_away(Arc::new(away)).with_on_call(Arc::new(rosters));
        let lent = lent.with_borrowed(Arc::new(borrowed));
        for who in everybody(&people) {
            prop_assert_eq!(play(&policies, &lent, &who, &votes), play(&policies, &people, &who, &votes));
        }
    }

    #[test]
    fn one_person_fills_one_place(
        (policies, people, votes) in (policies(), a_directory(), vec(0usize..8, 0..40))
    ) {
        for who in everybody(&people) {
            let filled = places(&play(&policies, &people, &who, &votes));
            for (number, stage) in (0u32..).zip(&the_tier(&policies).stages) {
                let of_stage: Vec<&PersonId> =
                    filled.iter().filter(|(_, at)| *at == number).map(|(id, _)| id).collect();
                let once: BTreeSet<&PersonId> = of_stage.iter().copied().collect();
                prop_assert_eq!(once.len(), of_stage.len(), "twice in stage {}", number);
                let earlier = filled.iter().filter(|(_, at)| *at < number);
                let again = earlier.filter(|(id, _)| once.contains(id)).count();
                prop_assert!(!stage.distinct || again == 0, "again in stage {}", number);
            }
        }
    }

    #[test]
    fn nobody_is_asked_in_the_place_of_somebody_who_would_not_be_asked(
        (policies, people) in (policies(), a_directory())
    ) {
        let nobody_away = people.clone().with_away(Arc::default());
        for who in everybody(&people) {
            let (tier, owners) = (the_tier(&policies), owners(&policies));
            let with = stage_approvers(tier, owners, &who, &people, NOW);
            for (stage, rule) in with.iter().zip(&tier.stages) {
                for (delegate, absent) in &stage.stand_ins {
                    let named = Stage { fallback: Vec::new(), ..rule.clone() };
                    let fallback = Stage { approvers: rule.fallback.clone(), ..named.clone() };
                    let stages = [named, fallback].map(|stage| Tier { stages: vec![stage], ..tier.clone() });
                    let asked = stages.iter().any(|tier| {
                        stage_approvers(tier, owners, &who, &nobody_away, NOW)[0].asked_now(true).contains(absent)
                    });
                    prop_assert!(asked, "{} for {}", delegate, absent);
                    prop_assert!(*delegate != who && people.away(delegate, NOW).is_none());
                }
            }
            // And whoever stands in ends nothing that they could not end anyway.
            for other in everybody(&people) {
                let may = |people: &People| may_end(tier, owners, &who, &other, people, NOW).is_granted();
                prop_assert_eq!(may(&people), may(&nobody_away));
            }
        }
    }

    #[test]
    fn who_may_ask_are_those_whose_ask_is_taken((policies, people) in (policies(), a_directory())) {
        let reach = who_may_ask(&policies, &people, &at()).unwrap();
        let named: BTreeSet<PersonId> = reach.may.iter().map(|asker| asker.person.clone()).collect();
        prop_assert_eq!(&named, &eligible(&policies, &people));
        let counted: usize = reach.by_rule.iter().map(|rule| rule.people).sum();
        prop_assert_eq!(counted, reach.active);
        for asker in &reach.may {
            let taken = verdict(&policies, &people, &asker.person, 1).is_granted();
            prop_assert!(taken || asker.stranded);
        }
    }

    #[test]
    fn a_set_differs_in_nothing_from_itself((policies, people) in (policies(), a_directory())) {
        prop_assert_eq!(diff(&policies, &policies, Some(&people)), []);
    }

    #[test]
    fn who_gains_and_who_loses_is_who_may_now_and_could_before(
        (old, new, people) in (policies(), policies(), a_directory())
    ) {
        let (before, after) = (eligible(&old, &people), eligible(&new, &people));
        let told = diff(&old, &new, Some(&people)).into_iter().find_map(|change| match change.what {
            What::Rules { gain, lose, .. } => Some((gain, lose, change.direction)),
            _ => None,
        });
        let (gain, lose, direction) = told.unwrap_or((Vec::new(), Vec::new(), Direction::Neither));
        prop_assert_eq!(gain.iter().collect::<Vec<_>>(), after.difference(&before).collect::<Vec<_>>());
        prop_assert_eq!(lose.iter().collect::<Vec<_>>(), before.difference(&after).collect::<Vec<_>>());
        prop_assert!(gain.is_empty() || matches!(direction, Direction::Wider | Direction::Other));
    }
}
