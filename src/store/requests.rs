//! Requests, their timers, and what one person has.

use std::collections::BTreeSet;

use rusqlite::{CachedStatement, Connection, ErrorCode, OptionalExtension as _, Row, params};
use serde::Deserialize;

use super::columns::{from_json, limit, millis, number, parse, request_id, time, to_json, urgency_number};
use super::{StoreError, Tx, holds};
use crate::engine::{CallTerms, Filter};
use crate::ids::{PersonId, RequestId, RoleRef};
use crate::lifecycle::{Kind, Request, State, StateWord, StepTerms, Urgency, urgency};
use crate::time::{Span, Timestamp};

/// The form of the bodies that are written.
const BODY: u32 = 1;
/// Requests that one list has at most.
const LIST_LIMIT: u32 = 1000;

pub(super) const REQUEST: &str = "SELECT id, v, body, revision FROM requests WHERE id = ?1";
const INSERT: &str = "INSERT INTO requests
    (id, revision, requester, role, state, held, slot, due_at, urgency, parent, review_due_at, v, body,
    asked_by) VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
/// The slot is only ever given back here: see the migration.
const UPDATE: &str = "UPDATE requests SET revision = revision + 1, state = ?2, held = ?3,
    slot = CASE WHEN ?4 THEN slot END, due_at = ?5, urgency = ?6, review_due_at = ?7, v = ?8, body = ?9
    WHERE id = ?1 RETURNING revision";
/// The same when nothing that an index has changes: most writes of a request are of its body alone, and each index
/// that is left out is a page less on the disk.
const UPDATE_BODY: &str = "UPDATE requests SET revision = revision + 1, v = ?8, body = ?9
    WHERE id = ?1 AND state = ?2 AND held = ?3 AND (?4 OR slot IS NULL) AND due_at IS ?5 AND urgency = ?6
    AND review_due_at IS ?7 RETURNING revision";
pub(super) const TWIN: &str = "SELECT id FROM requests WHERE slot = ?1";
pub(super) const DUE: &str =
    "SELECT due_at, id FROM requests WHERE urgency = ?1 AND due_at <= ?2 ORDER BY due_at, id LIMIT ?3";
pub(super) const NEXT_DUE: &str = "SELECT min(due_at) FROM requests WHERE urgency = ?1 AND due_at > ?2";
/// The index by state ends with the row's id.
pub(super) const PENDING: &str =
    "SELECT id FROM requests WHERE state = 'pending' AND id > ?1 ORDER BY id LIMIT ?2";
pub(super) const OPEN_COUNT: &str =
    "SELECT count(*) FROM requests WHERE requester = ?1 AND state IN ('pending', 'scheduled')";
pub(super) const OPEN_ASKED: &str =
    "SELECT count(*) FROM requests WHERE asked_by = ?1 AND state IN ('pending', 'scheduled')";
pub(super) const HELD: &str =
    "SELECT id FROM requests WHERE requester = ?1 AND state = 'pending' AND held = 1 ORDER BY id";
pub(super) const LIVE_ROLES: &str = "SELECT DISTINCT role FROM requests
    WHERE requester = ?1 AND state IN ('scheduled', 'granting', 'active', 'revoking')";
pub(super) const OPEN_ROLES: &str = "SELECT DISTINCT role FROM requests
    WHERE requester = ?1 AND state IN ('pending', 'scheduled', 'granting', 'active', 'revoking')";
pub(super) const OPEN_OF: &str = "SELECT id FROM requests WHERE requester = ?1
    AND state IN ('pending', 'scheduled', 'granting', 'active', 'revoking') ORDER BY id";
pub(super) const OPEN_EXTENSIONS: &str =
    "SELECT id FROM requests WHERE parent = ?1 AND state IN ('pending', 'scheduled') ORDER BY id";
/// The next person after one: a step from person to person, however many requests each has.
pub(super) const NEXT_REQUESTER: &str = "SELECT min(requester) FROM requests WHERE requester > ?1";
pub(super) const REVIEWS: &str = "SELECT review_due_at, id FROM requests
    WHERE requester = ?1 AND review_due_at IS NOT NULL ORDER BY review_due_at, id";
pub(super) const TO_REVIEW: &str = "SELECT id, v, body, revision FROM requests
    WHERE review_due_at <= ?1 ORDER BY review_due_at, id LIMIT ?2";
pub(super) const LIST: &str = "SELECT id, v, body, revision FROM requests ORDER BY id DESC LIMIT ?1";
pub(super) const LIST_STATE: &str =
    "SELECT id, v, body, revision FROM requests WHERE state = ?2 ORDER BY id DESC LIMIT ?1";
pub(super) const LIST_PERSON: &str =
    "SELECT id, v, body, revision FROM requests WHERE requester = ?2 ORDER BY id DESC LIMIT ?1";
pub(super) const LIST_PERSON_STATE: &str = "SELECT id, v, body, revision FROM requests
    WHERE requester = ?2 AND state = ?3 ORDER BY id DESC LIMIT ?1";

/// When a row falls due, and how urgent that is.
pub type Timer = (Timestamp, Urgency, RequestId);

impl Tx<'_> {
    /// Keeps a new request, at revision 1, and when it falls due by itself.
    ///
    /// # Errors
    /// [`StoreError::Twin`] when one of its kind is open: for new access and break-glass one of the same person
    /// and role, for an extension one of the same grant.
    pub fn insert_request(&mut self, request: &Request, due: Option<Timestamp>) -> Result<(), StoreError> {
        let conn = self.conn()?;
        let slot = slot(request);
        let parent = match request.kind {
            Kind::Extension { parent } => Some(number(parent)),
            Kind::New | Kind::BreakGlass | Kind::Drill { .. } => None,
        };
        let inserted = conn.prepare_cached(INSERT)?.execute(params![
            number(request.id),
            request.requester.id.as_str(),
            request.ask.role.to_string(),
            request.state.word().as_str(),
            is_held(&request.state),
            slot,
            millis(due),
            urgency_number(urgency(&request.state)),
            parent,
            millis(request.review_due_at),
            BODY,
            to_json("a request", request)?,
            request.asked_by.as_ref().map(|asked_by| asked_by.id.as_str()),
        ]);
        match inserted {
            Ok(_) => holds::keep(conn, request),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                let mut twin = conn.prepare_cached(TWIN)?;
                let open: Option<i64> = twin.query_row([slot], |row| row.get(0)).optional()?;
                Err(open.map_or_else(|| error.into(), |open| StoreError::Twin { open: request_id(open) }))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps a change of a request, and when it falls due by itself now. Gives the new revision.
    ///
    /// # Errors
    /// When there is no such request, or it can't be written.
    pub fn update_request(&mut self, request: &Request, due: Option<Timestamp>) -> Result<u64, StoreError> {
        let conn = self.conn()?;
        let body = to_json("a request", request)?;
        let update = |sql| -> Result<Option<i64>, StoreError> {
            let values = params![
                number(request.id),
                request.state.word().as_str(),
                is_held(&request.state),
                request.state.word().is_open(),
                millis(due),
                urgency_number(urgency(&request.state)),
                millis(request.review_due_at),
                BODY,
                body,
            ];
            Ok(conn.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?)
        };
        let revision = match update(UPDATE_BODY)? {
            Some(revision) => Some(revision),
            None => update(UPDATE)?,
        };
        let revision = revision.ok_or_else(|| StoreError::NoSuchRow(format!("request {}", request.id)))?;
        holds::keep(conn, request)?;
        Ok(revision.cast_unsigned())
    }

    /// The request with its revision.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn request(&mut self, id: RequestId) -> Result<Option<(Request, u64)>, StoreError> {
        get(self.conn()?, id)
    }

    /// What a [`Wheel`](crate::wheel::Wheel) is refilled with: the first `most` rows due by `upto`, oldest first,
    /// and up to when these are all there are.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn upcoming(&mut self, upto: Timestamp, most: usize) -> Result<(Vec<Timer>, Timestamp), StoreError> {
        let mut rows = Vec::new();
        for urgency in Urgency::ALL {
            rows.extend(due(self.conn()?, urgency, upto, most)?);
        }
        rows.sort_unstable();
        rows.truncate(most);
        let complete_until = match rows.last() {
            Some((last, _, _)) if rows.len() == most => *last - Span::millis(1),
            Some(_) | None => match self.next_due_after(upto)? {
                Some(next) => next - Span::millis(1),
                None => Timestamp::from_millis(i64::MAX),
            },
        };
        Ok((rows, complete_until))
    }

    /// When the first row after `after` falls due.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn next_due_after(&mut self, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let mut next: Option<i64> = None;
        for urgency in Urgency::ALL {
            let mut sql = self.conn()?.prepare_cached(NEXT_DUE)?;
            let due: Option<i64> =
                sql.query_row(params![urgency_number(urgency), after.millis()], |row| row.get(0))?;
            next = next.into_iter().chain(due).min();
        }
        Ok(next.map(time))
    }

    /// How many requests of the person are pending or scheduled, with those that they asked for others.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn open_count(&mut self, person: &PersonId) -> Result<usize, StoreError> {
        let conn = self.conn()?;
        let count = |sql| -> Result<i64, StoreError> {
            Ok(conn.prepare_cached(sql)?.query_row([person.as_str()], |row| row.get(0))?)
        };
        let count = count(OPEN_COUNT)? + count(OPEN_ASKED)?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// Requests of the person that a lockdown holds.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn held(&mut self, person: &PersonId) -> Result<Vec<RequestId>, StoreError> {
        ids(self.conn()?, HELD, person.as_str())
    }

    /// Requests of the person that are not over: pending, scheduled, granting, active or revoking.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn open_requests(&mut self, person: &PersonId) -> Result<Vec<RequestId>, StoreError> {
        ids(self.conn()?, OPEN_OF, person.as_str())
    }

    /// At most `most` people who ever asked for something, in the order of their ids: those after `after`, or from
    /// the first on.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn requesters_after(
        &mut self,
        after: Option<&PersonId>,
        most: usize,
    ) -> Result<Vec<PersonId>, StoreError> {
        let mut sql = self.conn()?.prepare_cached(NEXT_REQUESTER)?;
        let mut people = Vec::new();
        let mut last = after.map(PersonId::to_string).unwrap_or_default();
        while people.len() < most
            && let Some(next) = sql.query_row([&last], |row| row.get::<_, Option<String>>(0))?
        {
            people.push(parse("a requester", &next)?);
            last = next;
        }
        Ok(people)
    }

    /// At most `most` requests that wait for approval, in the order of their ids: those after `after`, or from the first
    /// on.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn pending_after(
        &mut self,
        after: Option<RequestId>,
        most: usize,
    ) -> Result<Vec<RequestId>, StoreError> {
        let mut sql = self.conn()?.prepare_cached(PENDING)?;
        let rows = sql.query_map(params![after.map_or(0, number), limit(most)], |row| row.get(0))?;
        rows.map(|id| Ok(request_id(id?))).collect()
    }

    /// Roles that the person has, will have, or may still have: scheduled, granting, active or revoking.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn live_roles(&mut self, person: &PersonId) -> Result<Vec<RoleRef>, StoreError> {
        roles(self.conn()?, LIVE_ROLES, person)
    }

    /// The same, and those that the person asks for.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn open_roles(&mut self, person: &PersonId) -> Result<Vec<RoleRef>, StoreError> {
        roles(self.conn()?, OPEN_ROLES, person)
    }

    /// Extensions of the grant that are not decided yet.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn open_extensions(&mut self, parent: RequestId) -> Result<Vec<RequestId>, StoreError> {
        ids(self.conn()?, OPEN_EXTENSIONS, number(parent))
    }

    /// Break-glass reviews that the person's requests still owe, with their due times, oldest first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn reviews_owed(&mut self, person: &PersonId) -> Result<Vec<(Timestamp, RequestId)>, StoreError> {
        let mut sql = self.conn()?.prepare_cached(REVIEWS)?;
        let rows = sql.query_map([person.as_str()], timer)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Requests whose review is owed, the earliest due first, at most a thousand.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn to_review(&mut self, most: u32) -> Result<Vec<Request>, StoreError> {
        to_review(self.conn()?, most)
    }

    /// Requests, newest first, at most a thousand.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn list(&mut self, filter: &Filter) -> Result<Vec<Request>, StoreError> {
        list(self.conn()?, filter)
    }
}

/// The request with its revision.
pub(super) fn get(conn: &Connection, id: RequestId) -> Result<Option<(Request, u64)>, StoreError> {
    let mut sql = conn.prepare_cached(REQUEST)?;
    sql.query_row([number(id)], Stored::read).optional()?.map(Stored::decode).transpose()
}

/// What a call of the request's step goes out with; none when there is no such step. `sql` is [`REQUEST`].
pub(super) fn call_terms(
    sql: &mut CachedStatement<'_>,
    id: RequestId,
    step: u32,
) -> Result<Option<CallTerms>, StoreError> {
    let Some(stored) = sql.query_row([number(id)], Stored::read).optional()? else { return Ok(None) };
    let part: CallPart = from_json(&stored.known()?, &stored.body)?;
    let step = usize::try_from(step).ok().and_then(|step| part.terms.steps.into_iter().nth(step));
    Ok(step.map(|step| CallTerms { person: part.requester.id, step }))
}

/// Of a request's body, what a call needs.
#[derive(Deserialize)]
struct CallPart {
    requester: Whose,
    terms: Steps,
}

#[derive(Deserialize)]
struct Whose {
    id: PersonId,
}

#[derive(Deserialize)]
struct Steps {
    steps: Vec<StepTerms>,
}

/// Requests, newest first. A state at a time, so that each is a search of an index in its order.
pub(super) fn list(conn: &Connection, filter: &Filter) -> Result<Vec<Request>, StoreError> {
    let most = filter.limit.min(LIST_LIMIT);
    let person = filter.requester.as_ref().map(PersonId::as_str);
    let states: Vec<Option<&StateWord>> =
        if filter.states.is_empty() { vec![None] } else { filter.states.iter().map(Some).collect() };
    let mut stored = Vec::new();
    for state in states {
        let state = state.map(|state| state.as_str());
        let mut rows = match (person, state) {
            (None, None) => read_all(conn, LIST, params![most])?,
            (None, Some(state)) => read_all(conn, LIST_STATE, params![most, state])?,
            (Some(person), None) => read_all(conn, LIST_PERSON, params![most, person])?,
            (Some(person), Some(state)) => read_all(conn, LIST_PERSON_STATE, params![most, person, state])?,
        };
        stored.append(&mut rows);
    }
    stored.sort_by_key(|row| std::cmp::Reverse(row.id));
    stored.truncate(most as usize);
    stored.into_iter().map(|row| row.decode().map(|(request, _)| request)).collect()
}

/// The newest requests, newest first, at most so many.
pub(super) fn newest(conn: &Connection, most: u32) -> Result<Vec<Request>, StoreError> {
    let rows = read_all(conn, LIST, params![most])?;
    rows.into_iter().map(|stored| stored.decode().map(|(request, _)| request)).collect()
}

/// Requests whose review is owed, the earliest due first.
pub(super) fn to_review(conn: &Connection, most: u32) -> Result<Vec<Request>, StoreError> {
    let rows = read_all(conn, TO_REVIEW, params![i64::MAX, most.min(LIST_LIMIT)])?;
    rows.into_iter().map(|row| row.decode().map(|(request, _)| request)).collect()
}

/// A request as its row has it.
struct Stored {
    id: i64,
    v: u32,
    body: String,
    revision: i64,
}

impl Stored {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { id: row.get(0)?, v: row.get(1)?, body: row.get(2)?, revision: row.get(3)? })
    }

    fn decode(self) -> Result<(Request, u64), StoreError> {
        Ok((from_json(&self.known()?, &self.body)?, self.revision.cast_unsigned()))
    }

    /// Its name, when its body's form is known.
    fn known(&self) -> Result<String, StoreError> {
        let name = format!("request {}", request_id(self.id));
        if self.v == BODY {
            Ok(name)
        } else {
            Err(StoreError::corrupt(&name, format_args!("its body has the unknown form {}", self.v)))
        }
    }
}

fn read_all(
    conn: &Connection,
    sql: &'static str,
    params: impl rusqlite::Params,
) -> Result<Vec<Stored>, StoreError> {
    let mut sql = conn.prepare_cached(sql)?;
    let rows = sql.query_map(params, Stored::read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn due(conn: &Connection, urgency: Urgency, upto: Timestamp, most: usize) -> Result<Vec<Timer>, StoreError> {
    let mut sql = conn.prepare_cached(DUE)?;
    let rows = sql.query_map(params![urgency_number(urgency), upto.millis(), limit(most)], |row| {
        let (at, id) = timer(row)?;
        Ok((at, urgency, id))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn roles(conn: &Connection, sql: &'static str, person: &PersonId) -> Result<Vec<RoleRef>, StoreError> {
    let mut sql = conn.prepare_cached(sql)?;
    let texts = sql.query_map([person.as_str()], |row| row.get::<_, String>(0))?;
    let mut roles = BTreeSet::new();
    for text in texts {
        roles.insert(parse("a request's role", &text?)?);
    }
    Ok(roles.into_iter().collect())
}

fn timer(row: &Row<'_>) -> rusqlite::Result<(Timestamp, RequestId)> {
    Ok((time(row.get(0)?), request_id(row.get(1)?)))
}

fn ids(conn: &Connection, sql: &'static str, of: impl rusqlite::ToSql) -> Result<Vec<RequestId>, StoreError> {
    let mut sql = conn.prepare_cached(sql)?;
    let rows = sql.query_map([of], |row| row.get(0).map(request_id))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What only one open request may have.
fn slot(request: &Request) -> Option<String> {
    if !request.state.word().is_open() {
        return None;
    }
    match request.kind {
        Kind::New | Kind::BreakGlass => Some(format!("access {} {}", request.requester.id, request.ask.role)),
        Kind::Extension { parent } => Some(format!("extension {parent}")),
        // It is in nobody's way.
        Kind::Drill { .. } => None,
    }
}

const fn is_held(state: &State) -> bool {
    match state {
        State::Pending(pending) => pending.held,
        State::Scheduled { .. }
        | State::Granting
        | State::Active { .. }
        | State::Revoking { .. }
        | State::Revoked { .. }
        | State::Applied { .. }
        | State::Denied { .. }
        | State::Withdrawn { .. }
        | State::Lapsed { .. } => false,
    }
}
