//! A store that counts what is asked of it, and can be told to fail or to be slow.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::domain::{
    CompanyId, Config, Digest, Job, JobId, JobState, Mutation, Refusal, RequestId, Revision, Scope,
};
use crate::store::sqlite::SqliteStore;
use crate::store::{
    Answer, AuditQuery, Begin, Committed, CompanyView, Doorbell, Error, Events, Gate, JobControl,
    Lease, Outcome, Page, Recorded, Store, StoredEntry, Work,
};

#[derive(Debug)]
pub(super) struct Hooked {
    inner: SqliteStore,
    /// Whether leases cannot be prolonged.
    pub(super) renews_fail: AtomicBool,
    /// How often that was tried.
    pub(super) renews: AtomicUsize,
    /// How long the first answer to `begin` is on its way, in milliseconds.
    pub(super) begin_takes_ms: AtomicUsize,
    /// How often calls were noted.
    pub(super) begins: AtomicUsize,
    claims: AtomicUsize,
    claiming: AtomicUsize,
    claiming_max: AtomicUsize,
    swept: watch::Sender<usize>,
}

impl Hooked {
    pub(super) fn new(inner: SqliteStore) -> Self {
        Self {
            inner,
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

    /// How many leases were given.
    pub(super) fn claims(&self) -> usize {
        self.claims.load(Ordering::Relaxed)
    }

    /// How many were asked for at the same time, at most.
    pub(super) fn claiming_max(&self) -> usize {
        self.claiming_max.load(Ordering::Relaxed)
    }

    /// Waits until the sweeper came by so many times more.
    pub(super) async fn sweeps(&self, more: usize) {
        let mut swept = self.swept.subscribe();
        let until = *swept.borrow() + more;
        swept.wait_for(|count| *count >= until).await.unwrap();
    }
}

#[async_trait]
impl Store for Hooked {
    async fn commit(&self, batch: Vec<Mutation>) -> Result<Vec<Result<Committed, Refusal>>, Error> {
        self.inner.commit(batch).await
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
        self.inner.company(scope, id).await
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
        self.inner.config(scope, id, revision).await
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

    async fn due(&self, limit: usize) -> Result<Vec<Doorbell>, Error> {
        self.swept.send_modify(|count| *count += 1);
        self.inner.due(limit).await
    }

    async fn claim(
        &self,
        doorbell: &Doorbell,
        holder: &str,
        period: Duration,
    ) -> Result<Option<Lease>, Error> {
        let now = self.claiming.fetch_add(1, Ordering::Relaxed) + 1;
        self.claiming_max.fetch_max(now, Ordering::Relaxed);
        let claimed = self.inner.claim(doorbell, holder, period).await;
        self.claiming.fetch_sub(1, Ordering::Relaxed);
        if matches!(claimed, Ok(Some(_))) {
            self.claims.fetch_add(1, Ordering::Relaxed);
        }
        claimed
    }

    async fn renew(&self, lease: &Lease, period: Duration) -> Result<Lease, Error> {
        self.renews.fetch_add(1, Ordering::Relaxed);
        if self.renews_fail.load(Ordering::Relaxed) {
            return Err(Error::Unavailable("told to fail".into()));
        }
        self.inner.renew(lease, period).await
    }

    async fn release(&self, lease: &Lease, window: Option<String>) -> Result<(), Error> {
        self.inner.release(lease, window).await
    }

    async fn work(&self, lease: &Lease, limit: usize) -> Result<Work, Error> {
        self.inner.work(lease, limit).await
    }

    async fn begin(
        &self,
        lease: &Lease,
        credential_id: &str,
        begins: Vec<Begin>,
        settles_after: Duration,
        window: Option<String>,
    ) -> Result<Recorded, Error> {
        let begun = self.inner.begin(lease, credential_id, begins, settles_after, window).await;
        self.begins.fetch_add(1, Ordering::Relaxed);
        let takes = self.begin_takes_ms.swap(0, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(takes as u64)).await;
        begun
    }

    async fn record(
        &self,
        lease: &Lease,
        outcomes: Vec<Outcome>,
        gate: Option<Gate>,
    ) -> Result<Recorded, Error> {
        self.inner.record(lease, outcomes, gate).await
    }
}
