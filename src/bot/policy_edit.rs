//! Who edited the policies, as far as files alone tell: their owners, and what Git noted. No program is run for it.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::engine::{EditedFile, GitHead, PolicyEdit};
use crate::policy::SourceFile;
use crate::time::Timestamp;

/// The end of Git's log that is read: a line is far shorter.
const LOG_TAIL: u64 = 4096;
/// Folders above the policies in which a work tree is looked for.
const ABOVE_MOST: usize = 8;
/// Of a name that Git was told.
const NAME_MOST: usize = 200;

/// What is known of the edit that led from these files to those; without any before, all of them are new.
#[must_use]
pub(super) fn policy_edit(folder: &Path, before: Option<&[SourceFile]>, after: &[SourceFile]) -> PolicyEdit {
    PolicyEdit { files: edited_files(folder, before, after), git: git_head(folder) }
}

fn edited_files(folder: &Path, before: Option<&[SourceFile]>, after: &[SourceFile]) -> Vec<EditedFile> {
    let before = before.unwrap_or_default();
    let other = |file: &&SourceFile| !before.contains(file);
    let written = after.iter().filter(other).map(|file| {
        let path = folder.join(file.name.rsplit('/').next().unwrap_or_default());
        let (owner, modified) = fs::metadata(path).ok().map(|found| owner_of(&found)).unzip();
        EditedFile { name: file.name.clone(), owner, modified }
    });
    let gone = before.iter().filter(|file| !after.iter().any(|now| now.name == file.name));
    written
        .chain(gone.map(|file| EditedFile { name: file.name.clone(), owner: None, modified: None }))
        .collect()
}

fn owner_of(metadata: &fs::Metadata) -> (String, Timestamp) {
    let uid = metadata.uid();
    let user = nix::unistd::User::from_uid(uid.into()).ok().flatten();
    let login = user.map_or_else(|| format!("uid-{uid}"), |user| user.name);
    (login, Timestamp::from_millis(metadata.mtime().saturating_mul(1000)))
}

/// What Git noted last of the work tree that the folder is in (gitformat: a line of the log is `old new name <address>
/// seconds zone`, a tab, and what was done). None where there is no such log.
fn git_head(folder: &Path) -> Option<GitHead> {
    let folder = folder.canonicalize().ok()?;
    let git = folder.ancestors().take(ABOVE_MOST).find_map(|above| git_folder(&above.join(".git")))?;
    let mut log = File::open(git.join("logs/HEAD")).ok()?;
    let length = log.metadata().ok()?.len();
    log.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL))).ok()?;
    let mut tail = Vec::new();
    log.take(LOG_TAIL).read_to_end(&mut tail).ok()?;
    let tail = String::from_utf8_lossy(&tail);
    read_line(tail.lines().next_back()?)
}

/// The folder itself, or where the file of a linked work tree says that it is.
fn git_folder(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        return Some(path.to_owned());
    }
    let mut text = String::new();
    File::open(path).ok()?.take(LOG_TAIL).read_to_string(&mut text).ok()?;
    let named = text.strip_prefix("gitdir:")?.trim();
    path.parent().map(|folder| folder.join(named))
}

fn read_line(line: &str) -> Option<GitHead> {
    let (head, _) = line.split_once('\t').unwrap_or((line, ""));
    let (_, rest) = head.split_once(' ')?;
    let (commit, rest) = rest.split_once(' ')?;
    let (by, when) = rest.rsplit_once("> ")?;
    let is_hex = (40..=64).contains(&commit.len()) && commit.bytes().all(|b| b.is_ascii_hexdigit());
    let at = when.split(' ').next()?.parse().ok()?;
    let by: String = by.chars().chain(['>']).filter(|c| !c.is_control()).take(NAME_MOST).collect();
    is_hex.then(|| GitHead { commit: commit.to_owned(), by, at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gits_log_is_read_or_left_alone() {
        let (old, new) = ("0".repeat(40), "a1".repeat(20));
        let line = format!("{old} {new} Dana B <dana@example.com> 1795651200 +0100\tpull: fast-forward");
        let dana =
            GitHead { commit: new.clone(), by: "Dana B <dana@example.com>".to_owned(), at: 1_795_651_200 };
        assert_eq!(read_line(&line), Some(dana));
        for line in ["", "x", &format!("{old} {new}"), &format!("{old} zz Dana <d> 1 +0"), "a b c d e\tf"] {
            assert_eq!(read_line(line), None, "{line}");
        }
    }
}
