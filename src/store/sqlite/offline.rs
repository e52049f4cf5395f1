//! Reads the audit log of a database beside the service, or without it, and never writes.

use std::path::Path;

use futures::TryStreamExt as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use crate::domain::{CompanyId, Revision};
use crate::store::StoredEntry;

/// Why a database could not be read.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct OfflineError(#[from] sqlx::Error);

impl OfflineError {
    /// Tells whether SQLite could not make the files that it needs beside the database, which it
    /// does even to read it while no service runs.
    pub fn is_folder_closed(&self) -> bool {
        let sqlx::Error::Database(error) = &self.0 else { return false };
        // SQLITE_READONLY, SQLITE_CANTOPEN and their extended forms.
        let code = error.code().and_then(|code| code.parse::<u32>().ok());
        code.is_some_and(|code| matches!(code & 0xff, 8 | 14))
    }
}

/// A company, with the revision and the hash at which its log should end.
type Claim = (CompanyId, Option<(Revision, Vec<u8>)>);

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
        let query = "SELECT company_id, revision, head_hash FROM companies \
                     UNION ALL \
                     SELECT DISTINCT company_id, NULL, NULL FROM revisions \
                     WHERE company_id NOT IN (SELECT company_id FROM companies) \
                     ORDER BY company_id";
        let rows = sqlx::query(query).fetch_all(&mut self.connection).await?;
        rows.iter().map(company).collect()
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
        let mut rows = sqlx::query(query).bind(company_id.as_str()).fetch(&mut self.connection);
        while let Some(row) = rows.try_next().await.map_err(OfflineError)? {
            take(entry(company_id, &row).map_err(OfflineError)?)?;
        }
        Ok(())
    }

    /// Lets go of the database.
    pub async fn close(self) {
        // Nothing was written, so nothing can be lost.
        let _ = self.connection.close().await;
    }
}

fn company(row: &SqliteRow) -> Result<Claim, OfflineError> {
    let company_id: String = row.try_get("company_id")?;
    let revision: Option<i64> = row.try_get("revision")?;
    let hash: Option<Vec<u8>> = row.try_get("head_hash")?;
    Ok((CompanyId::from_trusted(company_id), revision.map(Revision::new).zip(hash)))
}

fn entry(company_id: &CompanyId, row: &SqliteRow) -> Result<StoredEntry, sqlx::Error> {
    Ok(StoredEntry {
        company_id: company_id.clone(),
        revision: Revision::new(row.try_get("revision")?),
        record: row.try_get("record")?,
        prev_hash: row.try_get("prev_hash")?,
        hash: row.try_get("hash")?,
    })
}
