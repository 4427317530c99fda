//! `views.*`.

use serde_json::{Value, json};

use super::api::{Answered, Call, Refusal};
use super::blocks::{Surface, check_view};
use super::modals::surface_of;
use super::passes::Triggered;
use super::world::World;

/// Bytes of a view at most.
const VIEW_MAX: usize = 250_000;

/// Judges a view wherever it comes from: a call, or an ack.
pub(super) fn judged(view: Value, wanted: Surface) -> Result<Value, Refusal> {
    let flaws = check_view(&view);
    if !flaws.is_empty() {
        return Err(Refusal::invalid_view(&flaws));
    }
    if surface_of(&view) != Some(wanted) {
        return Err("invalid_arguments".into());
    }
    if view.to_string().len() > VIEW_MAX {
        return Err("view_too_large".into());
    }
    Ok(view)
}

fn view(call: &Call<'_>, wanted: Surface) -> Result<Value, Refusal> {
    let view = call.args.structure("view").map_err(|_| Refusal::from("invalid_arguments"))?;
    judged(view.ok_or_else(|| Refusal::missing("view"))?, wanted)
}

/// The trigger is looked at first and used up last: a refused view does not cost it.
fn triggered(world: &World, call: &Call<'_>) -> Result<Triggered, Refusal> {
    let id = call.need("trigger_id")?;
    Ok(world.passes.check(id, &call.settings.limits, call.now.real)?)
}

fn unique(world: &World, body: &Value, own: Option<&str>) -> Result<(), Refusal> {
    let external = body.get("external_id").and_then(Value::as_str).unwrap_or_default();
    if external.is_empty() {
        return Ok(());
    }
    match world.modals.by_external_id(external) {
        Some(other) if own != Some(other.id.as_str()) => Err("duplicate_external_id".into()),
        Some(_) | None => Ok(()),
    }
}

pub(super) fn open(world: &mut World, call: &Call<'_>) -> Answered {
    let trigger = triggered(world, call)?;
    let body = view(call, Surface::Modal)?;
    unique(world, &body, None)?;
    world.passes.exchange(call.need("trigger_id")?);
    Ok(json!({ "view": world.modals.open(&trigger.user, body).wire() }))
}

pub(super) fn push(world: &mut World, call: &Call<'_>) -> Answered {
    let trigger = triggered(world, call)?;
    let body = view(call, Surface::Modal)?;
    unique(world, &body, None)?;
    let stack = world.modals.stack(&trigger.user);
    if !trigger.from_view.as_ref().is_some_and(|from| stack.contains(from)) {
        return Err("not_found".into());
    }
    let pushed = world.modals.push(&trigger.user, body)?;
    world.passes.exchange(call.need("trigger_id")?);
    Ok(json!({ "view": pushed.wire() }))
}

pub(super) fn update(world: &mut World, call: &Call<'_>) -> Answered {
    let body = view(call, Surface::Modal)?;
    let target = match (call.args.text("view_id"), call.args.text("external_id")) {
        (Some(id), _) => world.modals.views.get(id),
        (None, Some(external)) => world.modals.by_external_id(external),
        (None, None) => return Err(Refusal::missing("view_id")),
    };
    let target = target.filter(|view| view.open).ok_or("not_found")?;
    if call.args.text("hash").is_some_and(|hash| hash != target.hash) {
        return Err("hash_conflict".into());
    }
    let id = target.id.clone();
    unique(world, &body, Some(&id))?;
    let replaced = world.modals.replace(&id, body).ok_or("not_found")?;
    Ok(json!({ "view": replaced.wire() }))
}

pub(super) fn publish(world: &mut World, call: &Call<'_>) -> Answered {
    let user = call.need("user_id")?.to_owned();
    if !call.settings.home_tab {
        return Err("not_enabled".into());
    }
    if world.member(&user).is_none_or(|member| member.deactivated) {
        return Err("user_not_found".into());
    }
    let body = view(call, Surface::Home)?;
    let standing = world.modals.home(&user);
    if let Some(hash) = call.args.text("hash")
        && standing.is_some_and(|view| view.hash != hash)
    {
        return Err("hash_conflict".into());
    }
    Ok(json!({ "view": world.modals.publish(&user, body).wire() }))
}
