//! A thread beside the engine's that brings the write-ahead log into the database, so that no commit waits for it.

use std::sync::mpsc::{self, SyncSender};
use std::thread::JoinHandle;

use super::core::Core;
use crate::store::{Checkpoints, Store};

/// The thread, and how it is told to look.
pub(super) struct Checkpointer {
    looks: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Checkpointer {
    /// Starts it; none when the database's writer does it by itself.
    ///
    /// # Errors
    /// When the thread can't be started.
    pub(super) fn beside(core: &Core) -> std::io::Result<Option<Self>> {
        let checkpoints = match core.store.as_ref().map(Store::hand_over_checkpoints) {
            Some(Ok(Some(checkpoints))) => checkpoints,
            Some(Ok(None)) | None => return Ok(None),
            Some(Err(error)) => {
                tracing::warn!(%error, "the engine brings its write-ahead log into the database by itself, which is slower");
                return Ok(None);
            }
        };
        let (looks, told) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("checkpoints".to_owned())
            .spawn(move || serve(&checkpoints, &told))?;
        Ok(Some(Self { looks, thread }))
    }

    /// Lets it look how long the log is. When it is at work already, it looks once more afterwards.
    pub(super) fn look(&self) {
        let _ = self.looks.try_send(());
    }

    /// Waits for its end: whoever holds the database's lock closes it last.
    pub(super) fn end(self) {
        drop(self.looks);
        if self.thread.join().is_err() {
            tracing::error!("the thread that brings the write-ahead log into the database has panicked");
        }
    }
}

/// Until the engine ends. What fails is tried again at the next look, and told once.
fn serve(checkpoints: &Checkpoints, told: &mpsc::Receiver<()>) {
    let mut is_failing = false;
    while told.recv().is_ok() {
        let done = checkpoints.run();
        if let (Err(error), false) = (&done, is_failing) {
            tracing::warn!(%error, "the write-ahead log could not be brought into the database; it is tried again");
        }
        is_failing = done.is_err();
    }
}
