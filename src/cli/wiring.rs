//! From the configuration to the values that the other modules are made of: the one place of the command line that
//! knows how they are put together.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::config::{Config, Issue, PolicyFilesError, SourceKind, SourceTable, read_policy_files};
use crate::directory::{Delivery, Directory, DirectoryError, FileSource, Format, Layer, overlay};
use crate::policy::{self, Origin, ParamIssue, People, PolicySet, SourceFile};
use crate::store::Reader;
use crate::sync::KeptFacts;
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
    let elsewhere = config.directory.sources.iter().flat_map(|source| source.gives.iter().copied());
    Directory::open_without(&config.directory.file, config.directory.max_age, elsewhere.collect(), now)
}

/// Everybody as the server would know them: with what the sources besides the people file tell now, where they are files,
/// and with what the server kept of the others. What can't be read is in doubt.
///
/// # Errors
/// When the people file can't be read, or with every issue of it.
pub(super) fn people(config: &Config, now: Timestamp) -> Result<Arc<People>, DirectoryError> {
    let base = directory(config, now)?.people();
    let reader = reader(config).ok();
    let bound = reader.as_ref().and_then(|reader| reader.bindings().ok()).unwrap_or_default();
    let base = if bound.is_empty() { base } else { Arc::new(People::clone(&base).with_bound(&bound)) };
    if config.directory.sources.is_empty() {
        return Ok(base);
    }
    let layers: Vec<Layer> =
        config.directory.sources.iter().map(|table| layer(table, reader.as_ref(), now)).collect();
    Ok(Arc::new(overlay(&base, &layers, |account| bound.get(account).cloned(), now).with_bound(&bound)))
}

fn layer(table: &SourceTable, reader: Option<&Reader>, now: Timestamp) -> Layer {
    let told = told(table, reader, now).ok().flatten();
    let origin = Origin {
        source: table.name.clone(),
        gives: table.gives.clone(),
        as_of: told.as_ref().map(|told| told.as_of),
        max_age: table.max_age,
    };
    Layer { origin, told: told.map(|told| Arc::new(told.told)) }
}

/// What a source tells now where it is a file, and else what the server kept of it; none when that is nothing yet.
///
/// # Errors
/// When it can't be read, in words.
pub(super) fn told(
    table: &SourceTable,
    reader: Option<&Reader>,
    now: Timestamp,
) -> Result<Option<Delivery>, String> {
    let file = match &table.kind {
        SourceKind::Csv(path) => Some((path, Format::Csv)),
        SourceKind::Toml(path) => Some((path, Format::Toml)),
        SourceKind::SlackProfiles { .. } | SourceKind::SlackUserGroups => None,
    };
    if let Some((path, format)) = file {
        let read = FileSource::new(path, format, table.gives.clone()).read(now);
        return read.map(Some).map_err(|error| error.to_string());
    }
    let Some(reader) = reader else { return Ok(None) };
    let kept = reader.kept_sources().map_err(|error| error.to_string())?;
    let Some(kept) = kept.into_iter().find(|kept| kept.source == table.name) else { return Ok(None) };
    let parts = reader.kept_facts(&table.name).map_err(|error| error.to_string())?;
    let kept = KeptFacts { source: kept.source, as_of: kept.as_of, mark: kept.mark, parts };
    let told = kept.told().map_err(|error| error.to_string())?;
    Ok(Some(Delivery { as_of: kept.as_of, told }))
}
