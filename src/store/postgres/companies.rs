//! Companies, their connections and what they used request ids for.

use async_trait::async_trait;
use sqlx::{FromRow as _, Row as _};

use super::session::within;
use super::{PostgresRows, fault, micros, rows, rows_at_most, scalar};
use crate::domain::{CompanyId, Connection, RequestId, Revision, SealedConnection, VendorKind};
use crate::store::rows::{CompanyRows, Head, UsedRequest};
use crate::store::stored::{CompanyRow, ConnectionRow, SealedRow};
use crate::store::{Doorbell, Error};
use crate::wire;

#[async_trait]
impl CompanyRows for PostgresRows {
    async fn heads(&mut self, ids: &[CompanyId]) -> Result<Vec<Head>, Error> {
        // Who reads companies wants to know the time, too.
        let sql = concat!(
            "SELECT ",
            micros!(),
            " AS now, c.company_id, c.display_name, c.revision, c.head_hash, c.field_count, \
                 c.field_bytes, c.cadence_count, c.created_at, k.connection_id, k.vendor, k.base_url, \
                 k.account_id, k.burst_per_10s, k.status, k.credential_id \
             FROM companies AS c LEFT JOIN connections AS k ON k.company_id = c.company_id \
             WHERE c.company_id = ANY($1) ORDER BY c.company_id, k.connection_id"
        );
        let ids: Vec<_> = ids.iter().map(CompanyId::as_str).collect();
        let found = within(super::query(sql).bind(ids).fetch_all(&mut *self.session)).await?;
        let mut heads: Vec<(CompanyRow, Vec<Connection>)> = Vec::new();
        for row in &found {
            let company = CompanyRow::from_row(row).map_err(fault::failed)?;
            match heads.last() {
                Some((last, _)) if last.company_id == company.company_id => {}
                _ => heads.push((company, Vec::new())),
            }
            let connection_id: Option<String> =
                row.try_get("connection_id").map_err(fault::failed)?;
            if let (Some((_, connections)), Some(_)) = (heads.last_mut(), connection_id) {
                connections.push(ConnectionRow::from_row(row).map_err(fault::failed)?.read()?);
            }
        }
        if let Some(row) = found.first() {
            self.at(row.try_get("now").map_err(fault::failed)?);
        }
        heads.into_iter().map(|(company, connections)| company.read(connections)).collect()
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
        let sql = "SELECT r.company_id, r.request_id, r.revision, r.fingerprint \
             FROM unnest($1::text[], $2::text[]) AS wanted (company_id, request_id) \
             JOIN revisions AS r ON r.company_id = wanted.company_id \
                 AND r.request_id = wanted.request_id";
        let (companies, requests): (Vec<_>, Vec<_>) =
            wanted.iter().map(|(company, request)| (company.as_str(), request.as_str())).unzip();
        let used = rows::<(String, String, i64, Vec<u8>)>(sql).bind(companies).bind(requests);
        let used = within(used.fetch_all(&mut *self.session)).await?;
        let read = |(company_id, request_id, revision, fingerprint): (_, _, _, Vec<u8>)| {
            Ok(UsedRequest {
                company_id: CompanyId::from_trusted(company_id),
                request_id: RequestId::from_trusted(request_id),
                revision: Revision::new(revision),
                fingerprint: wire::digest(&fingerprint)?,
            })
        };
        used.into_iter().map(read).collect()
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
             status, credential_id, sealed \
             FROM connections WHERE company_id = $1 AND connection_id = $2";
        let row = rows(sql).bind(at.company_id.as_str()).bind(at.connection_id.as_str());
        let row: Option<SealedRow> = within(row.fetch_optional(&mut *self.session)).await?;
        row.map(|row| {
            Ok(SealedConnection { connection: row.connection.read()?, sealed: row.sealed })
        })
        .transpose()
    }
}
