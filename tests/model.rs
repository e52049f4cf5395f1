//! Random calls of concurrent clients, while the service is killed and HubSpot fails, against a
//! model in memory: whatever the clients were answered, a company that does one thing after the
//! other could have answered it.
//!
//! Short by default. The long run, of so many calls per store:
//!
//! ```console
//! $ GOMARK_MODEL_CALLS=100000 cargo test --test model -- --nocapture calls_on
//! ```
//!
//! A failure prints its seed; GOMARK_TEST_SEED makes the same choices again, though not at the same
//! moments.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

#[path = "model/check.rs"]
mod check;
#[path = "model/choice.rs"]
mod choice;
#[path = "model/client.rs"]
mod client;
#[path = "model/company.rs"]
mod company;
#[path = "model/history.rs"]
mod history;
#[path = "support/hubspot.rs"]
mod hubspot;
#[path = "model/linear.rs"]
mod linear;
#[path = "model/planted.rs"]
mod planted;
#[path = "support/portal.rs"]
mod portal;
#[path = "support/process.rs"]
mod process;
#[path = "model/rest.rs"]
mod rest;
#[path = "model/run.rs"]
mod run;
#[path = "support/schema.rs"]
mod schema;
#[path = "model/settle.rs"]
mod settle;
#[path = "model/subject.rs"]
mod subject;
#[path = "model/wire.rs"]
mod wire;

use run::Database;
use schema::Schema;

#[tokio::test(flavor = "multi_thread")]
async fn calls_on_sqlite_are_answered_as_if_made_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gomark.db");
    run::run(&Database::Sqlite(path.to_str().unwrap())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_on_postgres_are_answered_as_if_made_one_after_the_other() {
    let Some(schema) = Schema::make().await else { return };
    run::run(&Database::Postgres(&schema)).await;
}
