//! The ticket that a requester names: looked at before anybody is asked, and shown with its status.

use std::time::Duration;

use jitney::ids::RequestId;
use jitney::lifecycle::{DmKind, StateWord, View};
use jitney::playground::jira::{Fault, LocalCall};
use jitney::playground::people::ACCESS_CHANNEL;
use jitney::time::Span;

use super::stage::{APPROVAL, CARD, Journey, account, request_in};

/// Fills in the form by a command, and sends it: the request, or what the form says instead.
async fn asks(j: &Journey, who: &str, line: &str) -> Result<RequestId, String> {
    let seen = j.slack().say_slash(&account(who), ACCESS_CHANNEL, line).await.unwrap();
    assert!(seen.modal.is_some(), "no form opened: {seen:?}");
    let said = j.send_form(who).await;
    j.rest().await;
    said.map(|words| request_in(&words))
}

fn reading(ticket: &str) -> String {
    format!("/jit request wiki/read for 1h because the runbook is wrong, {ticket}")
}

/// Changes a role of the wiki before the bot starts.
async fn with_wiki(from: &'static str, to: &'static str) -> Journey {
    let prepare = move |folder: &std::path::Path| {
        let file = folder.join("policies/wiki.toml");
        let wiki = std::fs::read_to_string(&file).unwrap();
        assert!(wiki.contains(from));
        std::fs::write(&file, wiki.replacen(from, to, 1)).unwrap();
    };
    Journey::start_with(|_| (), prepare).await
}

const READ: &str = "tier             = \"manager\"\n";
const READ_REQUIRED: &str = "tier             = \"manager\"\nticket           = \"required\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_card_and_the_ticket_show_what_was_named_and_where_it_stood() {
    let j = Journey::start().await;
    let id = asks(&j, "ann", &reading("INC-42")).await.unwrap();
    for view in [CARD, APPROVAL] {
        let said = j.words(id, view).await;
        let has = said.contains("INC-42") && said.contains("The on-call runbook is wrong");
        assert!(view != CARD || (has && said.contains("In Progress")), "{said}");
    }
    let issue = j.dossier(id).await.issue.unwrap();
    let comments = j.world.jira.comments(issue.as_str());
    assert!(
        comments[0].text.contains("For INC-42, “The on-call runbook is wrong”, which was In Progress at"),
        "{}",
        comments[0].text
    );
    // It is told as of then, whatever becomes of it.
    j.world.jira.drag("INC-42", "Done");
    j.approve("dana", id).await;
    j.is(id, StateWord::Active).await;
    assert!(j.words(id, CARD).await.contains("In Progress"));
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_that_is_over_missing_or_somebody_elses_is_refused_on_the_form() {
    let j = Journey::start().await;
    let first = j.ask("frank", "wiki/read", "1h").await;
    let own = j.dossier(first).await.issue.unwrap().to_string();
    let before = j.all().await.len();
    for (ticket, why) in [
        ("INC-41", "INC-41 is over: Done"),
        ("OPS-999", "there is no ticket OPS-999 that Jitney may see"),
        ("OPS-311", "OPS-311 is somebody else's"),
        (own.as_str(), "is a ticket that Jitney keeps on a request for access"),
    ] {
        let said = asks(&j, "ann", &reading(ticket)).await.unwrap_err();
        assert!(said.contains(why) && said.contains("ticket of wiki/read"), "{ticket}: {said}");
    }
    assert_eq!(j.all().await.len(), before);
    j.deny("erin", first, "not today, please").await;
    // Whose ticket it is may name it; so may who works on it.
    for (who, ticket) in [("frank", "OPS-311"), ("ann", "INC-7")] {
        asks(&j, who, &reading(ticket)).await.unwrap();
    }
    j.until_over().await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_may_take_anybodys_ticket() {
    let j = with_wiki(READ, "tier             = \"manager\"\nticket_of        = \"anyone\"\n").await;
    asks(&j, "ann", &reading("OPS-311")).await.unwrap();
    let said = asks(&j, "frank", &reading("INC-41")).await.unwrap_err();
    assert!(said.contains("INC-41 is over"), "{said}");
    j.until_over().await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_jira_is_down_a_ticket_that_is_demanded_can_not_be_named() {
    let j = with_wiki(READ, READ_REQUIRED).await;
    j.world.jira.down(true);
    let said = asks(&j, "ann", &reading("INC-42")).await.unwrap_err();
    assert!(said.contains("Jira did not answer, so INC-42 could not be looked at"), "{said}");
    assert!(said.contains("once more in a few minutes"), "{said}");
    assert_eq!(j.all().await.len(), 0);
    j.world.jira.down(false);
    let id = asks(&j, "ann", &reading("INC-42")).await.unwrap();
    assert!(j.words(id, CARD).await.contains("The on-call runbook is wrong"));
    j.until_over().await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_jira_is_down_or_slow_others_are_taken_on_and_say_that_nobody_looked() {
    let j = Journey::start().await;
    j.world.jira.fail_next_call(LocalCall::ReadIssue, 1, Fault::Slow(Duration::from_secs(30)));
    let slow = asks(&j, "ann", &reading("INC-42")).await.unwrap();
    assert!(j.words(slow, CARD).await.contains("not looked at: Jira did not answer"));
    j.world.jira.down(true);
    let line = "/jit emergency wiki/admin because the front page is down INC-7";
    let glass = asks(&j, "frank", line).await.unwrap();
    j.is(glass, StateWord::Active).await;
    let told = j.words(glass, View::Security).await;
    assert!(told.contains("INC-7") && told.contains("not looked at"), "{told}");
    j.world.jira.down(false);
    j.pass(Span::mins(10)).await;
    let issue = j.dossier(glass).await.issue.unwrap();
    let comments = j.world.jira.comments(issue.as_str());
    assert!(comments[0].text.contains("INC-7, which could not be looked at at"), "{}", comments[0].text);
    j.until_over().await;
    j.end().await;
}

/// An incident is often reported by others, and over before its cause is; but it must be one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_break_glass_takes_anybodys_incident_and_none_that_is_not_there() {
    let j = Journey::start().await;
    let glass = |ticket: &str| format!("/jit emergency wiki/admin because the front page is down {ticket}");
    let said = asks(&j, "frank", &glass("INC-999")).await.unwrap_err();
    assert!(said.contains("there is no ticket INC-999"), "{said}");
    let id = asks(&j, "frank", &glass("INC-41")).await.unwrap();
    let told = j.words(id, View::Security).await;
    assert!(told.contains("The wiki was slow on Monday") && told.contains("Done"), "{told}");
    j.until_over().await;
    j.end().await;
}

const DECIDED: View = View::Dm { kind: DmKind::Decided, number: 1 };

fn later(ticket: &str) -> String {
    format!("/jit request wiki/read from tomorrow 9:00 for 4h because the runbook is moved then, {ticket}")
}

/// Asks for tomorrow, and has it approved.
async fn scheduled(j: &Journey, who: &str, ticket: &str) -> RequestId {
    let id = asks(j, who, &later(ticket)).await.unwrap();
    j.approve(if who == "frank" { "erin" } else { "dana" }, id).await;
    j.is(id, StateWord::Scheduled).await;
    id
}

/// Lets the time pass until a minute after its start.
async fn come_to_its_start(j: &Journey, id: RequestId) {
    let starts_at = j.dossier(id).await.request.ask.starts_at.unwrap();
    j.pass(starts_at.since(j.now()) + Span::secs(30)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_that_is_over_or_somebody_elses_by_its_start_starts_nothing() {
    let j = with_wiki(READ, READ_REQUIRED).await;
    let over = scheduled(&j, "ann", "INC-42").await;
    assert!(j.world.jira.drag("INC-42", "Done"));
    come_to_its_start(&j, over).await;
    j.is(over, StateWord::Denied).await;
    let told = j.words(over, DECIDED).await;
    assert!(told.contains("Could not start") && told.contains("INC-42 is over: Done"), "{told}");
    assert!(told.contains("a ticket that is open") && told.contains("ticket of wiki/read"), "{told}");
    assert!(format!("{:?}", j.dossier(over).await.entries).contains("INC-42 is over: Done"));

    let taken = scheduled(&j, "ann", "INC-7").await;
    assert!(j.world.jira.assign("INC-7", "acc:frank@example.com"));
    come_to_its_start(&j, taken).await;
    j.is(taken, StateWord::Denied).await;
    let told = j.words(taken, DECIDED).await;
    assert!(told.contains("INC-7 is somebody else's"), "{told}");
    assert_eq!(j.logins(), Vec::<String>::new());

    // What is as it was starts.
    let fine = scheduled(&j, "frank", "OPS-311").await;
    come_to_its_start(&j, fine).await;
    j.is(fine, StateWord::Active).await;
    j.until_over().await;
    j.came_and_went_once(fine).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_waits_while_jira_does_not_answer_and_not_for_ever() {
    let mut j = with_wiki(READ, READ_REQUIRED).await;
    let late = scheduled(&j, "ann", "INC-42").await;
    j.world.jira.down(true);
    come_to_its_start(&j, late).await;
    j.pass(Span::mins(5)).await;
    j.is(late, StateWord::Scheduled).await;
    assert_eq!(j.logins(), Vec::<String>::new(), "nothing without a look");
    j.world.crash_and_restart().await.unwrap();
    j.pass(Span::mins(5)).await;
    j.is(late, StateWord::Scheduled).await;
    j.world.jira.down(false);
    j.pass(Span::mins(2)).await;
    j.is(late, StateWord::Active).await;
    let starts_at = j.dossier(late).await.request.ask.starts_at.unwrap();
    assert!(j.expires_at(late).await <= starts_at + Span::hours(4), "it ends when it was to end");
    j.until_over().await;

    let never = scheduled(&j, "ann", "INC-42").await;
    j.world.jira.down(true);
    come_to_its_start(&j, never).await;
    j.pass(Span::mins(16)).await;
    j.is(never, StateWord::Denied).await;
    let told = j.words(never, DECIDED).await;
    assert!(told.contains("Jira did not answer, so INC-42 could not be looked at"), "{told}");
    j.world.jira.down(false);
    j.until_over().await;
    j.came_and_went_once(late).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_that_need_not_be_named_holds_no_start_up_while_jira_does_not_answer() {
    let j = Journey::start().await;
    let id = scheduled(&j, "ann", "INC-42").await;
    j.world.jira.down(true);
    come_to_its_start(&j, id).await;
    j.is(id, StateWord::Active).await;
    j.world.jira.down(false);
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}
