//! `DriftService`.

use std::collections::HashMap;

use futures::StreamExt as _;
use gomark_sdk::v1 as pb;
use pb::drift_service_server::DriftService;
use tonic::{Request, Response, Status};

use super::authenticate::caller;
use super::config_service::{Answers, answer, missing_company, refuse};
use super::mutate::mutate;
use super::{drift_requests as requests, envelope, paging};
use crate::domain::drift::{Policies, Policy, Which};
use crate::domain::{CompanyId, Intent, Resource, ResourceId, Violations};
use crate::engine::{Accepted, Engine, Imported};
use crate::store::DriftQuery;
use crate::wire;

/// Serves `DriftService`.
#[derive(Clone, Debug)]
pub(super) struct Drift {
    engine: Engine,
}

impl Drift {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine }
    }
}

#[tonic::async_trait]
impl DriftService for Drift {
    async fn import_vendor(
        &self,
        request: Request<pb::ImportVendorRequest>,
    ) -> Result<Response<pb::ImportVendorResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let (vendor, names) = match requests::import(&request) {
            Ok(asked) => asked,
            Err(violations) => {
                // The request id is looked up before a fault is told.
                let accepted = mutate(&self.engine, &request, caller, Err(violations)).await?;
                return Ok(Response::new(imported(&accepted, None, Vec::new())));
            }
        };
        let envelope = envelope::read(&request, caller, |_| {}).map_err(refuse)?;
        let came = self.engine.import(envelope, vendor, names).await.map_err(answer)?;
        let Imported { accepted, resources, skipped, observed_at } = came;
        let plan = accepted.plan.is_some().then(|| pb::Plan {
            operations: resources.iter().map(operation).collect(),
            observed_at: Some(wire::timestamp(observed_at)),
            estimate: None,
        });
        Ok(Response::new(imported(&accepted, plan, skipped)))
    }

    async fn scan_drift(
        &self,
        request: Request<pb::ScanDriftRequest>,
    ) -> Result<Response<pb::ScanDriftResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let mut found = Violations::new();
        let company_id = found.take(CompanyId::parse(&request.company_id));
        let vendor = found.take(requests::vendor(request.vendor)).flatten();
        let company_id = found.or(company_id).map_err(refuse)?.ok_or_else(missing_company)?;
        let scans = self.engine.scan(&caller, &company_id, vendor).await.map_err(answer)?;
        let scans = scans.iter().map(Into::into).collect();
        Ok(Response::new(pb::ScanDriftResponse { scans }))
    }

    async fn list_drift(
        &self,
        request: Request<pb::ListDriftRequest>,
    ) -> Result<Response<pb::ListDriftResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let mut found = Violations::new();
        let company_id = found.take(CompanyId::parse(&request.company_id));
        let limit = paging::page_size(&mut found, request.page_size);
        let states = requests::states(&mut found, &request.states);
        let list = format!("drift {} {:?}", request.company_id, request.states);
        let position = found.take(paging::position(&list, &request.page_token)).flatten();
        let company_id = found.or(company_id).map_err(refuse)?.ok_or_else(missing_company)?;
        let before_seq = position.and_then(|text| text.parse().ok()).unwrap_or(i64::MAX);
        let query = DriftQuery { states, after_seq: 0, before_seq: Some(before_seq), limit };
        let page = self.engine.drift(&caller, &company_id, query).await.map_err(answer)?;
        let scans = self.engine.scans(&caller, &company_id).await.map_err(answer)?;
        let last = page.items.last().filter(|_| page.more);
        let next_page_token = last.map(|item| paging::token(&list, &item.seq.to_string()));
        Ok(Response::new(pb::ListDriftResponse {
            items: page.items.iter().map(Into::into).collect(),
            next_page_token: next_page_token.unwrap_or_default(),
            scans: scans.iter().map(Into::into).collect(),
        }))
    }

    async fn resolve_drift(
        &self,
        request: Request<pb::ResolveDriftRequest>,
    ) -> Result<Response<pb::ResolveDriftResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let accepted = match requests::resolution(&request) {
            Err(violations) => mutate(&self.engine, &request, caller, Err(violations)).await?,
            Ok(resolution) => {
                let envelope = envelope::read(&request, caller, |_| {}).map_err(refuse)?;
                let ids = request.item_ids;
                self.engine.resolve(envelope, ids, resolution).await.map_err(answer)?
            }
        };
        let (revision, job) = (accepted.revision.get(), accepted.job.as_ref().map(Into::into));
        Ok(Response::new(pb::ResolveDriftResponse { revision, job }))
    }

    type WatchDriftStream = Answers<pb::WatchDriftResponse>;

    async fn watch_drift(
        &self,
        request: Request<pb::WatchDriftRequest>,
    ) -> Result<Response<Self::WatchDriftStream>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let mut found = Violations::new();
        let company_id = found.take(CompanyId::parse(&request.company_id));
        found.require(request.after_seq >= 0, "after_seq", "must not be negative");
        let company_id = found.or(company_id).map_err(refuse)?.ok_or_else(missing_company)?;
        let items = self.engine.watch_drift(&caller, company_id, request.after_seq).await;
        let items = items.map_err(answer)?.map(|item| match item {
            Ok(item) => Ok(pb::WatchDriftResponse { item: Some((&item).into()) }),
            Err(error) => Err(answer(error)),
        });
        Ok(Response::new(Box::pin(items)))
    }

    async fn set_policy(
        &self,
        request: Request<pb::SetPolicyRequest>,
    ) -> Result<Response<pb::SetPolicyResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let intent = requests::policy(&request).map(Intent::SetPolicy);
        let revision = mutate(&self.engine, &request, caller, intent).await?.revision.get();
        Ok(Response::new(pb::SetPolicyResponse { revision }))
    }

    async fn list_policies(
        &self,
        request: Request<pb::ListPoliciesRequest>,
    ) -> Result<Response<pb::ListPoliciesResponse>, Status> {
        let caller = caller(request.extensions())?;
        let id = CompanyId::parse(&request.into_inner().company_id);
        let id = id.map_err(|violation| refuse(violation.into()))?;
        let (policies, names) = self.engine.policies(&caller, &id).await.map_err(answer)?;
        let Policies { all, pause, .. } = policies;
        let now = self.engine.now();
        let pause = pause.filter(|(until, _)| *until > now);
        Ok(Response::new(pb::ListPoliciesResponse {
            policies: all.iter().map(|policy| told(policy, &names)).collect(),
            paused_until: pause.as_ref().map(|(until, _)| wire::timestamp(*until)),
            pause_reason: pause.map(|(_, reason)| reason).unwrap_or_default(),
        }))
    }

    async fn pause_enforcement(
        &self,
        request: Request<pb::PauseEnforcementRequest>,
    ) -> Result<Response<pb::PauseEnforcementResponse>, Status> {
        let caller = caller(request.extensions())?;
        let request = request.into_inner();
        let until = requests::moment(request.until.as_ref());
        let intent = until.map(|until| Intent::PauseEnforcement { until });
        let intent = intent.map_err(Violations::from);
        let revision = mutate(&self.engine, &request, caller, intent).await?.revision.get();
        Ok(Response::new(pb::PauseEnforcementResponse { revision }))
    }
}

fn imported(
    accepted: &Accepted,
    plan: Option<pb::Plan>,
    skipped: Vec<String>,
) -> pb::ImportVendorResponse {
    pb::ImportVendorResponse { revision: accepted.revision.get(), plan, skipped }
}

fn operation(resource: &Resource) -> pb::PlannedOperation {
    let kind = resource.kind();
    pb::PlannedOperation {
        vendor: pb::Vendor::from(kind.vendor()) as i32,
        kind: pb::OperationKind::Import as i32,
        resource_id: String::new(),
        summary: format!("import {} {}", kind.as_str(), resource.name()),
    }
}

/// Writes a policy, about a resource by its present name.
fn told(policy: &Policy, names: &HashMap<ResourceId, String>) -> pb::Policy {
    let resource = policy.target.resource.as_ref();
    let name = resource.map(|(_, which)| match which {
        Which::Id(id) => names.get(id).cloned().unwrap_or_else(|| id.to_string()),
        Which::Name(name) => name.clone(),
    });
    pb::Policy {
        target: Some(pb::PolicyTarget {
            kind: resource.map_or(pb::ResourceKind::Unspecified, |(kind, _)| wire::kind(*kind))
                as i32,
            name: name.unwrap_or_default(),
            attribute: policy.target.attribute.clone().unwrap_or_default(),
        }),
        mode: wire::mode(policy.mode) as i32,
        reason: policy.reason.clone(),
        until: policy.until.map(wire::timestamp),
    }
}
