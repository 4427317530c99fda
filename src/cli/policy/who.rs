//! `jitney policy who`: who may ask for a role.

use clap::Args;

use super::super::out::{Out, columns, one_line};
use super::{Exit, PolicyArgs, Read, known_role, read, wiring, words};
use crate::config::Environment;
use crate::ids::RoleRef;
use crate::policy;
use crate::time::{Clock, SystemClock};

/// People that are listed when nobody says.
const USUAL_LIMIT: usize = 50;

const EXAMPLES: &str = "\
Examples:
  jitney policy who wiki/admin
  jitney policy who wiki/admin --limit 1000 --json | jq -r '.may[].person'

Exit codes: 0 somebody may ask, 1 nobody may, 2 the command line was wrong.";

/// Tell who of the directory may ask for a role, and how many each rule lets in or keeps out
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct WhoArgs {
    /// For what
    #[arg(value_name = "APP/ROLE")]
    role: RoleRef,
    /// List at most so many people; --json lists all
    #[arg(long, value_name = "N", default_value_t = USUAL_LIMIT)]
    limit: usize,
    #[command(flatten)]
    policy: PolicyArgs,
}

pub(super) fn run(args: &WhoArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let config = args.policy.config.load(environment)?;
    let Read::Good(policies) = read(&config, args.policy.json, out)? else { return Ok(Exit::Problem) };
    known_role(&policies, &args.role)?;
    let people = wiring::people(&config, SystemClock::new().wall())?;
    let Some(reach) = policy::who_may_ask(&policies, &people, &args.role) else { return Ok(Exit::Problem) };
    let exit = if reach.may.is_empty() || reach.retired { Exit::Problem } else { Exit::Fine };
    if args.policy.json {
        out.json(&reach)?;
        return Ok(exit);
    }
    out.line(words::reach(&reach))?;
    let rows: Vec<_> = reach
        .may
        .iter()
        .take(args.limit)
        .map(|asker| {
            let rule = format!("eligible[{}]", asker.eligible);
            [asker.person.to_string(), one_line(&asker.name), rule, words::stranded(asker).to_owned()]
        })
        .collect();
    if !rows.is_empty() {
        out.line(columns(["WHO", "NAME", "BY", ""], &rows))?;
    }
    if let Some(left_out) = words::left_out(reach.may.len(), args.limit) {
        out.line(left_out)?;
    }
    for line in words::rule_counts(&reach) {
        out.line(line)?;
    }
    Ok(exit)
}
