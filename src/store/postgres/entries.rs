//! Revisions: the audit log, and all that goes with an entry.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::session::within;
use super::{PostgresRows, query, rows, rows_at_most, without_nul};
use crate::domain::{CompanyId, ResourceId, Revision, Timestamp, Trail};
use crate::store::progress::PartRow;
use crate::store::rows::{Asked, EntryRows, Head, NewJob, NewRevision, version_spans};
use crate::store::{AuditQuery, Error, StoredEntry, stored};
use crate::wire;

/// All rows of some revisions, in one statement. Its parts see the tables as they were before, and
/// are carried out in no order, except that versions begin only after those before them have ended:
/// their unique indexes know of one latest version.
const REVISIONS: &str = "\
    WITH company AS ( \
        INSERT INTO companies (company_id, display_name, revision, head_hash, field_count, \
            field_bytes, created_at, cadence_count) \
        SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[], $5::bigint[], \
            $6::bigint[], $7::bigint[], $47::bigint[]) \
        ON CONFLICT (company_id) DO UPDATE SET display_name = excluded.display_name, \
            revision = excluded.revision, head_hash = excluded.head_hash, \
            field_count = excluded.field_count, field_bytes = excluded.field_bytes, \
            cadence_count = excluded.cadence_count \
    ), entry AS ( \
        INSERT INTO revisions (company_id, revision, action, request_id, fingerprint, record, \
            prev_hash, hash, at) \
        SELECT * FROM unnest($8::text[], $9::bigint[], $10::text[], $11::text[], $12::bytea[], \
            $13::bytea[], $14::bytea[], $15::bytea[], $16::bigint[]) \
    ), begins AS ( \
        SELECT * FROM unnest($17::text[], $18::text[], $19::text[], $20::text[], $21::bigint[], \
                $22::bigint[], $23::bytea[], $24::boolean[]) \
            AS b (company_id, resource_id, kind, name, from_rev, to_rev, spec, is_first) \
    ), ended AS ( \
        UPDATE resource_versions AS v SET to_rev = b.from_rev FROM begins AS b \
        WHERE b.is_first AND v.company_id = b.company_id AND v.resource_id = b.resource_id \
            AND v.to_rev IS NULL \
        RETURNING v.from_rev \
    ), version AS ( \
        INSERT INTO resource_versions (company_id, resource_id, kind, name, from_rev, to_rev, spec) \
        SELECT company_id, resource_id, kind, name, from_rev, to_rev, spec FROM begins \
        WHERE (SELECT count(*) FROM ended) >= 0 \
    ), job AS ( \
        SELECT * FROM unnest($25::text[], $26::bigint[], $27::text[], $28::bigint[], $29::text[], \
                $30::bigint[], $31::bigint[], $32::bigint[], $33::text[], $34::text[]) \
            AS j (company_id, revision, state, attempt, held_up, created_at, at, total, unit, \
                message) \
    ), jobs AS ( \
        INSERT INTO jobs (company_id, revision, state, attempt, held_up, created_at, last_seq) \
        SELECT company_id, revision, state, attempt, held_up, created_at, 1 FROM job \
    ), parts AS ( \
        INSERT INTO job_parts (company_id, revision, vendor, state, total, done, failed, \
            cancelled, unit, message, held_up) \
        SELECT company_id, revision, vendor, state, total, 0, 0, 0, unit, message, held_up \
        FROM unnest($35::text[], $36::bigint[], $37::text[], $38::text[], $39::bigint[], \
                $40::text[], $41::text[], $42::text[]) \
            AS p (company_id, revision, vendor, state, total, unit, message, held_up) \
    ), items AS ( \
        INSERT INTO job_items (company_id, revision, vendor, resource_id, state) \
        SELECT *, 'pending' FROM unnest($43::text[], $44::bigint[], $45::text[], $46::text[]) \
    ) \
    INSERT INTO job_events (company_id, revision, seq, state, done, total, unit, message, \
        attempt, at, actor, reason) \
    SELECT company_id, revision, 1, state, 0, total, unit, message, attempt, at, '', '' FROM job";

const REPLACED: &str = "UPDATE connections SET status = 'disconnected', sealed = '' \
    WHERE company_id = $1 AND connection_id = $2";

const CONNECTION: &str = "INSERT INTO connections (company_id, connection_id, vendor, base_url, \
        account_id, burst_per_10s, status, credential_id, sealed, reserve_percent) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
    ON CONFLICT (company_id, connection_id) DO UPDATE SET burst_per_10s = $6, status = $7, \
        credential_id = $8, sealed = $9, reserve_percent = $10";

#[async_trait]
impl EntryRows for PostgresRows {
    async fn write_revisions(&mut self, revisions: &[NewRevision]) -> Result<(), Error> {
        self.write_rows(revisions).await?;
        for revision in revisions {
            self.write_connection(revision).await?;
        }
        Ok(())
    }

    async fn write_asked(&mut self, company_id: &CompanyId, asked: &Asked) -> Result<(), Error> {
        for (id, from_rev) in &asked.allow_loss {
            let sql = "UPDATE resource_versions SET allows_loss = true \
                 WHERE company_id = $1 AND resource_id = $2 AND from_rev = $3";
            let update =
                query(sql).bind(company_id.as_str()).bind(id.as_str()).bind(from_rev.get());
            within(update.execute(&mut *self.session)).await?;
        }
        for (leaves, from_rev, ids) in &asked.leaves {
            let sql = "UPDATE resource_versions SET leaves = $2 WHERE company_id = $1 \
                 AND from_rev = $3 AND resource_id = ANY($4)";
            let ids: Vec<_> = ids.iter().map(ResourceId::as_str).collect();
            let update = query(sql).bind(company_id.as_str()).bind(leaves.as_str());
            let update = update.bind(from_rev.get()).bind(ids);
            within(update.execute(&mut *self.session)).await?;
        }
        for (revision, id) in &asked.fills {
            let sql = "UPDATE job_items SET fills = true \
                 WHERE company_id = $1 AND revision = $2 AND resource_id = $3";
            let update =
                query(sql).bind(company_id.as_str()).bind(revision.get()).bind(id.as_str());
            within(update.execute(&mut *self.session)).await?;
        }
        for (id, key) in &asked.known_as {
            let sql = "UPDATE sync SET vendor_key = coalesce(vendor_key, $3), \
                 trail = coalesce(trail, $4) WHERE company_id = $1 AND resource_id = $2 \
                 AND (applied IS NOT NULL OR in_doubt IS NOT NULL)";
            let update = query(sql)
                .bind(company_id.as_str())
                .bind(id.as_str())
                .bind(key.as_str())
                .bind(stored::write(&Trail::default())?);
            within(update.execute(&mut *self.session)).await?;
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
                "SELECT revision, octet_length(record)::bigint FROM revisions \
                 WHERE company_id = $1 AND revision > $2 AND revision < $3 \
                 ORDER BY revision DESC LIMIT $4"
            }
            false => {
                "SELECT revision, octet_length(record)::bigint FROM revisions \
                 WHERE company_id = $1 AND revision > $2 AND revision < $3 \
                 ORDER BY revision LIMIT $4"
            }
        };
        let sizes = rows::<(i64, i64)>(sql)
            .bind(company_id.as_str())
            .bind(query.after.get())
            .bind(query.before.map_or(i64::MAX, Revision::get))
            .bind(rows_at_most(query.limit.saturating_add(1)));
        let sizes = within(sizes.fetch_all(&mut *self.session)).await?;
        let read = |(revision, size): (i64, i64)| {
            (Revision::new(revision), usize::try_from(size).unwrap_or(usize::MAX))
        };
        Ok(sizes.into_iter().map(read).collect())
    }

    async fn entries(
        &mut self,
        company_id: &CompanyId,
        from: Revision,
        to: Revision,
    ) -> Result<Vec<StoredEntry>, Error> {
        let sql = "SELECT revision, record, prev_hash, hash FROM revisions \
             WHERE company_id = $1 AND revision BETWEEN $2 AND $3 ORDER BY revision";
        let entries = rows::<(i64, Vec<u8>, Vec<u8>, Vec<u8>)>(sql)
            .bind(company_id.as_str())
            .bind(from.get())
            .bind(to.get());
        let entries = within(entries.fetch_all(&mut *self.session)).await?;
        let read = |(revision, record, prev_hash, hash)| StoredEntry {
            company_id: company_id.clone(),
            revision: Revision::new(revision),
            record,
            prev_hash,
            hash,
        };
        Ok(entries.into_iter().map(read).collect())
    }
}

impl PostgresRows {
    async fn write_rows(&mut self, revisions: &[NewRevision]) -> Result<(), Error> {
        // A statement may write a row once: of each company the last state, in the order of the ids.
        let heads: BTreeMap<_, _> =
            revisions.iter().map(|new| (new.head.company.id.as_str(), &new.head)).collect();
        let heads: Vec<&Head> = heads.into_values().collect();
        let head = |of: fn(&Head) -> i64| column(&heads, |head| of(head));
        let jobs: Vec<&NewJob> = revisions.iter().filter_map(|new| new.job.as_ref()).collect();
        let held_up = |job: &&NewJob| job.row.held_up.as_ref().map(stored::write_error).transpose();
        let held_up = jobs.iter().map(held_up).collect::<Result<Vec<_>, _>>()?;
        let items: Vec<_> = jobs
            .iter()
            .flat_map(|job| job.items.iter().map(move |(vendor, id)| (&job.row.id, vendor, id)))
            .collect();
        let parts: Vec<_> = jobs
            .iter()
            .flat_map(|job| job.row.parts.iter().map(move |part| (&job.row.id, part)))
            .collect();
        let part_held_up =
            |(_, part): &(_, &PartRow)| part.held_up.as_ref().map(stored::write_error).transpose();
        let parts_held_up = parts.iter().map(part_held_up).collect::<Result<Vec<_>, _>>()?;
        let versions = version_spans(revisions);
        let micros = Timestamp::as_micros;
        let all = query(REVISIONS)
            .bind(column(&heads, |head| head.company.id.as_str()))
            .bind(column(&heads, |head| head.company.display_name.as_str()))
            .bind(head(|head| head.company.revision.get()))
            .bind(column(&heads, |head| head.company.head_hash.as_slice()))
            .bind(head(|head| head.holds.fields))
            .bind(head(|head| head.holds.bytes))
            .bind(head(|head| head.company.created_at.as_micros()))
            .bind(column(revisions, |new| new.head.company.id.as_str()))
            .bind(column(revisions, |new| new.head.company.revision.get()))
            .bind(column(revisions, |new| new.action))
            .bind(column(revisions, |new| new.request_id.as_ref().map(|id| id.as_str())))
            .bind(column(revisions, |new| new.fingerprint.as_slice()))
            .bind(column(revisions, |new| new.record.as_slice()))
            .bind(column(revisions, |new| new.prev_hash.as_slice()))
            .bind(column(revisions, |new| new.head.company.head_hash.as_slice()))
            .bind(column(revisions, |new| micros(new.at)))
            .bind(column(&versions, |span| span.company_id.as_str()))
            .bind(column(&versions, |span| span.version.id.as_str()))
            .bind(column(&versions, |span| span.version.kind.as_str()))
            .bind(column(&versions, |span| span.version.name.as_str()))
            .bind(column(&versions, |span| span.version.from_rev.get()))
            .bind(column(&versions, |span| span.to_rev.map(Revision::get)))
            .bind(column(&versions, |span| {
                span.version.resource.as_ref().map(wire::encode_resource)
            }))
            .bind(column(&versions, |span| span.is_first))
            .bind(column(&jobs, |job| job.row.id.company_id.as_str()))
            .bind(column(&jobs, |job| job.row.id.revision.get()))
            .bind(column(&jobs, |job| job.row.state.as_str()))
            .bind(column(&jobs, |job| i64::from(job.row.attempt)))
            .bind(held_up)
            .bind(column(&jobs, |job| micros(job.row.created_at)))
            .bind(column(&jobs, |job| micros(job.event.at)))
            .bind(column(&jobs, |job| job.event.total))
            .bind(column(&jobs, |job| job.event.unit.as_str()))
            .bind(column(&jobs, |job| without_nul(&job.event.message)))
            .bind(column(&parts, |(id, _)| id.company_id.as_str()))
            .bind(column(&parts, |(id, _)| id.revision.get()))
            .bind(column(&parts, |(_, part)| part.vendor.as_str()))
            .bind(column(&parts, |(_, part)| part.state.as_str()))
            .bind(column(&parts, |(_, part)| part.counts.total()))
            .bind(column(&parts, |(_, part)| part.unit.as_str()))
            .bind(column(&parts, |(_, part)| without_nul(&part.message)))
            .bind(parts_held_up)
            .bind(column(&items, |(id, _, _)| id.company_id.as_str()))
            .bind(column(&items, |(id, _, _)| id.revision.get()))
            .bind(column(&items, |(_, vendor, _)| vendor.as_str()))
            .bind(column(&items, |(_, _, resource_id)| resource_id.as_str()))
            .bind(head(|head| head.holds.cadences));
        within(all.execute(&mut *self.session)).await.map(drop)
    }

    async fn write_connection(&mut self, new: &NewRevision) -> Result<(), Error> {
        let Some(write) = &new.connection else { return Ok(()) };
        let company_id = new.head.company.id.as_str();
        if let Some(replaced) = &new.replaced {
            let replaced = query(REPLACED).bind(company_id).bind(replaced.as_str());
            within(replaced.execute(&mut *self.session)).await?;
        }
        let connection = &write.connection;
        let written = query(CONNECTION)
            .bind(company_id)
            .bind(connection.id.as_str())
            .bind(connection.vendor.as_str())
            .bind(&connection.base_url)
            .bind(&connection.account_id)
            .bind(i64::from(connection.burst_per_10s))
            .bind(connection.status.as_str())
            .bind(&connection.credential_id)
            .bind(write.sealed.as_slice())
            .bind(i64::from(connection.reserve_percent));
        within(written.execute(&mut *self.session)).await.map(drop)
    }
}

/// One column of some rows.
fn column<'a, T, C>(rows: &'a [T], of: impl Fn(&'a T) -> C) -> Vec<C> {
    rows.iter().map(of).collect()
}
