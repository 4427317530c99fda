//! A disk that a test fills and frees, through SQLite's own limit on a database's pages: a full disk that needs
//! neither a mount nor root.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::Connection;

use super::StoreError;

/// So many pages for the database, and so many more that are there while the ballast is given back.
#[derive(Debug, Clone)]
pub struct SmallDisk {
    pages: Arc<AtomicU32>,
    ballast: u32,
}

impl SmallDisk {
    /// A disk with this room, in pages.
    #[must_use]
    pub fn new(pages: u32, ballast: u32) -> Self {
        Self { pages: Arc::new(AtomicU32::new(pages)), ballast }
    }

    /// From the next transaction on it has this room, in pages, the ballast's not counted.
    pub fn resize(&self, pages: u32) {
        self.pages.store(pages, Ordering::SeqCst);
    }

    /// Whether the ballast fits beside so many pages.
    pub(super) fn has_room(&self, used: u32) -> bool {
        used < self.pages.load(Ordering::SeqCst)
    }

    pub(super) fn limit(&self, conn: &Connection, with_ballast: bool) -> Result<(), StoreError> {
        let pages = self.pages.load(Ordering::SeqCst);
        let pages = if with_ballast { pages } else { pages.saturating_add(self.ballast) };
        // It answers with the limit that holds now, which is never below what is used.
        conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
        Ok(())
    }
}
