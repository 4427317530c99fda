//! What the people file, or a source, told: what is in force of it, and what is newer.

use std::sync::Arc;

use super::kept::{self, PEOPLE_FILE};
use crate::directory;
use crate::engine::{FactsPart, Told};
use crate::policy::People;
use crate::time::Timestamp;

/// What the people file, or a source, told: what is in force of it, and what is newer.
pub(super) struct Strand<T> {
    pub(super) name: String,
    pub(super) accepted: Option<Version<T>>,
    pub(super) latest: Option<Version<T>>,
    /// Whether the latest is held.
    pub(super) held: bool,
}

#[derive(Clone)]
pub(super) struct Version<T> {
    pub(super) as_of: Timestamp,
    pub(super) mark: String,
    pub(super) told: Arc<T>,
}

impl<T> Strand<T> {
    pub(super) fn accepted(&self) -> Option<&Version<T>> {
        self.accepted.as_ref()
    }

    /// The latest where it is held, and what is accepted else.
    pub(super) fn wanted(&self) -> Option<&Version<T>> {
        if self.held { self.latest.as_ref() } else { self.accepted.as_ref() }
    }

    /// Whether the latest says something else than what is accepted; when it says the same, it is that much fresher.
    pub(super) fn renew(&mut self) -> bool {
        let Some(latest) = &self.latest else { return false };
        match &self.accepted {
            Some(accepted) if accepted.mark == latest.mark => {
                self.accepted = Some(Version {
                    as_of: latest.as_of,
                    mark: latest.mark.clone(),
                    told: Arc::clone(&latest.told),
                });
                self.held = false;
                false
            }
            Some(_) | None => true,
        }
    }

    pub(super) fn accept(&mut self) {
        let latest = self.latest.as_ref();
        self.accepted = latest.map(|latest| Version {
            as_of: latest.as_of,
            mark: latest.mark.clone(),
            told: Arc::clone(&latest.told),
        });
    }

    pub(super) fn accept_held(&mut self) {
        if self.held {
            self.accept();
            self.held = false;
        }
    }

    pub(super) fn held_mark(&self) -> Option<(String, String)> {
        let latest = self.latest.as_ref().filter(|_| self.held)?;
        Some((self.name.clone(), latest.mark.clone()))
    }
}

/// The people file's people, to be kept; without parts, that they are what they were.
pub(super) fn file_told(version: &Version<People>, parts: bool) -> Told {
    let facts: Option<Vec<FactsPart>> = parts.then(|| kept::people_parts(&version.told));
    Told { source: PEOPLE_FILE.to_owned(), as_of: version.as_of, mark: version.mark.clone(), facts }
}

/// The same of another source.
pub(super) fn source_told(source: &str, version: &Version<Vec<directory::Told>>, parts: bool) -> Told {
    if parts {
        return kept::told_of(source, version.as_of, &version.told);
    }
    Told { source: source.to_owned(), as_of: version.as_of, mark: version.mark.clone(), facts: None }
}
