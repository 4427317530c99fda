//! `jitney doctor`: what is missing, and how to mend it. It changes nothing.

use std::path::Path;

use clap::Args;
use rand::random;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::out::{Mark, Out};
use super::wiring::{self, PoliciesError};
use super::{ConfigArg, Exit, words};
use crate::admin::{self, Call, ClientError, Operation, Reply};
use crate::config::{Config, ConfigError, Environment, Secrets};
use crate::credentials::SealingKey;
use crate::directory::{Directory, DirectoryError};
use crate::ids::DedupeKey;
use crate::policy;
use crate::store::Reader;
use crate::targets::Targets;
use crate::time::{Clock, Span, SystemClock, Timestamp};

/// A target is asked this long what it holds.
const PATIENCE: Span = Span::secs(10);

const EXAMPLES: &str = "\
Examples:
  jitney doctor
  jitney doctor --config /etc/jitney/jitney.toml --json";

/// Check the configuration, the tokens, the files and the targets; one line each, with how to mend it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Print the checks as JSON
    #[arg(long)]
    json: bool,
}

/// What was looked at, and how it is.
#[derive(Debug, Serialize)]
struct Check {
    what: &'static str,
    finding: Finding,
    says: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Finding {
    /// As it should be.
    Ok,
    /// Jitney runs, but somebody should look.
    Warn,
    /// Jitney does not run, or not as it should.
    Fail,
}

impl Check {
    fn ok(what: &'static str, says: impl Into<String>) -> Self {
        Self { what, finding: Finding::Ok, says: says.into() }
    }
    fn warn(what: &'static str, says: impl Into<String>) -> Self {
        Self { what, finding: Finding::Warn, says: says.into() }
    }
    fn fail(what: &'static str, says: impl Into<String>) -> Self {
        Self { what, finding: Finding::Fail, says: says.into() }
    }
}

pub(super) fn run(args: &DoctorArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let checks = examine(&args.config.path(environment), environment)?;
    if args.json {
        out.json(&checks)?;
    } else {
        for check in &checks {
            let (mark, word) = match check.finding {
                Finding::Ok => (Mark::Good, "ok  "),
                Finding::Warn => (Mark::Odd, "warn"),
                Finding::Fail => (Mark::Bad, "fail"),
            };
            out.line(format!("{}  {:<13}  {}", out.paint(mark, word), check.what, check.says))?;
        }
    }
    let failed = checks.iter().any(|check| check.finding == Finding::Fail);
    Ok(if failed { Exit::Problem } else { Exit::Fine })
}

fn examine(path: &Path, environment: &Environment) -> anyhow::Result<Vec<Check>> {
    let config = match Config::load(path, environment) {
        Ok(config) => config,
        // Without a configuration there is nothing else to look at.
        Err(ConfigError::Issues(issues)) => {
            return Ok(issues.iter().map(|issue| Check::fail("configuration", issue.to_string())).collect());
        }
        Err(error @ ConfigError::Unreadable { .. }) => {
            return Ok(vec![Check::fail("configuration", error.to_string())]);
        }
    };
    let now = SystemClock::new().wall();
    let mut checks = vec![Check::ok("configuration", path.display().to_string())];
    checks.extend(tokens(&config, environment));
    checks.push(key(&config));
    checks.push(database(&config));
    let directory = wiring::directory(&config, now);
    checks.extend(people(&directory));
    match wiring::targets(&config) {
        Ok(targets) => {
            checks.extend(targets_held(&targets, now)?);
            checks.extend(policies(&config, &targets, directory.as_ref().ok()));
        }
        Err(issues) => checks.extend(issues.iter().map(|issue| Check::fail("targets", issue.to_string()))),
    }
    checks.push(server(&config)?);
    Ok(checks)
}

fn tokens(config: &Config, environment: &Environment) -> Vec<Check> {
    let secrets = match Secrets::load(config, environment) {
        Ok(secrets) => secrets,
        Err(issues) => {
            return issues.iter().map(|issue| Check::fail("tokens", issue.to_string())).collect();
        }
    };
    let begins = |token: &SecretString, prefix| token.expose_secret().starts_with(prefix);
    let mut checks = Vec::new();
    if !begins(&secrets.slack_app_token, "xapp-") {
        checks
            .push(Check::fail("tokens", "the app-level token of Slack begins with xapp-; this one does not"));
    }
    if !begins(&secrets.slack_bot_token, "xoxb-") {
        checks.push(Check::fail("tokens", "the bot token of Slack begins with xoxb-; this one does not"));
    }
    if checks.is_empty() {
        checks.push(Check::ok("tokens", "all three are there"));
    }
    checks
}

fn key(config: &Config) -> Check {
    match SealingKey::read(&config.server.key_file) {
        Ok(key) => Check::ok("sealing key", format!("{}, id {}", config.server.key_file.display(), key.id())),
        Err(error) => Check::fail("sealing key", error.to_string()),
    }
}

fn database(config: &Config) -> Check {
    let path = &config.server.database;
    if path.exists() {
        return match Reader::open(path).and_then(|reader| reader.head()) {
            Ok(head) => Check::ok("database", format!("{}, {} audit records", path.display(), head.seq)),
            Err(error) => Check::fail("database", error.to_string()),
        };
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if folder.is_dir() {
        Check::ok("database", format!("{} will be made by the first `jitney serve`", path.display()))
    } else {
        Check::fail("database", format!("make the folder {}, writable for the server", folder.display()))
    }
}

fn people(directory: &Result<Directory, DirectoryError>) -> Vec<Check> {
    let people = match directory {
        Ok(directory) => directory.people(),
        Err(error) => return vec![Check::fail("people", error.to_string())],
    };
    let active = || people.iter().filter(|person| person.active);
    let operators = active().filter(|person| person.operator_login.is_some()).count();
    let in_slack = active().filter(|person| person.slack.is_some()).count();
    let mut checks = vec![Check::ok("people", words::people_counted(active().count(), in_slack, operators))];
    if operators == 0 {
        checks.push(Check::warn(
            "people",
            "nobody is an operator, so nobody can revoke from the command line; set `operator_login` for one",
        ));
    }
    if in_slack == 0 {
        checks.push(Check::fail("people", "nobody has a Slack account; set `slack` to their member id (U…)"));
    }
    checks
}

/// Asks each target what it holds: whoever can't be read can't be revoked with proof.
fn targets_held(targets: &Targets, now: Timestamp) -> anyhow::Result<Vec<Check>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut checks = Vec::new();
    for (id, target) in targets.iter() {
        let held = runtime
            .block_on(async { tokio::time::timeout(PATIENCE.duration(), target.adapter.list(now)).await });
        checks.push(match held {
            Ok(Ok(held)) => Check::ok("target", format!("{id} answers; it holds {} of ours", held.len())),
            Ok(Err(error)) => Check::fail("target", format!("{id}: {error}")),
            Err(_) => Check::fail("target", format!("{id} did not answer within {}", PATIENCE.words())),
        });
        let declared = target.adapter.declaration();
        if !declared.cannot_end.is_empty() {
            checks.push(Check::warn(
                "target",
                format!("{id}: a revocation can't end {}", declared.cannot_end.join("; ")),
            ));
        }
    }
    if checks.is_empty() {
        checks.push(Check::warn("target", "there are none; write a [targets.*] table"));
    }
    Ok(checks)
}

fn policies(config: &Config, targets: &Targets, directory: Option<&Directory>) -> Vec<Check> {
    let policies = match wiring::policies(&config.server.policies, targets) {
        Ok(policies) => policies,
        Err(PoliciesError::Issues(issues)) => {
            return issues.iter().map(|issue| Check::fail("policies", issue.to_string())).collect();
        }
        Err(error @ PoliciesError::Files(_)) => return vec![Check::fail("policies", error.to_string())],
    };
    let warnings = directory.map(|directory| policy::lint(&policies, &directory.people()));
    let warnings = warnings.unwrap_or_default();
    let mut checks = vec![Check::ok("policies", words::policies_fine(&policies, warnings.len()))];
    checks.extend(warnings.iter().map(|warning| Check::warn("policies", warning.to_string())));
    let failed = policy::run_tests(&policies).into_iter().filter(|result| !result.passed);
    checks.extend(failed.map(|result| Check::fail("policies", words::test_failed(&result))));
    checks
}

fn server(config: &Config) -> anyhow::Result<Check> {
    let key = DedupeKey::new(&format!("cli-{:032x}", random::<u128>()))?;
    let asked = admin::call(&config.server.socket, &Call { key, operation: Operation::Status });
    Ok(match asked {
        Ok(Reply::Status(status)) => match status.refusing {
            None => Check::ok("server", "running"),
            Some(why) => Check::warn("server", format!("running, but new requests are refused: {why}")),
        },
        Ok(Reply::Answer(answer)) => {
            Check::ok("server", format!("running, but it won't talk to you. {}", words::answer(&answer)))
        }
        Ok(Reply::Failed(why)) => Check::warn("server", why),
        Err(ClientError::NoServer { .. }) => Check::ok("server", "not running; start it with `jitney serve`"),
        Err(
            error @ (ClientError::Forbidden { .. }
            | ClientError::Silent
            | ClientError::Garbled(_)
            | ClientError::Broken(_)),
        ) => Check::warn("server", error.to_string()),
    })
}
