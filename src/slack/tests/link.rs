//! The socket: envelopes, links and their ends.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::fake::{FakeLink, FakeSlack};
use super::stage::typed;
use crate::slack::envelope::Input;
use crate::slack::socket::{self, Ack, LinkHealth, Listener};
use crate::slack::web::Web;

/// Says what each input's text tells it to.
struct Parrot {
    held: Mutex<Vec<Ack>>,
    heard: mpsc::UnboundedSender<String>,
}

#[async_trait]
impl Listener for Parrot {
    async fn hear(&self, _id: &str, input: Result<Input, String>, ack: Ack) {
        let Ok(Input::Slash { text, .. }) = input else { return };
        match text.as_str() {
            "panic" => panic!("as a test wants it"),
            "hold" => self.held.lock().unwrap().push(ack),
            other => assert!(ack.with(json!({"text": other}))),
        }
        let _ = self.heard.send(text);
    }
}

struct Linked {
    slack: FakeSlack,
    health: watch::Receiver<LinkHealth>,
    stop: watch::Sender<bool>,
    parrot: Arc<Parrot>,
    heard: mpsc::UnboundedReceiver<String>,
    running: tokio::task::JoinHandle<()>,
}

async fn linked(slack: FakeSlack) -> Linked {
    let (said, heard) = mpsc::unbounded_channel();
    let parrot = Arc::new(Parrot { held: Mutex::default(), heard: said });
    let web = Arc::new(Web::new(&slack.settings()).unwrap());
    let (health, seen) = watch::channel(LinkHealth::default());
    let (stop, stopped) = watch::channel(false);
    let listener: Arc<dyn Listener> = Arc::clone(&parrot) as Arc<dyn Listener>;
    let running = tokio::spawn(socket::run(web, listener, health, stopped));
    Linked { slack, health: seen, stop, parrot, heard, running }
}

async fn says(link: &mut FakeLink, id: &str, text: &str) {
    link.send(typed(id, text)).await;
    let ack = json!({"envelope_id": id, "payload": {"text": text}});
    assert_eq!(link.receive().await, Some(ack));
}

#[tokio::test]
async fn an_envelope_is_acknowledged_with_what_its_listener_says() {
    let mut linked = linked(FakeSlack::start().await).await;
    let mut first = linked.slack.link().await;
    let mut second = linked.slack.link().await;
    linked.health.wait_for(|health| health.live == 2).await.unwrap();
    says(&mut first, "e1", "one").await;
    says(&mut second, "e2", "two").await;
}

#[tokio::test]
async fn frames_that_can_not_be_read_do_not_stop_a_link() {
    let mut linked = linked(FakeSlack::start().await).await;
    let mut link = linked.slack.link().await;
    link.send_raw(Message::text("not JSON")).await;
    link.send_raw(Message::text("[1]")).await;
    link.send_raw(Message::binary(vec![0, 159, 146, 150])).await;
    link.send(json!({"type": "something_new"})).await;
    link.send(json!({"envelope_id": "e1", "type": "interactive", "payload": {"type": "odd"}})).await;
    assert_eq!(link.receive().await, Some(json!({"envelope_id": "e1"})));
    says(&mut link, "e2", "still there").await;
}

#[tokio::test]
async fn a_panic_costs_one_answer_and_no_link() {
    let mut linked = linked(FakeSlack::start().await).await;
    let mut link = linked.slack.link().await;
    link.send(typed("e1", "panic")).await;
    assert_eq!(link.receive().await, Some(json!({"envelope_id": "e1"})));
    says(&mut link, "e2", "still there").await;
}

#[tokio::test]
async fn a_slow_listener_is_acknowledged_bare_after_two_seconds_and_others_at_once() {
    let mut linked = linked(FakeSlack::start().await).await;
    let mut link = linked.slack.link().await;
    let begun = Instant::now();
    link.send(typed("e1", "hold")).await;
    says(&mut link, "e2", "fast").await;
    assert!(begun.elapsed().as_millis() < 1500, "a fast one waited for a slow one");
    assert_eq!(link.receive().await, Some(json!({"envelope_id": "e1"})));
    assert!((1900..2900).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    let held = linked.parrot.held.lock().unwrap().pop().unwrap();
    assert!(!held.with(json!({"text": "too late"})), "the listener must know that it came too late");
}

#[tokio::test]
async fn an_announced_end_opens_a_successor_while_the_old_link_still_serves() {
    let mut linked = linked(FakeSlack::start().await).await;
    let mut old = linked.slack.link().await;
    let _other = linked.slack.link().await;
    // Without debug_info, as Slack has been seen to send it.
    old.send(json!({"type": "disconnect", "reason": "warning"})).await;
    let mut successor = linked.slack.link().await;
    says(&mut old, "e1", "on the old link").await;
    says(&mut successor, "e2", "on its successor").await;
    drop(old);
    linked.health.wait_for(|health| health.live == 2).await.unwrap();
    says(&mut successor, "e3", "still").await;
}

#[tokio::test]
async fn a_server_that_accepts_and_closes_is_not_called_in_a_hot_loop() {
    let mut slack = FakeSlack::start().await;
    let begun = {
        let linked = linked(slack).await;
        slack = linked.slack;
        let begun = Instant::now();
        // Three links of each of the two slots: at least 125 ms and 250 ms lie between those of one slot.
        for _ in 0..6 {
            drop(slack.silent_link().await);
        }
        let _ = linked.stop.send(true);
        begun
    };
    assert!(begun.elapsed().as_millis() >= 375, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_refused_token_is_seen_in_the_health() {
    let slack = FakeSlack::start().await;
    slack.answer(|_| Some((200, None, json!({"ok": false, "error": "invalid_auth"}))));
    let mut linked = linked(slack).await;
    let health = linked.health.wait_for(|health| health.refused.is_some()).await.unwrap();
    assert!(health.refused.as_deref().unwrap().starts_with("invalid_auth: make a new app-level token"));
}

#[tokio::test]
async fn at_the_end_what_is_in_flight_is_acknowledged_before_the_link_closes() {
    let mut linked = linked(FakeSlack::start().await).await;
    let mut link = linked.slack.link().await;
    link.send(typed("e1", "hold")).await;
    assert_eq!(linked.heard.recv().await.as_deref(), Some("hold"));
    linked.stop.send(true).unwrap();
    let held = linked.parrot.held.lock().unwrap().pop().unwrap();
    assert!(held.with(json!({"text": "done"})));
    assert_eq!(link.receive().await, Some(json!({"envelope_id": "e1", "payload": {"text": "done"}})));
    assert_eq!(link.receive().await, None);
    linked.running.await.unwrap();
}
