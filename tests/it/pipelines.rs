//! The pipelines of docs/policies.md, played: their lines run in a clone of a repository with a `main` and an edit.

use std::path::Path;
use std::process::Command;

use super::folder::Folder;

const PAGE: &str = include_str!("../../docs/policies.md");

/// What a runner has set, of either kind.
const VARIABLES: [(&str, &str); 4] = [
    ("GITHUB_BASE_REF", "main"),
    ("GITHUB_STEP_SUMMARY", "summary.md"),
    ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
    ("CI_MERGE_REQUEST_LABELS", "fast,urgent"),
];

/// The commands of the first YAML block that has this line: each is one line, or the lines under a `|`.
fn commands(with: &str) -> Vec<String> {
    let block = PAGE.split("```yaml\n").skip(1).find_map(|rest| {
        let block = rest.split("```").next()?;
        block.contains(with).then_some(block)
    });
    let mut commands: Vec<String> = Vec::new();
    let mut under: Option<usize> = None;
    for line in block.unwrap().lines() {
        let indent = line.len() - line.trim_start().len();
        if let (Some(parent), Some(last)) = (under, commands.last_mut())
            && indent > parent
        {
            *last += &format!("{line}\n");
            continue;
        }
        under = None;
        let text = line.trim_start();
        let text = text.strip_prefix("- run: ").or_else(|| text.strip_prefix("run: ")).or_else(|| {
            text.strip_prefix("- ")
                .filter(|item| ["jitney ", "git ", "|"].iter().any(|c| item.starts_with(c)))
        });
        match text {
            Some("|") => {
                under = Some(indent);
                commands.push(String::new());
            }
            Some(command) => commands.push(command.to_owned()),
            None => {}
        }
    }
    commands
}

/// Runs the lines as a runner does, up to the first that fails: what was said, and whether all went well.
fn play(folder: &Path, commands: &[String], labels: &str) -> (String, bool) {
    let bin = Path::new(env!("CARGO_BIN_EXE_jitney")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut said = String::new();
    for command in commands {
        let output = Command::new("bash")
            .args(["-eo", "pipefail", "-c", command])
            .current_dir(folder)
            .env_clear()
            .envs(VARIABLES)
            .env("CI_MERGE_REQUEST_LABELS", labels)
            .env("PATH", &path)
            .output()
            .unwrap();
        said += &String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            return (said + &String::from_utf8_lossy(&output.stderr), false);
        }
    }
    (said, true)
}

fn git(folder: &Path, arguments: &[&str]) {
    let names = ["-c", "user.name=Pipeline", "-c", "user.email=pipeline@example.com"];
    let arguments = [&names, arguments].concat();
    let output = Command::new("git").args(&arguments).current_dir(folder).env_clear().output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A clone, with one edit on a branch of it; the folder is its parent.
fn cloned(name: &str, edit: impl Fn(&Folder)) -> Folder {
    let folder = Folder::set_up(name);
    git(&folder.0, &["init", "--quiet", "--initial-branch=main", "."]);
    git(&folder.0, &["add", "policies", "people.toml", "jitney.toml"]);
    git(&folder.0, &["commit", "--quiet", "-m", "Begin"]);
    git(&folder.0, &["clone", "--quiet", ".", "work/clone"]);
    let clone = Folder(folder.0.join("work/clone"));
    edit(&clone);
    git(&clone.0, &["checkout", "--quiet", "-b", "edit"]);
    git(&clone.0, &["commit", "--quiet", "--all", "--allow-empty", "-m", "Edit"]);
    std::mem::forget(clone);
    folder
}

#[test]
fn the_pipelines_of_the_docs_run_as_they_are_written() {
    for (kind, with, asks) in [("github", "actions/checkout", 5), ("gitlab", "CI_PIPELINE_SOURCE", 7)] {
        let commands = commands(with);
        assert_eq!(commands.len(), asks, "{commands:#?}");
        let play = |edited: &Folder, labels| play(&edited.0.join("work/clone"), &commands, labels);

        let narrower = cloned(&format!("{kind}-narrower"), |clone| {
            clone.edit("policies/wiki.toml", "max_total        = \"24h\"", "max_total        = \"12h\"");
        });
        let (said, fine) = play(&narrower, "urgent");
        assert!(fine && said.contains("wiki/read"), "{kind}: {said}");

        let wider = cloned(&format!("{kind}-wider"), |clone| {
            clone.edit("policies/wiki.toml", "max_total        = \"4h\"", "max_total        = \"6h\"");
        });
        let (said, fine) = play(&wider, "urgent");
        assert!(!fine && said.contains("wiki/admin"), "{kind}: {said}");

        let broken = cloned(&format!("{kind}-broken"), |clone| {
            clone.edit("policies/wiki.toml", "risk             = \"low\"", "risk             = \"tiny\"");
        });
        let (said, fine) = play(&broken, "urgent");
        assert!(!fine && said.contains("tiny"), "{kind}: {said}");
    }
}

#[test]
fn an_edit_that_somebody_looked_at_may_be_wider() {
    let wider = cloned("gitlab-reviewed", |clone| {
        clone.edit("policies/wiki.toml", "max_total        = \"4h\"", "max_total        = \"6h\"");
    });
    let (said, fine) =
        play(&wider.0.join("work/clone"), &commands("CI_PIPELINE_SOURCE"), "urgent,access-reviewed");
    assert!(fine && said.contains("wiki/admin"), "{said}");
}
