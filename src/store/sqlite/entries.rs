//! Revisions: the audit log, and all that goes with an entry.

use async_trait::async_trait;

use super::{SqliteRows, failed, list, rows_at_most};
use crate::domain::{CompanyId, Revision};
use crate::store::progress::{JobRow, PartRow};
use crate::store::rows::{EntryRows, NewJob, NewRevision, version_spans};
use crate::store::{AuditQuery, Error, StoredEntry};
use crate::{hex, store::stored, wire};

/// How many bytes of records go into one call.
const CHUNK_BYTES: usize = 4 * 1024 * 1024;

/// All rows of some revisions, in one call. Bytes go in as hexadecimal text.
pub(super) const REVISIONS: &str = "\
    INSERT INTO companies (company_id, display_name, revision, head_hash, field_count, \
        field_bytes, created_at, cadence_count) \
    SELECT value ->> 0, value ->> 1, value ->> 2, unhex(value ->> 3), value ->> 4, value ->> 5, \
        value ->> 6, value ->> 7 \
    FROM json_each($1) WHERE true \
    ON CONFLICT (company_id) DO UPDATE SET display_name = excluded.display_name, \
        revision = excluded.revision, head_hash = excluded.head_hash, \
        field_count = excluded.field_count, field_bytes = excluded.field_bytes, \
        cadence_count = excluded.cadence_count; \
    INSERT INTO revisions (company_id, revision, action, request_id, fingerprint, record, \
        prev_hash, hash, at) \
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, unhex(value ->> 4), \
        unhex(value ->> 5), unhex(value ->> 6), unhex(value ->> 7), value ->> 8 \
    FROM json_each($2); \
    UPDATE resource_versions INDEXED BY resource_versions_latest_by_id SET to_rev = e.value ->> 4 \
    FROM json_each($3) AS e \
    WHERE e.value ->> 6 AND company_id = e.value ->> 0 AND resource_id = e.value ->> 1 \
        AND to_rev IS NULL; \
    INSERT INTO resource_versions (company_id, resource_id, kind, name, from_rev, to_rev, spec) \
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, \
        unhex(value ->> 7) \
    FROM json_each($3); \
    INSERT INTO jobs (company_id, revision, state, attempt, held_up, created_at, last_seq) \
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, 1 \
    FROM json_each($4); \
    INSERT INTO job_parts (company_id, revision, vendor, state, total, done, failed, cancelled, \
        unit, message, held_up) \
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, 0, 0, 0, \
        value ->> 5, value ->> 6, value ->> 7 \
    FROM json_each($6); \
    INSERT INTO job_events (company_id, revision, seq, state, done, total, unit, message, \
        attempt, at, actor, reason) \
    SELECT value ->> 0, value ->> 1, 1, value ->> 2, 0, value ->> 7, value ->> 8, value ->> 9, \
        value ->> 3, value ->> 6, '', '' \
    FROM json_each($4); \
    INSERT INTO job_items (company_id, revision, vendor, resource_id, state) \
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, 'pending' FROM json_each($5);";

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
        let mut rest = revisions;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take_while(|new| {
                bytes += new.record.len();
                bytes <= CHUNK_BYTES
            });
            let (chunk, after) = rest.split_at(fits.count().max(1));
            self.write_chunk(chunk).await?;
            rest = after;
        }
        for revision in revisions {
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
    async fn write_chunk(&mut self, revisions: &[NewRevision]) -> Result<(), Error> {
        let companies = revisions.iter().map(|new| {
            let company = &new.head.company;
            (
                company.id.as_str(),
                &company.display_name,
                company.revision.get(),
                hex::encode(&company.head_hash),
                new.head.holds.fields,
                new.head.holds.bytes,
                company.created_at.as_micros(),
                new.head.holds.cadences,
            )
        });
        let entries = revisions.iter().map(|new| {
            let company = &new.head.company;
            (
                company.id.as_str(),
                company.revision.get(),
                new.action,
                new.request_id.as_ref().map(|id| id.as_str()),
                hex::encode(&new.fingerprint),
                hex::encode(&new.record),
                hex::encode(&new.prev_hash),
                hex::encode(&company.head_hash),
                new.at.as_micros(),
            )
        });
        let versions = version_spans(revisions).into_iter().map(|span| {
            let version = span.version;
            (
                span.company_id.as_str(),
                version.id.as_str(),
                version.kind.as_str(),
                &version.name,
                version.from_rev.get(),
                span.to_rev.map(Revision::get),
                span.is_first,
                version.resource.as_ref().map(|one| hex::encode(&wire::encode_resource(one))),
            )
        });
        let jobs = revisions.iter().filter_map(|new| new.job.as_ref());
        let items = jobs.clone().flat_map(|job| {
            let (company_id, revision) = (job.row.id.company_id.as_str(), job.row.id.revision);
            job.items.iter().map(move |(vendor, resource_id)| {
                (company_id, revision.get(), vendor.as_str(), resource_id.as_str())
            })
        });
        let parts = jobs.clone().flat_map(|job| job.row.parts.iter().map(|part| (&job.row, part)));
        let parts = parts.map(|(job, part)| part_columns(job, part));
        sqlx::query(REVISIONS)
            .bind(list(companies)?)
            .bind(list(entries)?)
            .bind(list(versions)?)
            .bind(list(jobs.map(job_columns).collect::<Result<Vec<_>, _>>()?)?)
            .bind(list(items)?)
            .bind(list(parts.collect::<Result<Vec<_>, _>>()?)?)
            .execute(&mut *self.tx)
            .await
            .map_err(failed)?;
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

/// The columns of a part of a new job.
fn part_columns(job: &JobRow, part: &PartRow) -> Result<impl serde::Serialize + use<>, Error> {
    Ok((
        job.id.company_id.to_string(),
        job.id.revision.get(),
        part.vendor.as_str(),
        part.state.as_str(),
        part.counts.total(),
        part.unit.clone(),
        part.message.clone(),
        part.held_up.as_ref().map(stored::write_error).transpose()?,
    ))
}

/// The columns of a new job and its first event.
fn job_columns(job: &NewJob) -> Result<impl serde::Serialize, Error> {
    let NewJob { row, event, .. } = job;
    Ok((
        row.id.company_id.as_str(),
        row.id.revision.get(),
        row.state.as_str(),
        row.attempt,
        row.held_up.as_ref().map(stored::write_error).transpose()?,
        row.created_at.as_micros(),
        event.at.as_micros(),
        event.total,
        &event.unit,
        &event.message,
    ))
}
