//! The seeded simulation: the real rules, policy, engine and database, with many people, grants and targets in
//! virtual time, through crashes, lost replies, late landings, lies, duplicates and reordering.
//!
//! A day of many people plays on a database in memory (`run`, `plan`, `checks`). `cargo test` plays few seeds, for
//! patience; `tests/run` plays 2000, and then every row of the state table must be visited. A seed is replayed with
//! `SIM_SEED=17 SIM_TRACE=1 cargo test --test sim -- one_seed --nocapture`.
//!
//! An errand of one or two requests plays on a disk that loses power (`power_cuts`): SQLite runs on the VFS of `disk`,
//! which keeps what was synced and loses, keeps, reorders or tears the rest, sector by sector. After each start, all
//! that was acknowledged must be there (`ledger`), and the story plays on to rest under the same checks. A hundred
//! thousand seeds: `POWER_SEEDS=100000 cargo test --profile sim --test sim -- no_power_cut --nocapture`. One of them:
//! `POWER_SEED=17 SIM_TRACE=1 cargo test --test sim -- one_power_seed --nocapture`.
//!
//! One scenario plays once for each operation of the disk (`walk`), at which the power goes, the process is killed,
//! the disk fails or is full. `cargo test` takes each 101st operation; none is left out with
//! `POWER_WALK_EVERY=1 cargo test --profile sim --test sim -- walk --nocapture`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a test that meets the unexpected shall stop"
)]
#![allow(missing_docs, unreachable_pub, reason = "a test's name says what it shows")]

mod checks;
mod defects;
mod disk;
mod ledger;
mod machine;
mod oracle;
mod plan;
mod power;
mod power_cuts;
mod run;
mod walk;
mod world;

use std::collections::BTreeMap;

use defects::Defect;

/// So many seeds visit every row of the state table, the rarest ones included.
const ENOUGH_FOR_EVERY_ROW: u64 = 1000;

fn seeds() -> u64 {
    std::env::var("SIM_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(100)
}

#[test]
fn no_seed_breaks_a_promise_and_enough_of_them_visit_every_row() {
    let seeds = seeds();
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get) as u64;
    let reports: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                scope.spawn(move || {
                    let mine = (0..seeds).filter(|seed| seed % threads == worker);
                    mine.map(|seed| (seed, run::play(seed, None))).collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|w| w.join().unwrap()).collect()
    });
    let mut rows: BTreeMap<u8, u64> = BTreeMap::new();
    let mut fates: BTreeMap<&str, u64> = BTreeMap::new();
    let mut requests = 0;
    for (seed, report) in reports {
        let report = report.unwrap_or_else(|v| panic!("seed {seed} breaks {}: {}", v.invariant, v.detail));
        requests += report.requests;
        for (row, visits) in report.rows {
            *rows.entry(row).or_default() += visits;
        }
        for (fate, times) in report.fates {
            *fates.entry(fate).or_default() += times;
        }
    }
    println!("{seeds} seeds, {requests} requests, calls by fate {fates:?}, visits of rows {rows:?}");
    let missed: Vec<u8> = (1..=36).filter(|r| !rows.contains_key(r)).collect();
    println!("rows not visited: {missed:?}");
    assert!(
        missed.is_empty() || seeds < ENOUGH_FOR_EVERY_ROW,
        "rows of the state table that no seed visited: {missed:?}"
    );
}

#[test]
fn each_deliberate_defect_is_found() {
    let mut missed = Vec::new();
    for defect in Defect::ALL {
        let found = [defect.found_before()].into_iter().chain(0..2000).find_map(|seed| {
            let violation = run::play(seed, Some(defect)).err()?;
            // What the shipped rules break too does not come from the defect.
            run::play(seed, None).ok().map(|_| (seed, violation))
        });
        match found {
            Some((seed, v)) => println!("{defect:?}: seed {seed} breaks {}", v.invariant),
            None => missed.push(defect),
        }
    }
    assert!(missed.is_empty(), "defects that 2000 seeds did not find: {missed:?}");
}

#[test]
fn the_same_seed_plays_the_same_story() {
    for seed in 0..20 {
        let once = run::play(seed, None).map(|r| r.hash);
        let twice = run::play(seed, None).map(|r| r.hash);
        assert_eq!(once, twice, "seed {seed}");
    }
}

#[test]
fn one_seed() {
    let seed = std::env::var("SIM_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    if let Err(v) = run::play(seed, None) {
        panic!("seed {seed} breaks {}: {}", v.invariant, v.detail);
    }
}
