//! A rule held against a person: which facts fit, which don't, and which the directory does not know.

use super::phrase::listed;
use super::{Fact, Person, Rule};
use crate::ids::GroupId;

/// How a fact, or a whole rule, stands to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    Yes,
    No,
    /// The directory does not say.
    Unknown,
}

/// One key of a rule, held against a person.
pub(super) struct Check {
    pub(super) fit: Fit,
    /// The value it saw: `employment is contractor`.
    pub(super) saw: String,
    /// What would fit: `employment is employee`.
    pub(super) fits: String,
    /// What would not: `employment other than contractor`.
    pub(super) other: String,
}

/// Holds every key of the rule against the person.
pub(super) fn checks(rule: &Rule, person: &Person) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Some(kinds) = &rule.employment {
        let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        checks.push(one_of("employment", person.employment.as_str(), None, &kinds));
    }
    if let Some(departments) = &rule.department {
        let doubt = person.doubt(Fact::Department);
        checks.push(one_of("department", &person.department, doubt, departments));
    }
    if let Some(titles) = &rule.title {
        let doubt = person.doubt(Fact::Title);
        checks.push(one_of("title", &person.title, doubt, titles));
    }
    if let Some(locations) = &rule.location {
        let doubt = person.doubt(Fact::Location);
        checks.push(one_of("location", &person.location, doubt, locations));
    }
    if let Some(groups) = &rule.group {
        let fit = fit_groups(groups, person);
        let known = person.groups.iter().filter(|group| person.doubt(Fact::of_group(group)).is_none());
        let saw = match (fit, listed(known.map(|group| group.as_str()), "and")) {
            (Fit::Unknown, _) => doubted_groups(groups, person),
            (Fit::Yes | Fit::No, none) if none.is_empty() => "member of no group".to_owned(),
            (Fit::Yes | Fit::No, all) => format!("member of {all}"),
        };
        let any = listed(groups.iter().map(|group| group.as_str()), "or");
        checks.push(Check {
            fit,
            saw,
            fits: format!("member of {any}"),
            other: format!("not a member of {any}"),
        });
    }
    if let Some(people) = &rule.person {
        let fit = if people.contains(&person.id) { Fit::Yes } else { Fit::No };
        let any = listed(people.iter().map(|id| id.as_str()), "or");
        checks.push(Check {
            fit,
            saw: format!("the person is {}", person.id),
            fits: format!("the person is {any}"),
            other: format!("anybody other than {any}"),
        });
    }
    checks
}

/// The whole rule: all keys must fit. A rule without keys fits nobody.
pub(super) fn fit(checks: &[Check]) -> Fit {
    all_of(checks.iter().map(|check| check.fit))
}

/// [`fit`] of [`checks`] without the words, for a look at many people.
pub(super) fn fits(rule: &Rule, person: &Person) -> Fit {
    let known = |fact, has: &str, wanted: &Vec<String>| fit_known(has, person.doubt(fact), wanted);
    let looks = [
        rule.employment.as_ref().map(|kinds| yes_if(kinds.contains(&person.employment))),
        rule.department.as_ref().map(|wanted| known(Fact::Department, &person.department, wanted)),
        rule.title.as_ref().map(|wanted| known(Fact::Title, &person.title, wanted)),
        rule.location.as_ref().map(|wanted| known(Fact::Location, &person.location, wanted)),
        rule.group.as_ref().map(|groups| fit_groups(groups, person)),
        rule.person.as_ref().map(|people| yes_if(people.contains(&person.id))),
    ];
    all_of(looks.into_iter().flatten())
}

/// A No outweighs what is not known; of nothing at all, nobody is meant.
fn all_of(looks: impl Iterator<Item = Fit>) -> Fit {
    let both = |one, other| match (one, other) {
        (Fit::No, _) | (_, Fit::No) => Fit::No,
        (Fit::Unknown, _) | (_, Fit::Unknown) => Fit::Unknown,
        (Fit::Yes, Fit::Yes) => Fit::Yes,
    };
    looks.reduce(both).unwrap_or(Fit::No)
}

const fn yes_if(fits: bool) -> Fit {
    if fits { Fit::Yes } else { Fit::No }
}

/// A membership that can be gone by decides; else one that can't leaves it open.
fn fit_groups(groups: &[GroupId], person: &Person) -> Fit {
    let doubted = |group: &GroupId| person.doubt(Fact::of_group(group)).is_some();
    if groups.iter().any(|group| person.groups.contains(group) && !doubted(group)) {
        Fit::Yes
    } else if groups.iter().any(doubted) {
        Fit::Unknown
    } else {
        Fit::No
    }
}

fn doubted_groups(groups: &[GroupId], person: &Person) -> String {
    let mut doubts: Vec<&str> = Vec::new();
    for doubt in groups.iter().filter_map(|group| person.doubt(Fact::of_group(group))) {
        if !doubts.contains(&doubt) {
            doubts.push(doubt);
        }
    }
    listed(doubts, "and")
}

fn fit_known(has: &str, doubt: Option<&str>, wanted: &[impl AsRef<str>]) -> Fit {
    if doubt.is_some() { Fit::Unknown } else { fit_one(has, wanted) }
}

/// Letter case and outer blanks don't matter: directories differ in them.
fn fit_one(has: &str, wanted: &[impl AsRef<str>]) -> Fit {
    if has.trim().is_empty() {
        return Fit::Unknown;
    }
    yes_if(wanted.iter().any(|value| plain(value.as_ref()).eq(plain(has))))
}

/// A fact as it is compared.
pub(super) fn plain(text: &str) -> impl Iterator<Item = char> + '_ {
    text.trim().chars().flat_map(char::to_lowercase)
}

fn one_of(fact: &str, has: &str, doubt: Option<&str>, wanted: &[impl AsRef<str>]) -> Check {
    let fit = fit_known(has, doubt, wanted);
    let saw = match (fit, doubt) {
        (_, Some(doubt)) => doubt.to_owned(),
        (Fit::Unknown, None) => format!("{fact} is not known"),
        (Fit::Yes | Fit::No, None) => format!("{fact} is {}", has.trim()),
    };
    let any = listed(wanted.iter().map(AsRef::as_ref), "or");
    Check { fit, saw, fits: format!("{fact} is {any}"), other: format!("{fact} other than {any}") }
}
