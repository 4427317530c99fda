//! Why the store did not do what was asked.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Error as SqlError, ErrorCode};
use thiserror::Error;

use crate::ids::RequestId;

/// Why the store did not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database refused a second open request of its kind.
    #[error("{open} is still open: the same person has the same role there")]
    Twin {
        /// The one that is open.
        open: RequestId,
    },
    /// A newer Jitney wrote the file.
    #[error(
        "the database has format {found}, and this jitney knows up to {known}: start the jitney that wrote it, or a newer one"
    )]
    NewerVersion {
        /// The file's format.
        found: u32,
        /// The newest that we know.
        known: u32,
    },
    /// An older Jitney wrote the file, and it was opened for reading alone.
    #[error(
        "the database has format {found}, and this jitney reads {known}: start `jitney serve` once, it brings it up to date"
    )]
    OlderVersion {
        /// The file's format.
        found: u32,
        /// The one that we read.
        known: u32,
    },
    /// Something else lies there.
    #[error("`{0}` is not a jitney database: name another file, or move this one away")]
    NotADatabase(PathBuf),
    /// The instance lock is taken.
    #[error("another jitney runs on `{0}`: stop it first, one at a time may write")]
    AnotherInstance(PathBuf),
    /// No room for what was to be written. Nothing of the statement was kept.
    #[error("the disk is full: make room for the database")]
    DiskFull,
    /// The disk failed under the database: stop, open it again and verify.
    #[error("the disk failed under the database: {0}")]
    Io(String),
    /// A file beside the database, or the file itself, can't be used.
    #[error("`{path}` can't be used: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A row does not say what a row says.
    #[error("the database is damaged: {0}; restore a backup, and keep this file for inspection")]
    Corrupt(String),
    /// A row that must be there is not.
    #[error("{0} is not in the database")]
    NoSuchRow(String),
    /// After an error the database took the whole transaction back; nothing of it was kept, also not of the
    /// commands before.
    #[error("the database took the whole transaction back: run its commands again")]
    RolledBack,
    /// Anything else that the database said.
    #[error("the database refused: {0}")]
    Sql(SqlError),
}

impl StoreError {
    /// A row that does not decode; `row` names it.
    pub(super) fn corrupt(row: &str, why: impl std::fmt::Display) -> Self {
        Self::Corrupt(format!("{row} can't be read: {why}"))
    }

    /// An error about a file.
    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::File { path: path.to_owned(), source },
        }
    }
}

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> Self {
        match &error {
            SqlError::FromSqlConversionFailure(..)
            | SqlError::InvalidColumnType(..)
            | SqlError::IntegralValueOutOfRange(..)
            | SqlError::Utf8Error(..) => return Self::Corrupt(error.to_string()),
            _ => {}
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::SystemIoFailure) => Self::Io(error.to_string()),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(error.to_string()),
            _ => Self::Sql(error),
        }
    }
}
