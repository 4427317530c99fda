//! PostgreSQL, from version 14 on: a login of the grant's own with some roles (`jit_r1042`), or membership of the
//! person's own login in a role.
//!
//! VALID UNTIL is asked at a password login only, and neither REVOKE nor DROP ROLE ends a session. So the end is
//! made in an order that leaves no way back in, and what is believed is what a new connection then sees.

mod check;
mod clients;
mod failure;
mod logins;
mod members;
mod names;
mod rights;
mod session;
mod settings;
mod steps;

use std::collections::BTreeSet;
use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::Value;
use tokio_postgres::types::Type;

use self::failure::{Failure, settle};
use self::names::Name;
use self::session::{Session, cell};
use self::settings::Settings;
use self::steps::{Entitlement, Step};
use super::words::postgres as words;
use super::{Adapter, Call, Declaration, Held};
use crate::finding::Finding;
use crate::lifecycle::{Evidence, Outcome};
use crate::policy::{Binding, Layer, ParamIssue, Parsed, Subject};
use crate::time::Timestamp;

/// Held entitlements that one answer may have.
const HELD_MOST: i64 = 100_000;

/// One server.
#[derive(Debug)]
struct Postgres {
    settings: Settings,
    /// Memberships (login, role) whose sessions were all seen ended after the role was taken.
    sessions_ended: Mutex<BTreeSet<(Name, Name)>>,
}

/// Makes the adapter from its table; docs/targets.md names the keys.
pub(super) fn build(table: &Value) -> Result<Box<dyn Adapter>, Vec<ParamIssue>> {
    let settings = Settings::parse(table)?;
    Ok(Box::new(Postgres { settings, sessions_ended: Mutex::default() }))
}

#[async_trait]
impl Adapter for Postgres {
    fn declaration(&self) -> Declaration {
        Declaration {
            layer: Layer::Application,
            readable: true,
            native_expiry: true,
            cannot_end: match self.settings.end_sessions {
                true => Vec::new(),
                false => vec![words::SET_ROLE_STAYS.to_owned()],
            },
        }
    }

    fn parse(&self, params: &Value) -> Result<Parsed, Vec<ParamIssue>> {
        Ok(Step::parse(params)?.parsed(&self.settings))
    }

    fn bind(&self, params: &Value, subject: &Subject<'_>) -> Result<Binding, String> {
        let step = Step::parse(params).map_err(|_| words::not_our_step())?;
        step.bind(&self.settings, subject)
    }

    async fn snapshot(&self, call: &Call<'_>) -> Outcome {
        settle(match Entitlement::of(call) {
            Ok(Entitlement::Login { login, roles }) => self.login_before(call, &login, &roles).await,
            Ok(Entitlement::Member { login, role }) => self.member_before(call, &login, &role).await,
            Err(failure) => Err(failure),
        })
    }

    async fn grant(&self, call: &Call<'_>) -> Outcome {
        settle(match Entitlement::of(call) {
            Ok(Entitlement::Login { login, roles }) => self.make_login(call, &login, &roles).await,
            Ok(Entitlement::Member { login, role }) => self.give_role(call, &login, &role).await,
            Err(failure) => Err(failure),
        })
    }

    async fn verify(&self, call: &Call<'_>) -> Outcome {
        settle(match Entitlement::of(call) {
            Ok(Entitlement::Login { login, roles }) => self.login_there(call, &login, &roles).await,
            Ok(Entitlement::Member { login, role }) => self.member_there(call, &login, &role).await,
            Err(failure) => Err(failure),
        })
    }

    async fn extend(&self, call: &Call<'_>) -> Outcome {
        settle(match Entitlement::of(call) {
            Ok(Entitlement::Login { login, .. }) => self.extend_login(call, &login).await,
            Ok(Entitlement::Member { .. }) => {
                Ok(Outcome::Already(self.seen(call, words::NOTHING_TO_MOVE.to_owned())))
            }
            Err(failure) => Err(failure),
        })
    }

    async fn revoke(&self, call: &Call<'_>) -> Outcome {
        settle(match Entitlement::of(call) {
            Ok(Entitlement::Login { login, .. }) => self.take_login(call, &login).await,
            Ok(Entitlement::Member { login, role }) => self.take_role(call, &login, &role).await,
            Err(failure) => Err(failure),
        })
    }

    async fn verify_gone(&self, call: &Call<'_>) -> Outcome {
        settle(match Entitlement::of(call) {
            Ok(Entitlement::Login { login, .. }) => self.login_left(call, &login).await,
            Ok(Entitlement::Member { login, role }) => self.member_left(call, &login, &role).await,
            Err(failure) => Err(failure),
        })
    }

    async fn list(&self, _now: Timestamp) -> Result<Vec<Held>, String> {
        self.held().await.map_err(|failure| failure.to_string())
    }

    async fn check(&self, now: Timestamp) -> Vec<Finding> {
        self.findings(now).await
    }
}

impl Postgres {
    async fn session(&self) -> Result<Session, Failure> {
        Session::open(&self.settings, &self.settings.database).await
    }

    /// Logins with our mark, and memberships that we gave.
    async fn held(&self) -> Result<Vec<Held>, Failure> {
        const LOGINS: &str = "SELECT r.rolname::text FROM pg_roles r \
            WHERE starts_with(r.rolname::text, $1) \
            AND starts_with(shobj_description(r.oid, 'pg_authid'), $2) ORDER BY 1 LIMIT $3";
        const MEMBERSHIPS: &str = "SELECT g.rolname::text, u.rolname::text FROM pg_auth_members m \
            JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles u ON u.oid = m.member \
            JOIN pg_roles me ON me.rolname = current_user AND m.grantor = me.oid AND m.member <> me.oid \
            WHERE NOT starts_with(COALESCE(shobj_description(u.oid, 'pg_authid'), ''), $1) \
            ORDER BY 1, 2 LIMIT $2";
        let session = self.session().await?;
        let prefix = self.settings.login_prefix.as_str();
        let mark = (&names::MARK as _, Type::TEXT);
        let most = (&HELD_MOST as _, Type::INT8);
        let values = [(&prefix as _, Type::TEXT), mark.clone(), most.clone()];
        let mut held = Vec::new();
        for row in session.rows(LOGINS, &values).await? {
            let name: String = cell(&row, 0)?;
            held.push(Held { request: names::request_in(&name, prefix), name });
        }
        for row in session.rows(MEMBERSHIPS, &[mark, most]).await? {
            let (role, login): (&str, &str) = (cell(&row, 0)?, cell(&row, 1)?);
            held.push(Held { name: format!("{role} of {login}"), request: None });
        }
        Ok(held)
    }

    fn seen(&self, call: &Call<'_>, answer: String) -> Evidence {
        Evidence { method: words::read(&self.settings.server()), answer, at: call.now }
    }

    fn did(&self, call: &Call<'_>, answer: String) -> Evidence {
        Evidence { method: words::ran(&self.settings.server()), answer, at: call.now }
    }
}
