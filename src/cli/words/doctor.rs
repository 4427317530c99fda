//! What `jitney doctor` says of this machine, and of those who do not answer. What Slack, Jira and the targets lack is
//! said by their edges.

use std::fmt::Display;
use std::io;
use std::path::Path;

use super::{answer, counted};
use crate::engine::Held;
use crate::finding::{Finding, Grade};
use crate::ids::TargetId;
use crate::lifecycle::Answer;
use crate::time::Span;

/// Nobody was asked, because nobody was to be asked.
pub(in crate::cli) const OFFLINE: &str = "not asked (--offline)";
/// Nobody was asked, because a token is missing.
pub(in crate::cli) const NO_TOKEN: &str = "not asked, for want of a token";
/// Somebody who looks on waits.
pub(in crate::cli) const ASKING: &str = "asking Slack, Jira and the targets; 15 seconds at most";

pub(in crate::cli) fn not_an_app_token() -> Finding {
    Finding::fail(
        "the app-level token of Slack does not begin with xapp-",
        "make one with the scope connections:write, under Basic Information",
    )
}

pub(in crate::cli) fn not_a_bot_token() -> Finding {
    Finding::fail("the bot token of Slack does not begin with xoxb-", "take it from OAuth & Permissions")
}

pub(in crate::cli) fn other_key(file: &Path, id: &str, database: &Path, other: &str) -> Finding {
    Finding::fail(
        format!(
            "{} (id {id}) is not the key that {} was made with (id {other})",
            file.display(),
            database.display()
        ),
        "put the right key file back: what waits to be revealed opens with it alone",
    )
}

pub(in crate::cli) fn database_to_come(path: &Path) -> Finding {
    Finding::ok(format!("{} will be made by the first `jitney serve`", path.display()))
}

pub(in crate::cli) fn no_folder(folder: &Path) -> Finding {
    Finding::fail(
        format!("there is no folder {} for the database", folder.display()),
        "make it, writable for the system user that runs jitney",
    )
}

pub(in crate::cli) fn database_sound(path: &Path, records: u64, looked_at: u64, whole: bool) -> Finding {
    let looked = match (looked_at == records, looked_at) {
        (true, _) => "their chain holds".to_owned(),
        (false, looked_at) => format!("the chain of the newest {looked_at} holds"),
    };
    let pages =
        if whole { ", and its pages are sound" } else { ", and it is too large for a look at all pages" };
    let records = counted(usize::try_from(records).unwrap_or(usize::MAX), "audit record");
    Finding::ok(format!("{}, {records}: {looked}{pages}", path.display()))
}

pub(in crate::cli) fn damaged(path: &Path, damage: &str) -> Finding {
    Finding::fail(
        format!("{} is damaged: {damage}", path.display()),
        "stop the server, restore a backup, and keep this file for inspection",
    )
}

pub(in crate::cli) fn newest_broken(broken: &str) -> Finding {
    Finding::fail(
        format!("the audit log does not hold: {broken}"),
        "run `jitney audit verify`, and find out who wrote to the database",
    )
}

pub(in crate::cli) fn group_reads(path: &Path) -> Finding {
    let path = path.display();
    Finding::warn(
        format!("the group of {path} may read it"),
        format!("run `chmod 600 {path}` unless it should"),
    )
}

pub(in crate::cli) fn others_read(path: &Path, mode: u32) -> Finding {
    let path = path.display();
    Finding::fail(
        format!("others may read or change {path} (mode {mode:03o})"),
        format!("run `chmod 600 {path}`"),
    )
}

pub(in crate::cli) fn disk_unseen(database: &Path, error: &dyn Display) -> Finding {
    Finding::warn(
        format!("the disk of {} can't be looked at: {error}", database.display()),
        "see whether it has room",
    )
}

pub(in crate::cli) fn on_a_share(database: &Path, kind: &str) -> Finding {
    Finding::fail(
        format!(
            "{} is on a share of another machine ({kind}), where SQLite's locks do not hold",
            database.display()
        ),
        "put `server.database` on a disk of this machine",
    )
}

pub(in crate::cli) fn folder_closed(database: &Path, error: &io::Error) -> Finding {
    Finding::fail(
        format!("the folder of {} can't be written by this system user: {error}", database.display()),
        "give it to the system user that runs jitney, and run doctor as that user",
    )
}

pub(in crate::cli) fn disk_full(database: &Path, free: u64) -> Finding {
    Finding::fail(
        format!("{} free for {}, and on a full disk nobody gets anything", size(free), database.display()),
        "make room",
    )
}

pub(in crate::cli) fn disk_filling(database: &Path, free: u64) -> Finding {
    Finding::warn(format!("{} free for {}", size(free), database.display()), "make room before it is full")
}

pub(in crate::cli) fn disk_fine(database: &Path, free: u64) -> Finding {
    Finding::ok(format!("{} free for {}", size(free), database.display()))
}

pub(in crate::cli) fn no_operator() -> Finding {
    Finding::warn(
        "nobody is an operator, so nobody can revoke from the command line",
        "set `operator_login` for one person in the people file",
    )
}

pub(in crate::cli) fn nobody_in_slack() -> Finding {
    Finding::fail("nobody has a Slack account", "set `slack` to their member id (U…) in the people file")
}

pub(in crate::cli) fn no_targets() -> Finding {
    Finding::warn("there are none", "write a [targets.*] table")
}

pub(in crate::cli) fn revocation_limited(target: &TargetId, what: &[String]) -> Finding {
    // A limit of the target's kind: there may be nothing to mend.
    Finding {
        grade: Grade::Warn,
        says: format!("{target}: a revocation can't end {}", what.join("; ")),
        mend: None,
    }
}

pub(in crate::cli) fn policy_warning(warning: &dyn Display) -> Finding {
    Finding { grade: Grade::Warn, says: warning.to_string(), mend: None }
}

pub(in crate::cli) fn silent(patience: Span) -> Finding {
    Finding::fail(format!("no answer within {}", patience.words()), "see whether this machine reaches it")
}

pub(in crate::cli) fn refuses_requests(why: &dyn Display) -> Finding {
    Finding { grade: Grade::Warn, says: format!("running, but new requests are refused: {why}"), mend: None }
}

/// A change of people waits for an operator.
pub(in crate::cli) fn people_held(held: &Held) -> Finding {
    let Held { id, sources, left, lose, of, since } = held;
    Finding::warn(
        format!(
            "a change of people is held since {}: by {}, {left} of {of} people would leave, and {lose} more would lose a \
             role that they may ask for",
            since.minute_utc(),
            sources.join(", ")
        ),
        format!(
            "mend the source, or accept it with `jitney people accept {id}`; until then what was in force stays, and grows \
             old"
        ),
    )
}

pub(in crate::cli) fn silent_server(said: &Answer) -> String {
    format!("running, but it won't talk to you. {}", answer(said))
}

pub(in crate::cli) fn server_odd(why: &dyn Display) -> Finding {
    Finding { grade: Grade::Warn, says: why.to_string(), mend: None }
}

/// A source that tells nothing that can be read.
pub(in crate::cli) fn source_broken(name: &str, why: &str) -> Finding {
    Finding::fail(
        format!("the source {name}: {why}"),
        "mend it; what it told last is used until it is too old, and then its facts count for nobody",
    )
}

/// A source that the server has not asked yet.
pub(in crate::cli) fn source_silent(name: &str) -> Finding {
    Finding::warn(
        format!("the source {name} has told nothing yet"),
        "let the server run until its `sync` comes; its log says what is in the way",
    )
}

/// What a source told.
pub(in crate::cli) fn source_told(name: &str, of: usize, age: Span, limit: Span) -> Finding {
    let told = format!("the source {name} tells of {of} people, as of {} ago", age.words());
    if age > limit {
        Finding::fail(
            format!("{told}, and its limit is {}", limit.words()),
            "have it written or asked again: until then its facts count for nobody",
        )
    } else {
        Finding::ok(told)
    }
}

/// In the largest unit that leaves a whole number.
fn size(bytes: u64) -> String {
    match bytes {
        0..=0x3fff_ffff => format!("{} MiB", bytes >> 20),
        0x4000_0000.. => format!("{} GiB", bytes >> 30),
    }
}
