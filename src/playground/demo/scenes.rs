//! The scenes, in order, and every sentence of them.

use anyhow::{Context as _, bail, ensure};

use super::evidence;
use super::stage::{Credential, Stage};
use crate::ids::RequestId;
use crate::lifecycle::{Kind, State, StateWord};
use crate::playground::people::ACCESS_CHANNEL;
use crate::playground::slack::{Submitted, View};
use crate::time::{Clock as _, Span};

/// The first grant, the extension of it, and the second grant.
const WIKI: RequestId = RequestId::FIRST;
const EXTENSION: RequestId = WIKI.next();
const REPORTS: RequestId = EXTENSION.next();

pub(super) async fn play(stage: &mut Stage<'_>) -> anyhow::Result<()> {
    let before = std::fs::read(stage.world.folder().join("htpasswd"))?;
    closed_door(stage).await?;
    contractor(stage).await?;
    asking(stage).await?;
    deciding(stage).await?;
    let credential = revealing(stage).await?;
    let session = visiting(stage, &credential).await?;
    extending(stage).await?;
    expiring(stage, &credential, &session).await?;
    releasing(stage).await?;
    closing(stage).await?;
    let after = std::fs::read(stage.world.folder().join("htpasswd"))?;
    stage.checked(before == after, "the password file is byte for byte what it was before anybody asked")?;
    evidence::ticket(stage, WIKI).await?;
    evidence::audit(stage).await?;
    evidence::clocks(stage, &[WIKI, EXTENSION, REPORTS]).await?;
    let snapshot = stage.world.playground.slack.snapshot();
    let clean = snapshot.complaints.is_empty() && snapshot.refusals.is_empty();
    stage.checked(clean, "Slack took everything that the bot sent")
}

async fn closed_door(stage: &mut Stage<'_>) -> anyhow::Result<()> {
    stage.begin("The old wiki knows a password file and nothing else");
    let guess = Credential { login: "ann".to_owned(), password: "let me in".to_owned() };
    stage.does("ann", "opens the wiki");
    let visit = stage.visits(Some(&guess), None).await?;
    stage.checked(visit.status == 401, "the wiki answers 401 to her: she has no standing access")
}

async fn contractor(stage: &mut Stage<'_>) -> anyhow::Result<()> {
    stage.begin("A contractor asks, and the policy says no before anybody is bothered");
    let sent =
        stage.asks("carol", "/jit request wiki/read for 1h because I want to read the old pages").await?;
    let Submitted::Errors(errors) = sent else { bail!("the form should show an error, and it is {sent:?}") };
    for error in errors.values() {
        stage.sees("carol", &format!("on the form: {error}"));
    }
    let named = errors.values().any(|e| e.contains("never[0] of wiki/read") && e.contains("contractor"));
    stage.checked(named, "the refusal names the rule, the value it saw, and what would satisfy it")?;
    stage.world.playground.slack.close_view("U0CAROL").await?;
    let quiet = stage.world.playground.slack.snapshot().messages(ACCESS_CHANNEL).count() == 0;
    stage.checked(quiet, "no approver heard of it, and no ticket was opened")
}

async fn asking(stage: &mut Stage<'_>) -> anyhow::Result<()> {
    stage.begin("Ann asks; her manager is asked in a thread");
    let line = "/jit request wiki/read for 1h because the release notes page is wrong";
    let sent = stage.asks("ann", line).await?;
    ensure!(matches!(sent, Submitted::Updated(_)), "the form should be taken, and it is {sent:?}");
    let card = stage.message(ACCESS_CHANNEL, "Waiting for approval")?;
    stage.sees("#access-approvals", &card.text);
    let asked = stage.message(ACCESS_CHANNEL, "please approve or deny")?;
    stage.sees("dana", &asked.text);
    ensure!(
        asked.thread_ts.as_deref() == Some(card.ts.as_str()),
        "the approval should stand in the card's thread"
    );
    stage.is(WIKI, StateWord::Pending).await
}

async fn deciding(stage: &mut Stage<'_>) -> anyhow::Result<()> {
    stage.begin("Ann tries to approve her own request; then Dana approves it");
    let asked = "please approve or deny";
    stage.presses("ann", ACCESS_CHANNEL, asked, "jit_approve", "Approve").await?;
    stage.is(WIKI, StateWord::Pending).await?;
    let votes = stage.request(WIKI).await?.votes.len();
    stage.checked(votes == 0, "her own click did not count")?;
    stage.passes(Span::mins(4)).await?;
    stage.presses("dana", ACCESS_CHANNEL, asked, "jit_approve", "Approve, on her phone").await?;
    stage.is(WIKI, StateWord::Active).await?;
    stage.shows_direct("ann", "Active")
}

async fn revealing(stage: &mut Stage<'_>) -> anyhow::Result<Credential> {
    stage.begin("Ann reveals the credential, once");
    let direct = stage.direct("ann")?;
    stage.presses("ann", &direct, "Active", "jit_reveal", "Reveal").await?;
    let view = stage.modal("ann", "jit-r").await?;
    let credential = read_off(&view)?;
    stage.sees(
        "ann",
        &format!("a window: login {}, and a password that is shown this once", credential.login),
    );
    stage.world.playground.slack.close_view("U0ANN").await?;
    stage.comes_to(WIKI, |r| r.credential.is_some_and(|c| c.erased)).await?;
    stage.checked(true, "the sealed copy is erased as soon as it was shown")?;
    let secret = credential.password.as_str();
    let snapshot = stage.world.playground.slack.snapshot();
    let said = snapshot.channels.values().flat_map(|c| &c.messages).any(|m| m.words().contains(secret));
    let written = stage
        .world
        .jira
        .issues()
        .iter()
        .any(|issue| stage.world.jira.comments(&issue.key).iter().any(|c| c.text.contains(secret)));
    stage.checked(!said && !written, "it is in no message and on no ticket")?;
    Ok(credential)
}

async fn visiting(stage: &mut Stage<'_>, credential: &Credential) -> anyhow::Result<String> {
    stage.begin("She works");
    stage.does("ann", "logs in to the wiki");
    let visit = stage.visits(Some(credential), None).await?;
    stage.checked(visit.status == 200, "the wiki answers 200 to the revealed credential")?;
    let session = visit.cookie.context("the wiki opened no session")?;
    let visit = stage.visits(None, Some(&session)).await?;
    stage.checked(
        visit.status == 200,
        "her session goes on without the password: the wiki answers 200 to the cookie",
    )?;
    Ok(session)
}

async fn extending(stage: &mut Stage<'_>) -> anyhow::Result<()> {
    stage.begin("Before the end she is warned, and asks for more; the approval runs again");
    stage.passes(Span::mins(51)).await?;
    stage.shows_direct("ann", "Ends soon")?;
    let end = stage.request(WIKI).await?.times.context("no times")?.expires_at;
    let direct = stage.direct("ann")?;
    stage.presses("ann", &direct, "Ends soon", "jit_extend", "Extend…").await?;
    stage.modal("ann", "more").await?;
    let slack = stage.world.playground.slack.clone();
    let form = [("duration", "1 hour"), ("why", "the notes need a second look")];
    let sent = slack.fill_and_submit("U0ANN", &form).await?;
    ensure!(
        !matches!(sent, Submitted::Errors(_) | Submitted::Incomplete(_) | Submitted::Trouble(_)),
        "{sent:?}"
    );
    stage.does("ann", "asks for 1 more hour: the notes need a second look");
    stage.world.rest().await?;
    let extension = stage.request(EXTENSION).await?;
    let is_one =
        extension.kind == Kind::Extension { parent: WIKI } && extension.state.word() == StateWord::Pending;
    stage.checked(is_one, &format!("{EXTENSION} is a request of its own, and waits for approval"))?;
    stage.presses("dana", ACCESS_CHANNEL, "please approve or deny", "jit_approve", "Approve").await?;
    stage.is(EXTENSION, StateWord::Applied).await?;
    let later = stage.request(WIKI).await?.times.context("no times")?.expires_at;
    stage.checked(
        later == end + Span::hours(1),
        &format!("{WIKI} ends at {}, one hour later", later.minute_utc()),
    )?;
    stage.shows_direct("ann", "Extended")
}

async fn expiring(stage: &mut Stage<'_>, credential: &Credential, session: &str) -> anyhow::Result<()> {
    stage.begin("Her time runs out: access is taken, looked for, and her session ended");
    let end = stage.request(WIKI).await?.times.context("no times")?.expires_at;
    let left = end.since(stage.world.playground.clock.wall());
    stage.passes(left).await?;
    let request = stage.request(WIKI).await?;
    ensure!(
        matches!(request.state, State::Revoked { .. }),
        "it should be revoked, and is {:?}",
        request.state
    );
    let seen = request.steps.iter().find_map(|s| s.evidence.clone()).context("no evidence")?;
    let method = tidy(stage, &seen.method);
    stage.sees("jitney", &format!("{method}: {}", seen.answer));
    let times = request.times.context("no times")?;
    let took = times.verified_at.context("not verified")?.since(times.expires_at);
    stage.checked(true, &format!("{WIKI} is revoked, verified {} after its end", took.words()))?;
    let visit = stage.visits(Some(credential), None).await?;
    stage.checked(visit.status == 401, "the wiki answers 401 to the credential")?;
    let visit = stage.visits(None, Some(session)).await?;
    stage.checked(visit.status == 401, "and 401 to the session that was still open")?;
    stage.shows_direct("ann", "Ended")
}

async fn releasing(stage: &mut Stage<'_>) -> anyhow::Result<()> {
    stage.begin("Frank needs ten minutes: short visits approve themselves, and he gives the rest back");
    let sent =
        stage.asks("frank", "/jit request reports/view for 30m because the March figures look odd").await?;
    ensure!(matches!(sent, Submitted::Updated(_)), "the form should be taken, and it is {sent:?}");
    stage.is(REPORTS, StateWord::Active).await?;
    stage.passes(Span::mins(10)).await?;
    let direct = stage.direct("frank")?;
    stage.presses("frank", &direct, "Active", "jit_release", "Release").await?;
    stage.is(REPORTS, StateWord::Revoked).await?;
    let early =
        stage.request(REPORTS).await?.times.is_some_and(|t| t.ended_at.is_some_and(|end| end < t.expires_at));
    stage.checked(early, "it ended early, and was seen gone at once")
}

async fn closing(stage: &mut Stage<'_>) -> anyhow::Result<()> {
    stage.begin("Later, Jitney looks again");
    stage.passes(Span::mins(3)).await?;
    for id in [WIKI, REPORTS] {
        let closed = matches!(stage.request(id).await?.state, State::Revoked { recheck_at: None, .. });
        stage.checked(closed, &format!("{id}: the second look agreed, and it is closed"))?;
    }
    Ok(())
}

/// The login and the password, as a person reads them off the window.
fn read_off(view: &View) -> anyhow::Result<Credential> {
    let words = view.words();
    let login =
        words.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').find(|w| w.starts_with("jit-r"));
    let secret = view.blocks().iter().find(|b| b.get("block_id").is_some_and(|id| id == "credential"));
    let password = secret.and_then(|b| b.pointer("/text/text")).and_then(|t| t.as_str());
    Ok(Credential {
        login: login.context("the window shows no login")?.to_owned(),
        password: password.context("the window shows no password")?.to_owned(),
    })
}

/// The demo's folder is of no interest.
fn tidy(stage: &Stage<'_>, text: &str) -> String {
    text.replace(&format!("{}/", stage.world.folder().display()), "")
}
