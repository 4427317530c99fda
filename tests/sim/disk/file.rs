//! A file of the disk: what a reader sees, what a power cut leaves for certain, and what may or may not have come
//! so far.

use rand::RngExt;
use rand::rngs::StdRng;

use super::bytes::Bytes;

/// What a disk writes whole or not at all, for the most part.
const SECTOR: usize = 512;

#[derive(Debug, Default)]
pub struct File {
    /// As it is read.
    seen: Bytes,
    /// As it is on the platter.
    durable: Bytes,
    /// On the way from one to the other, oldest first.
    pending: Vec<(u64, Change)>,
    /// A sync failed once: what is read is no longer what the platter has and what is on the way, taken together.
    apart: bool,
}

#[derive(Debug)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Truncate { len: usize },
}

/// What becomes of what is on the way when the power goes.
#[derive(Debug, Clone, Copy)]
pub enum Loss {
    /// All of it is lost.
    All,
    /// All of it came through.
    Nothing,
    /// What came before this one, in the order of writing; of this one a part.
    After(u64),
    /// Each sector by itself, so that late writes come through without early ones; a few are torn.
    Scattered { kept: f64, torn: f64 },
}

impl File {
    /// A file that has been there for long.
    pub fn durable(bytes: &Bytes) -> Self {
        Self { seen: bytes.clone(), durable: bytes.clone(), ..Self::default() }
    }

    pub const fn bytes(&self) -> &Bytes {
        &self.seen
    }

    pub fn write(&mut self, order: u64, at: usize, bytes: &[u8]) {
        self.seen.put(at, bytes);
        self.pending.push((order, Change::Write { at, bytes: bytes.to_vec() }));
    }

    pub fn truncate(&mut self, order: u64, len: usize) {
        self.seen.truncate(len);
        self.pending.push((order, Change::Truncate { len }));
    }

    pub fn sync(&mut self) {
        if !self.apart {
            self.pending.clear();
            self.durable.clone_from(&self.seen);
            return;
        }
        for (_, change) in self.pending.drain(..) {
            match change {
                Change::Write { at, bytes } => self.durable.put(at, &bytes),
                Change::Truncate { len } => self.durable.truncate(len),
            }
        }
    }

    /// A sync that failed: the system takes what was to be written for clean. It is read as before, and no later
    /// sync brings it to the platter.
    pub fn sync_failed(&mut self) {
        self.apart |= !self.pending.is_empty();
        self.pending.clear();
    }

    /// The power is back: only what is on the platter is there.
    pub fn lose(&mut self, loss: Loss, rng: &mut StdRng) {
        for (order, change) in std::mem::take(&mut self.pending) {
            match change {
                Change::Write { at, bytes } => {
                    for (sector, part) in sectors(at, &bytes) {
                        let through = match loss {
                            Loss::All => 0,
                            Loss::Nothing => part.len(),
                            Loss::After(last) if order == last && rng.random_bool(0.5) => part.len(),
                            Loss::After(last) => {
                                if order < last {
                                    part.len()
                                } else {
                                    0
                                }
                            }
                            Loss::Scattered { torn, .. } if rng.random_bool(torn) => {
                                rng.random_range(0..=part.len())
                            }
                            Loss::Scattered { kept, .. } => {
                                if rng.random_bool(kept) {
                                    part.len()
                                } else {
                                    0
                                }
                            }
                        };
                        self.durable.put(sector, &part[..through]);
                    }
                }
                Change::Truncate { len } => {
                    let through = match loss {
                        Loss::All => false,
                        Loss::Nothing => true,
                        Loss::After(last) => order < last,
                        Loss::Scattered { kept, .. } => rng.random_bool(kept),
                    };
                    if through {
                        self.durable.truncate(len);
                    }
                }
            }
        }
        self.seen.clone_from(&self.durable);
        self.apart = false;
    }
}

/// A write, cut where sectors begin.
fn sectors(at: usize, bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut from = at;
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (part, after) = rest.split_at((SECTOR - from % SECTOR).min(rest.len()));
        let sector = from;
        from += part.len();
        rest = after;
        Some((sector, part))
    })
}
