//! The bot, put together: engine, outbox, Slack, tickets, operators' socket and the watch over files. `serve`, the
//! demo and the journeys run this very assembly.

mod policy_edit;
pub mod reload;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::admin::AdminSocket;
use crate::credentials::{Sealer, SealingKey};
use crate::directory::Directory;
use crate::engine::{self, Completion, Core, EngineHandle, Owed, Parts, Tickets};
use crate::ids::{IssueKey, PersonId};
use crate::jira::{JiraSettings, LabelPrefix, Ticketer};
use crate::lifecycle::Lifecycle;
use crate::oncall::{self, Schedule};
use crate::outbox::{Outbox, Shower, Teller};
use crate::policy::{self, PolicySet, SourceFile, TicketFound};
use crate::slack::{Poster, SlackEdge, SlackSettings};
use crate::store::{KeptSource, PoliciesSeen, Store};
use crate::sync::{Configured, KeptFacts, PEOPLE_FILE, PeopleWatch, Wake};
use crate::targets::Targets;
use crate::time::Clock;
use reload::{PolicyWatch, Reload};

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
    /// The files that they were parsed from.
    pub policy_files: Vec<SourceFile>,
    /// Who there is.
    pub directory: Directory,
    /// Sources of facts besides.
    pub sources: Vec<Configured>,
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
    /// Has the policies looked at at once; dropped, it ends that.
    watching: mpsc::Sender<()>,
    /// The same for people.
    watching_people: Arc<mpsc::Sender<Wake>>,
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
        let mark = setup.directory.mark();
        let store = open_store(&setup.database, &sealer, &targets, &mark)?;
        let people = PeopleWatch::new(setup.directory, setup.sources, store.kept, Arc::clone(&setup.clock));
        let mut jira = setup.jira;
        jira.label_prefix = label_prefix(&jira.label_prefix, &store.instance)?;
        let policies = Arc::new(setup.policies);
        let mut core = Core::new(Parts {
            store: store.store,
            clock: Arc::clone(&setup.clock),
            rules: Arc::new(Lifecycle),
            catalogue: Arc::clone(&targets) as Arc<dyn policy::Catalogue>,
            sealer,
            rng: StdRng::from_seed(rand::rng().random()),
            policies: Arc::clone(&policies),
            people: people.at_start(),
            open_requests_per_person: setup.open_requests_per_person,
        })
        .context("the database can't be read")?;
        let reload = Reload::new(setup.policy_folder, Arc::clone(&targets), setup.policy_files);
        let first = reload.at_start(policies, store.policies_seen, &people.at_start());
        core.change_policies(&first).context("the policies can't be recorded")?;
        core.wait_for_looks();
        let socket = AdminSocket::bind(&setup.socket)?;
        let ticketer = Arc::new(Ticketer::new(jira).context("the Jira edge can't be set up")?);
        let (engine, thread) = engine::spawn(core).context("the engine's thread can't be started")?;
        let engine = engine.with_tickets(Arc::clone(&ticketer) as Arc<dyn Tickets>);
        let slack = SlackEdge::new(setup.slack, engine.clone()).context("the Slack edge can't be set up")?;

        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let poster = Arc::new(slack.poster());
        let outbox = Outbox::new(engine.clone(), &targets, poster, ticketer, GRACE);
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
        let (looking, looks_stopped) = (engine.clone(), stopped.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = looking.make_looks() => {}
                () = until(looks_stopped) => {}
            }
            "the looks at tickets"
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
        let watch = PolicyWatch { engine: engine.clone(), reload };
        let (watching, watched) = mpsc::channel();
        let runtime = tokio::runtime::Handle::current();
        tasks.spawn_blocking(move || {
            watch.run(&watched, &runtime);
            "the watch over policies"
        });
        let (watching_people, people_watched) = mpsc::channel();
        let watching_people = Arc::new(watching_people);
        let (people_engine, back, runtime) =
            (engine.clone(), Arc::downgrade(&watching_people), tokio::runtime::Handle::current());
        tasks.spawn_blocking(move || {
            people.run(&people_engine, &people_watched, &back, &runtime);
            "the watch over people"
        });
        let thread = tokio::task::spawn_blocking(move || thread.join());
        Ok(Self { engine, slack, thread, tasks, stop, watching, watching_people })
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

    /// Has the directory and the policies looked at now; the log says what came of it.
    pub fn look_again(&self) {
        // Without a watch the bot has ended, and hears of that elsewhere.
        let _ = self.watching.send(());
        let _ = self.watching_people.send(Wake::Asked);
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
        let _ = self.watching_people.send(Wake::Stop);
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
    policies_seen: Option<PoliciesSeen>,
    kept: Vec<KeptFacts>,
}

/// Opens the database, and makes sure that what is open in it can be ended with this configuration.
/// `mark` is the state of the people file.
fn open_store(path: &Path, sealer: &Sealer, targets: &Targets, mark: &str) -> anyhow::Result<Opened> {
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
    let policies_seen = tx.policies_seen()?;
    let mut kept = Vec::new();
    for KeptSource { source, as_of, mark: kept_mark } in tx.kept_sources()? {
        // A file that is what it was is not read twice: it may be large.
        let is_read = source == PEOPLE_FILE && kept_mark == mark;
        let parts = if is_read { Vec::new() } else { tx.kept_facts(&source)? };
        kept.push(KeptFacts { source, as_of, mark: kept_mark, parts });
    }
    tx.commit()?;
    Ok(Opened { store, instance, policies_seen, kept })
}

fn label_prefix(prefix: &LabelPrefix, instance: &str) -> anyhow::Result<LabelPrefix> {
    let short: String = instance.chars().take(8).collect();
    format!("{prefix}-{short}").parse().map_err(|e| anyhow::anyhow!("{e}"))
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stopped.wait_for(|stop| *stop).await;
}

#[async_trait]
impl Shower for Poster {
    async fn show(&self, owed: &Owed, engine: &EngineHandle) -> Completion {
        Self::show(self, owed, engine).await
    }
}

#[async_trait]
impl Tickets for Ticketer {
    async fn look(&self, ticket: &IssueKey, requester: &PersonId) -> TicketFound {
        Self::look(self, ticket, requester).await
    }
}

#[async_trait]
impl Teller for Ticketer {
    async fn tell(&self, owed: &Owed, engine: &EngineHandle) -> Completion {
        Self::tell(self, owed, engine).await
    }
}
