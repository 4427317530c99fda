//! `jitney request`: look at requests in the database, and ask the running server for a change.

use clap::{Args, Subcommand};

use serde_json::json;

use super::out::{Mark, Out, columns, one_line};
use super::{ConfigArg, Exit, wiring, words};
use crate::admin::{self, Call, Operation, Reply};
use crate::config::Environment;
use crate::engine::{Filter, Kept, REFUSED_MOST, RefusedOf};
use crate::ids::{DedupeKey, PersonId, RequestId};
use crate::jira::words::entry_sentence;
use crate::lifecycle::{Answer, Refusal, ReviewFinding, StateWord};

const EXAMPLES: &str = "\
Examples:
  jitney request list --state active
  jitney request show R1042
  jitney request why R1042
  jitney request revoke R1042 --reason \"laptop stolen\"";

/// How many requests are listed when nobody says.
const USUAL_LIMIT: u32 = 50;

/// List and show requests; revoke, withdraw, attest, waive and review as an operator
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum RequestCommand {
    /// List requests, newest first; reads the database, so it works without a server
    List(ListArgs),
    /// Show a request with its steps and its story; reads the database, so it works without a server
    Show(ShowArgs),
    /// Tell who decided what about a request, by which rule, and what was refused; reads the database, so it works without a server
    Why(ShowArgs),
    /// Take access away now; the running server does it, and looks at the target afterwards
    Revoke(ReasonArgs),
    /// Take back a request that is pending or scheduled
    Withdraw(ReasonArgs),
    /// Attest that what can't be read back is gone
    Attest(AttestArgs),
    /// Lift the lockdown that a stuck revocation placed; where there are two operators, it takes two
    WaiveLockdown(ReasonArgs),
    /// Close the review of a break-glass
    Review(ReviewArgs),
    /// Take the words of a remark in the card's thread out: a password, say. The log keeps that you did
    Redact(RedactArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only in this state; may be given several times [possible: pending, scheduled, granting, active, revoking, revoked, applied, denied, withdrawn, lapsed]
    #[arg(long, value_name = "STATE", value_parser = state_word)]
    state: Vec<StateWord>,
    /// Only of this person, by their id in the directory
    #[arg(long, value_name = "PERSON")]
    requester: Option<PersonId>,
    /// Only those whose review is owed, the earliest due first
    #[arg(long, conflicts_with_all = ["state", "requester"])]
    to_review: bool,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = USUAL_LIMIT, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    #[command(flatten)]
    asking: AskingArgs,
}

fn state_word(text: &str) -> Result<StateWord, String> {
    let known = StateWord::ALL.map(StateWord::as_str);
    StateWord::ALL
        .into_iter()
        .find(|state| state.as_str() == text)
        .ok_or_else(|| format!("the states are {}", known.join(", ")))
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Which request, such as R1042
    request: RequestId,
    #[command(flatten)]
    asking: AskingArgs,
}

#[derive(Debug, Args)]
pub(super) struct ReasonArgs {
    /// Which request, such as R1042
    request: RequestId,
    /// Why; it stands on the ticket
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    asking: AskingArgs,
}

#[derive(Debug, Args)]
pub(super) struct AttestArgs {
    /// Which request, such as R1042
    request: RequestId,
    /// Which step, counted from 0 as `jitney request show` prints them
    #[arg(long, value_name = "N")]
    step: u32,
    /// What you saw and how you looked; it stands on the ticket with your name
    #[arg(long, value_name = "TEXT")]
    evidence: String,
    #[command(flatten)]
    asking: AskingArgs,
}

#[derive(Debug, Args)]
pub(super) struct ReviewArgs {
    /// Which request, such as R1042
    request: RequestId,
    /// What you found [possible: justified, not-justified, follow-up]
    #[arg(long, value_name = "WORD")]
    found: ReviewFinding,
    /// In your own words; it stands on the ticket with your name
    #[arg(long, value_name = "TEXT")]
    finding: String,
    #[command(flatten)]
    asking: AskingArgs,
}

#[derive(Debug, Args)]
pub(super) struct RedactArgs {
    /// Which request, such as R1042
    request: RequestId,
    /// Which remark, counted from 1 as `jitney request show` prints them
    #[arg(value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    remark: u32,
    /// Why; it stands in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    asking: AskingArgs,
}

#[derive(Debug, Args)]
struct AskingArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: RequestCommand, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let (operation, asking) = match command {
        RequestCommand::List(args) => return list(args, environment, out),
        RequestCommand::Show(args) => return show(&args, environment, out),
        RequestCommand::Why(args) => return why(&args, environment, out),
        RequestCommand::Revoke(ReasonArgs { request, reason, asking }) => {
            (Operation::Revoke { request, reason }, asking)
        }
        RequestCommand::Withdraw(ReasonArgs { request, reason, asking }) => {
            (Operation::Withdraw { request, reason }, asking)
        }
        RequestCommand::Attest(AttestArgs { request, step, evidence, asking }) => {
            (Operation::Attest { request, step, evidence }, asking)
        }
        RequestCommand::WaiveLockdown(ReasonArgs { request, reason, asking }) => {
            (Operation::WaiveLockdown { request, reason }, asking)
        }
        RequestCommand::Review(ReviewArgs { request, found, finding, asking }) => {
            (Operation::Review { request, found, finding }, asking)
        }
        RequestCommand::Redact(RedactArgs { request, remark, reason, asking }) => {
            (Operation::Redact { request, remark, reason }, asking)
        }
    };
    ask(operation, &asking, environment, out)
}

fn list(args: ListArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let reader = wiring::reader(&args.asking.config.load(environment)?)?;
    let requests = if args.to_review {
        reader.to_review(args.limit)?
    } else {
        let states = args.state.into_iter().collect();
        reader.list(&Filter { requester: args.requester, states, limit: args.limit })?
    };
    if args.asking.json {
        out.json(&requests)?;
        return Ok(Exit::Fine);
    }
    if requests.is_empty() {
        out.line("no request is like that")?;
        return Ok(Exit::Fine);
    }
    let rows: Vec<_> = requests
        .iter()
        .map(|request| {
            [
                request.id.to_string(),
                request.state.word().as_str().to_owned(),
                one_line(&request.requester.name),
                request.ask.role.to_string(),
                request.duration().to_string(),
                one_line(&words::standing_with_review(request)),
            ]
        })
        .collect();
    out.line(columns(["ID", "STATE", "WHO", "ROLE", "FOR", "WHERE IT STANDS"], &rows))?;
    Ok(Exit::Fine)
}

fn show(args: &ShowArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let reader = wiring::reader(&args.asking.config.load(environment)?)?;
    let Some(dossier) = reader.dossier(args.request)? else {
        anyhow::bail!(words::answer(&Answer::Refused(Refusal::NoSuchRequest { request: args.request })));
    };
    let remarks = reader.remarks(args.request)?;
    if args.asking.json {
        out.json(&json!({
            "request": dossier.request,
            "revision": dossier.revision,
            "issue": dossier.issue,
            "entries": dossier.entries,
            "remarks": remarks.kept,
            "remarks_left_out": remarks.left_out,
        }))?;
        return Ok(Exit::Fine);
    }
    let request = &dossier.request;
    let standing = one_line(&words::standing_with_review(request));
    let issue = dossier.issue.as_ref().map_or_else(|| "not opened yet".to_owned(), ToString::to_string);
    out.line(format!("{}  {}", request.id, one_line(&request.title())))?;
    out.line(format!("  state   {} ({standing})", request.state.word().as_str()))?;
    out.line(format!("  who     {} <{}>", one_line(&request.requester.name), request.requester.id))?;
    if let Some(asked_by) = &request.asked_by {
        out.line(format!("  by      {} <{}>, who asked for it", one_line(&asked_by.name), asked_by.id))?;
    }
    out.line(format!("  why     {}", one_line(&request.ask.justification)))?;
    out.line(format!("  for     {}", words::given_for(request)))?;
    out.line(format!("  ticket  {issue}"))?;
    for (number, (terms, step)) in request.terms.steps.iter().zip(&request.steps).enumerate() {
        for line in words::step(number, terms, step).lines() {
            out.line(format!("  {}", one_line(line)))?;
        }
    }
    for entry in &dossier.entries {
        let at = out.paint(Mark::Quiet, &entry.at.minute_utc());
        out.line(format!("  {at}  {}", one_line(&entry_sentence(entry))))?;
    }
    for remark in &remarks.kept {
        let at = out.paint(Mark::Quiet, &remark.at.minute_utc());
        out.line(format!("  {at}  {}", one_line(&words::remark(remark))))?;
    }
    if remarks.left_out > 0 {
        out.line(format!("  {}", words::remarks_left_out(remarks.left_out)))?;
    }
    Ok(Exit::Fine)
}

fn why(args: &ShowArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let reader = wiring::reader(&args.asking.config.load(environment)?)?;
    let Some(dossier) = reader.dossier(args.request)? else {
        anyhow::bail!(words::answer(&Answer::Refused(Refusal::NoSuchRequest { request: args.request })));
    };
    let kept = Kept::new(&dossier, &reader.refused(&RefusedOf::Request(args.request), REFUSED_MOST)?);
    if args.asking.json {
        out.json(&kept)?;
        return Ok(Exit::Fine);
    }
    out.line(one_line(&words::kept_head(&dossier.request, &kept)))?;
    for line in &kept.lines {
        let at = out.paint(Mark::Quiet, &line.at.minute_utc());
        out.line(format!("  {at}  {}", one_line(&words::kept_line(line))))?;
        for rule in words::kept_rules(line) {
            out.line(format!("      {}", one_line(&rule)))?;
        }
    }
    Ok(Exit::Fine)
}

/// Asks the running server, and says what it answered.
fn ask(
    operation: Operation,
    asking: &AskingArgs,
    environment: &Environment,
    out: Out,
) -> anyhow::Result<Exit> {
    let socket = asking.config.load(environment)?.server.socket;
    let key = DedupeKey::new(&format!("cli-{:032x}", rand::random::<u128>()))?;
    let reply = admin::call(&socket, &Call { key, operation })?;
    if asking.json {
        out.json(&reply)?;
    }
    match reply {
        Reply::Answer(answer) => {
            let refused = words::is_refusal(&answer);
            match (asking.json, refused) {
                (true, _) => {}
                (false, true) => out.complain(words::answer(&answer)),
                (false, false) => out.line(words::answer(&answer))?,
            }
            Ok(if refused { Exit::Problem } else { Exit::Fine })
        }
        Reply::Status(status) => {
            if !asking.json {
                out.json(&status)?;
            }
            Ok(Exit::Fine)
        }
        Reply::Failed(message) => anyhow::bail!(message),
    }
}
