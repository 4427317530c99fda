//! The real process, and how it dies.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use jitney::time::{Clock as _, Timestamp};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::time::{Instant, sleep};

use super::stage::Stage;
use crate::servers::keeper::{self, Kept};

/// From one kill to the next, in milliseconds: often while it still starts.
const LIFE_MS: std::ops::Range<u64> = 100..2000;
/// Now and then it lives longer than Jira's search may lag behind, so that doubts are settled between kills too.
const LONG_LIFE_MS: std::ops::Range<u64> = 6000..9000;
const LONG_LIFE_EVERY: usize = 25;
/// How long it may take to stop when it is asked to.
const STOP: Duration = Duration::from_secs(40);

/// Starts `jitney serve`; it never outlives what is answered, nor this process.
fn start(stage: &Stage, life: usize) -> Kept {
    // The keeper takes no redirections, so a shell does it.
    let mut shell = Command::new("sh");
    shell.arg("-c").arg("exec \"$0\" serve </dev/null >\"$1\" 2>&1").arg(env!("CARGO_BIN_EXE_jitney"));
    shell.arg(stage.log(life)).current_dir(&stage.folder).envs(stage.environment());
    keeper::start(shell)
}

/// One life after the other.
pub(super) struct Lives {
    serve: Kept,
    /// When each of them was started.
    pub(super) began: Vec<Timestamp>,
    /// Ends that were not ours.
    pub(super) surprises: Vec<String>,
}

impl Lives {
    pub(super) fn begin(stage: &Stage) -> Self {
        let began = vec![stage.clock.wall()];
        Self { serve: start(stage, 0), began, surprises: Vec::new() }
    }

    pub(super) async fn kill_again_and_again(&mut self, stage: &Stage, kills: usize, seed: u64) {
        let mut rng = StdRng::seed_from_u64(seed);
        for kill in 1..=kills {
            let range = if kill % LONG_LIFE_EVERY == 0 { LONG_LIFE_MS } else { LIFE_MS };
            sleep(Duration::from_millis(rng.random_range(range))).await;
            if let Some(status) = self.serve.ended() {
                let said = last_words(&stage.log(kill - 1));
                self.surprises.push(format!("life {} ended by itself, {status}:\n{said}", kill - 1));
            }
            let _ = self.serve.kill();
            stage.book.count("kills");
            self.began.push(stage.clock.wall());
            self.serve = start(stage, kill);
        }
    }

    /// Ends the last one as SIGTERM does.
    pub(super) async fn stop(&mut self) {
        let id = nix::unistd::Pid::from_raw(i32::try_from(self.serve.id()).unwrap());
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).unwrap();
        let until = Instant::now() + STOP;
        while self.serve.ended().is_none() && Instant::now() < until {
            sleep(Duration::from_millis(50)).await;
        }
        let ended = self.serve.ended();
        if !ended.is_some_and(|status| status.success()) {
            self.surprises.push(format!("asked to stop, the last life ended like this: {ended:?}"));
        }
    }
}

fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().rev().take(5).rev().copied().collect::<Vec<_>>().join("\n")
}
