//! Jobs and their items.

use async_trait::async_trait;

use crate::domain::{CompanyId, JobId, JobState, ResourceId, Revision, VendorKind};
use crate::store::Error;
use crate::store::progress::{ItemRow, JobRow, Progress};

/// Jobs and their items.
#[async_trait]
pub(in crate::store) trait JobRows {
    /// Reads those of these jobs of a company that there are.
    async fn jobs_at(
        &mut self,
        company_id: &CompanyId,
        revisions: &[Revision],
    ) -> Result<Vec<JobRow>, Error>;

    /// Lists jobs, the newest first, before a revision where it is given, in one of these states
    /// unless there are none.
    async fn list_jobs(
        &mut self,
        company_id: &CompanyId,
        states: &[JobState],
        before: Option<Revision>,
        limit: usize,
    ) -> Result<Vec<JobRow>, Error>;

    /// Lists jobs whose part at a vendor has not ended, the oldest first.
    async fn open_jobs(
        &mut self,
        company_id: &CompanyId,
        vendor: VendorKind,
        limit: usize,
    ) -> Result<Vec<JobRow>, Error>;

    /// Reads the pending and failed items of these resources, whatever their job.
    async fn unsettled_items(
        &mut self,
        company_id: &CompanyId,
        vendor: VendorKind,
        ids: &[ResourceId],
    ) -> Result<Vec<ItemRow>, Error>;

    /// Reads the items of a job.
    async fn items_of(&mut self, id: &JobId) -> Result<Vec<ItemRow>, Error>;

    /// Writes what a step changes, events included.
    async fn write_progress(
        &mut self,
        company_id: &CompanyId,
        progress: &Progress,
    ) -> Result<(), Error>;

    /// Writes how far the long work of parts of jobs is.
    async fn write_work(
        &mut self,
        company_id: &CompanyId,
        work: &[(Revision, VendorKind, String)],
    ) -> Result<(), Error>;
}
