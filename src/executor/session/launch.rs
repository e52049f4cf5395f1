//! Planning, and sending what can be sent now.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::time::{Instant, timeout, timeout_at};

use super::{End, Finished, Look, Session, Task, subject};
use crate::domain::carry::Checkpoint;
use crate::domain::plan::Names;
use crate::domain::{
    Attributes, Effect, Known, Operation, Problem, ProblemReason, Revision, Step, Timestamp,
    Tracked, Transition, plan,
};
use crate::executor::accounts::{self, Open};
use crate::executor::batches::{self, UnderWay};
use crate::executor::outcomes::Before;
use crate::failpoint::{self, Boundary};
use crate::store::{self, Begin, Gate, Outcome};
use crate::vendors::{Call, Failure, FailureScope, Lane, Target};

/// How long to wait for a place that was free a moment ago.
const ADMIT_MAX: Duration = Duration::from_millis(50);
/// How long to wait when a credential cannot be opened.
const SEALED_WAIT_MS: u64 = 30_000;
/// How often it is looked whether a name was made way for that nobody makes way for by himself.
const STUCK_WAIT_MS: u64 = 30_000;

/// What a plan says is to be done now.
#[derive(Debug, Default)]
struct Due {
    /// To be noted without a call.
    outcomes: Vec<Outcome>,
    /// To be read.
    looks: Vec<Look>,
    /// To be sent.
    tasks: Vec<Task>,
    /// When the first of the others may be tried.
    next_at: Option<Instant>,
}

impl Session {
    /// Plans and sends; tells when there is something to do next. Leaves `work` empty when it has
    /// to be read again.
    pub(super) async fn launch(&mut self) -> Result<Option<Instant>, End> {
        let now = Instant::now();
        if let Some(until) = self.closed_until.filter(|until| *until > now) {
            self.tell_closed().await?;
            return Ok(Some(until));
        }
        let Some(open) = self.opened().await? else {
            return Ok(self.closed_until);
        };
        let due = self.due(&open);
        if !due.outcomes.is_empty() {
            for outcome in &due.outcomes {
                self.observed.remove(&outcome.resource_id);
                self.look_first.remove(&outcome.resource_id);
            }
            self.record(due.outcomes, None).await?;
            return Ok(None);
        }
        if !self.may_begin() {
            return Ok(Some(now + super::STORE_RETRY));
        }
        let mut next_at = due.next_at;
        let held_back = match self.look(&open, due.looks).await {
            true => Some(Lane::Change),
            false => self.send(&open, due.tasks).await?,
        };
        if let Some(lane) = held_back {
            next_at = earlier(next_at, Some(now + open.account.wait(lane)));
        }
        Ok(next_at)
    }

    /// Tells the jobs that were accepted since the connection was closed how long it will be.
    async fn tell_closed(&mut self) -> Result<(), End> {
        let Some((work, _)) = &self.work else { return Ok(()) };
        let Some(gate) = work.gate.clone().filter(|_| work.revision > self.told_rev) else {
            return Ok(());
        };
        if work.resources.is_empty() {
            return Ok(());
        }
        self.told_rev = work.revision;
        // The gate is closed for longer than that already, which is what counts.
        self.record(Vec::new(), Some(Gate { wait_ms: 0, ..gate })).await
    }

    /// Returns the account, opened with the present credential; `None` when there is none.
    async fn opened(&mut self) -> Result<Option<Open>, End> {
        let Some((work, _)) = &self.work else { return Ok(None) };
        let Some(sealed) = &work.connection else {
            self.open = None;
            return Ok(None);
        };
        if work.resources.is_empty() {
            return Ok(None);
        }
        if let Some(open) = &self.open
            && open.credential_id == sealed.connection.credential_id
        {
            return Ok(Some(open.clone()));
        }
        let before = self.open.take().map(|open| open.account.window());
        let window = before.or_else(|| work.window.clone());
        match accounts::open(&self.parts, &self.lease, sealed, window) {
            Ok(open) => {
                self.open = Some(open.clone());
                Ok(Some(open))
            }
            Err(problem) => {
                self.close(problem).await?;
                Ok(None)
            }
        }
    }

    /// Closes the connection because its account cannot be opened.
    async fn close(&mut self, problem: Problem) -> Result<(), End> {
        let Some((work, _)) = &self.work else { return Ok(()) };
        let wait = |tracked: &Tracked| Outcome {
            resource_id: tracked.version.id.clone(),
            desired_rev: tracked.version.from_rev,
            seen_rev: work.revision,
            transition: Transition::Fail {
                in_doubt: tracked.sync.in_doubt.is_some(),
                wait_ms: SEALED_WAIT_MS,
                problem: problem.clone(),
            },
            message: problem.message.clone(),
        };
        let outcomes = work.resources.iter().map(wait).collect();
        self.record(outcomes, Some(Gate { wait_ms: SEALED_WAIT_MS, problem })).await
    }

    /// Sorts out what is to be done now.
    fn due(&self, open: &Open) -> Due {
        let mut due = Due::default();
        let Some((work, _)) = &self.work else { return due };
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
            let desired = version.resource.as_ref().map(|resource| open.vendor.desired(resource));
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

    /// Reads what is in doubt; tells whether it had to wait for the rate limit.
    async fn look(&mut self, open: &Open, looks: Vec<Look>) -> bool {
        if looks.is_empty() || self.calls >= self.parts.settings.calls_max {
            return false;
        }
        if !admitted(open, Lane::Change).await {
            return true;
        }
        for look in looks.iter().filter(|look| look.in_doubt.is_some()) {
            let doorbell = &self.lease.doorbell;
            tracing::debug!(%doorbell, subject = look.subject(), "a call in doubt is looked into");
        }
        self.calls += 1;
        self.in_flight.extend(looks.iter().map(|look| look.resource_id.clone()));
        let (account, finished) = (open.account.clone(), self.finished.0.clone());
        self.parts.supervisor.spawn("look", async move {
            let targets: Vec<_> = looks.iter().map(|look| look.target.clone()).collect();
            let reading = AssertUnwindSafe(account.read(&targets)).catch_unwind();
            let result = reading.await.unwrap_or_else(|_died| Err(unclear("the call died")));
            // The session may have lost its lease meanwhile; then nobody wants to know.
            let _gone = finished.send(Finished::Looked { looks, result });
        });
        false
    }

    /// Sends as many calls as are allowed; tells in which lane some have to wait for the rate limit.
    async fn send(&mut self, open: &Open, tasks: Vec<Task>) -> Result<Option<Lane>, End> {
        let under_way = UnderWay { calls: self.calls, creates: self.creates, long: self.long };
        let per_call = open.vendor.capabilities().creates_per_call_max;
        let calls = batches::next_calls(tasks, under_way, self.parts.settings.calls_max, per_call);
        let mut with_place = Vec::new();
        let mut held_back = None;
        for call in calls {
            let effect = call.first().map(|task| &task.call.effect);
            let lane = effect.map_or(Lane::Change, batches::lane);
            if !admitted(open, lane).await {
                held_back = Some(lane);
                break;
            }
            with_place.push(call);
        }
        if with_place.is_empty() {
            return Ok(held_back);
        }
        // A call ends one call time-out after this at the latest, which is before the doubt about
        // it settles: the database notes the beginning later.
        let ends_at = Instant::now() + self.parts.settings.call_timeout;
        if !self.begin(open, &with_place).await? {
            return Ok(None);
        }
        let enough_left = Instant::now() + self.parts.settings.call_timeout / 2 < ends_at;
        if !enough_left || ends_at >= self.lease_until {
            self.withdraw(with_place).await?;
            return Ok(None);
        }
        for tasks in with_place {
            self.spawn(open, tasks, ends_at);
        }
        Ok(held_back)
    }

    /// Notes which calls are about to be made; tells whether they still may be.
    async fn begin(&mut self, open: &Open, admitted: &[Vec<Task>]) -> Result<bool, End> {
        let begin = |task: &Task| Begin {
            resource_id: task.resource_id.clone(),
            desired_rev: task.desired_rev,
            name: task.call.target.name.clone(),
            effect: task.call.effect.clone(),
            planned_in_doubt: task.in_doubt.clone(),
            message: format!("{} {}", verb(&task.call.effect), task.subject()),
        };
        let begun = self
            .parts
            .store
            .begin(
                &self.lease,
                &open.credential_id,
                admitted.iter().flatten().map(begin).collect(),
                self.parts.settings.call_timeout,
                Some(open.account.window()),
            )
            .await;
        match begun {
            Ok(recorded) => {
                failpoint::hit(Boundary::InDoubt);
                self.noted(recorded);
                Ok(true)
            }
            Err(store::Error::Disconnected) => {
                self.open = None;
                self.work = None;
                Ok(false)
            }
            Err(store::Error::Outdated) => {
                self.work = None;
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Takes back calls that were noted and not made: noting them took too long.
    async fn withdraw(&mut self, calls: Vec<Vec<Task>>) -> Result<(), End> {
        let outcome = |task: Task| Outcome {
            message: format!("{} was not begun in time", task.subject()),
            resource_id: task.resource_id,
            desired_rev: task.desired_rev,
            seen_rev: task.seen_rev,
            transition: Transition::Withdraw,
        };
        self.record(calls.into_iter().flatten().map(outcome).collect(), None).await
    }

    fn spawn(&mut self, open: &Open, tasks: Vec<Task>, ends_at: Instant) {
        self.calls += 1;
        if tasks.iter().any(|task| matches!(task.call.effect, Effect::Create(_))) {
            self.creates += 1;
        }
        if is_long(&tasks) {
            self.long += 1;
        }
        for task in &tasks {
            let (name, effect) = (task.call.target.name.clone(), task.call.effect.clone());
            self.begun.insert(task.resource_id.clone(), (name, effect));
            self.in_flight.insert(task.resource_id.clone());
            self.observed.remove(&task.resource_id);
        }
        let (account, finished) = (open.account.clone(), self.finished.0.clone());
        self.parts.supervisor.spawn("call", async move {
            let calls: Vec<_> = tasks.iter().map(|task| task.call.clone()).collect();
            let carrying_out = AssertUnwindSafe(account.carry_out(&calls)).catch_unwind();
            let all = |what| tasks.iter().map(|_| Err(unclear(what))).collect();
            let results = match timeout_at(ends_at, carrying_out).await {
                Ok(Ok(results)) => results,
                Ok(Err(_died)) => all("the call died"),
                Err(_elapsed) => all("the call did not end in time"),
            };
            failpoint::hit(Boundary::Answered);
            // The session may have lost its lease meanwhile; then nobody wants to know.
            let _gone = finished.send(Finished::Called { tasks, results });
        });
    }
}

/// Takes the place of a call if one is free. Never waits for long: the session has a lease to look
/// after, and calls under way take places too.
async fn admitted(open: &Open, lane: Lane) -> bool {
    open.account.wait(lane).is_zero() && timeout(ADMIT_MAX, open.account.admit(lane)).await.is_ok()
}

/// Tells whether a call does long work.
pub(super) fn is_long(tasks: &[Task]) -> bool {
    tasks.iter().any(|task| batches::lane(&task.call.effect) == Lane::Background)
}

/// What is known of a call that came to no end of its own: nothing.
fn unclear(what: &str) -> Failure {
    Failure {
        scope: FailureScope::Resource,
        effect_unknown: true,
        retry_after: None,
        problem: Problem::new(ProblemReason::VendorUnavailable, what),
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
    let fills = match &effect {
        Effect::Fill(_) => tracked.fill,
        _ => None,
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
        checkpoint: Some(checkpoint.unwrap_or_else(|| Checkpoint::begin(fills, now))),
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

fn verb(effect: &Effect) -> &'static str {
    match effect {
        Effect::Create(_) => "creating",
        Effect::Update(_) => "updating",
        Effect::Archive => "archiving",
        Effect::Carry(_) => "carrying values to",
        Effect::Fill(_) => "filling in",
        Effect::Retire(_) => "retiring",
    }
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
