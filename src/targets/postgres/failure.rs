//! Why a call to PostgreSQL came to nothing, judged by SQLSTATE (postgresql.org/docs, "PostgreSQL Error Codes").

use std::error::Error as _;

use tokio_postgres::Error;

use super::words;
use crate::lifecycle::Outcome;

/// What is told of a server's message.
const TOLD_LIMIT: usize = 400;

/// What was under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// Opening a connection.
    Entering,
    /// Looking.
    Reading,
    /// Changing something.
    Writing,
}

/// Why a call came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    /// Another try can help.
    #[error("{error}")]
    Passing {
        /// In words.
        error: String,
        /// Whether the change may be there, or may still come.
        may_have_landed: bool,
    },
    /// Somebody must mend something first.
    #[error("{error}")]
    Lasting {
        /// In words.
        error: String,
    },
}

impl Failure {
    /// Another try can help, and nothing was changed.
    pub(super) fn passing(error: impl Into<String>) -> Self {
        Self::Passing { error: error.into(), may_have_landed: false }
    }

    /// Somebody must mend something first.
    pub(super) fn lasting(error: impl Into<String>) -> Self {
        Self::Lasting { error: error.into() }
    }

    /// Of what the client library says.
    pub(super) fn of(error: &Error, doing: Doing) -> Self {
        match error.as_db_error() {
            Some(told) => {
                let code = told.code().code();
                let detail = told.detail().map(|detail| format!("; {detail}")).unwrap_or_default();
                let error = one_line(&format!("{}{detail} (SQLSTATE {code})", told.message()));
                match is_passing(code) {
                    true => Self::Passing {
                        error,
                        may_have_landed: doing == Doing::Writing && is_broken_off(code),
                    },
                    false => Self::Lasting { error },
                }
            }
            None if is_certificate(error) => Self::lasting(words::certificate(&chain(error))),
            None => Self::Passing { error: chain(error), may_have_landed: doing == Doing::Writing },
        }
    }
}

/// As an outcome.
pub(super) fn settle(result: Result<Outcome, Failure>) -> Outcome {
    match result {
        Ok(outcome) => outcome,
        Err(Failure::Passing { error, may_have_landed }) => {
            Outcome::Retry { error, after: None, may_have_landed }
        }
        Err(Failure::Lasting { error }) => Outcome::Fatal { error },
    }
}

/// Whether another try can help.
fn is_passing(code: &str) -> bool {
    const CODES: &[&str] = &[
        "23505", // unique violation: two made the same role at once
        "25006", // read only: failed over, and this is a standby now
        "40001", "40P01", // serialization, deadlock
        "42710", // there already: made meanwhile
        "55006", // in use
        "55P03", // lock not available in time
        "57014", // cancelled, by the statement time-out too
        "XX000", // internal; also "tuple concurrently updated"
    ];
    const CLASSES: &[&str] = &[
        "08",  // connection
        "53",  // out of connections, memory, disk
        "57P", // shutting down, crashed, starting
        "58",  // system error
    ];
    CODES.contains(&code) || CLASSES.iter().any(|class| code.starts_with(class))
}

/// Whether the server broke off without saying how far it came.
fn is_broken_off(code: &str) -> bool {
    ["08", "57P"].iter().any(|class| code.starts_with(class))
}

fn is_certificate(error: &Error) -> bool {
    let inner = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
    let tls = inner.and_then(std::io::Error::get_ref).and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(tls, Some(rustls::Error::InvalidCertificate(_)))
}

/// An error with what caused it.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    one_line(&text)
}

fn one_line(text: &str) -> String {
    let printable = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    printable.take(TOLD_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlstates_are_judged() {
        for code in ["40001", "40P01", "53300", "55P03", "57P01", "57P03", "08006", "25006", "XX000", "58030"]
        {
            assert!(is_passing(code), "{code}");
        }
        for code in ["28P01", "28000", "42501", "3D000", "2BP01", "42704", "22P05", "0LP01"] {
            assert!(!is_passing(code), "{code}");
        }
        assert!(is_broken_off("57P01") && !is_broken_off("57014"));
    }
}
