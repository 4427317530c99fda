//! The policies, read again when they change or when somebody asks for it. What is broken is told, and the last good
//! stays.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use tokio::runtime::Handle;

use super::policy_edit::policy_edit;
use crate::cli::policy_sentence;
use crate::config::read_policy_files;
use crate::engine::{EngineHandle, PolicyChange, PolicyRefusal};
use crate::policy::{self, People, PolicySet, SourceFile};
use crate::store::PoliciesSeen;
use crate::targets::Targets;

/// How often files are looked at for changes.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Watches over the policies.
pub(super) struct PolicyWatch {
    pub(super) engine: EngineHandle,
    pub(super) reload: Reload,
}

impl PolicyWatch {
    /// On a thread of its own: files may lie on a disk that hangs, and whoever sleeps here wakes nobody else.
    pub(super) fn run(mut self, asked: &Receiver<()>, runtime: &Handle) {
        loop {
            let is_asked = match asked.recv_timeout(LOOK_EVERY) {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            runtime.block_on(self.reload.look(&self.engine, is_asked));
        }
    }
}

/// What is known of the policies' folder, and what was made of it.
pub struct Reload {
    folder: PathBuf,
    targets: Arc<Targets>,
    /// The files of the policies in force.
    good: Vec<SourceFile>,
    /// The files as they were last read, good or not; none when they could not be.
    read: Option<Vec<SourceFile>>,
    /// What is wrong with them, as it was told.
    complained: Option<String>,
    /// A record that could not be committed is owed.
    owes: bool,
}

impl Reload {
    /// Watches the folder, of which these files are in force.
    #[must_use]
    pub fn new(folder: PathBuf, targets: Arc<Targets>, good: Vec<SourceFile>) -> Self {
        Self { folder, targets, read: Some(good.clone()), good, complained: None, owes: false }
    }

    /// What a start changes: policies that were edited while nobody looked.
    pub(super) fn at_start(
        &self,
        policies: Arc<PolicySet>,
        seen: Option<PoliciesSeen>,
        people: &People,
    ) -> PolicyChange {
        let before = seen.and_then(|seen| seen.files);
        // What they were may name a target that is gone: then nobody can say how they differ.
        let old = before.as_ref().and_then(|files| policy::parse(files, self.targets.as_ref()).ok());
        self.change(old.as_ref(), before.as_deref(), policies, self.good.clone(), people)
    }

    /// Reads the files again when they changed. The log says what came of it; when somebody asked, in any case.
    pub async fn look(&mut self, engine: &EngineHandle, is_asked: bool) {
        match read_policy_files(&self.folder) {
            Err(error) => self.complain(engine, None, vec![error.to_string()], is_asked).await,
            Ok(files) if self.read.as_ref() == Some(&files) && !is_asked && !self.owes => {}
            Ok(files) => {
                match policy::parse(&files, self.targets.as_ref()) {
                    Ok(policies) => self.take(engine, Arc::new(policies), &files, is_asked).await,
                    Err(issues) => {
                        let issues = issues.iter().map(ToString::to_string).collect();
                        self.complain(engine, Some(&files), issues, is_asked).await;
                    }
                }
                self.read = Some(files);
            }
        }
    }

    /// What is wrong with the folder as it is, if anything.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.complained.as_deref()
    }

    async fn take(
        &mut self,
        engine: &EngineHandle,
        policies: Arc<PolicySet>,
        files: &[SourceFile],
        is_asked: bool,
    ) {
        let before = engine.policies();
        let is_mended = self.complained.take().is_some();
        if policies.digest == before.digest && !is_mended && !self.owes {
            if is_asked {
                tracing::info!(digest = policies.digest.short(), "the policies are what they were");
            }
            return;
        }
        let people = engine.people();
        let change =
            self.change(Some(&before), Some(&self.good), Arc::clone(&policies), files.to_vec(), &people);
        let (gain, lose) = (change.gain, change.lose);
        match engine.change_policies(change).await {
            Ok(()) => {
                self.owes = false;
                self.good = files.to_vec();
                let digest = policies.digest.short();
                if policies.digest == before.digest {
                    tracing::info!(digest, "the policies are those in force again");
                } else {
                    tracing::info!(digest, gain, lose, "other policies are in force now");
                }
            }
            Err(error) => {
                if !self.owes {
                    tracing::error!(%error, "other policies could not be recorded, so they are not in force; it is tried again");
                }
                self.owes = true;
            }
        }
    }

    async fn complain(
        &mut self,
        engine: &EngineHandle,
        files: Option<&[SourceFile]>,
        issues: Vec<String>,
        is_asked: bool,
    ) {
        let told = issues.join("\n");
        if self.complained.as_ref() == Some(&told) && !is_asked && !self.owes {
            return;
        }
        if self.complained.as_ref() != Some(&told) || is_asked {
            tracing::error!("the policies have issues, so the last good ones stay in force:\n{told}");
        }
        self.complained = Some(told);
        let edit = policy_edit(&self.folder, Some(&self.good), files.unwrap_or(&self.good));
        let refusal = PolicyRefusal { digest: files.map(policy::digest), issues, edit };
        let recorded = engine.refuse_policies(refusal).await;
        if let Err(error) = &recorded
            && !self.owes
        {
            tracing::error!(%error, "the refused policies could not be recorded; it is tried again");
        }
        self.owes = recorded.is_err();
    }

    fn change(
        &self,
        old: Option<&PolicySet>,
        before: Option<&[SourceFile]>,
        policies: Arc<PolicySet>,
        files: Vec<SourceFile>,
        people: &People,
    ) -> PolicyChange {
        let changes = old.map(|old| policy::diff(old, &policies, Some(people))).unwrap_or_default();
        let (gain, lose) = policy::moved_people(&changes);
        PolicyChange {
            sentences: changes.iter().map(policy_sentence).collect(),
            gain,
            lose,
            edit: policy_edit(&self.folder, before, &files),
            policies,
            files,
        }
    }
}
