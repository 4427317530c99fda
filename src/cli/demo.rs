//! `jitney demo`: the whole story without an account anywhere.

use std::path::PathBuf;

use clap::Args;

use super::Exit;
use super::out::{Mark, Out};
use crate::config::Environment;
use crate::playground::demo::{self, Line, LineKind};
use crate::playground::world::Company;
use crate::telemetry;

const EXAMPLES: &str = "\
A local Slack workspace, a local Jira, an old web app and made-up people, with the very bot that `serve` runs.
Nothing leaves this machine.

Examples:
  jitney demo                      open the page that it names, and be any of the people
  jitney demo --policies policies  the same on the policies of that folder, read again when they change
  jitney demo --headless           watch the story play itself; exits with 0 only if each step was right
  jitney demo --headless --json    the same, one JSON object a line";

/// Try it: a local Slack and Jira, made-up people, no account anywhere
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DemoArgs {
    /// Play the story by itself and print it
    #[arg(long)]
    headless: bool,
    /// Print JSON, one object a line
    #[arg(long, requires = "headless")]
    json: bool,
    /// Run on the policies of this folder; targets that they name are simulated, so no configuration is needed
    #[arg(long, value_name = "DIR", conflicts_with = "headless")]
    policies: Option<PathBuf>,
    /// With the people of this directory file, instead of made-up ones
    #[arg(long, value_name = "FILE", conflicts_with = "headless")]
    people: Option<PathBuf>,
    /// The page's port on 127.0.0.1
    #[arg(long, default_value_t = 8080, conflicts_with = "headless")]
    port: u16,
}

pub(super) fn run(args: &DemoArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    telemetry::start(environment)?;
    if let Some(policies) = &args.policies {
        anyhow::ensure!(
            policies.is_dir(),
            "{} is no folder; name the folder of policies",
            policies.display()
        );
    }
    let folder = Folder::new()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if args.headless {
        let told = runtime.block_on(demo::play(&folder.0, |line| say(line, args.json, out)));
        return match told {
            Ok(()) => Ok(Exit::Fine),
            Err(error) => {
                out.complain(format!("the story went wrong {error:#}"));
                Ok(Exit::Problem)
            }
        };
    }
    let company = Company { policies: args.policies.clone(), people: args.people.clone() };
    let ready = |url: &str| {
        let _ = out.line(format!("The demo is at {url}\nCtrl-C ends it; nothing of it is kept."));
    };
    let stop = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    runtime.block_on(demo::serve_page(&folder.0, &company, args.port, ready, stop))?;
    Ok(Exit::Fine)
}

fn say(line: &Line, json: bool, out: Out) {
    // Who closes the pipe has read enough; the story is played to its end all the same.
    let _ = if json { out.json(line) } else { out.line(written(line, out)) };
}

fn written(line: &Line, out: Out) -> String {
    let at = line.at.minute_utc();
    let text = line.text.trim_end().replace('\n', "\n                            ");
    let clock = at.get(11..16).unwrap_or_default();
    match line.kind {
        LineKind::Scene => format!("\n{text}"),
        LineKind::Does if line.who.is_empty() => format!("  {}", out.paint(Mark::Quiet, &text)),
        LineKind::Does => format!("  {clock}  {:<18} {text}", line.who),
        LineKind::Sees => format!("  {clock}  {:<18} · {text}", line.who),
        LineKind::Checked => format!("         {} {}", out.paint(Mark::Good, "✓"), text),
    }
}

/// The demo's files, removed when it ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let name = format!("jitney-demo-{}-{:08x}", std::process::id(), rand::random::<u32>());
        let path = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new().recursive(false).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
