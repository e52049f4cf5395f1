//! Planning: what is to be done now.

use tokio::time::Instant;

use super::launch::is_long;
use super::{Look, REST_MAX, Session, Task, subject};
use crate::domain::carry::Checkpoint;
use crate::domain::plan::Names;
use crate::domain::{
    Attributes, Effect, Known, Operation, Problem, ProblemReason, Revision, Step, Timestamp,
    Tracked, Transition, plan,
};
use crate::executor::accounts::Open;
use crate::executor::outcomes::{self, Before};
use crate::store::Outcome;
use crate::vendors::{Call, Lane, Target};

/// How often it is looked whether a name was made way for that nobody makes way for by himself.
const STUCK_WAIT_MS: u64 = 30_000;

/// What a plan says is to be done now.
#[derive(Debug, Default)]
pub(super) struct Due {
    /// To be noted without a call.
    pub(super) outcomes: Vec<Outcome>,
    /// To be read.
    pub(super) looks: Vec<Look>,
    /// To be sent.
    pub(super) tasks: Vec<Task>,
    /// When the first of the others may be tried.
    pub(super) next_at: Option<Instant>,
}

impl Session {
    /// Sorts out what is to be done now.
    pub(super) fn due(&self, open: &Open) -> Due {
        let mut due = Due::default();
        let Some(work) = &self.work else { return due };
        let now = self.now();
        let names = Names::of(&work.resources, &work.holders);
        for tracked in &work.resources {
            let version = &tracked.version;
            if self.in_flight.contains(&version.id) {
                continue;
            }
            let observed = self.observed.get(&version.id);
            // What was read before a call was found to be in doubt says nothing of it.
            let observed = observed.filter(|(_, in_doubt)| *in_doubt == tracked.sync.in_doubt);
            let observed = observed.map(|(observed, _)| observed);
            let free_at = free_at(tracked, observed.is_some());
            if free_at > now {
                due.next_at = earlier(due.next_at, Some(Instant::now() + free_at.since(now)));
                continue;
            }
            if let Some(outcome) = self.overruled(open, tracked, work.revision) {
                due.outcomes.push(outcome);
                continue;
            }
            let desired = tracked.decided(|resource| open.vendor.desired(resource));
            let known = Known { observed, ..Known::new(tracked, desired.as_ref(), now) };
            let mut operations = plan([known], &names);
            let unseen = observed.is_none() && self.look_first.contains(&version.id);
            if unseen {
                operations = vec![Operation { id: version.id.clone(), step: Step::Read }];
            }
            for operation in operations {
                let desired = desired.as_ref();
                let task = |effect| task(tracked, desired.cloned(), effect, work.revision, now);
                sort(&mut due, operation.step, tracked, desired, work.revision, now, task);
            }
        }
        due
    }

    /// Forgets what is left as somebody else made it, where something else was decided since: it would
    /// count again if the same was decided once more.
    fn overruled(&self, open: &Open, tracked: &Tracked, seen_rev: Revision) -> Option<Outcome> {
        let Tracked { version, sync, .. } = tracked;
        if sync.outside.left_as.is_empty() && sync.outside.left_removed.is_none() {
            return None;
        }
        let desired = version.resource.as_ref().map(|resource| open.vendor.desired(resource));
        let (left_as, left_removed) = sync.outside.standing_at(desired.as_ref(), version.from_rev);
        if left_as == sync.outside.left_as && left_removed == sync.outside.left_removed {
            return None;
        }
        let held = sync.applied.clone();
        Some(Outcome {
            resource_id: version.id.clone(),
            desired_rev: version.from_rev,
            seen_rev,
            transition: Transition::Observe { held, left_as, left_removed, unlike: true },
            message: String::new(),
        })
    }

    /// Long work that has to wait for longer than a moment, because its share of the day's calls is
    /// used up: so that jobs say so, and the lease is not held for it.
    pub(super) fn put_off(&self, open: &Open, tasks: &[Task]) -> Vec<Outcome> {
        let wait = open.account.wait(Lane::Background);
        if wait <= REST_MAX {
            return Vec::new();
        }
        let long = tasks.iter().filter(|task| is_long(std::slice::from_ref(task)));
        let outcome = |task: &Task| {
            let subject = task.subject();
            let message =
                format!("{subject} waits: the calls of the day that long work may use are used up");
            let problem = Problem::new(ProblemReason::DailyLimit, message.clone());
            let transition =
                Transition::Fail { in_doubt: false, wait_ms: outcomes::millis(wait), problem };
            Outcome {
                resource_id: task.resource_id.clone(),
                desired_rev: task.desired_rev,
                seen_rev: task.seen_rev,
                transition,
                message,
            }
        };
        long.map(outcome).collect()
    }
}

/// Puts a step where it belongs.
fn sort(
    due: &mut Due,
    step: Step,
    tracked: &Tracked,
    desired: Option<&Attributes>,
    seen_rev: Revision,
    now: Timestamp,
    task: impl FnOnce(Effect) -> Task,
) {
    let subject = subject(&target(tracked, None));
    let mut note = |transition, message| {
        due.outcomes.push(Outcome {
            resource_id: tracked.version.id.clone(),
            desired_rev: tracked.version.from_rev,
            seen_rev,
            transition,
            message,
        });
    };
    match step {
        Step::Confirm(held) => {
            let message = match (&held, &tracked.sync.applied) {
                (None, Some(_)) if tracked.stays() => format!("{subject} stays as it is"),
                (Some(_), None) => format!("adopted {subject}, which was there as decided"),
                _ => format!("{subject} is as decided"),
            };
            note(Transition::Confirm(held), message);
        }
        Step::Settle(held) => note(Transition::Settle(held), format!("read {subject}")),
        Step::Move { name, foreign } => {
            let message = format!("{subject} goes to {name}");
            note(Transition::Move { name, foreign }, message);
        }
        Step::Found(left) => {
            let message = format!("found {subject} at {}, too", left.name);
            note(Transition::Found(left), message);
        }
        Step::Retired(name) => {
            let message = format!("{name} is archived");
            note(Transition::Retired(name), message);
        }
        Step::Withdraw => note(Transition::Withdraw, format!("read {subject}")),
        Step::Filled(revision) => {
            let checkpoint = tracked.sync.checkpoint.as_ref();
            let message = checkpoint.map_or_else(
                || format!("{subject}: there was nothing to fill in"),
                |checkpoint| checkpoint.told("filled in"),
            );
            note(Transition::Filled(revision), message);
        }
        Step::Wait(problem) => {
            let message = problem.message.clone();
            note(Transition::Fail { in_doubt: false, wait_ms: STUCK_WAIT_MS, problem }, message);
        }
        Step::Park { held, problem } => {
            let message = problem.message.clone();
            note(Transition::Park { held, problem }, message);
        }
        Step::Read => due.looks.push(Look {
            resource_id: tracked.version.id.clone(),
            target: doubtful_target(tracked, desired),
            desired_rev: tracked.version.from_rev,
            seen_rev,
            before: Before::new(tracked.sync.failing, now),
            in_doubt: tracked.sync.in_doubt.clone(),
            is_ours: tracked.sync.applied.is_some(),
        }),
        Step::Call(effect) => due.tasks.push(task(effect)),
    }
}

/// From when on a resource may be looked at: not before a call in doubt can no longer take effect,
/// unless it was read since, and not before its wait after a failure is over.
fn free_at(tracked: &Tracked, was_read: bool) -> Timestamp {
    let failing = tracked.sync.failing.map(|failing| failing.next_attempt_at);
    let in_doubt = tracked.sync.in_doubt.as_ref().filter(|_| !was_read);
    let settled = in_doubt.map(|in_doubt| Timestamp::from_micros(in_doubt.settled_at_micros));
    let pass = tracked.sync.checkpoint.as_ref().and_then(Checkpoint::begins_at);
    failing.max(settled).max(pass).unwrap_or_default()
}

/// One operation, as it goes to the vendor.
fn task(
    tracked: &Tracked,
    desired: Option<Attributes>,
    effect: Effect,
    seen_rev: Revision,
    now: Timestamp,
) -> Task {
    let Tracked { version, sync, .. } = tracked;
    let (fills, value) = match &effect {
        Effect::Fill(fill) => (tracked.fill, Some(fill.value.clone())),
        _ => (None, None),
    };
    let mut target = target(tracked, desired.as_ref());
    let mut held = sync.applied.clone();
    if let Effect::Retire(retire) = &effect {
        target.name.clone_from(&retire.name);
        let left = sync.left().iter().find(|left| left.name == retire.name);
        held = left.map(|left| left.held.clone());
        target.expected = held.clone().unwrap_or_default();
    }
    let checkpoint = sync.checkpoint.clone().filter(|checkpoint| checkpoint.fills == fills);
    Task {
        resource_id: version.id.clone(),
        desired,
        desired_rev: version.from_rev,
        seen_rev,
        before: Before::new(sync.failing, now),
        in_doubt: sync.in_doubt.clone(),
        is_moving: sync.is_moving(),
        checkpoint: checkpoint
            .unwrap_or_else(|| Checkpoint { value, ..Checkpoint::begin(fills, now) }),
        call: Call { target, effect, held, allow_loss: version.allows_loss },
    }
}

/// The resource under the name that the vendor knows it by.
fn target(tracked: &Tracked, desired: Option<&Attributes>) -> Target {
    let Tracked { version, sync, .. } = tracked;
    let expected = sync.expected(desired);
    Target { kind: version.kind, name: sync.key_or(&version.name).to_owned(), expected }
}

/// The same under the name that the call in doubt was about.
fn doubtful_target(tracked: &Tracked, desired: Option<&Attributes>) -> Target {
    let name = tracked.sync.doubtful_name(&tracked.version.name).to_owned();
    Target { name, ..target(tracked, desired) }
}

pub(super) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
