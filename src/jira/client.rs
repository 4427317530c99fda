//! Single calls of Jira Cloud's REST API, version 3. A call is made once: whether to make it again is decided by
//! those who know whether it may have landed.
//! The API: <https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/>.

use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thiserror::Error;

use super::answers::{
    Account, Comment, Comments, Complaint, Created, Found, Issue, Made, NamedFields, NamedIssue, Transitions,
    Way,
};
use super::settings::JiraSettings;
use super::words::{Doing, jira_said_no};
use crate::ids::IssueKey;
use crate::time::{Span, Timestamp};

/// The largest answer that is read: a page of comments at their longest stays below.
const ANSWER_LIMIT: usize = 8 << 20;
/// Comments asked for in one page.
const PAGE: usize = 50;
/// Pages read at most; Jira keeps 5000 comments on an issue.
const PAGES_MOST: usize = 100;
/// The longest wait that Jira may ask us for.
const WAIT_MOST: Span = Span::hours(1);

/// Why the edge can't be set up.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JiraSetupError {
    /// An API token must not travel in the clear.
    #[error(
        "the base address of jira must begin with https:// (http:// only for this machine itself): `{0}`"
    )]
    Insecure(String),
    /// The process has no TLS.
    #[error("no TLS provider is installed; install rustls's ring provider when the process starts")]
    NoTls,
    /// The HTTP client can't be made.
    #[error("the HTTP client for jira can't be made: {0}")]
    Client(String),
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Trouble {
    /// Nothing was sent.
    #[error("jira can't be reached to {doing}: {error}", doing = doing.as_str())]
    Unreached { doing: Doing, error: String },
    /// No answer, or one that tells nothing: what was asked may have been done.
    #[error("jira gave no usable answer when asked to {doing}: {error}", doing = doing.as_str())]
    Unknown { doing: Doing, error: String },
    /// Not done; later.
    #[error("jira asked to wait before we {doing} ({reason})", doing = doing.as_str())]
    Busy { doing: Doing, after: Option<Span>, reason: String },
    /// Not done, and why.
    #[error("{}", jira_said_no(*status, *doing, &complaint.text()))]
    Refused { doing: Doing, status: u16, complaint: Complaint },
}

/// What came back of a call that was done.
struct Answer {
    body: Vec<u8>,
    /// When, by Jira's clock.
    dated: Option<Timestamp>,
}

/// One account on one Jira site.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    email: String,
    token: SecretString,
}

impl Client {
    pub(super) fn new(settings: &JiraSettings) -> Result<Self, JiraSetupError> {
        let base = settings.base_url.clone();
        if !is_safe(&base) {
            return Err(JiraSetupError::Insecure(base.to_string()));
        }
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(JiraSetupError::NoTls);
        }
        let http = reqwest::Client::builder()
            .user_agent(concat!("jitney/", env!("CARGO_PKG_VERSION")))
            .timeout(settings.timeout.duration())
            .connect_timeout(settings.timeout.duration())
            // A redirect of a POST would repeat it, or drop its body.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .map_err(|error| JiraSetupError::Client(error.to_string()))?;
        Ok(Self { http, base, email: settings.email.clone(), token: settings.token.clone() })
    }

    /// Our own account id.
    pub(super) async fn myself(&self) -> Result<String, Trouble> {
        let me: Account = self.get(Doing::LookingUp, &["myself"], &[]).await?;
        if me.account_id.is_empty() {
            let error = "our own account has no id".to_owned();
            return Err(Trouble::Unknown { doing: Doing::LookingUp, error });
        }
        Ok(me.account_id)
    }

    /// The account with this e-mail address. Jira hides addresses by default, so a lone answer without one is
    /// taken too: the search is by address.
    pub(super) async fn account_by_email(&self, email: &str) -> Result<Option<String>, Trouble> {
        let query = [("query", email), ("maxResults", "10")];
        let found: Vec<Account> = self.get(Doing::LookingUp, &["user", "search"], &query).await?;
        let mut people = found.into_iter().filter(|a| a.active && a.account_type != "app");
        let (Some(first), rest) = (people.next(), people.collect::<Vec<_>>()) else { return Ok(None) };
        let hidden_and_alone = rest.is_empty() && first.email_address.is_empty();
        let exact = |a: &Account| a.email_address.eq_ignore_ascii_case(email);
        let account = std::iter::once(first).chain(rest).find(|a| exact(a) || hidden_and_alone);
        Ok(account.map(|a| a.account_id))
    }

    /// Makes an issue.
    pub(super) async fn create(&self, body: &Value) -> Result<IssueKey, Trouble> {
        let created: Created = self.post(Doing::Opening, &["issue"], body).await?;
        // The issue stands, but we do not know where: found again by its label.
        parse_key(Doing::Opening, &created.key)
    }

    /// Our issues with this label, the oldest first. `by` made them: anybody may write a label.
    pub(super) async fn labelled(&self, label: &str, by: &str) -> Result<Vec<IssueKey>, Trouble> {
        let mut found = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..PAGES_MOST {
            let mut body = json!({
                "jql": format!("labels = \"{label}\" ORDER BY created ASC"),
                "fields": ["key", "creator"],
                "maxResults": PAGE,
            });
            if let (Some(token), Some(body)) = (&next, body.as_object_mut()) {
                body.insert("nextPageToken".to_owned(), json!(token));
            }
            let page: Found = self.post(Doing::Searching, &["search", "jql"], &body).await?;
            for issue in page.issues.into_iter().filter(|issue| issue.fields.creator.account_id == by) {
                found.push(parse_key(Doing::Searching, &issue.key)?);
            }
            next = page.next_page_token;
            if next.is_none() || page.is_last {
                break;
            }
        }
        Ok(found)
    }

    /// Comments on an issue; the answer is its id.
    pub(super) async fn comment(&self, issue: &IssueKey, body: &Value) -> Result<String, Trouble> {
        let made: Made = self.post(Doing::Commenting, &["issue", issue.as_str(), "comment"], body).await?;
        Ok(made.id)
    }

    /// All comments, the newest first.
    pub(super) async fn comments(&self, issue: &IssueKey) -> Result<Vec<Comment>, Trouble> {
        let mut comments = Vec::new();
        let size = PAGE.to_string();
        for _ in 0..PAGES_MOST {
            let start = comments.len().to_string();
            let query = [
                ("startAt", start.as_str()),
                ("maxResults", size.as_str()),
                ("orderBy", "-created"),
                ("expand", "properties"),
            ];
            let page: Comments =
                self.get(Doing::Listing, &["issue", issue.as_str(), "comment"], &query).await?;
            let last = page.comments.is_empty();
            comments.extend(page.comments.into_iter().map(Comment::from));
            if last || comments.len() >= page.total {
                break;
            }
        }
        Ok(comments)
    }

    /// Deletes a comment; one that is gone already is fine.
    pub(super) async fn delete_comment(&self, issue: &IssueKey, id: &str) -> Result<(), Trouble> {
        let path = ["issue", issue.as_str(), "comment", id];
        match self.call(Doing::Deleting, Method::DELETE, &path, &[], None).await {
            Ok(_) | Err(Trouble::Refused { status: 404, .. }) => Ok(()),
            Err(trouble) => Err(trouble),
        }
    }

    /// The status that an issue is in.
    pub(super) async fn status(&self, issue: &IssueKey) -> Result<String, Trouble> {
        let path = ["issue", issue.as_str()];
        let issue: Issue = self.get(Doing::Moving, &path, &[("fields", "status")]).await?;
        Ok(issue.fields.status.name)
    }

    /// An issue that somebody named; none when there is none that our account may see.
    pub(super) async fn named(&self, issue: &IssueKey) -> Result<Option<NamedFields>, Trouble> {
        let path = ["issue", issue.as_str()];
        let query = [("fields", "summary,status,labels,reporter,assignee,creator")];
        match self.get::<NamedIssue>(Doing::LookingAt, &path, &query).await {
            Ok(issue) => Ok(Some(issue.fields)),
            // Jira tells the two apart to nobody.
            Err(Trouble::Refused { status: 404, .. }) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// The ways out of the present status. An account that may not move the issue sees none.
    pub(super) async fn ways(&self, issue: &IssueKey) -> Result<Vec<Way>, Trouble> {
        let path = ["issue", issue.as_str(), "transitions"];
        let ways: Transitions = self.get(Doing::Moving, &path, &[]).await?;
        Ok(ways.transitions.into_iter().map(|t| Way { id: t.id, to: t.to.name }).collect())
    }

    /// Moves an issue.
    pub(super) async fn take(&self, issue: &IssueKey, way: &Way) -> Result<(), Trouble> {
        let path = ["issue", issue.as_str(), "transitions"];
        let body = json!({ "transition": { "id": way.id } });
        self.call(Doing::Moving, Method::POST, &path, &[], Some(&body)).await.map(drop)
    }

    /// Makes or updates a remote link.
    pub(super) async fn remote_link(&self, issue: &IssueKey, body: &Value) -> Result<(), Trouble> {
        let path = ["issue", issue.as_str(), "remotelink"];
        self.call(Doing::Linking, Method::POST, &path, &[], Some(body)).await.map(drop)
    }

    async fn get<T: DeserializeOwned>(
        &self,
        doing: Doing,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, Trouble> {
        read(doing, &self.call(doing, Method::GET, path, query, None).await?)
    }

    async fn post<T: DeserializeOwned>(
        &self,
        doing: Doing,
        path: &[&str],
        body: &Value,
    ) -> Result<T, Trouble> {
        read(doing, &self.call(doing, Method::POST, path, &[], Some(body)).await?)
    }

    /// Reads, and says when Jira dated its answer.
    pub(super) async fn get_dated<T: DeserializeOwned>(
        &self,
        doing: Doing,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<(T, Option<Timestamp>), Trouble> {
        let answer = self.call(doing, Method::GET, path, query, None).await?;
        Ok((read(doing, &answer)?, answer.dated))
    }

    async fn call(
        &self,
        doing: Doing,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, Trouble> {
        let mut request = self
            .http
            .request(method, self.url(path, query))
            .basic_auth(&self.email, Some(self.token.expose_secret()))
            .header("Accept", "application/json");
        if let Some(body) = body {
            request = request.json(body);
        }
        let lost = |error: reqwest::Error| {
            let unreached = error.is_connect() || error.is_builder();
            let error = chain(&error.without_url());
            if unreached { Trouble::Unreached { doing, error } } else { Trouble::Unknown { doing, error } }
        };
        let mut response = request.send().await.map_err(lost)?;
        let status = response.status().as_u16();
        let (after, reason) = (seconds(&response, "Retry-After"), header(&response, "RateLimit-Reason"));
        let dated = header(&response, "Date").and_then(|date| Timestamp::from_http_date(&date));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if body.len() + chunk.len() > ANSWER_LIMIT {
                return Err(Trouble::Unknown { doing, error: format!("over {ANSWER_LIMIT} bytes") });
            }
            body.extend_from_slice(&chunk);
        }
        match status {
            200..=299 => Ok(Answer { body, dated }),
            429 => {
                let reason = reason.unwrap_or_else(|| "429".to_owned());
                Err(Trouble::Busy { doing, after, reason })
            }
            // Whether the call landed before the server or a gateway gave up, nobody knows.
            500..=599 => Err(Trouble::Unknown { doing, error: format!("status {status}") }),
            status => {
                let complaint = serde_json::from_slice(&body).unwrap_or_default();
                Err(Trouble::Refused { doing, status, complaint })
            }
        }
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        // Refused at the start when the address can't have a path.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["rest", "api", "3"]).extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

fn is_safe(base: &Url) -> bool {
    let host = base.host_str().unwrap_or_default();
    let this_machine = host == "localhost"
        || host == "[::1]"
        || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    base.scheme() == "https" || (base.scheme() == "http" && this_machine)
}

fn read<T: DeserializeOwned>(doing: Doing, answer: &Answer) -> Result<T, Trouble> {
    serde_json::from_slice(&answer.body).map_err(|error| Trouble::Unknown { doing, error: error.to_string() })
}

fn parse_key(doing: Doing, key: &str) -> Result<IssueKey, Trouble> {
    IssueKey::new(key).map_err(|error| Trouble::Unknown { doing, error: error.to_string() })
}

fn header(response: &reqwest::Response, name: &str) -> Option<String> {
    let value = response.headers().get(name)?.to_str().ok()?;
    Some(value.chars().take(80).collect())
}

fn seconds(response: &reqwest::Response, name: &str) -> Option<Span> {
    let secs: u64 = header(response, name)?.trim().parse().ok()?;
    Some(Span::secs(secs.min(WAIT_MOST.as_secs())))
}

/// An error with what caused it: reqwest's own text names neither.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text.chars().take(300).collect()
}
