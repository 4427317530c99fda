//! Records and the chain of hashes that ties each to the one before it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::canonical::{NotCanonical, write_text, write_value};
use crate::ids::RequestId;
use crate::time::Timestamp;

/// Keeps a record's hash apart from any other SHA-256 of the same bytes.
const RECORD_DOMAIN: &[u8] = b"jitney audit record v1\0";
/// The same for the hash that the first record is chained on.
const GENESIS_DOMAIN: &[u8] = b"jitney audit genesis v1\0";

/// SHA-256; prints and parses as 64 lower-case hex digits, and nothing else parses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash([u8; 32]);

/// The text is not a hash.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a hash: write 64 of 0-9 and a-f")]
pub struct HashError;

impl Hash {
    /// From the 32 bytes that the store keeps.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes that the store keeps.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn over(domain: &[u8], bytes: &[u8]) -> Self {
        Self(Sha256::new().chain_update(domain).chain_update(bytes).finalize().into())
    }

    fn write_hex(self, out: &mut String) {
        for byte in self.0 {
            out.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or_default());
            out.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or_default());
        }
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hex = String::with_capacity(64);
        self.write_hex(&mut hex);
        f.write_str(&hex)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = HashError;
    fn from_str(text: &str) -> Result<Self, HashError> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(HashError);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            for &digit in pair {
                let value = match digit {
                    b'0'..=b'9' => digit - b'0',
                    b'a'..=b'f' => digit - b'a' + 10,
                    _ => return Err(HashError),
                };
                *byte = (*byte << 4) | value;
            }
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Hash {
    type Error = HashError;
    fn try_from(text: String) -> Result<Self, HashError> {
        text.parse()
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

/// The newest record's place and hash: whoever remembers it elsewhere can tell later whether the log up to it
/// was touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The record's number; 0 when there is none yet.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
}

impl Head {
    /// What the first record of an instance is chained on.
    #[must_use]
    pub fn genesis(instance_id: &str) -> Self {
        Self { seq: 0, hash: Hash::over(GENESIS_DOMAIN, instance_id.as_bytes()) }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its number, from 1, without gaps.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What happened, in the past tense: `submitted`, `approved`, `refused`.
    pub kind: String,
    /// To which request, when to one.
    pub request: Option<RequestId>,
    /// Who, on which terms, and how. Whole numbers only.
    pub body: Value,
    /// The hash of the record before.
    pub prev: Hash,
    /// The hash over all of the above.
    pub hash: Hash,
}

impl Record {
    /// The record that follows `prev`.
    ///
    /// # Errors
    /// The body holds a number that is not whole.
    pub fn chain(
        prev: &Head,
        at: Timestamp,
        kind: &str,
        request: Option<RequestId>,
        body: Value,
    ) -> Result<Self, NotCanonical> {
        let mut record = Self {
            seq: prev.seq + 1,
            at,
            kind: kind.to_owned(),
            request,
            body,
            prev: prev.hash,
            hash: prev.hash,
        };
        record.hash = record.rehash()?;
        Ok(record)
    }

    /// The head of a log that ends with this record.
    #[must_use]
    pub const fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash }
    }

    /// The head that this record says it follows: where the verification of a part of a log starts.
    #[must_use]
    pub const fn before(&self) -> Head {
        Head { seq: self.seq.saturating_sub(1), hash: self.prev }
    }

    /// The hash that the record ought to have.
    ///
    /// # Errors
    /// The body holds a number that is not whole.
    pub fn rehash(&self) -> Result<Hash, NotCanonical> {
        let mut text = String::with_capacity(1024);
        self.write(&mut text, None)?;
        Ok(Hash::over(RECORD_DOMAIN, text.as_bytes()))
    }

    /// Appends the canonical text, keys in order; with the hash for a line, without it to be hashed.
    pub(super) fn write(&self, out: &mut String, hash: Option<Hash>) -> Result<(), NotCanonical> {
        use std::fmt::Write as _;
        let _ = write!(out, "{{\"at\":{},\"body\":", self.at.millis());
        write_value(out, &self.body)?;
        if let Some(hash) = hash {
            out.push_str(",\"hash\":\"");
            hash.write_hex(out);
            out.push('"');
        }
        out.push_str(",\"kind\":");
        write_text(out, &self.kind);
        out.push_str(",\"prev\":\"");
        self.prev.write_hex(out);
        out.push_str("\",\"request\":");
        match self.request {
            Some(request) => {
                let _ = write!(out, "\"{request}\"");
            }
            None => out.push_str("null"),
        }
        let _ = write!(out, ",\"seq\":{}}}", self.seq);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_one_spelling() {
        let hash = Head::genesis("7f3a").hash;
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for text in ["", "00", &hash.to_string().to_uppercase(), &format!("{hash}0"), &"g".repeat(64)] {
            assert_eq!(text.parse::<Hash>(), Err(HashError), "{text}");
        }
    }

    #[test]
    fn two_instances_never_share_a_genesis() {
        assert_ne!(Head::genesis("a"), Head::genesis("b"));
    }
}
