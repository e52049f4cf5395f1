//! How a job goes on: what a step at a vendor, or a caller's wish, makes of it.
//!
//! Pure and shared by all backends, which load the rows, hand them to a [`Ledger`] and write what
//! comes out. Nothing else changes the state of a job.

mod ledger;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::{
    Digest, ItemCounts, Job, JobError, JobEvent, JobId, JobPart, JobState, Problem, RequestId,
    ResourceId, Timestamp, VendorKind,
};
use crate::domain::{
    ItemState, Revision,
    decide::{PartWrite, unit},
};

pub(super) use ledger::{Gated, Ledger};

/// What the first event of a job says that nothing holds up.
const ACCEPTED: &str = "accepted";

/// A job, as the database keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct JobRow {
    pub(super) id: JobId,
    pub(super) state: JobState,
    pub(super) attempt: u32,
    pub(super) next_attempt_at: Option<Timestamp>,
    /// What it waits for: the part of it that goes on first.
    pub(super) held_up: Option<JobError>,
    /// What was refused in it, as long as one of its items is.
    pub(super) refused: Option<JobError>,
    pub(super) created_at: Timestamp,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) last_seq: i64,
    pub(super) parts: Vec<PartRow>,
}

/// A part of a job, as the database keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PartRow {
    pub(super) vendor: VendorKind,
    pub(super) state: JobState,
    pub(super) counts: ItemCounts,
    pub(super) unit: String,
    pub(super) message: String,
    /// What it waits for.
    pub(super) held_up: Option<JobError>,
    /// Until when, where that is known.
    pub(super) next_attempt_at: Option<Timestamp>,
    /// Its long work.
    pub(super) work: LongWork,
}

/// Long work that goes record by record, by resource: how many records are done, and of how many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LongWork {
    pub(super) unit: String,
    pub(super) of: BTreeMap<String, (i64, i64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seconds_left: Option<u64>,
}

impl LongWork {
    /// Notes how far the work on a resource is; tells whether people would see a difference.
    fn advance(&mut self, resource_id: &ResourceId, unit: &str, done: i64, total: i64) -> bool {
        unit.clone_into(&mut self.unit);
        let before = self.of.insert(resource_id.to_string(), (done, total));
        let share = |(done, total): (i64, i64)| done.saturating_mul(100) / total.max(1);
        before.is_none_or(|before| before.1 != total || share(before) != share((done, total)))
    }

    fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    fn done(&self) -> i64 {
        self.of.values().map(|(done, _)| done).sum()
    }

    fn total(&self) -> i64 {
        self.of.values().map(|(_, total)| total).sum()
    }
}

/// A resource of a job, as the database keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ItemRow {
    pub(super) revision: Revision,
    pub(super) vendor: VendorKind,
    pub(super) resource_id: ResourceId,
    pub(super) state: ItemState,
    /// Whether it is about filling in its default value, too.
    pub(super) fills: bool,
}

/// The caller's wish that is behind a step.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) actor: String,
    pub(super) reason: String,
    /// The request, where it is about this very job.
    pub(super) request: Option<(RequestId, Digest)>,
    /// Whether no other part of the job took its step for it before.
    pub(super) is_first: bool,
}

/// An event to be written, with the fingerprint of the request that it remembers.
#[derive(Clone, Debug)]
pub(super) struct NewEvent {
    pub(super) event: JobEvent,
    pub(super) fingerprint: Option<Digest>,
}

/// What a step changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    pub(super) jobs: Vec<JobRow>,
    pub(super) items: Vec<ItemRow>,
    pub(super) events: Vec<NewEvent>,
    /// Long work that went on.
    pub(super) work: Vec<(Revision, VendorKind, LongWork)>,
}

impl Progress {
    /// Returns the events, to be told to those who watch.
    pub(super) fn told(&self) -> Vec<JobEvent> {
        self.events.iter().map(|new| new.event.clone()).collect()
    }
}

/// What sets a job's state while some of its items are pending.
#[derive(Clone, Debug)]
pub(super) enum Trigger {
    /// A call is about to be made, or a clear answer came.
    Moving,
    /// Something holds it up, until the moment where one is known.
    HeldUp(JobError, Option<Timestamp>),
    /// Its vendor was connected.
    Connected,
    /// Items of it were cancelled.
    Cancelled,
    /// It is set going again, unless something holds it up.
    Retried(Option<JobError>),
}

/// A step in the life of a job, after its items were counted anew.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) vendor: VendorKind,
    pub(super) trigger: Trigger,
    /// What was refused with this step.
    pub(super) refused: Option<JobError>,
    /// Whether an item came to stand elsewhere.
    pub(super) moved: bool,
    pub(super) message: String,
    pub(super) wish: Option<Wish>,
    pub(super) at: Timestamp,
}

impl JobRow {
    /// The job of a new revision, with its first event.
    pub(super) fn accepted(
        id: JobId,
        parts: &[PartWrite],
        created_at: Timestamp,
        now: Timestamp,
    ) -> (Self, JobEvent) {
        let mut row = Self {
            id,
            state: JobState::Queued,
            attempt: 1,
            next_attempt_at: None,
            held_up: None,
            refused: None,
            created_at,
            ended_at: None,
            last_seq: 0,
            parts: parts.iter().map(PartRow::accepted).collect(),
        };
        row.stand(row.going());
        let message = row.held_up.as_ref().map_or(ACCEPTED, |error| &error.problem.message);
        let message = message.to_owned();
        let event = row.event(message, None, now);
        (row, event)
    }

    /// Takes a step; `None` when it changes nothing that anybody has to be told.
    pub(super) fn step(&mut self, step: Step) -> Option<NewEvent> {
        let before = self.shown();
        let Step { vendor, trigger, refused, moved, message, wish, at } = step;
        let retried = matches!(trigger, Trigger::Retried(_));
        // A job of several parts is set going again once, whatever its first part came to.
        if retried && wish.as_ref().is_some_and(|wish| wish.is_first) {
            self.attempt = self.attempt.saturating_add(1);
        }
        let part = self.parts.iter_mut().find(|part| part.vendor == vendor)?;
        let changes_part = part.step(trigger);
        let present = if retried { JobState::Queued } else { self.state };
        let counts = self.counts();
        if refused.is_some() {
            self.refused = refused;
        }
        if counts.failed == 0 {
            self.refused = None;
        }
        self.stand(counts.outcome(present).unwrap_or_else(|| self.going()));
        self.ended_at = self.state.is_terminal().then(|| self.ended_at.unwrap_or(at));
        if !moved && !retried && !changes_part && before == self.shown() {
            return None;
        }
        if let Some(part) = self.parts.iter_mut().find(|part| part.vendor == vendor) {
            part.message.clone_from(&message);
        }
        let fingerprint = wish.as_ref().and_then(|wish| Some(wish.request.as_ref()?.1));
        Some(NewEvent { event: self.event(message, wish, at), fingerprint })
    }

    /// The job as callers see it.
    pub(super) fn to_job(&self) -> Job {
        let part = |part: &PartRow| JobPart {
            vendor: part.vendor,
            state: part.state,
            done: part.done(),
            total: part.total(),
            unit: part.shown_unit().to_owned(),
            seconds_left: part.work.seconds_left.filter(|_| !part.state.is_terminal()),
            message: part.message.clone(),
        };
        Job {
            id: self.id.clone(),
            state: self.state,
            parts: self.parts.iter().map(part).collect(),
            attempt: self.attempt,
            next_attempt_at: self.next_attempt_at,
            error: self.error().cloned(),
            created_at: self.created_at,
            ended_at: self.ended_at,
        }
    }

    /// Where it stands while some of its resources are pending.
    fn going(&self) -> JobState {
        let open = || self.parts.iter().map(|part| part.state).filter(|state| !state.is_terminal());
        let begun = open().count() < self.parts.len() || open().any(|it| it == JobState::Running);
        match (open().all(|state| state == JobState::Waiting), begun) {
            (true, _) => JobState::Waiting,
            (false, true) => JobState::Running,
            (false, false) => JobState::Queued,
        }
    }

    /// Takes a state. It waits for what the first of its parts to go on waits for.
    fn stand(&mut self, state: JobState) {
        self.state = state;
        let waiting = self.parts.iter().filter(|part| part.state == JobState::Waiting);
        let first =
            waiting.min_by_key(|part| (part.next_attempt_at.is_none(), part.next_attempt_at));
        let first = first.filter(|_| state == JobState::Waiting);
        self.held_up = first.and_then(|part| part.held_up.clone());
        self.next_attempt_at = first.and_then(|part| part.next_attempt_at);
    }

    /// What holds it up, or else what was refused in it.
    fn error(&self) -> Option<&JobError> {
        self.held_up.as_ref().or(self.refused.as_ref())
    }

    fn shown(&self) -> impl PartialEq + use<> {
        let reason = self.error().map(|error| error.problem.reason);
        (self.state, reason, self.next_attempt_at)
    }

    fn counts(&self) -> ItemCounts {
        let add = |sum: ItemCounts, part: &PartRow| ItemCounts {
            pending: sum.pending + part.counts.pending,
            done: sum.done + part.counts.done,
            failed: sum.failed + part.counts.failed,
            cancelled: sum.cancelled + part.counts.cancelled,
        };
        self.parts.iter().fold(ItemCounts::default(), add)
    }

    fn event(&mut self, message: String, wish: Option<Wish>, at: Timestamp) -> JobEvent {
        self.last_seq += 1;
        let (actor, reason, request) =
            wish.map(|wish| (wish.actor, wish.reason, wish.request)).unwrap_or_default();
        JobEvent {
            job_id: self.id.clone(),
            seq: self.last_seq,
            state: self.state,
            done: self.parts.iter().map(PartRow::done).sum(),
            total: self.parts.iter().map(PartRow::total).sum(),
            unit: unit(self.parts.iter().map(PartRow::shown_unit)).unwrap_or_default().to_owned(),
            message,
            attempt: self.attempt,
            next_attempt_at: self.next_attempt_at,
            at,
            actor,
            reason,
            request_id: request.map(|(id, _)| id.to_string()).unwrap_or_default(),
        }
    }
}

impl PartRow {
    fn accepted(write: &PartWrite) -> Self {
        let pending = i64::try_from(write.items.len()).unwrap_or(i64::MAX);
        let problem = write.problem.as_ref();
        Self {
            vendor: write.vendor,
            state: write.state,
            counts: ItemCounts { pending, ..ItemCounts::default() },
            unit: write.unit.to_owned(),
            message: problem.map_or(ACCEPTED, |problem| &problem.message).to_owned(),
            held_up: problem.cloned().map(of_no_resource),
            next_attempt_at: None,
            work: LongWork::default(),
        }
    }

    /// How many units are done: records, where it goes record by record.
    fn done(&self) -> i64 {
        if self.work.is_empty() { self.counts.done } else { self.work.done() }
    }

    fn total(&self) -> i64 {
        if self.work.is_empty() { self.counts.total() } else { self.work.total() }
    }

    fn shown_unit(&self) -> &str {
        if self.work.is_empty() { &self.unit } else { &self.work.unit }
    }

    /// Takes its part in a step, after its items were counted anew; tells whether that changes what
    /// it stands at.
    fn step(&mut self, trigger: Trigger) -> bool {
        let before = self.shown();
        let retried = matches!(trigger, Trigger::Retried(_));
        let ended = self.counts.outcome(if retried { JobState::Queued } else { self.state });
        match (ended, trigger) {
            (Some(state), _) => self.stand(state, None, None),
            (None, Trigger::Moving) => self.stand(JobState::Running, None, None),
            (None, Trigger::Connected | Trigger::Retried(None)) => {
                self.stand(JobState::Queued, None, None);
            }
            (None, Trigger::HeldUp(error, until)) => {
                self.stand(JobState::Waiting, Some(error), until);
            }
            (None, Trigger::Retried(Some(error))) => {
                self.stand(JobState::Waiting, Some(error), None);
            }
            (None, Trigger::Cancelled) => {}
        }
        before != self.shown()
    }

    fn stand(&mut self, state: JobState, held_up: Option<JobError>, until: Option<Timestamp>) {
        self.state = state;
        self.held_up = held_up;
        self.next_attempt_at = until;
    }

    fn shown(&self) -> impl PartialEq + use<> {
        let reason = self.held_up.as_ref().map(|error| error.problem.reason);
        (self.state, reason, self.next_attempt_at)
    }
}

/// A problem that no single resource has.
pub(super) fn of_no_resource(problem: Problem) -> JobError {
    JobError { problem, resource_id: None }
}
