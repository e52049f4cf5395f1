//! Leases, and connections for which there may be something to do.

use async_trait::async_trait;

use super::session::within;
use super::{PostgresRows, query, rows, rows_at_most};
use crate::domain::{CompanyId, ConnectionId, Timestamp};
use crate::store::rows::{LeaseRow, LeaseRows};
use crate::store::stored::{LeaseColumns, write};
use crate::store::{Backlog, Doorbell, Error};

/// Whether there may be something to do at a connection `c`: it has an open job, a call in doubt, or a
/// resource that is known not to be as it should be.
macro_rules! has_work {
    () => {
        "(EXISTS (SELECT 1 FROM job_parts AS p \
             WHERE p.company_id = c.company_id AND p.vendor = c.vendor \
                 AND p.state IN ('queued', 'running', 'waiting')) \
         OR EXISTS (SELECT 1 FROM sync AS s WHERE s.company_id = c.company_id \
             AND s.connection_id = c.connection_id AND s.in_doubt IS NOT NULL) \
         OR EXISTS (SELECT 1 FROM sync AS s WHERE s.company_id = c.company_id \
             AND s.connection_id = c.connection_id AND s.applied_rev = 0 \
             AND s.confirmed_at IS NOT NULL AND s.parked_rev IS NULL))"
    };
}

#[async_trait]
impl LeaseRows for PostgresRows {
    async fn lease(&mut self, at: &Doorbell) -> Result<Option<LeaseRow>, Error> {
        let sql = "SELECT holder, epoch, expires_at, released, \"window\", gate_until, \
             gate_problem FROM leases WHERE company_id = $1 AND connection_id = $2";
        let row = rows(sql).bind(at.company_id.as_str()).bind(at.connection_id.as_str());
        let row = within(row.fetch_optional(&mut *self.session)).await?;
        row.map(LeaseColumns::read).transpose()
    }

    async fn write_lease(&mut self, at: &Doorbell, lease: &LeaseRow) -> Result<(), Error> {
        let sql = "INSERT INTO leases (company_id, connection_id, holder, epoch, expires_at, \
                 released, \"window\", gate_until, gate_problem) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             ON CONFLICT (company_id, connection_id) DO UPDATE SET holder = $3, epoch = $4, \
                 expires_at = $5, released = $6, \"window\" = $7, gate_until = $8, \
                 gate_problem = $9";
        let gate_until = lease.gate.as_ref().map(|(until, _)| until.as_micros());
        let gate_problem = lease.gate.as_ref().map(|(_, problem)| write(problem)).transpose()?;
        let written = query(sql)
            .bind(at.company_id.as_str())
            .bind(at.connection_id.as_str())
            .bind(&lease.holder)
            .bind(lease.epoch)
            .bind(lease.expires_at.as_micros())
            .bind(lease.released)
            .bind(lease.window.as_deref())
            .bind(gate_until)
            .bind(gate_problem);
        within(written.execute(&mut *self.session)).await.map(drop)
    }

    async fn due(
        &mut self,
        now: Timestamp,
        gate_until: Timestamp,
        scans: bool,
        limit: usize,
    ) -> Result<Vec<Doorbell>, Error> {
        let sql = concat!(
            "SELECT c.company_id, c.connection_id FROM connections AS c \
             LEFT JOIN leases AS l ON l.company_id = c.company_id \
                 AND l.connection_id = c.connection_id \
             LEFT JOIN scans AS sc ON sc.company_id = c.company_id \
                 AND sc.connection_id = c.connection_id \
             WHERE c.status = 'connected' \
                 AND (l.holder IS NULL OR l.released OR l.expires_at <= $1) \
                 AND (l.gate_until IS NULL OR l.gate_until <= $2) \
                 AND (sc.next_at <= $1 AND (sc.asked OR $4) OR sc.next_at IS NULL AND $4 OR ",
            has_work!(),
            ") ORDER BY l.expires_at NULLS FIRST, c.company_id, c.connection_id LIMIT $3"
        );
        let due = rows::<(String, String)>(sql)
            .bind(now.as_micros())
            .bind(gate_until.as_micros())
            .bind(rows_at_most(limit))
            .bind(scans);
        let due = within(due.fetch_all(&mut *self.session)).await?;
        let read = |(company_id, connection_id): (String, String)| Doorbell {
            company_id: CompanyId::from_trusted(company_id),
            connection_id: ConnectionId::from_trusted(connection_id),
        };
        Ok(due.into_iter().map(read).collect())
    }

    async fn backlog(&mut self) -> Result<Backlog, Error> {
        let sql = concat!(
            "SELECT (SELECT count(*) FROM connections AS c WHERE c.status = 'connected' AND ",
            has_work!(),
            "), (SELECT count(*) FROM (SELECT DISTINCT company_id, revision FROM job_parts \
                 WHERE state IN ('queued', 'running', 'waiting')) AS open), \
             (SELECT count(*) FROM drift_items AS d \
                 JOIN connections AS c ON c.company_id = d.company_id \
                     AND c.connection_id = d.connection_id \
                 WHERE d.state = 'open' AND c.status = 'connected')"
        );
        let counted = rows::<(i64, i64, i64)>(sql).fetch_one(&mut *self.session);
        let (connections, open_jobs, open_drift) = within(counted).await?;
        let count = |number: i64| number.try_into().unwrap_or_default();
        Ok(Backlog {
            connections: count(connections),
            open_jobs: count(open_jobs),
            open_drift: count(open_drift),
        })
    }
}
