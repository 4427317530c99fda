//! The folder of policies, read as texts.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::policy::SourceFile;

/// Policy files at most.
const FILES_MOST: usize = 1000;
/// A policy file is read up to here, in bytes; what is longer is refused by the parser.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// Why the policies can't be read.
#[derive(Debug, Error)]
pub enum PolicyFilesError {
    /// The folder, or a file in it.
    #[error("can't read {path}: {error}; `server.policies` names the folder of policies")]
    Unreadable {
        /// Which.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// A file in it.
    #[error("can't write {path}: {error}")]
    Unwritable {
        /// Which.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// Nothing in it ends in `.toml`.
    #[error("{0} has no policy files; `jitney init` writes a first one")]
    Empty(String),
    /// That is no folder of policies.
    #[error("{0} has over {FILES_MOST} files that end in .toml")]
    TooMany(String),
}

/// Every `*.toml` of the folder in the order of their names; hidden files and folders in it are left alone. A file is
/// named `policies/wiki.toml`, after the folder, so that the policies' digest is the same wherever they lie.
///
/// # Errors
/// When the folder or a file can't be read, or when it has none or too many.
pub fn read_policy_files(folder: &Path) -> Result<Vec<SourceFile>, PolicyFilesError> {
    policy_paths(folder)?.into_iter().map(read).collect()
}

/// The files that [`read_policy_files`] reads, in its order.
///
/// # Errors
/// When the folder can't be read, or when it has none or too many.
pub fn policy_paths(folder: &Path) -> Result<Vec<PathBuf>, PolicyFilesError> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let path = entry.map_err(|error| unreadable(folder, error))?.path();
        if is_policy_file(&path) {
            paths.push(path);
        }
    }
    paths.sort();
    let name = || folder.display().to_string();
    if paths.is_empty() {
        return Err(PolicyFilesError::Empty(name()));
    }
    if paths.len() > FILES_MOST {
        return Err(PolicyFilesError::TooMany(name()));
    }
    Ok(paths)
}

/// Puts this text in the place of the file, whole or not at all: a running server may read it at any moment.
///
/// # Errors
/// When the folder or the file can't be written.
pub fn replace_policy_file(path: &Path, text: &str) -> Result<(), PolicyFilesError> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    // Hidden, so that it is no policy file itself.
    let beside = path.with_file_name(name);
    let permissions = std::fs::metadata(path).map(|metadata| metadata.permissions());
    permissions
        .and_then(|permissions| {
            std::fs::write(&beside, text)?;
            std::fs::set_permissions(&beside, permissions)?;
            std::fs::rename(&beside, path)
        })
        .map_err(|error| {
            let path = path.display().to_string();
            PolicyFilesError::Unwritable { path, error }
        })
}

fn is_policy_file(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && path.extension().is_some_and(|end| end == "toml") && path.is_file()
}

fn read(path: PathBuf) -> Result<SourceFile, PolicyFilesError> {
    let mut text = String::new();
    std::fs::File::open(&path)
        .and_then(|file| file.take(SIZE_LIMIT).read_to_string(&mut text))
        .map_err(|error| unreadable(&path, error))?;
    let parts = [path.parent().and_then(Path::file_name), path.file_name()];
    let parts: Vec<_> = parts.into_iter().flatten().map(|part| part.to_string_lossy()).collect();
    Ok(SourceFile { name: parts.join("/"), text })
}

fn unreadable(path: &Path, error: io::Error) -> PolicyFilesError {
    PolicyFilesError::Unreadable { path: path.display().to_string(), error }
}
