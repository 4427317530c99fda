//! The Socket Mode links: kept open, and every envelope acknowledged in time.
//!
//! | rule | where |
//! |---|---|
//! | two links, each with its own plan ([`super::link_plan`]) | [`run`] |
//! | an envelope is heard in its own task; a panic there costs that envelope's answer, not the link | `Link::take` |
//! | an envelope is heard once, whatever it is delivered by and how often | [`super::acks`] |
//! | acknowledged when its listener says so, bare after 2 s at the latest | [`super::acks`] |
//! | what a link could not send any more goes over another | `Link::hand_over` |
//! | a successor is opened before an announced end; the old link is served until it closes | `keep` |
//! | no byte for 20 s: a ping; none for 30 s: the link is dead | `Link::serve` |
//! | at the end: nothing new is read, what is in flight is acknowledged, then the links close | `Link::drain` |

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

pub use super::acks::Ack;
use super::acks::{AckFrame, Acks, Exit};
use super::envelope::{self, Envelope, Frame, Input};
use super::link_plan::{Alarm, Farewell, LinkPlan, Lost};
use super::web::{CallError, Web};
use crate::time::Span;

/// Slack may deliver on any of several links, so that one may be renewed while another serves.
const SLOTS: usize = 2;
/// Links at once, with those that wait for their announced end. Slack allows ten.
const LINKS_MOST: usize = 8;
const HANDSHAKE_MOST: Duration = Duration::from_secs(10);
/// Slack pings by itself, mostly; a link that is silent nevertheless is asked whether it lives.
const PING_AFTER: Duration = Duration::from_secs(20);
const IDLE_MOST: Duration = Duration::from_secs(30);
/// How long a link is still served after its end was announced; Slack closes it after ten seconds.
const FAREWELL_MOST: Duration = Duration::from_secs(120);
const DRAIN_MOST: Duration = Duration::from_secs(5);
const CLOSE_MOST: Duration = Duration::from_secs(1);
const FRAME_BYTES_MOST: usize = 1 << 20;
/// Envelopes that are heard at once; more wait unread.
const HEARD_MOST: usize = 256;

/// Hears what people do.
#[async_trait]
pub trait Listener: Send + Sync + 'static {
    /// Hears one input; `id` is the same when Slack delivers the envelope again.
    async fn hear(&self, id: &str, input: Result<Input, String>, ack: Ack);
}

/// How the links are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkHealth {
    /// Links that Slack has greeted.
    pub live: usize,
    /// What Slack refuses, when only a person can mend it: the code and what to do.
    pub refused: Option<String>,
}

struct Shared {
    web: Arc<Web>,
    listener: Arc<dyn Listener>,
    health: watch::Sender<LinkHealth>,
    shutdown: watch::Receiver<bool>,
    links: Arc<Semaphore>,
    acks: Arc<Acks>,
    heard: Arc<Semaphore>,
    /// Cloned into every task that is owed an end; the receiver sees when the last one is dropped.
    busy: mpsc::Sender<()>,
}

/// Keeps the links until `shutdown` says true, then acknowledges what is in flight and closes them.
pub async fn run(
    web: Arc<Web>,
    listener: Arc<dyn Listener>,
    health: watch::Sender<LinkHealth>,
    shutdown: watch::Receiver<bool>,
) {
    let (busy, mut idle) = mpsc::channel(1);
    let shared = Arc::new(Shared {
        web,
        listener,
        health,
        shutdown,
        links: Arc::new(Semaphore::new(LINKS_MOST)),
        acks: Arc::default(),
        heard: Arc::new(Semaphore::new(HEARD_MOST)),
        busy,
    });
    let mut slots = JoinSet::new();
    for slot in 0..SLOTS {
        slots.spawn(keep(slot, Arc::clone(&shared)));
    }
    while let Some(ended) = slots.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a task that keeps a Slack link has failed; restart jitney");
        }
    }
    drop(shared);
    if timeout(DRAIN_MOST, idle.recv()).await.is_err() {
        tracing::warn!("stopped while something that came from Slack was still being worked on");
    }
}

/// Keeps one link open, one after the other.
async fn keep(slot: usize, shared: Arc<Shared>) {
    let mut shutdown = shared.shutdown.clone();
    let mut plan = LinkPlan::default();
    let mut retiring = JoinSet::new();
    loop {
        while retiring.try_join_next().is_some() {}
        let opened = tokio::select! {
            () = wanted_to_stop(&mut shutdown) => break,
            opened = open(&shared) => opened,
        };
        let (lost, lived) = match opened {
            Err(lost) => (lost, Span::ZERO),
            Ok(link) => {
                let greeted = Arc::clone(&link.greeted);
                let (announce, announced) = oneshot::channel();
                let mut serving = Box::pin(tokio::spawn(link.serve(announce)));
                let lost = tokio::select! {
                    biased;
                    Ok(farewell) = announced => Lost::Announced(farewell),
                    ended = &mut serving => ended.unwrap_or_else(|error| Lost::Ended(error.to_string())),
                };
                let lived = greeted.get().map_or(Span::ZERO, |at| span(at.elapsed()).max(Span::millis(1)));
                if matches!(lost, Lost::Announced(_)) {
                    retiring.spawn(serving);
                }
                (lost, lived)
            }
        };
        if *shutdown.borrow() {
            break;
        }
        let next = plan.after(&lost, lived, rand::random_range(0..1000));
        tracing::info!(slot, ?lost, wait = %next.wait, "a Slack link is opened again");
        if let Some(alarm) = next.alarm {
            sound(&shared.health, &alarm);
        }
        tokio::select! {
            () = wanted_to_stop(&mut shutdown) => break,
            () = sleep(next.wait.duration()) => {}
        }
    }
    while retiring.join_next().await.is_some() {}
}

/// Says it once, whichever of the links saw it first.
fn sound(health: &watch::Sender<LinkHealth>, alarm: &Alarm) {
    let Alarm { code, advice } = alarm;
    let refused = Some(format!("{code}: {advice}"));
    let news = health.send_if_modified(|health| {
        let news = health.refused != refused;
        health.refused.clone_from(&refused);
        news
    });
    if news {
        tracing::error!(
            code,
            advice,
            "Slack refuses the socket, so that nobody is heard; asked again every 5 minutes"
        );
    }
}

fn span(time: Duration) -> Span {
    Span::millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// Resolves when the process is to stop, also when whoever would say so is gone.
async fn wanted_to_stop(shutdown: &mut watch::Receiver<bool>) {
    let _ = shutdown.wait_for(|stop| *stop).await;
}

async fn open(shared: &Arc<Shared>) -> Result<Link, Lost> {
    let Ok(permit) = Arc::clone(&shared.links).try_acquire_owned() else {
        return Err(Lost::Ended("too many links wait for their end".to_owned()));
    };
    let url = shared.web.open_connection().await.map_err(|error| match error {
        CallError::Refused { code, .. } => Lost::Refused(code),
        CallError::RateLimited { after } => Lost::RateLimited(after),
        CallError::Unknown(why) => Lost::Unreachable(why),
    })?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(FRAME_BYTES_MOST))
        .max_frame_size(Some(FRAME_BYTES_MOST));
    // The address holds a ticket, so that no error may quote it.
    match timeout(HANDSHAKE_MOST, connect_async_with_config(url, Some(config), true)).await {
        Err(_) => Err(Lost::Unreachable("no handshake in 10 seconds".to_owned())),
        Ok(Err(_)) => Err(Lost::Unreachable("the handshake failed".to_owned())),
        Ok(Ok((stream, _))) => {
            let (exit, acks_due) = shared.acks.open();
            let shared = Arc::clone(shared);
            Ok(Link { stream, shared, exit, acks_due, live: None, greeted: Arc::default(), _permit: permit })
        }
    }
}

struct Link {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    shared: Arc<Shared>,
    exit: Exit,
    acks_due: mpsc::Receiver<AckFrame>,
    live: Option<Live>,
    /// When Slack said hello.
    greeted: Arc<OnceLock<Instant>>,
    _permit: tokio::sync::OwnedSemaphorePermit,
}

/// Counts as a live link for as long as it exists.
struct Live(Arc<Shared>);

impl Live {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.health.send_modify(|health| {
            health.live += 1;
            health.refused = None;
        });
        Self(Arc::clone(shared))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.health.send_modify(|health| health.live = health.live.saturating_sub(1));
    }
}

/// What a frame leads to.
enum Then {
    Continue,
    Farewell(Farewell),
    Lost(Lost),
}

impl Link {
    /// Reads and acknowledges until the link ends.
    async fn serve(mut self, announce: oneshot::Sender<Farewell>) -> Lost {
        let mut announce = Some(announce);
        let mut shutdown = self.shared.shutdown.clone();
        let mut ping_at = Instant::now() + PING_AFTER;
        let mut silent_until = Instant::now() + IDLE_MOST;
        let mut ends_at = None;
        loop {
            let room = self.shared.heard.available_permits() > 0;
            let deadline = ends_at.map_or(silent_until, |end: Instant| end.min(silent_until));
            let then = tokio::select! {
                biased;
                Some(ack) = self.acks_due.recv() => {
                    let then = self.write(Message::text(&*ack)).await;
                    if matches!(then, Then::Lost(_)) {
                        self.shared.acks.elsewhere(ack);
                    }
                    then
                }
                () = wanted_to_stop(&mut shutdown) => return self.drain().await,
                () = sleep_until(ping_at) => {
                    ping_at = Instant::now() + PING_AFTER;
                    self.write(Message::Ping(Vec::new().into())).await
                }
                frame = timeout_at(deadline, self.stream.next()), if room => {
                    silent_until = Instant::now() + IDLE_MOST;
                    ping_at = Instant::now() + PING_AFTER;
                    match frame {
                        Err(_) => Then::Lost(Lost::Ended("silent for 30 seconds, or not closed long after its announced end".to_owned())),
                        Ok(None) => Then::Lost(Lost::Ended("closed".to_owned())),
                        Ok(Some(Err(error))) => Then::Lost(Lost::Ended(error.to_string())),
                        Ok(Some(Ok(message))) => self.take(message),
                    }
                }
            };
            match then {
                Then::Continue => {}
                Then::Farewell(farewell) => {
                    ends_at.get_or_insert(Instant::now() + FAREWELL_MOST);
                    if let Some(announce) = announce.take() {
                        let _ = announce.send(farewell);
                    }
                }
                Then::Lost(lost) => {
                    self.hand_over().await;
                    return lost;
                }
            }
        }
    }

    async fn write(&mut self, message: Message) -> Then {
        match timeout(HANDSHAKE_MOST, self.stream.send(message)).await {
            Ok(Ok(())) => Then::Continue,
            Ok(Err(error)) => Then::Lost(Lost::Ended(error.to_string())),
            Err(_) => Then::Lost(Lost::Ended("nothing could be sent for 10 seconds".to_owned())),
        }
    }

    fn take(&mut self, message: Message) -> Then {
        let text = match &message {
            Message::Text(text) => text.as_str(),
            Message::Close(_) => return Then::Lost(Lost::Ended("closed by Slack".to_owned())),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Then::Continue,
            Message::Binary(bytes) => {
                tracing::warn!(bytes = bytes.len(), "Slack sent a binary frame; ignored");
                return Then::Continue;
            }
        };
        match envelope::parse(text) {
            Ok(Frame::Hello) => {
                self.greeted.get_or_init(Instant::now);
                self.live.get_or_insert_with(|| Live::new(&self.shared));
                Then::Continue
            }
            Ok(Frame::Disconnect(farewell)) => Then::Farewell(farewell),
            Ok(Frame::Envelope(envelope)) => {
                self.hear(*envelope);
                Then::Continue
            }
            Ok(Frame::Unknown(kind)) => {
                tracing::warn!(kind, "Slack sent a frame of an unknown type; ignored");
                Then::Continue
            }
            Err(error) => {
                tracing::warn!(error, bytes = text.len(), "Slack sent a frame that can't be read; ignored");
                Then::Continue
            }
        }
    }

    fn hear(&self, envelope: Envelope) {
        let Envelope { id, takes_payload, input } = envelope;
        let Some(ack) = self.shared.acks.take(&id, takes_payload, self.exit.clone()) else {
            tracing::info!(envelope = id, "Slack delivered an envelope again; it is heard once");
            return;
        };
        let shared = Arc::clone(&self.shared);
        let busy = self.shared.busy.clone();
        let room = Arc::clone(&shared.heard).try_acquire_owned();
        tokio::spawn(async move {
            let _busy = busy;
            let _room = match room {
                Ok(room) => Ok(room),
                Err(_) => Arc::clone(&shared.heard).acquire_owned().await,
            };
            shared.listener.hear(&id, input, ack).await;
        });
    }

    /// The link is gone: the acknowledgements that are still due go over another.
    async fn hand_over(mut self) {
        self.shared.acks.close(&self.exit);
        self.acks_due.close();
        while let Some(ack) = self.acks_due.recv().await {
            self.shared.acks.elsewhere(ack);
        }
    }

    /// Reads nothing more, sends the acknowledgements that are still due, and says goodbye.
    async fn drain(mut self) -> Lost {
        self.shared.acks.close(&self.exit);
        // The queue ends when the last envelope that was heard is acknowledged.
        drop(self.exit);
        let deadline = Instant::now() + DRAIN_MOST;
        while let Ok(Some(ack)) = timeout_at(deadline, self.acks_due.recv()).await {
            if timeout_at(deadline, self.stream.send(Message::text(&*ack))).await.is_err() {
                break;
            }
        }
        let _ = timeout(CLOSE_MOST, self.stream.close(None)).await;
        Lost::Ended("jitney stops".to_owned())
    }
}
