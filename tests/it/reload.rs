//! SIGHUP, to the real `jitney serve`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use jitney::credentials::SealingKey;
use jitney::playground::jira::{LocalAccount, LocalJira, LocalJiraSettings};
use jitney::playground::people::{self, ACCESS_CHANNEL, SECURITY_CHANNEL};
use jitney::playground::policies::EXAMPLES;
use jitney::playground::slack::{LocalSlack, Settings, TEAM};
use jitney::time::{Clock, Span, SystemClock};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use secrecy::{ExposeSecret as _, SecretString};

use crate::servers::keeper;
use crate::targets::scratch::Scratch;

/// How long the process may take for one thing.
const SOON: Duration = Duration::from_secs(30);

struct Site {
    scratch: Scratch,
    slack: LocalSlack,
    _jira: LocalJira,
}

impl Site {
    async fn set_up() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let scratch = Scratch::new();
        let clock = || Arc::new(SystemClock::new()) as Arc<dyn Clock>;
        let everybody = people::people().unwrap();
        let slack = LocalSlack::start(Settings::for_people(&everybody), clock()).await.unwrap();
        let settings = LocalJiraSettings {
            project: "ACC".to_owned(),
            issue_type: "Task".to_owned(),
            accounts: vec![LocalAccount {
                id: "acc:jitney".to_owned(),
                email: "jitney@example.com".to_owned(),
                name: "Jitney".to_owned(),
            }],
            token: SecretString::from("a-jira-token"),
            search_lag: Span::ZERO,
            reporter_on_screen: true,
            lacks: std::collections::BTreeSet::new(),
            hidden_emails: false,
        };
        let jira = LocalJira::start(settings, clock()).await.unwrap();
        std::fs::create_dir_all(scratch.path("policies")).unwrap();
        for (name, text) in EXAMPLES {
            std::fs::write(scratch.path("policies").join(name), text).unwrap();
        }
        let file = std::collections::BTreeMap::from([("people", &everybody)]);
        scratch.write("people.toml", toml::to_string(&file).unwrap());
        let key = scratch.write("jitney.key", SealingKey::generate().expose_secret());
        private(&key);
        let htpasswd = scratch.write("htpasswd", "gina:x\n");
        let config = format!(
            "[slack]\napi_url = \"{}/api\"\nteam_id = \"{TEAM}\"\napprovals_channel = \"{ACCESS_CHANNEL}\"\n\
             security_channel = \"{SECURITY_CHANNEL}\"\n\n[jira]\nbase_url = \"{}\"\nemail = \"jitney@example.com\"\n\
             project = \"ACC\"\n\n[targets.legacy-wiki]\nadapter = \"htpasswd\"\nfile = \"{}\"\n",
            slack.url(),
            jira.base_url(),
            htpasswd.display(),
        );
        scratch.write("jitney.toml", config);
        Self { scratch, slack, _jira: jira }
    }

    fn serve(&self) -> (keeper::Kept, PathBuf) {
        let log = self.scratch.path("log");
        let settings = self.slack.settings();
        // The keeper takes no redirections, so a shell does it.
        let mut shell = Command::new("sh");
        shell.arg("-c").arg("exec \"$0\" serve </dev/null >\"$1\" 2>&1").arg(env!("CARGO_BIN_EXE_jitney"));
        shell.arg(&log).current_dir(self.scratch.path("")).envs([
            ("JITNEY_SLACK_APP_TOKEN", settings.app_token.as_str()),
            ("JITNEY_SLACK_BOT_TOKEN", settings.bot_token.as_str()),
            ("JITNEY_JIRA_TOKEN", "a-jira-token"),
        ]);
        (keeper::start(shell), log)
    }
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

async fn logs(log: &Path, wanted: &str, times: usize) {
    let until = tokio::time::Instant::now() + SOON;
    let read = || std::fs::read_to_string(log).unwrap_or_default();
    while tokio::time::Instant::now() < until {
        if read().matches(wanted).count() >= times {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no `{wanted}` in:\n{}", read());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sighup_has_policies_and_people_read_at_once_and_the_log_says_what_came_of_it() {
    let site = Site::set_up().await;
    let (mut serve, log) = site.serve();
    let signal = |signal| kill(Pid::from_raw(i32::try_from(serve.id()).unwrap()), signal).unwrap();
    logs(&log, "jitney runs", 1).await;
    signal(Signal::SIGHUP);
    logs(&log, "the policies are what they were", 1).await;
    logs(&log, "the directory was looked at", 1).await;

    let wiki = site.scratch.path("policies").join("wiki.toml");
    let good = std::fs::read_to_string(&wiki).unwrap();
    std::fs::write(&wiki, good.replacen("tier ", "teir ", 1)).unwrap();
    signal(Signal::SIGHUP);
    logs(&log, "the last good ones stay in force", 1).await;
    std::fs::write(&wiki, good.replacen("\"8h\"", "\"4h\"", 1)).unwrap();
    signal(Signal::SIGHUP);
    logs(&log, "other policies are in force now", 1).await;

    signal(Signal::SIGTERM);
    keeper::until_ready("the end", || serve.ended().is_some());
    assert!(serve.ended().unwrap().success());
}
