//! Finding a role by words: in the catalogue that a person may see, and by name.

use std::cmp::Reverse;

use super::eligible::{conflicts, in_force, may_have};
use super::{App, People, PolicySet, Risk, Role, Visibility};
use crate::ids::{PersonId, RoleRef};
use crate::nearest::{most_slips, slips};

/// What is looked at of a query: its first words.
const MOST_WORDS: usize = 8;
const MOST_SUGGESTIONS: usize = 3;

/// A role that fits a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleMatch {
    /// Which.
    pub role: RoleRef,
    /// The app, as people call it.
    pub app_name: String,
    /// The role, as people call it.
    pub role_name: String,
    /// What one can do with it.
    pub gives: String,
    /// How bad it is when it goes wrong.
    pub risk: Risk,
    /// False while a role that the person holds conflicts with it.
    pub eligible: bool,
}

/// What a text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleLookup {
    /// This role.
    Exact(RoleRef),
    /// No role by that name; the nearest, best first, if any is near.
    Nearest(Vec<RoleRef>),
}

/// The roles that the rules let this person ask for and that have every word of the query in the app, the role or
/// what it gives; best first, all of them by name for an empty query. A hidden role is found by its exact name alone,
/// a retired one not at all. People who are unknown or have left find nothing. An old directory is no hindrance to
/// looking: asking is.
#[must_use]
pub fn search(
    policies: &PolicySet,
    people: &People,
    who: &PersonId,
    holds: &[RoleRef],
    query: &str,
    limit: usize,
) -> Vec<RoleMatch> {
    let Ok(person) = in_force(people, who, None) else { return Vec::new() };
    let query = words(query);
    let mut found: Vec<(u32, RoleMatch)> = Vec::new();
    for (at, app, role) in policies.roles() {
        let Some(score) = score(&query, app, role) else { continue };
        let shown = match app.visibility_of(role) {
            Visibility::Listed => true,
            Visibility::Hidden => spellings(app, role).any(|spelling| spelling == query),
            Visibility::Retired { .. } => false,
        };
        if !shown {
            continue;
        }
        if !may_have(role, person) {
            continue;
        }
        let found_role = RoleMatch {
            eligible: conflicts(policies, &at, role, holds, Some(person)).is_empty(),
            role: at,
            app_name: app.name.clone(),
            role_name: role.name.clone(),
            gives: role.gives.clone(),
            risk: role.risk,
        };
        found.push((score, found_role));
    }
    found.sort_by(|(a, x), (b, y)| {
        let name = |found: &RoleMatch| (found.app_name.to_lowercase(), found.risk, found.role.clone());
        (Reverse(a), name(x)).cmp(&(Reverse(b), name(y)))
    });
    found.into_iter().take(limit).map(|(_, found)| found).collect()
}

/// The role that the text names, as `billing/read`, `billing read`, `Billing database · Read only`, or just
/// `billing` when that app has one role that is listed. Those that are only near it are listed ones.
#[must_use]
pub fn find_role(policies: &PolicySet, text: &str) -> RoleLookup {
    match named_roles(policies, text).as_slice() {
        [] => RoleLookup::Nearest(nearest_role(policies, text)),
        [one] => RoleLookup::Exact(one.clone()),
        several => RoleLookup::Nearest(several.iter().take(MOST_SUGGESTIONS).cloned().collect()),
    }
}

/// The roles that have the text for a name, by id.
pub(super) fn named_roles(policies: &PolicySet, text: &str) -> Vec<RoleRef> {
    let wanted = words(text);
    let named = policies.roles().filter(|(at, app, role)| {
        let listed = matches!(app.visibility_of(role), Visibility::Listed);
        spellings(app, role).any(|spelling| spelling == wanted) || listed && names_only_role(app, at, &wanted)
    });
    named.map(|(at, _, _)| at).collect()
}

/// The roles nearest to the text, best first; none when nothing is near.
pub(super) fn nearest_role(policies: &PolicySet, text: &str) -> Vec<RoleRef> {
    let wanted: Vec<String> = words(text);
    let joined = wanted.join(" ");
    if joined.is_empty() {
        return Vec::new();
    }
    let mut near: Vec<(usize, RoleRef)> = Vec::new();
    for (at, app, role) in policies.roles() {
        if !matches!(app.visibility_of(role), Visibility::Listed) {
            continue;
        }
        let whole = spellings(app, role).map(|spelling| slips(&joined, &spelling.join(" ")));
        // An app alone, or a role alone, is near to each role that it could be.
        let part = [app.id.as_str(), role.id.as_str()].map(|part| slips(&joined, &words(part).join(" ")) + 1);
        let best = whole.chain(part).min().unwrap_or(usize::MAX);
        if best <= most_slips(&joined).max(1) {
            near.push((best, at));
        }
    }
    near.sort();
    near.into_iter().take(MOST_SUGGESTIONS).map(|(_, at)| at).collect()
}

fn names_only_role(app: &App, at: &RoleRef, wanted: &[String]) -> bool {
    app.roles.len() == 1 && (words(at.app.as_str()) == wanted || words(&app.name) == wanted)
}

/// The ways to write an app with a role, as words.
fn spellings<'a>(app: &'a App, role: &'a Role) -> impl Iterator<Item = Vec<String>> + 'a {
    let apps = [app.id.as_str(), app.name.as_str()];
    apps.into_iter().flat_map(move |app| {
        [role.id.as_str(), role.name.as_str()].map(|role| {
            let mut all = words(app);
            all.extend(words(role));
            all
        })
    })
}

/// Lower-cased words without what stands between them.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .take(MOST_WORDS * 4)
        .collect()
}

/// How well the role fits; none when a word of the query is nowhere in it.
fn score(query: &[String], app: &App, role: &Role) -> Option<u32> {
    let names = [app.id.as_str(), app.name.as_str(), role.id.as_str(), role.name.as_str()];
    let names: Vec<String> = names.iter().flat_map(|text| words(text)).collect();
    let gives = words(&role.gives);
    let mut total = 0;
    for word in query.iter().take(MOST_WORDS) {
        let in_names = names.iter().map(|name| 3 * likeness(word, name)).max().unwrap_or(0);
        let in_gives = gives.iter().map(|other| likeness(word, other)).max().unwrap_or(0);
        let best = in_names.max(in_gives);
        if best == 0 {
            return None;
        }
        total += best;
    }
    Some(total)
}

/// 4 for the same word, 3 for its beginning, 2 for a part of it, 1 for a slip, 0 for another word.
fn likeness(word: &str, other: &str) -> u32 {
    if word == other {
        4
    } else if other.starts_with(word) {
        3
    } else if other.contains(word) {
        2
    } else if word.len() >= 4 && slips(word, other) == 1 {
        1
    } else {
        0
    }
}
