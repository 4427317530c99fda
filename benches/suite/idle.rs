//! B8: memory, processor time and wake-ups of a server that nobody asks for anything.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jitney::playground::people::people;
use jitney::playground::slack::Settings;

use super::company::PEOPLE;
use super::figures::{Aim, Figure, Unit};
use super::folder::Folder;
use super::local::Local;
use super::parts::Bench;
use super::room;
use super::server::{self, Server};

/// After this a server that has nothing to do has settled.
const SETTLE: Duration = Duration::from_secs(6);

pub(crate) fn run(bench: &Bench, stored: u64) -> anyhow::Result<Vec<Figure>> {
    let (settle, watch) = if bench.arguments.quick { (Duration::from_secs(1), 2) } else { (SETTLE, 60) };
    let watch = Duration::from_secs(watch);
    room::runtime()?.block_on(async {
        let local = Local::start(Settings::for_people(&people()?)).await?;
        let mut figures = Vec::new();
        if stored == 0 {
            let folder = Folder::new("idle")?;
            server::set_up(folder.path(), 10, &local.outside(), None)?;
            let idle = local.watch(folder.path(), settle, watch).await?;
            figures.push(idle.memory("no grant, 10 people", 15.0));
            figures.push(idle.memory_of_its_own("no grant, 10 people"));
            figures.push(
                Figure::new("processor time, nothing to do", idle.processor, Unit::Percent)
                    .aims(Aim::Most(0.1)),
            );
            figures.push(
                Figure::new("wake-ups, nothing to do", idle.wake_ups, Unit::PerMinute).aims(Aim::Most(10.0)),
            );
        } else {
            let copy = bench.copy(stored)?;
            server::set_up(copy.folder(), PEOPLE, &local.outside(), None)?;
            let idle = local.watch(copy.folder(), settle, settle).await?;
            let about = format!("{stored} active grants, {PEOPLE} people");
            figures.push(idle.memory(&about, if stored > 100_000 { 40.0 } else { 20.0 }));
            figures.push(idle.memory_of_its_own(&about));
        }
        Ok(figures)
    })
}

impl Local {
    /// Starts a server, waits until it has settled, and watches it.
    async fn watch(&self, folder: &Path, settle: Duration, length: Duration) -> anyhow::Result<Idle> {
        let server = Server::start(folder, &self.outside())?;
        let up = self.slack.wait_for(Duration::from_secs(60), |seen| (seen.links > 0).then_some(())).await;
        up.context("it does not connect")?;
        tokio::time::sleep(settle).await;
        let (before, began) = (Spent::of(server.id())?, Instant::now());
        tokio::time::sleep(length).await;
        let (after, took) = (Spent::of(server.id())?, began.elapsed().as_secs_f64());
        let memory = memory_of(server.id())?;
        server.kill()?;
        let down = self.slack.wait_for(Duration::from_secs(60), |seen| (seen.links == 0).then_some(())).await;
        down.context("its links stay open")?;
        Ok(Idle {
            memory: memory.0,
            of_its_own: memory.1,
            processor: (after.seconds - before.seconds) / took * 100.0,
            wake_ups: (after.wake_ups - before.wake_ups) / took * 60.0,
        })
    }
}

/// What was seen of an idle server.
struct Idle {
    /// Resident, in MB.
    memory: f64,
    /// The part of it that no file stands behind.
    of_its_own: f64,
    /// Of one core, in per cent.
    processor: f64,
    /// A minute.
    wake_ups: f64,
}

impl Idle {
    fn memory(&self, about: &str, most: f64) -> Figure {
        Figure::new(format!("resident memory, {about}"), self.memory, Unit::Megabytes).aims(Aim::Most(most))
    }

    fn memory_of_its_own(&self, about: &str) -> Figure {
        Figure::new(format!("- without mapped files, {about}"), self.of_its_own, Unit::Megabytes)
    }
}

/// What all threads of a process have used up.
pub(crate) struct Spent {
    pub(crate) seconds: f64,
    wake_ups: f64,
}

impl Spent {
    pub(crate) fn of(process: u32) -> anyhow::Result<Self> {
        let mut spent = Self { seconds: 0.0, wake_ups: 0.0 };
        for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
            let thread = thread?.path();
            let on_cpu = std::fs::read_to_string(thread.join("schedstat"))?;
            let nanos: f64 = on_cpu.split(' ').next().unwrap_or_default().parse()?;
            spent.seconds += nanos / 1e9;
            spent.wake_ups += number(&thread.join("status"), "voluntary_ctxt_switches:")?;
        }
        Ok(spent)
    }
}

/// Resident memory in all, and without mapped files, in MB.
fn memory_of(process: u32) -> anyhow::Result<(f64, f64)> {
    let status = PathBuf::from(format!("/proc/{process}/status"));
    Ok((number(&status, "VmRSS:")? / 1024.0, number(&status, "RssAnon:")? / 1024.0))
}

fn number(file: &Path, name: &str) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(file)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let word = line.and_then(|line| line.split_whitespace().next());
    Ok(word.with_context(|| format!("{} has no {name}", file.display()))?.parse()?)
}
