//! What the security channel is told of changes of people that are held: one message, from the first that is held until
//! nothing is. The audit log remembers it, so that a restart tells nothing twice.

use std::sync::PoisonError;

use serde::Deserialize;
use serde_json::json;

use super::core::Core;
use super::handle::{EngineHandle, Message, Shared};
use super::{EngineError, Held, SlackMessage};
use crate::audit::Record;
use crate::store::{StoreError, Tx};
use crate::time::Timestamp;

/// Records of the audit log that are looked through at a start. A change that was told of before all of these is told
/// of once more.
const LOOKED_THROUGH: u32 = 20_000;

/// A change was held.
pub(super) const HELD: &str = "people_held";
/// An operator took it.
pub(super) const ACCEPTED: &str = "people_accepted";
/// The sources do not tell it any more.
const DROPPED: &str = "people_held_dropped";
/// The security channel heard of it.
const TOLD: &str = "people_held_told";

/// What the security channel is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldNotice {
    /// What is held, or was.
    pub held: Held,
    /// The message that tells of it, once it was posted. Its digest is empty when an earlier process posted it.
    pub message: Option<SlackMessage>,
    /// What became of it; none while it is held.
    pub over: Option<HeldOver>,
}

/// What became of a change that was held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeldOver {
    /// It is in force.
    Accepted {
        /// Who took it, as people call them.
        by: String,
    },
    /// The sources do not tell it any more.
    Dropped,
}

impl Core {
    /// What was held when an earlier process ended: looked up once.
    pub(super) fn recall_notice(&mut self) -> Result<(), EngineError> {
        if self.notice_recalled {
            return Ok(());
        }
        let kinds = [HELD, ACCEPTED, DROPPED, TOLD];
        let records = self.read(|tx| tx.newest_of(kinds, LOOKED_THROUGH))?;
        let notice = recalled(&records).map_err(|error| EngineError::Store(error.to_string()))?;
        *self.shared.notice.write().unwrap_or_else(PoisonError::into_inner) = notice;
        self.notice_recalled = true;
        Ok(())
    }

    /// The channel was told, by this message.
    pub(super) fn held_told(&mut self, message: &SlackMessage) -> Result<(), EngineError> {
        let now = self.now();
        let Some(notice) = self.shared.held_notice() else { return Ok(()) };
        let is_known = notice.message.as_ref().is_some_and(|known| known.ts == message.ts);
        // Of what is over, nobody needs to find the message again.
        if !is_known && notice.over.is_none() {
            let body = json!({ "held": notice.held.id, "channel": message.channel, "ts": message.ts });
            let kept = self.commit(|_, tx, _| tx.append(now, TOLD, None, body.clone()));
            kept.map_err(|error| EngineError::Store(error.to_string()))?;
        }
        let mut notice = self.shared.notice.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(notice) = notice.as_mut() {
            notice.message = Some(message.clone());
        }
        Ok(())
    }
}

/// Nothing that was told before is held any more.
pub(super) fn dropped(tx: &mut Tx<'_>, held: &Held, now: Timestamp) -> Result<(), StoreError> {
    tx.append(now, DROPPED, None, json!({ "held": held.id })).map(drop)
}

/// What is held by these records, the newest first.
fn recalled(records: &[Record]) -> Result<Option<HeldNotice>, serde_json::Error> {
    let episode = records.iter().take_while(|record| record.kind == HELD || record.kind == TOLD);
    let (mut held, mut message) = (None, None);
    for record in episode {
        if record.kind == TOLD {
            let ToldBody { channel, ts } = ToldBody::deserialize(&record.body)?;
            message.get_or_insert(SlackMessage { channel, ts, digest: String::new() });
        } else if held.is_none() {
            let HeldBody { held: id, sources, left, lose, of } = HeldBody::deserialize(&record.body)?;
            held = Some(Held { id, sources, left, lose, of, since: record.at });
        }
    }
    Ok(held.map(|held| HeldNotice { held, message, over: None }))
}

#[derive(Deserialize)]
struct HeldBody {
    held: String,
    sources: Vec<String>,
    left: usize,
    lose: usize,
    of: usize,
}

#[derive(Deserialize)]
struct ToldBody {
    channel: String,
    ts: String,
}

impl Shared {
    pub(super) fn held_notice(&self) -> Option<HeldNotice> {
        self.notice.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is held, as far as it was told or is to be.
    pub(super) fn noticed(&self) -> Option<Held> {
        self.held_notice().filter(|notice| notice.over.is_none()).map(|notice| notice.held)
    }

    /// Something is held. What is told of another that is held still tells of this from now on.
    pub(super) fn notice_held(&self, held: Held) {
        let mut notice = self.notice.write().unwrap_or_else(PoisonError::into_inner);
        let message = notice.take().filter(|notice| notice.over.is_none()).and_then(|notice| notice.message);
        *notice = Some(HeldNotice { held, message, over: None });
        drop(notice);
        self.notice_news.notify_one();
    }

    /// Nothing is held any more.
    pub(super) fn notice_over(&self, over: HeldOver) {
        if let Some(notice) = self.notice.write().unwrap_or_else(PoisonError::into_inner).as_mut() {
            notice.over = Some(over);
        }
        self.notice_news.notify_one();
    }
}

impl EngineHandle {
    /// What the security channel is to be told of a change of people that is held, or was.
    #[must_use]
    pub fn held_notice(&self) -> Option<HeldNotice> {
        self.shared.held_notice()
    }

    /// Resolves when that may be something else. For one who waits.
    pub async fn held_news(&self) {
        self.shared.notice_news.notified().await;
    }

    /// Keeps that the channel was told by this message, which says what is so.
    ///
    /// # Errors
    /// When nothing could be committed.
    pub async fn held_told(&self, message: SlackMessage) -> Result<(), EngineError> {
        self.call(|reply| Message::HeldTold(Box::new(message), reply)).await
    }

    /// The channel knows that nothing is held any more: nothing is to be told.
    pub fn held_over_told(&self) {
        let mut notice = self.shared.notice.write().unwrap_or_else(PoisonError::into_inner);
        notice.take_if(|notice| notice.over.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Head;

    fn records(told: &[(&str, &str)]) -> Vec<Record> {
        let mut head = Head::genesis("7f3a9c");
        let mut records = Vec::new();
        for (at, (kind, id)) in (0..).zip(told) {
            let body = json!({
                "held": id, "sources": ["file"], "left": 41, "lose": 0, "of": 46, "channel": "C1", "ts": format!("{at}.0"),
            });
            let record = Record::chain(&head, Timestamp::from_millis(at), kind, None, body).unwrap();
            head = record.head();
            records.insert(0, record);
        }
        records
    }

    #[test]
    fn what_is_held_and_told_is_recalled_from_the_audit_log() {
        for (told, wanted) in [
            (vec![], None),
            (vec![(HELD, "a")], Some(("a", 0, None))),
            (vec![(HELD, "a"), (TOLD, "a")], Some(("a", 0, Some("1.0")))),
            (vec![(HELD, "a"), (TOLD, "a"), (HELD, "b")], Some(("b", 2, Some("1.0")))),
            (vec![(HELD, "a"), (TOLD, "a"), (ACCEPTED, "a")], None),
            (vec![(HELD, "a"), (TOLD, "a"), (DROPPED, "a")], None),
            (vec![(HELD, "a"), (TOLD, "a"), (DROPPED, "a"), (HELD, "a")], Some(("a", 3, None))),
            (vec![(TOLD, "a")], None),
        ] {
            let found = recalled(&records(&told)).unwrap();
            let found = found.as_ref().map(|notice| {
                let HeldNotice { held, message, over } = notice;
                assert_eq!(*over, None);
                (held.id.as_str(), held.since.millis(), message.as_ref().map(|message| message.ts.as_str()))
            });
            assert_eq!(found, wanted, "{told:?}");
        }
    }
}
