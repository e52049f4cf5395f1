//! The suite over Postgres, and what only Postgres promises.
//!
//! Each test has a schema of its own in the database that GOMARK_TEST_POSTGRES_URL names, and drops
//! it unless it fails.

mod cancelled;
mod lost;
mod many;
mod opening;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, raw_sql};

use super::{OpenError, PostgresStore, PostgresUrl, Time};
use crate::store::Store;
use crate::store::conformance::Harness;
use crate::supervisor::Supervisor;

mod suite {
    crate::store::conformance::conformance!(crate::store::postgres::tests::suite_on);
}

const SERVER: &str = "GOMARK_TEST_POSTGRES_URL";
/// How long a test waits for something before it says that it did not happen.
const BOUND: Duration = Duration::from_secs(30);

/// A schema of one test.
struct Schema {
    server: String,
    name: String,
}

impl Schema {
    /// Makes one; `None` where no server is to be had.
    async fn make() -> Option<Self> {
        let Ok(server) = std::env::var(SERVER) else {
            assert!(
                std::env::var_os("CI").is_none(),
                "{SERVER} is not set: scripts/services start"
            );
            eprintln!("SKIPPED: {SERVER} is not set; `scripts/test` sets it");
            return None;
        };
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let schema = Self { server, name };
        schema.execute(&format!("CREATE SCHEMA {}", schema.name)).await.unwrap();
        Some(schema)
    }

    /// The URL that leads to it. Sessions show its name.
    fn url(&self) -> PostgresUrl {
        self.url_of(&self.server)
    }

    fn url_of(&self, server: &str) -> PostgresUrl {
        let (name, more) = (&self.name, if server.contains('?') { '&' } else { '?' });
        let settings = format!("options[search_path]={name}&application_name={name}");
        PostgresUrl::parse(&format!("{server}{more}{settings}")).unwrap()
    }

    async fn open(&self) -> Result<PostgresStore, OpenError> {
        PostgresStore::open(&self.url(), &Supervisor::new()).await
    }

    /// A session of its own, outside of any store.
    async fn session(&self) -> PgConnection {
        PgConnection::connect_with(&self.url().options()).await.unwrap()
    }

    /// Runs statements outside of the schema and any store.
    async fn execute(&self, sql: &str) -> Result<(), sqlx::Error> {
        execute(&self.server, sql).await
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the schema {} is left there", self.name);
            return;
        }
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let sql = format!("SET lock_timeout = '5s'; DROP SCHEMA {name} CASCADE");
            runtime.unwrap().block_on(execute(&server, &sql))
        });
        if let Err(error) = dropped.join().unwrap() {
            eprintln!("the schema {} is left there: {error}", self.name);
        }
    }
}

async fn execute(server: &str, sql: &str) -> Result<(), sqlx::Error> {
    let mut session = PgConnection::connect(server).await?;
    raw_sql(AssertSqlSafe(sql)).execute(&mut session).await?;
    session.close().await
}

struct InSchema {
    store: PostgresStore,
    micros: Arc<AtomicI64>,
    schema: Schema,
}

async fn suite_on() -> Option<InSchema> {
    let schema = Schema::make().await?;
    let micros = Arc::new(AtomicI64::new(1_800_000_000_000_000));
    let store = standing(&schema, &micros).await;
    Some(InSchema { store, micros, schema })
}

/// Opens a store whose time is the test's.
async fn standing(schema: &Schema, micros: &Arc<AtomicI64>) -> PostgresStore {
    let time = Time::Standing(Arc::clone(micros));
    PostgresStore::open_with(&schema.url(), time, &Supervisor::new()).await.unwrap()
}

#[async_trait]
impl Harness for InSchema {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap();
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    async fn execute(&self, sql: &str) -> Result<(), String> {
        let done = raw_sql(AssertSqlSafe(sql)).execute(&self.store.backend.pool).await;
        done.map(drop).map_err(|error| error.to_string())
    }

    async fn restart(&mut self) {
        // Another process comes in its place, once the leases of the one that ended are over.
        self.store = standing(&self.schema, &self.micros).await;
        self.advance(Duration::from_secs(30));
    }
}
