//! `jitney policy test`: run the `[[tests]]` of every file.

use clap::Args;
use serde_json::json;

use super::super::out::{Mark, Out};
use super::{Exit, PolicyArgs, Read, read, words};
use crate::config::Environment;
use crate::policy;

const EXAMPLES: &str = "\
A row of a policy file:
  [[tests]]
  who     = { employment = \"contractor\", department = \"Finance\" }
  asks    = \"read\"
  for     = \"1h\"
  expect  = \"refused\"
  because = \"never\"

Exit codes: 0 every row came out as written, 1 some did not, 2 the command line was wrong.";

/// Run the `[[tests]]` of every policy
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct TestArgs {
    #[command(flatten)]
    policy: PolicyArgs,
}

pub(super) fn run(args: &TestArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let config = args.policy.config.load(environment)?;
    let Read::Good(policies) = read(&config, args.policy.json, out)? else { return Ok(Exit::Problem) };
    let results = policy::run_tests(&policies);
    let failed = results.iter().filter(|result| !result.passed).count();
    if args.policy.json {
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
