//! `jitney completions`: a script that completes the command line in a shell.

use clap::Args;
use clap_complete::Shell;

use super::Exit;
use super::out::Out;

const EXAMPLES: &str = "\
Examples:
  jitney completions bash > ~/.local/share/bash-completion/completions/jitney
  jitney completions zsh > ~/.zfunc/_jitney
  jitney completions fish > ~/.config/fish/completions/jitney.fish";

/// Print a script that completes the command line in your shell
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, command: &mut clap::Command, out: Out) -> anyhow::Result<Exit> {
    // Built in memory first, since the generator panics when it can't write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, command, "jitney", &mut script);
    std::io::Write::write_all(&mut out.stream(), &script)?;
    Ok(Exit::Fine)
}
