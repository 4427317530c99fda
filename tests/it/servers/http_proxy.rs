//! A proxy of plain HTTP/1.1 that sees every exchange and can be told what to do with the next ones. It runs on a
//! thread of its own, so that it outlives the runtime of the test that started it, and ends when it is dropped.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub(crate) type Answer = Response<Full<Bytes>>;

/// What happens to a request.
#[derive(Debug)]
pub(crate) enum Fate {
    /// It goes to the server, and the answer comes back.
    Pass,
    /// It goes to another server.
    PassTo(SocketAddr),
    /// It goes nowhere; this is the answer.
    Answer(Answer),
    /// It goes nowhere, and there is never an answer.
    Hang,
    /// It goes nowhere, and the connection breaks.
    Reset,
    /// It goes to the server, but the connection breaks before the answer.
    PassUnheard,
    /// It goes to the server, but there is never an answer.
    PassHanging,
}

/// What stands in the middle.
pub(crate) trait Middle: Send + Sync + 'static {
    /// Decides about a request.
    fn fate(&self, request: &Parts, body: &Bytes) -> Fate;
    /// Sees a request before it goes to the server, and may change it.
    fn passed(&self, _request: &mut Parts) {}
    /// Sees the answer of the server before it goes on, and may change it.
    fn answered(&self, _request: &Parts, _answer: &mut Answer) {}
}

/// A running proxy.
#[derive(Debug)]
pub(crate) struct HttpProxy {
    addr: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl HttpProxy {
    pub(crate) fn start(upstream: SocketAddr, middle: Arc<dyn Middle>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                tokio::select! {
                    () = serve(listener, upstream, middle) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { addr: told.recv().unwrap(), _stop: stop }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

async fn serve(listener: TcpListener, upstream: SocketAddr, middle: Arc<dyn Middle>) {
    let client = client();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (client, middle) = (client.clone(), Arc::clone(&middle));
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let (client, middle) = (client.clone(), Arc::clone(&middle));
                async move { exchange(request, upstream, middle.as_ref(), &client).await }
            });
            let connection = hyper::server::conn::http1::Builder::new();
            let _ = connection.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("as the script says")]
struct Broken;

async fn exchange(
    request: Request<Incoming>,
    upstream: SocketAddr,
    middle: &dyn Middle,
    client: &reqwest::Client,
) -> Result<Answer, Broken> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
    let fate = middle.fate(&parts, &body);
    let to = match &fate {
        Fate::PassTo(other) => *other,
        Fate::Pass | Fate::PassUnheard | Fate::PassHanging => upstream,
        Fate::Hang => std::future::pending().await,
        Fate::Reset => return Err(Broken),
        Fate::Answer(_) => upstream,
    };
    if let Fate::Answer(mut answer) = fate {
        middle.answered(&parts, &mut answer);
        return Ok(answer);
    }
    let mut onward = parts.clone();
    middle.passed(&mut onward);
    let mut answer = forward(&onward, body, to, client).await;
    middle.answered(&parts, &mut answer);
    match fate {
        Fate::PassUnheard => Err(Broken),
        Fate::PassHanging => std::future::pending().await,
        _ => Ok(answer),
    }
}

async fn forward(parts: &Parts, body: Bytes, to: SocketAddr, client: &reqwest::Client) -> Answer {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = client.request(parts.method.clone(), format!("http://{to}{path}")).body(body);
    for (name, value) in parts.headers.iter().filter(|(name, _)| !is_of_connection(name.as_str())) {
        request = request.header(name, value);
    }
    match request.send().await {
        Ok(reply) => {
            let mut answer = Response::builder().status(reply.status());
            for (name, value) in reply.headers().iter().filter(|(name, _)| !is_of_connection(name.as_str())) {
                answer = answer.header(name, value);
            }
            answer.body(Full::new(reply.bytes().await.unwrap_or_default())).unwrap()
        }
        Err(error) => {
            Response::builder().status(502).body(Full::from(format!("the server behind: {error}"))).unwrap()
        }
    }
}

fn is_of_connection(header: &str) -> bool {
    matches!(header, "host" | "connection" | "keep-alive" | "content-length" | "transfer-encoding")
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    // Prism closes idle connections when it likes: none is used twice.
    client.pool_max_idle_per_host(0).timeout(Duration::from_secs(30)).build().unwrap()
}

/// Asks a local server something, from wherever: the status and the body.
pub(crate) fn ask(method: &str, url: &str, headers: &[(&str, &str)], body: Option<String>) -> (u16, String) {
    let work = async {
        let mut request = client().request(method.parse().unwrap(), url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let reply = request.send().await.unwrap();
        (reply.status().as_u16(), reply.text().await.unwrap())
    };
    std::thread::scope(|scope| {
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        scope.spawn(move || runtime().block_on(work)).join().unwrap()
    })
}

/// Fates for the next requests that match, in order.
#[derive(Default)]
pub(crate) struct Script(Mutex<Vec<Line>>);

struct Line {
    method: &'static str,
    /// How the path with its query ends.
    end: String,
    /// How many more requests it is for.
    times: usize,
    fate: Box<dyn Fn() -> Fate + Send>,
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} lines", self.0.lock().unwrap().len())
    }
}

impl Script {
    /// The next `times` requests of this method whose path with its query ends like this.
    pub(crate) fn next(
        &self,
        times: usize,
        method: &'static str,
        end: &str,
        fate: impl Fn() -> Fate + Send + 'static,
    ) {
        self.0.lock().unwrap().push(Line { method, end: end.to_owned(), times, fate: Box::new(fate) });
    }

    /// Forgets what was not used; says how many lines those were.
    pub(crate) fn clear(&self) -> usize {
        std::mem::take(&mut *self.0.lock().unwrap()).len()
    }

    pub(crate) fn fate(&self, request: &Parts) -> Option<Fate> {
        let path = request.uri.path_and_query()?.as_str();
        let mut lines = self.0.lock().unwrap();
        let at = lines.iter().position(|l| l.method == request.method.as_str() && path.ends_with(&l.end))?;
        lines[at].times -= 1;
        let fate = (lines[at].fate)();
        if lines[at].times == 0 {
            lines.remove(at);
        }
        Some(fate)
    }
}

/// An answer with a JSON body.
pub(crate) fn json(status: u16, headers: &[(&str, &str)], body: &serde_json::Value) -> Answer {
    let mut answer = Response::builder().status(status).header("content-type", "application/json");
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    answer.body(Full::from(body.to_string())).unwrap()
}

/// An answer without a body.
pub(crate) fn empty(status: u16) -> Answer {
    Response::builder().status(status).body(Full::default()).unwrap()
}
