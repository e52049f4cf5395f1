//! Opening the file.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::lock::Lock;
use super::{Sqlite, SqliteStore};
use crate::clock::Clock;
use crate::store::Database;
use crate::supervisor::Supervisor;

/// How many connections read.
const READERS: u32 = 4;
/// How long a transaction waits for its turn.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it waits for a tool that has the file open beside GoMark.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How many rows may be on their way from the thread that reads them.
const ROWS_IN_FLIGHT: usize = 256;
/// How much of the file each connection keeps in memory, in KiB; negative is how SQLite takes KiB.
const CACHE_KIB: &str = "-16384";
/// How many pages of 4 KiB the log may hold before they are brought into the file.
const LOG_PAGES: &str = "4000";

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("another process has this database open (it holds {path})")]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
    /// The lock file cannot be made or locked.
    #[error("cannot lock {path}")]
    LockFile {
        /// The lock file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file cannot be opened.
    #[error("cannot open the database {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The file system does not let it be as durable as promised.
    #[error("the database refuses to be durable: {setting} is `{found}`, not `{wanted}`")]
    NotDurable {
        /// The setting.
        setting: &'static str,
        /// Its value.
        found: String,
        /// The value that it must have.
        wanted: &'static str,
    },
    /// The tables cannot be brought up to date.
    #[error("cannot bring the tables up to date")]
    Migrate(#[source] MigrateError),
}

impl SqliteStore {
    /// Opens the database in a file, and makes it when there is none. Leases of a process that ended
    /// without giving them back are void from then on.
    pub async fn open(
        path: &Path,
        clock: Arc<dyn Clock>,
        supervisor: &Supervisor,
    ) -> Result<Self, OpenError> {
        let lock = Lock::take(path)?;
        make_private(path);
        let options = options(path);
        let failed = |source| OpenError::Open { path: path.to_owned(), source };
        let pool = SqlitePoolOptions::new()
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None);
        let writer = pool.clone().max_connections(1).connect_with(options.clone());
        let writer = writer.await.map_err(failed)?;
        check_durability(&writer, path).await?;
        migrate(&writer).await.map_err(OpenError::Migrate)?;
        sqlx::query("UPDATE leases SET expires_at = 0 WHERE released = 0")
            .execute(&writer)
            .await
            .map_err(failed)?;
        let readers =
            pool.max_connections(READERS).connect_with(options.pragma("query_only", "on"));
        let readers = readers.await.map_err(failed)?;
        Ok(Database::new(Sqlite { writer, readers, clock, _lock: lock }, supervisor.clone()))
    }

    /// Closes the file once all that is under way has ended. Everything fails afterwards.
    pub async fn close(&self) {
        self.backend.readers.close().await;
        self.backend.writer.close().await;
    }
}

/// Brings the tables up to date. Migrations only add, and what they add the version before can do
/// without: so one may go back to that version after an update.
async fn migrate(writer: &SqlitePool) -> Result<(), MigrateError> {
    let mut migrator: Migrator = sqlx::migrate!("migrations/sqlite");
    migrator.set_ignore_missing(true);
    migrator.run(writer).await
}

/// Makes a new database readable by its owner only; SQLite makes the files beside it alike. What is
/// there already keeps its mode.
fn make_private(path: &Path) {
    // Whatever hinders this hinders SQLite too, which says so better.
    let _made = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path);
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(false)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("cache_size", CACHE_KIB)
        .pragma("wal_autocheckpoint", LOG_PAGES)
        .row_buffer_size(ROWS_IN_FLIGHT)
}

/// Reads back what durability rests on.
async fn check_durability(pool: &SqlitePool, path: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::Open { path: path.to_owned(), source };
    let mode: String =
        sqlx::query_scalar("PRAGMA journal_mode").fetch_one(pool).await.map_err(failed)?;
    durable("journal_mode", mode, "wal")?;
    let level: i64 =
        sqlx::query_scalar("PRAGMA synchronous").fetch_one(pool).await.map_err(failed)?;
    // 2 is FULL.
    durable("synchronous", level.to_string(), "2")
}

fn durable(setting: &'static str, found: String, wanted: &'static str) -> Result<(), OpenError> {
    match found.eq_ignore_ascii_case(wanted) {
        true => Ok(()),
        false => Err(OpenError::NotDurable { setting, found, wanted }),
    }
}
