//! Every SQL statement. One writer: the engine opens a [`Store`], begins a [`Tx`], runs each command under a
//! savepoint of it, and commits them together. Views and the command line read with a [`Reader`] meanwhile.
//!
//! What is written is on the disk when [`Tx::commit`] returns. Rows that can't be decoded are an error that
//! names them, never skipped.

mod away;
mod ballast;
mod bindings;
mod checkpoints;
mod columns;
mod error;
mod grants;
mod holds;
mod instance;
mod lockdowns;
mod open;
mod outbox;
mod people;
mod policies_seen;
mod reader;
mod records;
mod remarks;
mod requests;
mod secrets;
mod small_disk;
mod story;
#[cfg(test)]
mod tests;
mod tx;

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use ballast::BallastFile;

pub use ballast::Ballast;
pub use checkpoints::Checkpoints;
pub use error::StoreError;
pub use outbox::{Choice, DueWork};
pub use people::KeptSource;
pub use policies_seen::PoliciesSeen;
pub use reader::Reader;
pub use requests::Timer;
pub use small_disk::SmallDisk;
pub use story::Ticket;
pub use tx::Tx;

/// The one writing connection, with the instance lock for as long as it lives.
#[derive(Debug)]
pub struct Store {
    conn: Connection,
    on_disk: Option<OnDisk>,
}

/// What a database in a file has besides.
#[derive(Debug)]
struct OnDisk {
    ballast: Box<dyn Ballast>,
    small: Option<SmallDisk>,
    lock: Option<InstanceLock>,
}

/// Holds the instance lock.
#[derive(Debug)]
struct InstanceLock {
    file: File,
    database: PathBuf,
}

impl Drop for InstanceLock {
    fn drop(&mut self) {
        // Closing it is not enough: a process that is being started elsewhere in this one holds a copy until it execs.
        let _ = self.file.unlock();
    }
}

impl Store {
    /// Opens the database, and makes it when it is not there, with `fresh_id` as its instance's id (random hex).
    /// A disk that is too full for the ballast is no error: see [`has_ballast`](Self::has_ballast).
    ///
    /// # Errors
    /// Another instance runs, the file is not ours or newer than we know, or the disk fails.
    pub fn open(path: &Path, fresh_id: &str) -> Result<Self, StoreError> {
        let lock = InstanceLock { file: open::lock(path)?, database: path.to_owned() };
        let ballast = BallastFile::new(open::beside(path, ".ballast"));
        Self::over(path, &open::connect, Box::new(ballast), Some(lock), fresh_id)
    }

    /// The same over connections and a ballast of the caller's, without a lock: for tests that keep SQLite's files
    /// on a disk of their own and cut its power. Settings and migrations are those of [`open`](Self::open).
    ///
    /// # Errors
    /// As [`open`](Self::open), and what `connect` says.
    pub fn open_over(
        path: &Path,
        connect: &dyn Fn(&Path) -> Result<Connection, StoreError>,
        ballast: Box<dyn Ballast>,
        fresh_id: &str,
    ) -> Result<Self, StoreError> {
        Self::over(path, connect, ballast, None, fresh_id)
    }

    fn over(
        path: &Path,
        connect: &dyn Fn(&Path) -> Result<Connection, StoreError>,
        ballast: Box<dyn Ballast>,
        lock: Option<InstanceLock>,
        fresh_id: &str,
    ) -> Result<Self, StoreError> {
        let writer = || open::writer(connect(path)?, path, fresh_id);
        let conn = match writer() {
            // A full disk lacks room even for the files that SQLite keeps beside the database, and says either.
            Err(StoreError::DiskFull | StoreError::Io(_)) if ballast.is_whole() => {
                ballast.release()?;
                writer()?
            }
            other => other?,
        };
        match ballast.restore() {
            Ok(()) | Err(StoreError::DiskFull) => {}
            Err(error) => return Err(error),
        }
        Ok(Self { conn, on_disk: Some(OnDisk { ballast, small: None, lock }) })
    }

    /// A database that lives and dies with the process: for simulations and tests.
    ///
    /// # Errors
    /// When SQLite can't.
    pub fn in_memory(fresh_id: &str) -> Result<Self, StoreError> {
        Ok(Self { conn: open::in_memory(fresh_id)?, on_disk: None })
    }

    /// Begins the one transaction; it waits for a lock of another process for some seconds.
    ///
    /// # Errors
    /// When the lock does not come, or the disk fails.
    pub fn begin(&mut self) -> Result<Tx<'_>, StoreError> {
        if let Some(OnDisk { ballast, small: Some(small), .. }) = &self.on_disk {
            small.limit(&self.conn, ballast.is_whole())?;
        }
        Tx::begin(&self.conn)
    }

    /// Whether there is room to give back when the disk is full.
    #[must_use]
    pub fn has_ballast(&self) -> bool {
        self.on_disk.as_ref().is_some_and(|disk| disk.ballast.is_whole())
    }

    /// Whether the disk had no room for the ballast, or lacks what was given back.
    #[must_use]
    pub fn lacks_ballast(&self) -> bool {
        self.on_disk.as_ref().is_some_and(|disk| !disk.ballast.is_whole())
    }

    /// Puts the database on a disk that a test fills and frees; nothing happens to one in memory.
    pub fn put_on(&mut self, disk: SmallDisk) {
        if let Some(on_disk) = self.on_disk.as_mut() {
            on_disk.small = Some(disk);
        }
    }

    /// Pages that the database has.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn pages(&self) -> Result<u32, StoreError> {
        Ok(self.conn.pragma_query_value(None, "page_count", |row| row.get(0))?)
    }

    /// Gives room back to a full disk, so that revocations can still be written.
    ///
    /// # Errors
    /// When the file can't be removed.
    pub fn release_ballast(&self) -> Result<(), StoreError> {
        self.on_disk.as_ref().map_or(Ok(()), |disk| disk.ballast.release())
    }

    /// Takes the room again, all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] when there is still none.
    pub fn restore_ballast(&self) -> Result<(), StoreError> {
        let Some(disk) = &self.on_disk else { return Ok(()) };
        if let Some(small) = &disk.small
            && !small.has_room(self.pages()?)
        {
            return Err(StoreError::DiskFull);
        }
        disk.ballast.restore()
    }
}
