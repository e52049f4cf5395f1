//! Versions of resources.

use async_trait::async_trait;
use sqlx::FromRow;

use super::session::within;
use super::{PostgresRows, rows, scalar};
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
    FROM (SELECT resource_id FROM resource_versions WHERE company_id = $1 AND to_rev IS NULL) AS r \
    CROSS JOIN LATERAL (SELECT resource_id, kind, name, from_rev, spec FROM resource_versions \
        WHERE company_id = $1 AND resource_id = r.resource_id AND from_rev <= $2 \
        ORDER BY from_rev DESC LIMIT 1) AS v \
    WHERE v.spec IS NOT NULL ORDER BY v.kind, v.name";

#[async_trait]
impl ResourceRows for PostgresRows {
    async fn named(
        &mut self,
        wanted: &[(NamedQuery, Option<ConnectionId>)],
    ) -> Result<Vec<(CompanyId, Tracked)>, Error> {
        let sql = concat!(
            "SELECT v.company_id, ",
            tracked_columns!(),
            " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) \
                 AS wanted (company_id, kind, name, connection_id) \
             JOIN resource_versions AS v ON v.company_id = wanted.company_id \
                 AND v.kind = wanted.kind AND v.name = wanted.name AND v.to_rev IS NULL \
             LEFT JOIN sync AS s ON s.company_id = v.company_id \
                 AND s.connection_id = wanted.connection_id AND s.resource_id = v.resource_id"
        );
        let queries = || wanted.iter().map(|(query, _)| query);
        let connection_id =
            |(_, id): &'_ (_, Option<ConnectionId>)| id.as_ref().map(|id| id.to_string());
        let named = rows::<NamedRow>(sql)
            .bind(queries().map(|query| query.company_id.as_str()).collect::<Vec<_>>())
            .bind(queries().map(|query| query.kind.as_str()).collect::<Vec<_>>())
            .bind(queries().map(|query| query.name.as_str()).collect::<Vec<_>>())
            .bind(wanted.iter().map(connection_id).collect::<Vec<_>>());
        let named = within(named.fetch_all(&mut *self.session)).await?;
        let read =
            |row: NamedRow| Ok((CompanyId::from_trusted(row.company_id), row.tracked.read()?));
        named.into_iter().map(read).collect()
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
            " FROM resource_versions AS v \
             LEFT JOIN sync AS s ON s.company_id = v.company_id AND s.connection_id = $3 \
                 AND s.resource_id = v.resource_id \
             WHERE v.company_id = $1 AND v.kind = $2 AND v.to_rev IS NULL \
                 AND ($4::text[] IS NULL OR v.resource_id = ANY($4)) \
             ORDER BY v.resource_id"
        );
        let latest = rows(sql)
            .bind(company_id.as_str())
            .bind(kind.as_str())
            .bind(connection_id.map(ConnectionId::as_str))
            .bind(only.map(|only| only.iter().map(ResourceId::as_str).collect::<Vec<_>>()));
        let latest = within(latest.fetch_all(&mut *self.session)).await?;
        latest.into_iter().map(TrackedRow::read).collect()
    }

    async fn current(
        &mut self,
        company_id: &CompanyId,
        at: Option<Revision>,
    ) -> Result<Vec<Version>, Error> {
        let versions = match at {
            None => rows(
                "SELECT resource_id, kind, name, from_rev, spec FROM resource_versions \
                 WHERE company_id = $1 AND to_rev IS NULL AND spec IS NOT NULL ORDER BY kind, name",
            )
            .bind(company_id.as_str()),
            Some(at) => rows(CURRENT_AT).bind(company_id.as_str()).bind(at.get()),
        };
        let versions = within(versions.fetch_all(&mut *self.session)).await?;
        versions.into_iter().map(VersionRow::read).collect()
    }

    async fn next_version(
        &mut self,
        company_id: &CompanyId,
        resource_id: &ResourceId,
        after: Revision,
    ) -> Result<Option<Revision>, Error> {
        let sql = "SELECT min(from_rev) FROM resource_versions \
             WHERE company_id = $1 AND resource_id = $2 AND from_rev > $3";
        let next = scalar::<Option<i64>>(sql)
            .bind(company_id.as_str())
            .bind(resource_id.as_str())
            .bind(after.get());
        let next = within(next.fetch_one(&mut *self.session)).await?;
        Ok(next.map(Revision::new))
    }
}

#[derive(FromRow)]
struct NamedRow {
    company_id: String,
    #[sqlx(flatten)]
    tracked: TrackedRow,
}
