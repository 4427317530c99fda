//! A little Slack on the loopback for this module's tests: a Web API that answers what a test says, and sockets
//! that a test holds the other end of.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::slack::SlackSettings;
use crate::slack::identity::Workspace;

/// A call that came in: the method, and the body or the query.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) body: Value,
}

/// What a test answers to a method: status, `Retry-After`, body.
pub(super) type Answer = (u16, Option<u32>, Value);
type Script = Box<dyn Fn(&str) -> Option<Answer> + Send>;

pub(super) struct FakeSlack {
    pub(super) url: String,
    calls: mpsc::UnboundedReceiver<Call>,
    links: mpsc::UnboundedReceiver<FakeLink>,
    script: Arc<Mutex<Script>>,
}

/// Slack's end of one socket.
pub(super) struct FakeLink(WebSocketStream<TcpStream>);

/// Nothing in these tests takes longer, unless it hangs.
const HANGS: Duration = Duration::from_secs(8);

impl FakeSlack {
    pub(super) async fn start() -> Self {
        let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ws = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api", http.local_addr().unwrap());
        let socket = format!("ws://{}/link?ticket=t", ws.local_addr().unwrap());
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(|_| None)));
        let (called, calls) = mpsc::unbounded_channel();
        let (linked, links) = mpsc::unbounded_channel();
        tokio::spawn(serve_http(http, socket, Arc::clone(&script), called));
        tokio::spawn(async move {
            while let Ok((stream, _)) = ws.accept().await {
                if let Ok(stream) = tokio_tungstenite::accept_async(stream).await {
                    let _ = linked.send(FakeLink(stream));
                }
            }
        });
        Self { url, calls, links, script }
    }

    /// From now on, methods are answered so; those that it gives none for succeed.
    pub(super) fn answer(&self, script: impl Fn(&str) -> Option<Answer> + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    pub(super) fn settings(&self) -> SlackSettings {
        SlackSettings {
            api_url: self.url.clone(),
            app_token: "xapp-1".to_owned().into(),
            bot_token: "xoxb-1".to_owned().into(),
            workspace: Workspace { team_id: Some("T0OURS".to_owned()), enterprise_id: None },
            bind_by_email: false,
            approvals_channel: "C0ACCESS".to_owned(),
            security_channel: "C0SECURITY".to_owned(),
            command: "/jit".to_owned(),
            burst: 3,
            ticket_url: None,
        }
    }

    /// The next call, whichever.
    pub(super) async fn call(&mut self) -> Call {
        timeout(HANGS, self.calls.recv()).await.expect("no call came").unwrap()
    }

    /// The next call, when one came already.
    pub(super) fn called(&mut self) -> Option<Call> {
        self.calls.try_recv().ok()
    }

    /// The next socket that is opened, greeted as Slack does.
    pub(super) async fn link(&mut self) -> FakeLink {
        let mut link = self.silent_link().await;
        link.send(json!({"type": "hello", "num_connections": 1})).await;
        link
    }

    pub(super) async fn silent_link(&mut self) -> FakeLink {
        timeout(HANGS, self.links.recv()).await.expect("no socket was opened").unwrap()
    }
}

impl FakeLink {
    pub(super) async fn send(&mut self, frame: Value) {
        self.send_raw(Message::text(frame.to_string())).await;
    }

    pub(super) async fn send_raw(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// The next text frame; none when the other side closed.
    pub(super) async fn receive(&mut self) -> Option<Value> {
        loop {
            match timeout(HANGS, self.0.next()).await.expect("nothing was sent")? {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_)) => {}
            }
        }
    }
}

async fn serve_http(
    listener: TcpListener,
    socket: String,
    script: Arc<Mutex<Script>>,
    called: mpsc::UnboundedSender<Call>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (socket, script, called) = (socket.clone(), Arc::clone(&script), called.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let (socket, script, called) = (socket.clone(), Arc::clone(&script), called.clone());
            async move {
                let path = request.uri().path().to_owned();
                let method = path.rsplit('/').next().unwrap_or_default().to_owned();
                let query = request.uri().query().map(str::to_owned);
                let body = request.into_body().collect().await.unwrap().to_bytes();
                let body = match query {
                    Some(query) => Value::from(query),
                    None => serde_json::from_slice(&body).unwrap_or(Value::Null),
                };
                let answer = script.lock().unwrap()(&method);
                let (status, after, answer) = answer.unwrap_or_else(|| usual(&method, &socket, &body));
                let _ = called.send(Call { method, path, body });
                let mut response =
                    Response::builder().status(status).header("content-type", "application/json");
                if let Some(after) = after {
                    response = response.header("retry-after", after);
                }
                response.body(Full::new(Bytes::from(answer.to_string())))
            }
        });
        tokio::spawn(
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
        );
    }
}

fn usual(method: &str, socket: &str, body: &Value) -> Answer {
    let answer = match method {
        "apps.connections.open" => json!({"ok": true, "url": socket}),
        "conversations.open" => json!({"ok": true, "channel": {"id": "D0ANN"}}),
        "chat.postMessage" => json!({"ok": true, "channel": body["channel"], "ts": "1795341600.000200"}),
        "chat.update" => json!({"ok": true, "channel": body["channel"], "ts": body["ts"]}),
        "conversations.history" | "conversations.replies" => json!({"ok": true, "messages": []}),
        _ => json!({"ok": true}),
    };
    (200, None, answer)
}
