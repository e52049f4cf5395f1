//! The database: the one place where the truth is.
//!
//! [`Store`] is the contract; each backend is a folder of its own, and `conformance` is the suite
//! that all of them pass. Only the backends hold SQL: they implement the traits of [`rows`] for an
//! open transaction, and [`Database`] makes a [`Store`] of that. What is decided, what a job becomes
//! and who holds a lease is worked out by functions that they share, so that no two backends can
//! disagree.

mod carry;
mod commit;
mod control;
mod database;
mod drift;
mod leases;
mod migrations;
mod offline;
pub mod postgres;
mod progress;
mod read;
pub mod record;
mod rows;
pub mod sqlite;
mod stored;
mod types;

#[cfg(test)]
mod conformance;
#[cfg(test)]
pub(crate) mod hooked;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;

pub use database::Database;
pub use migrations::{Step, Tables, Updated};
pub use offline::{Claim, OfflineError};
pub use types::{
    AuditQuery, Backlog, Begin, Claimed, Committed, CompanyView, Doorbell, DriftQuery, DriftWork,
    Error, Events, Gate, JobControl, JudgedBy, LateCall, Lease, Outcome, Page, Recorded, Resolving,
    Revert, Scan, ScanState, ScanView, Scanned, StoredEntry, VendorWindow, Work,
};

use crate::domain::drift::{DriftItem, Policies};
use crate::domain::{
    CompanyId, Config, Digest, Job, JobId, JobState, Mutation, Refusal, RequestId, ResourceId,
    Revision, Scope, SealedConnection, VendorKind,
};

/// The result of something that can also be refused.
pub type Answer<T> = Result<Result<T, Refusal>, Error>;

/// Keeps everything that GoMark must not forget.
///
/// What a method changes is one transaction: it is there, as durable as the database promises, when
/// the method answers `Ok`, and not at all when it answers a refusal. After [`Error::InDoubt`] the
/// outcome is unknown, after any other error nothing was changed. A future that is dropped half way MUST NOT leave a transaction open.
///
/// Methods that take a [`Scope`] MUST answer as if companies outside it did not exist. Methods that
/// take a [`Lease`] MUST change nothing and answer [`Error::Fenced`] unless the lease's epoch is the
/// present one and its time, by the database's clock, is not over.
///
/// Not promised: fairness between callers, or that two reads see the same state.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug + 'static {
    /// Returns this store for somebody who waits until `deadline` only. What has not begun by then is
    /// not done and answers [`Error::Late`]; a read is broken off then, also in the database where it
    /// can be; a change that has begun is carried through.
    fn until(self: Arc<Self>, deadline: Option<Instant>) -> Arc<dyn Store>;

    /// Asks the database for a sign of life, and whether its tables are those that this program needs
    /// and can be written. MUST be cheap, MUST NOT wait for what other calls hold, and can be dropped
    /// at any moment.
    async fn check(&self) -> Result<(), Error>;

    /// Decides about mutations and writes what they lead to.
    ///
    /// Mutations of one company are decided in the order of the batch, each on the result of the
    /// one before. A `request_id` that the company has used is looked up before anything else: with
    /// the same fingerprint it answers as then (`repeated`), with another it is refused. Refusals
    /// are not remembered. A refused mutation MUST NOT keep its neighbours from being committed.
    /// The answers stand in the order of the batch.
    ///
    /// A connection that comes into use takes up everything that is decided, also what was refused
    /// or cancelled at it before; a new credential for one in use only ends its waits.
    async fn commit(&self, batch: Vec<Mutation>) -> Result<Vec<Result<Committed, Refusal>>, Error>;

    /// Looks up a request id as [`Store::commit`] does; `None` when the company has not used it.
    async fn find_request(
        &self,
        company_id: &CompanyId,
        request_id: &RequestId,
        fingerprint: &Digest,
    ) -> Answer<Option<Committed>>;

    /// Reads a company and its connections (those no longer in use only while none of their vendor
    /// is).
    async fn company(&self, scope: &Scope, id: &CompanyId) -> Result<Option<CompanyView>, Error>;

    /// Reads what is known of the vendors' limits of a company, for each connection in use. MUST be
    /// cheap.
    async fn windows(&self, id: &CompanyId) -> Result<Vec<VendorWindow>, Error>;

    /// Reads the connection in use of a company to a vendor, with its sealed credential.
    async fn sealed_connection(
        &self,
        id: &CompanyId,
        vendor: VendorKind,
    ) -> Result<Option<SealedConnection>, Error>;

    /// Lists companies after `after`, by id.
    async fn companies(
        &self,
        scope: &Scope,
        after: Option<&CompanyId>,
        limit: usize,
    ) -> Result<Vec<CompanyView>, Error>;

    /// Reads the configuration at a revision, or the latest one. Refuses an unknown company and a
    /// revision that the company has not reached.
    async fn config(
        &self,
        scope: &Scope,
        id: &CompanyId,
        revision: Option<Revision>,
    ) -> Answer<Config>;

    /// Reads audit entries, as they were written. Refuses an unknown company.
    async fn entries(
        &self,
        scope: &Scope,
        id: &CompanyId,
        query: AuditQuery,
    ) -> Answer<Page<StoredEntry>>;

    /// Reads a job.
    async fn job(&self, scope: &Scope, id: &JobId) -> Result<Option<Job>, Error>;

    /// Lists jobs of a company, the newest first, before the revision `before` where it is given;
    /// only those in one of `states` unless that is empty. Refuses an unknown company.
    async fn jobs(
        &self,
        scope: &Scope,
        id: &CompanyId,
        states: &[JobState],
        before: Option<Revision>,
        limit: usize,
    ) -> Answer<Page<Job>>;

    /// Reads the events of a job after `after_seq`, oldest first, with the job's present state.
    async fn events(
        &self,
        scope: &Scope,
        id: &JobId,
        after_seq: i64,
        limit: usize,
    ) -> Result<Option<Events>, Error>;

    /// Cancels or retries a job.
    ///
    /// Cancel parks each pending resource of the job, unless a newer revision of it was decided;
    /// open jobs whose pending resources are all parked by that are cancelled too. Retry unparks
    /// the job's failed and cancelled resources. A request id that the job has seen is looked up
    /// first, as in [`Store::commit`]. Without a connection in use a cancel ends jobs and parks
    /// nothing: the next connection takes up everything.
    async fn control(&self, control: JobControl) -> Answer<Recorded>;

    /// Lists connections in use for which there may be something to do: those with jobs that have
    /// not ended, with calls in doubt, or with something that is known to be unlike what was decided
    /// and is not parked, whose lease nobody holds and which are not closed for
    /// more than a second; the one whose lease ended the longest time ago first. Where `scans`, those
    /// are among them that are to be scanned by now, or never were; otherwise only where somebody
    /// asked for that.
    async fn due(&self, limit: usize, scans: bool) -> Result<Vec<Doorbell>, Error>;

    /// Counts what is left to do, for all companies.
    async fn backlog(&self) -> Result<Backlog, Error>;

    /// Takes the lease of a connection, if it is in use and nobody holds the lease.
    async fn claim(
        &self,
        doorbell: &Doorbell,
        holder: &str,
        period: Duration,
    ) -> Result<Claimed, Error>;

    /// Prolongs a lease to `period` from now.
    async fn renew(&self, lease: &Lease, period: Duration) -> Result<Lease, Error>;

    /// Gives a lease back, with the limiter's window to go on from.
    async fn release(&self, lease: &Lease, window: Option<String>) -> Result<(), Error>;

    /// Reads what is to be done at a connection, at most `limit` resources, the longest decided
    /// first: resources whose latest version is not confirmed or that an open job waits for,
    /// without those parked at that version, and with those that wait after a failure last; and
    /// all that are in doubt, in front.
    async fn work(&self, lease: &Lease, limit: usize) -> Result<Work, Error>;

    /// Notes that calls are about to be made, and which window the limiter is in. They can take
    /// effect until `settles_after` from now. Jobs that wait for these resources become RUNNING.
    /// Answers [`Error::Disconnected`] when the connection is no longer in use, or no longer with
    /// the credential that `credential_id` stands for, and [`Error::Outdated`] when one of the versions
    /// or a later one of its resource is parked, or another call is in doubt than the plan knew of:
    /// then nothing is noted and no call may be made.
    async fn begin(
        &self,
        lease: &Lease,
        credential_id: &str,
        begins: Vec<Begin>,
        settles_after: Duration,
        window: Option<String>,
    ) -> Result<Recorded, Error>;

    /// Puts a renewed credential in the place of the one that `credential_id` stands for, which it
    /// goes on standing for: it is the same access, given by the same caller. No revision tells of it.
    /// Answers [`Error::Disconnected`] as [`Store::begin`] does.
    async fn reseal(&self, lease: &Lease, credential_id: &str, sealed: &[u8]) -> Result<(), Error>;

    /// Notes what came of operations, what that means for jobs, and when the connection may be
    /// used again where `gate` closes it: of two gates the longer one counts, and open jobs are told
    /// of it. At a connection that is no longer in use it means nothing for jobs, which wait for
    /// another or are carried out there.
    async fn record(
        &self,
        lease: &Lease,
        outcomes: Vec<Outcome>,
        gate: Option<Gate>,
    ) -> Result<Recorded, Error>;

    /// Reads what a scan of a connection is judged by.
    async fn drift_work(&self, lease: &Lease) -> Result<DriftWork, Error>;

    /// Notes what came of a scan. Answers [`Error::Outdated`], and changes nothing, where something else
    /// is decided now than what it was judged by, or a call of one of the resources is in doubt. Answers
    /// the items as they were written.
    async fn scanned(&self, lease: &Lease, scanned: Scanned) -> Result<Vec<DriftItem>, Error>;

    /// Asks for a scan of the connections in use of a company, or the one to a vendor. Refuses an
    /// unknown company, and a vendor that it is not connected to.
    async fn ask_for_scan(
        &self,
        scope: &Scope,
        id: &CompanyId,
        vendor: Option<VendorKind>,
    ) -> Answer<Vec<ScanView>>;

    /// Reads how scans of a company's connections in use went. Refuses an unknown company.
    async fn scans(&self, scope: &Scope, id: &CompanyId) -> Answer<Vec<ScanView>>;

    /// Reads items of a company's inbox. Refuses an unknown company.
    async fn drift(
        &self,
        scope: &Scope,
        id: &CompanyId,
        query: DriftQuery,
    ) -> Answer<Page<DriftItem>>;

    /// Reads what a company decided about changes of others, with the present names of the resources that
    /// it is about. Refuses an unknown company.
    async fn policies(
        &self,
        scope: &Scope,
        id: &CompanyId,
    ) -> Answer<(Policies, HashMap<ResourceId, String>)>;

    /// Reads what is needed to resolve items of a company's inbox, and to import: the items, all that the
    /// company ever decided, and what its connections in use were found to hold. Refuses an unknown
    /// company, and items that there are not.
    async fn resolving(&self, scope: &Scope, id: &CompanyId, items: Vec<i64>) -> Answer<Resolving>;

    /// Has changes of others set right that are left as they are. Refuses items that there are not,
    /// or that cannot be set right; then none is. Answers the connections at which there is something
    /// to do.
    async fn revert(&self, scope: &Scope, revert: Revert) -> Answer<Vec<Doorbell>>;

    /// Notes calls that ended after the lease was lost that they were made under: they are in doubt,
    /// so that whoever holds the connection now looks what became of them. It takes no lease, since
    /// it says nothing of what the vendor holds. Answers those that cannot be noted yet, because
    /// another call is in doubt for the same resource.
    async fn suspect(&self, at: &Doorbell, calls: Vec<LateCall>) -> Result<Vec<LateCall>, Error>;
}
