//! Stopping and retrying a job.

use std::future::IntoFuture;

use crate::client::Client;
use crate::error::Error;
use crate::mutation::new_request_id;
use crate::rpc::{self, CallFuture, Rpc};
use crate::v1::{CancelJobRequest, CancelJobResponse, Job, RetryJobRequest, RetryJobResponse};

/// Asks to stop or to retry a job; `.await` it for the job as it is after the call.
///
/// # Errors
///
/// `INVALID_ARGUMENT`; `NOT_FOUND`; `FAILED_PRECONDITION` (the job's state does not allow it).
#[derive(Clone, Debug)]
#[must_use = "nothing is asked until it is awaited"]
pub struct JobCommand<R: JobRequest> {
    client: Client,
    job_id: String,
    request_id: Option<String>,
    reason: String,
    allow_data_loss: bool,
    request: std::marker::PhantomData<fn() -> R>,
}

impl<R: JobRequest> JobCommand<R> {
    pub(crate) fn new(client: Client, job_id: String) -> Self {
        let request = std::marker::PhantomData;
        let reason = String::new();
        Self { client, job_id, request_id: None, reason, allow_data_loss: false, request }
    }

    /// Sets the id that makes the call safe to repeat: up to 128 characters, unique per job.
    /// Without one, or when it is empty, one is made.
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into()).filter(|id| !id.is_empty());
        self
    }

    /// Says why, for the job's events. At most 1,000 characters.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }
}

impl JobCommand<RetryJobRequest> {
    /// Lets values that deals hold be lost, where the job failed with `HOLDS_VALUES`.
    pub fn allow_data_loss(mut self) -> Self {
        self.allow_data_loss = true;
        self
    }
}

impl<R: JobRequest> IntoFuture for JobCommand<R> {
    type Output = Result<Job, Error>;
    type IntoFuture = CallFuture<Job>;

    fn into_future(self) -> Self::IntoFuture {
        let request_id = self.request_id.unwrap_or_else(new_request_id);
        let id = request_id.clone();
        let request = R::new(self.job_id, id, self.reason, self.allow_data_loss);
        Box::pin(async move {
            let answer = rpc::call(&self.client, request, Some(request_id)).await?;
            R::job(answer).ok_or(Error::Answer { problem: "it lacks the job" })
        })
    }
}

/// A request about a job. Implemented here for both; it cannot be implemented elsewhere.
pub trait JobRequest: Rpc {
    #[doc(hidden)]
    fn new(job_id: String, request_id: String, reason: String, allow_data_loss: bool) -> Self;
    #[doc(hidden)]
    fn job(answer: Self::Answer) -> Option<Job>;
}

impl JobRequest for CancelJobRequest {
    fn new(job_id: String, request_id: String, reason: String, _: bool) -> Self {
        Self { job_id, request_id, reason }
    }

    fn job(answer: CancelJobResponse) -> Option<Job> {
        answer.job
    }
}

impl JobRequest for RetryJobRequest {
    fn new(job_id: String, request_id: String, reason: String, allow_data_loss: bool) -> Self {
        Self { job_id, request_id, reason, allow_data_loss }
    }

    fn job(answer: RetryJobResponse) -> Option<Job> {
        answer.job
    }
}
