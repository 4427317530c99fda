//! The engine in this process, on a database of its own, with a target that does everything at once.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use jitney::credentials::{Sealer, SealingKey};
use jitney::engine::{self, Core, EngineHandle, Parts};
use jitney::lifecycle::Lifecycle;
use jitney::outbox::Outbox;
use jitney::policy::{self, People, PolicySet, SourceFile};
use jitney::store::Store;
use jitney::targets::Targets;
use jitney::time::{Clock, Span, SystemClock};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::sync::oneshot;

use super::company::{self, POLICIES};
use super::desk::{FarEdge, WatchedDesk};
use super::null::{self, Moments, NullTarget};
use super::stock;

/// What a call to Slack or Jira takes.
const FAR: Duration = Duration::from_millis(100);

/// An engine's parts on this database.
pub(crate) fn parts(database: &Path, targets: Arc<Targets>, askers: u64) -> anyhow::Result<Parts> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    Ok(Parts {
        store: Store::open(database, stock::INSTANCE)?,
        rules: Arc::new(Lifecycle),
        sealer: Sealer::new(&SealingKey::parse(&SealingKey::generate())?),
        rng: StdRng::seed_from_u64(7),
        policies: Arc::new(policies(&targets)?),
        people: Arc::new(People::new(company::people(askers)?, clock.wall(), Span::days(3650))),
        catalogue: targets,
        open_requests_per_person: 1000,
        clock,
    })
}

/// The example policies.
pub(crate) fn policies(targets: &Targets) -> anyhow::Result<PolicySet> {
    let files = POLICIES.map(|(name, text)| SourceFile { name: name.to_owned(), text: text.to_owned() });
    policy::parse(&files, targets).map_err(|issues| {
        anyhow::anyhow!("{}", issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

/// A running engine with its outbox.
pub(crate) struct Room {
    pub(crate) engine: EngineHandle,
    pub(crate) desk: WatchedDesk,
    /// When the target was asked to revoke.
    pub(crate) revoked: Moments,
    thread: JoinHandle<()>,
    outbox: tokio::task::JoinHandle<usize>,
    stop: oneshot::Sender<()>,
}

impl Room {
    /// Must be called within a runtime.
    pub(crate) fn start(database: &Path, askers: u64) -> anyhow::Result<Self> {
        let null = NullTarget::default();
        let revoked = Arc::clone(&null.revoked);
        let targets = Arc::new(null::targets(null)?);
        let core = Core::new(parts(database, Arc::clone(&targets), askers)?)?;
        let (engine, thread) = engine::spawn(core)?;
        let desk = WatchedDesk::new(engine.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let (slack, jira) = (Arc::new(FarEdge(FAR)), Arc::new(FarEdge(FAR)));
        let outbox = Outbox::new(desk.clone(), &targets, slack, jira, Duration::ZERO);
        let outbox = tokio::spawn(outbox.run(async {
            let _ = stopped.await;
        }));
        Ok(Self { engine, desk, revoked, thread, outbox, stop })
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let _ = self.stop.send(());
        self.outbox.await?;
        self.engine.stop().await?;
        self.thread.join().map_err(|_| anyhow::anyhow!("the engine's thread panicked"))
    }
}

/// As many threads as `serve` has.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}
