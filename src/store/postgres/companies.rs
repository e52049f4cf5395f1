//! Companies, their connections and what they used request ids for.

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{FromRow as _, Row as _};

use super::session::within;
use super::{PostgresRows, fault, micros, rows, rows_at_most, scalar};
use crate::domain::{CompanyId, Connection, RequestId, Revision, SealedConnection, VendorKind};
use crate::store::rows::{CompanyRows, Head, UsedRequest};
use crate::store::stored::{CompanyRow, ConnectionRow, SealedRow};
use crate::store::{Doorbell, Error};
use crate::wire;

/// Companies with a row for each of their connections, and request ids that were used. Who reads
/// these wants to know the time, too.
const HEADS_AND_REQUESTS: &str = concat!(
    "SELECT ",
    micros!(),
    " AS now, c.company_id, c.display_name, c.revision, c.head_hash, c.field_count, \
         c.field_bytes, c.cadence_count, c.created_at, k.connection_id, k.vendor, k.base_url, k.account_id, \
         k.burst_per_10s, k.reserve_percent, k.status, k.credential_id, NULL AS request_id, NULL AS fingerprint \
     FROM companies AS c LEFT JOIN connections AS k ON k.company_id = c.company_id \
     WHERE c.company_id = ANY($1) \
     UNION ALL SELECT ",
    micros!(),
    ", r.company_id, NULL, r.revision, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
         NULL, NULL, NULL, r.request_id, r.fingerprint \
     FROM unnest($2::text[], $3::text[]) AS wanted (company_id, request_id) \
     JOIN revisions AS r ON r.company_id = wanted.company_id \
         AND r.request_id = wanted.request_id \
     ORDER BY company_id, connection_id"
);

#[async_trait]
impl CompanyRows for PostgresRows {
    async fn heads(&mut self, ids: &[CompanyId]) -> Result<Vec<Head>, Error> {
        Ok(self.heads_and_requests(ids, &[]).await?.0)
    }

    async fn heads_and_requests(
        &mut self,
        ids: &[CompanyId],
        wanted: &[(CompanyId, RequestId)],
    ) -> Result<(Vec<Head>, Vec<UsedRequest>), Error> {
        let ids: Vec<_> = ids.iter().map(CompanyId::as_str).collect();
        let (companies, requests): (Vec<_>, Vec<_>) =
            wanted.iter().map(|(company, request)| (company.as_str(), request.as_str())).unzip();
        let found = super::query(HEADS_AND_REQUESTS).bind(ids).bind(companies).bind(requests);
        let found = within(found.fetch_all(&mut *self.session)).await?;
        if let Some(row) = found.first() {
            self.at(row.try_get("now").map_err(fault::failed)?);
        }
        let mut used = Vec::new();
        let mut heads: Vec<(CompanyRow, Vec<Connection>)> = Vec::new();
        for row in &found {
            match UsedRow::from_row(row).map_err(fault::failed)?.read()? {
                Some(request) => used.push(request),
                None => head(row, &mut heads)?,
            }
        }
        let heads = heads.into_iter().map(|(company, connections)| company.read(connections));
        Ok((heads.collect::<Result<_, _>>()?, used))
    }

    async fn company_ids(
        &mut self,
        only: Option<&[CompanyId]>,
        after: Option<&CompanyId>,
        limit: usize,
    ) -> Result<Vec<CompanyId>, Error> {
        let sql = "SELECT company_id FROM companies \
             WHERE company_id > $1 AND ($2::text[] IS NULL OR company_id = ANY($2)) \
             ORDER BY company_id LIMIT $3";
        let only = only.map(|only| only.iter().map(CompanyId::as_str).collect::<Vec<_>>());
        let ids = scalar::<String>(sql)
            .bind(after.map_or("", CompanyId::as_str))
            .bind(only)
            .bind(rows_at_most(limit));
        let ids = within(ids.fetch_all(&mut *self.session)).await?;
        Ok(ids.into_iter().map(CompanyId::from_trusted).collect())
    }

    async fn requests(
        &mut self,
        wanted: &[(CompanyId, RequestId)],
    ) -> Result<Vec<UsedRequest>, Error> {
        Ok(self.heads_and_requests(&[], wanted).await?.1)
    }

    async fn account_taken(
        &mut self,
        company_id: &CompanyId,
        vendor: VendorKind,
        base_url: &str,
        account_id: &str,
    ) -> Result<bool, Error> {
        let sql = "SELECT EXISTS (SELECT 1 FROM connections WHERE vendor = $2 AND base_url = $3 \
             AND account_id = $4 AND status = 'connected' AND company_id <> $1)";
        let taken = scalar(sql)
            .bind(company_id.as_str())
            .bind(vendor.as_str())
            .bind(base_url)
            .bind(account_id);
        within(taken.fetch_one(&mut *self.session)).await
    }

    async fn connection(&mut self, at: &Doorbell) -> Result<Option<SealedConnection>, Error> {
        let sql = "SELECT company_id, connection_id, vendor, base_url, account_id, burst_per_10s, \
             reserve_percent, status, credential_id, sealed \
             FROM connections WHERE company_id = $1 AND connection_id = $2";
        let row = rows(sql).bind(at.company_id.as_str()).bind(at.connection_id.as_str());
        let row: Option<SealedRow> = within(row.fetch_optional(&mut *self.session)).await?;
        row.map(|row| {
            Ok(SealedConnection { connection: row.connection.read()?, sealed: row.sealed })
        })
        .transpose()
    }

    async fn write_sealed(&mut self, at: &Doorbell, sealed: &[u8]) -> Result<(), Error> {
        let sql = "UPDATE connections SET sealed = $3 WHERE company_id = $1 AND connection_id = $2";
        let written = super::query(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(sealed);
        within(written.execute(&mut *self.session)).await.map(drop)
    }
}

#[derive(sqlx::FromRow)]
struct UsedRow {
    company_id: String,
    revision: i64,
    request_id: Option<String>,
    fingerprint: Option<Vec<u8>>,
}

impl UsedRow {
    /// Reads the columns; `None` when the row is about something else.
    fn read(self) -> Result<Option<UsedRequest>, Error> {
        let Some((request_id, fingerprint)) = self.request_id.zip(self.fingerprint) else {
            return Ok(None);
        };
        Ok(Some(UsedRequest {
            company_id: CompanyId::from_trusted(self.company_id),
            request_id: RequestId::from_trusted(request_id),
            revision: Revision::new(self.revision),
            fingerprint: wire::digest(&fingerprint)?,
        }))
    }
}

/// Takes a row of a company, which may be one of several.
fn head(row: &PgRow, heads: &mut Vec<(CompanyRow, Vec<Connection>)>) -> Result<(), Error> {
    let company = CompanyRow::from_row(row).map_err(fault::failed)?;
    match heads.last() {
        Some((last, _)) if last.company_id == company.company_id => {}
        _ => heads.push((company, Vec::new())),
    }
    let connection_id: Option<String> = row.try_get("connection_id").map_err(fault::failed)?;
    if let (Some((_, connections)), Some(_)) = (heads.last_mut(), connection_id) {
        connections.push(ConnectionRow::from_row(row).map_err(fault::failed)?.read()?);
    }
    Ok(())
}
