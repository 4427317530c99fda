//! What people wrote in a card's thread.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::columns::{from_json, number, request_id, small, to_json};
use super::{StoreError, Tx};
use crate::engine::{Remark, Remarks};
use crate::ids::RequestId;

pub(super) const CARD_AT: &str =
    "SELECT request FROM messages WHERE view = '\"card\"' AND channel = ?1 AND ts = ?2";
pub(super) const BY_TS: &str = "SELECT body FROM remarks WHERE request = ?1 AND ts = ?2";
const BY_NUMBER: &str = "SELECT body FROM remarks WHERE request = ?1 AND number = ?2";
pub(super) const ALL: &str = "SELECT body FROM remarks WHERE request = ?1 ORDER BY number";
const LAST: &str = "SELECT max(number) FROM remarks WHERE request = ?1";
const PUT: &str = "INSERT INTO remarks (request, number, ts, body) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (request, number) DO UPDATE SET body = excluded.body";
const LEAVE_OUT: &str = "INSERT INTO remarks_left_out (request, count) VALUES (?1, 1)
    ON CONFLICT (request) DO UPDATE SET count = count + 1";

impl Tx<'_> {
    /// The request whose card stands there.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn card_at(&mut self, channel: &str, ts: &str) -> Result<Option<RequestId>, StoreError> {
        let mut sql = self.conn()?.prepare_cached(CARD_AT)?;
        Ok(sql.query_row(params![channel, ts], |row| row.get(0).map(request_id)).optional()?)
    }

    /// A remark by Slack's id of its message.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn remark_at(&mut self, request: RequestId, ts: &str) -> Result<Option<Remark>, StoreError> {
        let mut sql = self.conn()?.prepare_cached(BY_TS)?;
        let body: Option<String> =
            sql.query_row(params![number(request), ts], |row| row.get(0)).optional()?;
        body.map(|body| from_json(&format!("a remark on {request}"), &body)).transpose()
    }

    /// A remark by its number.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn remark(&mut self, request: RequestId, remark: u32) -> Result<Option<Remark>, StoreError> {
        let mut sql = self.conn()?.prepare_cached(BY_NUMBER)?;
        let body: Option<String> =
            sql.query_row(params![number(request), remark], |row| row.get(0)).optional()?;
        body.map(|body| from_json(&format!("remark {remark} on {request}"), &body)).transpose()
    }

    /// The number of the last remark; 0 when there is none.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn last_remark(&mut self, request: RequestId) -> Result<u32, StoreError> {
        let mut sql = self.conn()?.prepare_cached(LAST)?;
        let last: Option<i64> = sql.query_row([number(request)], |row| row.get(0))?;
        last.map_or(Ok(0), |last| small(&format!("a remark on {request}"), last))
    }

    /// Keeps a remark, or what became of it.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn put_remark(&mut self, request: RequestId, remark: &Remark) -> Result<(), StoreError> {
        let body = to_json("a remark", remark)?;
        let mut sql = self.conn()?.prepare_cached(PUT)?;
        sql.execute(params![number(request), remark.number, remark.ts, body])?;
        Ok(())
    }

    /// Counts a remark that is not kept.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn leave_remark_out(&mut self, request: RequestId) -> Result<(), StoreError> {
        self.conn()?.prepare_cached(LEAVE_OUT)?.execute([number(request)])?;
        Ok(())
    }

    /// Every remark on a request.
    ///
    /// # Errors
    /// When one can't be read.
    pub fn remarks(&mut self, request: RequestId) -> Result<Remarks, StoreError> {
        remarks(self.conn()?, request)
    }
}

/// Every remark on a request.
pub(super) fn remarks(conn: &Connection, request: RequestId) -> Result<Remarks, StoreError> {
    let mut sql = conn.prepare_cached(ALL)?;
    let mut rows = sql.query([number(request)])?;
    let mut kept = Vec::new();
    while let Some(row) = rows.next()? {
        kept.push(from_json(&format!("a remark on {request}"), &row.get::<_, String>(0)?)?);
    }
    let mut sql = conn.prepare_cached("SELECT count FROM remarks_left_out WHERE request = ?1")?;
    let left_out: Option<i64> = sql.query_row([number(request)], |row| row.get(0)).optional()?;
    let left_out = small(&format!("what was left out of {request}"), left_out.unwrap_or(0))?;
    Ok(Remarks { kept, left_out })
}
