//! What people do in B1: each second call is a request by somebody who has none, and the others approve or deny what
//! was asked. Forms are sent and buttons pressed as Slack's clients do it; nobody has to open a form before.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jitney::ids::RequestId;
use jitney::playground::people::ACCESS_CHANNEL;
use jitney::playground::slack::{Answer, LocalSlack};
use jitney::slack::envelope::{Press, ROLE_SEARCH};
use jitney::slack::modal::{DENY_FORM, REQUEST_FORM};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::company::{account, manager_account};
use super::spread::Spread;

/// Interactions a second.
pub(crate) const A_SECOND: u32 = 200;
/// Interactions that wait for their acknowledgement at once, at most.
pub(crate) const IN_FLIGHT: u32 = 64;
/// What a timer may be late by itself: what is later has waited for its turn, and that counts.
const TIMER: Duration = Duration::from_millis(3);

/// How the interactions of a second come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rhythm {
    /// One every five milliseconds.
    Even,
    /// As many at once as there may be, every 320 milliseconds.
    Bursts,
}

impl Rhythm {
    /// When that interaction is due, from the begin.
    fn due(self, number: u32) -> Duration {
        let gap = Duration::from_secs(1) / A_SECOND;
        match self {
            Self::Even => gap * number,
            Self::Bursts => gap * (number / IN_FLIGHT * IN_FLIGHT),
        }
    }
}

enum Act {
    Ask { asker: u64 },
    Approve(Asked),
    Deny(Asked),
}

struct Asked {
    request: String,
    asker: u64,
}

/// A crowd in front of one app.
pub(crate) struct Crowd {
    slack: LocalSlack,
    /// Whether what the app answers says what it decided.
    decides: bool,
    askers: u64,
    next: AtomicU64,
    asked: Mutex<VecDeque<Asked>>,
    decided: AtomicU64,
}

impl Crowd {
    pub(crate) fn new(slack: &LocalSlack, decides: bool, askers: u64) -> Arc<Self> {
        let (asked, next, decided) = Default::default();
        Arc::new(Self { slack: slack.clone(), decides, askers, next, asked, decided })
    }

    /// Requests and decisions so far.
    pub(crate) fn acts(&self) -> (u64, u64) {
        (self.next.load(Ordering::Relaxed), self.decided.load(Ordering::Relaxed))
    }

    /// Acts in this rhythm; how long each act waited for its acknowledgement.
    pub(crate) async fn act(self: &Arc<Self>, rhythm: Rhythm, length: Duration) -> anyhow::Result<Spread> {
        let count = u32::try_from(length.as_millis())? * A_SECOND / 1000;
        let turns = Arc::new(Semaphore::new(usize::try_from(IN_FLIGHT)?));
        let begun = Instant::now() + Duration::from_millis(50);
        let mut acts = JoinSet::new();
        for number in 0..count {
            let due = begun + rhythm.due(number);
            sleep_until(due).await;
            let now = Instant::now();
            let from = if now.duration_since(due) > TIMER { due } else { now };
            let turn = Arc::clone(&turns).acquire_owned().await?;
            let (crowd, act) = (Arc::clone(self), self.choose(number));
            acts.spawn(async move {
                let answer = crowd.send(&act).await?;
                let took = from.elapsed();
                drop(turn);
                crowd.heard(act, answer).map(|()| took)
            });
        }
        let mut took = Vec::new();
        while let Some(act) = acts.join_next().await {
            took.push(act??);
        }
        Ok(Spread::of_durations(took))
    }

    fn choose(&self, number: u32) -> Act {
        let waiting = if number.is_multiple_of(2) { None } else { self.asked().pop_front() };
        match waiting {
            Some(asked) if self.decided.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) => {
                Act::Approve(asked)
            }
            Some(asked) => Act::Deny(asked),
            None => Act::Ask { asker: self.next.fetch_add(1, Ordering::Relaxed) },
        }
    }

    async fn send(&self, act: &Act) -> anyhow::Result<Answer> {
        let (user, fields) = match act {
            Act::Ask { asker } => {
                anyhow::ensure!(*asker < self.askers, "there are no more people to ask");
                (account(*asker), form(REQUEST_FORM, "", &request_values()))
            }
            Act::Deny(Asked { request, asker }) => {
                let reason = json!({ "reason": { "reason": text("the figures are being closed") } });
                (manager_account(*asker), form(DENY_FORM, request, &reason))
            }
            Act::Approve(Asked { request, asker }) => (manager_account(*asker), approval(request)),
        };
        Ok(self.slack.send_interaction(&user, fields).await?)
    }

    fn heard(&self, act: Act, answer: Answer) -> anyhow::Result<()> {
        let Answer::Acked(said) = answer else { anyhow::bail!("not acknowledged: {answer:?}") };
        let said = said.map(|said| said.to_string()).unwrap_or_default();
        match act {
            Act::Ask { asker } => {
                // An app that decides nothing is pressed about nothing.
                let request = if self.decides {
                    anyhow::ensure!(said.contains("is on its way"), "not taken: {said}");
                    let mut words = said.split(|c: char| !c.is_ascii_alphanumeric());
                    let request = words.find(|word| word.parse::<RequestId>().is_ok());
                    request.unwrap_or_default().to_owned()
                } else {
                    format!("R{}", 1001 + asker)
                };
                self.asked().push_back(Asked { request, asker });
            }
            Act::Deny(_) if self.decides => anyhow::ensure!(said.contains("is denied"), "{said}"),
            Act::Deny(_) | Act::Approve(_) => {}
        }
        Ok(())
    }

    fn asked(&self) -> std::sync::MutexGuard<'_, VecDeque<Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn text(words: &str) -> Value {
    json!({ "type": "plain_text_input", "value": words })
}

fn request_values() -> Value {
    let chosen = |value: &str| json!({ "text": { "type": "plain_text", "text": value, "emoji": true }, "value": value });
    json!({
        "role": { ROLE_SEARCH: { "type": "external_select", "selected_option": chosen("wiki/read") } },
        "duration:wiki/read": { "duration": { "type": "static_select", "selected_option": chosen("1h") } },
        "why": { "why": text("the pages of the audit want mending before Friday") },
        "ticket": { "ticket": { "type": "plain_text_input", "value": null } },
        "starts": { "starts": { "type": "datetimepicker", "selected_date_time": null } },
    })
}

/// A form that is sent.
fn form(callback: &str, metadata: &str, values: &Value) -> Map<String, Value> {
    fields(json!({
        "type": "view_submission",
        "response_urls": [],
        "view": {
            "id": "V0LOAD", "type": "modal", "callback_id": callback, "private_metadata": metadata, "hash": "1.a",
            "blocks": [], "state": { "values": values }, "root_view_id": "V0LOAD", "previous_view_id": null,
            "title": { "type": "plain_text", "text": "A form" }, "external_id": "",
        },
    }))
}

/// A press of the button in the question to the approvers.
fn approval(request: &str) -> Map<String, Value> {
    fields(json!({
        "type": "block_actions",
        "container": {
            "type": "message", "message_ts": "1795342530.000200", "channel_id": ACCESS_CHANNEL, "is_ephemeral": false,
        },
        "channel": { "id": ACCESS_CHANNEL, "name": "access-approvals" },
        "message": { "type": "message", "ts": "1795342530.000200", "text": "A request" },
        "state": { "values": {} },
        "actions": [{
            "type": "button", "action_id": Press::Approve.action_id(), "block_id": "act", "value": request,
            "action_ts": "1795342531.000100", "text": { "type": "plain_text", "text": "Approve" },
        }],
    }))
}
