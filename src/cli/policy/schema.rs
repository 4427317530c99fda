//! `jitney policy schema`: JSON Schemas of the policy files, for editors.

use clap::{Args, ValueEnum};

use super::super::out::Out;
use super::Exit;
use crate::policy::{self, FileKind};

const EXAMPLES: &str = "\
Examples:
  jitney policy schema app > policies/.app.schema.json
  jitney policy schema tiers > policies/.tiers.schema.json

An editor that knows taplo takes them from the first line of a file:
  #:schema ./.app.schema.json

Exit codes: 0 printed, 2 the command line was wrong.";

/// Print a JSON Schema of the policy files, so that an editor completes and checks them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct SchemaArgs {
    /// Of which kind of file
    #[arg(value_enum, default_value_t = Kind::App)]
    kind: Kind,
    /// Print it on one line, as other commands print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// An app's file
    App,
    /// tiers.toml
    Tiers,
}

pub(super) fn run(args: &SchemaArgs, out: Out) -> anyhow::Result<Exit> {
    let schema = policy::schema(match args.kind {
        Kind::App => FileKind::App,
        Kind::Tiers => FileKind::Tiers,
    });
    if args.json {
        out.json(&schema)?;
    } else {
        out.line(serde_json::to_string_pretty(&schema)?)?;
    }
    Ok(Exit::Fine)
}
