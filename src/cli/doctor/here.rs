//! What this machine alone can tell.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use nix::sys::statvfs::statvfs;
use rand::random;
use secrecy::{ExposeSecret, SecretString};

use super::{Check, Tokens};
use crate::admin::{self, Call, ClientError, Operation, Reply};
use crate::audit::{Head, Verifier};
use crate::cli::wiring::{self, PoliciesError};
use crate::cli::words;
use crate::config::{Config, SlackTokens, SourceTable};
use crate::credentials::SealingKey;
use crate::directory::{Directory, DirectoryError};
use crate::finding::{Finding, Grade};
use crate::folder;
use crate::ids::DedupeKey;
use crate::policy;
use crate::store::{Reader, StoreError};
use crate::targets::Targets;
use crate::time::Timestamp;

/// A database up to this size is read whole, which takes a second or two; of a larger one the newest records alone.
const READ_WHOLE_MOST: u64 = 256 << 20;
/// The newest audit records whose chain is verified.
const RECORDS: u64 = 1000;
/// Room for months of requests.
const ROOM_WANTED: u64 = 1 << 30;
/// Less than this is soon full, and on a full disk nobody gets anything.
const ROOM_LEAST: u64 = 64 << 20;

pub(super) fn tokens(tokens: &Tokens) -> Vec<Check> {
    let missing = tokens.slack.as_ref().err().into_iter().flatten().chain(tokens.jira.as_ref().err());
    let missing = missing.chain(tokens.schedules.as_ref().err().into_iter().flatten());
    let mut findings: Vec<Finding> = missing.map(|issue| Finding::of_error(issue)).collect();
    let begins = |token: &SecretString, prefix| token.expose_secret().starts_with(prefix);
    if let Ok(SlackTokens { app, bot }) = &tokens.slack {
        if !begins(app, "xapp-") {
            findings.push(words::not_an_app_token());
        }
        if !begins(bot, "xoxb-") {
            findings.push(words::not_a_bot_token());
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok("all three are there"));
    }
    findings.into_iter().map(|finding| Check::of("tokens", finding)).collect()
}

/// The key, the database, and whether they belong together.
pub(super) fn key_and_database(config: &Config) -> Vec<Check> {
    let path = &config.server.database;
    let key = SealingKey::read(&config.server.key_file);
    let reader = if path.exists() { Some(Reader::open(path)) } else { None };
    let sealed_with = match &reader {
        Some(Ok(reader)) => reader.sealing_key().ok().flatten(),
        Some(Err(_)) | None => None,
    };
    let key = match (key, sealed_with) {
        (Err(error), _) => Finding::of_error(&error),
        (Ok(key), Some(other)) if other != key.id() => {
            words::other_key(&config.server.key_file, &key.id(), path, &other)
        }
        (Ok(key), _) => Finding::ok(format!("{}, id {}", config.server.key_file.display(), key.id())),
    };
    let mut checks = vec![Check::of("sealing key", key)];
    let database = match reader {
        None => absent(path),
        Some(Err(error)) => Finding::of_error(&error),
        Some(Ok(reader)) => look_into(path, &reader).unwrap_or_else(|error| Finding::of_error(&error)),
    };
    checks.push(Check::of("database", database));
    checks.extend(mode_of(path).map(|finding| Check::of("database", finding)));
    checks
}

fn absent(path: &Path) -> Finding {
    let folder = folder_of(path);
    if folder.is_dir() { words::database_to_come(path) } else { words::no_folder(folder) }
}

/// Within bounds, however large it is.
fn look_into(path: &Path, reader: &Reader) -> Result<Finding, StoreError> {
    let head = reader.head()?;
    let size = std::fs::metadata(path).map(|metadata| metadata.len()).unwrap_or(u64::MAX);
    let whole = size <= READ_WHOLE_MOST;
    if whole && let Some(damage) = reader.damage()? {
        return Ok(words::damaged(path, &damage));
    }
    Ok(match newest_hold(reader, head)? {
        Err(broken) => words::newest_broken(&broken),
        Ok(looked_at) => words::database_sound(path, head.seq, looked_at, whole),
    })
}

/// How many of the newest records were verified, or what is wrong with them.
fn newest_hold(reader: &Reader, head: Head) -> Result<Result<u64, String>, StoreError> {
    let first = head.seq.saturating_sub(RECORDS - 1).max(1);
    let mut verifier: Option<Verifier> = None;
    let (mut broken, mut looked_at) = (None, 0);
    reader.for_each_record(first, |record| {
        let verifier = verifier.get_or_insert_with(|| Verifier::after(record.before()));
        if broken.is_none() {
            broken = verifier.feed(&record).err();
            looked_at += 1;
        }
        Ok::<(), StoreError>(())
    })?;
    Ok(broken.map_or(Ok(looked_at), |broken| Err(broken.to_string())))
}

fn mode_of(path: &Path) -> Option<Finding> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    match mode & 0o077 {
        0 => None,
        0o040 => Some(words::group_reads(path)),
        _ => Some(words::others_read(path, mode)),
    }
}

/// Whether the database has room, on a disk of this machine, in a folder that can be written; nothing of a folder
/// that is not there, which the database's own check tells.
pub(super) fn disk(config: &Config) -> Option<Check> {
    let database = &config.server.database;
    let folder = folder_of(database);
    if !folder.is_dir() {
        return None;
    }
    let finding = match (share(folder), folder::may_change(folder), statvfs(folder)) {
        (Some(kind), _, _) => words::on_a_share(database, kind),
        (None, Err(error), _) => words::folder_closed(database, &error),
        (None, Ok(()), Err(error)) => words::disk_unseen(database, &error),
        (None, Ok(()), Ok(volume)) => {
            #[allow(clippy::unnecessary_cast, reason = "the types differ from system to system")]
            let free = (volume.blocks_available() as u64).saturating_mul(volume.fragment_size() as u64);
            room(database, free)
        }
    };
    Some(Check::of("disk", finding))
}

fn room(database: &Path, free: u64) -> Finding {
    if free < ROOM_LEAST {
        words::disk_full(database, free)
    } else if free < ROOM_WANTED {
        words::disk_filling(database, free)
    } else {
        words::disk_fine(database, free)
    }
}

/// The kind of a file system that another machine keeps, where the system tells it: SQLite's locks fail there.
#[cfg(target_os = "linux")]
fn share(folder: &Path) -> Option<&'static str> {
    let volume = nix::sys::statfs::statfs(folder).ok()?;
    share_of(volume.filesystem_type().0)
}

#[cfg(not(target_os = "linux"))]
fn share(_: &Path) -> Option<&'static str> {
    None
}

/// By the numbers of `statfs(2)`; those over 31 bits come as negative ones on some machines.
#[cfg(target_os = "linux")]
const fn share_of(number: i64) -> Option<&'static str> {
    match number & 0xffff_ffff {
        0x6969 => Some("NFS"),
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => Some("SMB"),
        0x5346_414f | 0x6b41_4653 => Some("AFS"),
        0x7375_7245 => Some("Coda"),
        0x00c3_6400 => Some("Ceph"),
        0x0bd0_0bd0 => Some("Lustre"),
        0x0102_1997 => Some("9P"),
        _ => None,
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

pub(super) fn people(directory: &Result<Directory, DirectoryError>) -> Vec<Check> {
    let people = match directory {
        Ok(directory) => directory.people(),
        Err(error) => return vec![Check::of("people", Finding::of_error(error))],
    };
    let active = || people.iter().filter(|person| person.active);
    let operators = active().filter(|person| person.operator_login.is_some()).count();
    let in_slack = active().filter(|person| person.slack.is_some()).count();
    let mut findings = vec![Finding::ok(words::people_counted(active().count(), in_slack, operators))];
    if operators == 0 {
        findings.push(words::no_operator());
    }
    if in_slack == 0 {
        findings.push(words::nobody_in_slack());
    }
    findings.into_iter().map(|finding| Check::of("people", finding)).collect()
}

/// Whether each source of facts tells them, and how old they are.
pub(super) fn sources(config: &Config, now: Timestamp) -> Vec<Check> {
    let reader = wiring::reader(config).ok();
    let check = |table: &SourceTable| {
        let name = &table.name;
        let finding = match wiring::told(table, reader.as_ref(), now) {
            Err(error) => words::source_broken(name, &error),
            Ok(None) => words::source_silent(name),
            Ok(Some(told)) => words::source_told(name, told.told.len(), now.since(told.as_of), table.max_age),
        };
        Check::of("people", finding)
    };
    config.directory.sources.iter().map(check).collect()
}

/// What revocations can't end.
pub(super) fn cannot_end(targets: &Targets) -> Vec<Check> {
    let limits = targets.iter().filter_map(|(id, target)| {
        let declared = target.adapter.declaration();
        let limited = !declared.cannot_end.is_empty();
        limited.then(|| Check::of("target", words::revocation_limited(id, &declared.cannot_end)))
    });
    limits.collect()
}

pub(super) fn policies(config: &Config, targets: &Targets, directory: Option<&Directory>) -> Vec<Check> {
    let failed = |says: String| Check::of("policies", Finding { grade: Grade::Fail, says, mend: None });
    let policies = match wiring::policies(&config.server.policies, targets) {
        Ok(policies) => policies,
        Err(PoliciesError::Issues(issues)) => {
            return issues.iter().map(|issue| failed(issue.to_string())).collect();
        }
        Err(error @ PoliciesError::Files(_)) => return vec![failed(error.to_string())],
    };
    let warnings = directory.map(|directory| policy::lint(&policies, &directory.people()));
    let mut warnings = warnings.unwrap_or_default();
    warnings.extend(policy::unknown_schedules(&policies, &config.on_call.keys().cloned().collect()));
    let mut checks =
        vec![Check::of("policies", Finding::ok(words::policies_fine(&policies, warnings.len())))];
    checks.extend(warnings.iter().map(|warning| Check::of("policies", words::policy_warning(warning))));
    let wrong = policy::run_tests(&policies).into_iter().filter(|result| !result.passed);
    checks.extend(wrong.map(|result| failed(words::test_failed(&result))));
    checks
}

/// Whether the server runs, and what waits for an operator in it.
pub(super) fn server(config: &Config) -> anyhow::Result<Vec<Check>> {
    let key = DedupeKey::new(&format!("cli-{:032x}", random::<u128>()))?;
    let asked = admin::call(&config.server.socket, &Call { key, operation: Operation::Status });
    let mut held = None;
    let finding = match asked {
        Ok(Reply::Status(status)) => {
            held = status.held;
            match status.refusing {
                None => Finding::ok("running"),
                Some(why) => words::refuses_requests(&why),
            }
        }
        Ok(Reply::Answer(answer)) => Finding::ok(words::silent_server(&answer)),
        Ok(Reply::Failed(why)) => words::server_odd(&why),
        Err(ClientError::NoServer { .. }) => Finding::ok("not running; start it with `jitney serve`"),
        Err(
            error @ (ClientError::Forbidden { .. }
            | ClientError::Silent
            | ClientError::Garbled(_)
            | ClientError::Broken(_)),
        ) => words::server_odd(&error),
    };
    let held = held.map(|held| Check::of("people", words::people_held(&held)));
    Ok([Check::of("server", finding)].into_iter().chain(held).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_before_it_is_full() {
        for (free, grade) in [
            (0, Grade::Fail),
            (ROOM_LEAST - 1, Grade::Fail),
            (ROOM_LEAST, Grade::Warn),
            (ROOM_WANTED - 1, Grade::Warn),
            (ROOM_WANTED, Grade::Ok),
            (u64::MAX, Grade::Ok),
        ] {
            assert_eq!(room(Path::new("/srv/jitney.db"), free).grade, grade, "{free}");
        }
        insta::assert_snapshot!(
            [0, 100 << 20, 5 << 30]
                .map(|free| {
                    let Finding { grade, says, mend } = room(Path::new("/srv/jitney.db"), free);
                    format!("{grade:?}: {says}; {}", mend.unwrap_or_default())
                })
                .join("\n")
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn shares_of_other_machines_are_known_by_their_numbers() {
        assert_eq!(share_of(0x6969), Some("NFS"));
        assert_eq!(share_of(0xff53_4d42), Some("SMB"));
        assert_eq!(share_of(i64::from(0xff53_4d42_u32 as i32)), Some("SMB"));
        assert_eq!(share_of(0xef53), None, "ext4 is on this machine");
    }
}
