//! What grants came to: rows of their own, so that a person's past and a role's holders are read from an index.

use rusqlite::params;

use super::columns::{limit, millis, number, parse, request_id, time};
use super::{StoreError, Tx};
use crate::ids::{AppId, PersonId, RoleId, RoleRef};
use crate::lifecycle::{EndCause, PastGrant, Presence, Request, State};
use crate::policy::StandingAccess;
use crate::time::Timestamp;

const KEEP: &str = "INSERT INTO grants
    (person, app, active_at, request, role, ends_at, ended_at, released, unseen)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
    ON CONFLICT (person, app, active_at, request) DO UPDATE SET ends_at = excluded.ends_at,
    ended_at = excluded.ended_at, released = excluded.released, unseen = excluded.unseen";
const STOOD: &str = "INSERT INTO standing (person, role, request, seen_at) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (person, role) DO UPDATE SET request = excluded.request, seen_at = excluded.seen_at
    WHERE excluded.request >= request";
const STOOD_NOT: &str = "DELETE FROM standing WHERE person = ?1 AND role = ?2 AND request <= ?3";
pub(super) const STANDING: &str = "SELECT role, request, seen_at FROM standing WHERE person = ?1 AND seen_at >= ?2 ORDER BY role LIMIT 1000";
pub(super) const PAST: &str = "SELECT role, active_at, ends_at, ended_at, released, unseen FROM grants
    WHERE person = ?1 AND app = ?2 AND active_at >= ?3 ORDER BY active_at DESC LIMIT ?4";
pub(super) const HOLDERS: &str = "SELECT person FROM grants
    WHERE app = ?1 AND role = ?2 AND ended_at IS NULL AND person <> ?3 ORDER BY person LIMIT ?4";

impl Tx<'_> {
    /// Keeps what a grant came to so far. One that never became active came to nothing.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn keep_grant(&mut self, request: &Request) -> Result<(), StoreError> {
        let Some(times) = request.times else { return Ok(()) };
        let Some(active_at) = times.active_at else { return Ok(()) };
        let released = match &request.state {
            State::Revoking { cause, .. } | State::Revoked { cause, .. } => *cause == EndCause::Released,
            State::Pending(_)
            | State::Scheduled { .. }
            | State::Granting
            | State::Active { .. }
            | State::Applied { .. }
            | State::Denied { .. }
            | State::Withdrawn { .. }
            | State::Lapsed { .. } => false,
        };
        self.conn()?.prepare_cached(KEEP)?.execute(params![
            request.requester.id.as_str(),
            request.ask.role.app.as_str(),
            active_at.millis(),
            number(request.id),
            request.ask.role.role.as_str(),
            times.expires_at.millis(),
            millis(times.ended_at),
            released,
            request.credential.is_some_and(|credential| credential.revealed_at.is_none()),
        ])?;
        self.keep_standing(request, active_at)
    }

    /// Keeps that the whole of it stood there when it began, or forgets what an earlier grant saw.
    fn keep_standing(&mut self, request: &Request, active_at: Timestamp) -> Result<(), StoreError> {
        let stood =
            !request.steps.is_empty() && request.steps.iter().all(|step| step.presence == Presence::Standing);
        let (person, role) = (request.requester.id.as_str(), request.ask.role.to_string());
        let conn = self.conn()?;
        if stood {
            let values = params![person, role, number(request.id), active_at.millis()];
            conn.prepare_cached(STOOD)?.execute(values)?;
        } else {
            conn.prepare_cached(STOOD_NOT)?.execute(params![person, role, number(request.id)])?;
        }
        Ok(())
    }

    /// Access of the person that a grant found standing since then.
    ///
    /// # Errors
    /// When a row can't be read.
    pub fn standing(
        &mut self,
        person: &PersonId,
        since: Timestamp,
    ) -> Result<Vec<StandingAccess>, StoreError> {
        let mut sql = self.conn()?.prepare_cached(STANDING)?;
        let mut rows = sql.query(params![person.as_str(), since.millis()])?;
        let mut standing = Vec::new();
        while let Some(row) = rows.next()? {
            standing.push(StandingAccess {
                role: parse("a role of standing access", &row.get::<_, String>(0)?)?,
                seen_by: request_id(row.get(1)?),
                seen_at: time(row.get(2)?),
            });
        }
        Ok(standing)
    }

    /// The person's newest grants of an app that became active since then, at most `most`.
    ///
    /// # Errors
    /// When a row can't be read.
    pub fn past_grants(
        &mut self,
        person: &PersonId,
        app: &AppId,
        since: Timestamp,
        most: usize,
    ) -> Result<Vec<PastGrant>, StoreError> {
        let mut sql = self.conn()?.prepare_cached(PAST)?;
        let mut rows = sql.query(params![person.as_str(), app.as_str(), since.millis(), limit(most)])?;
        let mut grants = Vec::new();
        while let Some(row) = rows.next()? {
            grants.push(PastGrant {
                role: parse::<RoleId>("a past grant's role", &row.get::<_, String>(0)?)?,
                active_at: time(row.get(1)?),
                ends_at: time(row.get(2)?),
                ended_at: row.get::<_, Option<i64>>(3)?.map(time),
                released: row.get(4)?,
                unseen: row.get(5)?,
            });
        }
        Ok(grants)
    }

    /// People besides `except` who have the role now, at most `most`, in the order of their ids.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn holders(
        &mut self,
        role: &RoleRef,
        except: &PersonId,
        most: usize,
    ) -> Result<Vec<PersonId>, StoreError> {
        let mut sql = self.conn()?.prepare_cached(HOLDERS)?;
        let mut rows =
            sql.query(params![role.app.as_str(), role.role.as_str(), except.as_str(), limit(most)])?;
        let mut people = Vec::new();
        while let Some(row) = rows.next()? {
            people.push(parse("a holder", &row.get::<_, String>(0)?)?);
        }
        Ok(people)
    }
}
