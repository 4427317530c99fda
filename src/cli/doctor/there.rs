//! What only others can tell: Slack, Jira and the targets, asked at the same time.

use std::time::Duration;

use futures_util::future::join_all;

use super::{Check, Tokens};
use crate::cli::out::Out;
use crate::cli::words;
use crate::config::Config;
use crate::finding::Finding;
use crate::jira::{self, JiraSettings, LabelPrefix};
use crate::oncall;
use crate::policy::People;
use crate::slack;
use crate::targets::Targets;
use crate::time::{Clock, Span};

/// One call to Slack or Jira, and all that one target is asked.
const PATIENCE: Span = JiraSettings::TIMEOUT;
/// Whatever happens, nobody is waited for longer.
const PATIENCE_MOST: Span = Span::secs(15);
/// Somebody who looks on is told after this that it takes a while.
const SLOW: Duration = Duration::from_secs(1);

/// What came back.
pub(super) struct Answers {
    pub(super) slack: Vec<Check>,
    pub(super) jira: Vec<Check>,
    pub(super) on_call: Vec<Check>,
    pub(super) targets: Vec<Check>,
}

/// Who is asked besides Slack and Jira, and who of the people there are may answer.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) targets: Option<&'a Targets>,
    pub(super) people: Option<&'a People>,
}

impl Answers {
    /// Nobody was asked.
    pub(super) fn skipped(why: &str) -> Self {
        let skip = |what| vec![Check::skip(what, why)];
        // Most have no schedules, so nothing is said of them.
        Self { slack: skip("slack"), jira: skip("jira"), on_call: Vec::new(), targets: skip("target") }
    }
}

/// Asks all of them, without those whose settings are missing: about these something else is told.
pub(super) fn ask(
    config: &Config,
    tokens: &Tokens,
    asked: Asked<'_>,
    clock: &dyn Clock,
    out: Out,
) -> anyhow::Result<Answers> {
    // One provider for every client; a second one in the same process finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answers = runtime.block_on(async {
        let mut asking = std::pin::pin!(async {
            tokio::join!(
                ask_slack(config, tokens, clock),
                ask_jira(config, tokens, clock),
                ask_schedules(tokens, asked.people, clock),
                ask_targets(asked.targets, clock)
            )
        });
        let (slack, jira, on_call, targets) = tokio::select! {
            answers = &mut asking => answers,
            () = tokio::time::sleep(SLOW) => {
                out.wait_for(words::ASKING);
                let answers = asking.await;
                out.waited();
                answers
            }
        };
        Answers { slack, jira, on_call, targets }
    });
    // A name that is looked up, or a file of a dead share, may hang in a thread that nothing ends.
    runtime.shutdown_background();
    Ok(answers)
}

async fn ask_slack(config: &Config, tokens: &Tokens, clock: &dyn Clock) -> Vec<Check> {
    let Ok(tokens) = &tokens.slack else { return vec![Check::skip("slack", words::NO_TOKEN)] };
    let settings = config.slack_settings(tokens);
    let findings = in_time(PATIENCE_MOST, slack::check(&settings, clock, PATIENCE)).await;
    findings.into_iter().map(|finding| Check::of("slack", finding)).collect()
}

async fn ask_jira(config: &Config, tokens: &Tokens, clock: &dyn Clock) -> Vec<Check> {
    let Ok(token) = &tokens.jira else { return vec![Check::skip("jira", words::NO_TOKEN)] };
    let settings = config.jira_settings(token, LabelPrefix::usual());
    let findings = in_time(PATIENCE_MOST, jira::check(&settings, clock)).await;
    findings.into_iter().map(|finding| Check::of("jira", finding)).collect()
}

async fn ask_schedules(tokens: &Tokens, people: Option<&People>, clock: &dyn Clock) -> Vec<Check> {
    let Ok(schedules) = &tokens.schedules else { return vec![Check::skip("on call", words::NO_TOKEN)] };
    let asked = schedules.iter().map(|schedule| async move {
        let findings = in_time(PATIENCE_MOST, oncall::check(schedule, people, clock)).await;
        findings.into_iter().map(|finding| Check::of("on call", finding)).collect::<Vec<_>>()
    });
    join_all(asked).await.into_iter().flatten().collect()
}

async fn ask_targets(targets: Option<&Targets>, clock: &dyn Clock) -> Vec<Check> {
    let Some(targets) = targets else { return Vec::new() };
    let asked = targets.iter().map(|(id, target)| async move {
        let findings = in_time(PATIENCE, target.adapter.check(clock.wall())).await;
        let named = |finding: Finding| Finding { says: format!("{id}: {}", finding.says), ..finding };
        findings.into_iter().map(|finding| Check::of("target", named(finding))).collect::<Vec<_>>()
    });
    let checks: Vec<Check> = join_all(asked).await.into_iter().flatten().collect();
    if checks.is_empty() { vec![Check::of("target", words::no_targets())] } else { checks }
}

/// What was found, or that nothing came.
async fn in_time(patience: Span, findings: impl Future<Output = Vec<Finding>>) -> Vec<Finding> {
    let findings = tokio::time::timeout(patience.duration(), findings).await;
    findings.unwrap_or_else(|_| vec![words::silent(patience)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_longer() {
        let found = in_time(PATIENCE_MOST, std::future::pending()).await;
        assert_eq!(found, [words::silent(Span::secs(15))]);
        let slow = async {
            tokio::time::sleep(Duration::from_secs(14)).await;
            Vec::new()
        };
        assert_eq!(in_time(PATIENCE_MOST, slow).await, []);
    }
}
