//! Reading beside the writer: for the command line and for views.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use super::{
    KeptSource, StoreError, away, bindings, instance, open, people, records, remarks, requests, story,
};
use crate::audit::{Head, Record};
use crate::engine::{Dossier, Filter, Refused, RefusedOf, Remarks};
use crate::ids::{PersonId, RequestId, SlackUserId};
use crate::lifecycle::Request;
use crate::policy::Aways;

/// A connection that can't write. Each call sees one state of the database, whole, while the writer goes on.
#[derive(Debug)]
pub struct Reader {
    conn: Connection,
}

impl Reader {
    /// Opens an existing database.
    ///
    /// # Errors
    /// There is none, it is not ours, or it is older or newer than we read.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        open::reader(path).map(|conn| Self { conn })
    }

    /// The instance's id, which the audit log begins with.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn instance_id(&self) -> Result<String, StoreError> {
        instance::instance_id(&self.conn)
    }

    /// The id of the key that seals credentials in this database; none before the first start.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn sealing_key(&self) -> Result<Option<String>, StoreError> {
        Ok(self.conn.query_row("SELECT key_id FROM instance WHERE one = 1", [], |row| row.get(0))?)
    }

    /// What each source of people and their facts told last, by name.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn kept_sources(&self) -> Result<Vec<KeptSource>, StoreError> {
        people::kept_sources(&self.conn)
    }

    /// A source's facts, part by part, as it told them.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn kept_facts(&self, source: &str) -> Result<Vec<String>, StoreError> {
        people::kept_facts(&self.conn, source)
    }

    /// Accounts that were bound to people.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn bindings(&self) -> Result<BTreeMap<SlackUserId, PersonId>, StoreError> {
        bindings::bindings(&self.conn)
    }

    /// Reads the whole file; the first thing that is wrong with its pages, if there is one.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn damage(&self) -> Result<Option<String>, StoreError> {
        let said: String = self.conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        Ok((said != "ok").then_some(said))
    }

    /// A request with everything that was told of it.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn dossier(&self, request: RequestId) -> Result<Option<Dossier>, StoreError> {
        // One transaction for its several reads; dropped, it ends.
        let _one_state = self.conn.unchecked_transaction()?;
        story::dossier(&self.conn, request)
    }

    /// What people wrote in the card's thread.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn remarks(&self, request: RequestId) -> Result<Remarks, StoreError> {
        let _one_state = self.conn.unchecked_transaction()?;
        remarks::remarks(&self.conn, request)
    }

    /// Requests, newest first, at most a thousand.
    ///
    /// # Errors
    /// When one can't be read.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Request>, StoreError> {
        let _one_state = self.conn.unchecked_transaction()?;
        requests::list(&self.conn, filter)
    }

    /// The newest requests, newest first, at most so many: for a look at all of the past.
    ///
    /// # Errors
    /// When one can't be read.
    pub fn newest(&self, most: u32) -> Result<Vec<Request>, StoreError> {
        let _one_state = self.conn.unchecked_transaction()?;
        requests::newest(&self.conn, most)
    }

    /// Everybody who is away; also whose time is over, until the next change.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn away(&self) -> Result<Aways, StoreError> {
        away::away(&self.conn)
    }

    /// Requests whose review is owed, the earliest due first, at most a thousand.
    ///
    /// # Errors
    /// When one can't be read.
    pub fn to_review(&self, most: u32) -> Result<Vec<Request>, StoreError> {
        let _one_state = self.conn.unchecked_transaction()?;
        requests::to_review(&self.conn, most)
    }

    /// At most `most` of the latest refusals, in order.
    ///
    /// # Errors
    /// When one can't be read.
    pub fn refused(&self, of: &RefusedOf, most: u32) -> Result<Vec<Refused>, StoreError> {
        records::refused(&self.conn, of, most)
    }

    /// The newest audit record's place and hash.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn head(&self) -> Result<Head, StoreError> {
        records::head(&self.conn)
    }

    /// Gives every audit record from the one numbered `from_seq` on, in constant memory.
    ///
    /// # Errors
    /// When one can't be read, or `f` says so.
    pub fn for_each_record<E: From<StoreError>>(
        &self,
        from_seq: u64,
        f: impl FnMut(Record) -> Result<(), E>,
    ) -> Result<(), E> {
        records::for_each(&self.conn, from_seq, usize::MAX, f)
    }
}
