//! The targets of the run, each with its policy and its own eyes: what jitney says of a target counts for nothing
//! here.

mod htpasswd;
mod okta;
mod postgres;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use crate::servers::postgres::Version;

/// One target that access is given on.
#[async_trait]
pub(super) trait Ground: Send + Sync {
    /// The target's and the app's name.
    fn name(&self) -> &'static str;
    /// The target's table in jitney.toml.
    fn table(&self) -> String;
    /// What a step of a role on it says.
    fn step(&self) -> String;
    /// The app's layer, in a policy's word.
    fn layer(&self) -> &'static str {
        "application"
    }
    /// Secrets that must be nowhere.
    fn secrets(&self) -> Vec<String>;
    /// Uses a credential as a person does, and leaves the session open. Whether it let them in.
    /// A target without credentials is never asked.
    async fn enter(&self, login: &str, password: &str) -> bool;
    /// Access of ours that is there, sessions included, in words.
    async fn ours(&self) -> Vec<String>;
    /// What the target itself wrote down, where no credential that people saw may stand either.
    fn writes_down(&self) -> String {
        String::new()
    }
    /// What is no longer as it was before anybody asked, in words.
    async fn disturbed(&self) -> Vec<String>;
}

/// Those whose servers are installed here; which are not is said.
pub(super) async fn all(folder: &Path) -> Vec<Arc<dyn Ground>> {
    let mut grounds: Vec<Arc<dyn Ground>> = vec![Arc::new(htpasswd::PasswordFile::start(folder).await)];
    if let Some(database) = postgres::Database::start(Version::V18, folder).await {
        grounds.push(Arc::new(database));
    }
    if let Some(group) = okta::Group::start(folder) {
        grounds.push(Arc::new(group));
    }
    grounds
}

/// Where files lie that hold secrets.
fn private_folder(folder: &Path) -> PathBuf {
    let private = folder.join("private");
    std::fs::create_dir_all(&private).unwrap();
    private
}

pub(super) fn write_private(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
