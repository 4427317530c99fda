//! `jitney policy fmt`: one way of writing the files.

use std::path::Path;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::super::out::{Mark, Out};
use super::{Exit, PolicyArgs, words};
use crate::config::{Environment, policy_paths, replace_policy_file};
use crate::policy::{self, FileKind};

const EXAMPLES: &str = "\
Examples:
  jitney policy fmt             write the files anew
  jitney policy fmt --check     in CI: only tell which would change

Keys come in the order of the reference, `=` in one column, one blank line between tables. Comments and whatever spans \
lines stay as they are, and no file comes to say anything else.

Exit codes: 0 fine, 1 a file would change (--check) or can't be read, 2 the command line was wrong.";

/// Write the policy files in one form; comments stay
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct FmtArgs {
    /// Write nothing; exit with 1 when a file would change
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    policy: PolicyArgs,
}

pub(super) fn run(args: &FmtArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let config = args.policy.config.load(environment)?;
    let (mut changed, mut failed) = (Vec::new(), Vec::new());
    for path in policy_paths(&config.server.policies)? {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(&path).with_context(|| name.clone())?;
        match policy::format(kind(&path), &text) {
            Ok(written) if written == text => {}
            Ok(written) => {
                if !args.check {
                    replace_policy_file(&path, &written)?;
                }
                changed.push(name);
            }
            Err(error) => failed.push((name, error.to_string())),
        }
    }
    let bad = !failed.is_empty() || args.check && !changed.is_empty();
    let exit = if bad { Exit::Problem } else { Exit::Fine };
    if args.policy.json {
        let failed: Vec<_> =
            failed.iter().map(|(file, message)| json!({ "file": file, "message": message })).collect();
        out.json(&json!({ "changed": changed, "failed": failed }))?;
        return Ok(exit);
    }
    for (name, message) in &failed {
        out.line(format!("{}  {name}: {message}", out.paint(Mark::Bad, "error")))?;
    }
    for name in &changed {
        out.line(words::formatted(name, args.check))?;
    }
    if changed.is_empty() && failed.is_empty() {
        out.line(words::NOTHING_TO_FORMAT)?;
    }
    Ok(exit)
}

fn kind(path: &Path) -> FileKind {
    if path.file_name().is_some_and(|name| name == "tiers.toml") { FileKind::Tiers } else { FileKind::App }
}
