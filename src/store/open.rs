//! Opening: the lock, the checks that come before anything is written, the settings, the migrations.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, params};

use super::StoreError;
use crate::ids::RequestId;

/// Each brings the database from the format before to its own; their number is the format that we know.
const MIGRATIONS: [&str; 12] = [
    include_str!("migrations/0001_begin.sql"),
    include_str!("migrations/0002_start.sql"),
    include_str!("migrations/0003_deciding.sql"),
    include_str!("migrations/0004_bindings.sql"),
    include_str!("migrations/0005_reviews.sql"),
    include_str!("migrations/0006_refusals.sql"),
    include_str!("migrations/0007_standing.sql"),
    include_str!("migrations/0008_away.sql"),
    include_str!("migrations/0009_policies_seen.sql"),
    include_str!("migrations/0010_people.sql"),
    include_str!("migrations/0011_asked_by.sql"),
    include_str!("migrations/0012_borrowed.sql"),
];
pub(super) const KNOWN: u32 = MIGRATIONS.len() as u32;

/// "Jtny" in SQLite's `application_id`: another program's database is not taken for ours.
const APPLICATION: i32 = 0x4a74_6e79;

/// How long a statement waits for a lock of another process (a backup, a shell) before it gives up.
const BUSY: Duration = Duration::from_secs(5);
/// More than there are statements here.
const STATEMENTS: usize = 128;

/// `<path><suffix>`, beside the database.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// Takes the instance lock, which the returned file holds.
pub(super) fn lock(path: &Path) -> Result<File, StoreError> {
    let lock_path = beside(path, ".lock");
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&lock_path)
        .map_err(|error| StoreError::file(&lock_path, error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::AnotherInstance(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(StoreError::file(&lock_path, error)),
    }
}

/// Opens the file for writing, making it when it is not there.
pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => check_header(path)?,
        Err(error) => return Err(StoreError::file(path, error)),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(path, flags)?)
}

/// Settles the connection that is to write, and brings the database up to date.
pub(super) fn writer(mut conn: Connection, path: &Path, fresh_id: &str) -> Result<Connection, StoreError> {
    let format = format_of(&conn, path)?;
    // Nothing is written before the file is known to be ours, not even the journal mode.
    begin_wal(&conn)?;
    settle(&conn)?;
    migrate(&mut conn, format, fresh_id)?;
    Ok(conn)
}

/// Begins the write-ahead log. Without it a power cut may take back the last commit, though it was synced; and SQLite
/// goes on without it where it can't have it.
fn begin_wal(conn: &Connection) -> Result<(), StoreError> {
    let mut sql = conn.prepare("PRAGMA journal_mode = WAL")?;
    let mut rows = sql.query([])?;
    let mut mode = String::new();
    // To its end: the change is committed after the one row, and an error then would go unheard.
    while let Some(row) = rows.next()? {
        mode = row.get(0)?;
    }
    if mode == "wal" {
        Ok(())
    } else {
        Err(StoreError::Io(format!("its write-ahead log could not be begun, the journal is still `{mode}`")))
    }
}

/// Opens an existing file for reading alone, beside a writer that may run.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    check_header(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    conn.pragma_update(None, "query_only", true)?;
    let found = format_of(&conn, path)?;
    if found < KNOWN {
        return Err(StoreError::OlderVersion { found, known: KNOWN });
    }
    Ok(conn)
}

/// Opens the database that a writer has, for checkpoints alone.
pub(super) fn checkpointer(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    // It reads nothing but the log.
    conn.pragma_update(None, "cache_size", 0)?;
    Ok(conn)
}

/// A database that lives and dies with the process.
pub(super) fn in_memory(fresh_id: &str) -> Result<Connection, StoreError> {
    let mut conn = Connection::open_in_memory()?;
    settle(&conn)?;
    migrate(&mut conn, 0, fresh_id)?;
    Ok(conn)
}

/// Refuses what is not SQLite at all before SQLite touches it. An empty file is a new database.
fn check_header(path: &Path) -> Result<(), StoreError> {
    let mut head = Vec::with_capacity(16);
    let file = File::open(path).map_err(|error| StoreError::file(path, error))?;
    file.take(16).read_to_end(&mut head).map_err(|error| StoreError::file(path, error))?;
    if head.is_empty() || head == b"SQLite format 3\0" {
        Ok(())
    } else {
        Err(StoreError::NotADatabase(path.to_owned()))
    }
}

/// The database's format; 0 when it is new.
fn format_of(conn: &Connection, path: &Path) -> Result<u32, StoreError> {
    let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION && (application != 0 || found != 0 || tables != 0) {
        return Err(StoreError::NotADatabase(path.to_owned()));
    }
    if found > KNOWN {
        return Err(StoreError::NewerVersion { found, known: KNOWN });
    }
    Ok(found)
}

/// Settings of the writing connection. With `synchronous = NORMAL` a power cut loses acknowledged commits.
fn settle(conn: &Connection) -> Result<(), StoreError> {
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // Without it SQLite plans a statement with a bound LIMIT or an ORDER BY anew each time it is run.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "secure_delete", true)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "cell_size_check", true)?;
    // After a burst the log shrinks again.
    conn.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    Ok(())
}

/// Runs the migrations after `format`, each in a transaction of its own.
fn migrate(conn: &mut Connection, format: u32, fresh_id: &str) -> Result<(), StoreError> {
    for (sql, version) in MIGRATIONS.into_iter().zip(1u32..).skip(format as usize) {
        let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        tx.execute_batch(sql)?;
        if version == 1 {
            tx.execute(
                "INSERT INTO instance (one, id, last_now, next_request) VALUES (1, ?1, 0, ?2)",
                params![fresh_id, super::columns::number(RequestId::FIRST)],
            )?;
        }
        tx.pragma_update(None, "application_id", APPLICATION)?;
        tx.pragma_update(None, "user_version", version)?;
        tx.commit()?;
    }
    Ok(())
}
