//! What the algorithms that all backends share ask of a database, row by row.
//!
//! A backend implements these traits for its open transaction, and with them gets the whole of
//! [`Store`](super::Store) from [`Database`](super::Database). They hold no rules: whoever calls
//! them has decided. Lists may be answered in any order unless something else is said.

mod companies;
mod drift;
mod entries;
mod events;
mod jobs;
mod leases;
mod resources;
mod syncs;

use std::fmt;
use std::time::Instant;

use async_trait::async_trait;

pub(super) use companies::{CompanyRows, Head, UsedRequest};
pub(super) use drift::DriftRows;
pub(super) use entries::{Asked, EntryRows, NewJob, NewRevision, VersionSpan, version_spans};
pub(super) use events::{EventRows, EventsOf};
pub(super) use jobs::JobRows;
pub(super) use leases::{LeaseRow, LeaseRows};
pub(super) use resources::{NamedQuery, ResourceRows};
pub(super) use syncs::SyncRows;

use super::Error;
use crate::domain::{CompanyId, Timestamp};

/// Opens transactions.
#[async_trait]
pub(super) trait Backend: Send + Sync + fmt::Debug + 'static {
    /// An open transaction. MUST undo everything when it is dropped without a commit.
    type Rows: Rows;

    /// How often a transaction is done at most, where the database undid it.
    const ATTEMPTS: usize = 1;

    /// Opens a transaction that may write.
    async fn write(&self) -> Result<Self::Rows, Error>;

    /// Opens a transaction that only reads, all of it from one state, for somebody who waits until
    /// `deadline`.
    async fn read(&self, deadline: Option<Instant>) -> Result<Self::Rows, Error>;

    /// As [`Store::check`](super::Store::check).
    async fn check(&self) -> Result<(), Error>;

    /// Tells whether the database undid the transaction that failed so, through nothing that the
    /// transaction did. MUST be certain that nothing is left of it.
    fn was_undone(&self, _error: &Error) -> bool {
        false
    }
}

/// An open transaction.
#[async_trait]
pub(super) trait Rows:
    CompanyRows
    + DriftRows
    + EntryRows
    + ResourceRows
    + SyncRows
    + JobRows
    + EventRows
    + LeaseRows
    + Send
{
    /// Returns the database's time; the same within a transaction.
    async fn now(&mut self) -> Result<Timestamp, Error>;

    /// Makes other transactions that lock one of these companies wait for this one. Called first
    /// and once, with the companies in their order.
    async fn lock(&mut self, companies: &[CompanyId]) -> Result<(), Error>;

    /// Makes what was written durable.
    async fn commit(self) -> Result<(), Error>;

    /// Ends the transaction, and undoes what was written.
    async fn end(self) -> Result<(), Error>;
}
