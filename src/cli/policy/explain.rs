//! `jitney policy explain`: how one decision comes about.

use clap::Args;

use super::super::out::{Mark, Out, one_line};
use super::{Exit, PolicyArgs, Read, known_role, read, wiring, words};
use crate::config::Environment;
use crate::ids::{PersonId, RoleRef};
use crate::policy::{self, LookFinding, Question};
use crate::time::{Clock, Span, SystemClock, Timestamp};

const EXAMPLES: &str = "\
Examples:
  jitney policy explain ann@example.com wiki/read
  jitney policy explain ann@example.com wiki/admin --for 2h --holds reports/view
  jitney policy explain ann@example.com wiki/admin --break-glass

Every rule is told with the value it saw, and then who would be asked. What is written into the form is taken to be \
well. Lockdowns, reviews and other open requests are a running server's to know.

Exit codes: 0 may ask, 1 may not, 2 the command line was wrong.";

/// Explain one decision: each rule, the value it saw, and who would be asked
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct ExplainArgs {
    /// Who asks, by their id in the directory
    #[arg(value_name = "WHO")]
    person: PersonId,
    /// For what
    #[arg(value_name = "APP/ROLE")]
    role: RoleRef,
    /// For how long, such as 2h [default: the role's default_duration]
    #[arg(long = "for", value_name = "SPAN")]
    duration: Option<Span>,
    /// As if they held this role; may be given several times
    #[arg(long, value_name = "APP/ROLE")]
    holds: Vec<RoleRef>,
    /// When it begins, such as 2026-12-24T09:00:00+01:00 [default: at once]
    #[arg(long, value_name = "TIME", conflicts_with = "break_glass")]
    starts: Option<Timestamp>,
    /// As a break-glass
    #[arg(long)]
    break_glass: bool,
    #[command(flatten)]
    policy: PolicyArgs,
}

pub(super) fn run(args: &ExplainArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let config = args.policy.config.load(environment)?;
    let Read::Good(policies) = read(&config, args.policy.json, out)? else { return Ok(Exit::Problem) };
    known_role(&policies, &args.role)?;
    let now = SystemClock::new().wall();
    let people = wiring::people(&config, now)?;
    let question = Question {
        person: &args.person,
        role: &args.role,
        duration: args.duration,
        break_glass: args.break_glass,
        starts_at: args.starts,
        holds: &args.holds,
    };
    let trace = policy::explain(&policies, &people, &question, now);
    let granted = trace.verdict.is_granted();
    let exit = if granted { Exit::Fine } else { Exit::Problem };
    if args.policy.json {
        out.json(&trace)?;
        return Ok(exit);
    }
    for look in &trace.looks {
        let mark = match look.finding {
            LookFinding::Passes => out.paint(Mark::Quiet, "pass  "),
            LookFinding::Allows => out.paint(Mark::Good, "allow "),
            LookFinding::Misses => out.paint(Mark::Quiet, "miss  "),
            LookFinding::Refuses => out.paint(Mark::Bad, "refuse"),
        };
        out.line(format!("{mark}  {}", one_line(&words::look(look))))?;
    }
    out.line(out.paint(if granted { Mark::Good } else { Mark::Bad }, &words::explained(&trace)))?;
    for line in words::what_follows(&trace) {
        out.line(format!("  {line}"))?;
    }
    Ok(exit)
}
