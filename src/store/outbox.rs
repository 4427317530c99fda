//! What is owed to the outside, in lanes.
//!
//! Rows of one lane are done one at a time. Slack has three lanes a request, one for each place (`s/R1042/direct`),
//! and Jira has one (`j/R1042`): the oldest row goes first, and one that waits out a back-off holds up those behind
//! it. So a channel that refuses us keeps nobody's direct message back. Calls to targets have a
//! lane an entitlement of a person (`t/<target>/<person>/<key>`), whichever requests they belong to: a revocation
//! goes before the others, then the oldest, and a row that is not due holds up nobody.

use std::borrow::Cow;
use std::collections::BTreeSet;

use rusqlite::{OptionalExtension as _, Row, params};
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::Error as NoSuchOp;

use super::columns::{from_json, number, request_id, small, time, to_json, urgency_number};
use super::{StoreError, Tx, requests};
use crate::engine::Owed;
use crate::ids::{EffectId, RequestId};
use crate::lifecycle::{Effect, Op, Request, Urgency, View};
use crate::time::Timestamp;

/// Work that is due and first in its lane.
#[derive(Debug)]
pub struct DueWork<'a> {
    /// Its row.
    pub row: i64,
    /// Its lane, which is busy until it is settled.
    pub lane: &'a str,
    /// The target, of a call.
    pub target: Option<&'a str>,
    /// When it fell due.
    pub not_before: Timestamp,
}

/// What becomes of work that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// It is claimed.
    Take,
    /// Not now.
    Pass,
    /// Neither it nor anything after it.
    Enough,
}

const OWE_CALL: &str = "INSERT INTO outbox
    (request, what, lane, at_head, urgency, not_before, target, effect, step, op, native_expiry)
    VALUES (?1, 'target', ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
pub(super) const OWE_SHOW: &str = "INSERT INTO outbox
    (request, what, lane, at_head, urgency, not_before, view, wanted)
    VALUES (?1, 'show', ?2, NOT EXISTS (SELECT 1 FROM outbox WHERE what = 'show' AND lane = ?2), ?3, ?4, ?5, ?6)
    ON CONFLICT (request, view) WHERE what = 'show' DO UPDATE SET wanted = max(wanted, excluded.wanted)";
const OWE_TICKET: &str = "INSERT INTO outbox (request, what, lane, at_head, urgency, not_before, wanted)
    VALUES (?1, 'ticket', ?2, 1, ?3, ?4, ?5)
    ON CONFLICT (request) WHERE what = 'ticket' DO UPDATE SET wanted = max(wanted, excluded.wanted)";
pub(super) const CLAIMABLE: &str =
    "SELECT row, request, what, lane, target, effect, step, op, view, attempts, native_expiry, not_before FROM outbox
    WHERE at_head = 1 AND urgency = ?1 AND not_before >= ?2 AND not_before <= ?3 ORDER BY not_before, row";
/// What waited behind another is due from now on, not from before: claims are looked for from a time on.
pub(super) const PROMOTE: &str = "UPDATE outbox SET at_head = 1, not_before = max(not_before, ?2) WHERE row =
    (SELECT row FROM outbox WHERE what = 'show' AND lane = ?1 ORDER BY row LIMIT 1)";
pub(super) const NEXT_NOT_BEFORE: &str =
    "SELECT min(not_before) FROM outbox WHERE at_head = 1 AND urgency = ?1 AND not_before > ?2";
pub(super) const READY: &str =
    "SELECT count(*) FROM outbox WHERE at_head = 1 AND urgency = ?1 AND not_before <= ?2";

impl Tx<'_> {
    /// Owes a call to the target of the request's step.
    ///
    /// # Errors
    /// When the request has no such step, the effect is owed already, or it can't be written.
    pub fn owe_target(
        &mut self,
        request: &Request,
        effect: EffectId,
        step: u32,
        op: Op,
        native_expiry: Timestamp,
        not_before: Timestamp,
    ) -> Result<(), StoreError> {
        let terms = usize::try_from(step).ok().and_then(|step| request.terms.steps.get(step));
        let terms = terms.ok_or_else(|| StoreError::NoSuchRow(format!("step {step} of {}", request.id)))?;
        let lane = format!("t/{}/{}/{}", terms.target, request.requester.id, terms.key);
        self.conn()?.prepare_cached(OWE_CALL)?.execute(params![
            number(request.id),
            lane,
            urgency_number(op.urgency()),
            not_before.millis(),
            terms.target.as_str(),
            effect.number(),
            step,
            op.as_str(),
            native_expiry.millis(),
        ])?;
        Ok(())
    }

    /// Owes a Slack message that says what the request says at `revision`. Owed already, it waits where it is
    /// for the newest revision.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn owe_show(
        &mut self,
        request: RequestId,
        view: View,
        revision: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (lane, view) = (format!("s/{request}/{}", place(view)), to_json("a view", &view)?);
        let revision = revision.cast_signed();
        let mut sql = self.conn()?.prepare_cached(OWE_SHOW)?;
        sql.execute(params![
            number(request),
            lane,
            urgency_number(Urgency::Quiet),
            now.millis(),
            view,
            revision
        ])?;
        Ok(())
    }

    /// Owes the ticket what the request says at `revision`, once however often it is owed.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn owe_ticket(
        &mut self,
        request: RequestId,
        revision: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let lane = format!("j/{request}");
        let mut sql = self.conn()?.prepare_cached(OWE_TICKET)?;
        sql.execute(params![
            number(request),
            lane,
            urgency_number(Urgency::Quiet),
            now.millis(),
            revision.cast_signed()
        ])?;
        Ok(())
    }

    /// Shows what is due since `since` and first in its lane, by the time it fell due, until `choose` has enough.
    /// What it takes comes back. Calls carry their terms; they lack them when the request has no such step.
    ///
    /// # Errors
    /// When a row can't be read.
    pub fn choose_due(
        &mut self,
        urgency: Urgency,
        since: Timestamp,
        now: Timestamp,
        mut choose: impl FnMut(&DueWork<'_>) -> Choice,
    ) -> Result<Vec<Owed>, StoreError> {
        let mut taken = Vec::new();
        let mut sql = self.conn()?.prepare_cached(CLAIMABLE)?;
        let mut rows = sql.query(params![urgency_number(urgency), since.millis(), now.millis()])?;
        while let Some(row) = rows.next()? {
            let text = |column| row.get_ref(column).ok().and_then(|value| value.as_str().ok());
            let due = DueWork {
                row: row.get(0)?,
                lane: text(3).unwrap_or_default(),
                target: text(4),
                not_before: time(row.get(11)?),
            };
            match choose(&due) {
                Choice::Take => taken.push(read_owed(row)?),
                Choice::Pass => {}
                Choice::Enough => break,
            }
        }
        let mut sql = self.conn()?.prepare_cached(requests::REQUEST)?;
        for owed in &mut taken {
            if let Effect::Target { step, .. } = owed.effect {
                owed.call = requests::call_terms(&mut sql, owed.request, step)?;
            }
        }
        Ok(taken)
    }

    /// A call to a target is settled, or something is no longer owed. A row that is gone already is no error.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn settle_row(&mut self, row: i64, now: Timestamp) -> Result<(), StoreError> {
        let mut sql = self
            .conn()?
            .prepare_cached("DELETE FROM outbox WHERE row = ?1 RETURNING what = 'show' AND at_head, lane")?;
        let settled = sql.query_row([row], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        self.promote(settled, now)
    }

    /// A Slack message or a ticket says what the request said at `revision`: settled, unless a newer revision is
    /// wanted by now; then it is due at once, again. Whether it is settled.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn settle_revision(&mut self, row: i64, revision: u64, now: Timestamp) -> Result<bool, StoreError> {
        let conn = self.conn()?;
        let mut again = conn.prepare_cached(
            "UPDATE outbox SET not_before = ?3, attempts = 0, last_error = NULL WHERE row = ?1 AND wanted > ?2",
        )?;
        if again.execute(params![row, revision.cast_signed(), now.millis()])? > 0 {
            return Ok(false);
        }
        self.settle_row(row, now)?;
        Ok(true)
    }

    /// Puts a row off after a failed attempt; `error` holds no secret. The number of attempts so far, none when
    /// the row is gone.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn later(&mut self, row: i64, not_before: Timestamp, error: &str) -> Result<Option<u32>, StoreError> {
        let mut sql = self.conn()?.prepare_cached(
            "UPDATE outbox SET not_before = ?2, attempts = attempts + 1, last_error = ?3
             WHERE row = ?1 RETURNING attempts",
        )?;
        Ok(sql.query_row(params![row, not_before.millis(), error], |row| row.get(0)).optional()?)
    }

    /// Puts a row off that was not tried.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn not_yet(&mut self, row: i64, not_before: Timestamp) -> Result<(), StoreError> {
        let mut sql = self.conn()?.prepare_cached("UPDATE outbox SET not_before = ?2 WHERE row = ?1")?;
        sql.execute(params![row, not_before.millis()])?;
        Ok(())
    }

    /// When the next row that waits may go, after `now`.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn next_not_before(&mut self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let mut next: Option<i64> = None;
        for urgency in Urgency::ALL {
            let mut sql = self.conn()?.prepare_cached(NEXT_NOT_BEFORE)?;
            let at: Option<i64> =
                sql.query_row(params![urgency_number(urgency), now.millis()], |row| row.get(0))?;
            next = next.into_iter().chain(at).min();
        }
        Ok(next.map(time))
    }

    /// How many rows are due and may go as far as their lanes' order is concerned, those that are being worked on
    /// included.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn ready_count(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        let mut count: usize = 0;
        for urgency in Urgency::ALL {
            let mut sql = self.conn()?.prepare_cached(READY)?;
            let some: i64 =
                sql.query_row(params![urgency_number(urgency), now.millis()], |row| row.get(0))?;
            count = count.saturating_add(usize::try_from(some).unwrap_or(0));
        }
        Ok(count)
    }

    /// Counts every message and ticket that is owed as tried once at least.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn count_as_tried(&mut self) -> Result<(), StoreError> {
        let mut sql = self
            .conn()?
            .prepare_cached("UPDATE outbox SET attempts = 1 WHERE what <> 'target' AND attempts = 0")?;
        sql.execute([])?;
        Ok(())
    }

    /// Every call that is owed.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn owed_calls(&mut self) -> Result<BTreeSet<EffectId>, StoreError> {
        let mut sql =
            self.conn()?.prepare_cached("SELECT request, effect FROM outbox WHERE what = 'target'")?;
        let mut rows = sql.query([])?;
        let mut calls = BTreeSet::new();
        while let Some(row) = rows.next()? {
            let request = request_id(row.get(0)?);
            calls.insert(EffectId::new(request, small("an owed call", row.get(1)?)?));
        }
        Ok(calls)
    }

    /// After the first row of a lane went, the next one is first.
    fn promote(&self, settled: Option<(bool, String)>, now: Timestamp) -> Result<(), StoreError> {
        if let Some((true, lane)) = settled {
            self.conn()?.prepare_cached(PROMOTE)?.execute(params![lane, now.millis()])?;
        }
        Ok(())
    }
}

/// Where a message stands: what goes wrong in one place says nothing of the others. Each copy goes to somebody else.
fn place(view: View) -> Cow<'static, str> {
    match view {
        View::Card
        | View::Approval { .. }
        | View::Log
        | View::Nudge { .. }
        | View::Question { .. }
        | View::Answer { .. } => "approvals".into(),
        View::Copy { number } => format!("copy-{number}").into(),
        View::Dm { .. } => "direct".into(),
        View::Security | View::Review { .. } | View::Finding => "security".into(),
        View::ReviewCopy { owner, .. } => format!("owner-{owner}").into(),
    }
}

fn read_owed(from: &Row<'_>) -> Result<Owed, StoreError> {
    let row: i64 = from.get(0)?;
    let name = format!("outbox row {row}");
    let request = request_id(from.get(1)?);
    let effect = match from.get::<_, String>(2)?.as_str() {
        "ticket" => Effect::Ticket,
        "show" => Effect::Show(from_json::<View>(&name, &from.get::<_, String>(8)?)?),
        _ => Effect::Target {
            id: EffectId::new(request, small(&name, from.get(5)?)?),
            step: small(&name, from.get(6)?)?,
            op: op(&name, &from.get::<_, String>(7)?)?,
            native_expiry: time(from.get(10)?),
        },
    };
    Ok(Owed { row, request, effect, attempts: small(&name, from.get(9)?)?, call: None })
}

fn op(row: &str, text: &str) -> Result<Op, StoreError> {
    Op::deserialize(text.into_deserializer()).map_err(|error: NoSuchOp| StoreError::corrupt(row, error))
}
