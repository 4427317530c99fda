//! `jitney doctor`: what is wrong, and how to mend it. It changes nothing, here or there.

mod here;
mod there;

use clap::Args;
use secrecy::SecretString;
use serde::Serialize;

use super::out::{Mark, Out};
use super::{ConfigArg, Exit, wiring, words};
use crate::config::{Config, ConfigError, Environment, Issue, SlackTokens, load_jira_token, load_schedules};
use crate::finding::{Finding, Grade};
use crate::oncall::Schedule;
use crate::time::{Clock, SystemClock};

const EXAMPLES: &str = "\
Examples:
  jitney doctor
  jitney doctor --config /etc/jitney/jitney.toml --json
  jitney doctor --offline       before Slack, Jira and the targets can be reached

It posts nothing and changes nothing. Slack, Jira and the targets are given 10 seconds each.
Exit code 1 when something failed.";

/// Check the configuration, this machine, Slack, Jira and the targets; one line each, with how to mend it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Ask neither Slack nor Jira nor the targets
    #[arg(long)]
    offline: bool,
    /// Print the checks as JSON
    #[arg(long)]
    json: bool,
}

/// What was looked at, and how it is.
#[derive(Debug, Serialize)]
struct Check {
    what: &'static str,
    finding: Verdict,
    says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// As it should be.
    Ok,
    /// Jitney runs, but somebody should look.
    Warn,
    /// Jitney does not run, or not as it should.
    Fail,
    /// Not looked at.
    Skip,
}

impl Check {
    fn of(what: &'static str, finding: Finding) -> Self {
        let Finding { grade, says, mend } = finding;
        let finding = match grade {
            Grade::Ok => Verdict::Ok,
            Grade::Warn => Verdict::Warn,
            Grade::Fail => Verdict::Fail,
        };
        Self { what, finding, says, mend }
    }

    fn skip(what: &'static str, why: &str) -> Self {
        Self { what, finding: Verdict::Skip, says: why.to_owned(), mend: None }
    }

    /// On one line. Some of it was said by others, and shall not steer a terminal.
    fn line(&self, out: Out) -> String {
        let (mark, word) = match self.finding {
            Verdict::Ok => (Mark::Good, "ok  "),
            Verdict::Warn => (Mark::Odd, "warn"),
            Verdict::Fail => (Mark::Bad, "fail"),
            Verdict::Skip => (Mark::Quiet, "skip"),
        };
        let mend = self.mend.as_ref().map(|mend| format!("; {mend}")).unwrap_or_default();
        let said: String =
            format!("{}{mend}", self.says).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        format!("{}  {:<13}  {said}", out.paint(mark, word), self.what)
    }
}

/// The tokens that there are: one edge is looked at without those of the other.
struct Tokens {
    slack: Result<SlackTokens, Vec<Issue>>,
    jira: Result<SecretString, Issue>,
    schedules: Result<Vec<Schedule>, Vec<Issue>>,
}

pub(super) fn run(args: &DoctorArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let checks = examine(args, environment, out)?;
    if args.json {
        out.json(&checks)?;
    } else {
        for check in &checks {
            out.line(check.line(out))?;
        }
    }
    let failed = checks.iter().any(|check| check.finding == Verdict::Fail);
    Ok(if failed { Exit::Problem } else { Exit::Fine })
}

fn examine(args: &DoctorArgs, environment: &Environment, out: Out) -> anyhow::Result<Vec<Check>> {
    let path = args.config.path(environment);
    let failed = |what, error: &dyn std::fmt::Display| Check::of(what, Finding::of_error(error));
    let config = match Config::load(&path, environment) {
        Ok(config) => config,
        // Without a configuration there is nothing else to look at.
        Err(ConfigError::Issues(issues)) => {
            return Ok(issues.iter().map(|issue| failed("configuration", issue)).collect());
        }
        Err(error @ ConfigError::Unreadable { .. }) => return Ok(vec![failed("configuration", &error)]),
    };
    let clock = SystemClock::new();
    let tokens = Tokens {
        slack: SlackTokens::load(&config, environment),
        jira: load_jira_token(&config, environment),
        schedules: load_schedules(&config, environment),
    };
    let targets = wiring::targets(&config);
    let directory = wiring::directory(&config, clock.wall());
    let mut answers = if args.offline {
        there::Answers::skipped(words::OFFLINE)
    } else {
        let people = directory.as_ref().ok().map(|directory| directory.people());
        let asked = there::Asked { targets: targets.as_ref().ok(), people: people.as_deref() };
        there::ask(&config, &tokens, asked, &clock, out)?
    };

    let mut checks = vec![Check::of("configuration", Finding::ok(path.display().to_string()))];
    checks.extend(here::tokens(&tokens));
    checks.append(&mut answers.slack);
    checks.append(&mut answers.jira);
    checks.extend(here::key_and_database(&config));
    checks.extend(here::disk(&config));
    checks.extend(here::people(&directory));
    checks.append(&mut answers.on_call);
    checks.extend(here::sources(&config, clock.wall()));
    checks.append(&mut answers.targets);
    match &targets {
        Ok(targets) => {
            checks.extend(here::cannot_end(targets));
            checks.extend(here::policies(&config, targets, directory.as_ref().ok()));
        }
        Err(issues) => checks.extend(issues.iter().map(|issue| failed("target", issue))),
    }
    checks.extend(here::server(&config)?);
    Ok(checks)
}
