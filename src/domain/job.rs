//! Jobs: the progress of a revision at the vendors.

use super::{JobId, Problem, ResourceId, Timestamp, VendorKind};

/// Where a job, or the part of it that concerns one vendor, stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobState {
    /// No call was made yet.
    Queued,
    /// Calls are being made.
    Running,
    /// Held up.
    Waiting,
    /// Every resource is confirmed.
    Succeeded,
    /// At least one resource was refused.
    Failed,
    /// Cancelled by a caller.
    Cancelled,
    /// Had failed; a later success made that moot.
    Superseded,
}

impl JobState {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Running,
        Self::Waiting,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::Superseded,
    ];

    /// Returns the name that the database uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
        }
    }

    /// Reads the name that the database uses.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Tells whether nothing more happens by itself.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled | Self::Superseded)
    }

    /// Tells whether a caller may set the job going again.
    pub const fn can_be_retried(self) -> bool {
        matches!(self, Self::Failed | Self::Cancelled)
    }
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its identity.
    pub id: JobId,
    /// Where it stands.
    pub state: JobState,
    /// Its parts, one per vendor.
    pub parts: Vec<JobPart>,
    /// How often it was set going.
    pub attempt: u32,
    /// When it is tried again, where that is known.
    pub next_attempt_at: Option<Timestamp>,
    /// What holds it up or made it fail, and at which resource.
    pub error: Option<JobError>,
    /// When the revision was accepted.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// What holds a job up or made it fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobError {
    /// The trouble.
    pub problem: Problem,
    /// The resource that met it.
    pub resource_id: Option<ResourceId>,
}

/// The part of a job that concerns one vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobPart {
    /// The vendor.
    pub vendor: VendorKind,
    /// Where it stands.
    pub state: JobState,
    /// How many units are confirmed.
    pub done: i64,
    /// How many there are.
    pub total: i64,
    /// What is counted.
    pub unit: String,
    /// What happened last.
    pub message: String,
    /// How many seconds long work still takes by the vendor's limits, where that is known.
    pub seconds_left: Option<u64>,
}

/// One step in the life of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEvent {
    /// The job.
    pub job_id: JobId,
    /// 1, 2, 3 … per job.
    pub seq: i64,
    /// The state after it.
    pub state: JobState,
    /// How many units are done.
    pub done: i64,
    /// How many there are.
    pub total: i64,
    /// What is counted.
    pub unit: String,
    /// What happened.
    pub message: String,
    /// How often the job was set going.
    pub attempt: u32,
    /// When it is tried again.
    pub next_attempt_at: Option<Timestamp>,
    /// When it happened.
    pub at: Timestamp,
    /// Who asked for it, for a cancel or retry.
    pub actor: String,
    /// The caller's reason, for a cancel or retry.
    pub reason: String,
    /// The caller's request id, for a cancel or retry.
    pub request_id: String,
}

/// What a caller may do to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobAction {
    /// Stop it.
    Cancel,
    /// Set it going again.
    Retry,
}

/// Where one resource of a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemState {
    /// Not confirmed yet.
    Pending,
    /// Confirmed at the job's revision or later.
    Done,
    /// Refused.
    Failed,
    /// Cancelled.
    Cancelled,
}

impl ItemState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Done, Self::Failed, Self::Cancelled];

    /// Returns the name that the database uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the name that the database uses.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// How many resources of a job stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ItemCounts {
    /// Not confirmed yet.
    pub pending: i64,
    /// Confirmed.
    pub done: i64,
    /// Refused.
    pub failed: i64,
    /// Cancelled.
    pub cancelled: i64,
}

impl ItemCounts {
    /// Returns how many there are.
    pub const fn total(self) -> i64 {
        self.pending + self.done + self.failed + self.cancelled
    }

    /// Returns the state of a job after its resources came to stand like this; `None` while some
    /// are pending, when the present step decides between RUNNING and WAITING.
    pub const fn outcome(self, present: JobState) -> Option<JobState> {
        match self {
            Self { pending: 0, failed: 0, cancelled: 0, .. } => Some(match present {
                JobState::Failed | JobState::Superseded => JobState::Superseded,
                _ => JobState::Succeeded,
            }),
            Self { pending: 0, failed: 0, .. } => Some(JobState::Cancelled),
            Self { pending: 0, .. } => Some(JobState::Failed),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
