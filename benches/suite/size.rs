//! B12: a cold start on nothing, and the size of the binary.

use std::process::{Command, Stdio};
use std::time::Instant;

use super::figures::{Aim, Figure, Unit};
use super::folder::Folder;
use super::parts::Bench;
use super::server::{self, Door, JITNEY};
use super::spread::Spread;

pub(crate) fn run(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let rounds = if bench.arguments.quick { 3 } else { 15 };
    let door = Door::new()?;
    let (mut starts, mut versions) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let folder = Folder::new("cold")?;
        server::set_up(folder.path(), 10, &door.outside(), None)?;
        starts.push(door.time_start(folder.path())?);
        let began = Instant::now();
        let status = Command::new(JITNEY).arg("--version").stdout(Stdio::null()).status()?;
        anyhow::ensure!(status.success(), "`jitney --version` fails");
        versions.push(began.elapsed());
    }
    #[allow(clippy::cast_precision_loss, reason = "a file of some megabytes")]
    let bytes = std::fs::metadata(JITNEY)?.len() as f64;
    Ok(vec![
        Figure::new("exec -> ready, new database", Spread::of_durations(starts).median(), Unit::Micros)
            .aims(Aim::Most(25_000.0)),
        Figure::new("`jitney --version`", Spread::of_durations(versions).median(), Unit::Micros),
        Figure::new("the binary", bytes / 1e6, Unit::Megabytes).aims(Aim::Most(12.0)),
    ])
}
