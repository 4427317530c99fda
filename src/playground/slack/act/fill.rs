//! Forms: putting things in, searching choices, submitting, closing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{ActError, Click, Seen, Submitted, Which, interactive};
use crate::playground::slack::blocks::{Surface, check_options};
use crate::playground::slack::form::{self, Entry};
use crate::playground::slack::links::{Delivery, deliver};
use crate::playground::slack::modals::View;
use crate::playground::slack::payload::{self, Origin};
use crate::playground::slack::world::World;
use crate::playground::slack::{LocalSlack, views};

/// What Slack says of a form that the app did not answer.
const TROUBLE: &str = "We had some trouble connecting. Try again?";

impl LocalSlack {
    /// The modal on top of a person's screen.
    #[must_use]
    pub fn open_view(&self, user: &str) -> Option<View> {
        self.shared().look(|world| world.modals.top(user).cloned())
    }

    /// The home tab as last published.
    #[must_use]
    pub fn home(&self, user: &str) -> Option<View> {
        self.shared().look(|world| world.modals.home(user).cloned())
    }

    /// Puts something into a field of the modal on top, found by its block's id or else its action's. What an
    /// external select offers is searched for as far as it was not. A field that sends its changes is sent.
    ///
    /// # Errors
    /// When there is no such field or choice.
    pub async fn fill(
        &self,
        user: &str,
        field: &str,
        entry: impl Into<Entry>,
    ) -> Result<Option<Seen>, ActError> {
        let entry = entry.into();
        let member = self.member(user)?;
        let view = self.open_view(user).ok_or(ActError::NoOpenView)?;
        let slots = form::slots(view.blocks());
        let by_block = slots.iter().find(|slot| slot.block == field);
        let slot = by_block.or_else(|| slots.iter().find(|slot| slot.action == field)).copied();
        let slot = slot.ok_or_else(|| ActError::NoSuchElement(field.to_owned()))?;
        let key = (slot.block.to_owned(), slot.action.to_owned());
        let mut offered = view.offers.get(&key).cloned().unwrap_or_default();
        let state = match form::entered(slot, &entry, &offered) {
            Err(ActError::NoSuchOption(text)) if slot.kind.ends_with("external_select") => {
                offered = self.search_options(user, slot.block, slot.action, &text).await?;
                form::entered(slot, &entry, &offered)?
            }
            state => state?,
        };
        let click = self.shared().change(|world, now| {
            let ts = world.rooms.stamp(now.wall);
            let view = world.modals.views.get_mut(&view.id).filter(|view| view.open)?;
            view.values.entry(key.0).or_default().insert(key.1, state.clone());
            let action = form::action(slot, Some(&state), None, &ts);
            Some(Click { member, origin: Origin::View(Box::new(view.clone())), action })
        });
        let click = click.ok_or(ActError::NoOpenView)?;
        Ok(if slot.dispatches { Some(self.send_click(&click).await) } else { None })
    }

    /// Fills in several fields, in order, and submits.
    ///
    /// # Errors
    /// As [`Self::fill`] and [`Self::submit`].
    pub async fn fill_and_submit(&self, user: &str, fields: &[(&str, &str)]) -> Result<Submitted, ActError> {
        for (field, entry) in fields {
            self.fill(user, field, *entry).await?;
        }
        self.submit(user).await
    }

    /// Submits the modal on top.
    ///
    /// # Errors
    /// When none is open.
    pub async fn submit(&self, user: &str) -> Result<Submitted, ActError> {
        let shared = self.shared();
        let member = self.member(user)?;
        let view = self.open_view(user).ok_or(ActError::NoOpenView)?;
        let incomplete = form::incomplete(view.blocks(), &view.values);
        if !incomplete.is_empty() {
            return Ok(Submitted::Incomplete(incomplete));
        }
        let payload = shared.change(|world, now| payload::view_submission(world, &member, &view, now));
        let delivery = deliver(shared, interactive("view_submission", payload, true)).await;
        Ok(shared.change(|world, _| match delivery {
            Delivery::Acked(answer) => submitted(world, &view, answer.as_ref()),
            Delivery::Late | Delivery::NobodyConnected => trouble(world, &view),
        }))
    }

    /// Searches the choices of an external select in the modal on top.
    ///
    /// # Errors
    /// When there is no such select, or no usable answer.
    pub async fn search_options(
        &self,
        user: &str,
        block_id: &str,
        action_id: &str,
        query: &str,
    ) -> Result<Vec<Value>, ActError> {
        let shared = self.shared();
        let member = self.member(user)?;
        let view = self.open_view(user).ok_or(ActError::NoOpenView)?;
        let slot = Which::action(action_id).in_block(block_id).find(view.blocks())?;
        if !slot.kind.ends_with("external_select") {
            return Err(ActError::NotAField(action_id.to_owned()));
        }
        let least = slot.element.get("min_query_length").and_then(Value::as_u64).unwrap_or(3);
        if (query.chars().count() as u64) < least {
            return Ok(Vec::new());
        }
        let payload = payload::block_suggestion(&shared.settings, &member, &view, block_id, action_id, query);
        let answer = match deliver(shared, interactive("block_suggestion", payload, true)).await {
            Delivery::Acked(answer) => answer.unwrap_or_default(),
            Delivery::Late | Delivery::NobodyConnected => return Err(ActError::NoAnswer),
        };
        let flaws = check_options(&answer);
        if !flaws.is_empty() {
            let lines: Vec<String> = flaws.iter().map(ToString::to_string).collect();
            shared.change(|world, _| world.journal.complain(format!("bad options: {}", lines.join("; "))));
            return Err(ActError::NoAnswer);
        }
        let options: Vec<Value> = form::options_in(&answer).into_iter().cloned().collect();
        shared.change(|world, _| {
            if let Some(view) = world.modals.views.get_mut(&view.id) {
                let known = view.offers.entry((block_id.to_owned(), action_id.to_owned())).or_default();
                known.extend(options.iter().cloned());
            }
        });
        Ok(options)
    }

    /// Closes the modal on top without submitting it.
    ///
    /// # Errors
    /// When none is open.
    pub async fn close_view(&self, user: &str) -> Result<(), ActError> {
        let shared = self.shared();
        let member = self.member(user)?;
        let view = self.open_view(user).ok_or(ActError::NoOpenView)?;
        shared.change(|world, _| world.modals.close_top(user));
        if view.flag("notify_on_close") {
            deliver(
                shared,
                interactive("view_closed", payload::view_closed(&shared.settings, &member, &view), false),
            )
            .await;
        }
        Ok(())
    }
}

/// What an acked submission does to the screen. An answer that Slack can't use is trouble.
fn submitted(world: &mut World, view: &View, answer: Option<&Value>) -> Submitted {
    let Some(answer) = answer else {
        world.modals.close_top(&view.user);
        return Submitted::Closed;
    };
    let body = || views::judged(answer["view"].clone(), Surface::Modal);
    match answer["response_action"].as_str() {
        Some("clear") => {
            world.modals.close_all(&view.user);
            Submitted::Cleared
        }
        Some("errors") => errors(world, view, &answer["errors"]),
        Some("update") => match body() {
            Ok(body) => match world.modals.replace(&view.id, body) {
                Some(updated) => Submitted::Updated(Box::new(updated)),
                None => unusable(world, view, "the view is closed"),
            },
            Err(refused) => unusable(world, view, refused.error),
        },
        Some("push") => match body() {
            Ok(body) => match world.modals.push(&view.user, body) {
                Ok(pushed) => Submitted::Pushed(Box::new(pushed)),
                Err(why) => unusable(world, view, why),
            },
            Err(refused) => unusable(world, view, refused.error),
        },
        Some(_) | None => unusable(world, view, "an unknown response_action"),
    }
}

fn errors(world: &mut World, view: &View, said: &Value) -> Submitted {
    let Ok(said) = serde_json::from_value::<BTreeMap<String, String>>(said.clone()) else {
        return unusable(world, view, "errors that are no texts by block");
    };
    let inputs: Vec<&str> = form::slots(view.blocks()).iter().map(|slot| slot.block).collect();
    if said.is_empty() || !said.keys().all(|block| inputs.contains(&block.as_str())) {
        return unusable(world, view, "errors for blocks that are no inputs of the view");
    }
    if let Some(view) = world.modals.views.get_mut(&view.id) {
        view.errors.clone_from(&said);
        view.trouble = None;
    }
    Submitted::Errors(said)
}

/// The app's answer is one that Slack can't use.
fn unusable(world: &mut World, view: &View, why: &str) -> Submitted {
    world.journal.complain(format!("the form `{}` was not taken: {why}", view.title()));
    trouble(world, view)
}

fn trouble(world: &mut World, view: &View) -> Submitted {
    if let Some(view) = world.modals.views.get_mut(&view.id) {
        view.trouble = Some(TROUBLE.to_owned());
    }
    Submitted::Trouble(TROUBLE.to_owned())
}
