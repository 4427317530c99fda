//! Socket Mode: links to the app, envelopes that go out on any of them, and acks that come back on any.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, UPGRADE};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::api::{Answered, Call};
use super::settings::APP;
use super::world::{Now, Shared, World};
use crate::playground::listen::{self, Reply, header};

/// Why Slack ends a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisconnectReason {
    /// It will close soon.
    Warning,
    /// The hourly renewal.
    RefreshRequested,
    /// Socket Mode was turned off: it closes at once.
    LinkDisabled,
}

impl DisconnectReason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::RefreshRequested => "refresh_requested",
            Self::LinkDisabled => "link_disabled",
        }
    }
}

/// What a link's task is told.
enum Order {
    Send(String),
    Disconnect(DisconnectReason),
    Cut,
}

#[derive(Default)]
pub(super) struct Links {
    open: BTreeMap<u64, mpsc::Sender<Order>>,
    numbered: u64,
    turn: usize,
    waiting: BTreeMap<String, Waiting>,
}

/// An envelope that was sent and is not answered yet.
struct Waiting {
    tell: oneshot::Sender<Option<Value>>,
    /// The link that it went over.
    link: u64,
    label: String,
    text: String,
    attempt: u32,
}

/// Envelopes that wait for one link at most.
const QUEUE_MAX: usize = 1024;
/// Bytes of one frame from the app at most.
const FRAME_MAX: usize = 1 << 20;
/// How long a closed link may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);
/// What `debug_reconnects=true` asks for.
const DEBUG_LIFE: Duration = Duration::from_secs(360);

impl Links {
    pub(super) fn count(&self) -> usize {
        self.open.len()
    }

    pub(super) const fn opened(&self) -> u64 {
        self.numbered
    }

    pub(super) fn disconnect_all(&self, reason: DisconnectReason) {
        self.open.values().for_each(|link| drop(link.try_send(Order::Disconnect(reason))));
    }

    pub(super) fn cut_all(&self) {
        self.open.values().for_each(|link| drop(link.try_send(Order::Cut)));
    }

    /// Sends on the next link whose turn it is, and says which; none when there is none.
    fn send(&mut self, text: &str) -> Option<u64> {
        let start = self.turn;
        self.turn = self.turn.wrapping_add(1);
        let links: Vec<u64> = self.open.keys().copied().collect();
        let in_turn = (0..links.len()).filter_map(|i| links.get(start.wrapping_add(i) % links.len()));
        in_turn.copied().find(|number| self.send_on(*number, text))
    }

    /// Sends once more: on another link, when there is one.
    fn send_again(&self, text: &str, first: u64) {
        let others = self.open.keys().copied().filter(|number| *number != first);
        let _ = others.chain([first]).find(|number| self.send_on(*number, text));
    }

    fn send_on(&self, number: u64, text: &str) -> bool {
        self.open.get(&number).is_some_and(|link| link.try_send(Order::Send(text.to_owned())).is_ok())
    }

    fn cut(&self, number: u64) {
        if let Some(link) = self.open.get(&number) {
            let _ = link.try_send(Order::Cut);
        }
    }
}

/// Something for the app.
pub(super) struct Envelope {
    /// `slash_commands`, `interactive` or `events_api`.
    pub(super) kind: &'static str,
    /// For the journal: the payload's own kind.
    pub(super) label: String,
    pub(super) payload: Value,
    pub(super) accepts_response: bool,
    /// 0 at first; events alone are sent again.
    pub(super) attempt: u32,
}

/// What came of an envelope.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Delivery {
    /// Answered in time, with a payload when there was one worth the name.
    Acked(Option<Value>),
    /// Not answered in time; what comes later is ignored.
    Late,
    /// There was no link.
    NobodyConnected,
}

/// Sends, and waits for the ack as long as Slack would.
pub(super) async fn deliver(shared: &Shared, envelope: Envelope) -> Delivery {
    let id = uuid();
    let Some(acked) = shared.change(|world, now| send(world, &id, &envelope, now)) else {
        return Delivery::NobodyConnected;
    };
    match timeout(shared.settings.limits.ack, acked).await {
        Ok(Ok(payload)) => Delivery::Acked(payload.filter(|_| envelope.accepts_response)),
        Ok(Err(_)) | Err(_) => {
            shared.change(|world, _| world.links.waiting.remove(&id));
            Delivery::Late
        }
    }
}

fn send(
    world: &mut World,
    id: &str,
    envelope: &Envelope,
    now: Now,
) -> Option<oneshot::Receiver<Option<Value>>> {
    let mut frame = json!({
        "envelope_id": id, "type": envelope.kind, "payload": envelope.payload,
        "accepts_response_payload": envelope.accepts_response,
    });
    if let Some(frame) = frame.as_object_mut().filter(|_| envelope.kind == "events_api") {
        let reason = if envelope.attempt == 0 { "" } else { "http_timeout" };
        frame.insert("retry_attempt".to_owned(), json!(envelope.attempt));
        frame.insert("retry_reason".to_owned(), json!(reason));
    }
    let text = frame.to_string();
    let (tell, acked) = oneshot::channel();
    world.journal.sent(id, &envelope.label, envelope.attempt, now.real);
    let link = world.links.send(&text)?;
    let (label, attempt) = (envelope.label.clone(), envelope.attempt);
    world.links.waiting.insert(id.to_owned(), Waiting { tell, link, label, text: text.clone(), attempt });
    if world.faults.duplicates() {
        world.links.send_again(&text, link);
    }
    if world.faults.cuts_behind() {
        world.links.cut(link);
    }
    Some(acked)
}

fn ack(world: &mut World, text: &str, now: Now) {
    let Ok(Value::Object(mut said)) = serde_json::from_str(text) else {
        world.journal.complain(format!("a frame that is no JSON object: {text}"));
        return;
    };
    let Some(id) = said.get("envelope_id").and_then(Value::as_str).map(str::to_owned) else {
        world.journal.complain(format!("a frame without envelope_id: {text}"));
        return;
    };
    if !world.journal.acked(&id, now.real) {
        world.journal.complain(format!("an ack of an envelope that was never sent: {id}"));
    }
    if let Some(Waiting { tell, .. }) = world.links.waiting.remove(&id) {
        let payload = said
            .remove("payload")
            .filter(|payload| payload.as_object().is_some_and(|map| !map.is_empty()) || payload.is_string());
        let _ = tell.send(payload);
    }
}

/// Sends over the link `number`, which has just opened, what links that broke left unanswered.
fn redeliver(world: &mut World, number: u64, now: Now) {
    let links = &mut world.links;
    let Some(link) = links.open.get(&number) else { return };
    for (id, envelope) in &mut links.waiting {
        if links.open.contains_key(&envelope.link) {
            continue;
        }
        if link.try_send(Order::Send(envelope.text.clone())).is_ok() {
            envelope.link = number;
            envelope.attempt += 1;
            world.journal.sent(id, &envelope.label, envelope.attempt, now.real);
        }
    }
}

/// `apps.connections.open`.
pub(super) fn open_connection(world: &mut World, call: &Call<'_>) -> Answered {
    let ticket = world.passes.ticket(&call.settings.limits, call.now.real);
    Ok(json!({ "url": format!("ws://{}/link/?ticket={ticket}&app_id={APP}", call.host) }))
}

/// Answers the handshake; the link lives on in a task of its own.
pub(super) fn upgrade(shared: &Arc<Shared>, request: Request<Incoming>) -> Reply {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let asked = |name: &str| {
        form_urlencoded::parse(query.as_bytes()).find_map(|(n, v)| (n == name).then(|| v.into_owned()))
    };
    let ticket = asked("ticket").unwrap_or_default();
    let redeemed = shared.change(|world, now| world.passes.redeem(&ticket, &world.settings.limits, now.real));
    if !redeemed {
        return listen::text(StatusCode::FORBIDDEN, "the ticket was used or is too old\n");
    }
    let is_websocket = header(&request, "upgrade").is_some_and(|to| to.eq_ignore_ascii_case("websocket"));
    let accept = header(&request, "sec-websocket-key").map(|key| derive_accept_key(key.as_bytes()));
    let Some(accept) = accept.filter(|_| is_websocket).and_then(|a| HeaderValue::from_str(&a).ok()) else {
        return listen::text(StatusCode::UPGRADE_REQUIRED, "this is a WebSocket\n");
    };
    let life = match shared.settings.limits.link_life {
        None if asked("debug_reconnects").as_deref() == Some("true") => Some(DEBUG_LIFE),
        life => life,
    };
    let link = Arc::clone(shared);
    shared.spawn(async move {
        if let Ok(upgraded) = hyper::upgrade::on(request).await {
            let config =
                WebSocketConfig::default().max_message_size(Some(FRAME_MAX)).max_frame_size(Some(FRAME_MAX));
            let io = TokioIo::new(upgraded);
            let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
            run(&link, socket, life).await;
        }
    });
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = reply.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    reply
}

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

async fn run(shared: &Arc<Shared>, mut socket: Socket, life: Option<Duration>) {
    let (orders, mut inbox) = mpsc::channel(QUEUE_MAX);
    let joined = shared.change(|world, _| {
        if world.links.open.len() >= world.settings.limits.links {
            return None;
        }
        world.links.numbered += 1;
        let number = world.links.numbered;
        world.links.open.insert(number, orders);
        Some((number, world.links.open.len()))
    });
    let Some((number, connections)) = joined else {
        let _ = socket.send(Frame::text(disconnect("too_many_websockets"))).await;
        let _ = socket.close(None).await;
        let _ = timeout(GOODBYE, async { while let Some(Ok(_)) = socket.next().await {} }).await;
        return;
    };
    if socket.send(Frame::text(hello(connections, life))).await.is_ok() {
        shared.change(|world, now| {
            if world.faults.redeliver {
                redeliver(world, number, now);
            }
        });
        match talk(shared, &mut socket, &mut inbox, life).await {
            Ended::ByUs => {
                // What is on its way over this link still arrives; nothing more goes over it.
                shared.change(|world, _| world.links.open.remove(&number));
                while let Ok(order) = inbox.try_recv() {
                    if let Order::Send(text) = order {
                        let _ = socket.send(Frame::text(text)).await;
                    }
                }
                let _ = socket.close(None).await;
                let goodbye = async {
                    while let Some(Ok(frame)) = socket.next().await {
                        hear(shared, &frame);
                    }
                };
                let _ = timeout(GOODBYE, goodbye).await;
            }
            Ended::Lost => {}
        }
    }
    shared.change(|world, _| world.links.open.remove(&number));
}

enum Ended {
    /// Slack closes it, and hears what still comes.
    ByUs,
    /// The app closed it, or it broke.
    Lost,
}

async fn talk(
    shared: &Arc<Shared>,
    socket: &mut Socket,
    inbox: &mut mpsc::Receiver<Order>,
    life: Option<Duration>,
) -> Ended {
    let limits = &shared.settings.limits;
    let far = Instant::now() + Duration::from_secs(365 * 86_400);
    let mut close_at = far;
    let mut warn_at = life.map_or(far, |life| Instant::now() + life.saturating_sub(limits.closing_notice));
    let mut pings = interval_at(Instant::now() + limits.ping_every, limits.ping_every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let order = tokio::select! {
            order = inbox.recv() => order.unwrap_or(Order::Cut),
            frame = socket.next() => match frame {
                Some(Ok(Frame::Close(_)) | Err(_)) | None => return Ended::Lost,
                Some(Ok(frame)) => {
                    hear(shared, &frame);
                    continue;
                }
            },
            _ = pings.tick() => {
                if socket.send(Frame::Ping(Vec::new().into())).await.is_err() {
                    return Ended::Lost;
                }
                continue;
            }
            () = sleep_until(warn_at) => Order::Disconnect(DisconnectReason::Warning),
            () = sleep_until(close_at) => return Ended::ByUs,
        };
        let sent = match order {
            Order::Send(text) => socket.send(Frame::text(text)).await,
            Order::Disconnect(reason) => {
                warn_at = far;
                close_at = Instant::now()
                    + match reason {
                        DisconnectReason::Warning | DisconnectReason::RefreshRequested => {
                            limits.closing_notice
                        }
                        DisconnectReason::LinkDisabled => Duration::ZERO,
                    };
                socket.send(Frame::text(disconnect(reason.as_str()))).await
            }
            Order::Cut => return Ended::Lost,
        };
        if sent.is_err() {
            return Ended::Lost;
        }
    }
}

/// Takes a frame; an ack may be held up on demand, as by a slow network.
fn hear(shared: &Arc<Shared>, frame: &Frame) {
    let text = match frame {
        Frame::Text(text) => text.as_str().to_owned(),
        Frame::Binary(bytes) => {
            shared.change(|world, _| {
                world.journal.complain(format!("a binary frame of {} bytes", bytes.len()))
            });
            return;
        }
        Frame::Ping(_) | Frame::Pong(_) | Frame::Close(_) | Frame::Frame(_) => return,
    };
    match shared.look(|world| world.faults.ack_delay) {
        None => shared.change(|world, now| ack(world, &text, now)),
        Some(delay) => {
            let late = Arc::clone(shared);
            shared.spawn(async move {
                tokio::time::sleep(delay).await;
                late.change(|world, now| ack(world, &text, now));
            });
        }
    }
}

fn hello(connections: usize, life: Option<Duration>) -> String {
    let about = life.map_or(18_060, |life| life.as_secs());
    json!({
        "type": "hello", "num_connections": connections, "connection_info": { "app_id": APP },
        "debug_info": { "host": HOST, "build_number": 1, "approximate_connection_time": about },
    })
    .to_string()
}

fn disconnect(reason: &str) -> String {
    json!({ "type": "disconnect", "reason": reason, "debug_info": { "host": HOST } }).to_string()
}

const HOST: &str = "applink-playground";

fn uuid() -> String {
    let hex = format!("{:032x}", rand::random::<u128>());
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}
