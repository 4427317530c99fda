//! The real binary, as a process of its own, and a door at which it rings when it is ready.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jitney::credentials::SealingKey;
use jitney::playground::people::{ACCESS_CHANNEL, SECURITY_CHANNEL};
use jitney::playground::slack::TEAM;
use secrecy::ExposeSecret as _;

use super::company::{self, POLICIES};
use super::null;

/// What is measured.
pub(crate) const JITNEY: &str = env!("CARGO_BIN_EXE_jitney");
/// What is measured is Jitney: a hash for people takes a tenth of a second of a core by intention.
const HASH_COST: u32 = 4;
/// A start that takes longer is none.
const READY_MOST: Duration = Duration::from_secs(120);

/// Who Jitney talks to.
#[derive(Debug, Clone)]
pub(crate) struct Outside {
    pub(crate) slack: String,
    pub(crate) jira: String,
    pub(crate) app_token: String,
    pub(crate) bot_token: String,
}

/// What `serve` reads, in a folder. `hook` ends the sessions of a login, when there is one.
pub(crate) fn set_up(
    folder: &Path,
    askers: u64,
    outside: &Outside,
    hook: Option<&Path>,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder.join("policies"))?;
    for (name, text) in POLICIES {
        std::fs::write(folder.join("policies").join(name), text)?;
    }
    std::fs::write(folder.join("people.toml"), company::people_toml(askers)?)?;
    std::fs::write(folder.join("htpasswd"), "")?;
    // A database keeps to the key that it was first opened with.
    if let Ok(mut key) =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join("jitney.key"))
    {
        key.write_all(SealingKey::generate().expose_secret().as_bytes())?;
    }
    let htpasswd = folder.join("htpasswd");
    let sessions = hook.map_or_else(String::new, |hook| {
        let run = |verb: &str| format!("[\"/bin/bash\", \"{}\", \"{verb}\", \"{{login}}\"]", hook.display());
        format!("sessions = {{ end = {}, count = {} }}\n", run("end"), run("count"))
    });
    let config = format!(
        "[slack]\napi_url = \"{}/api\"\nteam_id = \"{TEAM}\"\napprovals_channel = \"{ACCESS_CHANNEL}\"\n\
         security_channel = \"{SECURITY_CHANNEL}\"\n\n[jira]\nbase_url = \"{}\"\nemail = \"jitney@example.com\"\n\
         project = \"ACC\"\n\n[targets.{}]\nadapter = \"htpasswd\"\nfile = \"{}\"\n\
         used_at = \"https://wiki.example.com\"\ncost = {HASH_COST}\n{sessions}",
        outside.slack,
        outside.jira,
        null::NAME,
        htpasswd.display(),
    );
    Ok(std::fs::write(folder.join("jitney.toml"), config)?)
}

/// A running `jitney serve`. Dropped, it is killed.
pub(crate) struct Server {
    child: Child,
    pub(crate) began: Instant,
}

impl Server {
    pub(crate) fn start(folder: &Path, outside: &Outside) -> anyhow::Result<Self> {
        let log = std::fs::File::create(folder.join("log"))?;
        let mut command = Command::new(JITNEY);
        command
            .args(["serve", "--config"])
            .arg(folder.join("jitney.toml"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("JITNEY_SLACK_APP_TOKEN", &outside.app_token)
            .env("JITNEY_SLACK_BOT_TOKEN", &outside.bot_token)
            .env("JITNEY_JIRA_TOKEN", "local-jira-token")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let began = Instant::now();
        Ok(Self { child: command.spawn()?, began })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// As a power cut would, for the process.
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Hears when Jitney begins its link to Slack: the engine has armed its timers by then, and takes commands.
pub(crate) struct Door {
    address: SocketAddr,
    rings: Receiver<Instant>,
}

impl Door {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (ring, rings) = mpsc::channel();
        std::thread::spawn(move || {
            // Nobody is let in: the caller hears that it was closed, and tries again later.
            while let Ok((caller, _)) = listener.accept() {
                let now = Instant::now();
                drop(caller);
                if ring.send(now).is_err() {
                    break;
                }
            }
        });
        Ok(Self { address, rings })
    }

    pub(crate) fn outside(&self) -> Outside {
        let url = format!("http://{}", self.address);
        Outside {
            slack: url.clone(),
            jira: url,
            app_token: "xapp-1".to_owned(),
            bot_token: "xoxb-1".to_owned(),
        }
    }

    /// How long a start on this folder takes. The process is killed then.
    pub(crate) fn time_start(&self, folder: &Path) -> anyhow::Result<Duration> {
        while self.rings.try_recv().is_ok() {}
        let server = Server::start(folder, &self.outside())?;
        let rang = self.rings.recv_timeout(READY_MOST).with_context(|| {
            let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            format!("it did not start: {log}")
        })?;
        let took = rang.duration_since(server.began);
        server.kill()?;
        Ok(took)
    }
}
