//! An app's file: the app, its roles with their form fields, and its tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use toml::de::DeTable;

use super::super::grammar::Table;
use super::super::limits::{
    ABOUT, CHOICE, GIVES, INSTEAD, MOST_CHOICES, MOST_CONFLICTS, MOST_FAMILY, MOST_FIELDS, MOST_OWNERS,
    MOST_ROLES, NAME,
};
use super::super::phrase::listed;
use super::super::{App, Field, Layer, Risk, Role, TicketOf, TicketRule, Visibility};
use super::rules::{self, unknown};
use super::source::Reading;
use super::table::{self, Keys, Value};
use super::{World, calendars, steps, times};
use crate::ids::{AppId, PersonId, RoleId, RoleRef, TargetId, TierId};
use crate::time::Span;

/// Keys of a role that a reason may name.
const PLACED: [&str; 9] =
    ["max_duration", "max_total", "tier", "visibility", "ticket", "hours", "eligible", "never", "conflicts"];

/// The app; none when something in it is wrong, which is then an issue.
pub(super) fn read(file: &mut Reading<'_>, root: &DeTable<'_>, id: &AppId, world: &World<'_>) -> Option<App> {
    let mut keys = Keys::root(Table::AppFile, root);
    let about = keys.need(file, "app").and_then(|value| about(file, value));
    let mut roles = BTreeMap::new();
    if let Some(value) = keys.need(file, "roles") {
        let declared = table::entries(file, value, "[roles.read]");
        if let Some((key, _)) = declared.get(MOST_ROLES) {
            let count = declared.len();
            let message = format!("the app has {count} roles; {MOST_ROLES} is the most");
            file.hinted(&key.span(), message, "split the app into two files");
        }
        if declared.is_empty() && value.get_ref().is_table() {
            file.hinted(&value.span(), "the app has no roles", "write one below `[roles.read]`");
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
    let mut keys = Keys::of(file, Table::App, value, "[app]".to_owned())?;
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

const VISIBILITY: [(&str, Shown); 3] =
    [("listed", Shown::Listed), ("hidden", Shown::Hidden), ("retired", Shown::Retired)];

/// The words of `visibility`.
pub(in crate::policy) fn visibility_words() -> Vec<&'static str> {
    VISIBILITY.map(|(word, _)| word).to_vec()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Listed,
    Hidden,
    Retired,
}

/// `visibility`, and `instead` beside a retired one.
fn visibility(file: &mut Reading<'_>, keys: &mut Keys<'_, '_>) -> Option<Visibility> {
    let shown = match keys.get("visibility") {
        Some(value) => table::choice(file, value, &VISIBILITY),
        None => Some(Shown::Listed),
    };
    let instead = keys.get("instead").map(|value| {
        // A word that can't be read is an issue of its own.
        if matches!(shown, Some(Shown::Listed | Shown::Hidden)) {
            let hint = "leave it out, or retire it";
            file.hinted(&value.span(), "`instead` goes with `visibility = \"retired\"` alone", hint);
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
            file.hinted(&key.span(), error.to_string(), "for example `[roles.read]` or `[tiers.two-person]`");
            None
        }
    }
}

fn role(file: &mut Reading<'_>, value: &Value<'_>, at: RoleRef, world: &World<'_>) -> Option<Role> {
    let title = format!("[roles.{}]", at.role);
    let mut keys = Keys::of(file, Table::Role, value, title.clone())?;
    let place = file.place(keys.span());
    let key_places =
        PLACED.iter().filter_map(|key| keys.place(file, key).map(|place| (*key, place))).collect();
    let name = keys.need(file, "name").and_then(|value| table::text(file, value, NAME));
    let gives = keys.need(file, "gives").and_then(|value| table::text(file, value, GIVES));
    let risks = Risk::ALL.map(|risk| (risk.as_str(), risk));
    let risk = keys.need(file, "risk").and_then(|value| table::choice(file, value, &risks));
    let durations = durations(file, &mut keys);
    let tier = keys.need(file, "tier").and_then(|value| times::known_tier(file, value, world));
    let visibility = visibility(file, &mut keys);
    let tickets = TicketRule::ALL.map(|rule| (rule.as_str(), rule));
    let ticket = match keys.get("ticket") {
        Some(value) => table::choice(file, value, &tickets),
        None => Some(TicketRule::Optional),
    };
    let owners = TicketOf::ALL.map(|of| (of.as_str(), of));
    let ticket_of = match keys.get("ticket_of") {
        Some(value) => table::choice(file, value, &owners),
        None => Some(TicketOf::Requester),
    };
    let hours = keys.get("hours").map(|value| calendars::known(file, value, world));
    if let (Some(risk), Some(durations)) = (risk, &durations) {
        let of = OfRisk { max_duration: durations.max_duration, tier: tier.as_ref() };
        of_risk(file, &mut keys, risk, &of, world);
    }
    let eligible = keys.get("eligible").map(|value| rules::read(file, value, "eligible", &title));
    let never = keys.get("never").map(|value| rules::read(file, value, "never", &title));
    let conflicts = keys.get("conflicts").map(|value| conflicts(file, value, &at, world));
    let held_by = keys.get("held_by").map(|value| rules::read(file, value, "held_by", &title));
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
        ticket_of: ticket_of?,
        hours: hours.flatten(),
        eligible: eligible.unwrap_or_default(),
        never: never.unwrap_or_default(),
        conflicts: conflicts.unwrap_or_default(),
        held_by: held_by.unwrap_or_default(),
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
        let message = format!("`max_duration` {max} is shorter than `default_duration` {default}");
        file.hinted(&value.span(), message, format!("write `max_duration = \"{default}\"` or longer"));
    }
    if let (Some(max), Some(Some(total)), Some(value)) = (max, total, total_value)
        && total < max
    {
        let message = format!("`max_total` {total} is shorter than `max_duration` {max}");
        file.hinted(&value.span(), message, format!("write `max_total = \"{max}\"` or longer"));
    }
    Some(Durations {
        default_duration: default?,
        max_duration: max?,
        max_total: total.unwrap_or(max)?,
        revoke_target: revoke_target?,
    })
}

/// What holds of all roles of that risk.
fn of_risk(file: &mut Reading<'_>, keys: &mut Keys<'_, '_>, risk: Risk, of: &OfRisk<'_>, world: &World<'_>) {
    let Some(rule) = world.risks.get(&risk) else { return };
    let risk = risk.as_str();
    if let (Some(value), Some(longest)) = (keys.get("max_duration"), rule.max_duration)
        && of.max_duration > longest
    {
        let message =
            format!("{} is too long for {risk} risk, of which {longest} is the most", of.max_duration);
        file.hinted(&value.span(), message, format!("write `max_duration = \"{longest}\"` or less"));
    }
    if let (Some(value), Some(tier)) = (keys.get("tier"), of.tier)
        && !rule.tiers.is_empty()
        && !rule.tiers.contains(tier)
        // One that there is not is an issue already.
        && world.tiers.as_ref().is_none_or(|known| known.contains(tier.as_str()))
    {
        let tiers = listed(rule.tiers.iter().map(TierId::as_str), "or");
        let message = format!("the tier `{tier}` does not decide on {risk} risk");
        file.hinted(&value.span(), message, format!("write one of `[risks.{risk}]`: {tiers}"));
    }
}

/// What of a role its risk has a say in.
struct OfRisk<'a> {
    max_duration: Span,
    tier: Option<&'a TierId>,
}

fn conflicts(file: &mut Reading<'_>, value: &Value<'_>, at: &RoleRef, world: &World<'_>) -> Vec<RoleRef> {
    table::list(file, value, MOST_CONFLICTS, |file, item| {
        let other = rules::known_role(file, item, world)?;
        if other == *at {
            file.hinted(&item.span(), "a role can't conflict with itself", "leave it out");
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
    unknown(file, value, "target", target.as_str(), "the configuration", known);
    None
}

fn fields(file: &mut Reading<'_>, value: &Value<'_>, role: &str) -> Vec<Field> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for item in table::items(file, value, MOST_FIELDS) {
        let Some(mut keys) = Keys::of(file, Table::Field, item, format!("a field of {role}")) else {
            continue;
        };
        let place = file.place(keys.span());
        let id = keys.need(file, "id").and_then(|value| {
            // The same rule as a role's id: it names a key of the form.
            let id: RoleId = table::parsed(file, value)?;
            if !seen.insert(id.clone()) {
                let message = format!("there is a field `{id}` already");
                file.hinted(&value.span(), message, "each field has an id of its own");
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
        file.hinted(&value.span(), "no choices", "leave `choices` out for free text");
    }
    table::list(file, value, MOST_CHOICES, |file, item| table::text(file, item, CHOICE))
}
