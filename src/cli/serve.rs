//! `jitney serve`: runs the bot until it is told to stop.

use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::out::Out;
use super::{ConfigArg, Exit, wiring};
use crate::bot::{Bot, Setup};
use crate::config::{Environment, Secrets, load_schedules};
use crate::credentials::SealingKey;
use crate::jira::LabelPrefix;
use crate::sync;
use crate::telemetry;
use crate::time::{Clock, SystemClock};

/// Threads that the edges share; the engine has its own.
const WORKERS: usize = 2;
/// Threads for what blocks: files, and passwords that are hashed.
const BLOCKING_MOST: usize = 64;

/// Run the bot
#[derive(Debug, Args)]
#[command(after_help = "\
Runs in the foreground and logs to standard error. SIGTERM and Ctrl-C finish what is under way, then stop.
SIGHUP has policies and people read again at once; the log says what came of it.
After a crash, a start takes up what was owed; revocations go first.")]
pub(super) struct ServeArgs {
    #[command(flatten)]
    config: ConfigArg,
}

pub(super) fn run(args: &ServeArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    telemetry::start(environment)?;
    let config = args.config.load(environment)?;
    let secrets =
        Secrets::load(&config, environment).map_err(|issues| anyhow::anyhow!(wiring::joined(&issues)))?;
    let schedules =
        load_schedules(&config, environment).map_err(|issues| anyhow::anyhow!(wiring::joined(&issues)))?;
    let targets = wiring::targets(&config).map_err(|issues| anyhow::anyhow!(wiring::joined(&issues)))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (policies, policy_files) = wiring::policies_with_files(&config.server.policies, &targets)?;
    let slack = config.slack_settings(&secrets.slack);
    let setup = Setup {
        policies,
        policy_files,
        directory: wiring::directory(&config, clock.wall())?,
        sources: sync::configured(&config.directory.sources, &slack)
            .context("the sources of people can't be set up")?,
        targets,
        schedules,
        key: SealingKey::read(&config.server.key_file)?,
        slack,
        jira: config.jira_settings(&secrets.jira_token, LabelPrefix::usual()),
        database: config.server.database.clone(),
        socket: config.server.socket.clone(),
        policy_folder: config.server.policies.clone(),
        clock,
        open_requests_per_person: config.limits.open_requests_per_person,
    };
    // A bot has few sockets: more threads would cost memory and wake-ups on a large machine, and speed up nothing.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING_MOST)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut bot = Bot::start(setup).await?;
        tracing::info!("jitney runs");
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM can't be heard")?;
        let mut hang_up = signal(SignalKind::hangup()).context("SIGHUP can't be heard")?;
        let broken_off = loop {
            tokio::select! {
                _ = terminate.recv() => break None,
                Some(()) = hang_up.recv() => bot.look_again(),
                interrupt = tokio::signal::ctrl_c() => {
                    interrupt.context("Ctrl-C can't be heard")?;
                    break None;
                }
                part = bot.broken_off() => break Some(part),
            }
        };
        tracing::info!("stopping: what is under way is finished first");
        bot.stop().await;
        match broken_off {
            None => anyhow::Ok(()),
            Some(part) => anyhow::bail!(
                "{part} broke off; the log says why. Start jitney again: what is owed is owed still"
            ),
        }
    })?;
    out.line("jitney has stopped")?;
    Ok(Exit::Fine)
}
