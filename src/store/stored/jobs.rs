//! Jobs and their items, as columns.

use sqlx::FromRow;

use super::{known, read_error, read_if};
use crate::domain::{
    CompanyId, ItemCounts, ItemState, JobId, JobState, ResourceId, Revision, Timestamp, VendorKind,
};
use crate::store::Error;
use crate::store::progress::{ItemRow, JobRow, PartRow};

/// A part of a job, with the job's own columns.
#[derive(FromRow)]
pub(in crate::store) struct JobColumns {
    company_id: String,
    revision: i64,
    state: String,
    attempt: i64,
    next_attempt_at: Option<i64>,
    held_up: Option<String>,
    refused: Option<String>,
    created_at: i64,
    ended_at: Option<i64>,
    last_seq: i64,
    vendor: String,
    part_state: String,
    total: i64,
    done: i64,
    failed: i64,
    cancelled: i64,
    unit: String,
    message: String,
    part_held_up: Option<String>,
    part_next_attempt_at: Option<i64>,
    work: Option<String>,
}

/// Puts the parts of each job together.
pub(in crate::store) fn collect(rows: Vec<JobColumns>) -> Result<Vec<JobRow>, Error> {
    let mut jobs: Vec<JobRow> = Vec::new();
    for row in rows {
        let revision = Revision::new(row.revision);
        let part = PartRow {
            vendor: known(&row.vendor, VendorKind::parse)?,
            state: known(&row.part_state, JobState::parse)?,
            counts: ItemCounts {
                pending: row.total - row.done - row.failed - row.cancelled,
                done: row.done,
                failed: row.failed,
                cancelled: row.cancelled,
            },
            unit: row.unit,
            message: row.message,
            held_up: row.part_held_up.as_deref().map(read_error).transpose()?,
            next_attempt_at: row.part_next_attempt_at.map(Timestamp::from_micros),
            work: read_if(row.work)?.unwrap_or_default(),
        };
        match jobs.last_mut().filter(|job| job.id.revision == revision) {
            Some(job) => job.parts.push(part),
            None => jobs.push(JobRow {
                id: JobId { company_id: CompanyId::from_trusted(row.company_id), revision },
                state: known(&row.state, JobState::parse)?,
                attempt: u32::try_from(row.attempt).unwrap_or(u32::MAX),
                next_attempt_at: row.next_attempt_at.map(Timestamp::from_micros),
                held_up: row.held_up.as_deref().map(read_error).transpose()?,
                refused: row.refused.as_deref().map(read_error).transpose()?,
                created_at: Timestamp::from_micros(row.created_at),
                ended_at: row.ended_at.map(Timestamp::from_micros),
                last_seq: row.last_seq,
                parts: vec![part],
            }),
        }
    }
    Ok(jobs)
}

/// An item: revision, vendor, resource, state, and whether a value is to be filled in for it.
pub(in crate::store) type ItemColumns = (i64, String, String, String, bool);

/// Reads the columns of an item.
pub(in crate::store) fn item(
    (revision, vendor, resource_id, state, fills): ItemColumns,
) -> Result<ItemRow, Error> {
    Ok(ItemRow {
        revision: Revision::new(revision),
        vendor: known(&vendor, VendorKind::parse)?,
        resource_id: ResourceId::from_trusted(resource_id),
        state: known(&state, ItemState::parse)?,
        fills,
    })
}
