//! Brings what was committed from the write-ahead log into the database, beside the writer: it takes several
//! milliseconds each time, which no commit then waits for.

use std::path::Path;

use rusqlite::Connection;

use super::{Store, StoreError, open};

/// Pages in the log from which on it is worth it: 4 MiB, as by SQLite's own default.
const WORTH_IT: u32 = 1000;
/// Pages after which the writer does it by itself, should this not keep up: 16 MiB, which a start after a crash still
/// reads through in some tens of milliseconds.
const WRITERS_OWN: u32 = 4000;
/// What was committed meanwhile is brought over, too, so that the log can begin at its start again. Under steady
/// writing there is always more: so often at most.
const ROUNDS: usize = 4;

/// A connection for checkpoints alone.
#[derive(Debug)]
pub struct Checkpoints {
    conn: Connection,
}

impl Store {
    /// Leaves the checkpoints to somebody beside the writer; nobody for a database that is not this process's file
    /// alone: then the writer goes on with them by itself.
    ///
    /// # Errors
    /// When the database can't be opened once more.
    pub fn hand_over_checkpoints(&self) -> Result<Option<Checkpoints>, StoreError> {
        let Some(path) = self.path() else { return Ok(None) };
        let checkpoints = Checkpoints { conn: open::checkpointer(path)? };
        self.conn.pragma_update(None, "wal_autocheckpoint", WRITERS_OWN)?;
        Ok(Some(checkpoints))
    }

    fn path(&self) -> Option<&Path> {
        self.on_disk.as_ref()?.lock.as_ref().map(|lock| lock.database.as_path())
    }
}

impl Checkpoints {
    /// Brings the log into the database when it has become long. The writer goes on meanwhile.
    ///
    /// # Errors
    /// When the disk is full or fails. What was not brought over stays in the log.
    pub fn run(&self) -> Result<(), StoreError> {
        let (log, done) = self.checkpoint("PRAGMA wal_checkpoint(NOOP)")?;
        if log - done < i64::from(WORTH_IT) {
            return Ok(());
        }
        for _ in 0..ROUNDS {
            let (log, done) = self.checkpoint("PRAGMA wal_checkpoint(PASSIVE)")?;
            if log == done {
                break;
            }
        }
        Ok(())
    }

    /// Pages in the log, and how many of them are in the database.
    fn checkpoint(&self, sql: &str) -> Result<(i64, i64), StoreError> {
        let mut sql = self.conn.prepare_cached(sql)?;
        Ok(sql.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?)
    }
}
