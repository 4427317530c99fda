//! `[[blackouts]]` and `[risks.*]` of `tiers.toml`.

use std::collections::BTreeMap;

use super::super::grammar::Table;
use super::super::limits::{BECAUSE, MOST_AT_ONCE, MOST_BLACKOUTS, MOST_TIERS, MOST_VALUES};
use super::super::{Blackout, Risk, RiskRule};
use super::World;
use super::rules::{known_role, unknown};
use super::source::{Reading, shown};
use super::table::{self, Keys, Value};
use crate::ids::{AppId, TierId};
use crate::time::Span;

/// The blackouts that could be read, by their beginning.
pub(super) fn blackouts(file: &mut Reading<'_>, value: &Value<'_>, world: &World<'_>) -> Vec<Blackout> {
    let items = table::items(file, value, MOST_BLACKOUTS);
    let mut found: Vec<Blackout> = items.iter().filter_map(|item| blackout(file, item, world)).collect();
    found.sort_by_key(|blackout| (blackout.from, blackout.until));
    found
}

fn blackout(file: &mut Reading<'_>, value: &Value<'_>, world: &World<'_>) -> Option<Blackout> {
    let mut keys = Keys::of(file, Table::Blackout, value, "a blackout".to_owned())?;
    let place = file.place(keys.span());
    let zone: Option<crate::zone::Zone> =
        keys.need(file, "zone").and_then(|value| table::parsed(file, value));
    let from = keys.need(file, "from").and_then(|value| table::local(file, value));
    let until_value = keys.need(file, "until");
    let until = until_value.and_then(|value| table::local(file, value));
    let because = keys.need(file, "because").and_then(|value| table::text(file, value, BECAUSE));
    let apps = keys
        .get("apps")
        .map(|value| table::list(file, value, MOST_VALUES, |file, item| known_app(file, item, world)));
    let roles = keys
        .get("roles")
        .map(|value| table::list(file, value, MOST_VALUES, |file, item| known_role(file, item, world)));
    let risks = Risk::ALL.map(|risk| (risk.as_str(), risk));
    let risk = keys.get("risk").map(|value| {
        table::list(file, value, Risk::ALL.len(), |file, item| table::choice(file, item, &risks))
    });
    let break_glass = keys.get("break_glass").map(|value| table::flag(file, value));
    keys.finish(file);
    let (zone, from, until) = (zone?, from?, until?);
    if until <= from
        && let Some(value) = until_value
    {
        let hint = "write a later `until`";
        file.hinted(&value.span(), format!("it ends at {until}, and begins at {from}"), hint);
    }
    Some(Blackout {
        from: zone.at(from)?,
        until: zone.at(until)?,
        zone,
        because: because?,
        apps: apps.unwrap_or_default(),
        roles: roles.unwrap_or_default(),
        risk: risk.unwrap_or_default(),
        break_glass: break_glass.unwrap_or(Some(true))?,
        place,
    })
}

/// An app that has a file.
fn known_app(file: &mut Reading<'_>, value: &Value<'_>, world: &World<'_>) -> Option<AppId> {
    let app: AppId = table::parsed(file, value)?;
    if !world.roles.contains_key(&app) {
        let known = world.roles.keys().map(AppId::as_str);
        unknown(file, value, "app", app.as_str(), "the policies", known);
    }
    Some(app)
}

/// What holds of the roles of each risk.
pub(super) fn risks(
    file: &mut Reading<'_>,
    value: &Value<'_>,
    world: &World<'_>,
) -> BTreeMap<Risk, RiskRule> {
    let mut found = BTreeMap::new();
    for (key, value) in table::entries(file, value, "[risks.high]") {
        let word: &str = key.get_ref();
        match Risk::ALL.into_iter().find(|risk| risk.as_str() == word) {
            Some(risk) => {
                if let Some(rule) = risk_rule(file, value, risk, world) {
                    found.insert(risk, rule);
                }
            }
            None => {
                let message = format!("there is no risk `{}`", shown(word));
                file.hinted(&key.span(), message, "there is `low`, `medium` and `high`");
            }
        }
    }
    found
}

fn risk_rule(file: &mut Reading<'_>, value: &Value<'_>, risk: Risk, world: &World<'_>) -> Option<RiskRule> {
    let mut keys = Keys::of(file, Table::Risk, value, format!("[risks.{}]", risk.as_str()))?;
    let place = file.place(keys.span());
    let at_once = keys.get("at_once").map(|value| table::number(file, value, 1, MOST_AT_ONCE));
    let longest = keys.get("max_duration").map(|value| table::span(file, value, Span::mins(1)));
    let tiers = keys
        .get("tiers")
        .map(|value| table::list(file, value, MOST_TIERS, |file, item| known_tier(file, item, world)));
    keys.finish(file);
    Some(RiskRule {
        at_once: at_once.flatten(),
        max_duration: longest.flatten(),
        tiers: tiers.unwrap_or_default(),
        place,
    })
}

/// A tier that `tiers.toml` declares.
pub(super) fn known_tier(file: &mut Reading<'_>, value: &Value<'_>, world: &World<'_>) -> Option<TierId> {
    let tier: TierId = table::parsed(file, value)?;
    if let Some(known) = &world.tiers
        && !known.contains(tier.as_str())
    {
        let known = known.iter().map(String::as_str);
        unknown(file, value, "tier", tier.as_str(), "tiers.toml", known);
    }
    Some(tier)
}
