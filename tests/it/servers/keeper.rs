//! Child processes that never outlive the tests: they die with this process even when it is killed.

use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

/// Starts a child that the kernel kills when this process ends; `command` is run through `setpriv`.
///
/// The kernel watches the thread that started the child, not the process: so one thread, which never ends, starts
/// them all.
pub(crate) fn start(command: Command) -> Kept {
    static STARTER: LazyLock<Mutex<Sender<Job>>> = LazyLock::new(|| {
        let (jobs, inbox) = channel::<Job>();
        std::thread::spawn(move || {
            for (mut command, reply) in inbox {
                let _ = reply.send(command.spawn());
            }
        });
        Mutex::new(jobs)
    });
    let (reply, answer) = channel();
    STARTER.lock().unwrap().send((with_parent_death(&command), reply)).unwrap();
    Kept(answer.recv().unwrap().unwrap())
}

type Job = (Command, Sender<std::io::Result<Child>>);

/// A running child; dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Kept(Child);

impl Kept {
    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    pub(crate) fn kill(&mut self) -> ExitStatus {
        let _ = self.0.kill();
        self.0.wait().unwrap()
    }

    /// How it ended; none while it runs.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().unwrap()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn with_parent_death(command: &Command) -> Command {
    let mut kept = Command::new("setpriv");
    kept.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program()).args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => kept.env(key, value),
            None => kept.env_remove(key),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        kept.current_dir(folder);
    }
    kept
}

/// Waits until `is_ready` says so, for 30 seconds at most: a server's start has no signal that one could wait for.
pub(crate) fn until_ready(what: &str, mut is_ready: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if is_ready() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what} does not get ready");
}

#[test]
fn a_kept_child_runs_until_it_is_dropped() {
    let mut command = Command::new("sleep");
    command.arg("60");
    let mut child = start(command);
    assert_eq!(child.ended(), None);
    let proc = format!("/proc/{}/comm", child.id());
    until_ready("sleep", || std::fs::read_to_string(&proc).unwrap() == "sleep\n");
    assert!(!child.kill().success());
    drop(child);
    assert!(!std::path::Path::new(&proc).exists());
}
