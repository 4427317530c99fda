//! `jitney policy check`: read every policy as the server would, and look for what is hardly meant.

use clap::Args;
use serde_json::json;

use super::super::out::{Mark, Out};
use super::{Exit, PolicyArgs, Read, read, shown, wiring, words};
use crate::config::{Config, Environment, read_policy_files};
use crate::policy::{self, PolicySet, Warning};
use crate::time::{Clock, SystemClock};

const EXAMPLES: &str = "\
Examples:
  jitney policy check
  jitney policy check --deny-warnings                     in CI
  jitney policy check --json | jq '.issues[]'

Errors are what a server would refuse. Warnings are lawful but hardly meant: a role that nobody is eligible for, a tier \
that nothing reaches, a calendar that nothing goes by, people who approve for each other, one entitlement by two roles, \
a name that the directory does not know.

Exit codes: 0 no errors, 1 errors (with --deny-warnings: or warnings), 2 the command line was wrong.";

/// Read every policy: issues are errors, what is hardly meant is a warning
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct CheckArgs {
    #[command(flatten)]
    policy: PolicyArgs,
    /// Exit with 1 when there are warnings, too
    #[arg(long)]
    deny_warnings: bool,
}

pub(super) fn run(args: &CheckArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let config = args.policy.config.load(environment)?;
    let Read::Good(policies) = read(&config, args.policy.json, out)? else { return Ok(Exit::Problem) };
    let mut warnings = warnings(&config, &policies);
    warnings.extend(policy::unknown_schedules(&policies, &config.on_call.keys().cloned().collect()));
    let limits = limits(&policies);
    let exit = if args.deny_warnings && !warnings.is_empty() { Exit::Problem } else { Exit::Fine };
    if args.policy.json {
        let limits: Vec<_> =
            limits.iter().map(|(place, message)| json!({ "place": place, "message": message })).collect();
        out.json(&json!({
            "issues": [], "warnings": warnings, "limits": limits, "digest": policies.digest,
        }))?;
        return Ok(exit);
    }
    let files = read_policy_files(&config.server.policies)?;
    for warning in &warnings {
        out.line(format!("{}\n", shown::warning(warning, &files, out.has_colours())))?;
    }
    for (place, message) in &limits {
        out.line(format!("{}  {place}: {message}", out.paint(Mark::Quiet, "note")))?;
    }
    out.line(words::policies_fine(&policies, warnings.len()))?;
    Ok(exit)
}

/// What is lawful but hardly meant; who can get what needs the people.
fn warnings(config: &Config, policies: &PolicySet) -> Vec<Warning> {
    match wiring::people(config, SystemClock::new().wall()) {
        Ok(people) => policy::lint(policies, &people),
        Err(error) => {
            let place = config.directory.file.display().to_string();
            vec![Warning {
                place,
                message: words::people_unread(&error),
                hint: words::PEOPLE_FILE.to_owned(),
            }]
        }
    }
}

/// What an adapter can't do, said where it can still be thought about.
fn limits(policies: &PolicySet) -> Vec<(String, String)> {
    let steps = policies
        .roles()
        .flat_map(|(at, _, role)| role.steps.iter().map(move |step| (at.clone(), role, step)));
    steps.filter_map(|(at, role, step)| Some((role.place.clone(), words::step_limits(&at, step)?))).collect()
}
