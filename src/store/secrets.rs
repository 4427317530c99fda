//! Sealed credentials. They come sealed, and are overwritten when they are erased.

use rusqlite::{OptionalExtension as _, params};

use super::columns::number;
use super::{StoreError, Tx};
use crate::ids::RequestId;
use crate::time::Timestamp;

impl Tx<'_> {
    /// Keeps a grant's sealed credential before the call that uses it. One that is kept already stands, so that
    /// a call that is repeated issues the same; whether this one was kept.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn put_secret(
        &mut self,
        request: RequestId,
        sealed: &[u8],
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut sql = self.conn()?.prepare_cached(
            "INSERT INTO secrets (request, sealed, at) VALUES (?1, ?2, ?3) ON CONFLICT (request) DO NOTHING",
        )?;
        Ok(sql.execute(params![number(request), sealed, at.millis()])? > 0)
    }

    /// The grant's sealed credential; none when there was none or it was erased.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn secret(&mut self, request: RequestId) -> Result<Option<Vec<u8>>, StoreError> {
        let mut sql = self.conn()?.prepare_cached("SELECT sealed FROM secrets WHERE request = ?1")?;
        Ok(sql.query_row([number(request)], |row| row.get(0)).optional()?)
    }

    /// Erases the grant's credential; whether there was one.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn erase_secrets(&mut self, request: RequestId) -> Result<bool, StoreError> {
        let mut sql = self.conn()?.prepare_cached("DELETE FROM secrets WHERE request = ?1")?;
        Ok(sql.execute([number(request)])? > 0)
    }

    /// How many credentials are kept.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn count_secrets(&mut self) -> Result<u64, StoreError> {
        let mut sql = self.conn()?.prepare_cached("SELECT count(*) FROM secrets")?;
        let count: i64 = sql.query_row([], |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }
}
