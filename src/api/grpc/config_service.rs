//! `ConfigService`.

use std::pin::Pin;

use futures::{Stream, StreamExt};
use gomark_sdk::v1 as pb;
use tonic::{Request, Response, Status};

use super::authenticate::caller;
use super::encoded::Encoded;
use super::envelope::{check_reason, fingerprint};
use super::generated::config_service_server::ConfigService;
use super::mutate::{answered, mutate};
use super::status::{self, Answered};
use super::{cadence_requests, group_requests, paging, requests};
use crate::domain::{
    Caller, CompanyId, Intent, JobAction, RequestId, Revision, Violation, Violations,
};
use crate::engine::{Engine, Error};
use crate::store::{AuditQuery, JobControl, StoredEntry, record};

/// At how many bytes of records a page of the audit log ends: with `include_records` every entry
/// travels twice, and the whole has to fit into a message of 4 MiB.
const AUDIT_PAGE_BYTES: usize = 1024 * 1024;

/// Serves `ConfigService`.
#[derive(Clone, Debug)]
pub(super) struct Config {
    engine: Engine,
}

impl Config {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine }
    }

    async fn control(
        &self,
        action: JobAction,
        caller: Caller,
        request: pb::CancelJobRequest,
        allow_data_loss: bool,
    ) -> Result<pb::Job, Status> {
        let mut found = Violations::new();
        let request_id = found.take(RequestId::parse(&request.request_id)).flatten();
        check_reason(&mut found, &request.reason);
        found.or(()).map_err(refuse)?;
        let job_id = requests::job_id(&request.job_id).map_err(Error::from).map_err(answer)?;
        let rpc = match action {
            JobAction::Cancel => "CancelJob",
            JobAction::Retry if allow_data_loss => "RetryJob allowing data loss",
            JobAction::Retry => "RetryJob",
        };
        let bare = pb::CancelJobRequest { request_id: String::new(), ..request.clone() };
        let control = JobControl {
            job_id,
            action,
            allow_data_loss,
            request_id,
            fingerprint: fingerprint(rpc, &bare),
            reason: request.reason,
            caller,
        };
        let job = self.engine.control(control).await.map_err(answer)?;
        Ok((&job).into())
    }
}

pub(super) fn answer(error: Error) -> Status {
    Answered::from(error).into()
}

pub(super) fn refuse(violations: Violations) -> Status {
    status::invalid(&violations)
}

#[tonic::async_trait]
impl ConfigService for Config {
    async fn add_field(
        &self,
        request: Request<pb::AddFieldRequest>,
    ) -> Result<Response<pb::AddFieldResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let intent = requests::add_field(request.field.clone(), request.backfill);
        answered!(AddFieldResponse, mutate(&self.engine, &request, caller, intent).await?)
    }

    async fn modify_field(
        &self,
        request: Request<pb::ModifyFieldRequest>,
    ) -> Result<Response<pb::ModifyFieldResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let intent = requests::modify_field(request.clone());
        answered!(ModifyFieldResponse, mutate(&self.engine, &request, caller, intent).await?)
    }

    async fn remove_field(
        &self,
        request: Request<pb::RemoveFieldRequest>,
    ) -> Result<Response<pb::RemoveFieldResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let (name, allow_data_loss) = (request.name.clone(), request.allow_data_loss);
        let intent = Ok(Intent::RemoveField { name, allow_data_loss });
        answered!(RemoveFieldResponse, mutate(&self.engine, &request, caller, intent).await?)
    }

    async fn add_group(
        &self,
        request: Request<pb::AddGroupRequest>,
    ) -> Result<Response<pb::AddGroupResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let intent = group_requests::add_group(request.group.clone());
        answered!(AddGroupResponse, mutate(&self.engine, &request, caller, intent).await?)
    }

    async fn modify_group(
        &self,
        request: Request<pb::ModifyGroupRequest>,
    ) -> Result<Response<pb::ModifyGroupResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let intent = group_requests::modify_group(request.clone());
        answered!(ModifyGroupResponse, mutate(&self.engine, &request, caller, intent).await?)
    }

    async fn remove_group(
        &self,
        request: Request<pb::RemoveGroupRequest>,
    ) -> Result<Response<pb::RemoveGroupResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let intent = Ok(Intent::RemoveGroup { name: request.name.clone() });
        answered!(RemoveGroupResponse, mutate(&self.engine, &request, caller, intent).await?)
    }

    async fn add_cadence(
        &self,
        request: Request<pb::AddCadenceRequest>,
    ) -> Result<Response<pb::AddCadenceResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let intent = cadence_requests::add_cadence(request.cadence.clone());
        answered!(AddCadenceResponse, mutate(&self.engine, &request, caller, intent).await?)
    }

    async fn modify_cadence(
        &self,
        request: Request<pb::ModifyCadenceRequest>,
    ) -> Result<Response<pb::ModifyCadenceResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let intent = cadence_requests::modify_cadence(request.clone());
        answered!(ModifyCadenceResponse, mutate(&self.engine, &request, caller, intent).await?)
    }

    async fn remove_cadence(
        &self,
        request: Request<pb::RemoveCadenceRequest>,
    ) -> Result<Response<pb::RemoveCadenceResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let intent = Ok(Intent::RemoveCadence { cadence_id: request.cadence_id.clone() });
        answered!(RemoveCadenceResponse, mutate(&self.engine, &request, caller, intent).await?)
    }

    async fn preview_cadence(
        &self,
        request: Request<pb::PreviewCadenceRequest>,
    ) -> Result<Response<pb::PreviewCadenceResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let mut found = Violations::new();
        let company_id = found.take(CompanyId::parse(&request.company_id));
        let samples = cadence_requests::samples(&mut found, &request.samples);
        let which = found.take_all(cadence_requests::previewed(request.which));
        let start = cadence_requests::start(&mut found, request.start.as_ref());
        let read = found.or(company_id.zip(which)).map_err(refuse)?;
        let (company_id, which) = read.ok_or_else(missing_company)?;
        let shown = self.engine.preview_cadence(&caller, &company_id, which, start, &samples).await;
        let (cadence, steps) = shown.map_err(answer)?;
        Ok(Response::new(pb::PreviewCadenceResponse {
            cadence: Some((&cadence).into()),
            steps: steps.iter().map(Into::into).collect(),
        }))
    }

    async fn rollback(
        &self,
        request: Request<pb::RollbackRequest>,
    ) -> Result<Response<pb::RollbackResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let (to, allow_data_loss) = (Revision::new(request.to_revision), request.allow_data_loss);
        let intent = Ok(Intent::Rollback { to, allow_data_loss });
        answered!(RollbackResponse, mutate(&self.engine, &request, caller, intent).await?)
    }

    async fn get_config(
        &self,
        request: Request<pb::GetConfigRequest>,
    ) -> Result<Response<Encoded>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let mut found = Violations::new();
        let company_id = found.take(CompanyId::parse(&request.company_id));
        let revision = requests::revision(&mut found, "revision", request.revision);
        let min = requests::revision(&mut found, "min_revision", request.min_revision);
        let company_id = found.or(company_id).map_err(refuse)?.ok_or_else(missing_company)?;
        let min = min.unwrap_or_default();
        let config =
            self.engine.config(&caller, &company_id, revision, min).await.map_err(answer)?;
        Ok(Response::new(Encoded(config)))
    }

    async fn list_audit(
        &self,
        request: Request<pb::ListAuditRequest>,
    ) -> Result<Response<pb::ListAuditResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let mut found = Violations::new();
        let company_id = found.take(CompanyId::parse(&request.company_id));
        let limit = paging::page_size(&mut found, request.page_size);
        let after = requests::revision(&mut found, "after_revision", request.after_revision);
        let list = format!(
            "audit {} {} {}",
            request.company_id, request.after_revision, request.newest_first
        );
        let position = found.take(position(&list, &request.page_token)).flatten();
        let company_id = found.or(company_id).map_err(refuse)?.ok_or_else(missing_company)?;
        let after = after.unwrap_or_default();
        let query = AuditQuery {
            after: if request.newest_first { after } else { position.unwrap_or(after) },
            before: position.filter(|_| request.newest_first),
            newest_first: request.newest_first,
            limit,
            bytes_max: AUDIT_PAGE_BYTES,
        };
        let page = self.engine.entries(&caller, &company_id, query).await.map_err(answer)?;
        let last = page.items.last().filter(|_| page.more);
        let next_page_token = last.map(|entry| paging::token(&list, &entry.revision.to_string()));
        let entries = page.items.into_iter().map(|stored| entry(stored, request.include_records));
        Ok(Response::new(pb::ListAuditResponse {
            entries: entries.collect::<Result<_, _>>()?,
            next_page_token: next_page_token.unwrap_or_default(),
        }))
    }

    async fn get_job(
        &self,
        request: Request<pb::GetJobRequest>,
    ) -> Result<Response<pb::GetJobResponse>, Status> {
        let caller = caller(request.extensions())?;
        let id = requests::job_id(&request.into_inner().job_id);
        let id = id.map_err(Error::from).map_err(answer)?;
        let job = self.engine.job(&caller, &id).await.map_err(answer)?;
        Ok(Response::new(pb::GetJobResponse { job: Some((&job).into()) }))
    }

    async fn list_jobs(
        &self,
        request: Request<pb::ListJobsRequest>,
    ) -> Result<Response<pb::ListJobsResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let mut found = Violations::new();
        let company_id = found.take(CompanyId::parse(&request.company_id));
        let limit = paging::page_size(&mut found, request.page_size);
        let states = requests::states(&mut found, &request.states);
        let list = format!("jobs {} {:?}", request.company_id, request.states);
        let before = found.take(position(&list, &request.page_token)).flatten();
        let company_id = found.or(company_id).map_err(refuse)?.ok_or_else(missing_company)?;
        let page = self.engine.jobs(&caller, &company_id, &states, before, limit).await;
        let page = page.map_err(answer)?;
        let last = page.items.last().filter(|_| page.more);
        let next_page_token = last.map(|job| paging::token(&list, &job.id.revision.to_string()));
        Ok(Response::new(pb::ListJobsResponse {
            jobs: page.items.iter().map(Into::into).collect(),
            next_page_token: next_page_token.unwrap_or_default(),
        }))
    }

    async fn cancel_job(
        &self,
        request: Request<pb::CancelJobRequest>,
    ) -> Result<Response<pb::CancelJobResponse>, Status> {
        let caller = caller(request.extensions())?;
        let job = self.control(JobAction::Cancel, caller, request.into_inner(), false).await?;
        Ok(Response::new(pb::CancelJobResponse { job: Some(job) }))
    }

    async fn retry_job(
        &self,
        request: Request<pb::RetryJobRequest>,
    ) -> Result<Response<pb::RetryJobResponse>, Status> {
        let caller = caller(request.extensions())?;
        let pb::RetryJobRequest { job_id, request_id, reason, allow_data_loss } =
            request.into_inner();
        let request = pb::CancelJobRequest { job_id, request_id, reason };
        let job = self.control(JobAction::Retry, caller, request, allow_data_loss).await?;
        Ok(Response::new(pb::RetryJobResponse { job: Some(job) }))
    }

    type WatchJobStream = Answers<pb::WatchJobResponse>;

    async fn watch_job(
        &self,
        request: Request<pb::WatchJobRequest>,
    ) -> Result<Response<Self::WatchJobStream>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let mut found = Violations::new();
        found.require(request.after_seq >= 0, "after_seq", "must not be negative");
        found.or(()).map_err(refuse)?;
        let id = requests::job_id(&request.job_id).map_err(Error::from).map_err(answer)?;
        let events = self.engine.watch(&caller, id, request.after_seq).await.map_err(answer)?;
        let events = events.map(|event| match event {
            Ok(event) => Ok(pb::WatchJobResponse { event: Some((&event).into()) }),
            Err(error) => Err(answer(error)),
        });
        Ok(Response::new(Box::pin(events)))
    }

    type WatchConfigStream = Answers<pb::WatchConfigResponse>;

    async fn watch_config(
        &self,
        request: Request<pb::WatchConfigRequest>,
    ) -> Result<Response<Self::WatchConfigStream>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let mut found = Violations::new();
        let company_id = found.take(CompanyId::parse(&request.company_id));
        let after = requests::revision(&mut found, "after_revision", request.after_revision);
        let company_id = found.or(company_id).map_err(refuse)?.ok_or_else(missing_company)?;
        let after = after.unwrap_or_default();
        let entries = self.engine.watch_config(&caller, company_id, after).await.map_err(answer)?;
        let entries = entries.map(|stored| {
            let entry = Some(entry(stored.map_err(answer)?, false)?);
            Ok(pb::WatchConfigResponse { entry })
        });
        Ok(Response::new(Box::pin(entries)))
    }
}

/// What a stream answers.
pub(super) type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send + 'static>>;

fn position(list: &str, token: &str) -> Result<Option<Revision>, Violation> {
    let position = paging::position(list, token)?;
    let revision = position.and_then(|text| text.parse::<i64>().ok());
    Ok(revision.map(Revision::new))
}

pub(super) fn missing_company() -> Status {
    refuse(Violation::new("company_id", "must be given").into())
}

/// Writes a stored entry: what its record says, and the hash that the database keeps for it.
fn entry(stored: StoredEntry, include_record: bool) -> Result<pb::AuditEntry, Status> {
    let entry = record::decode(&stored.record).map_err(|error| status::internal(&error))?;
    Ok(pb::AuditEntry {
        hash: stored.hash,
        record: if include_record { stored.record } else { Vec::new() },
        ..pb::AuditEntry::from(&entry)
    })
}
