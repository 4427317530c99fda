//! One scenario, again and again: at each of the disk's operations in turn something goes wrong, and the scenario
//! must come to its right end all the same.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::checks::Violation;
use super::disk::{Disk, Fault, Image, Operation, Tuning};
use super::machine::{Losses, Machine};
use super::plan::Plot;
use super::power_cuts::{from_environment, threads};
use super::run::{Report, Sim};

fn scenario(fault: Option<(u64, Fault)>, losses: Losses) -> Result<Report, Violation> {
    let machine = Machine::steady(losses);
    if let Some((operation, fault)) = fault {
        machine.disk.plan(operation, fault);
    }
    Sim::new(StdRng::seed_from_u64(1), None, Plot::Scenario, 0.0, Some(machine)).play()
}

/// How the scenario must end, whatever happens to the disk for a while.
fn right_end() -> Report {
    scenario(None, Losses::Everything).unwrap_or_else(|v| panic!("it breaks {}: {}", v.invariant, v.detail))
}

/// Plays the scenario once for each operation and each fault; what each came to, and how many they were.
fn walk(
    wanted: impl Fn(Operation) -> bool,
    faults: &[(Fault, Losses)],
    judge: impl Fn(&Report) -> Result<(), String> + Sync,
) -> u64 {
    let plain = right_end();
    let every = from_environment("POWER_WALK_EVERY", 101);
    let operations: Vec<u64> = (1..)
        .zip(&plain.operations)
        .filter(|(n, kind)| wanted(**kind) && n % every == 0)
        .map(|(n, _)| n)
        .collect();
    let next = AtomicU64::new(0);
    let broken = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..threads() {
            scope.spawn(|| {
                loop {
                    let index = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap();
                    let Some(&operation) = operations.get(index) else { return };
                    for &(fault, losses) in faults {
                        let end = scenario(Some((operation, fault)), losses);
                        let end = end.map_err(|v| format!("breaks {}: {}", v.invariant, v.detail));
                        if let Err(why) = end.and_then(|report| judge(&report)) {
                            let kind = plain.operations[usize::try_from(operation).unwrap() - 1];
                            let what = format!("{fault:?} at operation {operation} ({kind:?}), {losses:?}");
                            broken.lock().unwrap().insert((operation, what), why);
                        }
                    }
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap();
    if let Some(((_, what), why)) = broken.first_key_value() {
        panic!("{} of {} operations; the first: {what} {why}", broken.len(), operations.len());
    }
    operations.len() as u64 * faults.len() as u64
}

fn ends_right(plain: &Report) -> impl Fn(&Report) -> Result<(), String> + Sync {
    move |report| {
        if report.ends == plain.ends { Ok(()) } else { Err(format!("comes to {:?}", report.ends)) }
    }
}

#[test]
fn the_scenario_has_all_that_it_is_for() {
    let plain = right_end();
    let mut kinds: BTreeMap<Operation, u64> = BTreeMap::new();
    for operation in &plain.operations {
        *kinds.entry(*operation).or_default() += 1;
    }
    println!("{} operations: {kinds:?}", plain.operations.len());
    for row in [1, 7, 8, 9, 16, 19, 20, 21, 22, 24, 25, 29] {
        assert!(plain.rows.contains_key(&row), "row {row} of the state table is not in {:?}", plain.rows);
    }
    for kind in [Operation::Open, Operation::Read, Operation::Write, Operation::Sync] {
        assert!(kinds.contains_key(&kind), "{kind:?}");
    }
    insta::assert_debug_snapshot!(plain.ends);
}

/// SQLite says nothing when it can't begin its log, and goes on without.
#[test]
fn a_new_database_has_its_log_or_is_not_opened() {
    let mut refused = 0;
    for operation in 1..=60 {
        let disk = Disk::new(&Image::default());
        disk.plan(operation, Fault::Error { times: 2 });
        match disk.open_store(Tuning::default()) {
            Ok(_store) => assert!(disk.has("jitney.db-wal"), "after an error at operation {operation}"),
            Err(_) => refused += 1,
        }
    }
    println!("{refused} of 60 were not opened");
}

#[test]
fn a_power_cut_at_any_operation_changes_no_end() {
    let plain = right_end();
    let faults = [Losses::Everything, Losses::Nothing, Losses::Seeded(1), Losses::Seeded(2)]
        .map(|losses| (Fault::PowerCut, losses));
    let played = walk(|_| true, &faults, ends_right(&plain));
    println!("{played} scenarios with a power cut");
}

#[test]
fn a_process_killed_at_any_operation_changes_no_end() {
    let plain = right_end();
    let played = walk(|_| true, &[(Fault::Killed, Losses::Everything)], ends_right(&plain));
    println!("{played} scenarios with a process that is killed");
}

/// What a killed process had written and not synced is found by the next one, and may still be lost.
#[test]
fn nothing_is_called_for_what_a_power_cut_may_still_take() {
    let plain = right_end();
    let syncs = (1..).zip(&plain.operations).filter(|(_, kind)| **kind == Operation::Sync);
    for (operation, _) in syncs {
        let mut machine = Machine::steady(Losses::Everything);
        machine.disk.plan(operation, Fault::Killed);
        machine.is_cut_at_a_resumed_call = true;
        let end = Sim::new(StdRng::seed_from_u64(1), None, Plot::Scenario, 0.0, Some(machine)).play();
        match end {
            Ok(report) => assert_eq!(report.ends, plain.ends, "killed at sync {operation}"),
            Err(v) => panic!("killed at sync {operation} it breaks {}: {}", v.invariant, v.detail),
        }
    }
}

#[test]
fn an_error_at_any_operation_changes_no_end() {
    let plain = right_end();
    let faults = [1, 3].map(|times| (Fault::Error { times }, Losses::Everything));
    let played = walk(|_| true, &faults, ends_right(&plain));
    println!("{played} scenarios with an error of the disk");
}

#[test]
fn a_disk_that_is_full_for_a_while_changes_no_end() {
    let plain = right_end();
    let faults = [1, 2, 3, 10].map(|writes| (Fault::Full { writes }, Losses::Everything));
    let played = walk(|kind| kind == Operation::Write, &faults, ends_right(&plain));
    println!("{played} scenarios with a disk that is full for some writes");
}

/// With the ballast's room, what is due ends in time; the checks after each moment see to that.
#[test]
fn on_a_disk_that_stays_full_everything_still_ends() {
    let refused = AtomicU64::new(0);
    let faults = [(Fault::FullUntilFreed, Losses::Everything)];
    let played = walk(
        |kind| kind == Operation::Write,
        &faults,
        |report| {
            refused.fetch_add(report.counts.refused_for_the_disk, Ordering::Relaxed);
            Ok(())
        },
    );
    let refused = refused.into_inner();
    assert!(refused > 0, "nothing new was refused");
    println!("{played} scenarios with a disk that stays full; {refused} times something new was refused");
}
