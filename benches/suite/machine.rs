//! The machine and the tools that a run was made with.

use std::path::Path;
use std::process::Command;

/// One line each: what it is and what it says.
pub(crate) fn lines(folder: &Path) -> Vec<(&'static str, String)> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    vec![
        ("cpu", format!("{}, {cores} cores", cpu())),
        ("kernel", first_line("/proc/sys/kernel/osrelease")),
        ("file system", said(Command::new("stat").args(["-f", "-c", "%T"]).arg(folder))),
        ("rustc", said(Command::new("rustc").arg("--version"))),
        ("sqlite", rusqlite::version().to_owned()),
        ("load", first_line("/proc/loadavg")),
    ]
}

fn cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, model)| model.to_owned())
}

fn first_line(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

fn said(command: &mut Command) -> String {
    let output = command.output().map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    output.ok().filter(|text| !text.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}
