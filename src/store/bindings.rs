//! Slack accounts that were bound to people: one account a person, one person an account.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::columns::parse;
use super::{StoreError, Tx};
use crate::ids::{PersonId, SlackUserId};
use crate::time::Timestamp;

/// Every account that was bound, with its person.
pub(super) fn bindings(conn: &Connection) -> Result<BTreeMap<SlackUserId, PersonId>, StoreError> {
    let mut sql = conn.prepare_cached("SELECT account, person FROM bindings")?;
    let mut rows = sql.query([])?;
    let mut bindings = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let account = parse("a bound account", &row.get::<_, String>(0)?)?;
        bindings.insert(account, parse("whose account it is", &row.get::<_, String>(1)?)?);
    }
    Ok(bindings)
}

impl Tx<'_> {
    /// Every account that was bound, with its person.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn bindings(&mut self) -> Result<BTreeMap<SlackUserId, PersonId>, StoreError> {
        bindings(self.conn()?)
    }

    /// Binds an account to a person, for good.
    ///
    /// # Errors
    /// When either is bound already, or it can't be written.
    pub fn bind(
        &mut self,
        account: &SlackUserId,
        person: &PersonId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut sql =
            self.conn()?.prepare_cached("INSERT INTO bindings (account, person, at) VALUES (?1, ?2, ?3)")?;
        sql.execute(params![account.as_str(), person.as_str(), at.millis()])?;
        Ok(())
    }
}
