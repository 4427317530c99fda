//! The command line.

use anyhow::{Context as _, bail};

pub(crate) const HELP: &str = "\
Usage: benches/run [--quick] [--json] [--only B1,B4,…] [--most GRANTS]

  --quick   a smoke run of well under a minute: small numbers, every part once
  --json    the same table as JSON
  --only    these parts alone: B1 B3 B4 B6 B7 B8 B9 B12
  --most    leave out what wants more stored grants than this; 1000000 take 12 GB of disk, and a copy as much";

/// What is wanted.
#[derive(Debug)]
pub(crate) enum Asked {
    Help,
    Run(Arguments),
}

/// What to measure, and how to print it.
#[derive(Debug, Clone)]
pub(crate) struct Arguments {
    pub(crate) quick: bool,
    pub(crate) json: bool,
    pub(crate) only: Vec<String>,
    pub(crate) most: u64,
}

impl Arguments {
    /// How many grants are stored, from few to many. One takes 12 kB of disk, and a copy of all is made.
    pub(crate) fn stocks(&self) -> Vec<u64> {
        let sizes: &[u64] = if self.quick { &[2_000] } else { &[10_000, 100_000, 1_000_000] };
        sizes.iter().copied().filter(|size| *size <= self.most).collect()
    }

    pub(crate) fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|one| one.eq_ignore_ascii_case(part))
    }
}

pub(crate) fn read(words: impl Iterator<Item = String>) -> anyhow::Result<Asked> {
    let mut arguments = Arguments { quick: false, json: false, only: Vec::new(), most: 1_000_000 };
    let mut words = words;
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} wants a value\n\n{HELP}"));
        match word.as_str() {
            "--quick" => arguments.quick = true,
            "--json" => arguments.json = true,
            "--only" => arguments.only = value()?.split(',').map(str::to_owned).collect(),
            "--most" => arguments.most = value()?.parse().context("--most wants a number")?,
            "--help" | "-h" => return Ok(Asked::Help),
            // Cargo says so to every benchmark.
            "--bench" => {}
            _ => bail!("`{word}` is no option\n\n{HELP}"),
        }
    }
    Ok(Asked::Run(arguments))
}
