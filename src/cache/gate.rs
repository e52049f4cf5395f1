//! Lets only a few at a time to the database with what a cache should have answered.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::store;

/// How many may read configurations at a time. When a shared cache is lost, all of its readers come.
const READS_MAX: usize = 8;
/// How long a read may wait for its turn: as long as for a session of the database.
const WAIT_MAX: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Gate(Semaphore);

impl Gate {
    pub(super) fn new() -> Self {
        Self(Semaphore::new(READS_MAX))
    }

    /// Waits for a place, which is held until what is answered is dropped.
    pub(super) async fn enter(&self) -> Result<SemaphorePermit<'_>, store::Error> {
        match timeout(WAIT_MAX, self.0.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(store::Error::Unavailable("too many reads wait for the database".into())),
        }
    }
}
