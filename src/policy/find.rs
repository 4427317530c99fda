//! Finding the role that somebody's own words mean. Slips of the keyboard are forgiven; of several roles that fit, the
//! one that gives least comes first.

use std::collections::BTreeSet;

use serde_json::Value;

use super::eligible::{conflicts, in_force, may_have};
use super::search::{RoleMatch, named_roles, nearest_role, words};
use super::{App, People, Person, PolicySet, Risk, Role, Visibility};
use crate::ids::{PersonId, RoleRef};
use crate::nearest::{most_slips, slips};
use crate::time::Span;

/// What is looked at of a wish: its first words.
const MOST_WORDS: usize = 12;
/// Roles that fit and are told of: the first, and the others.
const MOST_FITTING: usize = 4;
/// Roles that would fit, but not this person.
const MOST_BARRED: usize = 3;

/// Words that mean the same in the names of roles.
const SENSES: [&[&str]; 5] = [
    &["read", "reader", "readonly", "view", "viewer", "look", "see", "browse", "select", "ro"],
    &["write", "writer", "edit", "editor", "change", "modify", "update", "rw"],
    &["admin", "administrator", "root", "superuser", "manage"],
    &["database", "db"],
    &["production", "prod"],
];

/// What somebody's words come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// They are the name of this role, whether the person may have it or not.
    Named(RoleRef),
    /// These fit, and the person may ask for them.
    Fitting {
        /// The least powerful first; at least one.
        roles: Vec<RoleMatch>,
        /// These fit better, but the person may not ask for them.
        barred: Vec<RoleRef>,
    },
    /// Only these fit, and the person may not ask for them; at least one.
    Barred(Vec<RoleRef>),
    /// Nothing fits; the nearest names, if any is near.
    Nothing(Vec<RoleRef>),
}

/// The words that the names of apps and roles are made of, as far as they are listed.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary(BTreeSet<String>);

impl Vocabulary {
    /// Of these policies.
    #[must_use]
    pub fn of(policies: &PolicySet) -> Self {
        let listed = policies.roles().filter(|(_, app, role)| is_listed(app, role));
        Self(listed.flat_map(|(_, app, role)| names(app, role)).collect())
    }

    /// Whether a word is one of them, or a slip away from one.
    #[must_use]
    pub fn knows(&self, word: &str) -> bool {
        let typed = Typed::new(word);
        self.0.contains(word)
            || self.0.iter().any(|known| !matches!(typed.like(known), Like::Not | Like::Sense))
    }
}

/// The roles that the words fit, for this person. Hidden and retired ones are found by their exact name alone.
#[must_use]
pub fn find(
    policies: &PolicySet,
    people: &People,
    who: &PersonId,
    holds: &[RoleRef],
    wish: &[String],
) -> Found {
    let text = wish.join(" ");
    if let [role] = named_roles(policies, &text).as_slice() {
        return Found::Named(role.clone());
    }
    let spelled = wish.iter().find_map(|word| word.parse().ok().filter(|at| policies.role(at).is_some()));
    if let Some(role) = spelled {
        return Found::Named(role);
    }
    let mut fits = fits(policies, people, who, &words(&text));
    let best = fits.iter().filter(|fit| fit.allowed).map(|fit| fit.score).max();
    let mut barred: Vec<&Fit<'_>> =
        fits.iter().filter(|fit| !fit.allowed && best.is_none_or(|best| fit.score > best)).collect();
    let most = barred.iter().map(|fit| fit.score).max();
    barred.retain(|fit| Some(fit.score) == most);
    barred.sort_by_key(|fit| power(fit.role));
    let barred = barred.into_iter().take(MOST_BARRED).map(|fit| fit.at.clone()).collect();
    if best.is_none() {
        return nothing_or(barred, policies, &text);
    }
    fits.retain(|fit| fit.allowed && Some(fit.score) == best);
    let person = in_force(people, who, None).ok();
    let mut roles: Vec<(RoleMatch, Power)> =
        fits.into_iter().map(|fit| (fit.matched(policies, holds, person), power(fit.role))).collect();
    roles.sort_by_key(|(found, power)| (!found.eligible, *power, found.role.clone()));
    roles.truncate(MOST_FITTING);
    Found::Fitting { roles: roles.into_iter().map(|(found, _)| found).collect(), barred }
}

fn nothing_or(barred: Vec<RoleRef>, policies: &PolicySet, text: &str) -> Found {
    if barred.is_empty() { Found::Nothing(nearest_role(policies, text)) } else { Found::Barred(barred) }
}

/// A role that has some of the words.
struct Fit<'a> {
    at: RoleRef,
    app: &'a App,
    role: &'a Role,
    allowed: bool,
    /// Whether one of the words names its app; how many of the words it has; how many of them in its names.
    score: (bool, usize, usize),
}

impl Fit<'_> {
    fn matched(&self, policies: &PolicySet, holds: &[RoleRef], who: Option<&Person>) -> RoleMatch {
        RoleMatch {
            eligible: conflicts(policies, &self.at, self.role, holds, who).is_empty(),
            role: self.at.clone(),
            app_name: self.app.name.clone(),
            role_name: self.role.name.clone(),
            gives: self.role.gives.clone(),
            risk: self.role.risk,
        }
    }
}

fn fits<'a>(policies: &'a PolicySet, people: &People, who: &PersonId, wish: &[String]) -> Vec<Fit<'a>> {
    let person = in_force(people, who, None).ok();
    let listed = || policies.roles().filter(|(_, app, role)| is_listed(app, role));
    let known: BTreeSet<String> =
        listed().flat_map(|(_, app, role)| names(app, role).into_iter().chain(words(&role.gives))).collect();
    let meant: Vec<BTreeSet<&str>> =
        wish.iter().take(MOST_WORDS).map(|word| stands_for(word, &known)).collect();
    let score = |app: &App, role: &Role| {
        let named = names(app, role);
        let gives = words(&role.gives);
        let has = |all: &[String], meant: &BTreeSet<&str>| all.iter().any(|one| meant.contains(one.as_str()));
        let apps: Vec<String> = [app.id.as_str(), &app.name].iter().flat_map(|text| words(text)).collect();
        let in_app = meant.iter().any(|meant| has(&apps, meant));
        let in_names = meant.iter().filter(|meant| has(&named, meant)).count();
        let in_all = meant.iter().filter(|meant| has(&named, meant) || has(&gives, meant)).count();
        (in_app, in_all, in_names)
    };
    listed()
        .map(|(at, app, role)| (score(app, role), at, app, role))
        .filter(|((_, in_all, _), ..)| *in_all > 0)
        .map(|(score, at, app, role)| {
            let allowed = person.is_some_and(|person| may_have(role, person));
            Fit { at, app, role, allowed, score }
        })
        .collect()
}

/// The words of the catalogue that a typed one may stand for. Where it is there as it was typed, no slip was made.
fn stands_for<'k>(word: &str, known: &'k BTreeSet<String>) -> BTreeSet<&'k str> {
    let typed = Typed::new(word);
    let like: Vec<(&str, Like)> = known.iter().map(|other| (other.as_str(), typed.like(other))).collect();
    let is_there = like.iter().any(|(_, like)| matches!(like, Like::Same | Like::Form));
    let stands = |like: &Like| match like {
        Like::Same | Like::Form | Like::Sense => true,
        Like::Slip => !is_there,
        Like::Not => false,
    };
    like.iter().filter(|(_, like)| stands(like)).map(|(other, _)| *other).collect()
}

fn is_listed(app: &App, role: &Role) -> bool {
    matches!(app.visibility_of(role), Visibility::Listed)
}

fn names(app: &App, role: &Role) -> Vec<String> {
    [app.id.as_str(), &app.name, role.id.as_str(), &role.name].iter().flat_map(|text| words(text)).collect()
}

/// What a role can do at worst: its risk, how many steps it has, how much they name, how long it may last.
type Power = (Risk, usize, usize, Span);

fn power(role: &Role) -> Power {
    let named = role.steps.iter().map(|step| leaves(&step.params)).sum();
    (role.risk, role.steps.len(), named, role.max_duration)
}

/// The single values in a step's table: two database roles give more than one.
fn leaves(params: &Value) -> usize {
    match params {
        Value::Array(items) => items.iter().map(leaves).sum(),
        Value::Object(fields) => fields.values().map(leaves).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

/// How a typed word is like one of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Like {
    Same,
    /// Its beginning, its plural, or who does it.
    Form,
    Sense,
    Slip,
    Not,
}

/// Endings that make no other word.
const ENDINGS: [&str; 8] = ["s", "es", "r", "er", "ers", "d", "ed", "ing"];

/// A typed word, with what is asked of it again and again.
struct Typed<'w> {
    word: &'w str,
    /// What it means in the names of roles.
    sense: Option<&'static [&'static str]>,
    length: usize,
    letters: u64,
    most_slips: usize,
}

impl<'w> Typed<'w> {
    fn new(word: &'w str) -> Self {
        Self {
            word,
            sense: SENSES.into_iter().find(|sense| has_sense(sense, word)),
            length: word.chars().count(),
            letters: letters(word),
            most_slips: most_slips(word),
        }
    }

    fn like(&self, other: &str) -> Like {
        let word = self.word;
        let ends = |end: &str| ENDINGS.contains(&end);
        if word == other {
            Like::Same
        } else if (word.len() >= 3 && other.starts_with(word))
            || (other.len() >= 4 && word.strip_prefix(other).is_some_and(ends))
        {
            Like::Form
        } else if self.sense.is_some_and(|sense| has_sense(sense, other)) {
            Like::Sense
        } else if self.is_slip(other) {
            Like::Slip
        } else {
            Like::Not
        }
    }

    /// In a short word, a letter in place of another makes a different word; one too many, one too few or two swapped
    /// are slips.
    fn is_slip(&self, other: &str) -> bool {
        let length = other.chars().count();
        // Cheap before dear: a catalogue may have many thousands of words. One slip changes two letters at most.
        let near = self.length.abs_diff(length) <= self.most_slips
            && (self.letters ^ letters(other)).count_ones() as usize <= 2 * self.most_slips;
        if self.length < 3 || !near || slips(self.word, other) > self.most_slips {
            return false;
        }
        self.length >= 5 || self.length != length || sorted(self.word) == sorted(other)
    }
}

fn has_sense(sense: &[&str], word: &str) -> bool {
    sense.iter().any(|one| word == *one || (one.len() >= 4 && word.strip_suffix('s') == Some(one)))
}

/// Which letters there are, as bits; several letters may share one.
fn letters(text: &str) -> u64 {
    text.chars().fold(0, |bits, c| bits | 1 << (u32::from(c) % 64))
}

fn sorted(text: &str) -> Vec<char> {
    let mut letters: Vec<char> = text.chars().collect();
    letters.sort_unstable();
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_like_others_as_people_mean_them() {
        for (word, other, expected) in [
            ("wiki", "wiki", Like::Same),
            ("wikis", "wiki", Like::Form),
            ("admin", "administrator", Like::Form),
            ("reading", "read", Like::Form),
            ("view", "reader", Like::Sense),
            ("edit", "changes", Like::Sense),
            ("wkii", "wiki", Like::Slip),
            ("reprots", "reports", Like::Slip),
            ("databse", "database", Like::Slip),
            ("lead", "read", Like::Not),
            ("of", "off", Like::Not),
            ("page", "password", Like::Not),
        ] {
            assert_eq!(Typed::new(word).like(other), expected, "{word} {other}");
        }
    }
}
