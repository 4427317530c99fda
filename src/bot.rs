//! The bot, put together: engine, outbox, Slack, tickets, operators' socket and the watch over files. `serve`, the
//! demo and the journeys run this very assembly.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::admin::AdminSocket;
use crate::config::read_policy_files;
use crate::credentials::{Sealer, SealingKey};
use crate::directory::Directory;
use crate::engine::{self, Completion, Core, EngineHandle, Owed, Parts};
use crate::jira::{JiraSettings, LabelPrefix, Ticketer};
use crate::lifecycle::Lifecycle;
use crate::oncall::{self, Schedule};
use crate::outbox::{Outbox, Shower, Teller};
use crate::policy::{self, PolicySet, SourceFile};
use crate::slack::{Poster, SlackEdge, SlackSettings};
use crate::store::Store;
use crate::targets::Targets;
use crate::time::Clock;

/// How often files are looked at for changes.
const LOOK_AT_FILES: Duration = Duration::from_secs(10);
/// Calls that run get so long to end after a stop.
const GRACE: Duration = Duration::from_secs(20);

/// What a bot is made of.
pub struct Setup {
    /// The one SQLite file.
    pub database: PathBuf,
    /// Where operators' commands come in.
    pub socket: PathBuf,
    /// The folder of policy files, read again when they change.
    pub policy_folder: PathBuf,
    /// The policies as first read.
    pub policies: PolicySet,
    /// Who people are.
    pub directory: Directory,
    /// The targets.
    pub targets: Targets,
    /// The on-call schedules.
    pub schedules: Vec<Schedule>,
    /// Seals credentials.
    pub key: SealingKey,
    /// The workspace.
    pub slack: SlackSettings,
    /// The Jira site; its label prefix is completed by the instance's id.
    pub jira: JiraSettings,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// Requests that a person may have pending or scheduled at once.
    pub open_requests_per_person: u32,
}

/// A running bot.
pub struct Bot {
    /// Its engine.
    pub engine: EngineHandle,
    /// Its Slack edge.
    pub slack: SlackEdge,
    thread: JoinHandle<std::thread::Result<()>>,
    tasks: JoinSet<&'static str>,
    stop: watch::Sender<bool>,
    /// Dropped, it ends the watch over files.
    watching: mpsc::Sender<()>,
}

impl Bot {
    /// Starts everything.
    ///
    /// # Errors
    /// Says what is missing or wrong, and what to do about it. Nothing runs then.
    pub async fn start(setup: Setup) -> anyhow::Result<Self> {
        // One provider for every client; a second start in the same process finds it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let targets = Arc::new(setup.targets);
        let sealer = Sealer::new(&setup.key);
        let store = open_store(&setup.database, &sealer, &targets)?;
        let mut jira = setup.jira;
        jira.label_prefix = label_prefix(&jira.label_prefix, &store.instance)?;
        let core = Core::new(Parts {
            store: store.store,
            clock: Arc::clone(&setup.clock),
            rules: Arc::new(Lifecycle),
            catalogue: Arc::clone(&targets) as Arc<dyn policy::Catalogue>,
            sealer,
            rng: StdRng::from_seed(rand::rng().random()),
            policies: Arc::new(setup.policies),
            people: setup.directory.people(),
            open_requests_per_person: setup.open_requests_per_person,
        })
        .context("the database can't be read")?;
        let socket = AdminSocket::bind(&setup.socket)?;
        let ticketer = Ticketer::new(jira).context("the Jira edge can't be set up")?;
        let (engine, thread) = engine::spawn(core).context("the engine's thread can't be started")?;
        let slack = SlackEdge::new(setup.slack, engine.clone()).context("the Slack edge can't be set up")?;

        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let poster = Arc::new(slack.poster());
        let outbox = Outbox::new(engine.clone(), &targets, poster, Arc::new(ticketer), GRACE);
        let outbox_stopped = stopped.clone();
        tasks.spawn(async move {
            outbox.run(until(outbox_stopped)).await;
            "the outbox"
        });
        let (hearing, slack_stopped) = (slack.clone(), stopped.clone());
        tasks.spawn(async move {
            hearing.run(slack_stopped).await;
            "the Slack edge"
        });
        let (operators, socket_stopped) = (engine.clone(), stopped.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = socket.serve(operators) => {}
                () = until(socket_stopped) => {}
            }
            "the operators' socket"
        });
        if !setup.schedules.is_empty() {
            let on_call = oncall::Watch::new(setup.schedules, engine.clone(), Arc::clone(&setup.clock))?;
            let on_call_stopped = stopped.clone();
            tasks.spawn(async move {
                on_call.run(on_call_stopped).await;
                "the watch over on-call schedules"
            });
        }
        let watch = FileWatch {
            engine: engine.clone(),
            directory: setup.directory,
            policy_folder: setup.policy_folder,
            targets,
            clock: setup.clock,
            read: Vec::new(),
            complained: None,
        };
        let (watching, watched) = mpsc::channel();
        tasks.spawn_blocking(move || {
            watch.run(&watched);
            "the watch over files"
        });
        let thread = tokio::task::spawn_blocking(move || thread.join());
        Ok(Self { engine, slack, thread, tasks, stop, watching })
    }

    /// Resolves when a part of it has ended though nobody stopped it, and says which. Nothing mends that but another
    /// start: stop it then.
    pub async fn broken_off(&mut self) -> &'static str {
        tokio::select! {
            _ = &mut self.thread, if !self.thread.is_finished() => "the engine",
            Some(ended) = self.tasks.join_next() => ended.unwrap_or("a task that panicked"),
            else => "everything",
        }
    }

    /// Stops: no new work, what runs is finished and kept, then the engine ends.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        self.ends().await;
    }

    /// Breaks off as a crash would: nothing is finished, nothing is told. For journeys.
    pub async fn crash(mut self) {
        self.tasks.abort_all();
        self.ends().await;
    }

    async fn ends(mut self) {
        drop(self.watching);
        while self.tasks.join_next().await.is_some() {}
        let _ = self.engine.stop().await;
        // Asked a second time, it would panic.
        if !self.thread.is_finished() {
            let _ = self.thread.await;
        }
    }
}

struct Opened {
    store: Store,
    instance: String,
}

/// Opens the database, and makes sure that what is open in it can be ended with this configuration.
fn open_store(path: &Path, sealer: &Sealer, targets: &Targets) -> anyhow::Result<Opened> {
    let fresh: [u8; 8] = rand::rng().random();
    let fresh = fresh.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let mut store = Store::open(path, &fresh)?;
    let mut tx = store.begin()?;
    let instance = tx.instance_id()?;
    let key = tx.sealing_key(sealer.key_id())?;
    anyhow::ensure!(
        key == sealer.key_id(),
        "the sealing key is not the one that this database was made with (key id {key}, and the key file has {}): \
         put the right key file back; nothing that waits to be revealed can be opened with another",
        sealer.key_id()
    );
    let missing: Vec<String> = tx
        .targets_in_use()?
        .into_iter()
        .filter(|target| targets.get(target).is_none())
        .map(|target| format!("[targets.{target}]"))
        .collect();
    anyhow::ensure!(
        missing.is_empty(),
        "open grants hold access on targets that the configuration lacks: put {} back, so that they can be ended",
        missing.join(", ")
    );
    tx.commit()?;
    Ok(Opened { store, instance })
}

fn label_prefix(prefix: &LabelPrefix, instance: &str) -> anyhow::Result<LabelPrefix> {
    let short: String = instance.chars().take(8).collect();
    format!("{prefix}-{short}").parse().map_err(|e| anyhow::anyhow!("{e}"))
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// Reads the directory and the policies again when they change. What is broken is told, and the last good stays.
struct FileWatch {
    engine: EngineHandle,
    directory: Directory,
    policy_folder: PathBuf,
    targets: Arc<Targets>,
    clock: Arc<dyn Clock>,
    /// The policies as they were last read, good or not.
    read: Vec<SourceFile>,
    complained: Option<String>,
}

impl FileWatch {
    /// On a thread of its own: files may lie on a disk that hangs, and whoever sleeps here wakes nobody else.
    fn run(mut self, watched: &mpsc::Receiver<()>) {
        while watched.recv_timeout(LOOK_AT_FILES) == Err(RecvTimeoutError::Timeout) {
            self.look();
        }
    }

    fn look(&mut self) {
        match self.directory.poll(self.clock.wall()) {
            Ok(Some(people)) => self.engine.set_people(people),
            Ok(None) => {}
            Err(error) => {
                tracing::error!(%error, "the directory can't be read; the last good read is used until it is too old")
            }
        }
        match self.policies() {
            Ok(None) => {}
            Ok(Some(policies)) => {
                self.complained = None;
                if policies.digest != self.engine.policies().digest {
                    tracing::info!(digest = policies.digest.short(), "other policies are in force now");
                    self.engine.set_policies(Arc::new(policies));
                }
            }
            Err(issues) => {
                if self.complained.as_ref() != Some(&issues) {
                    tracing::error!(
                        "the policies have issues, so the last good ones stay in force:\n{issues}"
                    );
                    self.complained = Some(issues);
                }
            }
        }
    }

    /// None when they say what they said before.
    fn policies(&mut self) -> Result<Option<PolicySet>, String> {
        let before = std::mem::take(&mut self.read);
        self.read = read_policy_files(&self.policy_folder).map_err(|e| e.to_string())?;
        if self.read == before {
            return Ok(None);
        }
        let parsed = policy::parse(&self.read, self.targets.as_ref());
        parsed
            .map(Some)
            .map_err(|issues| issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }
}

#[async_trait]
impl Shower for Poster {
    async fn show(&self, owed: &Owed, engine: &EngineHandle) -> Completion {
        Self::show(self, owed, engine).await
    }
}

#[async_trait]
impl Teller for Ticketer {
    async fn tell(&self, owed: &Owed, engine: &EngineHandle) -> Completion {
        Self::tell(self, owed, engine).await
    }
}
