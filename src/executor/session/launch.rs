//! Sending what can be sent now.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::time::{Instant, timeout, timeout_at};

use super::due::earlier;
use super::{End, Finished, Look, Session, Task};
use crate::domain::{Effect, Problem, ProblemReason, Tracked, Transition};
use crate::executor::accounts::{self, Open};
use crate::executor::batches::{self, UnderWay};
use crate::failpoint::{self, Boundary};
use crate::store::{self, Begin, Gate, Outcome};
use crate::vendors::{Failure, FailureScope, Lane};

/// How long to wait for a place that was free a moment ago.
const ADMIT_MAX: Duration = Duration::from_millis(50);
/// How long to wait when a credential cannot be opened.
const SEALED_WAIT_MS: u64 = 30_000;

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
            return Ok(None);
        };
        let scans = self.scan_is_due();
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
        let put_off = self.put_off(&open, &due.tasks);
        if !put_off.is_empty() {
            self.record(put_off, None).await?;
            return Ok(None);
        }
        let mut next_at = due.next_at;
        // A scan is a call or two, and goes first: a backlog does not keep it from being made.
        let waits = scans && self.scan(&open).await;
        let held_back = match waits || self.look(&open, due.looks).await {
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
        let Some(work) = &self.work else { return Ok(()) };
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
        let Some(work) = &self.work else { return Ok(None) };
        let Some(sealed) = &work.connection else {
            self.open = None;
            return Ok(None);
        };
        if work.resources.is_empty() && !self.scan_is_due() {
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
        let Some(work) = &self.work else { return Ok(()) };
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
pub(super) async fn admitted(open: &Open, lane: Lane) -> bool {
    open.account.wait(lane).is_zero() && timeout(ADMIT_MAX, open.account.admit(lane)).await.is_ok()
}

/// Tells whether a call does long work.
pub(super) fn is_long(tasks: &[Task]) -> bool {
    tasks.iter().any(|task| batches::lane(&task.call.effect) == Lane::Background)
}

/// What is known of a call that came to no end of its own: nothing.
pub(super) fn unclear(what: &str) -> Failure {
    Failure {
        scope: FailureScope::Resource,
        effect_unknown: true,
        retry_after: None,
        problem: Problem::new(ProblemReason::VendorUnavailable, what),
    }
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
