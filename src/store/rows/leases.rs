//! Leases, and connections for which there may be something to do.

use async_trait::async_trait;

use crate::domain::{Problem, Timestamp};
use crate::store::{Backlog, Doorbell, Error};

/// A lease, as the database keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct LeaseRow {
    pub(in crate::store) holder: String,
    pub(in crate::store) epoch: i64,
    pub(in crate::store) expires_at: Timestamp,
    /// Whether the holder gave it back.
    pub(in crate::store) released: bool,
    pub(in crate::store) window: Option<String>,
    pub(in crate::store) gate: Option<(Timestamp, Problem)>,
}

impl LeaseRow {
    /// Tells whether somebody holds it.
    pub(in crate::store) fn is_held(&self, now: Timestamp) -> bool {
        !self.released && self.expires_at > now
    }
}

/// Leases.
#[async_trait]
pub(in crate::store) trait LeaseRows {
    /// Reads the lease of a connection.
    async fn lease(&mut self, at: &Doorbell) -> Result<Option<LeaseRow>, Error>;

    /// Writes the lease of a connection.
    async fn write_lease(&mut self, at: &Doorbell, lease: &LeaseRow) -> Result<(), Error>;

    /// Lists connections in use that have an open job or a call in doubt, whose lease is not held
    /// at `now` and whose gate opens until `gate_until`; the one that was held the longest time
    /// ago first. With `scans`, those that are to be scanned by `now` or never were, too; without, only
    /// where that was asked for.
    async fn due(
        &mut self,
        now: Timestamp,
        gate_until: Timestamp,
        scans: bool,
        limit: usize,
    ) -> Result<Vec<Doorbell>, Error>;

    /// Counts connections in use that have an open job or a call in doubt, and open jobs.
    async fn backlog(&mut self) -> Result<Backlog, Error>;
}
