//! What goes into a store and comes out of it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

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
    /// The database's time.
    pub now: Timestamp,
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
