//! Whether a password file can be worked with: for `doctor`. Nothing is changed, not even a lock file is made.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::file::{self, Rehearsal};
use super::settings::{Sessions, Settings};
use crate::finding::Finding;
use crate::folder;
use crate::targets::words;

/// Looks at the file, its folder, and the hooks. It blocks.
pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![match file::rehearse(&settings.file) {
        Ok(lines) => words::file_fine(&settings.file, lines.held().len()),
        Err(Rehearsal::NotWritable { path, error }) => words::not_writable(&path, &error),
        Err(Rehearsal::File(error)) => Finding::of_error(&error),
    }];
    if let Some(Sessions { end, count }) = &settings.sessions {
        let wrong: Vec<Finding> = [end, count].iter().filter_map(|hook| hook_wrong(hook.program())).collect();
        findings.extend(if wrong.is_empty() { vec![words::hooks_fine()] } else { wrong });
    }
    findings
}

fn hook_wrong(program: &Path) -> Option<Finding> {
    let looked = std::fs::metadata(program).and_then(|metadata| {
        if !metadata.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        folder::may_run(program)?;
        Ok(metadata.permissions().mode())
    });
    match looked {
        Err(error) => Some(words::hook_missing(program, &error)),
        Ok(mode) if mode & 0o002 != 0 => Some(words::hook_open(program)),
        Ok(_) => None,
    }
}
