//! A disk in memory, under the real SQLite: the power may go at any operation, and what was not synced by then is
//! lost, kept, reordered or torn. It also fails, fills up and lies about syncs when it is told to.

mod bytes;
mod file;
mod operations;
mod vfs;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use jitney::store::{Ballast, Store, StoreError};
use rand::RngExt;
use rand::rngs::StdRng;
use rusqlite::{Connection, OpenFlags};

use super::machine::Losses;
use bytes::Bytes;
use file::{File, Loss};

/// The name of the database; SQLite puts its own files beside it.
const DATABASE: &str = "jitney.db";

/// What goes wrong at an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The power goes.
    PowerCut,
    /// The process is killed; what it wrote stays, synced or not.
    Killed,
    /// It fails, whatever it is, and so do the next ones of its kind: this many in all.
    Error { times: u32 },
    /// This many writes find no room, from this one on.
    Full { writes: u32 },
    /// No write finds room until somebody makes some, or the ballast gives its own back.
    FullUntilFreed,
}

/// How the connection and the disk under it differ from the shipped ones.
#[derive(Debug, Clone, Copy)]
pub struct Tuning {
    /// Says that a sync was done, and does nothing.
    pub lying_sync: bool,
    /// Keeps the connection at `synchronous = NORMAL`, whatever it is told.
    pub synchronous_normal: bool,
    /// Frames of the log after which it is brought into the database: few, so that short stories do that too.
    pub checkpoint_after: u32,
    /// Pages that are kept in memory: few, so that they are read again and written early.
    pub cached_pages: u32,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { lying_sync: false, synchronous_normal: false, checkpoint_after: 1000, cached_pages: 500 }
    }
}

/// What SQLite asks of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    Open,
    Read,
    Write,
    Truncate,
    Sync,
    Delete,
}

/// What a fault did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    Ended(Operation),
    Failed(Operation),
    Full,
}

/// Why the disk did not do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    Error,
    Full,
    NotThere,
}

/// A handle on the disk. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct Disk {
    state: Arc<Mutex<State>>,
    folder: u64,
}

/// The files of a disk that is at rest.
#[derive(Debug, Clone, Default)]
pub struct Image(BTreeMap<String, Bytes>);

#[derive(Debug, Default)]
struct State {
    names: BTreeMap<String, Name>,
    files: BTreeMap<u64, File>,
    next_file: u64,
    /// Files that were opened before the last end of a process belong to nobody.
    process: u32,
    operations: u64,
    /// Each one's kind.
    kinds: Vec<Operation>,
    spared: bool,
    end: Option<End>,
    lying_sync: bool,
    synchronous_normal: bool,
    faults: BTreeMap<u64, Fault>,
    failing: Option<(Operation, u32)>,
    full: Option<Full>,
    ballast_released: bool,
    /// Says each operation, for a replay.
    traced: bool,
    /// What a fault did last.
    hit: Option<Hit>,
}

/// How a process came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    PowerCut,
    Killed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Full {
    ForWrites(u32),
    UntilFreed,
}

/// A name in the folder: the file that it leads to, and the one that it leads to after a power cut.
#[derive(Debug, Clone, Copy, Default)]
struct Name {
    now: Option<u64>,
    durable: Option<u64>,
}

/// What a call may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    /// It is done.
    Done,
    /// It is done as far as anybody can tell later, and nobody hears of it.
    Unheard,
}

impl Disk {
    pub fn new(image: &Image) -> Self {
        let mut state = State { traced: std::env::var_os("SIM_TRACE").is_some(), ..State::default() };
        for (name, bytes) in &image.0 {
            let id = state.add(File::durable(bytes));
            state.names.insert(name.clone(), Name { now: Some(id), durable: Some(id) });
        }
        let state = Arc::new(Mutex::new(state));
        let folder = vfs::mount(&state);
        Self { state, folder }
    }

    /// What is there now.
    pub fn image(&self) -> Image {
        let state = self.state();
        let there = state.names.iter().filter_map(|(name, at)| Some((name, state.files.get(&at.now?)?)));
        Image(there.map(|(name, file)| (name.clone(), file.bytes().clone())).collect())
    }

    pub fn has(&self, name: &str) -> bool {
        self.state().names.get(name).is_some_and(|name| name.now.is_some())
    }

    /// Opens the store on this disk with the settings that ship, apart from the tuning.
    ///
    /// # Errors
    /// As the shipped store.
    pub fn open_store(&self, tuning: Tuning) -> Result<Store, StoreError> {
        {
            let mut state = self.state();
            state.lying_sync = tuning.lying_sync;
            state.synchronous_normal = tuning.synchronous_normal;
        }
        let connect = |path: &Path| connect(path, tuning).map_err(StoreError::from);
        Store::open_over(&self.path(), &connect, Box::new(DiskBallast(self.clone())), "simulated")
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(format!("/{}/{DATABASE}", self.folder))
    }

    /// What goes wrong at the operation with this number, from 1.
    pub fn plan(&self, operation: u64, fault: Fault) {
        self.state().faults.insert(operation, fault);
    }

    /// Nothing goes wrong any more.
    pub fn spare(&self) {
        let mut state = self.state();
        state.faults.clear();
        state.spared = true;
    }

    /// What each operation was.
    pub fn kinds(&self) -> Vec<Operation> {
        self.state().kinds.clone()
    }

    /// How many operations there were.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// What a fault has done since the last look.
    pub fn take_hit(&self) -> Option<Hit> {
        self.state().hit.take()
    }

    /// Whether nothing fits until somebody makes room.
    pub fn waits_to_be_freed(&self) -> bool {
        self.state().full == Some(Full::UntilFreed)
    }

    /// What SQLite itself thinks of the database: "ok".
    pub fn integrity(&self) -> String {
        let looked = connect(&self.path(), Tuning::default()).and_then(|conn| {
            let text: String = conn.query_row("PRAGMA integrity_check(3)", [], |row| row.get(0))?;
            let orphans: i64 =
                conn.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))?;
            Ok(if orphans == 0 { text } else { format!("{text}, and {orphans} rows refer to nothing") })
        });
        looked.unwrap_or_else(|error| error.to_string())
    }

    /// Whether the process that used it was ended from outside, and how.
    pub fn end(&self) -> Option<End> {
        self.state().end
    }

    /// Ends the process now.
    pub fn end_by(&self, end: End) {
        self.state().end = Some(end);
    }

    /// Another process may use it; what the one before wrote is there.
    pub fn next_process(&self) {
        self.state().next_process();
    }

    /// Somebody makes room.
    pub fn free(&self) {
        self.state().full = None;
    }

    /// Power again. What was on the way came through or not.
    pub fn power_returns(&self, losses: Losses, rng: &mut StdRng) {
        self.state().power_returns(losses, rng);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

fn connect(path: &Path, tuning: Tuning) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags_and_vfs(path, flags, vfs::NAME)?;
    // Its log then needs no memory that processes share, which this disk does not have.
    conn.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    conn.pragma_update(None, "wal_autocheckpoint", tuning.checkpoint_after)?;
    conn.pragma_update(None, "cache_size", tuning.cached_pages)?;
    if tuning.synchronous_normal {
        // In these words the disk lets it pass.
        conn.execute_batch("PRAGMA synchronous = 1")?;
    }
    Ok(conn)
}

impl State {
    fn add(&mut self, file: File) -> u64 {
        self.next_file += 1;
        self.files.insert(self.next_file, file);
        self.next_file
    }

    /// Counts an operation of a process, and says what the plan has for it.
    fn begin(&mut self, process: u32, operation: Operation) -> Result<Course, Failure> {
        let course = self.course(process, operation);
        if self.traced && operation != Operation::Read {
            println!("          {} {operation:?} of process {process}: {course:?}", self.operations);
        }
        course
    }

    fn course(&mut self, process: u32, operation: Operation) -> Result<Course, Failure> {
        if self.end.is_some() || process != self.process {
            return Err(Failure::Error);
        }
        self.operations += 1;
        if !self.spared {
            self.kinds.push(operation);
        }
        match self.faults.remove(&self.operations) {
            None => {}
            Some(Fault::PowerCut) => return Ok(self.end_at(operation, End::PowerCut)),
            Some(Fault::Killed) => return Ok(self.end_at(operation, End::Killed)),
            Some(Fault::Error { times }) => self.failing = Some((operation, times)),
            Some(Fault::Full { writes }) => self.full = Some(Full::ForWrites(writes)),
            Some(Fault::FullUntilFreed) => self.full = Some(Full::UntilFreed),
        }
        if let Some((kind, times)) = self.failing
            && kind == operation
        {
            self.hit = Some(Hit::Failed(operation));
            self.failing = (times > 1).then_some((kind, times - 1));
            return Err(Failure::Error);
        }
        if operation == Operation::Write {
            self.room()?;
        }
        Ok(Course::Done)
    }

    fn end_at(&mut self, operation: Operation, end: End) -> Course {
        self.hit = Some(Hit::Ended(operation));
        self.end = Some(end);
        Course::Unheard
    }

    fn next_process(&mut self) {
        self.process += 1;
        self.end = None;
    }

    fn room(&mut self) -> Result<(), Failure> {
        match self.full {
            None => return Ok(()),
            Some(Full::UntilFreed) if self.ballast_released => return Ok(()),
            Some(Full::UntilFreed) => {}
            Some(Full::ForWrites(left)) => self.full = (left > 1).then_some(Full::ForWrites(left - 1)),
        }
        self.hit = Some(Hit::Full);
        Err(Failure::Full)
    }

    /// What the names lead to is kept.
    fn sync_folder(&mut self) {
        if !self.lying_sync {
            for name in self.names.values_mut() {
                name.durable = name.now;
            }
            self.forget_what_nobody_names();
        }
    }

    fn forget_what_nobody_names(&mut self) {
        self.names.retain(|_, name| name.now.is_some() || name.durable.is_some());
    }

    fn power_returns(&mut self, losses: Losses, rng: &mut StdRng) {
        let last = self.operations;
        let loss = match losses {
            Losses::Everything => Loss::All,
            Losses::Nothing => Loss::Nothing,
            Losses::Seeded(_) => match rng.random_range(0..8) {
                0 => Loss::All,
                1 => Loss::Nothing,
                2 | 3 => Loss::After(rng.random_range(last.saturating_sub(12)..=last)),
                4 | 5 => Loss::Scattered { kept: 0.5, torn: 0.05 },
                6 => Loss::Scattered { kept: 0.1, torn: 0.05 },
                _ => Loss::Scattered { kept: 0.9, torn: 0.05 },
            },
        };
        for name in self.names.values_mut() {
            let through = match loss {
                Loss::All => false,
                Loss::Nothing => true,
                Loss::After(_) | Loss::Scattered { .. } => rng.random_bool(0.5),
            };
            let leads_to = if through { name.now } else { name.durable };
            *name = Name { now: leads_to, durable: leads_to };
        }
        self.forget_what_nobody_names();
        let named: Vec<u64> = self.names.values().filter_map(|name| name.now).collect();
        self.files.retain(|id, _| named.contains(id));
        for file in self.files.values_mut() {
            file.lose(loss, rng);
        }
        self.next_process();
    }
}

/// Room on this disk that is held for the day when it is full.
#[derive(Debug)]
struct DiskBallast(Disk);

impl Ballast for DiskBallast {
    fn is_whole(&self) -> bool {
        !self.0.state().ballast_released
    }

    fn release(&self) -> Result<(), StoreError> {
        self.0.state().ballast_released = true;
        Ok(())
    }

    fn restore(&self) -> Result<(), StoreError> {
        let mut state = self.0.state();
        if state.full.is_some() {
            return Err(StoreError::DiskFull);
        }
        state.ballast_released = false;
        Ok(())
    }
}
