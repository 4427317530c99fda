//! Reads for views, for tickets and for operators.

use super::apply::DISK_IS_FULL;
use super::core::Core;
use super::tickets::Looks;
use super::{Dossier, EngineError, Filter, REFUSED_MOST, Refused, RefusedOf, Status};
use crate::audit::{Head, Verifier};
use crate::ids::RequestId;
use crate::lifecycle::Request;

impl Core {
    /// How it is.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn status(&mut self) -> Result<Status, EngineError> {
        let now = self.now();
        let next_due = self.next_due();
        let claimed = self.claims.len();
        let in_flight = claimed + self.looks.as_ref().map_or(0, Looks::out);
        let refusing = self.full_until.map(|_| DISK_IS_FULL.to_owned());
        let ready = self.read(|tx| tx.ready_count(now))?.saturating_sub(claimed);
        Ok(Status { now, next_due, in_flight, ready, refusing, held: self.shared.held() })
    }

    /// A request with everything that was told of it.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn dossier(&mut self, request: RequestId) -> Result<Option<Dossier>, EngineError> {
        self.read(|tx| tx.dossier(request))
    }

    /// Requests, newest first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn list(&mut self, filter: &Filter) -> Result<Vec<Request>, EngineError> {
        self.read(|tx| tx.list(filter))
    }

    /// Requests whose review is owed, the earliest due first, at most so many.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn to_review(&mut self, most: u32) -> Result<Vec<Request>, EngineError> {
        self.read(|tx| tx.to_review(most))
    }

    /// The latest refusals, in order, at most as many as one is shown.
    ///
    /// # Errors
    /// When one can't be read.
    pub fn refused(&mut self, of: &RefusedOf) -> Result<Vec<Refused>, EngineError> {
        self.read(|tx| tx.refused(of, REFUSED_MOST))
    }

    /// The newest audit record's place and hash.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn audit_head(&mut self) -> Result<Head, EngineError> {
        self.read(|tx| tx.head())
    }

    /// Walks the whole audit chain.
    ///
    /// # Errors
    /// Where it breaks, in words.
    pub fn verify_audit(&mut self) -> Result<(), String> {
        let records = self.read(|tx| {
            let genesis = Head::genesis(&tx.instance_id()?);
            Ok((genesis, tx.records(1, usize::MAX)?))
        });
        let (genesis, records) = records.map_err(|e| e.to_string())?;
        let mut verifier = Verifier::after(genesis);
        for record in &records {
            verifier.feed(record).map_err(|e| e.to_string())?;
        }
        Ok(())
    }

    /// How many sealed credentials there are.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn sealed_credentials(&mut self) -> Result<u64, EngineError> {
        self.read(|tx| tx.count_secrets())
    }
}
