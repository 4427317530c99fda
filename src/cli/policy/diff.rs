//! `jitney policy diff`: what an edit does, in sentences.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::super::out::{Mark, Out, one_line};
use super::{Exit, PolicyArgs, Read, read_folder, wiring, words};
use crate::config::Environment;
use crate::policy::{self, Direction};
use crate::time::{Clock, SystemClock};

const EXAMPLES: &str = "\
Examples:
  git worktree add ../before origin/main
  jitney policy diff ../before/policies policies
  jitney policy diff ../before/policies policies --deny-wider     in CI: somebody must look

Each difference is one sentence, with `+` where more people, more time or less control come of it, `-` where less does, \
`~` where other people do. People are counted by the directory of the configuration.

Exit codes: 0 told (with --deny-wider: and nothing is wider), 1 one of the folders has errors (or something is wider), \
2 the command line was wrong.";

/// Tell what differs between two folders of policies: who gains, who loses, what is weaker
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct DiffArgs {
    /// The folder before
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The folder after
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Exit with 1 when anything is wider, or gives to other people
    #[arg(long)]
    deny_wider: bool,
    #[command(flatten)]
    policy: PolicyArgs,
}

pub(super) fn run(args: &DiffArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let config = args.policy.config.load(environment)?;
    let Read::Good(old) = read_folder(&config, &args.old, args.policy.json, out)? else {
        return Ok(Exit::Problem);
    };
    let Read::Good(new) = read_folder(&config, &args.new, args.policy.json, out)? else {
        return Ok(Exit::Problem);
    };
    let read = wiring::people(&config, SystemClock::new().wall());
    let people = read.as_ref().ok();
    let changes = policy::diff(&old, &new, people.map(|people| people.as_ref()));
    let is_wider = |direction| match direction {
        Direction::Wider | Direction::Other => true,
        Direction::Narrower | Direction::Neither => false,
    };
    let denied = args.deny_wider && changes.iter().any(|change| is_wider(change.direction));
    let exit = if denied { Exit::Problem } else { Exit::Fine };
    if args.policy.json {
        let told: Vec<_> = changes
            .iter()
            .map(|change| json!({ "sentence": words::change(change), "change": change }))
            .collect();
        out.json(&json!({ "changes": told, "people_counted": people.is_some() }))?;
        return Ok(exit);
    }
    for change in &changes {
        let mark = match change.direction {
            Direction::Wider => out.paint(Mark::Bad, "+"),
            Direction::Narrower => out.paint(Mark::Good, "-"),
            Direction::Other => out.paint(Mark::Odd, "~"),
            Direction::Neither => " ".to_owned(),
        };
        out.line(format!("{mark} {}", one_line(&words::change(change))))?;
    }
    out.line(words::compared(&changes))?;
    if let Err(error) = &read {
        out.line(words::people_unread(error))?;
    }
    Ok(exit)
}
