//! Mutations: one mechanism for what all of them have in common.

mod cadences;
mod drift;
mod groups;
mod requests;

use std::fmt;
use std::future::IntoFuture;

use uuid::Uuid;

use crate::client::Client;
use crate::error::Error;
use crate::job::JobHandle;
use crate::rpc::{self, CallFuture, Rpc};
use crate::v1::*;

/// Asks for a change; `.await` it.
///
/// Without [`request_id`](Self::request_id) it gets one of its own, which every repeat of this
/// call carries. The methods of [`Client`] that make it list the errors; all mutations have
/// `INVALID_ARGUMENT`, `ABORTED` (not the expected revision) and `UNAVAILABLE` (the outcome is
/// unknown; repeat it with [`Error::request_id`]).
#[derive(Clone)]
#[must_use = "nothing is asked until it is awaited"]
pub struct Mutate<M: Mutation> {
    client: Client,
    request: M,
    request_id: Option<String>,
}

/// What a mutation led to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Change {
    /// The company's revision after the change; the present one when nothing changed.
    pub revision: i64,
    /// The job that carries it out; `None` when nothing is to be done at a vendor.
    pub job: Option<JobHandle>,
    /// What it leads to at the vendors; `None` in the answer to a repeated request id.
    pub plan: Option<Plan>,
    /// What will not work, or was left out, each as one line: the scopes that a credential lacks, what
    /// cannot be imported.
    pub warnings: Vec<String>,
    /// The request id that the mutation was sent with; `None` with `validate_only`.
    pub request_id: Option<String>,
}

impl<M: Mutation> Mutate<M> {
    fn new(client: &Client, request: M) -> Self {
        Self { client: client.clone(), request, request_id: None }
    }

    /// Sets the id that makes the call safe to repeat, also by another process: up to 128
    /// characters, unique per company. Empty: one is made.
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into()).filter(|id| !id.is_empty());
        self
    }

    /// Refuses the change with `ABORTED` unless the company is at this revision. 0: any.
    pub fn expected_revision(mut self, revision: i64) -> Self {
        *self.request.expected_revision_mut() = revision;
        self
    }

    /// Checks everything, answers the present revision and the plan, and changes nothing. It is
    /// sent without a request id, also when one is set.
    pub fn validate_only(mut self) -> Self {
        *self.request.validate_only_mut() = true;
        self
    }

    /// Says why, for the audit log. At most 1,000 characters.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        *self.request.reason_mut() = reason.into();
        self
    }
}

impl<M: Mutation> IntoFuture for Mutate<M> {
    type Output = Result<Change, Error>;
    type IntoFuture = CallFuture<Change>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { client, mut request, request_id } = self;
        let request_id = if *request.validate_only_mut() {
            None
        } else {
            Some(request_id.unwrap_or_else(new_request_id))
        };
        if let Some(id) = &request_id {
            request.request_id_mut().clone_from(id);
        }
        Box::pin(async move {
            let answer = rpc::call(&client, request, request_id.clone()).await?;
            let Outcome { revision, job, plan, warnings } = M::outcome(answer);
            let job = job.map(|job| JobHandle::known(client, job));
            Ok(Change { revision, job, plan, warnings, request_id })
        })
    }
}

impl<M: Mutation> fmt::Debug for Mutate<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutate")
            .field("request", &self.request)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

/// Makes a request id.
pub(crate) fn new_request_id() -> String {
    Uuid::new_v4().to_string()
}

/// A request for a change. Implemented here for all of them; it cannot be implemented elsewhere.
pub trait Mutation: Rpc {
    #[doc(hidden)]
    fn request_id_mut(&mut self) -> &mut String;
    #[doc(hidden)]
    fn expected_revision_mut(&mut self) -> &mut i64;
    #[doc(hidden)]
    fn validate_only_mut(&mut self) -> &mut bool;
    #[doc(hidden)]
    fn reason_mut(&mut self) -> &mut String;
    #[doc(hidden)]
    fn outcome(answer: Self::Answer) -> Outcome;
}

/// What the answer to a mutation says.
#[derive(Debug, Default)]
pub struct Outcome {
    revision: i64,
    job: Option<Job>,
    plan: Option<Plan>,
    warnings: Vec<String>,
}

macro_rules! mutations {
    ($($request:ident -> $answer:ident { $($field:ident $(: $of:ident)?),* };)*) => {$(
        impl Mutation for $request {
            fn request_id_mut(&mut self) -> &mut String {
                &mut self.request_id
            }

            fn expected_revision_mut(&mut self) -> &mut i64 {
                &mut self.expected_revision
            }

            fn validate_only_mut(&mut self) -> &mut bool {
                &mut self.validate_only
            }

            fn reason_mut(&mut self) -> &mut String {
                &mut self.reason
            }

            #[allow(clippy::needless_update)] // of an answer that has all there is
            fn outcome(answer: $answer) -> Outcome {
                Outcome {
                    revision: answer.revision,
                    $($field: mutations!(@of answer $field $($of)?),)*
                    ..Outcome::default()
                }
            }
        }
    )*};
    (@of $answer:ident $field:ident) => { $answer.$field };
    (@of $answer:ident $field:ident $of:ident) => { $answer.$of };
}

mutations! {
    AddFieldRequest -> AddFieldResponse { job, plan };
    ModifyFieldRequest -> ModifyFieldResponse { job, plan };
    RemoveFieldRequest -> RemoveFieldResponse { job, plan };
    AddCadenceRequest -> AddCadenceResponse { job, plan };
    ModifyCadenceRequest -> ModifyCadenceResponse { job, plan };
    RemoveCadenceRequest -> RemoveCadenceResponse { job, plan };
    AddGroupRequest -> AddGroupResponse { job, plan };
    ModifyGroupRequest -> ModifyGroupResponse { job, plan };
    RemoveGroupRequest -> RemoveGroupResponse { job, plan };
    RollbackRequest -> RollbackResponse { job, plan };
    RegisterCompanyRequest -> RegisterCompanyResponse { job, plan };
    UpdateCompanyRequest -> UpdateCompanyResponse { job, plan };
    ConnectVendorRequest -> ConnectVendorResponse { job, plan, warnings };
    DisconnectVendorRequest -> DisconnectVendorResponse { job, plan };
    ImportVendorRequest -> ImportVendorResponse { plan, warnings: skipped };
    ResolveDriftRequest -> ResolveDriftResponse { job };
    SetPolicyRequest -> SetPolicyResponse {};
    PauseEnforcementRequest -> PauseEnforcementResponse {};
}
