//! What this process may do with files and folders, asked of the system without touching them.

use std::io;
use std::path::Path;

use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::{AccessFlags, faccessat};

/// Whether files can be made, replaced and removed in this folder.
pub(crate) fn may_change(folder: &Path) -> io::Result<()> {
    ask(folder, AccessFlags::W_OK | AccessFlags::X_OK)
}

/// Whether this file can be written.
pub(crate) fn may_write(file: &Path) -> io::Result<()> {
    ask(file, AccessFlags::W_OK)
}

/// Whether this file can be run as a program.
pub(crate) fn may_run(file: &Path) -> io::Result<()> {
    ask(file, AccessFlags::X_OK)
}

/// By the effective user, as opening would.
fn ask(path: &Path, how: AccessFlags) -> io::Result<()> {
    Ok(faccessat(AT_FDCWD, path, how, AtFlags::AT_EACCESS)?)
}
