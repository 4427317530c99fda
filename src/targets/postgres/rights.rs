//! The SQL that gives Jitney's account what it needs and no more. Pure.

use super::names::Name;
use super::settings::Settings;

/// All of it, for a server of this major version; a superuser runs it once. The tests run it too.
pub(super) fn sql(settings: &Settings, major: i32) -> String {
    let (user, owner) = (settings.user.quoted(), settings.owner.quoted());
    let mut lines = vec![
        format!("CREATE ROLE {user} LOGIN CREATEROLE;"),
        format!("GRANT pg_signal_backend TO {user};"),
        format!("CREATE ROLE {owner} NOLOGIN;"),
        format!("GRANT {owner} TO {user};"),
    ];
    if major >= 16 {
        lines.push(format!("-- and for each role that a policy names: {}", admin_of_placeholder(&user)));
    }
    lines.push(format!("-- and its password, in psql: \\password {user}"));
    lines.join("\n")
}

/// Lets the account give one role, without having it.
pub(super) fn admin_of(role: &Name, user: &Name) -> String {
    format!("GRANT {} TO {} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;", role.quoted(), user.quoted())
}

fn admin_of_placeholder(user: &str) -> String {
    format!("GRANT that_role TO {user} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;")
}
