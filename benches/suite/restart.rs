//! B6: from exec to ready, after a crash, with many stored grants. The phases are timed in this process too.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jitney::config::{Config, Environment, read_policy_files};
use jitney::credentials::SealingKey;
use jitney::directory::Directory;
use jitney::engine::Core;
use jitney::policy;
use jitney::store::Store;
use jitney::targets::Targets;
use jitney::time::{Clock as _, Span, SystemClock, Timestamp};

use super::company::PEOPLE;
use super::figures::{Aim, Figure, Unit};
use super::null::{self, NullTarget};
use super::parts::Bench;
use super::server::{self, Door};
use super::spread::Spread;
use super::stock::Copy;
use super::{room, stock};

/// Grants that end within the timer's window, besides the stored ones.
const SOON: u64 = 250;
/// What a crash leaves to be read again: SQLite folds the log in at about so much.
const LOG: u64 = 4 << 20;
/// A log that a long read kept from being folded in.
const LONG_LOG: u64 = 64 << 20;

pub(crate) fn run(bench: &Bench, stored: u64) -> anyhow::Result<Vec<Figure>> {
    let rounds = if bench.arguments.quick { 3 } else { 9 };
    let door = Door::new()?;
    let copy = bench.copy(stored)?;
    let begin = SystemClock::new().wall() + Span::mins(8);
    let soon: Vec<Timestamp> = (0..SOON).map(|number| begin + Span::millis(number * 100)).collect();
    let first = copy.add(&bench.template, &soon)?;
    server::set_up(copy.folder(), PEOPLE, &door.outside(), None)?;
    let ready = start_often(&door, &copy, LOG, rounds)?;
    let mut figures = vec![
        Figure::new(format!("exec -> ready, {stored} stored, log of {} MB", LOG >> 20), ready, Unit::Micros)
            .aims(Aim::Most(50_000.0)),
    ];
    figures.extend(phases(&copy, rounds)?);
    if !bench.arguments.quick {
        let ready = start_often(&door, &copy, LONG_LOG, 3)?;
        let name = format!("exec -> ready, {stored} stored, log of {} MB", LONG_LOG >> 20);
        figures.push(Figure::new(name, ready, Unit::Micros));
    }
    copy.calm(first)?;
    Ok(figures)
}

fn start_often(door: &Door, copy: &Copy, log: u64, rounds: usize) -> anyhow::Result<f64> {
    let mut took = Vec::new();
    for _ in 0..rounds {
        copy.crash_with_log(log)?;
        took.push(door.time_start(copy.folder())?);
    }
    Ok(Spread::of_durations(took).median())
}

/// The parts of a start, one after the other as `serve` does them.
fn phases(copy: &Copy, rounds: usize) -> anyhow::Result<Vec<Figure>> {
    const NAMES: [&str; 4] =
        ["configuration and policies", "directory of 10000 people", "database opened", "timers armed"];
    let mut measured: [Vec<Duration>; 4] = Default::default();
    for _ in 0..rounds {
        copy.crash_with_log(LOG)?;
        for (all, one) in measured.iter_mut().zip(one_start(copy.folder())?) {
            all.push(one);
        }
    }
    Ok(NAMES
        .iter()
        .zip(measured)
        .map(|(name, measured)| {
            Figure::new(format!("- {name}"), Spread::of_durations(measured).median(), Unit::Micros)
        })
        .collect())
}

fn one_start(folder: &Path) -> anyhow::Result<[Duration; 4]> {
    let clock = SystemClock::new();
    let began = Instant::now();
    let config = Config::load(&folder.join("jitney.toml"), &Environment::default())?;
    SealingKey::read(&config.server.key_file)?;
    let targets: Targets = null::targets(NullTarget::default())?;
    policy::parse(&read_policy_files(&config.server.policies)?, &targets)
        .map_err(|issues| anyhow::anyhow!("{} issues", issues.len()))?;
    let configured = began.elapsed();

    let began = Instant::now();
    let directory = Directory::open(&config.directory.file, config.directory.max_age, clock.wall())?;
    let read = began.elapsed();

    let began = Instant::now();
    let mut store = Store::open(&config.server.database, stock::INSTANCE)?;
    let mut tx = store.begin()?;
    tx.targets_in_use()?;
    tx.commit()?;
    let opened = began.elapsed();
    drop(store);

    let mut parts = room::parts(&config.server.database, Arc::new(targets), 1)?;
    parts.people = directory.people();
    let began = Instant::now();
    let core = Core::new(parts)?;
    let armed = began.elapsed();
    drop(core);
    Ok([configured, read, opened, armed])
}
