//! Journeys of a raw client: what an app feels on the wire, and what people see of it.

mod link;
mod people_act;
mod web_api;

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::*;
use crate::playground::listen::client::exchange;
use crate::playground::people::{self, ACCESS_CHANNEL};
use crate::time::SystemClock;

const LIMIT: Duration = Duration::from_secs(5);

async fn workspace(change: impl FnOnce(&mut Settings)) -> LocalSlack {
    let mut settings = Settings::for_people(&people::people().expect("the ids parse"));
    change(&mut settings);
    LocalSlack::start(settings, Arc::new(SystemClock::new())).await.expect("it starts")
}

async fn call_with(slack: &LocalSlack, token: &str, method: &str, args: Value) -> (u16, String, Value) {
    let line = format!("POST /api/{method}");
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let (status, head, body) =
        exchange(slack.addr(), &line, &headers, &args.to_string()).await.expect("it answers");
    (status, head, serde_json::from_str(&body).unwrap_or(Value::Null))
}

async fn call(slack: &LocalSlack, method: &str, args: Value) -> Value {
    call_with(slack, &slack.settings().bot_token, method, args).await.2
}

/// An app's end of a link.
struct App {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl App {
    async fn link_url(slack: &LocalSlack) -> String {
        let (_, _, opened) =
            call_with(slack, &slack.settings().app_token, "apps.connections.open", json!({})).await;
        opened["url"].as_str().expect("a url").to_owned()
    }

    async fn connect(slack: &LocalSlack) -> (Self, Value) {
        let (socket, _) = connect_async(Self::link_url(slack).await).await.expect("the handshake");
        let mut app = Self { socket };
        let first = app.next().await.expect("a first frame");
        (app, first)
    }

    /// The next frame that is no ping; none when the link closed.
    async fn next(&mut self) -> Option<Value> {
        loop {
            match tokio::time::timeout(LIMIT, self.socket.next()).await.expect("a frame in time")? {
                Ok(Frame::Text(text)) => return serde_json::from_str(&text).ok(),
                Ok(Frame::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    async fn ack(&mut self, envelope: &Value, payload: Option<Value>) {
        let mut ack = json!({ "envelope_id": envelope["envelope_id"] });
        if let Some(payload) = payload {
            ack["payload"] = payload;
        }
        self.socket.send(Frame::text(ack.to_string())).await.expect("the ack is sent");
    }

    /// Takes the next envelope and acks it.
    async fn answer(&mut self, payload: Option<Value>) -> Value {
        let envelope = self.next().await.expect("an envelope");
        self.ack(&envelope, payload).await;
        envelope["payload"].clone()
    }
}

fn modal() -> Value {
    let option = |v: &str| json!({ "text": { "type": "plain_text", "text": v }, "value": v });
    json!({
        "type": "modal", "callback_id": "ask", "private_metadata": "kept",
        "title": { "type": "plain_text", "text": "Ask" }, "submit": { "type": "plain_text", "text": "Send" },
        "notify_on_close": true,
        "blocks": [
            { "type": "input", "block_id": "role", "dispatch_action": true,
              "label": { "type": "plain_text", "text": "Role" },
              "element": { "type": "external_select", "action_id": "role", "min_query_length": 0 } },
            { "type": "input", "block_id": "dur", "label": { "type": "plain_text", "text": "For" },
              "element": { "type": "static_select", "action_id": "dur", "options": [option("1h"), option("2h")] } },
            { "type": "input", "block_id": "why", "label": { "type": "plain_text", "text": "Why" },
              "element": { "type": "plain_text_input", "action_id": "why", "min_length": 3 } },
        ],
    })
}

fn message() -> Value {
    json!({
        "channel": ACCESS_CHANNEL, "text": "ann asks for billing/read",
        "metadata": { "event_type": "jit", "event_payload": { "id": "R1001" } },
        "blocks": [{ "type": "actions", "block_id": "R1001:act", "elements": [
            { "type": "button", "action_id": "approve", "value": "R1001", "text": { "type": "plain_text", "text": "Approve" } },
            { "type": "button", "action_id": "deny", "value": "R1001", "text": { "type": "plain_text", "text": "Deny" } },
        ] }],
    })
}
