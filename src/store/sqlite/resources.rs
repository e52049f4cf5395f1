//! Versions of resources.

use async_trait::async_trait;
use sqlx::FromRow;

use super::{SqliteRows, failed, list};
use crate::domain::{
    CompanyId, ConnectionId, ResourceId, ResourceKind, Revision, Tracked, Version,
};
use crate::store::Error;
use crate::store::rows::{NamedQuery, ResourceRows};
use crate::store::stored::{TrackedRow, VersionRow};

/// The columns of a version `v` and of where a vendor stands with it, `s`.
macro_rules! tracked_columns {
    () => {
        "v.resource_id, v.kind, v.name, v.from_rev, v.spec, v.allows_loss, v.leaves, s.applied, s.applied_rev, s.previous, \
         s.confirmed_at, s.in_doubt, s.parked_rev, s.parked_problem, s.failing_since, \
         s.failing_count, s.next_attempt_at, s.vendor_key, s.trail, s.checkpoint, s.outside"
    };
}
pub(super) use tracked_columns;

/// Every resource has one latest version, and of each one is current at a revision: the last that
/// began by then. So this reads a row for each resource, however many versions there are.
pub(super) const CURRENT_AT: &str = "\
    SELECT v.resource_id, v.kind, v.name, v.from_rev, v.spec \
    FROM resource_versions AS r INDEXED BY resource_versions_latest_by_id \
    CROSS JOIN resource_versions AS v \
    WHERE r.company_id = $1 AND r.to_rev IS NULL \
        AND v.company_id = $1 AND v.resource_id = r.resource_id \
        AND v.from_rev = (SELECT max(from_rev) FROM resource_versions AS o \
            WHERE o.company_id = $1 AND o.resource_id = r.resource_id AND o.from_rev <= $2) \
        AND v.spec IS NOT NULL ORDER BY v.kind, v.name";

#[async_trait]
impl ResourceRows for SqliteRows {
    async fn named(
        &mut self,
        wanted: &[(NamedQuery, Option<ConnectionId>)],
    ) -> Result<Vec<(CompanyId, Tracked)>, Error> {
        let sql = concat!(
            "SELECT v.company_id, ",
            tracked_columns!(),
            " FROM json_each($1) AS wanted CROSS JOIN resource_versions AS v \
             INDEXED BY resource_versions_latest \
             LEFT JOIN sync AS s ON s.company_id = v.company_id \
                 AND s.connection_id = wanted.value ->> 3 AND s.resource_id = v.resource_id \
             WHERE v.company_id = wanted.value ->> 0 AND v.kind = wanted.value ->> 1 \
                 AND v.name = wanted.value ->> 2 AND v.to_rev IS NULL"
        );
        let wanted = wanted.iter().map(|(query, connection_id)| {
            let connection_id = connection_id.as_ref().map(ConnectionId::as_str);
            (query.company_id.as_str(), query.kind.as_str(), query.name.as_str(), connection_id)
        });
        let rows: Vec<NamedRow> = sqlx::query_as(sql)
            .bind(list(wanted)?)
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        let read =
            |row: NamedRow| Ok((CompanyId::from_trusted(row.company_id), row.tracked.read()?));
        rows.into_iter().map(read).collect()
    }

    async fn latest(
        &mut self,
        company_id: &CompanyId,
        kind: ResourceKind,
        connection_id: Option<&ConnectionId>,
        only: Option<&[ResourceId]>,
    ) -> Result<Vec<Tracked>, Error> {
        let sql = concat!(
            "SELECT ",
            tracked_columns!(),
            " FROM resource_versions AS v INDEXED BY resource_versions_latest \
             LEFT JOIN sync AS s ON s.company_id = v.company_id AND s.connection_id = $3 \
                 AND s.resource_id = v.resource_id \
             WHERE v.company_id = $1 AND v.kind = $2 AND v.to_rev IS NULL \
                 AND ($4 IS NULL OR v.resource_id IN (SELECT value FROM json_each($4))) \
             ORDER BY v.resource_id"
        );
        let rows: Vec<TrackedRow> = sqlx::query_as(sql)
            .bind(company_id.as_str())
            .bind(kind.as_str())
            .bind(connection_id.map(ConnectionId::as_str))
            .bind(only.map(|only| list(only.iter().map(ResourceId::as_str))).transpose()?)
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        rows.into_iter().map(TrackedRow::read).collect()
    }

    async fn current(
        &mut self,
        company_id: &CompanyId,
        at: Option<Revision>,
    ) -> Result<Vec<Version>, Error> {
        let sql = match at {
            None => {
                "SELECT resource_id, kind, name, from_rev, spec FROM resource_versions \
                 WHERE company_id = $1 AND to_rev IS NULL AND spec IS NOT NULL ORDER BY kind, name"
            }
            Some(_) => CURRENT_AT,
        };
        let rows: Vec<VersionRow> = sqlx::query_as(sql)
            .bind(company_id.as_str())
            .bind(at.map(Revision::get))
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        rows.into_iter().map(VersionRow::read).collect()
    }

    async fn next_version(
        &mut self,
        company_id: &CompanyId,
        resource_id: &ResourceId,
        after: Revision,
    ) -> Result<Option<Revision>, Error> {
        let sql = "SELECT min(from_rev) FROM resource_versions \
             WHERE company_id = $1 AND resource_id = $2 AND from_rev > $3";
        let next: Option<i64> = sqlx::query_scalar(sql)
            .bind(company_id.as_str())
            .bind(resource_id.as_str())
            .bind(after.get())
            .fetch_one(&mut *self.tx)
            .await
            .map_err(failed)?;
        Ok(next.map(Revision::new))
    }
}

#[derive(FromRow)]
struct NamedRow {
    company_id: String,
    #[sqlx(flatten)]
    tracked: TrackedRow,
}
