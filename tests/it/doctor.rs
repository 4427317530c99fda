//! `jitney doctor` as a person meets it, against a local Slack and Jira with one thing broken at a time.

use std::collections::BTreeSet;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use jitney::finding::{Finding, Grade};
use jitney::jira::{JiraSettings, LabelPrefix};
use jitney::playground::jira::{Fault as JiraFault, LocalAccount, LocalCall, LocalJira, LocalJiraSettings};
use jitney::playground::slack::{BOT_USER, Fault as SlackFault, LocalSlack, Outage, Settings};
use jitney::slack::SlackSettings;
use jitney::slack::identity::Workspace;
use jitney::store::Store;
use jitney::time::{Clock, Span, SystemClock, Timestamp};
use secrecy::SecretString;

use super::folder::{Folder, without_figures};

const APP_TOKEN: &str = "xapp-local-playground";
const BOT_TOKEN: &str = "xoxb-local-playground";
const JIRA_TOKEN: &str = "a-made-up-token";
/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1";

/// The machine's clock, but wrong by so many seconds.
struct Wrong(SystemClock, i64);

impl Clock for Wrong {
    fn wall(&self) -> Timestamp {
        Timestamp::from_millis(self.0.wall().millis() + self.1 * 1000)
    }

    fn monotonic(&self) -> Span {
        self.0.monotonic()
    }
}

/// Everything that doctor looks at, before it does.
struct Stage {
    folder: Folder,
    slack: Settings,
    slack_url: Option<&'static str>,
    slack_clock: i64,
    jira: LocalJiraSettings,
    jira_url: Option<&'static str>,
    jira_clock: i64,
    tokens: [&'static str; 3],
}

impl Stage {
    fn new(name: &str) -> Self {
        let folder = Folder::set_up(name);
        let passwords = folder.0.join("htpasswd");
        folder.write("htpasswd", "gina:$2y$05$abc\n");
        folder.edit("jitney.toml", "/srv/wiki/htpasswd\" ", &format!("{}\" ", passwords.display()));
        folder.edit(
            "jitney.toml",
            "# sessions = { end = [\"/srv/wiki/end-sessions\", \"{login}\"], count = [\"/srv/wiki/count-sessions\", \"{login}\"] }",
            "sessions = { end = [\"/bin/true\", \"{login}\"], count = [\"/bin/true\", \"{login}\"] }",
        );
        for (from, to) in [
            ("T0123456789\"", "T0LOCAL\""),
            ("C0123456789", "C0ACCESS"),
            ("C9876543210", "C0SECURITY"),
            ("\"Approved\"\ngranting", "\"In progress\"\ngranting"),
            ("= \"Approved\"\nactive", "= \"In progress\"\nactive"),
            ("\"Failed\"", "\"Declined\""),
        ] {
            folder.edit("jitney.toml", from, to);
        }
        let bot = LocalAccount {
            id: "acc-bot".to_owned(),
            email: "jitney@example.com".to_owned(),
            name: "Jitney".to_owned(),
        };
        Self {
            folder,
            slack: Settings::for_people(&[]),
            slack_url: None,
            slack_clock: 0,
            jira: LocalJiraSettings {
                project: "ACC".to_owned(),
                issue_type: "Task".to_owned(),
                accounts: vec![bot],
                token: SecretString::from(JIRA_TOKEN),
                search_lag: Span::ZERO,
                reporter_on_screen: true,
                lacks: BTreeSet::new(),
                hidden_emails: true,
            },
            jira_url: None,
            jira_clock: 0,
            tokens: [APP_TOKEN, BOT_TOKEN, JIRA_TOKEN],
        }
    }

    fn config(&self, from: &str, to: &str) {
        self.folder.edit("jitney.toml", from, to);
    }

    /// What doctor prints, and how it ends, without what differs from run to run.
    async fn said(self, arguments: &[&str]) -> String {
        let clock = |off| Arc::new(Wrong(SystemClock::new(), off)) as Arc<dyn Clock>;
        let slack = LocalSlack::start(self.slack, clock(self.slack_clock)).await.unwrap();
        let jira = LocalJira::start(self.jira, clock(self.jira_clock)).await.unwrap();
        let slack_api = format!("{}/api", self.slack_url.map_or_else(|| slack.url(), str::to_owned));
        let jira_url = self.jira_url.map_or_else(|| jira.base_url(), str::to_owned);
        let [app, bot, api] = self.tokens;
        let variables = [
            ("JITNEY_SLACK_API_URL", slack_api.as_str()),
            ("JITNEY_JIRA_BASE_URL", jira_url.as_str()),
            ("JITNEY_SLACK_APP_TOKEN", app),
            ("JITNEY_SLACK_BOT_TOKEN", bot),
            ("JITNEY_JIRA_TOKEN", api),
        ];
        let set: Vec<_> = variables.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let arguments = [&["doctor"], arguments].concat();
        let before = names_in(&self.folder.0);
        let output = tokio::task::block_in_place(|| self.folder.run_with(&arguments, &set));
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert_eq!(names_in(&self.folder.0), before, "doctor leaves nothing behind");
        for secret in [APP_TOKEN, BOT_TOKEN, JIRA_TOKEN] {
            assert!(!text.contains(secret), "{text}");
        }
        let text = text
            .replace(self.folder.0.to_str().unwrap(), "FOLDER")
            .replace(&slack.addr().to_string(), "SLACK")
            .replace(&jira.base_url(), "JIRA");
        format!("{text}[exit {}]\n", output.status.code().unwrap())
    }
}

/// The files in a folder, but for those that SQLite keeps beside an open database.
fn names_in(folder: &Path) -> BTreeSet<String> {
    let names =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.starts_with("jitney.db-")).collect()
}

/// What is not as it should be.
fn complaints(said: &str) -> String {
    said.lines().filter(|line| !line.starts_with("ok ")).map(|line| format!("  {line}\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well() {
    let text = Stage::new("doctor-well").said(&[]).await;
    let json = Stage::new("doctor-well-json").said(&["--json"]).await;
    let (value, _) = json.split_once('\n').unwrap();
    let value: serde_json::Value = serde_json::from_str(value).unwrap();
    let offline = Stage::new("doctor-offline").said(&["--offline"]).await;
    insta::assert_snapshot!(without_figures(&format!("{text}\n{value:#}\n\n{offline}")));
}

type Break = (&'static str, fn(&mut Stage));

const BROKEN: &[Break] = &[
    ("the app-level token is a bot's", |stage| stage.tokens[0] = BOT_TOKEN),
    ("the app-level token is unknown", |stage| stage.tokens[0] = "xapp-of-another-app"),
    ("the app-level token may not open sockets", |stage| stage.slack.app_scopes.clear()),
    ("the bot token is an app's", |stage| stage.tokens[1] = APP_TOKEN),
    ("the bot token is unknown", |stage| stage.tokens[1] = "xoxb-of-another-app"),
    ("Jira's token is not there yet", |stage| stage.tokens[2] = ""),
    ("the tokens are of two apps", |stage| stage.slack.bot_app = "A0STAGING".to_owned()),
    ("the token is of another workspace", |stage| stage.config("T0LOCAL", "T0OTHER")),
    ("the bot is not in the channel", |stage| {
        stage.slack.channels[0].members.remove(BOT_USER);
    }),
    ("there is no such channel", |stage| stage.config("C0SECURITY", "C0NOWHERE")),
    ("the bot can see no history", |stage| {
        stage.slack.scopes.retain(|scope| !scope.ends_with(":history"));
    }),
    ("Slack's clock is far off", |stage| stage.slack_clock = 90),
    ("Slack is not reached", |stage| stage.slack_url = Some(NOWHERE)),
    ("Jira's token is wrong", |stage| stage.tokens[2] = "run-out"),
    ("the account is another", |stage| stage.config("jitney@example.com", "jit@example.com")),
    ("there is no such project", |stage| stage.config("\"ACC\"", "\"ACX\"")),
    ("there is no such issue type", |stage| stage.config("\"Task\"", "\"Taks\"")),
    ("the issue type is for subtasks", |stage| stage.config("\"Task\"", "\"Sub-task\"")),
    ("statuses are misspelt", |stage| {
        stage.config("\"Waiting for approval\"", "\"Waiting for aproval\"");
        stage.config("\"Declined\"\nwithdrawn", "\"Rejected by us\"\nwithdrawn");
        stage.config("\"Declined\"\nlapsed", "\"Rejected by us\"\nlapsed");
    }),
    ("Jira's clock is off", |stage| stage.jira_clock = -20),
    ("Jira is not reached", |stage| stage.jira_url = Some(NOWHERE)),
    ("the password file is gone", |stage| std::fs::remove_file(stage.folder.0.join("htpasswd")).unwrap()),
    ("a hook is not there", |stage| {
        stage.config("[\"/bin/true\", \"{login}\"], count", "[\"/nowhere/end\", \"{login}\"], count")
    }),
    ("a hook is anybody's", |stage| {
        let hook = stage.folder.0.join("end-sessions");
        stage.folder.write("end-sessions", "#!/bin/sh\n");
        set_mode(&hook, 0o777);
        stage.config(
            "[\"/bin/true\", \"{login}\"], count",
            &format!("[\"{}\", \"{{login}}\"], count", hook.display()),
        );
    }),
    ("the key is another's", |stage| {
        with_database(&stage.folder.0.join("jitney.db"), "0badc0de");
    }),
    ("others may read the database", |stage| {
        let database = stage.folder.0.join("jitney.db");
        with_database(&database, &key_id(&stage.folder));
        set_mode(&database, 0o644);
    }),
    ("there is no folder for the database", |stage| stage.config("\"jitney.db\"", "\"nowhere/jitney.db\"")),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_broken_thing_is_told_with_how_to_mend_it() {
    let mut told = String::new();
    for (number, (name, damage)) in BROKEN.iter().enumerate() {
        let mut stage = Stage::new(&format!("doctor-{number}"));
        damage(&mut stage);
        told.push_str(&format!("{name}\n{}\n", complaints(&stage.said(&[]).await)));
    }
    insta::assert_snapshot!(without_figures(&told));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_scope_and_each_permission_is_missed() {
    let mut told = String::new();
    let manifest = include_str!("../../manifest.yaml").split("\nsettings:").next().unwrap();
    for scope in manifest.lines().filter_map(|line| line.strip_prefix("      - ")) {
        let mut stage = Stage::new("doctor-scope");
        assert!(stage.slack.scopes.remove(scope), "{scope}");
        let said = stage.said(&[]).await;
        told.extend(said.lines().filter(|line| line.contains("scope ")).map(|line| format!("{line}\n")));
    }
    for permission in [
        "BROWSE_PROJECTS",
        "CREATE_ISSUES",
        "ADD_COMMENTS",
        "DELETE_OWN_COMMENTS",
        "TRANSITION_ISSUES",
        "LINK_ISSUES",
        "MODIFY_REPORTER",
        "USER_PICKER",
    ] {
        let mut stage = Stage::new("doctor-permission");
        stage.jira.lacks.insert(permission.to_owned());
        told.push_str(&complaints(&stage.said(&[]).await));
    }
    insta::assert_snapshot!(told);
}

fn with_database(path: &Path, key_id: &str) {
    let mut store = Store::open(path, "0123456789abcdef0123456789abcdef").unwrap();
    let mut tx = store.begin().unwrap();
    tx.sealing_key(key_id).unwrap();
    for (number, kind) in ["submitted", "denied"].into_iter().enumerate() {
        let at = Timestamp::from_millis(1_790_000_000_000 + number as i64);
        tx.append(at, kind, None, serde_json::json!({})).unwrap();
    }
    tx.commit().unwrap();
}

fn key_id(folder: &Folder) -> String {
    jitney::credentials::SealingKey::read(&folder.0.join("jitney.key")).unwrap().id()
}

#[test]
fn a_damaged_database_is_found_out() {
    let folder = Folder::set_up("doctor-damaged");
    let database = folder.0.join("jitney.db");
    with_database(&database, &key_id(&folder));
    let sound = folder.said(&["doctor", "--offline"]);
    assert!(
        sound.contains("jitney.db, 2 audit records: their chain holds, and its pages are sound"),
        "{sound}"
    );

    let mut bytes = std::fs::read(&database).unwrap();
    let page = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    bytes[3 * page..4 * page].fill(0xff);
    std::fs::write(&database, bytes).unwrap();
    let said = folder.said(&["doctor", "--offline"]);
    assert!(said.lines().any(|line| line.starts_with("fail  database")), "{said}");
    assert!(said.contains("ok    people"), "the other checks go on: {said}");
}

const NOBODY: u32 = 65_534;

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}

/// What doctor says of the disk, the key and the target to somebody who is not root: root may do everything.
fn said_to_nobody(folder: &Folder) -> String {
    let mut doctor = Command::new(env!("CARGO_BIN_EXE_jitney"));
    doctor.arg("doctor").current_dir(&folder.0).env_clear();
    if is_root() {
        doctor.uid(NOBODY).gid(NOBODY);
    }
    let said = String::from_utf8(doctor.output().unwrap().stdout).unwrap();
    let said = said.replace(folder.0.to_str().unwrap(), "FOLDER");
    let about = |line: &&str| line.contains("disk ") || line.contains("target ") || line.contains("sealing");
    without_figures(&said.lines().filter(about).map(|line| format!("{line}\n")).collect::<String>())
}

/// A folder of somebody who is not root, with the password file in a folder of its own.
fn of_nobody(name: &str) -> Folder {
    let folder = Folder::set_up(name);
    std::fs::create_dir(folder.0.join("wiki")).unwrap();
    folder.write("wiki/htpasswd", "");
    let passwords = folder.0.join("wiki/htpasswd").display().to_string();
    folder.edit("jitney.toml", "/srv/wiki/htpasswd\"", &format!("{passwords}\""));
    let everything = ["jitney.key", "people.toml", "jitney.toml", "policies", "wiki", "wiki/htpasswd", "."];
    for name in everything.iter().filter(|_| is_root()) {
        chown(folder.0.join(name), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    folder
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_that_can_t_be_written_is_told() {
    let folder = of_nobody("doctor-closed");
    set_mode(&folder.0, 0o555);
    set_mode(&folder.0.join("wiki"), 0o555);
    let said = said_to_nobody(&folder);
    set_mode(&folder.0, 0o755);
    set_mode(&folder.0.join("wiki"), 0o755);
    insta::assert_snapshot!(said);
}

#[test]
fn a_password_file_whose_readers_would_be_locked_out_is_told() {
    if !is_root() {
        println!("SKIPPED: only root can give a file to a group of others");
        return;
    }
    let folder = of_nobody("doctor-group");
    let passwords = folder.0.join("wiki/htpasswd");
    chown(&passwords, Some(NOBODY), Some(1)).unwrap();
    set_mode(&passwords, 0o640);
    let said = said_to_nobody(&folder);
    assert!(said.contains("fail  target         legacy-wiki: replacing FOLDER/wiki/htpasswd would give it another owner or group"), "{said}");
    set_mode(&passwords, 0o644);
    let said = said_to_nobody(&folder);
    assert!(
        said.contains("ok    target         legacy-wiki: FOLDER/wiki/htpasswd can be read and replaced"),
        "{said}"
    );
}

/// Of an app on this workspace.
pub(crate) fn slack_settings(slack: &LocalSlack) -> SlackSettings {
    SlackSettings {
        api_url: format!("{}/api", slack.url()),
        app_token: SecretString::from(APP_TOKEN),
        bot_token: SecretString::from(BOT_TOKEN),
        workspace: Workspace { team_id: Some("T0LOCAL".to_owned()), enterprise_id: None },
        bind_by_email: false,
        approvals_channel: "C0ACCESS".to_owned(),
        security_channel: "C0SECURITY".to_owned(),
        command: "/jit".to_owned(),
        burst: 3,
        ticket_url: None,
    }
}

fn grades(findings: &[Finding]) -> Vec<Grade> {
    findings.iter().map(|finding| finding.grade).collect()
}

#[tokio::test]
async fn a_slack_in_trouble_is_not_waited_for() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let clock = SystemClock::new();
    let slack = LocalSlack::start(Settings::for_people(&[]), Arc::new(SystemClock::new())).await.unwrap();
    let settings = slack_settings(&slack);
    let patience = Span::millis(300);
    let fine = jitney::slack::check(&settings, &clock, Span::secs(10)).await;
    assert_eq!(grades(&fine), [Grade::Ok; 7], "{fine:#?}");

    let mut told = Vec::new();
    for (method, fault) in [
        ("auth.test", SlackFault::Hang),
        ("auth.test", SlackFault::Status(503)),
        ("auth.test", SlackFault::RateLimited(30)),
        ("auth.test", SlackFault::Error("account_inactive".to_owned())),
        ("auth.test", SlackFault::Error("team_access_not_granted".to_owned())),
        ("auth.test", SlackFault::Error("\u{1b}[2Jsurprise".to_owned())),
        ("apps.connections.open", SlackFault::Hang),
        ("apps.connections.open", SlackFault::Error("internal_error".to_owned())),
        ("conversations.history", SlackFault::Status(500)),
        ("bots.info", SlackFault::Error("bot_not_found".to_owned())),
    ] {
        // Both tokens are tried.
        slack.fail_next(method, if method == "auth.test" { 2 } else { 1 }, &fault);
        let findings = jitney::slack::check(&settings, &clock, patience).await;
        slack.forget_faults();
        told.push(format!("{method} {fault:?}"));
        let odd = findings.into_iter().filter(|finding| finding.grade != Grade::Ok);
        told.extend(odd.map(|Finding { grade, says, mend }| {
            let says =
                says.replace(&slack.url(), "SLACK").replace("C0ACCESS", "C0…").replace("C0SECURITY", "C0…");
            format!("  {grade:?}: {says}; {}", mend.unwrap())
                .replace("approvals_channel", "…")
                .replace("security_channel", "…")
        }));
    }
    insta::assert_snapshot!(told.join("\n"));
    slack.outage(Outage::Unreachable);
    assert_eq!(grades(&jitney::slack::check(&settings, &clock, patience).await), [Grade::Fail]);
    assert!(
        slack.snapshot().channels.values().all(|channel| channel.messages.is_empty()),
        "nothing was posted"
    );
}

#[tokio::test]
async fn a_jira_in_trouble_is_not_waited_for() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let stage = Stage::new("doctor-jira");
    let jira = LocalJira::start(stage.jira, Arc::new(SystemClock::new())).await.unwrap();
    let settings = JiraSettings {
        base_url: jira.base_url().parse().unwrap(),
        email: "jitney@example.com".to_owned(),
        token: SecretString::from(JIRA_TOKEN),
        project: "ACC".to_owned(),
        issue_type: "Task".to_owned(),
        transitions: std::collections::BTreeMap::new(),
        settle_wait: Span::ZERO,
        timeout: Span::millis(300),
        label_prefix: LabelPrefix::usual(),
        link: None,
    };
    let clock = SystemClock::new();
    assert_eq!(grades(&jitney::jira::check(&settings, &clock).await), [Grade::Ok; 4]);
    let slow = JiraFault::Slow(std::time::Duration::from_secs(60));
    let mut told = Vec::new();
    for (call, fault) in [
        (LocalCall::Myself, slow),
        (LocalCall::Myself, JiraFault::Status(503)),
        (LocalCall::Myself, JiraFault::Status(429)),
        (LocalCall::Myself, JiraFault::Status(404)),
        (LocalCall::Myself, JiraFault::Status(302)),
        (LocalCall::MyPermissions, JiraFault::Status(500)),
        (LocalCall::MyPermissions, JiraFault::Status(400)),
        (LocalCall::ProjectStatuses, JiraFault::Refuse),
    ] {
        jira.fail_next_call(call, 1, fault);
        told.push(format!("{call:?} {fault:?}"));
        let findings = jitney::jira::check(&settings, &clock).await;
        let odd = findings.into_iter().filter(|finding| finding.grade != Grade::Ok);
        told.extend(odd.map(|Finding { grade, says, mend }| {
            format!("  {grade:?}: {}; {}", says.replace(&jira.base_url(), "JIRA"), mend.unwrap())
        }));
    }
    insta::assert_snapshot!(told.join("\n"));
    let reads = jira.exchanges().iter().all(|exchange| exchange.body.is_none());
    assert!(reads, "a check writes nothing");
}
