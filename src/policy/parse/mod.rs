//! TOML files into a [`PolicySet`]: all of them or, with every issue, none.

mod app;
mod calendars;
mod rules;
mod source;
mod steps;
mod table;
mod tiers;
mod times;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use toml::de::DeTable;

pub(super) use app::visibility_words;
pub(super) use rules::testable_words;
pub use source::{Issue, SourceFile};

use self::source::Reading;
use super::{Catalogue, Digest, PolicySet, Risk, RiskRule};
use crate::ids::{AppId, RoleRef, TargetId};

const MOST_BYTES: usize = 256 * 1024;
const MOST_APPS: usize = 500;
const TIERS_FILE: &str = "tiers.toml";
const NOT_TOML: &str =
    "a line is `key = value`: texts in quotes, lists in [ ], heads of tables such as [roles.read]";

/// Parses and checks all policies: `tiers.toml` and one file an app, in whatever order they come. The digest is
/// over the names and texts, sorted by name.
///
/// # Errors
/// Every issue of every file, sorted by file, line and column. A file that is no TOML has its syntax errors told,
/// all of them, and is not looked into.
pub fn parse(files: &[SourceFile], catalogue: &dyn Catalogue) -> Result<PolicySet, Vec<Issue>> {
    let mut sources: Vec<&SourceFile> = files.iter().collect();
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    let digest = digest_sorted(&sources);
    let mut files: Vec<Opened<'_>> = sources.iter().map(|source| Opened::new(source)).collect();
    let mut issues = check_names(&mut files);
    // Roles are held against what holds of their risk.
    files.sort_by_key(|file| !matches!(file.holds, Holds::Tiers));
    let mut world = World::new(&files, catalogue);
    let mut policies = PolicySet { digest, ..PolicySet::default() };
    for mut file in files {
        match (&file.holds, &file.root) {
            (Holds::Tiers, Some(root)) => {
                let read = tiers::read(&mut file.reading, root, &world);
                policies.tiers = read.tiers;
                policies.calendars = read.calendars;
                policies.blackouts = read.blackouts;
                policies.risks.clone_from(&read.risks);
                world.risks = read.risks;
            }
            (Holds::App(id), Some(root)) => {
                if let Some(app) = app::read(&mut file.reading, root, id, &world) {
                    policies.apps.insert(id.clone(), app);
                }
            }
            (Holds::Tiers | Holds::App(_), None) | (Holds::Nothing, _) => {}
        }
        issues.extend(file.reading.into_issues());
    }
    let held_outside = policies.roles().filter(|(_, _, role)| !role.held_by.is_empty());
    policies.held_outside = held_outside.map(|(at, ..)| at).collect();
    issues.sort();
    if issues.is_empty() { Ok(policies) } else { Err(issues) }
}

/// The digest of these files, whether they are good or not.
#[must_use]
pub fn digest(files: &[SourceFile]) -> Digest {
    let mut sources: Vec<&SourceFile> = files.iter().collect();
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    digest_sorted(&sources)
}

/// What a file's name says that it holds.
enum Holds {
    Tiers,
    App(AppId),
    Nothing,
}

struct Opened<'a> {
    reading: Reading<'a>,
    holds: Holds,
    /// None when it is not TOML.
    root: Option<DeTable<'a>>,
}

impl<'a> Opened<'a> {
    fn new(source: &'a SourceFile) -> Self {
        let mut reading = Reading::new(source);
        let holds = holds(&source.name, &mut reading);
        let root = match &holds {
            Holds::Tiers | Holds::App(_) => root(source, &mut reading),
            Holds::Nothing => None,
        };
        Self { reading, holds, root }
    }
}

fn holds(name: &str, reading: &mut Reading<'_>) -> Holds {
    let base = name.rsplit('/').next().unwrap_or(name);
    if base == TIERS_FILE {
        return Holds::Tiers;
    }
    let Some(stem) = base.strip_suffix(".toml") else {
        reading.hinted(&(0..0), "a policy file's name ends in `.toml`", "rename it, or put it elsewhere");
        return Holds::Nothing;
    };
    match AppId::new(stem) {
        Ok(id) => Holds::App(id),
        Err(error) => {
            let message = format!("the file's name is the app's id, but {error}");
            reading.hinted(&(0..0), message, "rename it to, for example, `billing.toml`");
            Holds::Nothing
        }
    }
}

fn root<'a>(source: &'a SourceFile, reading: &mut Reading<'_>) -> Option<DeTable<'a>> {
    if source.text.len() > MOST_BYTES {
        let message = format!("the file is larger than {} KiB", MOST_BYTES / 1024);
        reading.hinted(&(0..0), message, "split it");
        return None;
    }
    let (root, errors) = DeTable::parse_recoverable(&source.text);
    for error in &errors {
        let message = format!("not TOML: {}", error.message());
        reading.hinted(&error.span().unwrap_or(0..0), message, NOT_TOML);
    }
    errors.is_empty().then(|| root.into_inner())
}

/// Two files of one app, too many of them, no tiers.
fn check_names(files: &mut [Opened<'_>]) -> Vec<Issue> {
    let mut seen = BTreeMap::<AppId, String>::new();
    let mut tiers = 0;
    for file in files.iter_mut() {
        let start = 0..0;
        let name = file.reading.name().to_owned();
        match &file.holds {
            Holds::Nothing => continue,
            Holds::Tiers => {
                tiers += 1;
                if tiers > 1 {
                    file.reading.hinted(&start, "there is another tiers.toml", "keep one");
                    file.holds = Holds::Nothing;
                }
            }
            Holds::App(id) => {
                if let Some(first) = seen.get(id) {
                    let message = format!("{first} is a file of the app `{id}` too");
                    file.reading.hinted(&start, message, "keep one");
                    file.holds = Holds::Nothing;
                } else if seen.len() == MOST_APPS {
                    let message = format!("there are more than {MOST_APPS} apps");
                    file.reading.hinted(&start, message, "put the roles of several into one file");
                    file.holds = Holds::Nothing;
                } else {
                    seen.insert(id.clone(), name);
                }
            }
        }
    }
    if tiers > 0 {
        return Vec::new();
    }
    let message = "there is no tiers.toml: nobody could approve anything".to_owned();
    let hint =
        Some("write one with `[tiers.manager]` and its stages; `jitney init` has an example".to_owned());
    vec![Issue { file: TIERS_FILE.to_owned(), line: 1, column: 1, end_line: 1, end_column: 1, message, hint }]
}

/// What files may refer to outside themselves.
struct World<'a> {
    catalogue: &'a dyn Catalogue,
    targets: BTreeSet<TargetId>,
    /// The declared tiers; none when their file can't be read, so that what refers to them is not blamed.
    tiers: Option<BTreeSet<String>>,
    /// The declared calendars, likewise.
    calendars: Option<BTreeSet<String>>,
    /// What holds of the roles of each risk.
    risks: BTreeMap<Risk, RiskRule>,
    /// The declared roles of each app; none of an app whose file can't be read.
    roles: BTreeMap<AppId, Option<BTreeSet<String>>>,
}

impl<'a> World<'a> {
    fn new(files: &[Opened<'_>], catalogue: &'a dyn Catalogue) -> Self {
        let (mut tiers, mut calendars) = (None, None);
        let mut roles = BTreeMap::new();
        for file in files {
            match &file.holds {
                Holds::Tiers => {
                    tiers = declared(file, "tiers");
                    calendars = declared(file, "calendars");
                }
                Holds::App(id) => {
                    roles.insert(id.clone(), declared(file, "roles"));
                }
                Holds::Nothing => {}
            }
        }
        let targets = catalogue.targets().into_iter().collect();
        Self { catalogue, targets, tiers, calendars, risks: BTreeMap::new(), roles }
    }

    /// Whether the role is declared, also when it is declared badly.
    fn has_role(&self, at: &RoleRef) -> bool {
        match self.roles.get(&at.app) {
            None => false,
            Some(None) => true,
            Some(Some(roles)) => roles.contains(at.role.as_str()),
        }
    }

    fn role_names(&self) -> Vec<String> {
        let of_app = |(app, roles): (&AppId, &Option<BTreeSet<String>>)| {
            let app = app.clone();
            roles.clone().unwrap_or_default().into_iter().map(move |role| format!("{app}/{role}"))
        };
        self.roles.iter().flat_map(of_app).collect()
    }
}

fn declared(file: &Opened<'_>, key: &str) -> Option<BTreeSet<String>> {
    let table = file.root.as_ref()?.get(key).and_then(|value| value.get_ref().as_table());
    Some(table.map(|table| table.keys().map(|key| key.get_ref().to_string()).collect()).unwrap_or_default())
}

fn digest_sorted(sources: &[&SourceFile]) -> Digest {
    let mut hash = Sha256::new();
    for source in sources {
        for part in [&source.name, &source.text] {
            // With its length, so that no two sets of files read alike.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    let mut hex = String::with_capacity(64);
    for byte in hash.finalize() {
        // Writing to a string can't fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Digest::from_hex(hex)
}
