//! Reading and replacing a password file. It is replaced whole (a new file beside it, synced, renamed over it), so
//! that the app never reads half of it and a crash leaves the old one. Everything here blocks.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::{getegid, geteuid, getgroups};
use thiserror::Error;

use super::lines::Lines;
use crate::folder;

/// Larger than any password file that an app reads line by line.
const FILE_LIMIT: u64 = 16 * 1024 * 1024;
const LOCK_PAUSE: Duration = Duration::from_millis(25);
/// Together about two seconds.
const LOCK_TRIES: u32 = 80;

/// Why the file was not read or not replaced.
#[derive(Debug, Error)]
pub(super) enum FileError {
    #[error("{0} is not there; put it back, or wait until whoever replaces it is done")]
    Missing(PathBuf),
    #[error("{0} is not a regular file")]
    NotAFile(PathBuf),
    #[error("{0} is larger than 16 MiB, so it is hardly a password file")]
    TooLarge(PathBuf),
    #[error(
        "permission denied: the system user that runs jitney must be able to {what} {path} and to make files beside it"
    )]
    Denied { path: PathBuf, what: &'static str },
    #[error(
        "replacing {0} would give it another owner or group, and those who read it now could not; let jitney run as its owner, or in its group"
    )]
    WouldLockOut(PathBuf),
    #[error("{0} is locked by another process for more than two seconds")]
    Locked(PathBuf),
    #[error("could not {what} {path}: {source}")]
    Io { path: PathBuf, what: &'static str, source: io::Error },
    #[error("{path} was replaced, but the system could not say that it is on the disk: {source}")]
    NotSynced { path: PathBuf, source: io::Error },
}

impl FileError {
    fn io(path: &Path, what: &'static str, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing(path),
            io::ErrorKind::PermissionDenied => Self::Denied { path, what },
            _ => Self::Io { path, what, source },
        }
    }

    /// Whether another try can help: an admin may be at the file, a disk may be full for a while.
    pub(super) const fn is_passing(&self) -> bool {
        match self {
            Self::Missing(_) | Self::Locked(_) | Self::Io { .. } | Self::NotSynced { .. } => true,
            Self::NotAFile(_) | Self::TooLarge(_) | Self::Denied { .. } | Self::WouldLockOut(_) => false,
        }
    }

    /// Whether the change may stand in spite of the error.
    pub(super) const fn may_have_landed(&self) -> bool {
        match self {
            Self::NotSynced { .. } => true,
            Self::Missing(_)
            | Self::NotAFile(_)
            | Self::TooLarge(_)
            | Self::Denied { .. }
            | Self::WouldLockOut(_)
            | Self::Locked(_)
            | Self::Io { .. } => false,
        }
    }
}

/// Reads the file as it is now.
pub(super) fn read(path: &Path) -> Result<Lines, FileError> {
    let (bytes, _) = read_all(path)?;
    Ok(Lines::parse(&bytes))
}

/// Reads, changes and replaces the file under its lock. A link is followed: the file behind it is replaced. Mode,
/// owner and group are kept; access control lists and extended attributes are not.
pub(super) fn update<T>(path: &Path, change: impl FnOnce(&mut Lines) -> T) -> Result<T, FileError> {
    let path = &fs::canonicalize(path).map_err(|e| FileError::io(path, "resolve", e))?;
    let _lock = lock(path)?;
    let (bytes, metadata) = read_all(path)?;
    let mut lines = Lines::parse(&bytes);
    let answer = change(&mut lines);
    let changed = lines.bytes();
    if changed != bytes {
        replace(path, &changed, &metadata)?;
    }
    Ok(answer)
}

/// Whether [`update`] would go through, as far as can be seen without a change: the file is read, the folder and the
/// lock file may be written, and the replacement would keep its readers. The answer is what the file holds.
pub(super) fn rehearse(path: &Path) -> Result<Lines, Rehearsal> {
    let path = &fs::canonicalize(path).map_err(|e| FileError::io(path, "resolve", e))?;
    let (bytes, metadata) = read_all(path)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let refused = |path: &Path, error| Rehearsal::NotWritable { path: path.to_owned(), error };
    folder::may_change(folder).map_err(|error| refused(folder, error))?;
    let lock = beside(path, "", ".lock");
    if lock.exists() {
        folder::may_write(&lock).map_err(|error| refused(&lock, error))?;
    }
    // A folder with the set-group-id bit gives its own group to what is made in it.
    let around = fs::metadata(folder).map_err(|e| FileError::io(folder, "look at", e))?;
    let fresh_group = if around.mode() & 0o2000 == 0 { getegid().as_raw() } else { around.gid() };
    let root = geteuid().is_root();
    let in_group = |gid| getgroups().is_ok_and(|groups| groups.iter().any(|group| group.as_raw() == gid));
    let kept = Kept {
        owner: root || geteuid().as_raw() == metadata.uid(),
        group: root || fresh_group == metadata.gid() || in_group(metadata.gid()),
    };
    if kept.all_readers(metadata.mode(), metadata.uid()) {
        Ok(Lines::parse(&bytes))
    } else {
        Err(FileError::WouldLockOut(path.to_owned()).into())
    }
}

/// Why a change would not go through.
#[derive(Debug, Error)]
pub(super) enum Rehearsal {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{path} can't be written: {error}")]
    NotWritable { path: PathBuf, error: io::Error },
}

fn read_all(path: &Path) -> Result<(Vec<u8>, fs::Metadata), FileError> {
    let failed = |e| FileError::io(path, "read", e);
    // Looked at before it is opened: opening a pipe would wait for its writer.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(FileError::NotAFile(path.to_owned()));
    }
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(FileError::TooLarge(path.to_owned()));
    }
    Ok((bytes, metadata))
}

/// Locks a file beside the password file: the password file itself is another one after each replacement. The lock
/// file stays, since taking it away would let two hold "the" lock.
fn lock(path: &Path) -> Result<File, FileError> {
    let beside = beside(path, "", ".lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&beside)
        .map_err(|e| FileError::io(&beside, "open", e))?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(e)) => return Err(FileError::io(&beside, "lock", e)),
        }
    }
    Err(FileError::Locked(path.to_owned()))
}

fn replace(path: &Path, bytes: &[u8], like: &fs::Metadata) -> Result<(), FileError> {
    // Under the lock nobody else of ours uses this name: what is there was left by a crash.
    let fresh = beside(path, ".", ".jitney.tmp");
    match fs::remove_file(&fresh) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(FileError::io(&fresh, "remove", e)),
        Ok(()) | Err(_) => {}
    }
    let written = write_fresh(path, &fresh, bytes, like)
        .and_then(|()| fs::rename(&fresh, path).map_err(|e| FileError::io(path, "replace", e)));
    if written.is_err() {
        // It holds hashes; if it can't be removed now, the next change does.
        let _ = fs::remove_file(&fresh);
        return written;
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| FileError::NotSynced { path: path.to_owned(), source })
}

fn write_fresh(path: &Path, fresh: &Path, bytes: &[u8], like: &fs::Metadata) -> Result<(), FileError> {
    let failed = |what| move |e| FileError::io(path, what, e);
    // Nobody else reads it before it has its owner.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(fresh)
        .map_err(failed("write beside"))?;
    keep_readers(path, &file, like)?;
    file.set_permissions(fs::Permissions::from_mode(like.mode() & 0o7777))
        .map_err(failed("set the mode of"))?;
    file.write_all(bytes).map_err(failed("write beside"))?;
    file.sync_all().map_err(failed("sync"))
}

/// Gives the new file the old one's owner and group where the system allows it, and refuses when those who could
/// read the old one might not read the new one.
fn keep_readers(path: &Path, file: &File, like: &fs::Metadata) -> Result<(), FileError> {
    let now = file.metadata().map_err(|e| FileError::io(path, "look at", e))?;
    if now.gid() != like.gid() {
        // Fails when we are not in the group; looked at below.
        let _ = fchown(file, None, Some(like.gid()));
    }
    if now.uid() != like.uid() {
        // Only root may.
        let _ = fchown(file, Some(like.uid()), None);
    }
    let now = file.metadata().map_err(|e| FileError::io(path, "look at", e))?;
    let kept = Kept { owner: now.uid() == like.uid(), group: now.gid() == like.gid() };
    if kept.all_readers(like.mode(), like.uid()) {
        Ok(())
    } else {
        Err(FileError::WouldLockOut(path.to_owned()))
    }
}

/// What the new file has of the old one.
#[derive(Debug, Clone, Copy)]
struct Kept {
    owner: bool,
    group: bool,
}

impl Kept {
    /// Whether everybody who could read the old file, of this mode and owner, can read the new one.
    const fn all_readers(self, mode: u32, owner: u32) -> bool {
        let (group_reads, world_reads) = (mode & 0o040 != 0, mode & 0o004 != 0);
        // Root needs no right to read. Another owner is taken to be in the file's group, as a web server's user is
        // in a web server's group.
        let owner_reads = self.owner || owner == 0 || (self.group && group_reads);
        world_reads || (owner_reads && (self.group || !group_reads))
    }
}

/// A name in the same folder.
fn beside(path: &Path, before: &str, after: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(before);
    name.push(path.file_name().unwrap_or_default());
    name.push(after);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_that_would_lock_readers_out_is_refused() {
        const ROOT: u32 = 0;
        const WEB: u32 = 33;
        for (mode, owner, kept_owner, kept_group, is_fine) in [
            (0o640, WEB, true, true, true),
            (0o644, WEB, false, false, true),
            (0o640, WEB, false, true, true),
            (0o640, WEB, true, false, false),
            (0o640, WEB, false, false, false),
            (0o600, WEB, false, true, false),
            (0o600, WEB, true, false, true),
            (0o640, ROOT, false, true, true),
            (0o640, ROOT, false, false, false),
            (0o600, ROOT, false, false, true),
        ] {
            let kept = Kept { owner: kept_owner, group: kept_group };
            assert_eq!(kept.all_readers(mode, owner), is_fine, "{mode:o} of {owner}, {kept:?}");
        }
    }
}
