//! The crash proof: the real `jitney serve`, killed with SIGKILL at random moments under load and started again at
//! once. Slack, Jira, the targets and the people go on meanwhile; afterwards the world is the witness.
//!
//! `KILLS=500 cargo test --test it crash -- --nocapture` is the long proof. `SEED` gives people and killer the same
//! dice again; the machine's own timing does not come back with them. `KEEP=1` keeps the folder of a run that passed.

mod book;
mod ground;
mod ledger;
mod people;
mod resumed;
mod serve;
mod stage;
mod story;

use std::time::Duration;

use tokio::time::Instant;

use self::serve::Lives;
use self::stage::Stage;

/// Kills when nobody says: enough to hit each part of a request's life, few enough for every day.
const KILLS: usize = 30;
/// From so many kills on, the second looks are waited for too: they come 90 seconds after each end.
const LONG_RUN: usize = 100;
/// Stories have so long to come to their end when the last kill is over.
const CURTAIN: Duration = Duration::from_secs(150);
/// The world has so long to come to rest after that: what failed often is tried again after five minutes at most.
const REST: Duration = Duration::from_secs(400);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_jitney_keeps_its_promises() {
    let kills = number("KILLS").map_or(KILLS, |kills| usize::try_from(kills).unwrap());
    let seed = number("SEED").unwrap_or_else(rand::random);
    println!("KILLS={kills} SEED={seed}");
    let stage = Stage::set(seed).await;
    let targets: Vec<&str> = stage.grounds.iter().map(|ground| ground.name()).collect();
    println!("targets: {}; folder: {}", targets.join(", "), stage.folder.display());
    let began = Instant::now();
    let mut lives = Lives::begin(&stage);
    let crowd = people::crowd(&stage, seed);
    lives.kill_again_and_again(&stage, kills, seed).await;
    println!("{} s: the last kill is over", began.elapsed().as_secs());
    stage.close();
    let gave_up = people::go_home(crowd, CURTAIN).await;
    println!("{} s: everybody went home", began.elapsed().as_secs());
    let seconds = kills >= LONG_RUN;
    let rested = ledger::comes_to_rest(&stage, seconds, REST).await;
    println!("{} s: everything came to rest", began.elapsed().as_secs());
    lives.stop().await;

    let mut offences = lives.surprises;
    offences.extend(gave_up);
    offences.extend(rested.err());
    offences.extend(ledger::look_through(&stage, seconds).await);
    println!("{}", stage.book.told());
    println!("{}", resumed::measured(&stage, &lives.began));
    assert!(offences.is_empty(), "SEED={seed}, folder {}:\n{}", stage.folder.display(), offences.join("\n"));
    stage.passed();
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, and is `{text}`")))
}
