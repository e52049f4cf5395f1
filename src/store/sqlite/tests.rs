//! The suite over SQLite, and what only SQLite promises.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tempfile::TempDir;

use super::{OpenError, SqliteStore};
use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::store::Store;
use crate::store::conformance::Harness;
use crate::supervisor::Supervisor;

mod suite {
    crate::store::conformance::conformance!(crate::store::sqlite::tests::fresh);
}

/// A clock that stands still until it is told to go on.
#[derive(Debug)]
struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

struct InFile {
    folder: TempDir,
    clock: Arc<ManualClock>,
    store: SqliteStore,
}

async fn fresh() -> InFile {
    let folder = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock(AtomicI64::new(1_800_000_000_000_000)));
    let store = open(&folder, &clock).await.unwrap();
    InFile { folder, clock, store }
}

async fn open(folder: &TempDir, clock: &Arc<ManualClock>) -> Result<SqliteStore, OpenError> {
    let path = folder.path().join("gomark.db");
    let clock = Arc::clone(clock);
    SqliteStore::open(&path, clock, &Supervisor::new()).await
}

#[async_trait]
impl Harness for InFile {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap();
        self.clock.0.fetch_add(micros, Ordering::Relaxed);
    }

    async fn execute(&self, sql: &str) -> Result<(), String> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        let done = sqlx::query(sql).execute(&self.store.backend.writer).await;
        done.map(|_| ()).map_err(|error| error.to_string())
    }

    async fn restart(&mut self) {
        self.store.close().await;
        // The lock is given back when the store is dropped.
        let elsewhere = TempDir::new().unwrap();
        self.store = open(&elsewhere, &self.clock).await.unwrap();
        self.store = open(&self.folder, &self.clock).await.unwrap();
    }
}
