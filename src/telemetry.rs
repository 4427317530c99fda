//! What Jitney tells of itself while it runs: lines on standard error, for people on a terminal and as JSON for
//! machines. Values that may be secret are of types that don't show themselves, so none can slip in here.

use std::io::{self, IsTerminal};

use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Environment, Variable};

/// Without JITNEY_LOG: our own doings, and what others warn of.
const DEFAULT_FILTER: &str = "warn,jitney=info";

/// Why nothing is logged.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// JITNEY_LOG is no filter.
    #[error("JITNEY_LOG: {0}; write a filter such as `info` or `jitney=debug,warn`")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Something logs already.
    #[error("logging was set up twice: {0}")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Begins to log to standard error.
///
/// # Errors
/// When JITNEY_LOG is no filter, or when it was begun before.
pub fn start(environment: &Environment) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(environment.get(Variable::Log).unwrap_or(DEFAULT_FILTER))?;
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    if io::stderr().is_terminal() {
        let colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        registry.with(lines.with_ansi(colours).with_target(false)).try_init()?;
    } else {
        registry.with(lines.json().flatten_event(true)).try_init()?;
    }
    Ok(())
}
