//! Every sentence that adapters write for people: labels, what can't be ended, and evidence.

pub(super) mod postgres;

use std::path::Path;

use crate::finding::Finding;

/// `a login in /srv/wiki/htpasswd`.
pub(super) fn login_in(file: &Path) -> String {
    format!("a login in {}", file.display())
}

/// What removing a line does not reach.
pub(super) const SESSIONS_STAY: &str = "sessions that the app keeps by itself";

/// How a file was looked at.
pub(super) fn read(file: &Path) -> String {
    format!("read {}", file.display())
}

/// How a file was changed.
pub(super) fn wrote(file: &Path) -> String {
    format!("replaced {} whole", file.display())
}

/// A line was added or its password set.
pub(super) fn line_added(login: &str, cost: u32) -> String {
    format!("{login} can log in now (bcrypt, cost {cost})")
}

/// The very line was there.
pub(super) fn line_stands(login: &str) -> String {
    format!("{login} was there with this password")
}

/// A look found the line.
pub(super) fn line_found(login: &str, logins: usize) -> String {
    format!("a line for {login} among {}", count(logins, "login"))
}

/// A look found no line; `sessions` when they were counted.
pub(super) fn line_gone(login: &str, logins: usize, sessions: Option<u64>) -> String {
    let line = format!("no line for {login} among {}", count(logins, "login"));
    match sessions {
        Some(sessions) => format!("{line}; {}", count(sessions, "session")),
        None => line,
    }
}

/// A revocation took the line, or there was none; `ended` when sessions were looked for.
pub(super) fn line_removed(login: &str, lines: usize, ended: Option<bool>) -> String {
    let line = match lines {
        0 => format!("no line for {login}"),
        1 => format!("removed the line for {login}"),
        lines => format!("removed {lines} lines for {login}"),
    };
    match ended {
        Some(true) => format!("{line}; its sessions were ended"),
        Some(false) => format!("{line}; it had no session"),
        None => line,
    }
}

/// The line is out, its sessions may not be.
pub(super) fn sessions_remain(login: &str, error: &str) -> String {
    format!("nobody can log in as {login} any more, but its sessions were not ended: {error}")
}

/// The line is out, its sessions could not be counted.
pub(super) fn sessions_unknown(login: &str, error: &str) -> String {
    format!("no line for {login}, but its sessions could not be counted: {error}")
}

/// A check of the file: what it holds, and that it can be replaced.
pub(super) fn file_fine(file: &Path, held: usize) -> Finding {
    Finding::ok(format!(
        "{} can be read and replaced, with {} of ours in it",
        file.display(),
        count(held, "login")
    ))
}

/// A check of the folder that the file stands in, or of the lock file beside it.
pub(super) fn not_writable(path: &Path, error: &std::io::Error) -> Finding {
    Finding::fail(
        format!("{} can't be written: {error}", path.display()),
        "let the system user that runs jitney write there: the file is replaced by a new one beside it",
    )
}

/// A check of a hook.
pub(super) fn hook_missing(program: &Path, error: &std::io::Error) -> Finding {
    Finding::fail(
        format!("the hook {} can't be started: {error}", program.display()),
        "put the program there, executable for the system user that runs jitney",
    )
}

/// A hook that anybody may change is anybody's way to run something as us.
pub(super) fn hook_open(program: &Path) -> Finding {
    let says =
        format!("anybody on this machine may change the hook {}, which jitney runs", program.display());
    Finding::fail(says, format!("run `chmod o-w {}`", program.display()))
}

/// The hooks can be started.
pub(super) fn hooks_fine() -> Finding {
    Finding::ok("both hooks can be started")
}

/// A password file keeps no expiry.
pub(super) const NOTHING_TO_MOVE: &str = "the file keeps no expiry, so there is nothing to move";

/// The credential that a grant would issue is no longer there.
pub(super) const ERASED: &str =
    "the credential was erased, so there is no password to set; ask again for a new grant";

/// The hash function refused.
pub(super) fn not_hashed(error: &str) -> String {
    format!("the password could not be hashed: {error}")
}

/// Our own code panicked.
pub(super) const BROKE_OFF: &str =
    "the work on the file broke off, which is a defect of jitney; it is tried again";

/// The stored step is not one of this adapter's.
pub(super) fn not_our_key(key: &str) -> String {
    format!("`{key}` is no login of a grant; was the target's adapter changed while the grant was open?")
}

fn count<N: std::fmt::Display + PartialEq + From<u8>>(n: N, what: &str) -> String {
    let plural = if n == N::from(1) { "" } else { "s" };
    format!("{n} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_reads_as_sentences() {
        let said = [
            login_in(Path::new("/srv/wiki/htpasswd")),
            read(Path::new("/srv/wiki/htpasswd")),
            wrote(Path::new("/srv/wiki/htpasswd")),
            line_added("jit-r1042", 10),
            line_stands("jit-r1042"),
            line_found("jit-r1042", 15),
            line_gone("jit-r1042", 14, None),
            line_gone("jit-r1042", 14, Some(0)),
            line_gone("jit-r1042", 1, Some(1)),
            line_removed("jit-r1042", 0, None),
            line_removed("jit-r1042", 0, Some(false)),
            line_removed("jit-r1042", 1, Some(true)),
            line_removed("jit-r1042", 2, None),
            sessions_remain("jit-r1042", "the hook asked for another try"),
            sessions_unknown("jit-r1042", "the hook asked for another try"),
            not_our_key("group/ops"),
        ];
        insta::assert_snapshot!(said.join("\n"));
    }
}
