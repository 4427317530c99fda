//! For `doctor`: whether the server is reached, what our account may do there, and how its clock goes. Changes
//! nothing.

use tokio_postgres::types::Type;

use super::failure::Failure;
use super::session::{Session, cell};
use super::settings::Tls;
use super::{Postgres, rights, words};
use crate::finding::Finding;
use crate::time::{Span, Timestamp};

/// How far apart the clocks may be: a login's own expiry goes by the server's.
const APART_MOST: Span = Span::secs(10);
/// Names that one finding lists.
const NAMES_MOST: i64 = 20;

impl Postgres {
    pub(super) async fn findings(&self, now: Timestamp) -> Vec<Finding> {
        let session = match self.session().await {
            Ok(session) => session,
            Err(failure) => return vec![self.unreached(&failure)],
        };
        let tls = matches!(self.settings.tls, Tls::Required { .. });
        let mut findings = vec![Finding::ok(words::reached(&self.settings.server(), session.major(), tls))];
        match self.looked_at(&session, now).await {
            Ok(more) => findings.extend(more),
            Err(failure) => {
                findings.push(Finding::fail(failure.to_string(), self.mend_rights(session.grantors_count())));
            }
        }
        findings
    }

    fn unreached(&self, failure: &Failure) -> Finding {
        let mend = words::mend_reach(&self.settings.server(), &self.mend_rights(true));
        Finding::fail(failure.to_string(), mend)
    }

    fn mend_rights(&self, grantors_count: bool) -> String {
        let each = grantors_count.then(|| rights::admin_of_each(&self.settings.user));
        words::mend_rights(&rights::account(&self.settings), each.as_deref())
    }

    async fn looked_at(&self, session: &Session, now: Timestamp) -> Result<Vec<Finding>, Failure> {
        let mut findings = self.account(session).await?;
        findings.push(self.owner(session).await?);
        findings.push(databases(session).await?);
        findings.push(clock(session, now).await?);
        Ok(findings)
    }

    /// What our account may do.
    async fn account(&self, session: &Session) -> Result<Vec<Finding>, Failure> {
        const SQL: &str = "SELECT rolsuper, rolcreaterole, pg_has_role('pg_signal_backend', 'USAGE'), \
            ARRAY(SELECT r.rolname::text FROM pg_roles r WHERE pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION') \
                AND r.rolname <> current_user AND NOT starts_with(r.rolname::text, $1) ORDER BY 1 LIMIT $2) \
            FROM pg_roles WHERE rolname = current_user";
        let prefix = self.settings.login_prefix.as_str();
        let row = session.row(SQL, &[(&prefix, Type::TEXT), (&NAMES_MOST, Type::INT8)]).await?;
        let (is_superuser, makes_roles): (bool, bool) = (cell(&row, 0)?, cell(&row, 1)?);
        let (ends_sessions, gives): (bool, Vec<String>) = (cell(&row, 2)?, cell(&row, 3)?);
        let user = &self.settings.user;
        let sql = || self.mend_rights(session.grantors_count());
        if is_superuser {
            let mend = words::mend_superuser(&user.quoted(), &sql());
            return Ok(vec![Finding::warn(words::is_superuser(user), mend)]);
        }
        let mut findings = Vec::new();
        if !ends_sessions {
            findings.push(Finding::fail(words::ends_no_sessions(user), sql()));
        }
        if !makes_roles {
            findings.push(Finding::warn(words::makes_no_roles(user), sql()));
        }
        if session.grantors_count() && gives.is_empty() {
            findings.push(Finding::fail(words::gives_nothing(user), sql()));
        }
        if findings.is_empty() {
            let gives = if session.grantors_count() { Some(gives.as_slice()) } else { None };
            findings.push(Finding::ok(words::rights_held(user, gives)));
        }
        Ok(findings)
    }

    /// Who gets what logins leave behind.
    async fn owner(&self, session: &Session) -> Result<Finding, Failure> {
        const SQL: &str = "SELECT rolsuper, rolcanlogin, pg_has_role(oid, 'USAGE'), \
            EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid) FROM pg_roles r WHERE rolname = $1";
        let owner = &self.settings.owner;
        let sql = || self.mend_rights(session.grantors_count());
        let rows = session.rows(SQL, &[(&owner.as_str(), Type::TEXT)]).await?;
        let Some(row) = rows.first() else { return Ok(Finding::fail(words::no_owner(owner), sql())) };
        let (is_superuser, logs_in): (bool, bool) = (cell(row, 0)?, cell(row, 1)?);
        let (may_act, has_roles): (bool, bool) = (cell(row, 2)?, cell(row, 3)?);
        Ok(if is_superuser {
            Finding::fail(words::owner_is_superuser(owner), words::MEND_OWNER)
        } else if !may_act {
            Finding::fail(words::owner_is_closed(owner, &self.settings.user), sql())
        } else if logs_in || has_roles {
            Finding::warn(words::owner_has_rights(owner), words::MEND_OWNER)
        } else {
            Finding::ok(words::owner_is_fit(owner))
        })
    }
}

/// Which databases we can clear of what logins leave behind.
async fn databases(session: &Session) -> Result<Finding, Failure> {
    const SQL: &str = "SELECT count(*), \
        (array_agg(datname::text ORDER BY 1) FILTER (WHERE NOT has_database_privilege(oid, 'CONNECT')))[1:20] \
        FROM pg_database WHERE datallowconn AND NOT datistemplate";
    let row = session.row(SQL, &[]).await?;
    let (all, closed): (i64, Option<Vec<String>>) = (cell(&row, 0)?, cell(&row, 1)?);
    Ok(match closed.as_deref() {
        None | Some([]) => Finding::ok(words::databases_open(all.unsigned_abs())),
        Some(closed) => Finding::warn(words::databases_closed(closed), words::MEND_DATABASES),
    })
}

/// How far the server's clock is from ours; the answer's own way takes less than what is told.
async fn clock(session: &Session, now: Timestamp) -> Result<Finding, Failure> {
    const SQL: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8";
    let theirs = Timestamp::from_millis(cell(&session.row(SQL, &[]).await?, 0)?);
    let (ahead, behind) = (theirs.since(now), now.since(theirs));
    Ok(if ahead.max(behind) > APART_MOST {
        Finding::warn(words::clocks_apart(ahead.max(behind), ahead > behind), words::MEND_CLOCK)
    } else {
        Finding::ok(words::CLOCKS_AGREE)
    })
}
