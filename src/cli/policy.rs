//! `jitney policy`: read the policies as the server would, and run the tests in them.

use clap::{Args, Subcommand};
use serde_json::json;

use super::out::{Mark, Out};
use super::wiring::{self, PoliciesError};
use super::{ConfigArg, Exit, words};
use crate::config::{Config, ConfigError, Environment};
use crate::policy::{self, PolicySet, Warning};
use crate::time::{Clock, SystemClock};

const EXAMPLES: &str = "\
Examples:
  jitney policy check
  jitney policy check --json | jq '.issues[]'
  jitney policy test --config /etc/jitney/jitney.toml";

/// Check the policies, and run the tests in them
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum PolicyCommand {
    /// Read every policy: issues are errors, what is hardly meant is a warning
    Check(PolicyArgs),
    /// Run the `[[tests]]` of every policy
    Test(PolicyArgs),
}

#[derive(Debug, Args)]
pub(super) struct PolicyArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: PolicyCommand, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let (PolicyCommand::Check(args) | PolicyCommand::Test(args)) = &command;
    let config = args.config.load(environment)?;
    let targets = wiring::targets(&config).map_err(ConfigError::Issues)?;
    let policies = match wiring::policies(&config.server.policies, &targets) {
        Ok(policies) => policies,
        Err(PoliciesError::Issues(issues)) => return refused(&issues, args.json, out),
        Err(error @ PoliciesError::Files(_)) => return Err(error.into()),
    };
    match &command {
        PolicyCommand::Check(args) => check(&config, &policies, args.json, out),
        PolicyCommand::Test(args) => test(&policies, args.json, out),
    }
}

fn refused(issues: &[policy::Issue], as_json: bool, out: Out) -> anyhow::Result<Exit> {
    if as_json {
        let issues: Vec<_> = issues
            .iter()
            .map(|issue| {
                json!({ "file": issue.file, "line": issue.line, "column": issue.column, "message": issue.message })
            })
            .collect();
        out.json(&json!({ "issues": issues }))?;
        return Ok(Exit::Problem);
    }
    for issue in issues {
        out.line(format!("{}  {issue}", out.paint(Mark::Bad, "error")))?;
    }
    out.line(words::policies_refused(issues.len()))?;
    Ok(Exit::Problem)
}

fn check(config: &Config, policies: &PolicySet, as_json: bool, out: Out) -> anyhow::Result<Exit> {
    let warnings = warnings(config, policies);
    let limits = limits(policies);
    if as_json {
        let warnings: Vec<_> = warnings
            .iter()
            .map(|warning| json!({ "place": warning.place, "message": warning.message }))
            .collect();
        let limits: Vec<_> =
            limits.iter().map(|limit| json!({ "place": limit.place, "message": limit.message })).collect();
        out.json(&json!({
            "issues": [], "warnings": warnings, "limits": limits, "digest": policies.digest,
        }))?;
        return Ok(Exit::Fine);
    }
    for warning in &warnings {
        out.line(format!("{}  {warning}", out.paint(Mark::Odd, "warn")))?;
    }
    for limit in &limits {
        out.line(format!("{}  {limit}", out.paint(Mark::Quiet, "note")))?;
    }
    out.line(words::policies_fine(policies, warnings.len()))?;
    Ok(Exit::Fine)
}

/// What is lawful but hardly meant; who can get what needs the people.
fn warnings(config: &Config, policies: &PolicySet) -> Vec<Warning> {
    match wiring::directory(config, SystemClock::new().wall()) {
        Ok(directory) => policy::lint(policies, &directory.people()),
        Err(error) => {
            let place = config.directory.file.display().to_string();
            vec![Warning { place, message: words::people_unread(&error) }]
        }
    }
}

/// What an adapter can't do, said where it can still be thought about.
fn limits(policies: &PolicySet) -> Vec<Warning> {
    let steps = policies
        .roles()
        .flat_map(|(at, _, role)| role.steps.iter().map(move |step| (at.clone(), role, step)));
    steps
        .filter_map(|(at, role, step)| {
            let message = words::step_limits(&at, step)?;
            Some(Warning { place: role.place.clone(), message })
        })
        .collect()
}

fn test(policies: &PolicySet, as_json: bool, out: Out) -> anyhow::Result<Exit> {
    let results = policy::run_tests(policies);
    let failed = results.iter().filter(|result| !result.passed).count();
    if as_json {
        let results: Vec<_> = results
            .iter()
            .map(|result| {
                json!({
                    "place": result.place, "asks": result.asks, "passed": result.passed, "got": result.got,
                })
            })
            .collect();
        out.json(&json!({ "tests": results, "failed": failed }))?;
    } else {
        for result in results.iter().filter(|result| !result.passed) {
            out.line(format!("{}  {}", out.paint(Mark::Bad, "fail"), words::test_failed(result)))?;
        }
        out.line(words::tests_ran(results.len(), failed))?;
    }
    Ok(if failed == 0 { Exit::Fine } else { Exit::Problem })
}
