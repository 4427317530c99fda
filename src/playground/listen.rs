//! Plain HTTP/1.1 on the loopback address, for every server of the playground.

use std::convert::Infallible;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

/// Connections of one server at most; more are closed at once.
const CONNECTIONS_MAX: usize = 512;
/// Bodies that are read at most, in bytes.
const BODY_MAX: usize = 1 << 20;

pub(super) type Reply = Response<Full<Bytes>>;

/// The connection ends without an answer.
#[derive(Debug, Error)]
#[error("the connection was ended without an answer")]
pub(super) struct HungUp;

impl From<Infallible> for HungUp {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// A server that runs until this is dropped; its connections end with it.
#[derive(Debug)]
pub(super) struct Serving {
    task: JoinHandle<()>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Binds 127.0.0.1; port 0 takes a free one.
pub(super) async fn bind(port: u16) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

/// Answers each request with `answer`.
pub(super) fn serve<H, F>(listener: TcpListener, answer: H) -> Serving
where
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Reply, HungUp>> + Send + 'static,
{
    let answer = Arc::new(answer);
    let task = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // Out of descriptors, most likely: give others time to close some.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            while connections.try_join_next().is_some() {}
            if connections.len() >= CONNECTIONS_MAX {
                continue;
            }
            let _ = stream.set_nodelay(true);
            let answer = Arc::clone(&answer);
            connections.spawn(async move {
                let service = service_fn(move |request| answer(request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .with_upgrades();
                let _ = connection.await;
            });
        }
    });
    Serving { task }
}

/// The whole body, or none when it is too long or broken.
pub(super) async fn body_of(request: Request<Incoming>) -> Option<Bytes> {
    let read = Limited::new(request.into_body(), BODY_MAX).collect().await;
    read.ok().map(|body| body.to_bytes())
}

/// A header's text.
pub(super) fn header<'r, B>(request: &'r Request<B>, name: &str) -> Option<&'r str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

pub(super) fn reply(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}

pub(super) fn json(status: StatusCode, value: &serde_json::Value) -> Reply {
    reply(status, "application/json; charset=utf-8", value.to_string())
}

pub(super) fn text(status: StatusCode, body: &str) -> Reply {
    reply(status, "text/plain; charset=utf-8", body.to_owned())
}

#[cfg(test)]
pub(super) mod client {
    //! The smallest HTTP client, for the tests of these servers.

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Sends the request as written (with `Connection: close` added) and answers status, head and body.
    pub(in crate::playground) async fn exchange(
        addr: std::net::SocketAddr,
        line: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Option<(u16, String, String)> {
        let mut stream = tokio::net::TcpStream::connect(addr).await.ok()?;
        let mut request =
            format!("{line} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            request.push_str(&format!("Host: {addr}\r\n"));
        }
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok()?;
        let answer = String::from_utf8(answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, head.to_owned(), body.to_owned()))
    }
}
