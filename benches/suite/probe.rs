//! How fast the disk is at the moment: 4 KiB appended and synced, again and again.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::spread::Spread;

/// Two probes whose medians differ by more than this are of two different disks, as it were.
const STEADY: f64 = 3.0;

/// One look at the disk, in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Probe {
    pub(crate) median: f64,
    pub(crate) p99: f64,
}

impl Probe {
    pub(crate) fn take(folder: &Path, syncs: usize) -> anyhow::Result<Self> {
        let path = folder.join("probe");
        let mut file = File::create(&path)?;
        let block = [0x5a_u8; 4096];
        let mut measured = Vec::with_capacity(syncs);
        for _ in 0..syncs {
            let began = Instant::now();
            file.write_all(&block)?;
            file.sync_all()?;
            measured.push(began.elapsed());
        }
        std::fs::remove_file(&path)?;
        let spread = Spread::of_durations(measured);
        Ok(Self { median: spread.median(), p99: spread.p99() })
    }

    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        let (low, high) = (self.median.min(other.median), self.median.max(other.median));
        high <= low * STEADY
    }

    pub(crate) fn words(&self) -> String {
        format!("{:.2}/{:.2} ms", self.median / 1e3, self.p99 / 1e3)
    }

    pub(crate) fn to_json(self) -> Value {
        json!({ "p50_us": self.median, "p99_us": self.p99 })
    }
}
