//! B3: durable life cycles a second. Each is asked for, approved, granted, active, given back, and revoked; its edges
//! are as far away as the network is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jitney::engine::{Command, EngineHandle, Verb};
use jitney::ids::{DedupeKey, PersonId};
use jitney::lifecycle::Answer;
use jitney::time::Span;

use super::bare::Bare;
use super::company::{asker, manager};
use super::desk::{Seen, WatchedDesk};
use super::figures::{Aim, Figure, Unit};
use super::folder::Folder;
use super::parts::Bench;
use super::room::{self, Room};
use super::stock::{actor, ask};

/// Lives under way at once.
const IN_FLIGHT: u64 = 64;
/// Durable facts of one life.
const FACTS: f64 = 6.0;

pub(crate) fn run(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let length = Duration::from_secs(if bench.arguments.quick { 1 } else { 5 });
    let folder = Folder::new("lives")?;
    let ceiling = Bare::new(folder.path(), &bench.bodies)?.ceiling(IN_FLIGHT, length)?;
    let lives = room::runtime()?.block_on(live(&folder, length))?;
    let named = format!("life cycles, {IN_FLIGHT} at once; limit: bare table, group commit / {FACTS}");
    Ok(vec![Figure::new(named, lives, Unit::PerSecond).beside(ceiling / FACTS).aims(Aim::RatioLeast(0.5))])
}

async fn live(folder: &Folder, length: Duration) -> anyhow::Result<f64> {
    let room = Room::start(&folder.join("jitney.db"), IN_FLIGHT)?;
    let began = Instant::now();
    let lived = Arc::new(AtomicU64::new(0));
    let mut people = tokio::task::JoinSet::new();
    for number in 0..IN_FLIGHT {
        let (engine, desk, lived) = (room.engine.clone(), room.desk.clone(), Arc::clone(&lived));
        people.spawn(async move {
            let (asker, manager) = (asker(number)?, manager(number)?);
            while began.elapsed() < length {
                one_life(&engine, &desk, &asker, &manager).await?;
                lived.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = people.join_next().await {
        ended??;
    }
    let took = began.elapsed().as_secs_f64();
    let status = room.engine.status().await?;
    anyhow::ensure!(status.refusing.is_none(), "the engine refuses: {:?}", status.refusing);
    room.stop().await?;
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    Ok(lived.load(Ordering::Relaxed) as f64 / took)
}

async fn one_life(
    engine: &EngineHandle,
    desk: &WatchedDesk,
    asker: &PersonId,
    manager: &PersonId,
) -> anyhow::Result<()> {
    let request = match command(engine, asker, Verb::Ask(ask(Span::hours(1))?)).await? {
        Answer::Submitted { request, .. } => request,
        other => anyhow::bail!("not taken: {other:?}"),
    };
    let there = desk.when(request, Seen::There);
    command(engine, manager, Verb::Approve { request, at_most: None }).await?;
    there.await.context("never granted")?;
    let gone = desk.when(request, Seen::Gone);
    command(engine, asker, Verb::Release { request }).await?;
    gone.await.context("never revoked")?;
    Ok(())
}

/// With a key of its own, as everything that comes from Slack has.
async fn command(engine: &EngineHandle, by: &PersonId, verb: Verb) -> anyhow::Result<Answer> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let key = DedupeKey::new(&format!("bench/{}", NEXT.fetch_add(1, Ordering::Relaxed)))?;
    let answer = engine.submit(Command { key: Some(key), by: actor(by.clone()), verb }).await?;
    anyhow::ensure!(!matches!(answer, Answer::Refused(_)), "refused: {answer:?}");
    Ok(answer)
}
