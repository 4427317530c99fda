//! Acknowledgements. Slack may deliver an envelope more than once, over any link: it is heard once, and each delivery
//! is acknowledged alike. An acknowledgement goes back over the link that its envelope came by, and over another one
//! when that is gone: whoever clicked in the moment in which a link broke sees no warning sign.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

/// Slack gives up after three seconds.
const ACK_MOST: Duration = Duration::from_secs(2);
/// Envelopes that are remembered. Slack delivers again within seconds, if it does; what is decided is also kept in
/// the database under its envelope's id.
const REMEMBERED_MOST: usize = 512;
/// Acknowledgements that wait for one link.
const QUEUE_MOST: usize = 256;

/// The right to acknowledge one envelope, once. Dropped, it acknowledges bare.
#[derive(Debug)]
pub struct Ack {
    takes_payload: bool,
    answer: oneshot::Sender<Option<Value>>,
}

impl Ack {
    pub(super) fn new(takes_payload: bool) -> (Self, oneshot::Receiver<Option<Value>>) {
        let (answer, answered) = oneshot::channel();
        (Self { takes_payload, answer }, answered)
    }

    /// Acknowledges without an answer.
    pub fn bare(self) {
        let _ = self.answer.send(None);
    }

    /// Acknowledges with an answer. False when it came too late or can't be taken: then it has to go another way.
    #[must_use]
    pub fn with(self, payload: Value) -> bool {
        if self.takes_payload {
            self.answer.send(Some(payload)).is_ok()
        } else {
            let _ = self.answer.send(None);
            false
        }
    }
}

/// A frame that acknowledges.
pub(super) type AckFrame = Arc<str>;

/// One envelope's acknowledgement, as soon as it is known.
type Known = watch::Receiver<Option<AckFrame>>;

/// The acknowledgements of all links.
#[derive(Default)]
pub(super) struct Acks {
    /// By envelope id, the oldest first.
    known: Mutex<VecDeque<(String, Known)>>,
    exits: Mutex<Exits>,
}

#[derive(Default)]
struct Exits {
    open: BTreeMap<u64, mpsc::Sender<AckFrame>>,
    numbered: u64,
}

/// The way out over one link.
#[derive(Clone)]
pub(super) struct Exit {
    number: u64,
    queue: mpsc::Sender<AckFrame>,
}

impl Acks {
    /// Counts a link in; what it has to send comes out of the receiver.
    pub(super) fn open(&self) -> (Exit, mpsc::Receiver<AckFrame>) {
        let (queue, due) = mpsc::channel(QUEUE_MOST);
        let mut exits = self.exits();
        exits.numbered += 1;
        let number = exits.numbered;
        exits.open.insert(number, queue.clone());
        (Exit { number, queue }, due)
    }

    /// Counts a link out: nothing of other links goes to it any more.
    pub(super) fn close(&self, exit: &Exit) {
        self.exits().open.remove(&exit.number);
    }

    /// Sends over any link that is left. With none left, Slack will not hear it.
    pub(super) fn elsewhere(&self, mut ack: AckFrame) {
        for queue in self.exits().open.values() {
            match queue.try_send(ack) {
                Ok(()) => return,
                Err(refused) => ack = refused.into_inner(),
            }
        }
    }

    /// Sees to it that this delivery is acknowledged. The right to say how comes with an envelope's first delivery.
    pub(super) fn take(self: &Arc<Self>, id: &str, takes_payload: bool, exit: Exit) -> Option<Ack> {
        let (tell, known) = watch::channel(None);
        match self.repeated(id, known) {
            Some(known) => {
                tokio::spawn(Arc::clone(self).acknowledge_again(id.to_owned(), known, exit));
                None
            }
            None => {
                let (ack, answered) = Ack::new(takes_payload);
                tokio::spawn(Arc::clone(self).acknowledge(id.to_owned(), answered, tell, exit));
                Some(ack)
            }
        }
    }

    /// The acknowledgement of an earlier delivery; none, and it is remembered, when this is the first.
    fn repeated(&self, id: &str, known: Known) -> Option<Known> {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, earlier)) = all.iter().rev().find(|(known, _)| known == id) {
            return Some(earlier.clone());
        }
        if all.len() >= REMEMBERED_MOST {
            all.pop_front();
        }
        all.push_back((id.to_owned(), known));
        None
    }

    /// Waits for the listener's word, two seconds at most; a listener that failed or is slow gets a bare one.
    async fn acknowledge(
        self: Arc<Self>,
        id: String,
        answered: oneshot::Receiver<Option<Value>>,
        tell: watch::Sender<Option<AckFrame>>,
        exit: Exit,
    ) {
        let payload = match timeout(ACK_MOST, answered).await {
            Ok(Ok(payload)) => payload,
            Ok(Err(_)) => None,
            Err(_) => {
                tracing::warn!("an input from Slack takes over 2 seconds; acknowledged without an answer");
                None
            }
        };
        let ack = match payload {
            Some(payload) => json!({"envelope_id": id, "payload": payload}),
            None => json!({"envelope_id": id}),
        };
        let ack: AckFrame = ack.to_string().into();
        tell.send_replace(Some(Arc::clone(&ack)));
        self.send(ack, exit).await;
    }

    async fn acknowledge_again(self: Arc<Self>, id: String, mut known: Known, exit: Exit) {
        let first = match timeout(ACK_MOST, known.wait_for(Option::is_some)).await {
            Ok(Ok(first)) => first.clone(),
            // What answered the first one broke off, or takes as long.
            Ok(Err(_)) | Err(_) => None,
        };
        let ack = first.unwrap_or_else(|| json!({"envelope_id": id}).to_string().into());
        self.send(ack, exit).await;
    }

    async fn send(&self, ack: AckFrame, exit: Exit) {
        if let Err(refused) = exit.queue.send(ack).await {
            self.elsewhere(refused.0);
        }
    }

    fn exits(&self) -> MutexGuard<'_, Exits> {
        self.exits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
