//! Single calls of Okta's management API. A call is made once, or twice when Okta refused the token and there is
//! another: whether to make it again is decided by those who know whether it may have landed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::RngExt as _;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::answers::{Complaint, Group, GroupId, Rule, User, UserId, next_page};
use super::credentials::{Credentials, Granted, Shown};
use super::limits::{Bucket, RateLimits, Told};
use super::settings::Settings;
use super::trouble::Trouble;
use super::words::Doing;
use crate::time::{Span, Timestamp};

/// The largest answer that is read: a page of 200 users stays far below.
const ANSWER_LIMIT: usize = 8 << 20;
/// Members or rules asked for in one page; Okta recommends it.
const PAGE: &str = "200";
/// Pages read at most: 20,000 members, or the groups of one user.
const PAGES_MOST: usize = 100;
/// The longest jitter of a wait.
const JITTER_MILLIS: u64 = 1000;

/// On whose behalf calls are made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Errand {
    /// For what is signed.
    pub(super) now: Timestamp,
    /// Revocations may use the last calls of a rate limit.
    pub(super) is_revocation: bool,
}

/// What a change met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Changed {
    /// It was taken.
    Taken,
    /// The user or the group is not there.
    NoSuch,
}

/// How a user is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked<'a> {
    Id(&'a UserId),
    Login(&'a str),
}

/// What a check wants to know of an answer besides its body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) dated: Option<Timestamp>,
    pub(super) told: Told,
}

/// One Okta org, as one account.
#[derive(Debug)]
pub(super) struct Client {
    base: Url,
    time_out: Span,
    credentials: Credentials,
    /// Made at the first call: an adapter is built where there is no TLS, too.
    http: OnceCell<reqwest::Client>,
    limits: Mutex<RateLimits>,
}

struct Answer {
    headers: HeaderMap,
    body: Vec<u8>,
}

/// A call to make.
struct Wanted<'a> {
    doing: Doing,
    bucket: Bucket,
    method: Method,
    path: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
}

impl Client {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            base: settings.base_url.clone(),
            time_out: settings.call_time_out,
            credentials: Credentials::new(settings.auth.clone()),
            http: OnceCell::new(),
            limits: Mutex::default(),
        }
    }

    /// A user; none when Okta knows no such user.
    pub(super) async fn user(&self, errand: Errand, asked: Asked<'_>) -> Result<Option<User>, Trouble> {
        let name = match asked {
            Asked::Id(id) => id.as_str(),
            Asked::Login(login) => login,
        };
        let path = ["api", "v1", "users", name];
        there(self.get(errand, Doing::ReadUser, Bucket::User, &path, &[]).await.map(|(user, _)| user))
    }

    /// Every group of a user; none when Okta knows no such user.
    pub(super) async fn groups_of(
        &self,
        errand: Errand,
        user: &UserId,
    ) -> Result<Option<Vec<Group>>, Trouble> {
        let path = ["api", "v1", "users", user.as_str(), "groups"];
        there(self.pages(errand, Doing::ReadGroups, Bucket::OfUser, &path, &[]).await)
    }

    /// A group; none when it is not there.
    pub(super) async fn group(&self, errand: Errand, group: &GroupId) -> Result<Option<Group>, Trouble> {
        let path = ["api", "v1", "groups", group.as_str()];
        there(self.get(errand, Doing::ReadGroup, Bucket::Groups, &path, &[]).await.map(|(group, _)| group))
    }

    /// Every member of a group; none when the group is not there.
    pub(super) async fn members(
        &self,
        errand: Errand,
        group: &GroupId,
    ) -> Result<Option<Vec<User>>, Trouble> {
        let path = ["api", "v1", "groups", group.as_str(), "users"];
        there(self.pages(errand, Doing::ReadMembers, Bucket::Groups, &path, &[("limit", PAGE)]).await)
    }

    /// Every group rule.
    pub(super) async fn rules(&self, errand: Errand) -> Result<Vec<Rule>, Trouble> {
        let path = ["api", "v1", "groups", "rules"];
        self.pages(errand, Doing::ReadRules, Bucket::Groups, &path, &[("limit", PAGE)]).await
    }

    /// One group, whichever: to see that groups can be read.
    pub(super) async fn any_group(&self, errand: Errand) -> Result<Seen, Trouble> {
        let path = ["api", "v1", "groups"];
        let asked =
            self.get::<Vec<Group>>(errand, Doing::ReadGroup, Bucket::Groups, &path, &[("limit", "1")]);
        asked.await.map(|(_, seen)| seen)
    }

    /// One user, whichever: to see that users can be read.
    pub(super) async fn any_user(&self, errand: Errand) -> Result<(), Trouble> {
        let path = ["api", "v1", "users"];
        self.get::<Vec<User>>(errand, Doing::ReadUser, Bucket::User, &path, &[("limit", "1")]).await.map(drop)
    }

    /// The admin whose API token we use.
    pub(super) async fn me(&self, errand: Errand) -> Result<User, Trouble> {
        let path = ["api", "v1", "users", "me"];
        self.get(errand, Doing::ReadUser, Bucket::User, &path, &[]).await.map(|(user, _)| user)
    }

    /// What an app's token may do; none for an API token.
    pub(super) async fn scopes(&self, errand: Errand) -> Result<Vec<String>, Trouble> {
        Ok(self.credentials.shown(self, errand, None).await?.scopes.clone())
    }

    /// Makes a user a member.
    pub(super) async fn add(
        &self,
        errand: Errand,
        group: &GroupId,
        user: &UserId,
    ) -> Result<Changed, Trouble> {
        let path = ["api", "v1", "groups", group.as_str(), "users", user.as_str()];
        self.change(errand, Doing::Add, Bucket::Groups, Method::PUT, &path, &[]).await
    }

    /// Ends a user's membership.
    pub(super) async fn remove(
        &self,
        errand: Errand,
        group: &GroupId,
        user: &UserId,
    ) -> Result<Changed, Trouble> {
        let path = ["api", "v1", "groups", group.as_str(), "users", user.as_str()];
        self.change(errand, Doing::Remove, Bucket::Groups, Method::DELETE, &path, &[]).await
    }

    /// Signs a user out of Okta and takes the tokens that apps were given; remembered devices stay.
    pub(super) async fn end_sessions(&self, errand: Errand, user: &UserId) -> Result<Changed, Trouble> {
        let path = ["api", "v1", "users", user.as_str(), "sessions"];
        let query = [("oauthTokens", "true"), ("forgetDevices", "false")];
        self.change(errand, Doing::EndSessions, Bucket::OfUser, Method::DELETE, &path, &query).await
    }

    /// Trades a signed form for an access token.
    pub(super) async fn token(&self, errand: Errand, url: Url, form: String) -> Result<Granted, Trouble> {
        let request =
            self.http().await?.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        let answer = self.send(errand, Doing::GetToken, Bucket::Token, request).await?;
        read(Doing::GetToken, &answer.body)
    }

    /// An address of the org.
    pub(super) fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        // The settings take no address that can't have a path.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    async fn get<T: DeserializeOwned>(
        &self,
        errand: Errand,
        doing: Doing,
        bucket: Bucket,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<(T, Seen), Trouble> {
        let answer = self.call(errand, &Wanted { doing, bucket, method: Method::GET, path, query }).await?;
        let dated = answer.headers.get(DATE).and_then(|date| date.to_str().ok());
        let seen =
            Seen { dated: dated.and_then(Timestamp::from_http_date), told: Told::read(&answer.headers) };
        Ok((read(doing, &answer.body)?, seen))
    }

    async fn pages<T: DeserializeOwned>(
        &self,
        errand: Errand,
        doing: Doing,
        bucket: Bucket,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Vec<T>, Trouble> {
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..PAGES_MOST {
            let mut query = query.to_vec();
            query.extend(after.as_deref().map(|after| ("after", after)));
            let wanted = Wanted { doing, bucket, method: Method::GET, path, query: &query };
            let answer = self.call(errand, &wanted).await?;
            all.extend(read::<Vec<T>>(doing, &answer.body)?);
            after = next_page(&answer.headers);
            if after.is_none() {
                return Ok(all);
            }
        }
        // A list that is cut off proves nothing.
        Err(Trouble::Unknown { doing, error: format!("over {PAGES_MOST} pages") })
    }

    async fn change(
        &self,
        errand: Errand,
        doing: Doing,
        bucket: Bucket,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Changed, Trouble> {
        let changed = self.call(errand, &Wanted { doing, bucket, method, path, query }).await;
        Ok(there(changed)?.map_or(Changed::NoSuch, |_| Changed::Taken))
    }

    /// Makes a call, and once more with other credentials when Okta does not take those that it was shown.
    async fn call(&self, errand: Errand, wanted: &Wanted<'_>) -> Result<Answer, Trouble> {
        let shown = self.credentials.shown(self, errand, None).await?;
        match self.call_as(errand, wanted, &shown).await {
            Err(refusal @ Trouble::Refused { status: 401, .. }) => {
                let other = self.credentials.shown(self, errand, Some(&shown)).await?;
                if other.header.expose_secret() == shown.header.expose_secret() {
                    return Err(refusal);
                }
                self.call_as(errand, wanted, &other).await
            }
            answer => answer,
        }
    }

    async fn call_as(
        &self,
        errand: Errand,
        wanted: &Wanted<'_>,
        shown: &Arc<Shown>,
    ) -> Result<Answer, Trouble> {
        let mut header = HeaderValue::from_str(shown.header.expose_secret())
            .map_err(|_| Trouble::Unready(super::words::ODD_TOKEN.to_owned()))?;
        header.set_sensitive(true);
        let request = self
            .http()
            .await?
            .request(wanted.method.clone(), self.url(wanted.path, wanted.query))
            .header(AUTHORIZATION, header)
            .header("Accept", "application/json");
        self.send(errand, wanted.doing, wanted.bucket, request).await
    }

    async fn send(
        &self,
        errand: Errand,
        doing: Doing,
        bucket: Bucket,
        request: reqwest::RequestBuilder,
    ) -> Result<Answer, Trouble> {
        if let Some(wait) = self.limits().wait(bucket, Instant::now(), errand.is_revocation) {
            return Err(Trouble::Busy { doing, wait: span(wait) });
        }
        let lost = |error: reqwest::Error| {
            let is_unreached = error.is_connect() || error.is_builder();
            let error = chain(&error.without_url());
            if is_unreached { Trouble::Unreached { doing, error } } else { Trouble::Unknown { doing, error } }
        };
        let mut response = request.send().await.map_err(lost)?;
        let status = response.status().as_u16();
        let told = Told::read(response.headers());
        let jitter = Duration::from_millis(rand::rng().random_range(0..JITTER_MILLIS));
        let wait = self.limits().heard(bucket, Instant::now(), told, status == 429, jitter);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if body.len() + chunk.len() > ANSWER_LIMIT {
                return Err(Trouble::Unknown { doing, error: format!("over {ANSWER_LIMIT} bytes") });
            }
            body.extend_from_slice(&chunk);
        }
        match (status, wait) {
            (200..=299, _) => Ok(Answer { headers: response.headers().clone(), body }),
            (_, Some(wait)) => Err(Trouble::Busy { doing, wait: span(wait) }),
            // Whether the call landed before the server or a gateway gave up, nobody knows.
            (500..=599, None) => Err(Trouble::Unknown { doing, error: format!("status {status}") }),
            (status, None) => Err(Trouble::Refused { doing, status, complaint: Complaint::read(&body) }),
        }
    }

    async fn http(&self) -> Result<&reqwest::Client, Trouble> {
        self.http.get_or_try_init(|| async { http(self.time_out) }).await
    }

    fn limits(&self) -> std::sync::MutexGuard<'_, RateLimits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn http(time_out: Span) -> Result<reqwest::Client, Trouble> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        return Err(Trouble::Unready(super::words::NO_TLS.to_owned()));
    }
    reqwest::Client::builder()
        .user_agent(concat!("jitney/", env!("CARGO_PKG_VERSION")))
        .timeout(time_out.duration())
        .connect_timeout(time_out.duration())
        // A redirect would send the token to another address.
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .build()
        .map_err(|error| Trouble::Unready(super::words::no_client(&error.to_string())))
}

/// Takes Okta's own "not found" for an answer. A 404 of somebody else stays trouble.
fn there<T>(answer: Result<T, Trouble>) -> Result<Option<T>, Trouble> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(Trouble::Refused { status: 404, complaint, .. }) if complaint.is_not_found() => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

fn read<T: DeserializeOwned>(doing: Doing, body: &[u8]) -> Result<T, Trouble> {
    serde_json::from_slice(body).map_err(|error| {
        // The text of serde's error may quote the body.
        let error =
            format!("not the JSON that was expected, at line {}, column {}", error.line(), error.column());
        Trouble::Unknown { doing, error }
    })
}

/// Rounded up to whole seconds, so that nobody is back too early.
fn span(wait: Duration) -> Span {
    Span::secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
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
