//! The legacy app behind a password file, with hooks that end its sessions.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use async_trait::async_trait;
use jitney::playground::legacy::LegacyApp;

use super::Ground;

/// As it was before anybody asked.
const AT_FIRST: &str = "# ask the wiki team\ngina:$2y$05$XaUaEwUUhFzVOJbGKl0kYuZ1HKbF.SJ4UKUTiDkOH5NETDiBJg6.S\n\
    \n# robots\nbackup:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n";

/// What the app's admins would write; it takes its time, as such scripts do.
const HOOK: &str = r#"set -u
sleep 0.2
verb="$1"; login="$2"
exec 3<>"/dev/tcp/127.0.0.1/PORT" || exit 75
method=GET; [ "$verb" = end ] && method=DELETE
printf '%s /sessions/%s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer TOKEN\r\nConnection: close\r\n\r\n' "$method" "$login" >&3
answer=$(cat <&3)
case "$answer" in "HTTP/1.1 200"*) ;; *) exit 75 ;; esac
sessions=${answer##*\"sessions\":}
printf '%s\n' "${sessions%%[!0-9]*}"
"#;

pub(super) struct PasswordFile {
    app: LegacyApp,
    file: PathBuf,
    hook: PathBuf,
    /// Who came in.
    visitors: Mutex<Vec<String>>,
    web: reqwest::Client,
}

impl PasswordFile {
    pub(super) async fn start(folder: &Path) -> Self {
        let folder = folder.join("wiki");
        std::fs::create_dir_all(&folder).unwrap();
        let (file, hook) = (folder.join("htpasswd"), super::private_folder(&folder).join("sessions"));
        std::fs::write(&file, AT_FIRST).unwrap();
        let app = LegacyApp::start(&file, 0).await.unwrap();
        let script = HOOK.replace("PORT", &app.addr().port().to_string()).replace("TOKEN", app.admin_token());
        super::write_private(&hook, &script);
        Self { app, file, hook, visitors: Mutex::default(), web: reqwest::Client::new() }
    }

    fn read(&self) -> String {
        std::fs::read_to_string(&self.file).unwrap()
    }
}

#[async_trait]
impl Ground for PasswordFile {
    fn name(&self) -> &'static str {
        "wiki"
    }

    fn table(&self) -> String {
        let hook = |verb| format!("[\"/bin/bash\", \"{}\", \"{verb}\", \"{{login}}\"]", self.hook.display());
        format!(
            "adapter = \"htpasswd\"\nfile = \"{}\"\nused_at = \"{}\"\ncost = 7\nsessions = {{ end = {}, count = {} }}\n",
            self.file.display(),
            self.app.url(),
            hook("end"),
            hook("count"),
        )
    }

    fn step(&self) -> String {
        "login = { }".to_owned()
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.app.admin_token().to_owned()]
    }

    async fn enter(&self, login: &str, password: &str) -> bool {
        self.visitors.lock().unwrap().push(login.to_owned());
        let visit = self.web.get(self.app.url()).basic_auth(login, Some(password)).send().await;
        visit.is_ok_and(|answer| answer.status().is_success())
    }

    async fn ours(&self) -> Vec<String> {
        let file = self.read();
        let logins = file.lines().filter(|line| line.starts_with("jit-")).map(|line| format!("line {line}"));
        let visitors = self.visitors.lock().unwrap();
        let sessions = visitors.iter().filter(|login| self.app.sessions_of(login) > 0);
        logins.chain(sessions.map(|login| format!("a session of {login}"))).collect()
    }

    async fn disturbed(&self) -> Vec<String> {
        let mut found = Vec::new();
        let foreign: String = self.read().split_inclusive('\n').filter(|l| !l.starts_with("jit-")).collect();
        if foreign != AT_FIRST {
            found.push(format!("foreign lines of the password file are now: {foreign}"));
        }
        for entry in std::fs::read_dir(self.file.parent().unwrap()).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if !["htpasswd", "htpasswd.lock", "private"].contains(&name.as_str()) {
                found.push(format!("{name} was left beside the password file"));
            }
        }
        found
    }
}
