//! Where a vendor stands with resources.

use async_trait::async_trait;
use sqlx::FromRow;

use super::resources::tracked_columns;
use super::{SqliteRows, failed, list, rows_at_most};
use crate::domain::{ResourceId, ResourceKind, Sync, Timestamp, Tracked};
use crate::store::rows::SyncRows;
use crate::store::stored::{SyncRow, TrackedRow};
use crate::store::{Doorbell, Error};

#[async_trait]
impl SyncRows for SqliteRows {
    async fn syncs(
        &mut self,
        at: &Doorbell,
        ids: &[ResourceId],
    ) -> Result<Vec<(ResourceId, Sync)>, Error> {
        let sql = "SELECT resource_id, applied, applied_rev, previous, confirmed_at, in_doubt, \
             parked_rev, parked_problem, failing_since, failing_count, next_attempt_at, \
             vendor_key, trail, checkpoint, outside FROM sync WHERE company_id = $1 AND connection_id = $2 \
             AND resource_id IN (SELECT value FROM json_each($3))";
        let rows: Vec<OneSync> = sqlx::query_as(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(list(ids.iter().map(ResourceId::as_str))?)
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        let read = |row: OneSync| Ok((ResourceId::from_trusted(row.resource_id), row.sync.read()?));
        rows.into_iter().map(read).collect()
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
             SELECT $1, $2, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, \
                 value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, \
                 value ->> 11, value ->> 12, value ->> 13, value ->> 14 \
             FROM json_each($3) WHERE true \
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
        let write = |(id, sync): &(ResourceId, Sync)| {
            let row = SyncRow::write(sync)?;
            Ok::<_, Error>((
                id.to_string(),
                row.applied,
                row.applied_rev,
                row.previous,
                row.confirmed_at,
                row.in_doubt,
                row.parked_rev,
                row.parked_problem,
                row.failing_since,
                row.failing_count,
                row.next_attempt_at,
                row.vendor_key,
                row.trail,
                row.checkpoint,
                row.outside,
            ))
        };
        let rows = syncs.iter().map(write).collect::<Result<Vec<_>, _>>()?;
        sqlx::query(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(list(rows)?)
            .execute(&mut *self.tx)
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn reset_syncs(&mut self, at: &Doorbell, unpark: bool) -> Result<(), Error> {
        let sql = "UPDATE sync SET failing_since = NULL, failing_count = NULL, \
                 next_attempt_at = NULL, \
                 parked_rev = CASE WHEN $3 THEN NULL ELSE parked_rev END, \
                 parked_problem = CASE WHEN $3 THEN NULL ELSE parked_problem END \
             WHERE company_id = $1 AND connection_id = $2 \
                 AND (failing_since IS NOT NULL OR parked_rev IS NOT NULL)";
        sqlx::query(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(unpark)
            .execute(&mut *self.tx)
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn unconfirmed(
        &mut self,
        at: &Doorbell,
        kind: ResourceKind,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Tracked>, Error> {
        // The condition on two states is that of the index.
        let sql = concat!(
            "SELECT ",
            tracked_columns!(),
            ", (SELECT min(i.revision) FROM job_items AS i INDEXED BY job_items_unsettled \
                WHERE i.company_id = $1 AND i.vendor = $4 AND i.resource_id = v.resource_id \
                    AND i.state IN ('pending', 'failed') AND i.state = 'pending' \
                    AND i.fills) AS fill \
             FROM resource_versions AS v INDEXED BY resource_versions_latest \
             LEFT JOIN sync AS s ON s.company_id = v.company_id AND s.connection_id = $2 \
                 AND s.resource_id = v.resource_id \
             WHERE v.company_id = $1 AND v.kind = $3 AND v.to_rev IS NULL \
                 AND s.in_doubt IS NULL AND s.parked_rev IS NOT v.from_rev \
                 AND (s.applied_rev IS NULL OR s.applied_rev < v.from_rev OR EXISTS ( \
                     SELECT 1 FROM job_items AS i INDEXED BY job_items_unsettled \
                     WHERE i.company_id = $1 AND i.vendor = $4 \
                         AND i.resource_id = v.resource_id \
                         AND i.state IN ('pending', 'failed') AND i.state = 'pending')) \
             ORDER BY coalesce(s.next_attempt_at, 0) > $5, v.from_rev, v.resource_id LIMIT $6"
        );
        let rows: Vec<TrackedRow> = sqlx::query_as(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(kind.as_str())
            .bind(kind.vendor().as_str())
            .bind(now.as_micros())
            .bind(rows_at_most(limit))
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        rows.into_iter().map(TrackedRow::read).collect()
    }

    async fn in_doubt(&mut self, at: &Doorbell, kind: ResourceKind) -> Result<Vec<Tracked>, Error> {
        let sql = concat!(
            "SELECT ",
            tracked_columns!(),
            " FROM sync AS s INDEXED BY sync_in_doubt CROSS JOIN resource_versions AS v \
                 INDEXED BY resource_versions_latest_by_id \
             WHERE s.company_id = $1 AND s.connection_id = $2 AND s.in_doubt IS NOT NULL \
                 AND v.company_id = s.company_id AND v.resource_id = s.resource_id \
                 AND v.kind = $3 AND v.to_rev IS NULL \
             ORDER BY v.from_rev, v.resource_id"
        );
        let rows: Vec<TrackedRow> = sqlx::query_as(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(kind.as_str())
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        rows.into_iter().map(TrackedRow::read).collect()
    }

    async fn holding(&mut self, at: &Doorbell) -> Result<Vec<ResourceId>, Error> {
        let sql = "SELECT resource_id FROM sync INDEXED BY sync_holding \
             WHERE company_id = $1 AND connection_id = $2 \
                 AND (trail IS NOT NULL OR parked_rev IS NOT NULL)";
        let ids: Vec<String> = sqlx::query_scalar(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        Ok(ids.into_iter().map(ResourceId::from_trusted).collect())
    }
}

#[derive(FromRow)]
struct OneSync {
    resource_id: String,
    #[sqlx(flatten)]
    sync: SyncRow,
}
