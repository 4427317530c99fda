//! Policies: what is wrong in bad files, and what good ones decide.

mod approving;
mod asking;
mod bad_files;
mod calendars;
mod corpus;
mod decisions;
mod edits;
mod example;
mod finding;
mod fixture;
mod formatting;
mod fuzz;
mod properties;
mod reference;
mod tickets;
mod wishes;
mod words;

use jitney::ids::{EntitlementKey, GroupId, PersonId, TargetId};
use jitney::policy::{
    Binding, Catalogue, Employment, ParamIssue, Parsed, People, Person, PolicySet, Reason, ReasonCode,
    SourceFile, Subject, Verdict, parse,
};
use jitney::time::{Span, Timestamp};
use serde_json::Value;

/// Two targets whose steps are `login = { }`, with `roles = ["…"]` in it at most.
struct Logins;

impl Catalogue for Logins {
    fn targets(&self) -> Vec<TargetId> {
        vec!["legacy-wiki".parse().unwrap(), "billing-pg".parse().unwrap()]
    }

    fn parse(&self, target: &TargetId, params: &Value) -> Result<Parsed, Vec<ParamIssue>> {
        let mut issues = Vec::new();
        let mut issue = |path: &[&str], message: &str| {
            let path = path.iter().map(|&part| part.to_owned()).collect();
            issues.push(ParamIssue { path, message: message.to_owned() });
        };
        match params.get("login").map(Value::as_object) {
            None => issue(&[], "a step here is `login = { }`"),
            Some(None) => issue(&["login"], "must be a table"),
            Some(Some(login)) => {
                for (key, value) in login {
                    match value.as_array() {
                        Some(roles) if key == "roles" => {
                            for (n, _) in roles.iter().enumerate().filter(|(_, role)| !role.is_string()) {
                                issue(&["login", "roles", &n.to_string()], "a role is a text");
                            }
                        }
                        _ => issue(&["login", key], "only `roles = [ ]` goes here"),
                    }
                }
            }
        }
        if !issues.is_empty() {
            return Err(issues);
        }
        Ok(Parsed {
            params: params.clone(),
            label: format!("a login on {target}"),
            issues_credential: target.as_str() == "legacy-wiki",
            readable: true,
            cannot_end: Vec::new(),
        })
    }

    fn bind(&self, target: &TargetId, _: &Value, subject: &Subject<'_>) -> Result<Binding, String> {
        let key = EntitlementKey::new(&format!("{target}/{}", subject.request)).unwrap();
        Ok(Binding { key, shared: false, login: None, used_at: None })
    }
}

fn file(name: &str, text: &str) -> SourceFile {
    SourceFile { name: format!("policies/{name}"), text: text.to_owned() }
}

fn policies(files: &[SourceFile]) -> PolicySet {
    parse(files, &Logins).unwrap_or_else(|issues| {
        panic!("{}", issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn id(text: &str) -> PersonId {
    let text = if text.contains('@') { text.to_owned() } else { format!("{text}@example.com") };
    PersonId::new(&text).unwrap()
}

fn person(name: &str, employment: Employment, department: &str, manager: Option<&str>) -> Person {
    Person {
        id: id(name),
        name: name.to_owned(),
        employment,
        department: department.to_owned(),
        location: String::new(),
        manager: manager.map(id),
        groups: Default::default(),
        active: true,
        slack: None,
        operator_login: None,
        title: String::new(),
        doubts: None,
    }
}

/// The people of the examples.
fn everybody() -> Vec<Person> {
    let mut erin = person("erin", Employment::Employee, "Finance", None);
    erin.groups.insert(GroupId::new("security").unwrap());
    let mut frank = person("frank", Employment::Employee, "Finance", Some("erin"));
    frank.title = "Accountant".to_owned();
    vec![
        person("ann", Employment::Employee, "Engineering", Some("dana")),
        person("bob", Employment::Employee, "Engineering", Some("dana")),
        person("carol", Employment::Contractor, "Engineering", Some("dana")),
        person("dana", Employment::Employee, "Engineering", Some("erin")),
        erin,
        frank,
    ]
}

/// The people of the examples, and some of whom the directory knows little.
fn odd_people() -> People {
    let mut people = everybody();
    let mut gina = person("Gina@Example.com", Employment::Intern, "Sales", Some("dana"));
    gina.groups.insert(GroupId::new("dba").unwrap());
    let mut hugo = person("hugo", Employment::Employee, " finance ", Some("dana"));
    hugo.groups.insert(GroupId::new("divers").unwrap());
    let mut ines = person("ines", Employment::Employee, "Finance", Some("dana"));
    ines.groups.insert(GroupId::new("divers").unwrap());
    ines.location = "Lisbon".to_owned();
    ines.title = " ACCOUNTANT ".to_owned();
    let mut jack = person("jack", Employment::Employee, "Finance", Some("dana"));
    jack.active = false;
    let kim = person("kim", Employment::Employee, "", Some("jack"));
    let mut lea = person("lea", Employment::Employee, "Engineering", Some("dana"));
    lea.title = "Engineer".to_owned();
    people.extend([gina, hugo, ines, jack, kim, lea]);
    directory(people)
}

fn directory(people: Vec<Person>) -> People {
    People::new(people, NOW, Span::hours(1))
}

/// The codes of a refusal, in order; every reason must be whole.
fn codes(verdict: &Verdict) -> Vec<ReasonCode> {
    let reasons: Vec<&Reason> = match verdict {
        Verdict::Granted(because) => {
            assert!(!because.is_empty(), "a yes names the rule that said so");
            because.iter().collect()
        }
        Verdict::Refused(..) => verdict.refusals().collect(),
    };
    for Reason { code, rule, saw, wants } in reasons {
        for part in [rule, saw, wants] {
            assert!(!part.trim().is_empty(), "{code:?}: {rule:?} {saw:?} {wants:?}");
        }
        let placed = rule.contains("policies/") || rule.contains("(built in)");
        assert!(placed, "`{rule}` has no place");
    }
    verdict.refusals().map(|reason| reason.code).collect()
}

/// A verdict as one reads it.
fn told(verdict: &Verdict) -> String {
    let (head, reasons): (_, Vec<&Reason>) = match verdict {
        Verdict::Granted(because) => ("granted", because.iter().collect()),
        Verdict::Refused(..) => ("refused", verdict.refusals().collect()),
    };
    let lines = reasons.iter().map(|r| format!("  {}\n    saw {}\n    wants {}\n", r.rule, r.saw, r.wants));
    format!("{head}\n{}", lines.collect::<String>())
}
