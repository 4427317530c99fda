//! Break-glass: taken with a command, told loudly, ended and verified like any access, and reviewed by somebody else.

use std::collections::BTreeSet;

use jitney::engine::Verb;
use jitney::ids::RequestId;
use jitney::lifecycle::{DmKind, State, StateWord, View, WithdrawCause};
use jitney::playground::people::{ACCESS_CHANNEL, SECURITY_CHANNEL};
use jitney::time::Span;

use super::stage::{Journey, account, person, request_in};

const SECURITY: View = View::Security;
const ASKED: View = View::Review { number: 1 };

/// Types the command, which says all, and sends the form that it opens.
async fn breaks_glass(j: &Journey, who: &str, role: &str) -> Result<RequestId, String> {
    let line = format!("/jit emergency {role} because the front page is down INC-7");
    let seen = j.slack().say_slash(&account(who), ACCESS_CHANNEL, &line).await.unwrap();
    assert!(seen.modal.is_some(), "no form opened: {seen:?}");
    let said = j.send_form(who).await;
    j.rest().await;
    said.map(|words| {
        assert!(words.contains("at once, without approval"), "{words}");
        request_in(&words)
    })
}

/// Reviews it from a message.
async fn reviews(j: &Journey, who: &str, id: RequestId, view: View, found: &str) -> String {
    let click = j.remember(who, id, view, "jit_review").await;
    let _ = j.slack().click_stale(&click).await;
    j.modal(who, "Review a break-glass").await;
    j.slack().fill(&account(who), "found", found).await.unwrap();
    j.slack().fill(&account(who), "finding", "The pager log agrees.").await.unwrap();
    let said = j.send_form(who).await.unwrap();
    j.rest().await;
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_at_once_is_told_ends_is_verified_and_is_reviewed() {
    let j = Journey::start().await;
    let id = breaks_glass(&j, "ann", "wiki/admin").await.unwrap();
    j.is(id, StateWord::Active).await;
    let request = j.dossier(id).await.request;
    assert_eq!(request.ask.duration, Span::mins(30), "the role's usual length");
    assert_eq!(request.ask.ticket.unwrap().as_str(), "INC-7");

    let told = j.words(id, SECURITY).await;
    for part in ["Break-glass", "Ann", "the front page is down", "INC-7", "Active"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let asked = j.message(id, ASKED).await.unwrap();
    assert_eq!(asked.channel, SECURITY_CHANNEL);
    assert_eq!(asked.thread_ts, Some(j.message(id, SECURITY).await.unwrap().ts));
    assert!(asked.words().contains("please review"), "{}", asked.words());

    j.pass(Span::hours(1) + Span::mins(3)).await;
    j.came_and_went_once(id).await;
    let told = j.words(id, SECURITY).await;
    assert!(told.contains("seen gone"), "{told}");

    let said = reviews(&j, "dana", id, SECURITY, "Justified").await;
    assert!(said.contains("written down: justified"), "{said}");
    let told = j.message(id, SECURITY).await.unwrap();
    assert!(told.words().contains("Reviewed"), "{}", told.words());
    assert!(!serde_json::to_string(&told.blocks).unwrap().contains("jit_"), "a record has no buttons");
    let asked = j.message(id, ASKED).await.unwrap();
    assert!(!serde_json::to_string(&asked.blocks).unwrap().contains("jit_"), "{}", asked.words());
    let heard = j.words(id, View::Dm { kind: DmKind::Reviewed, number: 1 }).await;
    assert!(heard.contains("Justified"), "{heard}");
    assert_eq!(j.times(id, "reviewed").await, 1);
    j.until_over().await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_reviews_their_own_break_glass_nor_that_of_an_app_of_others() {
    let j = Journey::start().await;
    let id = breaks_glass(&j, "ann", "wiki/admin").await.unwrap();
    let said = j.click("ann", id, SECURITY, "jit_review").await;
    assert!(said.contains("nobody reviews their own break-glass"), "{said}");
    let said = j.click("frank", id, SECURITY, "jit_review").await;
    assert!(said.contains("frank@example.com is not one of them"), "{said}");
    // The form is no door around it.
    let found = jitney::lifecycle::ReviewFinding::Justified;
    for who in ["ann", "frank"] {
        let verb = Verb::Review { request: id, found, finding: "fine".to_owned() };
        let answer = j.submit(who, verb).await;
        assert!(format!("{answer:?}").contains("Refused"), "{who}: {answer:?}");
    }
    assert_eq!(j.times(id, "reviewed").await, 0);
    j.pass(Span::hours(2)).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_review_that_is_missing_is_asked_for_ever_louder_and_refuses_the_next_break_glass() {
    let j = Journey::start().await;
    let id = breaks_glass(&j, "ann", "wiki/admin").await.unwrap();
    let due = j.dossier(id).await.request.review_due_at.unwrap();
    assert_eq!(due.since(j.now()).as_secs() / 3600, 71, "three days, less a moment");
    j.pass(Span::hours(37)).await;
    assert!(j.words(id, View::Review { number: 2 }).await.contains("still waits"));
    j.pass(Span::hours(12)).await;
    assert!(j.words(id, View::Review { number: 3 }).await.contains("still waits"));
    assert_eq!(j.times(id, "review_overdue").await, 0);

    j.pass(Span::hours(23)).await;
    assert!(j.words(id, View::Review { number: 4 }).await.contains("Overdue"));
    assert!(j.words(id, SECURITY).await.contains("overdue"));
    let owners = j.dossier(id).await.request.terms.owners;
    let owner = u32::try_from(owners.iter().position(|owner| *owner != person("ann")).unwrap() + 1).unwrap();
    let copy = View::ReviewCopy { number: 4, owner };
    assert!(j.words(id, copy).await.contains("You own this app"));
    let refused = breaks_glass(&j, "ann", "wiki/admin").await.unwrap_err();
    assert!(refused.contains(&format!("the review of {id} was due")), "{refused}");
    assert!(refused.contains("bob@example.com"), "it says who can do it: {refused}");

    // For two weeks, once a day; then it stays overdue in silence.
    j.until_over().await;
    let numbers: BTreeSet<u32> = j
        .dossier(id)
        .await
        .messages
        .keys()
        .filter_map(|view| if let View::Review { number } = view { Some(*number) } else { None })
        .collect();
    assert_eq!(numbers, (1..=18).collect());
    assert_eq!(j.times(id, "review_overdue").await, 1, "the ticket hears it once");

    let owner = owners[owner as usize - 1].as_str().split('@').next().unwrap().to_owned();
    reviews(&j, &owner, id, copy, "Not justified").await;
    assert!(j.words(id, View::Finding).await.contains("Not justified"));
    let next = breaks_glass(&j, "ann", "wiki/admin").await.unwrap();
    j.is(next, StateWord::Active).await;
    reviews(&j, "dana", next, ASKED, "Justified").await;
    j.until_over().await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_approval_can_be_had_at_once_instead() {
    let j = Journey::start().await;
    let line = "/jit request wiki/admin for 2h because the front page is down INC-7";
    j.slack().say_slash(&account("ann"), ACCESS_CHANNEL, line).await.unwrap();
    let sent = j.slack().submit(&account("ann")).await.unwrap();
    let jitney::playground::slack::Submitted::Updated(window) = sent else { panic!("{sent:?}") };
    let waiting = request_in(&window.words());
    j.rest().await;
    j.is(waiting, StateWord::Pending).await;
    // The window that says so has a button, which turns it into the other form, filled in.
    let place = jitney::playground::slack::Place::Modal;
    let which = jitney::playground::slack::Which::action("jit_emergency");
    let click = j.slack().remember_click(&account("ann"), &place, &which, None).unwrap();
    j.slack().click_stale(&click).await;
    let form = j.modal("ann", "Emergency access").await;
    assert!(form.contains("without approval"), "{form}");
    let id = request_in(&j.send_form("ann").await.unwrap());
    j.rest().await;
    j.is(id, StateWord::Active).await;
    let State::Withdrawn { cause, .. } = j.dossier(waiting).await.request.state else {
        panic!("not taken back")
    };
    assert_eq!(cause, WithdrawCause::Superseded);
    j.pass(Span::hours(2)).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drill_is_all_of_it_but_the_access() {
    let j = Journey::start().await;
    let waiting = j.ask("ann", "wiki/admin", "1h").await;
    let line = "/jit emergency drill wiki/admin because we practise, INC-8";
    j.slack().say_slash(&account("ann"), ACCESS_CHANNEL, line).await.unwrap();
    let form = j.modal("ann", "Emergency DRILL").await;
    assert!(form.contains("everything but the access"), "{form}");
    j.world.pass(Span::secs(40)).await.unwrap();
    let said = j.send_form("ann").await.unwrap();
    assert!(said.contains("DRILL over"), "{said}");
    assert!(said.contains("40 seconds after the form was opened"), "{said}");
    let drill = request_in(&said);
    j.rest().await;

    let request = j.dossier(drill).await.request;
    let State::Withdrawn { cause: WithdrawCause::Drill, .. } = request.state else {
        panic!("{:?}", request.state)
    };
    assert!(request.kind.is_drill() && request.steps.is_empty() && request.credential.is_none());
    let told = j.words(drill, SECURITY).await;
    assert!(told.contains("DRILL, nothing was given") && told.contains("40 seconds"), "{told}");
    assert_eq!(std::fs::read(j.world.folder().join("htpasswd")).unwrap(), j.htpasswd_at_first);
    let title = format!("{drill} · DRILL of break-glass");
    assert_eq!(j.world.jira.issues().iter().filter(|issue| issue.summary.starts_with(&title)).count(), 1);
    j.is(waiting, StateWord::Pending).await;

    // Beside a real one, and reviewed like one; an overdue review of a drill refuses nothing.
    j.pass(Span::days(4)).await;
    assert_eq!(j.times(drill, "review_overdue").await, 1);
    let real = breaks_glass(&j, "ann", "wiki/admin").await.unwrap();
    j.is(real, StateWord::Active).await;
    let said = reviews(&j, "dana", drill, SECURITY, "Needs follow-up").await;
    assert!(said.contains("needs follow-up"), "{said}");
    reviews(&j, "bob", real, SECURITY, "Justified").await;
    j.until_over().await;
    j.end().await;
}
