//! What Slack was sent in a journey, written to `target/slack-seen`, where `tests/models` holds it against the models
//! of others: it is what the bot does send, whatever the gallery has.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use jitney::playground::slack::{Message, Snapshot};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// One file for each shape, whichever journey it is from.
pub(super) fn write(snapshot: &Snapshot) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/slack-seen");
    std::fs::create_dir_all(&folder).unwrap();
    let said = snapshot.channels.values().flat_map(|channel| &channel.messages).chain(&snapshot.ephemerals);
    for message in said.filter(|message| message.is_from_bot()) {
        write_one(&folder, "message", &body(message));
    }
    for view in snapshot.views.iter().chain(snapshot.homes.values()) {
        write_one(&folder, view.field("type"), &view.body);
    }
}

fn body(message: &Message) -> Value {
    let mut body = json!({"channel": message.channel, "text": message.text});
    let blocks = (!message.blocks.is_empty()).then(|| json!(message.blocks));
    let more = [("blocks", blocks), ("metadata", message.metadata.clone())];
    let more = more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    body.as_object_mut().unwrap().extend(more);
    body
}

/// Tests run side by side: a file is there as a whole or not at all.
fn write_one(folder: &Path, kind: &str, payload: &Value) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let digest = Sha256::digest(shape(payload).to_string().as_bytes());
    let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let written = json!({"kind": kind, "name": format!("seen {name}"), "payload": payload});
    let draft = folder.join(format!("{}.{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst)));
    std::fs::write(&draft, format!("{written:#}\n")).unwrap();
    std::fs::rename(draft, folder.join(format!("{kind}-{name}.json"))).unwrap();
}

/// Without what is told: the kinds of things, and which there are.
fn shape(payload: &Value) -> Value {
    match payload {
        Value::Object(fields) => {
            let kept = ["type", "action_id", "style", "callback_id"];
            let part = |(name, value): (&String, &Value)| {
                let value = if kept.contains(&name.as_str()) { value.clone() } else { shape(value) };
                (name.clone(), value)
            };
            fields.iter().map(part).collect()
        }
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::Null,
    }
}
