//! Between our values and the database's. What does not decode is named.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use crate::ids::RequestId;
use crate::lifecycle::Urgency;
use crate::time::Timestamp;

/// A request's number as a column.
pub(super) const fn number(id: RequestId) -> i64 {
    id.number().cast_signed()
}

/// A request's id from its column.
pub(super) const fn request_id(number: i64) -> RequestId {
    RequestId::from_number(number.cast_unsigned())
}

/// A time from its column.
pub(super) const fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A time that may be missing, as a column.
pub(super) fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::millis)
}

/// A small count or number from its column.
pub(super) fn small(row: &str, value: i64) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|_| StoreError::corrupt(row, format_args!("{value} is out of range")))
}

/// Urgency as a column: the most urgent is the least.
pub(super) const fn urgency_number(urgency: Urgency) -> i64 {
    match urgency {
        Urgency::Revocation => 0,
        Urgency::Access => 1,
        Urgency::Quiet => 2,
    }
}

/// A limit as SQL wants it.
pub(super) fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

/// A value as JSON text.
pub(super) fn to_json(row: &str, value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::corrupt(row, error))
}

/// A value from its JSON text.
pub(super) fn from_json<T: DeserializeOwned>(row: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::corrupt(row, error))
}

/// A typed id from its text.
pub(super) fn parse<T>(row: &str, text: &str) -> Result<T, StoreError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| StoreError::corrupt(row, error))
}
