//! Secrets that people saw and jitney was given: in its own private files, and nowhere else.

use std::path::{Path, PathBuf};

use crate::crash::stage::Stage;

/// Files that exist to hold secrets.
const PRIVATE: [&str; 3] = ["jitney.key", "jitney.toml", "private"];

/// In which places any of them stands, in words.
pub(super) fn found(stage: &Stage) -> Vec<String> {
    let all = stage.book.secrets();
    let secrets = Secrets::new(all.clone());
    let mut offences = Vec::new();
    let mut files = Vec::new();
    files_below(&stage.folder, &mut files);
    for file in files {
        offences.extend(secrets.stand_in(&file.display().to_string(), &std::fs::read(&file).unwrap()));
    }
    for ground in &stage.grounds {
        // The password of jitney's own account stands there since this proof set it up.
        let own = ground.secrets();
        let theirs = Secrets::new(all.iter().filter(|secret| !own.contains(secret)).cloned().collect());
        let place = format!("the log of {}", ground.name());
        offences.extend(theirs.stand_in(&place, ground.writes_down().as_bytes()));
    }
    let mut look = |place: &str, shown: String| offences.extend(secrets.stand_in(place, shown.as_bytes()));
    let slack = stage.slack.snapshot();
    for channel in slack.channels.values() {
        for message in &channel.messages {
            look(&format!("Slack's {} {}", channel.name, message.ts), format!("{message:?}"));
        }
    }
    for message in &slack.ephemerals {
        look(&format!("an answer to {:?}", message.only_for), format!("{message:?}"));
    }
    for issue in stage.jira.issues() {
        look(&issue.key, format!("{issue:?}"));
        for comment in stage.jira.comments(&issue.key) {
            look(&format!("{} comment {}", issue.key, comment.id), format!("{comment:?}"));
        }
    }
    offences
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if PRIVATE.iter().any(|private| name == *private) {
            continue;
        }
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            files_below(&entry.path(), found);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
}

/// Many secrets, looked for in one pass.
struct Secrets {
    all: Vec<String>,
    /// Whether one begins with these two bytes.
    begins: Vec<bool>,
}

impl Secrets {
    fn new(all: Vec<String>) -> Self {
        let mut begins = vec![false; 1 << 16];
        for secret in &all {
            assert!(secret.len() >= 8, "too short to be looked for");
            begins[pair(secret.as_bytes())] = true;
        }
        Self { all, begins }
    }

    fn stand_in(&self, place: &str, bytes: &[u8]) -> Option<String> {
        let start: String = self.find(bytes)?.chars().take(6).collect();
        Some(format!("the secret {start}… stands in {place}"))
    }

    fn find(&self, bytes: &[u8]) -> Option<&str> {
        let starts = (0..bytes.len().saturating_sub(1)).filter(|at| self.begins[pair(&bytes[*at..])]);
        starts
            .flat_map(|at| self.all.iter().filter(move |secret| bytes[at..].starts_with(secret.as_bytes())))
            .map(String::as_str)
            .next()
    }
}

fn pair(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

#[test]
fn a_secret_is_found_wherever_it_stands() {
    let secrets = Secrets::new(vec!["tangerine".to_owned(), "xoxb-1234".to_owned()]);
    assert_eq!(secrets.find(b"a tangerin and nothing more, xoxb-123"), None);
    assert_eq!(secrets.find(b"\0\x07tangerine\0"), Some("tangerine"));
    assert_eq!(secrets.find(b"xoxb-1234"), Some("xoxb-1234"));
}
