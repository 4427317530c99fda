//! Hook commands: what an operator lets an adapter run on this machine. There is no shell: the command is a list of
//! arguments, and a login is put into them as text. It runs in an emptied environment, within a time-out that ends
//! its whole process group, and only the beginning of its output is kept. What it leaves running in the background
//! must not keep its output open, or it counts as not ended.

use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use crate::time::Span;

/// Where the login goes.
const PLACEHOLDER: &str = "{login}";
const ARGUMENTS_MOST: usize = 64;
const ARGUMENT_LIMIT: usize = 4096;
/// What is kept of each output; the rest is read and dropped, so that the command does not hang on a full pipe.
const OUTPUT_LIMIT: usize = 4096;
/// What is told of an output.
const TOLD_LIMIT: usize = 200;
const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// EX_TEMPFAIL of sysexits.h.
const EXIT_RETRY: i32 = 75;
const EXIT_NONE_THERE: i32 = 3;

/// A command that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hook {
    program: String,
    arguments: Vec<String>,
    time_out: Span,
}

/// What a hook came to, when it came to something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ran {
    /// Exit code 0, with what it printed.
    Ok(String),
    /// Exit code 3: there was nothing to do.
    NoneThere,
}

/// Why a hook came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum HookError {
    /// Exit code 75.
    #[error("`{program}` asked for another try (exit code 75){said}")]
    Retry { program: String, said: String },
    /// It was ended.
    #[error("`{program}` did not end within {time_out}, so it was killed")]
    TimedOut { program: String, time_out: Span },
    /// Not started.
    #[error("`{program}` could not be started: {error}")]
    NotStarted { program: String, error: String },
    /// Another exit code, or a signal.
    #[error("`{program}` failed ({status}){said}")]
    Failed { program: String, status: String, said: String },
    /// It answered something else than it should.
    #[error("`{program}` printed `{said}`; it must print one whole number and nothing else")]
    NotANumber { program: String, said: String },
}

impl HookError {
    /// Whether another try can help.
    pub(super) const fn is_passing(&self) -> bool {
        match self {
            Self::Retry { .. } | Self::TimedOut { .. } => true,
            Self::NotStarted { .. } | Self::Failed { .. } | Self::NotANumber { .. } => false,
        }
    }
}

impl Hook {
    /// Understands a command.
    ///
    /// # Errors
    /// Says what to write instead.
    pub(super) fn parse(argv: &[&str], time_out: Span) -> Result<Self, String> {
        let Some((program, arguments)) = argv.split_first() else {
            return Err(
                "is empty; write the command as a list: `[\"/usr/local/bin/end-sessions\", \"{login}\"]`"
                    .to_owned(),
            );
        };
        if !program.starts_with('/') {
            return Err(format!("must begin with the absolute path of a program, not `{program}`"));
        }
        if let Some(odd) = argv.iter().find(|part| part.replace(PLACEHOLDER, "").contains(['{', '}'])) {
            return Err(format!("has `{odd}`; the only placeholder is `{PLACEHOLDER}`"));
        }
        if program.contains(PLACEHOLDER) || !arguments.iter().any(|part| part.contains(PLACEHOLDER)) {
            return Err(format!(
                "must have `{PLACEHOLDER}` in one of the arguments, or it would act on nobody"
            ));
        }
        let arguments = arguments.iter().map(|part| (*part).to_owned()).collect();
        Ok(Self { program: (*program).to_owned(), arguments, time_out })
    }

    /// The limits for the parts of a command.
    pub(super) const fn limits() -> (usize, usize) {
        (ARGUMENT_LIMIT, ARGUMENTS_MOST)
    }

    /// The program, as it is written.
    pub(super) fn program(&self) -> &Path {
        Path::new(&self.program)
    }

    /// Runs it for a login.
    ///
    /// # Errors
    /// When it was not started, was killed, or ended with a code that is neither 0 nor 3.
    pub(super) async fn run(&self, login: &str) -> Result<Ran, HookError> {
        let program = || self.program.clone();
        let started = Command::new(&self.program)
            .args(self.arguments.iter().map(|part| part.replace(PLACEHOLDER, login)))
            .env_clear()
            .env("PATH", SEARCH_PATH)
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        let mut child = started
            .map_err(|error| HookError::NotStarted { program: program(), error: error.to_string() })?;
        // Dropped with this future too, when the one who waits for it gives up.
        let mut group = Group::of(&child);
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let ended = async { tokio::join!(child.wait(), beginning(stdout), beginning(stderr)) };
        let Ok((status, stdout, stderr)) = tokio::time::timeout(self.time_out.duration(), ended).await else {
            return Err(HookError::TimedOut { program: program(), time_out: self.time_out });
        };
        group.let_be();
        let status = status.map_err(|error| HookError::Failed {
            program: program(),
            status: error.to_string(),
            said: String::new(),
        })?;
        match status.code() {
            Some(0) => Ok(Ran::Ok(stdout)),
            Some(EXIT_NONE_THERE) => Ok(Ran::NoneThere),
            Some(EXIT_RETRY) => Err(HookError::Retry { program: program(), said: told(&stderr) }),
            Some(_) | None => {
                let status = status.to_string();
                Err(HookError::Failed { program: program(), status, said: told(&stderr) })
            }
        }
    }

    /// Runs it for a login and reads the number that it prints.
    ///
    /// # Errors
    /// As [`Hook::run`], and when it prints something else.
    pub(super) async fn count(&self, login: &str) -> Result<u64, HookError> {
        match self.run(login).await? {
            Ran::NoneThere => Ok(0),
            Ran::Ok(text) => text
                .trim()
                .parse()
                .map_err(|_| HookError::NotANumber { program: self.program.clone(), said: one_line(&text) }),
        }
    }
}

/// The process group of a command that runs: killed when this is dropped, unless the command has ended.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw))
    }

    fn let_be(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended by itself just now.
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

/// The beginning of an output, read to its end.
async fn beginning(output: Option<impl AsyncRead + Unpin>) -> String {
    let mut kept = Vec::new();
    if let Some(mut output) = output {
        let mut part = [0; 1024];
        while let Ok(read @ 1..) = output.read(&mut part).await {
            let room = OUTPUT_LIMIT.saturating_sub(kept.len());
            kept.extend(part.iter().take(read.min(room)));
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

fn told(stderr: &str) -> String {
    let said = one_line(stderr);
    if said.is_empty() { said } else { format!(": {said}") }
}

/// Foreign text as one short line without control characters.
fn one_line(text: &str) -> String {
    let printable = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    printable.take(TOLD_LIMIT).collect()
}
