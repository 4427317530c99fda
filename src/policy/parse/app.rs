//! An app's file: the app, its roles with their form fields, and its tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use toml::de::DeTable;

use super::super::{App, Field, Layer, Risk, Role, TicketRule, Visibility};
use super::rules::{self, unknown};
use super::source::Reading;
use super::table::{self, Keys, Value};
use super::{World, steps};
use crate::ids::{AppId, PersonId, RoleId, RoleRef, TargetId, TierId};
use crate::time::Span;

const NAME: usize = 60;
const GIVES: usize = 200;
const ABOUT: usize = 400;
const INSTEAD: usize = 200;
/// What Slack shows of an option.
const CHOICE: usize = 75;
const MOST_OWNERS: usize = 50;
const MOST_ROLES: usize = 100;
const MOST_FIELDS: usize = 10;
const MOST_CHOICES: usize = 100;
const MOST_CONFLICTS: usize = 100;
const MOST_FAMILY: usize = 50;

/// Keys of a role that a reason may name.
const PLACED: [&str; 8] =
    ["max_duration", "max_total", "tier", "visibility", "ticket", "eligible", "never", "conflicts"];

/// The app; none when something in it is wrong, which is then an issue.
pub(super) fn read(file: &mut Reading<'_>, root: &DeTable<'_>, id: &AppId, world: &World<'_>) -> Option<App> {
    let mut keys = Keys::root(root);
    let about = keys.need(file, "app").and_then(|value| about(file, value));
    let mut roles = BTreeMap::new();
    if let Some(value) = keys.need(file, "roles") {
        let declared = table::entries(file, value, "[roles.read]");
        if let Some((key, _)) = declared.get(MOST_ROLES) {
            let count = declared.len();
            file.issue_at(key, format!("the app has {count} roles; {MOST_ROLES} is the most"));
        }
        if declared.is_empty() && value.get_ref().is_table() {
            file.issue_at(value, "the app has no roles");
        }
        for (key, value) in declared.into_iter().take(MOST_ROLES) {
            if let Some(role_id) = parsed_key::<RoleId>(file, key)
                && let Some(role) = role(file, value, RoleRef::new(id.clone(), role_id), world)
            {
                roles.insert(role.id.clone(), role);
            }
        }
    }
    let tests = keys.get("tests").map(|value| rules::tests(file, value, id, &roles, world));
    keys.finish(file);
    let About { name, about, owners, layer, visibility } = about?;
    let tests = tests.unwrap_or_default();
    Some(App { id: id.clone(), name, about, owners, layer, visibility, roles, tests })
}

/// The `[app]` table.
struct About {
    name: String,
    about: String,
    owners: Vec<PersonId>,
    layer: Layer,
    visibility: Visibility,
}

fn about(file: &mut Reading<'_>, value: &Value<'_>) -> Option<About> {
    let mut keys = Keys::of(file, value, "[app]".to_owned())?;
    let name = keys.need(file, "name").and_then(|value| table::text(file, value, NAME));
    let about = keys.get("about").and_then(|value| table::text(file, value, ABOUT));
    let owners = keys.need(file, "owners").map(|value| {
        let owners = table::list(file, value, MOST_OWNERS, table::parsed);
        if value.get_ref().as_array().is_some_and(|list| list.is_empty()) {
            file.issue_at(value, "an app needs at least one owner");
        }
        owners
    });
    let layers = Layer::ALL.map(|layer| (layer.as_str(), layer));
    let layer = keys.need(file, "layer").and_then(|value| table::choice(file, value, &layers));
    let visibility = visibility(file, &mut keys);
    keys.finish(file);
    Some(About {
        name: name?,
        about: about.unwrap_or_default(),
        owners: owners?,
        layer: layer?,
        visibility: visibility?,
    })
}

/// The words of `visibility`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Listed,
    Hidden,
    Retired,
}

/// `visibility`, and `instead` beside a retired one.
fn visibility(file: &mut Reading<'_>, keys: &mut Keys<'_, '_>) -> Option<Visibility> {
    let words = [("listed", Shown::Listed), ("hidden", Shown::Hidden), ("retired", Shown::Retired)];
    let shown = match keys.get("visibility") {
        Some(value) => table::choice(file, value, &words),
        None => Some(Shown::Listed),
    };
    let instead = keys.get("instead").map(|value| {
        // A word that can't be read is an issue of its own.
        if matches!(shown, Some(Shown::Listed | Shown::Hidden)) {
            file.issue_at(value, "`instead` goes with `visibility = \"retired\"` alone");
        }
        table::text(file, value, INSTEAD)
    });
    Some(match shown? {
        Shown::Listed => Visibility::Listed,
        Shown::Hidden => Visibility::Hidden,
        Shown::Retired => Visibility::Retired { instead: instead.flatten() },
    })
}

/// A table's key that is an id.
pub(super) fn parsed_key<T>(
    file: &mut Reading<'_>,
    key: &toml::Spanned<std::borrow::Cow<'_, str>>,
) -> Option<T>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    match key.get_ref().parse() {
        Ok(id) => Some(id),
        Err(error) => {
            file.issue_at(key, error.to_string());
            None
        }
    }
}

fn role(file: &mut Reading<'_>, value: &Value<'_>, at: RoleRef, world: &World<'_>) -> Option<Role> {
    let title = format!("[roles.{}]", at.role);
    let mut keys = Keys::of(file, value, title.clone())?;
    let place = file.place(keys.span());
    let key_places =
        PLACED.iter().filter_map(|key| keys.place(file, key).map(|place| (*key, place))).collect();
    let name = keys.need(file, "name").and_then(|value| table::text(file, value, NAME));
    let gives = keys.need(file, "gives").and_then(|value| table::text(file, value, GIVES));
    let risks = Risk::ALL.map(|risk| (risk.as_str(), risk));
    let risk = keys.need(file, "risk").and_then(|value| table::choice(file, value, &risks));
    let durations = durations(file, &mut keys);
    let tier = keys.need(file, "tier").and_then(|value| tier(file, value, world));
    let visibility = visibility(file, &mut keys);
    let tickets = TicketRule::ALL.map(|rule| (rule.as_str(), rule));
    let ticket = match keys.get("ticket") {
        Some(value) => table::choice(file, value, &tickets),
        None => Some(TicketRule::Optional),
    };
    let eligible = keys.get("eligible").map(|value| rules::read(file, value, "eligible", &title));
    let never = keys.get("never").map(|value| rules::read(file, value, "never", &title));
    let conflicts = keys.get("conflicts").map(|value| conflicts(file, value, &at, world));
    let family = keys.get("lockdown_family").map(|value| family(file, value, world));
    let steps = keys.need(file, "steps").map(|value| steps::read(file, value, &title, world));
    let fields = keys.get("fields").map(|value| fields(file, value, &title));
    keys.finish(file);
    let Durations { default_duration, max_duration, max_total, revoke_target } = durations?;
    Some(Role {
        id: at.role,
        name: name?,
        gives: gives?,
        risk: risk?,
        default_duration,
        max_duration,
        max_total,
        revoke_target,
        tier: tier?,
        visibility: visibility?,
        ticket: ticket?,
        eligible: eligible.unwrap_or_default(),
        never: never.unwrap_or_default(),
        conflicts: conflicts.unwrap_or_default(),
        steps: steps?,
        fields: fields.unwrap_or_default(),
        lockdown_family: family.unwrap_or_default(),
        place,
        key_places,
    })
}

struct Durations {
    default_duration: Span,
    max_duration: Span,
    max_total: Span,
    revoke_target: Span,
}

fn durations(file: &mut Reading<'_>, keys: &mut Keys<'_, '_>) -> Option<Durations> {
    let minute = Span::mins(1);
    let default = keys.need(file, "default_duration").and_then(|value| table::span(file, value, minute));
    let max_value = keys.need(file, "max_duration");
    let max = max_value.and_then(|value| table::span(file, value, minute));
    let total_value = keys.get("max_total");
    let total = total_value.map(|value| table::span(file, value, minute));
    let revoke_target = match keys.get("revoke_target") {
        Some(value) => table::span(file, value, Span::secs(1)),
        None => Some(Span::secs(60)),
    };
    if let (Some(default), Some(max), Some(value)) = (default, max, max_value)
        && max < default
    {
        file.issue_at(value, format!("`max_duration` {max} is shorter than `default_duration` {default}"));
    }
    if let (Some(max), Some(Some(total)), Some(value)) = (max, total, total_value)
        && total < max
    {
        file.issue_at(value, format!("`max_total` {total} is shorter than `max_duration` {max}"));
    }
    Some(Durations {
        default_duration: default?,
        max_duration: max?,
        max_total: total.unwrap_or(max)?,
        revoke_target: revoke_target?,
    })
}

fn tier(file: &mut Reading<'_>, value: &Value<'_>, world: &World<'_>) -> Option<TierId> {
    let tier: TierId = table::parsed(file, value)?;
    if let Some(known) = &world.tiers
        && !known.contains(tier.as_str())
    {
        let known = known.iter().map(String::as_str);
        file.issue_at(value, unknown("tier", tier.as_str(), "tiers.toml", known));
    }
    Some(tier)
}

fn conflicts(file: &mut Reading<'_>, value: &Value<'_>, at: &RoleRef, world: &World<'_>) -> Vec<RoleRef> {
    table::list(file, value, MOST_CONFLICTS, |file, item| {
        let other = rules::known_role(file, item, world)?;
        if other == *at {
            file.issue_at(item, "a role can't conflict with itself");
        }
        Some(other)
    })
}

fn family(file: &mut Reading<'_>, value: &Value<'_>, world: &World<'_>) -> Vec<TargetId> {
    table::list(file, value, MOST_FAMILY, |file, item| target(file, item, world))
}

/// A target of the configuration.
pub(super) fn target(file: &mut Reading<'_>, value: &Value<'_>, world: &World<'_>) -> Option<TargetId> {
    let target: TargetId = table::parsed(file, value)?;
    if world.targets.contains(&target) {
        return Some(target);
    }
    let known = world.targets.iter().map(TargetId::as_str);
    file.issue_at(value, unknown("target", target.as_str(), "the configuration", known));
    None
}

fn fields(file: &mut Reading<'_>, value: &Value<'_>, role: &str) -> Vec<Field> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for item in table::items(file, value, MOST_FIELDS) {
        let Some(mut keys) = Keys::of(file, item, format!("a field of {role}")) else { continue };
        let place = file.place(keys.span());
        let id = keys.need(file, "id").and_then(|value| {
            // The same rule as a role's id: it names a key of the form.
            let id: RoleId = table::parsed(file, value)?;
            if !seen.insert(id.clone()) {
                file.issue_at(value, format!("there is a field `{id}` already"));
            }
            Some(id.to_string())
        });
        let label = keys.need(file, "label").and_then(|value| table::text(file, value, NAME));
        let choices = keys.get("choices").map(|value| choices(file, value));
        keys.finish(file);
        if let (Some(id), Some(label)) = (id, label) {
            found.push(Field { id, label, choices: choices.unwrap_or_default(), place });
        }
    }
    found
}

fn choices(file: &mut Reading<'_>, value: &Value<'_>) -> Vec<String> {
    if value.get_ref().as_array().is_some_and(|list| list.is_empty()) {
        file.issue_at(value, "no choices; leave `choices` out for free text");
    }
    table::list(file, value, MOST_CHOICES, |file, item| table::text(file, item, CHOICE))
}
