//! From the configuration to the values that the other modules are made of: the one place of the command line that
//! knows how they are put together.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::config::{Config, Issue, PolicyFilesError, read_policy_files};
use crate::directory::{Directory, DirectoryError};
use crate::policy::{self, ParamIssue, PolicySet, SourceFile};
use crate::store::Reader;
use crate::targets::Targets;
use crate::time::Timestamp;

/// The database, read-only.
///
/// # Errors
/// When there is none, or it can't be read.
pub(super) fn reader(config: &Config) -> anyhow::Result<Reader> {
    let path = &config.server.database;
    anyhow::ensure!(
        path.exists(),
        "there is no database {} yet; the first `jitney serve` makes it, `--config` names another configuration",
        path.display()
    );
    Ok(Reader::open(path)?)
}

/// Why there are no policies.
#[derive(Debug, thiserror::Error)]
pub(super) enum PoliciesError {
    /// The files can't be read.
    #[error(transparent)]
    Files(#[from] PolicyFilesError),
    /// They won't do.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Issues(Vec<policy::Issue>),
}

/// Issues as lines.
pub(super) fn joined(issues: &[Issue]) -> String {
    issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The targets of the configuration.
///
/// # Errors
/// Every issue of every target's table.
pub(super) fn targets(config: &Config) -> Result<Targets, Vec<Issue>> {
    let tables: BTreeMap<_, _> = config
        .targets
        .iter()
        .map(|(id, table)| {
            let mut whole = table.settings.clone();
            whole.insert("adapter".to_owned(), Value::from(table.adapter.clone()));
            (id.clone(), Value::Object(whole))
        })
        .collect();
    Targets::from_settings(&tables)
        .map_err(|issues| issues.into_iter().map(|issue| placed(config, &issue)).collect())
}

/// The table's place goes for each of its keys: what an adapter says names the key.
fn placed(config: &Config, issue: &ParamIssue) -> Issue {
    let target = issue.path.first();
    let table = config.targets.iter().find(|(id, _)| target.is_some_and(|target| id.as_str() == target));
    let message = format!("`targets.{}`: {}", issue.path.join("."), issue.message);
    Issue { place: table.map(|(_, table)| table.place.clone()), message }
}

/// The policies, checked against the targets.
///
/// # Errors
/// When the files can't be read, or with every issue of them.
pub(super) fn policies(folder: &Path, targets: &Targets) -> Result<PolicySet, PoliciesError> {
    policies_with_files(folder, targets).map(|(policies, _)| policies)
}

/// The policies with the files that they were parsed from.
///
/// # Errors
/// As [`policies`].
pub(super) fn policies_with_files(
    folder: &Path,
    targets: &Targets,
) -> Result<(PolicySet, Vec<SourceFile>), PoliciesError> {
    let files = read_policy_files(folder)?;
    let policies = policy::parse(&files, targets).map_err(PoliciesError::Issues)?;
    Ok((policies, files))
}

/// The directory, read for the first time.
///
/// # Errors
/// When it can't be read, or with every issue of it.
pub(super) fn directory(config: &Config, now: Timestamp) -> Result<Directory, DirectoryError> {
    Directory::open(&config.directory.file, config.directory.max_age, now)
}
