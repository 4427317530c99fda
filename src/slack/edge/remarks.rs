//! What people write in a card's thread is given to the engine, which keeps it with the request.

use super::Ears;
use crate::engine::{Author, Deed, Heard};
use crate::ids::DedupeKey;
use crate::slack::envelope::{Caller, InThread};
use crate::slack::identity::identify;

impl Ears {
    /// `id` is the same when Slack tells of it again. Other channels than the approvers' have no cards.
    pub(super) async fn in_thread(
        &self,
        id: &str,
        channel: String,
        thread_ts: String,
        ts: String,
        deed: InThread,
    ) {
        if channel != self.settings.approvals_channel {
            return;
        }
        let deed = match deed {
            InThread::Wrote { caller, text } => Deed::Wrote { author: self.author(&caller), text },
            InThread::Edited { text } => Deed::Edited { text },
            InThread::Deleted => Deed::Deleted,
        };
        let key = DedupeKey::new(&format!("event-{id}")).ok();
        if let Err(error) = self.engine.heard(Heard { key, channel, thread_ts, ts, deed }).await {
            tracing::error!(%error, "what somebody wrote in a thread was not kept");
        }
    }

    fn author(&self, caller: &Caller) -> Author {
        let account: String = caller.user.chars().take(80).collect();
        match identify(&self.engine.people(), &self.settings.workspace, caller) {
            Ok(who) => Author { account, person: Some(who.id), name: who.name },
            // A guest, or somebody whom the directory does not have yet: what they write is kept all the same.
            Err(_) => Author { name: account.clone(), account, person: None },
        }
    }
}
