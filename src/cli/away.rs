//! `jitney away`: who is away, and who is asked in their place.

use clap::{Args, Subcommand};
use serde_json::json;

use super::out::{Out, columns, one_line};
use super::{ConfigArg, Exit, wiring};
use crate::config::Environment;
use crate::time::{Clock, SystemClock};

const EXAMPLES: &str = "\
Examples:
  jitney away list
  jitney away list --json | jq '.[].delegate'

People say it themselves in Slack: `/jit away until fri 18:00 to @ben`.";

/// Show who is away, and who is asked to approve in their place
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum AwayCommand {
    /// List everybody who is away now; reads the database, so it works without a server
    List(ListArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: AwayCommand, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let AwayCommand::List(args) = command;
    let now = SystemClock::new().wall();
    let mut away = wiring::reader(&args.config.load(environment)?)?.away()?;
    away.retain(|_, away| now < away.until);
    if args.json {
        let all: Vec<_> = away
            .iter()
            .map(|(person, away)| {
                json!({
                    "person": person, "since": away.since, "until": away.until, "delegate": away.delegate,
                    "because": away.because,
                })
            })
            .collect();
        out.json(&all)?;
        return Ok(Exit::Fine);
    }
    if away.is_empty() {
        out.line("nobody is away")?;
        return Ok(Exit::Fine);
    }
    let rows: Vec<_> = away
        .iter()
        .map(|(person, away)| {
            let delegate = away.delegate.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string);
            let because = away.because.as_deref().unwrap_or_default();
            [
                person.to_string(),
                away.until.minute_utc(),
                delegate,
                away.since.minute_utc(),
                one_line(because),
            ]
        })
        .collect();
    out.line(columns(["WHO", "UNTIL", "ASKED INSTEAD", "SINCE", "BECAUSE"], &rows))?;
    Ok(Exit::Fine)
}
