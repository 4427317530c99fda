//! The directory in a file: what is read, what is refused and where, and when it goes stale.

mod exports;

use std::fs;
use std::sync::Arc;

use jitney::directory::{Directory, parse_people};
use jitney::ids::{PersonId, SlackUserId};
use jitney::time::{Span, Timestamp};

use crate::targets::scratch::Scratch;

const PEOPLE: &str = r#"
[[people]]
id = "Ann@Example.com"
name = "Ann Berg"
employment = "employee"
department = "Finance"
manager = "bob@example.com"
groups = ["finance-leads"]
slack = "U0ANN"

[[people]]
id = "bob@example.com"
name = "Bob Çelik"
employment = "employee"
department = "Finance"
location = "Lisbon"
slack = "U0BOB"
operator_login = "bob"

[[people]]
id = "carol@example.com"
name = "Carol"
employment = "contractor"
department = "Engineering"
active = false
"#;

const MAX_AGE: Span = Span::mins(10);

fn id(text: &str) -> PersonId {
    PersonId::new(text).unwrap()
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_millis(secs * 1000)
}

#[test]
fn people_are_read_with_their_facts() {
    let people = parse_people("people.toml", PEOPLE).unwrap();
    insta::assert_json_snapshot!("people", people);
}

#[test]
fn each_mistake_is_told_at_its_place() {
    let ann = "[[people]]\nid = \"ann@example.com\"\nname = \"Ann\"\nemployment = \"employee\"\ndepartment = \"Finance\"\n";
    let mut told = Vec::new();
    for (what, text) in [
        ("nothing", String::new()),
        ("one bracket", ann.replace("[[people]]", "[people]")),
        ("another table", format!("[[persons]]\n{ann}")),
        ("not toml", format!("{ann}slack = U0ANN\n")),
        ("a missing field", ann.replace("department = \"Finance\"\n", "")),
        ("an unknown field", format!("{ann}departement = \"Finance\"\n")),
        ("an unknown employment", ann.replace("\"employee\"", "\"friend\"")),
        ("not an id", ann.replace("ann@example.com", "ann at example")),
        ("the same person twice", format!("{ann}\n{}", ann.replace("ann@", "ANN@"))),
        (
            "the same accounts twice",
            format!(
                "{ann}slack = \"U1\"\noperator_login = \"ops\"\n\n{}slack = \"U1\"\noperator_login = \"ops\"\n",
                ann.replace("ann@", "bob@")
            ),
        ),
        ("an unknown manager", format!("{ann}manager = \"dana@example.com\"\n")),
        ("their own manager", format!("{ann}manager = \"Ann@example.com\"\n")),
        ("texts", ann.replace("\"Ann\"", "\"A\\u202Ena\"").replace("\"Finance\"", "\"  \"")),
        ("a long name", ann.replace("\"Ann\"", &format!("\"{}\"", "é".repeat(121)))),
        (
            "several at once",
            format!(
                "{ann}age = 7\n\n{}employment = \"friend\"\n",
                ann.replace("employment = \"employee\"\n", "")
            ),
        ),
    ] {
        told.push(format!("{what}:"));
        let issues = parse_people("people.toml", &text).unwrap_err();
        told.extend(issues.iter().map(|issue| format!("    {issue}")));
    }
    insta::assert_snapshot!("people_issues", told.join("\n"));
}

/// A file that is large enough to be read in pieces, side by side.
fn large_file() -> String {
    (0..6000)
        .map(|n| {
            format!(
                "[[people]]\nid = \"p{n}@example.com\"\nname = \"Person {n}\"\nemployment = \"employee\"\n\
                 department = \"Finance\"\nlocation = \"Lisbon\"\n\n"
            )
        })
        .collect()
}

#[test]
fn a_large_file_is_read_whole_and_in_its_order() {
    let people = parse_people("people.toml", &large_file()).unwrap();
    let ids: Vec<String> = people.iter().map(|person| person.id.to_string()).collect();
    let expected: Vec<String> = (0..6000).map(|n| format!("p{n}@example.com")).collect();
    assert_eq!(ids, expected);
}

#[test]
fn mistakes_in_a_large_file_are_told_at_their_places() {
    let text = large_file();
    // Each person takes seven lines.
    for (wrong, line) in [
        (text.replace("\"Person 5000\"", "5"), 5000 * 7 + 3),
        (text.replace("p5000@example.com", "p3@example.com"), 5000 * 7 + 1),
        (text.replace("Person 5000\"", "Person 5000"), 5000 * 7 + 3),
        (format!("people = []\n{text}"), 2),
        (format!("{text}[other]\n"), 6000 * 7 + 1),
        (text.replace("\"Person 3000\"", "\"\"\"\n[[people]]\n\"\"\""), 3000 * 7 + 1),
    ] {
        let issues = parse_people("people.toml", &wrong).unwrap_err();
        assert!(issues.iter().any(|issue| issue.line == line), "line {line}: {issues:?}");
    }
}

#[test]
fn a_file_that_does_not_change_stays_fresh_without_being_copied_each_time() {
    let scratch = Scratch::new();
    let path = scratch.write("people.toml", PEOPLE);
    let mut directory = Directory::open(&path, MAX_AGE, at(0)).unwrap();
    assert!(directory.poll(at(10)).unwrap().is_none());
    let mut people = directory.people();
    for secs in (20..3600).step_by(10) {
        if let Some(fresh) = directory.poll(at(secs)).unwrap() {
            people = fresh;
        }
        assert!(!people.is_stale(at(secs)), "at {secs}");
    }
    assert!(Arc::ptr_eq(&people, &directory.people()));
}

#[test]
fn a_changed_file_is_read_again() {
    let scratch = Scratch::new();
    let path = scratch.write("people.toml", PEOPLE);
    let mut directory = Directory::open(&path, MAX_AGE, at(0)).unwrap();
    let slack = SlackUserId::new("U0ANN").unwrap();
    assert_eq!(directory.people().by_slack(&slack).map(|p| &p.id), Some(&id("ann@example.com")));

    // As editors do it: another file takes the place. As long as before, and perhaps of the same second.
    let changed = scratch.write("people.new", PEOPLE.replace("U0ANN", "U1ANN"));
    fs::rename(changed, &path).unwrap();
    let people = directory.poll(at(10)).unwrap().unwrap();
    assert!(people.by_slack(&slack).is_none());
    assert_eq!(people.as_of(), at(10));
}

#[test]
fn a_directory_that_can_not_be_read_keeps_its_people_and_goes_stale() {
    let scratch = Scratch::new();
    let path = scratch.write("people.toml", PEOPLE);
    let mut directory = Directory::open(&path, MAX_AGE, at(0)).unwrap();

    scratch.write("people.toml", "[[people]]\nid = 7\n");
    let told = directory.poll(at(10)).unwrap_err().to_string().replace(path.to_str().unwrap(), "people.toml");
    insta::assert_snapshot!("broken_directory", told);
    assert!(directory.poll(at(20)).is_err(), "it is said again until it is mended");
    assert!(directory.people().get(&id("ann@example.com")).is_some());
    assert!(!directory.people().is_stale(at(600)));
    assert!(directory.people().is_stale(at(601)));

    fs::remove_file(&path).unwrap();
    assert!(directory.poll(at(30)).is_err());
    scratch.write("people.toml", PEOPLE);
    let people = directory.poll(at(700)).unwrap().unwrap();
    assert!(!people.is_stale(at(700)));
}

#[test]
fn a_first_read_that_fails_is_an_error() {
    let scratch = Scratch::new();
    let missing = Directory::open(&scratch.path("people.toml"), MAX_AGE, at(0)).unwrap_err();
    assert!(missing.to_string().contains("can't be read"), "{missing}");
    assert!(Directory::open(&scratch.path(""), MAX_AGE, at(0)).is_err());
}
