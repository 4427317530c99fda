//! B1: how long somebody's click waits for its acknowledgement, when what it decides is on the disk by then; beside
//! apps on Slack's own frameworks that acknowledge and do nothing, under the same load on the same local Slack.

use std::path::Path;
use std::time::{Duration, Instant};

use jitney::playground::slack::Settings;

use super::apps::{App, Running};
use super::company;
use super::figures::{Aim, Figure, Unit};
use super::folder::Folder;
use super::idle::Spent;
use super::load::{A_SECOND, Crowd, IN_FLIGHT, Rhythm};
use super::local::Local;
use super::parts::Bench;
use super::room;
use super::spread::Spread;

/// Jitney's 99th percentile is to be at most this part of that of an app that does nothing.
const AIM: f64 = 0.1;

/// One app under load.
struct Measured {
    app: App,
    even: Spread,
    bursts: Spread,
    /// Of one core, in per cent: the app's, and this process's.
    processor: Option<f64>,
    workspace: f64,
}

pub(crate) fn run(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let length = Duration::from_secs(if bench.arguments.quick { 2 } else { 30 });
    let mut measured = Vec::new();
    for app in [App::Nothing, App::BoltJavaScript, App::BoltPython, App::Jitney] {
        // A runtime for each: what an app leaves behind ends with it.
        match room::runtime()?.block_on(measure(app, length))? {
            Some(one) => measured.push(one),
            None => eprintln!("B1: {} is not installed; ./tests/run installs it", app.name()),
        }
    }
    let of = |app: App| measured.iter().find(|one| one.app == app);
    let Some(jitney) = of(App::Jitney) else { anyhow::bail!("Jitney was not measured") };
    let mut figures = Vec::new();
    for (spread, how) in [
        ((|one: &Measured| &one.bursts) as fn(&Measured) -> &Spread, format!("{IN_FLIGHT} at once")),
        (|one| &one.even, "evenly".to_owned()),
    ] {
        let about = |part: &str, beside: &str| {
            format!("durable click -> ack, {A_SECOND}/s {how}, {part}; limit: {beside}")
        };
        for app in [App::BoltJavaScript, App::BoltPython] {
            let Some(bolt) = of(app) else {
                let about = about("p99", &format!("{} is not installed", app.name()));
                figures.push(Figure::new(about, spread(jitney).p99(), Unit::Micros));
                continue;
            };
            let beside = format!("{} that only acks", app.name());
            figures.push(
                Figure::new(about("p50", &beside), spread(jitney).median(), Unit::Micros)
                    .beside(spread(bolt).median()),
            );
            figures.push(
                Figure::new(about("p99", &beside), spread(jitney).p99(), Unit::Micros)
                    .beside(spread(bolt).p99())
                    .aims(Aim::RatioMost(AIM)),
            );
        }
        if let Some(nothing) = of(App::Nothing) {
            let name = format!("- of it the local Slack itself, {how}, p99; limit: with Jitney");
            figures.push(Figure::new(name, spread(nothing).p99(), Unit::Micros).beside(spread(jitney).p99()));
        }
        figures.push(
            Figure::new(format!("- the slowest, {how}"), spread(jitney).worst(), Unit::Micros)
                .aims(Aim::Most(3_000_000.0)),
        );
    }
    for one in &measured {
        if let Some(processor) = one.processor {
            let name = format!("- processor: {}; limit: the local Slack and Jira", one.app.name());
            figures.push(Figure::new(name, processor, Unit::Percent).beside(one.workspace));
        }
    }
    Ok(figures)
}

/// None when the app is not installed.
async fn measure(app: App, length: Duration) -> anyhow::Result<Option<Measured>> {
    let warm_up = length / 4;
    let askers = u64::from(A_SECOND) * (length * 2 + warm_up).as_secs().max(1);
    let mut settings = Settings::for_people(&company::people(askers)?);
    // Jitney keeps Slack's pace by itself.
    settings.limits.rates.on = false;
    let local = Local::start(settings).await?;
    let folder = Folder::new("acks")?;
    let Some(running) = app.start(&local, &folder, askers).await? else { return Ok(None) };
    let crowd = Crowd::new(&local.slack, app == App::Jitney, askers);
    crowd.act(Rhythm::Even, warm_up).await?;
    let (before, begun) = (spent(&running)?, Instant::now());
    let bursts = crowd.act(Rhythm::Bursts, length).await?;
    let even = crowd.act(Rhythm::Even, length).await?;
    let (after, took) = (spent(&running)?, begun.elapsed().as_secs_f64());
    if app == App::Jitney {
        all_is_written(&folder.join("jitney.db"), crowd.acts())?;
    }
    let per_cent = |before: f64, after: f64| (after - before) / took * 100.0;
    let processor = before.0.zip(after.0).map(|(before, after)| per_cent(before, after));
    Ok(Some(Measured { app, even, bursts, processor, workspace: per_cent(before.1, after.1) }))
}

/// Seconds of processor: the app's, if it is a process of its own, and this one's.
fn spent(running: &Running) -> anyhow::Result<(Option<f64>, f64)> {
    let of = |id: u32| anyhow::Ok(Spent::of(id)?.seconds);
    Ok((running.id().map(of).transpose()?, of(std::process::id())?))
}

/// What was acknowledged is in the audit log.
fn all_is_written(database: &Path, (asked, decided): (u64, u64)) -> anyhow::Result<()> {
    let conn = rusqlite::Connection::open_with_flags(database, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let count = |kinds: &str| -> anyhow::Result<u64> {
        let sql = format!("SELECT count(*) FROM audit WHERE kind IN ({kinds})");
        Ok(conn.query_row(&sql, [], |row| row.get::<_, i64>(0))?.cast_unsigned())
    };
    let written = (count("'submitted'")?, count("'approved', 'denied'")?);
    anyhow::ensure!(written == (asked, decided), "{asked} and {decided} acknowledged, {written:?} written");
    Ok(())
}
