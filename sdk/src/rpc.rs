//! Which request goes to which method, and how one unary call is made.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use futures::future::BoxFuture;
use tokio::time::{Instant, sleep_until, timeout_at};
use tonic::{Request, Response, Status};

use crate::client::{Client, Stubs};
use crate::error::{CallError, Result};
use crate::v1::*;

/// The future of a call that was begun by `.await`ing a request builder.
pub type CallFuture<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// A request message of a unary method. Implemented here for all of them; it cannot be implemented
/// elsewhere.
pub trait Rpc: Clone + fmt::Debug + Send + Sync + Unpin + 'static {
    /// The message that answers it.
    type Answer: Send + 'static;

    /// Sends the request once, over the stub of its service.
    #[doc(hidden)]
    fn send(
        stubs: &Stubs,
        request: Request<Self>,
    ) -> BoxFuture<'static, Result<Response<Self::Answer>, Status>>;
}

macro_rules! rpcs {
    ($($service:ident: { $($method:ident($request:ident) -> $answer:ident,)* })*) => {$($(
        impl Rpc for $request {
            type Answer = $answer;

            fn send(
                stubs: &Stubs,
                request: Request<Self>,
            ) -> BoxFuture<'static, Result<Response<$answer>, Status>> {
                let mut stub = stubs.$service.clone();
                Box::pin(async move { stub.$method(request).await })
            }
        }
    )*)*};
}

rpcs! {
    config: {
        add_field(AddFieldRequest) -> AddFieldResponse,
        modify_field(ModifyFieldRequest) -> ModifyFieldResponse,
        remove_field(RemoveFieldRequest) -> RemoveFieldResponse,
        add_group(AddGroupRequest) -> AddGroupResponse,
        modify_group(ModifyGroupRequest) -> ModifyGroupResponse,
        remove_group(RemoveGroupRequest) -> RemoveGroupResponse,
        add_cadence(AddCadenceRequest) -> AddCadenceResponse,
        modify_cadence(ModifyCadenceRequest) -> ModifyCadenceResponse,
        remove_cadence(RemoveCadenceRequest) -> RemoveCadenceResponse,
        preview_cadence(PreviewCadenceRequest) -> PreviewCadenceResponse,
        get_config(GetConfigRequest) -> GetConfigResponse,
        list_audit(ListAuditRequest) -> ListAuditResponse,
        rollback(RollbackRequest) -> RollbackResponse,
        get_job(GetJobRequest) -> GetJobResponse,
        list_jobs(ListJobsRequest) -> ListJobsResponse,
        cancel_job(CancelJobRequest) -> CancelJobResponse,
        retry_job(RetryJobRequest) -> RetryJobResponse,
    }
    drift: {
        import_vendor(ImportVendorRequest) -> ImportVendorResponse,
        scan_drift(ScanDriftRequest) -> ScanDriftResponse,
        list_drift(ListDriftRequest) -> ListDriftResponse,
        resolve_drift(ResolveDriftRequest) -> ResolveDriftResponse,
        set_policy(SetPolicyRequest) -> SetPolicyResponse,
        list_policies(ListPoliciesRequest) -> ListPoliciesResponse,
        pause_enforcement(PauseEnforcementRequest) -> PauseEnforcementResponse,
    }
    company: {
        register_company(RegisterCompanyRequest) -> RegisterCompanyResponse,
        get_company(GetCompanyRequest) -> GetCompanyResponse,
        list_companies(ListCompaniesRequest) -> ListCompaniesResponse,
        update_company(UpdateCompanyRequest) -> UpdateCompanyResponse,
        connect_vendor(ConnectVendorRequest) -> ConnectVendorResponse,
        disconnect_vendor(DisconnectVendorRequest) -> DisconnectVendorResponse,
    }
}

/// Makes one call: sends `message` until it is answered, refused for good, or the limits of the
/// client are reached. `request_id` is the one that `message` carries, for the error.
///
/// The client's time-out covers the whole call; each attempt tells the server what is left of it.
pub(crate) async fn call<R: Rpc>(
    client: &Client,
    message: R,
    request_id: Option<String>,
) -> Result<R::Answer> {
    let deadline = Instant::now() + client.timeout;
    let mut backoff = client.retry.for_call();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut request = Request::new(message.clone());
        request.set_timeout(left);
        let error: CallError = match timeout_at(deadline, R::send(&client.stubs, request)).await {
            Ok(Ok(answer)) => return Ok(answer.into_inner()),
            Ok(Err(status)) if Instant::now() >= deadline => CallError::from(status).at_deadline(),
            Ok(Err(status)) => status.into(),
            Err(_) => {
                let limit = client.timeout;
                Status::deadline_exceeded(format!("no answer within {limit:?}")).into()
            }
        };
        match backoff.after(&error).filter(|again_at| *again_at < deadline) {
            Some(again_at) => sleep_until(again_at).await,
            None => return Err(error.with_request_id(request_id).into()),
        }
    }
}
