//! Revisions: the audit log, and all that goes with an entry.

use async_trait::async_trait;

use super::{SqliteRows, failed, list, rows_at_most};
use crate::domain::{CompanyId, ResourceId, Revision, Timestamp};
use crate::store::rows::{EntryRows, NewJob, NewRevision};
use crate::store::{AuditQuery, Error, StoredEntry};
use crate::{hex, store::stored, wire};

/// The statements of every revision. A revision is written in one call: calls are what costs.
/// Parameters have numbers, of which each statement uses some.
macro_rules! revision {
    ($more:literal) => {
        concat!(
            "INSERT INTO companies (company_id, display_name, revision, head_hash, field_count, \
                 field_bytes, created_at) \
             VALUES ($1, $3, $2, $4, $5, $6, $7) \
             ON CONFLICT (company_id) DO UPDATE SET display_name = $3, revision = $2, \
                 head_hash = $4, field_count = $5, field_bytes = $6; \
             INSERT INTO revisions (company_id, revision, action, request_id, fingerprint, \
                 record, prev_hash, hash, at) \
             VALUES ($1, $2, $8, $9, $10, $11, $12, $4, $13); \
             UPDATE resource_versions INDEXED BY resource_versions_latest_by_id SET to_rev = $2 \
             WHERE company_id = $1 AND to_rev IS NULL \
             AND resource_id IN (SELECT value ->> 0 FROM json_each($14)); \
             INSERT INTO resource_versions (company_id, resource_id, kind, name, from_rev, spec) \
             SELECT $1, value ->> 0, value ->> 1, value ->> 2, $2, unhex(value ->> 3) \
             FROM json_each($14);",
            $more
        )
    };
}

const WITHOUT_JOB: &str = revision!("");

const WITH_JOB: &str = revision!(
    "INSERT INTO jobs (company_id, revision, state, attempt, held_up, created_at, last_seq) \
     VALUES ($1, $2, $15, $16, $17, $13, 1); \
     INSERT INTO job_parts (company_id, revision, vendor, state, total, done, failed, cancelled, \
         unit, message) \
     VALUES ($1, $2, $18, $15, $19, 0, 0, 0, $20, $21); \
     INSERT INTO job_items (company_id, revision, vendor, resource_id, state) \
     SELECT $1, $2, $18, value, 'pending' FROM json_each($22); \
     INSERT INTO job_events (company_id, revision, seq, state, done, total, unit, message, \
         attempt, at, actor, reason) \
     VALUES ($1, $2, 1, $15, 0, $19, $20, $21, $16, $23, '', '');"
);

const CONNECTION: &str = "\
    UPDATE connections SET status = 'disconnected', sealed = x'' \
    WHERE company_id = $1 AND connection_id = $10; \
    INSERT INTO connections (company_id, connection_id, vendor, base_url, account_id, \
        burst_per_10s, status, credential_id, sealed) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
    ON CONFLICT (company_id, connection_id) DO UPDATE SET burst_per_10s = $6, status = $7, \
        credential_id = $8, sealed = $9;";

#[async_trait]
impl EntryRows for SqliteRows {
    async fn write_revisions(&mut self, revisions: &[NewRevision]) -> Result<(), Error> {
        for revision in revisions {
            self.write_revision(revision).await?;
            self.write_connection(revision).await?;
        }
        Ok(())
    }

    async fn entry_sizes(
        &mut self,
        company_id: &CompanyId,
        query: &AuditQuery,
    ) -> Result<Vec<(Revision, usize)>, Error> {
        let sql = match query.newest_first {
            true => {
                "SELECT revision, length(record) FROM revisions \
                 WHERE company_id = $1 AND revision > $2 AND revision < $3 \
                 ORDER BY revision DESC LIMIT $4"
            }
            false => {
                "SELECT revision, length(record) FROM revisions \
                 WHERE company_id = $1 AND revision > $2 AND revision < $3 \
                 ORDER BY revision LIMIT $4"
            }
        };
        let rows: Vec<(i64, i64)> = sqlx::query_as(sql)
            .bind(company_id.as_str())
            .bind(query.after.get())
            .bind(query.before.map_or(i64::MAX, Revision::get))
            .bind(rows_at_most(query.limit.saturating_add(1)))
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        let read = |(revision, size): (i64, i64)| {
            (Revision::new(revision), usize::try_from(size).unwrap_or(usize::MAX))
        };
        Ok(rows.into_iter().map(read).collect())
    }

    async fn entries(
        &mut self,
        company_id: &CompanyId,
        from: Revision,
        to: Revision,
    ) -> Result<Vec<StoredEntry>, Error> {
        let sql = "SELECT revision, record, prev_hash, hash FROM revisions \
             WHERE company_id = $1 AND revision BETWEEN $2 AND $3 ORDER BY revision";
        let rows: Vec<(i64, Vec<u8>, Vec<u8>, Vec<u8>)> = sqlx::query_as(sql)
            .bind(company_id.as_str())
            .bind(from.get())
            .bind(to.get())
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        let read = |(revision, record, prev_hash, hash)| StoredEntry {
            company_id: company_id.clone(),
            revision: Revision::new(revision),
            record,
            prev_hash,
            hash,
        };
        Ok(rows.into_iter().map(read).collect())
    }
}

impl SqliteRows {
    async fn write_revision(&mut self, new: &NewRevision) -> Result<(), Error> {
        let company = &new.head.company;
        let versions = new.versions.iter().map(|version| {
            let spec = version
                .resource
                .as_ref()
                .map(|resource| hex::encode(&wire::encode_resource(resource)));
            (version.id.as_str(), version.kind.as_str(), &version.name, spec)
        });
        let sql = if new.job.is_some() { WITH_JOB } else { WITHOUT_JOB };
        let query = sqlx::query(sql)
            .bind(company.id.as_str())
            .bind(company.revision.get())
            .bind(&company.display_name)
            .bind(company.head_hash.as_slice())
            .bind(new.head.field_count)
            .bind(new.head.field_bytes)
            .bind(company.created_at.as_micros())
            .bind(new.action)
            .bind(new.request_id.as_ref().map(|id| id.as_str()))
            .bind(new.fingerprint.as_slice())
            .bind(new.record.as_slice())
            .bind(new.prev_hash.as_slice())
            .bind(new.at.as_micros())
            .bind(list(versions)?);
        let query = match &new.job {
            None => query,
            Some(NewJob { row, vendor, items, event }) => query
                .bind(row.state.as_str())
                .bind(i64::from(row.attempt))
                .bind(row.held_up.as_ref().map(stored::write_error).transpose()?)
                .bind(vendor.as_str())
                .bind(event.total)
                .bind(&event.unit)
                .bind(&event.message)
                .bind(list(items.iter().map(ResourceId::as_str))?)
                .bind(Timestamp::as_micros(event.at)),
        };
        query.execute(&mut *self.tx).await.map_err(failed)?;
        Ok(())
    }

    async fn write_connection(&mut self, new: &NewRevision) -> Result<(), Error> {
        let Some(write) = &new.connection else { return Ok(()) };
        let connection = &write.connection;
        sqlx::query(CONNECTION)
            .bind(new.head.company.id.as_str())
            .bind(connection.id.as_str())
            .bind(connection.vendor.as_str())
            .bind(&connection.base_url)
            .bind(&connection.account_id)
            .bind(i64::from(connection.burst_per_10s))
            .bind(connection.status.as_str())
            .bind(&connection.credential_id)
            .bind(write.sealed.as_slice())
            .bind(new.replaced.as_ref().map(|id| id.as_str()))
            .execute(&mut *self.tx)
            .await
            .map_err(failed)?;
        Ok(())
    }
}
