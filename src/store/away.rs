//! Who is away, and who is asked in their place: one row a person.

use rusqlite::{Connection, params};

use super::columns::{parse, time};
use super::{StoreError, Tx};
use crate::ids::PersonId;
use crate::policy::{Away, Aways};
use crate::time::Timestamp;

impl Tx<'_> {
    /// Everybody who is away; also whose time is over, until the next change.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn away(&mut self) -> Result<Aways, StoreError> {
        away(self.conn()?)
    }

    /// Keeps that somebody is away, in the place of what was kept before, and forgets those whose time is over.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn put_away(&mut self, person: &PersonId, away: &Away, now: Timestamp) -> Result<(), StoreError> {
        let conn = self.conn()?;
        conn.prepare_cached("DELETE FROM away WHERE until <= ?1")?.execute([now.millis()])?;
        let mut sql = conn.prepare_cached(
            "INSERT OR REPLACE INTO away (person, since, until, delegate, because) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        sql.execute(params![
            person.as_str(),
            away.since.millis(),
            away.until.millis(),
            away.delegate.as_ref().map(PersonId::as_str),
            away.because,
        ])?;
        Ok(())
    }

    /// Forgets that somebody is away.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn clear_away(&mut self, person: &PersonId) -> Result<(), StoreError> {
        self.conn()?.prepare_cached("DELETE FROM away WHERE person = ?1")?.execute([person.as_str()])?;
        Ok(())
    }
}

pub(super) fn away(conn: &Connection) -> Result<Aways, StoreError> {
    let mut sql = conn.prepare_cached("SELECT person, since, until, delegate, because FROM away")?;
    let mut rows = sql.query([])?;
    let mut all = Aways::new();
    while let Some(row) = rows.next()? {
        let person: PersonId = parse("who is away", &row.get::<_, String>(0)?)?;
        let delegate: Option<String> = row.get(3)?;
        let delegate = delegate.map(|id| parse(&format!("the delegate of {person}"), &id)).transpose()?;
        let away =
            Away { since: time(row.get(1)?), until: time(row.get(2)?), delegate, because: row.get(4)? };
        all.insert(person, away);
    }
    Ok(all)
}
