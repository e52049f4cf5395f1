//! The use cases: accept a change, connect a vendor, read, watch, cancel and retry.
//!
//! Every door (gRPC now) calls these and nothing below them. Nothing here waits for a vendor, but
//! [`Engine::connect`].

mod accept;
mod connect;
mod drift;
mod hooks;
mod plan;
mod preview;
mod quotas;
mod relabel;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::broker::Broker;
use crate::cache::{self, Configs, SharedCache};
use crate::clock::Clock;
use crate::domain::{
    Caller, CompanyId, Digest, Job, JobEvent, JobId, JobState, Mutation, Problem, Refusal,
    RequestId, Revision, Timestamp, VendorKind,
};
use crate::events::{EventBus, News};
use crate::store::{
    self, AuditQuery, Committed, CompanyView, JobControl, Page, Store, StoredEntry,
};
use crate::supervisor::Supervisor;
use crate::vault::Vault;
use crate::vendors::Vendors;
use crate::vendors::hosts::HostPolicy;
use crate::wire::PlanView;

pub use connect::{ConnectRequest, Credential, Settings as VendorSettings};
pub use drift::{Imported, Resolution};
pub use preview::Previewed;

use accept::Accept;
use hooks::Hooks;
use quotas::Quotas;

/// What the engine is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The database.
    pub store: Arc<dyn Store>,
    /// How configurations are kept in memory.
    pub cache: cache::Settings,
    /// What processes share of that, if they do.
    pub shared_cache: Option<Arc<dyn SharedCache>>,
    /// The vendors.
    pub vendors: Vendors,
    /// The doorbells.
    pub broker: Arc<dyn Broker>,
    /// The event bus.
    pub bus: Arc<dyn EventBus>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Seals credentials.
    pub vault: Arc<Vault>,
    /// Where vendors may be reached.
    pub hosts: Arc<HostPolicy>,
    /// The longest that one vendor call may take.
    pub call_timeout: Duration,
    /// How many mutations may wait to be accepted.
    pub queue_max: usize,
}

/// The use cases.
#[derive(Clone, Debug)]
pub struct Engine {
    parts: Parts,
    accept: Accept,
    configs: Arc<Configs>,
    quotas: Arc<Quotas>,
    hooks: Arc<Hooks>,
    supervisor: Supervisor,
}

/// Why a use case did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It was refused; nothing was changed.
    #[error("refused")]
    Refused(#[from] Refusal),
    /// Too much is waiting; nothing was changed.
    #[error("too many mutations are waiting")]
    Overloaded,
    /// The caller's time was over before it was begun; nothing was changed.
    #[error("the caller's time was over before it was begun")]
    Late,
    /// The database failed; whether a mutation took effect is unknown.
    #[error("the store failed")]
    Store(#[from] store::Error),
    /// The vendor refused the credential; nothing was changed.
    #[error("{vendor} refused the credential")]
    CredentialRefused {
        /// The vendor.
        vendor: VendorKind,
        /// The path of the credential in the request.
        path: &'static str,
        /// What it said.
        problem: Problem,
    },
    /// The vendor could not be asked; nothing was changed.
    #[error("{vendor} could not be asked")]
    VendorUnavailable {
        /// The vendor.
        vendor: VendorKind,
        /// What happened.
        problem: Problem,
        /// When to try again, where that is known.
        retry_after: Option<Duration>,
    },
    /// The server is shutting down.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// A task of ours ended in a way it must not.
    #[error("an internal task failed: {0}")]
    Internal(String),
}

/// What came of a mutation.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The company's revision after it.
    pub revision: Revision,
    /// The job, when something is to be done at a vendor.
    pub job: Option<Job>,
    /// What it leads to at the vendors; `None` for a repeat.
    pub plan: Option<PlanView>,
    /// What will not work, for people.
    pub warnings: Vec<String>,
}

impl Engine {
    /// Starts the engine.
    pub fn start(parts: Parts, supervisor: &Supervisor) -> Self {
        let configs = Configs::new(parts.store.clone(), parts.cache);
        let configs = Arc::new(configs.sharing(parts.shared_cache.clone()));
        if parts.cache.head_age_max.is_some() {
            hear(configs.clone(), &*parts.bus, supervisor);
        }
        let accept =
            Accept::start(parts.store.clone(), configs.clone(), parts.queue_max, supervisor);
        let (quotas, hooks) = (Arc::default(), Arc::default());
        Self { parts, accept, configs, quotas, hooks, supervisor: supervisor.clone() }
    }

    /// Returns the present moment, as mutations note it.
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// Returns a keyed digest, for comparing secrets that must not be stored.
    pub fn secret_digest(&self, secret: &[u8]) -> Digest {
        self.parts.vault.fingerprint(secret)
    }

    /// Decides about a mutation and commits it.
    pub async fn mutate(&self, mutation: Mutation) -> Result<Accepted, Error> {
        let (company_id, dry_run) = (mutation.company_id.clone(), mutation.validate_only);
        let committed = self.accept.submit(mutation).await?;
        if !committed.repeated && !dry_run {
            self.parts.bus.publish(News::Revision(company_id.clone(), committed.revision));
        }
        Ok(self.accepted(&company_id, committed, dry_run).await)
    }

    /// Answers a repeated request as the first time; `None` when the request id is new.
    pub async fn replay(
        &self,
        caller: &Caller,
        company_id: &CompanyId,
        request_id: Option<&RequestId>,
        fingerprint: &Digest,
    ) -> Result<Option<Accepted>, Error> {
        let Some(request_id) = request_id.filter(|_| caller.scope.contains(company_id)) else {
            return Ok(None);
        };
        let store = self.store_for(caller);
        let found = store.find_request(company_id, request_id, fingerprint).await??;
        Ok(match found {
            Some(committed) => Some(self.accepted(company_id, committed, false).await),
            None => None,
        })
    }

    /// The store, for somebody who waits for a certain time.
    fn store_for(&self, caller: &Caller) -> Arc<dyn Store> {
        Arc::clone(&self.parts.store).until(caller.deadline)
    }

    fn tell(&self, events: Vec<JobEvent>) {
        for event in events {
            self.parts.bus.publish(News::Job(event));
        }
    }

    async fn accepted(
        &self,
        company_id: &CompanyId,
        committed: Committed,
        dry_run: bool,
    ) -> Accepted {
        self.tell(committed.events);
        for doorbell in &committed.ring {
            self.parts.broker.ring(doorbell).await;
        }
        let Parts { store, vendors, .. } = &self.parts;
        let mut plan =
            (!committed.repeated).then(|| plan::view(vendors, &committed.touched, dry_run));
        if let Some(plan) = &mut plan {
            plan.estimate = self.quotas.estimate(&**store, vendors, company_id, plan).await;
        }
        Accepted { revision: committed.revision, job: committed.job, plan, warnings: Vec::new() }
    }

    /// Reads a company.
    pub async fn company(&self, caller: &Caller, id: &CompanyId) -> Result<CompanyView, Error> {
        let found = self.store_for(caller).company(&caller.scope, id).await?;
        found.ok_or_else(|| Refusal::CompanyNotFound(id.clone()).into())
    }

    /// Lists the companies that exist for the caller.
    pub async fn companies(
        &self,
        caller: &Caller,
        after: Option<&CompanyId>,
        limit: usize,
    ) -> Result<Page<CompanyView>, Error> {
        let mut items = self.store_for(caller).companies(&caller.scope, after, limit + 1).await?;
        let more = items.len() > limit;
        items.truncate(limit);
        Ok(Page { items, more })
    }

    /// Reads a configuration, encoded as GetConfig answers it. What is read of it from the database is
    /// read for all who ask for it meanwhile: one caller's time does not break it off.
    pub async fn config(
        &self,
        caller: &Caller,
        id: &CompanyId,
        revision: Option<Revision>,
        min_revision: Revision,
    ) -> Result<Bytes, Error> {
        let scope = &caller.scope;
        Ok(match revision {
            None => self.configs.latest(scope, id, min_revision).await??,
            Some(revision) => self.configs.at(scope, id, revision, min_revision).await??,
        })
    }

    /// Reads audit entries.
    pub async fn entries(
        &self,
        caller: &Caller,
        id: &CompanyId,
        query: AuditQuery,
    ) -> Result<Page<StoredEntry>, Error> {
        Ok(self.store_for(caller).entries(&caller.scope, id, query).await??)
    }

    /// Reads a job.
    pub async fn job(&self, caller: &Caller, id: &JobId) -> Result<Job, Error> {
        let found = self.store_for(caller).job(&caller.scope, id).await?;
        found.ok_or_else(|| Refusal::JobNotFound(id.to_string()).into())
    }

    /// Lists jobs of a company, the newest first.
    pub async fn jobs(
        &self,
        caller: &Caller,
        id: &CompanyId,
        states: &[JobState],
        before: Option<Revision>,
        limit: usize,
    ) -> Result<Page<Job>, Error> {
        Ok(self.store_for(caller).jobs(&caller.scope, id, states, before, limit).await??)
    }

    /// Cancels or retries a job.
    pub async fn control(&self, control: JobControl) -> Result<Job, Error> {
        let missing = Refusal::JobNotFound(control.job_id.to_string());
        let recorded = self.store_for(&control.caller).control(control).await??;
        self.tell(recorded.events);
        for doorbell in &recorded.ring {
            self.parts.broker.ring(doorbell).await;
        }
        recorded.job.ok_or_else(|| missing.into())
    }
}

/// Has reads ask the database again when a process says that it decided something.
fn hear(configs: Arc<Configs>, bus: &dyn EventBus, supervisor: &Supervisor) {
    let (mut subscription, stopping) = (bus.subscribe(), supervisor.stopping());
    supervisor.spawn("heads", async move {
        loop {
            let news = tokio::select! {
                () = stopping.cancelled() => return,
                news = subscription.next() => news,
            };
            // What was missed is found when the head is too old.
            if let Some(news) = news
                && let News::Revision(id, revision) = &*news
            {
                configs.heard(id, *revision);
            }
        }
    });
}
