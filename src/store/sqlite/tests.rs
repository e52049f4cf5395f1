//! The suite over SQLite, and what only SQLite promises.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tempfile::TempDir;

use super::{OpenError, SqliteStore, migrate};
use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::store::conformance::{Given, Harness, add};
use crate::store::{Error, Store, Tables};
use crate::supervisor::Supervisor;

mod suite {
    async fn some() -> Option<super::InFile> {
        Some(super::fresh().await)
    }

    crate::store::conformance::conformance!(crate::store::sqlite::tests::suite::some);
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
    SqliteStore::open(&path, Tables::Update, clock, &Supervisor::new()).await
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
        // What a process that is killed leaves: the files as they are, nothing closed.
        let folder = TempDir::new().unwrap();
        for file in ["gomark.db", "gomark.db-wal"] {
            std::fs::copy(self.folder.path().join(file), folder.path().join(file)).unwrap();
        }
        self.store = open(&folder, &self.clock).await.unwrap();
        self.folder = folder;
    }
}

#[tokio::test]
async fn a_second_store_on_the_same_file_is_refused() {
    let first = fresh().await;
    let second = open(&first.folder, &first.clock).await.unwrap_err();
    assert!(matches!(second, OpenError::InUse { .. }), "{second:?}");
    assert!(second.to_string().contains("another process has this database open"));
    assert!(first.store.due(1, false).await.is_ok());
}

#[tokio::test]
async fn the_file_is_free_once_the_store_is_gone() {
    let InFile { folder, clock, store } = fresh().await;
    store.close().await;
    drop(store);
    open(&folder, &clock).await.unwrap();
}

#[tokio::test]
async fn a_closed_store_answers_nothing() {
    let InFile { store, folder: _folder, .. } = fresh().await;
    store.close().await;
    assert!(matches!(store.due(1, false).await, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn what_is_answered_is_on_the_disk() {
    let InFile { store, folder: _folder, .. } = fresh().await;
    for pool in [&store.backend.writer, &store.backend.readers] {
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(pool).await.unwrap();
        let level: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(pool).await.unwrap();
        assert_eq!((mode.as_str(), level), ("wal", 2));
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_not_opened() {
    let folder = TempDir::new().unwrap();
    let text = "this is a text, and a long one at that".repeat(100);
    std::fs::write(folder.path().join("gomark.db"), text).unwrap();
    let clock = Arc::new(ManualClock(AtomicI64::new(0)));
    let refused = open(&folder, &clock).await.unwrap_err();
    assert!(matches!(refused, OpenError::Open { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let path = std::path::Path::new("/nowhere/gomark.db");
    let clock = Arc::new(ManualClock(AtomicI64::new(0)));
    let refused =
        SqliteStore::open(path, Tables::Update, clock, &Supervisor::new()).await.unwrap_err();
    assert!(refused.to_string().contains("/nowhere/gomark.db"), "{refused}");
}

/// Changes the file while nobody has it open, and opens it again.
async fn reopened_after(sql: &'static str) -> Result<SqliteStore, OpenError> {
    let InFile { folder, clock, store } = fresh().await;
    sqlx::raw_sql(sql).execute(&store.backend.writer).await.unwrap();
    store.close().await;
    drop(store);
    open(&folder, &clock).await
}

#[tokio::test]
async fn an_older_program_opens_a_file_with_newer_tables() {
    let newer = "ALTER TABLE companies ADD COLUMN later text; \
         INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9000, 'later', true, x'00', 0)";
    let store = reopened_after(newer).await.unwrap();
    assert!(store.due(1, false).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_program_that_needs_other_tables_than_there_are_does_not_open_the_file() {
    for amiss in [
        // Another migration was made under the same number; or one was not carried out to its end.
        "UPDATE _sqlx_migrations SET checksum = x'00'",
        "UPDATE _sqlx_migrations SET success = false",
        // The tables are there, and not by our doing.
        "DELETE FROM _sqlx_migrations",
    ] {
        let refused = reopened_after(amiss).await.unwrap_err();
        assert!(matches!(refused, OpenError::Migrate(_)), "{amiss}: {refused:?}");
    }
}

#[tokio::test]
async fn a_process_that_may_not_change_tables_opens_only_what_is_up_to_date() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("gomark.db");
    let clock = Arc::new(ManualClock(AtomicI64::new(0)));
    let open = async || {
        let supervisor = Supervisor::new();
        SqliteStore::open(&path, Tables::Require, clock.clone(), &supervisor).await
    };
    let refused = open().await.unwrap_err();
    assert!(refused.to_string().contains("lack 0001 initial"), "{refused}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    let made = migrate(&path).await.unwrap();
    assert_eq!(made.steps.len(), sqlx::migrate!("migrations/sqlite").iter().count());
    assert_eq!(migrate(&path).await.unwrap().steps, []);
    let store = open().await.unwrap();
    assert!(matches!(migrate(&path).await, Err(OpenError::InUse { .. })));
    let less = "DELETE FROM _sqlx_migrations WHERE version = 2";
    sqlx::raw_sql(less).execute(&store.backend.writer).await.unwrap();
    store.close().await;
    drop(store);
    let refused = open().await.unwrap_err();
    assert!(matches!(&refused, OpenError::Outdated { missing, .. } if missing[0].version == 2));
}

#[tokio::test]
async fn a_new_database_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let given = fresh().await;
    for file in ["gomark.db", "gomark.db-wal", "gomark.db-shm", "gomark.db.lock"] {
        let mode = given.folder.path().join(file).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn the_mode_of_a_database_that_is_there_is_left_as_it_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let InFile { folder, clock, store } = fresh().await;
    store.close().await;
    drop(store);
    let path = folder.path().join("gomark.db");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let _store = open(&folder, &clock).await.unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
}

#[tokio::test]
async fn only_a_commit_that_fails_leaves_the_outcome_in_doubt() {
    let given = Given::new(fresh().await);
    given.company("acme").await;
    let ask = async |name| given.store().commit(vec![given.ask("acme", add(name))]).await;
    // A reference that is checked when the transaction is committed.
    for sql in [
        "CREATE TABLE nobody (id INTEGER PRIMARY KEY)",
        "CREATE TABLE somebody (id INTEGER REFERENCES nobody (id) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER late AFTER INSERT ON revisions BEGIN INSERT INTO somebody VALUES (1); END",
        "PRAGMA foreign_keys = on",
    ] {
        given.execute(sql).await.unwrap();
    }
    let late = ask("one").await;
    assert!(matches!(late, Err(Error::InDoubt(_))), "{late:?}");
    given.execute("DROP TRIGGER late").await.unwrap();
    let early = "CREATE TRIGGER early AFTER INSERT ON revisions BEGIN SELECT RAISE(ABORT, ''); END";
    given.execute(early).await.unwrap();
    let early = ask("one").await;
    assert!(matches!(early, Err(Error::Unavailable(_))), "{early:?}");
    given.execute("DROP TRIGGER early").await.unwrap();
    ask("one").await.unwrap().remove(0).unwrap();
    assert_eq!(given.revision("acme").await, 2);
}

#[tokio::test]
async fn readers_cannot_write() {
    let InFile { store, folder: _folder, .. } = fresh().await;
    let wrote = sqlx::query("DELETE FROM leases").execute(&store.backend.readers).await;
    assert!(wrote.is_err());
}

/// Drops a call of the store at each of its first waits.
#[tokio::test]
async fn a_caller_who_goes_away_leaves_no_transaction_open() {
    let given = Given::new(fresh().await);
    given.company("acme").await;
    for polls in 0..20 {
        let mutation = given.ask("acme", add(&format!("field_{polls}")));
        let mut call = Box::pin(given.store().commit(vec![mutation]));
        for _ in 0..polls {
            if futures::poll!(&mut call).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(call);
        // The next one neither waits for it nor finds half of it.
        given.done("acme", add(&format!("after_{polls}"))).await;
    }
    let fields = i64::try_from(given.fields("acme", None).await.len()).unwrap();
    assert_eq!(fields + 1, given.revision("acme").await);
    let revisions = given.entries("acme").await.into_iter().map(|entry| entry.revision.get());
    assert_eq!(revisions.collect::<Vec<_>>(), (1..=fields + 1).collect::<Vec<_>>());
}

/// What ended long ago costs nothing: no statement looks through all that a company ever did.
#[tokio::test]
async fn writing_reads_only_the_rows_that_it_changes() {
    let InFile { store, folder: _folder, .. } = fresh().await;
    let statements = [super::jobs::PROGRESS, super::entries::ENDED].into_iter();
    for sql in statements.flat_map(|text| text.split(';')).filter(|sql| sql.contains("UPDATE ")) {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(explain).fetch_all(&store.backend.writer).await.unwrap();
        for (.., step) in plan {
            let whole_company = step.ends_with("(company_id=?)");
            let whole_table = step.starts_with("SCAN") && !step.contains("VIRTUAL TABLE");
            assert!(!whole_company && !whole_table, "{step} in {sql}");
        }
    }
}

/// An old configuration costs what it holds, not what was decided before and since.
#[tokio::test]
async fn an_old_configuration_is_read_without_the_versions_around_it() {
    let InFile { store, folder: _folder, .. } = fresh().await;
    let explain = format!("EXPLAIN QUERY PLAN {}", super::resources::CURRENT_AT);
    let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(sqlx::AssertSqlSafe(explain))
        .fetch_all(&store.backend.writer)
        .await
        .unwrap();
    let searches: Vec<_> =
        plan.iter().map(|(.., step)| step).filter(|step| step.starts_with("S")).collect();
    assert_eq!(searches.len(), 3, "{plan:?}");
    for step in searches {
        let of_all = step.contains("resource_versions_latest_by_id");
        assert!(of_all || step.contains("resource_id=? AND from_rev"), "{step}");
    }
}
