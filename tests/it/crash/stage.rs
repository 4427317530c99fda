//! What outlives every kill: Slack, Jira, the targets, and the folder with jitney's files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jitney::credentials::SealingKey;
use jitney::ids::{GroupId, PersonId, SlackUserId};
use jitney::playground::jira::{LocalAccount, LocalJira, LocalJiraSettings};
use jitney::playground::people::{ACCESS_CHANNEL, SECURITY_CHANNEL};
use jitney::playground::slack::{LocalSlack, Settings, TEAM};
use jitney::policy::{Employment, Person};
use jitney::time::{Clock, Span, SystemClock};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

use super::book::Book;
use super::ground::{self, Ground, write_private};

/// People who ask, one request each at a time.
pub(super) const REQUESTERS: usize = 50;
/// Managers, who approve for ten people each.
const MANAGERS: usize = 5;

const BOT_EMAIL: &str = "jitney@example.com";
const JIRA_TOKEN: &str = "jira-token-of-the-crash-proof";
const BOT_TOKEN: &str = "xoxb-token-of-the-crash-proof";
const APP_TOKEN: &str = "xapp-token-of-the-crash-proof";

const TIERS: &str = r#"
[tiers.quick]
name             = "Short visits need nobody"
auto_under       = "2m"
provision_within = "30s"
warn_before      = "15s"
stages           = [{ approvers = ["manager"] }]

[tiers.manager]
name             = "The manager agrees"
lapse_after      = "2m"
provision_within = "30s"
warn_before      = "15s"
break_glass      = { max_duration = "2m", review_within = "3d" }
stages           = [{ approvers = ["manager"], remind_after = "1m" }]
"#;

pub(super) struct Stage {
    pub(super) folder: PathBuf,
    pub(super) slack: LocalSlack,
    pub(super) jira: LocalJira,
    pub(super) grounds: Vec<Arc<dyn Ground>>,
    pub(super) book: Book,
    pub(super) clock: Arc<SystemClock>,
    /// One person does one thing at a time: a screen shows one form.
    pub(super) screens: BTreeMap<String, Mutex<()>>,
    closing: AtomicBool,
    passed: AtomicBool,
}

impl Stage {
    pub(super) async fn set(seed: u64) -> Arc<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let name = format!("jitney-crash-{}-{seed}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(folder.join("policies")).unwrap();
        std::fs::create_dir_all(folder.join("logs")).unwrap();
        let clock = Arc::new(SystemClock::new());
        let people = people();
        let mut settings = Settings::for_people(&people);
        // The proof is about crashes: a pace of one message a second would leave nothing to crash in.
        settings.limits.rates.on = false;
        settings.bot_token = BOT_TOKEN.to_owned();
        settings.app_token = APP_TOKEN.to_owned();
        let slack = LocalSlack::start(settings, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        slack.redeliver(true);
        let jira =
            LocalJira::start(jira_settings(&people), Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        let reporter = format!("acc:{}", people[0].id);
        assert!(jira.add_other("OPS-311", "Everything is on fire", "In Progress", &reporter, None));
        let grounds = ground::all(&folder).await;
        let key = SealingKey::generate();
        write_private(&folder.join("jitney.key"), key.expose_secret());
        write_private(&folder.join("jitney.toml"), &config(&slack, &jira, &grounds));
        std::fs::write(folder.join("people.toml"), people_toml(&people)).unwrap();
        std::fs::write(folder.join("policies/tiers.toml"), TIERS).unwrap();
        for ground in &grounds {
            let file = folder.join(format!("policies/{}.toml", ground.name()));
            std::fs::write(file, policy(ground.as_ref())).unwrap();
        }
        let book = Book::default();
        for secret in [BOT_TOKEN, APP_TOKEN, JIRA_TOKEN, key.expose_secret()] {
            book.learns(secret);
        }
        grounds.iter().flat_map(|ground| ground.secrets()).for_each(|secret| book.learns(&secret));
        let screens = people.iter().map(|p| (handle(p), Mutex::default())).collect();
        let (closing, passed) = (false.into(), false.into());
        let stage = Self { folder, slack, jira, grounds, book, clock, screens, closing, passed };
        stage.is_set_up();
        Arc::new(stage)
    }

    /// A mistake of the proof's own shows here, not as a process that ends by itself.
    fn is_set_up(&self) {
        let checked = std::process::Command::new(env!("CARGO_BIN_EXE_jitney"))
            .args(["policy", "check"])
            .current_dir(&self.folder)
            .env_clear()
            .output()
            .unwrap();
        let said = [checked.stdout, checked.stderr].concat();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&said));
    }

    /// What `serve` and the other commands are given beside the files.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("JITNEY_SLACK_BOT_TOKEN", BOT_TOKEN.to_owned()),
            ("JITNEY_SLACK_APP_TOKEN", APP_TOKEN.to_owned()),
            ("JITNEY_JIRA_TOKEN", JIRA_TOKEN.to_owned()),
            ("JITNEY_LOG", "warn,jitney=info,jitney::outbox=debug".to_owned()),
        ]
    }

    pub(super) fn database(&self) -> PathBuf {
        self.folder.join("jitney.db")
    }

    pub(super) fn log(&self, life: usize) -> PathBuf {
        self.folder.join(format!("logs/serve-{life:04}.log"))
    }

    /// Nobody begins anything new.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// The folder is no longer of interest.
    pub(super) fn passed(&self) {
        let keep = std::env::var_os("KEEP").is_some();
        self.passed.store(!keep, Ordering::SeqCst);
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if self.passed.load(Ordering::SeqCst) {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

pub(super) fn account(who: &str) -> String {
    format!("U0{}", who.to_uppercase())
}

/// Who asks: `p01` to `p50`.
pub(super) fn requester(number: usize) -> String {
    format!("p{:02}", number + 1)
}

/// Who approves for them: `m1` to `m5`.
pub(super) fn manager_of(number: usize) -> String {
    format!("m{}", number % MANAGERS + 1)
}

fn handle(person: &Person) -> String {
    person.id.as_str().split('@').next().unwrap().to_owned()
}

/// Fifty who ask, five who approve, and one who operates under the name of whoever runs this test.
fn people() -> Vec<Person> {
    let login = nix::unistd::User::from_uid(nix::unistd::Uid::current()).unwrap().map(|user| user.name);
    let mut people = Vec::new();
    for number in 0..REQUESTERS {
        people.push(person(&requester(number), Some(&manager_of(number)), None));
    }
    for number in 0..MANAGERS {
        people.push(person(&manager_of(number), None, None));
    }
    people.push(person("olga", None, login));
    people
}

fn person(name: &str, manager: Option<&str>, operator_login: Option<String>) -> Person {
    let identity = |name: &str| PersonId::new(&format!("{name}@example.com")).unwrap();
    Person {
        id: identity(name),
        name: name.to_uppercase(),
        employment: Employment::Employee,
        department: "Engineering".to_owned(),
        location: String::new(),
        manager: manager.map(identity),
        groups: std::iter::empty::<GroupId>().collect(),
        active: true,
        slack: Some(SlackUserId::new(&account(name)).unwrap()),
        operator_login,
        title: String::new(),
        doubts: None,
    }
}

fn people_toml(people: &[Person]) -> String {
    toml::to_string(&BTreeMap::from([("people", people)])).unwrap()
}

fn jira_settings(people: &[Person]) -> LocalJiraSettings {
    let account = |id: String, email: &str, name: &str| LocalAccount {
        id,
        email: email.to_owned(),
        name: name.to_owned(),
    };
    let bot = account("acc:jitney".to_owned(), BOT_EMAIL, "Jitney");
    let others = people.iter().map(|p| account(format!("acc:{}", p.id), p.id.as_str(), &p.name));
    LocalJiraSettings {
        project: "ACC".to_owned(),
        issue_type: "Task".to_owned(),
        accounts: [bot].into_iter().chain(others).collect(),
        token: SecretString::from(JIRA_TOKEN),
        search_lag: Span::secs(2),
        reporter_on_screen: true,
        lacks: BTreeSet::new(),
        hidden_emails: false,
    }
}

fn config(slack: &LocalSlack, jira: &LocalJira, grounds: &[Arc<dyn Ground>]) -> String {
    let mut text = format!(
        r#"
[slack]
api_url           = "{}/api"
team_id           = "{TEAM}"
approvals_channel = "{ACCESS_CHANNEL}"
security_channel  = "{SECURITY_CHANNEL}"
burst             = 100000

[jira]
base_url = "{}"
email    = "{BOT_EMAIL}"
project  = "ACC"

[jira.transitions]
pending   = "Waiting for approval"
active    = "In Progress"
revoked   = "Done"
applied   = "Done"
denied    = "Declined"
withdrawn = "Declined"
lapsed    = "Declined"
provisioning_failed = "Declined"
"#,
        slack.url(),
        jira.base_url(),
    );
    for ground in grounds {
        write!(text, "\n[targets.{}]\n{}", ground.name(), ground.table()).unwrap();
    }
    text
}

/// An app with one role that needs nobody up to two minutes, and one that its manager approves.
fn policy(ground: &dyn Ground) -> String {
    let (name, step, layer) = (ground.name(), ground.step(), ground.layer());
    let mut text = format!(
        r#"
[app]
name   = "The {name}"
about  = "Asked for again and again"
owners = ["olga@example.com"]
layer  = "{layer}"
"#
    );
    for (role, tier) in [("quick", "quick"), ("long", "manager")] {
        write!(
            text,
            r#"
[roles.{role}]
name             = "A {role} visit"
gives            = "What there is"
risk             = "low"
default_duration = "1m"
max_duration     = "4m"
max_total        = "10m"
tier             = "{tier}"
eligible         = [{{ employment = ["employee"] }}]
steps            = [{{ target = "{name}", {step} }}]
"#
        )
        .unwrap();
    }
    text
}
