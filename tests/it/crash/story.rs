//! One request from the first word to its end, as its people live it.

use std::time::Duration;

use jitney::ids::RequestId;
use jitney::playground::people::ACCESS_CHANNEL;
use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::time::{Instant, sleep};

use super::people::{Human, Tried};

/// A story is given up after this; the request stays what it is.
const PATIENCE: Duration = Duration::from_secs(140);

/// What became of it, in words.
pub(super) async fn tell(who: &Human, manager: &Human, tale: u32, rng: &mut StdRng) -> &'static str {
    let hurries = rng.random_range(0..10) > 0;
    let until = Instant::now() + PATIENCE;
    let mut story = Story { who, manager, tale, rng, attempt: 0, hurries, until };
    story.run().await
}

struct Story<'a> {
    who: &'a Human,
    manager: &'a Human,
    tale: u32,
    rng: &'a mut StdRng,
    /// Counts the forms, so that no two say the same.
    attempt: u32,
    /// Does not wait for the end of the time when everybody goes home; a few do.
    hurries: bool,
    until: Instant,
}

/// The latest that the requester hears of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
    Nothing,
    Active,
    Over,
}

impl Story<'_> {
    async fn run(&mut self) -> &'static str {
        let ground = self.rng.random_range(0..self.who.stage.grounds.len());
        let name = self.who.stage.grounds[ground].name();
        let is_long = self.chance(40);
        let role = format!("{name}/{}", if is_long { "long" } else { "quick" });
        let length = if self.chance(90) { "1m" } else { "2m" };
        let glass = is_long && self.chance(20);
        let Some(id) = self.ask(&role, length, glass).await else { return "never asked" };
        if is_long && !glass && !self.decide(id).await {
            return "not approved";
        }
        if self.hears(id, Heard::Active).await == Heard::Active {
            self.use_it(id, ground).await;
            self.end(id).await;
        }
        match self.hears(id, Heard::Over).await {
            Heard::Over => return "told to the end",
            Heard::Nothing => return "given up",
            Heard::Active => {}
        }
        // The stage closes: who still has time gives it back.
        while !self.is_too_late() && !settled(self.who.releases(id).await) {
            self.pause().await;
        }
        "broken off at the end"
    }

    async fn ask(&mut self, role: &str, length: &str, glass: bool) -> Option<RequestId> {
        loop {
            let why = self.words();
            match self.who.ask(role, length, &why, glass).await {
                Tried::Done(id) => return Some(id),
                Tried::Refused(words) => {
                    let reason: String = words.chars().take(60).collect();
                    self.who.stage.book.count(&format!("refused: {reason}"));
                    self.pause().await;
                    return None;
                }
                Tried::Again => self.pause().await,
            }
            if self.is_too_late() {
                return None;
            }
        }
    }

    /// Whether it was approved.
    async fn decide(&mut self, id: RequestId) -> bool {
        let die = self.rng.random_range(0..100);
        while !self.is_too_late() {
            let done = match die {
                0..75 => self.approved(id).await,
                75..88 => settled(self.manager.deny(id).await),
                _ => settled(self.who.withdraw(id).await),
            };
            if done {
                return die < 75;
            }
            self.pause().await;
        }
        false
    }

    async fn approved(&self, id: RequestId) -> bool {
        settled(self.manager.presses(ACCESS_CHANNEL, id, "approval:0", "jit_approve").await)
    }

    /// What people do while they have access.
    async fn use_it(&mut self, id: RequestId, ground: usize) {
        if self.chance(75) {
            self.reveal(id, ground).await;
        }
        if self.chance(25) {
            self.extend(id).await;
        }
    }

    async fn reveal(&mut self, id: RequestId, ground: usize) {
        // A target without credentials has no such button.
        for _ in 0..10 {
            match self.who.reveals(id).await {
                Tried::Done((login, password)) => {
                    let stage = &self.who.stage;
                    let came_in = stage.grounds[ground].enter(&login, &password).await;
                    stage.book.count(if came_in {
                        "credentials that let in"
                    } else {
                        "credentials that came too late"
                    });
                    return;
                }
                Tried::Refused(_) => return,
                Tried::Again => self.pause().await,
            }
        }
    }

    async fn extend(&mut self, id: RequestId) {
        let mut extension = None;
        for _ in 0..10 {
            if extension.is_none() {
                let why = self.words();
                match self.who.extend(id, "1m", &why).await {
                    Tried::Done(id) => extension = Some(id),
                    Tried::Refused(_) => return,
                    Tried::Again => {}
                }
            }
            match extension {
                Some(id) if self.approved(id).await => return,
                Some(_) | None => self.pause().await,
            }
        }
    }

    /// A third of them wait for the end; the others don't.
    async fn end(&mut self, id: RequestId) {
        let die = self.rng.random_range(0..100);
        sleep(Duration::from_millis(self.rng.random_range(0..5_000))).await;
        while !self.is_too_late() {
            let done = match die {
                0..35 => {
                    let user = self.who.account();
                    settled(self.who.presses(&user, id, "dm_active:1", "jit_release").await)
                }
                35..60 => settled(self.who.releases(id).await),
                60..67 => settled(self.who.revokes(id).await),
                _ => return,
            };
            if done {
                return;
            }
            self.pause().await;
        }
    }

    /// Waits until the requester hears this, or that it is over.
    async fn hears(&self, id: RequestId, wanted: Heard) -> Heard {
        loop {
            let heard = self.heard(id);
            let goes_home = heard == Heard::Active && self.hurries && self.who.stage.is_closing();
            if heard == wanted || heard == Heard::Over || goes_home || self.is_too_late() {
                return heard;
            }
            sleep(Duration::from_millis(250)).await;
        }
    }

    fn heard(&self, id: RequestId) -> Heard {
        let slack = &self.who.stage.slack;
        let user = self.who.account();
        let is_there = |view: &str| slack.marked(&user, &format!("{id}:{view}:1")).is_some();
        if is_there("dm_ended") || is_there("dm_decided") {
            Heard::Over
        } else if is_there("dm_active") {
            Heard::Active
        } else {
            Heard::Nothing
        }
    }

    /// A justification that no other form has.
    fn words(&mut self) -> String {
        self.attempt += 1;
        format!("{} tells tale {} for the {}. time", self.who.name, self.tale, self.attempt)
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }

    fn is_too_late(&self) -> bool {
        Instant::now() >= self.until
    }

    async fn pause(&mut self) {
        sleep(Duration::from_millis(self.rng.random_range(100..700))).await;
    }
}

fn settled<T>(tried: Tried<T>) -> bool {
    match tried {
        Tried::Done(_) | Tried::Refused(_) => true,
        Tried::Again => false,
    }
}
