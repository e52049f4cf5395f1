//! The cache that processes share, in Redis.
//!
//! Configurations never change, so they are simply put. The latest revision of a company is replaced by
//! comparison and never removed: who read the database long ago cannot hide what was committed since.

mod names;
mod value;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fred::interfaces::KeysInterface as _;
use url::Url;

use super::SharedCache;
use crate::domain::{CompanyId, Revision};
use crate::redis::{BuildError, Link};
use crate::supervisor::Supervisor;
use names::Names;
use writes::Writes;

/// How long a read may take: the database answers in a few milliseconds.
const READ_TIMEOUT: Duration = Duration::from_millis(50);
/// How long a batch of writes may take.
const WRITE_TIMEOUT: Duration = Duration::from_millis(500);

/// A cache in Redis.
#[derive(Debug)]
pub struct RedisCache {
    link: Arc<Link>,
    names: Names,
    writes: Writes,
}

impl RedisCache {
    /// Creates one. Processes share what they name by the same installation and encoding; they MUST
    /// name the same installation only if they have the same database, and the same encoding only
    /// if they encode configurations alike. Returns at once, whether Redis is there or not.
    ///
    /// # Errors
    ///
    /// Fails when the URL names no server.
    pub fn open(
        url: &Url,
        installation: &str,
        encoding: &str,
        supervisor: &Supervisor,
    ) -> Result<Self, BuildError> {
        Self::open_within(url, installation, encoding, READ_TIMEOUT, supervisor)
    }

    pub(super) fn open_within(
        url: &Url,
        installation: &str,
        encoding: &str,
        read_timeout: Duration,
        supervisor: &Supervisor,
    ) -> Result<Self, BuildError> {
        let names = Names::new(installation, encoding);
        let link = Link::open(url, Some("cache"), read_timeout, supervisor)?;
        let write_link = Link::open(url, None, WRITE_TIMEOUT, supervisor)?;
        let (writes, writer) = Writes::new(write_link, names.clone(), supervisor.stopping());
        supervisor.spawn("cache writes", writer);
        Ok(Self { link, names, writes })
    }

    /// Reads several keys; what is there but no text counts as absent.
    async fn read<const N: usize>(&self, keys: [String; N]) -> Option<[Option<Bytes>; N]> {
        let values: Vec<Option<Bytes>> =
            self.link.ask(self.link.client().mget(keys.to_vec())).await?;
        values.try_into().ok()
    }
}

#[async_trait]
impl SharedCache for RedisCache {
    async fn get(&self, id: &CompanyId, revision: Revision) -> Option<Bytes> {
        let [value] = self.read([self.names.config(id, revision)]).await?;
        value::read(&value?, id, revision)
    }

    async fn latest(&self, id: &CompanyId, least: Revision) -> Option<(Revision, Bytes)> {
        // Most often `least` was committed just now, and is the latest.
        let [head, config] = self.read([self.names.head(id), self.names.config(id, least)]).await?;
        let head = head.as_deref().and_then(revision);
        let later = match head.filter(|head| *head > least) {
            Some(head) => self.get(id, head).await.map(|config| (head, config)),
            None => None,
        };
        later.or_else(|| Some((least, value::read(&config?, id, least)?)))
    }

    fn put(&self, id: &CompanyId, revision: Revision, config: Bytes) {
        self.writes.put(id, revision, config);
    }

    fn reached(&self, id: &CompanyId, revision: Revision) {
        self.writes.reached(id, revision);
    }
}

/// Reads a head: `1:`, for the version, and the revision.
fn revision(head: &[u8]) -> Option<Revision> {
    let number = std::str::from_utf8(head).ok()?.strip_prefix("1:")?;
    number.parse().ok().map(Revision::new)
}
