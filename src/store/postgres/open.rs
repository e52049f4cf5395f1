//! Opening the database.

use std::io;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};

use super::watch::Watch;
use super::{Postgres, PostgresStore, PostgresUrl, Time, fault, session};
use crate::store::migrations::{self, Step, Tables, Updated};
use crate::store::{Database, Error};
use crate::supervisor::Supervisor;

/// How long a transaction waits for a session.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the first connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an unused session is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);
/// How long a session is used at most: so that a new server, or a new address, is found by itself.
const MAX_LIFETIME: Duration = Duration::from_secs(1_800);
/// The oldest version that works: it can tell the outcome of a transaction.
const VERSION_MIN: i64 = 13;

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be reached, or lets nobody in.
    #[error("cannot connect to {url}")]
    Connect {
        /// The database.
        url: PostgresUrl,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Something about it cannot be found out.
    #[error("cannot read the settings of {url}")]
    Inspect {
        /// The database.
        url: PostgresUrl,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The server is too old.
    #[error("the server of {url} is Postgres {found}; {VERSION_MIN} or newer is needed")]
    TooOld {
        /// The database.
        url: PostgresUrl,
        /// Its version.
        found: i64,
    },
    /// The server only follows another one.
    #[error("the server of {url} is a standby, which cannot be written to; name the primary")]
    Standby {
        /// The database.
        url: PostgresUrl,
    },
    /// It could lose what it has answered, or not hold all texts.
    #[error("the database {url} has {setting} = {found}; GoMark needs {wanted}")]
    Unfit {
        /// The database.
        url: PostgresUrl,
        /// The setting.
        setting: &'static str,
        /// Its value.
        found: String,
        /// The value that it must have.
        wanted: &'static str,
    },
    /// The tables cannot be brought up to date.
    #[error("cannot bring the tables of {url} up to date")]
    Migrate {
        /// The database.
        url: PostgresUrl,
        /// Why.
        #[source]
        source: MigrateError,
    },
    /// The tables are not up to date, and this process may not change that.
    #[error("the tables of {url} lack {}; run `gomark migrate`", migrations::names(missing))]
    Outdated {
        /// The database.
        url: PostgresUrl,
        /// What they lack.
        missing: Vec<Step>,
    },
}

impl PostgresStore {
    /// Opens a database, and brings its tables up to date where it may. Any number of processes may
    /// do so at the same time.
    ///
    /// # Errors
    ///
    /// Fails when the database cannot be reached, is not durable, or is not up to date and cannot or
    /// may not be brought there.
    pub async fn open(
        url: &PostgresUrl,
        tables: Tables,
        supervisor: &Supervisor,
    ) -> Result<Self, OpenError> {
        Self::open_with(url, tables, Time::OfDatabase, supervisor).await
    }

    pub(super) async fn open_with(
        url: &PostgresUrl,
        tables: Tables,
        time: Time,
        supervisor: &Supervisor,
    ) -> Result<Self, OpenError> {
        match tables {
            Tables::Update => drop(migrate(url).await?),
            Tables::Require => require(url).await?,
        }
        let pool = PgPoolOptions::new()
            .max_connections(url.sessions_max())
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(IDLE_TIMEOUT)
            .max_lifetime(MAX_LIFETIME)
            .test_before_acquire(false)
            .after_connect(|session, _| Box::pin(session::prepare(session)))
            .connect_lazy_with(options(url));
        let watch = Watch::new(options(url), latest_migration());
        Ok(Database::new(Postgres { pool, watch, time }, supervisor.clone()))
    }

    /// Asks the database what tells it apart from all others.
    ///
    /// # Errors
    ///
    /// Fails when the database cannot be reached.
    pub async fn installation(&self) -> Result<String, Error> {
        let sql = "SELECT id::text FROM installation";
        let read = sqlx::query_scalar(sql).fetch_one(&self.backend.pool).await;
        read.map_err(fault::failed)
    }

    /// Ends all sessions once what is under way has ended. Everything fails afterwards.
    pub async fn close(&self) {
        self.backend.watch.close().await;
        self.backend.pool.close().await;
    }
}

/// How to connect to a database.
pub(super) fn options(url: &PostgresUrl) -> PgConnectOptions {
    let options = url.options().disable_statement_logging();
    match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("gomark"),
    }
}

/// Connects, in time or not at all.
pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    match tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await {
        Ok(connected) => connected,
        Err(_) => {
            let late = format!("no answer within {} s", CONNECT_TIMEOUT.as_secs());
            Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, late)))
        }
    }
}

/// What the promises rest on, as the server says it.
#[derive(sqlx::FromRow)]
pub(super) struct Server {
    pub(super) version: i64,
    pub(super) standby: bool,
    pub(super) fsync: String,
    pub(super) full_page_writes: String,
    pub(super) synchronous_commit: String,
    pub(super) encoding: String,
}

async fn inspect(url: &PostgresUrl, first: &mut PgConnection) -> Result<(), OpenError> {
    let failed = |source| OpenError::Inspect { url: url.clone(), source };
    session::prepare(first).await.map_err(failed)?;
    let sql = "SELECT current_setting('server_version_num')::bigint / 10000 AS version, \
         pg_is_in_recovery() AS standby, current_setting('fsync') AS fsync, \
         current_setting('full_page_writes') AS full_page_writes, \
         current_setting('synchronous_commit') AS synchronous_commit, \
         current_setting('server_encoding') AS encoding";
    let server: Server = sqlx::query_as(sql).fetch_one(first).await.map_err(failed)?;
    server.check(url)
}

impl Server {
    pub(super) fn check(self, url: &PostgresUrl) -> Result<(), OpenError> {
        let url = || url.clone();
        if self.version < VERSION_MIN {
            return Err(OpenError::TooOld { url: url(), found: self.version });
        }
        if self.standby {
            return Err(OpenError::Standby { url: url() });
        }
        // What `prepare` asked for may have been overruled on the way.
        let synchronous = match self.synchronous_commit.as_str() {
            "remote_apply" => "on".to_owned(),
            _ => self.synchronous_commit,
        };
        for (setting, found, wanted) in [
            ("fsync", self.fsync, "on"),
            ("full_page_writes", self.full_page_writes, "on"),
            ("synchronous_commit", synchronous, "on"),
            ("server_encoding", self.encoding, "UTF8"),
        ] {
            if found != wanted {
                return Err(OpenError::Unfit { url: url(), setting, found, wanted });
            }
        }
        Ok(())
    }
}

/// The number of the latest migration that this program knows.
fn latest_migration() -> i64 {
    migrator().iter().map(|migration| migration.version).max().unwrap_or_default()
}

fn migrator() -> Migrator {
    sqlx::migrate!("migrations/postgres")
}

/// Brings the tables of a database up to date.
///
/// It takes a session of its own: others may take long to do the same, and waiting for that is no
/// reason to give up.
///
/// # Errors
///
/// Fails when the database cannot be reached, is not durable, or cannot be brought up to date.
pub async fn migrate(url: &PostgresUrl) -> Result<Updated, OpenError> {
    let failed = |source| OpenError::Migrate { url: url.clone(), source };
    let mut session = first_session(url).await?;
    // For taking turns, and for a migration, there is no right time to give up.
    let patient = sqlx::raw_sql("SET lock_timeout = 0; SET statement_timeout = 0");
    patient.execute(&mut session).await.map_err(|error| failed(error.into()))?;
    let updated = migrations::update(migrator(), &mut session).await;
    let updated = updated.map_err(failed)?;
    // Whatever it could not say any more was said before.
    let _closed = session.close().await;
    Ok(updated)
}

/// Makes sure that the tables of a database are up to date, and changes nothing.
async fn require(url: &PostgresUrl) -> Result<(), OpenError> {
    let failed = |source| OpenError::Migrate { url: url.clone(), source };
    let mut session = first_session(url).await?;
    let migrator = migrator();
    let has_tables: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(migrator.table_name.as_ref())
        .fetch_one(&mut session)
        .await
        .map_err(|error| failed(error.into()))?;
    let missing = migrations::missing_from(&migrator, &mut session, has_tables).await;
    let missing = missing.map_err(failed)?;
    let _closed = session.close().await;
    match missing.is_empty() {
        true => Ok(()),
        false => Err(OpenError::Outdated { url: url.clone(), missing }),
    }
}

/// Connects for the first time, to a server that is fit.
async fn first_session(url: &PostgresUrl) -> Result<PgConnection, OpenError> {
    let mut session = connect(&options(url))
        .await
        .map_err(|source| OpenError::Connect { url: url.clone(), source })?;
    inspect(url, &mut session).await?;
    Ok(session)
}
