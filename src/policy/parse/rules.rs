//! Rules over people, and the rows of `[[tests]]`.

use std::collections::BTreeMap;

use super::super::grammar::Table;
use super::super::limits::{FACT, MOST_RULES, MOST_TESTS, MOST_VALUES};
use super::super::phrase::listed;
use super::super::{Employment, Expectation, PolicyTest, ReasonCode, Role, Rule};
use super::World;
use super::source::{Reading, shown};
use super::table::{self, Keys, Value};
use crate::ids::{AppId, GroupId, PersonId, RoleId, RoleRef};
use crate::nearest::nearest;
use crate::time::Span;

/// What a row of `[[tests]]` may name as the reason: what is judged without a form.
const TESTABLE: [(&str, ReasonCode); 9] = [
    ("retired", ReasonCode::Retired),
    ("never", ReasonCode::Never),
    ("not_eligible", ReasonCode::NotEligible),
    ("conflict", ReasonCode::Conflict),
    ("over_maximum", ReasonCode::OverMaximum),
    ("too_short", ReasonCode::TooShort),
    ("outside_hours", ReasonCode::OutsideHours),
    ("blackout", ReasonCode::Blackout),
    ("too_many_of_risk", ReasonCode::TooManyOfRisk),
];

/// The words of `because`.
pub(in crate::policy) fn testable_words() -> Vec<&'static str> {
    TESTABLE.map(|(word, _)| word).to_vec()
}

/// ``there is no tier `x` in tiers.toml``, with the nearest that there is.
pub(super) fn unknown<'a>(
    file: &mut Reading<'_>,
    value: &Value<'_>,
    what: &str,
    word: &str,
    within: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) {
    let hint = match nearest(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => match listed(known, "and") {
            all if all.is_empty() => "there is none at all".to_owned(),
            all => format!("there is {all}"),
        },
    };
    file.hinted(&value.span(), format!("there is no {what} `{}` in {within}", shown(word)), hint);
}

/// A role that some app declares.
pub(super) fn known_role(file: &mut Reading<'_>, value: &Value<'_>, world: &World<'_>) -> Option<RoleRef> {
    let role: RoleRef = table::parsed(file, value)?;
    if !world.has_role(&role) {
        let names = world.role_names();
        let names = names.iter().map(String::as_str);
        unknown(file, value, "role", &role.to_string(), "the policies", names);
    }
    Some(role)
}

/// The rules of `eligible` or `never`.
pub(super) fn read(file: &mut Reading<'_>, value: &Value<'_>, key: &str, role: &str) -> Vec<Rule> {
    let items = table::items(file, value, MOST_RULES);
    items
        .iter()
        .enumerate()
        .filter_map(|(n, item)| rule(file, item, format!("{key}[{n}] of {role}")))
        .collect()
}

fn rule(file: &mut Reading<'_>, value: &Value<'_>, name: String) -> Option<Rule> {
    let mut keys = Keys::of(file, Table::Rule, value, name.clone())?;
    let rule = Rule {
        place: file.place(keys.span()),
        employment: keys.get("employment").map(|value| values(file, value, employment)),
        department: keys.get("department").map(|value| values(file, value, fact)),
        title: keys.get("title").map(|value| values(file, value, fact)),
        location: keys.get("location").map(|value| values(file, value, fact)),
        group: keys.get("group").map(|value| values(file, value, table::parsed)),
        person: keys.get("person").map(|value| values(file, value, table::parsed)),
    };
    if value.get_ref().as_table().is_some_and(|table| table.is_empty()) {
        let hint = "name a fact in it, such as `employment = [\"employee\"]`";
        file.hinted(&value.span(), format!("{name} is empty and would match everybody"), hint);
    }
    keys.finish(file);
    Some(rule)
}

/// The values of one fact: at least one.
fn values<T: PartialEq>(
    file: &mut Reading<'_>,
    value: &Value<'_>,
    read: impl FnMut(&mut Reading<'_>, &Value<'_>) -> Option<T>,
) -> Vec<T> {
    if value.get_ref().as_array().is_some_and(|list| list.is_empty()) {
        file.hinted(&value.span(), "an empty list matches nobody", "name a value, or leave the key out");
    }
    table::list(file, value, MOST_VALUES, read)
}

fn employment(file: &mut Reading<'_>, value: &Value<'_>) -> Option<Employment> {
    table::choice(file, value, &Employment::ALL.map(|kind| (kind.as_str(), kind)))
}

fn fact(file: &mut Reading<'_>, value: &Value<'_>) -> Option<String> {
    table::text(file, value, FACT)
}

/// The rows of `[[tests]]`.
pub(super) fn tests(
    file: &mut Reading<'_>,
    value: &Value<'_>,
    app: &AppId,
    roles: &BTreeMap<RoleId, Role>,
    world: &World<'_>,
) -> Vec<PolicyTest> {
    let rows = table::items(file, value, MOST_TESTS);
    rows.iter().filter_map(|row| test(file, row, app, roles, world)).collect()
}

fn test(
    file: &mut Reading<'_>,
    value: &Value<'_>,
    app: &AppId,
    roles: &BTreeMap<RoleId, Role>,
    world: &World<'_>,
) -> Option<PolicyTest> {
    let mut keys = Keys::of(file, Table::Test, value, "a row of [[tests]]".to_owned())?;
    let place = file.place(keys.span());
    let who = keys.need(file, "who").and_then(|value| who(file, value, world));
    let asks = keys.need(file, "asks").and_then(|value| asks(file, value, app, world));
    let duration = keys.get("for").map(|value| table::span(file, value, Span::secs(1)));
    let at = keys.get("at").map(|value| table::wall_time(file, value));
    let expects_yes = keys
        .need(file, "expect")
        .and_then(|value| table::choice(file, value, &[("eligible", true), ("refused", false)]));
    let because = keys.get("because").map(|value| {
        if expects_yes == Some(true) {
            let hint = "leave it out, or expect `refused`";
            file.hinted(&value.span(), "`because` goes with `expect = \"refused\"` alone", hint);
        }
        table::choice(file, value, &TESTABLE)
    });
    keys.finish(file);
    let expect = match (expects_yes?, because) {
        (true, _) => Expectation::Eligible,
        (false, because) => Expectation::Refused(because.flatten()),
    };
    let who = who?;
    let asks = asks?;
    let duration = match duration {
        Some(duration) => duration?,
        None => roles.get(&asks)?.default_duration,
    };
    Some(PolicyTest {
        person: who.person,
        employment: who.employment,
        department: who.department,
        title: who.title,
        location: who.location,
        groups: who.groups.into_iter().collect(),
        holds: who.holds,
        asks,
        duration,
        at: at.flatten(),
        expect,
        place,
    })
}

/// The facts of a test's person.
struct Who {
    person: PersonId,
    employment: Employment,
    department: String,
    title: String,
    location: String,
    groups: Vec<GroupId>,
    holds: Vec<RoleRef>,
}

fn who(file: &mut Reading<'_>, value: &Value<'_>, world: &World<'_>) -> Option<Who> {
    let mut keys = Keys::of(file, Table::Who, value, "`who`".to_owned())?;
    let kind = keys.need(file, "employment").and_then(|value| employment(file, value));
    let department = keys.get("department").and_then(|value| fact(file, value));
    let title = keys.get("title").and_then(|value| fact(file, value));
    let location = keys.get("location").and_then(|value| fact(file, value));
    let groups = keys.get("groups").map(|value| table::list(file, value, MOST_VALUES, table::parsed));
    let person = match keys.get("person") {
        Some(value) => table::parsed(file, value),
        None => PersonId::new("somebody").ok(),
    };
    let holds = keys
        .get("holds")
        .map(|value| table::list(file, value, MOST_VALUES, |file, item| known_role(file, item, world)));
    keys.finish(file);
    Some(Who {
        person: person?,
        employment: kind?,
        department: department.unwrap_or_default(),
        title: title.unwrap_or_default(),
        location: location.unwrap_or_default(),
        groups: groups.unwrap_or_default(),
        holds: holds.unwrap_or_default(),
    })
}

fn asks(file: &mut Reading<'_>, value: &Value<'_>, app: &AppId, world: &World<'_>) -> Option<RoleId> {
    let asks: RoleId = table::parsed(file, value)?;
    if !world.has_role(&RoleRef::new(app.clone(), asks.clone())) {
        let known = world.roles.get(app).cloned().flatten().unwrap_or_default();
        unknown(file, value, "role", asks.as_str(), "this file", known.iter().map(String::as_str));
        return None;
    }
    Some(asks)
}
