//! The store in Postgres: any number of processes on one database.
//!
//! **Isolation.** Transactions that write are READ COMMITTED: they lock first and read after that,
//! each statement what is committed by then. Transactions that only read are REPEATABLE READ, since
//! what several statements answer has to agree.
//!
//! **One lock order.** A transaction that writes begins by locking the rows of its companies, in the
//! order of their ids, under a short time-out. That lock serialises everything about a company:
//! decisions, cancels, leases, and what an executor notes. Nothing else is locked by reading, so
//! transactions of one company wait for each other and those of different companies do not. Two
//! decisions are not about one company, and there unique indexes decide: a company is registered
//! once (its first revision), and an account belongs to one company. Whoever comes second waits for
//! the first to end, and then fails or is failed by the detector of deadlocks.
//!
//! **Trying again.** What failed in a way that left nothing behind is done anew by [`Database`]: see
//! `fault`. When the answer to a COMMIT is lost, the database is asked what became of it: see
//! `outcome`.
//!
//! **Time** is `clock_timestamp()`, asked once per transaction and only when it holds its locks. So
//! time never goes back along a company's history, and waiting for a lock does not age a lease; the
//! start of the transaction, which is what `now()` answers, would lie before the wait.
//!
//! Round trips are what costs here: lists go in as arrays, all rows of a step are written by one
//! statement, and the lock is taken together with the BEGIN.

mod companies;
mod drift;
mod entries;
mod events;
mod fault;
mod jobs;
mod leases;
mod offline;
mod open;
mod outcome;
mod resources;
mod session;
mod syncs;
#[cfg(test)]
pub(crate) mod tests;
mod url;
mod watch;

use std::time::Instant;

use async_trait::async_trait;
use sqlx::PgPool;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::{Query, QueryAs, QueryScalar};

pub use offline::Offline;
pub use open::{OpenError, migrate};
pub use session::PostgresRows;
pub use url::PostgresUrl;

use super::rows::Backend;
use super::{Database, Error};
use crate::domain::Timestamp;
use session::Way;
use watch::Watch;

/// A store in Postgres.
pub type PostgresStore = Database<Postgres>;

/// A pool of sessions.
#[derive(Debug)]
pub struct Postgres {
    pool: PgPool,
    watch: Watch,
    time: Time,
}

/// Whose time it is.
#[derive(Clone, Debug)]
enum Time {
    OfDatabase,
    /// A test's, which stands still until it is told to go on.
    #[cfg(test)]
    Standing(std::sync::Arc<std::sync::atomic::AtomicI64>),
}

impl Time {
    /// Returns the time if it is known without asking.
    fn known(&self) -> Option<Timestamp> {
        match self {
            Self::OfDatabase => None,
            #[cfg(test)]
            Self::Standing(micros) => {
                Some(Timestamp::from_micros(micros.load(std::sync::atomic::Ordering::Relaxed)))
            }
        }
    }
}

#[async_trait]
impl Backend for Postgres {
    type Rows = PostgresRows;

    const ATTEMPTS: usize = 4;

    async fn write(&self) -> Result<PostgresRows, Error> {
        PostgresRows::open(self, Way::Write).await
    }

    async fn read(&self, deadline: Option<Instant>) -> Result<PostgresRows, Error> {
        PostgresRows::open(self, Way::Read(deadline)).await
    }

    async fn check(&self) -> Result<(), Error> {
        self.watch.check().await
    }

    fn was_undone(&self, error: &Error) -> bool {
        fault::was_undone(error)
    }
}

/// The database's time, as the integer that it is kept as.
macro_rules! micros {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    };
}
use micros;

fn query(sql: &'static str) -> Query<'static, sqlx::Postgres, PgArguments> {
    sqlx::query(sql)
}

fn rows<T: for<'r> sqlx::FromRow<'r, PgRow>>(
    sql: &'static str,
) -> QueryAs<'static, sqlx::Postgres, T, PgArguments> {
    sqlx::query_as(sql)
}

fn scalar<T>(sql: &'static str) -> QueryScalar<'static, sqlx::Postgres, T, PgArguments>
where
    (T,): for<'r> sqlx::FromRow<'r, PgRow>,
{
    sqlx::query_scalar(sql)
}

/// Returns a limit as the database takes it.
fn rows_at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Returns somebody else's text as the database takes it: Postgres keeps no NUL.
fn without_nul(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}
