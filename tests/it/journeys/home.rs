//! The home tab, from the first opening to the end of what stands on it.

use jitney::lifecycle::{State, StateWord};
use jitney::playground::people::ACCESS_CHANNEL;
use jitney::playground::slack::{Place, Snapshot, View, Which};
use jitney::time::Span;

use super::stage::{Journey, SOON, account, person};

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

    // Whoever decides can do there what they can do at the card.
    for (action, title) in
        [("jit_approve_less", "Approve for less time"), ("jit_question", "Ask the requester")]
    {
        let form = press(&j, "dana", Which::action(action).with_value(&id.to_string())).await;
        assert!(form.contains("Legacy wiki"), "{form}");
        j.modal("dana", title).await;
        j.slack().close_view(&account("dana")).await.unwrap();
    }

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_home_tab_says_that_one_is_away_and_a_button_ends_it() {
    let j = Journey::start().await;
    j.slack().open_home(&account("dana")).await.unwrap();
    home(&j, "dana", "You have no access through me now").await;
    let line = "/jit away until tomorrow 18:00 to @erin because of a wedding";
    j.slack().say_slash(&account("dana"), ACCESS_CHANNEL, line).await.unwrap();
    let words = home(&j, "dana", "You are away until").await;
    assert!(words.contains("Erin is asked for you") && words.contains("wedding"), "{words}");
    let said = press(&j, "dana", Which::action("jit_back")).await;
    assert!(said.contains("Welcome back"), "{said}");
    j.slack().close_view(&account("dana")).await.unwrap();
    let back = |s: &Snapshot| {
        let words = s.homes.get(&account("dana"))?.words();
        (!words.contains("You are away")).then_some(())
    };
    j.slack().wait_for(SOON, back).await.unwrap();
    let id = j.ask("ann", "wiki/read", "1h").await;
    let State::Pending(pending) = j.dossier(id).await.request.state else { panic!("it does not wait") };
    assert_eq!(pending.asked, [person("dana")], "asked again herself");
    j.end().await;
}
