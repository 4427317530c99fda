//! The whole world of the demo and the journeys: the playground, a local Jira, and the very bot that `serve` runs,
//! in a folder of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::Playground;
use super::jira::{LocalAccount, LocalJira, LocalJiraSettings};
use super::people::{self, ACCESS_CHANNEL, SECURITY_CHANNEL};
use super::policies::PolicyFolder;
use super::slack::{Settings, TEAM};
use crate::bot::{Bot, Setup};
use crate::config::SourceTable;
use crate::credentials::SealingKey;
use crate::directory::Directory;
use crate::engine::EngineHandle;
use crate::ids::TargetId;
use crate::jira::{JiraSettings, Milestone};
use crate::policy::Person;
use crate::slack::SlackSettings;
use crate::slack::identity::Workspace;
use crate::sync;
use crate::targets::Targets;
use crate::time::{Clock, Span, SystemClock, Timestamp};

/// The password file as it was before anybody asked: somebody's standing login and an admin's note.
const HTPASSWD: &str = "# Legacy wiki. Ask the wiki team before you edit this by hand.\n\
    gina:$2y$05$XaUaEwUUhFzVOJbGKl0kYuZ1HKbF.SJ4UKUTiDkOH5NETDiBJg6.S\n\n# robots\nbackup:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n";

/// What the old app's admins would write: ends and counts a login's sessions over its admin page.
const SESSION_HOOK: &str = r#"set -u
verb="$1"; login="$2"
exec 3<>"/dev/tcp/127.0.0.1/PORT" || exit 75
method=GET; [ "$verb" = end ] && method=DELETE
printf '%s /sessions/%s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer TOKEN\r\nConnection: close\r\n\r\n' "$method" "$login" >&3
answer=$(cat <&3)
case "$answer" in "HTTP/1.1 200"*) ;; *) exit 75 ;; esac
body=${answer##*$'\r\n\r\n'}
sessions=${body##*\"sessions\":}
printf '%s\n' "${sessions%%[!0-9]*}"
"#;

/// What people may name in a request: key, title, status, who reported it, who works on it.
const TICKETS: [(&str, &str, &str, &str, Option<&str>); 4] = [
    ("INC-42", "The on-call runbook is wrong", "In Progress", "ann", None),
    ("INC-41", "The wiki was slow on Monday", "Done", "ann", Some("bob")),
    ("INC-7", "The front page is down", "In Progress", "bob", Some("ann")),
    ("OPS-311", "Move the reports to the new host", "To Do", "frank", None),
];

/// How long the world may take to come to rest, in real time.
const REST_LIMIT: Duration = Duration::from_secs(60);
/// How often it is looked at while it comes to rest.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Whose world it is. What is not named is made up.
#[derive(Debug, Clone, Default)]
pub struct Company {
    /// The folder of policies.
    pub policies: Option<PathBuf>,
    /// The directory file.
    pub people: Option<PathBuf>,
}

/// A world with its bot.
pub struct World {
    /// Slack, the old app, people and the clock.
    pub playground: Playground,
    /// The tickets.
    pub jira: LocalJira,
    /// The policies.
    pub policies: PolicyFolder,
    folder: PathBuf,
    bot: Option<Bot>,
    /// Targets besides the old app.
    others: BTreeMap<TargetId, Value>,
    /// Sources of facts besides the people file.
    sources: Vec<SourceTable>,
}

impl World {
    /// Starts a world in an empty folder; `shape` changes the Slack workspace before it starts.
    ///
    /// # Errors
    /// When a file can't be written or a port can't be had.
    pub async fn start(folder: &Path, shape: impl FnOnce(&mut Settings)) -> anyhow::Result<Self> {
        Self::start_prepared(folder, shape, |_| Ok(())).await
    }

    /// As [`Self::start`]; `prepare` changes the folder's files before the bot reads them.
    ///
    /// # Errors
    /// When a file can't be written or a port can't be had.
    pub async fn start_prepared(
        folder: &Path,
        shape: impl FnOnce(&mut Settings),
        prepare: impl FnOnce(&Path) -> std::io::Result<()>,
    ) -> anyhow::Result<Self> {
        let policies = PolicyFolder::with_examples(folder.join("policies"))?;
        Self::start_with(folder, policies, people::people()?, shape, prepare).await
    }

    /// Starts somebody's world in an empty folder. Targets that the policies name and the world does not have are
    /// simulated; while the policies have issues, the examples are in force.
    ///
    /// # Errors
    /// When the people can't be read, a file can't be written or a port can't be had.
    pub async fn start_as(folder: &Path, company: &Company) -> anyhow::Result<Self> {
        let policies = match &company.policies {
            Some(policies) => PolicyFolder::named(policies.clone()),
            None => PolicyFolder::with_examples(folder.join("policies"))?,
        };
        let people = match &company.people {
            Some(file) => people::from_file(file, SystemClock::new().wall())?,
            None => people::people()?,
        };
        Self::start_with(folder, policies, people, |_| (), |_| Ok(())).await
    }

    async fn start_with(
        folder: &Path,
        policies: PolicyFolder,
        people: Vec<Person>,
        shape: impl FnOnce(&mut Settings),
        prepare: impl FnOnce(&Path) -> std::io::Result<()>,
    ) -> anyhow::Result<Self> {
        let htpasswd = folder.join("htpasswd");
        std::fs::write(&htpasswd, HTPASSWD)?;
        private_file(&folder.join("jitney.key"), SealingKey::generate().expose_secret())?;
        let playground = Playground::start(people, &htpasswd, shape).await?;
        let hook = SESSION_HOOK
            .replace("PORT", &playground.legacy.addr().port().to_string())
            .replace("TOKEN", playground.legacy.admin_token());
        private_file(&folder.join("sessions"), &hook)?;
        std::fs::write(folder.join("people.toml"), people_toml(&playground)?)?;
        prepare(folder)?;
        let jira = local_jira(&playground).await?;
        let mut world = Self {
            playground,
            jira,
            policies,
            folder: folder.to_owned(),
            bot: None,
            others: BTreeMap::new(),
            sources: Vec::new(),
        };
        if world.policies.is_named()
            && let Ok(files) = world.policies.files()
        {
            world.policies.simulated.learn(&files, &known_targets()?);
        }
        world.start_bot().await?;
        Ok(world)
    }

    /// Gives the bot another target, as its `[targets.*]` table says it, from its next start on.
    pub fn reach(&mut self, id: TargetId, table: Value) {
        self.others.insert(id, table);
    }

    /// Gives the bot another source of facts, from its next start on.
    pub fn hear_from(&mut self, source: SourceTable) {
        self.sources.push(source);
    }

    /// Starts the bot on what the folder holds.
    ///
    /// # Errors
    /// Whatever keeps `serve` from starting.
    pub async fn start_bot(&mut self) -> anyhow::Result<()> {
        let bot = Bot::start(self.setup()?).await?;
        let engine = bot.engine.clone();
        let mut moves = self.playground.clock.moves();
        tokio::spawn(async move {
            while moves.changed().await.is_ok() {
                engine.nudge();
            }
        });
        self.bot = Some(bot);
        self.connected().await
    }

    /// Stops the bot as SIGTERM does.
    pub async fn stop_bot(&mut self) {
        if let Some(bot) = self.bot.take() {
            bot.stop().await;
        }
    }

    /// Breaks the bot off as a crash does, and starts it again.
    ///
    /// # Errors
    /// Whatever keeps `serve` from starting.
    pub async fn crash_and_restart(&mut self) -> anyhow::Result<()> {
        if let Some(bot) = self.bot.take() {
            bot.crash().await;
        }
        let down = self.playground.slack.wait_for(REST_LIMIT, |s| (s.links == 0).then_some(())).await;
        down.context("the links of the bot that crashed stay open")?;
        self.start_bot().await
    }

    /// The running bot's engine.
    ///
    /// # Errors
    /// When no bot runs.
    pub fn engine(&self) -> anyhow::Result<&EngineHandle> {
        Ok(&self.bot.as_ref().context("no bot runs")?.engine)
    }

    /// Has the running bot read policies and people again, as SIGHUP does.
    ///
    /// # Errors
    /// When no bot runs.
    pub fn look_again(&self) -> anyhow::Result<()> {
        self.bot.as_ref().context("no bot runs")?.look_again();
        Ok(())
    }

    /// The folder with its files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Waits until nothing is under way and nothing is owed that could be done now.
    ///
    /// # Errors
    /// When it does not come to rest within a minute of real time.
    pub async fn rest(&self) -> anyhow::Result<()> {
        let engine = self.engine()?;
        let rest = async {
            loop {
                let status = engine.status().await?;
                let due = status.next_due.is_some_and(|due| due <= status.now);
                if status.in_flight == 0 && status.ready == 0 && !due {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(REST_LIMIT, rest).await.context("the world does not come to rest")?
    }

    /// Comes to rest, jumps to the next due moment, and comes to rest again. The moment; none when nothing is due
    /// any more.
    ///
    /// # Errors
    /// When it does not come to rest.
    pub async fn jump(&self) -> anyhow::Result<Option<Timestamp>> {
        self.rest().await?;
        let status = self.engine()?.status().await?;
        if let Some(due) = status.next_due {
            self.advance(due.since(status.now));
            self.rest().await?;
        }
        Ok(status.next_due)
    }

    /// Jumps from one due moment to the next until `span` is over.
    ///
    /// # Errors
    /// When it does not come to rest.
    pub async fn pass(&self, span: Span) -> anyhow::Result<()> {
        let until = self.engine()?.status().await?.now + span;
        loop {
            self.rest().await?;
            let status = self.engine()?.status().await?;
            match status.next_due.filter(|due| *due <= until) {
                Some(due) => self.advance(due.since(status.now)),
                None => {
                    self.advance(until.since(status.now));
                    return self.rest().await;
                }
            }
        }
    }

    /// Lets time pass. Moments are the engine's, which goes on when the wall clock is set back.
    fn advance(&self, span: Span) {
        let clock = &self.playground.clock;
        clock.jump_to(clock.wall() + span);
    }

    /// Waits until the bot's link to Slack is up.
    async fn connected(&self) -> anyhow::Result<()> {
        let up = self.playground.slack.wait_for(REST_LIMIT, |s| (s.links > 0).then_some(())).await;
        up.context("the bot does not connect to the local Slack")
    }

    fn setup(&self) -> anyhow::Result<Setup> {
        let clock = Arc::clone(&self.playground.clock) as Arc<dyn Clock>;
        let targets = self.targets()?;
        let (policies, policy_files) =
            self.policies.read_to_start(&targets).map_err(|trouble| anyhow::anyhow!("{trouble}"))?;
        let slack = self.slack_settings();
        Ok(Setup {
            database: self.folder.join("jitney.db"),
            socket: self.folder.join("jitney.sock"),
            policies,
            policy_files,
            policy_folder: self.policies.path().to_owned(),
            directory: Directory::open(&self.folder.join("people.toml"), Span::days(3650), clock.wall())?,
            targets,
            schedules: Vec::new(),
            key: SealingKey::read(&self.folder.join("jitney.key"))?,
            sources: sync::configured(&self.sources, &slack)?,
            slack,
            jira: self.jira_settings()?,
            clock,
            open_requests_per_person: 50,
        })
    }

    fn slack_settings(&self) -> SlackSettings {
        let slack = self.playground.slack.settings();
        SlackSettings {
            api_url: format!("{}/api", self.playground.slack.url()),
            app_token: SecretString::from(slack.app_token.clone()),
            bot_token: SecretString::from(slack.bot_token.clone()),
            workspace: Workspace {
                team_id: (!slack.org_install).then(|| TEAM.to_owned()),
                enterprise_id: slack.enterprise.clone(),
            },
            bind_by_email: true,
            approvals_channel: ACCESS_CHANNEL.to_owned(),
            security_channel: SECURITY_CHANNEL.to_owned(),
            command: "/jit".to_owned(),
            // The local workspace has Slack's limits too, and forgives more at once; or it has none.
            burst: if slack.limits.rates.on { 30 } else { 100_000 },
            ticket_url: Some(format!("{}/browse/", self.jira.base_url())),
        }
    }

    /// The targets that the bot has, or will have when it starts again: the old app's, and the simulated ones.
    ///
    /// # Errors
    /// Never with the settings that are written here.
    pub fn targets(&self) -> anyhow::Result<Targets> {
        let hook = |verb: &str| json!(["/bin/bash", self.folder.join("sessions"), verb, "{login}"]);
        let table = json!({
            "adapter": "htpasswd",
            "file": self.folder.join("htpasswd"),
            "used_at": self.playground.legacy.url(),
            "cost": 4,
            "sessions": { "end": hook("end"), "count": hook("count") },
        });
        let mut tables = self.others.clone();
        tables.insert(LEGACY_TARGET.parse()?, table);
        let real = Targets::from_settings(&tables).map_err(|issues| {
            anyhow::anyhow!("{}", issues.iter().map(|i| i.message.as_str()).collect::<Vec<_>>().join("\n"))
        })?;
        let real = real.iter().map(|(id, target)| (id.clone(), target.clone())).collect::<Vec<_>>();
        Ok(Targets::of(real.into_iter().chain(self.policies.simulated.as_targets())))
    }

    fn jira_settings(&self) -> anyhow::Result<JiraSettings> {
        let statuses = [
            (Milestone::Pending, "Waiting for approval"),
            (Milestone::Active, "In Progress"),
            (Milestone::Revoked, "Done"),
            (Milestone::Applied, "Done"),
            (Milestone::Denied, "Declined"),
            (Milestone::Withdrawn, "Declined"),
            (Milestone::Lapsed, "Declined"),
        ];
        Ok(JiraSettings {
            base_url: self.jira.base_url().parse()?,
            email: BOT_EMAIL.to_owned(),
            token: SecretString::from(JIRA_TOKEN),
            project: "ACC".to_owned(),
            issue_type: "Task".to_owned(),
            transitions: statuses.into_iter().map(|(m, s)| (m, s.to_owned())).collect(),
            settle_wait: JiraSettings::SETTLE_WAIT,
            timeout: JiraSettings::TIMEOUT,
            label_prefix: "jit".parse()?,
            link: None,
        })
    }
}

/// The one target that is no play: the old app's password file.
const LEGACY_TARGET: &str = "legacy-wiki";

/// Targets that a world has whatever its policies say.
///
/// # Errors
/// Never with the ids that are written here.
pub fn known_targets() -> anyhow::Result<BTreeSet<TargetId>> {
    Ok(BTreeSet::from([LEGACY_TARGET.parse()?]))
}

const BOT_EMAIL: &str = "jitney@example.com";
const JIRA_TOKEN: &str = "local-jira-token";

async fn local_jira(playground: &Playground) -> std::io::Result<LocalJira> {
    let account = |id: &str, email: &str, name: &str| LocalAccount {
        id: id.to_owned(),
        email: email.to_owned(),
        name: name.to_owned(),
    };
    let people = playground.people.iter().map(|p| account(&format!("acc:{}", p.id), p.id.as_str(), &p.name));
    let settings = LocalJiraSettings {
        project: "ACC".to_owned(),
        issue_type: "Task".to_owned(),
        accounts: [account("acc:jitney", BOT_EMAIL, "Jitney")].into_iter().chain(people).collect(),
        token: SecretString::from(JIRA_TOKEN),
        search_lag: Span::ZERO,
        reporter_on_screen: true,
        lacks: std::collections::BTreeSet::new(),
        hidden_emails: false,
    };
    let jira = LocalJira::start(settings, Arc::clone(&playground.clock) as Arc<dyn Clock>).await?;
    // Where people have other names, nobody reported these, and there are none.
    for (key, summary, status, reporter, assignee) in TICKETS {
        let account = |name: &str| format!("acc:{name}@example.com");
        jira.add_other(key, summary, status, &account(reporter), assignee.map(account).as_deref());
    }
    Ok(jira)
}

/// The directory as a file. Dana runs Jitney, under the name of whoever runs this process.
fn people_toml(playground: &Playground) -> anyhow::Result<String> {
    let login = nix::unistd::User::from_uid(nix::unistd::Uid::current())?.map(|user| user.name);
    let people: Vec<_> = playground
        .people
        .iter()
        .cloned()
        .map(|mut person| {
            if person.id.as_str().starts_with("dana@") {
                person.operator_login.clone_from(&login);
            }
            person
        })
        .collect();
    Ok(toml::to_string(&std::collections::BTreeMap::from([("people", people)]))?)
}

fn private_file(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())
}
