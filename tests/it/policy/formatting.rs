//! One way of writing the files: idempotent, faithful, and that of the examples.

use jitney::policy::{FileKind, FormatError, PolicySet, format, parse};

use super::Logins;
use super::corpus::{case_files, cases};

/// That both sets say the same, wherever it stands.
pub(super) fn same_but_for_places(a: &PolicySet, b: &PolicySet) {
    assert_eq!(placeless(a), placeless(b));
}

/// All that a set says, but where. Places are left out of the text, since one may be in each part: a role and a stage
/// carry their calendar with them, for example.
fn placeless(policies: &PolicySet) -> String {
    let mut policies = policies.clone();
    policies.digest = Default::default();
    for role in policies.apps.values_mut().flat_map(|app| app.roles.values_mut()) {
        role.key_places.values_mut().for_each(String::clear);
    }
    let text = format!("{policies:#?}");
    let said = text.lines().filter(|line| !line.trim_start().starts_with("place: \""));
    said.map(|line| format!("{line}\n")).collect()
}

fn comments(text: &str) -> Vec<&str> {
    let mut comments: Vec<&str> =
        text.lines().filter_map(|line| line.split_once('#')).map(|(_, comment)| comment.trim_end()).collect();
    comments.sort_unstable();
    comments
}

#[test]
fn the_examples_are_in_their_form() {
    for (kind, text) in [
        (FileKind::Tiers, include_str!("../../../policies/tiers.toml")),
        (FileKind::App, include_str!("../../../policies/wiki.toml")),
        (FileKind::App, include_str!("../../../policies/reports.toml")),
    ] {
        assert_eq!(format(kind, text).as_deref(), Ok(text));
    }
}

#[test]
fn a_file_in_its_form_says_what_it_said_and_stays_as_it_is() {
    for case in ["good", "edge"].iter().flat_map(|folder| cases(folder)) {
        let written = format(case.kind, &case.text).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert_eq!(format(case.kind, &written).as_deref(), Ok(written.as_str()), "{}", case.name);
        let read = |text: &str| parse(&case_files(case.kind, text), &Logins).unwrap();
        same_but_for_places(&read(&case.text), &read(&written));
        assert_eq!(comments(&case.text), comments(&written), "{}", case.name);
    }
}

#[test]
fn a_file_out_of_form_is_brought_into_it() {
    let text = r#"

# What it is.
[app]
layer="application"   # where
name="Billing"
  # Who.
  owners=["dana@example.com","bob@example.com"]


[roles.read]
never=[{employment=["contractor"]}]
eligible=[
  { employment = ["employee"] },  # who is here to stay
]
tier="manager"

# How long.


max_duration="8h"
default_duration="1h"
"risk"='low'
gives="SELECT"
name="Read"
[[roles.read.steps]]    # the database
login={roles=["ro"]}
target="billing-pg"
[[tests]]
expect="refused"
asks="read"
who={employment="intern",}
# the end


"#;
    insta::assert_snapshot!(format(FileKind::App, text).unwrap());
}

#[test]
fn what_is_no_toml_is_left_alone() {
    assert_eq!(format(FileKind::App, "[app\n"), Err(FormatError::NotToml));
}
