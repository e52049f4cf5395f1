//! Companies, their connections and what they used request ids for.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{SqliteRows, failed, list, rows_at_most};
use crate::domain::{CompanyId, Connection, RequestId, Revision, SealedConnection, VendorKind};
use crate::store::rows::{CompanyRows, Head, UsedRequest};
use crate::store::stored::{CompanyRow, ConnectionRow, SealedRow};
use crate::store::{Doorbell, Error};
use crate::wire;

#[async_trait]
impl CompanyRows for SqliteRows {
    async fn heads(&mut self, ids: &[CompanyId]) -> Result<Vec<Head>, Error> {
        let ids = list(ids.iter().map(CompanyId::as_str))?;
        let companies = "SELECT company_id, display_name, revision, head_hash, field_count, \
             field_bytes, cadence_count, created_at \
             FROM companies WHERE company_id IN (SELECT value FROM json_each($1))";
        let companies: Vec<CompanyRow> =
            sqlx::query_as(companies).bind(&ids).fetch_all(&mut *self.tx).await.map_err(failed)?;
        let connections = "SELECT company_id, connection_id, vendor, base_url, account_id, \
             burst_per_10s, reserve_percent, status, credential_id \
             FROM connections WHERE company_id IN (SELECT value FROM json_each($1)) \
             ORDER BY company_id, connection_id";
        let connections: Vec<ConnectionRow> = sqlx::query_as(connections)
            .bind(&ids)
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        let mut of_company: BTreeMap<String, Vec<Connection>> = BTreeMap::new();
        for row in connections {
            let company_id = row.company_id.clone();
            of_company.entry(company_id).or_default().push(row.read()?);
        }
        let head = |row: CompanyRow| {
            let connections = of_company.remove(&row.company_id).unwrap_or_default();
            row.read(connections)
        };
        companies.into_iter().map(head).collect()
    }

    async fn company_ids(
        &mut self,
        only: Option<&[CompanyId]>,
        after: Option<&CompanyId>,
        limit: usize,
    ) -> Result<Vec<CompanyId>, Error> {
        let sql = "SELECT company_id FROM companies \
             WHERE company_id > $1 \
             AND ($2 IS NULL OR company_id IN (SELECT value FROM json_each($2))) \
             ORDER BY company_id LIMIT $3";
        let ids: Vec<String> = sqlx::query_scalar(sql)
            .bind(after.map_or("", CompanyId::as_str))
            .bind(only.map(|only| list(only.iter().map(CompanyId::as_str))).transpose()?)
            .bind(rows_at_most(limit))
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        Ok(ids.into_iter().map(CompanyId::from_trusted).collect())
    }

    async fn requests(
        &mut self,
        wanted: &[(CompanyId, RequestId)],
    ) -> Result<Vec<UsedRequest>, Error> {
        let sql = "SELECT r.company_id, r.request_id, r.revision, r.fingerprint \
             FROM json_each($1) AS wanted CROSS JOIN revisions AS r \
             WHERE r.company_id = wanted.value ->> 0 AND r.request_id = wanted.value ->> 1";
        let wanted = wanted.iter().map(|(company, request)| (company.as_str(), request.as_str()));
        let rows: Vec<(String, String, i64, Vec<u8>)> = sqlx::query_as(sql)
            .bind(list(wanted)?)
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        let read =
            |(company_id, request_id, revision, fingerprint): (String, String, i64, Vec<u8>)| {
                Ok(UsedRequest {
                    company_id: CompanyId::from_trusted(company_id),
                    request_id: RequestId::from_trusted(request_id),
                    revision: Revision::new(revision),
                    fingerprint: wire::digest(&fingerprint)?,
                })
            };
        rows.into_iter().map(read).collect()
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
        sqlx::query_scalar(sql)
            .bind(company_id.as_str())
            .bind(vendor.as_str())
            .bind(base_url)
            .bind(account_id)
            .fetch_one(&mut *self.tx)
            .await
            .map_err(failed)
    }

    async fn connection(&mut self, at: &Doorbell) -> Result<Option<SealedConnection>, Error> {
        let sql = "SELECT company_id, connection_id, vendor, base_url, account_id, burst_per_10s, \
             reserve_percent, status, credential_id, sealed \
             FROM connections WHERE company_id = $1 AND connection_id = $2";
        let row: Option<SealedRow> = sqlx::query_as(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .fetch_optional(&mut *self.tx)
            .await
            .map_err(failed)?;
        row.map(|row| {
            Ok(SealedConnection { connection: row.connection.read()?, sealed: row.sealed })
        })
        .transpose()
    }

    async fn write_sealed(&mut self, at: &Doorbell, sealed: &[u8]) -> Result<(), Error> {
        let sql = "UPDATE connections SET sealed = $3 WHERE company_id = $1 AND connection_id = $2";
        sqlx::query(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(sealed)
            .execute(&mut *self.tx)
            .await
            .map_err(failed)?;
        Ok(())
    }
}
