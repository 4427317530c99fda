//! People at their screens, who try again when nobody answered, as people do.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use jitney::ids::RequestId;
use jitney::playground::people::ACCESS_CHANNEL;
use jitney::playground::slack::{ActError, Answer, Place, Seen, Submitted, View, Which};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::process::Command;
use tokio::sync::MutexGuard;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use super::book::Fact;
use super::stage::{REQUESTERS, Stage, account, manager_of, requester};
use super::story;

/// After two seconds an envelope is acknowledged whatever became of it, so that a late one proves nothing.
const PROOF: Duration = Duration::from_millis(1800);
/// A form opens soon after the click, or not at all.
const OPENS: Duration = Duration::from_secs(2);
/// An operator's command ends by itself long before.
const COMMAND: Duration = Duration::from_secs(20);

/// What came of one try.
#[derive(Debug)]
pub(super) enum Tried<T> {
    Done(T),
    /// Nobody answered: try again.
    Again,
    /// It is not possible, or not any more.
    Refused(String),
}

/// One person.
#[derive(Clone)]
pub(super) struct Human {
    pub(super) stage: Arc<Stage>,
    pub(super) name: String,
}

/// Everybody who asks, story after story, until the stage closes.
pub(super) fn crowd(stage: &Arc<Stage>, seed: u64) -> JoinSet<()> {
    let mut crowd = JoinSet::new();
    for number in 0..REQUESTERS {
        let human = |name| Human { stage: Arc::clone(stage), name };
        let (who, manager) = (human(requester(number)), human(manager_of(number)));
        let mut rng = StdRng::seed_from_u64(seed.wrapping_add(1 + number as u64));
        crowd.spawn(async move {
            // Not all in the same moment.
            sleep(Duration::from_millis(rng.random_range(0..3000))).await;
            for tale in 1.. {
                if who.stage.is_closing() {
                    return;
                }
                let told = story::tell(&who, &manager, tale, &mut rng).await;
                who.stage.book.count(&format!("stories: {told}"));
            }
        });
    }
    crowd
}

/// Waits until everybody is through with their story.
pub(super) async fn go_home(mut crowd: JoinSet<()>, limit: Duration) -> Vec<String> {
    let until = Instant::now() + limit;
    let mut offences = Vec::new();
    loop {
        match timeout_at(until, crowd.join_next()).await {
            Ok(None) => return offences,
            Ok(Some(ended)) => {
                offences.extend(ended.err().map(|error| format!("a story broke off: {error}")))
            }
            Err(_) => {
                offences.push(format!("{} stories have no end", crowd.len()));
                return offences;
            }
        }
    }
}

impl Human {
    pub(super) fn account(&self) -> String {
        account(&self.name)
    }

    async fn screen(&self) -> MutexGuard<'_, ()> {
        self.stage.screens[&self.name].lock().await
    }

    /// Fills in the request form by a command, and sends it once.
    pub(super) async fn ask(&self, role: &str, length: &str, why: &str, glass: bool) -> Tried<RequestId> {
        let _screen = self.screen().await;
        let line = format!("/jit request {role} for {length} because {why}");
        let seen = self.says(&line).await;
        if seen.modal.as_ref().is_none_or(|view| view.title() != "Request access") {
            return Tried::Again;
        }
        if glass {
            let boxes = vec!["Break glass: access at once".to_owned()];
            self.stage.slack.fill(&self.account(), "glass", boxes).await.unwrap();
            self.stage.slack.fill(&self.account(), "ticket", "OPS-311").await.unwrap();
        }
        self.stage.book.sends(why);
        match self.sends().await {
            Tried::Done(view) => {
                let id = request_in(&view.words());
                let fact = Fact::Asked { who: self.name.clone(), role: role.to_owned(), why: why.to_owned() };
                self.stage.book.acknowledged(id, fact);
                Tried::Done(id)
            }
            // An earlier form, whose answer was lost, was heard.
            Tried::Refused(words) if words.contains("is still open") => {
                self.stage.book.count("forms whose answer was lost, and that were heard");
                Tried::Done(request_in(&words))
            }
            Tried::Refused(words) => Tried::Refused(words),
            Tried::Again => Tried::Again,
        }
    }

    /// Asks for more time by a command, and sends the form once.
    pub(super) async fn extend(&self, grant: RequestId, length: &str, why: &str) -> Tried<RequestId> {
        let _screen = self.screen().await;
        let seen = self.says(&format!("/jit extend {grant} for {length} because {why}")).await;
        if seen.modal.as_ref().is_none_or(|view| view.title() != "Ask for more time") {
            return refused_or_again(&seen);
        }
        self.stage.book.sends(why);
        match self.sends().await {
            Tried::Done(view) => {
                let id = request_in(&view.words());
                let who = self.name.clone();
                self.stage.book.acknowledged(id, Fact::Extended { who, parent: grant, why: why.to_owned() });
                Tried::Done(id)
            }
            Tried::Refused(words) if words.contains("is still open") => Tried::Done(request_in(&words)),
            Tried::Refused(words) => Tried::Refused(words),
            Tried::Again => Tried::Again,
        }
    }

    /// Denies by the form behind the button, sent once.
    pub(super) async fn deny(&self, id: RequestId) -> Tried<()> {
        let _screen = self.screen().await;
        match self.presses_once(ACCESS_CHANNEL, &format!("{id}:approval:0"), "jit_deny").await {
            Tried::Done(_) => {}
            Tried::Again => return Tried::Again,
            Tried::Refused(why) => return Tried::Refused(why),
        }
        let user = self.account();
        let ours = |view: &View| {
            view.title() == "Deny this request" && view.field("private_metadata") == id.to_string()
        };
        if soon(OPENS, || self.stage.slack.open_view(&user).filter(ours)).await.is_none() {
            return Tried::Again;
        }
        self.stage.slack.fill(&user, "reason", "not now, the figures are being closed").await.unwrap();
        match self.sends().await {
            Tried::Done(_) => {
                self.stage.book.acknowledged(id, Fact::Denied { by: self.name.clone() });
                Tried::Done(())
            }
            Tried::Again => Tried::Again,
            Tried::Refused(words) => Tried::Refused(words),
        }
    }

    /// Takes back what waits, by the button in the list.
    pub(super) async fn withdraw(&self, id: RequestId) -> Tried<()> {
        let _screen = self.screen().await;
        let seen = self.says("/jit list").await;
        let Some(list) = seen.told.iter().rev().find(|m| m.is_from_bot()) else { return Tried::Again };
        let which = Which::action("jit_withdraw").in_block(&id.to_string());
        let place = Place::Message { channel: list.channel.clone(), ts: list.ts.clone() };
        let begun = Instant::now();
        let pressed = self.stage.slack.press(&self.account(), &place, &which, None).await;
        self.acted(id, "withdraw", begun, pressed)
    }

    /// Presses a button of the latest message with this mark.
    pub(super) async fn presses(
        &self,
        place: &str,
        id: RequestId,
        view: &str,
        action: &'static str,
    ) -> Tried<Seen> {
        let begun = Instant::now();
        let tried = self.presses_once(place, &format!("{id}:{view}"), action).await;
        if matches!(tried, Tried::Done(_)) {
            self.proves(id, action, begun);
        }
        tried
    }

    /// Gives access back by a command.
    pub(super) async fn releases(&self, id: RequestId) -> Tried<()> {
        let begun = Instant::now();
        let seen = self.says(&format!("/jit release {id}")).await;
        match seen.answer {
            Answer::Acked(_) => {
                self.proves(id, "jit_release", begun);
                Tried::Done(())
            }
            Answer::Late | Answer::NobodyConnected => Tried::Again,
        }
    }

    /// Takes access as an operator does, on the command line of jitney's machine.
    pub(super) async fn revokes(&self, id: RequestId) -> Tried<()> {
        let command = Command::new(env!("CARGO_BIN_EXE_jitney"))
            .args(["request", "revoke", &id.to_string(), "--reason", "the laptop was stolen"])
            .current_dir(&self.stage.folder)
            .env_clear()
            .envs(self.stage.environment())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let Ok(ended) = tokio::time::timeout(COMMAND, command).await else { return Tried::Again };
        let ended = ended.unwrap();
        match ended.status.code() {
            Some(0) => {
                self.stage.book.acknowledged(id, Fact::Taken);
                Tried::Done(())
            }
            Some(1) => {
                let words = String::from_utf8_lossy(&ended.stderr).into_owned();
                if words.contains("is not possible now") { Tried::Refused(words) } else { Tried::Again }
            }
            _ => Tried::Again,
        }
    }

    /// Reveals the credential and reads it off the window: login and password.
    pub(super) async fn reveals(&self, id: RequestId) -> Tried<(String, String)> {
        let _screen = self.screen().await;
        match self.presses(&self.account(), id, "dm_active:1", "jit_reveal").await {
            Tried::Done(_) => {}
            Tried::Again => return Tried::Again,
            Tried::Refused(why) => return Tried::Refused(why),
        }
        let user = self.account();
        let ours = |view: &View| view.title() == "Your credential" && view.words().contains(&id.to_string());
        let Some(view) = soon(OPENS, || self.stage.slack.open_view(&user).filter(ours)).await else {
            // Marked, and the window was lost with the process; the next press says so.
            return Tried::Again;
        };
        let (login, password) = read_off(&view);
        self.stage.book.learns(&password);
        let _ = self.stage.slack.close_view(&user).await;
        Tried::Done((login, password))
    }

    async fn presses_once(&self, place: &str, mark: &str, action: &str) -> Tried<Seen> {
        let Some(message) = self.stage.slack.marked(place, mark) else { return Tried::Again };
        let which = Which::action(action);
        let place = Place::Message { channel: message.channel, ts: message.ts };
        match self.stage.slack.press(&self.account(), &place, &which, None).await {
            Ok(seen) => match self.counted(&seen) {
                true => Tried::Done(seen),
                false => Tried::Again,
            },
            Err(ActError::NoSuchElement(_) | ActError::NoSuchMessage(_)) => {
                Tried::Refused(format!("{mark} has no {action} any more"))
            }
            Err(error) => panic!("{}: {error}", self.name),
        }
    }

    fn acted(
        &self,
        id: RequestId,
        what: &'static str,
        begun: Instant,
        pressed: Result<Seen, ActError>,
    ) -> Tried<()> {
        match pressed {
            Ok(seen) if self.counted(&seen) => {
                self.proves(id, what, begun);
                Tried::Done(())
            }
            Ok(_) => Tried::Again,
            Err(ActError::NoSuchElement(_) | ActError::NoSuchMessage(_)) => {
                Tried::Refused(format!("{what} is not offered any more"))
            }
            Err(error) => panic!("{}: {error}", self.name),
        }
    }

    /// Types a command.
    async fn says(&self, line: &str) -> Seen {
        while self.stage.slack.close_view(&self.account()).await.is_ok() {}
        let seen = self.stage.slack.say_slash(&self.account(), ACCESS_CHANNEL, line).await.unwrap();
        self.counted(&seen);
        seen
    }

    /// Sends the form on top, and closes whatever came of it.
    async fn sends(&self) -> Tried<View> {
        let user = self.account();
        let sent = self.stage.slack.submit(&user).await;
        while self.stage.slack.close_view(&user).await.is_ok() {}
        self.stage.book.count("forms sent");
        match sent {
            Ok(Submitted::Updated(view)) => Tried::Done(*view),
            Ok(Submitted::Errors(errors)) => {
                Tried::Refused(errors.into_values().collect::<Vec<_>>().join("\n"))
            }
            Ok(Submitted::Trouble(_) | Submitted::Closed) => {
                self.stage.book.count("forms without an answer");
                Tried::Again
            }
            Ok(other) => panic!("{}: {other:?}", self.name),
            Err(ActError::NoOpenView) => Tried::Again,
            Err(error) => panic!("{}: {error}", self.name),
        }
    }

    /// Whether it was answered.
    fn counted(&self, seen: &Seen) -> bool {
        let answered = matches!(seen.answer, Answer::Acked(_));
        self.stage.book.count(if answered { "acts answered" } else { "acts without an answer" });
        answered
    }

    fn proves(&self, id: RequestId, what: &'static str, begun: Instant) {
        if begun.elapsed() < PROOF {
            self.stage.book.acknowledged(id, Fact::Acted { by: self.name.clone(), what });
        }
    }
}

/// Looks again and again for so long.
pub(super) async fn soon<T>(limit: Duration, look: impl Fn() -> Option<T>) -> Option<T> {
    let until = Instant::now() + limit;
    loop {
        let found = look();
        if found.is_some() || Instant::now() >= until {
            return found;
        }
        sleep(Duration::from_millis(100)).await;
    }
}

fn refused_or_again<T>(seen: &Seen) -> Tried<T> {
    let told = seen.told.iter().rev().find(|m| m.is_from_bot()).map(|m| m.text.clone());
    match told {
        Some(words) if words.contains("not possible now") => Tried::Refused(words),
        Some(_) | None => Tried::Again,
    }
}

/// The first request that is named.
fn request_in(words: &str) -> RequestId {
    let mut tokens = words.split(|c: char| !c.is_ascii_alphanumeric());
    tokens.find_map(|token| token.parse().ok()).unwrap_or_else(|| panic!("no request in: {words}"))
}

/// The login and the password, as a person reads them off the window.
fn read_off(view: &View) -> (String, String) {
    let block = |name: &str| view.blocks().iter().find(|b| b["block_id"] == name).cloned();
    let password = block("credential").unwrap()["text"]["text"].as_str().unwrap().to_owned();
    let words = view.words();
    let mut tokens = words.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
    let login = tokens.find(|token| token.starts_with("jit-r") || token.starts_with("jit_r"));
    (login.unwrap_or_else(|| panic!("no login in: {words}")).to_owned(), password)
}
