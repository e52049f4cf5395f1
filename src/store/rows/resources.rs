//! Versions of resources.

use async_trait::async_trait;

use crate::domain::{
    CompanyId, ConnectionId, ResourceId, ResourceKind, Revision, Tracked, Version,
};
use crate::store::Error;

/// Asks for the latest version of the resource of this kind and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::store) struct NamedQuery {
    pub(in crate::store) company_id: CompanyId,
    pub(in crate::store) kind: ResourceKind,
    pub(in crate::store) name: String,
}

/// Versions of resources.
#[async_trait]
pub(in crate::store) trait ResourceRows {
    /// Reads the latest versions of named resources, tombstones included, each with where the
    /// connection in use for their vendor stands.
    async fn named(
        &mut self,
        wanted: &[(NamedQuery, Option<ConnectionId>)],
    ) -> Result<Vec<(CompanyId, Tracked)>, Error>;

    /// Reads the latest versions of a kind, tombstones included, by id, each with where the
    /// connection stands; only those of these resources, where they are given.
    async fn latest(
        &mut self,
        company_id: &CompanyId,
        kind: ResourceKind,
        connection_id: Option<&ConnectionId>,
        only: Option<&[ResourceId]>,
    ) -> Result<Vec<Tracked>, Error>;

    /// Reads the versions that were current at a revision, or are now, without tombstones, by name.
    async fn current(
        &mut self,
        company_id: &CompanyId,
        at: Option<Revision>,
    ) -> Result<Vec<Version>, Error>;

    /// Reads when the version after that of `after` begins.
    async fn next_version(
        &mut self,
        company_id: &CompanyId,
        resource_id: &ResourceId,
        after: Revision,
    ) -> Result<Option<Revision>, Error>;
}
