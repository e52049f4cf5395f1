//! Jobs: reading, following, waiting for, stopping and retrying them.

mod command;
mod wait;

pub use command::{JobCommand, JobRequest};

use crate::client::Client;
use crate::error::Result;
use crate::v1::{CancelJobRequest, Job, JobEvent, JobState, RetryJobRequest, WatchJobRequest};
use crate::watch::JobEvents;

/// A job, and the client to follow it with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct JobHandle {
    client: Client,
    job_id: String,
    snapshot: Option<Box<Job>>,
}

impl JobHandle {
    pub(crate) fn new(client: Client, job_id: String) -> Self {
        Self { client, job_id, snapshot: None }
    }

    pub(crate) fn known(client: Client, job: Job) -> Self {
        Self { client, job_id: job.job_id.clone(), snapshot: Some(Box::new(job)) }
    }

    /// Returns the job's id.
    pub fn id(&self) -> &str {
        &self.job_id
    }

    /// Returns the job as it was when the handle was given, if it came with an answer.
    pub fn snapshot(&self) -> Option<&Job> {
        self.snapshot.as_deref()
    }

    /// Reads the job.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT`; `NOT_FOUND`.
    pub async fn get(&self) -> Result<Job> {
        self.client.get_job(&self.job_id).await
    }

    /// Follows the job: its events after `after_seq` (0: from the beginning), past and to come,
    /// until it has ended.
    pub fn watch(&self, after_seq: i64) -> JobEvents {
        let request = WatchJobRequest { job_id: self.job_id.clone(), after_seq };
        JobEvents::new(self.client.clone(), request)
    }

    /// Waits until the job has ended and returns it. There is no time limit: put a
    /// `tokio::time::timeout` around it. Answers for the present attempt of a job that failed
    /// before and was retried.
    ///
    /// # Errors
    ///
    /// [`Error::JobFailed`], [`Error::JobCancelled`], and those of [`watch`](Self::watch) and
    /// [`get`](Self::get).
    ///
    /// [`Error::JobFailed`]: crate::Error::JobFailed
    /// [`Error::JobCancelled`]: crate::Error::JobCancelled
    pub async fn wait(&self) -> Result<Job> {
        self.wait_with(|_| ()).await
    }

    /// Waits as [`wait`](Self::wait) does and calls `progress` with every event, from the job's
    /// first.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    pub async fn wait_with(&self, progress: impl FnMut(&JobEvent)) -> Result<Job> {
        wait::wait(self, progress).await
    }

    /// Stops the job: see [`Client::cancel_job`].
    pub fn cancel(&self) -> JobCommand<CancelJobRequest> {
        self.client.cancel_job(&self.job_id)
    }

    /// Sets the failed or cancelled job going again: see [`Client::retry_job`].
    pub fn retry(&self) -> JobCommand<RetryJobRequest> {
        self.client.retry_job(&self.job_id)
    }
}

/// Returns whether a job in this state has ended. A failed or cancelled one may be retried.
pub fn is_terminal(state: JobState) -> bool {
    match state {
        JobState::Succeeded | JobState::Failed | JobState::Cancelled | JobState::Superseded => true,
        JobState::Unspecified | JobState::Queued | JobState::Running | JobState::Waiting => false,
    }
}
