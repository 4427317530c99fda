//! What an issue says of a request when it is opened: its title and its facts.

use super::{LONG, NAMED_MOST, counted, short};
use crate::jira::adf::tame;
use crate::lifecycle::{Kind, Request, StepTerms};
use crate::policy::{Layer, Stage};

/// The longest summary that Jira takes.
const SUMMARY_LIMIT: usize = 255;

/// The title of an issue.
#[must_use]
pub fn summary(request: &Request) -> String {
    let (title, name) = (short(&request.title()), short(&request.requester.name));
    let time = request.ask.duration.words();
    let what = match request.kind {
        Kind::New => format!("{title} for {name}, {time}"),
        Kind::Extension { parent } => format!("{time} more of {parent}, {title}, for {name}"),
        Kind::BreakGlass => format!("Break-glass: {title} for {name}, {time}"),
        Kind::Drill { .. } => format!("DRILL of break-glass: {title} for {name}, {time}"),
    };
    tame(&format!("{} · {what}", request.id), SUMMARY_LIMIT)
}

/// What nobody who opens the issue may overlook.
pub(in crate::jira) fn warning(request: &Request) -> Option<String> {
    match (request.kind, request.review_due_at) {
        (Kind::BreakGlass, Some(due)) => Some(format!(
            "Break-glass: this access was taken without approval. Its review is due by {}.",
            due.minute_utc()
        )),
        (Kind::BreakGlass, None) => Some("Break-glass: this access was taken without approval.".to_owned()),
        (Kind::Drill { .. }, Some(due)) => Some(format!(
            "DRILL: nothing is given and no target is asked. Its review is due by {}.",
            due.minute_utc()
        )),
        (Kind::Drill { .. }, None) => Some("DRILL: nothing is given and no target is asked.".to_owned()),
        (Kind::New | Kind::Extension { .. }, _) => None,
    }
}

/// The sentence below the facts of an issue.
pub(in crate::jira) const DESCRIPTION_END: &str =
    "Jitney keeps this issue: each comment tells what happened, in order. Decisions are made in Slack.";

/// The facts of a request, each a name with its values. The requester's own ticket is apart, since it is a link.
pub(in crate::jira) fn facts(request: &Request) -> Vec<(&'static str, Vec<String>)> {
    let (terms, ask) = (&request.terms, &request.ask);
    let mut facts = vec![
        ("Request", vec![request_kind(request)]),
        ("Requester", vec![requester(request)]),
        (
            "Asked by",
            request
                .asked_by
                .iter()
                .map(|by| format!("{} ({})", short(&by.name), short(by.id.as_str())))
                .collect(),
        ),
        ("Access", vec![short(&request.title()), short(&terms.gives)]),
        ("For", vec![ask.duration.words()]),
    ];
    facts.retain(|(_, values)| !values.is_empty());
    if let Some(starts_at) = ask.starts_at {
        facts.push(("Starts", vec![starts_at.minute_utc()]));
    }
    facts.push(("Justification", vec![tame(&ask.justification, LONG)]));
    if !ask.fields.is_empty() {
        let field = |(id, value): (&String, &String)| format!("{}: {}", short(id), short(value));
        facts.push(("Fields", ask.fields.iter().take(NAMED_MOST).map(field).collect()));
    }
    facts.push(("Risk", vec![terms.risk.as_str().to_owned()]));
    facts.push(("Approval", approval(request)));
    facts.push(("Where", vec![layer(terms.layer).to_owned()]));
    facts.push(("What is done", terms.steps.iter().map(step_fact).collect()));
    let remains: Vec<String> =
        terms.steps.iter().flat_map(|step| &step.cannot_end).map(|what| short(what)).collect();
    if !remains.is_empty() {
        facts.push(("Can't be ended", remains));
    }
    facts.push(("Policy", vec![format!("{} at {}", ask.role, request.policy.short())]));
    facts
}

const fn layer(layer: Layer) -> &'static str {
    match layer {
        Layer::Idp => "In the identity provider",
        Layer::Application => "In the app itself",
        Layer::Vault => "A short-lived credential from a vault",
        Layer::Manual => "By hand",
    }
}

fn request_kind(request: &Request) -> String {
    let at = request.submitted_at.minute_utc();
    match request.kind {
        Kind::New => format!("{}, asked at {at}", request.id),
        Kind::Extension { parent } => {
            format!("{}, an extension of grant {parent}, asked at {at}", request.id)
        }
        Kind::BreakGlass => format!("{}, a break-glass, at {at}", request.id),
        Kind::Drill { .. } => format!("{}, a drill of break-glass, at {at}", request.id),
    }
}

fn requester(request: &Request) -> String {
    let who = &request.requester;
    let manager = who.manager.as_ref().map_or_else(String::new, |id| format!(", reports to {id}"));
    let (name, department) = (short(&who.name), short(&who.department));
    format!("{name} ({}), {}, {department}{manager}", who.id, who.employment.as_str())
}

fn approval(request: &Request) -> Vec<String> {
    if request.kind == Kind::BreakGlass || request.kind.is_drill() {
        return vec!["none".to_owned()];
    }
    let tier = &request.terms.tier;
    let stage = |(n, stage): (usize, &Stage)| {
        let distinct = if stage.distinct { ", by others than before" } else { "" };
        format!("Stage {} of {}: {}{distinct}", n + 1, tier.stages.len(), counted(stage.quorum, "approval"))
    };
    let mut lines = vec![short(&tier.name)];
    lines.extend(tier.stages.iter().enumerate().map(stage));
    lines
}

fn step_fact(step: &StepTerms) -> String {
    let readable = if step.readable { "" } else { " (can't be read back: a person must attest its end)" };
    format!("{} on {}{readable}", short(&step.label), step.target)
}
