//! What goes into a store and comes out of it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::drift::{DriftItem, DriftState, Policies};
use crate::domain::plan::Holder;
use crate::domain::{
    Caller, Company, CompanyId, Connection, ConnectionId, Digest, Effect, InDoubt, Job, JobAction,
    JobEvent, JobId, JobState, Problem, RequestId, ResourceId, Revision, SealedConnection,
    Timestamp, Tracked, Transition, VendorKind,
};

/// Why a store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not do it. Nothing was changed.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database was to commit and did not say that it did; whether it took effect is unknown.
    #[error("the database did not say whether it did it")]
    InDoubt(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The time of whoever asked was over. Nothing was changed.
    #[error("the caller's time is over")]
    Late,
    /// What the database holds cannot be read.
    #[error("the database holds something that cannot be read: {0}")]
    Corrupt(String),
    /// The lease was lost.
    #[error("the lease on this connection was lost")]
    Fenced,
    /// The connection is no longer in use, or has another credential.
    #[error("the connection was changed")]
    Disconnected,
    /// A decision that was to be carried out is to be left alone now, or a call was found to be in
    /// doubt since it was planned.
    #[error("something changed since it was planned")]
    Outdated,
}

/// What came of a mutation.
#[derive(Clone, Debug)]
pub struct Committed {
    /// The company's revision after it; the present one when nothing changed.
    pub revision: Revision,
    /// The job that carries it out, as it stands now.
    pub job: Option<Job>,
    /// What the vendor is to hold, with where it stands; empty for a repeat.
    pub touched: Vec<Tracked>,
    /// Whether this is the answer to a request that was made before.
    pub repeated: bool,
    /// The connections at which there is something to do now.
    pub ring: Vec<Doorbell>,
    /// The events of jobs that it brought about.
    pub events: Vec<JobEvent>,
}

/// A connection at which there may be something to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Doorbell {
    /// The company.
    pub company_id: CompanyId,
    /// The connection.
    pub connection_id: ConnectionId,
}

impl fmt::Display for Doorbell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.company_id, self.connection_id)
    }
}

/// How much is left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Connections in use with jobs that have not ended, or with calls in doubt.
    pub connections: u64,
    /// Jobs that have not ended, also those that wait for a connection.
    pub open_jobs: u64,
    /// Changes of others that stand and are left to somebody to resolve.
    pub open_drift: u64,
}

/// What is known of the limits of a connection in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VendorWindow {
    /// The vendor.
    pub vendor: VendorKind,
    /// The calls that may be made in 10 s; 0 while learned.
    pub burst_per_10s: u32,
    /// The share of the vendor's limits that is left to others, in percent.
    pub reserve_percent: u32,
    /// The limiter's window, as whoever held the lease left it last.
    pub window: Option<String>,
}

/// A company with its connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompanyView {
    /// The company.
    pub company: Company,
    /// Its connections.
    pub connections: Vec<Connection>,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Whether there are more.
    pub more: bool,
}

/// Which audit entries to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only entries after this revision.
    pub after: Revision,
    /// Only entries before this revision, where it is given.
    pub before: Option<Revision>,
    /// The newest first.
    pub newest_first: bool,
    /// How many at most.
    pub limit: usize,
    /// At how many bytes of records to stop; the first entry is always answered.
    pub bytes_max: usize,
}

/// An audit entry, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// The company, as the row's index says.
    pub company_id: CompanyId,
    /// The revision, as the row's index says.
    pub revision: Revision,
    /// The record.
    pub record: Vec<u8>,
    /// The hash of the entry before, as the row says.
    pub prev_hash: Vec<u8>,
    /// The hash of the record, as the row says.
    pub hash: Vec<u8>,
}

/// Some events of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    /// The events, oldest first.
    pub events: Vec<JobEvent>,
    /// The state of the job now.
    pub state: JobState,
    /// The number of its latest event.
    pub last_seq: i64,
}

/// A caller's wish to cancel or retry a job.
#[derive(Clone, Debug)]
pub struct JobControl {
    /// The job.
    pub job_id: JobId,
    /// What to do.
    pub action: JobAction,
    /// Whether values that records hold may be lost by it.
    pub allow_data_loss: bool,
    /// The caller's name for the request.
    pub request_id: Option<RequestId>,
    /// A digest of the request without its id.
    pub fingerprint: Digest,
    /// Why.
    pub reason: String,
    /// Who asks.
    pub caller: Caller,
}

/// What a step did to jobs.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// The job that was asked for, where one was.
    pub job: Option<Job>,
    /// The events, to be told to those who watch.
    pub events: Vec<JobEvent>,
    /// The connections at which there is something to do now.
    pub ring: Vec<Doorbell>,
}

/// The right to talk to a vendor account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The connection.
    pub doorbell: Doorbell,
    /// Who holds it.
    pub holder: String,
    /// Grows with every claim; what comes with an older one is refused.
    pub epoch: i64,
    /// How long it lasted, counted from before the database was asked.
    pub period: Duration,
    /// Whether the holder before had not given it back.
    pub taken_over: bool,
}

/// What came of asking for a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The one who asked holds it from now on.
    Taken(Lease),
    /// This one holds it, who may be the one who asks.
    Held(String),
    /// The connection is not in use.
    Unused,
}

impl Claimed {
    /// Returns the lease where it was taken.
    pub fn taken(self) -> Option<Lease> {
        match self {
            Self::Taken(lease) => Some(lease),
            Self::Held(_) | Self::Unused => None,
        }
    }
}

/// A call that ended when the lease that it was made under was lost. It may have taken effect at any
/// moment since it was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateCall {
    /// The resource.
    pub resource_id: ResourceId,
    /// Its name at the vendor.
    pub name: String,
    /// What it does.
    pub effect: Effect,
}

/// What is to be done at a connection.
#[derive(Clone, Debug)]
pub struct Work {
    /// The connection; `None` when it is no longer in use.
    pub connection: Option<SealedConnection>,
    /// The company's revision that this was read at.
    pub revision: Revision,
    /// The resources.
    pub resources: Vec<Tracked>,
    /// Which names others hold at the vendor that may be in their way.
    pub holders: Vec<Holder>,
    /// Whether the connection is closed for a while, and why.
    pub gate: Option<Gate>,
    /// The limiter's window to go on from.
    pub window: Option<String>,
    /// When it is scanned; `None` when it never was.
    pub scan: Option<Scan>,
    /// The database's time.
    pub now: Timestamp,
}

/// When a connection is scanned for what others changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// The next time.
    pub next_at: Timestamp,
    /// Whether somebody asked for it.
    pub asked: bool,
    /// How it went until now.
    pub state: ScanState,
}

/// How scans of a connection went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScanState {
    /// How long it is from one to the next, in milliseconds.
    pub interval_ms: u64,
    /// When the last one was begun that ended well, in microseconds.
    pub at_micros: Option<i64>,
    /// How many changes that one found.
    pub found: u64,
    /// What it showed, as a digest.
    pub digest: String,
    /// Until when one that shows the same leads to nothing, in microseconds, where the company is at
    /// `settled_rev`.
    pub settled_until_micros: Option<i64>,
    /// That revision.
    pub settled_rev: Revision,
    /// What the vendor has to be asked for beside.
    pub with: Vec<String>,
    /// What it was asked for beside when it was listed last.
    pub listed_with: Vec<String>,
    /// When one was begun after that and failed, in microseconds.
    pub failed_micros: Option<i64>,
    /// Why.
    pub problem: Option<Problem>,
}

/// How scans of a connection in use went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanView {
    /// The connection.
    pub at: Doorbell,
    /// Its vendor.
    pub vendor: VendorKind,
    /// How they went.
    pub scan: Scan,
}

/// What a scan is judged by.
#[derive(Clone, Debug)]
pub struct DriftWork {
    /// The company's revision that this was read at.
    pub revision: Revision,
    /// The latest version of all that was ever decided for the vendor, with where it stands.
    pub tracked: Vec<Tracked>,
    /// What is in the inbox: all that stands, and what was set right lately.
    pub items: Vec<DriftItem>,
    /// The number of its last change.
    pub last_seq: i64,
    /// The policies.
    pub policies: Policies,
    /// What the vendor held when it was scanned before.
    pub before: Option<String>,
    /// The database's time.
    pub now: Timestamp,
}

/// What is needed to resolve items of an inbox, and to import.
#[derive(Clone, Debug)]
pub struct Resolving {
    /// The items.
    pub items: Vec<DriftItem>,
    /// The latest version of all that the company ever decided, with where the vendors stand.
    pub tracked: Vec<Tracked>,
    /// The connections in use, with what they were found to hold.
    pub observed: Vec<(ScanView, Option<String>)>,
}

/// What came of a scan.
#[derive(Clone, Debug)]
pub struct Scanned {
    /// When it was begun, by the database's clock.
    pub began: Timestamp,
    /// What it was judged by.
    pub judged: JudgedBy,
    /// How it went, and when the next one is due.
    pub scan: Scan,
    /// What the vendor holds, where that is news.
    pub observation: Option<String>,
    /// What is to be noted about resources.
    pub transitions: Vec<(ResourceId, Transition)>,
    /// Items of the inbox that are new or changed.
    pub items: Vec<DriftItem>,
}

/// What a scan was judged by.
#[derive(Clone, Debug)]
pub enum JudgedBy {
    /// It was not: it failed, or what is only shown to those who ask for it has to be listed first.
    Nothing,
    /// The scan before, which was begun then and settled at this revision.
    TheOneBefore(Timestamp, Revision),
    /// These versions of the resources that something is to be noted of, these policies, and an inbox in
    /// which nothing had changed since this number.
    These(Vec<(ResourceId, Revision)>, Policies, i64),
}

/// Which items of the inbox to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftQuery {
    /// Only those in one of these states, unless there are none.
    pub states: Vec<DriftState>,
    /// Only those that were changed after this number; the earliest first.
    pub after_seq: i64,
    /// Only those that were changed before this number, the latest first, where it is given.
    pub before_seq: Option<i64>,
    /// How many at most.
    pub limit: usize,
}

/// Somebody's wish to have changes of others set right.
#[derive(Clone, Debug)]
pub struct Revert {
    /// The company.
    pub company_id: CompanyId,
    /// The items.
    pub ids: Vec<i64>,
    /// Who asks.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// Whether it is only to be checked.
    pub validate_only: bool,
}

/// A connection is closed for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// How long from now, in milliseconds.
    pub wait_ms: u64,
    /// Why.
    pub problem: Problem,
}

/// A call that is about to be made for one resource.
#[derive(Clone, Debug)]
pub struct Begin {
    /// The resource.
    pub resource_id: ResourceId,
    /// The version that it was planned for.
    pub desired_rev: Revision,
    /// Its name at the vendor.
    pub name: String,
    /// What the call does.
    pub effect: Effect,
    /// The call that was in doubt when it was planned.
    pub planned_in_doubt: Option<InDoubt>,
    /// For people: `creating field deal_stage`.
    pub message: String,
}

/// What came of an operation on one resource.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The resource.
    pub resource_id: ResourceId,
    /// The version that it was planned for.
    pub desired_rev: Revision,
    /// The company's revision at which it was planned.
    pub seen_rev: Revision,
    /// What it means.
    pub transition: Transition,
    /// For people: `created field deal_stage`.
    pub message: String,
}
