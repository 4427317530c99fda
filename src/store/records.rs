//! The audit log's records, each chained in the transaction of the change that it tells of.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Deserialize;
use serde_json::Value;

use super::columns::{from_json, limit, number, request_id, time};
use super::{StoreError, Tx, instance};
use crate::audit::{Hash, Head, Record};
use crate::engine::{Refused, RefusedOf, Verb};
use crate::ids::RequestId;
use crate::lifecycle::{Actor, Refusal};
use crate::time::Timestamp;

const HEAD: &str = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1";
const APPEND: &str =
    "INSERT INTO audit (seq, at, kind, request, body, prev, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
pub(super) const RECORDS: &str = "SELECT seq, at, kind, request, body, prev, hash FROM audit
    WHERE seq >= ?1 ORDER BY seq LIMIT ?2";

/// The newest first, of the newest records alone: kinds have no index.
pub(super) const NEWEST_OF: &str = "SELECT seq, at, kind, request, body, prev, hash FROM audit
    WHERE seq > (SELECT max(seq) FROM audit) - ?1 AND kind IN (?2, ?3, ?4, ?5) ORDER BY seq DESC";

/// The newest first.
pub(super) const REFUSED_OF: &str = "SELECT seq, at, body FROM audit
    WHERE kind = 'refused' AND request = ?1 ORDER BY seq DESC LIMIT ?2";
pub(super) const REFUSED_ASKS: &str = "SELECT seq, at, body FROM audit
    WHERE kind = 'refused' AND request IS NULL AND json_extract(body, '$.actor.person.id') = ?1
    ORDER BY seq DESC LIMIT ?2";

impl Tx<'_> {
    /// At most `most` of the latest refusals, in order.
    ///
    /// # Errors
    /// When one can't be read.
    pub fn refused(&mut self, of: &RefusedOf, most: u32) -> Result<Vec<Refused>, StoreError> {
        refused(self.conn()?, of, most)
    }

    /// Adds a record to the audit log.
    ///
    /// # Errors
    /// When it can't be written, or the body holds a number that is not whole.
    pub fn append(
        &mut self,
        at: Timestamp,
        kind: &str,
        request: Option<RequestId>,
        body: Value,
    ) -> Result<Record, StoreError> {
        let conn = self.conn()?;
        let head = self.head()?;
        let record = Record::chain(&head, at, kind, request, body)
            .map_err(|error| StoreError::corrupt(&format!("the audit record `{kind}`"), error))?;
        conn.prepare_cached(APPEND)?.execute(params![
            record.seq.cast_signed(),
            record.at.millis(),
            record.kind,
            record.request.map(number),
            record.body.to_string(),
            record.prev.as_bytes(),
            record.hash.as_bytes(),
        ])?;
        self.head.set(Some(record.head()));
        Ok(record)
    }

    /// The newest record's place and hash.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn head(&mut self) -> Result<Head, StoreError> {
        let conn = self.conn()?;
        match self.head.get() {
            Some(head) => Ok(head),
            None => head(conn),
        }
    }

    /// Those of these kinds, the newest first, among the newest `among` records.
    ///
    /// # Errors
    /// When one can't be read.
    pub fn newest_of(&mut self, kinds: [&str; 4], among: u32) -> Result<Vec<Record>, StoreError> {
        let mut sql = self.conn()?.prepare_cached(NEWEST_OF)?;
        let [one, two, three, four] = kinds;
        let mut rows = sql.query(params![among, one, two, three, four])?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            records.push(read(row)?);
        }
        Ok(records)
    }

    /// At most `most` records, from the one numbered `from_seq`.
    ///
    /// # Errors
    /// When one can't be read.
    pub fn records(&mut self, from_seq: u64, most: usize) -> Result<Vec<Record>, StoreError> {
        let mut records = Vec::new();
        for_each(self.conn()?, from_seq, most, |record| {
            records.push(record);
            Ok::<(), StoreError>(())
        })?;
        Ok(records)
    }
}

/// The newest record's place and hash; the genesis when there is none.
pub(super) fn head(conn: &Connection) -> Result<Head, StoreError> {
    let mut sql = conn.prepare_cached(HEAD)?;
    let last: Option<(i64, [u8; 32])> = sql.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    match last {
        Some((seq, hash)) => Ok(Head { seq: seq.cast_unsigned(), hash: Hash::from_bytes(hash) }),
        None => Ok(Head::genesis(&instance::instance_id(conn)?)),
    }
}

/// At most `most` of the latest refusals, in order.
pub(super) fn refused(conn: &Connection, of: &RefusedOf, most: u32) -> Result<Vec<Refused>, StoreError> {
    let mut found = match of {
        RefusedOf::Request(request) => refused_by(conn, REFUSED_OF, params![number(*request), most])?,
        RefusedOf::Person(person) => refused_by(conn, REFUSED_ASKS, params![person.as_str(), most])?,
    };
    found.reverse();
    Ok(found)
}

fn refused_by(conn: &Connection, sql: &str, of: impl rusqlite::Params) -> Result<Vec<Refused>, StoreError> {
    let mut sql = conn.prepare_cached(sql)?;
    let mut rows = sql.query(of)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let body: String = row.get(2)?;
        let body: RefusedBody = from_json(&format!("audit record {}", row.get::<_, i64>(0)?), &body)?;
        let RefusedBody { actor, verb, refusal } = body;
        found.push(Refused { at: time(row.get(1)?), by: actor, verb, refusal });
    }
    Ok(found)
}

/// What is read of a refusal's record.
#[derive(Deserialize)]
struct RefusedBody {
    actor: Actor,
    verb: Verb,
    refusal: Refusal,
}

/// Gives records one by one, however many there are.
pub(super) fn for_each<E: From<StoreError>>(
    conn: &Connection,
    from_seq: u64,
    most: usize,
    mut f: impl FnMut(Record) -> Result<(), E>,
) -> Result<(), E> {
    let mut sql = conn.prepare_cached(RECORDS).map_err(StoreError::from)?;
    let mut rows = sql.query(params![from_seq.cast_signed(), limit(most)]).map_err(StoreError::from)?;
    while let Some(row) = rows.next().map_err(StoreError::from)? {
        f(read(row)?)?;
    }
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Record, StoreError> {
    let seq = row.get::<_, i64>(0)?.cast_unsigned();
    Ok(Record {
        seq,
        at: time(row.get(1)?),
        kind: row.get(2)?,
        request: row.get::<_, Option<i64>>(3)?.map(request_id),
        body: from_json(&format!("audit record {seq}"), &row.get::<_, String>(4)?)?,
        prev: Hash::from_bytes(row.get(5)?),
        hash: Hash::from_bytes(row.get(6)?),
    })
}
