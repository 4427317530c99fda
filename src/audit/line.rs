//! JSON Lines: one record a line, in canonical form, so that each byte of a line is covered by what is checked.

use thiserror::Error;

use super::{NotCanonical, Record};

/// Why a line is not a record.
#[derive(Debug, Error)]
pub enum LineError {
    /// Not JSON, or not a record's fields.
    #[error("the line is not an audit record: {0}")]
    Form(#[from] serde_json::Error),
    /// A number that is not whole.
    #[error(transparent)]
    Number(#[from] NotCanonical),
    /// The same values, spelt otherwise than we spell them.
    #[error("the line is not in canonical form (sorted keys, no spaces), so it was changed after the export")]
    Spelling,
}

/// The record as one line, without a line end.
#[must_use]
pub fn to_json_line(record: &Record) -> String {
    let mut line = String::with_capacity(1024);
    match record.write(&mut line, Some(record.hash)) {
        Ok(()) => line,
        // Only a record that nobody chained comes here: written as it is, it is refused when it is read.
        Err(NotCanonical { .. }) => serde_json::to_string(record).unwrap_or_default(),
    }
}

/// Reads a line that [`to_json_line`] wrote, with or without its line end. Whether the hashes hold is for the
/// verifier to say.
///
/// # Errors
/// Says what is wrong with the line.
pub fn from_json_line(line: &str) -> Result<Record, LineError> {
    let line = line.strip_suffix('\n').unwrap_or(line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let record: Record = serde_json::from_str(line)?;
    let mut canonical = String::with_capacity(line.len());
    record.write(&mut canonical, Some(record.hash))?;
    if canonical == line { Ok(record) } else { Err(LineError::Spelling) }
}
