//! Reading the audit log of a database beside the service, or without it, and never writing: what
//! the backends have in common.

use super::StoredEntry;
use crate::domain::{CompanyId, Revision};

/// Why a database could not be read.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct OfflineError(#[from] pub(super) sqlx::Error);

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
pub type Claim = (CompanyId, Option<(Revision, Vec<u8>)>);

/// The companies with their claims, and those of which there are only entries without.
pub(super) const CLAIMS: &str = "SELECT company_id, revision, head_hash FROM companies \
     UNION ALL \
     SELECT DISTINCT company_id, CAST(NULL AS bigint), CAST(NULL AS bytea) FROM revisions \
     WHERE company_id NOT IN (SELECT company_id FROM companies) \
     ORDER BY company_id";

/// A row of [`CLAIMS`].
#[derive(sqlx::FromRow)]
pub(super) struct ClaimRow {
    company_id: String,
    revision: Option<i64>,
    head_hash: Option<Vec<u8>>,
}

impl ClaimRow {
    pub(super) fn read(self) -> Claim {
        let claim = self.revision.map(Revision::new).zip(self.head_hash);
        (CompanyId::from_trusted(self.company_id), claim)
    }
}

/// An entry as it is stored.
#[derive(sqlx::FromRow)]
pub(super) struct EntryRow {
    pub(super) revision: i64,
    record: Vec<u8>,
    prev_hash: Vec<u8>,
    hash: Vec<u8>,
}

impl EntryRow {
    pub(super) fn read(self, company_id: &CompanyId) -> StoredEntry {
        StoredEntry {
            company_id: company_id.clone(),
            revision: Revision::new(self.revision),
            record: self.record,
            prev_hash: self.prev_hash,
            hash: self.hash,
        }
    }
}
