//! B9: what was stored, decided once more by the real command line.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;

use super::company::{PEOPLE, POLICIES};
use super::figures::{Aim, Figure, Unit};
use super::parts::Bench;
use super::server::{self, Door, JITNEY};
use super::spread::Spread;
use super::stock::Copy;

const STORED: u64 = 10_000;

/// From exec to exit over so many stored requests, and over a tenth of them.
pub(crate) fn run(bench: &Bench) -> anyhow::Result<Figure> {
    let (stored, rounds) = if bench.arguments.quick { (STORED / 10, 2) } else { (STORED, 5) };
    let tenth = replay(bench, stored / 10, rounds)?;
    let whole = replay(bench, stored, rounds)?;
    Ok(Figure::new(format!("policy replay over {stored} stored requests"), whole, Unit::Micros)
        .beside(tenth * 10.0)
        .aims(Aim::RatioMost(1.5)))
}

fn replay(bench: &Bench, stored: u64, rounds: usize) -> anyhow::Result<f64> {
    let copy = Copy::of(&bench.template, stored)?;
    server::set_up(copy.folder(), PEOPLE, &Door::new()?.outside(), None)?;
    let edited = copy.folder().join("edited");
    std::fs::create_dir_all(&edited)?;
    for (name, text) in POLICIES {
        // The role that a stock holds.
        let text = text.replace("roles.read", "roles.read-0").replace("\"read\"", "\"read-0\"");
        std::fs::write(edited.join(name), text)?;
    }
    let mut took = Vec::new();
    for _ in 0..rounds {
        took.push(once(copy.folder(), &edited, stored)?);
    }
    Ok(Spread::of_durations(took).median())
}

fn once(folder: &Path, edited: &Path, stored: u64) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let told = Command::new(JITNEY)
        .args(["policy", "replay", "--json", "--days", "3650", "--policies"])
        .arg(edited)
        .arg("--config")
        .arg(folder.join("jitney.toml"))
        .output()?;
    let took = began.elapsed();
    let failed = || String::from_utf8_lossy(&told.stderr).into_owned();
    let answer: Value = serde_json::from_slice(&told.stdout).with_context(failed)?;
    // Else something was measured that is decided faster.
    let asked = answer.get("asked").and_then(Value::as_u64);
    let otherwise = answer.get("otherwise").and_then(Value::as_array).map(Vec::len);
    anyhow::ensure!(
        asked == Some(stored) && otherwise == Some(0),
        "{asked:?} were asked, and {otherwise:?} came out otherwise: {}",
        failed()
    );
    Ok(took)
}
