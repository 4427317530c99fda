//! Times in which access may not begin: office hours, and a freeze.

use std::sync::Arc;

use jitney::engine::Verb;
use jitney::ids::RequestId;
use jitney::lifecycle::{Answer, DmKind, StateWord, View};
use jitney::policy::{Ask, Blackout, Calendar, PolicySet};
use jitney::time::{Span, Timestamp};
use jitney::zone::Zone;

use super::stage::{CARD, Journey};

const DECIDED: View = View::Dm { kind: DmKind::Decided, number: 1 };

/// Puts other policies in force.
fn change(j: &Journey, edit: impl FnOnce(&mut PolicySet)) {
    let mut policies = (*j.engine().policies()).clone();
    edit(&mut policies);
    j.engine().set_policies(Arc::new(policies));
}

fn freeze(from: Timestamp, until: Timestamp) -> Blackout {
    Blackout {
        from,
        until,
        zone: "Europe/Berlin".parse().unwrap(),
        because: "Release <!channel> freeze".to_owned(),
        apps: vec!["wiki".parse().unwrap()],
        roles: Vec::new(),
        risk: Vec::new(),
        break_glass: true,
        place: "policies/tiers.toml:40:1".to_owned(),
    }
}

/// Asks ahead of time; the request is approved.
async fn scheduled(j: &Journey, starts_at: Timestamp) -> RequestId {
    let ask = Ask {
        role: "wiki/read".parse().unwrap(),
        duration: Span::hours(1),
        starts_at: Some(starts_at),
        justification: "the quarterly clean-up of old pages".to_owned(),
        ticket: None,
        fields: Default::default(),
    };
    let Answer::Submitted { request, .. } = j.submit("ann", Verb::Ask(ask)).await else { panic!() };
    j.rest().await;
    j.approve("dana", request).await;
    j.is(request, StateWord::Scheduled).await;
    request
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outside_of_its_hours_a_role_says_when_it_opens_and_begins_then() {
    let j = Journey::start().await;
    // By the clock of UTC, from the second hour after this one on, for an hour.
    let opens = Zone::UTC.local(j.now() + Span::hours(2)).hour();
    let hours = format!("mon-sun {opens:02}:00-{opens:02}:59").parse().unwrap();
    let office = "office".parse().unwrap();
    let calendar = Calendar::new(office, Zone::UTC, vec![hours], [], "policies/tiers.toml:1:1".to_owned());
    let opens = calendar.opens_after(j.now()).unwrap();
    change(&j, |policies| {
        let wiki = policies.apps.get_mut(&"wiki".parse().unwrap()).unwrap();
        wiki.roles.get_mut(&"read".parse().unwrap()).unwrap().hours = Some(calendar.id.clone());
        policies.calendars.insert(calendar.id.clone(), calendar.clone());
    });
    let said = j.try_ask("ann", "wiki/read", "1h").await.unwrap_err();
    let opening = format!("it opens {}", calendar.moment(opens));
    assert!(said.contains("hours of wiki/read") && said.contains(&opening), "{said}");
    assert_eq!(j.all().await.len(), 0);
    assert_eq!(j.world.jira.issues().len(), 0, "a refusal is on no ticket");

    // For the opening it is given, and goes on after closing time.
    let id = scheduled(&j, opens + Span::mins(10)).await;
    j.pass(opens.since(j.now()) + Span::mins(11)).await;
    j.is(id, StateWord::Active).await;
    j.pass(Span::mins(50)).await;
    assert!(!calendar.is_open(j.now()));
    j.is(id, StateWord::Active).await;
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_approved_after_closing_time_does_not_begin() {
    let j = Journey::start().await;
    let id = j.ask("ann", "wiki/read", "1h").await;
    let until = j.now() + Span::days(2);
    change(&j, |policies| policies.blackouts.push(freeze(j.now(), until)));
    let said = j.approve("dana", id).await;
    assert!(said.contains("Release") && !said.contains("<!channel>"), "{said}");
    j.is(id, StateWord::Denied).await;
    let told = j.words(id, DECIDED).await;
    assert!(told.contains("a start from"), "{told}");
    assert_eq!(j.logins(), Vec::<String>::new());
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_freeze_that_came_after_the_approval_stops_a_scheduled_start_and_leaves_active_access_alone() {
    let j = Journey::start().await;
    let active = j.granted("frank", "wiki/read", "8h", "erin").await;
    let start = j.now() + Span::hours(3);
    let id = scheduled(&j, start).await;
    let until = start + Span::hours(1);
    change(&j, |policies| policies.blackouts.push(freeze(start - Span::mins(5), until)));
    // What starts after it may be asked for meanwhile; what starts in it may not.
    j.pass(Span::hours(3)).await;
    j.is(id, StateWord::Denied).await;
    let told = j.words(id, DECIDED).await;
    assert!(told.contains("freeze") && told.contains("it lasts from"), "{told}");
    assert!(j.words(id, CARD).await.contains("Denied"));
    let said = j.try_ask("ann", "wiki/read", "1h").await.unwrap_err();
    assert!(said.contains("freeze") && said.contains("a start from"), "{said}");
    j.is(active, StateWord::Active).await;
    let later = scheduled(&j, until).await;
    j.pass(Span::hours(1)).await;
    j.is(later, StateWord::Active).await;
    j.until_over().await;
    j.came_and_went_once(active).await;
    j.came_and_went_once(later).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_a_decision_conflicts_too() {
    let j = Journey::start().await;
    let first = j.ask("ann", "wiki/admin", "1h").await;
    j.is(first, StateWord::Pending).await;
    let said = j.try_ask("ann", "reports/view", "1h").await.unwrap_err();
    assert!(said.contains("wiki/admin is held or asked for"), "{said}");
    j.submit("ann", Verb::Withdraw { request: first, reason: None }).await;
    j.ask("ann", "reports/view", "1h").await;
    j.until_over().await;
    j.end().await;
}
