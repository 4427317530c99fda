//! Seeds whose power goes, at random operations of the disk.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::checks::Violation;
use super::machine::{Counts, Honesty, Machine};
use super::plan::Plot;
use super::run::{Report, Sim};

fn play(seed: u64, honesty: Honesty) -> Result<Report, Violation> {
    let mut rng = StdRng::seed_from_u64(seed);
    let faulty = [0.0, 0.0, 0.1, 0.25][rng.random_range(0..4)];
    let machine = Machine::seeded(honesty, seed);
    Sim::new(rng, None, Plot::Errand, faulty, Some(machine)).play()
}

pub fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}

pub fn threads() -> u64 {
    from_environment("POWER_THREADS", std::thread::available_parallelism().map_or(2, |n| n.get() as u64))
}

/// Seeds between two lines of progress.
const TOLD_EVERY: u64 = 10_000;

#[test]
fn no_power_cut_loses_what_was_acknowledged() {
    let seeds = from_environment("POWER_SEEDS", 300);
    let threads = threads();
    let played = AtomicU64::new(0);
    let worker = |worker: u64| {
        let (mut counts, mut requests) = (Counts::default(), 0);
        for seed in (0..seeds).filter(|seed| seed % threads == worker) {
            let report = play(seed, Honesty::Shipped)
                .unwrap_or_else(|v| panic!("power seed {seed} breaks {}: {}", v.invariant, v.detail));
            counts.add(report.counts);
            requests += report.requests;
            let played = played.fetch_add(1, Ordering::Relaxed) + 1;
            if played.is_multiple_of(TOLD_EVERY) {
                println!("{played} of {seeds} power seeds");
            }
        }
        (counts, requests)
    };
    let (mut counts, mut requests) = (Counts::default(), 0);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|number| scope.spawn(move || worker(number))).collect();
        for done in workers {
            let (some, asked) = done.join().unwrap();
            counts.add(some);
            requests += asked;
        }
    });
    let Counts { cuts, restarts, facts, operations, refused_for_the_disk: _ } = counts;
    println!(
        "{seeds} power seeds: {cuts} power cuts, {restarts} starts after them and after crashes, {requests} requests, {facts} acknowledged facts looked for, {operations} operations of the disk"
    );
}

#[test]
fn the_same_power_seed_plays_the_same_story() {
    for seed in 0..20 {
        let once = play(seed, Honesty::Shipped).map(|r| r.hash);
        let twice = play(seed, Honesty::Shipped).map(|r| r.hash);
        assert_eq!(once, twice, "power seed {seed}");
    }
}

#[test]
fn one_power_seed() {
    if let Err(v) = play(from_environment("POWER_SEED", 0), Honesty::Shipped) {
        panic!("it breaks {}: {}", v.invariant, v.detail);
    }
}

/// Negative controls: a simulation that doesn't see these is blind.
#[test]
fn a_careless_database_and_a_lying_disk_are_found_out() {
    const ENOUGH: u64 = 500;
    for (honesty, wanted) in [
        (Honesty::SynchronousNormal, &["nothing_acknowledged_is_lost", "intent_before_effect"][..]),
        (Honesty::LyingSync, &["nothing_acknowledged_is_lost", "the_database_is_whole"][..]),
    ] {
        let mut broken: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for seed in 0..ENOUGH {
            if wanted.iter().all(|invariant| broken.contains_key(invariant)) {
                break;
            }
            if let Err(violation) = play(seed, honesty) {
                broken.entry(violation.invariant).or_default().push(seed);
            }
        }
        println!("{honesty:?} breaks {broken:?}");
        for invariant in wanted {
            assert!(
                broken.contains_key(invariant),
                "{honesty:?} is not seen to break {invariant}: {broken:?}"
            );
        }
    }
}
