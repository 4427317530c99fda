//! What is sent to Jira: the fields of an issue and the bodies of comments.

use reqwest::Url;
use serde_json::{Value, json};

use super::adf::{Block, Doc, Item, Text};
use super::settings::JiraSettings;
use super::words;
use crate::ids::{EntryId, IssueKey};
use crate::lifecycle::{Entry, Request};

/// The comment property that tells which entries stand in a comment.
pub(super) const ENTRIES_PROPERTY: &str = "jitney.entries";
/// The label that all our issues have.
const LABEL: &str = "jitney";
/// Entries in one comment at most.
const ENTRIES_MOST: usize = 20;
/// Code points in one comment at most, well below Jira's own limit of 32,767.
const COMMENT_LIMIT: usize = 15_000;

/// The body that makes the issue of a request.
pub(super) fn issue(settings: &JiraSettings, request: &Request, reporter: Option<&str>) -> Value {
    let mut fields = json!({
        "project": { "key": settings.project },
        "issuetype": { "name": settings.issue_type },
        "summary": words::summary(request),
        "description": description(settings, request),
        "labels": [LABEL, settings.label(request.id)],
    });
    if let (Some(account), Some(fields)) = (reporter, fields.as_object_mut()) {
        fields.insert("reporter".to_owned(), json!({ "id": account }));
    }
    json!({ "fields": fields })
}

/// The body that makes a comment of entries.
pub(super) fn comment(entries: &[&Entry]) -> Value {
    let ids: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
    let list = Block::bullets(entries.iter().map(|entry| line(entry)).collect());
    json!({
        "body": Doc::new(list.into_iter().collect()),
        "properties": [{ "key": ENTRIES_PROPERTY, "value": { "ids": ids } }],
    })
}

/// The body that links the issue to the ticket that the requester named. The global id makes a repeat harmless.
pub(super) fn remote_link(request: &Request, ticket: &IssueKey, site: &Url) -> Value {
    json!({
        "globalId": format!("jitney={}&ticket={ticket}", request.id),
        "relationship": "was asked for because of",
        "object": { "url": browse(site, ticket), "title": ticket },
    })
}

/// Splits entries into comments, in order.
pub(super) fn batches<'a>(entries: &[&'a Entry]) -> Vec<Vec<&'a Entry>> {
    let mut batches: Vec<Vec<&Entry>> = Vec::new();
    let mut length = 0;
    for entry in entries {
        let more = words::entry_sentence(entry).chars().count()
            + words::entry_details(entry).iter().map(|line| line.chars().count()).sum::<usize>();
        match batches.last_mut() {
            Some(last) if last.len() < ENTRIES_MOST && length + more <= COMMENT_LIMIT => {
                last.push(entry);
                length += more;
            }
            Some(_) | None => {
                batches.push(vec![entry]);
                length = more;
            }
        }
    }
    batches
}

fn line(entry: &Entry) -> Item {
    let head = vec![
        Text::code(&entry.id.to_string()),
        Text::plain(" · "),
        Text::strong(&entry.at.minute_utc()),
        Text::plain(&format!(" · {}", words::entry_sentence(entry))),
    ];
    let details = words::entry_details(entry);
    Item::nested(head, details.iter().map(|line| Item::line(Text::plain(line))).collect())
}

fn description(settings: &JiraSettings, request: &Request) -> Doc {
    let texts = |values: Vec<String>| values.iter().map(|value| Text::plain(value)).collect();
    let mut rows: Vec<(&str, Vec<Text>)> =
        words::facts(request).into_iter().map(|(name, values)| (name, texts(values))).collect();
    if let Some(ticket) = &request.ask.ticket {
        let named = match &settings.link {
            Some(site) => Text::link(ticket.as_str(), &browse(site, ticket)),
            None => Text::plain(ticket.as_str()),
        };
        rows.push(("Ticket named", vec![named]));
    }
    let mut blocks: Vec<Block> = words::warning(request).iter().map(|text| Block::warning(text)).collect();
    blocks.extend(Block::facts(rows));
    blocks.push(Block::paragraph(vec![Text::plain(words::DESCRIPTION_END)]));
    Doc::new(blocks)
}

/// Where people open a ticket.
fn browse(site: &Url, ticket: &IssueKey) -> Url {
    let mut url = site.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["browse", ticket.as_str()]);
    }
    url
}
