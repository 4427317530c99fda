//! What a source told, cut into parts to be kept, and put together again.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::directory;
use crate::engine::{FactsPart, Told};
use crate::ids::PersonId;
use crate::policy::{People, Person};
use crate::time::{Span, Timestamp};

/// The name of the people file among the sources.
pub const PEOPLE_FILE: &str = "file";

/// What was kept of a source.
#[derive(Debug, Clone)]
pub struct KeptFacts {
    /// Its name.
    pub source: String,
    /// Of when it is.
    pub as_of: Timestamp,
    /// The state of it.
    pub mark: String,
    /// Part by part.
    pub parts: Vec<String>,
}

impl KeptFacts {
    /// What a source besides the people file told.
    ///
    /// # Errors
    /// When it was kept by another version.
    pub fn told(&self) -> Result<Vec<directory::Told>, serde_json::Error> {
        let parts: Result<Vec<Vec<directory::Told>>, _> =
            self.parts.iter().map(|part| serde_json::from_str(part)).collect();
        Ok(parts?.into_iter().flatten().collect())
    }

    /// The people of the people file.
    ///
    /// # Errors
    /// When they were kept by another version.
    pub fn people(&self, max_age: Span) -> Result<People, serde_json::Error> {
        let parts: Result<Vec<Vec<Person>>, _> =
            self.parts.iter().map(|part| serde_json::from_str(part)).collect();
        Ok(People::new(parts?.into_iter().flatten(), self.as_of, max_age))
    }
}

/// The people file's people, to be kept.
pub(super) fn people_parts(people: &People) -> Vec<FactsPart> {
    // Whose account it is that the file does not name is kept elsewhere.
    let unbound = |person: &Person| Person { slack: None, ..person.clone() };
    let of_file = people.iter().map(|person| {
        let person = if people.is_bound(&person.id) { unbound(person) } else { person.clone() };
        (person.id.as_str().to_owned(), person)
    });
    parts(of_file.collect::<Vec<_>>().iter().map(|(key, person)| (key.as_str(), person)))
}

/// What another source told, to be kept.
#[must_use]
pub fn told_of(source: &str, as_of: Timestamp, told: &[directory::Told]) -> Told {
    let facts = parts(told.iter().map(|told| (told.whose.as_str(), told)));
    let mark = mark_of(&facts);
    Told { source: source.to_owned(), as_of, mark, facts: Some(facts) }
}

/// The state of what a source told.
pub(super) fn mark_of(parts: &[FactsPart]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update([part.number]);
        hash.update(part.digest.as_bytes());
    }
    hex(&hash.finalize())
}

/// By the first byte of a hash of whose they are, so that a change of one person is a change of one part.
fn parts<'t, T: Serialize + 't>(told: impl Iterator<Item = (&'t str, &'t T)>) -> Vec<FactsPart> {
    let mut by_number: BTreeMap<u8, BTreeMap<&str, &T>> = BTreeMap::new();
    for (whose, told) in told {
        let number = Sha256::digest(whose.as_bytes()).first().copied().unwrap_or_default();
        by_number.entry(number).or_default().insert(whose, told);
    }
    let part = |(number, told): (u8, BTreeMap<&str, &T>)| {
        // These are plain values, which JSON always takes.
        let facts =
            serde_json::to_string(&told.values().collect::<Vec<_>>()).unwrap_or_else(|_| "[]".to_owned());
        FactsPart { number, digest: hex(&Sha256::digest(facts.as_bytes())), facts }
    };
    by_number.into_iter().map(part).collect()
}

/// The first digits, for people.
pub(super) fn short(hex: &str) -> String {
    hex.chars().take(12).collect()
}

/// The state of several sources together.
pub(super) fn together<'t>(marks: impl Iterator<Item = (&'t str, &'t str)>) -> String {
    let mut hash = Sha256::new();
    for (source, mark) in marks {
        hash.update(source.as_bytes());
        hash.update([0]);
        hash.update(mark.as_bytes());
        hash.update([0]);
    }
    short(&hex(&hash.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whose an account is that the file does not name.
pub(super) fn bound_account(people: &Arc<People>) -> impl Fn(&crate::ids::SlackUserId) -> Option<PersonId> {
    let people = Arc::clone(people);
    move |account| {
        people.by_slack(account).filter(|person| people.is_bound(&person.id)).map(|person| person.id.clone())
    }
}
