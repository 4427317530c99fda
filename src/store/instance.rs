//! Facts of the instance, and the answers that duplicates are given.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::columns::{from_json, limit, request_id, time, to_json};
use super::{StoreError, Tx};
use crate::ids::{DedupeKey, RequestId};
use crate::lifecycle::Answer;
use crate::time::Timestamp;

/// The instance's id: random hex, made with the database. The audit log begins with it.
pub(super) fn instance_id(conn: &Connection) -> Result<String, StoreError> {
    Ok(conn.prepare_cached("SELECT id FROM instance WHERE one = 1")?.query_row([], |row| row.get(0))?)
}

impl Tx<'_> {
    /// The instance's id: random hex, made with the database. The audit log begins with it.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn instance_id(&mut self) -> Result<String, StoreError> {
        instance_id(self.conn()?)
    }

    /// The engine's last committed now.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn last_now(&mut self) -> Result<Timestamp, StoreError> {
        let mut sql = self.conn()?.prepare_cached("SELECT last_now FROM instance WHERE one = 1")?;
        Ok(time(sql.query_row([], |row| row.get(0))?))
    }

    /// Keeps the engine's now. Only an operator's reset takes it back.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn set_last_now(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let mut sql = self.conn()?.prepare_cached("UPDATE instance SET last_now = ?1 WHERE one = 1")?;
        sql.execute([now.millis()])?;
        Ok(())
    }

    /// Has the commit write and sync something even when nothing else changes, and with it whatever an earlier process
    /// wrote and did not sync.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn sync_anyway(&mut self) -> Result<(), StoreError> {
        // There and back: a row that is set to what it is would be left alone, and nothing synced.
        for sql in [
            "UPDATE instance SET last_now = last_now + 1 WHERE one = 1",
            "UPDATE instance SET last_now = last_now - 1 WHERE one = 1",
        ] {
            self.conn()?.prepare_cached(sql)?.execute([])?;
        }
        Ok(())
    }

    /// The id of the key that seals credentials: this one, unless the database was made with another.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn sealing_key(&mut self, id: &str) -> Result<String, StoreError> {
        let conn = self.conn()?;
        let mut sql = conn.prepare_cached("SELECT key_id FROM instance WHERE one = 1")?;
        // Written once: a start on a full disk has no room to write the same again.
        if let Some(known) = sql.query_row([], |row| row.get(0))? {
            return Ok(known);
        }
        conn.prepare_cached("UPDATE instance SET key_id = ?1 WHERE one = 1")?.execute([id])?;
        Ok(id.to_owned())
    }

    /// Takes the id of the next request; a savepoint that is taken back gives it back.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn next_request_id(&mut self) -> Result<RequestId, StoreError> {
        let mut sql = self.conn()?.prepare_cached(
            "UPDATE instance SET next_request = next_request + 1 WHERE one = 1 RETURNING next_request - 1",
        )?;
        Ok(request_id(sql.query_row([], |row| row.get(0))?))
    }

    /// What the input with this key was answered.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn answer(&mut self, key: &DedupeKey) -> Result<Option<Answer>, StoreError> {
        let mut sql = self.conn()?.prepare_cached("SELECT answer FROM answers WHERE key = ?1")?;
        let found: Option<String> = sql.query_row([key.as_str()], |row| row.get(0)).optional()?;
        found.map(|text| from_json(&format!("the answer to `{key}`"), &text)).transpose()
    }

    /// Keeps an answer. The first one for a key stands.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn put_answer(&mut self, key: &DedupeKey, answer: &Answer, at: Timestamp) -> Result<(), StoreError> {
        let text = to_json("an answer", answer)?;
        let mut sql = self.conn()?.prepare_cached(
            "INSERT INTO answers (key, answer, at) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO NOTHING",
        )?;
        sql.execute(params![key.as_str(), text, at.millis()])?;
        Ok(())
    }

    /// Forgets at most `most` answers given before `older_than`, oldest first; how many it were.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn prune_answers(&mut self, older_than: Timestamp, most: usize) -> Result<usize, StoreError> {
        let mut sql = self.conn()?.prepare_cached(PRUNE_ANSWERS)?;
        Ok(sql.execute(params![older_than.millis(), limit(most)])?)
    }
}

pub(super) const PRUNE_ANSWERS: &str =
    "DELETE FROM answers WHERE key IN (SELECT key FROM answers WHERE at < ?1 ORDER BY at LIMIT ?2)";
