//! Where a vendor stands with resources.

use async_trait::async_trait;

use crate::domain::{ResourceId, ResourceKind, Sync, Timestamp, Tracked};
use crate::store::{Doorbell, Error};

/// Where a vendor stands with resources.
#[async_trait]
pub(in crate::store) trait SyncRows {
    /// Reads where a connection stands with those of these resources that it ever touched.
    async fn syncs(
        &mut self,
        at: &Doorbell,
        ids: &[ResourceId],
    ) -> Result<Vec<(ResourceId, Sync)>, Error>;

    /// Writes where a connection stands with resources.
    async fn write_syncs(
        &mut self,
        at: &Doorbell,
        syncs: &[(ResourceId, Sync)],
    ) -> Result<(), Error>;

    /// Forgets the failures of a connection, and its parked decisions too if `unpark`.
    async fn reset_syncs(&mut self, at: &Doorbell, unpark: bool) -> Result<(), Error>;

    /// Reads the resources of a kind whose latest version is not confirmed at a connection or that
    /// have a pending item, without those parked at that version or in doubt: first those that may
    /// be tried now, then those that failed and wait, each by the age of the decision.
    async fn unconfirmed(
        &mut self,
        at: &Doorbell,
        kind: ResourceKind,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Tracked>, Error>;

    /// Reads the resources of a kind that are in doubt at a connection, by the age of the decision.
    async fn in_doubt(&mut self, at: &Doorbell, kind: ResourceKind) -> Result<Vec<Tracked>, Error>;

    /// Lists the resources for which a connection may hold another name than the decided one, or is
    /// left alone with what it holds.
    async fn holding(&mut self, at: &Doorbell) -> Result<Vec<ResourceId>, Error>;
}
