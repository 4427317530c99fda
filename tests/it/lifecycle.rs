//! The life cycle as ledgers: a script has one operation a line, and beside each line stands what came of it.
//! Read a snapshot in `scripts/snapshots` from top to bottom; `lifecycle/world.rs` says who and what there is.

mod facts;
mod ledger;
mod play;
mod promises;
mod script;
mod world;

use std::collections::BTreeSet;
use std::path::Path;

/// One test a script, each against its own ledger.
macro_rules! scripts {
    ($($name:ident),+ $(,)?) => {
        const SCRIPTS: &[(&str, &str)] =
            &[$((stringify!($name), include_str!(concat!("scripts/", stringify!($name), ".txt")))),+];
        $(
            #[test]
            fn $name() {
                check(stringify!($name), include_str!(concat!("scripts/", stringify!($name), ".txt")));
            }
        )+
    };
}

scripts! {
    asking, behalf, starting, granting, extending, less_time, questions, credential, overlaps, revoking, rechecks,
}

fn check(name: &str, text: &str) {
    let (ledger, _) = played(name, text);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("scripts/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, ledger));
}

/// The ledgers of a script's scenes, and the rows it takes. A scene begins in a fresh world.
fn played(name: &str, text: &str) -> (String, BTreeSet<u8>) {
    let lines = script::parse(text).unwrap_or_else(|why| panic!("{name}.txt: {why}"));
    let mut ledger = String::new();
    let mut rows = BTreeSet::new();
    for scene in lines.chunk_by(|_, next| !next.text.starts_with(script::SCENE)) {
        let (text, mut taken) = play::play(scene).unwrap_or_else(|why| panic!("{name}.txt: {why}"));
        rows.append(&mut taken);
        ledger.push_str(&text);
    }
    (ledger, rows)
}

#[test]
fn the_scripts_visit_every_row_of_the_state_table() {
    let visited: BTreeSet<u8> = SCRIPTS.iter().flat_map(|(name, text)| played(name, text).1).collect();
    let missing: Vec<u8> = (1..=36).filter(|row| !visited.contains(row)).collect();
    assert!(missing.is_empty(), "no script takes rows {missing:?}");
}

#[test]
fn every_script_in_the_folder_is_played() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/scripts");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let in_folder: BTreeSet<String> = files
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let played: BTreeSet<String> = SCRIPTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(in_folder, played);
}
