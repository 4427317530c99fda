//! The benchmarks: every figure of one run, each beside the limit that the same run measured on the same disk.
//! docs/performance.md says what the figures mean; `benches/run` builds and runs this.
#![allow(clippy::disallowed_methods, reason = "a benchmark measures by the machine's own clocks")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what it is for")]

mod acks;
mod apps;
mod arguments;
mod bare;
mod clicks;
mod company;
mod crash;
mod decide;
mod desk;
mod figures;
mod folder;
mod idle;
mod lives;
mod load;
mod local;
mod machine;
mod null;
mod parts;
mod probe;
mod replays;
mod restart;
mod room;
mod server;
mod size;
mod spread;
mod stock;
mod storm;

use arguments::Asked;

fn main() -> std::process::ExitCode {
    let asked = arguments::read(std::env::args().skip(1));
    let done = asked.and_then(|asked| match asked {
        Asked::Help => {
            println!("{}", arguments::HELP);
            Ok(())
        }
        Asked::Run(arguments) => parts::run(&arguments),
    });
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
