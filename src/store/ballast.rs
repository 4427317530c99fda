//! A file beside the database that can be given back to a full disk, so that revocations go on being written.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use super::StoreError;

/// 4 MiB: room for thousands of revocations.
const SIZE: u64 = 4 * 1024 * 1024;
const CHUNK: usize = 64 * 1024;

/// Room on the database's disk that is held for the day when the disk is full.
pub trait Ballast: std::fmt::Debug + Send {
    /// Whether all of it is held.
    fn is_whole(&self) -> bool;

    /// Gives the room back.
    ///
    /// # Errors
    /// When it can't be given back. That there is none is no error.
    fn release(&self) -> Result<(), StoreError>;

    /// Takes the room again, all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] when there is none, or when the disk fails.
    fn restore(&self) -> Result<(), StoreError>;
}

/// The file, there or not.
#[derive(Debug)]
pub(super) struct BallastFile {
    path: PathBuf,
}

impl Ballast for BallastFile {
    fn is_whole(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|file| file.len() == SIZE)
    }

    fn release(&self) -> Result<(), StoreError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::file(&self.path, error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn restore(&self) -> Result<(), StoreError> {
        if self.is_whole() {
            return Ok(());
        }
        self.fill().map_err(|error| {
            let _ = fs::remove_file(&self.path);
            StoreError::file(&self.path, error)
        })
    }
}

impl BallastFile {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Writes bytes that no file system compresses away or leaves out.
    fn fill(&self) -> std::io::Result<()> {
        let mut file: File =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.path)?;
        let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut chunk = Vec::with_capacity(CHUNK);
        let mut left = SIZE;
        while left > 0 {
            chunk.clear();
            while chunk.len() < CHUNK {
                // xorshift64: any noise will do.
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                chunk.extend_from_slice(&state.to_le_bytes());
            }
            file.write_all(&chunk)?;
            left = left.saturating_sub(CHUNK as u64);
        }
        file.sync_all()
    }
}
