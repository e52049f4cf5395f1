//! Opening the file.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::lock::Lock;
use super::{Sqlite, SqliteStore};
use crate::clock::Clock;
use crate::store::Database;
use crate::store::migrations::{self, Step, Tables, Updated};
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
    /// The tables are not up to date, and this process may not change that.
    #[error("the tables of {} lack {}; run `gomark migrate`", path.display(), migrations::names(missing))]
    Outdated {
        /// The file.
        path: PathBuf,
        /// What they lack.
        missing: Vec<Step>,
    },
}

impl SqliteStore {
    /// Opens the database in a file; makes it when there is none, and brings its tables up to date,
    /// where it may. Leases of a process that ended without giving them back are void from then on.
    ///
    /// # Errors
    ///
    /// Fails when the file cannot be opened, is not durable, or is not up to date and cannot or may
    /// not be brought there.
    pub async fn open(
        path: &Path,
        tables: Tables,
        clock: Arc<dyn Clock>,
        supervisor: &Supervisor,
    ) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Open { path: path.to_owned(), source };
        let (lock, writer) = open_writer(path, tables).await?;
        match tables {
            Tables::Update => drop(update(&writer).await?),
            Tables::Require => require(&writer, path).await?,
        }
        sqlx::query("UPDATE leases SET expires_at = 0 WHERE released = 0")
            .execute(&writer)
            .await
            .map_err(failed)?;
        let readers = pool(READERS).connect_with(options(path).pragma("query_only", "on"));
        let readers = readers.await.map_err(failed)?;
        Ok(Database::new(Sqlite { writer, readers, clock, _lock: lock }, supervisor.clone()))
    }

    /// Closes the file once all that is under way has ended. Everything fails afterwards.
    pub async fn close(&self) {
        self.backend.readers.close().await;
        self.backend.writer.close().await;
    }
}

/// Makes the database in a file when there is none, and brings its tables up to date.
///
/// # Errors
///
/// Fails when another process has it open, when it cannot be opened or is not durable, and when it
/// cannot be brought up to date.
pub async fn migrate(path: &Path) -> Result<Updated, OpenError> {
    let (_lock, writer) = open_writer(path, Tables::Update).await?;
    let updated = update(&writer).await?;
    writer.close().await;
    Ok(updated)
}

/// Locks the file and opens the connection that writes.
async fn open_writer(path: &Path, tables: Tables) -> Result<(Lock, SqlitePool), OpenError> {
    if tables == Tables::Require && !path.exists() {
        let missing = migrations::all(&sqlx::migrate!("migrations/sqlite"));
        return Err(OpenError::Outdated { path: path.to_owned(), missing });
    }
    let lock = Lock::take(path)?;
    make_private(path);
    let writer = pool(1).connect_with(options(path)).await;
    let writer = writer.map_err(|source| OpenError::Open { path: path.to_owned(), source })?;
    check_durability(&writer, path).await?;
    Ok((lock, writer))
}

async fn update(writer: &SqlitePool) -> Result<Updated, OpenError> {
    let mut session = writer.acquire().await.map_err(unread)?;
    let updated = migrations::update(sqlx::migrate!("migrations/sqlite"), &mut *session).await;
    updated.map_err(OpenError::Migrate)
}

/// Makes sure that the tables are up to date, and changes nothing.
async fn require(writer: &SqlitePool, path: &Path) -> Result<(), OpenError> {
    let mut session = writer.acquire().await.map_err(unread)?;
    let migrator = sqlx::migrate!("migrations/sqlite");
    let has_tables: bool =
        sqlx::query_scalar("SELECT count(*) > 0 FROM sqlite_schema WHERE name = $1")
            .bind(migrator.table_name.as_ref())
            .fetch_one(&mut *session)
            .await
            .map_err(unread)?;
    let missing = migrations::missing_from(&migrator, &mut *session, has_tables).await;
    match missing.map_err(OpenError::Migrate)? {
        missing if missing.is_empty() => Ok(()),
        missing => Err(OpenError::Outdated { path: path.to_owned(), missing }),
    }
}

fn unread(error: sqlx::Error) -> OpenError {
    OpenError::Migrate(error.into())
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
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
