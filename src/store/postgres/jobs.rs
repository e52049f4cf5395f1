//! Jobs and their items.

use async_trait::async_trait;

use super::session::within;
use super::{PostgresRows, query, rows, rows_at_most, without_nul};
use crate::domain::{CompanyId, JobId, JobState, ResourceId, Revision, Timestamp, VendorKind};
use crate::store::Error;
use crate::store::progress::{ItemRow, JobRow, Progress};
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

/// All that a step changes, in one statement.
const PROGRESS: &str = "\
    WITH job AS ( \
        UPDATE jobs AS j SET state = e.state, attempt = e.attempt, \
            next_attempt_at = e.next_attempt_at, held_up = e.held_up, refused = e.refused, \
            ended_at = e.ended_at, last_seq = e.last_seq \
        FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], \
                $7::text[], $8::bigint[], $9::bigint[]) \
            AS e (revision, state, attempt, next_attempt_at, held_up, refused, ended_at, last_seq) \
        WHERE j.company_id = $1 AND j.revision = e.revision \
    ), part AS ( \
        UPDATE job_parts AS p SET state = e.state, done = e.done, failed = e.failed, \
            cancelled = e.cancelled, message = e.message, held_up = e.held_up, \
            next_attempt_at = e.next_attempt_at \
        FROM unnest($10::bigint[], $11::text[], $12::text[], $13::bigint[], $14::bigint[], \
                $15::bigint[], $16::text[], $35::text[], $36::bigint[]) \
            AS e (revision, vendor, state, done, failed, cancelled, message, held_up, \
                next_attempt_at) \
        WHERE p.company_id = $1 AND p.revision = e.revision AND p.vendor = e.vendor \
    ), item AS ( \
        UPDATE job_items AS i SET state = e.state \
        FROM unnest($17::bigint[], $18::text[], $19::text[], $20::text[]) \
            AS e (revision, vendor, resource_id, state) \
        WHERE i.company_id = $1 AND i.revision = e.revision AND i.vendor = e.vendor \
            AND i.resource_id = e.resource_id \
    ) \
    INSERT INTO job_events (company_id, revision, seq, state, done, total, unit, message, \
        attempt, next_attempt_at, at, actor, reason, request_id, fingerprint) \
    SELECT $1, * FROM unnest($21::bigint[], $22::bigint[], $23::text[], $24::bigint[], \
        $25::bigint[], $26::text[], $27::text[], $28::bigint[], $29::bigint[], $30::bigint[], \
        $31::text[], $32::text[], $33::text[], $34::bytea[])";

#[async_trait]
impl JobRows for PostgresRows {
    async fn jobs_at(
        &mut self,
        company_id: &CompanyId,
        revisions: &[Revision],
    ) -> Result<Vec<JobRow>, Error> {
        let sql = jobs!("company_id = $1 AND revision = ANY($2)", "j.revision");
        let found = rows::<JobColumns>(sql)
            .bind(company_id.as_str())
            .bind(revisions.iter().map(|revision| revision.get()).collect::<Vec<_>>());
        collect(within(found.fetch_all(&mut *self.session)).await?)
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
             AND (cardinality($3::text[]) = 0 OR state = ANY($3)) \
             ORDER BY revision DESC LIMIT $4",
            "j.revision DESC"
        );
        let found = rows::<JobColumns>(sql)
            .bind(company_id.as_str())
            .bind(before.map_or(i64::MAX, Revision::get))
            .bind(states.iter().map(|state| state.as_str()).collect::<Vec<_>>())
            .bind(rows_at_most(limit));
        collect(within(found.fetch_all(&mut *self.session)).await?)
    }

    async fn open_jobs(
        &mut self,
        company_id: &CompanyId,
        vendor: VendorKind,
        limit: usize,
    ) -> Result<Vec<JobRow>, Error> {
        let sql = jobs!(
            "company_id = $1 AND revision IN (SELECT revision FROM job_parts \
             WHERE company_id = $1 AND vendor = $2 \
             AND state IN ('queued', 'running', 'waiting') ORDER BY revision LIMIT $3)",
            "j.revision"
        );
        let found = rows::<JobColumns>(sql)
            .bind(company_id.as_str())
            .bind(vendor.as_str())
            .bind(rows_at_most(limit));
        collect(within(found.fetch_all(&mut *self.session)).await?)
    }

    async fn unsettled_items(
        &mut self,
        company_id: &CompanyId,
        vendor: VendorKind,
        ids: &[ResourceId],
    ) -> Result<Vec<ItemRow>, Error> {
        let sql = "SELECT revision, vendor, resource_id, state, fills FROM job_items \
             WHERE company_id = $1 AND vendor = $2 AND state IN ('pending', 'failed') \
             AND resource_id = ANY($3)";
        let found = rows::<ItemColumns>(sql)
            .bind(company_id.as_str())
            .bind(vendor.as_str())
            .bind(ids.iter().map(ResourceId::as_str).collect::<Vec<_>>());
        within(found.fetch_all(&mut *self.session)).await?.into_iter().map(item).collect()
    }

    async fn items_of(&mut self, id: &JobId) -> Result<Vec<ItemRow>, Error> {
        let sql = "SELECT revision, vendor, resource_id, state, fills FROM job_items \
             WHERE company_id = $1 AND revision = $2";
        let found = rows::<ItemColumns>(sql).bind(id.company_id.as_str()).bind(id.revision.get());
        within(found.fetch_all(&mut *self.session)).await?.into_iter().map(item).collect()
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
        let micros = |time: Option<Timestamp>| time.map(Timestamp::as_micros);
        let mut job = JobList::default();
        let mut part = PartList::default();
        for of in jobs {
            job.revision.push(of.id.revision.get());
            job.state.push(of.state.as_str());
            job.attempt.push(i64::from(of.attempt));
            job.next_attempt_at.push(micros(of.next_attempt_at));
            job.held_up.push(of.held_up.as_ref().map(write_error).transpose()?);
            job.refused.push(of.refused.as_ref().map(write_error).transpose()?);
            job.ended_at.push(micros(of.ended_at));
            job.last_seq.push(of.last_seq);
            for one in &of.parts {
                part.revision.push(of.id.revision.get());
                part.vendor.push(one.vendor.as_str());
                part.state.push(one.state.as_str());
                part.done.push(one.counts.done);
                part.failed.push(one.counts.failed);
                part.cancelled.push(one.counts.cancelled);
                part.message.push(without_nul(&one.message).into_owned());
                part.held_up.push(one.held_up.as_ref().map(write_error).transpose()?);
                part.next_attempt_at.push(micros(one.next_attempt_at));
            }
        }
        let told = || events.iter().map(|new| &new.event);
        let request_id = |id: &String| Some(id.clone()).filter(|id| !id.is_empty());
        let step = query(PROGRESS)
            .bind(company_id.as_str())
            .bind(job.revision)
            .bind(job.state)
            .bind(job.attempt)
            .bind(job.next_attempt_at)
            .bind(job.held_up)
            .bind(job.refused)
            .bind(job.ended_at)
            .bind(job.last_seq)
            .bind(part.revision)
            .bind(part.vendor)
            .bind(part.state)
            .bind(part.done)
            .bind(part.failed)
            .bind(part.cancelled)
            .bind(part.message)
            .bind(items.iter().map(|item| item.revision.get()).collect::<Vec<_>>())
            .bind(items.iter().map(|item| item.vendor.as_str()).collect::<Vec<_>>())
            .bind(items.iter().map(|item| item.resource_id.as_str()).collect::<Vec<_>>())
            .bind(items.iter().map(|item| item.state.as_str()).collect::<Vec<_>>())
            .bind(told().map(|event| event.job_id.revision.get()).collect::<Vec<_>>())
            .bind(told().map(|event| event.seq).collect::<Vec<_>>())
            .bind(told().map(|event| event.state.as_str()).collect::<Vec<_>>())
            .bind(told().map(|event| event.done).collect::<Vec<_>>())
            .bind(told().map(|event| event.total).collect::<Vec<_>>())
            .bind(told().map(|event| event.unit.clone()).collect::<Vec<_>>())
            .bind(told().map(|event| without_nul(&event.message).into_owned()).collect::<Vec<_>>())
            .bind(told().map(|event| i64::from(event.attempt)).collect::<Vec<_>>())
            .bind(told().map(|event| micros(event.next_attempt_at)).collect::<Vec<_>>())
            .bind(told().map(|event| event.at.as_micros()).collect::<Vec<_>>())
            .bind(told().map(|event| event.actor.clone()).collect::<Vec<_>>())
            .bind(told().map(|event| event.reason.clone()).collect::<Vec<_>>())
            .bind(told().map(|event| request_id(&event.request_id)).collect::<Vec<_>>())
            .bind(events.iter().map(|new| new.fingerprint.map(Vec::from)).collect::<Vec<_>>())
            .bind(part.held_up)
            .bind(part.next_attempt_at);
        within(step.execute(&mut *self.session)).await.map(drop)
    }

    async fn write_work(
        &mut self,
        company_id: &CompanyId,
        work: &[(Revision, VendorKind, String)],
    ) -> Result<(), Error> {
        for (revision, vendor, text) in work {
            let sql = "UPDATE job_parts SET work = $4 \
                 WHERE company_id = $1 AND revision = $2 AND vendor = $3";
            let update = query(sql)
                .bind(company_id.as_str())
                .bind(revision.get())
                .bind(vendor.as_str())
                .bind(text.as_str());
            within(update.execute(&mut *self.session)).await?;
        }
        Ok(())
    }
}

/// Jobs, column by column.
#[derive(Default)]
struct JobList {
    revision: Vec<i64>,
    state: Vec<&'static str>,
    attempt: Vec<i64>,
    next_attempt_at: Vec<Option<i64>>,
    held_up: Vec<Option<String>>,
    refused: Vec<Option<String>>,
    ended_at: Vec<Option<i64>>,
    last_seq: Vec<i64>,
}

/// Parts of jobs, column by column.
#[derive(Default)]
struct PartList {
    revision: Vec<i64>,
    vendor: Vec<&'static str>,
    state: Vec<&'static str>,
    done: Vec<i64>,
    failed: Vec<i64>,
    cancelled: Vec<i64>,
    message: Vec<String>,
    held_up: Vec<Option<String>>,
    next_attempt_at: Vec<Option<i64>>,
}
