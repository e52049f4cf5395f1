//! What others change at vendors: scans, what they showed, the inbox and policies.

use async_trait::async_trait;

use super::session::within;
use super::{PostgresRows, query, rows, rows_at_most, scalar, without_nul};
use crate::domain::drift::{DriftItem, DriftState, Policies};
use crate::domain::{CompanyId, Timestamp};
use crate::store::rows::DriftRows;
use crate::store::stored::{ItemOfInbox, PolicyColumns, ScanColumns, policies, read, write};
use crate::store::{Doorbell, DriftQuery, Error, Scan};

#[async_trait]
impl DriftRows for PostgresRows {
    async fn scan(&mut self, at: &Doorbell) -> Result<Option<Scan>, Error> {
        let sql = "SELECT next_at, asked, state FROM scans \
             WHERE company_id = $1 AND connection_id = $2";
        let row =
            rows::<ScanColumns>(sql).bind(at.company_id.as_str()).bind(at.connection_id.as_str());
        let row = within(row.fetch_optional(&mut *self.session)).await?;
        row.map(ScanColumns::read).transpose()
    }

    async fn write_scan(&mut self, at: &Doorbell, scan: &Scan) -> Result<(), Error> {
        let sql = "INSERT INTO scans (company_id, connection_id, next_at, asked, state) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (company_id, connection_id) \
             DO UPDATE SET next_at = $3, asked = $4, state = $5";
        let upsert = query(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(scan.next_at.as_micros())
            .bind(scan.asked)
            .bind(write(&scan.state)?);
        within(upsert.execute(&mut *self.session)).await.map(drop)
    }

    async fn written_since(&mut self, at: &Doorbell, since: Timestamp) -> Result<bool, Error> {
        let sql = "SELECT EXISTS (SELECT 1 FROM sync WHERE company_id = $1 \
             AND connection_id = $2 AND confirmed_at >= $3)";
        let exists = scalar::<bool>(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(since.as_micros());
        within(exists.fetch_one(&mut *self.session)).await
    }

    async fn observation(&mut self, at: &Doorbell) -> Result<Option<String>, Error> {
        let sql = "SELECT body FROM observations WHERE company_id = $1 AND connection_id = $2";
        let body =
            scalar::<String>(sql).bind(at.company_id.as_str()).bind(at.connection_id.as_str());
        within(body.fetch_optional(&mut *self.session)).await
    }

    async fn write_observation(&mut self, at: &Doorbell, body: &str) -> Result<(), Error> {
        let sql = "INSERT INTO observations (company_id, connection_id, body) VALUES ($1, $2, $3) \
             ON CONFLICT (company_id, connection_id) DO UPDATE SET body = $3";
        let upsert = query(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(body.to_owned());
        within(upsert.execute(&mut *self.session)).await.map(drop)
    }

    async fn live_items(
        &mut self,
        at: &Doorbell,
        since: Timestamp,
    ) -> Result<Vec<DriftItem>, Error> {
        let sql = "SELECT item FROM drift_items WHERE company_id = $1 AND connection_id = $2 \
             AND state IN ('open', 'reverting', 'ignored', 'reverted', 'cleared') \
             AND (state NOT IN ('reverted', 'cleared') OR seen_at >= $3) ORDER BY item_id";
        let items = scalar::<String>(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(since.as_micros());
        let items = within(items.fetch_all(&mut *self.session)).await?;
        items.iter().map(|item| read(item)).collect()
    }

    async fn items(
        &mut self,
        company_id: &CompanyId,
        query: &DriftQuery,
    ) -> Result<Vec<DriftItem>, Error> {
        let sql = match query.before_seq {
            None => {
                "SELECT item FROM drift_items \
                 WHERE company_id = $1 AND seq > $2 AND seq < $3 \
                     AND (cardinality($4::text[]) = 0 OR state = ANY($4)) \
                 ORDER BY seq LIMIT $5"
            }
            Some(_) => {
                "SELECT item FROM drift_items \
                 WHERE company_id = $1 AND seq > $2 AND seq < $3 \
                     AND (cardinality($4::text[]) = 0 OR state = ANY($4)) \
                 ORDER BY seq DESC LIMIT $5"
            }
        };
        let states: Vec<_> = query.states.iter().map(|state: &DriftState| state.as_str()).collect();
        let items = scalar::<String>(sql)
            .bind(company_id.as_str())
            .bind(query.after_seq)
            .bind(query.before_seq.unwrap_or(i64::MAX))
            .bind(states)
            .bind(rows_at_most(query.limit));
        let items = within(items.fetch_all(&mut *self.session)).await?;
        items.iter().map(|item| read(item)).collect()
    }

    async fn items_by_id(
        &mut self,
        company_id: &CompanyId,
        ids: &[i64],
    ) -> Result<Vec<(Doorbell, DriftItem)>, Error> {
        let sql = "SELECT connection_id, item FROM drift_items \
             WHERE company_id = $1 AND item_id = ANY($2) ORDER BY item_id";
        let items = rows::<ItemOfInbox>(sql).bind(company_id.as_str()).bind(ids.to_vec());
        let items = within(items.fetch_all(&mut *self.session)).await?;
        items.into_iter().map(|row| row.read(company_id)).collect()
    }

    async fn item_heads(&mut self, company_id: &CompanyId) -> Result<(i64, i64), Error> {
        let sql = "SELECT coalesce(max(seq), 0), coalesce(max(item_id), 0) FROM drift_items \
             WHERE company_id = $1";
        let heads = rows::<(i64, i64)>(sql).bind(company_id.as_str());
        within(heads.fetch_one(&mut *self.session)).await
    }

    async fn write_items(&mut self, at: &Doorbell, items: &[DriftItem]) -> Result<(), Error> {
        if items.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO drift_items (company_id, connection_id, item_id, seq, state, \
                 seen_at, item) \
             SELECT $1, $2, * FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::bigint[], \
                 $7::text[]) \
             ON CONFLICT (company_id, item_id) DO UPDATE SET seq = excluded.seq, \
                 state = excluded.state, seen_at = excluded.seen_at, item = excluded.item";
        let numbers = |of: fn(&DriftItem) -> i64| items.iter().map(of).collect::<Vec<_>>();
        let states: Vec<_> = items.iter().map(|item| item.state.as_str()).collect();
        let texts = items.iter().map(write).collect::<Result<Vec<_>, _>>()?;
        let upsert = query(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(numbers(|item| item.id))
            .bind(numbers(|item| item.seq))
            .bind(states)
            .bind(numbers(|item| item.seen_micros))
            .bind(texts);
        within(upsert.execute(&mut *self.session)).await.map(drop)
    }

    async fn policies(&mut self, company_id: &CompanyId) -> Result<Policies, Error> {
        let sql = "SELECT target, mode, reason, until FROM policies WHERE company_id = $1 \
             ORDER BY target";
        let all = rows::<PolicyColumns>(sql).bind(company_id.as_str());
        policies(within(all.fetch_all(&mut *self.session)).await?)
    }

    async fn put_policy(
        &mut self,
        company_id: &CompanyId,
        policy: PolicyColumns,
    ) -> Result<(), Error> {
        let sql = "INSERT INTO policies (company_id, target, mode, reason, until) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (company_id, target) \
             DO UPDATE SET mode = $3, reason = $4, until = $5";
        let upsert = query(sql)
            .bind(company_id.as_str())
            .bind(policy.target)
            .bind(policy.mode)
            .bind(without_nul(&policy.reason))
            .bind(policy.until);
        within(upsert.execute(&mut *self.session)).await.map(drop)
    }

    async fn drop_policy(&mut self, company_id: &CompanyId, target: &str) -> Result<(), Error> {
        let delete = query("DELETE FROM policies WHERE company_id = $1 AND target = $2")
            .bind(company_id.as_str())
            .bind(target.to_owned());
        within(delete.execute(&mut *self.session)).await.map(drop)
    }
}
