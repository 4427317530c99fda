//! The home tab: what it shows to whom, that it always fits, and whom a change concerns.

use std::collections::BTreeSet;

use jitney::ids::{PersonId, RequestId};
use jitney::lifecycle::{EndCause, Kind, Request, State};
use jitney::playground::slack::check_view;
use jitney::policy::{Away, People, Person};
use jitney::slack::views::{HomeScene, concerned, home, home_refused, is_of_my_apps, is_to_decide};
use jitney::slack::words;
use jitney::time::Span;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::Value;

use super::escaping::{check_texts, evil};
use super::limits::{bad, every_state};
use super::people::{Story, at, everybody, id, pending, revoking};
use super::views::{block, glass};

fn numbered(number: u64, story: Story) -> Request {
    let mut request = story.dossier.request;
    request.id = RequestId::from_number(number);
    request
}

fn active() -> Story {
    Story::new(State::Active { warned: false }).granted()
}

fn scene<'a>(name: &'a str, lists: [&'a [Request]; 5]) -> HomeScene<'a> {
    let [open, past, to_decide, held, to_review] = lists;
    HomeScene { name, away: None, open, past, to_decide, to_review, held, now: at(20), command: "/jit" }
}

fn picture(view: &Value) -> String {
    assert_eq!(check_view(view), vec![], "{view}");
    view["blocks"].as_array().unwrap().iter().map(block).collect()
}

/// Home tabs of several people, by who they are.
pub(super) fn homes() -> Vec<(&'static str, Value)> {
    let seen = active().with(|request| request.credential.as_mut().unwrap().revealed_at = Some(at(11)));
    let mine = [
        numbered(1042, active()),
        numbered(1041, seen),
        numbered(1043, Story::new(State::Granting).granted()),
        numbered(1040, Story::new(revoking(true)).granted()),
        numbered(1044, Story::new(pending(0))),
        numbered(1045, Story::new(State::Scheduled { starts_at: at(600) })),
        numbered(
            1046,
            Story::new(pending(0))
                .with(|request| request.kind = Kind::Extension { parent: RequestId::from_number(1042) }),
        ),
    ];
    let ended = State::Revoked { cause: EndCause::Released, recheck_at: None };
    let past =
        [numbered(1030, Story::new(ended).ended()), numbered(1029, Story::new(State::Lapsed { at: at(1) }))];
    let asked = [numbered(1050, Story::new(pending(0))), numbered(1049, Story::new(pending(1)))];
    let held = [
        numbered(1060, active()),
        numbered(1061, Story::new(State::Granting).granted()),
        numbered(1062, Story::new(revoking(false)).granted()),
    ];
    let closed = || State::Revoked { cause: EndCause::Expiry, recheck_at: None };
    let overdue = glass(closed()).ended().with(|request| request.review_due_at = Some(at(15)));
    let to_review = [numbered(1070, overdue), numbered(1071, glass(closed()).ended())];
    let away = Away { since: at(0), until: at(600), delegate: Some(id("erin")), because: None };
    let away = words::away_now(&everybody(), &away);
    let out = [
        ("nothing yet", scene("Ann", [&[], &[], &[], &[], &[]])),
        ("a requester", scene("Ann", [&mine, &past, &[], &[], &[]])),
        ("an approver", scene("Bob", [&[], &[], &asked, &[], &[]])),
        (
            "an approver who is away",
            HomeScene { away: Some(&away), ..scene("Bob", [&[], &[], &asked[..1], &[], &[]]) },
        ),
        ("an owner", scene("Dana", [&[], &[], &[], &held, &to_review])),
    ];
    let stranger = jitney::slack::identity::Stranger::Unknown { account: "U0EVE".to_owned() };
    let refused = ("nobody", home_refused(&words::stranger(&stranger)));
    out.iter().map(|(name, scene)| (*name, home(scene))).chain([refused]).collect()
}

#[test]
fn the_home_tab_shows_what_one_has_waits_for_and_can_decide() {
    let out: String = homes().iter().map(|(name, view)| format!("== {name}\n{}\n", picture(view))).collect();
    insta::assert_snapshot!(out);
}

#[test]
fn the_home_tab_always_fits_and_counts_what_it_leaves_out() {
    let evil = "<!channel> & <@U1|x> *b* `c` \u{202E}\u{200B}\u{0007}\n🦀é|>".repeat(150);
    let many = |state: State, first: u64| -> Vec<Request> {
        (0..150).map(|n| numbered(first + n, bad(state.clone(), &evil))).collect()
    };
    let mut open = many(State::Active { warned: false }, 1000);
    open.extend(many(pending(0), 2000));
    open.extend(many(revoking(true), 3000));
    let past: Vec<Request> = every_state(&evil).into_iter().flat_map(|state| many(state, 9000)).collect();
    let (asked, held) = (many(pending(1), 4000), many(State::Active { warned: true }, 5000));
    let away = Away { since: at(0), until: at(600), delegate: Some(id("erin")), because: Some(evil.clone()) };
    let away = words::away_now(&everybody(), &away);
    let view = home(&HomeScene { away: Some(&away), ..scene(&evil, [&open, &past, &asked, &held, &held]) });
    assert_eq!(check_view(&view), vec![]);
    check_texts(&view, "home");
    let bytes = view.to_string().len();
    assert!(bytes < 250_000, "{bytes} bytes");
    let shown = picture(&view);
    for more in ["and 288 more: `/jit list`", "and 140 more", "and 130 more"] {
        assert!(shown.contains(more), "{more} is not said");
    }
    assert!(shown.contains("As of"), "the last line is there");
}

#[test]
fn nothing_on_the_home_tab_is_markup_that_people_typed() {
    for seed in 0..40 {
        let evil = evil(&mut StdRng::seed_from_u64(3000 + seed));
        let all: Vec<Request> = every_state(&evil)
            .into_iter()
            .zip(1..)
            .map(|(state, n)| numbered(n, bad(state, &evil)))
            .collect();
        let view = home(&scene(&evil, [&all, &all[7..], &all[..2], &all[3..6], &all[3..6]]));
        check_texts(&view, &format!("seed {seed}"));
        assert_eq!(check_view(&view), vec![], "seed {seed}");
    }
}

/// Bob is Ann's manager, Carol is of the group that is asked too; Dana owns the app.
fn company() -> People {
    let people = everybody();
    let all = people.iter().cloned().map(|mut person: Person| {
        if person.id == id("ann") {
            person.manager = Some(id("bob"));
        }
        if person.id == id("carol") {
            person.groups.insert("dba".parse().unwrap());
        }
        person
    });
    // As old as it can be: what waits is shown all the same.
    People::new(all, at(0), Span::secs(1))
}

#[test]
fn what_waits_is_shown_to_those_who_could_decide_it() {
    let people = company();
    let whose = |story: Story| -> Vec<String> {
        let request = story.dossier.request;
        let can = |person: &&Person| is_to_decide(&request, &person.id, &people);
        people.iter().filter(can).map(|person| person.name.clone()).collect()
    };
    let with = |change: fn(&mut jitney::lifecycle::PendingState)| {
        let State::Pending(mut state) = pending(0) else { unreachable!() };
        change(&mut state);
        Story::new(State::Pending(state))
    };
    for (case, story, who) in [
        ("the first stage", Story::new(pending(0)), vec!["Bob", "Carol"]),
        ("who voted is done", Story::new(pending(0)).vote("bob", 0, 3), vec!["Carol"]),
        ("not twice in two stages", Story::new(pending(1)).vote("bob", 0, 3), vec!["Carol"]),
        ("escalated", with(|state| state.escalated = true), vec!["Bob", "Carol", "Dana"]),
        ("held", with(|state| state.held = true), vec![]),
        ("decided", active(), vec![]),
    ] {
        assert_eq!(whose(story), who, "{case}");
    }
}

#[test]
fn owners_see_who_has_access_to_their_apps_and_a_change_concerns_them_too() {
    let request = |state: State| Story::new(state).granted().dossier.request;
    for (state, shown) in [
        (State::Active { warned: false }, true),
        (State::Granting, true),
        (revoking(false), true),
        (pending(0), false),
        (State::Revoked { cause: EndCause::Expiry, recheck_at: None }, false),
    ] {
        assert_eq!(is_of_my_apps(&request(state.clone()), &id("dana")), shown, "{state:?}");
        assert!(!is_of_my_apps(&request(state), &id("bob")));
    }
    let own = Story::new(State::Active { warned: false }).with(|request| request.requester.id = id("dana"));
    assert!(!is_of_my_apps(&own.dossier.request, &id("dana")), "one's own stands above");

    let story = active().asked(0);
    let all: BTreeSet<PersonId> = concerned(&story.dossier).into_iter().cloned().collect();
    assert_eq!(all, ["ann", "bob", "carol", "dana", "erin"].map(id).into());
}
