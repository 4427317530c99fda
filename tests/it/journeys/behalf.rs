//! Access that somebody asks for somebody else: confirmed, declined, not answered; and who asked decides nothing.

use jitney::engine::Verb;
use jitney::ids::RequestId;
use jitney::lifecycle::{Answer, DmKind, Refusal, StateWord, View};
use jitney::playground::people::ACCESS_CHANNEL;
use jitney::policy::ReasonCode;
use jitney::time::Span;

use super::stage::{ACTIVE, APPROVAL, CARD, Journey, account, person, request_in};

const CONFIRM: View = View::Dm { kind: DmKind::Confirm, number: 1 };
const ASKER: View = View::Dm { kind: DmKind::Asker, number: 1 };

/// Types the command, and sends the form that it opens.
async fn asks_for(j: &Journey, who: &str, whom: &str, role: &str) -> RequestId {
    let line = format!("/jit request {role} for @{whom} for 1h because the runbook must be moved");
    let seen = j.slack().say_slash(&account(who), ACCESS_CHANNEL, &line).await.unwrap();
    assert!(seen.modal.is_some(), "no form opened: {:?}", seen.told);
    let said = j.send_form(who).await.unwrap();
    assert!(said.contains("nobody is asked to approve it before they confirm"), "{said}");
    j.rest().await;
    request_in(&said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_for_somebody_else_waits_for_them_and_is_theirs() {
    let j = Journey::start().await;
    let id = asks_for(&j, "bob", "ann", "wiki/read").await;
    let request = j.dossier(id).await.request;
    assert_eq!((&request.requester.id, &request.asked_by.unwrap().id), (&person("ann"), &person("bob")));
    assert!(j.message(id, CARD).await.is_none(), "no approver hears of it yet");
    assert!(j.words(id, CONFIRM).await.contains("Bob asks for"), "{}", j.words(id, CONFIRM).await);
    assert!(j.words(id, ASKER).await.contains("Waiting for confirmation"));
    let early = j.submit("dana", Verb::Approve { request: id, at_most: None }).await;
    assert!(matches!(early, Answer::Refused(Refusal::Unconfirmed { .. })), "{early:?}");
    let others = j.submit("bob", Verb::Confirm { request: id, agrees: true }).await;
    assert!(matches!(others, Answer::Refused(Refusal::NotYours { .. })), "{others:?}");

    let said = j.click("ann", id, CONFIRM, "jit_confirm").await;
    assert!(said.contains("is on its way"), "{said}");
    j.rest().await;
    assert!(j.words(id, CARD).await.contains("Asked by* Bob"), "{}", j.words(id, CARD).await);
    // Who asked decides nothing.
    let own = j.click("bob", id, APPROVAL, "jit_approve").await;
    assert!(own.contains("nobody decides on what they asked for"), "{own}");
    j.approve("dana", id).await;
    j.is(id, StateWord::Active).await;
    assert!(j.words(id, ASKER).await.contains("Active"), "{}", j.words(id, ASKER).await);
    // The credential is for the one whose access it is.
    let reveal = j.submit("bob", Verb::Reveal { request: id }).await;
    assert!(matches!(reveal, Answer::Refused(Refusal::NotYours { .. })), "{reveal:?}");
    let release = j.submit("bob", Verb::Release { request: id }).await;
    assert!(matches!(release, Answer::Refused(Refusal::NotYours { .. })), "{release:?}");
    let issue = j.world.jira.issues().remove(0);
    let told: Vec<String> = j.world.jira.comments(&issue.key).into_iter().map(|said| said.text).collect();
    for part in
        ["It is for Ann (ann@example.com), who must confirm it first.", "Ann confirmed that it is wanted"]
    {
        assert!(told.concat().contains(part), "{part}: {told:?}");
    }
    j.click("ann", id, ACTIVE, "jit_release").await;
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn declined_taken_back_or_not_answered_nothing_comes_of_it() {
    let j = Journey::start().await;
    let declined = asks_for(&j, "bob", "ann", "wiki/read").await;
    j.click("ann", declined, CONFIRM, "jit_decline").await;
    j.rest().await;
    j.is(declined, StateWord::Withdrawn).await;
    assert!(j.words(declined, ASKER).await.contains("Ann did not want it"));
    let back = asks_for(&j, "bob", "ann", "wiki/read").await;
    j.click("bob", back, ASKER, "jit_withdraw").await;
    j.rest().await;
    j.is(back, StateWord::Withdrawn).await;
    assert!(j.words(back, CONFIRM).await.contains("taken back by Bob"));
    // What is approved by policy waits, too.
    let silent = asks_for(&j, "bob", "frank", "reports/view").await;
    assert_eq!(j.logins(), Vec::<String>::new());
    j.pass(Span::days(2)).await;
    j.is(silent, StateWord::Lapsed).await;
    let late = j.submit("frank", Verb::Confirm { request: silent, agrees: true }).await;
    assert!(matches!(late, Answer::Refused(Refusal::Settled { .. })), "{late:?}");
    for id in [declined, back, silent] {
        assert_eq!(j.times(id, "provisioning").await, 0);
        assert!(j.message(id, CARD).await.is_none());
    }
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_asks_for_those_who_may_not_nor_breaks_the_glass_for_others() {
    let j = Journey::start().await;
    // The rules are held against the one whom it is for.
    let ask = |role: &str| jitney::policy::Ask {
        role: role.parse().unwrap(),
        duration: Span::hours(1),
        starts_at: None,
        justification: "the runbook must be moved".to_owned(),
        ticket: None,
        fields: Default::default(),
    };
    let refused = j.submit("bob", Verb::AskFor { person: person("carol"), ask: ask("wiki/read") }).await;
    let Answer::Refused(Refusal::Rules(reasons)) = refused else { panic!("{refused:?}") };
    assert_eq!(reasons[0].code, ReasonCode::Never);
    let nobody = j.submit("bob", Verb::AskFor { person: person("eve"), ask: ask("wiki/read") }).await;
    let Answer::Refused(Refusal::Rules(reasons)) = nobody else { panic!("{nobody:?}") };
    assert_eq!(reasons[0].code, ReasonCode::UnknownPerson);
    // The manager asks: then the manager is not asked.
    let id = asks_for(&j, "dana", "ann", "wiki/read").await;
    j.click("ann", id, CONFIRM, "jit_confirm").await;
    j.rest().await;
    let words = j.words(id, APPROVAL).await;
    assert!(!words.contains("Dana"), "{words}");
    let own = j.submit("dana", Verb::Approve { request: id, at_most: None }).await;
    assert!(matches!(own, Answer::Refused(Refusal::Rules(_))), "{own:?}");
    // Break-glass is one's own.
    let line = "/jit request wiki/admin for @ann for 30m because the front page is broken, INC-42";
    let seen = j.slack().say_slash(&account("bob"), ACCESS_CHANNEL, line).await.unwrap();
    assert!(seen.modal.is_some(), "{:?}", seen.told);
    j.slack().fill(&account("bob"), "glass", vec!["glass".to_owned()]).await.unwrap();
    let said = j.slack().submit(&account("bob")).await.unwrap();
    assert!(format!("{said:?}").contains("Nobody breaks the glass for somebody else"), "{said:?}");
    j.slack().close_view(&account("bob")).await.unwrap();
    j.end().await;
}
