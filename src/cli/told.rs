//! The commands that sentences and pages tell people to run exist.

use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

use super::CommandLine;

/// Whatever tells people what to run: the pages, the example configuration, and all of the source.
fn texts() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    let mut folders = vec![root.join("src"), root.join("docs"), root.join("policies")];
    let mut files = vec![root.join("README.md"), root.join("jitney.example.toml"), root.join("CHANGELOG.md")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    for file in files {
        if !file.ends_with("src/cli/told.rs")
            && let Ok(text) = fs::read_to_string(&file)
        {
            texts.push((file, text));
        }
    }
    texts
}

/// The words after each `` `jitney `` that can name a subcommand.
fn commands(text: &str) -> Vec<Vec<&str>> {
    let named = text.split("`jitney ").skip(1);
    let named = named.filter_map(|rest| rest.split('`').next());
    let is_word =
        |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
    named.map(|rest| rest.split(' ').take_while(is_word).collect()).collect()
}

#[test]
fn the_commands_that_people_are_told_exist() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (file, text) in texts() {
        // One message begins as a command does.
        for told in commands(&text.replace("`jitney knows", "")) {
            let mut command = &CommandLine::command();
            for word in &told {
                if !command.has_subcommands() {
                    break;
                }
                seen += 1;
                match command.find_subcommand(word) {
                    Some(found) => command = found,
                    None => {
                        wrong.push(format!("{}: jitney {}", file.display(), told.join(" ")));
                        break;
                    }
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(seen > 50, "only {seen} were found");
}
