//! Events of jobs.

use async_trait::async_trait;

use super::session::within;
use super::{PostgresRows, rows, rows_at_most, scalar};
use crate::domain::{Digest, JobId, JobState, RequestId};
use crate::store::Error;
use crate::store::rows::{EventRows, EventsOf};
use crate::store::stored::{EventColumns, known};
use crate::wire;

#[async_trait]
impl EventRows for PostgresRows {
    async fn control_request(
        &mut self,
        id: &JobId,
        request_id: &RequestId,
    ) -> Result<Option<Digest>, Error> {
        let sql = "SELECT fingerprint FROM job_events \
             WHERE company_id = $1 AND revision = $2 AND request_id = $3";
        let found = scalar::<Vec<u8>>(sql)
            .bind(id.company_id.as_str())
            .bind(id.revision.get())
            .bind(request_id.as_str());
        let found = within(found.fetch_optional(&mut *self.session)).await?;
        Ok(found.map(|fingerprint| wire::digest(&fingerprint)).transpose()?)
    }

    async fn events_after(
        &mut self,
        id: &JobId,
        after_seq: i64,
        limit: usize,
    ) -> Result<Option<EventsOf>, Error> {
        let sql = "SELECT state, last_seq FROM jobs WHERE company_id = $1 AND revision = $2";
        let job = rows::<(String, i64)>(sql).bind(id.company_id.as_str()).bind(id.revision.get());
        let job = within(job.fetch_optional(&mut *self.session)).await?;
        let Some((state, last_seq)) = job else { return Ok(None) };
        let sql = "SELECT seq, state, done, total, unit, message, attempt, next_attempt_at, at, \
             actor, reason, request_id FROM job_events \
             WHERE company_id = $1 AND revision = $2 AND seq > $3 ORDER BY seq LIMIT $4";
        let events = rows::<EventColumns>(sql)
            .bind(id.company_id.as_str())
            .bind(id.revision.get())
            .bind(after_seq)
            .bind(rows_at_most(limit));
        let events = within(events.fetch_all(&mut *self.session)).await?;
        let events = events.into_iter().map(|row| row.read(id)).collect::<Result<_, _>>()?;
        Ok(Some(EventsOf { state: known(&state, JobState::parse)?, last_seq, events }))
    }
}
