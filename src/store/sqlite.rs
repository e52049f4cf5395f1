//! The store in a file of SQLite: one process, no server.
//!
//! One connection writes, a few read. What is answered is on the disk: WAL with `synchronous=FULL`,
//! read back when the file is opened. A lock file beside the database keeps a second process out.
//! The database's time is that of the clock it is opened with.
//!
//! Calls are what costs here, so a step is one statement text of several statements, lists go in as
//! JSON, and parameters have numbers (`$3`). Queries that a partial index is made for name it:
//! `INDEXED BY` fails where the index cannot be used, instead of reading all that ever was.

mod companies;
mod drift;
mod entries;
mod events;
mod jobs;
mod leases;
mod lock;
mod offline;
mod open;
mod resources;
mod syncs;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use sqlx::{SqlitePool, Transaction};

pub use offline::Offline;
pub use open::{OpenError, migrate};

use super::rows::{Backend, Rows};
use super::{Database, Error};
use crate::clock::Clock;
use crate::domain::{CompanyId, Timestamp};

/// A store in a file of SQLite.
pub type SqliteStore = Database<Sqlite>;

/// An open file of SQLite.
#[derive(Debug)]
pub struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
    clock: Arc<dyn Clock>,
    _lock: lock::Lock,
}

#[async_trait]
impl Backend for Sqlite {
    type Rows = SqliteRows;

    async fn write(&self) -> Result<SqliteRows, Error> {
        // Taking the write lock at once spares a transaction from failing when it first writes.
        let tx = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        Ok(SqliteRows { tx, now: self.clock.now() })
    }

    async fn read(&self, _deadline: Option<Instant>) -> Result<SqliteRows, Error> {
        let tx = self.readers.begin().await.map_err(failed)?;
        Ok(SqliteRows { tx, now: self.clock.now() })
    }

    async fn check(&self) -> Result<(), Error> {
        // No other program brings tables up to date while this one has the file.
        sqlx::query("SELECT 1").execute(&self.readers).await.map_err(failed).map(drop)
    }
}

/// An open transaction. Dropping it undoes it.
#[derive(Debug)]
pub struct SqliteRows {
    tx: Transaction<'static, sqlx::Sqlite>,
    now: Timestamp,
}

#[async_trait]
impl Rows for SqliteRows {
    async fn now(&mut self) -> Result<Timestamp, Error> {
        Ok(self.now)
    }

    async fn lock(&mut self, _companies: &[CompanyId]) -> Result<(), Error> {
        // There is one writer.
        Ok(())
    }

    async fn commit(self) -> Result<(), Error> {
        self.tx.commit().await.map_err(failed)
    }

    async fn end(self) -> Result<(), Error> {
        self.tx.rollback().await.map_err(failed)
    }
}

/// What the database could not do, or what it holds and nobody can read.
fn failed(error: sqlx::Error) -> Error {
    match error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            Error::Corrupt(error.to_string())
        }
        error => Error::Unavailable(Box::new(error)),
    }
}

/// Writes a list as JSON, the form in which lists are handed to statements.
fn list<T: serde::Serialize>(items: impl IntoIterator<Item = T>) -> Result<String, Error> {
    super::stored::write(&items.into_iter().collect::<Vec<_>>())
}

/// Returns a limit as the database takes it.
fn rows_at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
