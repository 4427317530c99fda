//! Sessions on a server: which there are, and their end.
//!
//! An account without rights to statistics sees the process and the role of every session, and no more: not when it
//! began and not whether it did SET ROLE (postgresql.org/docs, "The Cumulative Statistics System").

use std::time::Duration;

use tokio_postgres::types::Type;

use super::failure::Failure;
use super::session::{Session, cell};
use super::words;

/// Ended sessions go within milliseconds, unless they are busy in the kernel.
const PAUSE: Duration = Duration::from_millis(25);
const ROUNDS: u32 = 120;

/// Some of a server's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clients {
    /// Of a role, by its OID.
    Of(u32),
    /// Of roles that are no longer there. Nobody but a login that was dropped under its session leaves such.
    OfNobody,
}

impl Clients {
    /// As a condition on `pg_stat_activity a`; `$1` is an OID.
    const fn condition(self) -> &'static str {
        match self {
            Self::Of(_) => "a.usesysid = $1",
            Self::OfNobody => {
                "a.usesysid > $1 AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = a.usesysid)"
            }
        }
    }

    const fn value(self) -> u32 {
        match self {
            Self::Of(oid) => oid,
            Self::OfNobody => 0,
        }
    }

    /// How many there are.
    pub(super) async fn count(self, session: &Session) -> Result<u64, Failure> {
        let sql = format!("SELECT count(*) FROM pg_stat_activity a WHERE {}", self.condition());
        let row = session.row(&sql, &[(&self.value(), Type::OID)]).await?;
        let count: i64 = cell(&row, 0)?;
        Ok(count.unsigned_abs())
    }

    /// Ends them and waits until none is left; says how many were told to end.
    ///
    /// # Errors
    /// When some are still there after a while, or when we may not end them.
    pub(super) async fn end(self, session: &Session) -> Result<u64, Failure> {
        let sql = format!(
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(a.pid)), count(*) FROM pg_stat_activity a WHERE {}",
            self.condition()
        );
        let mut ended = 0;
        for _ in 0..ROUNDS {
            let row = session.row(&sql, &[(&self.value(), Type::OID)]).await?;
            let (told, left): (i64, i64) = (cell(&row, 0)?, cell(&row, 1)?);
            if left == 0 {
                return Ok(ended);
            }
            // The first time they are all told; later ones are those that came in just before the door closed.
            ended = ended.max(told.unsigned_abs());
            tokio::time::sleep(PAUSE).await;
        }
        Err(Failure::passing(words::SESSIONS_REMAIN))
    }
}
