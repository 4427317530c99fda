//! The made-up company: six people, two channels, one group.

use crate::ids::{GroupId, IdError, PersonId, SlackUserId};
use crate::policy::{Employment, Person};

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
}
