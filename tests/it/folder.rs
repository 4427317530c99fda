//! A folder to run the binary in.

use std::path::PathBuf;
use std::process::{Command, Output};

/// A folder that goes with the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("jitney-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A folder that `jitney init` has filled.
    pub(crate) fn set_up(name: &str) -> Self {
        let folder = Self::new(name);
        assert_eq!(folder.run(&["init"]).status.code(), Some(0));
        folder
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, &[])
    }

    pub(crate) fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_jitney"))
            .args(arguments)
            .current_dir(&self.0)
            .env_clear()
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    }

    /// What was said and how it ended, without what differs from run to run.
    pub(crate) fn said(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let said = format!(
            "$ jitney {}\n{}{}[exit {}]\n",
            arguments.join(" "),
            text(&output.stdout),
            text(&output.stderr),
            output.status.code().unwrap()
        );
        said.replace(self.0.to_str().unwrap(), "FOLDER")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.0.join(name)).unwrap();
        assert!(text.contains(from), "{name} has no `{from}`");
        self.write(name, &text.replace(from, to));
    }
}

/// Without what differs from run to run: ids of sealing keys, the room on a disk, and seconds.
pub(crate) fn without_figures(said: &str) -> String {
    let words: Vec<&str> = said.split_inclusive(|c: char| !c.is_ascii_alphanumeric()).collect();
    let mut shown = String::new();
    for (number, word) in words.iter().enumerate() {
        let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let after = words.get(number + 1).copied().unwrap_or_default();
        let before = number.checked_sub(1).and_then(|n| words.get(n)).copied().unwrap_or_default();
        let stands_for = if before == "id " && bare.len() == 8 {
            "KEYID"
        } else if matches!(after, "GiB " | "MiB " | "seconds ") {
            "SOME"
        } else if matches!(bare, "GiB" | "MiB") {
            "GiB"
        } else {
            bare
        };
        shown.push_str(&word.replacen(bare, stands_for, usize::from(!bare.is_empty())));
    }
    shown
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
