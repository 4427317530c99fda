//! What the scenes are played with: people at their screens, the old app's doors, the clock, and the transcript.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use super::{Line, LineKind};
use crate::ids::RequestId;
use crate::lifecycle::{Request, StateWord};
use crate::playground::people::ACCESS_CHANNEL;
use crate::playground::slack::{Message, Seen, Submitted, View};
use crate::playground::world::World;
use crate::time::{Clock as _, Span};

/// What a person may wait for, in real time.
const PATIENCE: Duration = Duration::from_secs(20);

/// Buttons that are answered by a window; all others are answered by a message.
const OPENS_A_WINDOW: [&str; 2] = ["jit_reveal", "jit_extend"];

/// The stage.
pub(super) struct Stage<'t> {
    pub(super) world: World,
    scene: String,
    scenes: u32,
    tell: Box<dyn FnMut(&Line) + Send + 't>,
    web: reqwest::Client,
}

/// What the old app answered.
pub(super) struct Visit {
    pub(super) status: u16,
    pub(super) cookie: Option<String>,
}

/// A credential as a person reads it off the screen.
pub(super) struct Credential {
    pub(super) login: String,
    pub(super) password: String,
}

impl<'t> Stage<'t> {
    pub(super) fn new(world: World, tell: Box<dyn FnMut(&Line) + Send + 't>) -> Self {
        Self { world, scene: "the beginning".to_owned(), scenes: 0, tell, web: reqwest::Client::new() }
    }

    /// The scene that is played.
    pub(super) fn scene(&self) -> &str {
        &self.scene
    }

    pub(super) async fn end(mut self) {
        self.world.stop_bot().await;
    }

    // The transcript.

    pub(super) fn begin(&mut self, scene: &str) {
        self.scenes += 1;
        self.scene = scene.to_owned();
        let text = format!("{}. {scene}", self.scenes);
        self.line(LineKind::Scene, "", &text);
    }

    pub(super) fn does(&mut self, who: &str, text: &str) {
        self.line(LineKind::Does, who, text);
    }

    pub(super) fn sees(&mut self, who: &str, text: &str) {
        self.line(LineKind::Sees, who, text);
    }

    /// Says what was checked, or ends the story.
    pub(super) fn checked(&mut self, holds: bool, text: &str) -> anyhow::Result<()> {
        ensure!(holds, "it should be so, and is not: {text}");
        self.line(LineKind::Checked, "", text);
        Ok(())
    }

    fn line(&mut self, kind: LineKind, who: &str, text: &str) {
        let at = self.world.playground.clock.wall();
        let text = plain(text);
        (self.tell)(&Line { at, kind, who: who.to_owned(), text });
    }

    // People in Slack.

    /// Types `/jit …`, sends the form that opens, and answers what became of it.
    pub(super) async fn asks(&mut self, who: &str, line: &str) -> anyhow::Result<Submitted> {
        self.does(who, line);
        let slack = self.world.playground.slack.clone();
        let seen = slack.say_slash(&account(who), ACCESS_CHANNEL, line).await?;
        ensure!(seen.modal.is_some(), "no form opened for {who}: {:?}", seen.answer);
        let sent = slack.submit(&account(who)).await?;
        self.world.rest().await?;
        Ok(sent)
    }

    /// Presses a button of the latest message in a conversation that says `text`.
    pub(super) async fn presses(
        &mut self,
        who: &str,
        channel: &str,
        text: &str,
        button: &str,
        shown: &str,
    ) -> anyhow::Result<Seen> {
        let message = self.message(channel, text)?;
        self.does(who, &format!("presses {shown}"));
        let before = self.last_whisper(who);
        let slack = self.world.playground.slack.clone();
        let seen = slack.click(&account(who), channel, &message.ts, button).await?;
        ensure!(!seen.warned, "the button showed a warning sign");
        self.world.rest().await?;
        if !OPENS_A_WINDOW.contains(&button) {
            // The answer to a click is talk: it comes after the commit, and nobody owes it.
            let user = account(who);
            let told = slack.wait_for(PATIENCE, |s| s.told(&user).any(|m| m.ts > before).then_some(())).await;
            told.with_context(|| format!("{who} pressed {shown} and was told nothing"))?;
        }
        for told in self.whispers(who, &before) {
            self.sees(who, &told);
        }
        Ok(seen)
    }

    /// The latest of what only this person was told: its place in time.
    fn last_whisper(&self, who: &str) -> String {
        let snapshot = self.world.playground.slack.snapshot();
        snapshot.told(&account(who)).last().map(|m| m.ts.clone()).unwrap_or_default()
    }

    /// What only this person was told since, as sentences.
    fn whispers(&self, who: &str, since: &str) -> Vec<String> {
        let snapshot = self.world.playground.slack.snapshot();
        let user = account(who);
        snapshot.told(&user).filter(|m| m.ts.as_str() > since).map(|m| m.text.clone()).collect()
    }

    /// The modal that a person waits for.
    pub(super) async fn modal(&self, who: &str, text: &str) -> anyhow::Result<View> {
        let user = account(who);
        let slack = &self.world.playground.slack;
        let found =
            slack.wait_for(PATIENCE, |s| s.modal(&user).filter(|m| m.words().contains(text)).cloned()).await;
        found.with_context(|| format!("{who} waits for a window that says “{text}”"))
    }

    /// The latest message of a conversation that says `text`.
    pub(super) fn message(&self, channel: &str, text: &str) -> anyhow::Result<Message> {
        let snapshot = self.world.playground.slack.snapshot();
        snapshot
            .find(channel, text)
            .cloned()
            .with_context(|| format!("no message in {channel} says “{text}”"))
    }

    /// The id of the bot's conversation with a person.
    pub(super) fn direct(&self, who: &str) -> anyhow::Result<String> {
        let snapshot = self.world.playground.slack.snapshot();
        let found = snapshot.direct(&account(who)).map(|c| c.id.clone());
        found.with_context(|| format!("the bot never wrote to {who}"))
    }

    /// Shows the latest direct message that says `text`.
    pub(super) fn shows_direct(&mut self, who: &str, text: &str) -> anyhow::Result<()> {
        let message = self.message(&self.direct(who)?, text)?;
        self.sees(who, &format!("direct message: {}", message.text));
        Ok(())
    }

    // The old app.

    /// Knocks with a name and a password, or with a session cookie.
    pub(super) async fn visits(
        &self,
        credential: Option<&Credential>,
        cookie: Option<&str>,
    ) -> anyhow::Result<Visit> {
        let mut request = self.web.get(format!("{}/", self.world.playground.legacy.url()));
        if let Some(credential) = credential {
            request = request.basic_auth(&credential.login, Some(&credential.password));
        }
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        let response = request.send().await.context("the old app does not answer")?;
        let set = response.headers().get("set-cookie").and_then(|c| c.to_str().ok());
        let cookie = set.and_then(|c| c.split(';').next()).map(str::to_owned);
        Ok(Visit { status: response.status().as_u16(), cookie })
    }

    // The engine's side, to check what people see against what is kept.

    pub(super) async fn request(&self, id: RequestId) -> anyhow::Result<Request> {
        let dossier = self.world.engine()?.dossier(id).await?;
        Ok(dossier.with_context(|| format!("there is no request {id}"))?.request)
    }

    pub(super) async fn is(&mut self, id: RequestId, state: StateWord) -> anyhow::Result<()> {
        let request = self.request(id).await?;
        let found = request.state.word();
        if found != state {
            bail!("{id} should be {}, and is {}", state.as_str(), found.as_str());
        }
        self.checked(true, &format!("{id} is {}", state.as_str()))
    }

    /// Waits until a request is as it should be; what the bot does after its answer is not owed, so not rested for.
    pub(super) async fn comes_to(
        &self,
        id: RequestId,
        is: impl Fn(&Request) -> bool + Send,
    ) -> anyhow::Result<()> {
        let comes = async {
            while !is(&self.request(id).await?) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(PATIENCE, comes)
            .await
            .with_context(|| format!("{id} does not come to what it should"))?
    }

    /// Lets time pass, from one due moment to the next.
    pub(super) async fn passes(&mut self, span: Span) -> anyhow::Result<()> {
        self.does("", &format!("… {} pass …", span.words()));
        self.world.pass(span).await
    }
}

/// The Slack account of one of the playground's people.
pub(super) fn account(who: &str) -> String {
    format!("U0{}", who.to_uppercase())
}

/// Slack's marks as a terminal can show them: date tokens as their fallback, mentions as names.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let Some((token, tail)) = after.split_once('>') else {
            out.push('<');
            rest = after;
            continue;
        };
        match token.rsplit_once('|') {
            Some((_, shown)) => out.push_str(shown),
            None => out.push_str(&token.trim_start_matches("@U0").to_lowercase()),
        }
        rest = tail;
    }
    out.push_str(rest);
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn slack_marks_become_words() {
        let text = "<@U0ANN> has `R1001` until <!date^1^{time}|10:00 UTC>, see <http://x/ACC-1|ACC-1> &amp; a &lt; b";
        assert_eq!(plain(text), "ann has R1001 until 10:00 UTC, see ACC-1 & a < b");
    }
}
