//! The jobs and items that one step concerns, and what becomes of them.

use std::collections::{BTreeMap, BTreeSet};

use super::{ItemRow, JobRow, Progress, Step, Trigger, Wish, of_no_resource};
use crate::domain::carry::Checkpoint;
use crate::domain::{
    ItemCounts, ItemState, JobError, Problem, ResourceId, Revision, Timestamp, Transition,
    VendorKind,
};
use crate::store::types::Outcome;

/// Collects what happens to the jobs of one company at one vendor in one transaction, so that each
/// job takes one step, with one event, however much happened to it.
#[derive(Debug)]
pub(in crate::store) struct Ledger {
    vendor: VendorKind,
    now: Timestamp,
    jobs: BTreeMap<Revision, JobRow>,
    items: BTreeMap<(ResourceId, Revision), ItemState>,
    /// Those of them that are about filling in a value, too.
    fills: BTreeSet<(ResourceId, Revision)>,
    /// Jobs whose long work went on.
    advanced: BTreeSet<Revision>,
    moved: BTreeSet<(ResourceId, Revision)>,
    notes: BTreeMap<Revision, Note>,
}

/// When a connection that is closed opens again, and why it is closed.
#[derive(Clone, Debug)]
pub(in crate::store) struct Gated {
    pub(in crate::store) until: Timestamp,
    pub(in crate::store) problem: Problem,
}

/// What happened to one job.
#[derive(Debug, Default)]
struct Note {
    trigger: Option<Trigger>,
    refused: Option<JobError>,
    moved: bool,
    messages: Vec<(Weight, String)>,
    wish: Option<Wish>,
}

/// Which message is the one to tell when there are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Progress,
    Delay,
    Gate,
    Refusal,
}

impl Ledger {
    /// Opens the ledger for jobs and those of their items that the step can concern.
    pub(in crate::store) fn new(
        vendor: VendorKind,
        now: Timestamp,
        jobs: Vec<JobRow>,
        items: Vec<ItemRow>,
    ) -> Self {
        let fills = items.iter().filter(|item| item.fills);
        let fills = fills.map(|item| (item.resource_id.clone(), item.revision)).collect();
        Self {
            vendor,
            now,
            fills,
            advanced: BTreeSet::new(),
            jobs: jobs.into_iter().map(|job| (job.id.revision, job)).collect(),
            items: items
                .into_iter()
                .map(|item| ((item.resource_id, item.revision), item.state))
                .collect(),
            moved: BTreeSet::new(),
            notes: BTreeMap::new(),
        }
    }

    /// A call for a resource is about to be made.
    pub(in crate::store) fn began(&mut self, resource_id: &ResourceId, message: &str) {
        for revision in self.pending(resource_id) {
            let note = self.note(revision, Weight::Progress, message);
            note.trigger.get_or_insert(Trigger::Moving);
        }
    }

    /// Something came of an operation. `next_decision` is the revision of the version after the
    /// one that it was planned for, where there is one.
    pub(in crate::store) fn recorded(
        &mut self,
        outcome: &Outcome,
        next_decision: Option<Revision>,
    ) {
        let Outcome { resource_id, seen_rev, transition, message, .. } = outcome;
        let error = |problem: &Problem| JobError {
            problem: problem.clone(),
            resource_id: Some(resource_id.clone()),
        };
        match transition {
            Transition::Confirm(held) => {
                for revision in self.unsettled(resource_id) {
                    let fills = self.fills.contains(&(resource_id.clone(), revision));
                    if revision <= *seen_rev && !(fills && held.is_some()) {
                        self.put(resource_id, revision, ItemState::Done);
                        let note = self.note(revision, Weight::Progress, message);
                        note.trigger.get_or_insert(Trigger::Moving);
                    }
                }
            }
            Transition::Park { problem, .. } => {
                for revision in self.pending(resource_id) {
                    if next_decision.is_none_or(|next| revision < next) {
                        self.put(resource_id, revision, ItemState::Failed);
                        let note = self.note(revision, Weight::Refusal, message);
                        note.trigger.get_or_insert(Trigger::Moving);
                        note.refused = Some(error(problem));
                    }
                }
            }
            Transition::Fail { wait_ms, problem, .. } => {
                let until = self.now.plus(std::time::Duration::from_millis(*wait_ms));
                for revision in self.pending(resource_id) {
                    self.delay(revision, error(problem), until, message);
                }
            }
            Transition::Filled(revision) => {
                if self.items.contains_key(&(resource_id.clone(), *revision)) {
                    self.put(resource_id, *revision, ItemState::Done);
                    let note = self.note(*revision, Weight::Progress, message);
                    note.trigger.get_or_insert(Trigger::Moving);
                }
            }
            Transition::Advance(checkpoint) => self.advance(resource_id, checkpoint, message),
            Transition::Settle(_)
            | Transition::Withdraw
            | Transition::Move { .. }
            | Transition::Found(_)
            | Transition::Retired(_)
            | Transition::Observe { .. } => {}
        }
    }

    /// A page of long work is done: all jobs that wait for it are told, where it makes a difference.
    fn advance(&mut self, resource_id: &ResourceId, checkpoint: &Checkpoint, message: &str) {
        let waiting = self.pending(resource_id).into_iter();
        let concerned =
            waiting.filter(|revision| checkpoint.fills.is_none_or(|it| it == *revision));
        for revision in concerned.collect::<Vec<_>>() {
            let vendor = self.vendor;
            let job = self.jobs.get_mut(&revision);
            let part = job.and_then(|job| job.parts.iter_mut().find(|part| part.vendor == vendor));
            let Some(part) = part else { continue };
            let (done, total) = (checkpoint.looked, checkpoint.total);
            part.work.seconds_left = checkpoint.seconds_left;
            let shows = part.work.advance(resource_id, "deals", done, total);
            self.advanced.insert(revision);
            if shows || checkpoint.done {
                let note = self.note(revision, Weight::Progress, message);
                note.moved = true;
                note.trigger.get_or_insert(Trigger::Moving);
            }
        }
    }

    /// The connection is closed for a while: all jobs in the ledger with something pending wait.
    pub(in crate::store) fn gated(&mut self, gated: &Gated) {
        let jobs = self.jobs.values().filter(|job| job.counts().pending > 0);
        for revision in jobs.map(|job| job.id.revision).collect::<Vec<_>>() {
            // The connection's reason and time count, whatever a resource's own would be.
            let error = of_no_resource(gated.problem.clone());
            let note = self.note(revision, Weight::Gate, &gated.problem.message);
            note.trigger = Some(Trigger::HeldUp(error, Some(gated.until)));
        }
    }

    /// All jobs in the ledger meet the same.
    pub(in crate::store) fn all(&mut self, trigger: &Trigger, message: &str) {
        for revision in self.jobs.keys().copied().collect::<Vec<_>>() {
            self.note(revision, Weight::Progress, message).trigger = Some(trigger.clone());
        }
    }

    /// A caller cancels pending items of a job, or those that were folded into it.
    pub(in crate::store) fn cancelled(
        &mut self,
        revision: Revision,
        resource_id: &ResourceId,
        wish: &Wish,
        message: &str,
    ) {
        if self.items.get(&(resource_id.clone(), revision)) == Some(&ItemState::Pending) {
            self.put(resource_id, revision, ItemState::Cancelled);
            let note = self.note(revision, Weight::Progress, message);
            // All that is cancelled in one job is one message.
            note.messages.truncate(1);
            note.trigger = Some(Trigger::Cancelled);
            note.wish = Some(wish.clone());
        }
    }

    /// Lists the jobs that have this resource pending.
    pub(in crate::store) fn pending(&self, resource_id: &ResourceId) -> Vec<Revision> {
        self.in_state(resource_id, &[ItemState::Pending])
    }

    /// A caller sets these items of a job going again: `covered` are those that the vendor holds
    /// already.
    pub(in crate::store) fn retried(
        &mut self,
        revision: Revision,
        ids: &BTreeSet<ResourceId>,
        covered: &BTreeSet<ResourceId>,
        held_up: Option<JobError>,
        wish: Wish,
    ) {
        for id in ids {
            let state = if covered.contains(id) { ItemState::Done } else { ItemState::Pending };
            self.put(id, revision, state);
        }
        let note = self.note(revision, Weight::Progress, "set going again");
        note.trigger = Some(Trigger::Retried(held_up));
        note.wish = Some(wish);
    }

    /// Closes the ledger: each job takes its step.
    pub(in crate::store) fn close(mut self) -> Progress {
        let mut progress = Progress::default();
        for revision in &self.advanced {
            let parts = self.jobs.get(revision).into_iter().flat_map(|job| &job.parts);
            let work = parts.filter(|part| part.vendor == self.vendor);
            let work = work.map(|part| (*revision, part.vendor, part.work.clone()));
            progress.work.extend(work);
        }
        for (revision, note) in std::mem::take(&mut self.notes) {
            let Some(mut job) = self.jobs.remove(&revision) else { continue };
            let step = Step {
                vendor: self.vendor,
                message: note.message(),
                trigger: note.trigger.unwrap_or(Trigger::Moving),
                refused: note.refused,
                moved: note.moved,
                wish: note.wish,
                at: self.now,
            };
            if let Some(event) = job.step(step) {
                progress.events.push(event);
                progress.jobs.push(job);
            }
        }
        for key in self.moved {
            let Some(state) = self.items.get(&key).copied() else { continue };
            let fills = self.fills.contains(&key);
            let (resource_id, revision) = key;
            let vendor = self.vendor;
            progress.items.push(ItemRow { revision, vendor, resource_id, state, fills });
        }
        progress
    }

    fn delay(&mut self, revision: Revision, error: JobError, until: Timestamp, message: &str) {
        let note = self.note(revision, Weight::Delay, message);
        match &mut note.trigger {
            // Of several delays the job shows the first, and the earliest moment.
            Some(Trigger::HeldUp(_, Some(earliest))) => *earliest = until.min(*earliest),
            trigger => *trigger = Some(Trigger::HeldUp(error, Some(until))),
        }
    }

    fn note(&mut self, revision: Revision, weight: Weight, message: &str) -> &mut Note {
        let note = self.notes.entry(revision).or_default();
        note.messages.push((weight, message.to_owned()));
        note
    }

    fn unsettled(&self, resource_id: &ResourceId) -> Vec<Revision> {
        self.in_state(resource_id, &[ItemState::Pending, ItemState::Failed])
    }

    fn in_state(&self, resource_id: &ResourceId, states: &[ItemState]) -> Vec<Revision> {
        let first = (resource_id.clone(), Revision::ZERO);
        let of_resource = self.items.range(first..).take_while(|((id, _), _)| id == resource_id);
        let matching = of_resource.filter(|(_, state)| states.contains(state));
        matching.map(|((_, revision), _)| *revision).collect()
    }

    /// Puts an item into a state and counts anew.
    fn put(&mut self, resource_id: &ResourceId, revision: Revision, state: ItemState) {
        let key = (resource_id.clone(), revision);
        let before = self.items.insert(key.clone(), state);
        let vendor = self.vendor;
        let job = self.jobs.get_mut(&revision);
        let part = job.and_then(|job| job.parts.iter_mut().find(|part| part.vendor == vendor));
        if let (Some(before), Some(part)) = (before, part) {
            *count(&mut part.counts, before) -= 1;
            *count(&mut part.counts, state) += 1;
        }
        self.moved.insert(key);
        self.notes.entry(revision).or_default().moved = true;
    }
}

impl Note {
    /// The weightiest message, and how many more of its weight there are.
    fn message(&self) -> String {
        let Some(weight) = self.messages.iter().map(|(weight, _)| *weight).max() else {
            return String::new();
        };
        let mut texts = self.messages.iter().filter(|(of, _)| *of == weight).map(|(_, text)| text);
        let first = texts.next().cloned().unwrap_or_default();
        match texts.filter(|text| **text != first).count() {
            0 => first,
            more => format!("{first}, and {more} more"),
        }
    }
}

fn count(counts: &mut ItemCounts, state: ItemState) -> &mut i64 {
    match state {
        ItemState::Pending => &mut counts.pending,
        ItemState::Done => &mut counts.done,
        ItemState::Failed => &mut counts.failed,
        ItemState::Cancelled => &mut counts.cancelled,
    }
}
