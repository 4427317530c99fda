//! A password file's table in the configuration, understood.

use std::path::PathBuf;

use serde_json::Value;

use crate::policy::ParamIssue;
use crate::targets::hook::Hook;
use crate::targets::keys::Keys;
use crate::targets::registry::time_out;
use crate::time::Span;

const PATH_LIMIT: usize = 4000;
const ADDRESS_LIMIT: usize = 500;
/// 2^10 rounds: about 50 ms on a server's core, and `htpasswd -B -C 10` makes the same.
const USUAL_COST: u32 = 10;
/// The least that bcrypt knows; the most that a login does not feel.
pub(super) const COSTS: std::ops::RangeInclusive<u32> = 4..=14;
const HOOK_TIME_OUT: Span = Span::secs(10);

/// One password file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    /// Where it is.
    pub(super) file: PathBuf,
    /// Where its logins are used, for the requester.
    pub(super) used_at: Option<String>,
    /// How hard its hashes are to guess.
    pub(super) cost: u32,
    /// How the app's own sessions are reached.
    pub(super) sessions: Option<Sessions>,
}

/// How the app's own sessions are reached. Both or none: what can't be counted can't be seen gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sessions {
    /// Ends the sessions of a login.
    pub(super) end: Hook,
    /// Prints how many sessions a login has.
    pub(super) count: Hook,
}

impl Settings {
    /// Understands the table.
    pub(super) fn parse(table: &Value) -> Result<Self, Vec<ParamIssue>> {
        let mut keys = Keys::of(table, "[targets.name]");
        keys.require("file", "write the absolute path of the password file: `file = \"/srv/wiki/htpasswd\"`");
        let file = keys.text("file", PATH_LIMIT).map(PathBuf::from);
        if file.as_ref().is_some_and(|file| !file.is_absolute() || file.file_name().is_none()) {
            keys.note("file", "must be the absolute path of a file, such as `/srv/wiki/htpasswd`");
        }
        let used_at = keys.text("used_at", ADDRESS_LIMIT).map(str::to_owned);
        if used_at.as_deref().is_some_and(|address| !is_address(address)) {
            keys.note("used_at", "must be an address to open, such as `https://wiki.example.com`");
        }
        let cost = keys.whole("cost", COSTS).unwrap_or(USUAL_COST);
        let sessions = sessions(&mut keys);
        let issues = keys.finish();
        match file {
            Some(file) if issues.is_empty() => Ok(Self { file, used_at, cost, sessions }),
            Some(_) | None => Err(issues),
        }
    }
}

fn sessions(keys: &mut Keys<'_>) -> Option<Sessions> {
    const SHAPE: &str =
        "sessions = { end = [\"/path/end\", \"{login}\"], count = [\"/path/count\", \"{login}\"] }";
    let mut inner = keys.table("sessions", SHAPE)?;
    let time_out = time_out(&mut inner, Span::secs(1), Span::mins(1)).unwrap_or(HOOK_TIME_OUT);
    let end = hook(&mut inner, "end", "ends the sessions of `{login}`", time_out);
    let count = hook(&mut inner, "count", "prints how many sessions `{login}` has", time_out);
    keys.close(inner);
    Some(Sessions { end: end?, count: count? })
}

fn hook(keys: &mut Keys<'_>, key: &'static str, does: &str, time_out: Span) -> Option<Hook> {
    keys.require(
        key,
        &format!("write the command that {does}; sessions are both ended and counted, or left out"),
    );
    let (length, most) = Hook::limits();
    let argv = keys.texts(key, length, most)?;
    Hook::parse(&argv, time_out).map_err(|message| keys.note(key, message)).ok()
}

fn is_address(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')) && !text.contains(char::is_whitespace)
}
