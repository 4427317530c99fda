//! One HTTP exchange: who asks, what for, what goes wrong on purpose.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use secrecy::ExposeSecret;
use serde_json::Value;
use subtle::ConstantTimeEq;
use thiserror::Error;
use tokio::net::TcpListener;

use super::routes::{self, Answer};
use super::{Fault, Shared};

/// The largest request body.
const BODY_LIMIT: usize = 1 << 20;
/// What a rate-limited client is asked to wait, in seconds.
const RETRY_AFTER_SECS: &str = "7";

/// A kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LocalCall {
    /// `POST /issue`
    MakeIssue,
    /// `GET /issue/{key}`
    ReadIssue,
    /// `GET /issue/{key}/comment`
    ListComments,
    /// `POST /issue/{key}/comment`
    AddComment,
    /// `GET /issue/{key}/comment/{id}`
    ReadComment,
    /// `PUT /issue/{key}/comment/{id}`
    EditComment,
    /// `DELETE /issue/{key}/comment/{id}`
    DeleteComment,
    /// `GET /issue/{key}/transitions`
    ListTransitions,
    /// `POST /issue/{key}/transitions`
    Transition,
    /// `GET /issue/{key}/remotelink`
    ListLinks,
    /// `POST /issue/{key}/remotelink`
    Link,
    /// `POST /search/jql`
    Search,
    /// `GET /user/search`
    FindUsers,
    /// `GET /myself`
    Myself,
    /// `GET /mypermissions`
    MyPermissions,
    /// `GET /project/{key}/statuses`
    ProjectStatuses,
    /// `GET /serverInfo`
    ServerInfo,
    /// `/search`, which Atlassian took away
    OldSearch,
    /// Anything else.
    Unknown,
}

/// A call as it went.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// Its kind.
    pub call: LocalCall,
    /// The path with its query.
    pub path: String,
    /// The body, if it was JSON.
    pub body: Option<Value>,
    /// The status; none when the connection was closed without one.
    pub status: Option<u16>,
    /// The body of the answer.
    pub answer: Option<Value>,
}

/// The connection is closed without an answer.
#[derive(Debug, Error)]
#[error("closed on purpose")]
struct Closed;

/// Serves connections until it is aborted.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Its connections end with it.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    let service = service_fn(move |request| exchange(Arc::clone(&shared), request));
                    let connection = hyper::server::conn::http1::Builder::new();
                    // A connection that fails is the client's to notice.
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Answers, dated by the site's clock.
async fn exchange(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Closed> {
    let mut response = undated(Arc::clone(&shared), request).await?;
    let now = shared.site().clock.wall();
    if let Ok(date) = HeaderValue::from_maybe_shared(Bytes::from(now.http_date())) {
        response.headers_mut().insert(DATE, date);
    }
    Ok(response)
}

async fn undated(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Closed> {
    if shared.down.load(Ordering::SeqCst) {
        return Err(Closed);
    }
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let segments = routes::segments(head.uri.path());
    let call = routes::call(&head.method, &segments.iter().map(String::as_str).collect::<Vec<_>>());
    let known = is_authorized(&shared, head.headers.get(AUTHORIZATION).map(|value| value.as_bytes()));
    let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
        return Ok(respond(&Answer::error(413, "The request is too large.")));
    };
    let body = body.to_bytes();
    let fault = shared.next_fault(call);
    // On its own, so that what was asked is done even when nobody waits for the answer any more.
    let work = tokio::spawn(async move {
        if let Some(Fault::Slow(wait)) = fault {
            tokio::time::sleep(wait).await;
        }
        let json: Option<Value> = serde_json::from_slice(&body).ok();
        let answer = match fault {
            Some(Fault::Refuse) => None,
            Some(Fault::Status(status)) => Some(injected(status)),
            Some(Fault::DropAfterApply | Fault::Slow(_)) | None if !known => {
                Some(Answer::error(401, "Client must be authenticated to access this resource."))
            }
            Some(Fault::DropAfterApply | Fault::Slow(_)) | None => {
                let empty = head.method == Method::GET || head.method == Method::DELETE;
                if json.is_none() && !empty {
                    Some(Answer::error(
                        400,
                        "Invalid request payload. Refer to the REST API documentation and try again.",
                    ))
                } else {
                    Some(routes::answer(&mut shared.site(), call, &segments, &path, json.as_ref()))
                }
            }
        };
        let answer = if fault == Some(Fault::DropAfterApply) { None } else { answer };
        let (status, said) =
            (answer.as_ref().map(|a| a.status), answer.as_ref().and_then(|a| a.body.clone()));
        shared.keep(Exchange { call, path, body: json, status, answer: said });
        shared.changed();
        answer
    });
    match work.await {
        Ok(Some(answer)) => Ok(respond(&answer)),
        Ok(None) | Err(_) => Err(Closed),
    }
}

fn is_authorized(shared: &Shared, given: Option<&[u8]>) -> bool {
    let wanted = shared.authorization.expose_secret().as_bytes();
    given.is_some_and(|given| given.ct_eq(wanted).into())
}

fn injected(status: u16) -> Answer {
    let answer = Answer::error(status, "This failure was asked for.");
    if status == 429 {
        answer.with("Retry-After", RETRY_AFTER_SECS).with("RateLimit-Reason", "jira-burst-based")
    } else {
        answer
    }
}

fn respond(answer: &Answer) -> Response<Full<Bytes>> {
    let body = answer.body.as_ref().map_or_else(String::new, Value::to_string);
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = HeaderValue::from_static("application/json;charset=UTF-8");
    response.headers_mut().insert(CONTENT_TYPE, json);
    for (name, value) in &answer.headers {
        response.headers_mut().insert(*name, HeaderValue::from_static(value));
    }
    response
}
