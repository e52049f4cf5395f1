//! Reads the audit log of a file beside the service, or without it, and never writes.

use std::path::Path;

use futures::TryStreamExt as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::domain::CompanyId;
use crate::store::offline::{CLAIMS, Claim, ClaimRow, EntryRow};
use crate::store::{OfflineError, StoredEntry};

/// A database as it was at one moment, also while the service writes to it.
#[derive(Debug)]
pub struct Offline {
    connection: SqliteConnection,
}

impl Offline {
    /// Opens a database for reading and holds on to its present state.
    ///
    /// # Errors
    ///
    /// Fails when the file is no database of GoMark, or cannot be read.
    pub async fn open(path: &Path) -> Result<Self, OfflineError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .read_only(true)
            .create_if_missing(false)
            .disable_statement_logging();
        let mut connection = options.connect().await?;
        sqlx::query("BEGIN").execute(&mut connection).await?;
        let mut database = Self { connection };
        // The first read is what fixes the state that all others see.
        database.companies().await?;
        Ok(database)
    }

    /// Lists the companies with their revisions and head hashes, and those of which there are only
    /// entries without.
    ///
    /// # Errors
    ///
    /// Fails when the database cannot be read.
    pub async fn companies(&mut self) -> Result<Vec<Claim>, OfflineError> {
        let rows = sqlx::query_as(CLAIMS).fetch_all(&mut self.connection).await?;
        Ok(rows.into_iter().map(ClaimRow::read).collect())
    }

    /// Hands each entry of a company to `take`, in the order of the revisions.
    ///
    /// # Errors
    ///
    /// Fails when the database cannot be read, and as `take` does.
    pub async fn entries<E: From<OfflineError>>(
        &mut self,
        company_id: &CompanyId,
        mut take: impl FnMut(StoredEntry) -> Result<(), E>,
    ) -> Result<(), E> {
        let query = "SELECT revision, record, prev_hash, hash FROM revisions \
                     WHERE company_id = ? ORDER BY revision";
        let query = sqlx::query_as::<_, EntryRow>(query).bind(company_id.as_str());
        let mut rows = query.fetch(&mut self.connection);
        while let Some(row) = rows.try_next().await.map_err(OfflineError)? {
            take(row.read(company_id))?;
        }
        Ok(())
    }

    /// Lets go of the database.
    pub async fn close(self) {
        // Nothing was written, so nothing can be lost.
        let _ = self.connection.close().await;
    }
}
