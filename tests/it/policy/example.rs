//! The example catalogue under `policies/`.

use jitney::policy::{lint, run_tests};

use super::{directory, everybody, file, policies, told};

fn example() -> jitney::policy::PolicySet {
    policies(&[
        file("tiers.toml", include_str!("../../../policies/tiers.toml")),
        file("wiki.toml", include_str!("../../../policies/wiki.toml")),
        file("reports.toml", include_str!("../../../policies/reports.toml")),
    ])
}

#[test]
fn every_file_of_the_catalogue_is_tested() {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/policies")).unwrap();
    let mut names: Vec<_> = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["reports.toml", "tiers.toml", "wiki.toml"]);
}

#[test]
fn example_catalogue_passes_its_own_tests() {
    let results = run_tests(&example());
    assert_eq!(results.len(), 10);
    for result in results {
        assert!(result.passed, "{} expects {:?}: {}", result.place, result.expect, told(&result.got));
    }
}

#[test]
fn example_catalogue_gives_no_warning() {
    assert_eq!(lint(&example(), &directory(everybody())), []);
}
