//! The end of the story: the ticket, the audit log, and the four clocks.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};

use super::stage::Stage;
use crate::audit::{Head, Record, Verifier, from_json_line, to_json_line};
use crate::ids::RequestId;
use crate::lifecycle::{Entry, What};
use crate::store::Reader;
use crate::time::{Span, Timestamp};

/// Prints the ticket of a request, and checks that it has one entry a transition, in order.
pub(super) async fn ticket(stage: &mut Stage<'_>, request: RequestId) -> anyhow::Result<()> {
    stage.begin("The ticket tells all of it");
    let dossier = stage.world.engine()?.dossier(request).await?.context("no such request")?;
    let key = dossier.issue.context("there is no ticket")?;
    let issues = stage.world.jira.issues();
    let issue = issues.iter().find(|i| i.key == key.as_str()).context("Jira does not know the ticket")?;
    stage.sees(&issue.key, &format!("{} [{}], reported by {}", issue.summary, issue.status, issue.reporter));
    let folder = format!("{}/", stage.world.folder().display());
    let text: String =
        stage.world.jira.comments(&issue.key).iter().map(|c| format!("{}\n", c.text)).collect();
    let mut told = Vec::new();
    for line in text.replace(&folder, "").lines() {
        let line = line.trim().trim_start_matches("- ");
        if let Some(id) = line.split(' ').next().filter(|word| word.starts_with(&format!("{request}-"))) {
            told.push(id.to_owned());
        }
        stage.sees(&issue.key, line);
    }
    let wanted: Vec<String> = dossier.entries.iter().map(|e| e.id.to_string()).collect();
    let text = format!("{} transitions, {} entries: each once, in order", wanted.len(), told.len());
    stage.checked(told == wanted, &text)?;
    stage.checked(issue.status == "Done", "the ticket is Done")
}

/// Verifies the audit log as an auditor would, from its export; then changes one byte and verifies again.
pub(super) async fn audit(stage: &mut Stage<'_>) -> anyhow::Result<()> {
    stage.begin("The audit log holds, and shows a single changed byte");
    let (genesis, lines) = exported(stage.world.folder().join("jitney.db")).await?;
    let head = verify(genesis, &lines)?;
    stage.checked(
        head.seq == lines.len() as u64,
        &format!("audit verify: good, {} records, head {}", head.seq, head.hash),
    )?;

    let mut forged = lines.clone();
    let victim = forged.iter_mut().find(|l| l.contains("\"Dana\"")).context("Dana is on no record")?;
    *victim = victim.replacen("\"Dana\"", "\"Dena\"", 1);
    let found = verify(genesis, &forged);
    ensure!(found.is_err(), "a changed byte was not found");
    if let Err(why) = found {
        stage.checked(true, &format!("audit verify after one byte was changed: bad, {why}"))?;
    }
    Ok(())
}

/// What the log is chained on, and its records as exported.
pub(super) async fn exported(database: PathBuf) -> anyhow::Result<(Head, Vec<String>)> {
    tokio::task::spawn_blocking(move || -> anyhow::Result<(Head, Vec<String>)> {
        let reader = Reader::open(&database)?;
        let genesis = Head::genesis(&reader.instance_id()?);
        let mut lines = Vec::new();
        reader.for_each_record(1, |record: Record| -> anyhow::Result<()> {
            lines.push(to_json_line(&record));
            Ok(())
        })?;
        Ok((genesis, lines))
    })
    .await?
}

pub(super) fn verify(genesis: Head, lines: &[String]) -> anyhow::Result<Head> {
    let mut verifier = Verifier::after(genesis);
    for line in lines {
        verifier.feed(&from_json_line(line)?)?;
    }
    Ok(verifier.finish()?)
}

/// First response, approval, access, and from the end to verified.
pub(super) async fn clocks(stage: &mut Stage<'_>, requests: &[RequestId]) -> anyhow::Result<()> {
    stage.begin("The four clocks");
    for request in requests {
        let dossier = stage.world.engine()?.dossier(*request).await?.context("no such request")?;
        let clocks = Clocks::of(&dossier.entries);
        let text = format!(
            "first response {}, approved {}, access {}, end to verified {}",
            words(clocks.first_response),
            words(clocks.approved),
            words(clocks.access),
            words(clocks.verified)
        );
        stage.sees(&request.to_string(), &text);
        let in_order = clocks.first_response.is_some()
            && clocks.first_response <= clocks.approved
            && clocks.approved <= clocks.access;
        let title = dossier.request.title();
        stage
            .checked(in_order, &format!("{request}, {title}: answered, approved and given, in that order"))?;
    }
    Ok(())
}

/// How long people waited, each from the submission; the fourth from the end.
#[derive(Debug, Default)]
struct Clocks {
    first_response: Option<Span>,
    approved: Option<Span>,
    access: Option<Span>,
    verified: Option<Span>,
}

impl Clocks {
    fn of(entries: &[Entry]) -> Self {
        let mut clocks = Self::default();
        let Some(asked) = entries.first().map(|e| e.at) else { return clocks };
        let since = |at: Timestamp| Some(at.since(asked));
        for entry in entries {
            match &entry.what {
                What::Approved { .. } | What::Denied { .. } | What::AutoApproved { .. } => {
                    clocks.first_response = clocks.first_response.or(since(entry.at));
                    clocks.approved = since(entry.at);
                }
                What::Activated { .. } | What::Applied { .. } => clocks.access = since(entry.at),
                What::Revoked { took, .. } => clocks.verified = Some(*took),
                What::Submitted { .. }
                | What::ApprovalWanted { .. }
                | What::AskedAnew { .. }
                | What::Questioned { .. }
                | What::Answered { .. }
                | What::ConfirmationWanted { .. }
                | What::Confirmed
                | What::VoteDropped { .. }
                | What::Reminded { .. }
                | What::Escalated { .. }
                | What::Held { .. }
                | What::Withdrawn { .. }
                | What::Lapsed
                | What::Scheduled { .. }
                | What::Provisioning { .. }
                | What::FoundStanding { .. }
                | What::FoundShared { .. }
                | What::Granted { .. }
                | What::CallFailed { .. }
                | What::Warned { .. }
                | What::Extended { .. }
                | What::ExpiryMoved { .. }
                | What::Ending { .. }
                | What::Gone { .. }
                | What::HandedOver { .. }
                | What::Inherited { .. }
                | What::Stuck { .. }
                | What::WaiverGiven { .. }
                | What::LockdownLifted { .. }
                | What::Attested { .. }
                | What::Closed { .. }
                | What::Reappeared { .. }
                | What::CredentialRevealed
                | What::RevealRefused
                | What::Drilled { .. }
                | What::ReviewOverdue { .. }
                | What::Reviewed { .. } => {}
            }
        }
        clocks
    }
}

fn words(span: Option<Span>) -> String {
    span.map_or_else(|| "none".to_owned(), Span::words)
}
