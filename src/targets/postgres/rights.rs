//! The SQL that gives Jitney's account what it needs and no more. Pure; on one line, as `doctor` prints it.

use super::names::Name;
use super::settings::Settings;

/// What a superuser runs once.
pub(super) fn account(settings: &Settings) -> String {
    let (user, owner) = (settings.user.quoted(), settings.owner.quoted());
    format!(
        "CREATE ROLE {user} LOGIN CREATEROLE; GRANT pg_signal_backend TO {user}; CREATE ROLE {owner} NOLOGIN; \
         GRANT {owner} TO {user};"
    )
}

/// Lets the account give one role without having it, from PostgreSQL 16 on. Before, CREATEROLE gives any.
pub(super) fn admin_of(role: &Name, user: &Name) -> String {
    admin(&role.quoted(), user)
}

/// The same for a role that the reader puts in.
pub(super) fn admin_of_each(user: &Name) -> String {
    admin("\"that role\"", user)
}

fn admin(role: &str, user: &Name) -> String {
    format!("GRANT {role} TO {} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;", user.quoted())
}
