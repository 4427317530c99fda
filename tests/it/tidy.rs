//! The rules of the house, read off the source tree. A rule that only discipline keeps is not kept.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Lines that a source file may have, its unit tests apart; from the wanted number on it is named, so that its purpose is asked for.
const LINES_MOST: usize = 500;
const LINES_WANTED: usize = 400;

/// Modules without a clock, a network, a disk or a die: what they decide can be replayed.
const PURE: &[&str] = &["ids", "time", "lifecycle", "policy", "audit", "nearest", "finding", "skew", "zone"];
const IMPURE: &[&str] = &[
    "tokio",
    "rusqlite",
    "hyper",
    "hyper_util",
    "reqwest",
    "rand",
    "tracing",
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "std::process",
    "std::os",
];
/// Modules that know one outside system each.
const EDGES: &[&str] = &["slack", "jira", "targets", "directory", "oncall"];

struct Source {
    /// From the root: `src/slack/blocks.rs`.
    path: String,
    text: String,
    /// The text without comments and without its unit tests.
    code: String,
}

impl Source {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let code = if is_test(&path) { String::new() } else { code_of(&text) };
        Self { path, text, code }
    }

    /// The module below `src`: `slack` of `src/slack/blocks.rs`, `ids` of `src/ids.rs`.
    fn module(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inside.split('/').next().unwrap().trim_end_matches(".rs")
    }

    /// Every path that it imports or spells out: `std::fs::File`, `crate::store::Reader`.
    fn mentions(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for statement in self.code.split("use ").skip(1) {
            let tree = statement.split(';').next().unwrap();
            let compact: String = tree.split_whitespace().collect::<Vec<_>>().join(" ");
            flatten("", &compact, &mut all);
        }
        for word in self.code.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
            if word.contains("::") {
                all.insert(word.trim_matches(':').to_owned());
            }
        }
        all
    }
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d`, `a::c::e`.
fn flatten(prefix: &str, tree: &str, into: &mut BTreeSet<String>) {
    let Some((head, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap().trim();
        into.insert(format!("{prefix}{path}"));
        return;
    };
    let inner = rest.trim_end().strip_suffix('}').unwrap_or(rest);
    let (mut depth, mut branch) = (0, String::new());
    for c in inner.chars().chain([',']) {
        match c {
            ',' if depth == 0 => {
                flatten(&format!("{prefix}{}", head.trim()), branch.trim(), into);
                branch.clear();
            }
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                branch.push(c);
            }
        }
    }
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.ends_with("/tests.rs") || path.contains("/tests/")
}

fn code_of(text: &str) -> String {
    let bare = without_unit_tests(text).lines().filter(|line| !line.trim_start().starts_with("//"));
    bare.map(|line| line.split(" // ").next().unwrap()).collect::<Vec<_>>().join("\n")
}

fn without_unit_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() { files_below(&entry, found) } else { found.push(entry) }
    }
}

fn sources(folders: &[&str]) -> Vec<Source> {
    let mut files = Vec::new();
    for folder in folders {
        files_below(&root().join(folder), &mut files);
    }
    files.retain(|file| file.extension().is_some_and(|end| end == "rs"));
    files.iter().map(|file| Source::read(file)).collect()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn starts_with_path(mention: &str, prefix: &str) -> bool {
    mention.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn none(offences: Vec<String>) {
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

#[test]
fn use_trees_are_seen_through() {
    let mut all = BTreeSet::new();
    flatten("", "std::{fs, io::{self, Read as _}, collections::BTreeMap}", &mut all);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    assert_eq!(all, ["std::collections::BTreeMap", "std::fs", "std::io::Read", "std::io::self"]);
}

/// What a source may not import, by the rules of dependency.
fn forbidden_mentions(source: &Source) -> Vec<String> {
    let allowed: fn(&str, &str) -> bool = match source.module() {
        module if PURE.contains(&module) => |_, mention| {
            let inside = mention.strip_prefix("crate::").map(|rest| rest.split("::").next().unwrap());
            inside.is_none_or(|module| PURE.contains(&module))
                && !IMPURE.iter().any(|bad| starts_with_path(mention, bad))
        },
        module if EDGES.contains(&module) => |module, mention| {
            let others = EDGES.iter().filter(|other| **other != module);
            others.chain(&["store"]).all(|other| !starts_with_path(mention, &format!("crate::{other}")))
        },
        // The bot puts everything together; the playground plays it, for the demo and the tests.
        "store" | "engine" | "bot" | "playground" => |_, _| true,
        // `request list` and `audit verify` work without a server: they open the database read-only.
        "cli" => |_, mention| !starts_with_path(mention, "crate::store::Store"),
        _ => |_, mention| !starts_with_path(mention, "crate::store"),
    };
    source.mentions().into_iter().filter(|mention| !allowed(source.module(), mention)).collect()
}

/// The middle is pure; only the engine writes to the store; edges never know each other. The bot and the playground
/// know everything.
#[test]
fn modules_know_only_what_they_may() {
    let mut offences = Vec::new();
    for source in sources(&["src"]) {
        for mention in forbidden_mentions(&source) {
            offences.push(format!("{} must not know {mention}", source.path));
        }
    }
    none(offences);
}

#[test]
fn a_module_that_knows_too_much_is_found() {
    for (path, code, found) in [
        ("src/policy/x.rs", "use std::{fs, io};", "std::fs"),
        ("src/lifecycle/x.rs", "fn f() { tokio::spawn(g()) }", "tokio::spawn"),
        ("src/time.rs", "use crate::engine::Command;", "crate::engine::Command"),
        ("src/slack/x.rs", "use crate::{ids::RoleId, jira::Ticketer};", "crate::jira::Ticketer"),
        ("src/jira/x.rs", "use crate::store::Reader;", "crate::store::Reader"),
        ("src/outbox.rs", "let store = crate::store::Store::open();", "crate::store::Store::open"),
        ("src/cli/audit.rs", "use crate::store::{Reader, Store};", "crate::store::Store"),
    ] {
        let source = Source { path: path.to_owned(), text: code.to_owned(), code: code.to_owned() };
        assert_eq!(forbidden_mentions(&source), [found], "{path}");
    }
}

#[test]
fn the_clocks_are_read_in_one_place() {
    let mut offences = Vec::new();
    for source in sources(&["src"]).iter().filter(|source| source.path != "src/time.rs") {
        // Real network has real time-outs: those are tokio's to time. What is decided has the clock that it is given.
        let mentions = source.mentions();
        let paces = mentions.contains("tokio::time::Instant") && !mentions.contains("std::time::Instant");
        for read in ["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now"] {
            if source.code.contains(read) && !(paces && read == "Instant::now") {
                offences.push(format!("{} reads a clock by {read}: take a time::Clock", source.path));
            }
        }
    }
    none(offences);
}

/// GovSlack and a workspace on this machine are reached by configuration alone.
#[test]
fn slacks_address_is_a_default_and_an_example_and_nothing_else() {
    let sources = sources(&["src"]);
    let with = sources.iter().filter(|source| source.code.contains("/slack.com"));
    let places: Vec<&str> = with.map(|source| source.path.as_str()).collect();
    assert_eq!(places, ["src/config/mod.rs", "src/slack/web.rs"]);
}

#[test]
fn only_out_prints() {
    let mut offences = Vec::new();
    for source in sources(&["src"]) {
        let may_print = source.path == "src/cli/out.rs";
        let may_log = may_print || source.path == "src/telemetry.rs";
        for mention in source.mentions() {
            let prints = mention.ends_with("io::stdout") && !may_print;
            if prints || mention.ends_with("io::stderr") && !may_log {
                offences.push(format!("{} must not know {mention}: cli/out.rs prints", source.path));
            }
        }
    }
    none(offences);
}

#[test]
fn files_have_one_purpose_and_a_name_for_it() {
    let mut offences = Vec::new();
    for source in sources(&["src", "tests", "benches"]) {
        let lines = without_unit_tests(&source.text).lines().count();
        if source.path.starts_with("src/") && lines > LINES_MOST {
            offences.push(format!("{} has {lines} lines, over {LINES_MOST}", source.path));
        } else if source.path.starts_with("src/") && lines > LINES_WANTED {
            println!("{} has {lines} lines, over the {LINES_WANTED} that are wanted", source.path);
        }
        if !source.text.starts_with("//! ") {
            offences.push(format!("{} must begin with `//!`: what is it for?", source.path));
        }
        let names = source.path.trim_end_matches(".rs").split('/');
        for name in names {
            let vague = ["util", "utils", "common", "helper", "helpers", "manager", "misc"];
            if vague.contains(&name) {
                offences.push(format!("{}: `{name}` says nothing", source.path));
            }
        }
    }
    none(offences);
}

#[test]
fn every_file_is_part_of_the_build() {
    let sources = sources(&["src", "tests/it", "tests/sim"]);
    let by_path: BTreeMap<&str, &Source> = sources.iter().map(|one| (one.path.as_str(), one)).collect();
    let mut offences = Vec::new();
    for source in &sources {
        let (folder, file) = source.path.rsplit_once('/').unwrap();
        let name = match file.trim_end_matches(".rs") {
            "lib" | "main" => continue,
            "mod" => folder.rsplit('/').next().unwrap(),
            name => name,
        };
        let folder = if file == "mod.rs" { folder.rsplit_once('/').unwrap().0 } else { folder };
        let parents = [
            format!("{folder}/mod.rs"),
            format!("{folder}.rs"),
            format!("{folder}/lib.rs"),
            format!("{folder}/main.rs"),
        ];
        let declared = parents
            .iter()
            .filter_map(|parent| by_path.get(parent.as_str()))
            .any(|parent| parent.text.lines().any(|line| line.trim().ends_with(&format!("mod {name};"))));
        if !declared {
            offences.push(format!("{} is declared by no `mod {name};`", source.path));
        }
    }
    none(offences);
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [
        concat!("#[ig", "nore"),
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("FIX", "ME"),
        concat!("TO", "DO"),
        concat!("XX", "X"),
    ];
    let mut offences = Vec::new();
    for source in sources(&["src", "tests", "benches"]) {
        for (number, line) in source.text.lines().enumerate() {
            for mark in marks.iter().filter(|mark| line.contains(**mark)) {
                offences.push(format!("{}:{}: {mark}", source.path, number + 1));
            }
        }
    }
    none(offences);
}

#[test]
fn lines_end_where_they_end() {
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches", "docs", "policies"] {
        files_below(&root().join(folder), &mut files);
    }
    files.extend(std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()));
    let ends = ["rs", "toml", "md", "yaml", "html", "css", "js"];
    let mut offences = Vec::new();
    for file in files {
        let known = file.extension().is_some_and(|end| ends.iter().any(|one| end == *one));
        if !known && !file.ends_with("tests/run") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(root()).unwrap().display();
        for (number, line) in text.lines().enumerate() {
            if line.ends_with([' ', '\t', '\r']) {
                offences.push(format!("{name}:{}: space at the end", number + 1));
            }
        }
        if !text.ends_with('\n') || text.ends_with("\n\n") {
            offences.push(format!("{name} must end with one line end"));
        }
    }
    none(offences);
}

#[test]
fn what_people_read_is_said_in_one_file_per_edge() {
    let mut offences = Vec::new();
    for edge in ["slack", "jira", "targets", "oncall", "cli"] {
        let folder = root().join("src").join(edge);
        let of_several = sources(&["src"]).iter().filter(|one| one.module() == edge).count() > 1;
        if of_several && !folder.join("words.rs").is_file() && !folder.join("words").is_dir() {
            offences.push(format!("src/{edge} has no words.rs and no words/"));
        }
    }
    none(offences);
}

#[test]
fn one_word_for_one_thing() {
    let mut texts: Vec<(String, String)> = sources(&["src"])
        .into_iter()
        .filter(|source| source.path.ends_with("/words.rs") || source.path.contains("/words/"))
        .map(|source| (source.path, source.text))
        .collect();
    for path in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "docs/operators.md", "jitney.example.toml"] {
        texts.push((path.to_owned(), read(path)));
    }
    let mut offences = Vec::new();
    for (path, text) in texts {
        let lower = text.to_lowercase();
        for (bad, good) in [
            ("requestor", "requester"),
            ("access level", "role"),
            ("plugin", "adapter"),
            ("connector", "adapter"),
            ("privilege", "entitlement"),
        ] {
            if lower.contains(bad) {
                offences.push(format!("{path} says `{bad}`; the word is `{good}`"));
            }
        }
    }
    none(offences);
}

#[test]
fn the_lints_stay_on() {
    let cargo: toml::Table = read("Cargo.toml").parse().unwrap();
    let level = |group: &str, lint: &str| cargo["lints"][group].get(lint).and_then(|level| level.as_str());
    assert_eq!(level("rust", "unsafe_code"), Some("deny"));
    for lint in [
        "unwrap_used",
        "expect_used",
        "panic",
        "indexing_slicing",
        "todo",
        "unimplemented",
        "dbg_macro",
        "print_stdout",
        "print_stderr",
        "allow_attributes_without_reason",
        "disallowed_methods",
        "disallowed_types",
    ] {
        assert_eq!(level("clippy", lint), Some("deny"), "{lint}");
    }
}

/// SQLite's interface for file systems is C: the simulation's disk is behind it, and nothing else.
#[test]
fn unsafe_code_has_one_place() {
    let marks = [concat!("allow(uns", "afe_code"), concat!("expect(uns", "afe_code")];
    let sources = sources(&["src", "tests", "benches"]);
    let with = sources.iter().filter(|source| marks.iter().any(|mark| source.text.contains(mark)));
    let places: Vec<&str> = with.map(|source| source.path.as_str()).collect();
    assert_eq!(places, ["tests/sim/disk/vfs.rs"]);
}

#[test]
fn the_readme_keeps_its_word() {
    let readme = read("README.md");
    let first_screen: String = readme.lines().take(30).collect::<Vec<_>>().join("\n");
    for command in ["cargo run --release -- demo", "./tests/run"] {
        assert!(first_screen.contains(command), "the first screen must show `{command}`");
    }
    let mode = std::fs::metadata(root().join("tests/run")).unwrap().permissions().mode();
    assert_eq!(mode & 0o111, 0o111, "tests/run must be executable");
    for page in ["docs/operators.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "jitney.example.toml"] {
        assert!(readme.contains(page), "the README must lead to {page}");
        assert!(root().join(page).is_file(), "{page}");
    }
    assert!(read("CHANGELOG.md").contains("## [Unreleased]"));
}

#[test]
fn every_variable_is_documented() {
    let page = read("docs/operators.md");
    for variable in jitney::config::Variable::ALL {
        assert!(page.contains(&format!("`{}`", variable.as_str())), "{}", variable.as_str());
    }
}
