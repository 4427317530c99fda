//! B7: a crash in the middle of a revocation. From exec to the moment that the target is asked again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jitney::config::{Config, Environment};
use jitney::engine::{Core, Input, Verb};
use jitney::lifecycle::Answer;
use jitney::targets::Targets;
use jitney::time::Span;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::company::{asker, manager};
use super::figures::{Aim, Figure, Unit};
use super::folder::Folder;
use super::null::wall_micros;
use super::parts::Bench;
use super::server::{self, Door, Server};
use super::spread::Spread;
use super::{room, stock};

/// Ends no session, ever; says when it was asked, and who it is.
const HOOK: &str = "printf '%s %s\\n' \"${EPOCHREALTIME/[.,]/}\" $$ >> CALLS\nexec sleep 600\n";
/// Long enough to be granted in.
const ACCESS: Span = Span::secs(60);
const ASKED_MOST: Duration = Duration::from_secs(60);

pub(crate) fn run(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let rounds = if bench.arguments.quick { 1 } else { 9 };
    let folder = Folder::new("crash")?;
    let (hook, calls) = (folder.join("hook"), folder.join("calls"));
    std::fs::write(&hook, HOOK.replace("CALLS", &calls.display().to_string()))?;
    let door = Door::new()?;
    server::set_up(folder.path(), 10, &door.outside(), Some(&hook))?;
    grant_that_has_ended(folder.path())?;
    let mut hooks = Hooks { calls, heard: 0 };
    let mut server = Server::start(folder.path(), &door.outside())?;
    hooks.next(&folder)?;
    let mut took = Vec::new();
    for _ in 0..rounds {
        server.kill()?;
        hooks.end();
        let before = wall_micros();
        server = Server::start(folder.path(), &door.outside())?;
        let asked = hooks.next(&folder)?;
        #[allow(clippy::cast_precision_loss, reason = "seconds at most")]
        took.push((asked - before) as f64);
    }
    drop(server);
    hooks.end();
    let name = "exec -> the revocation that was under way is sent again";
    Ok(vec![Figure::new(name, Spread::of(took).median(), Unit::Micros).aims(Aim::Most(100_000.0))])
}

/// What the hook wrote down.
struct Hooks {
    calls: PathBuf,
    heard: usize,
}

impl Hooks {
    fn lines(&self) -> Vec<(i64, i32)> {
        let text = std::fs::read_to_string(&self.calls).unwrap_or_default();
        let line = |line: &str| {
            let (at, id) = line.split_once(' ')?;
            Some((at.parse().ok()?, id.parse().ok()?))
        };
        text.lines().filter_map(line).collect()
    }

    /// When the hook was called next: microseconds since 1970.
    fn next(&mut self, folder: &Folder) -> anyhow::Result<i64> {
        let began = Instant::now();
        while began.elapsed() < ASKED_MOST {
            if let Some((at, _)) = self.lines().get(self.heard) {
                self.heard += 1;
                return Ok(*at);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        anyhow::bail!("nothing was revoked: {}", std::fs::read_to_string(folder.join("log"))?)
    }

    /// Hooks outlive the server that was killed.
    fn end(&self) {
        if let Some((_, id)) = self.lines().last() {
            let _ = kill(Pid::from_raw(*id), Signal::SIGKILL);
        }
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.end();
    }
}

/// A grant of the real adapter, whose end is moved into the past.
fn grant_that_has_ended(folder: &Path) -> anyhow::Result<()> {
    let config = Config::load(&folder.join("jitney.toml"), &Environment::default())?;
    let table = serde_json::json!({
        "adapter": "htpasswd",
        "file": folder.join("htpasswd"),
        "used_at": "https://wiki.example.com",
        "cost": 4,
    });
    let targets = Targets::from_settings(&[(super::null::NAME.parse()?, table)].into())
        .map_err(|issues| anyhow::anyhow!("{issues:?}"))?;
    let targets = Arc::new(targets);
    let mut core = Core::new(room::parts(&config.server.database, Arc::clone(&targets), 10)?)?;
    let command = |by, verb| {
        let by = stock::actor(by);
        Input::Command(Box::new(jitney::engine::Command { key: None, by, verb }))
    };
    let answered = core.run(vec![command(asker(0)?, Verb::Ask(stock::ask(ACCESS)?))])?;
    let Some(Ok(Answer::Submitted { request, .. })) = answered.into_iter().next() else {
        anyhow::bail!("it was not taken");
    };
    core.run(vec![command(manager(0)?, Verb::Approve { request, at_most: None })])?;
    stock::do_what_is_owed(&mut core)?;
    let dossier = core.dossier(request)?.context("it was granted")?;
    let ends_at = dossier.request.times.context("it was granted")?.expires_at.millis().to_string();
    drop(core.into_store());
    let past = (wall_micros() / 1000 - 1).to_string();
    let conn = rusqlite::Connection::open(&config.server.database)?;
    conn.execute("UPDATE requests SET due_at = ?2, body = replace(body, ?1, ?2)", [&ends_at, &past])?;
    Ok(())
}
