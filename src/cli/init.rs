//! `jitney init`: a first configuration that parses, with an example policy, people and a sealing key.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use secrecy::ExposeSecret;

use super::Exit;
use super::out::{Mark, Out};
use crate::credentials::SealingKey;

const EXAMPLES: &str = "\
Examples:
  jitney init                 into this folder
  jitney init /etc/jitney

Files that are there already are never touched.";

/// What is written as it is. The key is made anew each time.
const KIT: [(&str, &str); 7] = [
    ("jitney.toml", include_str!("../../jitney.example.toml")),
    ("people.toml", include_str!("../../people.example.toml")),
    ("policies/tiers.toml", include_str!("../../policies/tiers.toml")),
    ("policies/wiki.toml", include_str!("../../policies/wiki.toml")),
    ("policies/reports.toml", include_str!("../../policies/reports.toml")),
    ("manifest.yaml", include_str!("../../manifest.yaml")),
    // A folder of policies belongs into git; what is secret, or changes all the time, does not.
    (".gitignore", "jitney.key\n*.token\njitney.db*\njitney.sock\n"),
];
const KEY: &str = "jitney.key";

/// Write a first configuration, an example policy, a Slack app manifest and a sealing key
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct InitArgs {
    /// The folder; made when it is not there
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

pub(super) fn run(args: &InitArgs, out: Out) -> anyhow::Result<Exit> {
    let folder = &args.folder;
    make_folder(&folder.join("policies"))?;
    for (name, text) in KIT {
        report(out, write_new(&folder.join(name), text.as_bytes(), 0o644)?, name)?;
    }
    let key = SealingKey::generate();
    let line = format!("{}\n", key.expose_secret());
    report(out, write_new(&folder.join(KEY), line.as_bytes(), 0o600)?, KEY)?;

    let here = folder.as_os_str() == ".";
    let config = folder.join("jitney.toml").display().to_string();
    let config = if here { String::new() } else { format!(" --config {}", shell_word(&config)) };
    out.line(format!(
        "
Next: make the Slack app from manifest.yaml, put your workspace, channels and Jira into jitney.toml, your people
into people.toml, and keep a copy of {KEY} apart from the database. Then:

  jitney policy test{config}
  jitney doctor{config}
  jitney serve{config}"
    ))?;
    Ok(Exit::Fine)
}

/// Whether the file was written; false when there was one.
fn write_new(path: &Path, text: &[u8], mode: u32) -> anyhow::Result<bool> {
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| file.write_all(text).and_then(|()| file.sync_all()));
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error).with_context(|| format!("can't write {}", path.display())),
    }
}

/// The database will stand here too, so only its owner looks in.
fn make_folder(path: &Path) -> anyhow::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o750)
        .create(path)
        .with_context(|| format!("can't make the folder {}", path.display()))
}

fn report(out: Out, written: bool, name: &str) -> io::Result<()> {
    let (mark, word) = if written { (Mark::Good, "wrote") } else { (Mark::Quiet, "kept ") };
    out.line(format!("{} {name}", out.paint(mark, word)))
}

/// A path as a shell takes it.
fn shell_word(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}
