//! A server that records what it is asked and answers as it is told to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use gomark_sdk::v1::company_service_server::{CompanyService, CompanyServiceServer};
use gomark_sdk::v1::config_service_server::{ConfigService, ConfigServiceServer};
use gomark_sdk::v1::*;
use gomark_sdk::{Client, ClientBuilder, RetryPolicy};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::metadata::MetadataMap;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// One call as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: &'static str,
    pub(crate) metadata: MetadataMap,
    /// The request, printed.
    pub(crate) request: String,
    /// The message as it was sent: `request` shows no credential.
    pub(crate) sent: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.metadata.get(name).map(|value| value.to_str().unwrap())
    }

    /// The request id, taken from the printed request.
    pub(crate) fn request_id(&self) -> &str {
        let (_, rest) = self.request.split_once("request_id: \"").expect("a request id");
        rest.split('"').next().unwrap()
    }
}

/// What a watch does.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Event(i64, JobState),
    Revision(i64),
    Refuse(Status),
    /// Stays silent for ever.
    Hang,
}

/// What the server is told to do.
#[derive(Default)]
pub(crate) struct Script {
    /// The next calls, of any unary method, are refused with these.
    pub(crate) refusals: VecDeque<Status>,
    /// How many of the next calls are never answered.
    pub(crate) hangs: usize,
    /// The answers to GetJob; the last is repeated.
    pub(crate) jobs: VecDeque<Job>,
    /// The job that mutations answer.
    pub(crate) job: Option<Job>,
    /// The watches; an orderly end follows the last step, and each further watch.
    pub(crate) watches: VecDeque<Vec<Step>>,
    /// The pages of the lists, as numbers of their items.
    pub(crate) pages: Vec<Vec<i64>>,
    /// Answers the same page token over and over.
    pub(crate) stuck: bool,
}

#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    script: Arc<Mutex<Script>>,
    seen: Arc<watch::Sender<Vec<Seen>>>,
}

impl Fake {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self {
            address: listener.local_addr().unwrap(),
            script: Arc::new(Mutex::new(script)),
            seen: Arc::new(watch::Sender::new(Vec::new())),
        };
        let served = Server::builder()
            .add_service(ConfigServiceServer::new(fake.clone()))
            .add_service(CompanyServiceServer::new(fake.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(served);
        fake
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder(format!("http://{}", self.address)).retry(quick())
    }

    pub(crate) async fn client(&self) -> Client {
        self.builder().connect().await.unwrap()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.borrow().clone()
    }

    /// Waits until the server has seen so many calls.
    pub(crate) async fn has_seen(&self, calls: usize) {
        let mut seen = self.seen.subscribe();
        let many = seen.wait_for(|seen| seen.len() >= calls);
        tokio::time::timeout(Duration::from_secs(10), many).await.expect("so many calls").unwrap();
    }

    async fn take<R: prost::Message + std::fmt::Debug>(
        &self,
        method: &'static str,
        request: Request<R>,
    ) -> Result<R, Status> {
        let metadata = request.metadata().clone();
        let request = request.into_inner();
        let sent = request.encode_to_vec();
        let seen = Seen { method, metadata, request: format!("{request:?}"), sent };
        self.seen.send_modify(|all| all.push(seen));
        let hang = {
            let mut script = self.script.lock().unwrap();
            if let Some(status) = script.refusals.pop_front() {
                return Err(status);
            }
            let hang = script.hangs > 0;
            script.hangs = script.hangs.saturating_sub(1);
            hang
        };
        if hang {
            std::future::pending::<()>().await;
        }
        Ok(request)
    }

    fn page(&self, token: &str) -> (Vec<i64>, String) {
        let script = self.script.lock().unwrap();
        let at: usize = if token.is_empty() { 0 } else { token.parse().unwrap() };
        let next = if script.stuck { 1 } else { at + 1 };
        let more = next < script.pages.len();
        (script.pages[at].clone(), if more { next.to_string() } else { String::new() })
    }

    /// Goes through the steps of the next watch; `item` makes a message of one.
    fn watch<T: Send + 'static>(
        &self,
        item: fn(Step) -> T,
    ) -> Response<BoxStream<'static, Result<T, Status>>> {
        let steps = self.script.lock().unwrap().watches.pop_front().unwrap_or_default();
        let messages = stream::iter(steps).then(move |step| async move {
            match step {
                Step::Refuse(status) => Err(status),
                Step::Hang => std::future::pending().await,
                step => Ok(item(step)),
            }
        });
        Response::new(messages.boxed())
    }

    fn job(&self) -> Option<Job> {
        let mut script = self.script.lock().unwrap();
        match script.jobs.len() {
            0 | 1 => script.jobs.front().cloned(),
            _ => script.jobs.pop_front(),
        }
    }
}

/// Repeats without waits that a test would feel.
pub(crate) fn quick() -> RetryPolicy {
    RetryPolicy::default().waits(Duration::from_millis(1), Duration::from_millis(5))
}

pub(crate) fn job_in(state: JobState) -> Job {
    Job { job_id: "j1".into(), state: state.into(), ..Job::default() }
}

macro_rules! changes {
    ($service:ident: { $($method:ident($request:ident) -> $answer:ident;)* } $($rest:tt)*) => {
        #[tonic::async_trait]
        impl $service for Fake {
            $(async fn $method(
                &self,
                request: Request<$request>,
            ) -> Result<Response<$answer>, Status> {
                self.take(stringify!($method), request).await?;
                let job = self.script.lock().unwrap().job.clone();
                let plan = Some(Plan::default());
                #[allow(clippy::needless_update)] // some answers have more to say
                Ok(Response::new($answer { revision: 7, job, plan, ..Default::default() }))
            })*
            $($rest)*
        }
    };
}

changes! { CompanyService: {
    register_company(RegisterCompanyRequest) -> RegisterCompanyResponse;
    update_company(UpdateCompanyRequest) -> UpdateCompanyResponse;
    connect_vendor(ConnectVendorRequest) -> ConnectVendorResponse;
    disconnect_vendor(DisconnectVendorRequest) -> DisconnectVendorResponse;
}

    async fn get_company(
        &self,
        request: Request<GetCompanyRequest>,
    ) -> Result<Response<GetCompanyResponse>, Status> {
        let GetCompanyRequest { company_id } = self.take("get_company", request).await?;
        let company = Company { company_id, revision: 7, ..Company::default() };
        Ok(Response::new(GetCompanyResponse { company: Some(company) }))
    }

    async fn list_companies(
        &self,
        request: Request<ListCompaniesRequest>,
    ) -> Result<Response<ListCompaniesResponse>, Status> {
        let request = self.take("list_companies", request).await?;
        let (items, next_page_token) = self.page(&request.page_token);
        let companies = items
            .into_iter()
            .map(|revision| Company { revision, ..Company::default() })
            .collect();
        Ok(Response::new(ListCompaniesResponse { companies, next_page_token }))
    }
}

changes! { ConfigService: {
    add_field(AddFieldRequest) -> AddFieldResponse;
    modify_field(ModifyFieldRequest) -> ModifyFieldResponse;
    remove_field(RemoveFieldRequest) -> RemoveFieldResponse;
    add_group(AddGroupRequest) -> AddGroupResponse;
    modify_group(ModifyGroupRequest) -> ModifyGroupResponse;
    remove_group(RemoveGroupRequest) -> RemoveGroupResponse;
    add_cadence(AddCadenceRequest) -> AddCadenceResponse;
    modify_cadence(ModifyCadenceRequest) -> ModifyCadenceResponse;
    remove_cadence(RemoveCadenceRequest) -> RemoveCadenceResponse;
    rollback(RollbackRequest) -> RollbackResponse;
}

    async fn get_config(
        &self,
        request: Request<GetConfigRequest>,
    ) -> Result<Response<GetConfigResponse>, Status> {
        let request = self.take("get_config", request).await?;
        let revision = request.revision.max(request.min_revision);
        let config =
            Config { company_id: request.company_id, revision, ..Config::default() };
        Ok(Response::new(GetConfigResponse { config: Some(config) }))
    }

    async fn preview_cadence(
        &self,
        request: Request<PreviewCadenceRequest>,
    ) -> Result<Response<PreviewCadenceResponse>, Status> {
        self.take("preview_cadence", request).await?;
        Ok(Response::new(PreviewCadenceResponse::default()))
    }

    type WatchConfigStream =
        BoxStream<'static, Result<WatchConfigResponse, Status>>;

    async fn watch_config(
        &self,
        request: Request<WatchConfigRequest>,
    ) -> Result<Response<Self::WatchConfigStream>, Status> {
        self.take("watch_config", request).await?;
        Ok(self.watch(|step| match step {
            Step::Revision(revision) => {
                let entry = AuditEntry { revision, ..AuditEntry::default() };
                WatchConfigResponse { entry: Some(entry) }
            }
            other => panic!("{other:?} is nothing that happens to a company"),
        }))
    }

    async fn list_audit(
        &self,
        request: Request<ListAuditRequest>,
    ) -> Result<Response<ListAuditResponse>, Status> {
        let request = self.take("list_audit", request).await?;
        let (items, next_page_token) = self.page(&request.page_token);
        let entries = items
            .into_iter()
            .map(|revision| AuditEntry { revision, ..AuditEntry::default() })
            .collect();
        Ok(Response::new(ListAuditResponse { entries, next_page_token }))
    }

    async fn get_job(
        &self,
        request: Request<GetJobRequest>,
    ) -> Result<Response<GetJobResponse>, Status> {
        self.take("get_job", request).await?;
        Ok(Response::new(GetJobResponse { job: self.job() }))
    }

    async fn list_jobs(
        &self,
        request: Request<ListJobsRequest>,
    ) -> Result<Response<ListJobsResponse>, Status> {
        let request = self.take("list_jobs", request).await?;
        let (items, next_page_token) = self.page(&request.page_token);
        let jobs =
            items.into_iter().map(|revision| Job { revision, ..Job::default() }).collect();
        Ok(Response::new(ListJobsResponse { jobs, next_page_token }))
    }

    async fn cancel_job(
        &self,
        request: Request<CancelJobRequest>,
    ) -> Result<Response<CancelJobResponse>, Status> {
        self.take("cancel_job", request).await?;
        Ok(Response::new(CancelJobResponse { job: Some(job_in(JobState::Cancelled)) }))
    }

    async fn retry_job(
        &self,
        request: Request<RetryJobRequest>,
    ) -> Result<Response<RetryJobResponse>, Status> {
        self.take("retry_job", request).await?;
        Ok(Response::new(RetryJobResponse { job: Some(job_in(JobState::Queued)) }))
    }

    type WatchJobStream = BoxStream<'static, Result<WatchJobResponse, Status>>;

    async fn watch_job(
        &self,
        request: Request<WatchJobRequest>,
    ) -> Result<Response<Self::WatchJobStream>, Status> {
        self.take("watch_job", request).await?;
        Ok(self.watch(|step| match step {
            Step::Event(seq, state) => {
                let (job_id, state) = ("j1".into(), state.into());
                let event = JobEvent { job_id, seq, state, ..JobEvent::default() };
                WatchJobResponse { event: Some(event) }
            }
            other => panic!("{other:?} is nothing that happens to a job"),
        }))
    }
}
