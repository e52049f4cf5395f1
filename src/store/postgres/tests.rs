//! The suite over Postgres, and what only Postgres promises. Each test has a schema of its own.

mod cancelled;
mod late;
mod lost;
mod many;
mod opening;
#[path = "../../../tests/support/schema.rs"]
pub(crate) mod schema;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, raw_sql};

use super::{OpenError, PostgresStore, PostgresUrl, Time};
use crate::store::conformance::{Given, Harness};
use crate::store::{Store, Tables};
use crate::supervisor::Supervisor;
use schema::Schema;

mod suite {
    crate::store::conformance::conformance!(crate::store::postgres::tests::standing);
}

/// How long a test waits for something before it says that it did not happen.
const BOUND: Duration = Duration::from_secs(30);
/// How long the leases of the suite last.
const PERIOD: Duration = Duration::from_secs(30);

/// A store whose time is the test's.
struct InSchema {
    store: PostgresStore,
    micros: Arc<AtomicI64>,
    schema: Arc<Schema>,
}

async fn standing() -> Option<InSchema> {
    let schema = Arc::new(Schema::make().await?);
    let micros = Arc::new(AtomicI64::new(1_800_000_000_000_000));
    let store = open_standing(&schema, &micros).await;
    Some(InSchema { store, micros, schema })
}

async fn open_standing(schema: &Schema, micros: &Arc<AtomicI64>) -> PostgresStore {
    let time = Time::Standing(Arc::clone(micros));
    PostgresStore::open_with(&url(schema), Tables::Update, time, &Supervisor::new()).await.unwrap()
}

fn url(schema: &Schema) -> PostgresUrl {
    PostgresUrl::parse(&schema.url()).unwrap()
}

/// Opens a store as another process would.
async fn open(schema: &Schema) -> Result<PostgresStore, OpenError> {
    PostgresStore::open(&url(schema), Tables::Update, &Supervisor::new()).await
}

/// A session beside all stores.
async fn beside(schema: &Schema) -> PgConnection {
    PgConnection::connect(&schema.url_by(&schema.server)).await.unwrap()
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
        self.store = open_standing(&self.schema, &self.micros).await;
        self.advance(PERIOD);
    }
}

/// A store whose time is the database's.
struct Running(PostgresStore);

impl Running {
    fn given(store: PostgresStore) -> Given {
        Given::new(Self(store))
    }
}

#[async_trait]
impl Harness for Running {
    fn store(&self) -> &dyn Store {
        &self.0
    }

    fn advance(&self, by: Duration) {
        panic!("the database's time cannot be advanced by {by:?}")
    }

    async fn execute(&self, sql: &str) -> Result<(), String> {
        panic!("{sql}")
    }

    async fn restart(&mut self) {
        panic!("the database goes on")
    }
}
