//! Reads the audit log of a database beside the service, or without it, and never writes.

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, raw_sql};

use super::{PostgresUrl, open, rows};
use crate::domain::CompanyId;
use crate::store::offline::{CLAIMS, Claim, ClaimRow, EntryRow};
use crate::store::{OfflineError, StoredEntry};

/// How many entries are read at a time. An entry may take up a megabyte.
const PAGE: i64 = 200;

/// Settings of the session, set on purpose. It is in one transaction for as long as the log takes to
/// be read, and written to a file, so it may stand still for longer than one of the service; not
/// for ever, because the server keeps what is deleted meanwhile.
const SETTINGS: &str = "SET lock_timeout = '10s'; SET statement_timeout = '60s'; \
     SET idle_in_transaction_session_timeout = '10min'";

/// A database as it was at one moment, also while services write to it.
#[derive(Debug)]
pub struct Offline {
    pub(super) session: PgConnection,
}

impl Offline {
    /// Opens a database for reading and holds on to its present state.
    ///
    /// # Errors
    ///
    /// Fails when the database cannot be reached, is none of GoMark's, or may not be read.
    pub async fn open(url: &PostgresUrl) -> Result<Self, OfflineError> {
        let mut session = open::connect(&open::options(url)).await?;
        raw_sql(SETTINGS).execute(&mut session).await?;
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        raw_sql(begin).execute(&mut session).await?;
        let mut database = Self { session };
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
        let found = rows::<ClaimRow>(CLAIMS).fetch_all(&mut self.session).await?;
        Ok(found.into_iter().map(ClaimRow::read).collect())
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
        let sql = "SELECT revision, record, prev_hash, hash FROM revisions \
                   WHERE company_id = $1 AND revision > $2 ORDER BY revision LIMIT $3";
        let mut last = i64::MIN;
        loop {
            let page = rows::<EntryRow>(sql).bind(company_id.as_str()).bind(last).bind(PAGE);
            let page = page.fetch_all(&mut self.session).await.map_err(OfflineError)?;
            let Some(entry) = page.last() else { return Ok(()) };
            last = entry.revision;
            for entry in page {
                take(entry.read(company_id))?;
            }
        }
    }

    /// Lets go of the database.
    pub async fn close(self) {
        // Nothing was written, so nothing can be lost.
        let _ = self.session.close().await;
    }
}
