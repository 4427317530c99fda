//! Access that begins and ends while things go wrong around it.

use jitney::lifecycle::{EndCause, State, StateWord, View};
use jitney::playground::people::SECURITY_CHANNEL;
use jitney::time::Span;
use secrecy::ExposeSecret as _;

use super::stage::{APPROVAL, CARD, Journey};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_right_after_the_approval_gives_the_access_once() {
    let mut j = Journey::start().await;
    let id = j.ask("ann", "wiki/read", "1h").await;
    let click = j.remember("dana", id, APPROVAL, "jit_approve").await;
    let _ = j.slack().click_stale(&click).await;
    j.world.crash_and_restart().await.unwrap();
    j.rest().await;
    j.is(id, StateWord::Active).await;
    assert_eq!(j.logins(), ["jit-r1001"]);
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_when_the_line_is_written_gives_the_access_once() {
    let mut j = Journey::start().await;
    let id = j.ask("ann", "wiki/read", "1h").await;
    let click = j.remember("dana", id, APPROVAL, "jit_approve").await;
    let _ = j.slack().click_stale(&click).await;
    while j.logins().is_empty() {
        tokio::task::yield_now().await;
    }
    j.world.crash_and_restart().await.unwrap();
    j.rest().await;
    j.is(id, StateWord::Active).await;
    assert_eq!(j.logins(), ["jit-r1001"]);
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_the_end_takes_the_access_all_the_same() {
    let mut j = Journey::start().await;
    let id = j.granted("ann", "wiki/read", "1h", "dana").await;
    let end = j.expires_at(id).await;
    j.world.playground.clock.jump_to(end);
    j.world.crash_and_restart().await.unwrap();
    j.rest().await;
    j.is(id, StateWord::Revoked).await;
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_back_a_day_lengthens_no_grant() {
    let j = Journey::start().await;
    let id = j.granted("ann", "wiki/read", "1h", "dana").await;
    let clock = &j.world.playground.clock;
    clock.set_back(Span::days(1));
    clock.jump_to(j.now() + Span::mins(58));
    j.rest().await;
    j.is(id, StateWord::Active).await;
    clock.jump_to(j.now() + Span::mins(2));
    j.rest().await;
    j.is(id, StateWord::Revoked).await;
    assert_eq!(j.logins(), Vec::<String>::new());
    j.pass(Span::mins(5)).await;
    j.came_and_went_once(id).await;
    j.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_back_over_a_restart_lengthens_no_grant() {
    let mut j = Journey::start().await;
    let id = j.granted("ann", "wiki/read", "1h", "dana").await;
    j.world.playground.clock.set_back(Span::days(1));
    j.world.crash_and_restart().await.unwrap();
    let clock = &j.world.playground.clock;
    clock.jump_to(j.now() + Span::mins(61));
    j.rest().await;
    j.is(id, StateWord::Revoked).await;
    j.pass(Span::mins(5)).await;
    j.came_and_went_once(id).await;
    j.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_goes_on_is_dead_after_the_end() {
    let j = Journey::start().await;
    let id = j.granted("ann", "wiki/read", "1h", "dana").await;
    let login = j.dossier(id).await.request.terms.steps[0].login.clone().unwrap();
    let password = j.engine().credential(id).await.unwrap().unwrap();
    let app = j.world.playground.legacy.url();
    let client = reqwest::Client::new();
    let page = client.get(&app).basic_auth(&login, Some(password.expose_secret())).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let cookie = page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let again = || client.get(&app).header("cookie", &cookie).send();
    assert_eq!(again().await.unwrap().status(), 200, "the session goes on without the password");

    let end = j.expires_at(id).await;
    j.world.playground.clock.jump_to(end);
    j.rest().await;
    j.is(id, StateWord::Revoked).await;
    assert_eq!(again().await.unwrap().status(), 401, "the session is dead");
    assert_eq!(j.world.playground.legacy.sessions_of(&login), 0);
    let page = client.get(&app).basic_auth(&login, Some(password.expose_secret())).send().await.unwrap();
    assert_eq!(page.status(), 401, "and so is the login");
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_that_is_stuck_is_told_and_locks_down_until_it_is_seen_gone() {
    let j = Journey::start().await;
    let id = j.granted("ann", "wiki/read", "1h", "dana").await;
    j.world.playground.legacy.break_hook(true);
    let end = j.expires_at(id).await;
    j.world.playground.clock.jump_to(end);
    j.rest().await;
    j.is(id, StateWord::Revoking).await;
    assert_eq!(j.logins(), Vec::<String>::new(), "the line goes, whatever the sessions do");
    j.pass(Span::mins(15)).await;
    let state = j.dossier(id).await.request.state;
    assert!(matches!(state, State::Revoking { stuck_since: Some(_), locked: true, .. }), "{state:?}");
    let loud = j.words(id, View::Security).await;
    assert!(loud.contains("Action needed") && loud.contains("Ann may still have"), "{loud}");
    assert!(j.slack().snapshot().find(SECURITY_CHANNEL, "Action needed").is_some());
    assert!(j.words(id, CARD).await.starts_with("Could not be removed yet"));

    let said = j.try_ask("ann", "reports/view", "30m").await.unwrap_err();
    assert!(said.contains("revocation") && said.contains("legacy-wiki"), "{said}");
    j.look_through().await;

    j.world.playground.legacy.break_hook(false);
    j.pass(Span::mins(10)).await;
    j.is(id, StateWord::Revoked).await;
    assert_eq!(j.times(id, "stuck").await, 1);
    assert_eq!(j.times(id, "lockdown_lifted").await, 1);
    assert!(!j.words(id, View::Security).await.contains("Action needed"));
    let next = j.ask("ann", "reports/view", "30m").await;
    j.is(next, StateWord::Active).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_loses_what_they_have_and_what_they_asked_for() {
    let j = Journey::start().await;
    let id = j.granted("ann", "wiki/read", "4h", "dana").await;
    let asked = j.ask("ann", "reports/view", "4h").await;
    j.is_now("ann", |ann| ann.active = false).await;
    let state = j.dossier(id).await.request.state;
    assert!(matches!(state, State::Revoked { cause: EndCause::Leaver, .. }), "{state:?}");
    j.is(asked, StateWord::Withdrawn).await;
    assert_eq!(j.logins(), Vec::<String>::new());
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}
