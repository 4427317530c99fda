//! The policies that a world runs on: the examples in a folder of its own, or those of a folder that a person names.

use std::path::{Path, PathBuf};

use super::simulated::SimulatedTargets;
use crate::config::read_policy_files;
use crate::policy::{self, Issue, PolicySet, SourceFile};
use crate::targets::Targets;

/// The example policies: what `jitney init` writes and the demo runs on.
pub const EXAMPLES: [(&str, &str); 3] = [
    ("tiers.toml", include_str!("../../policies/tiers.toml")),
    ("wiki.toml", include_str!("../../policies/wiki.toml")),
    ("reports.toml", include_str!("../../policies/reports.toml")),
];

/// A folder of policies, and the targets that are played for it.
#[derive(Debug)]
pub struct PolicyFolder {
    path: PathBuf,
    named: bool,
    /// Targets that no world has.
    pub simulated: SimulatedTargets,
}

/// Why a folder's policies are not in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyTrouble {
    /// The folder or a file can't be read.
    Unreadable(String),
    /// They have issues.
    Issues(Vec<Issue>),
}

impl std::fmt::Display for PolicyTrouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(why) => f.write_str(why),
            Self::Issues(issues) => {
                let lines: Vec<String> = issues.iter().map(ToString::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

impl PolicyFolder {
    /// A folder of the world's own, which it fills with the examples.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn with_examples(path: PathBuf) -> std::io::Result<Self> {
        std::fs::create_dir_all(&path)?;
        for (name, text) in EXAMPLES {
            std::fs::write(path.join(name), text)?;
        }
        Ok(Self { path, named: false, simulated: SimulatedTargets::default() })
    }

    /// A folder that a person names: it is read, never written.
    #[must_use]
    pub fn named(path: PathBuf) -> Self {
        Self { path, named: true, simulated: SimulatedTargets::default() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a person named it.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.named
    }

    /// Its files as they are now.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn files(&self) -> Result<Vec<SourceFile>, PolicyTrouble> {
        read_policy_files(&self.path).map_err(|error| PolicyTrouble::Unreadable(error.to_string()))
    }

    /// What a bot starts with: its policies, and the files that they were parsed from; in a named folder that has
    /// issues, the examples until it has none.
    ///
    /// # Errors
    /// Why there is nothing to start with.
    pub fn read_to_start(&self, targets: &Targets) -> Result<(PolicySet, Vec<SourceFile>), PolicyTrouble> {
        let read = self.files().and_then(|files| Ok((parsed(&files, targets)?, files)));
        match read {
            Err(_) if self.named => Ok((parsed(&examples(), targets)?, examples())),
            read => read,
        }
    }
}

/// What these files come to.
///
/// # Errors
/// Every issue that they have.
pub fn parsed(files: &[SourceFile], targets: &Targets) -> Result<PolicySet, PolicyTrouble> {
    policy::parse(files, targets).map_err(PolicyTrouble::Issues)
}

fn examples() -> Vec<SourceFile> {
    let file =
        |(name, text): (&str, &str)| SourceFile { name: format!("policies/{name}"), text: text.to_owned() };
    EXAMPLES.into_iter().map(file).collect()
}
