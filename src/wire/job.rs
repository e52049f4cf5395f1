//! Jobs, their events, and plans.

use gomark_sdk::v1 as pb;

use super::{Unreadable, moment, timestamp};
use crate::domain::carry::RefusedValue;
use crate::domain::{
    Effect, Estimate, Job, JobError, JobEvent, JobId, JobPart, JobState, ProblemReason, ResourceId,
    Timestamp, VendorKind,
};

impl From<JobState> for pb::JobState {
    fn from(state: JobState) -> Self {
        match state {
            JobState::Queued => Self::Queued,
            JobState::Running => Self::Running,
            JobState::Waiting => Self::Waiting,
            JobState::Succeeded => Self::Succeeded,
            JobState::Failed => Self::Failed,
            JobState::Cancelled => Self::Cancelled,
            JobState::Superseded => Self::Superseded,
        }
    }
}

impl From<ProblemReason> for pb::JobErrorReason {
    fn from(reason: ProblemReason) -> Self {
        match reason {
            ProblemReason::NotConnected => Self::NotConnected,
            ProblemReason::RateLimited => Self::RateLimited,
            ProblemReason::VendorUnavailable => Self::VendorUnavailable,
            ProblemReason::CredentialRefused => Self::CredentialRefused,
            ProblemReason::CredentialSealed => Self::CredentialSealed,
            ProblemReason::VendorRefused => Self::VendorRefused,
            ProblemReason::VendorIgnored => Self::VendorIgnored,
            ProblemReason::Conflict => Self::Conflict,
            ProblemReason::GaveUp => Self::GaveUp,
            ProblemReason::ValuesRefused => Self::ValuesRefused,
            ProblemReason::HoldsValues => Self::HoldsValues,
            ProblemReason::InUse => Self::InUse,
            ProblemReason::DailyLimit => Self::DailyLimit,
            ProblemReason::WrongAccount => Self::WrongAccount,
        }
    }
}

impl From<&Job> for pb::Job {
    fn from(job: &Job) -> Self {
        Self {
            job_id: job.id.to_string(),
            company_id: job.id.company_id.to_string(),
            revision: job.id.revision.get(),
            state: pb::JobState::from(job.state) as i32,
            parts: job.parts.iter().map(Into::into).collect(),
            attempt: i32::try_from(job.attempt).unwrap_or(i32::MAX),
            next_attempt_at: job.next_attempt_at.map(timestamp),
            error: job.error.as_ref().map(Into::into),
            created_at: Some(timestamp(job.created_at)),
            ended_at: job.ended_at.map(timestamp),
        }
    }
}

impl From<&JobPart> for pb::JobPart {
    fn from(part: &JobPart) -> Self {
        Self {
            vendor: pb::Vendor::from(part.vendor) as i32,
            state: pb::JobState::from(part.state) as i32,
            done: part.done,
            total: part.total,
            unit: part.unit.clone(),
            message: part.message.clone(),
            seconds_left: part.seconds_left.map(|it| i64::try_from(it).unwrap_or(i64::MAX)),
        }
    }
}

impl From<&JobError> for pb::JobError {
    fn from(error: &JobError) -> Self {
        let problem = &error.problem;
        let details = problem.details.as_deref().cloned().unwrap_or_default();
        Self {
            reason: pb::JobErrorReason::from(problem.reason) as i32,
            message: problem.message.clone(),
            resource_id: error.resource_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            attributes: problem.attributes.clone(),
            vendor_status: i32::from(problem.vendor_status),
            vendor_correlation_id: problem.correlation_id.clone(),
            refused_count: details.refused.count,
            refused_values: details.refused.first.iter().map(refused).collect(),
            used_by: details.used_by.clone(),
        }
    }
}

fn refused(value: &RefusedValue) -> pb::RefusedValue {
    pb::RefusedValue { record_id: value.record_id.clone(), reason: value.reason.clone() }
}

impl From<&JobEvent> for pb::JobEvent {
    fn from(event: &JobEvent) -> Self {
        Self {
            job_id: event.job_id.to_string(),
            seq: event.seq,
            state: pb::JobState::from(event.state) as i32,
            done: event.done,
            total: event.total,
            unit: event.unit.clone(),
            message: event.message.clone(),
            attempt: i32::try_from(event.attempt).unwrap_or(i32::MAX),
            next_attempt_at: event.next_attempt_at.map(timestamp),
            at: Some(timestamp(event.at)),
            actor: event.actor.clone(),
            reason: event.reason.clone(),
            request_id: event.request_id.clone(),
        }
    }
}

impl TryFrom<pb::JobEvent> for JobEvent {
    type Error = Unreadable;

    fn try_from(event: pb::JobEvent) -> Result<Self, Unreadable> {
        let job_id = JobId::parse(&event.job_id);
        let state =
            JobState::ALL.into_iter().find(|one| pb::JobState::from(*one) as i32 == event.state);
        Ok(Self {
            job_id: job_id.ok_or_else(|| Unreadable::new("an event has no job"))?,
            seq: event.seq,
            state: state.ok_or_else(|| Unreadable::new("an event has no state"))?,
            done: event.done,
            total: event.total,
            unit: event.unit,
            message: event.message,
            attempt: u32::try_from(event.attempt)
                .map_err(|_| Unreadable::new("an event has a negative attempt"))?,
            next_attempt_at: event.next_attempt_at.as_ref().map(moment),
            at: moment(&event.at.ok_or_else(|| Unreadable::new("an event has no time"))?),
            actor: event.actor,
            reason: event.reason,
            request_id: event.request_id,
        })
    }
}

/// A plan, ready to be shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanView {
    /// The operations.
    pub operations: Vec<PlannedCall>,
    /// When the oldest confirmation it rests on was given.
    pub observed_at: Option<Timestamp>,
    /// What carrying it out takes.
    pub estimate: Option<Estimate>,
}

impl From<Estimate> for pb::PlanEstimate {
    fn from(estimate: Estimate) -> Self {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Self {
            calls: whole(estimate.calls),
            seconds: estimate.seconds.map(whole),
            share_of_day: estimate.share_of_day,
        }
    }
}

/// One call of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedCall {
    /// The vendor.
    pub vendor: VendorKind,
    /// What it does.
    pub effect: Effect,
    /// The resource; `None` where its id is given only when the change is accepted.
    pub resource_id: Option<ResourceId>,
    /// One line for people.
    pub summary: String,
}

impl From<&PlanView> for pb::Plan {
    fn from(plan: &PlanView) -> Self {
        let operation = |call: &PlannedCall| {
            let kind = match call.effect {
                Effect::Create(_) => pb::OperationKind::Create,
                Effect::Update(_) => pb::OperationKind::Update,
                Effect::Archive | Effect::Retire(_) => pb::OperationKind::Archive,
                Effect::Carry(_) => pb::OperationKind::CarryValues,
                Effect::Fill(_) => pb::OperationKind::FillIn,
            };
            pb::PlannedOperation {
                vendor: pb::Vendor::from(call.vendor) as i32,
                kind: kind as i32,
                resource_id: call.resource_id.as_ref().map(ToString::to_string).unwrap_or_default(),
                summary: call.summary.clone(),
            }
        };
        Self {
            operations: plan.operations.iter().map(operation).collect(),
            observed_at: plan.observed_at.map(timestamp),
            estimate: plan.estimate.map(Into::into),
        }
    }
}
