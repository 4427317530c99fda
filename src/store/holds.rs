//! What grants hold on targets: rows derived from each request as it is written, so that a decision reads other
//! requests' claims from an index.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row, params};

use super::columns::{millis, number, parse, request_id, small, time};
use super::{StoreError, Tx};
use crate::ids::{GroupId, PersonId, RequestId, TargetId};
use crate::lifecycle::{Claim, Presence, Request, State, StepTerms};
use crate::time::Timestamp;

const HOLDS: &str =
    "SELECT step, live, ours, closing, ends_at, quiet_until FROM step_keys WHERE request = ?1 ORDER BY step";
const CLEAR: &str = "DELETE FROM step_keys WHERE request = ?1";
const INSERT: &str = "INSERT INTO step_keys
    (request, step, target, person, key, shared, live, ours, closing, ends_at, quiet_until, gives_group)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
const UPDATE: &str = "UPDATE step_keys SET live = ?3, ours = ?4, closing = ?5, ends_at = ?6, quiet_until = ?7
    WHERE request = ?1 AND step = ?2";
pub(super) const CLAIMS: &str =
    "SELECT request, step, live, ours, closing, ends_at, quiet_until FROM step_keys
    WHERE shared = 1 AND target = ?1 AND person = ?2 AND key = ?3 AND request <> ?4 ORDER BY request, step";
pub(super) const OTHER_GRANTS: &str =
    "SELECT request, target FROM step_keys WHERE live = 1 AND person = ?1 AND request <> ?2";
/// A few: most steps give no group.
pub(super) const BORROWED: &str =
    "SELECT gives_group, person FROM step_keys WHERE gives_group IS NOT NULL AND ours = 1";
/// The next target after one: a step from target to target, however many holds each has.
pub(super) const NEXT_TARGET: &str = "SELECT min(target) FROM step_keys WHERE target > ?1";

impl Tx<'_> {
    /// Memberships in groups of the directory that are there, or may be, by a grant of ours.
    ///
    /// # Errors
    /// When a row can't be read.
    pub fn borrowed(&mut self) -> Result<BTreeMap<GroupId, BTreeSet<PersonId>>, StoreError> {
        let mut sql = self.conn()?.prepare_cached(BORROWED)?;
        let mut rows = sql.query([])?;
        let mut borrowed = BTreeMap::<GroupId, BTreeSet<PersonId>>::new();
        while let Some(row) = rows.next()? {
            let group = parse("a group that a step gives", &row.get::<_, String>(0)?)?;
            let person = parse("whom a step puts into a group", &row.get::<_, String>(1)?)?;
            borrowed.entry(group).or_default().insert(person);
        }
        Ok(borrowed)
    }

    /// Other requests' hold on the shared entitlements of this one's steps. A claim that is neither live nor
    /// ours stands there only while a call of it may still land (`quiet_until`). A live one may be of a step
    /// that was not asked for yet, or that found the entitlement standing: then it is not ours.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn claims(&mut self, request: &Request) -> Result<Vec<Claim>, StoreError> {
        self.claims_on(&request.requester.id, &request.terms.steps, request.id)
    }

    /// The same for a request that is not kept yet.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn claims_on(
        &mut self,
        person: &PersonId,
        steps: &[StepTerms],
        except: RequestId,
    ) -> Result<Vec<Claim>, StoreError> {
        let mut claims = Vec::new();
        let mut sql = self.conn()?.prepare_cached(CLAIMS)?;
        for (step, terms) in (0u32..).zip(steps) {
            if !terms.shared {
                continue;
            }
            let mut rows = sql.query(params![
                terms.target.as_str(),
                person.as_str(),
                terms.key.as_str(),
                number(except)
            ])?;
            while let Some(row) = rows.next()? {
                let request = request_id(row.get(0)?);
                claims.push(Claim {
                    step,
                    request,
                    their_step: small(&format!("a hold of request {request}"), row.get(1)?)?,
                    live: row.get(2)?,
                    ours: row.get(3)?,
                    closing: row.get(4)?,
                    ends_at: time(row.get(5)?),
                    quiet_until: row.get::<_, Option<i64>>(6)?.map(time),
                });
            }
        }
        Ok(claims)
    }

    /// The person's grants that are granting or active, with their targets, apart from `except`.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn other_grants(
        &mut self,
        person: &PersonId,
        except: RequestId,
    ) -> Result<Vec<(RequestId, BTreeSet<TargetId>)>, StoreError> {
        let mut sql = self.conn()?.prepare_cached(OTHER_GRANTS)?;
        let mut rows = sql.query(params![person.as_str(), number(except)])?;
        let mut grants: BTreeMap<RequestId, BTreeSet<TargetId>> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let request = request_id(row.get(0)?);
            let target = parse(&format!("a hold of request {request}"), &row.get::<_, String>(1)?)?;
            grants.entry(request).or_default().insert(target);
        }
        Ok(grants.into_iter().collect())
    }

    /// Every target that a grant holds something on, or may: what the configuration must have.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn targets_in_use(&mut self) -> Result<BTreeSet<TargetId>, StoreError> {
        let mut sql = self.conn()?.prepare_cached(NEXT_TARGET)?;
        let mut targets = BTreeSet::new();
        let mut last = String::new();
        while let Some(next) = sql.query_row([&last], |row| row.get::<_, Option<String>>(0))? {
            targets.insert(parse("a hold's target", &next)?);
            last = next;
        }
        Ok(targets)
    }
}

/// What changes of a hold; its target, person and key never do.
#[derive(Debug, PartialEq, Eq)]
struct Hold {
    step: i64,
    live: bool,
    ours: bool,
    closing: bool,
    ends_at: Timestamp,
    quiet_until: Option<Timestamp>,
}

impl Hold {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            step: row.get(0)?,
            live: row.get(1)?,
            ours: row.get(2)?,
            closing: row.get(3)?,
            ends_at: time(row.get(4)?),
            quiet_until: row.get::<_, Option<i64>>(5)?.map(time),
        })
    }
}

/// Makes the rows fit the request. Most writes of a request change none of them.
pub(super) fn keep(conn: &Connection, request: &Request) -> Result<(), StoreError> {
    let wanted = holds(request);
    let id = number(request.id);
    let mut sql = conn.prepare_cached(HOLDS)?;
    let kept = sql.query_map([id], Hold::read)?.collect::<Result<Vec<_>, _>>()?;
    if kept == wanted {
        return Ok(());
    }
    if kept.iter().map(|hold| hold.step).eq(wanted.iter().map(|hold| hold.step)) {
        return change(conn, id, &kept, &wanted);
    }
    conn.prepare_cached(CLEAR)?.execute([id])?;
    let mut insert = conn.prepare_cached(INSERT)?;
    for (hold, terms) in wanted.iter().filter_map(|hold| {
        let step = usize::try_from(hold.step).ok()?;
        Some((hold, request.terms.steps.get(step)?))
    }) {
        insert.execute(params![
            id,
            hold.step,
            terms.target.as_str(),
            request.requester.id.as_str(),
            terms.key.as_str(),
            terms.shared,
            hold.live,
            hold.ours,
            hold.closing,
            hold.ends_at.millis(),
            millis(hold.quiet_until),
            terms.gives_group.as_ref().map(|group| group.as_str()),
        ])?;
    }
    Ok(())
}

/// The same steps hold something else than before.
fn change(conn: &Connection, id: i64, kept: &[Hold], wanted: &[Hold]) -> Result<(), StoreError> {
    let mut update = conn.prepare_cached(UPDATE)?;
    for (_, hold) in kept.iter().zip(wanted).filter(|(kept, wanted)| kept != wanted) {
        update.execute(params![
            id,
            hold.step,
            hold.live,
            hold.ours,
            hold.closing,
            hold.ends_at.millis(),
            millis(hold.quiet_until),
        ])?;
    }
    Ok(())
}

/// What the request holds, or may: steps of a grant that is under way, or that left something, or may have.
fn holds(request: &Request) -> Vec<Hold> {
    let Some(times) = request.times else {
        return Vec::new();
    };
    let (live, ends_at) = match &request.state {
        State::Granting => (true, times.expires_at.max(times.not_after)),
        State::Active { .. } => (true, times.expires_at),
        State::Revoking { .. } | State::Revoked { recheck_at: Some(_), .. } => (false, times.expires_at),
        State::Revoked { recheck_at: None, .. }
        | State::Pending(_)
        | State::Scheduled { .. }
        | State::Applied { .. }
        | State::Denied { .. }
        | State::Withdrawn { .. }
        | State::Lapsed { .. } => return Vec::new(),
    };
    (0i64..)
        .zip(&request.steps)
        .filter_map(|(step, at)| {
            let ours = at.presence.is_touched();
            let closing = !live && at.presence == Presence::Absent;
            (live || ours || closing || at.quiet_until.is_some()).then_some(Hold {
                step,
                live,
                ours,
                closing,
                ends_at,
                quiet_until: at.quiet_until,
            })
        })
        .collect()
}
