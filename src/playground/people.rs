//! The made-up company: six people, two channels, one group. Or somebody's own, read from a file.

use std::path::Path;

use crate::directory::Directory;
use crate::ids::{GroupId, IdError, PersonId, SlackUserId};
use crate::policy::{Employment, Person};
use crate::time::{Span, Timestamp};

/// Where approvals are asked for: `#access-approvals`.
pub const ACCESS_CHANNEL: &str = "C0ACCESS";
/// Where the loud things are told: `#security`.
pub const SECURITY_CHANNEL: &str = "C0SECURITY";
/// The Slack user group `@security`.
pub const SECURITY_GROUP: &str = "S0SECURITY";

/// The company's directory, each person with a Slack account (`U0ANN` for ann). Nobody is an operator yet.
///
/// # Errors
/// Never with the ids that are written here; the type says so because ids are parsed.
pub fn people() -> Result<Vec<Person>, IdError> {
    use Employment::{Contractor, Employee};
    [
        ("ann", Employee, "Engineering", Some("dana"), None),
        ("bob", Employee, "Engineering", Some("dana"), None),
        ("carol", Contractor, "Engineering", Some("dana"), None),
        ("dana", Employee, "Engineering", Some("erin"), None),
        ("erin", Employee, "Finance", None, Some("security")),
        ("frank", Employee, "Finance", Some("erin"), None),
    ]
    .into_iter()
    .map(|(name, employment, department, manager, group)| {
        person(name, employment, department, manager, group)
    })
    .collect()
}

/// People of a company that are taken at most: a page lists them all.
const PEOPLE_MAX: usize = 200;

/// The people of a directory file. Who has no Slack account there gets one of the playground's (`U0LOCAL1`), and
/// nobody is an operator.
///
/// # Errors
/// When the file can't be read, has issues, or has too many people.
pub fn from_file(path: &Path, now: Timestamp) -> anyhow::Result<Vec<Person>> {
    let people = Directory::open(path, Span::days(3650), now)?.people();
    let people: Vec<Person> = people.iter().cloned().collect();
    anyhow::ensure!(
        people.len() <= PEOPLE_MAX,
        "{} has {} people, and the demo takes {PEOPLE_MAX}: leave in the file those whom you want to be",
        path.display(),
        people.len()
    );
    let given = |(number, person): (usize, Person)| -> anyhow::Result<Person> {
        let slack = match &person.slack {
            Some(slack) => slack.clone(),
            None => SlackUserId::new(&format!("U0LOCAL{}", number + 1))?,
        };
        Ok(Person { slack: Some(slack), operator_login: None, ..person })
    };
    people.into_iter().enumerate().map(given).collect()
}

fn person(
    name: &str,
    employment: Employment,
    department: &str,
    manager: Option<&str>,
    group: Option<&str>,
) -> Result<Person, IdError> {
    let mut spoken: String = name.chars().take(1).flat_map(char::to_uppercase).collect();
    spoken.extend(name.chars().skip(1));
    Ok(Person {
        id: identity(name)?,
        name: spoken,
        employment,
        department: department.to_owned(),
        location: String::new(),
        manager: manager.map(identity).transpose()?,
        groups: group.map(GroupId::new).transpose()?.into_iter().collect(),
        active: true,
        slack: Some(SlackUserId::new(&format!("U0{}", name.to_uppercase()))?),
        operator_login: None,
        title: String::new(),
        doubts: None,
    })
}

fn identity(name: &str) -> Result<PersonId, IdError> {
    PersonId::new(&format!("{name}@example.com"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_manager_is_somebody() {
        let people = people().expect("the ids parse");
        assert_eq!(people.len(), 6);
        for person in &people {
            let known = |id: &PersonId| people.iter().any(|p| p.id == *id);
            assert!(person.manager.as_ref().is_none_or(known), "{}", person.id);
        }
        assert_eq!(people[0].slack.as_ref().map(SlackUserId::as_str), Some("U0ANN"));
    }

    #[test]
    fn everybody_of_a_file_gets_an_account() {
        let path = std::env::temp_dir().join(format!("jitney-people-{}.toml", std::process::id()));
        let one = |id: &str, more: &str| {
            format!(
                "[[people]]\nid = '{id}'\nname = 'X'\nemployment = 'employee'\ndepartment = 'IT'\n{more}\n"
            )
        };
        let text = one("zoe@corp.test", "slack = 'U7'") + &one("yan@corp.test", "operator_login = 'root'");
        std::fs::write(&path, text).expect("the file is written");
        let people = from_file(&path, Timestamp::from_millis(0)).expect("it is read");
        std::fs::remove_file(&path).expect("the file is removed");
        let accounts: Vec<_> =
            people.iter().filter_map(|p| p.slack.as_ref()).map(SlackUserId::as_str).collect();
        assert_eq!(accounts, ["U0LOCAL1", "U7"]);
        assert!(people.iter().all(|person| person.operator_login.is_none()));
    }
}
