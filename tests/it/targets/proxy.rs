//! A TCP proxy before a real server, for what goes wrong on the way. It knows no protocol: what is to go wrong is
//! said by the bytes that the client sends.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What happens on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Everything goes through.
    Clear,
    /// Each connection is closed at once.
    Refuses,
    /// Connections stand, but nothing comes through.
    Hangs,
    /// When the client sends this, the connection breaks before the server has it.
    CutBefore(&'static str),
    /// When the client sends this, the server does it, and then the connection breaks.
    CutAfter(&'static str),
    /// When the client sends this, the server does it, and nothing is heard any more.
    SilentAfter(&'static str),
}

/// Runs until it is dropped.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    weather: Arc<Mutex<Weather>>,
    listening: JoinHandle<()>,
}

impl Proxy {
    /// Before a server on loopback.
    pub(crate) async fn before(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let weather = Arc::new(Mutex::new(Weather::Clear));
        let shared = Arc::clone(&weather);
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let weather = Arc::clone(&shared);
                tokio::spawn(pass(client, server, weather));
            }
        });
        Self { port, weather, listening }
    }

    pub(crate) fn set(&self, weather: Weather) {
        *self.weather.lock().unwrap() = weather;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// What one connection has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    /// The server's next answer is not passed on; then the connection breaks.
    CutAtAnswer,
    Silent,
}

async fn pass(client: TcpStream, server: u16, weather: Arc<Mutex<Weather>>) {
    let now = weather.lock().unwrap().clone();
    match now {
        Weather::Refuses => return,
        Weather::Hangs => return std::future::pending().await,
        Weather::Clear | Weather::CutBefore(_) | Weather::CutAfter(_) | Weather::SilentAfter(_) => {}
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else { return };
    let fate = Arc::new(Mutex::new(Fate::Open));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // The first way that ends takes the other with it.
    tokio::select! {
        () = ask(from_client, to_server, &weather, &fate) => {}
        () = answer(from_server, to_client, &fate) => {}
    }
}

async fn ask(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    weather: &Mutex<Weather>,
    fate: &Mutex<Fate>,
) {
    let mut part = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = client.read(&mut part).await {
        let sends = |bytes: &str| part[..read].windows(bytes.len()).any(|window| window == bytes.as_bytes());
        let now = weather.lock().unwrap().clone();
        match now {
            Weather::CutBefore(bytes) if sends(bytes) => return,
            Weather::CutAfter(bytes) if sends(bytes) => *fate.lock().unwrap() = Fate::CutAtAnswer,
            Weather::SilentAfter(bytes) if sends(bytes) => *fate.lock().unwrap() = Fate::Silent,
            _ => {}
        }
        if server.write_all(&part[..read]).await.is_err() {
            return;
        }
    }
}

async fn answer(mut server: OwnedReadHalf, mut client: OwnedWriteHalf, fate: &Mutex<Fate>) {
    let mut part = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = server.read(&mut part).await {
        let now = *fate.lock().unwrap();
        match now {
            Fate::Open => {
                if client.write_all(&part[..read]).await.is_err() {
                    return;
                }
            }
            Fate::CutAtAnswer => return,
            Fate::Silent => {}
        }
    }
}
