//! Views: modals in their stacks, home tabs, and every view that ever was.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::blocks::Surface;
use super::form::{self, Values};
use super::settings::{APP, BOT, TEAM};

/// A modal or a home tab as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    /// `V…`.
    pub id: String,
    /// Who sees it.
    pub user: String,
    /// As the app sent it, with ids where it gave none.
    pub body: Value,
    /// Changes with each change.
    pub hash: String,
    /// The first view of its stack.
    pub root: String,
    /// The view below it.
    pub previous: Option<String>,
    /// What is in its fields, by block and action, as `state.values` has it.
    pub values: BTreeMap<String, BTreeMap<String, Value>>,
    /// What the app said of fields at the last submission, by block.
    pub errors: BTreeMap<String, String>,
    /// What Slack itself said at the last submission.
    pub trouble: Option<String>,
    /// Whether it is still on a screen.
    pub open: bool,
    /// How often it was replaced by another content.
    pub edits: u32,
    /// What was found for external selects, by block and action.
    #[serde(skip)]
    pub(super) offers: BTreeMap<(String, String), Vec<Value>>,
}

impl View {
    /// `title`'s words.
    #[must_use]
    pub fn title(&self) -> &str {
        self.body.get("title").and_then(|title| title.get("text")).and_then(Value::as_str).unwrap_or_default()
    }

    /// A text of its own level, such as `callback_id` or `private_metadata`; empty when it has none.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Its blocks.
    #[must_use]
    pub fn blocks(&self) -> &[Value] {
        self.body.get("blocks").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Every block's id, in order: what [`super::LocalSlack::fill`] goes by.
    pub fn block_ids(&self) -> impl Iterator<Item = &str> {
        self.blocks().iter().filter_map(|block| block.get("block_id")?.as_str())
    }

    /// All its words, a line each.
    #[must_use]
    pub fn words(&self) -> String {
        let mut lines = Vec::new();
        super::rooms::gather(&self.body, &mut lines);
        lines.join("\n")
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.body.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// As the Web API and payloads show it.
    pub(super) fn wire(&self) -> Value {
        let mut wire = json!({
            "id": self.id, "team_id": TEAM, "type": "modal", "blocks": [], "private_metadata": "",
            "callback_id": "", "external_id": "", "title": null, "submit": null, "close": null,
            "clear_on_close": false, "notify_on_close": false,
        });
        if let (Some(wire), Some(body)) = (wire.as_object_mut(), self.body.as_object()) {
            wire.extend(body.clone());
        }
        let own = json!({
            "state": { "values": self.values }, "hash": self.hash, "root_view_id": self.root,
            "previous_view_id": self.previous, "app_id": APP, "app_installed_team_id": TEAM, "bot_id": BOT,
        });
        if let (Some(wire), Value::Object(own)) = (wire.as_object_mut(), own) {
            wire.extend(own);
        }
        wire
    }
}

#[derive(Debug, Default)]
pub(super) struct Modals {
    pub(super) views: BTreeMap<String, View>,
    stacks: BTreeMap<String, Vec<String>>,
    homes: BTreeMap<String, String>,
    made: u64,
}

/// A modal, and two on top of it.
const STACK_MAX: usize = 3;
/// Views that are remembered at most; the oldest go first.
const VIEWS_MAX: usize = 5000;

impl Modals {
    pub(super) fn top(&self, user: &str) -> Option<&View> {
        self.views.get(self.stacks.get(user)?.last()?)
    }

    pub(super) fn home(&self, user: &str) -> Option<&View> {
        self.views.get(self.homes.get(user)?)
    }

    pub(super) fn stack(&self, user: &str) -> &[String] {
        self.stacks.get(user).map_or(&[], Vec::as_slice)
    }

    /// A new modal in place of whatever the person had open.
    pub(super) fn open(&mut self, user: &str, body: Value) -> View {
        self.close_all(user);
        self.add(user, body, Vec::new())
    }

    /// A modal on top of another.
    pub(super) fn push(&mut self, user: &str, body: Value) -> Result<View, &'static str> {
        let stack = self.stack(user).to_vec();
        if stack.is_empty() {
            return Err("not_found");
        }
        if stack.len() >= STACK_MAX {
            return Err("push_limit_reached");
        }
        Ok(self.add(user, body, stack))
    }

    fn add(&mut self, user: &str, body: Value, mut stack: Vec<String>) -> View {
        let id = self.next_id();
        let root = stack.first().cloned().unwrap_or_else(|| id.clone());
        let view = self.fresh(id.clone(), user, body, root, stack.last().cloned());
        stack.push(id);
        self.stacks.insert(user.to_owned(), stack);
        view
    }

    /// Another content for a view that is on a screen; what people put into fields that stay is kept.
    pub(super) fn replace(&mut self, id: &str, body: Value) -> Option<View> {
        let hash = self.next_hash();
        let view = self.views.get_mut(id).filter(|view| view.open)?;
        view.body = named(body);
        view.values = form::values(view.blocks(), &view.values);
        view.hash = hash;
        view.errors.clear();
        view.trouble = None;
        view.edits += 1;
        Some(view.clone())
    }

    pub(super) fn publish(&mut self, user: &str, body: Value) -> View {
        if let Some(id) = self.homes.get(user).cloned()
            && let Some(view) = self.replace(&id, body.clone())
        {
            return view;
        }
        let id = self.next_id();
        self.homes.insert(user.to_owned(), id.clone());
        self.fresh(id.clone(), user, body, id, None)
    }

    pub(super) fn close_top(&mut self, user: &str) {
        if let Some(id) = self.stacks.get_mut(user).and_then(Vec::pop)
            && let Some(view) = self.views.get_mut(&id)
        {
            view.open = false;
        }
    }

    pub(super) fn close_all(&mut self, user: &str) {
        for id in self.stacks.remove(user).unwrap_or_default() {
            if let Some(view) = self.views.get_mut(&id) {
                view.open = false;
            }
        }
    }

    /// Whether an open view has that external id.
    pub(super) fn by_external_id(&self, external: &str) -> Option<&View> {
        self.views.values().find(|view| view.open && view.field("external_id") == external)
    }

    fn fresh(&mut self, id: String, user: &str, body: Value, root: String, previous: Option<String>) -> View {
        let mut view = View {
            id: id.clone(),
            user: user.to_owned(),
            body: named(body),
            hash: self.next_hash(),
            root,
            previous,
            values: Values::new(),
            errors: BTreeMap::new(),
            trouble: None,
            open: true,
            edits: 0,
            offers: BTreeMap::new(),
        };
        view.values = form::values(view.blocks(), &Values::new());
        if self.views.len() >= VIEWS_MAX {
            let oldest = self.views.iter().find(|(_, view)| !view.open).map(|(id, _)| id.clone());
            oldest.and_then(|id| self.views.remove(&id));
        }
        self.views.insert(id, view.clone());
        view
    }

    fn next_id(&mut self) -> String {
        self.made += 1;
        format!("V{:010}", self.made)
    }

    fn next_hash(&mut self) -> String {
        self.made += 1;
        format!("{}.{:08x}", self.made, rand::random::<u32>())
    }
}

fn named(mut body: Value) -> Value {
    if let Some(blocks) = body.get_mut("blocks").and_then(Value::as_array_mut) {
        form::name_all(blocks);
    }
    body
}

/// A view's kind, by its own word.
pub(super) fn surface_of(body: &Value) -> Option<Surface> {
    match body.get("type").and_then(Value::as_str) {
        Some("modal") => Some(Surface::Modal),
        Some("home") => Some(Surface::Home),
        Some(_) | None => None,
    }
}
