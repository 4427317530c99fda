//! The policies that were last in force, and what was last refused.

use rusqlite::{OptionalExtension as _, params};

use super::columns::{from_json, to_json};
use super::{StoreError, Tx};
use crate::policy::{Digest, SourceFile};

/// The policies that were last in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoliciesSeen {
    /// Their digest.
    pub digest: Digest,
    /// Their files; none when they were too long to be kept.
    pub files: Option<Vec<SourceFile>>,
    /// What was refused since, and was not mended yet: a digest, or why nothing could be read.
    pub refused: Option<String>,
}

impl Tx<'_> {
    /// The policies that were last in force; none before the first start.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn policies_seen(&mut self) -> Result<Option<PoliciesSeen>, StoreError> {
        let mut sql =
            self.conn()?.prepare_cached("SELECT digest, files, refused FROM policies_seen WHERE one = 1")?;
        let row: Option<(String, Option<String>, Option<String>)> =
            sql.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        let Some((digest, files, refused)) = row else { return Ok(None) };
        let files =
            files.map(|files| from_json("the policies that were last in force", &files)).transpose()?;
        Ok(Some(PoliciesSeen { digest: Digest::from_hex(digest), files, refused }))
    }

    /// Keeps them.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn set_policies_seen(&mut self, seen: &PoliciesSeen) -> Result<(), StoreError> {
        let files = seen.files.as_ref().map(|files| to_json("the policies in force", files)).transpose()?;
        let mut sql = self.conn()?.prepare_cached(
            "INSERT INTO policies_seen (one, digest, files, refused) VALUES (1, ?1, ?2, ?3)
             ON CONFLICT (one) DO UPDATE SET digest = ?1, files = ?2, refused = ?3",
        )?;
        sql.execute(params![seen.digest.as_str(), files, seen.refused])?;
        Ok(())
    }
}
