//! What the PostgreSQL adapter says.

use std::fmt::Display;
use std::path::Path;

use super::count;
use crate::time::Span;

// ---- steps ----

/// `a login in billing_ro on db.example.com`.
pub(in crate::targets) fn login_in(roles: &[&str], host: &str) -> String {
    format!("a login in {} on {host}", roles.join(", "))
}

/// `membership of billing_ro on db.example.com`.
pub(in crate::targets) fn member_of(role: &str, host: &str) -> String {
    format!("membership of {role} on {host}")
}

/// What is left where sessions are let be.
pub(in crate::targets) const SET_ROLE_STAYS: &str =
    "open sessions in which the person did SET ROLE: they keep the role until they close";

/// The stored step is not one of this adapter's.
pub(in crate::targets) fn not_our_step() -> String {
    "the step is none of PostgreSQL's; was the target's adapter changed?".to_owned()
}

/// The stored key is not one of this adapter's.
pub(in crate::targets) fn not_our_key(key: &str) -> String {
    format!(
        "`{key}` is no login and no membership of this grant; was the target's adapter changed while it was open?"
    )
}

// ---- how it was seen ----

/// How a server was looked at.
pub(in crate::targets) fn read(server: &str) -> String {
    format!("read roles, memberships and sessions of {server}")
}

/// How a server was changed.
pub(in crate::targets) fn ran(server: &str) -> String {
    format!("ran SQL on {server}")
}

// ---- logins ----

/// There is no such login.
pub(in crate::targets) fn login_absent(login: &impl Display) -> String {
    format!("no role {login}")
}

/// The login is there.
pub(in crate::targets) fn login_found(login: &impl Display, roles: &[String]) -> String {
    format!("{login} can log in, in {}", list(roles))
}

/// The login is there, but not as it was granted.
pub(in crate::targets) fn login_faulty(login: &impl Display, fault: &str) -> String {
    format!("{login} is there, but {fault}")
}

/// A fault of a login.
pub(in crate::targets) const NO_LOGIN: &str = "it can't log in";

/// A fault of a login.
pub(in crate::targets) fn lacks(roles: &[impl Display]) -> String {
    format!("it is not in {}", list(roles))
}

/// A login was made.
pub(in crate::targets) fn login_made(
    login: &impl Display,
    roles: &[impl Display],
    until: &str,
    most: u32,
) -> String {
    format!(
        "made {login} in {}, valid until {until}, with at most {}",
        list(roles),
        count(most, "connection")
    )
}

/// The login was as it should be; its password can't be read, so it was set once more.
pub(in crate::targets) fn login_stands(login: &impl Display, until: &str) -> String {
    format!("{login} was there, valid until {until}; its password was set again")
}

/// The login was there and is now as it should be.
pub(in crate::targets) fn login_mended(login: &impl Display, roles: &[impl Display], until: &str) -> String {
    format!("{login} was there; it is now in {}, valid until {until}", list(roles))
}

/// The server's own expiry.
pub(in crate::targets) fn valid_until(login: &impl Display, until: &str) -> String {
    format!("{login} is valid until {until}")
}

/// A membership has no expiry.
pub(in crate::targets) const NOTHING_TO_MOVE: &str =
    "a membership has no expiry, so there is nothing to move";

/// The login was gone already; `ended` sessions of dropped roles were found.
pub(in crate::targets) fn login_gone(login: &impl Display, ended: u64) -> String {
    match ended {
        0 => login_absent(login),
        ended => format!("no role {login}; ended {} of roles that were dropped", count(ended, "session")),
    }
}

/// A login was taken.
pub(in crate::targets) fn login_taken(login: &impl Display, ended: u64, databases: &[String]) -> String {
    let cleared = match databases {
        [] => "it owned nothing".to_owned(),
        databases => format!("what it had in {} was reassigned", list(databases)),
    };
    format!("locked {login}; ended {}; {cleared}; dropped it", count(ended, "session"))
}

/// A look found the login.
pub(in crate::targets) fn login_remains(login: &impl Display, can_log_in: bool, sessions: u64) -> String {
    let door = if can_log_in { "can log in" } else { "can't log in any more" };
    format!("{login} is there and {door}; {}", count(sessions, "session"))
}

/// A look found no login, and counted what may be left of it.
pub(in crate::targets) fn login_left(login: &impl Display, sessions: u64, prepared: u64) -> String {
    let sessions = match sessions {
        0 => "no session of a dropped role".to_owned(),
        sessions => format!("{} of a dropped role", count(sessions, "session")),
    };
    match prepared {
        0 => format!("no role {login}; {sessions}"),
        prepared => format!("no role {login}; {sessions}; {} of it", count(prepared, "prepared transaction")),
    }
}

// ---- memberships ----

/// How a login has a role.
pub(in crate::targets) const BY_BEING_SUPERUSER: &str = "it is a superuser";

/// How a login has a role.
pub(in crate::targets) fn granted_by(grantors: &[String]) -> String {
    format!("granted by {}", list(grantors))
}

/// How a login has a role.
pub(in crate::targets) fn through(roles: &[String]) -> String {
    format!("through {}", list(roles))
}

/// The login has the role.
pub(in crate::targets) fn has_role(login: &impl Display, role: &impl Display, how: &str) -> String {
    format!("{login} has {role}: {how}")
}

/// The login has the role after all.
pub(in crate::targets) fn still_has_role(login: &impl Display, role: &impl Display, how: &str) -> String {
    format!("{login} still has {role}: {how}")
}

/// The login does not have the role.
pub(in crate::targets) fn has_no_role(login: &impl Display, role: &impl Display) -> String {
    format!("{login} does not have {role}")
}

/// The role was given.
pub(in crate::targets) fn role_given(login: &impl Display, role: &impl Display) -> String {
    format!("granted {role} to {login}")
}

/// Our grant of the role is gone, somebody else's is not.
pub(in crate::targets) fn role_remains(
    login: &impl Display,
    role: &impl Display,
    was_taken: bool,
    how: &str,
) -> String {
    let ours = if was_taken { "revoked what we had granted" } else { "nothing of ours was there" };
    format!("{ours}, but {login} still has {role}: {how}; somebody else must take that")
}

/// The role was taken; `ended` sessions, unless they are let be.
pub(in crate::targets) fn role_taken(
    login: &impl Display,
    role: &impl Display,
    was_taken: bool,
    ended: Option<u64>,
) -> String {
    let taken = match was_taken {
        true => format!("revoked {role} from {login}"),
        false => has_no_role(login, role),
    };
    match ended {
        Some(ended) => format!("{taken}; ended {} that may have kept it", count(ended, "session")),
        None => format!("{taken}; its sessions were let be"),
    }
}

/// A look found no membership, and counted sessions, unless they are let be.
pub(in crate::targets) fn role_left(
    login: &impl Display,
    role: &impl Display,
    sessions: Option<u64>,
    began_since: bool,
) -> String {
    let gone = has_no_role(login, role);
    match (sessions, began_since) {
        (None, _) => gone,
        (Some(0), _) => format!("{gone}; it has no session"),
        (Some(sessions), true) => format!("{gone}; {} of it, begun since", count(sessions, "session")),
        (Some(sessions), false) => {
            format!("{gone}, but {} may have kept it by SET ROLE", count(sessions, "open session"))
        }
    }
}

// ---- why not ----

/// The credential that a grant would issue is no longer there.
pub(in crate::targets) const ERASED: &str = super::ERASED;

/// Somebody else's role has the name.
pub(in crate::targets) fn foreign(login: &impl Display, mark: &str) -> String {
    format!(
        "a role {login} is there that jitney did not make (its comment is not `{mark}`), so it is left alone; if \
         another jitney works on this server, give one of them another `login_prefix`"
    )
}

/// There is no such role.
pub(in crate::targets) fn no_role(role: &str) -> String {
    format!("there is no role `{role}` on the server; is the policy right?")
}

/// The role is not one to give for a while.
pub(in crate::targets) fn superuser_role(role: &str) -> String {
    format!("`{role}` is a superuser, and jitney gives no such role")
}

/// Our account may not give a role; `sql` would let it.
pub(in crate::targets) fn may_not_give(role: &impl Display, user: &impl Display, sql: &str) -> String {
    format!("{user} may not give {role}; a DBA can let it: {sql}")
}

/// The person has no login.
pub(in crate::targets) fn no_login_of(login: &impl Display) -> String {
    format!("there is no login {login} on the server to give the role to")
}

/// Sessions did not go.
pub(in crate::targets) const SESSIONS_REMAIN: &str =
    "sessions were told to end, but some are still there; they are told again";

/// A login can't be dropped while it has these.
pub(in crate::targets) fn prepared(login: &impl Display, prepared: u64) -> String {
    format!(
        "{login} can't log in any more, but left {}: see pg_prepared_xacts, and ROLLBACK PREPARED as a superuser",
        count(prepared, "prepared transaction")
    )
}

/// A login could not be dropped.
pub(in crate::targets) fn login_kept(login: &impl Display, error: &str) -> String {
    format!("{login} can't log in any more and its sessions are ended, but it can't be dropped: {error}")
}

/// Something failed in one database of several.
pub(in crate::targets) fn in_database(database: &str, error: &str) -> String {
    format!("in the database {database}: {error}")
}

/// No connection in time.
pub(in crate::targets) fn no_connection(server: &str, limit: Span) -> String {
    format!("no session on {server} within {limit}")
}

/// A standby shows what was.
pub(in crate::targets) fn standby(server: &str) -> String {
    format!("{server} is a standby: it can't be changed, and shows what was")
}

/// An old server.
pub(in crate::targets) fn too_old(major: i32) -> String {
    format!("this is PostgreSQL {major}; 14 is the oldest that jitney knows")
}

/// The server's certificate is not trusted.
pub(in crate::targets) fn certificate(error: &str) -> String {
    format!("the server's certificate is refused: {error}; see `ca_file` and `host`")
}

/// The file of certificates is of no use.
pub(in crate::targets) fn bad_ca_file(file: &Path, error: &str) -> String {
    format!("can't take certificates from {}: {error}", file.display())
}

/// The reading of files broke off.
pub(in crate::targets) const NOT_READ: &str = "the reading of the password broke off; it is tried again";

/// The server answered something else than was asked.
pub(in crate::targets) const ODD_ANSWER: &str =
    "the server answered in another form than PostgreSQL does; is it one?";

// ---- for `doctor` ----

/// The server answers.
pub(in crate::targets) fn reached(server: &str, major: i32, tls: bool) -> String {
    let way = if tls { "over TLS" } else { "without TLS, on this machine" };
    format!("PostgreSQL {major} on {server} is reached {way}")
}

/// What to do when no session was opened.
pub(in crate::targets) fn mend_reach(server: &str, rights: &str) -> String {
    format!("let this machine reach {server}; see its pg_hba.conf and the target's password_file; {rights}")
}

/// What our account needs: `account` in SQL, and from version 16 on `each` for every role.
pub(in crate::targets) fn mend_rights(account: &str, each: Option<&str>) -> String {
    let each = each.map(|sql| format!(", and for each role that a policy names `{sql}`")).unwrap_or_default();
    format!("the account needs no more than what a superuser gives it by `{account}`{each}")
}

/// What to do about a superuser.
pub(in crate::targets) fn mend_superuser(user: &impl Display, rights: &str) -> String {
    format!("run `ALTER ROLE {user} NOSUPERUSER;`; {rights}")
}

/// Too much.
pub(in crate::targets) fn is_superuser(user: &impl Display) -> String {
    format!("{user} is a superuser: it works, but a mistake or a thief could do anything there")
}

/// Too little.
pub(in crate::targets) fn ends_no_sessions(user: &impl Display) -> String {
    format!("{user} can't end sessions (pg_signal_backend), so no revocation could be finished")
}

/// Too little for some steps.
pub(in crate::targets) fn makes_no_roles(user: &impl Display) -> String {
    format!("{user} can't make roles (CREATEROLE): steps with `login` fail, those with `member` work")
}

/// Too little.
pub(in crate::targets) fn gives_nothing(user: &impl Display) -> String {
    format!("{user} has the ADMIN option on no role, so it has nothing to give")
}

/// Just right; `gives` from version 16 on.
pub(in crate::targets) fn rights_held(user: &impl Display, gives: Option<&[String]>) -> String {
    match gives {
        Some(gives) => format!("{user} may make logins, end sessions and give {}", list(gives)),
        None => format!("{user} may make logins, end sessions and, before version 16, give any role"),
    }
}

/// The owner of what is left is not there.
pub(in crate::targets) fn no_owner(owner: &impl Display) -> String {
    format!("there is no role {owner} to own what logins leave behind, so they could not be dropped")
}

/// The owner of what is left could do anything.
pub(in crate::targets) fn owner_is_superuser(owner: &impl Display) -> String {
    format!("{owner} is a superuser: a function that a login left behind would run with all its rights")
}

/// The owner of what is left can't be given anything.
pub(in crate::targets) fn owner_is_closed(owner: &impl Display, user: &impl Display) -> String {
    format!("{user} is no member of {owner}, so it can't give it what logins leave behind")
}

/// The owner of what is left has rights of its own.
pub(in crate::targets) fn owner_has_rights(owner: &impl Display) -> String {
    format!(
        "{owner} can log in or has other roles: a function that a login left behind would run with its rights"
    )
}

/// The owner of what is left is as it should be.
pub(in crate::targets) fn owner_is_fit(owner: &impl Display) -> String {
    format!("{owner} can own what logins leave behind")
}

/// What to do about the owner.
pub(in crate::targets) const MEND_OWNER: &str =
    "set `owner` to a role of its own that can't log in and is in no other role";

/// Every database can be cleared.
pub(in crate::targets) fn databases_open(all: u64) -> String {
    format!("{} can be cleared of what logins leave behind", count(all, "database"))
}

/// Some databases can't be cleared.
pub(in crate::targets) fn databases_closed(closed: &[String]) -> String {
    format!("no way into {}: a login that left something there can't be dropped", list(closed))
}

/// What to do about closed databases.
pub(in crate::targets) const MEND_DATABASES: &str =
    "GRANT CONNECT ON DATABASE to jitney's role, for each in which logins may make something";

/// The clocks agree.
pub(in crate::targets) const CLOCKS_AGREE: &str = "the server's clock agrees with this machine's";

/// The clocks do not agree.
pub(in crate::targets) fn clocks_apart(apart: Span, is_ahead: bool) -> String {
    let side = if is_ahead { "ahead of" } else { "behind" };
    format!("the server's clock is {apart} {side} this machine's; a login's own expiry goes by the server's")
}

/// What to do about clocks.
pub(in crate::targets) const MEND_CLOCK: &str = "let both machines keep their time by NTP";

fn list(names: &[impl Display]) -> String {
    match names {
        [] => "no role".to_owned(),
        names => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}
