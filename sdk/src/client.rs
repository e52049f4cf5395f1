//! The client: one connection, and every call that can be made over it.

mod auth;
mod builder;
mod endpoint;
#[cfg(feature = "tls")]
mod tls;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use auth::Auth;
pub use builder::ClientBuilder;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

use crate::error::{Error, Result};
use crate::get_config::GetConfig;
use crate::job::{JobCommand, JobHandle};
use crate::listing::Listing;
use crate::preview::Preview;
use crate::retry::RetryPolicy;
use crate::rpc;
use crate::v1::company_service_client::CompanyServiceClient;
use crate::v1::config_service_client::ConfigServiceClient;
use crate::v1::drift_service_client::DriftServiceClient;
use crate::v1::preview_cadence_request::Which;
use crate::v1::{
    CancelJobRequest, Company, GetCompanyRequest, GetJobRequest, Job, ListAuditRequest,
    ListCompaniesRequest, ListJobsRequest, RetryJobRequest, WatchConfigRequest, WatchDriftRequest,
};
use crate::watch::{DriftItems, Revisions};

/// The generated client of `ConfigService`, with the token of the [`Client`] it came from.
pub type RawConfigClient = ConfigServiceClient<InterceptedService<Channel, Auth>>;

/// The generated client of `CompanyService`, with the token of the [`Client`] it came from.
pub type RawCompanyClient = CompanyServiceClient<InterceptedService<Channel, Auth>>;

/// The generated client of `DriftService`, with the token of the [`Client`] it came from.
pub type RawDriftClient = DriftServiceClient<InterceptedService<Channel, Auth>>;

/// Talks to GoMark. Cheap to clone; clones share one connection, which is made anew by itself.
///
/// Mutations, such as [`add_field`](Self::add_field), answer a [`Mutate`](crate::Mutate): add
/// options and `.await` it. Lists answer a [`Listing`], a stream that fetches its pages by itself.
#[derive(Clone)]
pub struct Client {
    pub(crate) stubs: Arc<Stubs>,
    pub(crate) endpoint: Arc<str>,
    pub(crate) timeout: Duration,
    pub(crate) retry: RetryPolicy,
}

/// The generated clients, which every call clones.
pub struct Stubs {
    pub(crate) config: RawConfigClient,
    pub(crate) company: RawCompanyClient,
    pub(crate) drift: RawDriftClient,
}

impl Stubs {
    fn new(channel: Channel, auth: Auth, message_bytes_max: usize) -> Self {
        Self {
            config: ConfigServiceClient::with_interceptor(channel.clone(), auth.clone())
                .max_decoding_message_size(message_bytes_max),
            company: CompanyServiceClient::with_interceptor(channel.clone(), auth.clone())
                .max_decoding_message_size(message_bytes_max),
            drift: DriftServiceClient::with_interceptor(channel, auth)
                .max_decoding_message_size(message_bytes_max),
        }
    }
}

impl fmt::Debug for Stubs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stubs").finish_non_exhaustive()
    }
}

impl Client {
    /// Begins a client for an endpoint, `http://HOST:PORT` or `https://HOST[:PORT]`.
    pub fn builder(endpoint: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(endpoint.into())
    }

    /// Returns the endpoint that the client was made for.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the same client with another time-out per call.
    #[must_use]
    pub fn with_timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Returns the same client with another policy of repeats.
    #[must_use]
    pub fn with_retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Reads the configuration of a company: the latest, unless a revision is asked for.
    pub fn get_config(&self, company_id: impl Into<String>) -> GetConfig {
        GetConfig::new(self.clone(), company_id.into())
    }

    /// Follows a company: the audit entries of its revisions after `after_revision` (0: from the
    /// beginning), past and to come, one per revision. There is no end: the next one may always
    /// come.
    pub fn watch_config(&self, company_id: impl Into<String>, after_revision: i64) -> Revisions {
        let request = WatchConfigRequest { company_id: company_id.into(), after_revision };
        Revisions::new(self.clone(), request)
    }

    /// Follows the inbox of a company: items that changed after `after_seq` (0: all that there are first),
    /// past and to come, each as it is then.
    pub fn watch_drift(&self, company_id: impl Into<String>, after_seq: i64) -> DriftItems {
        let request = WatchDriftRequest { company_id: company_id.into(), after_seq };
        DriftItems::new(self.clone(), request)
    }

    /// Shows the calendar and the texts that somebody would meet who starts a cadence: one that is
    /// decided, by its id, or a [`Cadence`](crate::v1::Cadence) that is not. Changes nothing.
    pub fn preview_cadence(
        &self,
        company_id: impl Into<String>,
        which: impl Into<Which>,
    ) -> Preview {
        Preview::new(self.clone(), company_id.into(), which.into())
    }

    /// Reads a company.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT`; `NOT_FOUND`.
    pub async fn get_company(&self, company_id: impl Into<String>) -> Result<Company> {
        let request = GetCompanyRequest { company_id: company_id.into() };
        let answer = rpc::call(self, request, None).await?;
        answer.company.ok_or(Error::Answer { problem: "it lacks the company" })
    }

    /// Lists the companies that the caller may see, by id.
    pub fn list_companies(&self) -> Listing<ListCompaniesRequest> {
        Listing::new(self.clone(), ListCompaniesRequest::default())
    }

    /// Lists the audit log of a company, the oldest entry first.
    pub fn list_audit(&self, company_id: impl Into<String>) -> Listing<ListAuditRequest> {
        let request =
            ListAuditRequest { company_id: company_id.into(), ..ListAuditRequest::default() };
        Listing::new(self.clone(), request)
    }

    /// Lists the jobs of a company, the newest first.
    pub fn list_jobs(&self, company_id: impl Into<String>) -> Listing<ListJobsRequest> {
        let request =
            ListJobsRequest { company_id: company_id.into(), ..ListJobsRequest::default() };
        Listing::new(self.clone(), request)
    }

    /// Reads a job.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT`; `NOT_FOUND`.
    pub async fn get_job(&self, job_id: impl Into<String>) -> Result<Job> {
        let answer = rpc::call(self, GetJobRequest { job_id: job_id.into() }, None).await?;
        answer.job.ok_or(Error::Answer { problem: "it lacks the job" })
    }

    /// Returns a handle to a job, without asking the server whether there is one.
    pub fn job(&self, job_id: impl Into<String>) -> JobHandle {
        JobHandle::new(self.clone(), job_id.into())
    }

    /// Stops a job. Its resources are left alone until it is retried or a newer revision comes;
    /// what was decided stays: [`rollback`](Self::rollback) takes it back.
    pub fn cancel_job(&self, job_id: impl Into<String>) -> JobCommand<CancelJobRequest> {
        JobCommand::new(self.clone(), job_id.into())
    }

    /// Sets a failed or cancelled job going again.
    pub fn retry_job(&self, job_id: impl Into<String>) -> JobCommand<RetryJobRequest> {
        JobCommand::new(self.clone(), job_id.into())
    }

    /// Returns the generated client of `ConfigService`, for what this SDK has no form for. It has
    /// the token and the message size, but neither time-out nor repeats.
    pub fn raw_config(&self) -> RawConfigClient {
        self.stubs.config.clone()
    }

    /// Returns the generated client of `CompanyService`: see [`raw_config`](Self::raw_config).
    pub fn raw_company(&self) -> RawCompanyClient {
        self.stubs.company.clone()
    }

    /// Returns the generated client of `DriftService`: see [`raw_config`](Self::raw_config). It has
    /// `WatchDrift`.
    pub fn raw_drift(&self) -> RawDriftClient {
        self.stubs.drift.clone()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.endpoint)
            .field("timeout", &self.timeout)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
