//! Waiting for the end of a job.

use tokio::time::sleep_until;

use super::JobHandle;
use crate::error::{Error, Result};
use crate::v1::{Job, JobEvent, JobState};

/// Follows the job to its end and asks for the outcome. The events alone do not tell it: a job
/// that failed may have been retried, or superseded, by the time its last event is read.
pub(super) async fn wait(handle: &JobHandle, mut progress: impl FnMut(&JobEvent)) -> Result<Job> {
    let mut seen = 0;
    let mut backoff = handle.client.retry.for_stream();
    loop {
        let mut events = handle.watch(seen);
        while let Some(event) = events.next().await {
            progress(&event?);
        }
        let went_on = events.last_seq() > seen;
        seen = events.last_seq();
        let job = handle.get().await?;
        match job.state() {
            JobState::Succeeded | JobState::Superseded => return Ok(job),
            JobState::Failed => return Err(Error::JobFailed { job: Box::new(job) }),
            JobState::Cancelled => return Err(Error::JobCancelled { job: Box::new(job) }),
            // Set going again since the last event was read: there is more to follow.
            JobState::Unspecified | JobState::Queued | JobState::Running | JobState::Waiting => {}
        }
        if went_on {
            backoff = handle.client.retry.for_stream();
            continue;
        }
        let problem = "the events of the job end before the job does";
        sleep_until(backoff.next(None).ok_or(Error::Answer { problem })?).await;
    }
}
