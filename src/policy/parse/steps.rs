//! A role's steps: our `target` key, and the rest of the table for the target's adapter.

use std::ops::Range;

use serde_json::{Map, Value as Json};
use toml::de::DeValue;

use super::super::StepSpec;
use super::super::grammar::Table;
use super::super::limits::MOST_STEPS;
use super::World;
use super::app::target;
use super::source::Reading;
use super::table::{self, Keys, Value};

/// The steps in order; an issue when there is none.
pub(super) fn read(
    file: &mut Reading<'_>,
    value: &Value<'_>,
    role: &str,
    world: &World<'_>,
) -> Vec<StepSpec> {
    if value.get_ref().as_array().is_some_and(|list| list.is_empty()) {
        let hint = "write one below `[[roles.ID.steps]]`";
        file.hinted(&value.span(), format!("{role} has no steps: it would give nothing"), hint);
    }
    let items = table::items(file, value, MOST_STEPS);
    items.iter().filter_map(|item| step(file, item, role, world)).collect()
}

fn step(file: &mut Reading<'_>, value: &Value<'_>, role: &str, world: &World<'_>) -> Option<StepSpec> {
    let mut keys = Keys::of(file, Table::Step, value, format!("a step of {role}"))?;
    let target = keys.need(file, "target").and_then(|value| target(file, value, world));
    let gives_group = keys.get("gives_group").and_then(|value| table::parsed(file, value));
    keys.finish(file);
    let params = params(file, value);
    let (target, params) = (target?, params?);
    match world.catalogue.parse(&target, &params) {
        Ok(parsed) => Some(StepSpec {
            target,
            gives_group,
            params: parsed.params,
            label: parsed.label,
            issues_credential: parsed.issues_credential,
            readable: parsed.readable,
            cannot_end: parsed.cannot_end,
        }),
        Err(issues) => {
            for issue in issues {
                let hint = format!("docs/targets.md tells what a step on `{target}` takes");
                file.hinted(&locate(value, &issue.path), issue.message, hint);
            }
            None
        }
    }
}

/// The step's table without our own keys.
fn params(file: &mut Reading<'_>, value: &Value<'_>) -> Option<Json> {
    let table = value.get_ref().as_table()?;
    let mut params = Map::new();
    let mut whole = true;
    for (key, value) in table.iter().filter(|(key, _)| Table::Step.key(key.get_ref()).is_none()) {
        match json(file, value) {
            Some(json) => {
                params.insert(key.get_ref().to_string(), json);
            }
            None => whole = false,
        }
    }
    whole.then_some(Json::Object(params))
}

fn json(file: &mut Reading<'_>, value: &Value<'_>) -> Option<Json> {
    let number = match value.get_ref() {
        DeValue::String(text) => return Some(Json::from(text.as_ref())),
        DeValue::Boolean(flag) => return Some(Json::from(*flag)),
        DeValue::Datetime(moment) => return Some(Json::from(moment.to_string())),
        DeValue::Array(list) => {
            // Every value is read, so that every issue is found.
            let read: Vec<_> = list.iter().map(|item| json(file, item)).collect();
            return read.into_iter().collect::<Option<Vec<_>>>().map(Json::from);
        }
        DeValue::Table(table) => {
            let read: Vec<_> =
                table.iter().map(|(key, value)| (key.get_ref().to_string(), json(file, value))).collect();
            let whole = read.into_iter().map(|(key, value)| value.map(|value| (key, value)));
            return whole.collect::<Option<Map<_, _>>>().map(Json::Object);
        }
        DeValue::Integer(whole) => i64::from_str_radix(whole.as_str(), whole.radix()).ok().map(Json::from),
        DeValue::Float(broken) => {
            broken.as_str().parse().ok().and_then(serde_json::Number::from_f64).map(Json::Number)
        }
    };
    if number.is_none() {
        let hint = "write a smaller number, or a text in quotes";
        file.hinted(&value.span(), "a step can't hold this number", hint);
    }
    number
}

/// Where the keys lead within the step; as far as they do.
fn locate(step: &Value<'_>, path: &[String]) -> Range<usize> {
    let mut at = step.span();
    let mut here = step.get_ref();
    for part in path {
        let next = match here {
            DeValue::Table(table) => {
                table.get_key_value(part.as_str()).map(|(key, value)| (key.span(), value.get_ref()))
            }
            DeValue::Array(list) => {
                part.parse().ok().and_then(|n: usize| list.get(n)).map(|v| (v.span(), v.get_ref()))
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => None,
        };
        let Some((span, value)) = next else { break };
        at = span;
        here = value;
    }
    at
}
