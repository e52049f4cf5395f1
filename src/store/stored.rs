//! What the backends read from rows, and the texts in which the database keeps what has no column of
//! its own: JSON, which may gain fields and never changes the meaning of one.

mod companies;
mod drift;
mod events;
mod jobs;
mod leases;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub(super) use companies::{CompanyRow, ConnectionRow, SealedRow};
pub(super) use drift::{ItemOfInbox, PolicyColumns, ScanColumns, policies};
pub(super) use events::EventColumns;
pub(super) use jobs::{ItemColumns, JobColumns, collect, item};
pub(super) use leases::LeaseColumns;

use super::Error;
use crate::domain::{
    Failing, JobError, Leaves, Parked, Problem, ResourceId, Revision, Sync, Timestamp, Tracked,
    Version,
};
use crate::wire::{self, Unreadable};

/// Where a vendor stands with a resource, as columns.
#[derive(Clone, Debug, Default, sqlx::FromRow)]
pub(super) struct SyncRow {
    pub(super) applied: Option<String>,
    /// Not there where a vendor never touched the resource.
    pub(super) applied_rev: Option<i64>,
    pub(super) previous: Option<String>,
    pub(super) confirmed_at: Option<i64>,
    pub(super) in_doubt: Option<String>,
    pub(super) parked_rev: Option<i64>,
    pub(super) parked_problem: Option<String>,
    pub(super) failing_since: Option<i64>,
    pub(super) failing_count: Option<i64>,
    pub(super) next_attempt_at: Option<i64>,
    pub(super) vendor_key: Option<String>,
    pub(super) trail: Option<String>,
    pub(super) checkpoint: Option<String>,
    pub(super) outside: Option<String>,
}

impl SyncRow {
    /// Writes the columns.
    pub(super) fn write(sync: &Sync) -> Result<Self, Error> {
        let micros = Timestamp::as_micros;
        let problem = sync.parked.as_ref().and_then(|parked| parked.problem.as_ref());
        Ok(Self {
            applied: sync.applied.as_ref().map(write).transpose()?,
            applied_rev: Some(sync.applied_rev.get()),
            previous: sync.previous.as_ref().map(write).transpose()?,
            confirmed_at: sync.confirmed_at.map(micros),
            in_doubt: sync.in_doubt.as_ref().map(write).transpose()?,
            parked_rev: sync.parked.as_ref().map(|parked| parked.revision.get()),
            parked_problem: problem.map(write).transpose()?,
            failing_since: sync.failing.map(|failing| failing.since.as_micros()),
            failing_count: sync.failing.map(|failing| i64::from(failing.count)),
            next_attempt_at: sync.failing.map(|failing| failing.next_attempt_at.as_micros()),
            vendor_key: sync.key.clone(),
            trail: sync.trail.as_ref().map(write).transpose()?,
            checkpoint: sync.checkpoint.as_ref().map(write).transpose()?,
            outside: Some(&sync.outside).filter(|it| !it.is_empty()).map(write).transpose()?,
        })
    }

    /// Reads the columns.
    pub(super) fn read(self) -> Result<Sync, Error> {
        let problem: Option<Problem> = read_if(self.parked_problem)?;
        let failing = self.failing_since.zip(self.failing_count).zip(self.next_attempt_at);
        let failing = failing.map(|((since, count), next_attempt_at)| Failing {
            since: Timestamp::from_micros(since),
            count: u32::try_from(count).unwrap_or(u32::MAX),
            next_attempt_at: Timestamp::from_micros(next_attempt_at),
        });
        Ok(Sync {
            applied: read_if(self.applied)?,
            applied_rev: self.applied_rev.map_or(Revision::ZERO, Revision::new),
            previous: read_if(self.previous)?,
            confirmed_at: self.confirmed_at.map(Timestamp::from_micros),
            in_doubt: read_if(self.in_doubt)?,
            parked: self
                .parked_rev
                .map(|revision| Parked { revision: Revision::new(revision), problem }),
            failing,
            key: self.vendor_key,
            trail: read_if(self.trail)?,
            checkpoint: read_if(self.checkpoint)?,
            outside: read_if(self.outside)?.unwrap_or_default(),
        })
    }
}

/// A version, as columns.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct VersionRow {
    pub(super) resource_id: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) from_rev: i64,
    pub(super) spec: Option<Vec<u8>>,
    /// Not read where only what was decided matters.
    #[sqlx(default)]
    pub(super) allows_loss: bool,
    /// Nor this.
    #[sqlx(default)]
    pub(super) leaves: Option<String>,
}

impl VersionRow {
    /// Reads the columns.
    pub(super) fn read(self) -> Result<Version, Error> {
        let kind = known(&self.kind, crate::domain::ResourceKind::parse)?;
        let leaves = self.leaves.map(|leaves| known(&leaves, Leaves::parse)).transpose()?;
        let decode = |bytes: Vec<u8>| wire::decode_resource(kind, &bytes);
        Ok(Version {
            kind,
            resource: self.spec.map(decode).transpose()?,
            id: ResourceId::from_trusted(self.resource_id),
            name: self.name,
            from_rev: Revision::new(self.from_rev),
            allows_loss: self.allows_loss,
            leaves: leaves.unwrap_or_default(),
        })
    }
}

/// A version with where a vendor stands with it, as columns.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct TrackedRow {
    #[sqlx(flatten)]
    pub(super) version: VersionRow,
    #[sqlx(flatten)]
    pub(super) sync: SyncRow,
    /// Only read for those that something is to be done about.
    #[sqlx(default)]
    pub(super) fill: Option<i64>,
}

impl TrackedRow {
    /// Reads the columns.
    pub(super) fn read(self) -> Result<Tracked, Error> {
        let fill = self.fill.map(Revision::new);
        Ok(Tracked { version: self.version.read()?, sync: self.sync.read()?, fill })
    }
}

/// What holds a job up, as the database keeps it.
#[derive(Serialize, Deserialize)]
struct StoredError {
    problem: Problem,
    #[serde(default)]
    resource_id: Option<String>,
}

/// Writes what holds a job up.
pub(super) fn write_error(error: &JobError) -> Result<String, Error> {
    let resource_id = error.resource_id.as_ref().map(ToString::to_string);
    write(&StoredError { problem: error.problem.clone(), resource_id })
}

/// Reads what holds a job up.
pub(super) fn read_error(text: &str) -> Result<JobError, Error> {
    let StoredError { problem, resource_id } = read(text)?;
    Ok(JobError { problem, resource_id: resource_id.map(ResourceId::from_trusted) })
}

/// Writes a value as JSON.
pub(super) fn write<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Corrupt(error.to_string()))
}

/// Reads a value from JSON.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Corrupt(error.to_string()))
}

/// Reads a value where there is one.
pub(super) fn read_if<T: DeserializeOwned>(text: Option<String>) -> Result<Option<T>, Error> {
    text.as_deref().map(read).transpose()
}

/// Reads a name that one of our own types gave.
pub(super) fn known<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, Error> {
    parse(text).ok_or_else(|| Error::Corrupt(format!("`{text}` is not a name of ours")))
}

impl From<Unreadable> for Error {
    fn from(error: Unreadable) -> Self {
        Self::Corrupt(error.to_string())
    }
}
