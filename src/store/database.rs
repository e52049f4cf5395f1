//! [`Store`] over any backend: opens a transaction, runs the shared algorithm, commits.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::future::BoxFuture;

use super::rows::{Backend, Rows};
use super::{
    Answer, AuditQuery, Backlog, Begin, Claimed, Committed, CompanyView, Doorbell, DriftQuery,
    DriftWork, Error, Events, Gate, JobControl, LateCall, Lease, Outcome, Page, Recorded,
    Resolving, Revert, ScanView, Scanned, Store, StoredEntry, VendorWindow, Work, carry, commit,
    control, drift, leases, read,
};
use crate::domain::drift::{DriftItem, Policies};
use crate::domain::{
    CompanyId, Config, Digest, Job, JobId, JobState, Mutation, Refusal, RequestId, ResourceId,
    Revision, Scope, SealedConnection, VendorKind,
};
use crate::failpoint::{self, Boundary};
use crate::supervisor::Supervisor;

/// A store on a backend.
#[derive(Debug)]
pub struct Database<B> {
    pub(super) backend: Arc<B>,
    supervisor: Supervisor,
    /// When whoever asks stops waiting.
    deadline: Option<Instant>,
}

/// How long after the deadline of a read the answer of the database is waited for: it has the same
/// deadline, and says itself that it broke off.
const DEADLINE_SLACK: Duration = Duration::from_millis(100);

#[expect(private_bounds, reason = "backends are written in this module only")]
impl<B: Backend> Database<B> {
    pub(super) fn new(backend: B, supervisor: Supervisor) -> Self {
        Self { backend: Arc::new(backend), supervisor, deadline: None }
    }

    /// The same database, for somebody who waits until then.
    pub(super) fn with_deadline(&self, deadline: Option<Instant>) -> Self {
        Self { backend: Arc::clone(&self.backend), supervisor: self.supervisor.clone(), deadline }
    }

    /// Runs work in a transaction and commits it.
    ///
    /// It runs in a task of its own, which a caller that goes away does not stop half way. What the
    /// database undid is done anew.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: UnitOfWork<B, T>,
    {
        let backend = Arc::clone(&self.backend);
        self.in_time()?;
        self.run("store write", async move {
            for _ in 1..B::ATTEMPTS {
                match write_once(&*backend, work.clone()).await {
                    Err(error) if backend.was_undone(&error) => again(&error),
                    done => return done,
                }
            }
            write_once(&*backend, work).await
        })
        .await
    }

    /// Runs work in a transaction that only reads.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: UnitOfWork<B, T>,
    {
        let (backend, deadline) = (Arc::clone(&self.backend), self.deadline);
        self.in_time()?;
        self.run("store read", async move {
            let read = async {
                for _ in 1..B::ATTEMPTS {
                    match read_once(&*backend, deadline, work.clone()).await {
                        Err(error) if backend.was_undone(&error) => again(&error),
                        done => return done,
                    }
                }
                read_once(&*backend, deadline, work).await
            };
            let Some(deadline) = deadline else { return read.await };
            let at_most = tokio::time::Instant::from_std(deadline + DEADLINE_SLACK);
            match tokio::time::timeout_at(at_most, read).await {
                Ok(Ok(answer)) => Ok(answer),
                // Whatever it met then, this is what it comes from.
                Ok(Err(_)) if is_over(deadline) => Err(Error::Late),
                Ok(Err(error)) => Err(error),
                Err(_) => Err(Error::Late),
            }
        })
        .await
    }

    fn in_time(&self) -> Result<(), Error> {
        match self.deadline {
            Some(deadline) if is_over(deadline) => Err(Error::Late),
            _ => Ok(()),
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let task = self.supervisor.spawn(name, work);
        task.await.unwrap_or_else(|died| Err(Error::InDoubt(Box::new(died))))
    }
}

/// What it means that the database did not say that it committed.
fn in_doubt(error: Error) -> Error {
    match error {
        Error::Unavailable(source) => Error::InDoubt(source),
        error => error,
    }
}

/// What is done in a transaction; it can be done anew.
pub(super) trait UnitOfWork<B: Backend, T>:
    for<'r> FnOnce(&'r mut B::Rows) -> BoxFuture<'r, Result<T, Error>> + Clone + Send + 'static
{
}

impl<B: Backend, T, F> UnitOfWork<B, T> for F where
    F: for<'r> FnOnce(&'r mut B::Rows) -> BoxFuture<'r, Result<T, Error>> + Clone + Send + 'static
{
}

async fn write_once<B: Backend, T>(backend: &B, work: impl UnitOfWork<B, T>) -> Result<T, Error> {
    let mut rows = backend.write().await?;
    match work(&mut rows).await {
        Ok(answer) => {
            failpoint::hit(Boundary::Committing);
            match rows.commit().await {
                Ok(()) => Ok(answer),
                // Known to be undone.
                Err(error) if backend.was_undone(&error) => Err(error),
                Err(error) => Err(in_doubt(error)),
            }
        }
        Err(error) => {
            // The error at hand says more than one of undoing could.
            let _undone = rows.end().await;
            Err(error)
        }
    }
}

fn is_over(deadline: Instant) -> bool {
    tokio::time::Instant::now() >= tokio::time::Instant::from_std(deadline)
}

async fn read_once<B: Backend, T>(
    backend: &B,
    deadline: Option<Instant>,
    work: impl UnitOfWork<B, T>,
) -> Result<T, Error> {
    let mut rows = backend.read(deadline).await?;
    let answer = work(&mut rows).await;
    let ended = rows.end().await;
    answer.and_then(|answer| ended.map(|()| answer))
}

fn again(error: &Error) {
    tracing::debug!(error = crate::telemetry::chain(error), "a transaction is done anew");
}

#[async_trait]
impl<B: Backend> Store for Database<B> {
    fn until(self: Arc<Self>, deadline: Option<Instant>) -> Arc<dyn Store> {
        Arc::new(self.with_deadline(deadline))
    }

    async fn check(&self) -> Result<(), Error> {
        self.backend.check().await
    }

    async fn commit(&self, batch: Vec<Mutation>) -> Result<Vec<Result<Committed, Refusal>>, Error> {
        let batch = Arc::new(batch);
        self.write(|rows| Box::pin(async move { commit::commit(rows, &batch).await })).await
    }

    async fn find_request(
        &self,
        company_id: &CompanyId,
        request_id: &RequestId,
        fingerprint: &Digest,
    ) -> Answer<Option<Committed>> {
        let (company_id, request_id, fingerprint) =
            (company_id.clone(), request_id.clone(), *fingerprint);
        self.read(move |rows| {
            Box::pin(commit::find_request(rows, company_id, request_id, fingerprint))
        })
        .await
    }

    async fn company(&self, scope: &Scope, id: &CompanyId) -> Result<Option<CompanyView>, Error> {
        if !scope.contains(id) {
            return Ok(None);
        }
        let id = id.clone();
        self.read(|rows| Box::pin(read::company(rows, id))).await
    }

    async fn windows(&self, id: &CompanyId) -> Result<Vec<VendorWindow>, Error> {
        let id = id.clone();
        self.read(|rows| Box::pin(read::windows(rows, id))).await
    }

    async fn sealed_connection(
        &self,
        id: &CompanyId,
        vendor: VendorKind,
    ) -> Result<Option<SealedConnection>, Error> {
        let id = id.clone();
        self.read(move |rows| Box::pin(read::sealed_connection(rows, id, vendor))).await
    }

    async fn companies(
        &self,
        scope: &Scope,
        after: Option<&CompanyId>,
        limit: usize,
    ) -> Result<Vec<CompanyView>, Error> {
        let only = match scope {
            Scope::All => None,
            Scope::Only(ids) => Some(ids.iter().cloned().collect()),
        };
        let after = after.cloned();
        self.read(move |rows| Box::pin(read::companies(rows, only, after, limit))).await
    }

    async fn config(
        &self,
        scope: &Scope,
        id: &CompanyId,
        revision: Option<Revision>,
    ) -> Answer<Config> {
        if !scope.contains(id) {
            return Ok(Err(Refusal::CompanyNotFound(id.clone())));
        }
        let id = id.clone();
        self.read(move |rows| Box::pin(read::config(rows, id, revision))).await
    }

    async fn entries(
        &self,
        scope: &Scope,
        id: &CompanyId,
        query: AuditQuery,
    ) -> Answer<Page<StoredEntry>> {
        if !scope.contains(id) {
            return Ok(Err(Refusal::CompanyNotFound(id.clone())));
        }
        let id = id.clone();
        self.read(move |rows| Box::pin(read::entries(rows, id, query))).await
    }

    async fn job(&self, scope: &Scope, id: &JobId) -> Result<Option<Job>, Error> {
        if !scope.contains(&id.company_id) {
            return Ok(None);
        }
        let id = id.clone();
        self.read(move |rows| {
            Box::pin(async move { read::job(rows, &id.company_id, id.revision).await })
        })
        .await
    }

    async fn jobs(
        &self,
        scope: &Scope,
        id: &CompanyId,
        states: &[JobState],
        before: Option<Revision>,
        limit: usize,
    ) -> Answer<Page<Job>> {
        if !scope.contains(id) {
            return Ok(Err(Refusal::CompanyNotFound(id.clone())));
        }
        let (id, states) = (id.clone(), states.to_vec());
        self.read(move |rows| Box::pin(read::jobs(rows, id, states, before, limit))).await
    }

    async fn events(
        &self,
        scope: &Scope,
        id: &JobId,
        after_seq: i64,
        limit: usize,
    ) -> Result<Option<Events>, Error> {
        if !scope.contains(&id.company_id) {
            return Ok(None);
        }
        let id = id.clone();
        self.read(move |rows| Box::pin(read::events(rows, id, after_seq, limit))).await
    }

    async fn control(&self, control: JobControl) -> Answer<Recorded> {
        self.write(|rows| Box::pin(control::control(rows, control))).await
    }

    async fn due(&self, limit: usize, scans: bool) -> Result<Vec<Doorbell>, Error> {
        self.read(move |rows| Box::pin(leases::due(rows, limit, scans))).await
    }

    async fn backlog(&self) -> Result<Backlog, Error> {
        self.read(|rows| Box::pin(leases::backlog(rows))).await
    }

    async fn claim(
        &self,
        doorbell: &Doorbell,
        holder: &str,
        period: Duration,
    ) -> Result<Claimed, Error> {
        let (doorbell, holder) = (doorbell.clone(), holder.to_owned());
        self.write(move |rows| Box::pin(leases::claim(rows, doorbell, holder, period))).await
    }

    async fn renew(&self, lease: &Lease, period: Duration) -> Result<Lease, Error> {
        let lease = lease.clone();
        self.write(move |rows| Box::pin(leases::renew(rows, lease, period))).await
    }

    async fn release(&self, lease: &Lease, window: Option<String>) -> Result<(), Error> {
        let lease = lease.clone();
        self.write(|rows| Box::pin(leases::release(rows, lease, window))).await
    }

    async fn work(&self, lease: &Lease, limit: usize) -> Result<Work, Error> {
        let lease = lease.clone();
        self.read(move |rows| Box::pin(carry::work(rows, lease, limit))).await
    }

    async fn begin(
        &self,
        lease: &Lease,
        credential_id: &str,
        begins: Vec<Begin>,
        settles_after: Duration,
        window: Option<String>,
    ) -> Result<Recorded, Error> {
        let (lease, credential_id) = (lease.clone(), credential_id.to_owned());
        self.write(move |rows| {
            Box::pin(carry::begin(rows, lease, credential_id, begins, settles_after, window))
        })
        .await
    }

    async fn reseal(&self, lease: &Lease, credential_id: &str, sealed: &[u8]) -> Result<(), Error> {
        let (lease, id, sealed) = (lease.clone(), credential_id.to_owned(), sealed.to_vec());
        self.write(|rows| Box::pin(carry::reseal(rows, lease, id, sealed))).await
    }

    async fn record(
        &self,
        lease: &Lease,
        outcomes: Vec<Outcome>,
        gate: Option<Gate>,
    ) -> Result<Recorded, Error> {
        let lease = lease.clone();
        self.write(|rows| Box::pin(carry::record(rows, lease, outcomes, gate))).await
    }

    async fn drift_work(&self, lease: &Lease) -> Result<DriftWork, Error> {
        let lease = lease.clone();
        self.read(|rows| Box::pin(drift::work(rows, lease))).await
    }

    async fn scanned(&self, lease: &Lease, scanned: Scanned) -> Result<Vec<DriftItem>, Error> {
        let lease = lease.clone();
        self.write(|rows| Box::pin(drift::scanned(rows, lease, scanned))).await
    }

    async fn ask_for_scan(
        &self,
        scope: &Scope,
        id: &CompanyId,
        vendor: Option<VendorKind>,
    ) -> Answer<Vec<ScanView>> {
        if !scope.contains(id) {
            return Ok(Err(Refusal::CompanyNotFound(id.clone())));
        }
        let id = id.clone();
        self.write(move |rows| Box::pin(drift::ask(rows, id, vendor))).await
    }

    async fn scans(&self, scope: &Scope, id: &CompanyId) -> Answer<Vec<ScanView>> {
        if !scope.contains(id) {
            return Ok(Err(Refusal::CompanyNotFound(id.clone())));
        }
        let id = id.clone();
        self.read(|rows| Box::pin(drift::scans(rows, id))).await
    }

    async fn drift(
        &self,
        scope: &Scope,
        id: &CompanyId,
        query: DriftQuery,
    ) -> Answer<Page<DriftItem>> {
        if !scope.contains(id) {
            return Ok(Err(Refusal::CompanyNotFound(id.clone())));
        }
        let id = id.clone();
        self.read(|rows| Box::pin(drift::items(rows, id, query))).await
    }

    async fn policies(
        &self,
        scope: &Scope,
        id: &CompanyId,
    ) -> Answer<(Policies, HashMap<ResourceId, String>)> {
        if !scope.contains(id) {
            return Ok(Err(Refusal::CompanyNotFound(id.clone())));
        }
        let id = id.clone();
        self.read(|rows| Box::pin(drift::policies(rows, id))).await
    }

    async fn resolving(&self, scope: &Scope, id: &CompanyId, items: Vec<i64>) -> Answer<Resolving> {
        if !scope.contains(id) {
            return Ok(Err(Refusal::CompanyNotFound(id.clone())));
        }
        let id = id.clone();
        self.read(|rows| Box::pin(drift::resolving(rows, id, items))).await
    }

    async fn revert(&self, scope: &Scope, revert: Revert) -> Answer<Vec<Doorbell>> {
        if !scope.contains(&revert.company_id) {
            return Ok(Err(Refusal::CompanyNotFound(revert.company_id)));
        }
        self.write(|rows| Box::pin(drift::revert(rows, revert))).await
    }

    async fn suspect(&self, at: &Doorbell, calls: Vec<LateCall>) -> Result<Vec<LateCall>, Error> {
        let at = at.clone();
        self.write(move |rows| Box::pin(carry::suspect(rows, at, calls))).await
    }
}
