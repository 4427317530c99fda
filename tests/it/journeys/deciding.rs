//! Those who decide: for less time, with a question first.

use jitney::engine::{Remarks, Verb};
use jitney::lifecycle::{Actor, Answer, DmKind, Refusal, StateWord, View};
use jitney::playground::slack::{BOT, BOT_USER, Message};
use jitney::store::Reader;
use jitney::time::Span;
use serde_json::{Value, json};

use super::stage::{ACTIVE, APPROVAL, CARD, Journey, account, person};

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

fn remarks(j: &Journey, id: jitney::ids::RequestId) -> Remarks {
    Reader::open(&j.world.folder().join("jitney.db")).unwrap().remarks(id).unwrap()
}

fn audit(j: &Journey) -> Vec<jitney::audit::Record> {
    let mut records = Vec::new();
    let reader = Reader::open(&j.world.folder().join("jitney.db")).unwrap();
    let keep = |record| {
        records.push(record);
        Ok::<(), jitney::store::StoreError>(())
    };
    reader.for_each_record(1, keep).unwrap();
    records
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_thread_is_kept_with_the_request_and_its_words_can_be_taken_out() {
    let j = Journey::start().await;
    let id = j.ask("ann", "wiki/read", "2h").await;
    let card = j.message(id, CARD).await.unwrap();
    let (channel, thread) = (card.channel.as_str(), card.ts.as_str());
    let slack = j.slack();
    let write = async |who: &str, text: &str| {
        let (message, acked) = slack.write_in_thread(&account(who), channel, thread, text).await.unwrap();
        assert!(acked);
        message.ts
    };
    let first = write("ann", "the password is <hunter2> & co").await;
    let second = write("dana", "looks fine to me").await;
    let third = write("bob", "wrong thread").await;
    let long = write("dana", &"x".repeat(5000)).await;
    assert!(slack.rewrite(&account("dana"), channel, &second, "looks fine to me now").await.unwrap());
    assert!(slack.take_back(&account("bob"), channel, &third).await.unwrap());

    // What a bot writes, what stands elsewhere, and an event that comes again add nothing.
    let bot = json!({
        "type": "message", "channel": channel, "user": BOT_USER, "bot_id": BOT, "text": "Approved.",
        "ts": "1999999999.000100", "thread_ts": thread,
    });
    let elsewhere = json!({
        "type": "message", "channel": channel, "user": account("ann"), "text": "lunch?", "ts": "1999999999.000200",
    });
    for event in [bot, elsewhere] {
        assert!(slack.send_event(event).await);
    }
    slack.duplicate_next_envelope();
    write("ann", "thanks").await;
    j.rest().await;

    let kept = remarks(&j, id);
    let said: Vec<_> = kept.kept.iter().map(|r| (r.author.name.as_str(), r.text.as_str())).collect();
    let names = ["Ann", "Dana", "Bob", "Dana", "Ann"]
        .map(|first| said.iter().find(|(n, _)| n.starts_with(first)).unwrap().0);
    let cut = "x".repeat(4000);
    let texts = ["the password is <hunter2> & co", "looks fine to me now", "", cut.as_str(), "thanks"];
    assert_eq!(said, names.into_iter().zip(texts).collect::<Vec<_>>());
    let [_, edited, deleted, shortened, _] = kept.kept.as_slice() else { panic!("{kept:?}") };
    assert!(edited.edited_at.is_some() && deleted.deleted_at.is_some() && shortened.cut);
    assert_eq!(
        (shortened.ts.as_str(), kept.kept[0].ts.as_str(), kept.left_out),
        (long.as_str(), first.as_str(), 0)
    );

    // The log has the hash, not the words.
    let told = audit(&j);
    let whole = format!("{told:?}");
    assert!(!whole.contains("hunter2") && !whole.contains("looks fine"), "{whole}");
    let fingerprint = kept.kept[0].fingerprint();
    let record = told.iter().find(|record| record.kind == "remarked").unwrap();
    assert_eq!(record.body["sha256"], json!(fingerprint));

    // Nobody but an operator takes words out.
    let verb = Verb::Redact { request: id, remark: 1, reason: "a password".to_owned() };
    let refused = j.submit("dana", verb.clone()).await;
    assert!(matches!(refused, Answer::Refused(Refusal::NotAnOperator { .. })), "{refused:?}");
    let operator = j.engine().people().operators().iter().next().unwrap().clone();
    let name = j.engine().people().get(&operator).unwrap().name.clone();
    let by = Actor::Operator { id: operator, name };
    let answer =
        j.engine().submit(jitney::engine::Command { key: None, by: by.clone(), verb }).await.unwrap();
    assert_eq!(answer, Answer::Redacted { request: id, number: 1 });
    assert!(slack.rewrite(&account("ann"), channel, &first, "the password was hunter2").await.unwrap());
    j.rest().await;
    let kept = remarks(&j, id);
    assert_eq!((kept.kept[0].text.as_str(), kept.kept[0].salt.as_str()), ("", ""));
    assert_eq!(kept.kept[0].redacted.as_ref().map(|redacted| &redacted.by), Some(&by));
    let told = audit(&j);
    assert_eq!(told.iter().filter(|record| record.kind == "remark_redacted").count(), 1);
    assert_eq!(told.iter().filter(|record| record.kind == "remark_edited").count(), 1);
    assert_eq!(told.iter().filter(|record| record.kind == "remark_deleted").count(), 1);
    assert!(told.iter().any(|record| record.body["author"]["person"] == json!(person("ann"))));
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_without_end_is_kept_up_to_a_number_and_counted_from_there() {
    let j = Journey::start().await;
    let id = j.ask("ann", "wiki/read", "2h").await;
    let card = j.message(id, CARD).await.unwrap();
    for number in 0..203 {
        let text = format!("and {number}");
        j.slack().write_in_thread(&account("bob"), &card.channel, &card.ts, &text).await.unwrap();
    }
    j.rest().await;
    let kept = remarks(&j, id);
    assert_eq!((kept.kept.len(), kept.left_out), (200, 3));
    assert_eq!(kept.kept[199].text, "and 199");
    j.end().await;
}
