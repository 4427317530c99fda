//! Policies take effect with a record of what they change, and what is refused is recorded too: once each.

use std::sync::{Arc, PoisonError};

use serde::Serialize;
use serde_json::json;

use super::EngineError;
use super::core::Core;
use crate::policy::{Digest, PolicySet, SourceFile};
use crate::store::PoliciesSeen;
use crate::time::Timestamp;

/// Sentences and issues that a record holds at most; how many are left out is said.
const LINES_MOST: usize = 50;
/// Characters of each.
const LINE_MOST: usize = 500;
/// Files that a record names at most.
const FILES_MOST: usize = 100;
/// Texts up to this many bytes are kept, so that a later start can tell what differs.
const KEPT_MOST: usize = 4 * 1024 * 1024;

/// Policies that shall take effect.
#[derive(Debug, Clone)]
pub struct PolicyChange {
    /// They.
    pub policies: Arc<PolicySet>,
    /// The files that they were parsed from.
    pub files: Vec<SourceFile>,
    /// What differs from those before, one sentence each.
    pub sentences: Vec<String>,
    /// How many people may ask for something that they could not before.
    pub gain: usize,
    /// How many people may not any more ask for something.
    pub lose: usize,
    /// Who did it, as far as known.
    pub edit: PolicyEdit,
}

/// Policies that don't take effect.
#[derive(Debug, Clone)]
pub struct PolicyRefusal {
    /// Over the files; none when they can't be read.
    pub digest: Option<Digest>,
    /// What is wrong with them.
    pub issues: Vec<String>,
    /// Who did it, as far as known.
    pub edit: PolicyEdit,
}

/// What is known of an edit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PolicyEdit {
    /// The files that are new, other or gone.
    pub files: Vec<EditedFile>,
    /// The last thing that Git noted where the folder is in a work tree of it.
    pub git: Option<GitHead>,
}

/// A file that was edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EditedFile {
    /// As issues show it.
    pub name: String,
    /// The login of the file's owner, or their number; none when the file is gone.
    pub owner: Option<String>,
    /// When it was written; none when it is gone.
    pub modified: Option<Timestamp>,
}

/// The last line of Git's log of what was checked out: it says who moved the work tree, on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GitHead {
    /// The commit, in hex.
    pub commit: String,
    /// Who, as Git was told: nothing proves it.
    pub by: String,
    /// When, in seconds since 1970.
    pub at: i64,
}

impl Core {
    /// Puts policies in force, after the record of what they change is committed. Those that were in force last, by this
    /// process or one before, leave no record.
    ///
    /// # Errors
    /// When it could not be committed: then they are not in force.
    pub fn change_policies(&mut self, change: &PolicyChange) -> Result<(), EngineError> {
        let now = self.now();
        let digest = &change.policies.digest;
        let size: usize = change.files.iter().map(|file| file.name.len() + file.text.len()).sum();
        let files = (size <= KEPT_MOST).then(|| change.files.clone());
        let kept = PoliciesSeen { digest: digest.clone(), files, refused: None };
        let committed = self.commit(|_, tx, _| {
            let before = tx.policies_seen()?;
            if before.as_ref().is_none_or(|before| before.digest != *digest) {
                let (sentences, left_out) = bounded(&change.sentences);
                let body = json!({
                    "from": before.map(|before| before.digest),
                    "to": digest,
                    "sentences": sentences,
                    "left_out": left_out,
                    "gain": change.gain,
                    "lose": change.lose,
                    "edit": bounded_edit(&change.edit),
                });
                tx.append(now, "policies_changed", None, body)?;
            }
            tx.set_policies_seen(&kept)
        });
        committed.map_err(|error| EngineError::Store(error.to_string()))?;
        *self.shared.policies.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&change.policies);
        Ok(())
    }

    /// Records policies that don't take effect, unless they were the last that were refused.
    ///
    /// # Errors
    /// When it could not be committed.
    pub fn refuse_policies(&mut self, refusal: &PolicyRefusal) -> Result<(), EngineError> {
        let now = self.now();
        let state = match &refusal.digest {
            Some(digest) => digest.to_string(),
            None => refusal.issues.first().map(|issue| cut(issue)).unwrap_or_default(),
        };
        let committed = self.commit(|core, tx, _| {
            let seen = tx.policies_seen()?;
            if seen.as_ref().is_some_and(|seen| seen.refused.as_ref() == Some(&state)) {
                return Ok(());
            }
            let (issues, left_out) = bounded(&refusal.issues);
            let in_force = core.world().policies.digest.clone();
            let body = json!({
                "in_force": in_force,
                "refused": refusal.digest,
                "issues": issues,
                "left_out": left_out,
                "edit": bounded_edit(&refusal.edit),
            });
            tx.append(now, "policies_refused", None, body)?;
            let seen = seen.unwrap_or(PoliciesSeen { digest: in_force, files: None, refused: None });
            tx.set_policies_seen(&PoliciesSeen { refused: Some(state.clone()), ..seen })
        });
        committed.map_err(|error| EngineError::Store(error.to_string()))
    }
}

/// The first lines, and how many there are besides.
fn bounded(lines: &[String]) -> (Vec<String>, usize) {
    let first = lines.iter().take(LINES_MOST).map(|line| cut(line)).collect();
    (first, lines.len().saturating_sub(LINES_MOST))
}

fn bounded_edit(edit: &PolicyEdit) -> PolicyEdit {
    PolicyEdit { files: edit.files.iter().take(FILES_MOST).cloned().collect(), git: edit.git.clone() }
}

/// On one line, and not without end.
fn cut(line: &str) -> String {
    line.chars().take(LINE_MOST).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
