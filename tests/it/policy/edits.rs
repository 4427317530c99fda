//! What an edit of the example catalogue does, in sentences, with the people who gain or lose.

use std::process::Output;

use super::super::folder::Folder;

/// What the example of a calendar says, for those who want one.
const OFFICE: &str = "[calendars.office]\nzone = \"Europe/Berlin\"\nhours = [\"mon-fri 08:00-18:00\"]\n\
                      holidays = [2026-12-25, 2027-01-01]\n\n[tiers.quick]\n";

/// A folder with the examples, and a copy of them that is edited.
fn edited(name: &str, edits: &[(&str, &str, &str)]) -> Folder {
    let folder = Folder::set_up(&format!("edits-{name}"));
    folder.edit("policies/tiers.toml", "[tiers.quick]\n", OFFICE);
    std::fs::create_dir_all(folder.0.join("edited/policies")).unwrap();
    for file in ["tiers.toml", "wiki.toml", "reports.toml"] {
        let text = std::fs::read_to_string(folder.0.join("policies").join(file)).unwrap();
        folder.write(&format!("edited/policies/{file}"), &text);
    }
    for (file, from, to) in edits {
        folder.edit(&format!("edited/policies/{file}"), from, to);
    }
    folder
}

fn diff(folder: &Folder, more: &[&str]) -> Output {
    folder.run(&[&["policy", "diff", "policies", "edited/policies"], more].concat())
}

const EDITS: [(&str, &str, &str, &str); 22] = [
    (
        "a department more",
        "wiki.toml",
        "\"Engineering\"] }]\nnever    =",
        "\"Engineering\", \"IT\"] }]\nnever    =",
    ),
    (
        "a title besides",
        "wiki.toml",
        "\"Engineering\"] }]\nnever    =",
        "\"Engineering\"], title = [\"Editor\", \"Writer\"] }]\nnever    =",
    ),
    (
        "a title that forbids",
        "wiki.toml",
        "never     = [{ employment = [\"contractor\"] }]",
        "never     = [{ employment = [\"contractor\"] }, { title = [\"Working student\"] }]",
    ),
    (
        "a rule that forbids",
        "wiki.toml",
        "never     = [{ employment = [\"contractor\"] }]",
        "never     = [{ employment = [\"contractor\"] }, { group = [\"security\"] }]",
    ),
    ("a longer maximum", "wiki.toml", "max_duration     = \"8h\"", "max_duration     = \"12h\""),
    (
        "a weaker tier",
        "tiers.toml",
        "distinct       = true             # not the one who approved the first stage\n",
        "",
    ),
    ("another owner", "wiki.toml", "owners = [\"bob@example.com\"]", "owners = [\"dana@example.com\"]"),
    ("another tier", "wiki.toml", "tier             = \"manager\"", "tier             = \"quick\""),
    ("nobody asked for longer", "tiers.toml", "auto_under = \"30m\"", "auto_under = \"1h\""),
    (
        "two of them",
        "tiers.toml",
        "approvers      = [\"manager\"]\nremind_after   = \"2h\"",
        "approvers      = [\"manager\", \"owners\"]\nquorum         = 2\nremind_after   = \"2h\"",
    ),
    ("no break-glass", "tiers.toml", "break_glass = { max_duration = \"1h\", review_within = \"3d\" }\n", ""),
    ("retired", "wiki.toml", "visibility       = \"listed\" ", "visibility       = \"retired\" "),
    ("no conflict", "wiki.toml", "conflicts = [\"reports/view\"] ", "conflicts = [] "),
    (
        "in office hours alone",
        "wiki.toml",
        "tier             = \"manager\"\n",
        "tier             = \"manager\"\nhours            = \"office\"\n",
    ),
    ("longer hours", "tiers.toml", "mon-fri 08:00-18:00", "mon-fri 07:00-20:00\", \"sat 09:00-12:00"),
    ("another holiday", "tiers.toml", "2027-01-01]", "2027-01-01, 2027-01-06]"),
    (
        "a freeze",
        "tiers.toml",
        "[tiers.quick]",
        "[[blackouts]]\nzone = \"UTC\"\nfrom = 2027-01-01\nuntil = 2027-01-04\nbecause = \"Year-end close\"\n\
         apps = [\"wiki\"]\nrisk = [\"high\"]\nbreak_glass = false\n\n[tiers.quick]",
    ),
    (
        "fewer at once",
        "tiers.toml",
        "[tiers.quick]\n",
        "[risks.high]\nat_once = 1\nmax_duration = \"3h\"\n\n[tiers.quick]\n",
    ),
    (
        "strong tiers for high risk",
        "tiers.toml",
        "[tiers.quick]\n",
        "[risks.high]\ntiers = [\"two-person\"]\n\n[tiers.quick]\n",
    ),
    (
        "had outside of Jitney",
        "wiki.toml",
        "conflicts = [\"reports/view\"] ",
        "held_by = [{ group = [\"security\"] }]\nconflicts = [\"reports/view\"] ",
    ),
    (
        "anybody's ticket",
        "wiki.toml",
        "tier             = \"manager\"\n",
        "tier             = \"manager\"\nticket_of        = \"anyone\"\n",
    ),
    ("words", "reports.toml", "A login that opens every report", "A login that opens each report"),
];

#[test]
fn each_edit_is_told_in_one_sentence_with_those_who_gain_or_lose() {
    let mut told = String::new();
    for (what, file, from, to) in EDITS {
        let folder = edited("one", &[(file, from, to)]);
        let output = diff(&folder, &[]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&output.stderr));
        told += &format!("== {what}\n{said}\n");
        let json = diff(&folder, &["--json"]);
        let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
        let wider = json["changes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|change| ["wider", "other"].contains(&change["change"]["direction"].as_str().unwrap()));
        let denied = diff(&folder, &["--deny-wider"]);
        assert_eq!(denied.status.code(), Some(i32::from(wider)), "{what}");
    }
    insta::assert_snapshot!(told);
}

#[test]
fn apps_roles_and_tiers_that_come_and_go_are_told() {
    let folder = edited(
        "whole",
        &[
            ("wiki.toml", "conflicts = [\"reports/view\"]", "conflicts = []"),
            ("wiki.toml", "holds = [\"reports/view\"]", "holds = []"),
        ],
    );
    std::fs::remove_file(folder.0.join("edited/policies/reports.toml")).unwrap();
    let tiers = std::fs::read_to_string(folder.0.join("edited/policies/tiers.toml")).unwrap();
    folder.write("edited/policies/tiers.toml", &tiers.replace("tiers.quick", "tiers.swift"));
    let there = diff(&folder, &[]);
    let back = folder.run(&["policy", "diff", "edited/policies", "policies"]);
    let none = folder.run(&["policy", "diff", "policies", "policies", "--deny-wider"]);
    let said: Vec<String> =
        [there, back, none].into_iter().map(|output| String::from_utf8(output.stdout).unwrap()).collect();
    insta::assert_snapshot!(said.join("--\n"));
}

#[test]
fn without_a_directory_the_rules_alone_are_told() {
    let folder = edited("no-people", &[(EDITS[0].1, EDITS[0].2, EDITS[0].3)]);
    std::fs::remove_file(folder.0.join("people.toml")).unwrap();
    let said = String::from_utf8(diff(&folder, &[]).stdout).unwrap();
    insta::assert_snapshot!(said.replace(folder.0.to_str().unwrap(), "FOLDER"));
}
