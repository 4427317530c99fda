//! `jitney audit`: check the chain of the log, and take the log away.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::out::{Mark, Out};
use super::{ConfigArg, Exit, wiring, words};
use crate::audit::{
    Break, Hash, Head, Record, Verifier, csv_header, from_json_line, to_csv_row, to_json_line,
};
use crate::config::Environment;
use crate::store::{Reader, StoreError};

/// A line of an export is at most this long, in bytes.
const LINE_LIMIT: u64 = 16 * 1024 * 1024;

const EXAMPLES: &str = "\
Examples:
  jitney audit verify
  jitney audit verify --remember 1042:9f86d0…0f00a08
  jitney audit export --format jsonl --output log.jsonl
  jitney audit verify log.jsonl";

/// Verify the tamper-evident log, and export it
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum AuditCommand {
    /// Walk the chain of the database, or of an export; prints the last record's number and hash
    Verify(VerifyArgs),
    /// Write every record as CSV, for spreadsheets, or as JSON Lines, which can be verified anywhere
    Export(ExportArgs),
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// An exported log; the database, when there is none
    #[arg(value_name = "LOG.jsonl")]
    export: Option<PathBuf>,
    /// A number and a hash that were remembered elsewhere, as an earlier verify printed them
    #[arg(long, value_name = "SEQ:HASH")]
    remember: Vec<Remembered>,
    #[command(flatten)]
    config: ConfigArg,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// In which form
    #[arg(long, value_enum)]
    format: Format,
    /// Into which new file; standard output, when there is none
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArg,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For spreadsheets
    Csv,
    /// One JSON record a line
    Jsonl,
}

/// A head as people write it down: `1042:9f86…`.
#[derive(Debug, Clone, Copy)]
struct Remembered(Head);

impl FromStr for Remembered {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "write a number, a colon and 64 hex digits, as `jitney audit verify` prints them";
        let (seq, hash) = text.trim().split_once(':').ok_or(FORM)?;
        let hash: Hash = hash.parse().map_err(|_| FORM)?;
        Ok(Self(Head { seq: seq.parse().map_err(|_| FORM)?, hash }))
    }
}

pub(super) fn run(command: AuditCommand, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    match command {
        AuditCommand::Verify(args) => verify(&args, environment, out),
        AuditCommand::Export(args) => export(&args, environment, out),
    }
}

/// Why a walk along the log ended early.
enum Stop {
    /// The chain is broken there.
    Broken(Break),
    /// It can't be read.
    Failed(anyhow::Error),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

fn verify(args: &VerifyArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let walked = match &args.export {
        Some(file) => walk_export(file, &args.remember),
        None => walk_database(&wiring::reader(&args.config.load(environment)?)?, &args.remember),
    };
    let (found, exit) = match walked {
        Ok(head) => (Ok(head), Exit::Fine),
        Err(Stop::Broken(broken)) => (Err(broken), Exit::Problem),
        Err(Stop::Failed(error)) => return Err(error),
    };
    match (args.json, found) {
        (true, Ok(head)) => out.json(&json!({ "holds": true, "seq": head.seq, "hash": head.hash }))?,
        (true, Err(broken)) => {
            out.json(&json!({ "holds": false, "seq": broken.seq, "why": broken.why.to_string() }))?;
        }
        (false, Ok(head)) => {
            out.line(format!("{}  {}", out.paint(Mark::Good, "ok"), words::chain_holds(&head)))?;
        }
        (false, Err(broken)) => {
            out.line(format!("{}  {}", out.paint(Mark::Bad, "broken"), words::chain_broken(&broken)))?;
        }
    }
    Ok(exit)
}

fn verifier(start: Head, remembered: &[Remembered]) -> Verifier {
    remembered.iter().fold(Verifier::after(start), |verifier, head| verifier.remember(head.0))
}

fn walk_database(reader: &Reader, remembered: &[Remembered]) -> Result<Head, Stop> {
    let mut verifier = verifier(Head::genesis(&reader.instance_id()?), remembered);
    reader.for_each_record(1, |record| verifier.feed(&record).map_err(Stop::Broken))?;
    verifier.finish().map_err(Stop::Broken)
}

fn walk_export(path: &Path, remembered: &[Remembered]) -> Result<Head, Stop> {
    let failed =
        |error: anyhow::Error| Stop::Failed(error.context(format!("can't verify {}", path.display())));
    let mut reading = BufReader::new(File::open(path).map_err(|error| failed(error.into()))?);
    let mut walk: Option<Verifier> = None;
    for number in 1u64.. {
        let mut line = String::new();
        let mut limited = (&mut reading).take(LINE_LIMIT);
        let read = limited.read_line(&mut line).map_err(|error| failed(error.into()))?;
        if read == 0 {
            break;
        }
        let record: Record =
            from_json_line(&line).with_context(|| format!("line {number}")).map_err(failed)?;
        // An export may begin in the middle; its first record then says what came before.
        let verifier = walk.get_or_insert_with(|| verifier(record.before(), remembered));
        verifier.feed(&record).map_err(Stop::Broken)?;
    }
    let walk = walk.ok_or_else(|| failed(anyhow::anyhow!("it has no records")))?;
    walk.finish().map_err(Stop::Broken)
}

fn export(args: &ExportArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let reader = wiring::reader(&args.config.load(environment)?)?;
    match &args.output {
        None => write_log(&reader, args.format, &mut out.stream())?,
        Some(path) => {
            let file =
                File::options().write(true).create_new(true).mode(0o600).open(path).with_context(|| {
                    format!("can't write {}; name a file that is not there yet", path.display())
                })?;
            let mut writing = std::io::BufWriter::new(file);
            write_log(&reader, args.format, &mut writing)?;
            writing.into_inner().context("can't finish the export")?.sync_all()?;
        }
    }
    Ok(Exit::Fine)
}

fn write_log(reader: &Reader, format: Format, into: &mut impl Write) -> anyhow::Result<()> {
    if matches!(format, Format::Csv) {
        into.write_all(csv_header().as_bytes())?;
    }
    reader.for_each_record::<anyhow::Error>(1, |record| {
        match format {
            Format::Csv => into.write_all(to_csv_row(&record).as_bytes())?,
            Format::Jsonl => writeln!(into, "{}", to_json_line(&record))?,
        }
        Ok(())
    })?;
    into.flush()?;
    Ok(())
}
