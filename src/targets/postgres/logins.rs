//! Logins of grants: made in one transaction, so that there is no half of one; taken in several, so that nobody can
//! come back in between.

use secrecy::ExposeSecret as _;
use tokio_postgres::types::Type;

use super::clients::Clients;
use super::failure::Failure;
use super::names::{self, Name, literal, quoted_all};
use super::session::{Session, cell};
use super::{Postgres, rights, words};
use crate::lifecycle::Outcome;
use crate::targets::Call;

/// Databases that one call cleans; the next call goes on.
const DATABASES_MOST: i64 = 100;

/// A login as it is.
struct Seen {
    oid: u32,
    can_log_in: bool,
    connections: i32,
    valid_until: Option<String>,
    mark: Option<String>,
    roles: Vec<String>,
}

impl Seen {
    async fn look(session: &Session, login: &Name) -> Result<Option<Self>, Failure> {
        const SQL: &str = "SELECT r.oid, r.rolcanlogin, r.rolconnlimit, \
            to_char(r.rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), \
            shobj_description(r.oid, 'pg_authid'), \
            ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid \
                WHERE m.member = r.oid ORDER BY 1 LIMIT 100) \
            FROM pg_roles r WHERE r.rolname = $1";
        let rows = session.rows(SQL, &[(&login.as_str(), Type::TEXT)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(Self {
            oid: cell(row, 0)?,
            can_log_in: cell(row, 1)?,
            connections: cell(row, 2)?,
            valid_until: cell(row, 3)?,
            mark: cell(row, 4)?,
            roles: cell(row, 5)?,
        }))
    }

    fn lacks<'a>(&self, roles: &'a [Name]) -> Vec<&'a Name> {
        roles.iter().filter(|role| !self.roles.iter().any(|has| has == role.as_str())).collect()
    }

    /// What keeps it from being what was granted.
    fn fault(&self, roles: &[Name]) -> Option<String> {
        let lacks = self.lacks(roles);
        if !self.can_log_in {
            Some(words::NO_LOGIN.to_owned())
        } else if lacks.is_empty() {
            None
        } else {
            Some(words::lacks(&lacks))
        }
    }
}

impl Postgres {
    /// Before anything is touched: whether it is there, and whether it could be made.
    pub(super) async fn login_before(
        &self,
        call: &Call<'_>,
        login: &Name,
        roles: &[Name],
    ) -> Result<Outcome, Failure> {
        let session = self.session().await?;
        self.may_give(&session, roles).await?;
        Ok(match self.ours(call, &session, login).await? {
            Some(seen) => Outcome::Found(self.seen(call, words::login_found(login, &seen.roles))),
            None => Outcome::NotFound(self.seen(call, words::login_absent(login))),
        })
    }

    /// Whether the login is there as it was granted.
    pub(super) async fn login_there(
        &self,
        call: &Call<'_>,
        login: &Name,
        roles: &[Name],
    ) -> Result<Outcome, Failure> {
        let session = self.session().await?;
        Ok(match self.ours(call, &session, login).await? {
            None => Outcome::NotFound(self.seen(call, words::login_absent(login))),
            Some(seen) => match seen.fault(roles) {
                Some(fault) => Outcome::NotFound(self.seen(call, words::login_faulty(login, &fault))),
                None => Outcome::Found(self.seen(call, words::login_found(login, &seen.roles))),
            },
        })
    }

    /// Makes the login, or makes it what it should be.
    pub(super) async fn make_login(
        &self,
        call: &Call<'_>,
        login: &Name,
        roles: &[Name],
    ) -> Result<Outcome, Failure> {
        let secret = call.secret.ok_or_else(|| Failure::lasting(words::ERASED))?;
        // The server gets what it would store itself, so the password stands in none of its logs and views.
        let verifier = postgres_protocol::password::scram_sha_256(secret.expose_secret().as_bytes());
        let session = self.session().await?;
        let (name, until) = (login.quoted(), call.native_expiry.rfc3339());
        let most = self.settings.connections;
        let attributes = format!(
            "LOGIN CONNECTION LIMIT {most} PASSWORD {} VALID UNTIL {}",
            literal(&verifier),
            literal(&until)
        );
        let Some(seen) = self.ours(call, &session, login).await? else {
            let mark = literal(&names::mark(call.request, call.person));
            let roles_in = quoted_all(roles);
            let make = format!(
                "CREATE ROLE {name} {attributes} IN ROLE {roles_in}; COMMENT ON ROLE {name} IS {mark}"
            );
            session.run(&make).await?;
            return Ok(Outcome::Done(self.did(call, words::login_made(login, roles, &until, most))));
        };
        let was_so = seen.fault(roles).is_none()
            && seen.valid_until.as_deref() == Some(until.as_str())
            && u32::try_from(seen.connections) == Ok(most);
        let lacks: Vec<Name> = seen.lacks(roles).into_iter().cloned().collect();
        let mut mend = format!("ALTER ROLE {name} {attributes}");
        if !lacks.is_empty() {
            mend.push_str(&format!("; GRANT {} TO {name}", quoted_all(&lacks)));
        }
        session.run(&mend).await?;
        Ok(match was_so {
            true => Outcome::Already(self.did(call, words::login_stands(login, &until))),
            false => Outcome::Done(self.did(call, words::login_mended(login, roles, &until))),
        })
    }

    /// Moves the time from which the server itself lets nobody in.
    pub(super) async fn extend_login(&self, call: &Call<'_>, login: &Name) -> Result<Outcome, Failure> {
        let session = self.session().await?;
        let until = call.native_expiry.rfc3339();
        let Some(seen) = self.ours(call, &session, login).await? else {
            return Err(Failure::lasting(words::login_absent(login)));
        };
        if seen.valid_until.as_deref() == Some(until.as_str()) {
            return Ok(Outcome::Already(self.seen(call, words::valid_until(login, &until))));
        }
        session.run(&format!("ALTER ROLE {} VALID UNTIL {}", login.quoted(), literal(&until))).await?;
        Ok(Outcome::Done(self.did(call, words::valid_until(login, &until))))
    }

    /// Locks the login, ends its sessions, gives what it owns to `owner`, and drops it.
    pub(super) async fn take_login(&self, call: &Call<'_>, login: &Name) -> Result<Outcome, Failure> {
        let session = self.session().await?;
        let Some(seen) = self.ours(call, &session, login).await? else {
            let ended = Clients::OfNobody.end(&session).await?;
            let answer = words::login_gone(login, ended);
            return Ok(match ended {
                0 => Outcome::Already(self.seen(call, answer)),
                _ => Outcome::Done(self.did(call, answer)),
            });
        };
        // By itself, so that others see it before the first session ends.
        session.run(&format!("ALTER ROLE {} NOLOGIN", login.quoted())).await?;
        let ended = Clients::Of(seen.oid).end(&session).await?;
        let prepared = prepared(&session, login).await?;
        if prepared > 0 {
            return Err(Failure::lasting(words::prepared(login, prepared)));
        }
        let databases = self.clear_out(&session, login, seen.oid).await?;
        session
            .run(&format!("DROP ROLE {}", login.quoted()))
            .await
            .map_err(|failure| kept(login, failure))?;
        // Who was being let in while the door closed came in as a role that is no longer there.
        let late = Clients::Of(seen.oid).end(&session).await?;
        Ok(Outcome::Done(self.did(call, words::login_taken(login, ended + late, &databases))))
    }

    /// Whether the login, or a session of it, is still there.
    pub(super) async fn login_left(&self, call: &Call<'_>, login: &Name) -> Result<Outcome, Failure> {
        let session = self.session().await?;
        if let Some(seen) = Seen::look(&session, login).await? {
            let sessions = Clients::Of(seen.oid).count(&session).await?;
            let answer = words::login_remains(login, seen.can_log_in, sessions);
            return Ok(Outcome::Found(self.seen(call, answer)));
        }
        let sessions = Clients::OfNobody.count(&session).await?;
        let prepared = prepared(&session, login).await?;
        let seen = self.seen(call, words::login_left(login, sessions, prepared));
        Ok(if sessions + prepared > 0 { Outcome::Found(seen) } else { Outcome::NotFound(seen) })
    }

    /// The login, if it is ours. A role of the same name that somebody else made is left alone and told.
    async fn ours(&self, call: &Call<'_>, session: &Session, login: &Name) -> Result<Option<Seen>, Failure> {
        let Some(seen) = Seen::look(session, login).await? else { return Ok(None) };
        let mark = names::mark(call.request, call.person);
        match seen.mark.as_deref() == Some(mark.as_str()) {
            true => Ok(Some(seen)),
            false => Err(Failure::lasting(words::foreign(login, &mark))),
        }
    }

    /// Gives everything that the login owns, in every database, to `owner`; takes what was given to it.
    async fn clear_out(&self, session: &Session, login: &Name, oid: u32) -> Result<Vec<String>, Failure> {
        // The very table that DROP ROLE asks; zero stands for what belongs to no database.
        const SQL: &str = "SELECT DISTINCT d.datname::text FROM pg_shdepend s JOIN pg_database d \
            ON d.oid = s.dbid OR (s.dbid = 0 AND d.datname = current_database()) \
            WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1 ORDER BY 1 LIMIT $2";
        let rows = session.rows(SQL, &[(&oid, Type::OID), (&DATABASES_MOST, Type::INT8)]).await?;
        let databases: Vec<String> = rows.iter().map(|row| cell(row, 0)).collect::<Result<_, _>>()?;
        if databases.is_empty() {
            return Ok(databases);
        }
        self.act_as(session, login).await?;
        let (login_name, owner) = (login.quoted(), self.settings.owner.quoted());
        // In one transaction: DROP OWNED alone would drop what people made.
        let clear = format!("REASSIGN OWNED BY {login_name} TO {owner}; DROP OWNED BY {login_name}");
        for database in &databases {
            let name = Name::parse(database).map_err(Failure::lasting)?;
            let of_this = |failure| in_database(database, failure);
            let there = Session::open(&self.settings, &name).await.map_err(of_this)?;
            there.run(&clear).await.map_err(of_this)?;
        }
        Ok(databases)
    }

    /// Makes us a member of the login: only who may act for it may give away what it owns.
    async fn act_as(&self, session: &Session, login: &Name) -> Result<(), Failure> {
        let sql = "SELECT pg_has_role($1, 'USAGE')";
        let may: bool = cell(&session.row(sql, &[(&login.as_str(), Type::NAME)]).await?, 0)?;
        if may {
            return Ok(());
        }
        let how = if session.grantors_count() { " WITH INHERIT TRUE, SET FALSE" } else { "" };
        session.run(&format!("GRANT {} TO CURRENT_USER{how}", login.quoted())).await
    }

    /// Whether there are such roles, and whether we may give them.
    pub(super) async fn may_give(&self, session: &Session, roles: &[Name]) -> Result<(), Failure> {
        const SQL: &str = "SELECT t.name, r.rolsuper, pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION') \
            FROM unnest($1) t(name) LEFT JOIN pg_roles r ON r.rolname = t.name";
        let names: Vec<&str> = roles.iter().map(Name::as_str).collect();
        for row in session.rows(SQL, &[(&names, Type::TEXT_ARRAY)]).await? {
            let name: &str = cell(&row, 0)?;
            let (is_superuser, may): (Option<bool>, Option<bool>) = (cell(&row, 1)?, cell(&row, 2)?);
            match is_superuser {
                None => return Err(Failure::lasting(words::no_role(name))),
                Some(true) => return Err(Failure::lasting(words::superuser_role(name))),
                // Before 16, CREATEROLE is enough.
                Some(false) if session.grantors_count() && may != Some(true) => {
                    let (role, user) = (Name::parse(name).map_err(Failure::lasting)?, &self.settings.user);
                    return Err(Failure::lasting(words::may_not_give(
                        &role,
                        user,
                        &rights::admin_of(&role, user),
                    )));
                }
                Some(false) => {}
            }
        }
        Ok(())
    }
}

/// Transactions of a login that were prepared: they outlive its sessions.
async fn prepared(session: &Session, login: &Name) -> Result<u64, Failure> {
    let sql = "SELECT count(*) FROM pg_prepared_xacts WHERE owner = $1";
    let count: i64 = cell(&session.row(sql, &[(&login.as_str(), Type::TEXT)]).await?, 0)?;
    Ok(count.unsigned_abs())
}

fn kept(login: &Name, failure: Failure) -> Failure {
    with(failure, |error| words::login_kept(login, error))
}

fn in_database(database: &str, failure: Failure) -> Failure {
    with(failure, |error| words::in_database(database, error))
}

fn with(failure: Failure, tell: impl FnOnce(&str) -> String) -> Failure {
    match failure {
        Failure::Passing { error, may_have_landed } => {
            Failure::Passing { error: tell(&error), may_have_landed }
        }
        Failure::Lasting { error } => Failure::Lasting { error: tell(&error) },
    }
}
