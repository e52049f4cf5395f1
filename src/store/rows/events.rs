//! Events of jobs.

use async_trait::async_trait;

use crate::domain::{Digest, JobEvent, JobId, JobState, RequestId};
use crate::store::Error;

/// Events of a job, with where the job stands.
#[derive(Clone, Debug)]
pub(in crate::store) struct EventsOf {
    pub(in crate::store) state: JobState,
    pub(in crate::store) last_seq: i64,
    pub(in crate::store) events: Vec<JobEvent>,
}

/// Events of jobs.
#[async_trait]
pub(in crate::store) trait EventRows {
    /// Reads the fingerprint of a cancel or retry of a job.
    async fn control_request(
        &mut self,
        id: &JobId,
        request_id: &RequestId,
    ) -> Result<Option<Digest>, Error>;

    /// Reads events of a job after `after_seq`, oldest first.
    async fn events_after(
        &mut self,
        id: &JobId,
        after_seq: i64,
        limit: usize,
    ) -> Result<Option<EventsOf>, Error>;
}
