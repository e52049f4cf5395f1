//! Revisions: the audit log, and all that goes with an entry.

use async_trait::async_trait;
use sqlx::query_builder::{QueryBuilder, Separated};
use sqlx::sqlite::Sqlite as Db;

use super::{SqliteRows, failed, list, rows_at_most};
use crate::domain::{CompanyId, ResourceId, Revision, Trail};
use crate::store::progress::PartRow;
use crate::store::rows::{Asked, EntryRows, NewJob, NewRevision, VersionSpan, version_spans};
use crate::store::{AuditQuery, Error, StoredEntry};
use crate::{store::stored, wire};

/// How many revisions are written by one call: few sizes, so that the texts of calls stay prepared.
const AT_ONCE: [usize; 3] = [32, 8, 1];
/// How many rows one statement takes: what SQLite takes of parameters is limited.
const ROWS_MAX: usize = 1_000;

const COMPANIES: &str = "INSERT INTO companies (company_id, display_name, revision, head_hash, \
    field_count, field_bytes, created_at, cadence_count) ";
const COMPANY_THERE: &str = " ON CONFLICT (company_id) DO UPDATE SET \
    display_name = excluded.display_name, revision = excluded.revision, \
    head_hash = excluded.head_hash, field_count = excluded.field_count, \
    field_bytes = excluded.field_bytes, cadence_count = excluded.cadence_count";
const REVISIONS: &str = "INSERT INTO revisions (company_id, revision, action, request_id, \
    fingerprint, record, prev_hash, hash, at) ";
pub(super) const ENDED: &str = "UPDATE resource_versions INDEXED BY resource_versions_latest_by_id \
    SET to_rev = ? WHERE company_id = ? AND resource_id = ? AND to_rev IS NULL";
const VERSIONS: &str = "INSERT INTO resource_versions (company_id, resource_id, kind, name, \
    from_rev, to_rev, spec) ";
const JOBS: &str = "INSERT INTO jobs (last_seq, company_id, revision, state, attempt, held_up, \
    created_at) ";
const PARTS: &str = "INSERT INTO job_parts (done, failed, cancelled, company_id, revision, vendor, \
    state, total, unit, message, held_up) ";
const EVENTS: &str = "INSERT INTO job_events (seq, done, actor, reason, company_id, revision, \
    state, total, unit, message, attempt, at) ";
const ITEMS: &str = "INSERT INTO job_items (state, company_id, revision, vendor, resource_id) ";

const CONNECTION: &str = "\
    UPDATE connections SET status = 'disconnected', sealed = x'' \
    WHERE company_id = $1 AND connection_id = $11; \
    INSERT INTO connections (company_id, connection_id, vendor, base_url, account_id, \
        burst_per_10s, status, credential_id, sealed, reserve_percent) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
    ON CONFLICT (company_id, connection_id) DO UPDATE SET burst_per_10s = $6, status = $7, \
        credential_id = $8, sealed = $9, reserve_percent = $10;";

#[async_trait]
impl EntryRows for SqliteRows {
    async fn write_revisions(&mut self, revisions: &[NewRevision]) -> Result<(), Error> {
        let mut rest = revisions;
        while !rest.is_empty() {
            let size = AT_ONCE.into_iter().find(|size| *size <= rest.len()).unwrap_or(rest.len());
            let (chunk, after) = rest.split_at(size);
            self.write_chunk(chunk).await?;
            rest = after;
        }
        for revision in revisions {
            self.write_connection(revision).await?;
        }
        Ok(())
    }

    async fn write_asked(&mut self, company_id: &CompanyId, asked: &Asked) -> Result<(), Error> {
        for (id, from_rev) in &asked.allow_loss {
            let sql = "UPDATE resource_versions SET allows_loss = 1 \
                 WHERE company_id = $1 AND resource_id = $2 AND from_rev = $3";
            sqlx::query(sql)
                .bind(company_id.as_str())
                .bind(id.as_str())
                .bind(from_rev.get())
                .execute(&mut *self.tx)
                .await
                .map_err(failed)?;
        }
        for (leaves, from_rev, ids) in &asked.leaves {
            let sql = "UPDATE resource_versions SET leaves = $2 WHERE company_id = $1 \
                 AND from_rev = $3 AND resource_id IN (SELECT value FROM json_each($4))";
            sqlx::query(sql)
                .bind(company_id.as_str())
                .bind(leaves.as_str())
                .bind(from_rev.get())
                .bind(list(ids.iter().map(ResourceId::as_str))?)
                .execute(&mut *self.tx)
                .await
                .map_err(failed)?;
        }
        for (revision, id) in &asked.fills {
            let sql = "UPDATE job_items SET fills = 1 \
                 WHERE company_id = $1 AND revision = $2 AND resource_id = $3";
            sqlx::query(sql)
                .bind(company_id.as_str())
                .bind(revision.get())
                .bind(id.as_str())
                .execute(&mut *self.tx)
                .await
                .map_err(failed)?;
        }
        for (id, key) in &asked.known_as {
            let sql = "UPDATE sync SET vendor_key = coalesce(vendor_key, $3), \
                 trail = coalesce(trail, $4) WHERE company_id = $1 AND resource_id = $2 \
                 AND (applied IS NOT NULL OR in_doubt IS NOT NULL)";
            sqlx::query(sql)
                .bind(company_id.as_str())
                .bind(id.as_str())
                .bind(key.as_str())
                .bind(stored::write(&Trail::default())?)
                .execute(&mut *self.tx)
                .await
                .map_err(failed)?;
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
    /// Writes all rows of some revisions in one call.
    async fn write_chunk(&mut self, revisions: &[NewRevision]) -> Result<(), Error> {
        let mut call = QueryBuilder::new("");
        insert(&mut call, COMPANIES, revisions, COMPANY_THERE, |mut row, new| {
            let company = &new.head.company;
            row.push_bind(company.id.as_str())
                .push_bind(&company.display_name)
                .push_bind(company.revision.get())
                .push_bind(company.head_hash.as_slice())
                .push_bind(new.head.holds.fields)
                .push_bind(new.head.holds.bytes)
                .push_bind(company.created_at.as_micros())
                .push_bind(new.head.holds.cadences);
        });
        insert(&mut call, REVISIONS, revisions, "", |mut row, new| {
            row.push_bind(new.head.company.id.as_str())
                .push_bind(new.head.company.revision.get())
                .push_bind(new.action)
                .push_bind(new.request_id.as_ref().map(|id| id.as_str()))
                .push_bind(new.fingerprint.as_slice())
                .push_bind(new.record.as_slice())
                .push_bind(new.prev_hash.as_slice())
                .push_bind(new.head.company.head_hash.as_slice())
                .push_bind(new.at.as_micros());
        });
        let versions = version_spans(revisions);
        write_versions(&mut call, &versions);
        let jobs = revisions.iter().filter_map(|new| new.job.as_ref());
        write_jobs(&mut call, &jobs.collect::<Vec<_>>())?;
        call.build().execute(&mut *self.tx).await.map_err(failed)?;
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
            .bind(i64::from(connection.reserve_percent))
            .bind(new.replaced.as_ref().map(|id| id.as_str()))
            .execute(&mut *self.tx)
            .await
            .map_err(failed)?;
        Ok(())
    }
}

fn write_versions(call: &mut QueryBuilder<Db>, versions: &[VersionSpan<'_>]) {
    for span in versions.iter().filter(|span| span.is_first) {
        let mut parts = ENDED.split('?');
        call.push(parts.next().unwrap_or_default());
        call.push_bind(span.version.from_rev.get()).push(parts.next().unwrap_or_default());
        call.push_bind(span.company_id.as_str()).push(parts.next().unwrap_or_default());
        call.push_bind(span.version.id.as_str()).push(parts.next().unwrap_or_default()).push(";");
    }
    insert(call, VERSIONS, versions, "", |mut row, span| {
        let version = span.version;
        row.push_bind(span.company_id.as_str())
            .push_bind(version.id.as_str())
            .push_bind(version.kind.as_str())
            .push_bind(&version.name)
            .push_bind(version.from_rev.get())
            .push_bind(span.to_rev.map(Revision::get))
            .push_bind(version.resource.as_ref().map(wire::encode_resource));
    });
}

/// Writes new jobs, with their parts, first events and items.
fn write_jobs(call: &mut QueryBuilder<Db>, jobs: &[&NewJob]) -> Result<(), Error> {
    let held_up = |job: &&NewJob| job.row.held_up.as_ref().map(stored::write_error).transpose();
    let mut held_up = jobs.iter().map(held_up).collect::<Result<Vec<_>, _>>()?.into_iter();
    insert(call, JOBS, jobs, "", |mut row, job| {
        row.push("1")
            .push_bind(job.row.id.company_id.as_str())
            .push_bind(job.row.id.revision.get())
            .push_bind(job.row.state.as_str())
            .push_bind(job.row.attempt)
            .push_bind(held_up.next().flatten())
            .push_bind(job.row.created_at.as_micros());
    });
    let parts = jobs.iter().flat_map(|job| job.row.parts.iter().map(|part| (&job.row.id, part)));
    let parts: Vec<_> = parts.collect();
    let held_up = |(_, part): &(_, &PartRow)| part.held_up.as_ref().map(stored::write_error);
    let held_up = parts.iter().map(|part| held_up(part).transpose());
    let mut held_up = held_up.collect::<Result<Vec<_>, _>>()?.into_iter();
    insert(call, PARTS, &parts, "", |mut row, (id, part)| {
        row.push("0, 0, 0")
            .push_bind(id.company_id.as_str())
            .push_bind(id.revision.get())
            .push_bind(part.vendor.as_str())
            .push_bind(part.state.as_str())
            .push_bind(part.counts.total())
            .push_bind(&part.unit)
            .push_bind(&part.message)
            .push_bind(held_up.next().flatten());
    });
    insert(call, EVENTS, jobs, "", |mut row, job| {
        row.push("1, 0, '', ''")
            .push_bind(job.row.id.company_id.as_str())
            .push_bind(job.row.id.revision.get())
            .push_bind(job.row.state.as_str())
            .push_bind(job.event.total)
            .push_bind(&job.event.unit)
            .push_bind(&job.event.message)
            .push_bind(job.row.attempt)
            .push_bind(job.event.at.as_micros());
    });
    let items = jobs.iter().flat_map(|job| job.items.iter().map(move |item| (job, item)));
    insert(call, ITEMS, &items.collect::<Vec<_>>(), "", |mut row, (job, (vendor, item))| {
        row.push("'pending'")
            .push_bind(job.row.id.company_id.as_str())
            .push_bind(job.row.id.revision.get())
            .push_bind(vendor.as_str())
            .push_bind(item.as_str());
    });
    Ok(())
}

/// Adds statements that insert rows.
fn insert<'a, T>(
    call: &mut QueryBuilder<Db>,
    into: &str,
    rows: &'a [T],
    conflict: &str,
    mut row: impl FnMut(Separated<'_, Db, &'static str>, &'a T),
) {
    for rows in rows.chunks(ROWS_MAX) {
        call.push(into);
        call.push_values(rows, &mut row).push(conflict).push(";");
    }
}
