//! docs/policies.md has every key, as the parser has it.

use std::collections::{BTreeMap, BTreeSet};

use jitney::policy::{Need, SourceFile, Table, Takes, parse, run_tests};

use super::Logins;

const PAGE: &str = include_str!("../../../docs/policies.md");

/// The rows of the tables of the reference, by the title of the section that they stand in.
fn documented() -> BTreeMap<String, BTreeMap<String, Vec<String>>> {
    let (mut section, mut found) = (String::new(), BTreeMap::<String, BTreeMap<String, Vec<String>>>::new());
    let reference = PAGE.split("\n## Reference\n").nth(1).unwrap().split("\n## ").next().unwrap();
    for line in reference.lines() {
        if let Some(title) = line.strip_prefix("### ") {
            section = title.trim_matches('`').to_owned();
        } else if let Some(row) = line.strip_prefix("| `") {
            let cells: Vec<String> = row.trim_end_matches(" |").split(" | ").map(str::to_owned).collect();
            let key = cells[0].trim_end_matches('`').to_owned();
            found.entry(section.clone()).or_default().insert(key, cells[1..].to_vec());
        }
    }
    found
}

#[test]
fn every_key_is_documented_and_no_other() {
    let documented = documented();
    let titles: BTreeSet<&str> = documented.keys().map(String::as_str).collect();
    assert_eq!(titles, Table::ALL.iter().map(|table| table.title()).collect());
    for table in Table::ALL {
        let rows = &documented[table.title()];
        let keys: BTreeSet<&str> = rows.keys().map(String::as_str).collect();
        assert_eq!(keys, table.keys().iter().map(|key| key.name).collect(), "{}", table.title());
        for key in table.keys() {
            let cells = &rows[key.name];
            let wanted = match key.need {
                Need::Required => "required".to_owned(),
                Need::Default(default) if default.starts_with('"') => format!("`{default}`"),
                Need::Default(default) => default.to_owned(),
            };
            assert_eq!(cells[0], wanted, "{} of {}", key.name, table.title());
            assert_eq!(cells[1], key.about, "{} of {}", key.name, table.title());
            for word in words(key.takes) {
                assert!(key.about.contains(&format!("`{word}`")), "{} does not tell `{word}`", key.name);
            }
        }
    }
}

/// The words that a key chooses from.
fn words(takes: Takes) -> Vec<&'static str> {
    match takes {
        Takes::OneOf(words) => words(),
        Takes::List(of, ..) => words(*of),
        _ => Vec::new(),
    }
}

/// The blocks of TOML that say which file they are.
#[test]
fn the_examples_of_the_page_are_good_and_pass_their_tests() {
    let blocks = PAGE.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let files: Vec<SourceFile> = blocks
        .filter_map(|block| {
            let name = block.lines().next()?.strip_prefix("# policies/")?;
            Some(SourceFile { name: format!("policies/{name}"), text: block.to_owned() })
        })
        .collect();
    assert!(files.len() >= 2, "{files:?}");
    let policies = parse(&files, &Logins).unwrap_or_else(|issues| panic!("{issues:?}"));
    let results = run_tests(&policies);
    assert!(results.len() >= 3);
    assert!(results.iter().all(|result| result.passed), "{results:?}");
}
