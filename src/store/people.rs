//! What sources told last, and whose facts changed since their requests were judged.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::columns::{limit, parse, time};
use super::{StoreError, Tx};
use crate::engine::{FactsPart, Told};
use crate::ids::PersonId;
use crate::time::Timestamp;

/// What a source told last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSource {
    /// Its name.
    pub source: String,
    /// Of when it is.
    pub as_of: Timestamp,
    /// The state of it.
    pub mark: String,
}

/// What each source told last, by name.
pub(super) fn kept_sources(conn: &Connection) -> Result<Vec<KeptSource>, StoreError> {
    let mut sql = conn.prepare_cached("SELECT name, as_of, mark FROM sources ORDER BY name")?;
    let rows = sql.query_map([], |row| {
        Ok(KeptSource { source: row.get(0)?, as_of: time(row.get(1)?), mark: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A source's facts, part by part, as it told them.
pub(super) fn kept_facts(conn: &Connection, source: &str) -> Result<Vec<String>, StoreError> {
    let mut sql = conn.prepare_cached("SELECT facts FROM source_facts WHERE source = ?1 ORDER BY part")?;
    let rows = sql.query_map([source], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Tx<'_> {
    /// What each source told last, by name.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn kept_sources(&mut self) -> Result<Vec<KeptSource>, StoreError> {
        kept_sources(self.conn()?)
    }

    /// A source's facts, part by part, as it told them.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn kept_facts(&mut self, source: &str) -> Result<Vec<String>, StoreError> {
        kept_facts(self.conn()?, source)
    }

    /// Keeps what a source told; without parts, that it told the same again. Only parts that differ are written.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn keep_source(&mut self, told: &Told) -> Result<(), StoreError> {
        let conn = self.conn()?;
        conn.prepare_cached(
            "INSERT INTO sources (name, as_of, mark) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET as_of = ?2, mark = ?3",
        )?
        .execute(params![told.source, told.as_of.millis(), told.mark])?;
        let Some(parts) = &told.facts else { return Ok(()) };
        let mut sql = conn.prepare_cached("SELECT part, digest FROM source_facts WHERE source = ?1")?;
        let rows = sql.query_map([&told.source], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut had: BTreeMap<u8, String> = rows.collect::<Result<_, _>>()?;
        for FactsPart { number, digest, facts } in parts {
            if had.remove(number).as_ref() != Some(digest) {
                conn.prepare_cached(
                    "INSERT INTO source_facts (source, part, digest, facts) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (source, part) DO UPDATE SET digest = ?3, facts = ?4",
                )?
                .execute(params![told.source, number, digest, facts])?;
            }
        }
        for number in had.keys() {
            conn.prepare_cached("DELETE FROM source_facts WHERE source = ?1 AND part = ?2")?
                .execute(params![told.source, number])?;
        }
        Ok(())
    }

    /// Notes people whose requests are to be judged again.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn add_moved(&mut self, people: &[PersonId]) -> Result<(), StoreError> {
        let mut sql = self.conn()?.prepare_cached("INSERT OR IGNORE INTO moved (person) VALUES (?1)")?;
        for person in people {
            sql.execute([person.as_str()])?;
        }
        Ok(())
    }

    /// Some of those whose requests are to be judged again.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn moved(&mut self, most: usize) -> Result<Vec<PersonId>, StoreError> {
        let mut sql = self.conn()?.prepare_cached("SELECT person FROM moved ORDER BY person LIMIT ?1")?;
        let mut rows = sql.query([limit(most)])?;
        let mut people = Vec::new();
        while let Some(row) = rows.next()? {
            people.push(parse("a person who moved", &row.get::<_, String>(0)?)?);
        }
        Ok(people)
    }

    /// Forgets one whose requests were judged.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn remove_moved(&mut self, person: &PersonId) -> Result<(), StoreError> {
        self.conn()?.prepare_cached("DELETE FROM moved WHERE person = ?1")?.execute([person.as_str()])?;
        Ok(())
    }
}
