//! Two things at once: one effect, and a true answer to each person.

use std::path::Path;

use jitney::lifecycle::{State, StateWord};
use jitney::playground::people::ACCESS_CHANNEL;
use jitney::playground::slack::{Place, Which};
use jitney::time::Span;

use super::stage::{APPROVAL, Journey, account};

const GRANTED: &str = "approved in full. The access is being granted";
const TOO_LATE: &str = "That is not possible now";

/// A manager or an owner agrees; `quorum` of them.
fn two_approvers(folder: &Path, quorum: u32) {
    let file = folder.join("policies/tiers.toml");
    let tiers = std::fs::read_to_string(&file).unwrap();
    let (before, after) =
        tiers.split_once("[[tiers.manager.stages]]\napprovers      = [\"manager\"]").unwrap();
    let stage = format!("[[tiers.manager.stages]]\nquorum = {quorum}\napprovers = [\"manager\", \"owners\"]");
    std::fs::write(&file, format!("{before}{stage}{after}")).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_envelope_that_comes_twice_approves_once_and_is_answered_once() {
    let j = Journey::start().await;
    let id = j.ask("ann", "wiki/read", "1h").await;
    j.slack().duplicate_next_envelope();
    let first = j.approve("dana", id).await;
    assert!(first.contains(GRANTED), "{first}");
    assert_eq!(j.heard("dana"), 1);
    assert_eq!(j.times(id, "approved").await, 1);
    assert_eq!(j.logins(), ["jit-r1001"]);
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_button_pressed_twice_at_once_approves_once() {
    let j = Journey::start().await;
    let id = j.ask("ann", "wiki/read", "1h").await;
    let click = j.remember("dana", id, APPROVAL, "jit_approve").await;
    let _ = tokio::join!(j.slack().click_stale(&click), j.slack().click_stale(&click));
    let mut said = [j.hears("dana", 1).await, j.hears("dana", 2).await];
    said.sort_by_key(|words| words.contains(TOO_LATE));
    assert!(said[0].contains(GRANTED), "{said:?}");
    assert!(said[1].contains(TOO_LATE) && said[1].contains("(approved by Dana"), "{said:?}");
    j.rest().await;
    assert_eq!(j.times(id, "approved").await, 1);
    assert_eq!(j.logins(), ["jit-r1001"]);
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_approvers_at_once_one_decides_and_the_other_hears_who() {
    let j = Journey::start_with(|_| (), |folder| two_approvers(folder, 1)).await;
    let id = j.ask("ann", "wiki/read", "1h").await;
    let dana = j.remember("dana", id, APPROVAL, "jit_approve").await;
    let bob = j.remember("bob", id, APPROVAL, "jit_approve").await;
    let _ = tokio::join!(j.slack().click_stale(&bob), j.slack().click_stale(&dana));
    let mut said = [("Bob", j.hears("bob", 1).await), ("Dana", j.hears("dana", 1).await)];
    said.sort_by_key(|(_, words)| words.contains(TOO_LATE));
    let [(winner, yes), (_, no)] = &said;
    assert!(yes.contains(GRANTED), "{said:?}");
    assert!(no.contains(TOO_LATE) && no.contains(&format!("approved by {winner}")), "{said:?}");
    j.rest().await;
    assert_eq!(j.times(id, "approved").await, 1);
    assert_eq!(j.logins(), ["jit-r1001"]);
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_approvals_at_once_both_count_where_two_are_needed() {
    let j = Journey::start_with(|_| (), |folder| two_approvers(folder, 2)).await;
    let id = j.ask("ann", "wiki/read", "1h").await;
    let dana = j.remember("dana", id, APPROVAL, "jit_approve").await;
    let bob = j.remember("bob", id, APPROVAL, "jit_approve").await;
    let _ = tokio::join!(j.slack().click_stale(&bob), j.slack().click_stale(&dana));
    let mut said = [j.hears("bob", 1).await, j.hears("dana", 1).await];
    said.sort_by_key(|words| words.contains(GRANTED));
    assert!(said[0].contains("counts: 1 of 2"), "{said:?}");
    assert!(said[1].contains(GRANTED), "{said:?}");
    j.rest().await;
    assert_eq!(j.times(id, "approved").await, 2);
    assert_eq!(j.logins(), ["jit-r1001"]);
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_an_approval_and_a_withdrawal_at_once_one_holds() {
    let j = Journey::start_with(|slack| slack.limits.rates.on = false, |_| ()).await;
    for round in 0..6 {
        let id = j.ask("ann", "wiki/read", "1h").await;
        let before = j.heard("ann");
        j.slack().say_slash(&account("ann"), ACCESS_CHANNEL, "/jit list").await.unwrap();
        let _ = j.hears("ann", before + 1).await;
        let list = j.slack().snapshot().told(&account("ann")).last().unwrap().clone();
        let place = Place::Message { channel: list.channel, ts: list.ts };
        let withdraw = Which::action("jit_withdraw").with_value(&id.to_string());
        let withdraw = j.slack().remember_click(&account("ann"), &place, &withdraw, None).unwrap();
        let approve = j.remember("dana", id, APPROVAL, "jit_approve").await;
        let (of_ann, of_dana) = (j.heard("ann") + 1, j.heard("dana") + 1);
        if round % 2 == 0 {
            let _ = tokio::join!(j.slack().click_stale(&withdraw), j.slack().click_stale(&approve));
        } else {
            let _ = tokio::join!(j.slack().click_stale(&approve), j.slack().click_stale(&withdraw));
        }
        let (ann, dana) = (j.hears("ann", of_ann).await, j.hears("dana", of_dana).await);
        j.rest().await;
        match j.state(id).await {
            StateWord::Withdrawn => {
                assert!(ann.contains("is withdrawn."), "{ann}");
                assert!(dana.contains(TOO_LATE) && dana.contains("is withdrawn by Ann"), "{dana}");
                assert_eq!(j.logins(), Vec::<String>::new());
                assert_eq!(j.times(id, "approved").await, 0);
            }
            StateWord::Active => {
                assert!(dana.contains(GRANTED), "{dana}");
                assert!(ann.contains(TOO_LATE) && ann.contains("approved by Dana"), "{ann}");
                assert_eq!(j.logins().len(), 1);
                assert_eq!(j.times(id, "withdrawn").await, 0);
                j.release("ann", id).await;
            }
            other => panic!("{other:?}"),
        }
    }
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_extension_approved_at_the_very_end_takes_effect_or_is_too_late() {
    let j = Journey::start().await;
    let id = j.granted("ann", "wiki/read", "1h", "dana").await;
    // Well before the end it takes effect.
    let early = j.extend("ann", id, "30m").await;
    let end = j.expires_at(id).await;
    j.world.playground.clock.jump_to(end - Span::mins(2));
    j.rest().await;
    let said = j.approve("dana", early).await;
    assert!(said.contains("took effect"), "{said}");
    assert_eq!(j.expires_at(id).await, end + Span::mins(30));

    // And at the end itself.
    let late = j.extend("ann", id, "30m").await;
    let end = j.expires_at(id).await;
    let click = j.remember("dana", late, APPROVAL, "jit_approve").await;
    let before = j.heard("dana");
    let _ = tokio::join!(j.slack().click_stale(&click), async {
        j.world.playground.clock.jump_to(end);
    });
    let said = j.hears("dana", before + 1).await;
    j.rest().await;
    match j.state(late).await {
        StateWord::Applied => {
            assert!(said.contains("took effect"), "{said}");
            j.is(id, StateWord::Active).await;
            assert_eq!(j.expires_at(id).await, end + Span::mins(30));
            assert_eq!(j.times(id, "extended").await, 2);
        }
        StateWord::Withdrawn => {
            assert!(said.contains(TOO_LATE), "{said}");
            j.is(id, StateWord::Revoked).await;
            assert_eq!(j.times(id, "extended").await, 1);
            assert_eq!(j.logins(), Vec::<String>::new());
        }
        other => panic!("{other:?}: {said}"),
    }
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_before_a_crash_can_be_clicked_after_it() {
    let mut j = Journey::start().await;
    let id = j.ask("ann", "wiki/read", "1h").await;
    let click = j.remember("dana", id, APPROVAL, "jit_approve").await;
    j.world.crash_and_restart().await.unwrap();
    let _ = j.slack().click_stale(&click).await;
    let said = j.hears("dana", 1).await;
    assert!(said.contains(GRANTED), "{said}");
    j.rest().await;
    j.is(id, StateWord::Active).await;
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_on_what_was_decided_says_by_whom_and_changes_nothing() {
    let j = Journey::start().await;
    let id = j.ask("ann", "wiki/read", "1h").await;
    let approve = j.remember("dana", id, APPROVAL, "jit_approve").await;
    let said = j.deny("dana", id, "the wiki is being moved today").await;
    assert!(said.contains("is denied"), "{said}");
    let before = j.heard("dana");
    let _ = j.slack().click_stale(&approve).await;
    let said = j.hears("dana", before + 1).await;
    assert!(said.contains(TOO_LATE) && said.contains("is denied by Dana"), "{said}");
    j.rest().await;
    j.is(id, StateWord::Denied).await;
    assert_eq!(j.logins(), Vec::<String>::new());
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_asked_for_again_before_the_last_look_at_the_first_is_left_alone_by_it() {
    let j = Journey::start().await;
    let first = j.granted("ann", "wiki/read", "1h", "dana").await;
    let said = j.release("ann", first).await;
    assert!(said.contains("is ending"), "{said}");
    let state = j.dossier(first).await.request.state;
    assert!(matches!(state, State::Revoked { recheck_at: Some(_), .. }), "{state:?}");
    let second = j.granted("ann", "wiki/read", "1h", "dana").await;
    j.pass(Span::mins(5)).await;
    let state = j.dossier(first).await.request.state;
    assert!(matches!(state, State::Revoked { recheck_at: None, .. }), "{state:?}");
    j.is(second, StateWord::Active).await;
    assert_eq!(j.logins(), [format!("jit-{}", second.to_string().to_lowercase())]);
    j.until_over().await;
    j.came_and_went_once(first).await;
    j.came_and_went_once(second).await;
    j.end().await;
}
