//! Where Slack is, is configuration: GovSlack has another address, and every call must go there.

use serde_json::json;

use super::fake::FakeSlack;
use super::stage::active;
use crate::slack::modal;
use crate::slack::web::Web;
use crate::time::{Span, SystemClock};

#[tokio::test]
async fn every_call_goes_to_the_configured_base() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut slack = FakeSlack::start().await;
    slack.answer(|method| {
        let answer = match method {
            "auth.test" => {
                json!({"ok": true, "user": "jitney", "team": "Gov", "team_id": "T0OURS", "bot_id": "B1"})
            }
            "users.info" => json!({"ok": true, "user": {"id": "W0ANN"}}),
            "chat.getPermalink" => json!({"ok": true, "permalink": "https://gov.example.com/p1"}),
            _ => return None,
        };
        Some((200, None, answer))
    });
    let mut settings = slack.settings();
    settings.api_url = settings.api_url.replace("/api", "/gov/api");
    let web = Web::new(&settings).unwrap();
    let message = json!({"channel": "C1", "ts": "1.0", "text": "x"});
    web.open_connection().await.unwrap();
    web.post_message(&message).await.unwrap();
    web.update_message(&message).await.unwrap();
    web.post_ephemeral(&message).await.unwrap();
    web.open_direct("W0ANN").await.unwrap();
    web.permalink("C1", "1.0").await.unwrap();
    web.open_view("1.2.a", &json!({})).await.unwrap();
    web.update_view("V1", None, &json!({})).await.unwrap();
    web.publish_home("W0ANN", &json!({})).await.unwrap();
    web.user_info("W0ANN").await.unwrap();
    web.reveal(&modal::reveal("1.2.a", &active().request, &"secret".to_owned().into())).await.unwrap();
    web.find_marked("C1", None, 0, "x").await.unwrap();
    web.find_marked("C1", Some("1.0"), 0, "x").await.unwrap();
    crate::slack::check(&settings, &SystemClock::new(), Span::secs(10)).await;
    let mut methods = std::collections::BTreeSet::new();
    while let Some(call) = slack.called() {
        assert_eq!(call.path, format!("/gov/api/{}", call.method));
        methods.insert(call.method);
    }
    let wanted = [
        "apps.connections.open",
        "auth.test",
        "bots.info",
        "chat.getPermalink",
        "chat.postEphemeral",
        "chat.postMessage",
        "chat.update",
        "conversations.history",
        "conversations.open",
        "conversations.replies",
        "users.info",
        "views.open",
        "views.publish",
        "views.update",
    ];
    assert_eq!(methods.iter().map(String::as_str).collect::<Vec<_>>(), wanted);
}
