//! What others change at vendors: scans, what they showed, the inbox and policies.

use async_trait::async_trait;

use super::{SqliteRows, failed, list, rows_at_most};
use crate::domain::drift::{DriftItem, Policies};
use crate::domain::{CompanyId, Timestamp};
use crate::store::rows::DriftRows;
use crate::store::stored::{ItemOfInbox, PolicyColumns, ScanColumns, policies, read, write};
use crate::store::{Doorbell, DriftQuery, Error, Scan};

#[async_trait]
impl DriftRows for SqliteRows {
    async fn scan(&mut self, at: &Doorbell) -> Result<Option<Scan>, Error> {
        let sql = "SELECT next_at, asked, state FROM scans \
             WHERE company_id = $1 AND connection_id = $2";
        let row: Option<ScanColumns> = sqlx::query_as(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .fetch_optional(&mut *self.tx)
            .await
            .map_err(failed)?;
        row.map(ScanColumns::read).transpose()
    }

    async fn write_scan(&mut self, at: &Doorbell, scan: &Scan) -> Result<(), Error> {
        let sql = "INSERT INTO scans (company_id, connection_id, next_at, asked, state) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (company_id, connection_id) \
             DO UPDATE SET next_at = $3, asked = $4, state = $5";
        sqlx::query(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(scan.next_at.as_micros())
            .bind(scan.asked)
            .bind(write(&scan.state)?)
            .execute(&mut *self.tx)
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn written_since(&mut self, at: &Doorbell, since: Timestamp) -> Result<bool, Error> {
        let sql = "SELECT EXISTS (SELECT 1 FROM sync WHERE company_id = $1 \
             AND connection_id = $2 AND confirmed_at >= $3)";
        sqlx::query_scalar(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(since.as_micros())
            .fetch_one(&mut *self.tx)
            .await
            .map_err(failed)
    }

    async fn observation(&mut self, at: &Doorbell) -> Result<Option<String>, Error> {
        let sql = "SELECT body FROM observations WHERE company_id = $1 AND connection_id = $2";
        sqlx::query_scalar(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .fetch_optional(&mut *self.tx)
            .await
            .map_err(failed)
    }

    async fn write_observation(&mut self, at: &Doorbell, body: &str) -> Result<(), Error> {
        let sql = "INSERT INTO observations (company_id, connection_id, body) VALUES ($1, $2, $3) \
             ON CONFLICT (company_id, connection_id) DO UPDATE SET body = $3";
        sqlx::query(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(body)
            .execute(&mut *self.tx)
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn live_items(
        &mut self,
        at: &Doorbell,
        since: Timestamp,
    ) -> Result<Vec<DriftItem>, Error> {
        // The condition on five states is that of the index.
        let sql = "SELECT item FROM drift_items INDEXED BY drift_items_live \
             WHERE company_id = $1 AND connection_id = $2 \
                 AND state IN ('open', 'reverting', 'ignored', 'reverted', 'cleared') \
                 AND (state NOT IN ('reverted', 'cleared') OR seen_at >= $3) ORDER BY item_id";
        let items: Vec<String> = sqlx::query_scalar(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(since.as_micros())
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        items.iter().map(|item| read(item)).collect()
    }

    async fn items(
        &mut self,
        company_id: &CompanyId,
        query: &DriftQuery,
    ) -> Result<Vec<DriftItem>, Error> {
        let sql = match query.before_seq {
            None => {
                "SELECT item FROM drift_items INDEXED BY drift_items_by_seq \
                 WHERE company_id = $1 AND seq > $2 AND seq < $3 \
                     AND ($4 = '[]' OR state IN (SELECT value FROM json_each($4))) \
                 ORDER BY seq LIMIT $5"
            }
            Some(_) => {
                "SELECT item FROM drift_items INDEXED BY drift_items_by_seq \
                 WHERE company_id = $1 AND seq > $2 AND seq < $3 \
                     AND ($4 = '[]' OR state IN (SELECT value FROM json_each($4))) \
                 ORDER BY seq DESC LIMIT $5"
            }
        };
        let items: Vec<String> = sqlx::query_scalar(sql)
            .bind(company_id.as_str())
            .bind(query.after_seq)
            .bind(query.before_seq.unwrap_or(i64::MAX))
            .bind(list(query.states.iter().map(|state| state.as_str()))?)
            .bind(rows_at_most(query.limit))
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        items.iter().map(|item| read(item)).collect()
    }

    async fn items_by_id(
        &mut self,
        company_id: &CompanyId,
        ids: &[i64],
    ) -> Result<Vec<(Doorbell, DriftItem)>, Error> {
        let sql = "SELECT connection_id, item FROM drift_items \
             WHERE company_id = $1 AND item_id IN (SELECT value FROM json_each($2)) \
             ORDER BY item_id";
        let rows: Vec<ItemOfInbox> = sqlx::query_as(sql)
            .bind(company_id.as_str())
            .bind(list(ids)?)
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        rows.into_iter().map(|row| row.read(company_id)).collect()
    }

    async fn item_heads(&mut self, company_id: &CompanyId) -> Result<(i64, i64), Error> {
        let sql = "SELECT coalesce(max(seq), 0), coalesce(max(item_id), 0) FROM drift_items \
             WHERE company_id = $1";
        sqlx::query_as(sql).bind(company_id.as_str()).fetch_one(&mut *self.tx).await.map_err(failed)
    }

    async fn write_items(&mut self, at: &Doorbell, items: &[DriftItem]) -> Result<(), Error> {
        if items.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO drift_items (company_id, connection_id, item_id, seq, state, \
                 seen_at, item) \
             SELECT $1, $2, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 \
             FROM json_each($3) WHERE true \
             ON CONFLICT (company_id, item_id) DO UPDATE SET seq = excluded.seq, \
                 state = excluded.state, seen_at = excluded.seen_at, item = excluded.item";
        let row = |item: &DriftItem| {
            let state = item.state.as_str();
            Ok::<_, Error>((item.id, item.seq, state, item.seen_micros, write(item)?))
        };
        let rows = items.iter().map(row).collect::<Result<Vec<_>, _>>()?;
        sqlx::query(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(list(rows)?)
            .execute(&mut *self.tx)
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn policies(&mut self, company_id: &CompanyId) -> Result<Policies, Error> {
        let sql = "SELECT target, mode, reason, until FROM policies WHERE company_id = $1 \
             ORDER BY target";
        let rows: Vec<PolicyColumns> = sqlx::query_as(sql)
            .bind(company_id.as_str())
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        policies(rows)
    }

    async fn put_policy(
        &mut self,
        company_id: &CompanyId,
        policy: PolicyColumns,
    ) -> Result<(), Error> {
        let sql = "INSERT INTO policies (company_id, target, mode, reason, until) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (company_id, target) \
             DO UPDATE SET mode = $3, reason = $4, until = $5";
        sqlx::query(sql)
            .bind(company_id.as_str())
            .bind(policy.target)
            .bind(policy.mode)
            .bind(policy.reason)
            .bind(policy.until)
            .execute(&mut *self.tx)
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn drop_policy(&mut self, company_id: &CompanyId, target: &str) -> Result<(), Error> {
        sqlx::query("DELETE FROM policies WHERE company_id = $1 AND target = $2")
            .bind(company_id.as_str())
            .bind(target)
            .execute(&mut *self.tx)
            .await
            .map_err(failed)?;
        Ok(())
    }
}
