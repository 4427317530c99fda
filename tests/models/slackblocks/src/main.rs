//! Reads what Jitney sends to Slack into the models of the crate slackblocks, which know Slack's limits: one JSON file
//! each in the folders, `{kind, name, payload}`. Prints what is refused, and where. What the file `wrong.json` says must be
//! refused, is.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use serde::Deserialize;
use serde_json::{Value, json};
use slackblocks::{
    HomeTabView, MessagePayload, ModalView, SelectOptionGroup, ValidationError, WebhookMessage,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exhibit {
    kind: Kind,
    name: String,
    payload: Value,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Message,
    Answer,
    Modal,
    Home,
    Options,
    /// Of this Slack has no model.
    Errors,
}

/// A payload that is not right, and the checks that know it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrong {
    kind: Kind,
    name: String,
    payload: Value,
    known_to: Vec<String>,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, wrong, folders @ ..] = arguments.as_slice() else {
        return Err("wanted: wrong.json FOLDER …".into());
    };
    let mut files = Vec::new();
    for folder in folders {
        let entries = std::fs::read_dir(folder).map_err(|error| format!("{folder}: {error}"))?;
        for entry in entries {
            files.push(entry?.path());
        }
    }
    files.sort();
    let mut read = 0;
    let mut bad = 0;
    for file in &files {
        let exhibit: Exhibit = parse(file)?;
        read += 1;
        if let Err(error) = judge(exhibit.kind, exhibit.payload) {
            bad += 1;
            println!("{} ({}): {error}", file.display(), exhibit.name);
        }
    }
    let wrong: Vec<Wrong> = parse(Path::new(wrong))?;
    let known = wrong.into_iter().filter(|wrong| wrong.known_to.iter().any(|check| check == "slackblocks"));
    let mut refused = 0;
    for Wrong { kind, name, payload, .. } in known {
        match judge(kind, payload) {
            Ok(()) => {
                bad += 1;
                println!("accepted, though wrong: {name}");
            }
            Err(_) => refused += 1,
        }
    }
    println!(
        "slackblocks {}: {read} payloads read, {refused} wrong ones refused, {bad} faults",
        slackblocks::VERSION
    );
    Ok(if bad == 0 && read > 0 && refused > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn parse<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, Box<dyn Error>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?)
}

/// Whether the model takes it, and gives it back whole.
fn judge(kind: Kind, payload: Value) -> Result<(), String> {
    match kind {
        Kind::Message => whole(payload, MessagePayload::try_from),
        Kind::Answer => whole(payload, WebhookMessage::try_from),
        Kind::Modal => whole(payload, ModalView::try_from),
        Kind::Home => whole(payload, HomeTabView::try_from),
        Kind::Options => {
            if payload == json!({"options": []}) {
                return Ok(());
            }
            let groups = payload.get("option_groups").and_then(Value::as_array).ok_or("no choices")?;
            groups.iter().try_for_each(|group| whole(group.clone(), SelectOptionGroup::try_from))
        }
        Kind::Errors => Ok(()),
    }
}

fn whole<M: serde::Serialize>(
    payload: Value,
    read: impl Fn(Value) -> Result<M, ValidationError>,
) -> Result<(), String> {
    let model = read(payload.clone()).map_err(|error| error.to_string())?;
    let back = serde_json::to_value(&model).map_err(|error| error.to_string())?;
    match lost(&payload, &back, String::new()) {
        None => Ok(()),
        Some(place) => Err(format!("not given back as it was: {place}")),
    }
}

/// The first place where something of `sent` is not in `back`; what a model adds, such as a default, is no loss.
fn lost(sent: &Value, back: &Value, place: String) -> Option<String> {
    match (sent, back) {
        (Value::Object(sent), Value::Object(back)) => sent.iter().find_map(|(name, value)| {
            lost(value, back.get(name).unwrap_or(&json!(null)), format!("{place}/{name}"))
        }),
        (Value::Array(sent), Value::Array(back)) if sent.len() == back.len() => sent
            .iter()
            .zip(back)
            .enumerate()
            .find_map(|(number, (sent, back))| lost(sent, back, format!("{place}/{number}"))),
        (sent, back) => (sent != back).then_some(place),
    }
}
