//! A store that counts what is asked of it, and can be told to fail or to be slow.

pub(crate) mod steps;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tempfile::TempDir;
use tokio::sync::{RwLock, Semaphore, watch};

use crate::clock::SystemClock;
use crate::domain::drift::{DriftItem, Policies};
use crate::domain::{
    Caller, CompanyId, Config, Digest, Door, Intent, Job, JobId, JobState, Mutation, Refusal,
    RequestId, ResourceId, Revision, Scope, SealedConnection, Timestamp, VendorKind,
};
use crate::store::sqlite::SqliteStore;
use crate::store::{
    Answer, AuditQuery, Backlog, Begin, Claimed, Committed, CompanyView, Doorbell, DriftQuery,
    DriftWork, Error, Events, Gate, JobControl, LateCall, Lease, Outcome, Page, Recorded,
    Resolving, Revert, ScanView, Scanned, Store, StoredEntry, Tables, VendorWindow, Work,
};
use crate::supervisor::Supervisor;
use steps::Steps;

/// A mutation by somebody who may see everything.
pub(crate) fn ask(company: &str, intent: Intent) -> Mutation {
    Mutation {
        company_id: CompanyId::parse(company).unwrap(),
        intent,
        request_id: None,
        fingerprint: [0; 32],
        expected_revision: Revision::ZERO,
        validate_only: false,
        reason: String::new(),
        caller: Caller {
            actor: "ada".to_owned(),
            door: Door::Grpc,
            scope: Scope::All,
            deadline: None,
        },
        at: Timestamp::from_micros(1),
    }
}

/// Gives `acme` another name.
pub(crate) fn rename(name: &str) -> Mutation {
    ask("acme", Intent::UpdateCompany { display_name: name.to_owned() })
}

#[derive(Debug)]
pub(crate) struct Hooked {
    inner: SqliteStore,
    /// What an executor asks of it.
    steps: Arc<Steps>,
    /// Whether what is committed is not told.
    pub(crate) answers_get_lost: AtomicBool,
    /// Whether only one mutation at a time can be committed.
    pub(crate) only_single_ones: AtomicBool,
    /// Taken before every commit.
    pub(crate) may_commit: Semaphore,
    /// Held by a test while configurations and companies that were read are on their way.
    pub(crate) on_the_way: RwLock<()>,
    /// Whether they cannot be read.
    pub(crate) reads_fail: AtomicBool,
    /// How many configurations were read.
    pub(crate) configs_read: watch::Sender<usize>,
    /// How many are being read.
    reading: AtomicUsize,
    /// How many were at the same time, at most.
    pub(crate) reading_max: AtomicUsize,
    /// How many companies were.
    pub(crate) companies_read: AtomicUsize,
    /// How often the backlog was asked for.
    pub(crate) backlogs_read: AtomicUsize,
    /// Whether leases cannot be prolonged.
    pub(crate) renews_fail: AtomicBool,
    /// How often that was tried.
    pub(crate) renews: AtomicUsize,
    /// How long the first answer to `begin` is on its way, in milliseconds.
    pub(crate) begin_takes_ms: AtomicUsize,
    /// How often calls were noted.
    pub(crate) begins: AtomicUsize,
    claims: AtomicUsize,
    claiming: AtomicUsize,
    claiming_max: AtomicUsize,
    swept: watch::Sender<usize>,
}

impl Hooked {
    pub(crate) fn new(inner: SqliteStore) -> Self {
        Self::with(inner, Arc::new(Steps::new(None)))
    }

    pub(crate) fn with(inner: SqliteStore, steps: Arc<Steps>) -> Self {
        Self {
            inner,
            steps,
            answers_get_lost: AtomicBool::new(false),
            only_single_ones: AtomicBool::new(false),
            may_commit: Semaphore::new(1),
            on_the_way: RwLock::new(()),
            reads_fail: AtomicBool::new(false),
            configs_read: watch::Sender::new(0),
            reading: AtomicUsize::new(0),
            reading_max: AtomicUsize::new(0),
            companies_read: AtomicUsize::new(0),
            backlogs_read: AtomicUsize::new(0),
            renews_fail: AtomicBool::new(false),
            renews: AtomicUsize::new(0),
            begin_takes_ms: AtomicUsize::new(0),
            begins: AtomicUsize::new(0),
            claims: AtomicUsize::new(0),
            claiming: AtomicUsize::new(0),
            claiming_max: AtomicUsize::new(0),
            swept: watch::Sender::new(0),
        }
    }

    /// Makes one that knows a company, `acme`, at revision 1.
    pub(crate) async fn with_acme(supervisor: &Supervisor) -> (Arc<Self>, TempDir) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("gomark.db");
        let store = SqliteStore::open(&path, Tables::Update, SystemClock::shared(), supervisor)
            .await
            .unwrap();
        let store = Self::new(store);
        let register = ask("acme", Intent::RegisterCompany { display_name: "acme".to_owned() });
        store.commit(vec![register]).await.unwrap().remove(0).unwrap();
        (Arc::new(store), folder)
    }

    fn may_read(&self) -> Result<(), Error> {
        match self.reads_fail.load(Ordering::Relaxed) {
            true => Err(Error::Unavailable("told to fail".into())),
            false => Ok(()),
        }
    }

    /// How many leases were given.
    pub(crate) fn claims(&self) -> usize {
        self.claims.load(Ordering::Relaxed)
    }

    /// How many were asked for at the same time, at most.
    pub(crate) fn claiming_max(&self) -> usize {
        self.claiming_max.load(Ordering::Relaxed)
    }

    /// Waits until the sweeper came by so many times more.
    pub(crate) async fn sweeps(&self, more: usize) {
        let mut swept = self.swept.subscribe();
        let until = *swept.borrow() + more;
        swept.wait_for(|count| *count >= until).await.unwrap();
    }
}

#[async_trait]
impl Store for Hooked {
    fn until(self: Arc<Self>, _deadline: Option<Instant>) -> Arc<dyn Store> {
        self
    }

    async fn check(&self) -> Result<(), Error> {
        self.may_read()?;
        self.inner.check().await
    }

    async fn commit(&self, batch: Vec<Mutation>) -> Result<Vec<Result<Committed, Refusal>>, Error> {
        let _turn = self.may_commit.acquire().await.unwrap();
        if self.only_single_ones.load(Ordering::Relaxed) && batch.len() > 1 {
            return Err(Error::Unavailable("told to fail".into()));
        }
        let committed = self.inner.commit(batch).await;
        if self.answers_get_lost.load(Ordering::Relaxed) {
            return Err(Error::InDoubt("told to lose it".into()));
        }
        committed
    }

    async fn find_request(
        &self,
        company_id: &CompanyId,
        request_id: &RequestId,
        fingerprint: &Digest,
    ) -> Answer<Option<Committed>> {
        self.inner.find_request(company_id, request_id, fingerprint).await
    }

    async fn company(&self, scope: &Scope, id: &CompanyId) -> Result<Option<CompanyView>, Error> {
        self.may_read()?;
        let read = self.inner.company(scope, id).await;
        self.companies_read.fetch_add(1, Ordering::Relaxed);
        let _arrived = self.on_the_way.read().await;
        read
    }

    async fn windows(&self, id: &CompanyId) -> Result<Vec<VendorWindow>, Error> {
        self.may_read()?;
        self.inner.windows(id).await
    }

    async fn sealed_connection(
        &self,
        id: &CompanyId,
        vendor: VendorKind,
    ) -> Result<Option<SealedConnection>, Error> {
        self.inner.sealed_connection(id, vendor).await
    }

    async fn companies(
        &self,
        scope: &Scope,
        after: Option<&CompanyId>,
        limit: usize,
    ) -> Result<Vec<CompanyView>, Error> {
        self.inner.companies(scope, after, limit).await
    }

    async fn config(
        &self,
        scope: &Scope,
        id: &CompanyId,
        revision: Option<Revision>,
    ) -> Answer<Config> {
        self.may_read()?;
        let now = self.reading.fetch_add(1, Ordering::Relaxed) + 1;
        self.reading_max.fetch_max(now, Ordering::Relaxed);
        let read = self.inner.config(scope, id, revision).await;
        self.configs_read.send_modify(|count| *count += 1);
        let _arrived = self.on_the_way.read().await;
        self.reading.fetch_sub(1, Ordering::Relaxed);
        read
    }

    async fn entries(
        &self,
        scope: &Scope,
        id: &CompanyId,
        query: AuditQuery,
    ) -> Answer<Page<StoredEntry>> {
        self.inner.entries(scope, id, query).await
    }

    async fn job(&self, scope: &Scope, id: &JobId) -> Result<Option<Job>, Error> {
        self.inner.job(scope, id).await
    }

    async fn jobs(
        &self,
        scope: &Scope,
        id: &CompanyId,
        states: &[JobState],
        before: Option<Revision>,
        limit: usize,
    ) -> Answer<Page<Job>> {
        self.inner.jobs(scope, id, states, before, limit).await
    }

    async fn events(
        &self,
        scope: &Scope,
        id: &JobId,
        after_seq: i64,
        limit: usize,
    ) -> Result<Option<Events>, Error> {
        self.inner.events(scope, id, after_seq, limit).await
    }

    async fn control(&self, control: JobControl) -> Answer<Recorded> {
        self.inner.control(control).await
    }

    async fn due(&self, limit: usize, scans: bool) -> Result<Vec<Doorbell>, Error> {
        self.swept.send_modify(|count| *count += 1);
        self.inner.due(limit, scans).await
    }

    async fn backlog(&self) -> Result<Backlog, Error> {
        self.backlogs_read.fetch_add(1, Ordering::Relaxed);
        self.may_read()?;
        let read = self.inner.backlog().await;
        let _arrived = self.on_the_way.read().await;
        read
    }

    async fn claim(
        &self,
        doorbell: &Doorbell,
        holder: &str,
        period: Duration,
    ) -> Result<Claimed, Error> {
        let now = self.claiming.fetch_add(1, Ordering::Relaxed) + 1;
        self.claiming_max.fetch_max(now, Ordering::Relaxed);
        let claim = || self.inner.claim(doorbell, holder, period);
        let claimed = self.steps.take("claim", claim, untold).await;
        self.claiming.fetch_sub(1, Ordering::Relaxed);
        if matches!(claimed, Ok(Claimed::Taken(_))) {
            self.claims.fetch_add(1, Ordering::Relaxed);
        }
        claimed
    }

    async fn renew(&self, lease: &Lease, period: Duration) -> Result<Lease, Error> {
        self.renews.fetch_add(1, Ordering::Relaxed);
        if self.renews_fail.load(Ordering::Relaxed) {
            return Err(Error::Unavailable("told to fail".into()));
        }
        self.steps.take("renew", || self.inner.renew(lease, period), untold).await
    }

    async fn release(&self, lease: &Lease, window: Option<String>) -> Result<(), Error> {
        let release = || self.inner.release(lease, window.clone());
        self.steps.take("release", release, untold).await
    }

    async fn work(&self, lease: &Lease, limit: usize) -> Result<Work, Error> {
        self.steps.take("work", || self.inner.work(lease, limit), untold).await
    }

    async fn begin(
        &self,
        lease: &Lease,
        credential_id: &str,
        begins: Vec<Begin>,
        settles_after: Duration,
        window: Option<String>,
    ) -> Result<Recorded, Error> {
        let begin = || {
            let (begins, window) = (begins.clone(), window.clone());
            self.inner.begin(lease, credential_id, begins, settles_after, window)
        };
        let begun = self.steps.take("begin", begin, untold).await;
        self.begins.fetch_add(1, Ordering::Relaxed);
        let takes = self.begin_takes_ms.swap(0, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(takes as u64)).await;
        begun
    }

    async fn reseal(&self, lease: &Lease, credential_id: &str, sealed: &[u8]) -> Result<(), Error> {
        self.inner.reseal(lease, credential_id, sealed).await
    }

    async fn record(
        &self,
        lease: &Lease,
        outcomes: Vec<Outcome>,
        gate: Option<Gate>,
    ) -> Result<Recorded, Error> {
        let record = || self.inner.record(lease, outcomes.clone(), gate.clone());
        self.steps.take("record", record, untold).await
    }

    async fn drift_work(&self, lease: &Lease) -> Result<DriftWork, Error> {
        self.inner.drift_work(lease).await
    }

    async fn scanned(&self, lease: &Lease, scanned: Scanned) -> Result<Vec<DriftItem>, Error> {
        self.inner.scanned(lease, scanned).await
    }

    async fn ask_for_scan(
        &self,
        scope: &Scope,
        id: &CompanyId,
        vendor: Option<VendorKind>,
    ) -> Answer<Vec<ScanView>> {
        self.inner.ask_for_scan(scope, id, vendor).await
    }

    async fn scans(&self, scope: &Scope, id: &CompanyId) -> Answer<Vec<ScanView>> {
        self.inner.scans(scope, id).await
    }

    async fn drift(
        &self,
        scope: &Scope,
        id: &CompanyId,
        query: DriftQuery,
    ) -> Answer<Page<DriftItem>> {
        self.inner.drift(scope, id, query).await
    }

    async fn policies(
        &self,
        scope: &Scope,
        id: &CompanyId,
    ) -> Answer<(Policies, HashMap<ResourceId, String>)> {
        self.inner.policies(scope, id).await
    }

    async fn resolving(&self, scope: &Scope, id: &CompanyId, items: Vec<i64>) -> Answer<Resolving> {
        self.inner.resolving(scope, id, items).await
    }

    async fn revert(&self, scope: &Scope, revert: Revert) -> Answer<Vec<Doorbell>> {
        self.inner.revert(scope, revert).await
    }

    async fn suspect(&self, at: &Doorbell, calls: Vec<LateCall>) -> Result<Vec<LateCall>, Error> {
        self.inner.suspect(at, calls).await
    }
}

/// What is told instead of an answer.
fn untold<T>(done: bool) -> Result<T, Error> {
    Err(match done {
        true => Error::InDoubt("told to lose it".into()),
        false => Error::Unavailable("told to fail".into()),
    })
}
