//! Memberships of people's own logins in roles.
//!
//! From PostgreSQL 16 on several people can each have given one membership, and REVOKE takes ours alone; so what is
//! looked at is whether the login has the role, not what REVOKE answered. A session that did SET ROLE keeps the role
//! until it closes, and nobody can see which did: so all sessions of the login are ended.

use std::sync::PoisonError;

use tokio_postgres::types::Type;

use super::clients::Clients;
use super::failure::Failure;
use super::names::Name;
use super::session::{Session, cell};
use super::{Postgres, words};
use crate::lifecycle::Outcome;
use crate::targets::Call;

/// Ended memberships that are remembered; of a forgotten one the sessions are ended once more.
const REMEMBERED_MOST: usize = 10_000;

/// A membership as it is.
struct Seen {
    login: Option<u32>,
    is_superuser: bool,
    grantors: Vec<String>,
    by_us: bool,
    through: Vec<String>,
    has: bool,
}

impl Seen {
    async fn look(session: &Session, login: &Name, role: &Name) -> Result<Self, Failure> {
        // The superuser that was there first (OID 10) stands as the grantor of what any superuser grants.
        const SQL: &str = "SELECT u.oid, COALESCE(u.rolsuper, false), \
            ARRAY(SELECT pg_get_userbyid(m.grantor)::text FROM pg_auth_members m \
                WHERE m.roleid = r.oid AND m.member = u.oid ORDER BY 1 LIMIT 20), \
            EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles me ON me.rolname = current_user \
                WHERE m.roleid = r.oid AND m.member = u.oid \
                AND (m.grantor = me.oid OR (me.rolsuper AND m.grantor = 10))), \
            ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid \
                WHERE m.member = u.oid AND m.roleid <> r.oid AND pg_has_role(m.roleid, r.oid, 'MEMBER') \
                ORDER BY 1 LIMIT 20), \
            COALESCE(pg_has_role(u.oid, r.oid, 'MEMBER'), false) \
            FROM (VALUES (1)) one LEFT JOIN pg_roles u ON u.rolname = $1 LEFT JOIN pg_roles r ON r.rolname = $2";
        let values = [(&login.as_str() as _, Type::TEXT), (&role.as_str() as _, Type::TEXT)];
        let row = session.row(SQL, &values).await?;
        Ok(Self {
            login: cell(&row, 0)?,
            is_superuser: cell(&row, 1)?,
            grantors: cell(&row, 2)?,
            by_us: cell(&row, 3)?,
            through: cell(&row, 4)?,
            has: cell(&row, 5)?,
        })
    }

    /// How the login has the role; none when it does not.
    fn how(&self) -> Option<String> {
        if self.is_superuser {
            Some(words::BY_BEING_SUPERUSER.to_owned())
        } else if !self.grantors.is_empty() {
            Some(words::granted_by(&self.grantors))
        } else if self.has {
            Some(words::through(&self.through))
        } else {
            None
        }
    }
}

impl Postgres {
    /// Before anything is touched: whether the login has the role, and whether it could be given.
    pub(super) async fn member_before(
        &self,
        call: &Call<'_>,
        login: &Name,
        role: &Name,
    ) -> Result<Outcome, Failure> {
        let session = self.session().await?;
        self.may_give(&session, std::slice::from_ref(role)).await?;
        let seen = Seen::look(&session, login, role).await?;
        if seen.login.is_none() {
            return Err(Failure::lasting(words::no_login_of(login)));
        }
        Ok(self.told(call, login, role, &seen))
    }

    /// Whether the login has the role.
    pub(super) async fn member_there(
        &self,
        call: &Call<'_>,
        login: &Name,
        role: &Name,
    ) -> Result<Outcome, Failure> {
        let seen = Seen::look(&self.session().await?, login, role).await?;
        Ok(self.told(call, login, role, &seen))
    }

    fn told(&self, call: &Call<'_>, login: &Name, role: &Name, seen: &Seen) -> Outcome {
        match seen.how() {
            Some(how) => {
                self.forget(login, role);
                Outcome::Found(self.seen(call, words::has_role(login, role, &how)))
            }
            None => Outcome::NotFound(self.seen(call, words::has_no_role(login, role))),
        }
    }

    /// Gives the role.
    pub(super) async fn give_role(
        &self,
        call: &Call<'_>,
        login: &Name,
        role: &Name,
    ) -> Result<Outcome, Failure> {
        let session = self.session().await?;
        let seen = Seen::look(&session, login, role).await?;
        if seen.login.is_none() {
            return Err(Failure::lasting(words::no_login_of(login)));
        }
        self.forget(login, role);
        if let Some(how) = seen.how() {
            return Ok(Outcome::Already(self.seen(call, words::has_role(login, role, &how))));
        }
        session.run(&format!("GRANT {} TO {}", role.quoted(), login.quoted())).await?;
        Ok(Outcome::Done(self.did(call, words::role_given(login, role))))
    }

    /// Takes the role, and ends the sessions that may have kept it.
    pub(super) async fn take_role(
        &self,
        call: &Call<'_>,
        login: &Name,
        role: &Name,
    ) -> Result<Outcome, Failure> {
        let session = self.session().await?;
        let before = Seen::look(&session, login, role).await?;
        // Before 16, REVOKE takes a membership whoever gave it.
        let takes = before.by_us || (session.grantors_count() && !before.grantors.is_empty());
        if takes {
            session.run(&format!("REVOKE {} FROM {}", role.quoted(), login.quoted())).await?;
        }
        let after = Seen::look(&session, login, role).await?;
        let was_taken = after.grantors.len() < before.grantors.len();
        if let Some(how) = after.how() {
            // Whoever has the role anyhow keeps the sessions too.
            let answer = words::role_remains(login, role, was_taken, &how);
            return Ok(match was_taken {
                true => Outcome::Done(self.did(call, answer)),
                false => Outcome::Already(self.seen(call, answer)),
            });
        }
        let ended = match self.sessions_of(after.login) {
            Some(clients) => Some(clients.end(&session).await?),
            None => None,
        };
        self.remember(login, role);
        let answer = words::role_taken(login, role, was_taken, ended);
        Ok(match was_taken || ended.is_some_and(|ended| ended > 0) {
            true => Outcome::Done(self.did(call, answer)),
            false => Outcome::Already(self.seen(call, answer)),
        })
    }

    /// Whether the login still has the role, or a session that may.
    pub(super) async fn member_left(
        &self,
        call: &Call<'_>,
        login: &Name,
        role: &Name,
    ) -> Result<Outcome, Failure> {
        let session = self.session().await?;
        let seen = Seen::look(&session, login, role).await?;
        if let Some(how) = seen.how() {
            self.forget(login, role);
            return Ok(Outcome::Found(self.seen(call, words::still_has_role(login, role, &how))));
        }
        let sessions = match self.sessions_of(seen.login) {
            Some(clients) => Some(clients.count(&session).await?),
            None => None,
        };
        let began_since = seen.login.is_some() && self.remembers(login, role);
        let answer = words::role_left(login, role, sessions, began_since);
        Ok(match sessions {
            Some(1..) if !began_since => Outcome::Found(self.seen(call, answer)),
            Some(_) | None => Outcome::NotFound(self.seen(call, answer)),
        })
    }

    /// The sessions that may have kept a role; none where they are let be.
    const fn sessions_of(&self, login: Option<u32>) -> Option<Clients> {
        match (self.settings.end_sessions, login) {
            (false, _) => None,
            (true, Some(oid)) => Some(Clients::Of(oid)),
            (true, None) => Some(Clients::OfNobody),
        }
    }

    /// Every session of the login was seen ended after the role was taken: what is there now began later. It is
    /// kept in memory alone: after a restart the sessions are ended once more rather than believed.
    fn remember(&self, login: &Name, role: &Name) {
        let mut ended = self.sessions_ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.len() >= REMEMBERED_MOST {
            ended.pop_first();
        }
        ended.insert((login.clone(), role.clone()));
    }

    fn remembers(&self, login: &Name, role: &Name) -> bool {
        let ended = self.sessions_ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.contains(&(login.clone(), role.clone()))
    }

    fn forget(&self, login: &Name, role: &Name) {
        let mut ended = self.sessions_ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.remove(&(login.clone(), role.clone()));
    }
}
