//! Those who decide: for less time, with a question first.

use jitney::lifecycle::{DmKind, StateWord, View};
use jitney::playground::slack::Message;
use jitney::time::Span;
use serde_json::Value;

use super::stage::{ACTIVE, APPROVAL, CARD, Journey, account};

/// Presses a button that opens a form.
async fn opens(j: &Journey, who: &str, id: jitney::ids::RequestId, view: View, action: &str, title: &str) {
    let click = j.remember(who, id, view, action).await;
    let _ = j.slack().click_stale(&click).await;
    j.modal(who, title).await;
}

fn blocks(message: &Message) -> String {
    Value::from(message.blocks.clone()).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_for_less_time_ends_the_access_that_much_sooner() {
    let j = Journey::start().await;
    let id = j.ask("ann", "wiki/read", "2h").await;
    opens(&j, "dana", id, APPROVAL, "jit_approve_less", "Approve for less time").await;
    j.slack().fill(&account("dana"), "duration_own", "three hours").await.unwrap();
    let refused = j.slack().submit(&account("dana")).await.unwrap();
    assert!(format!("{refused:?}").contains("at most 2 hours"), "{refused:?}");
    j.slack().fill(&account("dana"), "duration_own", "half an hour").await.unwrap();
    let said = j.send_form("dana").await.unwrap();
    assert!(said.contains("approved in full, for 30 minutes"), "{said}");
    j.rest().await;
    j.is(id, StateWord::Active).await;
    let request = j.dossier(id).await.request;
    let times = request.times.unwrap();
    assert_eq!(times.expires_at.since(times.active_at.unwrap()), Span::mins(30));
    let card = j.words(id, CARD).await;
    assert!(card.contains("30 minutes (asked: 2 hours)"), "{card}");
    assert!(j.words(id, ACTIVE).await.contains("You asked for 2 hours; 30 minutes was approved."));
    let question = j.message(id, APPROVAL).await.unwrap();
    assert!(question.words().contains("for 30 minutes at most"), "{}", question.words());
    j.pass(Span::mins(30)).await;
    j.until_over().await;
    j.came_and_went_once(id).await;

    // The next one's approvers read what became of it.
    let next = j.ask("ann", "wiki/read", "2h").await;
    let card = j.words(next, CARD).await;
    assert!(card.contains("in the last 90 days once, for 30 minutes of 30 minutes granted"), "{card}");
    assert!(card.contains("the credential never revealed once"), "{card}");
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_goes_to_the_requester_and_its_answer_to_who_asked() {
    let j = Journey::start().await;
    let id = j.ask("ann", "wiki/read", "2h").await;
    opens(&j, "dana", id, APPROVAL, "jit_question", "Ask the requester").await;
    j.slack().fill(&account("dana"), "text", "Which page is broken?").await.unwrap();
    let said = j.send_form("dana").await.unwrap();
    assert!(said.contains("on its way"), "{said}");
    j.rest().await;
    let in_thread = View::Question { number: 1 };
    assert!(j.words(id, in_thread).await.contains("Which page is broken?"));
    let asked = View::Dm { kind: DmKind::Question, number: 1 };
    assert!(j.words(id, asked).await.contains("Which page is broken?"));

    opens(&j, "ann", id, asked, "jit_reply", "Answer an approver").await;
    j.slack().fill(&account("ann"), "text", "The front page <!channel>").await.unwrap();
    let said = j.send_form("ann").await.unwrap();
    assert!(said.contains("is told"), "{said}");
    j.rest().await;
    let answer = j.message(id, View::Answer { number: 1 }).await.unwrap();
    assert!(answer.words().contains("The front page <!channel>"), "{}", answer.words());
    assert!(blocks(&answer).contains("<@U0DANA>"), "{:?}", answer.blocks);
    assert!(!blocks(&j.message(id, asked).await.unwrap()).contains("jit_reply"));
    assert_eq!((j.times(id, "questioned").await, j.times(id, "answered").await), (1, 1));
    j.approve("dana", id).await;
    j.is(id, StateWord::Active).await;
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_decision_the_card_and_the_question_are_records_without_buttons() {
    let j = Journey::start().await;
    let id = j.ask("ann", "wiki/read", "2h").await;
    let old = j.remember("dana", id, APPROVAL, "jit_approve_less").await;
    j.deny("dana", id, "not today, please").await;
    for view in [CARD, APPROVAL] {
        let message = j.message(id, view).await.unwrap();
        assert!(!blocks(&message).contains("jit_"), "{view:?}: {:?}", message.blocks);
        assert!(message.words().contains("Denied"), "{}", message.words());
    }
    let heard = j.heard("dana");
    let _ = j.slack().click_stale(&old).await;
    let said = j.hears("dana", heard + 1).await;
    assert!(said.contains("not possible now"), "{said}");
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_in_direct_messages_are_kept_the_same_and_become_records_together() {
    let direct = |folder: &std::path::Path| {
        let file = folder.join("policies/tiers.toml");
        let tiers = std::fs::read_to_string(&file).unwrap();
        let tiers = tiers.replace("[tiers.two-person]\n", "[tiers.two-person]\ndirect = true\n");
        std::fs::write(&file, tiers).unwrap();
    };
    let j = Journey::start_with(|_| (), direct).await;
    let id = j.ask("ann", "wiki/admin", "1h").await;
    let copies = j.dossier(id).await.request.copies;
    assert!(!copies.is_empty());
    let first = View::Copy { number: 1 };
    let to = copies[0].to.as_str().split('@').next().unwrap().to_owned();
    let copy = j.message(id, first).await.unwrap();
    assert!(copy.words().contains("Had this role before"), "{}", copy.words());

    // A press in the direct message counts as one in the thread.
    let said = j.click(&to, id, first, "jit_approve").await;
    assert!(said.contains("counts"), "{said}");
    j.rest().await;
    let copy = j.message(id, first).await.unwrap();
    assert!(!blocks(&copy).contains("jit_"), "{}", copy.words());
    let request = j.dossier(id).await.request;
    let second: Vec<u32> = (1..).zip(&request.copies).filter(|(_, c)| c.stage == 1).map(|(n, _)| n).collect();
    assert!(!second.is_empty(), "{:?}", request.copies);

    // A decision in the thread turns every copy into a record.
    let owner = request.copies[second[0] as usize - 1].to.as_str().split('@').next().unwrap().to_owned();
    let deny = j.remember(&owner, id, View::Approval { stage: 1 }, "jit_deny").await;
    let _ = j.slack().click_stale(&deny).await;
    j.modal(&owner, "Deny this request").await;
    j.slack().fill(&account(&owner), "reason", "not on a Friday").await.unwrap();
    j.send_form(&owner).await.unwrap();
    j.rest().await;
    for number in 1..=request.copies.len() {
        let copy = j.message(id, View::Copy { number: u32::try_from(number).unwrap() }).await.unwrap();
        assert!(!blocks(&copy).contains("jit_"), "{number}: {}", copy.words());
        assert!(copy.words().contains("Denied"), "{number}: {}", copy.words());
    }
    j.end().await;
}
