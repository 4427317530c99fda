//! What was told of a request: its entries, its ticket, its Slack messages.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{from_json, number, parse, small, to_json};
use super::{StoreError, Tx, requests};
use crate::engine::{Dossier, SlackMessage};
use crate::ids::{EntryId, IssueKey, RequestId};
use crate::lifecycle::{Entry, View};

/// How far a request's issue got.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ticket {
    /// The issue, once it exists.
    pub issue: Option<IssueKey>,
    /// Its status as we last set it.
    pub status: Option<String>,
}

pub(super) const ENTRIES: &str =
    "SELECT number, body, comment FROM entries WHERE request = ?1 ORDER BY number";
const TICKET: &str = "SELECT issue, status FROM tickets WHERE request = ?1";
const MESSAGE: &str = "SELECT channel, ts, digest FROM messages WHERE request = ?1 AND view = ?2";
pub(super) const MESSAGES: &str = "SELECT channel, ts, digest, view FROM messages WHERE request = ?1";

impl Tx<'_> {
    /// The request with everything that was told of it.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn dossier(&mut self, request: RequestId) -> Result<Option<Dossier>, StoreError> {
        dossier(self.conn()?, request)
    }

    /// Adds an entry to its request's story.
    ///
    /// # Errors
    /// When it is there already, or can't be written.
    pub fn add_entry(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let mut sql =
            self.conn()?.prepare_cached("INSERT INTO entries (request, number, body) VALUES (?1, ?2, ?3)")?;
        let body = to_json("an entry", entry)?;
        sql.execute(params![number(entry.id.request()), entry.id.number(), body])?;
        Ok(())
    }

    /// The request's story, in order.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn entries(&mut self, request: RequestId) -> Result<Vec<Entry>, StoreError> {
        story(self.conn()?, request).map(|(entries, _)| entries)
    }

    /// These entries stand on the ticket, in this comment.
    ///
    /// # Errors
    /// When one of them does not exist, or it can't be written.
    pub fn told(&mut self, entries: &[EntryId], comment: &str) -> Result<(), StoreError> {
        let mut sql = self
            .conn()?
            .prepare_cached("UPDATE entries SET comment = ?3 WHERE request = ?1 AND number = ?2")?;
        for entry in entries {
            if sql.execute(params![number(entry.request()), entry.number(), comment])? == 0 {
                return Err(StoreError::NoSuchRow(format!("entry {entry}")));
            }
        }
        Ok(())
    }

    /// How far the request's issue got.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn ticket(&mut self, request: RequestId) -> Result<Ticket, StoreError> {
        ticket(self.conn()?, request)
    }

    /// The request's issue exists.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn set_ticket_issue(&mut self, request: RequestId, issue: &IssueKey) -> Result<(), StoreError> {
        let mut sql = self.conn()?.prepare_cached(
            "INSERT INTO tickets (request, issue) VALUES (?1, ?2)
             ON CONFLICT (request) DO UPDATE SET issue = excluded.issue",
        )?;
        sql.execute(params![number(request), issue.as_str()])?;
        Ok(())
    }

    /// The request's issue is in this status.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn set_ticket_status(&mut self, request: RequestId, status: &str) -> Result<(), StoreError> {
        let mut sql = self.conn()?.prepare_cached(
            "INSERT INTO tickets (request, status) VALUES (?1, ?2)
             ON CONFLICT (request) DO UPDATE SET status = excluded.status",
        )?;
        sql.execute(params![number(request), status])?;
        Ok(())
    }

    /// One Slack message of the request.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn message(&mut self, request: RequestId, view: View) -> Result<Option<SlackMessage>, StoreError> {
        let view = to_json("a view", &view)?;
        let mut sql = self.conn()?.prepare_cached(MESSAGE)?;
        Ok(sql.query_row(params![number(request), view], read_message).optional()?)
    }

    /// Every Slack message of the request.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn messages(&mut self, request: RequestId) -> Result<BTreeMap<View, SlackMessage>, StoreError> {
        messages(self.conn()?, request)
    }

    /// Where a message stands and what it says.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn put_message(
        &mut self,
        request: RequestId,
        view: View,
        message: &SlackMessage,
    ) -> Result<(), StoreError> {
        let SlackMessage { channel, ts, digest } = message;
        let view = to_json("a view", &view)?;
        // Mostly it stands where it stood: then no index is touched.
        let mut same = self.conn()?.prepare_cached(
            "UPDATE messages SET digest = ?5 WHERE request = ?1 AND view = ?2 AND channel = ?3 AND ts = ?4",
        )?;
        if same.execute(params![number(request), view, channel, ts, digest])? > 0 {
            return Ok(());
        }
        let mut sql = self.conn()?.prepare_cached(
            "INSERT INTO messages (request, view, channel, ts, digest) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (request, view)
             DO UPDATE SET channel = excluded.channel, ts = excluded.ts, digest = excluded.digest",
        )?;
        sql.execute(params![number(request), view, channel, ts, digest])?;
        Ok(())
    }
}

/// The request with everything that was told of it.
pub(super) fn dossier(conn: &Connection, id: RequestId) -> Result<Option<Dossier>, StoreError> {
    let Some((request, revision)) = requests::get(conn, id)? else {
        return Ok(None);
    };
    let (entries, comments) = story(conn, id)?;
    let Ticket { issue, status } = ticket(conn, id)?;
    let messages = messages(conn, id)?;
    Ok(Some(Dossier { request, revision, entries, issue, issue_status: status, comments, messages }))
}

type Story = (Vec<Entry>, BTreeMap<EntryId, String>);

fn story(conn: &Connection, request: RequestId) -> Result<Story, StoreError> {
    let mut sql = conn.prepare_cached(ENTRIES)?;
    let mut rows = sql.query([number(request)])?;
    let (mut entries, mut comments) = Story::default();
    while let Some(row) = rows.next()? {
        let id = EntryId::new(request, small(&format!("an entry of {request}"), row.get(0)?)?);
        entries.push(from_json(&format!("entry {id}"), &row.get::<_, String>(1)?)?);
        if let Some(comment) = row.get(2)? {
            comments.insert(id, comment);
        }
    }
    Ok((entries, comments))
}

fn ticket(conn: &Connection, request: RequestId) -> Result<Ticket, StoreError> {
    let mut sql = conn.prepare_cached(TICKET)?;
    let found: Option<(Option<String>, Option<String>)> =
        sql.query_row([number(request)], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (issue, status) = found.unwrap_or_default();
    let issue = issue.map(|issue| parse(&format!("the issue of {request}"), &issue)).transpose()?;
    Ok(Ticket { issue, status })
}

fn messages(conn: &Connection, request: RequestId) -> Result<BTreeMap<View, SlackMessage>, StoreError> {
    let mut sql = conn.prepare_cached(MESSAGES)?;
    let mut rows = sql.query([number(request)])?;
    let mut messages = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let view = from_json(&format!("a message of {request}"), &row.get::<_, String>(3)?)?;
        messages.insert(view, read_message(row)?);
    }
    Ok(messages)
}

fn read_message(row: &Row<'_>) -> rusqlite::Result<SlackMessage> {
    Ok(SlackMessage { channel: row.get(0)?, ts: row.get(1)?, digest: row.get(2)? })
}
