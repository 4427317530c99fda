//! Which call is meant, and what the site answers to it, in Atlassian's shapes.

use hyper::Method;
use serde_json::{Map, Value, json};

use super::LocalCall;
use super::site::{Issue, NewComment, Refusal, Site};

/// A page of search results or comments at most.
const PAGE_MOST: usize = 100;

/// What is sent back.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Option<Value>,
    pub(super) headers: Vec<(&'static str, &'static str)>,
}

impl Answer {
    fn json(status: u16, body: Value) -> Self {
        Self { status, body: Some(body), headers: Vec::new() }
    }

    fn empty(status: u16) -> Self {
        Self { status, body: None, headers: Vec::new() }
    }

    pub(super) fn error(status: u16, message: &str) -> Self {
        Self::json(status, json!({ "errorMessages": [message], "errors": {} }))
    }

    pub(super) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoSuchIssue => {
                Self::error(404, "Issue does not exist or you do not have permission to see it.")
            }
            Refusal::NoSuchProject(key) => {
                Self::error(404, &format!("No project could be found with key '{key}'."))
            }
            Refusal::NoSuchComment => Self::error(404, "Can not find a comment for the id."),
            Refusal::Bad(message) => Self::error(400, &message),
            Refusal::Fields(errors) => Self::json(400, json!({ "errorMessages": [], "errors": errors })),
        }
    }
}

/// The path after `/rest/api/3`, split. Nothing in it needs to be decoded: keys, ids and words.
pub(super) fn segments(path: &str) -> Vec<String> {
    path.strip_prefix("/rest/api/3/").unwrap_or_default().split('/').map(str::to_owned).collect()
}

/// The call that a method and a path mean.
pub(super) fn call(method: &Method, segments: &[&str]) -> LocalCall {
    match (method.as_str(), segments) {
        ("POST", ["issue"]) => LocalCall::MakeIssue,
        ("GET", ["issue", _]) => LocalCall::ReadIssue,
        ("GET", ["issue", _, "comment"]) => LocalCall::ListComments,
        ("POST", ["issue", _, "comment"]) => LocalCall::AddComment,
        ("GET", ["issue", _, "comment", _]) => LocalCall::ReadComment,
        ("PUT", ["issue", _, "comment", _]) => LocalCall::EditComment,
        ("DELETE", ["issue", _, "comment", _]) => LocalCall::DeleteComment,
        ("GET", ["issue", _, "transitions"]) => LocalCall::ListTransitions,
        ("POST", ["issue", _, "transitions"]) => LocalCall::Transition,
        ("GET", ["issue", _, "remotelink"]) => LocalCall::ListLinks,
        ("POST", ["issue", _, "remotelink"]) => LocalCall::Link,
        ("POST", ["search", "jql"]) => LocalCall::Search,
        ("GET", ["user", "search"]) => LocalCall::FindUsers,
        ("GET", ["myself"]) => LocalCall::Myself,
        ("GET", ["mypermissions"]) => LocalCall::MyPermissions,
        ("GET", ["project", _, "statuses"]) => LocalCall::ProjectStatuses,
        ("GET", ["serverInfo"]) => LocalCall::ServerInfo,
        ("GET" | "POST", ["search"]) => LocalCall::OldSearch,
        _ => LocalCall::Unknown,
    }
}

/// What the site answers.
pub(super) fn answer(
    site: &mut Site,
    call: LocalCall,
    segments: &[String],
    path: &str,
    body: Option<&Value>,
) -> Answer {
    let key = segments.get(1).map_or("", String::as_str);
    let id = segments.get(3).map_or("", String::as_str);
    let query = Query::of(path);
    let outcome = match call {
        LocalCall::MakeIssue => make_issue(site, body),
        LocalCall::ReadIssue => {
            let wanted = query.get("fields").map(|fields| fields.split(',').map(str::to_owned).collect());
            site.issue(key).map(|issue| Answer::json(200, issue_json(site, issue, wanted)))
        }
        LocalCall::ListComments => list_comments(site, key, &query),
        LocalCall::AddComment => comment_body(body).and_then(|new| {
            let id = site.comment(key, new)?;
            site.comment_json(key, &id, query.expands("properties")).map(|comment| Answer::json(201, comment))
        }),
        LocalCall::ReadComment => {
            site.comment_json(key, id, query.expands("properties")).map(|comment| Answer::json(200, comment))
        }
        LocalCall::EditComment => comment_body(body).and_then(|new| {
            site.edit_comment(key, id, new)?;
            site.comment_json(key, id, query.expands("properties")).map(|comment| Answer::json(200, comment))
        }),
        LocalCall::DeleteComment => site.delete_comment(key, id).map(|()| Answer::empty(204)),
        LocalCall::ListTransitions => site
            .transitions_json(key)
            .map(|ways| Answer::json(200, json!({ "expand": "transitions", "transitions": ways }))),
        LocalCall::Transition => transition(site, key, body),
        LocalCall::ListLinks => site.issue(key).map(|issue| Answer::json(200, issue.links_json())),
        LocalCall::Link => link(site, key, body),
        LocalCall::Search => search(site, body),
        LocalCall::FindUsers => Ok(find_users(site, &query)),
        LocalCall::Myself => Ok(Answer::json(200, site.myself())),
        LocalCall::MyPermissions => my_permissions(site, &query),
        LocalCall::ProjectStatuses => {
            site.visible(key).map(|()| Answer::json(200, site.project_statuses_json()))
        }
        LocalCall::ServerInfo => Ok(Answer::json(
            200,
            json!({
                "baseUrl": site.base(), "version": "1001.0.0-SNAPSHOT", "versionNumbers": [1001, 0, 0],
                "deploymentType": "Cloud", "serverTitle": "Local Jira",
            }),
        )),
        LocalCall::OldSearch => Ok(Answer::error(
            410,
            "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.",
        )),
        LocalCall::Unknown => Ok(Answer::error(404, "No such resource.")),
    };
    outcome.unwrap_or_else(Answer::from)
}

fn make_issue(site: &mut Site, body: Option<&Value>) -> Result<Answer, Refusal> {
    let body = keys(body, &["fields", "update", "properties", "historyMetadata", "transition"])?;
    let fields = body
        .get("fields")
        .and_then(Value::as_object)
        .ok_or_else(|| Refusal::Bad("Invalid request payload: `fields` must be an object.".to_owned()))?;
    let (id, key) = site.make_issue(fields)?;
    let url = format!("{}/rest/api/3/issue/{id}", site.base());
    Ok(Answer::json(201, json!({ "id": id, "key": key, "self": url })))
}

fn list_comments(site: &Site, key: &str, query: &Query) -> Result<Answer, Refusal> {
    let mut ids = site.comment_ids(key)?;
    match query.get("orderBy") {
        None | Some("created" | "+created") => {}
        Some("-created") => ids.reverse(),
        Some(other) => return Err(Refusal::Bad(format!("The order by value '{other}' is not supported."))),
    }
    let (start, most) = (query.number("startAt", 0)?, query.number("maxResults", PAGE_MOST)?.min(PAGE_MOST));
    let page: Result<Vec<Value>, Refusal> = ids
        .iter()
        .skip(start)
        .take(most)
        .map(|id| site.comment_json(key, id, query.expands("properties")))
        .collect();
    let total = ids.len();
    Ok(Answer::json(200, json!({ "startAt": start, "maxResults": most, "total": total, "comments": page? })))
}

fn comment_body(body: Option<&Value>) -> Result<NewComment, Refusal> {
    let body = keys(body, &["body", "properties", "visibility", "jsdPublic"])?;
    let document = body.get("body").cloned().unwrap_or_default();
    let mut properties = Vec::new();
    let given = body.get("properties").map_or(Ok(&[][..]), |list| {
        list.as_array()
            .map(Vec::as_slice)
            .ok_or_else(|| Refusal::Bad("`properties` must be a list.".to_owned()))
    })?;
    for property in given {
        let property = keys(Some(property), &["key", "value"])?;
        let key = property.get("key").and_then(Value::as_str);
        let (Some(key), Some(value)) = (key, property.get("value")) else {
            return Err(Refusal::Bad("A property has a key and a value.".to_owned()));
        };
        properties.push((key.to_owned(), value.clone()));
    }
    Ok(NewComment { document, properties })
}

fn transition(site: &mut Site, key: &str, body: Option<&Value>) -> Result<Answer, Refusal> {
    let body = keys(body, &["transition", "fields", "update", "historyMetadata", "properties"])?;
    let Some(id) = body.get("transition").and_then(|transition| transition.get("id")) else {
        return Err(Refusal::Bad("Missing 'transition' identifier".to_owned()));
    };
    let Some(id) = id.as_str() else {
        return Err(Refusal::Bad("Invalid request payload: `transition.id` must be a string.".to_owned()));
    };
    site.transition(key, id)?;
    Ok(Answer::empty(204))
}

fn link(site: &mut Site, key: &str, body: Option<&Value>) -> Result<Answer, Refusal> {
    let body = keys(body, &["globalId", "application", "relationship", "object"])?;
    let text = |pointer: &str| {
        let object = body.get("object").and_then(|object| object.get(pointer));
        object.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let (Some(url), Some(title)) = (text("url"), text("title")) else {
        let errors = [("title", "'title' is required."), ("url", "'url' is required.")];
        return Err(Refusal::fields(&errors));
    };
    let global = body.get("globalId").and_then(Value::as_str).map(str::to_owned);
    let (id, new) = site.link(key, global, url, title)?;
    let url = format!("{}/rest/api/3/issue/{key}/remotelink/{id}", site.base());
    Ok(Answer::json(if new { 201 } else { 200 }, json!({ "id": id, "self": url })))
}

fn search(site: &Site, body: Option<&Value>) -> Result<Answer, Refusal> {
    let known = [
        "jql",
        "fields",
        "maxResults",
        "nextPageToken",
        "expand",
        "fieldsByKeys",
        "properties",
        "reconcileIssues",
    ];
    let body = keys(body, &known)?;
    let jql = body.get("jql").and_then(Value::as_str).unwrap_or_default();
    let found = site.search(jql)?;
    let start = match body.get("nextPageToken").and_then(Value::as_str) {
        None => 0,
        Some(token) => token
            .strip_prefix("after-")
            .and_then(|n| n.parse::<usize>().ok())
            .ok_or_else(|| Refusal::Bad("The nextPageToken is invalid.".to_owned()))?,
    };
    let most = body.get("maxResults").and_then(Value::as_u64).unwrap_or(50);
    let most = usize::try_from(most).unwrap_or(PAGE_MOST).clamp(1, PAGE_MOST);
    let wanted: Option<Vec<String>> = body
        .get("fields")
        .and_then(Value::as_array)
        .map(|fields| fields.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    let page = found.iter().skip(start).take(most);
    let issues: Vec<Value> = match wanted {
        // Without `fields` the new search tells ids alone.
        None => page.map(|issue| json!({ "id": issue.id })).collect(),
        Some(wanted) => page.map(|issue| issue_json(site, issue, Some(wanted.clone()))).collect(),
    };
    let next = start + issues.len();
    let mut answer = json!({ "issues": issues, "isLast": next >= found.len() });
    if let (true, Some(answer)) = (next < found.len(), answer.as_object_mut()) {
        answer.insert("nextPageToken".to_owned(), json!(format!("after-{next}")));
    }
    Ok(Answer::json(200, answer))
}

fn my_permissions(site: &Site, query: &Query) -> Result<Answer, Refusal> {
    let asked = query.get("permissions").unwrap_or_default();
    if asked.is_empty() {
        return Err(Refusal::Bad("The 'permissions' query parameter is required.".to_owned()));
    }
    if let Some(project) = query.get("projectKey") {
        site.visible(project)?;
    }
    let mut permissions = Map::new();
    for key in asked.split(',') {
        let permission = site
            .permission_json(key)
            .ok_or_else(|| Refusal::Bad(format!("Unrecognized permission: {key}")))?;
        permissions.insert(key.to_owned(), permission);
    }
    Ok(Answer::json(200, json!({ "permissions": permissions })))
}

fn find_users(site: &Site, query: &Query) -> Answer {
    match query.get("query") {
        Some(_) if site.lacks("USER_PICKER") => Answer::json(200, json!([])),
        Some(text) if !text.is_empty() => Answer::json(200, Value::Array(site.find_users(text))),
        Some(_) | None => Answer::error(400, "One of the parameters query, accountId or property is needed."),
    }
}

fn issue_json(site: &Site, issue: &Issue, wanted: Option<Vec<String>>) -> Value {
    let mut fields = issue.fields_json(site);
    if let (Some(wanted), Some(fields)) = (wanted, fields.as_object_mut())
        && !wanted.iter().any(|field| field == "*all" || field == "*navigable")
    {
        fields.retain(|field, _| wanted.iter().any(|name| name == field));
    }
    let url = format!("{}/rest/api/3/issue/{}", site.base(), issue.id);
    json!({ "id": issue.id, "key": issue.key, "self": url, "fields": fields })
}

/// The object, if it has no other keys than these.
fn keys<'a>(body: Option<&'a Value>, known: &[&str]) -> Result<&'a Map<String, Value>, Refusal> {
    let body = body
        .and_then(Value::as_object)
        .ok_or_else(|| Refusal::Bad("Invalid request payload: an object is expected.".to_owned()))?;
    match body.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(Refusal::Bad(format!("Invalid request payload: `{key}` is unknown."))),
        None => Ok(body),
    }
}

/// The part of an address after the question mark.
struct Query(Vec<(String, String)>);

impl Query {
    fn of(path: &str) -> Self {
        let url = reqwest::Url::parse(&format!("http://local{path}"));
        let pairs = |url: reqwest::Url| url.query_pairs().into_owned().collect();
        Self(url.map(pairs).unwrap_or_default())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str, otherwise: usize) -> Result<usize, Refusal> {
        let bad = |_| Refusal::Bad(format!("`{name}` must be a number."));
        self.get(name).map_or(Ok(otherwise), |text| text.parse().map_err(bad))
    }

    fn expands(&self, what: &str) -> bool {
        self.get("expand").is_some_and(|expand| expand.split(',').any(|word| word == what))
    }
}
