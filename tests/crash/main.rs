//! The program dies again and again, at every boundary of [`gomark::failpoint`] and at moments picked
//! at random, while twenty companies are changed and HubSpot loses answers and fails.
//!
//! In the end nothing accepted is missing, nothing was created twice, HubSpot holds what was decided,
//! every job has succeeded, no stream of events has a gap, and the chain of the audit log holds.
//!
//! ```text
//! cargo test --features failpoints --test crash -- --nocapture
//! ```
//!
//! prints a table for each store: how often the program died where. `docs/testing.md` has the
//! variables that make it a long run.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

mod crashes;
mod moments;
mod service;

#[path = "../support/changes/changes.rs"]
mod changes;
#[path = "../support/schema.rs"]
mod schema;

use std::process::Stdio;

use changes::{Load, set};
use schema::Schema;
use service::Service;
use tokio::process::Command;

/// How much is done.
#[derive(Clone, Copy, Debug)]
struct Size {
    mutations: usize,
    crashes: usize,
    /// How often the program has to die at each boundary.
    crashes_each: usize,
    seed: u64,
}

impl Size {
    fn from_environment() -> Self {
        let crashes = set("GOMARK_TEST_CRASHES").unwrap_or(40);
        Self {
            mutations: set("GOMARK_TEST_CRASH_MUTATIONS").unwrap_or(400),
            crashes,
            crashes_each: (crashes / 50).max(1),
            seed: set("GOMARK_TEST_SEED").unwrap_or(20_260_101),
        }
    }

    fn load(self) -> Load {
        Load {
            mutations: self.mutations,
            companies: 20,
            clients: 20,
            writers: 3,
            writers_of_the_busy_one: 12,
            seed: self.seed,
        }
    }
}

/// Each of the tests needs the whole machine.
static MACHINE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_crashes_lose_nothing_and_create_nothing_twice() {
    let _machine = MACHINE.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gomark.db");
    let service = Service::on(&format!("sqlite:{}", path.display()));
    crashes::run("SQLite", &service, Size::from_environment()).await;
    let verified = Command::new(env!("CARGO_BIN_EXE_gomark"))
        .args(["audit", "verify"])
        .arg(&path)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_crashes_lose_nothing_and_create_nothing_twice() {
    let _machine = MACHINE.lock().await;
    let Some(schema) = Schema::make().await else { return };
    crashes::run("Postgres", &Service::on(&schema.url()), Size::from_environment()).await;
    // Fails where a record, a link or the head of a chain is not as it was written.
    let verify = "DO $$ BEGIN \
         ASSERT (SELECT bool_and(hash = sha256(record)) FROM revisions); \
         ASSERT (SELECT bool_and(prev_hash = before) FROM (SELECT prev_hash, \
             lag(hash, 1, decode(repeat('00', 32), 'hex')) \
                 OVER (PARTITION BY company_id ORDER BY revision) AS before \
             FROM revisions) AS chains); \
         ASSERT (SELECT bool_and(head_hash = (SELECT hash FROM revisions \
             WHERE revisions.company_id = companies.company_id \
             ORDER BY revision DESC LIMIT 1)) FROM companies); \
         END $$";
    schema.execute(verify).await.unwrap();
}
