//! The bytes of a file in pieces that copies share, so that a copy of a file costs next to nothing.

use std::sync::Arc;

const PIECE: usize = 4096;

#[derive(Debug, Clone, Default)]
pub struct Bytes {
    len: usize,
    /// Zeros beyond the length.
    pieces: Vec<Arc<[u8; PIECE]>>,
}

impl Bytes {
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Fills the front of `into` with what stands at `at`; how much of it.
    pub fn read(&self, at: usize, into: &mut [u8]) -> usize {
        let end = (at + into.len()).min(self.len);
        let mut from = at;
        while from < end {
            let (piece, inside) = (from / PIECE, from % PIECE);
            let part = (PIECE - inside).min(end - from);
            into[from - at..][..part].copy_from_slice(&self.pieces[piece][inside..][..part]);
            from += part;
        }
        end.saturating_sub(at)
    }

    pub fn put(&mut self, at: usize, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.len = self.len.max(at + bytes.len());
        self.pieces.resize_with(self.len.div_ceil(PIECE), || Arc::new([0; PIECE]));
        let (mut from, mut rest) = (at, bytes);
        while !rest.is_empty() {
            let (piece, inside) = (from / PIECE, from % PIECE);
            let (part, after) = rest.split_at((PIECE - inside).min(rest.len()));
            Arc::make_mut(&mut self.pieces[piece])[inside..][..part.len()].copy_from_slice(part);
            from += part.len();
            rest = after;
        }
    }

    pub fn truncate(&mut self, len: usize) {
        if len >= self.len {
            return;
        }
        self.len = len;
        self.pieces.truncate(len.div_ceil(PIECE));
        if let Some(last) = self.pieces.last_mut()
            && !len.is_multiple_of(PIECE)
        {
            Arc::make_mut(last)[len % PIECE..].fill(0);
        }
    }
}
