//! Parses the command line and calls one function of `cli`.

fn main() -> std::process::ExitCode {
    jitney::cli::run(std::env::args_os())
}
