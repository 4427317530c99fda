//! What people read while they look for a role, and the choices that the search offers.

use std::collections::BTreeMap;

use jitney::engine::{Kept, Refused, Verb};
use jitney::ids::{RequestId, RoleRef};
use jitney::lifecycle::{Actor, EndCause, Refusal, State, What};
use jitney::playground::slack::check_options;
use jitney::policy::{ApproverRef, People, Reason, ReasonCode, Risk, RoleMatch, StageApprovers, Verdict};
use jitney::slack::free_words::NoMoment;
use jitney::slack::views::{self, Said};
use jitney::slack::{modal, words};
use jitney::time::Span;

use crate::jira::samples::every_entry;

use super::people::{Story, at, everybody, id, pending, policies, revoking, tier};

fn found(app: usize, role: usize, risk: Risk) -> RoleMatch {
    RoleMatch {
        role: format!("app-{app}/role-{role}").parse().unwrap(),
        app_name: format!("App {app}"),
        role_name: format!("Role {role}"),
        gives: format!("What role {role} gives"),
        risk,
        eligible: role != 3,
    }
}

/// The choices as a few lines.
fn picture(answer: &serde_json::Value) -> String {
    let mut out = String::new();
    for group in answer["option_groups"].as_array().into_iter().flatten() {
        out += &format!("{}\n", group["label"]["text"].as_str().unwrap());
        for option in group["options"].as_array().unwrap() {
            let text = |at: &str| option.pointer(at).unwrap().as_str().unwrap();
            out += &format!("  {} = {}: {}\n", text("/text/text"), text("/value"), text("/description/text"));
        }
    }
    out
}

#[test]
fn choices_stand_by_app_with_what_is_held_marked() {
    insta::assert_snapshot!(picture(&choices()));
}

pub(super) fn choices() -> serde_json::Value {
    let all =
        [found(2, 1, Risk::Low), found(1, 3, Risk::Low), found(2, 2, Risk::High), found(1, 1, Risk::Low)];
    let mark = |state| words::held(&Story::new(state).granted().dossier.request);
    let held: BTreeMap<RoleRef, String> = BTreeMap::from([
        (all[0].role.clone(), mark(State::Active { warned: false })),
        (all[2].role.clone(), mark(pending(0))),
    ]);
    modal::options(&all, &held)
}

#[test]
fn any_number_of_roles_fits_into_slacks_limits_and_the_rest_is_counted() {
    for (apps, roles) in [(1, 1), (1, 100), (1, 101), (1, 500), (120, 1), (500, 1), (50, 10), (3, 50)] {
        let mut all: Vec<RoleMatch> = Vec::new();
        for app in 0..apps {
            all.extend((0..roles).map(|role| {
                let mut one = found(app, role, Risk::Low);
                one.app_name = format!("{} <!channel> {}", "a long name ".repeat(20), one.app_name);
                one.gives = "🦀".repeat(300);
                one
            }));
        }
        let answer = modal::options(&all, &BTreeMap::new());
        assert_eq!(check_options(&answer), vec![], "{apps} × {roles}");
        let groups = answer["option_groups"].as_array().unwrap();
        let shown: usize = groups.iter().map(|group| group["options"].as_array().unwrap().len()).sum();
        assert_eq!(shown, all.len().min(100), "{apps} × {roles}");
        let last = groups.last().unwrap()["label"]["text"].as_str().unwrap();
        match all.len() - shown {
            0 => assert!(!last.contains("more role"), "{last}"),
            hidden => assert!(last.contains(&format!("{hidden} more role")), "{last}"),
        }
    }
    assert_eq!(check_options(&modal::options(&[], &BTreeMap::new())), vec![]);
}

fn reason(code: ReasonCode) -> Reason {
    Reason {
        code,
        rule: "never[0] of billing/read (policies/billing.toml:19:1)".to_owned(),
        saw: "employment is contractor".to_owned(),
        wants: "employment other than contractor".to_owned(),
    }
}

#[test]
fn the_way_to_approval_is_told_by_name() {
    let people = everybody();
    let asked = |names: &[&str], from_fallback| StageApprovers {
        asked: names.iter().map(|name| id(name)).collect(),
        from_fallback,
        ..StageApprovers::default()
    };
    let one = |names: &[&str]| vec![asked(names, false), asked(&["dana"], true)];
    let many: Vec<String> = (0..9).map(|n| format!("n{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut asks = tier();
    asks.auto_under = None;
    let mut nobody = tier();
    nobody.stages = vec![];
    let mut out = String::new();
    for (tier, stages, longest) in [
        (&tier(), one(&["bob"]), Span::hours(8)),
        (&tier(), one(&["bob"]), Span::mins(15)),
        (&asks, one(&["bob", "carol"]), Span::hours(8)),
        (&asks, one(&many), Span::hours(8)),
        (&asks, one(&[]), Span::hours(8)),
        (&nobody, vec![], Span::hours(8)),
    ] {
        out += &format!("{}\n", words::approval_path(&people, tier, &stages, longest));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn what_is_said_while_somebody_looks_for_a_role() {
    let mut out = sayings();
    let states = [
        pending(0),
        State::Scheduled { starts_at: at(60) },
        State::Granting,
        revoking(false),
        State::Revoked { cause: EndCause::Released, recheck_at: None },
    ];
    out.extend(states.map(|state| words::held(&Story::new(state).granted().dossier.request)));
    insta::assert_snapshot!(out.join("\n\n"));
}

/// Some are messages of their own, others are notes in the form.
pub(super) fn sayings() -> Vec<String> {
    let roles = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect::<Vec<RoleRef>>();
    let held = [Story::new(State::Active { warned: false }).granted(), Story::new(pending(0))];
    let held: Vec<&_> = held.iter().map(|story| &story.dossier.request).collect();
    let at_role: RoleRef = "billing/read".parse().unwrap();
    let title = "Billing database · Read only";
    let granted = Verdict::Granted(vec![reason(ReasonCode::Eligible)]);
    let refused = Verdict::Refused(reason(ReasonCode::Never), vec![reason(ReasonCode::Justification)]);
    let only_form = Verdict::Refused(reason(ReasonCode::Ticket), vec![]);
    let hour = Span::hours(1);
    vec![
        words::answer_broke_glass(RequestId::from_number(1042)),
        words::catalogue(&["Billing database".to_owned(), "Legacy wiki".to_owned()], 3),
        words::catalogue(&["Legacy wiki".to_owned()], 1),
        words::catalogue(&[], 0),
        words::catalogue_held(&held),
        words::more_roles(1),
        words::more_roles(400),
        words::others_fit(&found(1, 1, Risk::Low), &[found(1, 2, Risk::Low), found(2, 1, Risk::High)]),
        words::barred_fit("/jit", &roles(&["wiki/admin", "wiki/edit"])),
        words::only_barred("/jit", &roles(&["wiki/admin"])),
        words::starts_when("from tomorrow 9:00", at(30)),
        words::ends_when("until 17:00", at(60), Span::mins(90), false),
        words::ends_when("until fri", at(60), Span::hours(8), true),
        words::no_moment("today 9:00", NoMoment::Past),
        words::no_moment("on 1 june", NoMoment::TooFar),
        words::no_zone(),
        words::again(held[0]),
        words::nothing_again("/jit", ""),
        words::nothing_again("/jit", "billing"),
        words::again_open("/jit", held[0]),
        words::again_refused(held[0], &[&reason(ReasonCode::Never)]),
        words::last_refused("/jit", &refusals()[0]),
        words::nothing_refused("/jit"),
        words::unknown_beneficiary("U0EVE"),
        words::dm_not_started(held[0], at(600), "department is Sales"),
        words::length_too_long("for ever"),
        words::length_cut(Span::hours(12), Span::hours(8)),
        words::retired(&at_role, Some("reports/view has them, too")),
        words::retired(&at_role, None),
        words::about_message("https://example.slack.com/archives/C1/p17"),
        words::no_link(),
        words::why(&at_role, title, &granted, hour, "It needs approval by *Bob*.", None),
        words::why(&at_role, title, &refused, hour, "It needs approval by *Bob*.", Some(held[0])),
        words::why(&at_role, title, &only_form, hour, "", None),
        words::status_head(held[0]),
        words::status_facts(held[0]),
        words::status_waits(&everybody(), &[id("bob"), id("erin")], at(0)),
        words::status_not_yours(held[0].id),
        words::unknown_holder("U0EVE"),
        words::nothing_to_revoke("Ann", "wiki/read"),
        words::which_to_revoke("/jit", "Ann", &held),
    ]
}

/// What was tried and refused.
fn refusals() -> Vec<Refused> {
    let ask = Story::new(pending(0)).dossier.request.ask;
    let by = |who: &str| Actor::Person { id: id(who), name: who.to_owned() };
    let rules = Refusal::Rules(vec![reason(ReasonCode::OwnRequest)]);
    vec![
        Refused { at: at(1), by: by("ann"), verb: Verb::Ask(ask), refusal: rules.clone() },
        Refused {
            at: at(2),
            by: by("ann"),
            verb: Verb::Approve { request: "R1042".parse().unwrap(), at_most: None },
            refusal: rules,
        },
        Refused {
            at: at(3),
            by: by("frank"),
            verb: Verb::Release { request: "R1042".parse().unwrap() },
            refusal: Refusal::NotYours { request: "R1042".parse().unwrap() },
        },
    ]
}

/// A request with every kind of decision, and with refusals.
pub(super) fn kept() -> Said {
    let mut story = Story::new(State::Active { warned: false }).granted();
    let mut tier = tier();
    tier.stages[0].approvers = vec![ApproverRef::Manager, ApproverRef::Owners];
    tier.stages[0].fallback = vec![ApproverRef::Group("security".parse().unwrap())];
    tier.stages[0].place = "tiers.toml:9:1".to_owned();
    story.dossier.request.terms.tier = tier;
    story.dossier.request.terms.owners = vec![id("bob")];
    story.dossier.request.requester.manager = Some(id("dana"));
    for (number, mut entry) in every_entry().into_iter().enumerate() {
        entry.because = vec![reason(ReasonCode::Approver)];
        entry.at = at(10 + u64::try_from(number).unwrap());
        if let What::ApprovalWanted { asked, .. } = &mut entry.what {
            *asked = vec![id("dana"), id("bob")];
        }
        story.dossier.entries.push(entry);
    }
    views::kept(&everybody(), &Kept::new(&story.dossier, &refusals()[1..]))
}

#[test]
fn who_decided_what_is_told_with_its_rules() {
    let said = kept();
    let pages: Vec<&str> = said.blocks.iter().map(|block| block["text"]["text"].as_str().unwrap()).collect();
    insta::assert_snapshot!(pages.join("\n"));
}

#[test]
fn the_form_says_what_the_role_gives_and_who_is_asked() {
    let set = policies();
    let people = People::new(everybody().iter().cloned(), at(0), hour());
    let draft = modal::Draft {
        role: Some("billing/read".parse().unwrap()),
        ticket: Some("OPS-311".parse().unwrap()),
        ..modal::Draft::default()
    };
    let form = modal::request(&set, &people, &id("ann"), &draft).to_string();
    for part in
        ["SELECT on every table", "At most 8 hours", "there is nobody to ask", "field:schema", "OPS-311"]
    {
        assert!(form.contains(part), "{part}: {form}");
    }
    // A role without a field for a ticket has it in the reason.
    let mut set = set;
    let app = set.apps.values_mut().next().unwrap();
    app.roles.values_mut().for_each(|role| role.ticket = jitney::policy::TicketRule::None);
    let form = modal::request(&set, &people, &id("ann"), &draft);
    let why = form["blocks"].as_array().unwrap().iter().find(|block| block["block_id"] == "why").unwrap();
    assert_eq!(why["element"]["initial_value"], "OPS-311");
}

fn hour() -> Span {
    Span::hours(1)
}
