//! Slack loses replies, refuses and is slow; people delete messages.

use jitney::lifecycle::StateWord;
use jitney::playground::slack::{Fault, Place, Which};
use jitney::time::Span;

use super::stage::{ACTIVE, CARD, Journey, SOON, account};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_whose_posting_was_never_answered_is_found_again() {
    let j = Journey::start().await;
    j.slack().fail_next("chat.postMessage", 1, &Fault::DropAfterApply);
    let id = j.ask("ann", "wiki/read", "1h").await;
    j.pass(Span::secs(30)).await;
    assert!(j.words(id, CARD).await.contains("Waiting for approval"));
    j.look_through().await;
    // The same for a message in its thread, and for an update.
    j.slack().fail_next("chat.postMessage", 3, &Fault::DropAfterApply);
    j.slack().fail_next("chat.update", 3, &Fault::DropAfterApply);
    j.approve("dana", id).await;
    j.pass(Span::mins(1)).await;
    j.is(id, StateWord::Active).await;
    j.look_through().await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_somebody_deleted_comes_back_at_the_next_change() {
    let mut j = Journey::start().await;
    j.refusals.insert("chat.update message_not_found");
    let id = j.ask("ann", "wiki/read", "1h").await;
    let card = j.message(id, CARD).await.unwrap();
    j.slack().delete_message(&card.channel, &card.ts).unwrap();
    j.approve("dana", id).await;
    assert!(j.words(id, CARD).await.contains("Active"));
    assert_ne!(j.message(id, CARD).await.unwrap().ts, card.ts);
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_posted_again_before_slack_said() {
    let mut j = Journey::start().await;
    j.refusals.insert("chat.postMessage ratelimited");
    j.slack().fail_next("chat.postMessage", 1, &Fault::RateLimited(30));
    let id = j.ask("ann", "wiki/read", "1h").await;
    let posts = |j: &Journey| j.slack().snapshot().calls["chat.postMessage"];
    assert_eq!(posts(&j), 1);
    j.pass(Span::secs(25)).await;
    assert_eq!(posts(&j), 1, "Slack said 30 seconds");
    assert!(j.message(id, CARD).await.is_none());
    j.pass(Span::secs(15)).await;
    assert_eq!(posts(&j), 4, "the card, the question, the log");
    j.approve("dana", id).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_that_slack_refused_to_show_can_be_revealed_again() {
    let mut j = Journey::start().await;
    j.refusals.insert("views.open expired_trigger_id");
    let id = j.granted("ann", "wiki/read", "1h", "dana").await;
    j.slack().fail_next("views.open", 1, &Fault::Error("expired_trigger_id".to_owned()));
    let said = j.click("ann", id, ACTIVE, "jit_reveal").await;
    assert!(said.contains("nobody saw it. Press Reveal again."), "{said}");
    j.rest().await;
    let reveal = j.remember("ann", id, ACTIVE, "jit_reveal").await;
    let _ = j.slack().click_stale(&reveal).await;
    let shown = j.modal("ann", "Your credential").await;
    let secret = j.secrets.lock().unwrap().first().unwrap().clone();
    assert!(shown.contains(&secret));
    j.rest().await;
    assert_eq!(j.times(id, "reveal_refused").await, 1);
    assert_eq!(j.times(id, "credential_revealed").await, 2);
    // The window is open before the bot has heard so, and erases the sealed copy.
    let erased = async {
        while j.engine().credential(id).await.unwrap().is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, erased).await.expect("it is erased");
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reveals_again_hears_when_it_was_shown_and_can_release() {
    let j = Journey::start().await;
    let id = j.granted("ann", "wiki/read", "1h", "dana").await;
    let reveal = j.remember("ann", id, ACTIVE, "jit_reveal").await;
    let _ = j.slack().click_stale(&reveal).await;
    j.modal("ann", "Your credential").await;
    j.slack().close_view(&account("ann")).await.unwrap();
    j.rest().await;
    let shown_at = j.dossier(id).await.request.credential.unwrap().revealed_at.unwrap();

    let before = j.heard("ann");
    let _ = j.slack().click_stale(&reveal).await;
    let said = j.hears("ann", before + 1).await;
    assert!(said.contains(&format!("was shown <!date^{}^", shown_at.seconds())), "{said}");
    assert!(said.contains("shown once only"), "{said}");
    assert!(j.slack().snapshot().modal(&account("ann")).is_none(), "nothing is shown again");

    let whisper = j.slack().snapshot().told(&account("ann")).last().unwrap().clone();
    let place = Place::Message { channel: whisper.channel, ts: whisper.ts };
    let before = j.heard("ann");
    j.slack().press(&account("ann"), &place, &Which::action("jit_release"), None).await.unwrap();
    let said = j.hears("ann", before + 1).await;
    assert!(said.contains("is ending"), "{said}");
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}
