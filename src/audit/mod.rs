//! The tamper-evident log, as values: the canonical bytes of a record, the chain of hashes, its verification,
//! and the formats that auditors take away. Pure: who keeps the records and who anchors a [`Head`] outside is
//! somebody else's business.
//!
//! Each record's hash covers the record before it, so a record that was changed, removed or moved shows at the
//! first verification. A tail that was cut, or a log that was rehashed as a whole, shows only against a head
//! that was remembered elsewhere ([`Verifier::remember`]).

mod canonical;
mod chain;
mod csv;
mod line;
mod verify;

pub use canonical::NotCanonical;
pub use chain::{Hash, HashError, Head, Record};
pub use csv::{csv_header, to_csv_row};
pub use line::{LineError, from_json_line, to_json_line};
pub use verify::{Break, BreakCause, CLOCK_RESET, Verifier};
