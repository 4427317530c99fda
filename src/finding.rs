//! What a check of the surroundings found: `jitney doctor` gathers them from the edges.

use std::fmt::Display;

use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How it is.
    pub grade: Grade,
    /// What was seen, in a sentence without secrets.
    pub says: String,
    /// How to mend it; none when it is fine, or when `says` says it too.
    pub mend: Option<String>,
}

/// How a thing that was looked at is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// As it should be.
    Ok,
    /// Jitney runs, but somebody should look.
    Warn,
    /// Jitney does not run, or not as it should.
    Fail,
}

impl Finding {
    /// As it should be.
    pub fn ok(says: impl Into<String>) -> Self {
        Self { grade: Grade::Ok, says: says.into(), mend: None }
    }

    /// Somebody should look.
    pub fn warn(says: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { grade: Grade::Warn, says: says.into(), mend: Some(mend.into()) }
    }

    /// It does not work.
    pub fn fail(says: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { grade: Grade::Fail, says: says.into(), mend: Some(mend.into()) }
    }

    /// It does not work, by an error whose sentence goes on with how to mend it after a semicolon.
    pub fn of_error(error: &dyn Display) -> Self {
        let text = error.to_string();
        match text.split_once("; ") {
            Some((says, mend)) => Self::fail(says, mend),
            None => Self { grade: Grade::Fail, says: text, mend: None },
        }
    }
}
