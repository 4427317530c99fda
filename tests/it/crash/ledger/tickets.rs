//! The tickets and the messages against the stories in the database.

use std::collections::BTreeMap;

use jitney::engine::Dossier;
use jitney::ids::RequestId;
use jitney::lifecycle::StateWord;
use jitney::playground::jira::LocalIssue;

use super::{CARD, could_not_be_granted, headline};
use crate::crash::stage::Stage;

/// The issues by the request that their titles begin with.
pub(super) fn issues(stage: &Stage) -> BTreeMap<RequestId, Vec<LocalIssue>> {
    let mut issues: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for issue in stage.jira.issues() {
        if let Ok(id) = issue.summary.split(' ').next().unwrap_or_default().parse() {
            issues.entry(id).or_default().push(issue);
        }
    }
    issues
}

/// One issue, with every entry once and in order, in the status that goes with the state.
pub(super) fn ticket(stage: &Stage, issues: &[LocalIssue], dossier: &Dossier) -> Vec<String> {
    let id = dossier.request.id;
    let [issue] = issues else { return vec![format!("{id} has {} issues", issues.len())] };
    let mut offences = Vec::new();
    let comments = stage.jira.comments(&issue.key);
    let ids = |property: &serde_json::Value| -> Vec<String> {
        let ids = property["ids"].as_array().unwrap();
        ids.iter().map(|entry| entry.as_str().unwrap().to_owned()).collect()
    };
    let carried: Vec<String> =
        comments.iter().flat_map(|comment| ids(&comment.properties["jitney.entries"])).collect();
    let lines = comments.iter().flat_map(|comment| comment.text.lines());
    let said: Vec<String> = lines
        .filter_map(|line| line.strip_prefix("- ")?.split_once(" · "))
        .map(|(entry, _)| entry.to_owned())
        .filter(|entry| entry.starts_with(&format!("{id}-")))
        .collect();
    let story: Vec<String> = dossier.entries.iter().map(|entry| entry.id.to_string()).collect();
    if carried != story {
        offences.push(format!("{id}: its comments carry {carried:?}, and its story is {story:?}"));
    }
    if said != story {
        offences.push(format!("{id}: its comments say {said:?}, and its story is {story:?}"));
    }
    let status = match dossier.request.state.word() {
        _ if could_not_be_granted(&dossier.request.state) => "Declined",
        StateWord::Pending => "Waiting for approval",
        StateWord::Active => "In Progress",
        StateWord::Revoked | StateWord::Applied => "Done",
        StateWord::Denied | StateWord::Withdrawn | StateWord::Lapsed => "Declined",
        StateWord::Scheduled | StateWord::Granting | StateWord::Revoking => return offences,
    };
    if issue.status != status {
        offences.push(format!("{id}: its issue is {}, and should be {status}", issue.status));
    }
    offences
}

/// Each message once, known to the database, and each card in its last words.
pub(super) fn messages(stage: &Stage, dossiers: &BTreeMap<RequestId, Dossier>) -> Vec<String> {
    let snapshot = stage.slack.snapshot();
    let mut offences = Vec::new();
    let mut marks: BTreeMap<RequestId, BTreeMap<String, u32>> = BTreeMap::new();
    for message in snapshot.channels.values().flat_map(|c| &c.messages).filter(|m| !m.deleted) {
        let Some(mark) = message.mark() else { continue };
        let Ok(id) = mark.split(':').next().unwrap().parse() else { continue };
        *marks.entry(id).or_default().entry(mark.to_owned()).or_default() += 1;
    }
    for (id, marks) in &marks {
        for (mark, count) in marks.iter().filter(|(_, count)| **count > 1) {
            offences.push(format!("{mark} stands in Slack {count} times"));
        }
        if !dossiers.contains_key(id) {
            offences.push(format!("{marks:?} are of a request that the database does not have"));
        }
    }
    for (id, dossier) in dossiers {
        let posted = marks.get(id).map_or(0, BTreeMap::len);
        if posted != dossier.messages.len() {
            let marks = marks.get(id);
            offences.push(format!("{id}: Slack has {marks:?}, the database {:?}", dossier.messages));
        }
        let card = dossier.messages.get(&CARD);
        let card = card.and_then(|card| snapshot.messages(&card.channel).find(|m| m.ts == card.ts));
        let wanted = headline(&dossier.request.state);
        if card.is_none_or(|card| !card.text.starts_with(wanted)) {
            offences
                .push(format!("{id}: its card should say {wanted}, and says {:?}", card.map(|c| &c.text)));
        }
    }
    offences
}
