//! Deciding about a batch of mutations in one transaction.
//!
//! Each is decided on the result of the one before it. What is known of a company is read once per
//! batch and kept up to date here, and revisions are written together, so that a batch of many
//! small mutations costs few calls of the database.

mod batch;
mod connection;

use batch::Batch;

use super::read;
use super::rows::Rows;
use super::{Answer, Committed, Doorbell, Error};
use crate::domain::{
    CompanyId, ConnectionStatus, Digest, Job, JobId, Mutation, Refusal, RequestId, Revision,
};

/// Decides about a batch and writes what it leads to.
pub(super) async fn commit<R: Rows>(
    rows: &mut R,
    mutations: &[Mutation],
) -> Result<Vec<Result<Committed, Refusal>>, Error> {
    let mut batch = Batch::open(rows, mutations).await?;
    let mut answers = Vec::with_capacity(mutations.len());
    for mutation in mutations {
        answers.push(batch.decide(rows, mutation).await?);
    }
    batch.flush(rows).await?;
    Ok(answers)
}

/// Looks up a request id.
pub(super) async fn find_request<R: Rows>(
    rows: &mut R,
    company_id: CompanyId,
    request_id: RequestId,
    fingerprint: Digest,
) -> Answer<Option<Committed>> {
    let used = rows.requests(&[(company_id.clone(), request_id)]).await?;
    let Some(used) = used.into_iter().next() else { return Ok(Ok(None)) };
    if used.fingerprint != fingerprint {
        return Ok(Err(Refusal::RequestIdReused));
    }
    Ok(Ok(Some(repeated(rows, company_id, used.revision).await?)))
}

/// The answer to a request that was made before.
async fn repeated<R: Rows>(
    rows: &mut R,
    company_id: CompanyId,
    revision: Revision,
) -> Result<Committed, Error> {
    let job = read::job(rows, &company_id, revision).await?;
    let ring = match job.as_ref().filter(|job| !job.state.is_terminal()) {
        Some(job) => bells(rows, job).await?,
        None => Vec::new(),
    };
    let touched = Vec::new();
    Ok(Committed { revision, job, touched, repeated: true, ring, events: Vec::new() })
}

/// The connections in use at which a job has something to do.
async fn bells<R: Rows>(rows: &mut R, job: &Job) -> Result<Vec<Doorbell>, Error> {
    let JobId { company_id, .. } = &job.id;
    let heads = rows.heads(std::slice::from_ref(company_id)).await?;
    let is_open =
        |vendor| job.parts.iter().any(|part| part.vendor == vendor && !part.state.is_terminal());
    let connections = heads.into_iter().flat_map(|head| head.connections);
    let in_use = connections.filter(|connection| {
        connection.status == ConnectionStatus::Connected && is_open(connection.vendor)
    });
    let ring = |connection_id| Doorbell { company_id: company_id.clone(), connection_id };
    Ok(in_use.map(|connection| ring(connection.id)).collect())
}
