//! Bad policy files: every issue, at its line and column.

use jitney::policy::{Issue, SourceFile, parse};

use super::{Logins, file};

const TIERS: &str =
    "[tiers.manager]\nname = \"Manager\"\n[[tiers.manager.stages]]\napprovers = [\"manager\"]\n";

const APP: &str = r#"
[app]
name = "Billing"
owners = ["dana@example.com"]
layer = "application"

[roles.read]
name = "Read"
gives = "SELECT"
risk = "low"
default_duration = "1h"
max_duration = "8h"
tier = "manager"

[[roles.read.steps]]
target = "billing-pg"
login = { roles = ["ro"] }
"#;

fn issues(files: &[SourceFile]) -> Vec<Issue> {
    match parse(files, &Logins) {
        Ok(_) => panic!("no issue was found"),
        Err(issues) => issues,
    }
}

/// Every issue with its line and a caret at its column.
fn marked(files: &[SourceFile]) -> String {
    let mut told = String::new();
    for issue in issues(files) {
        told += &format!("{issue}\n");
        let source = files.iter().find(|file| file.name == issue.file);
        let line = source.and_then(|file| file.text.lines().nth(issue.line - 1)).unwrap_or("");
        if !line.is_empty() && line.chars().count() < 120 {
            told += &format!("    {line}\n    {}^\n", " ".repeat(issue.column - 1));
        }
    }
    told
}

/// One app's file beside good tiers.
fn app(text: &str) -> Vec<SourceFile> {
    vec![file("tiers.toml", TIERS), file("billing.toml", text)]
}

/// A good app's file with one text replaced.
fn changed(from: &str, to: &str) -> Vec<SourceFile> {
    assert!(APP.contains(from), "{from}");
    app(&APP.replacen(from, to, 1))
}

/// Tiers beside a good app's file.
fn tiers(text: &str) -> Vec<SourceFile> {
    vec![file("tiers.toml", text), file("billing.toml", APP)]
}

#[test]
fn the_unchanged_files_are_good() {
    assert!(parse(&app(APP), &Logins).is_ok());
}

#[test]
fn five_mistakes_are_all_told() {
    let text = APP
        .replace("layer = \"application\"", "layer = \"aplication\"")
        .replace("[roles.read]", "colour = \"red\"\n[roles.read]")
        .replace("max_duration = \"8h\"", "max_duration = \"30m\"")
        .replace("tier = \"manager\"", "tier = \"manger\"")
        .replace("billing-pg", "billing");
    let found = issues(&app(&text));
    let places: Vec<_> = found.iter().map(|issue| (issue.line, issue.column)).collect();
    assert_eq!(places, [(5, 9), (7, 1), (13, 16), (14, 8), (17, 10)]);
    insta::assert_snapshot!(marked(&app(&text)));
}

#[test]
fn syntax_errors_are_all_told_and_nothing_else_of_that_file() {
    let text = "[app]\nname = \"Billing\nowners = []\n\n[roles.read\nname = \"x\"\n";
    insta::assert_snapshot!(marked(&app(text)));
}

#[test]
fn what_refers_to_an_unreadable_file_is_not_blamed() {
    let files = [
        file("tiers.toml", "[tiers.manager\n"),
        file("billing.toml", &APP.replace("tier = ", "conflicts = [\"payments/approve\"]\ntier = ")),
        file("payments.toml", "[app]\nname = payments\n"),
    ];
    insta::assert_snapshot!(marked(&files));
}

#[test]
fn empty_files_say_what_they_lack() {
    insta::assert_snapshot!(marked(&[file("tiers.toml", ""), file("billing.toml", "")]));
}

#[test]
fn empty_tables_say_what_they_lack() {
    let text = "[app]\n[roles.read]\n[[roles.read.steps]]\n[[roles.read.fields]]\n[[tests]]\n";
    let tiers = "[tiers.manager]\nbreak_glass = { }\n[[tiers.manager.stages]]\n";
    insta::assert_snapshot!(marked(&[file("tiers.toml", tiers), file("billing.toml", text)]));
}

#[test]
fn unknown_keys_come_with_the_nearest() {
    let text = r#"
aps = 1
[app]
nmae = "Billing"
name = "Billing"
owners = ["dana@example.com"]
layer = "application"
colour = "red"
[roles.read]
name = "Read"
gives = "SELECT"
risk = "low"
default_duration = "1h"
max_duration = "8h"
max_durations = "8h"
tier = "manager"
eligible = [{ departments = ["Finance"] }]
[[roles.read.steps]]
target = "billing-pg"
login = { }
[[roles.read.fields]]
id = "schema"
lable = "Schema"
label = "Schema"
[[tests]]
who = { employment = "employee", departement = "Finance" }
ask = "read"
asks = "read"
expect = "refused"
"#;
    insta::assert_snapshot!(marked(&app(text)));
}

#[test]
fn values_of_the_wrong_kind_are_told() {
    let text = r#"
tests = "none"
[app]
name = 7
owners = "dana@example.com"
layer = ["application"]
[roles.read]
name = ["Read"]
gives = true
risk = 1
default_duration = 60
max_duration = 1979-05-27
max_total = "tomorrow"
revoke_target = "1.5m"
tier = 1
ticket = false
eligible = { employment = ["employee"] }
never = ["contractor"]
conflicts = "payments/approve"
lockdown_family = 1
steps = "legacy-wiki"
fields = [7]
"#;
    insta::assert_snapshot!(marked(&app(text)));
    insta::assert_snapshot!("roles_of_the_wrong_kind", marked(&app("app = 1\nroles = [1]\n")));
    insta::assert_snapshot!(
        "role_of_the_wrong_kind",
        marked(&changed("[roles.read]", "[roles]\nx = 1\n[roles.read]"))
    );
}

#[test]
fn durations_are_held_against_each_other() {
    let text = APP
        .replace("default_duration = \"1h\"", "default_duration = \"9h\"")
        .replace("tier = ", "max_total = \"4h\"\nrevoke_target = \"0s\"\ntier = ");
    insta::assert_snapshot!(marked(&app(&text)));
    insta::assert_snapshot!("durations_too_short", marked(&changed("\"1h\"", "\"59s\"")));
}

#[test]
fn steps_are_the_adapters_matter() {
    let text = APP.to_owned()
        + r#"
[[roles.read.steps]]
target = "billing-pgg"
[[roles.read.steps]]
login = { }
[[roles.read.steps]]
target = "legacy-wiki"
login = { roles = ["a", 2], scope = "all", roels = [] }
[[roles.read.steps]]
target = "legacy-wiki"
[roles.read.steps.login]
scope = "all"
[[roles.read.steps]]
target = "legacy-wiki"
log = { }
[[roles.read.steps]]
target = "legacy-wiki"
login = { roles = [99999999999999999999, nan] }
"#;
    insta::assert_snapshot!(marked(&app(&text)));
    let none = changed(
        "[[roles.read.steps]]\ntarget = \"billing-pg\"\nlogin = { roles = [\"ro\"] }\n",
        "steps = []\n",
    );
    insta::assert_snapshot!("no_steps", marked(&none));
}

#[test]
fn references_lead_somewhere() {
    let text = APP.replace(
        "tier = \"manager\"",
        "tier = \"two-person\"\nconflicts = [\"billing/read\", \"billing/reed\", \"payments\", \"hr/view\"]\nlockdown_family = [\"legacy-wiki\", \"legacy-wikki\", \"legacy-wiki\"]",
    ) + r#"
[[tests]]
who = { employment = "employee", holds = ["billing/raed"] }
asks = "write"
expect = "eligible"
"#;
    insta::assert_snapshot!(marked(&app(&text)));
}

#[test]
fn rules_that_match_nobody_or_everybody_by_mistake_are_told() {
    let rules = r#"
eligible = [
  { },
  { employment = [] },
  { employment = ["employe", "employee", "employee"] },
  { department = "Finance" },
  { person = ["dana dana"], group = ["a b"] },
]
tier = "#;
    insta::assert_snapshot!(marked(&changed("tier = ", rules)));
}

#[test]
fn form_fields_are_checked() {
    let text = APP.to_owned()
        + r#"
[[roles.read.fields]]
id = "schema"
label = "Schema"
choices = ["public", "ledger", "public"]
[[roles.read.fields]]
id = "schema"
label = ""
[[roles.read.fields]]
id = "The Schema"
label = "Schema"
choices = []
"#;
    insta::assert_snapshot!(marked(&app(&text)));
}

#[test]
fn limits_hold() {
    let long = "é".repeat(61);
    let text = APP
        .replace("\"Billing\"", &format!("\"{long}\"\nabout = \"\"\"two\nlines\"\"\""))
        .replace("\"SELECT\"", &format!("\"{}\"", "g".repeat(201)))
        + &"[[roles.read.steps]]\ntarget = \"billing-pg\"\nlogin = { }\n".repeat(10);
    insta::assert_snapshot!(marked(&app(&text)));
    let roles: String = (0..101).map(|n| format!("[roles.r{n:03}]\n")).collect();
    let found = issues(&app(&roles));
    assert_eq!(found.iter().filter(|issue| issue.message.contains("101 roles")).count(), 1);
    let big = "#".repeat(256 * 1024 + 1);
    insta::assert_snapshot!("file_too_large", marked(&app(&big)));
    let many: Vec<_> = (0..501).map(|n| file(&format!("a{n:03}.toml"), APP)).collect();
    assert_eq!(
        issues(&many).iter().map(|issue| issue.message.as_str()).collect::<Vec<_>>(),
        ["there are more than 500 apps", "there is no tiers.toml: nobody could approve anything"]
    );
}

#[test]
fn ids_are_checked() {
    let text = APP
        .replace("dana@example.com", "dana doe")
        .replace("tier = \"manager\"", "tier = \"The Manager\"")
        .replace("target = \"billing-pg\"", "target = \"../billing\"")
        + "[roles.\"Write it\"]\n";
    insta::assert_snapshot!(marked(&app(&text)));
}

#[test]
fn tiers_are_checked() {
    let text = r#"
[tiers.manager]
name = "Manager"
auto_under = "10s"
lapse_after = "1h"
provision_within = "1s"
break_glass = { max_duration = "1h", review = "3d" }
[[tiers.manager.stages]]
approvers = ["manager"]
quorum = 0
remind_after = "1h"
[[tiers.manager.stages]]
approvers = ["manager", "person:dana@example.com"]
quorum = 3
escalate_after = "30m"
[[tiers.manager.stages]]
approvers = []
distinct = "yes"
direct = "dana"
escalate_to = ["owners"]
[[tiers.manager.stages]]
approvers = ["managers", "dana@example.com", "user:dana", "person:", "grup:dba", "owners", "owners"]
quorum = 9
[tiers.empty]
name = "Empty"
stages = []
[tiers.none]
name = "None"
[tiers."The Boss"]
"#;
    insta::assert_snapshot!(marked(&tiers(text)));
}

#[test]
fn rows_of_tests_are_checked() {
    let text = APP.to_owned()
        + r#"
[[tests]]
who = { employment = "emplyee" }
asks = "read"
expect = "eligible"
because = "never"
[[tests]]
who = "ann"
asks = "read"
expect = "refuse"
because = "twin"
[[tests]]
who = { department = "Finance" }
for = "0s"
"#;
    insta::assert_snapshot!(marked(&app(&text)));
}

#[test]
fn the_set_of_files_is_checked() {
    let files = [
        file("a/billing.toml", APP),
        file("b/billing.toml", APP),
        file("a/tiers.toml", TIERS),
        file("b/tiers.toml", TIERS),
        file("Billing.toml", APP),
        file("notes.txt", "hello"),
    ];
    insta::assert_snapshot!(marked(&files));
    insta::assert_snapshot!("no_files", marked(&[]));
}

#[test]
fn the_digest_is_of_names_and_texts() {
    let digest = |files: &[SourceFile]| parse(files, &Logins).unwrap().digest;
    let [tiers, billing] = <[SourceFile; 2]>::try_from(app(APP)).unwrap();
    let first = digest(&[tiers.clone(), billing.clone()]);
    assert_eq!(first.as_str().len(), 64);
    assert_eq!(first, digest(&[billing.clone(), tiers.clone()]), "the order of reading does not matter");
    let renamed = SourceFile { name: "policies/invoices.toml".into(), ..billing.clone() };
    let edited = SourceFile { text: format!("{}\n", billing.text), ..billing };
    assert_ne!(first, digest(&[tiers.clone(), renamed]));
    assert_ne!(first, digest(&[tiers, edited]));
}

/// Whatever is cut off, left out or said twice, the reader answers, and points into the file.
#[test]
fn mangled_files_never_stop_the_reader() {
    let whole = format!(
        "{APP}{}",
        "[[tests]]\nwho = { employment = \"intern\" }\nasks = \"read\"\nexpect = \"refused\"\n"
    );
    let lines: Vec<&str> = whole.lines().collect();
    let mut mangled: Vec<String> = (0..whole.len()).map(|at| whole[..at].to_owned()).collect();
    for (n, line) in lines.iter().enumerate() {
        let with = |middle: &[&str]| [&lines[..n], middle, &lines[n + 1..]].concat().join("\n");
        mangled.extend([with(&[]), with(&[line, line]), with(&[&line.replace('=', "")]), with(&["[", line])]);
    }
    for text in mangled {
        for issue in parse(&app(&text), &Logins).err().unwrap_or_default() {
            let lines = text.split('\n').count();
            assert!((1..=lines).contains(&issue.line) && issue.column >= 1, "{issue}\n{text}");
            assert!(!issue.message.contains('\n'), "{issue}");
        }
    }
}

#[test]
fn visibility_is_one_of_three_words_and_instead_goes_with_the_last() {
    let text = APP
        .replacen("layer =", "visibility = \"hiden\"\ninstead = \"billing/view\"\nlayer =", 1)
        .replacen("risk =", "visibility = \"listed\"\ninstead = \"ask dana\"\nrisk =", 1);
    let long = "x".repeat(201);
    let more = APP.replacen("layer =", "instead = \"ask dana\"\nlayer =", 1).replacen(
        "risk =",
        &format!("visibility = \"retired\"\ninstead = {long:?}\nrisk ="),
        1,
    );
    let files = [file("tiers.toml", TIERS), file("billing.toml", &text), file("other.toml", &more)];
    insta::assert_snapshot!(marked(&files));
}
