//! The command line: one file a subcommand. Reading commands open the database read-only; what changes something
//! asks the running server.

mod audit;
mod away;
mod completions;
mod demo;
mod doctor;
mod init;
mod out;
mod people;
mod policy;
mod request;
mod serve;
#[cfg(test)]
mod told;
mod wiring;
mod words;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::admin::ClientError;
use crate::config::{Config, Environment, Variable};
use crate::policy::Change;
use out::Out;

const EXAMPLES: &str = "\
Try it without any account:
  jitney demo

Set it up:
  jitney init access            write a first configuration into ./access
  jitney doctor                 see what is missing, and how to mend it
  jitney serve                  run the bot

Look and act:
  jitney request list --state active
  jitney request revoke R1042 --reason \"laptop stolen\"
  jitney audit verify

Exit codes: 0 fine, 1 a problem was found, 2 the command line was wrong, 3 no running server.
Variables: JITNEY_CONFIG names the configuration, JITNEY_LOG filters the log, NO_COLOR turns colours off.";

/// Just-in-time access from Slack: ask, approve, grant, and prove that it ended.
#[derive(Debug, Parser)]
#[command(name = "jitney", version, about, after_help = EXAMPLES, subcommand_required = true, arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Serve(serve::ServeArgs),
    Init(init::InitArgs),
    Doctor(doctor::DoctorArgs),
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    #[command(subcommand)]
    Request(request::RequestCommand),
    #[command(subcommand)]
    Away(away::AwayCommand),
    #[command(subcommand)]
    People(people::PeopleCommand),
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    Completions(completions::CompletionsArgs),
}

/// A difference between two sets of policies in one sentence, as `policy diff` says it: for the record of a change.
pub(crate) fn policy_sentence(change: &Change) -> String {
    words::change(change)
}

/// Where the configuration is.
#[derive(Debug, Clone, Args)]
struct ConfigArg {
    /// The configuration [default: JITNEY_CONFIG, else jitney.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigArg {
    fn load(&self, environment: &Environment) -> anyhow::Result<Config> {
        Ok(Config::load(&self.path(environment), environment)?)
    }

    fn path(&self, environment: &Environment) -> PathBuf {
        let named = || environment.get(Variable::Config).map(PathBuf::from);
        self.config.clone().or_else(named).unwrap_or_else(|| PathBuf::from("jitney.toml"))
    }
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// All is well.
    Fine,
    /// A problem was found, or the answer was no.
    Problem,
    /// The command line was wrong.
    Usage,
    /// There is no running server.
    NoServer,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Fine => Self::from(0),
            Exit::Problem => Self::from(1),
            Exit::Usage => Self::from(2),
            Exit::NoServer => Self::from(3),
        }
    }
}

/// Parses the command line and does what it says.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let out = Out::of_process();
    let exit = match CommandLine::try_parse_from(arguments) {
        Ok(line) => dispatch(line.command, out).unwrap_or_else(|error| failed(&error, out)),
        Err(error) => {
            // Help and the version come this way too, on standard output.
            let usage = error.use_stderr();
            let _ = error.print();
            if usage { Exit::Usage } else { Exit::Fine }
        }
    };
    exit.into()
}

fn dispatch(command: Command, out: Out) -> anyhow::Result<Exit> {
    let environment = Environment::of_process();
    match command {
        Command::Demo(args) => demo::run(&args, &environment, out),
        Command::Serve(args) => serve::run(&args, &environment, out),
        Command::Init(args) => init::run(&args, out),
        Command::Doctor(args) => doctor::run(&args, &environment, out),
        Command::Policy(command) => policy::run(command, &environment, out),
        Command::Away(command) => away::run(command, &environment, out),
        Command::Audit(command) => audit::run(command, &environment, out),
        Command::People(command) => people::run(command, &environment, out),
        Command::Request(command) => request::run(command, &environment, out),
        Command::Completions(args) => completions::run(&args, &mut CommandLine::command(), out),
    }
}

fn failed(error: &anyhow::Error, out: Out) -> Exit {
    // Who closes the pipe has read enough.
    if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        return Exit::Fine;
    }
    out.complain(told(error));
    match error.downcast_ref::<ClientError>() {
        Some(ClientError::NoServer { .. }) => Exit::NoServer,
        Some(
            ClientError::Forbidden { .. }
            | ClientError::Silent
            | ClientError::Garbled(_)
            | ClientError::Broken(_),
        )
        | None => Exit::Problem,
    }
}

/// An error with its causes, each said once: some errors say their cause themselves.
fn told(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |said, cause| {
        let cause = cause.to_string();
        match (said.is_empty(), said.contains(&cause)) {
            (true, _) => cause,
            (false, true) => said,
            (false, false) => format!("{said}: {cause}"),
        }
    })
}
