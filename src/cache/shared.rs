//! What processes share of their caches.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

use crate::domain::{CompanyId, Revision};

/// Keeps encoded configurations, and the latest revision of each company that it was told of, for all
/// processes on one database.
///
/// A configuration that is answered MUST be the one that was put for that company and revision. A
/// revision MUST be answered only if it was told as reached, and MUST NOT be replaced by an earlier
/// one: whoever is late loses. Nothing may wait for longer than a caller of a cache would.
///
/// Not promised: that anything is there, or stays, or that the revision is the latest. It is not
/// told when a configuration was put, so nothing here says that an answer is fresh.
#[async_trait]
pub trait SharedCache: Send + Sync + fmt::Debug + 'static {
    /// Answers the configuration at a revision.
    async fn get(&self, id: &CompanyId, revision: Revision) -> Option<Bytes>;

    /// Answers the latest configuration that is there, of `least` or later.
    async fn latest(&self, id: &CompanyId, least: Revision) -> Option<(Revision, Bytes)>;

    /// Keeps a configuration. Never waits.
    fn put(&self, id: &CompanyId, revision: Revision, config: Bytes);

    /// Takes note that a company has reached a revision, which MUST be committed. Never waits.
    fn reached(&self, id: &CompanyId, revision: Revision);
}
