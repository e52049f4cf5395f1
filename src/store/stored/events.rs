//! Events of jobs, as columns.

use sqlx::FromRow;

use super::known;
use crate::domain::{JobEvent, JobId, JobState, Timestamp};
use crate::store::Error;

/// An event.
#[derive(FromRow)]
pub(in crate::store) struct EventColumns {
    seq: i64,
    state: String,
    done: i64,
    total: i64,
    unit: String,
    message: String,
    attempt: i64,
    next_attempt_at: Option<i64>,
    at: i64,
    actor: String,
    reason: String,
    request_id: Option<String>,
}

impl EventColumns {
    /// Reads the columns.
    pub(in crate::store) fn read(self, job_id: &JobId) -> Result<JobEvent, Error> {
        Ok(JobEvent {
            job_id: job_id.clone(),
            seq: self.seq,
            state: known(&self.state, JobState::parse)?,
            done: self.done,
            total: self.total,
            unit: self.unit,
            message: self.message,
            attempt: u32::try_from(self.attempt).unwrap_or(u32::MAX),
            next_attempt_at: self.next_attempt_at.map(Timestamp::from_micros),
            at: Timestamp::from_micros(self.at),
            actor: self.actor,
            reason: self.reason,
            request_id: self.request_id.unwrap_or_default(),
        })
    }
}
