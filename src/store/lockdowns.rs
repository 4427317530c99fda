//! Lockdowns: a person gets nothing new on a target while a revocation there is stuck.

use std::collections::BTreeSet;

use rusqlite::params;

use super::columns::{number, parse};
use super::{StoreError, Tx};
use crate::ids::{PersonId, RequestId, TargetId};
use crate::time::Timestamp;

pub(super) const LOCKDOWNS: &str = "SELECT target FROM lockdowns WHERE person = ?1";

impl Tx<'_> {
    /// Locks the person down on the target; placed already, it stays as it was.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn place_lockdown(
        &mut self,
        person: &PersonId,
        target: &TargetId,
        cause: RequestId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut sql = self.conn()?.prepare_cached(
            "INSERT INTO lockdowns (cause, target, person, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (cause, target) DO NOTHING",
        )?;
        sql.execute(params![number(cause), target.as_str(), person.as_str(), at.millis()])?;
        Ok(())
    }

    /// Lifts the lockdowns that this request placed; how many it were.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn lift_lockdowns(&mut self, cause: RequestId) -> Result<usize, StoreError> {
        let mut sql = self.conn()?.prepare_cached("DELETE FROM lockdowns WHERE cause = ?1")?;
        Ok(sql.execute([number(cause)])?)
    }

    /// Targets that the person is locked down on, by whatever cause.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn lockdowns(&mut self, person: &PersonId) -> Result<BTreeSet<TargetId>, StoreError> {
        self.targets(LOCKDOWNS, person.as_str())
    }

    fn targets(&self, sql: &'static str, of: impl rusqlite::ToSql) -> Result<BTreeSet<TargetId>, StoreError> {
        let mut sql = self.conn()?.prepare_cached(sql)?;
        let mut rows = sql.query([of])?;
        let mut targets = BTreeSet::new();
        while let Some(row) = rows.next()? {
            targets.insert(parse("a lockdown's target", &row.get::<_, String>(0)?)?);
        }
        Ok(targets)
    }
}
