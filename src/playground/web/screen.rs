//! What one person has on the screen, as the page draws it.

use serde_json::{Value, json};

use crate::playground::slack::{LocalSlack, Message, Snapshot, View};

/// Messages that are shown of one conversation at most, the latest.
const SHOWN_MAX: usize = 200;

/// Everything that this person sees of the workspace, and nothing that others alone see.
pub(super) fn of(slack: &LocalSlack, person: &str) -> Value {
    let snapshot = slack.snapshot();
    let settings = slack.settings();
    let people: Vec<Value> = settings
        .members
        .iter()
        .filter(|member| !member.deactivated)
        .map(|member| json!({ "id": member.id, "name": member.name, "handle": member.handle }))
        .collect();
    let groups: Vec<Value> =
        settings.groups.iter().map(|group| json!({ "id": group.id, "handle": group.handle })).collect();
    let conversations: Vec<Value> = snapshot
        .channels
        .values()
        .filter(|channel| channel.members.contains(person))
        .map(|channel| {
            json!({
                "id": channel.id,
                "name": if channel.direct { "Jitney" } else { &channel.name },
                "direct": channel.direct,
                "messages": messages(&snapshot, &channel.id, person),
            })
        })
        .collect();
    json!({
        "person": person, "people": people, "groups": groups, "conversations": conversations,
        "shortcuts": settings.shortcuts, "modal": snapshot.modal(person).map(view), "home": snapshot.homes.get(person).map(view),
    })
}

fn messages(snapshot: &Snapshot, channel: &str, person: &str) -> Vec<Value> {
    let mut all: Vec<&Message> = snapshot.messages(channel).collect();
    all.extend(snapshot.told(person).filter(|message| message.channel == channel));
    all.sort_by(|a, b| a.ts.cmp(&b.ts));
    let skip = all.len().saturating_sub(SHOWN_MAX);
    all.into_iter().skip(skip).map(message).collect()
}

fn message(message: &Message) -> Value {
    json!({
        "ts": message.ts, "user": message.user, "text": message.text, "blocks": message.blocks,
        "thread": message.thread_ts, "only_you": message.only_for.is_some(), "edited": message.edits > 0,
    })
}

fn view(view: &View) -> Value {
    json!({
        "id": view.id, "hash": view.hash, "body": view.body, "values": view.values, "errors": view.errors,
        "trouble": view.trouble,
    })
}
