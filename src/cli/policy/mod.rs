//! `jitney policy`: the tools over policies, one file a subcommand.

mod check;
mod diff;
mod explain;
mod fmt;
mod replay;
mod schema;
mod shown;
mod test;
mod who;

pub(super) use replay::Finding;

use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::json;

use super::out::Out;
use super::wiring::{self, PoliciesError};
use super::{ConfigArg, Exit, words};
use crate::config::{Config, ConfigError, Environment, read_policy_files};
use crate::ids::RoleRef;
use crate::policy::{self, Issue, PolicySet, RoleLookup, SourceFile};

const EXAMPLES: &str = "\
Examples:
  jitney policy check                                 before every merge
  jitney policy test
  jitney policy explain ann@example.com wiki/read     why she may, or may not
  jitney policy who wiki/admin                        who may ask for it
  jitney policy diff ../main/policies policies        what an edit does, in sentences
  jitney policy replay --days 90                      which past requests would come out otherwise
  jitney policy fmt --check

Exit codes: 0 fine, 1 something was found or the answer is no, 2 the command line was wrong.";

/// Check, test, explain and compare the policies; no command of these changes anything but `fmt`
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum PolicyCommand {
    Check(check::CheckArgs),
    Test(test::TestArgs),
    Explain(explain::ExplainArgs),
    Who(who::WhoArgs),
    Diff(diff::DiffArgs),
    Replay(replay::ReplayArgs),
    Schema(schema::SchemaArgs),
    Fmt(fmt::FmtArgs),
}

/// What most of them take.
#[derive(Debug, Args)]
struct PolicyArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: PolicyCommand, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    match command {
        PolicyCommand::Check(args) => check::run(&args, environment, out),
        PolicyCommand::Test(args) => test::run(&args, environment, out),
        PolicyCommand::Explain(args) => explain::run(&args, environment, out),
        PolicyCommand::Who(args) => who::run(&args, environment, out),
        PolicyCommand::Diff(args) => diff::run(&args, environment, out),
        PolicyCommand::Replay(args) => replay::run(&args, environment, out),
        PolicyCommand::Schema(args) => schema::run(&args, out),
        PolicyCommand::Fmt(args) => fmt::run(&args, environment, out),
    }
}

/// The policies of a folder, or that they were refused, which is told by then.
enum Read {
    Good(PolicySet),
    Refused,
}

/// Reads the policies of the configuration.
fn read(config: &Config, as_json: bool, out: Out) -> anyhow::Result<Read> {
    read_folder(config, &config.server.policies, as_json, out)
}

/// Reads a folder of policies against the targets of the configuration.
fn read_folder(config: &Config, folder: &Path, as_json: bool, out: Out) -> anyhow::Result<Read> {
    let targets = wiring::targets(config).map_err(ConfigError::Issues)?;
    let files = read_policy_files(folder).map_err(PoliciesError::Files)?;
    match policy::parse(&files, &targets) {
        Ok(policies) => Ok(Read::Good(policies)),
        Err(issues) => {
            refused(&issues, &files, as_json, out)?;
            Ok(Read::Refused)
        }
    }
}

fn refused(issues: &[Issue], files: &[SourceFile], as_json: bool, out: Out) -> anyhow::Result<()> {
    if as_json {
        let issues: Vec<_> = issues
            .iter()
            .map(|issue| {
                json!({
                    "file": issue.file, "line": issue.line, "column": issue.column,
                    "end_line": issue.end_line, "end_column": issue.end_column,
                    "message": issue.message, "hint": issue.hint,
                })
            })
            .collect();
        out.json(&json!({ "issues": issues }))?;
        return Ok(());
    }
    for issue in issues {
        out.line(format!("{}\n", shown::issue(issue, files, out.has_colours())))?;
    }
    out.line(words::policies_refused(issues.len()))?;
    Ok(())
}

/// The role, or what was meant.
///
/// # Errors
/// There is no such role; says which are near.
fn known_role(policies: &PolicySet, at: &RoleRef) -> anyhow::Result<()> {
    match policy::find_role(policies, &at.to_string()) {
        RoleLookup::Exact(_) => Ok(()),
        RoleLookup::Nearest(near) => anyhow::bail!(words::no_such_role(at, &near)),
    }
}
