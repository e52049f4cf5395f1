//! Jobs and their items.

use async_trait::async_trait;

use super::{SqliteRows, failed, list, rows_at_most};
use crate::domain::{
    CompanyId, ItemCounts, JobId, JobState, ResourceId, Revision, Timestamp, VendorKind,
};
use crate::hex;
use crate::store::Error;
use crate::store::progress::{ItemRow, JobRow, PartRow, Progress};
use crate::store::rows::JobRows;
use crate::store::stored::{ItemColumns, JobColumns, collect, item, write_error};

/// Jobs `j` with their parts `p`; the jobs are to be put in front, in the order that is wanted.
macro_rules! jobs {
    ($which:literal, $order:literal) => {
        concat!(
            "SELECT j.company_id, j.revision, j.state, j.attempt, j.next_attempt_at, j.held_up, \
             j.refused, j.created_at, j.ended_at, j.last_seq, p.vendor, p.state AS part_state, \
             p.total, p.done, p.failed, p.cancelled, p.unit, p.message, p.held_up AS part_held_up, \
             p.next_attempt_at AS part_next_attempt_at, p.work \
             FROM (SELECT * FROM jobs WHERE ",
            $which,
            ") AS j JOIN job_parts AS p ON p.company_id = j.company_id \
             AND p.revision = j.revision ORDER BY ",
            $order,
            ", p.vendor"
        )
    };
}

/// All that a step changes, in one call.
///
/// The company is in the lists although there is only one: were it given by itself, SQLite would
/// look through all jobs of the company for those in the list.
pub(super) const PROGRESS: &str = "\
    UPDATE jobs SET state = e.value ->> 2, attempt = e.value ->> 3, \
        next_attempt_at = e.value ->> 4, held_up = e.value ->> 5, refused = e.value ->> 6, \
        ended_at = e.value ->> 7, last_seq = e.value ->> 8 \
    FROM json_each($2) AS e WHERE company_id = e.value ->> 0 AND revision = e.value ->> 1; \
    UPDATE job_parts SET state = e.value ->> 3, done = e.value ->> 4, failed = e.value ->> 5, \
        cancelled = e.value ->> 6, message = e.value ->> 7, held_up = e.value ->> 8, \
        next_attempt_at = e.value ->> 9 \
    FROM json_each($3) AS e \
    WHERE company_id = e.value ->> 0 AND revision = e.value ->> 1 AND vendor = e.value ->> 2; \
    UPDATE job_items SET state = e.value ->> 4 FROM json_each($4) AS e \
    WHERE company_id = e.value ->> 0 AND revision = e.value ->> 1 AND vendor = e.value ->> 2 \
        AND resource_id = e.value ->> 3; \
    INSERT INTO job_events (company_id, revision, seq, state, done, total, unit, message, \
        attempt, next_attempt_at, at, actor, reason, request_id, fingerprint) \
    SELECT $1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, \
        value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, \
        value ->> 12, unhex(value ->> 13) \
    FROM json_each($5);";

#[async_trait]
impl JobRows for SqliteRows {
    async fn jobs_at(
        &mut self,
        company_id: &CompanyId,
        revisions: &[Revision],
    ) -> Result<Vec<JobRow>, Error> {
        let sql = jobs!(
            "company_id = $1 AND revision IN (SELECT value FROM json_each($2))",
            "j.revision"
        );
        let rows: Vec<JobColumns> = sqlx::query_as(sql)
            .bind(company_id.as_str())
            .bind(list(revisions.iter().map(|revision| revision.get()))?)
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        collect(rows)
    }

    async fn list_jobs(
        &mut self,
        company_id: &CompanyId,
        states: &[JobState],
        before: Option<Revision>,
        limit: usize,
    ) -> Result<Vec<JobRow>, Error> {
        let sql = jobs!(
            "company_id = $1 AND revision < $2 \
             AND ($3 = '[]' OR state IN (SELECT value FROM json_each($3))) \
             ORDER BY revision DESC LIMIT $4",
            "j.revision DESC"
        );
        let rows: Vec<JobColumns> = sqlx::query_as(sql)
            .bind(company_id.as_str())
            .bind(before.map_or(i64::MAX, Revision::get))
            .bind(list(states.iter().map(|state| state.as_str()))?)
            .bind(rows_at_most(limit))
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        collect(rows)
    }

    async fn open_jobs(
        &mut self,
        company_id: &CompanyId,
        vendor: VendorKind,
        limit: usize,
    ) -> Result<Vec<JobRow>, Error> {
        let sql = jobs!(
            "company_id = $1 AND revision IN (SELECT revision FROM job_parts \
             INDEXED BY job_parts_open WHERE company_id = $1 AND vendor = $2 \
             AND state IN ('queued', 'running', 'waiting') ORDER BY revision LIMIT $3)",
            "j.revision"
        );
        let rows: Vec<JobColumns> = sqlx::query_as(sql)
            .bind(company_id.as_str())
            .bind(vendor.as_str())
            .bind(rows_at_most(limit))
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        collect(rows)
    }

    async fn unsettled_items(
        &mut self,
        company_id: &CompanyId,
        vendor: VendorKind,
        ids: &[ResourceId],
    ) -> Result<Vec<ItemRow>, Error> {
        let sql = "SELECT revision, vendor, resource_id, state, fills FROM job_items \
             INDEXED BY job_items_unsettled WHERE company_id = $1 AND vendor = $2 AND state IN ('pending', 'failed') \
             AND resource_id IN (SELECT value FROM json_each($3))";
        let rows: Vec<ItemColumns> = sqlx::query_as(sql)
            .bind(company_id.as_str())
            .bind(vendor.as_str())
            .bind(list(ids.iter().map(ResourceId::as_str))?)
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        rows.into_iter().map(item).collect()
    }

    async fn items_of(&mut self, id: &JobId) -> Result<Vec<ItemRow>, Error> {
        let sql = "SELECT revision, vendor, resource_id, state, fills FROM job_items \
             WHERE company_id = $1 AND revision = $2";
        let rows: Vec<ItemColumns> = sqlx::query_as(sql)
            .bind(id.company_id.as_str())
            .bind(id.revision.get())
            .fetch_all(&mut *self.tx)
            .await
            .map_err(failed)?;
        rows.into_iter().map(item).collect()
    }

    async fn write_progress(
        &mut self,
        company_id: &CompanyId,
        progress: &Progress,
    ) -> Result<(), Error> {
        let Progress { jobs, items, events, .. } = progress;
        if jobs.is_empty() && items.is_empty() && events.is_empty() {
            return Ok(());
        }
        let parts = jobs.iter().flat_map(|job| job.parts.iter().map(move |part| (job, part)));
        let parts = parts.map(|(job, part)| part_columns(job, part));
        let items = items.iter().map(|item| {
            let (revision, vendor) = (item.revision.get(), item.vendor.as_str());
            let (resource_id, state) = (item.resource_id.as_str(), item.state.as_str());
            (company_id.as_str(), revision, vendor, resource_id, state)
        });
        let micros = Timestamp::as_micros;
        let events = events.iter().map(|new| {
            let event = &new.event;
            (
                event.job_id.revision.get(),
                event.seq,
                event.state.as_str(),
                event.done,
                event.total,
                &event.unit,
                &event.message,
                event.attempt,
                event.next_attempt_at.map(micros),
                event.at.as_micros(),
                &event.actor,
                &event.reason,
                Some(&event.request_id).filter(|id| !id.is_empty()),
                new.fingerprint.map(|fingerprint| hex::encode(&fingerprint)),
            )
        });
        sqlx::query(PROGRESS)
            .bind(company_id.as_str())
            .bind(list(jobs.iter().map(columns).collect::<Result<Vec<_>, _>>()?)?)
            .bind(list(parts.collect::<Result<Vec<_>, _>>()?)?)
            .bind(list(items)?)
            .bind(list(events)?)
            .execute(&mut *self.tx)
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn write_work(
        &mut self,
        company_id: &CompanyId,
        work: &[(Revision, VendorKind, String)],
    ) -> Result<(), Error> {
        for (revision, vendor, text) in work {
            let sql = "UPDATE job_parts SET work = $4 \
                 WHERE company_id = $1 AND revision = $2 AND vendor = $3";
            sqlx::query(sql)
                .bind(company_id.as_str())
                .bind(revision.get())
                .bind(vendor.as_str())
                .bind(text)
                .execute(&mut *self.tx)
                .await
                .map_err(failed)?;
        }
        Ok(())
    }
}

/// The columns of a part of a job that a step changes.
fn part_columns(job: &JobRow, part: &PartRow) -> Result<impl serde::Serialize + use<>, Error> {
    let ItemCounts { done, failed, cancelled, .. } = part.counts;
    Ok((
        job.id.company_id.to_string(),
        job.id.revision.get(),
        part.vendor.as_str(),
        part.state.as_str(),
        done,
        failed,
        cancelled,
        part.message.clone(),
        part.held_up.as_ref().map(write_error).transpose()?,
        part.next_attempt_at.map(Timestamp::as_micros),
    ))
}

/// The columns of a job that a step changes.
fn columns(job: &JobRow) -> Result<impl serde::Serialize + use<>, Error> {
    Ok((
        job.id.company_id.to_string(),
        job.id.revision.get(),
        job.state.as_str(),
        job.attempt,
        job.next_attempt_at.map(Timestamp::as_micros),
        job.held_up.as_ref().map(write_error).transpose()?,
        job.refused.as_ref().map(write_error).transpose()?,
        job.ended_at.map(Timestamp::as_micros),
        job.last_seq,
    ))
}
