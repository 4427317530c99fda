//! People who try again when nobody answers, as people do: each wish is acted on until the bot has said what became
//! of it. How often they acted is counted, so that answers can be counted against it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jitney::ids::RequestId;
use jitney::lifecycle::View;
use jitney::playground::people::ACCESS_CHANNEL;
use jitney::playground::slack::{Message, Seen, Snapshot, Submitted};

use super::stage::{Journey, account, request_in};

/// Nobody tries for ever.
const TRIES: usize = 40;
/// A bot that is up answers within this; who hears nothing for so long tries again.
const PATIENCE: Duration = Duration::from_secs(2);
/// Slack may be away for so long, in real time.
const AWAY_MOST: Duration = Duration::from_secs(60);

/// What people did.
#[derive(Debug, Default)]
pub(super) struct Acts {
    clicks: AtomicUsize,
    in_vain: AtomicUsize,
}

impl Acts {
    /// Buttons that were pressed.
    pub(super) fn clicks(&self) -> usize {
        self.clicks.load(Ordering::SeqCst)
    }

    /// Commands, forms and buttons that nobody answered in time.
    pub(super) fn in_vain(&self) -> usize {
        self.in_vain.load(Ordering::SeqCst)
    }

    fn nobody_answered(&self) {
        self.in_vain.fetch_add(1, Ordering::SeqCst);
    }
}

impl Journey {
    /// Asks by the form until it is written down.
    pub(super) async fn insist_on_asking(
        &self,
        acts: &Acts,
        who: &str,
        role: &str,
        length: &str,
    ) -> RequestId {
        for _ in 0..TRIES {
            self.is_connected().await;
            if let Some(id) = self.asks_once(who, role, length).await {
                return id;
            }
            acts.nobody_answered();
        }
        panic!("{who} could not ask for {role}");
    }

    /// None when nobody answered.
    async fn asks_once(&self, who: &str, role: &str, length: &str) -> Option<RequestId> {
        let user = account(who);
        let line = format!("/jit request {role} for {length} because something there wants mending");
        let seen = self.slack().say_slash(&user, ACCESS_CHANNEL, &line).await.unwrap();
        seen.modal.filter(|view| view.title() == "Request access")?;
        let said = match self.slack().submit(&user).await.unwrap() {
            Submitted::Updated(view) => view.words(),
            Submitted::Trouble(_) => return None,
            Submitted::Errors(errors) => errors.into_values().collect::<Vec<_>>().join("\n"),
            other => panic!("{other:?}"),
        };
        self.slack().close_view(&user).await.unwrap();
        // An earlier form may have been heard, though nobody could say so.
        assert!(
            said.contains("is on its way") || said.contains("approved in full") || is_twin(&said),
            "{said}"
        );
        Some(request_in(&said))
    }

    /// Presses a button, whatever its message says by now, until the bot says what became of it; that.
    pub(super) async fn insist_on_clicking(
        &self,
        acts: &Acts,
        who: &str,
        id: RequestId,
        view: View,
        action: &str,
    ) -> String {
        let click = self.remember(who, id, view, action).await;
        for _ in 0..TRIES {
            self.is_connected().await;
            let before = self.told_of(who, id).len();
            acts.clicks.fetch_add(1, Ordering::SeqCst);
            let seen: Seen = self.slack().click_stale(&click).await;
            let user = account(who);
            let told =
                |s: &Snapshot| s.told(&user).filter(|m| is_about(m, id)).nth(before).map(Message::words);
            if let Ok(said) = self.slack().wait_for(PATIENCE, told).await {
                return said;
            }
            acts.nobody_answered();
            println!("{who} presses {action} of {id} again: {:?}", seen.answer);
        }
        panic!("{who} could not press {action} of {id}");
    }

    /// What only this person was told of a request.
    pub(super) fn told_of(&self, who: &str, id: RequestId) -> Vec<String> {
        let user = account(who);
        let snapshot = self.slack().snapshot();
        snapshot.told(&user).filter(|m| is_about(m, id)).map(Message::words).collect()
    }

    /// Waits until the bot has a link.
    pub(super) async fn is_connected(&self) {
        let up = self.slack().wait_for(AWAY_MOST, |s| (s.links > 0).then_some(())).await;
        up.expect("the bot does not come back");
    }
}

fn is_about(message: &Message, id: RequestId) -> bool {
    message.text.contains(&id.to_string())
}

fn is_twin(said: &str) -> bool {
    said.contains("is still open")
}
