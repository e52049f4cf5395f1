//! Where a vendor stands with resources.

use async_trait::async_trait;
use sqlx::FromRow;

use super::resources::tracked_columns;
use super::session::within;
use super::{PostgresRows, query, rows, rows_at_most};
use crate::domain::{ResourceId, ResourceKind, Sync, Timestamp, Tracked};
use crate::store::rows::SyncRows;
use crate::store::stored::{SyncRow, TrackedRow};
use crate::store::{Doorbell, Error};

#[async_trait]
impl SyncRows for PostgresRows {
    async fn syncs(
        &mut self,
        at: &Doorbell,
        ids: &[ResourceId],
    ) -> Result<Vec<(ResourceId, Sync)>, Error> {
        let sql = "SELECT resource_id, applied, applied_rev, previous, confirmed_at, in_doubt, \
             parked_rev, parked_problem, failing_since, failing_count, next_attempt_at, \
             vendor_key, trail, checkpoint, outside FROM sync WHERE company_id = $1 AND connection_id = $2 AND resource_id = ANY($3)";
        let found = rows::<OneSync>(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(ids.iter().map(ResourceId::as_str).collect::<Vec<_>>());
        let found = within(found.fetch_all(&mut *self.session)).await?;
        let read = |row: OneSync| Ok((ResourceId::from_trusted(row.resource_id), row.sync.read()?));
        found.into_iter().map(read).collect()
    }

    async fn write_syncs(
        &mut self,
        at: &Doorbell,
        syncs: &[(ResourceId, Sync)],
    ) -> Result<(), Error> {
        if syncs.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO sync (company_id, connection_id, resource_id, applied, \
                 applied_rev, previous, confirmed_at, in_doubt, parked_rev, parked_problem, \
                 failing_since, failing_count, next_attempt_at, vendor_key, trail, checkpoint, \
                 outside) \
             SELECT $1, $2, * FROM unnest($3::text[], $4::text[], $5::bigint[], $6::text[], \
                 $7::bigint[], $8::text[], $9::bigint[], $10::text[], $11::bigint[], \
                 $12::bigint[], $13::bigint[], $14::text[], $15::text[], $16::text[], $17::text[]) \
             ON CONFLICT (company_id, connection_id, resource_id) DO UPDATE SET \
                 applied = excluded.applied, applied_rev = excluded.applied_rev, \
                 previous = excluded.previous, confirmed_at = excluded.confirmed_at, \
                 in_doubt = excluded.in_doubt, parked_rev = excluded.parked_rev, \
                 parked_problem = excluded.parked_problem, \
                 failing_since = excluded.failing_since, \
                 failing_count = excluded.failing_count, \
                 next_attempt_at = excluded.next_attempt_at, \
                 vendor_key = excluded.vendor_key, trail = excluded.trail, \
                 checkpoint = excluded.checkpoint, outside = excluded.outside";
        let written = syncs.iter().map(|(_, sync)| SyncRow::write(sync));
        let written = written.collect::<Result<Vec<_>, _>>()?;
        let texts = |of: fn(&SyncRow) -> &Option<String>| {
            written.iter().map(|row| of(row).clone()).collect::<Vec<_>>()
        };
        let numbers = |of: fn(&SyncRow) -> Option<i64>| written.iter().map(of).collect::<Vec<_>>();
        let upsert = query(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(syncs.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>())
            .bind(texts(|row| &row.applied))
            .bind(numbers(|row| row.applied_rev))
            .bind(texts(|row| &row.previous))
            .bind(numbers(|row| row.confirmed_at))
            .bind(texts(|row| &row.in_doubt))
            .bind(numbers(|row| row.parked_rev))
            .bind(texts(|row| &row.parked_problem))
            .bind(numbers(|row| row.failing_since))
            .bind(numbers(|row| row.failing_count))
            .bind(numbers(|row| row.next_attempt_at))
            .bind(texts(|row| &row.vendor_key))
            .bind(texts(|row| &row.trail))
            .bind(texts(|row| &row.checkpoint))
            .bind(texts(|row| &row.outside));
        within(upsert.execute(&mut *self.session)).await.map(drop)
    }

    async fn reset_syncs(&mut self, at: &Doorbell, unpark: bool) -> Result<(), Error> {
        let sql = "UPDATE sync SET failing_since = NULL, failing_count = NULL, \
                 next_attempt_at = NULL, \
                 parked_rev = CASE WHEN $3 THEN NULL ELSE parked_rev END, \
                 parked_problem = CASE WHEN $3 THEN NULL ELSE parked_problem END \
             WHERE company_id = $1 AND connection_id = $2 \
                 AND (failing_since IS NOT NULL OR parked_rev IS NOT NULL)";
        let reset =
            query(sql).bind(at.company_id.as_str()).bind(at.connection_id.as_str()).bind(unpark);
        within(reset.execute(&mut *self.session)).await.map(drop)
    }

    async fn unconfirmed(
        &mut self,
        at: &Doorbell,
        kind: ResourceKind,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Tracked>, Error> {
        let sql = concat!(
            "SELECT ",
            tracked_columns!(),
            ", (SELECT min(i.revision) FROM job_items AS i \
                WHERE i.company_id = v.company_id AND i.vendor = $4 \
                    AND i.resource_id = v.resource_id \
                    AND i.state IN ('pending', 'failed') AND i.state = 'pending' \
                    AND i.fills) AS fill \
             FROM resource_versions AS v \
             LEFT JOIN sync AS s ON s.company_id = v.company_id AND s.connection_id = $2 \
                 AND s.resource_id = v.resource_id \
             WHERE v.company_id = $1 AND v.kind = $3 AND v.to_rev IS NULL \
                 AND s.in_doubt IS NULL AND s.parked_rev IS DISTINCT FROM v.from_rev \
                 AND (s.applied_rev IS NULL OR s.applied_rev < v.from_rev OR EXISTS ( \
                     SELECT 1 FROM job_items AS i \
                     WHERE i.company_id = v.company_id AND i.vendor = $4 \
                         AND i.resource_id = v.resource_id \
                         AND i.state IN ('pending', 'failed') AND i.state = 'pending')) \
             ORDER BY coalesce(s.next_attempt_at, 0) > $5, v.from_rev, v.resource_id LIMIT $6"
        );
        let found = rows(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(kind.as_str())
            .bind(kind.vendor().as_str())
            .bind(now.as_micros())
            .bind(rows_at_most(limit));
        let found = within(found.fetch_all(&mut *self.session)).await?;
        found.into_iter().map(TrackedRow::read).collect()
    }

    async fn in_doubt(&mut self, at: &Doorbell, kind: ResourceKind) -> Result<Vec<Tracked>, Error> {
        let sql = concat!(
            "SELECT ",
            tracked_columns!(),
            " FROM sync AS s \
             JOIN resource_versions AS v ON v.company_id = s.company_id \
                 AND v.resource_id = s.resource_id AND v.to_rev IS NULL \
             WHERE s.company_id = $1 AND s.connection_id = $2 AND s.in_doubt IS NOT NULL \
                 AND v.kind = $3 \
             ORDER BY v.from_rev, v.resource_id"
        );
        let found = rows(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(kind.as_str());
        let found = within(found.fetch_all(&mut *self.session)).await?;
        found.into_iter().map(TrackedRow::read).collect()
    }

    async fn holding(&mut self, at: &Doorbell) -> Result<Vec<ResourceId>, Error> {
        let sql = "SELECT resource_id FROM sync WHERE company_id = $1 AND connection_id = $2 \
             AND (trail IS NOT NULL OR parked_rev IS NOT NULL)";
        let found =
            rows::<(String,)>(sql).bind(at.company_id.as_str()).bind(at.connection_id.as_str());
        let found = within(found.fetch_all(&mut *self.session)).await?;
        Ok(found.into_iter().map(|(id,)| ResourceId::from_trusted(id)).collect())
    }
}

#[derive(FromRow)]
struct OneSync {
    resource_id: String,
    #[sqlx(flatten)]
    sync: SyncRow,
}
