//! The home tab, from the first opening to the end of what stands on it.

use jitney::lifecycle::StateWord;
use jitney::playground::slack::{Place, Snapshot, View, Which};
use jitney::time::Span;

use super::stage::{Journey, SOON, account};

/// Waits until this person's home tab says so; its words.
async fn home(j: &Journey, who: &str, says: &str) -> String {
    let user = account(who);
    let words = |s: &Snapshot| s.homes.get(&user).map(View::words).filter(|words| words.contains(says));
    let found = j.slack().wait_for(SOON, words).await;
    found.unwrap_or_else(|_| {
        panic!(
            "{who}'s home does not say `{says}`: {:?}",
            j.slack().snapshot().homes.get(&user).map(View::words)
        )
    })
}

async fn press(j: &Journey, who: &str, which: Which) -> String {
    let seen = j.slack().press(&account(who), &Place::Home, &which, None).await.unwrap();
    assert!(!seen.warned, "{seen:?}");
    let user = account(who);
    let open = |s: &Snapshot| s.modal(&user).map(View::words);
    j.slack().wait_for(SOON, open).await.unwrap_or_else(|_| panic!("{who} sees no window"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_home_tab_follows_an_access_from_the_question_to_its_end() {
    let j = Journey::start().await;
    for who in ["ann", "bob", "dana"] {
        j.slack().open_home(&account(who)).await.unwrap();
    }
    home(&j, "ann", "You have no access through me now").await;
    let id = j.ask("ann", "wiki/read", "1h").await;
    home(&j, "ann", "Your open requests").await;
    home(&j, "dana", "Waiting for your decision").await;

    // Decided and given back right there.
    let approve = Which::action("jit_approve").with_value(&id.to_string());
    let said = press(&j, "dana", approve).await;
    assert!(said.contains("approved in full"), "{said}");
    j.slack().close_view(&account("dana")).await.unwrap();
    j.rest().await;
    j.is(id, StateWord::Active).await;
    let words = home(&j, "ann", "1 hour left").await;
    assert!(words.contains("Reveal") && words.contains("Extend"), "{words}");
    home(&j, "bob", "Who has access to your apps").await;
    let decided = |s: &Snapshot| {
        let words = s.homes.get(&account("dana"))?.words();
        (!words.contains("Waiting for your decision")).then_some(())
    };
    j.slack().wait_for(SOON, decided).await.unwrap();
    j.pass(Span::mins(20)).await;
    j.slack().open_home(&account("ann")).await.unwrap();
    home(&j, "ann", "40 minutes left").await;

    let said = press(&j, "ann", Which::action("jit_release").with_value(&id.to_string())).await;
    assert!(said.contains("is ending"), "{said}");
    j.slack().close_view(&account("ann")).await.unwrap();
    j.rest().await;
    home(&j, "ann", "Lately").await;
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}
