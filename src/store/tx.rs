//! The transaction that many commands share, each under a savepoint.

use std::cell::Cell;

use rusqlite::Connection;

use super::StoreError;
use crate::audit::Head;

/// One transaction. Dropped without [`commit`](Self::commit) it leaves nothing behind. What it can do stands in
/// this module's siblings, one subject a file.
#[derive(Debug)]
pub struct Tx<'a> {
    conn: &'a Connection,
    /// The newest audit record, once it was looked up: a transaction adds many.
    pub(super) head: Cell<Option<Head>>,
}

impl<'a> Tx<'a> {
    pub(super) fn begin(conn: &'a Connection) -> Result<Self, StoreError> {
        conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        Ok(Self { conn, head: Cell::new(None) })
    }

    /// Runs `f` so that what it wrote is taken back when it fails, and nothing else is. Nests.
    ///
    /// # Errors
    /// What `f` returned. A full or failing disk makes the database take the whole transaction back with it,
    /// neighbours included: then everything later on this transaction fails with [`StoreError::RolledBack`], and
    /// the commands must be run again in another one.
    pub fn savepoint<T, E: From<StoreError>>(
        &mut self,
        f: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.run("SAVEPOINT part")?;
        match f(self) {
            Ok(value) => {
                self.run("RELEASE part")?;
                Ok(value)
            }
            Err(error) => {
                self.head.set(None);
                if self.run("ROLLBACK TO part").and_then(|()| self.run("RELEASE part")).is_err() {
                    self.abandon();
                }
                Err(error)
            }
        }
    }

    /// Makes everything durable: it is on the disk when this returns.
    ///
    /// # Errors
    /// Nothing was kept.
    pub fn commit(self) -> Result<(), StoreError> {
        // Dropped after a failure, it rolls back.
        self.run("COMMIT")
    }

    /// The connection, while the transaction stands: without one, each statement would commit by itself.
    pub(super) fn conn(&self) -> Result<&'a Connection, StoreError> {
        if self.conn.is_autocommit() { Err(StoreError::RolledBack) } else { Ok(self.conn) }
    }

    fn run(&self, sql: &'static str) -> Result<(), StoreError> {
        self.conn()?.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    fn abandon(&self) {
        if !self.conn.is_autocommit() {
            // A failure leaves the transaction open; then the next `begin` fails, which the engine sees.
            let _ = self.conn.execute_batch("ROLLBACK");
        }
    }
}

impl Drop for Tx<'_> {
    fn drop(&mut self) {
        self.abandon();
    }
}
